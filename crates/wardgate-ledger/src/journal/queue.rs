//! The bounded queue between those who append and the one writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{JournalError, Position};

/// A record on its way to the writer.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) payload: Vec<u8>,
    /// Kept beside the payload for the owner of the journal, who sees it again when the
    /// record is durable.
    pub(crate) digest: [u8; 32],
    /// Ends something that is under way, so it is taken as long as there is any room.
    pub(crate) closing: bool,
    pub(crate) reply: Option<oneshot::Sender<Result<Acknowledged, JournalError>>>,
}

/// Where a durable record stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) ordinal: u64,
    pub(crate) position: Position,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    pub(crate) frames_max: usize,
    pub(crate) bytes_max: usize,
}

#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: Vec<Job>,
    bytes: usize,
    writer_waits: bool,
    closed: bool,
    stop: Stop,
    /// The volume is full: only what closes something is taken.
    full: Option<Arc<str>>,
    waiting_for_room: Vec<oneshot::Sender<()>>,
    /// The bytes of the records that wait for room.
    waiting_bytes: usize,
}

/// Whether a fault stops everything.
#[derive(Debug, Default)]
enum Stop {
    #[default]
    No,
    /// Until the disk works again.
    ForNow(Arc<str>),
    /// Until the journal is opened again.
    ForGood(Arc<str>),
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Jobs have been moved over.
    Jobs,
    /// The time is over and nothing came.
    Idle,
    /// The queue is closed and empty.
    Closed,
}

/// The queue took the job, or says why not.
#[derive(Debug)]
pub(crate) enum Pushed {
    Taken,
    Full(Job, oneshot::Receiver<()>),
    Refused(JournalError),
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            ready: Condvar::new(),
        }
    }

    /// Puts a job into the queue; when it is full, hands it back with a sign of the next room.
    pub(crate) fn push(&self, job: Job) -> Pushed {
        let mut state = self.lock();
        if let Some(error) = state.refusal(job.closing) {
            return Pushed::Refused(error);
        }
        if self.is_full(&state, &job, 1) {
            // Those who wait for room are bounded too; beyond that the answer is at once.
            let bytes = state.waiting_bytes.saturating_add(job.payload.len());
            if state.waiting_for_room.len() >= self.limits.frames_max
                || bytes > self.limits.bytes_max
            {
                return Pushed::Refused(JournalError::Busy);
            }
            state.waiting_bytes = bytes;
            let (room, wait) = oneshot::channel();
            state.waiting_for_room.push(room);
            return Pushed::Full(job, wait);
        }
        self.take(state, job);
        Pushed::Taken
    }

    /// Puts a job into the queue without waiting; may use a reserve of the same size again.
    pub(crate) fn push_now(&self, job: Job) -> Result<(), JournalError> {
        let state = self.lock();
        if let Some(error) = state.refusal(job.closing) {
            return Err(error);
        }
        if self.is_full(&state, &job, 2) {
            return Err(JournalError::Busy);
        }
        self.take(state, job);
        Ok(())
    }

    /// Waits for jobs, for ever or for a time, and moves all of them over.
    pub(crate) fn drain(&self, into: &mut Vec<Job>, within: Option<Duration>) -> Drained {
        let mut state = self.lock();
        let mut timed_out = false;
        while state.jobs.is_empty() {
            if state.closed {
                return Drained::Closed;
            }
            if timed_out {
                return Drained::Idle;
            }
            state.writer_waits = true;
            state = match within {
                None => self
                    .ready
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(within) => {
                    let waited = self.ready.wait_timeout(state, within);
                    let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                    timed_out = waited.timed_out();
                    state
                }
            };
        }
        state.writer_waits = false;
        state.bytes = 0;
        std::mem::swap(&mut state.jobs, into);
        state.let_in();
        Drained::Jobs
    }

    /// Whether nothing waits for the writer just now.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().jobs.is_empty()
    }

    /// Refuses everything from now on, for good or until [`Queue::heal`].
    pub(crate) fn stop(&self, reason: &Arc<str>, for_good: bool) {
        let mut state = self.lock();
        let reason = Arc::clone(reason);
        state.stop = if for_good {
            Stop::ForGood(reason)
        } else {
            Stop::ForNow(reason)
        };
        state.bytes = 0;
        state.let_in();
        let jobs = std::mem::take(&mut state.jobs);
        if let Some(error) = state.refusal(true) {
            for job in jobs {
                job.answer(Err(error.clone()));
            }
        }
    }

    /// Takes records again after a stop for now.
    pub(crate) fn heal(&self) {
        self.lock().stop = Stop::No;
    }

    /// Says that the volume is full, and why that is known, or that there is room again.
    pub(crate) fn set_full(&self, reason: Option<Arc<str>>) {
        let mut state = self.lock();
        state.full = reason;
        let Some(error) = state.refusal(false) else {
            return;
        };
        let (closing, others) = std::mem::take(&mut state.jobs)
            .into_iter()
            .partition(|job| job.closing);
        state.jobs = closing;
        state.bytes = state.jobs.iter().map(|job| job.payload.len()).sum();
        for job in others {
            job.answer(Err(error.clone()));
        }
        state.let_in();
    }

    /// Waits for a time; `false` when the queue is closed meanwhile.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let waited = self
            .ready
            .wait_timeout_while(state, time, |state| !state.closed);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Takes nothing more; the writer finishes what is there.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    /// Why nothing can be appended, if so.
    pub(crate) fn refusal(&self) -> Option<JournalError> {
        self.lock().refusal(false)
    }

    fn is_full(&self, state: &State, job: &Job, times: usize) -> bool {
        // A job alone always fits: its own size has been checked before.
        let frames = state.jobs.len() >= self.limits.frames_max.saturating_mul(times);
        let bytes = state.bytes.saturating_add(job.payload.len())
            > self.limits.bytes_max.saturating_mul(times);
        frames || (bytes && !state.jobs.is_empty())
    }

    fn take(&self, mut state: MutexGuard<'_, State>, job: Job) {
        state.bytes = state.bytes.saturating_add(job.payload.len());
        state.jobs.push(job);
        let wake = std::mem::take(&mut state.writer_waits);
        drop(state);
        // A writer that is busy looks into the queue by itself when it is done.
        if wake {
            self.ready.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn refusal(&self, closing: bool) -> Option<JournalError> {
        let reason = Arc::clone;
        match (&self.stop, &self.full) {
            (Stop::ForGood(why), _) => Some(JournalError::Poisoned {
                reason: reason(why),
            }),
            (Stop::ForNow(why), _) => Some(JournalError::Failing {
                reason: reason(why),
            }),
            _ if self.closed => Some(JournalError::Closed),
            (Stop::No, Some(why)) if !closing => Some(JournalError::Full {
                reason: reason(why),
            }),
            (Stop::No, _) => None,
        }
    }

    /// Tells those who wait for room to look again.
    fn let_in(&mut self) {
        self.waiting_bytes = 0;
        for room in self.waiting_for_room.drain(..) {
            let _ = room.send(());
        }
    }
}

impl Job {
    pub(crate) fn new(payload: Vec<u8>, digest: [u8; 32], closing: bool) -> Self {
        Self {
            payload,
            digest,
            closing,
            reply: None,
        }
    }

    pub(crate) fn answer(self, with: Result<Acknowledged, JournalError>) {
        if let Some(reply) = self.reply {
            // Whoever asked may have gone; the record stands all the same.
            let _ = reply.send(with);
        }
    }
}
