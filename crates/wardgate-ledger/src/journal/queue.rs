//! The bounded queue between those who append and the one writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{JournalError, Position};

/// A record on its way to the writer.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) payload: Vec<u8>,
    /// Kept beside the payload for the owner of the journal, who sees it again when the
    /// record is durable.
    pub(crate) digest: [u8; 32],
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
    fault: Option<Arc<str>>,
    waiting_for_room: Vec<oneshot::Sender<()>>,
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
        if let Some(error) = state.refusal() {
            return Pushed::Refused(error);
        }
        if self.is_full(&state, &job, 1) {
            // Those who wait for room are bounded too; beyond that the answer is at once.
            if state.waiting_for_room.len() >= self.limits.frames_max {
                return Pushed::Refused(JournalError::Busy);
            }
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
        if let Some(error) = state.refusal() {
            return Err(error);
        }
        if self.is_full(&state, &job, 2) {
            return Err(JournalError::Busy);
        }
        self.take(state, job);
        Ok(())
    }

    /// Waits for jobs and moves all of them over; `false` when the queue is closed and empty.
    pub(crate) fn drain(&self, into: &mut Vec<Job>) -> bool {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.closed {
                return false;
            }
            state.writer_waits = true;
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_waits = false;
        state.bytes = 0;
        std::mem::swap(&mut state.jobs, into);
        for room in state.waiting_for_room.drain(..) {
            let _ = room.send(());
        }
        true
    }

    /// Refuses everything from now on.
    pub(crate) fn poison(&self, reason: Arc<str>) {
        let mut state = self.lock();
        state.fault = Some(Arc::clone(&reason));
        state.waiting_for_room.clear();
        for job in std::mem::take(&mut state.jobs) {
            job.answer(Err(JournalError::Poisoned {
                reason: Arc::clone(&reason),
            }));
        }
    }

    /// Takes nothing more; the writer finishes what is there.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    /// Why nothing can be appended, if so.
    pub(crate) fn refusal(&self) -> Option<JournalError> {
        self.lock().refusal()
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
    fn refusal(&self) -> Option<JournalError> {
        match &self.fault {
            Some(reason) => Some(JournalError::Poisoned {
                reason: Arc::clone(reason),
            }),
            None if self.closed => Some(JournalError::Closed),
            None => None,
        }
    }
}

impl Job {
    pub(crate) fn answer(self, with: Result<Acknowledged, JournalError>) {
        if let Some(reply) = self.reply {
            // Whoever asked may have gone; the record stands all the same.
            let _ = reply.send(with);
        }
    }
}
