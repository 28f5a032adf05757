//! Copies of the published tree in object storage: a directory or an S3 bucket.
//!
//! Tiles and bundles never change and are created only where there is none; the checkpoint
//! follows when everything that it speaks of is there. How far a copy is stands in the copy
//! itself, so nothing has to be remembered here, and an interrupted run goes on where it was.

mod connect;
mod target;

use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};
use thiserror::Error;
use wardgate_tlog::checkpoint::{Checkpoint, CheckpointFault};
use wardgate_tlog::note::{NOTE_BYTES_MAX, VerifierKey};
use wardgate_tlog::tile::{Kind, Tile};
use wardgate_tlog::tree::{TILE_WIDTH, partial_widths};

pub use self::target::{Bucket, Credentials, Target};
use crate::own_tree::{OwnFault, OwnTree, Standing};

/// A place that holds a copy.
#[derive(Debug)]
pub struct Copy {
    store: Box<dyn ObjectStore>,
    /// Whether the store replaces an object only if it is still the one that was read.
    replaces_conditionally: bool,
}

/// The checkpoint that a copy holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The checkpoint, signed by our key.
    pub checkpoint: Checkpoint,
    version: UpdateVersion,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The size that the copy has now.
    pub size: u64,
    /// How many objects were created.
    pub created: u64,
}

impl Copy {
    /// The checkpoint there, which must be signed by `key`; `None` where there is no copy yet.
    pub async fn held(&self, key: &VerifierKey) -> Result<Option<Held>, CopyFault> {
        let got = match self.store.get(&Key::from(CHECKPOINT)).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(CopyFault::of("reading", CHECKPOINT, &error)),
        };
        if got.meta.size > NOTE_BYTES_MAX as u64 {
            return Err(CopyFault::Foreign(CheckpointFault::Malformed));
        }
        let version = UpdateVersion {
            e_tag: got.meta.e_tag.clone(),
            version: got.meta.version.clone(),
        };
        let bytes = got.bytes().await;
        let bytes = bytes.map_err(|error| CopyFault::of("reading", CHECKPOINT, &error))?;
        let checkpoint = Checkpoint::open(&bytes, key).map_err(CopyFault::Foreign)?;
        Ok(Some(Held {
            checkpoint,
            version,
        }))
    }

    /// Brings the copy to the size of our tree: what is missing in order, then the checkpoint.
    ///
    /// Holds one tile or bundle in memory at a time. Refuses, and changes nothing, when the
    /// copy has more than we have or something else.
    pub async fn bring(&self, tree: &OwnTree, key: &VerifierKey) -> Result<Brought, CopyFault> {
        let held = self.held(key).await?;
        let from = held.as_ref().map_or(0, |held| held.checkpoint.size);
        if let Some(held) = &held {
            let Checkpoint { size, root, .. } = held.checkpoint;
            match tree.compare(size, &root)? {
                Standing::Within => {}
                Standing::Larger => {
                    let ours = tree.size();
                    return Err(CopyFault::Ahead { size, ours });
                }
                Standing::Different => return Err(CopyFault::Different { size }),
            }
        }
        let mut brought = Brought {
            size: tree.size(),
            created: 0,
        };
        if held.is_some() && from == tree.size() {
            return Ok(brought);
        }
        let width = TILE_WIDTH as u64;
        let bundles = from / width..tree.size() / width;
        for bundle in self.first_missing(bundles.clone()).await?..bundles.end {
            for tile in filled_by(bundle) {
                brought.created += self.create(tree, tile).await?;
            }
        }
        for tile in unfinished(tree.size()) {
            brought.created += self.create(tree, tile).await?;
        }
        self.replace_checkpoint(tree.note(), held).await?;
        Ok(brought)
    }

    /// The first bundle of a range whose tiles may not all be there, found by halving: they
    /// were created in order. The one before is looked at again, as it may be incomplete.
    async fn first_missing(&self, range: std::ops::Range<u64>) -> Result<u64, CopyFault> {
        let (mut there, mut missing) = (range.start, range.end);
        while there < missing {
            let middle = there + (missing - there) / 2;
            if self.has(middle).await? {
                there = middle + 1;
            } else {
                missing = middle;
            }
        }
        Ok(there.saturating_sub(1).max(range.start))
    }

    async fn has(&self, bundle: u64) -> Result<bool, CopyFault> {
        let Some(tile) = Tile::new(Kind::Entries, bundle, FULL) else {
            return Ok(false);
        };
        let name = tile.to_string();
        match self.store.head(&Key::from(name.as_str())).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(CopyFault::of("reading", &name, &error)),
        }
    }

    /// Creates one object; 0 when it was there already with the same bytes.
    async fn create(&self, tree: &OwnTree, tile: Tile) -> Result<u64, CopyFault> {
        let name = tile.to_string();
        let key = Key::from(name.as_str());
        let bytes = tree.file(tile)?;
        let options = PutOptions::from(PutMode::Create);
        let payload = PutPayload::from(bytes.clone());
        match self.store.put_opts(&key, payload, options).await {
            Ok(_) => return Ok(1),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(CopyFault::of("creating", &name, &error)),
        }
        let got = self.store.get(&key).await;
        let got = got.map_err(|error| CopyFault::of("reading", &name, &error))?;
        // One of another length is not read at all.
        let same = got.meta.size == bytes.len() as u64
            && got
                .bytes()
                .await
                .map_err(|error| CopyFault::of("reading", &name, &error))?
                == bytes;
        if same {
            Ok(0)
        } else {
            Err(CopyFault::Altered { object: name })
        }
    }

    /// Puts the checkpoint in place of the one that was read before.
    async fn replace_checkpoint(&self, note: &[u8], held: Option<Held>) -> Result<(), CopyFault> {
        let mode = match held {
            None => PutMode::Create,
            Some(held) if self.replaces_conditionally => PutMode::Update(held.version),
            Some(_) => PutMode::Overwrite,
        };
        let payload = PutPayload::from(note.to_vec());
        let put = self
            .store
            .put_opts(&Key::from(CHECKPOINT), payload, PutOptions::from(mode))
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => Err(CopyFault::Raced),
            Err(error) => Err(CopyFault::of("writing", CHECKPOINT, &error)),
        }
    }
}

/// Why a copy is not as it should be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyFault {
    /// The copy has more entries than our ledger.
    #[error("the copy has {size} entries, our ledger has {ours}")]
    Ahead {
        /// How many it has.
        size: u64,
        /// How many we have.
        ours: u64,
    },
    /// The copy has other entries than our ledger.
    #[error("the copy has other entries than our ledger at size {size}")]
    Different {
        /// The size of the copy.
        size: u64,
    },
    /// The checkpoint there is not ours.
    #[error("the checkpoint of the copy does not count: {0}")]
    Foreign(CheckpointFault),
    /// An object that should never change has other bytes.
    #[error("`{object}` of the copy has other bytes than ours")]
    Altered {
        /// Which one.
        object: String,
    },
    /// Somebody else wrote to the copy.
    #[error("the checkpoint of the copy was changed by somebody else meanwhile")]
    Raced,
    /// The place is not reachable, or refuses.
    #[error("{action} `{object}` of the copy failed: {reason}")]
    Store {
        /// What was being done.
        action: &'static str,
        /// With which object.
        object: String,
        /// Why it failed.
        reason: String,
    },
    /// The place can not be set up.
    #[error("the copy can not be used: {0}")]
    Setting(String),
    /// Our own tree does not read.
    #[error(transparent)]
    Own(#[from] OwnFault),
}

impl CopyFault {
    fn of(action: &'static str, object: &str, error: &object_store::Error) -> Self {
        // Where a store answers with a page, its first line is enough.
        let reason = error.to_string();
        let first = reason.lines().next().unwrap_or_default();
        Self::Store {
            action,
            object: object.to_owned(),
            reason: first.chars().take(REASON_CHARS_MAX).collect(),
        }
    }

    /// Whether the copy contradicts our ledger, rather than being out of reach.
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::Ahead { .. } | Self::Different { .. } | Self::Foreign(_) | Self::Altered { .. }
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Ahead { .. } | Self::Different { .. } => {
                "our ledger may have been rolled back: compare it with the copy before going on"
            }
            Self::Foreign(_) => "give every ledger a copy of its own, and keep others from writing",
            Self::Altered { .. } => {
                "keep the copy for the investigation and name a new place for the next one"
            }
            Self::Raced => "let only one node write to a copy",
            Self::Store { .. } => "check the place, its address and the rights of the credentials",
            Self::Setting(_) => "correct the settings of `anchor.copy`",
            Self::Own(error) => error.hint(),
        }
    }
}

/// The full tiles that the bundle of an index completes: itself first, then upwards.
fn filled_by(bundle: u64) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Tile::new(Kind::Entries, bundle, FULL).into_iter().collect();
    let mut index = bundle;
    for level in 0..LEVELS {
        tiles.extend(Tile::new(Kind::Hashes(level), index, FULL));
        let above = index + 1;
        if !above.is_multiple_of(TILE_WIDTH as u64) {
            break;
        }
        index = above / TILE_WIDTH as u64 - 1;
    }
    tiles
}

/// The unfinished tiles of a tree, the bundle first.
fn unfinished(size: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for (width, level) in partial_widths(size).into_iter().zip(0_u8..) {
        let row = size.checked_shr(u32::from(level) * 8).unwrap_or_default();
        let index = row / TILE_WIDTH as u64;
        if level == 0 {
            tiles.extend(Tile::new(Kind::Entries, index, width));
        }
        tiles.extend(Tile::new(Kind::Hashes(level), index, width));
    }
    tiles
}

const CHECKPOINT: &str = "checkpoint";
const FULL: u16 = TILE_WIDTH as u16;
/// 256^8 is more than a 64-bit index can count.
const LEVELS: u8 = 8;
const REASON_CHARS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_tile_of_a_tree_is_created_once_and_in_order() {
        for size in [0_u64, 1, 255, 256, 257, 65_535, 65_536, 66_000] {
            let mut names = BTreeSet::new();
            let full = (0..size / 256).flat_map(filled_by);
            for tile in full.chain(unfinished(size)) {
                assert!(names.insert(tile.to_string()), "{tile} twice");
            }
            let mut expected = BTreeSet::new();
            let mut row = size;
            let mut level = 0;
            while row > 0 {
                for index in 0..row.div_ceil(256) {
                    let width = (row - index * 256).min(256) as u16;
                    let name = |kind| Tile::new(kind, index, width).unwrap().to_string();
                    expected.insert(name(Kind::Hashes(level)));
                    if level == 0 {
                        expected.insert(name(Kind::Entries));
                    }
                }
                row /= 256;
                level += 1;
            }
            assert_eq!(names, expected, "{size}");
        }
    }
}
