//! The signed head of a backup and the manifest that it stands for.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_ledger::Signer;
use wardgate_ledger::note::{Note, VerifierKey};
use wardgate_records::RecordId;
use wardgate_vault::age::{Identity, Recipient};

use super::files;
use super::objects::{self, LIST_BYTES_MAX, Listed, Piece};
use crate::failure::Failure;

/// What a complete backup says of itself, readable without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: RecordId,
    pub(crate) origin: String,
    pub(crate) made_at: Timestamp,
    /// How many entries of the ledger it holds.
    pub(crate) entries: u64,
    pub(crate) files: u64,
    /// Bytes before encryption.
    pub(crate) bytes: u64,
    /// The key set that opens it.
    pub(crate) key_set: RecordId,
    manifest_sha256: String,
    /// Of the manifest as it lies there, encrypted.
    sealed_sha256: String,
    objects_sha256: String,
}

/// The files of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) files: Vec<Member>,
}

/// One file of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Its path within the data directory.
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) bytes: u64,
    pub(crate) pieces: Vec<Piece>,
}

/// What a head is made of.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: RecordId,
    pub(crate) made_at: Timestamp,
    pub(crate) entries: u64,
    pub(crate) key_set: RecordId,
}

/// Writes manifest, list and, as the last thing, the head: with it the backup is complete.
pub(crate) fn write(
    dir: &Path,
    draft: &Draft,
    (manifest, used): (&Manifest, &Listed),
    (signer, recipients): (&Signer, &[Recipient]),
) -> Result<Head, Failure> {
    files::make_dir(&dir.join(HEADS))?;
    let text = serde_json::to_vec(manifest).map_err(|error| {
        Failure::new(
            format!("can not write the manifest: {error}"),
            "report this with the version of the build",
        )
    })?;
    let list = objects::list(used);
    let sealed = objects::encrypt(&text, recipients)?;
    let head = Head {
        id: draft.id,
        origin: signer.name().to_owned(),
        made_at: draft.made_at,
        entries: draft.entries,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        key_set: draft.key_set,
        manifest_sha256: objects::sha256(&text),
        sealed_sha256: objects::sha256(&sealed),
        objects_sha256: objects::sha256(list.as_bytes()),
    };
    files::write_durably(&manifest_path(dir, head.id), &sealed, 0o600)?;
    files::write_durably(&list_path(dir, head.id), list.as_bytes(), 0o600)?;
    let note = signer.sign(&head.text());
    files::write_durably(&path(dir, head.id), note.as_bytes(), 0o600)?;
    Ok(head)
}

/// The complete backups of a directory, the oldest first.
pub(crate) fn all(dir: &Path, key: &VerifierKey) -> Result<Vec<Head>, Failure> {
    let mut heads = Vec::new();
    for name in files::names(&dir.join(HEADS))? {
        if let Ok(id) = name.parse() {
            heads.push(read(dir, id, key)?);
        }
    }
    heads.sort_by_key(|head: &Head| (head.made_at, head.id));
    Ok(heads)
}

/// Reads the head of one backup and checks its signature.
pub(crate) fn read(dir: &Path, id: RecordId, key: &VerifierKey) -> Result<Head, Failure> {
    let path = path(dir, id);
    let note = files::read(&path, NOTE_BYTES_MAX)?.ok_or_else(|| {
        Failure::new(
            format!("there is no backup `{id}`"),
            "see `wardgate backup verify` for the backups of the directory",
        )
    })?;
    let text = open_note(&note, key, &path)?;
    match Head::parse(&text) {
        Some(head) if head.id == id => Ok(head),
        _ => Err(bad(&path, "is not the head of this backup")),
    }
}

/// The SHA-256 of a head as it lies there, for the ledger.
pub(crate) fn digest(dir: &Path, id: RecordId) -> Result<[u8; 32], Failure> {
    let note = files::read(&path(dir, id), NOTE_BYTES_MAX)?.unwrap_or_default();
    Ok(wardgate_records::events::statement_digest(&note))
}

/// The objects of a backup, as its head says.
pub(crate) fn objects_of(dir: &Path, head: &Head) -> Result<Listed, Failure> {
    let path = list_path(dir, head.id);
    let list = files::read(&path, LIST_BYTES_MAX)?.unwrap_or_default();
    if objects::sha256(&list) != head.objects_sha256 {
        return Err(bad(&path, "is not what the head says"));
    }
    Ok(objects::parse_list(&list))
}

/// Compares the manifest with what the head says, without decrypting it.
pub(crate) fn check_manifest(dir: &Path, head: &Head) -> Result<(), Failure> {
    let path = manifest_path(dir, head.id);
    let sealed = files::read(&path, LIST_BYTES_MAX)?.unwrap_or_default();
    if objects::sha256(&sealed) == head.sealed_sha256 {
        return Ok(());
    }
    Err(bad(&path, "is not what the head says"))
}

/// The files of a backup, as its head says.
pub(crate) fn manifest_of(
    dir: &Path,
    head: &Head,
    identities: &[Identity],
) -> Result<Manifest, Failure> {
    let path = manifest_path(dir, head.id);
    let sealed = files::read(&path, LIST_BYTES_MAX)?.unwrap_or_default();
    let text = objects::decrypt(&sealed, identities, LIST_BYTES_MAX)?;
    if objects::sha256(&text) != head.manifest_sha256 {
        return Err(bad(&path, "is not what the head says"));
    }
    serde_json::from_slice(&text).map_err(|_| bad(&path, "does not read"))
}

/// Removes what belongs to a backup but its objects. The head goes first: without it, the
/// backup does not count.
pub(crate) fn remove(dir: &Path, id: RecordId) -> Result<(), Failure> {
    for path in [path(dir, id), list_path(dir, id), manifest_path(dir, id)] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file("remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks the one signature of a note and returns its text.
pub(crate) fn open_note(note: &[u8], key: &VerifierKey, path: &Path) -> Result<String, Failure> {
    let opened = Note::parse(note).and_then(|parsed| parsed.open(key).map(str::to_owned));
    opened.map_err(|fault| {
        Failure::new(
            format!("`{}` is not signed by this ledger's key: {fault}", path.display()),
            "name the verifier key that `wardgate init` printed with `--key`, or do not use this backup",
        )
    })
}

impl Head {
    fn text(&self) -> String {
        format!(
            "{FIRST_LINE}\n{}\nbackup {}\nmade {}\nentries {}\nfiles {}\nbytes {}\nkey-set {}\nmanifest {}\nsealed {}\nobjects {}\n",
            self.origin,
            self.id,
            self.made_at,
            self.entries,
            self.files,
            self.bytes,
            self.key_set,
            self.manifest_sha256,
            self.sealed_sha256,
            self.objects_sha256,
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let origin = lines.next()?.to_owned();
        let mut value =
            |name: &str| -> Option<&str> { lines.next()?.strip_prefix(name)?.strip_prefix(' ') };
        let head = Self {
            origin,
            id: value("backup")?.parse().ok()?,
            made_at: value("made")?.parse().ok()?,
            entries: value("entries")?.parse().ok()?,
            files: value("files")?.parse().ok()?,
            bytes: value("bytes")?.parse().ok()?,
            key_set: value("key-set")?.parse().ok()?,
            manifest_sha256: value("manifest")?.to_owned(),
            sealed_sha256: value("sealed")?.to_owned(),
            objects_sha256: value("objects")?.to_owned(),
        };
        (head.text() == text).then_some(head)
    }
}

fn path(dir: &Path, id: RecordId) -> PathBuf {
    dir.join(HEADS).join(id.to_string())
}

fn manifest_path(dir: &Path, id: RecordId) -> PathBuf {
    dir.join(HEADS).join(format!("{id}.manifest"))
}

fn list_path(dir: &Path, id: RecordId) -> PathBuf {
    dir.join(HEADS).join(format!("{id}.objects"))
}

fn bad(path: &Path, what: &str) -> Failure {
    Failure::new(
        format!("`{}` {what}", path.display()),
        "use another backup, and look for the cause: disk, transfer, or an attack",
    )
}

const FIRST_LINE: &str = "wardgate-backup/v1";
const HEADS: &str = "heads";
const NOTE_BYTES_MAX: u64 = 16 << 10;
