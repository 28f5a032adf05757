//! The key of a project: what makes stand-ins the same in every run and every format.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::ProjectKey;
use zeroize::Zeroizing;

use crate::fault::DatasetFault;

/// A key that is forgotten with the run.
///
/// # Errors
/// When the system gives no randomness.
pub fn random_key() -> Result<ProjectKey, DatasetFault> {
    let mut bytes = Zeroizing::new([0; 32]);
    // From the system itself: aws-lc's own generator takes longer to begin than a small run takes in all.
    getrandom::fill(bytes.as_mut()).map_err(|_| {
        DatasetFault::refused(
            "dataset.no_randomness",
            "the system gives no random numbers",
            "check the system, or give a key of the project with --key",
        )
    })?;
    Ok(ProjectKey::new(*bytes))
}

/// A key from a file that only its owner can read: 32 bytes, or the same as hexadecimal digits or base64.
///
/// # Errors
/// When the file can not be read, others can read it, or it holds no key.
pub fn read_key(path: &Path) -> Result<ProjectKey, DatasetFault> {
    let failed = DatasetFault::file("read", path);
    let metadata = fs::metadata(path).map_err(&failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(DatasetFault::refused(
            "dataset.key_readable",
            format!("others can read the key file `{}`", path.display()),
            format!("take the rights away: chmod 600 {}", path.display()),
        ));
    }
    let unusable = || {
        DatasetFault::refused(
            "dataset.no_key",
            format!("`{}` holds no key of 32 bytes", path.display()),
            "make one: (umask 077; openssl rand -hex 32 > project.key)",
        )
    };
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(unusable());
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
    let key = parse(&bytes).ok_or_else(unusable)?;
    Ok(ProjectKey::new(*key))
}

/// What names a key in reports and manifests without telling it: an id that the key makes of a fixed word.
#[must_use]
pub fn key_id(key: &ProjectKey) -> String {
    key.id("key", "the id of this key")
}

fn parse(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(bytes) = <[u8; 32]>::try_from(bytes) {
        return Some(Zeroizing::new(bytes));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let decoded = Zeroizing::new(match text.len() {
        64 => {
            let (pairs, _) = text.as_bytes().as_chunks::<2>();
            let digits = pairs.iter().map(|pair| std::str::from_utf8(pair).ok());
            let bytes = digits.map(|pair| u8::from_str_radix(pair?, 16).ok());
            bytes.collect::<Option<Vec<u8>>>()?
        }
        _ => BASE64_STANDARD.decode(text).ok()?,
    });
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
        assert_eq!(read_key(&path).unwrap_err().code(), "dataset.key_readable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let read = read_key(&path).unwrap();
        assert_eq!(key_id(&read), key_id(&ProjectKey::new([1; 32])));
        assert_ne!(key_id(&read), key_id(&ProjectKey::new([2; 32])));
    }
}
