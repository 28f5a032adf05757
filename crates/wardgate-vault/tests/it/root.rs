//! Making, opening and damaging the root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use secrecy::ExposeSecret;
use wardgate_vault::{
    Binding, KdfCost, Label, PassphraseProvider, ProviderError, Recovery, Vault, VaultError,
    read_passphrase,
};

use crate::folder::{Folder, provider, provider_of};

#[test]
fn a_reopened_vault_has_the_same_keys() {
    let (folder, vault) = Folder::with_vault();
    let binding = Binding::new("person.name", b"1");
    let sealed = vault.seal(&binding, b"Ada").unwrap();
    let pepper = *vault.derive(Label::ApiKeyPepper).expose();
    drop(vault);
    let vault = folder.open();
    assert_eq!(*vault.open_sealed(&binding, &sealed).unwrap(), b"Ada");
    assert_eq!(vault.derive(Label::ApiKeyPepper).expose(), &pepper);
    assert_ne!(vault.derive(Label::BlindIndex).expose(), &pepper);
}

#[test]
fn two_vaults_share_no_key() {
    let (_one, first) = Folder::with_vault();
    let (_two, second) = Folder::with_vault();
    let binding = Binding::new("person.name", b"1");
    let sealed = first.seal(&binding, b"Ada").unwrap();
    let opened = second.open_sealed(&binding, &sealed);
    assert!(matches!(opened, Err(VaultError::OtherKey)));
    let keys = [&first, &second].map(|vault| *vault.derive(Label::Placeholder).expose());
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_wrong_passphrase_is_told_apart_from_damage_and_absence() {
    let (folder, vault) = Folder::with_vault();
    drop(vault);
    let opened = Vault::open(folder.path(), provider_of("another passphrase"));
    let rejected = matches!(
        opened,
        Err(VaultError::Provider(ProviderError::Rejected { .. }))
    );
    assert!(rejected, "{opened:?}");

    let opened = Vault::open(Folder::empty().path(), provider());
    assert!(matches!(opened, Err(VaultError::Missing { .. })));

    let again = Vault::init(folder.path(), provider(), &Recovery::none());
    assert!(matches!(again, Err(VaultError::AlreadyExists { .. })));
    folder.open();
}

#[test]
fn every_flipped_bit_of_the_key_file_is_noticed() {
    let (folder, vault) = Folder::with_vault();
    drop(vault);
    let path = folder.file("keys.json");
    let good = fs::read(&path).unwrap();
    for position in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[position / 8] ^= 1 << (position % 8);
        fs::write(&path, &bad).unwrap();
        let opened = Vault::open(folder.path(), provider());
        assert!(
            matches!(opened, Err(VaultError::Damaged { .. })),
            "bit {position}: {opened:?}"
        );
    }
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        let opened = Vault::open(folder.path(), provider());
        assert!(
            matches!(opened, Err(VaultError::Damaged { .. })),
            "{length}"
        );
    }
    fs::write(&path, &good).unwrap();
    folder.open();
}

#[test]
fn a_cost_outside_its_range_is_refused() {
    let folder = Folder::empty();
    let floor = KdfCost::FLOOR;
    for cost in [
        KdfCost {
            memory_kib: floor.memory_kib - 1,
            ..floor
        },
        KdfCost { passes: 1, ..floor },
        KdfCost { lanes: 0, ..floor },
        KdfCost {
            memory_kib: u32::MAX,
            ..floor
        },
        KdfCost {
            passes: u32::MAX,
            ..floor
        },
        KdfCost {
            lanes: u32::MAX,
            ..floor
        },
    ] {
        let provider = PassphraseProvider::new("a passphrase for tests".into(), cost);
        let made = Vault::init(folder.path(), Arc::new(provider), &Recovery::none());
        assert!(is_unusable(&made), "{cost:?}: {made:?}");
    }
    assert!(folder.files().is_empty());
}

#[test]
fn a_short_passphrase_is_refused_for_a_new_vault() {
    let folder = Folder::empty();
    let made = Vault::init(folder.path(), provider_of("short"), &Recovery::none());
    assert!(is_unusable(&made), "{made:?}");
    assert!(folder.files().is_empty());
}

#[test]
fn only_the_owner_can_read_what_the_vault_writes() {
    let (folder, vault) = Folder::with_vault();
    let patient = wardgate_vault::PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    vault
        .shred_patient(wardgate_vault::PatientHandle::random())
        .unwrap();
    let files = folder.files();
    assert_eq!(
        files.len(),
        4,
        "key file, lock, patient key, tombstone: {files:?}"
    );
    for file in files {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_passphrase_file_gives_its_first_line_and_must_be_private() {
    let folder = Folder::empty();
    let path = folder.path().join("passphrase");
    let missing = read_passphrase(&path);
    assert!(matches!(missing, Err(VaultError::Io { .. })));

    fs::write(&path, "first line of it\nsecond\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = read_passphrase(&path);
    assert!(matches!(exposed, Err(VaultError::Exposed { .. })));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let read = read_passphrase(&path).unwrap();
    assert_eq!(read.expose_secret(), "first line of it");
}

#[test]
fn errors_and_debug_output_hold_no_secret() {
    let (_folder, vault) = Folder::with_vault();
    let key = vault.derive(Label::SessionToken);
    let shown = format!("{key:?} {vault:?}");
    let bytes = key.expose();
    assert!(!shown.contains(&format!("{:?}", &bytes[..4]).replace(['[', ']'], "")));
    assert!(shown.contains("DerivedKey(32 bytes)"));
    assert!(!format!("{:?}", provider()).contains("for tests"));
}

fn is_unusable(made: &Result<Vault, VaultError>) -> bool {
    matches!(
        made,
        Err(VaultError::Provider(ProviderError::Unusable { .. }))
    )
}
