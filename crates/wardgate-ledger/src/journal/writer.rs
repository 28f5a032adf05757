//! The one thread that writes: everything that waits becomes one write and one sync.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fence::{Fence, FenceFault};
use super::frame::{self, MARK_BYTES, SegmentHeader};
use super::queue::{Acknowledged, Drained, Job, Queue};
use super::reserve::Reserve;
use super::segments::{self, segment_path};
use super::{JournalError, Position};
use crate::disk::{Disk, DiskFile};
use crate::file;
use crate::incident::{Incident, Incidents};

/// Sees every record after it is durable and before it is acknowledged.
pub(crate) type OnDurable = Box<dyn FnMut(&mut [Job]) + Send>;

pub(super) struct Writer {
    pub(super) directory: PathBuf,
    pub(super) queue: Arc<Queue>,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) fence: Arc<Fence>,
    pub(super) reserve: Reserve,
    pub(super) incidents: Arc<Incidents>,
    pub(super) place: Place,
    pub(super) next_ordinal: u64,
    pub(super) segment_bytes: u64,
    pub(super) on_durable: OnDurable,
    pub(super) buffer: Vec<u8>,
}

/// The segment that is being written, and where in it.
pub(super) struct Place {
    pub(super) segment: Box<dyn DiskFile>,
    pub(super) number: u64,
    pub(super) offset: u64,
    /// Up to where the segment has been filled with zeros ahead.
    pub(super) filled: u64,
}

/// Why a batch is not durable.
#[derive(Debug)]
enum Fault {
    /// A write or sync failed.
    Disk(io::Error),
    /// Another writer has the journal.
    Taken,
    /// What had been acknowledged does not read back.
    Damaged(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<FenceFault> for Fault {
    fn from(fault: FenceFault) -> Self {
        match fault {
            FenceFault::Taken => Self::Taken,
            FenceFault::Disk(error) => Self::Disk(error),
        }
    }
}

impl Writer {
    /// Runs until the queue is closed or nothing can be written any more.
    pub(super) fn run(mut self) {
        let mut jobs = Vec::new();
        let mut pause = PAUSE_FIRST;
        loop {
            // A full volume is looked at from time to time; else only work wakes the writer.
            let within = (!self.reserve.is_whole()).then_some(pause);
            match self.queue.drain(&mut jobs, within) {
                Drained::Closed => break,
                Drained::Idle => {
                    self.refill();
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Drained::Jobs => {
                    while !jobs.is_empty() {
                        if let Err(fault) = self.commit(&mut jobs)
                            && !self.recover(&mut jobs, fault)
                        {
                            return;
                        }
                        pause = PAUSE_FIRST;
                    }
                    if let Err(error) = self.mark()
                        && !self.recover(&mut jobs, error.into())
                    {
                        return;
                    }
                }
            }
        }
        self.finish();
    }

    /// Makes a batch from the front of the jobs durable and answers it.
    fn commit(&mut self, jobs: &mut Vec<Job>) -> Result<(), Fault> {
        self.fence.check()?;
        if self.place.offset >= self.segment_bytes {
            self.rotate()?;
        }
        let batch = jobs.get(..batch_length(jobs)).unwrap_or(jobs);
        self.buffer.clear();
        let payloads = batch.iter().map(|job| job.payload.as_slice());
        let place = (self.place.number, self.place.offset);
        let offsets = frame::write_batch(payloads, self.next_ordinal, place, &mut self.buffer)
            .map_err(io::Error::other)?;
        let end = self.place.offset + self.buffer.len() as u64;
        self.place
            .segment
            .write_at(&self.buffer, self.place.offset)?;
        if end > self.place.filled && self.buffer.len() < FILL_BYTES / 8 {
            // Only for speed: when there is no room for it, the file grows with each batch.
            let more = end..end + FILL_BYTES as u64;
            let filled = self.place.segment.fill(more.clone());
            self.place.filled = filled.map_or(u64::MAX, |()| more.end);
        }
        self.place.segment.sync_data()?;
        self.fence.check()?;
        self.place.offset = end;
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        self.acknowledge(jobs, &offsets);
        Ok(())
    }

    /// Starts the next segment. Everything in the last one is durable by now.
    fn rotate(&mut self) -> Result<(), Fault> {
        // The next header says how long this segment is, so the unused room goes first.
        self.place.segment.set_length(self.place.offset)?;
        self.place.segment.sync_all()?;
        self.start_segment(self.fence.epoch(), self.segment_bytes)?;
        Ok(())
    }

    fn start_segment(&mut self, epoch: u64, room: u64) -> io::Result<()> {
        let header = SegmentHeader {
            number: self.place.number + 1,
            first_ordinal: self.next_ordinal,
            previous_bytes: self.place.offset,
            epoch,
        };
        let segment = segments::create(&*self.disk, &self.directory, header, (room, false))?;
        self.place = Place {
            segment,
            number: header.number,
            offset: header.bytes(),
            filled: if room > 0 { 0 } else { u64::MAX },
        };
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
                segment: self.place.number,
                offset: *offset,
            };
            job.answer(Ok(Acknowledged { ordinal, position }));
        }
    }

    /// Notes behind the last batch that it was acknowledged; the next sync makes that durable.
    ///
    /// Under load the next batch says the same, so only a pause is worth the write.
    fn mark(&self) -> io::Result<()> {
        if !self.queue.is_idle() {
            return Ok(());
        }
        let place = (self.place.number, self.place.offset);
        let mark = frame::write_mark(self.next_ordinal, place);
        self.place.segment.write_at(&mark, self.place.offset)
    }

    /// Ends the last segment behind its mark.
    fn finish(&mut self) {
        // Another writer's segment is not this one's to cut; what is left is no harm.
        if self.fence.check().is_ok() {
            let place = (self.place.number, self.place.offset);
            let mark = frame::write_mark(self.next_ordinal, place);
            let segment = &self.place.segment;
            let _ = segment
                .write_at(&mark, self.place.offset)
                .and_then(|()| segment.set_length(self.place.offset + MARK_BYTES as u64))
                .and_then(|()| segment.sync_all());
        }
    }

    /// Refuses, and then goes on in a new segment once the disk works again; `false` when that
    /// can not be.
    ///
    /// After a failed sync nobody knows what is on disk, and asking the same file again would be
    /// told that all is well. So the segment is left as it is and never synced again.
    fn recover(&mut self, jobs: &mut Vec<Job>, fault: Fault) -> bool {
        let error = match fault {
            Fault::Disk(error) => error,
            other => return self.stop(jobs, &other),
        };
        let reason = self.reason(&error);
        if file::is_full(&error) && self.reserve.free(&*self.disk) {
            self.fill_up(jobs, &reason);
            // What closes something gets the room that has become free.
            match self.revive(0) {
                Ok(()) => return true,
                Err(Fault::Disk(_)) => {}
                Err(other) => return self.stop(jobs, &other),
            }
        } else if file::is_full(&error) {
            self.tell_full(&reason);
        } else {
            let (size, reason) = (self.next_ordinal, Arc::clone(&reason));
            self.incidents.add(Incident::StorageFault { size, reason });
        }
        self.queue.stop(&reason, false);
        refuse(jobs, &JournalError::Failing { reason });
        let mut pause = PAUSE_FIRST;
        while self.queue.pause(pause) {
            match self.revive(self.segment_bytes) {
                Ok(()) => {
                    self.queue.heal();
                    if self.reserve.is_whole() {
                        self.resume();
                    }
                    return true;
                }
                Err(Fault::Disk(_)) => pause = (pause * 2).min(PAUSE_MAX),
                Err(other) => return self.stop(jobs, &other),
            }
        }
        false
    }

    /// From now on only what closes something is taken.
    fn fill_up(&mut self, jobs: &mut Vec<Job>, reason: &Arc<str>) {
        self.tell_full(reason);
        self.queue.set_full(Some(Arc::clone(reason)));
        let (closing, others) = std::mem::take(jobs)
            .into_iter()
            .partition(|job| job.closing);
        *jobs = closing;
        let mut others = others;
        let reason = Arc::clone(reason);
        refuse(&mut others, &JournalError::Full { reason });
    }

    fn tell_full(&self, reason: &Arc<str>) {
        let (size, reason) = (self.next_ordinal, Arc::clone(reason));
        self.incidents.add(Incident::StorageFull { size, reason });
    }

    /// Makes the reserve again where there is room for it, and then takes everything again.
    fn refill(&mut self) {
        if self.fence.check().is_ok() && self.reserve.make(&*self.disk).is_ok() {
            self.resume();
        }
    }

    fn resume(&mut self) {
        self.queue.set_full(None);
        let size = self.next_ordinal;
        self.incidents.add(Incident::Resumed { size });
    }

    /// Reads back what has been acknowledged in the last segment, and starts the next one.
    fn revive(&mut self, room: u64) -> Result<(), Fault> {
        // A greater epoch tells that what lies behind the acknowledged bytes does not count.
        let epoch = self.fence.renew()?;
        let path = segment_path(&self.directory, self.place.number);
        let mut bytes = self.disk.read(&path)?;
        bytes.truncate(usize::try_from(self.place.offset).unwrap_or(usize::MAX));
        let scanned = frame::scan(&bytes, |_, _| {});
        let scan = scanned.map_err(|damage| Fault::Damaged(damage.to_string()))?;
        if scan.end != self.place.offset || scan.next_ordinal != self.next_ordinal {
            let what = format!("it reads back only to record {}", scan.next_ordinal);
            return Err(Fault::Damaged(what));
        }
        // An earlier attempt may have got as far as the file.
        let next = segment_path(&self.directory, self.place.number + 1);
        match self.disk.remove(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let old = (self.place.number, self.place.offset);
        self.start_segment(epoch, room)?;
        if room > 0 {
            // Going on is worth it only with room for some batches.
            let (start, end) = (self.place.offset, self.place.offset + FILL_BYTES as u64);
            let filled = self.place.segment.fill(start..end);
            if let Err(error) = filled {
                (self.place.number, self.place.offset) = old;
                return Err(error.into());
            }
            self.place.filled = end;
        }
        // Gives back the room of the old segment; it counts no further than this anyway.
        if let Ok(segment) = self.disk.open(&path) {
            let _ = segment.set_length(old.1);
        }
        Ok(())
    }

    /// Stops for good.
    fn stop(&self, jobs: &mut Vec<Job>, fault: &Fault) -> bool {
        let why = match fault {
            Fault::Disk(error) => format!("{error}; hint: {}", file::hint(error)),
            Fault::Taken => "another process has taken over this directory; hint: \
                             stop one of the two, then start the other again"
                .to_owned(),
            Fault::Damaged(what) => format!(
                "segment {} does not hold what was acknowledged: {what}; hint: \
                 keep the directory as it is for the investigation",
                self.place.number
            ),
        };
        let reason: Arc<str> = why.into();
        self.queue.stop(&reason, true);
        refuse(jobs, &JournalError::Poisoned { reason });
        false
    }

    fn reason(&self, error: &io::Error) -> Arc<str> {
        let (number, hint) = (self.place.number, file::hint(error));
        format!("writing segment {number} failed: {error}; hint: {hint}").into()
    }
}

fn refuse(jobs: &mut Vec<Job>, error: &JournalError) {
    for job in jobs.drain(..) {
        job.answer(Err(error.clone()));
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
const FILL_BYTES: usize = 1 << 20;
const BUFFER_BYTES_KEPT: usize = 1 << 20;
/// How long the writer waits before it tries a failed disk again; each time twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(10);
