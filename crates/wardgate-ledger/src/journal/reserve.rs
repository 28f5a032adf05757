//! Room on the volume that is kept for the last entries before a full disk stops everything.

use std::io;
use std::path::PathBuf;

use crate::disk::Disk;

/// A file that takes room while there is some, and gives it back when there is none.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    bytes: u64,
    made: bool,
}

impl Reserve {
    /// A reserve of so many bytes, not made yet; 0 is none.
    pub(crate) fn new(path: PathBuf, bytes: u64) -> Self {
        Self {
            path,
            bytes,
            made: false,
        }
    }

    /// Whether there is nothing to make.
    pub(crate) fn is_whole(&self) -> bool {
        self.made || self.bytes == 0
    }

    /// Takes the room, for good only when there is as much again beside it.
    ///
    /// Else a volume that is full but for a few blocks would be taken for one with room.
    pub(crate) fn make(&mut self, disk: &dyn Disk) -> io::Result<()> {
        if self.is_whole() {
            return Ok(());
        }
        let file = disk.create(&self.path)?;
        let made = file
            .allocate(0..self.bytes.saturating_mul(2))
            .and_then(|()| file.set_length(self.bytes))
            .and_then(|()| file.sync_all());
        self.made = made.is_ok();
        if made.is_err() {
            let _ = disk.remove(&self.path);
        }
        made
    }

    /// Gives the room back; `false` when there is none to give.
    pub(crate) fn free(&mut self, disk: &dyn Disk) -> bool {
        let made = std::mem::take(&mut self.made);
        made && disk.remove(&self.path).is_ok()
    }
}

/// The name of the file of the reserve.
pub(crate) const RESERVE_FILE: &str = "reserve";
