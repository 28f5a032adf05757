//! The lines of an input, one at a time, whatever encoding they are in.

use std::io::{self, BufRead};

use super::encoding::Encoding;

/// Reads line after line and never holds more than one.
pub(super) struct Lines<R> {
    input: R,
    encoding: Encoding,
    number: u64,
    offset: u64,
}

/// One line as it stands in the input, with its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// Where it begins in the input.
    pub(super) offset: u64,
    /// Nothing when the line is too long.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) len: u64,
    pub(super) encoding: Encoding,
}

impl<R: BufRead> Lines<R> {
    /// Begins to read; the first bytes may show the encoding.
    pub(super) fn new(mut input: R, encoding: Encoding) -> io::Result<Self> {
        let encoding = encoding.seen_in(input.fill_buf()?);
        Ok(Self {
            input,
            encoding,
            number: 0,
            offset: 0,
        })
    }

    /// The next line; nothing at the end.
    pub(super) fn next(&mut self, len_max: usize) -> io::Result<Option<Line>> {
        let mut bytes = Some(Vec::new());
        let mut last = [1; 2];
        let mut len = 0;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let (taken, ended) = self.encoding.line_end(available, len, &mut last);
            if let Some(held) = &mut bytes {
                held.extend_from_slice(available.get(..taken).unwrap_or_default());
            }
            bytes = bytes.filter(|held| held.len() <= len_max);
            len += taken as u64;
            self.input.consume(taken);
            if ended {
                break;
            }
        }
        if len == 0 {
            return Ok(None);
        }
        self.number += 1;
        let offset = self.offset;
        self.offset += len;
        Ok(Some(Line {
            number: self.number,
            offset,
            bytes,
            len,
            encoding: self.encoding,
        }))
    }
}

impl Encoding {
    /// How many of the bytes belong to the line, and whether it ends with them.
    ///
    /// `before` bytes of the line came before, the last of them in `last`.
    fn line_end(self, bytes: &[u8], before: u64, last: &mut [u8; 2]) -> (usize, bool) {
        let newline = match self {
            Self::Utf16Le => [b'\n', 0],
            Self::Utf16Be => [0, b'\n'],
            _ => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                return end.map_or((bytes.len(), false), |end| (end + 1, true));
            }
        };
        for (at, byte) in bytes.iter().enumerate() {
            *last = [last[1], *byte];
            let odd = (before + at as u64) % 2 == 1;
            if odd && *last == newline {
                return (at + 1, true);
            }
        }
        (bytes.len(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], encoding: Encoding, len_max: usize) -> Vec<(u64, u64, Option<String>)> {
        let input = io::BufReader::with_capacity(3, bytes);
        let mut lines = Lines::new(input, encoding).unwrap();
        let mut read = Vec::new();
        while let Some(line) = lines.next(len_max).unwrap() {
            let text = line
                .bytes
                .map(|bytes| line.encoding.decode(bytes, false).unwrap().text);
            read.push((line.number, line.offset, text));
        }
        read
    }

    #[test]
    fn lines_have_numbers_and_offsets() {
        let read = lines(b"ab\n\ncd", Encoding::Utf8, 100);
        let line = |number, offset, text: &str| (number, offset, Some(text.to_owned()));
        assert_eq!(
            read,
            [line(1, 0, "ab\n"), line(2, 3, "\n"), line(3, 4, "cd")]
        );
        assert!(lines(b"", Encoding::Utf8, 100).is_empty());
    }

    #[test]
    fn a_long_line_is_passed_over() {
        let read = lines(b"abcdefgh\nij\n", Encoding::Utf8, 4);
        assert_eq!(read, [(1, 0, None), (2, 9, Some("ij\n".to_owned()))]);
    }

    #[test]
    fn lines_in_utf16_end_at_whole_characters() {
        // U+0A0A and U+0A00 hold the byte of a line feed.
        let text = "\u{a0a}\u{a00}x\ny";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, encoding) in [(le, Encoding::Utf16Le), (be, Encoding::Utf16Be)] {
            let read = lines(&bytes, encoding, 100);
            assert_eq!(read[0].2.as_deref(), Some("\u{a0a}\u{a00}x\n"));
            assert_eq!(read[1].2.as_deref(), Some("y"));
        }
    }
}
