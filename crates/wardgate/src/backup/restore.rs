//! Restores a backup: built aside, checked, and only then put in place.
//!
//! A patient who was shredded stays shredded: whoever has a tombstone in the data set, an entry
//! `patient.shredded` in the restored ledger or a certificate that was given along gets a
//! tombstone and no key, before any key is written.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::{Published, Verified, verify};
use wardgate_records::RecordId;
use wardgate_records::events::{BackupRestored, EventKind, StoredEvent};
use wardgate_vault::PatientHandle;
use wardgate_vault::age::Identity;

use super::head::{self, Head, Member};
use super::objects::{self, Piece};
use super::{files, key_set};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::progress::Progress;

/// What is to be restored.
#[derive(Debug)]
pub(crate) struct Wanted<'w> {
    pub(crate) from: &'w Path,
    /// Without keys nothing of a patient is readable.
    pub(crate) keys: Option<&'w Path>,
    pub(crate) to: &'w Path,
    /// The newest when nothing is said.
    pub(crate) backup: Option<RecordId>,
    pub(crate) key: VerifierKey,
    pub(crate) identities: &'w [Identity],
    /// Patients who were shredded after the backup, as certificates say.
    pub(crate) shredded: BTreeSet<PatientHandle>,
}

/// What was restored.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) head: Head,
    pub(crate) ledger: Verified,
    pub(crate) payloads: u64,
    /// Wrapped keys that were put back.
    pub(crate) patient_keys: u64,
    /// Keys that the key set had and that were not put back.
    pub(crate) shredded: u64,
}

/// Restores into a directory that is not there yet.
pub(crate) async fn restore(wanted: &Wanted<'_>, now: Timestamp) -> Result<Restored, Failure> {
    let to =
        std::path::absolute(wanted.to).map_err(|error| Failure::file("find", wanted.to, &error))?;
    refuse_in_use(&to)?;
    let parent = to.parent().unwrap_or(&to);
    files::make_dir(parent)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let head = choose(wanted)?;
    // The same name each time, so that a restore that was cut short is gone on with.
    let aside = parent.join(format!(".{name}.restoring-{}", head.id));
    let restored = build(wanted, head, &aside, now).await?;
    files::sync_all(&aside)?;
    let placed = fs::rename(&aside, &to).and_then(|()| File::open(parent)?.sync_all());
    placed.map_err(|error| Failure::file("make", &to, &error))?;
    Ok(restored)
}

/// Builds the directory `aside` and checks it.
pub(crate) async fn build(
    wanted: &Wanted<'_>,
    head: Head,
    aside: &Path,
    now: Timestamp,
) -> Result<Restored, Failure> {
    files::make_dir(aside)?;
    let manifest = head::manifest_of(wanted.from, &head, wanted.identities)?;
    let progress = Progress::new(Some(head.bytes), false);
    for member in &manifest.files {
        put(wanted, member, aside)?;
        progress.passed(member.bytes);
    }
    progress.finish();
    let dir = DataDir::at(aside);
    let ledger = verify(&dir.ledger(), &wanted.key.to_string())?;
    wardgate_records::check_database(&dir.store()).await?;
    let payloads = wardgate_records::check_payloads(&dir.payloads())?;
    let (patient_keys, shredded) = put_keys(wanted, &dir)?;
    let event = BackupRestored {
        backup: head.id,
        entries: ledger.size,
        shreddings: shredded,
    };
    wardgate_records::tell_restored(&dir.store(), event, now).await?;
    Ok(Restored {
        head,
        ledger,
        payloads,
        patient_keys,
        shredded,
    })
}

fn choose(wanted: &Wanted<'_>) -> Result<Head, Failure> {
    if let Some(id) = wanted.backup {
        return head::read(wanted.from, id, &wanted.key);
    }
    let newest = head::all(wanted.from, &wanted.key)?.pop();
    newest.ok_or_else(|| {
        Failure::new(
            format!("`{}` holds no complete backup", wanted.from.display()),
            "name the directory that `wardgate backup --to` wrote; a backup that was cut short does not count",
        )
    })
}

/// Writes one file, unless it is there as it should be.
fn put(wanted: &Wanted<'_>, member: &Member, aside: &Path) -> Result<(), Failure> {
    let path = files::below(aside, &member.path)?;
    files::make_dir(path.parent().unwrap_or(aside))?;
    if is_whole(&path, member) {
        return Ok(());
    }
    let draft = path.with_extension("restoring");
    let failed = |error| Failure::file("write", &path, &error);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    for piece in &member.pieces {
        let plain = objects::get(wanted.from, piece, wanted.identities)?;
        file.write_all(&plain).map_err(failed)?;
    }
    file.set_permissions(fs::Permissions::from_mode(member.mode & 0o777))
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(failed)
}

/// Whether a file is there already, of a restore that was cut short.
fn is_whole(path: &Path, member: &Member) -> bool {
    let Ok(mut file) = File::open(path) else {
        return false;
    };
    let same = |piece: &Piece, file: &mut File| {
        let mut bytes = Vec::new();
        let read = file.take(piece.bytes).read_to_end(&mut bytes).is_ok();
        read && objects::sha256(&bytes) == piece.sha256
    };
    file.metadata()
        .is_ok_and(|found| found.len() == member.bytes)
        && member.pieces.iter().all(|piece| same(piece, &mut file))
}

/// Puts the wrapped keys back, but those that were destroyed. Returns how many were put back
/// and how many were not.
fn put_keys(wanted: &Wanted<'_>, dir: &DataDir) -> Result<(u64, u64), Failure> {
    let vault = dir.vault();
    files::make_dir(&vault.join("patients"))?;
    let gone = shredded(wanted, dir)?;
    for patient in &gone {
        let tombstone = tombstone(&vault, *patient);
        files::make_dir(tombstone.parent().unwrap_or(&vault))?;
        if !tombstone.exists() {
            files::write_durably(&tombstone, b"", 0o600)?;
        }
        // Of a restore that was cut short before it was told of this shredding.
        let key = tombstone.with_extension("key");
        files::destroy(&key).map_err(|error| Failure::file("destroy", &key, &error))?;
    }
    let Some(keys) = wanted.keys else {
        return Ok((0, gone.len() as u64));
    };
    if key_set::read_stamp(keys, &wanted.key)?.is_none() {
        return Err(Failure::new(
            format!("`{}` holds no key set", keys.display()),
            "name the directory of the keys with `--keys`",
        ));
    }
    let (mut put, mut left_out) = (0, 0);
    key_set::each(keys, wanted.identities, |name, patient, bytes| {
        if patient.is_some_and(|patient| gone.contains(&patient)) {
            left_out += 1;
            return Ok(());
        }
        let path = files::below(&vault, name)?;
        files::make_dir(path.parent().unwrap_or(&vault))?;
        files::write(&path, bytes, 0o600)?;
        put += u64::from(patient.is_some());
        Ok(())
    })?;
    Ok((put, left_out))
}

/// Everybody whose key was destroyed, as far as anything restored or given tells.
fn shredded(wanted: &Wanted<'_>, dir: &DataDir) -> Result<BTreeSet<PatientHandle>, Failure> {
    let mut gone = wanted.shredded.clone();
    let vault = dir.vault();
    for name in files::names_below(&vault.join("patients"))? {
        let handle = name
            .strip_suffix(".shredded")
            .and_then(|name| name.split_once('/'));
        gone.extend(handle.and_then(|(_, handle)| handle.parse::<PatientHandle>().ok()));
    }
    let begun = files::names(&vault.join("shredding"))?;
    gone.extend(
        begun
            .iter()
            .filter_map(|name| name.parse::<PatientHandle>().ok()),
    );
    let published = Published::open(&dir.ledger(), std::slice::from_ref(&wanted.key))?;
    let word = EventKind::PatientShredded.as_str().as_bytes();
    for entry in published.entries(..) {
        let (_, leaf) = entry?;
        if !leaf.windows(word.len()).any(|window| window == word) {
            continue;
        }
        if let Ok(event) = StoredEvent::parse(&leaf)
            && event.kind == EventKind::PatientShredded
        {
            gone.extend(
                event
                    .text("patient")
                    .and_then(|text| text.parse::<PatientHandle>().ok()),
            );
        }
    }
    Ok(gone)
}

fn tombstone(vault: &Path, patient: PatientHandle) -> PathBuf {
    let handle = patient.to_string();
    let folder = handle.get(..2).unwrap_or_default();
    vault
        .join("patients")
        .join(folder)
        .join(format!("{handle}.shredded"))
}

fn refuse_in_use(to: &Path) -> Result<(), Failure> {
    let empty = match fs::read_dir(to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    Err(Failure::new(
        format!("`{}` is in use", to.display()),
        "choose a directory that does not exist yet; nothing is ever overwritten",
    ))
}
