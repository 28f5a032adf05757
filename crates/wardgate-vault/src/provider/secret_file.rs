//! Secrets of providers are read from files that only their owner may read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Reads a whole file of text. It is read anew for each use, so a changed secret takes effect.
pub(super) fn read(path: &Path) -> Result<SecretString, String> {
    let fault = |what: &str| format!("the secret file `{}` {what}", path.display());
    let failed = |error: std::io::Error| fault(&format!("can not be read: {error}"));
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(fault("can be read by others than its owner"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1));
    file.take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fault("is too large"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| fault("is not valid UTF-8"))?;
    if text.trim().is_empty() {
        return Err(fault("is empty"));
    }
    Ok(SecretString::from(text))
}

/// Reads the first line of a file, without space around it.
pub(super) fn read_line(path: &Path) -> Result<SecretString, String> {
    use secrecy::ExposeSecret;

    let text = read(path)?;
    let line = text.expose_secret().lines().next().unwrap_or_default();
    let line = line.trim();
    if line.is_empty() {
        return Err(format!(
            "the secret file `{}` has nothing in its first line",
            path.display()
        ));
    }
    Ok(SecretString::from(line))
}

/// More than any secret of a provider has; the longest is a service account with its RSA key.
const FILE_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    /// What is read from a file of these bytes and this mode.
    fn tried<T>(
        bytes: &[u8],
        mode: u32,
        read: fn(&Path) -> Result<T, String>,
    ) -> Result<T, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        read(&path)
    }

    #[test]
    fn a_private_file_is_read_whole_or_by_its_first_line() {
        let text = tried(b" one \ntwo\n", 0o600, read).unwrap();
        assert_eq!(text.expose_secret(), " one \ntwo\n");
        let line = tried(b" one \ntwo\n", 0o400, read_line).unwrap();
        assert_eq!(line.expose_secret(), "one");
        let most = vec![b'x'; FILE_BYTES_MAX];
        assert!(tried(&most, 0o600, read).is_ok());
    }

    #[test]
    fn what_can_not_be_a_secret_is_refused() {
        let more = vec![b'x'; FILE_BYTES_MAX + 1];
        for (bytes, mode, said) in [
            (more.as_slice(), 0o600, "too large"),
            (b"x", 0o640, "others"),
            (b"x", 0o604, "others"),
            (b"\xff", 0o600, "UTF-8"),
            (b"", 0o600, "empty"),
            (b" \n", 0o600, "empty"),
            (b"\nx", 0o600, "first line"),
        ] {
            let error = tried(bytes, mode, read_line).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let error = read(Path::new("/nonexistent/secret")).unwrap_err();
        assert!(error.contains("can not be read"), "{error}");
    }
}
