//! A durable append-only journal: framed segments, one writer, group commit.
//!
//! An append is answered when its record is on disk. Everything that waits while one sync runs
//! shares the next. After a failed write or sync the journal refuses, never touches that segment
//! again, and goes on in a new one once what was acknowledged reads back and the disk works again.
//! Two writers on one directory never both acknowledge: a lock keeps the second one out, and where
//! the lock does not hold, an epoch tells the first one that it has been followed.

mod fence;
pub mod frame;
mod open;
mod queue;
mod read;
mod reserve;
mod segments;
mod writer;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::sync::oneshot;

pub(crate) use self::fence::{Fence, FenceFault};
use self::frame::{DamagedRecord, FrameFault};
pub(crate) use self::open::{Home, OpenFor, Replayed, lock};
pub(crate) use self::queue::{Acknowledged, Job};
use self::queue::{Pushed, Queue, QueueLimits};
pub use self::read::{Frames, Record};
pub(crate) use self::segments::{first, read_counting, segment_numbers};
pub(crate) use self::writer::OnDurable;
use crate::disk::Disk;
use crate::floor;
use crate::incident::Incidents;

/// A durable journal; clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Inner>,
}

/// Where a record stands; it never moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u64,
    /// The offset of the record in the segment.
    pub offset: u64,
}

/// The limits of a journal.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// A segment that has reached this length is followed by a new one.
    pub segment_bytes: u64,
    /// The longest record.
    pub record_bytes_max: usize,
    /// How many records may wait for the writer.
    pub queue_records_max: usize,
    /// How many bytes may wait for the writer.
    pub queue_bytes_max: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            record_bytes_max: 16 << 20,
            queue_records_max: 4096,
            queue_bytes_max: 64 << 20,
        }
    }
}

/// What opening a journal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalRecovery {
    /// How many records there are.
    pub records: u64,
    /// How many bytes of a write that was never acknowledged were cut off.
    pub dropped_bytes: u64,
}

impl Journal {
    /// Appends a record; durable on return.
    ///
    /// A future that is dropped after its first poll may still append.
    pub async fn append(&self, payload: Vec<u8>) -> Result<Position, JournalError> {
        let job = Job::new(payload, [0; 32], false);
        Ok(self.append_job(job).await?.position)
    }

    /// Appends a record soon, without telling when; never waits.
    pub fn append_detached(&self, payload: Vec<u8>) -> Result<(), JournalError> {
        self.push_detached(Job::new(payload, [0; 32], true))
    }

    /// Reads the record at a position and checks it.
    pub fn read(&self, position: Position) -> Result<Vec<u8>, JournalError> {
        read::record(&self.inner.directory, position, self.inner.record_bytes_max)
    }

    /// Iterates over the durable records from a position on; `None` starts at the first.
    pub fn records(&self, from: Option<Position>) -> Frames {
        Frames::new(self.inner.directory.clone(), from)
    }

    /// Removes the segments before one for good, with all their records. The last segment stays.
    /// Returns how many were removed; one that was interrupted is completed by the next.
    pub fn drop_segments_before(&self, segment: u64) -> Result<u64, JournalError> {
        let segments = segments::segments(&self.inner.directory)?;
        let first = segments.iter().find(|found| found.header.number == segment);
        match first {
            Some(first) => self.drop_below(first.header.first_ordinal, 0),
            None => Ok(0),
        }
    }

    /// Whether the journal takes records, and if not, why.
    pub fn health(&self) -> Result<(), JournalError> {
        self.inner.queue.refusal().map_or(Ok(()), Err)
    }

    /// Writes what waits, then lets go of the directory. All clones are closed.
    pub fn close(&self) {
        self.inner.stop();
    }

    pub(crate) async fn append_job(&self, mut job: Job) -> Result<Acknowledged, JournalError> {
        self.check_size(&job.payload)?;
        let (reply, answer) = oneshot::channel();
        job.reply = Some(reply);
        for _ in 0..ROOM_TRIES {
            match self.inner.queue.push(job) {
                Pushed::Taken => return answer.await.unwrap_or(Err(JournalError::Closed)),
                Pushed::Refused(error) => return Err(error),
                Pushed::Full(back, room) => {
                    job = back;
                    // An error here means that the queue was poisoned, which the next try says.
                    let _ = room.await;
                }
            }
        }
        Err(JournalError::Busy)
    }

    pub(crate) fn push_detached(&self, job: Job) -> Result<(), JournalError> {
        self.check_size(&job.payload)?;
        self.inner.queue.push_now(job)
    }

    /// The right to write that the writer holds.
    pub(crate) fn fence(&self) -> &Arc<Fence> {
        &self.inner.fence
    }

    pub(crate) fn incidents(&self) -> &Arc<Incidents> {
        &self.inner.incidents
    }

    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        &self.inner.disk
    }

    /// Drops the segments whose records all lie below `ordinal`, but for the last `keep` of them.
    ///
    /// Only for an owner who has the records elsewhere.
    pub(crate) fn drop_below(&self, ordinal: u64, keep: u64) -> Result<u64, JournalError> {
        let directory = &self.inner.directory;
        let segments = segments::segments(directory)?;
        let below = segments
            .iter()
            .skip(1)
            .take_while(|next| next.header.first_ordinal <= ordinal);
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        let count = below.count().saturating_sub(keep);
        let Some(first) = segments.get(count).filter(|_| count > 0) else {
            return Ok(0);
        };
        let path = directory.join(segments::FIRST_FILE);
        floor::raise(&*self.inner.disk, &path, first.header.number)
            .map_err(|source| JournalError::io("raising", &path, source))?;
        for dropped in segments.iter().take(count) {
            let path = segments::segment_path(directory, dropped.header.number);
            match self.inner.disk.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(JournalError::io("removing", &path, error));
                }
                _ => {}
            }
        }
        Ok(count as u64)
    }

    fn check_size(&self, payload: &[u8]) -> Result<(), JournalError> {
        let bytes_max = self.inner.record_bytes_max;
        if payload.len() > bytes_max {
            return Err(JournalError::TooLarge {
                bytes: payload.len(),
                bytes_max,
            });
        }
        Ok(())
    }
}

/// Why a journal does not do what it was asked.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// More waits for the disk than the queue holds.
    #[error("the journal is busy: more records wait for the disk than it holds")]
    Busy,
    /// A write or sync failed; records are refused until the disk works again.
    #[error("the journal can not write: {reason}")]
    Failing {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The volume is full; only what ends something under way is taken.
    #[error("the journal has no room: {reason}")]
    Full {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// Nothing is acknowledged any more until the journal is opened again.
    #[error("the journal stopped: {reason}")]
    Poisoned {
        /// What failed, and a hint.
        reason: Arc<str>,
    },
    /// The journal has been closed.
    #[error("the journal is closed")]
    Closed,
    /// A record is longer than the journal takes.
    #[error("a record has {bytes} bytes, more than the limit of {bytes_max}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Another process has the directory.
    #[error("another process uses `{}`", .directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// There is already a journal, or something else, in the directory.
    #[error("`{}` already holds a journal", .directory.display())]
    Exists {
        /// The directory.
        directory: PathBuf,
    },
    /// There is no journal in the directory.
    #[error("`{}` holds no journal", .directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// Records that had been acknowledged are damaged.
    #[error("segment {segment} of the journal is damaged: {damage}")]
    Damaged {
        /// The segment.
        segment: u64,
        /// The first record that does not read.
        damage: DamagedRecord,
    },
    /// A single record does not read at its position.
    #[error("segment {segment} of the journal does not read: {fault}")]
    Unreadable {
        /// The segment.
        segment: u64,
        /// What is wrong, and where.
        fault: FrameFault,
    },
    /// Segments are missing, cut short or do not follow each other.
    #[error("segment {segment} of the journal {what}")]
    Segments {
        /// The segment.
        segment: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Fewer records than are known to have been acknowledged.
    #[error("the journal ends at record {records}, but {expected} had been acknowledged")]
    Short {
        /// How many records it holds.
        records: u64,
        /// How many it must hold.
        expected: u64,
    },
    /// The owner of the journal refused what it holds.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: Arc<str>,
    },
    /// The file system failed.
    #[error("{action} `{}` failed: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// What went wrong.
        source: Arc<io::Error>,
    },
}

impl JournalError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy => "try again; if it lasts, the disk is too slow for the load",
            Self::Failing { .. } => "remove the cause; the disk is tried again by itself",
            Self::Full { .. } => "free space on the volume; that is noticed by itself",
            Self::Poisoned { .. } => {
                "remove the cause, then start again; recovery keeps all that was acknowledged"
            }
            Self::Closed => "open the journal again",
            Self::TooLarge { .. } => "split the record or raise the limit",
            Self::Locked { .. } => "stop the other process first",
            Self::Exists { .. } => "open it instead, or choose an empty directory",
            Self::Missing { .. } => "check the path, or create it first",
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Segments { .. }
            | Self::Short { .. }
            | Self::Refused { .. } => {
                "keep the directory as it is for the investigation and restore a copy that verifies"
            }
            Self::Io { source, .. } => crate::file::hint(source),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    fence: Arc<Fence>,
    incidents: Arc<Incidents>,
    record_bytes_max: usize,
    queue: Arc<Queue>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    writer: JoinHandle<()>,
    /// Held until the writer is done.
    lock: File,
}

impl Inner {
    fn stop(&self) {
        self.queue.close();
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Running { writer, lock }) = running {
            let _ = writer.join();
            drop(lock);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn queue_limits(options: &JournalOptions) -> QueueLimits {
    QueueLimits {
        frames_max: options.queue_records_max.max(1),
        bytes_max: options.queue_bytes_max,
    }
}

/// How often an append offers its record to a full queue: each time the queue has been emptied.
const ROOM_TRIES: usize = 3;

#[cfg(test)]
mod tests;
