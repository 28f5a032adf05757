//! Brings every copy up to what is published, every so often and at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wardgate_tlog::note::VerifierKey;

use super::Settings;
use super::board::{Board, Kind, Place};
use super::turn::{Backoff, Bell};
use crate::copies::{Brought, Copy, CopyFault, Target};
use crate::own_tree::OwnTree;

pub(super) struct Copying {
    directory: PathBuf,
    keys: Vec<VerifierKey>,
    copies: Vec<One>,
    usual: Duration,
    board: Arc<Board>,
    bell: Arc<Bell>,
}

struct One {
    target: Target,
    place: Place,
    open: Option<Copy>,
    size: Option<u64>,
}

impl Copying {
    pub(super) fn new(settings: &Settings, board: &Arc<Board>, bell: &Arc<Bell>) -> Self {
        let one = |(name, target): &(String, Target)| One {
            target: target.clone(),
            place: board.add(Kind::Copy, name),
            open: None,
            size: None,
        };
        Self {
            directory: settings.directory.clone(),
            keys: settings.keys.clone(),
            copies: settings.copies.iter().map(one).collect(),
            usual: Duration::from_millis(settings.copy_interval_ms),
            board: Arc::clone(board),
            bell: Arc::clone(bell),
        }
    }

    pub(super) fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "the copies can not be kept");
                return;
            }
        };
        let mut backoff = Backoff::default();
        let mut finishing = false;
        loop {
            let mut good = true;
            for at in 0..self.copies.len() {
                let turn = runtime.block_on(async {
                    let turn = self.turn(at);
                    if !finishing {
                        return Some(turn.await);
                    }
                    tokio::time::timeout(LAST_TURN_MAX, turn).await.ok()
                });
                good &= turn == Some(true);
            }
            if finishing {
                return;
            }
            finishing = self.bell.wait(backoff.after(good, self.usual));
        }
    }

    /// One run of one copy; whether it is up to date now.
    async fn turn(&mut self, at: usize) -> bool {
        let (directory, keys) = (&self.directory, &self.keys);
        let Some(one) = self.copies.get_mut(at) else {
            return true;
        };
        match one.bring(directory, keys).await {
            Ok(Brought { size, created }) => {
                if created > 0 {
                    tracing::debug!(size, created, "a copy was brought up to date");
                }
                one.size = Some(size);
                self.board.good(one.place, size);
                true
            }
            Err(fault) => {
                tracing::warn!(%fault, hint = fault.hint(), "a copy is not up to date");
                // Opened again next time: a volume may be mounted by then.
                one.open = None;
                self.board.bad(one.place, &fault, fault.is_contradiction());
                false
            }
        }
    }
}

impl One {
    async fn bring(
        &mut self,
        directory: &std::path::Path,
        keys: &[VerifierKey],
    ) -> Result<Brought, CopyFault> {
        let tree = OwnTree::open(directory, keys)?;
        let Some(key) = keys.first() else {
            return Err(CopyFault::Setting("there is no key of the log".to_owned()));
        };
        let size = tree.size();
        if self.size == Some(size) {
            return Ok(Brought { size, created: 0 });
        }
        let copy = match self.open.take() {
            Some(copy) => copy,
            None => self.target.open()?,
        };
        let brought = copy.bring(&tree, key).await;
        self.open = Some(copy);
        brought
    }
}

/// At the end a store that does not answer is left behind.
const LAST_TURN_MAX: Duration = Duration::from_secs(10);
