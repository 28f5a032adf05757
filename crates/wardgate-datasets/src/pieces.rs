//! Files of many records, read a group at a time: the memory of a run does not grow with the file.

use std::io::{self, Read};

use wardgate_deid::RecordFault;

use crate::format::{Piece, Position};

/// Some records of a file, in their order.
#[derive(Debug, Default)]
pub struct Group {
    /// The bytes of the records.
    pub bytes: Vec<u8>,
    /// The records.
    pub pieces: Vec<Piece>,
    /// How many bytes of the file were read for them.
    pub read_bytes: u64,
    /// Where the next group begins.
    pub next: Position,
}

/// Parts a file into groups of records.
pub trait Splitter: Send {
    /// The next records; nothing at the end.
    ///
    /// # Errors
    /// When the file can not be read.
    fn next_group(&mut self) -> io::Result<Option<Group>>;
}

/// One record a line. Empty lines are passed over.
pub(crate) struct Lines<R> {
    input: R,
    /// What was read of a line that is not whole yet.
    rest: Vec<u8>,
    at: Position,
    ended: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of an input that begins `from` there in its file.
    pub(crate) fn new(input: R, from: Position) -> Self {
        Self {
            input,
            rest: Vec::new(),
            at: from,
            ended: false,
        }
    }

    /// Reads until there is at least one whole line, or the end, or a line that is too long.
    fn fill(&mut self) -> io::Result<()> {
        let (mut searched, mut whole) = (0, false);
        while !self.ended && self.rest.len() <= RECORD_BYTES_MAX {
            let unsearched = self.rest.get(searched..).unwrap_or_default();
            whole = whole || memchr::memchr(b'\n', unsearched).is_some();
            if whole && self.rest.len() >= GROUP_BYTES {
                return Ok(());
            }
            searched = self.rest.len();
            self.rest
                .reserve(usize::try_from(READ_BYTES).unwrap_or_default());
            let read = self
                .input
                .by_ref()
                .take(READ_BYTES)
                .read_to_end(&mut self.rest)?;
            self.ended = read == 0;
        }
        Ok(())
    }

    /// Passes over the rest of a line that is too long; gives its length.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.rest) {
                self.rest.drain(..=end);
                return Ok(skipped + end as u64 + 1);
            }
            skipped += self.rest.len() as u64;
            self.rest.clear();
            let read = self
                .input
                .by_ref()
                .take(READ_BYTES)
                .read_to_end(&mut self.rest)?;
            if read == 0 {
                self.ended = true;
                return Ok(skipped);
            }
        }
    }
}

impl<R: Read + Send> Splitter for Lines<R> {
    fn next_group(&mut self) -> io::Result<Option<Group>> {
        self.fill()?;
        if self.rest.is_empty() {
            return Ok(None);
        }
        let whole = match self.ended {
            true => self.rest.len(),
            false => memchr::memrchr(b'\n', &self.rest).map_or(0, |end| end + 1),
        };
        let mut group = Group::default();
        if whole == 0 {
            self.at.number += 1;
            let begins = self.at.offset;
            let skipped = self.skip_line()?;
            self.at.offset += skipped;
            (group.read_bytes, group.next) = (skipped, self.at);
            group.pieces.push(Piece {
                number: self.at.number,
                offset: begins,
                range: Err(too_long()),
                end: b"\n",
            });
            return Ok(Some(group));
        }
        let rest = self.rest.split_off(whole);
        group.bytes = std::mem::replace(&mut self.rest, rest);
        group.read_bytes = whole as u64;
        let mut begin = 0;
        while begin < group.bytes.len() {
            let behind = group.bytes.get(begin..).unwrap_or_default();
            let line = memchr::memchr(b'\n', behind)
                .map_or(behind, |end| behind.get(..end).unwrap_or_default());
            self.at.number += 1;
            let text = trimmed(line, self.at.number == 1);
            if !text.is_empty() {
                let lead = begin + text.as_ptr().addr() - line.as_ptr().addr();
                group.pieces.push(Piece {
                    number: self.at.number,
                    offset: self.at.offset + begin as u64,
                    range: match text.len() > RECORD_BYTES_MAX {
                        true => Err(too_long()),
                        false => Ok(lead..lead + text.len()),
                    },
                    end: b"\n",
                });
            }
            begin += line.len() + 1;
        }
        self.at.offset += whole as u64;
        group.next = self.at;
        Ok(Some(group))
    }
}

/// A line without the spaces around it and, at the head of a file, the byte order mark.
fn trimmed(line: &[u8], first: bool) -> &[u8] {
    let line = match first {
        true => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
        false => line,
    };
    line.trim_ascii()
}

fn too_long() -> RecordFault {
    RecordFault::new(
        "dataset.too_long",
        format!("the record is longer than {RECORD_BYTES_MAX} bytes"),
        "split the record",
    )
}

/// The longest record that is held in memory.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 20;
/// A group has at least so many bytes, where the file has them.
pub(crate) const GROUP_BYTES: usize = 1 << 20;
const READ_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u64, u64, String)> {
        let mut lines = Lines::new(bytes, Position::default());
        let mut all = Vec::new();
        while let Some(group) = lines.next_group().unwrap() {
            for piece in group.pieces {
                let text = match piece.range {
                    Ok(range) => String::from_utf8_lossy(&group.bytes[range]).into_owned(),
                    Err(fault) => fault.code().to_owned(),
                };
                all.push((piece.number, piece.offset, text));
            }
        }
        all
    }

    #[test]
    fn lines_have_numbers_and_offsets() {
        let line = |number, offset, text: &str| (number, offset, text.to_owned());
        let all = read(b"\xef\xbb\xbfab\r\n\n cd\nef");
        assert_eq!(all, [line(1, 0, "ab"), line(3, 8, "cd"), line(4, 12, "ef")]);
        assert!(read(b"").is_empty() && read(b"\n\n").is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut bytes = vec![b'x'; RECORD_BYTES_MAX + (3 << 20)];
        bytes.extend_from_slice(b"\nok\n");
        let all = read(&bytes);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].2, "dataset.too_long");
        assert_eq!((all[1].0, all[1].2.as_str()), (2, "ok"));
        assert_eq!(all[1].1, bytes.len() as u64 - 3);
    }

    #[test]
    fn groups_part_at_lines() {
        let text: String = (0..400_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let all = read(text.as_bytes());
        assert_eq!(all.len(), 400_000);
        assert_eq!(all[399_999].2, "{\"n\":399999}");
    }
}
