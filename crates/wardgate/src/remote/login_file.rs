//! The file that remembers a login, readable by its owner alone.

use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Who is signed in where.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) server: String,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) person: String,
    pub(crate) expires: String,
    pub(crate) token: SecretString,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    server: String,
    ca: Option<PathBuf>,
    person: String,
    expires: String,
    token: String,
}

impl Login {
    /// The login that is remembered.
    pub(crate) fn read() -> Result<Option<Self>, Failure> {
        let path = path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file("read", &path, &error)),
        };
        let written: Written = serde_json::from_str(&text).map_err(|_| {
            Failure::new(
                format!("`{}` is not readable as a login", path.display()),
                "remove the file and run `wardgate login`",
            )
        })?;
        Ok(Some(Self {
            server: written.server,
            ca: written.ca,
            person: written.person,
            expires: written.expires,
            token: SecretString::from(written.token),
        }))
    }

    /// Remembers a login in place of an earlier one. Returns where.
    pub(crate) fn write(&self) -> Result<PathBuf, Failure> {
        let path = path()?;
        let written = Written {
            server: self.server.clone(),
            ca: self.ca.clone(),
            person: self.person.clone(),
            expires: self.expires.clone(),
            token: self.token.expose_secret().to_owned(),
        };
        // Texts always serialise.
        let text = Zeroizing::new(serde_json::to_string_pretty(&written).unwrap_or_default());
        replace(&path, text.as_bytes()).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(path)
    }

    /// Forgets the login.
    pub(crate) fn forget() -> Result<(), Failure> {
        let path = path()?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Failure::file("remove", &path, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Writes beside, then renames: the file is never there with the rights of another.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// In the folder where a person's programs keep their settings.
fn path() -> Result<PathBuf, Failure> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let settings = folder("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| folder("HOME").map(|home| PathBuf::from(home).join(".config")));
    settings
        .map(|settings| settings.join("wardgate").join("login.json"))
        .ok_or_else(|| {
            Failure::new(
                "there is no folder to remember a login in",
                "set `HOME`, or give the token in `WARDGATE_TOKEN`",
            )
        })
}
