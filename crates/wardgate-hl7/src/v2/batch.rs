//! Streams and files of messages: one after another, in MLLP frames, in batches.

use std::io::Read;

use wardgate_deid::RecordFault;

use super::delimiters::is_sign;

/// The messages of a stream, with what stands around them in a batch.
///
/// Each item is the bytes of one message, or of one `FHS`, `BHS`, `BTS` or `FTS` segment, with the ends of lines and
/// MLLP's frame bytes behind it. All items together are the stream, byte for byte.
///
/// ```
/// use wardgate_hl7::v2::Messages;
///
/// let stream = &b"BHS|^~\\&|LAB\rMSH|^~\\&|LAB\rPID|1\rMSH|^~\\&|LAB\rBTS|2\r"[..];
/// let items: Vec<Vec<u8>> = Messages::new(stream).collect::<Result<_, _>>().unwrap();
/// assert_eq!(items.len(), 4);
/// assert_eq!(items[1], b"MSH|^~\\&|LAB\rPID|1\r");
/// ```
#[derive(Debug)]
pub struct Messages<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Bytes of the stream before those in the buffer.
    passed: u64,
    /// Where the next item begins.
    start: usize,
    /// Up to where no item begins but at `start`.
    seen: usize,
    ended: bool,
    /// Whether the rest of a message that was too large is passed over.
    passing_over: bool,
}

/// Keeps the counts in the trailers of batches true when messages were left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchCounts {
    messages: u64,
    batches: u64,
}

impl<R: Read> Messages<R> {
    /// The messages that a reader gives.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            passed: 0,
            start: 0,
            seen: 0,
            ended: false,
            passing_over: false,
        }
    }

    /// Bytes of the stream before the next item. Behind a message that was too large they are known with the item
    /// that follows it.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.passed + self.start as u64
    }

    /// Where the item that begins at `start` ends, when that is known yet.
    fn end(&mut self) -> Option<usize> {
        let mut at = self.seen.max(self.start);
        loop {
            let ahead = self.buffer.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr3(b'\r', b'\n', START, ahead) else {
                self.seen = self.buffer.len();
                return None;
            };
            let found = at + found;
            let framed = self.buffer.get(found) == Some(&START);
            let next = found + 1;
            let Some(head) = self.buffer.get(next..next + HEAD_BYTES) else {
                if self.ended {
                    self.seen = self.buffer.len();
                    return None;
                }
                self.seen = found;
                return None;
            };
            let end = if framed { found } else { next };
            let before = self.buffer.get(self.start..end).unwrap_or_default();
            // What only frames or parts messages belongs to one of them.
            if begins_item(head) && before.iter().any(|b| !is_blank(*b)) {
                self.seen = next;
                return Some(end);
            }
            at = next;
        }
    }

    /// Reads on; nothing when the reader failed.
    fn fill(&mut self) -> Result<(), RecordFault> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.passed += self.start as u64;
            self.seen = self.seen.saturating_sub(self.start);
            self.start = 0;
        }
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK_BYTES, 0);
        let free = self.buffer.get_mut(held..).unwrap_or_default();
        let read = loop {
            match self.reader.read(free) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = read.as_ref().map_or(0, |count| *count);
        self.buffer.truncate(held + count);
        self.ended = count == 0;
        read.map(|_| ()).map_err(|error| {
            let kind = error.kind();
            RecordFault::new(
                "hl7.read",
                format!("the messages cannot be read: {kind}"),
                "read the input again",
            )
        })
    }
}

/// Messages of the open batch, and batches of the open file.
impl From<BatchCounts> for [u64; 2] {
    fn from(counts: BatchCounts) -> Self {
        [counts.messages, counts.batches]
    }
}

impl From<[u64; 2]> for BatchCounts {
    fn from([messages, batches]: [u64; 2]) -> Self {
        Self { messages, batches }
    }
}

impl<R: Read> Iterator for Messages<R> {
    type Item = Result<Vec<u8>, RecordFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let end = self.end();
            if let Some(end) = end {
                let item = self.buffer.get(self.start..end).unwrap_or_default();
                if std::mem::take(&mut self.passing_over) {
                    self.start = end;
                    continue;
                }
                let item = item.to_vec();
                self.start = end;
                return Some(Ok(item));
            }
            let waiting = self.buffer.len() - self.start;
            if self.ended {
                let item = self.buffer.get(self.start..).unwrap_or_default().to_vec();
                self.start = self.buffer.len();
                let rest = !item.is_empty() && !std::mem::take(&mut self.passing_over);
                return rest.then_some(Ok(item));
            }
            if waiting > MESSAGE_BYTES_MAX {
                // All but what may be the beginning of the next item.
                self.start = self.seen.max(self.start);
                if !std::mem::replace(&mut self.passing_over, true) {
                    return Some(Err(too_large()));
                }
            }
            if let Err(fault) = self.fill() {
                self.ended = true;
                self.start = self.buffer.len();
                return Some(Err(fault));
            }
        }
    }
}

impl BatchCounts {
    /// Counts an item that is written, and writes the true count into it when it is a trailer.
    pub fn item(&mut self, item: &mut Vec<u8>) {
        let (before, body, _) = frame(item);
        let skipped = before.len();
        let count = match body.first_chunk::<3>() {
            Some(b"MSH") => {
                self.messages += 1;
                return;
            }
            Some(b"BHS") => {
                self.messages = 0;
                return;
            }
            Some(b"FHS") => {
                self.batches = 0;
                return;
            }
            Some(b"BTS") => {
                self.batches += 1;
                std::mem::take(&mut self.messages)
            }
            Some(b"FTS") => std::mem::take(&mut self.batches),
            _ => return,
        };
        let Some(sign) = body.get(3).copied() else {
            return;
        };
        let value = body.get(4..).unwrap_or_default();
        let ends = |b: &u8| *b == sign || matches!(b, b'\r' | b'\n');
        let length = value.iter().position(ends).unwrap_or(value.len());
        let counted = value
            .get(..length)
            .is_some_and(|value| !value.is_empty() && value.iter().all(u8::is_ascii_digit));
        if counted {
            let from = skipped + 4;
            item.splice(from..from + length, count.to_string().into_bytes());
        }
    }
}

/// A message without what frames it: bytes before, message, bytes behind.
pub(crate) fn frame(input: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let before = match input {
        [b'\xef', b'\xbb', b'\xbf', ..] => 3,
        _ => input.iter().take_while(|b| is_blank(**b)).count(),
    };
    let (before, rest) = input.split_at_checked(before).unwrap_or((&[], input));
    let tail = rest
        .iter()
        .rev()
        .take_while(|b| matches!(b, b'\r' | b'\n' | b'\x1c'))
        .count();
    let behind = rest.get(rest.len() - tail..).unwrap_or_default();
    let end = behind.iter().position(|b| *b == END);
    let cut = end.map_or(rest.len(), |at| rest.len() - tail + at);
    let (message, behind) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
    (before, message, behind)
}

pub(crate) fn too_large() -> RecordFault {
    RecordFault::new(
        "hl7.too_large",
        format!("a message is larger than {} MiB", MESSAGE_BYTES_MAX >> 20),
        "check that segments end with CR and messages begin with MSH; send larger documents by reference",
    )
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == START || byte == END
}

fn begins_item(head: &[u8]) -> bool {
    let named = matches!(
        head.first_chunk::<3>(),
        Some(b"MSH" | b"FHS" | b"BHS" | b"BTS" | b"FTS")
    );
    named && head.get(3).copied().is_some_and(is_sign)
}

/// The largest message that is read, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;
const CHUNK_BYTES: usize = 256 << 10;
const HEAD_BYTES: usize = 4;
const START: u8 = 0x0b;
const END: u8 = 0x1c;

#[cfg(test)]
mod tests {
    use super::*;

    fn items(stream: &[u8]) -> Vec<Vec<u8>> {
        Messages::new(stream).collect::<Result<_, _>>().unwrap()
    }

    /// A reader that gives one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let (Some((first, rest)), Some(slot)) = (self.0.split_first(), out.first_mut()) else {
                return Ok(0);
            };
            *slot = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn messages_are_parted_however_they_come() {
        for (stream, count) in [
            (&b"MSH|^~\\&|A\rPID|1\r\n\nMSH|^~\\&|B\r"[..], 2),
            (b"\x0bMSH|^~\\&|A\rPID|1\r\x1c\r\x0bMSH|^~\\&|B\r\x1c\r", 2),
            (
                b"FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\nMSH#*+!%#A\nBTS|2\nFTS|1",
                6,
            ),
            (b"junk\nMSH|^~\\&|A", 2),
            (b"MSH|^~\\&|A\rNTE|1||see MSHA\rMS", 1),
            (b"", 0),
        ] {
            let found = items(stream);
            assert_eq!(found.len(), count, "{}", String::from_utf8_lossy(stream));
            assert_eq!(found.concat(), stream);
            let dropped: Vec<Vec<u8>> = Messages::new(Drops(stream)).map(Result::unwrap).collect();
            assert_eq!(dropped, found);
        }
    }

    #[test]
    fn a_message_without_end_is_refused_and_the_next_one_read() {
        let mut stream = b"MSH|^~\\&|A\r".to_vec();
        stream.resize(MESSAGE_BYTES_MAX + (2 << 20), b'x');
        stream.extend_from_slice(b"\rMSH|^~\\&|B\r");
        let found: Vec<_> = Messages::new(stream.as_slice()).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].as_ref().unwrap_err().code(), "hl7.too_large");
        assert_eq!(found[1].as_deref().unwrap(), b"MSH|^~\\&|B\r");
    }

    #[test]
    fn frames_are_told_from_messages() {
        assert_eq!(
            frame(b"\x0bMSH|\r\x1c\r"),
            (&b"\x0b"[..], &b"MSH|\r"[..], &b"\x1c\r"[..])
        );
        assert_eq!(frame(b"MSH|\r\n"), (&b""[..], &b"MSH|\r\n"[..], &b""[..]));
    }

    #[test]
    fn trailers_tell_what_was_written() {
        let mut counts = BatchCounts::default();
        let mut written = |item: &str| {
            let mut item = item.as_bytes().to_vec();
            counts.item(&mut item);
            String::from_utf8(item).unwrap()
        };
        for item in ["FHS|^~\\&", "BHS|^~\\&", "MSH|^~\\&", "MSH|^~\\&"] {
            written(item);
        }
        assert_eq!(written("BTS|3|left out\r"), "BTS|2|left out\r");
        assert_eq!(written("FTS|1\r"), "FTS|1\r");
        assert_eq!(written("BTS||none\r"), "BTS||none\r");
    }
}
