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
