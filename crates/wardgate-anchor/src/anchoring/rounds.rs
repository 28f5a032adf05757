//! Rounds of the witnesses: each asks all of them, that are not still busy with an earlier one,
//! for one and the same checkpoint, until the quorum of the policy has cosigned it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use wardgate_tlog::note::{Note, VerifierKey};
use wardgate_tlog::policy::Policy;
use wardgate_tlog::witness::add_cosignatures;

use super::Settings;
use super::board::{Board, Kind, Place};
use super::turn::{Backoff, Bell};
use crate::durable;
use crate::http::Client;
use crate::own_tree::OwnTree;
use crate::witness::client::{Peer, PeerFault};

/// The directory of cosigned checkpoints within that of the ledger; the name is the size.
pub const DIRECTORY: &str = "cosigned";

pub(super) struct Rounds {
    directory: PathBuf,
    keys: Vec<VerifierKey>,
    policy: Arc<Policy>,
    witnesses: Vec<Witness>,
    answers: Receiver<Answer>,
    usual: Duration,
    board: Arc<Board>,
    bell: Arc<Bell>,
    round: Option<Round>,
}

struct Witness {
    place: Place,
    /// Asks it to cosign a tree; a thread of its own waits for the answer.
    ask: Sender<Arc<OwnTree>>,
    busy: bool,
    backoff: Backoff,
    again: Instant,
}

struct Answer {
    witness: usize,
    size: u64,
    cosigned: Result<String, PeerFault>,
}

struct Round {
    began: Instant,
    tree: Arc<OwnTree>,
    note: String,
    quorum: bool,
}

impl Rounds {
    pub(super) fn new(
        settings: &Settings,
        peers: Vec<Peer>,
        board: &Arc<Board>,
        bell: &Arc<Bell>,
    ) -> std::io::Result<Self> {
        let (sender, answers) = channel();
        let mut witnesses = Vec::new();
        for (number, peer) in peers.into_iter().enumerate() {
            let place = board.add(Kind::Witness, peer.name());
            let (ask, asked) = channel();
            let (sender, client) = (sender.clone(), settings.client.clone());
            std::thread::Builder::new()
                .name("witness".to_owned())
                .spawn(move || ask_one(peer, number, &client, &asked, &sender))?;
            witnesses.push(Witness {
                place,
                ask,
                busy: false,
                backoff: Backoff::default(),
                again: Instant::now(),
            });
        }
        Ok(Self {
            directory: settings.directory.clone(),
            keys: settings.keys.clone(),
            policy: Arc::clone(&settings.policy),
            witnesses,
            answers,
            usual: Duration::from_millis(settings.witness_interval_ms),
            board: Arc::clone(board),
            bell: Arc::clone(bell),
            round: None,
        })
    }

    pub(super) fn run(mut self) {
        loop {
            self.begin_or_go_on();
            self.collect(Instant::now() + TICK, |rounds| !rounds.any_busy());
            if self.bell.wait(self.pause()) {
                break;
            }
        }
        // One more round over what has been published at last.
        let end = Instant::now() + LAST_ROUND_MAX;
        self.collect(end, |rounds| !rounds.any_busy());
        self.round = None;
        for witness in &mut self.witnesses {
            witness.again = Instant::now();
        }
        self.begin_or_go_on();
        self.collect(end, |rounds| !rounds.any_busy());
    }

    fn any_busy(&self) -> bool {
        self.witnesses.iter().any(|witness| witness.busy)
    }

    /// Short while answers are awaited; otherwise until somebody is to be asked again.
    fn pause(&self) -> Duration {
        if self.any_busy() {
            Duration::ZERO
        } else {
            TICK.min(self.usual)
        }
    }

    /// Begins a round when more has been published and the last one is over; asks again in a
    /// round that is not complete.
    fn begin_or_go_on(&mut self) {
        let over = self.round.as_ref().is_none_or(|round| {
            let old = round.began.elapsed();
            // One that lacks a quorum makes way too: a larger tree is as good.
            old >= self.usual && (round.quorum || !self.any_busy() || old >= ROUND_MAX)
        });
        if over && let Err(fault) = self.begin() {
            tracing::warn!(%fault, "the published checkpoint can not be read");
        }
        let Some(round) = &self.round else {
            return;
        };
        let size = round.tree.size();
        for witness in &mut self.witnesses {
            let due = !witness.busy && Instant::now() >= witness.again;
            if due && witness.ask.send(Arc::clone(&round.tree)).is_ok() {
                witness.busy = true;
            }
        }
        tracing::trace!(size, "witnesses are asked");
    }

    fn begin(&mut self) -> Result<(), crate::own_tree::OwnFault> {
        let tree = OwnTree::open(&self.directory, &self.keys)?;
        if let Some(round) = &mut self.round
            && round.tree.size() == tree.size()
        {
            // Nothing new was published, so what has the quorum goes on having it.
            round.began = Instant::now();
            if round.quorum {
                self.board.quorum(Some(round.began));
            } else {
                self.board.quorum(None);
            }
            return Ok(());
        }
        if self.round.as_ref().is_some_and(|round| !round.quorum) {
            self.board.quorum(None);
        }
        let now = Instant::now();
        for witness in &mut self.witnesses {
            // Those that answered the last round are due; those that did not wait their time.
            if witness.backoff.is_good() {
                witness.again = now;
            }
        }
        let note = String::from_utf8_lossy(tree.note()).into_owned();
        let quorum = self.policy.quorum_of(|_| false);
        if quorum {
            self.board.quorum(Some(now));
        }
        self.round = Some(Round {
            began: now,
            tree: Arc::new(tree),
            note,
            quorum,
        });
        Ok(())
    }

    /// Takes answers until a time, or until enough.
    fn collect(&mut self, until: Instant, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(answer) => self.take(answer),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        let Some(witness) = self.witnesses.get_mut(answer.witness) else {
            return;
        };
        witness.busy = false;
        let good = answer.cosigned.is_ok();
        let wait = witness.backoff.after(good, RETRY_MAX);
        witness.again = Instant::now() + if good { FOREVER } else { wait };
        match answer.cosigned {
            Ok(cosigned) => {
                self.board.good(witness.place, answer.size);
                self.merge(answer.size, &cosigned);
            }
            Err(fault) => {
                let contradiction = fault.is_contradiction();
                if contradiction {
                    tracing::error!(%fault, hint = fault.hint(), "a witness contradicts this ledger");
                } else {
                    tracing::warn!(%fault, hint = fault.hint(), "a witness did not cosign");
                }
                self.board.bad(witness.place, &fault, contradiction);
            }
        }
    }

    /// Adds cosignatures to the note of the round, and stores it once it has the quorum.
    fn merge(&mut self, size: u64, cosigned: &str) {
        let Some(round) = &mut self.round else {
            return;
        };
        let lines = cosigned.strip_prefix(round_note(&round.tree).as_str());
        // An answer to an earlier round comes too late.
        let Some(lines) = lines.filter(|_| size == round.tree.size()) else {
            return;
        };
        let keys: Vec<_> = self
            .policy
            .witnesses()
            .iter()
            .map(|witness| witness.key.clone())
            .collect();
        let Ok((longer, _)) = add_cosignatures(&round.note, lines.as_bytes(), &keys) else {
            return;
        };
        round.note = longer;
        let Ok(note) = Note::parse(round.note.as_bytes()) else {
            return;
        };
        let signed = |place: usize| {
            let key = keys.get(place);
            key.is_some_and(|key| matches!(note.signed_by(key), Ok(Some(_))))
        };
        if !self.policy.quorum_of(signed) {
            return;
        }
        match store(&self.directory, size, round.note.as_bytes()) {
            Ok(()) => {
                round.quorum = true;
                self.board.quorum(Some(round.began));
            }
            Err(error) => tracing::error!(%error, "a cosigned checkpoint can not be stored"),
        }
    }
}

/// The thread of one witness: one request at a time, so it never holds up another one.
fn ask_one(
    mut peer: Peer,
    number: usize,
    client: &Client,
    asked: &Receiver<Arc<OwnTree>>,
    answers: &Sender<Answer>,
) {
    for tree in asked {
        let cosigned = peer.cosign(client, &tree, &round_note(&tree));
        let answer = Answer {
            witness: number,
            size: tree.size(),
            cosigned,
        };
        // Nobody waits any more when the node is stopping.
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn round_note(tree: &OwnTree) -> String {
    String::from_utf8_lossy(tree.note()).into_owned()
}

/// Writes a cosigned checkpoint, and thins out old ones.
fn store(ledger: &Path, size: u64, note: &[u8]) -> std::io::Result<()> {
    let directory = ledger.join(DIRECTORY);
    std::fs::create_dir_all(&directory)?;
    durable::write(&directory.join(size.to_string()), note)?;
    for old in durable::thin(&durable::numbered(&directory, "")?, COSIGNED_MAX) {
        // What stays is thinned out next time.
        let _ = std::fs::remove_file(directory.join(old.to_string()));
    }
    Ok(())
}

const TICK: Duration = Duration::from_millis(500);
/// A round is not kept open longer for those that do not answer.
const ROUND_MAX: Duration = Duration::from_secs(15);
const LAST_ROUND_MAX: Duration = Duration::from_secs(5);
/// One that is away is asked again this often.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// One that has cosigned is not asked again in the same round.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3_600);
const COSIGNED_MAX: usize = 256;
