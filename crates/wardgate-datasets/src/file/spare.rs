//! Memory of files that are done, for the next ones: memory that is new costs more than what is put into it.

use std::sync::{Mutex, PoisonError};

/// Empty buffers.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    /// A buffer, perhaps one that was used before.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next file, unless there are enough or it is large.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT_MAX && buffer.capacity() <= KEPT_BYTES_MAX {
            free.push(buffer);
        }
    }
}

const KEPT_MAX: usize = 8;
const KEPT_BYTES_MAX: usize = 1 << 20;
