//! What sealing costs on the path of a call, beside what the library alone takes for the same
//! bytes in the same run.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
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
    let plaintext = vec![b'x'; 16 * 1024];
    let seal = |plaintext: &[u8]| vault.seal_for_patient(patient, &binding, plaintext);
    let sealed = seal(&plaintext)?;
    criterion.bench_function("seal 16 KiB for a patient", |bencher| {
        bencher.iter(|| seal(black_box(&plaintext)).is_ok());
    });
    criterion.bench_function("open 16 KiB of a patient", |bencher| {
        bencher.iter(|| {
            vault
                .open_for_patient(patient, &binding, black_box(&sealed))
                .is_ok()
        });
    });
    criterion.bench_function("encrypt 16 KiB, the library alone", |bencher| {
        bencher.iter(|| library_alone(black_box(&plaintext)));
    });
    criterion.bench_function("seal 100 bytes for the tenant", |bencher| {
        bencher.iter(|| vault.seal(&binding, black_box(&[7; 100])).is_ok());
    });
    criterion.bench_function("commit to 16 KiB", |bencher| {
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
    for (name, bytes) in [("16 KiB", 16 << 10), ("1 MiB", 1 << 20)] {
        compare(name, &vec![b'x'; bytes], |plaintext| {
            seal(plaintext).is_ok()
        });
    }
    Ok(())
}

/// The same bytes under a fresh key, encrypted in a fresh buffer: what no vault could leave out.
fn library_alone(plaintext: &[u8]) -> bool {
    let key = wardgate_vault::random::<32>();
    let mut sealed = Vec::with_capacity(plaintext.len() + 16);
    sealed.extend_from_slice(plaintext);
    UnboundKey::new(&AES_256_GCM, &key)
        .map(LessSafeKey::new)
        .and_then(|key| {
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            key.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        })
        .is_ok()
        && !black_box(sealed).is_empty()
}

/// Alternates the two, so that a disturbance hits both alike, and takes the medians.
#[expect(
    clippy::print_stdout,
    reason = "a bench that compares prints what it found"
)]
fn compare(name: &str, plaintext: &[u8], mut seal: impl FnMut(&[u8]) -> bool) {
    let time = |work: &mut dyn FnMut() -> bool| {
        let began = Instant::now();
        black_box(work());
        began.elapsed()
    };
    let (mut ours, mut library) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time(&mut || seal(black_box(plaintext))));
        library.push(time(&mut || library_alone(black_box(plaintext))));
    }
    let (ours, library) = (median(ours), median(library));
    println!(
        "{name}: sealed in {:.2} us, encrypted by the library alone in {:.2} us, ratio {:.2}",
        ours.as_secs_f64() * 1e6,
        library.as_secs_f64() * 1e6,
        ours.as_secs_f64() / library.as_secs_f64()
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

const ROUNDS: usize = 2_000;
