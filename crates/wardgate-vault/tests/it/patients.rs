//! Patient keys: made once, destroyed for good, whatever happens in between.

use std::fs;
use std::sync::Barrier;
use std::thread;

use wardgate_vault::{Binding, PatientHandle, Vault, VaultError};

use crate::folder::{Folder, provider};

const BINDING: Binding<'static> = Binding {
    object: "call.request",
    id: b"42",
};

fn is_shredded<T>(result: Result<T, VaultError>) -> bool {
    matches!(result, Err(VaultError::Shredded))
}

#[test]
fn a_patient_without_a_key_is_told_apart_from_a_shredded_one() {
    let (_folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text");
    assert!(matches!(sealed, Err(VaultError::NoPatientKey)));
    assert!(!vault.is_shredded(patient).unwrap());
    vault.shred_patient(patient).unwrap();
    assert!(vault.is_shredded(patient).unwrap());
    assert!(is_shredded(
        vault.seal_for_patient(patient, &BINDING, b"text")
    ));
}

#[test]
fn making_a_key_twice_keeps_the_first() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
    vault.create_patient_key(patient).unwrap();
    let vault = folder.open();
    vault.create_patient_key(patient).unwrap();
    let opened = vault.open_for_patient(patient, &BINDING, &sealed).unwrap();
    assert_eq!(*opened, b"text");
}

#[test]
fn a_shredded_patient_stays_shredded() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
    vault.shred_patient(patient).unwrap();
    vault.shred_patient(patient).unwrap();
    for vault in [vault, folder.open()] {
        assert!(is_shredded(
            vault.open_for_patient(patient, &BINDING, &sealed)
        ));
        assert!(is_shredded(
            vault.seal_for_patient(patient, &BINDING, b"text")
        ));
        assert!(is_shredded(vault.create_patient_key(patient)));
    }
}

#[test]
fn an_older_copy_without_the_key_file_does_not_bring_the_data_back() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
    let copy = folder.copy();
    vault.shred_patient(patient).unwrap();
    fs::remove_file(copy.file(".key")).unwrap();
    let old = copy.open();
    let opened = old.open_for_patient(patient, &BINDING, &sealed);
    assert!(matches!(opened, Err(VaultError::NoPatientKey)));
    // A new key for the same handle in the copy does not fit either.
    old.create_patient_key(patient).unwrap();
    let opened = old.open_for_patient(patient, &BINDING, &sealed);
    assert!(matches!(opened, Err(VaultError::OtherKey)));
}

#[test]
fn a_restored_key_file_does_not_undo_the_tombstone() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
    let path = folder.file(".key");
    let bytes = fs::read(&path).unwrap();
    vault.shred_patient(patient).unwrap();
    fs::write(&path, bytes).unwrap();
    for vault in [&vault, &folder.open()] {
        assert!(is_shredded(
            vault.open_for_patient(patient, &BINDING, &sealed)
        ));
    }
    vault.shred_patient(patient).unwrap();
    assert!(!path.exists());
}

#[test]
fn the_key_bytes_are_overwritten_before_the_file_goes() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let path = folder.file(".key");
    let before = fs::read(&path).unwrap();
    // A second name for the same file shows what became of its bytes.
    let witness = folder.path().join("witness");
    fs::hard_link(&path, &witness).unwrap();
    vault.shred_patient(patient).unwrap();
    let after = fs::read(&witness).unwrap();
    assert_eq!(after.len(), before.len());
    let shared = before.iter().zip(&after).filter(|(a, b)| a == b).count();
    assert!(shared < 16, "{shared} bytes are left");
}

#[test]
fn a_shredding_cut_short_at_any_step_is_finished_on_opening() {
    for step in 0..4 {
        let (folder, vault) = Folder::with_vault();
        let patient = PatientHandle::random();
        vault.create_patient_key(patient).unwrap();
        let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
        drop(vault);
        let key = folder.file(".key");
        // The steps of a shredding, by hand, up to the crash.
        fs::write(
            folder.path().join("shredding").join(patient.to_string()),
            b"",
        )
        .unwrap();
        if step > 0 {
            fs::write(key.with_extension("shredded"), b"").unwrap();
        }
        if step > 1 {
            fs::write(&key, [0xaa; 145]).unwrap();
        }
        if step > 2 {
            fs::remove_file(&key).unwrap();
        }
        let vault = folder.open();
        assert!(!key.exists(), "step {step}");
        assert!(vault.is_shredded(patient).unwrap(), "step {step}");
        assert!(is_shredded(
            vault.open_for_patient(patient, &BINDING, &sealed)
        ));
        let pending = fs::read_dir(folder.path().join("shredding")).unwrap();
        assert_eq!(pending.count(), 0, "step {step}");
    }
}

#[test]
fn another_process_that_shreds_is_obeyed_at_once() {
    let (folder, serving) = Folder::with_vault();
    let patient = PatientHandle::random();
    serving.create_patient_key(patient).unwrap();
    let sealed = serving
        .seal_for_patient(patient, &BINDING, b"text")
        .unwrap();
    folder.open().shred_patient(patient).unwrap();
    assert!(is_shredded(
        serving.seal_for_patient(patient, &BINDING, b"text")
    ));
    assert!(is_shredded(
        serving.open_for_patient(patient, &BINDING, &sealed)
    ));
}

#[test]
fn every_damaged_byte_of_a_patient_key_is_noticed() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let path = folder.file(".key");
    let good = fs::read(&path).unwrap();
    for position in 0..=good.len() {
        let mut bad = good.clone();
        match bad.get_mut(position) {
            Some(byte) => *byte ^= 1,
            None => bad.push(0),
        }
        fs::write(&path, &bad).unwrap();
        let sealed = vault.seal_for_patient(patient, &BINDING, b"text");
        let noticed = matches!(sealed, Err(VaultError::Damaged { .. }));
        assert!(noticed, "byte {position}: {sealed:?}");
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text");
    assert!(matches!(sealed, Err(VaultError::Damaged { .. })));
}

#[test]
fn a_key_file_under_another_name_is_refused() {
    let (folder, vault) = Folder::with_vault();
    let [one, two] = [(); 2].map(|()| PatientHandle::random());
    vault.create_patient_key(one).unwrap();
    let bytes = fs::read(folder.file(".key")).unwrap();
    vault.create_patient_key(two).unwrap();
    let other = folder.file(&format!("{two}.key"));
    fs::write(other, bytes).unwrap();
    let sealed = folder.open().seal_for_patient(two, &BINDING, b"text");
    assert!(matches!(sealed, Err(VaultError::Damaged { .. })));
}

#[test]
fn threads_and_processes_that_make_one_key_agree_on_it() {
    let (folder, first) = Folder::with_vault();
    let vaults: Vec<Vault> = std::iter::once(first)
        .chain((0..3).map(|_| Vault::open(folder.path(), provider()).unwrap()))
        .collect();
    for _ in 0..20 {
        let patient = PatientHandle::random();
        let start = Barrier::new(vaults.len() * 2);
        let sealed: Vec<Vec<u8>> = thread::scope(|scope| {
            let making: Vec<_> = vaults
                .iter()
                .chain(&vaults)
                .map(|vault| {
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        vault.create_patient_key(patient).unwrap();
                        vault.seal_for_patient(patient, &BINDING, b"text").unwrap()
                    })
                })
                .collect();
            making
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for vault in &vaults {
            for sealed in &sealed {
                let opened = vault.open_for_patient(patient, &BINDING, sealed).unwrap();
                assert_eq!(*opened, b"text");
            }
        }
    }
}

#[test]
fn making_and_shredding_at_once_never_leaves_a_usable_key() {
    let (folder, one) = Folder::with_vault();
    let two = folder.open();
    for _ in 0..30 {
        let patient = PatientHandle::random();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                let made = one.create_patient_key(patient);
                assert!(made.is_ok() || is_shredded(made));
            });
            scope.spawn(|| {
                start.wait();
                two.shred_patient(patient).unwrap();
            });
        });
        for vault in [&one, &two] {
            assert!(is_shredded(
                vault.seal_for_patient(patient, &BINDING, b"text")
            ));
        }
    }
    let keys = folder
        .files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "key"));
    assert_eq!(keys.count(), 0);
}

#[test]
fn more_patients_than_the_cache_holds_all_keep_working() {
    let (_folder, vault) = Folder::with_vault();
    // One shard, a few more keys than fit.
    let patients: Vec<PatientHandle> = (0..300_u16)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            PatientHandle::from_bytes([high, low, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
        })
        .collect();
    let sealed: Vec<Vec<u8>> = patients
        .iter()
        .map(|patient| {
            vault.create_patient_key(*patient).unwrap();
            vault.seal_for_patient(*patient, &BINDING, b"text").unwrap()
        })
        .collect();
    for (patient, sealed) in patients.iter().zip(&sealed) {
        let opened = vault.open_for_patient(*patient, &BINDING, sealed).unwrap();
        assert_eq!(*opened, b"text");
    }
}

#[test]
fn a_handle_is_read_back_from_its_text_and_from_nothing_else() {
    let patient = PatientHandle::random();
    assert_eq!(patient.to_string().parse(), Ok(patient));
    for text in [
        "",
        "0",
        "../../../../../../etc/passwd0000",
        "0123456789ABCDEF0123456789abcdef",
        "+123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0",
    ] {
        assert!(text.parse::<PatientHandle>().is_err(), "{text}");
    }
}
