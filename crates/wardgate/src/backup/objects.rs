//! Encrypted pieces of files, each named by a keyed digest of what it holds. One that is there
//! is never written again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use wardgate_vault::DerivedKey;
use wardgate_vault::age::{self, AgeError, Identity, Recipient};
use zeroize::Zeroizing;

use super::{PIECE_BYTES_MAX, files};
use crate::failure::Failure;

/// A piece of a file, as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Piece {
    /// The object that holds it.
    pub(crate) name: String,
    /// Its length before encryption.
    pub(crate) bytes: u64,
    /// Its SHA-256 before encryption.
    pub(crate) sha256: String,
}

/// An object as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Objects by their names.
pub(crate) type Listed = BTreeMap<String, Stored>;

/// Writes objects. What is written becomes known to later runs as soon as it is durable, so a
/// run that was cut short is gone on with.
pub(crate) struct Objects<'k> {
    dir: PathBuf,
    key: &'k DerivedKey,
    recipients: &'k [Recipient],
    known: Listed,
    /// What this backup needs.
    used: Listed,
    /// Written, and not yet known to be durable.
    waiting: Listed,
    waiting_bytes: u64,
    written: Written,
}

/// How much a run wrote and found there already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    pub(crate) reused: u64,
}

impl<'k> Objects<'k> {
    /// `known` are the objects of complete backups.
    pub(crate) fn open(
        dir: &Path,
        key: &'k DerivedKey,
        recipients: &'k [Recipient],
        mut known: Listed,
    ) -> Result<Self, Failure> {
        files::make_dir(&dir.join("objects"))?;
        let unfinished = files::read(&dir.join(UNFINISHED), LIST_BYTES_MAX)?.unwrap_or_default();
        // The last line may be cut short; what it tells of is written again.
        known.extend(parse_list(&unfinished));
        Ok(Self {
            dir: dir.to_owned(),
            key,
            recipients,
            known,
            used: Listed::new(),
            waiting: Listed::new(),
            waiting_bytes: 0,
            written: Written::default(),
        })
    }

    /// Makes sure that a piece is there.
    pub(crate) fn put(&mut self, plain: &[u8]) -> Result<Piece, Failure> {
        let name = hex(&self.key.mac(plain));
        let piece = Piece {
            bytes: plain.len() as u64,
            sha256: sha256(plain),
            name,
        };
        if self.used.contains_key(&piece.name) {
            return Ok(piece);
        }
        if let Some(stored) = self.known.get(&piece.name)
            && is_there(&self.path(&piece.name), stored)
        {
            self.used.insert(piece.name.clone(), stored.clone());
            self.written.reused += 1;
            return Ok(piece);
        }
        let sealed = encrypt(plain, self.recipients)?;
        let path = self.path(&piece.name);
        files::make_dir(path.parent().unwrap_or(&self.dir))?;
        files::write(&path, &sealed, 0o600)?;
        let stored = Stored {
            bytes: sealed.len() as u64,
            sha256: sha256(&sealed),
        };
        self.used.insert(piece.name.clone(), stored.clone());
        self.waiting_bytes += stored.bytes;
        self.written.objects += 1;
        self.written.bytes += stored.bytes;
        self.waiting.insert(piece.name.clone(), stored);
        if self.waiting_bytes >= SYNC_BYTES || self.waiting.len() >= SYNC_OBJECTS {
            self.sync()?;
        }
        Ok(piece)
    }

    /// Makes all objects durable and returns the list of what this backup needs.
    pub(crate) fn finish(mut self) -> Result<(Listed, Written), Failure> {
        self.sync()?;
        Ok((self.used, self.written))
    }

    fn sync(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        files::sync_all(&self.dir)?;
        let path = self.dir.join(UNFINISHED);
        let noted = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(list(&self.waiting).as_bytes())?;
                file.sync_all()
            });
        noted.map_err(|error| Failure::file("write", &path, &error))?;
        self.known.append(&mut self.waiting);
        self.waiting_bytes = 0;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        path(&self.dir, name)
    }
}

/// Where an object lies.
pub(crate) fn path(dir: &Path, name: &str) -> PathBuf {
    let folder = name.get(..2).unwrap_or_default();
    dir.join("objects").join(folder).join(name)
}

/// Reads an object, decrypts it and compares it with what the manifest says.
pub(crate) fn get(
    dir: &Path,
    piece: &Piece,
    identities: &[Identity],
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let path = path(dir, &piece.name);
    let sealed = files::read(&path, SEALED_BYTES_MAX)?.ok_or_else(|| bad(&path, "is missing"))?;
    let plain = decrypt(&sealed, identities, PIECE_BYTES_MAX as u64)
        .map_err(|_| bad(&path, "does not decrypt"))?;
    if plain.len() as u64 != piece.bytes || sha256(&plain) != piece.sha256 {
        return Err(bad(&path, "is not what the manifest says"));
    }
    Ok(plain)
}

/// Compares an object with the list, without decrypting it.
pub(crate) fn check(dir: &Path, name: &str, stored: &Stored) -> Result<(), Failure> {
    let path = path(dir, name);
    let sealed = files::read(&path, SEALED_BYTES_MAX)?.ok_or_else(|| bad(&path, "is missing"))?;
    if sealed.len() as u64 != stored.bytes || sha256(&sealed) != stored.sha256 {
        return Err(bad(&path, "is not as it was written"));
    }
    Ok(())
}

/// Objects one a line: name, length, digest.
pub(crate) fn list(listed: &Listed) -> String {
    let mut text = String::new();
    for (name, stored) in listed {
        // Writing to a String can not fail.
        let _ = writeln!(text, "{name} {} {}", stored.bytes, stored.sha256);
    }
    text
}

/// Reads a list up to its first line that is not one.
pub(crate) fn parse_list(bytes: &[u8]) -> Listed {
    let text = String::from_utf8_lossy(bytes);
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (name, bytes, sha256) = (words.next()?, words.next()?, words.next()?);
        let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let fits = hex(name) && hex(sha256) && words.next().is_none();
        let stored = Stored {
            bytes: bytes.parse().ok()?,
            sha256: sha256.to_owned(),
        };
        fits.then(|| (name.to_owned(), stored))
    };
    text.get(..whole)
        .unwrap_or_default()
        .lines()
        .map_while(line)
        .collect()
}

/// Encrypts for everybody who may restore.
pub(crate) fn encrypt(plain: &[u8], recipients: &[Recipient]) -> Result<Vec<u8>, Failure> {
    let sealed = || -> Result<Vec<u8>, AgeError> {
        let mut to = age::encrypt(Vec::with_capacity(plain.len() + 512), recipients)?;
        to.write_all(plain)?;
        to.finish()
    };
    sealed().map_err(|error| Failure::new(error.to_string(), error.hint()))
}

/// Decrypts what is at most so long.
pub(crate) fn decrypt(
    sealed: &[u8],
    identities: &[Identity],
    bytes_max: u64,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let opened = || -> Result<Zeroizing<Vec<u8>>, AgeError> {
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        age::decrypt(sealed, identities)?
            .take(bytes_max + 1)
            .read_to_end(&mut plain)?;
        Ok(plain)
    };
    let plain = opened().map_err(|error| Failure::new(error.to_string(), error.hint()))?;
    if plain.len() as u64 > bytes_max {
        return Err(Failure::new(
            "a part of the backup is longer than it may be",
            "do not use this backup",
        ));
    }
    Ok(plain)
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_there(path: &Path, stored: &Stored) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() == stored.bytes)
}

fn bad(path: &Path, what: &str) -> Failure {
    Failure::new(
        format!("`{}` {what}", path.display()),
        "use another backup, and look for the cause: disk, transfer, or an attack",
    )
}

/// The list of objects that no complete backup names.
pub(crate) const UNFINISHED: &str = "unfinished";
/// The longest list of objects.
pub(crate) const LIST_BYTES_MAX: u64 = 1 << 30;
/// A piece with header, tags and nonces.
const SEALED_BYTES_MAX: u64 = PIECE_BYTES_MAX as u64 + (64 << 10);
/// How much is written between two syncs.
const SYNC_BYTES: u64 = 64 << 20;
const SYNC_OBJECTS: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_up_to_a_line_that_was_cut_short() {
        let stored = |bytes| Stored {
            bytes,
            sha256: "ab".repeat(32),
        };
        let listed = Listed::from([("12".repeat(32), stored(7)), ("34".repeat(32), stored(8))]);
        let text = list(&listed);
        assert_eq!(parse_list(text.as_bytes()), listed);
        let cut = parse_list(&text.as_bytes()[..text.len() - 1]);
        assert_eq!(cut.len(), 1);
        for other in ["", "\n", "x 1 y\n", &format!("{} 1\n", "12".repeat(32))] {
            assert!(parse_list(other.as_bytes()).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_piece_is_written_once_and_a_changed_object_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::generate().unwrap();
        let recipients = [identity.recipient().clone()];
        let vault = tempfile::tempdir().unwrap();
        let vault = crate::backup::tests::vault(vault.path());
        let key = vault.derive(wardgate_vault::Label::BackupName);
        let run = || {
            let mut objects = Objects::open(dir.path(), &key, &recipients, Listed::new()).unwrap();
            let piece = objects.put(b"the text").unwrap();
            let (used, written) = objects.finish().unwrap();
            (piece, used, written)
        };
        let (piece, used, written) = run();
        assert_eq!((written.objects, written.reused), (1, 0));
        let (again, _, written) = run();
        assert_eq!(
            (again, written.objects, written.reused),
            (piece.clone(), 0, 1)
        );
        let identities = [identity];
        assert_eq!(*get(dir.path(), &piece, &identities).unwrap(), b"the text");
        check(dir.path(), &piece.name, &used[&piece.name]).unwrap();

        let path = path(dir.path(), &piece.name);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(get(dir.path(), &piece, &identities).is_err());
        assert!(check(dir.path(), &piece.name, &used[&piece.name]).is_err());
    }
}
