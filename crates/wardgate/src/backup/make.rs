//! Makes a backup while the node serves.

use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use wardgate_ledger::note::VerifierKey;
use wardgate_records::RecordId;
use wardgate_records::events::BackupMade;
use wardgate_vault::Label;
use wardgate_vault::age::Recipient;

use super::collect::{self, Content, Source};
use super::head::{self, Draft, Head, Manifest, Member};
use super::key_set::{self, Mirrored, Sealing};
use super::objects::{Listed, Objects, UNFINISHED, Written};
use super::{PIECE_BYTES_MAX, files};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::wiring::{self, Records};

/// What a backup is to be.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) to: PathBuf,
    pub(crate) keys: PathBuf,
    pub(crate) private_keys: bool,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) keys_keep_days: u64,
}

/// What a backup became.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) head: Head,
    pub(crate) written: Written,
    pub(crate) mirrored: Mirrored,
    pub(crate) keys_until: Timestamp,
}

/// Makes a backup. Run again after it was cut short, it goes on with what is there.
pub(crate) async fn make(records: &Records, wanted: &Wanted) -> Result<Made, Failure> {
    refuse_inside(&wanted.to, &wanted.keys, records.dir.root())?;
    files::make_dir(&wanted.to)?;
    files::make_dir(&wanted.keys)?;
    let _alone = files::lock(&wanted.to)?;
    let _keys_alone = files::lock(&wanted.keys)?;
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let key = signer.verifier_key().clone();
    let now = wiring::now();
    let fresh = || RecordId::new(now, wardgate_vault::random());
    let set = key_set::plan(&wanted.keys, fresh(), &key, wanted.keys_keep_days, now)?;
    // Before the first key is copied: from then on a shredding knows where to look.
    records.store.note_key_set(&set, now).await?;

    let known = known_objects(&wanted.to, &key)?;
    let collected = collect::collect(records, &key, wanted.private_keys).await?;
    let name_key = records.vault.derive(Label::BackupName);
    let sealing = Sealing {
        signer: &signer,
        recipients: &wanted.recipients,
        name_key: &name_key,
    };
    let mirrored = key_set::mirror(&set, (&records.dir.vault(), &records.vault), &sealing)?;
    let mut objects = Objects::open(&wanted.to, &name_key, &wanted.recipients, known)?;
    let manifest = put_all(&collected.sources, &records.dir.ledger(), &mut objects)?;
    let (used, written) = objects.finish()?;
    let vkey = format!("{}\n", signer.vkey());
    files::write_durably(&wanted.to.join(VKEY), vkey.as_bytes(), 0o644)?;
    let draft = Draft {
        id: fresh(),
        made_at: now,
        entries: collected.entries,
        key_set: set.id,
    };
    let parts = (&signer, wanted.recipients.as_slice());
    let head = head::write(&wanted.to, &draft, (&manifest, &used), parts)?;
    forget_unfinished(&wanted.to)?;
    drop(collected.staging);
    let made = BackupMade {
        backup: head.id,
        bytes: head.bytes,
        entries: head.entries,
        digest: head::digest(&wanted.to, head.id)?,
    };
    records.store.tell_backup(made, wiring::now()).await?;
    Ok(Made {
        head,
        written,
        mirrored,
        keys_until: set.keep_until,
    })
}

/// The objects of all complete backups.
pub(crate) fn known_objects(dir: &Path, key: &VerifierKey) -> Result<Listed, Failure> {
    let mut known = Listed::new();
    for head in head::all(dir, key)? {
        known.append(&mut head::objects_of(dir, &head)?);
    }
    Ok(known)
}

fn put_all(
    sources: &[Source],
    ledger: &Path,
    objects: &mut Objects<'_>,
) -> Result<Manifest, Failure> {
    let total = sources.iter().map(|source| match &source.content {
        Content::File(path) => std::fs::metadata(path).map_or(0, |found| found.len()),
        Content::Tile(_) => 0,
    });
    let progress = Progress::new(Some(total.sum()), false);
    let mut files = Vec::with_capacity(sources.len());
    for source in sources {
        let member = match &source.content {
            Content::File(path) => put_file(source, path, objects, &progress)?,
            Content::Tile(tile) => {
                let bytes = collect::read_tile(ledger, *tile)?;
                put_bytes(source, &bytes, objects)?
            }
        };
        files.push(member);
    }
    progress.finish();
    Ok(Manifest { files })
}

fn put_file(
    source: &Source,
    path: &Path,
    objects: &mut Objects<'_>,
    progress: &Progress,
) -> Result<Member, Failure> {
    let (file, length) = collect::open(path)?;
    // A file that grows while it is read is taken as it was.
    let mut rest = file.take(length);
    let mut member = member(source);
    let mut piece = Vec::with_capacity(PIECE_BYTES_MAX);
    loop {
        piece.clear();
        let read = (&mut rest)
            .take(PIECE_BYTES_MAX as u64)
            .read_to_end(&mut piece)
            .map_err(|error| Failure::file("read", path, &error))?;
        if read == 0 {
            return Ok(member);
        }
        member.bytes += piece.len() as u64;
        member.pieces.push(objects.put(&piece)?);
        progress.passed(piece.len() as u64);
    }
}

fn put_bytes(source: &Source, bytes: &[u8], objects: &mut Objects<'_>) -> Result<Member, Failure> {
    let mut member = member(source);
    for piece in bytes.chunks(PIECE_BYTES_MAX) {
        member.bytes += piece.len() as u64;
        member.pieces.push(objects.put(piece)?);
    }
    Ok(member)
}

fn member(source: &Source) -> Member {
    Member {
        path: source.name.clone(),
        mode: source.mode,
        bytes: 0,
        pieces: Vec::new(),
    }
}

/// All of it is named by a head now.
fn forget_unfinished(dir: &Path) -> Result<(), Failure> {
    let path = dir.join(UNFINISHED);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file("remove", &path, &error))
        }
        _ => Ok(()),
    }
}

/// A backup inside of what it backs up would be lost with it, and keys beside the data would
/// live as long as the data.
fn refuse_inside(to: &Path, keys: &Path, data: &Path) -> Result<(), Failure> {
    let absolute = |path: &Path| {
        let path = path.canonicalize().or_else(|_| std::path::absolute(path));
        path.map_err(|error| Failure::file("find", data, &error))
    };
    let (to, keys, data) = (absolute(to)?, absolute(keys)?, absolute(data)?);
    if to.starts_with(&data) || keys.starts_with(&data) {
        return Err(Failure::new(
            "the backup would lie inside of the data directory",
            "choose a directory on another disk",
        ));
    }
    if to == keys {
        return Err(Failure::new(
            "data and keys would lie in one directory",
            "name another directory with `--keys`: it is kept for a shorter time",
        ));
    }
    Ok(())
}

pub(crate) const VKEY: &str = "ledger.vkey";
