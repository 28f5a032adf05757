//! Copies tiles, bundles and what anchors the log, each as the exported checkpoint has it.

use std::fs;
use std::io;
use std::path::Path;

use wardgate_ledger::bundle;
use wardgate_ledger::tile::{Kind, Tile};

use super::BUNDLE_ENTRIES;
use super::folder::Folder;
use crate::failure::Failure;

/// What others keep of the log.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Anchors {
    /// Checkpoints that witnesses have cosigned.
    pub(super) cosigned: u64,
    /// Timestamps of checkpoints.
    pub(super) timestamps: u64,
}

/// Copies all hash tiles of a tree, and its bundles from the one of `minimum` on.
pub(super) fn copy(
    ledger: &Path,
    size: u64,
    minimum: u64,
    folder: &mut Folder,
) -> Result<(), Failure> {
    for level in 0..=LEVEL_MAX {
        let hashes = size.checked_shr(u32::from(level) * 8).unwrap_or_default();
        if hashes == 0 {
            break;
        }
        copy_row(ledger, Kind::Hashes(level), 0, hashes, folder)?;
    }
    copy_row(
        ledger,
        Kind::Entries,
        minimum / BUNDLE_ENTRIES,
        size,
        folder,
    )
}

/// Copies the tiles of a row that holds `slots` hashes or entries.
fn copy_row(
    ledger: &Path,
    kind: Kind,
    first: u64,
    slots: u64,
    folder: &mut Folder,
) -> Result<(), Failure> {
    for index in first..slots.div_ceil(BUNDLE_ENTRIES) {
        let width = (slots - index * BUNDLE_ENTRIES).min(BUNDLE_ENTRIES);
        let width = u16::try_from(width).unwrap_or_default();
        let bytes = read(ledger, kind, index, width)?;
        if let Some(tile) = Tile::new(kind, index, width) {
            folder.write(&tile.to_string(), &bytes)?;
        }
    }
    Ok(())
}

/// A tile with exactly so many slots. A partial tile goes away when the full one is there, which
/// may be just now; the full one begins with it.
fn read(ledger: &Path, kind: Kind, index: u64, width: u16) -> Result<Vec<u8>, Failure> {
    let exact = Tile::new(kind, index, width);
    let full = Tile::new(kind, index, FULL);
    for tile in exact.into_iter().chain(full) {
        let path = ledger.join(tile.to_string());
        match fs::read(&path) {
            Ok(bytes) => return Ok(cut(bytes, kind, usize::from(width))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::file("read", &path, &error)),
        }
    }
    let name = exact.map(|tile| tile.to_string()).unwrap_or_default();
    Err(Failure::new(
        format!("`{name}` of the ledger is missing"),
        "verify the ledger with `wardgate ledger verify`",
    ))
}

/// The first `slots` of a tile. What is damaged is copied as it is: verifying finds it.
fn cut(mut bytes: Vec<u8>, kind: Kind, slots: usize) -> Vec<u8> {
    let length = match kind {
        Kind::Hashes(_) => slots * HASH_BYTES,
        Kind::Entries => {
            let entries = bundle::entries(&bytes).take(slots);
            entries
                .map(|entry| entry.map_or(bytes.len(), |entry| entry.len() + LENGTH_BYTES))
                .sum()
        }
    };
    bytes.truncate(length);
    bytes
}

/// Copies cosigned checkpoints and timestamps of trees that are not larger than the exported one.
pub(super) fn copy_anchors(
    ledger: &Path,
    size: u64,
    folder: &mut Folder,
) -> Result<Anchors, Failure> {
    let mut anchors = Anchors::default();
    for directory in ["cosigned", "tsa"] {
        let Ok(entries) = fs::read_dir(ledger.join(directory)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.split('.').next().unwrap_or_default();
            let within = stem.parse().is_ok_and(|of: u64| of <= size);
            let kept = name == stem || name.ends_with(".tsr") || name.ends_with(".checkpoint");
            if !within || !kept {
                continue;
            }
            let bytes = fs::read(entry.path())
                .map_err(|error| Failure::file("read", &entry.path(), &error))?;
            folder.write(&format!("{directory}/{name}"), &bytes)?;
            anchors.cosigned += u64::from(directory == "cosigned");
            anchors.timestamps += u64::from(name.ends_with(".tsr"));
        }
    }
    Ok(anchors)
}

const LEVEL_MAX: u8 = 7;
const FULL: u16 = 256;
const HASH_BYTES: usize = 32;
const LENGTH_BYTES: usize = 2;
