//! Whether others know more of our ledger than we do: it was rolled back, or an old copy of its
//! directory was put in place.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use thiserror::Error;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::note::{NOTE_BYTES_MAX, VerifierKey};

use crate::anchoring::{COSIGNED_DIRECTORY, Kind, STAMPED_CHECKPOINT, STAMPS_DIRECTORY};
use crate::copies::{CopyFault, Target};
use crate::durable;
use crate::http::Client;
use crate::own_tree::{OwnFault, OwnTree, Standing};
use crate::witness::client::{Peer, PeerFault};

/// Our tree lacks what somebody has witnessed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{party} knows {what}; our ledger has {ours} entries")]
pub struct Rollback {
    /// Who knows.
    pub party: String,
    /// What.
    pub what: Witnessed,
    /// How many entries we have.
    pub ours: u64,
}

/// What a party has of our ledger that we have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witnessed {
    /// More entries.
    More(u64),
    /// Other entries, at this size.
    Other(u64),
}

impl Rollback {
    /// How many entries were witnessed.
    pub fn size(&self) -> u64 {
        match self.what {
            Witnessed::More(size) | Witnessed::Other(size) => size,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "restore the newest copy of the ledger; if there is none, `wardgate ledger declare-fork` \
         goes on under a new origin; a witness that lies has to leave the policy"
    }
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::More(size) => write!(f, "{size} entries"),
            Self::Other(size) => write!(f, "other entries at size {size}"),
        }
    }
}

/// Compares the tree in a directory with the newest cosigned and timestamped checkpoints in it.
///
/// `keys` are our own: what they have not signed says nothing about our ledger. May look beside
/// a running server: what lies there is listed before the tree is read, which only grows.
pub fn check_files(directory: &Path, keys: &[VerifierKey]) -> Result<Option<Rollback>, OwnFault> {
    let mut found = Vec::new();
    for (name, suffix) in [
        (COSIGNED_DIRECTORY, ""),
        (STAMPS_DIRECTORY, STAMPED_CHECKPOINT),
    ] {
        let place = directory.join(name);
        let sizes = durable::numbered(&place, suffix);
        let sizes = sizes.map_err(|source| OwnFault::Read {
            path: place.clone(),
            source,
        })?;
        let newest = sizes.iter().rev().take(NEWEST);
        found.extend(newest.map(|size| place.join(format!("{size}{suffix}"))));
    }
    let Some(key) = keys.first().filter(|_| !found.is_empty()) else {
        return Ok(None);
    };
    let tree = OwnTree::open(directory, keys)?;
    for path in found {
        let Some(checkpoint) = checkpoint(&path, key) else {
            tracing::warn!(path = %path.display(), "this is no checkpoint of ours");
            continue;
        };
        let party = format!("the file `{}`", path.display());
        if let Some(rollback) = compare(&tree, party, &checkpoint)? {
            return Ok(Some(rollback));
        }
    }
    Ok(None)
}

/// What a party outside said.
#[derive(Debug)]
pub struct Report {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// How it answered.
    pub said: Said,
}

/// How a party answered.
#[derive(Debug)]
pub enum Said {
    /// It agrees with our tree.
    Agrees,
    /// It knows more than we do, or something else.
    Knows(Rollback),
    /// It answered with something else that must not be.
    Contradicts(String),
    /// It is away, or does not answer as it should.
    Away(String),
}

/// Asks every witness and every copy what they know, all at once.
pub fn ask(
    tree: &OwnTree,
    key: &VerifierKey,
    (peers, client): (Vec<Peer>, &Client),
    copies: &[(String, Target)],
) -> Vec<Report> {
    std::thread::scope(|scope| {
        let mut asked = Vec::new();
        for mut peer in peers {
            asked.push(scope.spawn(move || {
                let note = String::from_utf8_lossy(tree.note()).into_owned();
                let said = match peer.cosign(client, tree, &note) {
                    Ok(_) => Said::Agrees,
                    Err(fault) => of_peer(&peer, tree, &fault),
                };
                let name = peer.name().to_owned();
                Report {
                    kind: Kind::Witness,
                    name,
                    said,
                }
            }));
        }
        for (name, target) in copies {
            asked.push(scope.spawn(move || Report {
                kind: Kind::Copy,
                name: name.clone(),
                said: of_copy(name, target, tree, key),
            }));
        }
        // A thread that panicked has no report; it has told why.
        asked
            .into_iter()
            .filter_map(|one| one.join().ok())
            .collect()
    })
}

fn of_peer(peer: &Peer, tree: &OwnTree, fault: &PeerFault) -> Said {
    let what = match fault {
        PeerFault::Ahead { size, .. } => Witnessed::More(*size),
        PeerFault::Different { size } | PeerFault::Inconsistent { size } => Witnessed::Other(*size),
        fault if fault.is_contradiction() => return Said::Contradicts(fault.to_string()),
        fault => return Said::Away(fault.to_string()),
    };
    Said::Knows(Rollback {
        party: format!("the witness `{}`", peer.name()),
        what,
        ours: tree.size(),
    })
}

fn of_copy(name: &str, target: &Target, tree: &OwnTree, key: &VerifierKey) -> Said {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let held = match runtime {
        Err(error) => return Said::Away(error.to_string()),
        Ok(runtime) => runtime.block_on(async {
            let look = async { target.open()?.held(key).await };
            tokio::time::timeout(LOOK_MAX, look).await
        }),
    };
    let party = format!("the copy `{name}`");
    match held {
        Err(_) => Said::Away("no answer in time".to_owned()),
        Ok(Err(fault @ CopyFault::Foreign(_))) => Said::Contradicts(fault.to_string()),
        Ok(Err(fault)) => Said::Away(fault.to_string()),
        Ok(Ok(None)) => Said::Agrees,
        Ok(Ok(Some(held))) => match compare(tree, party, &held.checkpoint) {
            Err(fault) => Said::Contradicts(fault.to_string()),
            Ok(Some(rollback)) => Said::Knows(rollback),
            Ok(None) => Said::Agrees,
        },
    }
}

fn compare(
    tree: &OwnTree,
    party: String,
    checkpoint: &Checkpoint,
) -> Result<Option<Rollback>, OwnFault> {
    let size = checkpoint.size;
    let what = match tree.compare(size, &checkpoint.root)? {
        Standing::Within => return Ok(None),
        Standing::Larger => Witnessed::More(size),
        Standing::Different => Witnessed::Other(size),
    };
    let ours = tree.size();
    Ok(Some(Rollback { party, what, ours }))
}

fn checkpoint(path: &Path, key: &VerifierKey) -> Option<Checkpoint> {
    let note = read_bounded(path)?;
    Checkpoint::open(&note, key).ok()
}

fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(NOTE_BYTES_MAX).unwrap_or(u64::MAX);
    let file = File::open(path).ok()?;
    file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= NOTE_BYTES_MAX).then_some(bytes)
}

/// How many of the newest files are looked at, should one of them be damaged.
const NEWEST: usize = 4;
/// A store that does not answer does not hold up a start for longer.
const LOOK_MAX: std::time::Duration = std::time::Duration::from_secs(5);
