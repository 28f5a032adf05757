//! The bytes of a journal segment, as pure functions over slices.
//!
//! ```text
//! segment = header batch* [mark]
//! header  = magic[8] number:u64 first_ordinal:u64 previous_bytes:u64 epoch:u64 crc32c:u32
//! batch   = magic[4] count:u32 first_ordinal:u64 frames_bytes:u32 crc32c:u32 frame{count}
//! frame   = length:u32 crc32c:u32 payload
//! mark    = magic[4] next_ordinal:u64 crc32c:u32
//! ```
//!
//! Headers of the first version of this format have no epoch, and another magic.
//!
//! All numbers are little-endian. The checksums of batches and frames also cover the place
//! where they stand, so bytes that were moved do not pass. A batch is what one sync made
//! durable: the header of the next batch proves that every record before it was durable, and so
//! does the mark, which is written behind a batch once it has been acknowledged, where the next
//! batch will stand. The mark itself is made durable by whatever sync comes next. So what can not
//! be told apart is this: a last batch that a power loss tore before it was acknowledged, and a
//! last batch that was acknowledged in the instant before a power loss and damaged since.

use thiserror::Error;

/// The first bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The number of the segment; the first is 0.
    pub number: u64,
    /// The ordinal of the first record in it.
    pub first_ordinal: u64,
    /// The length of the segment before it, as far as it counts.
    pub previous_bytes: u64,
    /// The epoch of its writer; 0 in segments of the first version.
    pub epoch: u64,
}

impl SegmentHeader {
    /// Writes the header.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        let magic = if self.epoch == 0 {
            SEGMENT_MAGIC_1
        } else {
            SEGMENT_MAGIC
        };
        bytes.extend_from_slice(&magic);
        for field in [self.number, self.first_ordinal, self.previous_bytes] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        if self.epoch > 0 {
            bytes.extend_from_slice(&self.epoch.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the header at the start of a segment.
    pub fn parse(segment: &[u8]) -> Result<Self, FrameFault> {
        let fault = FrameFault {
            offset: 0,
            what: "the segment header is damaged",
        };
        let mut cursor = Cursor { rest: segment };
        let magic = cursor.take(SEGMENT_MAGIC.len()).ok_or(fault)?;
        let has_epoch = magic == SEGMENT_MAGIC;
        let header = Self {
            number: cursor.u64().ok_or(fault)?,
            first_ordinal: cursor.u64().ok_or(fault)?,
            previous_bytes: cursor.u64().ok_or(fault)?,
            epoch: if has_epoch {
                cursor.u64().ok_or(fault)?
            } else {
                0
            },
        };
        let covered = segment.len() - cursor.rest.len();
        let crc = cursor.u32().ok_or(fault)?;
        let covered = segment.get(..covered).ok_or(fault)?;
        let good = (has_epoch == (header.epoch > 0))
            && (has_epoch || magic == SEGMENT_MAGIC_1)
            && crc == crc32c::crc32c(covered);
        good.then_some(header).ok_or(fault)
    }

    /// How long the header is, and so where the first batch stands.
    pub fn bytes(&self) -> u64 {
        if self.epoch == 0 {
            SEGMENT_HEADER_BYTES as u64 - 8
        } else {
            SEGMENT_HEADER_BYTES as u64
        }
    }
}

/// A record in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where the frame starts in its segment.
    pub offset: u64,
    /// What was recorded.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the frame at `offset` of segment `number`; `bytes` start there.
    pub fn parse(bytes: &'a [u8], number: u64, offset: u64) -> Result<Self, FrameFault> {
        let cut = FrameFault {
            offset,
            what: "a record is cut short",
        };
        let mut cursor = Cursor { rest: bytes };
        let length = cursor.u32().ok_or(cut)?;
        let crc = cursor.u32().ok_or(cut)?;
        let size = usize::try_from(length).map_err(|_| cut)?;
        let payload = cursor.take(size).ok_or(cut)?;
        if crc == frame_crc(length, number, offset, payload) {
            Ok(Self { offset, payload })
        } else {
            Err(FrameFault {
                offset,
                what: "the checksum of a record does not fit",
            })
        }
    }

    /// How many bytes the frame takes in the segment.
    pub fn bytes(&self) -> u64 {
        (FRAME_HEADER_BYTES + self.payload.len()) as u64
    }
}

/// The header of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// How many records the batch holds.
    pub count: u32,
    /// The ordinal of the first; every record before it was durable when this was written.
    pub first_ordinal: u64,
    /// The bytes of the frames that follow.
    pub frames_bytes: u32,
}

impl BatchHeader {
    /// Reads the header at `offset` of segment `number`; `bytes` start there.
    pub fn parse(bytes: &[u8], number: u64, offset: u64) -> Result<Self, FrameFault> {
        let fault = FrameFault {
            offset,
            what: "a batch header is damaged",
        };
        let mut cursor = Cursor { rest: bytes };
        let magic = cursor.take(BATCH_MAGIC.len()).ok_or(fault)?;
        let header = Self {
            count: cursor.u32().ok_or(fault)?,
            first_ordinal: cursor.u64().ok_or(fault)?,
            frames_bytes: cursor.u32().ok_or(fault)?,
        };
        let crc = cursor.u32().ok_or(fault)?;
        let good = magic == BATCH_MAGIC && crc == header.crc(number, offset);
        good.then_some(header).ok_or(fault)
    }

    fn crc(self, number: u64, offset: u64) -> u32 {
        let mut crc = crc32c::crc32c(&number.to_le_bytes());
        crc = crc32c::crc32c_append(crc, &offset.to_le_bytes());
        crc = crc32c::crc32c_append(crc, &self.count.to_le_bytes());
        crc = crc32c::crc32c_append(crc, &self.first_ordinal.to_le_bytes());
        crc32c::crc32c_append(crc, &self.frames_bytes.to_le_bytes())
    }

    fn write(self, number: u64, offset: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&BATCH_MAGIC);
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.first_ordinal.to_le_bytes());
        out.extend_from_slice(&self.frames_bytes.to_le_bytes());
        out.extend_from_slice(&self.crc(number, offset).to_le_bytes());
    }
}

/// Writes one batch, to stand at `offset` of segment `number`, to the end of `out`.
///
/// Returns the offset of each frame.
pub fn write_batch<'a>(
    payloads: impl Iterator<Item = &'a [u8]> + Clone,
    first_ordinal: u64,
    (number, offset): (u64, u64),
    out: &mut Vec<u8>,
) -> Result<Vec<u64>, FrameFault> {
    let too_long = FrameFault {
        offset,
        what: "a batch is longer than its header can say",
    };
    let sizes = payloads.clone().map(<[u8]>::len);
    let count = u32::try_from(sizes.clone().count()).map_err(|_| too_long)?;
    let frames_bytes = sizes.map(|size| FRAME_HEADER_BYTES + size).sum::<usize>();
    let frames_bytes = u32::try_from(frames_bytes).map_err(|_| too_long)?;
    BatchHeader {
        count,
        first_ordinal,
        frames_bytes,
    }
    .write(number, offset, out);
    let mut at = offset + BATCH_HEADER_BYTES as u64;
    let mut offsets = Vec::with_capacity(count as usize);
    for payload in payloads {
        // Each is shorter than their sum, which has just been seen to fit.
        let length = u32::try_from(payload.len()).map_err(|_| too_long)?;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&frame_crc(length, number, at, payload).to_le_bytes());
        out.extend_from_slice(payload);
        offsets.push(at);
        at += (FRAME_HEADER_BYTES + payload.len()) as u64;
    }
    Ok(offsets)
}

/// Writes the mark that says, at `offset` of segment `number`, that every record below
/// `next_ordinal` has been acknowledged.
pub fn write_mark(next_ordinal: u64, (number, offset): (u64, u64)) -> [u8; MARK_BYTES] {
    let mut bytes = [0; MARK_BYTES];
    let crc = mark_crc(next_ordinal, number, offset).to_le_bytes();
    let fields = MARK_MAGIC
        .into_iter()
        .chain(next_ordinal.to_le_bytes())
        .chain(crc);
    bytes
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = from);
    bytes
}

/// Reads a mark at `offset` of segment `number`: the ordinal below which all was acknowledged.
fn read_mark(bytes: &[u8], number: u64, offset: u64) -> Option<u64> {
    let mut cursor = Cursor { rest: bytes };
    let magic = cursor.take(MARK_MAGIC.len())?;
    let (next_ordinal, crc) = (cursor.u64()?, cursor.u32()?);
    let good = magic == MARK_MAGIC && crc == mark_crc(next_ordinal, number, offset);
    good.then_some(next_ordinal)
}

fn mark_crc(next_ordinal: u64, number: u64, offset: u64) -> u32 {
    let crc = crc32c::crc32c(&number.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &offset.to_le_bytes());
    crc32c::crc32c_append(crc, &next_ordinal.to_le_bytes())
}

/// What a scan of a whole segment found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Where the last whole batch ends.
    pub end: u64,
    /// Where the last whole batch starts; the end of the header when there is none.
    pub last_batch: u64,
    /// The ordinal that the next record gets.
    pub next_ordinal: u64,
    /// What stands after the last whole batch, when it is neither one nor a mark nor zeros.
    pub tail: Option<FrameFault>,
    /// How long that is, without zeros at its end.
    pub tail_bytes: u64,
}

/// Reads a whole segment and hands out its records, each with its ordinal.
///
/// A damaged batch with a good later one behind it was durable once, so it is a fault; with
/// nothing behind it, it is the tail of a write that was never acknowledged.
pub fn scan<'a>(
    segment: &'a [u8],
    mut on_frame: impl FnMut(u64, Frame<'a>),
) -> Result<Scan, DamagedRecord> {
    let header =
        SegmentHeader::parse(segment).map_err(|fault| DamagedRecord { ordinal: 0, fault })?;
    let mut found = Scan {
        end: header.bytes(),
        last_batch: header.bytes(),
        next_ordinal: header.first_ordinal,
        tail: None,
        tail_bytes: 0,
    };
    let used = segment
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last as u64 + 1);
    let mut frames = Vec::new();
    let start = usize::try_from(header.bytes()).unwrap_or_default();
    let mut rest = segment.get(start..).unwrap_or_default();
    while !rest.is_empty() {
        frames.clear();
        let read = read_batch(
            rest,
            header.number,
            found.end,
            found.next_ordinal,
            &mut frames,
        );
        for frame in &frames {
            on_frame(found.next_ordinal, *frame);
            found.next_ordinal += 1;
        }
        match read {
            Ok(behind) => {
                found.last_batch = found.end;
                found.end = (segment.len() - behind.len()) as u64;
                rest = behind;
            }
            Err((ordinal, fault)) => {
                if durable_beyond(rest, header.number, found.end, ordinal) {
                    return Err(DamagedRecord { ordinal, fault });
                }
                let mark = read_mark(rest, header.number, found.end);
                let mark = mark.filter(|next| *next == found.next_ordinal);
                let room = found.end + mark.map_or(0, |_| MARK_BYTES as u64);
                // Zeros alone are room that was reserved and not used.
                found.tail_bytes = used.saturating_sub(room);
                found.tail = (found.tail_bytes > 0).then_some(fault);
                break;
            }
        }
    }
    Ok(found)
}

/// Reads one batch whole; on a fault `frames` stays empty, since none of it counts.
fn read_batch<'a>(
    bytes: &'a [u8],
    number: u64,
    offset: u64,
    ordinal: u64,
    frames: &mut Vec<Frame<'a>>,
) -> Result<&'a [u8], (u64, FrameFault)> {
    let header = BatchHeader::parse(bytes, number, offset).map_err(|fault| (ordinal, fault))?;
    if header.first_ordinal != ordinal {
        let what = "a batch does not follow the one before it";
        return Err((ordinal, FrameFault { offset, what }));
    }
    let mut rest = bytes.get(BATCH_HEADER_BYTES..).unwrap_or_default();
    let mut at = offset + BATCH_HEADER_BYTES as u64;
    let end = at + u64::from(header.frames_bytes);
    let mut next = ordinal;
    for _ in 0..header.count {
        match Frame::parse(rest, number, at) {
            Ok(frame) => {
                at += frame.bytes();
                rest = rest
                    .get(FRAME_HEADER_BYTES + frame.payload.len()..)
                    .unwrap_or_default();
                next += 1;
                frames.push(frame);
            }
            Err(fault) => {
                frames.clear();
                return Err((next, fault));
            }
        }
    }
    if at == end {
        Ok(rest)
    } else {
        frames.clear();
        Err((
            ordinal,
            FrameFault {
                offset,
                what: "a batch has another length than it says",
            },
        ))
    }
}

/// Whether a good batch header or mark further on proves that record `ordinal` was durable.
fn durable_beyond(bytes: &[u8], number: u64, offset: u64, ordinal: u64) -> bool {
    // The header of the damaged batch itself is no proof: it was written before the sync.
    let places = bytes.windows(BATCH_MAGIC.len()).enumerate().skip(1);
    places
        .filter(|(_, window)| *window == BATCH_MAGIC || *window == MARK_MAGIC)
        .any(|(at, window)| {
            let behind = bytes.get(at..).unwrap_or_default();
            let place = offset + at as u64;
            let durable = if window == MARK_MAGIC {
                read_mark(behind, number, place)
            } else {
                let header = BatchHeader::parse(behind, number, place).ok();
                header.map(|header| header.first_ordinal)
            };
            durable.is_some_and(|durable| durable > ordinal)
        })
}

/// A place in a segment that does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what} at byte {offset}")]
pub struct FrameFault {
    /// Where, counted from the start of the segment.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
}

/// A record that was durable once and no longer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("record {ordinal} is damaged: {fault}")]
pub struct DamagedRecord {
    /// Which record.
    pub ordinal: u64,
    /// What is wrong.
    pub fault: FrameFault,
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}

fn frame_crc(length: u32, number: u64, offset: u64, payload: &[u8]) -> u32 {
    let mut place = [0u8; 20];
    let fields = length
        .to_le_bytes()
        .into_iter()
        .chain(number.to_le_bytes())
        .chain(offset.to_le_bytes());
    place
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = from);
    crc32c::crc32c_append(crc32c::crc32c(&place), payload)
}

/// The length of a segment header with its epoch.
pub const SEGMENT_HEADER_BYTES: usize = 44;
/// The length of a batch header.
pub const BATCH_HEADER_BYTES: usize = 24;
/// The length of what stands before a payload.
pub const FRAME_HEADER_BYTES: usize = 8;

/// The length of a mark; less than any batch, so that the next one covers it.
pub const MARK_BYTES: usize = 16;

const SEGMENT_MAGIC: [u8; 8] = *b"wgjrnl\x00\x02";
const SEGMENT_MAGIC_1: [u8; 8] = *b"wgjrnl\x00\x01";
/// Read as a length, this is above every allowed payload, and no UTF-8 text holds it.
pub(super) const BATCH_MAGIC: [u8; 4] = [0x01, b'W', b'B', 0xF7];
const MARK_MAGIC: [u8; 4] = [0x01, b'W', b'M', 0xF7];

#[cfg(test)]
mod tests;
