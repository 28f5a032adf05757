//! What sealing costs on the path of a call: 8 KiB, the patient's key in memory.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use secrecy::SecretString;
use wardgate_vault::{
    Binding, KdfCost, PassphraseProvider, PatientHandle, Recovery, Vault, commit,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let dir = tempfile::tempdir()?;
    let provider = |cost| {
        let passphrase = SecretString::from("a passphrase for benchmarks");
        Arc::new(PassphraseProvider::new(passphrase, cost))
    };
    let vault = Vault::init(dir.path(), provider(KdfCost::FLOOR), &Recovery::none())?;
    let patient = PatientHandle::random();
    vault.create_patient_key(patient)?;
    let binding = Binding::new("call.request", b"0123456789abcdef");
    let plaintext = vec![b'x'; 8 * 1024];
    let sealed = vault.seal_for_patient(patient, &binding, &plaintext)?;
    criterion.bench_function("seal 8 KiB for a patient", |bencher| {
        bencher.iter(|| {
            vault
                .seal_for_patient(patient, &binding, black_box(&plaintext))
                .is_ok()
        });
    });
    criterion.bench_function("open 8 KiB of a patient", |bencher| {
        bencher.iter(|| {
            vault
                .open_for_patient(patient, &binding, black_box(&sealed))
                .is_ok()
        });
    });
    criterion.bench_function("seal 100 bytes for the tenant", |bencher| {
        bencher.iter(|| vault.seal(&binding, black_box(&[7; 100])).is_ok());
    });
    criterion.bench_function("commit to 8 KiB", |bencher| {
        bencher.iter(|| commit(&[1; 32], black_box(&plaintext)));
    });
    criterion.bench_function("open the vault, default cost", |bencher| {
        bencher.iter_with_setup(tempfile::tempdir, |dir| {
            dir.is_ok_and(|dir| {
                Vault::init(dir.path(), provider(KdfCost::default()), &Recovery::none()).is_ok()
            })
        });
    });
    criterion.final_summary();
    Ok(())
}
