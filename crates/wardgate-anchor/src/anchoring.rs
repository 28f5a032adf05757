//! Keeps a running ledger anchored: asks witnesses, authorities and stores on threads of its
//! own, and knows how each of them stands. Never holds up an append, and holds no queue: each
//! turn looks at what is published by then, so an outage of days costs nothing.

mod board;
mod copying;
mod rounds;
mod stamping;
mod turn;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use wardgate_tlog::note::VerifierKey;
use wardgate_tlog::policy::Policy;

use self::board::Board;
pub use self::board::{Change, Kind, State, Status};
pub use self::rounds::DIRECTORY as COSIGNED_DIRECTORY;
pub use self::stamping::{
    CHECKPOINT as STAMPED_CHECKPOINT, DIRECTORY as STAMPS_DIRECTORY, RESPONSE as STAMP_RESPONSE,
};
use self::turn::Bell;
use crate::copies::Target;
use crate::http::Client;
use crate::timestamp::{Nonce, Roots};

/// What a ledger is anchored to.
#[derive(Clone)]
pub struct Settings {
    /// The directory of the ledger.
    pub directory: PathBuf,
    /// The keys that sign its checkpoints, Ed25519 first.
    pub keys: Vec<VerifierKey>,
    /// The witnesses and how many of them it takes.
    pub policy: Arc<Policy>,
    /// Milliseconds between two rounds of the witnesses.
    pub witness_interval_ms: u64,
    /// The timestamp authority, if there is one.
    pub authority: Option<Authority>,
    /// The copies, with their names.
    pub copies: Vec<(String, Target)>,
    /// Milliseconds between two runs of a copy.
    pub copy_interval_ms: u64,
    /// Milliseconds without success after which an anchor counts as late, then as failing.
    pub late_after_ms: u64,
    /// See [`Settings::late_after_ms`].
    pub failing_after_ms: u64,
    /// How witnesses and authorities are reached.
    pub client: Client,
}

/// A timestamp authority.
#[derive(Clone)]
pub struct Authority {
    /// Its address.
    pub url: String,
    /// Who vouches for it.
    pub roots: Arc<Roots>,
    /// Milliseconds between two timestamps.
    pub interval_ms: u64,
}

/// What the threads need from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// The wall clock, for what is told.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Fresh random bytes.
    pub nonce: fn() -> Nonce,
    /// Is told when an anchor is lost and when it is back.
    pub on_change: Arc<dyn Fn(&Change) + Send + Sync>,
}

/// The running threads.
#[derive(Debug)]
pub struct Anchoring {
    board: Arc<Board>,
    bell: Arc<Bell>,
    threads: Vec<JoinHandle<()>>,
}

/// Tells how the anchors stand; clones share it.
#[derive(Clone, Debug)]
pub struct Standings(Arc<Board>);

impl Standings {
    /// Every anchor.
    pub fn all(&self) -> Vec<Status> {
        self.0.all()
    }

    /// For how many milliseconds published entries have lacked the quorum of the policy.
    pub fn without_quorum_ms(&self) -> u64 {
        self.0.without_quorum_ms()
    }
}

impl Anchoring {
    /// Starts a thread for each kind of anchor that there is.
    pub fn start(settings: Settings, surroundings: Surroundings) -> std::io::Result<Self> {
        let board = Arc::new(Board::new(
            (settings.late_after_ms, settings.failing_after_ms),
            surroundings.clone(),
        ));
        let bell = Arc::new(Bell::default());
        let mut threads = Vec::new();
        let mut spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            thread.map(|thread| threads.push(thread))
        };
        let peers = crate::witness::client::peers(&settings.policy);
        if !peers.is_empty() {
            let rounds = rounds::Rounds::new(&settings, peers, &board, &bell)?;
            spawn("witnesses", Box::new(move || rounds.run()))?;
        }
        if let Some(authority) = settings.authority.clone() {
            let stamping = stamping::Stamping::new(&settings, authority, &board, &bell);
            let nonce = surroundings.nonce;
            spawn("timestamps", Box::new(move || stamping.run(nonce)))?;
        }
        if !settings.copies.is_empty() {
            let copying = copying::Copying::new(&settings, &board, &bell);
            spawn("copies", Box::new(move || copying.run()))?;
        }
        Ok(Self {
            board,
            bell,
            threads,
        })
    }

    /// How the anchors stand, from now on.
    pub fn standings(&self) -> Standings {
        Standings(Arc::clone(&self.board))
    }

    /// Anchors what has been published at last, then ends. Waits some seconds at most for a
    /// party that does not answer.
    pub fn finish(self) {
        self.bell.finish();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the anchors ended early");
            }
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Surroundings")
    }
}
