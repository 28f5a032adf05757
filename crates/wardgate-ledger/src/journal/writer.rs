//! The one thread that writes: everything that waits becomes one write and one sync.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{Disk, SegmentFile};
use super::frame::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::queue::{Acknowledged, Job, Queue};
use super::{JournalError, Position, segment_path};
use crate::file;

/// Sees every record after it is durable and before it is acknowledged.
pub(crate) type OnDurable = Box<dyn FnMut(&mut [Job]) + Send>;

pub(super) struct Writer {
    pub(super) directory: PathBuf,
    pub(super) queue: Arc<Queue>,
    pub(super) disk: Box<dyn Disk>,
    pub(super) segment: Box<dyn SegmentFile>,
    pub(super) number: u64,
    pub(super) offset: u64,
    /// Up to where the segment has been filled with zeros ahead.
    pub(super) reserved: u64,
    pub(super) next_ordinal: u64,
    pub(super) segment_bytes: u64,
    pub(super) on_durable: OnDurable,
    pub(super) buffer: Vec<u8>,
}

impl Writer {
    /// Runs until the queue is closed or a write fails.
    pub(super) fn run(mut self) {
        let mut jobs = Vec::new();
        while self.queue.drain(&mut jobs) {
            while !jobs.is_empty() {
                let count = batch_length(&jobs);
                match self.commit(jobs.get(..count).unwrap_or(&jobs)) {
                    Ok(offsets) => self.acknowledge(&mut jobs, &offsets),
                    Err(error) => return self.fail(jobs, &error),
                }
            }
        }
        // What is left of the reserve is no harm at the next open.
        let _ = self.segment.truncate(self.offset);
    }

    /// Makes a batch durable and returns the offset of each record.
    fn commit(&mut self, batch: &[Job]) -> io::Result<Vec<u64>> {
        if self.offset >= self.segment_bytes {
            self.rotate()?;
        }
        self.buffer.clear();
        let payloads = batch.iter().map(|job| job.payload.as_slice());
        let place = (self.number, self.offset);
        let offsets = frame::write_batch(payloads, self.next_ordinal, place, &mut self.buffer)
            .map_err(io::Error::other)?;
        let end = self.offset + self.buffer.len() as u64;
        self.segment.write_at(&self.buffer, self.offset)?;
        if end > self.reserved && self.buffer.len() < RESERVE_BYTES / 8 {
            // Only for speed: when there is no room for it, the file grows with each batch.
            let more = end..end + RESERVE_BYTES as u64;
            let reserved = self.segment.reserve(more.clone());
            self.reserved = reserved.map_or(u64::MAX, |()| more.end);
        }
        self.segment.sync()?;
        self.offset = end;
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        Ok(offsets)
    }

    /// Starts the next segment. Everything in the last one is durable by now.
    fn rotate(&mut self) -> io::Result<()> {
        // The next header says how long this segment is, so the unused reserve goes first.
        self.segment.truncate(self.offset)?;
        let header = SegmentHeader {
            number: self.number + 1,
            first_ordinal: self.next_ordinal,
            previous_bytes: self.offset,
        };
        let path = segment_path(&self.directory, header.number);
        self.segment = self.disk.create(&path, header)?;
        self.number = header.number;
        self.offset = SEGMENT_HEADER_BYTES as u64;
        self.reserved = 0;
        Ok(())
    }

    /// Answers the first jobs, one for each offset.
    fn acknowledge(&mut self, jobs: &mut Vec<Job>, offsets: &[u64]) {
        let first = self.next_ordinal;
        let count = offsets.len().min(jobs.len());
        self.next_ordinal += count as u64;
        (self.on_durable)(jobs.get_mut(..count).unwrap_or_default());
        for ((job, offset), ordinal) in jobs.drain(..count).zip(offsets).zip(first..) {
            let position = Position {
                segment: self.number,
                offset: *offset,
            };
            job.answer(Ok(Acknowledged { ordinal, position }));
        }
    }

    /// Stops for good: after a failed sync nobody knows what is on disk, and asking the same
    /// file again would be told that all is well.
    fn fail(self, jobs: Vec<Job>, error: &io::Error) {
        let reason: Arc<str> = format!(
            "writing segment {} failed: {error}; hint: {}",
            self.number,
            file::hint(error)
        )
        .into();
        self.queue.poison(Arc::clone(&reason));
        for job in jobs {
            job.answer(Err(JournalError::Poisoned {
                reason: Arc::clone(&reason),
            }));
        }
    }
}

/// How many jobs from the front one write should hold, at least one.
fn batch_length(jobs: &[Job]) -> usize {
    let mut bytes = 0usize;
    let fits = jobs.iter().take_while(|job| {
        bytes = bytes.saturating_add(job.payload.len());
        bytes <= BATCH_BYTES_MAX
    });
    fits.count().max(1)
}

/// More than this in one write gains nothing and holds up those at its head.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// How much is filled with zeros ahead; large batches do without.
const RESERVE_BYTES: usize = 1 << 20;
const BUFFER_BYTES_KEPT: usize = 1 << 20;
