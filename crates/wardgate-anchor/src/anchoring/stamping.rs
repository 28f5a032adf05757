//! Has the published checkpoint timestamped every so often, and at the end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wardgate_tlog::note::VerifierKey;

use super::board::{Board, Kind, Place};
use super::turn::{Backoff, Bell};
use super::{Authority, Settings};
use crate::durable;
use crate::http::{Client, HttpFault};
use crate::own_tree::{OwnFault, OwnTree};
use crate::timestamp::{self, Nonce, RESPONSE_BYTES_MAX, TimestampFault};

/// The directory of the timestamps within that of the ledger.
pub const DIRECTORY: &str = "tsa";
/// What the name of a response ends with, after the size.
pub const RESPONSE: &str = ".tsr";
/// What the name of the checkpoint that it is over ends with.
pub const CHECKPOINT: &str = ".checkpoint";

pub(super) struct Stamping {
    directory: std::path::PathBuf,
    keys: Vec<VerifierKey>,
    authority: Authority,
    client: Client,
    board: Arc<Board>,
    bell: Arc<Bell>,
    place: Place,
}

impl Stamping {
    pub(super) fn new(
        settings: &Settings,
        authority: Authority,
        board: &Arc<Board>,
        bell: &Arc<Bell>,
    ) -> Self {
        Self {
            directory: settings.directory.clone(),
            keys: settings.keys.clone(),
            client: settings.client.clone(),
            board: Arc::clone(board),
            bell: Arc::clone(bell),
            place: board.add(Kind::Timestamp, "authority"),
            authority,
        }
    }

    pub(super) fn run(self, nonce: fn() -> Nonce) {
        let usual = Duration::from_millis(self.authority.interval_ms);
        let mut backoff = Backoff::default();
        let mut stamped = self.last();
        let mut finishing = false;
        loop {
            let good = match self.stamp(stamped, &nonce()) {
                Ok(size) => {
                    stamped = Some(size);
                    self.board.good(self.place, size);
                    true
                }
                Err(fault) => {
                    tracing::warn!(%fault, "the checkpoint was not timestamped");
                    self.board.bad(self.place, &fault, false);
                    false
                }
            };
            if finishing {
                return;
            }
            finishing = self.bell.wait(backoff.after(good, usual));
        }
    }

    /// The size that was stamped last, by the files.
    fn last(&self) -> Option<u64> {
        let sizes = durable::numbered(&self.directory.join(DIRECTORY), RESPONSE).ok()?;
        sizes.last().copied()
    }

    /// Has the tree stamped unless it has not grown.
    fn stamp(&self, stamped: Option<u64>, nonce: &Nonce) -> Result<u64, StampFault> {
        let tree = OwnTree::open(&self.directory, &self.keys)?;
        let size = tree.size();
        if stamped == Some(size) {
            return Ok(size);
        }
        let request = timestamp::request(tree.note(), nonce);
        let answer = self.client.post(
            &self.authority.url,
            "application/timestamp-query",
            &request,
            RESPONSE_BYTES_MAX,
        )?;
        if answer.status != 200 {
            return Err(StampFault::Status(answer.status));
        }
        timestamp::verify(
            tree.note(),
            &answer.body,
            &self.authority.roots,
            Some(nonce),
        )?;
        store(&self.directory, size, tree.note(), &answer.body).map_err(StampFault::Store)?;
        Ok(size)
    }
}

/// Writes the checkpoint, then the response over it; thins out old ones.
fn store(ledger: &Path, size: u64, note: &[u8], response: &[u8]) -> std::io::Result<()> {
    let directory = ledger.join(DIRECTORY);
    std::fs::create_dir_all(&directory)?;
    durable::write(&directory.join(format!("{size}{CHECKPOINT}")), note)?;
    durable::write(&directory.join(format!("{size}{RESPONSE}")), response)?;
    let kept = durable::numbered(&directory, CHECKPOINT)?;
    for old in durable::thin(&kept, STAMPS_MAX) {
        for suffix in [RESPONSE, CHECKPOINT] {
            // What stays is thinned out next time.
            let _ = std::fs::remove_file(directory.join(format!("{old}{suffix}")));
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum StampFault {
    #[error(transparent)]
    Own(#[from] OwnFault),
    #[error(transparent)]
    Http(#[from] HttpFault),
    #[error("the authority answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Timestamp(#[from] TimestampFault),
    #[error("the timestamp can not be stored: {0}")]
    Store(std::io::Error),
}

/// A month of timestamps every ten minutes; older ones lie further apart.
const STAMPS_MAX: usize = 4_320;
