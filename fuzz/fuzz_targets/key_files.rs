//! The files of the vault: `keys.json` in both formats, and the key file of a patient. Checksums
//! are mended, so that what lies behind them is reached.

#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use wardgate_vault::{Binding, KeyProvider, PatientHandle, ProviderError, Recovery, Vault};
use zeroize::Zeroizing;

const PATIENT: [u8; 16] = [0; 16];
const BINDING: Binding<'static> = Binding {
    object: "x",
    id: b"1",
};

/// Gives whatever stands at the end of what it unwraps.
#[derive(Debug)]
struct Tail;

impl KeyProvider for Tail {
    fn describe(&self) -> String {
        "tail".to_owned()
    }

    fn wrap(&self, root: &[u8; 32], _context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        Ok(root.to_vec())
    }

    fn unwrap(
        &self,
        wrapped: &[u8],
        _context: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        let root = wrapped
            .last_chunk()
            .ok_or_else(|| ProviderError::Rejected {
                provider: self.describe(),
            })?;
        Ok(Zeroizing::new(*root))
    }
}

/// A folder for key files, and a vault with one patient.
static PLACE: LazyLock<(PathBuf, PathBuf, Vault)> = LazyLock::new(|| {
    let top = std::env::temp_dir().join(format!("wardgate-key-files-{}", std::process::id()));
    let (files, whole) = (top.join("files"), top.join("whole"));
    std::fs::create_dir_all(&files).expect("there is a folder for temporary files");
    std::fs::create_dir_all(&whole).expect("there is a folder for temporary files");
    let vault = Vault::init(&whole, Arc::new(Tail), &Recovery::none()).expect("it is empty");
    vault
        .create_patient_key(PatientHandle::from_bytes(PATIENT))
        .expect("the patient has none");
    (files, whole, vault)
});

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let (files, whole, vault) = &*PLACE;
    if kind % 3 == 2 {
        let handle = PatientHandle::from_bytes(PATIENT);
        let name = handle.to_string();
        let path = whole
            .join("patients")
            .join(&name[..2])
            .join(format!("{name}.key"));
        let mut bytes = [b"WGPK\x02".as_slice(), &PATIENT, rest].concat();
        bytes.extend_from_slice(digest(&SHA256, &bytes).as_ref());
        std::fs::write(path, bytes).expect("the folder can be written");
        assert!(vault.seal_for_patient(handle, &BINDING, b"x").is_err());
        return;
    }
    let mut bytes = rest.to_vec();
    bytes.push(b'\n');
    if kind % 3 == 1 {
        bytes.extend_from_slice(STANDARD.encode([0; 32]).as_bytes());
        bytes.push(b'\n');
    }
    let sum = STANDARD.encode(digest(&SHA256, &bytes));
    bytes.extend_from_slice(sum.as_bytes());
    bytes.push(b'\n');
    std::fs::write(files.join("keys.json"), bytes).expect("the folder can be written");
    let status = Vault::status(files);
    // Nobody makes a proof without the root key, so the second format never opens here.
    let opened = Vault::open(files, Arc::new(Tail));
    assert!(kind % 3 == 0 || opened.is_err());
    assert!(status.is_ok() || opened.is_err());
});
