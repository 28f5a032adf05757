//! The key of a project: what makes stand-ins the same in every run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::{PlaceholderKey, PseudonymKey};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// 32 secret bytes.
pub(super) struct ProjectKey(Zeroizing<[u8; 32]>);

impl ProjectKey {
    /// A key that is forgotten with the run.
    pub(super) fn random() -> Self {
        Self(Zeroizing::new(wardgate_vault::random()))
    }

    /// A key from a file that only its owner can read: 32 bytes, or the same as hexadecimal digits or base64.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::file("read", path, &error);
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(Failure::new(
                format!("others can read the key file `{}`", path.display()),
                format!("take the rights away: chmod 600 {}", path.display()),
            ));
        }
        let unusable = || {
            Failure::new(
                format!("`{}` holds no key of 32 bytes", path.display()),
                "make one: (umask 077; openssl rand -hex 32 > project.key)",
            )
        };
        if metadata.len() > KEY_FILE_BYTES_MAX {
            return Err(unusable());
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
        parse(&bytes).map(Self).ok_or_else(unusable)
    }

    /// The key of a patient's pseudonyms and date shift, the same in every format.
    pub(super) fn pseudonyms(&self, patient: &str) -> PseudonymKey {
        PseudonymKey::derive(&self.0, patient.as_bytes())
    }

    /// The key of a patient's placeholders.
    pub(super) fn placeholders(&self, patient: &str) -> PlaceholderKey {
        PlaceholderKey::derive(&self.0, b"deid text", patient.as_bytes())
    }
}

fn parse(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(bytes) = <[u8; 32]>::try_from(bytes) {
        return Some(Zeroizing::new(bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let decoded = match text.len() {
        64 => {
            let (pairs, _) = text.as_bytes().as_chunks::<2>();
            let digits = pairs.iter().map(|pair| std::str::from_utf8(pair).ok());
            let bytes = digits.map(|pair| u8::from_str_radix(pair?, 16).ok());
            bytes.collect::<Option<Vec<u8>>>()?
        }
        _ => BASE64_STANDARD.decode(text).ok()?,
    };
    let decoded = Zeroizing::new(decoded);
    decoded.as_slice().try_into().ok().map(Zeroizing::new)
}

const KEY_FILE_BYTES_MAX: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bytes_digits_or_base64() {
        let key = [0xa7; 32];
        let hex = "a7".repeat(32);
        for written in [
            key.to_vec(),
            format!("{hex}\n").into(),
            BASE64_STANDARD.encode(key).into(),
        ] {
            assert_eq!(parse(&written).as_deref(), Some(&key));
        }
        for written in ["", "a7", &hex.replace('a', "x"), &format!("{hex}00")] {
            assert!(parse(written.as_bytes()).is_none(), "{written}");
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, [1; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(ProjectKey::read(&path).is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(ProjectKey::read(&path).is_ok());
    }
}
