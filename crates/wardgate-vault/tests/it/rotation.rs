//! Rotating keys: what stays readable, what stays the same, who notices.

use std::fs;
use std::sync::Arc;

use wardgate_vault::age::Identity;
use wardgate_vault::{
    Binding, KeyProvider, Label, PatientHandle, ProviderError, Recovery, Vault, VaultError,
};

use crate::folder::{Folder, provider, provider_of};
use crate::provider::{Mood, Provider};

const BINDING: Binding<'static> = Binding {
    object: "call.request",
    id: b"42",
};

fn rotate(vault: &Vault) -> u32 {
    let rotation = vault.rotate_tenant().unwrap();
    rotation.rewrap_patient_keys(|| {}).unwrap();
    let version = rotation.version();
    rotation.finish().unwrap();
    version
}

#[test]
fn a_vault_of_the_first_format_opens_and_is_rewritten_by_a_rotation_only() {
    let folder = Folder::of_first_format();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let pepper = String::from_utf8(read("api-key-pepper")).unwrap();
    let patient: PatientHandle = "00112233445566778899aabbccddeeff".parse().unwrap();
    let holds = |vault: &Vault| {
        let opened = vault
            .open_sealed(&BINDING, &read("sealed-for-tenant"))
            .unwrap();
        assert_eq!(*opened, b"of the tenant");
        let opened = vault.open_for_patient(patient, &BINDING, &read("sealed-for-patient"));
        assert_eq!(*opened.unwrap(), b"of the patient");
        let derived = vault.derive(Label::ApiKeyPepper);
        let hex: String = derived
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, pepper.trim_end());
    };
    let before = read("keys.json");
    holds(&folder.open());
    assert_eq!(read("keys.json"), before, "opening changes nothing");
    assert_eq!(Vault::status(folder.path()).unwrap().format, 1);

    assert_eq!(rotate(&folder.open()), 2);
    holds(&folder.open());
    let status = Vault::status(folder.path()).unwrap();
    assert_eq!((status.format, status.root), (2, 1));
    let keys: Vec<_> = status
        .tenant_keys
        .iter()
        .map(|key| (key.version, key.patient_keys))
        .collect();
    assert_eq!(keys, [(1, 0), (2, 1)]);
    assert!(!status.rewrapping);

    let other = provider_of("the passphrase after it");
    let version = Vault::rotate_root(folder.path(), &*provider(), &*other, &Recovery::none());
    assert_eq!(version.unwrap(), 2);
    holds(&Vault::open(folder.path(), other).unwrap());
}

#[test]
fn a_root_rotation_changes_who_can_open_and_nothing_else() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let sealed = vault.seal_for_patient(patient, &BINDING, b"text").unwrap();
    let index = *vault.derive(Label::BlindIndex).expose();
    let next = Arc::new(Provider::new());
    Vault::rotate_root(folder.path(), &*provider(), &*next, &Recovery::none()).unwrap();

    let before = Vault::open(folder.path(), provider());
    assert!(matches!(before, Err(VaultError::Provider(_))), "{before:?}");
    let vault = Vault::open(folder.path(), next).unwrap();
    assert_eq!(*vault.derive(Label::BlindIndex).expose(), index);
    let opened = vault.open_for_patient(patient, &BINDING, &sealed).unwrap();
    assert_eq!(*opened, b"text");
    let status = Vault::status(folder.path()).unwrap();
    assert_eq!(status.provider, "the provider of the test");
    assert_eq!(status.root, 2);
}

#[test]
fn a_provider_that_can_not_give_back_what_it_wrapped_is_not_switched_to() {
    let (folder, _vault) = Folder::with_vault();
    let before = fs::read(folder.file("keys.json")).unwrap();
    let next = Provider::new();
    for (mood, _) in [(Mood::GivesAnother, 0), (Mood::Refusing, 1)] {
        next.set(mood);
        let rotated = Vault::rotate_root(folder.path(), &*provider(), &next, &Recovery::none());
        assert!(rotated.is_err(), "{mood:?}");
        assert_eq!(fs::read(folder.file("keys.json")).unwrap(), before);
    }
    folder.open();
}

#[test]
fn a_tenant_rotation_rewraps_every_patient_key_and_keeps_what_was_sealed() {
    let (folder, vault) = Folder::with_vault();
    let patients: Vec<_> = (0..20).map(|_| PatientHandle::random()).collect();
    let mut sealed = Vec::new();
    for patient in &patients {
        vault.create_patient_key(*patient).unwrap();
        sealed.push(vault.seal_for_patient(*patient, &BINDING, b"text").unwrap());
    }
    let of_tenant = vault.seal(&BINDING, b"no patient").unwrap();
    let keys = || -> Vec<_> {
        let files = folder.files().into_iter();
        let keys = files.filter(|path| path.extension().is_some_and(|ending| ending == "key"));
        keys.map(|path| fs::read(path).unwrap()).collect()
    };
    let before = keys();
    let rotation = vault.rotate_tenant().unwrap();
    assert!(!rotation.is_resumed());
    assert_eq!(rotation.patient_keys().unwrap(), 20);
    assert!(Vault::status(folder.path()).unwrap().rewrapping);
    let mut seen = 0;
    assert_eq!(rotation.rewrap_patient_keys(|| seen += 1).unwrap(), 20);
    assert_eq!(seen, 20);
    assert_eq!(rotation.rewrap_patient_keys(|| {}).unwrap(), 0);
    rotation.finish().unwrap();
    assert!(
        keys()
            .iter()
            .zip(&before)
            .all(|(after, before)| after != before)
    );
    for vault in [vault, folder.open()] {
        for (patient, sealed) in patients.iter().zip(&sealed) {
            let opened = vault.open_for_patient(*patient, &BINDING, sealed).unwrap();
            assert_eq!(*opened, b"text");
        }
        assert_eq!(
            *vault.open_sealed(&BINDING, &of_tenant).unwrap(),
            b"no patient"
        );
        let resealed = vault.reseal(&BINDING, &of_tenant).unwrap().unwrap();
        assert_eq!(
            *vault.open_sealed(&BINDING, &resealed).unwrap(),
            b"no patient"
        );
        assert!(vault.reseal(&BINDING, &resealed).unwrap().is_none());
    }
}

#[test]
fn what_a_rewrap_replaces_is_overwritten() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let witness = folder.path().join("witness");
    fs::hard_link(folder.file(".key"), &witness).unwrap();
    let before = fs::read(&witness).unwrap();
    rotate(&vault);
    let after = fs::read(&witness).unwrap();
    let shared = before.iter().zip(&after).filter(|(a, b)| a == b).count();
    assert!(shared < 16, "{shared} bytes are left");
}

#[test]
fn a_process_that_runs_notices_the_new_version_by_itself() {
    let (folder, serving) = Folder::with_vault();
    let [known, fresh] = [(); 2].map(|()| PatientHandle::random());
    serving.create_patient_key(known).unwrap();
    let sealed = serving.seal_for_patient(known, &BINDING, b"text").unwrap();
    let rotating = folder.open();
    rotate(&rotating);
    rotating.create_patient_key(fresh).unwrap();
    let of_tenant = rotating.seal(&BINDING, b"new").unwrap();
    // The key of this patient is wrapped under a version that the process has not seen.
    serving.seal_for_patient(fresh, &BINDING, b"text").unwrap();
    let opened = serving.open_for_patient(known, &BINDING, &sealed).unwrap();
    assert_eq!(*opened, b"text");
    assert_eq!(*serving.open_sealed(&BINDING, &of_tenant).unwrap(), b"new");
    assert!(!serving.refresh().unwrap(), "it has taken the new keys up");
}

#[test]
fn a_shredded_patient_stays_shredded_through_a_rotation() {
    let (folder, vault) = Folder::with_vault();
    let patient = PatientHandle::random();
    vault.create_patient_key(patient).unwrap();
    let rotation = vault.rotate_tenant().unwrap();
    vault.shred_patient(patient).unwrap();
    rotation.rewrap_patient_keys(|| {}).unwrap();
    rotation.finish().unwrap();
    let left: Vec<_> = folder.files();
    let named = patient.to_string();
    let left: Vec<_> = left
        .iter()
        .filter(|path| path.to_str().unwrap().contains(&named))
        .collect();
    assert_eq!(left.len(), 1, "the tombstone alone: {left:?}");
}

#[test]
fn two_rotations_at_once_are_refused() {
    let (folder, vault) = Folder::with_vault();
    let _rotation = vault.rotate_tenant().unwrap();
    let second = folder.open();
    assert!(matches!(second.rotate_tenant(), Err(VaultError::Rotating)));
    let root = Vault::rotate_root(folder.path(), &*provider(), &*provider(), &Recovery::none());
    assert!(matches!(root, Err(VaultError::Rotating)));
}

#[test]
fn unreachable_refused_and_another_key_are_told_apart() {
    let folder = Folder::empty();
    let provider = Arc::new(Provider::new());
    let vault = Vault::init(folder.path(), provider.clone(), &Recovery::none()).unwrap();
    let open = || Vault::open(folder.path(), provider.clone());
    provider.set(Mood::Unreachable);
    let down = |result: Result<(), VaultError>| {
        matches!(
            result,
            Err(VaultError::Provider(ProviderError::Unavailable { .. }))
        )
    };
    assert!(down(open().map(drop)));
    assert!(down(vault.prove(provider.clone())));
    provider.set(Mood::Refusing);
    let opened = open();
    assert!(matches!(
        opened,
        Err(VaultError::Provider(ProviderError::Refused { .. }))
    ));
    provider.set(Mood::GivesAnother);
    assert!(matches!(open(), Err(VaultError::OtherRoot { .. })));
    provider.set(Mood::Well);
    vault.prove(provider.clone()).unwrap();
    open().unwrap();
}

#[test]
fn a_key_file_that_was_altered_and_given_a_fitting_checksum_is_refused() {
    use base64::Engine as _;
    let (folder, _vault) = Folder::with_vault();
    let path = folder.file("keys.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[0] = lines[0].replace("\"rewrapping\":false", "\"rewrapping\":true");
    let body = format!("{}\n{}\n", lines[0], lines[1]);
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let sum = base64::engine::general_purpose::STANDARD.encode(sum);
    fs::write(&path, format!("{body}{sum}\n")).unwrap();
    assert!(Vault::status(folder.path()).unwrap().rewrapping);
    let opened = Vault::open(folder.path(), provider());
    assert!(
        matches!(opened, Err(VaultError::Damaged { .. })),
        "{opened:?}"
    );
}

#[test]
fn a_vault_is_recovered_when_its_provider_is_gone_and_its_recipients_stay() {
    let folder = Folder::empty();
    let [ada, ben, eve] = [(); 3].map(|()| Identity::generate().unwrap());
    let recipients = [&ada, &ben].map(|identity| identity.recipient().clone());
    let recovery = Recovery::to(recipients.to_vec());
    let vault = Vault::init(folder.path(), provider_of("a lost passphrase"), &recovery).unwrap();
    let sealed = vault.seal(&BINDING, b"text").unwrap();
    drop(vault);
    let wrong = Vault::recover(folder.path(), &eve);
    assert!(matches!(wrong, Err(VaultError::WrongIdentity)));
    let recovered = Vault::recover(folder.path(), &ben).unwrap();
    assert_eq!(*recovered.open_sealed(&BINDING, &sealed).unwrap(), b"text");
    let next = provider();
    Vault::recover_to(folder.path(), &ada, &*next, &Recovery::unchanged()).unwrap();
    let vault = folder.open();
    assert_eq!(*vault.open_sealed(&BINDING, &sealed).unwrap(), b"text");
    let status = Vault::status(folder.path()).unwrap();
    assert_eq!(
        status.recovery,
        recipients.map(|recipient| recipient.to_string())
    );
    assert_eq!(status.provider, next.describe());
    Vault::recover(folder.path(), &ben).unwrap();
}

#[test]
fn a_vault_without_recipients_says_that_it_can_not_be_recovered() {
    let (folder, _vault) = Folder::with_vault();
    let recovered = Vault::recover(folder.path(), &Identity::generate().unwrap());
    assert!(matches!(recovered, Err(VaultError::NoRecovery)));
}
