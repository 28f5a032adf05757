//! How each anchor stands: good, late, failing since, and whether it contradicts us.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;

use super::Surroundings;

/// What kind of party an anchor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A witness that cosigns checkpoints.
    Witness,
    /// A timestamp authority.
    Timestamp,
    /// A copy in object storage.
    Copy,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Timestamp => "timestamp",
            Self::Copy => "copy",
        }
    }
}

/// How an anchor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It did what it was asked last, or was not asked yet.
    Good,
    /// It has not for a while.
    Late,
    /// It has not for long.
    Failing,
    /// It contradicts us: it lies, or our ledger was rolled back.
    Contradicting,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Late => "late",
            Self::Failing => "failing",
            Self::Contradicting => "contradicting",
        }
    }
}

/// One anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// Its name in policy or configuration.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// When it last did what it was asked; the start of the process before that.
    pub since: Timestamp,
    /// Up to which size of the ledger it did.
    pub size: u64,
    /// What is wrong, if something is.
    pub fault: Option<String>,
}

/// An anchor was lost, or is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether it was lost.
    pub lost: bool,
    /// How it stands now, `since` as before it was back.
    pub status: Status,
}

/// The place of an anchor on the board.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

pub(super) struct Board {
    late_after_ms: u64,
    failing_after_ms: u64,
    surroundings: Surroundings,
    lines: Mutex<Vec<Line>>,
    quorum: Mutex<Quorum>,
}

struct Line {
    kind: Kind,
    name: String,
    good_at: Timestamp,
    good: Instant,
    size: u64,
    /// What is wrong, and whether it is a contradiction.
    fault: Option<(String, bool)>,
    lost: bool,
}

/// When everything that was published by then had the quorum.
struct Quorum {
    covered: Instant,
    missing: bool,
}

impl Board {
    pub(super) fn new(
        (late_after_ms, failing_after_ms): (u64, u64),
        surroundings: Surroundings,
    ) -> Self {
        Self {
            late_after_ms,
            failing_after_ms,
            surroundings,
            lines: Mutex::default(),
            quorum: Mutex::new(Quorum {
                covered: Instant::now(),
                missing: false,
            }),
        }
    }

    pub(super) fn add(&self, kind: Kind, name: &str) -> Place {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(Line {
            kind,
            name: name.to_owned(),
            good_at: (self.surroundings.clock)(),
            good: Instant::now(),
            size: 0,
            fault: None,
            lost: false,
        });
        Place(lines.len() - 1)
    }

    pub(super) fn all(&self) -> Vec<Status> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| self.status(line)).collect()
    }

    /// The anchor did what it was asked, up to a size.
    pub(super) fn good(&self, place: Place, size: u64) {
        self.change(place, |line, now| {
            let before = line.good_at;
            line.good_at = now;
            line.good = Instant::now();
            line.size = size;
            line.fault = None;
            before
        });
    }

    /// It did not.
    pub(super) fn bad(&self, place: Place, fault: &dyn fmt::Display, contradiction: bool) {
        self.change(place, |line, _| {
            line.fault = Some((fault.to_string(), contradiction));
            line.good_at
        });
    }

    /// A round of the witnesses that began at `began` reached the quorum, or did not.
    pub(super) fn quorum(&self, began: Option<Instant>) {
        let mut quorum = self.quorum.lock().unwrap_or_else(PoisonError::into_inner);
        match began {
            Some(began) => {
                quorum.covered = began;
                quorum.missing = false;
            }
            None => quorum.missing = true,
        }
    }

    pub(super) fn without_quorum_ms(&self) -> u64 {
        let quorum = self.quorum.lock().unwrap_or_else(PoisonError::into_inner);
        if !quorum.missing {
            return 0;
        }
        u64::try_from(quorum.covered.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Changes a line; tells of an anchor that is lost by it, or back. `change` returns when
    /// the anchor had been good before.
    fn change(&self, place: Place, change: impl FnOnce(&mut Line, Timestamp) -> Timestamp) {
        let now = (self.surroundings.clock)();
        let told = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(line) = lines.get_mut(place.0) else {
                return;
            };
            let since = change(line, now);
            let mut status = self.status(line);
            status.since = since;
            let lost = status.state >= State::Failing;
            // Late is neither: an anchor that comes and goes does not fill the ledger.
            let settled = lost || status.state == State::Good;
            let told = (settled && lost != line.lost).then_some(Change { lost, status });
            if settled {
                line.lost = lost;
            }
            told
        };
        if let Some(change) = told {
            (self.surroundings.on_change)(&change);
        }
    }

    fn status(&self, line: &Line) -> Status {
        let age_ms = u64::try_from(line.good.elapsed().as_millis()).unwrap_or(u64::MAX);
        let state = match &line.fault {
            None => State::Good,
            Some((_, true)) => State::Contradicting,
            Some(_) if age_ms >= self.failing_after_ms => State::Failing,
            Some(_) if age_ms >= self.late_after_ms => State::Late,
            Some(_) => State::Good,
        };
        Status {
            kind: line.kind,
            name: line.name.clone(),
            state,
            since: line.good_at,
            size: line.size,
            fault: line.fault.as_ref().map(|(fault, _)| fault.clone()),
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Told = Arc<Mutex<Vec<(bool, String)>>>;

    fn board(limits: (u64, u64)) -> (Board, Told) {
        let told = Told::default();
        let heard = Arc::clone(&told);
        let surroundings = Surroundings {
            clock: Arc::new(|| Timestamp::UNIX_EPOCH),
            nonce: || [0; 16],
            on_change: Arc::new(move |change: &Change| {
                let name = change.status.name.clone();
                heard.lock().unwrap().push((change.lost, name));
            }),
        };
        (Board::new(limits, surroundings), told)
    }

    #[test]
    fn an_anchor_is_lost_once_and_back_once() {
        let (board, told) = board((0, 0));
        let place = board.add(Kind::Witness, "w1");
        board.bad(place, &"away", false);
        board.bad(place, &"away", false);
        assert_eq!(board.all()[0].state, State::Failing);
        board.good(place, 7);
        board.good(place, 8);
        assert_eq!(
            (board.all()[0].state, board.all()[0].size),
            (State::Good, 8)
        );
        let name = || "w1".to_owned();
        assert_eq!(*told.lock().unwrap(), [(true, name()), (false, name())]);
    }

    #[test]
    fn one_that_is_late_is_not_told_of_and_one_that_contradicts_at_once() {
        let (board, told) = board((0, 1_000_000));
        let place = board.add(Kind::Copy, "vault");
        board.bad(place, &"away", false);
        assert_eq!(board.all()[0].state, State::Late);
        assert!(told.lock().unwrap().is_empty());
        board.bad(place, &"it has other entries", true);
        assert_eq!(board.all()[0].state, State::Contradicting);
        assert_eq!(told.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_quorum_is_missing_only_after_a_round_without_it() {
        let (board, _) = board((0, 0));
        assert_eq!(board.without_quorum_ms(), 0);
        let long_ago = Instant::now()
            .checked_sub(std::time::Duration::from_secs(5))
            .unwrap();
        board.quorum(Some(long_ago));
        assert_eq!(board.without_quorum_ms(), 0);
        board.quorum(None);
        assert!(board.without_quorum_ms() >= 5_000);
    }
}
