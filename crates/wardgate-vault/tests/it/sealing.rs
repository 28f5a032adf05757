//! Sealing and opening: what comes back, and what never does.

use std::sync::LazyLock;

use proptest::prelude::*;
use wardgate_vault::{
    Binding, PLAINTEXT_BYTES_MAX, PatientHandle, Vault, VaultError, commit, random,
};

use crate::folder::Folder;

/// One vault for all cases of a property; making one costs a key derivation.
static SHARED: LazyLock<(Folder, Vault)> = LazyLock::new(Folder::with_vault);

proptest! {
    #[test]
    fn what_was_sealed_comes_back(
        plaintext in proptest::collection::vec(any::<u8>(), 0..2000),
        object in "[a-z.]{0,40}",
        id in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let vault = &SHARED.1;
        let binding = Binding::new(&object, &id);
        let sealed = vault.seal(&binding, &plaintext).unwrap();
        prop_assert_eq!(&*vault.open_sealed(&binding, &sealed).unwrap(), &plaintext);
        let patient = PatientHandle::from_bytes([9; 16]);
        vault.create_patient_key(patient).unwrap();
        let sealed = vault.seal_for_patient(patient, &binding, &plaintext).unwrap();
        prop_assert_eq!(&*vault.open_for_patient(patient, &binding, &sealed).unwrap(), &plaintext);
    }

    #[test]
    fn another_binding_never_opens(
        object in "[a-z]{0,6}",
        id in proptest::collection::vec(any::<u8>(), 0..6),
        other_object in "[a-z]{0,6}",
        other_id in proptest::collection::vec(any::<u8>(), 0..6),
    ) {
        prop_assume!((&object, &id) != (&other_object, &other_id));
        let vault = &SHARED.1;
        let sealed = vault.seal(&Binding::new(&object, &id), b"text").unwrap();
        let opened = vault.open_sealed(&Binding::new(&other_object, &other_id), &sealed);
        prop_assert!(matches!(opened, Err(VaultError::Rejected)));
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(
        sealed in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let opened = SHARED.1.open_sealed(&Binding::new("x", b"1"), &sealed);
        prop_assert!(opened.is_err());
    }
}

#[test]
fn bytes_do_not_move_between_object_and_id() {
    let vault = &SHARED.1;
    let sealed = vault.seal(&Binding::new("ab", b"c"), b"text").unwrap();
    let opened = vault.open_sealed(&Binding::new("a", b"bc"), &sealed);
    assert!(matches!(opened, Err(VaultError::Rejected)));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let vault = &SHARED.1;
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let binding = Binding::new("call.request", b"42");
    let sealed = vault
        .seal_for_patient(patient, &binding, b"ten bytes.")
        .unwrap();
    for position in 0..sealed.len() {
        for bit in 0..8 {
            let mut bad = sealed.clone();
            bad[position] ^= 1 << bit;
            let opened = vault.open_for_patient(patient, &binding, &bad);
            assert!(opened.is_err(), "byte {position} bit {bit}");
        }
        let cut = vault.open_for_patient(patient, &binding, &sealed[..position]);
        assert!(cut.is_err(), "cut at {position}");
    }
    let mut long = sealed.clone();
    long.push(0);
    assert!(vault.open_for_patient(patient, &binding, &long).is_err());
    assert!(vault.open_for_patient(patient, &binding, &sealed).is_ok());
}

#[test]
fn a_payload_opens_for_its_own_patient_only() {
    let vault = &SHARED.1;
    let [one, two] = [(); 2].map(|()| PatientHandle::random());
    vault.create_patient_key(one).unwrap();
    vault.create_patient_key(two).unwrap();
    let binding = Binding::new("call.request", b"42");
    let sealed = vault.seal_for_patient(one, &binding, b"text").unwrap();
    let opened = vault.open_for_patient(two, &binding, &sealed);
    assert!(matches!(opened, Err(VaultError::OtherKey)));
    let opened = vault.open_sealed(&binding, &sealed);
    assert!(matches!(opened, Err(VaultError::Rejected)));
}

#[test]
fn the_same_payload_never_seals_to_the_same_bytes() {
    let vault = &SHARED.1;
    let binding = Binding::new("x", b"1");
    let [one, two] = [(); 2].map(|()| vault.seal(&binding, b"text").unwrap());
    let shared = one
        .iter()
        .zip(&two)
        .skip(10)
        .filter(|(a, b)| a == b)
        .count();
    assert!(shared < 16, "{shared} bytes agree");
}

#[test]
fn a_payload_of_another_format_version_says_so() {
    let vault = &SHARED.1;
    let binding = Binding::new("x", b"1");
    let mut sealed = vault.seal(&binding, b"text").unwrap();
    sealed[0] = 2;
    let opened = vault.open_sealed(&binding, &sealed);
    assert!(matches!(
        opened,
        Err(VaultError::Version { version: 2, .. })
    ));
}

#[test]
fn a_payload_beyond_the_limit_is_refused() {
    let vault = &SHARED.1;
    let sealed = vault.seal(&Binding::new("x", b"1"), &vec![0; PLAINTEXT_BYTES_MAX + 1]);
    assert!(matches!(sealed, Err(VaultError::TooLarge { .. })));
}

#[test]
fn a_commitment_opens_with_its_blind_and_data_only() {
    let blind = random();
    let commitment = commit(&blind, b"request");
    assert_eq!(commit(&blind, b"request"), commitment);
    assert_ne!(commit(&blind, b"Request"), commitment);
    assert_ne!(commit(&random(), b"request"), commitment);
}
