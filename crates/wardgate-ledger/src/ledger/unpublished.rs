//! The entries that are durable but not yet in published tiles, shared by writer and publisher.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::tree::Hash;

#[derive(Debug)]
pub(super) struct Unpublished {
    bytes_max: usize,
    durable: AtomicU64,
    published: AtomicU64,
    faulty: AtomicBool,
    state: Mutex<State>,
    /// Tells the publisher that there is something to publish.
    work: Condvar,
    /// Tells the writer that there is room again.
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The entries from `first` on; those below the published size are dropped.
    entries: VecDeque<(Vec<u8>, Hash)>,
    first: u64,
    bytes: usize,
    closed: bool,
    fault: Option<Arc<str>>,
}

impl Unpublished {
    pub(super) fn new(published: u64, bytes_max: usize) -> Self {
        Self {
            bytes_max,
            durable: AtomicU64::new(published),
            published: AtomicU64::new(published),
            faulty: AtomicBool::new(false),
            state: Mutex::new(State {
                first: published,
                ..State::default()
            }),
            work: Condvar::new(),
            room: Condvar::new(),
        }
    }

    /// Takes durable entries; waits while the publisher is far behind.
    pub(super) fn add(&self, entries: impl Iterator<Item = (Vec<u8>, Hash)>) {
        let mut state = self.lock();
        while state.bytes > self.bytes_max && state.fault.is_none() {
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let was_idle = state.entries.is_empty();
        let was_small = state.bytes <= EARLY_BYTES;
        for (entry, hash) in entries {
            state.bytes = state.bytes.saturating_add(entry.len());
            state.entries.push_back((entry, hash));
        }
        let durable = state.first + state.entries.len() as u64;
        self.durable.store(durable, Ordering::Release);
        let wake = was_idle || (was_small && state.bytes > EARLY_BYTES);
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    /// Waits until it is time to publish; `false` when closed with nothing left.
    pub(super) fn wait(&self, delay: Duration) -> bool {
        let mut state = self.lock();
        while state.entries.is_empty() {
            if state.closed {
                return false;
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let early = |state: &State| state.bytes > EARLY_BYTES && state.fault.is_none();
        let waits = |state: &mut State| !state.closed && !early(state);
        drop(self.work.wait_timeout_while(state, delay, waits));
        true
    }

    /// Calls `take` with up to `count` entries from index `from` on.
    pub(super) fn peek(&self, from: u64, count: usize, mut take: impl FnMut(&[u8], &Hash)) {
        let state = self.lock();
        let skip = from
            .checked_sub(state.first)
            .and_then(|skip| usize::try_from(skip).ok());
        if let Some(skip) = skip {
            for (entry, hash) in state.entries.iter().skip(skip).take(count) {
                take(entry, hash);
            }
        }
    }

    /// Drops what has been published and clears the fault.
    pub(super) fn advance(&self, published: u64) {
        let mut state = self.lock();
        self.published.store(published, Ordering::Release);
        while state.first < published {
            let Some((entry, _)) = state.entries.pop_front() else {
                break;
            };
            state.bytes = state.bytes.saturating_sub(entry.len());
            state.first += 1;
        }
        state.fault = None;
        self.faulty.store(false, Ordering::Release);
        drop(state);
        self.room.notify_one();
    }

    /// Remembers why publishing failed; refuses appends until it succeeds.
    pub(super) fn fail(&self, reason: Arc<str>) {
        let mut state = self.lock();
        state.fault = Some(reason);
        self.faulty.store(true, Ordering::Release);
        drop(state);
        self.room.notify_one();
    }

    pub(super) fn fault(&self) -> Option<Arc<str>> {
        if self.faulty.load(Ordering::Acquire) {
            self.lock().fault.clone()
        } else {
            None
        }
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With this much waiting, publishing starts before its time.
const EARLY_BYTES: usize = 8 << 20;
