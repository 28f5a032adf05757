//! The segments of a message and their parts, as slices of it.

use std::ops::Range;

use super::policy::{Segment, Tables};

/// A segment with what ended it.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The segment; lines that begin no segment belong to the one before them.
    pub(crate) body: &'a str,
    /// The bytes that end it: CR, LF, both or none.
    pub(crate) end: &'a str,
    /// The three letters of the segment; nothing for an empty line.
    pub(crate) id: Option<[u8; 3]>,
    /// What the tables say of it.
    pub(crate) known: Option<&'static Segment>,
    /// Where its field signs stand.
    signs: &'a [usize],
    /// The number of the field behind the first of them.
    first: usize,
}

/// The segments of a text, with the places of their field signs.
pub(crate) struct Cuts<'a> {
    lines: Vec<Cut<'a>>,
    signs: Vec<usize>,
}

struct Cut<'a> {
    body: &'a str,
    end: &'a str,
    signs: Range<usize>,
}

impl<'a> Line<'a> {
    /// The fields of the segment, each with its number; its name is not among them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let line = *self;
        (0..self.signs.len()).map(move |at| (at + line.first, line.behind(at)))
    }

    /// One field of the segment.
    pub(crate) fn field(&self, number: usize) -> &'a str {
        let at = number.checked_sub(self.first);
        at.map_or("", |at| self.behind(at))
    }

    /// What stands behind a field sign, up to the next.
    fn behind(&self, at: usize) -> &'a str {
        let Some(from) = self.signs.get(at) else {
            return "";
        };
        let to = self.signs.get(at + 1).copied().unwrap_or(self.body.len());
        self.body.get(from + 1..to).unwrap_or_default()
    }
}

impl<'a> Cuts<'a> {
    /// Parts a text by its ends of lines and a field sign.
    pub(crate) fn of(text: &'a str, sign: u8) -> Self {
        let mut cuts = Self {
            lines: Vec::with_capacity(LINES_USUAL),
            signs: Vec::with_capacity(SIGNS_USUAL),
        };
        for (body, end) in lines(text, sign) {
            let from = cuts.signs.len();
            // What has another sign behind its name has no fields.
            if body.as_bytes().get(3) == Some(&sign) {
                each_place(body.as_bytes(), sign, |at| {
                    if at >= 3 {
                        cuts.signs.push(at);
                    }
                });
            }
            let signs = from..cuts.signs.len();
            cuts.lines.push(Cut { body, end, signs });
        }
        cuts
    }

    /// The segments, with what the tables of their version say of them.
    pub(crate) fn lines<'c>(&'c self, tables: &'static Tables) -> Vec<Line<'c>> {
        let line = |cut: &'c Cut<'a>| {
            let id = super::policy::segment_id(cut.body.as_bytes());
            // A header's first field is the sign itself.
            let header = id.is_some_and(is_header);
            Line {
                body: cut.body,
                end: cut.end,
                id,
                known: id.and_then(|id| tables.segment(id)),
                signs: self.signs.get(cut.signs.clone()).unwrap_or_default(),
                first: 1 + usize::from(header),
            }
        };
        self.lines.iter().map(line).collect()
    }
}

/// The segments of a text, each with what ends it.
fn lines(text: &str, sign: u8) -> Vec<(&str, &str)> {
    let mut lines: Vec<(&str, &str)> = Vec::with_capacity(LINES_USUAL);
    let bytes = text.as_bytes();
    let mut start = 0;
    // Where the body of the last segment began and where the line before it ended.
    let mut open: Option<usize> = None;
    while start < bytes.len() {
        let ahead = bytes.get(start..).unwrap_or_default();
        let length = memchr::memchr2(b'\r', b'\n', ahead).unwrap_or(ahead.len());
        let body_end = start + length;
        let both = ahead.get(length..length + 2) == Some(b"\r\n");
        let end = (body_end + 1 + usize::from(both)).min(bytes.len());
        let body = ahead.get(..length).unwrap_or_default();
        let continues = !body.is_empty() && !begins_segment(body, sign);
        let from = match open {
            Some(from) if continues => {
                // What looked like ends of lines in between was part of the segment.
                while lines.last().is_some_and(|(body, _)| body.is_empty()) {
                    lines.pop();
                }
                lines.pop();
                from
            }
            _ => start,
        };
        if !body.is_empty() {
            open = Some(from);
        }
        lines.push((
            text.get(from..body_end).unwrap_or_default(),
            text.get(body_end..end).unwrap_or_default(),
        ));
        start = end;
    }
    lines
}

/// Tells of every place at which a byte stands, eight bytes at a time: signs stand close to one another.
fn each_place(bytes: &[u8], sign: u8, mut each: impl FnMut(usize)) {
    let (words, rest) = bytes.as_chunks::<8>();
    let signs = u64::from(sign) * ONES;
    for (number, word) in words.iter().enumerate() {
        let differing = u64::from_le_bytes(*word) ^ signs;
        // The high bit of each byte that does not differ.
        let mut hits = !(((differing & LOWS) + LOWS) | differing | LOWS);
        while hits != 0 {
            let byte = usize::try_from(hits.trailing_zeros() / 8).unwrap_or_default();
            each(number * 8 + byte);
            hits &= hits - 1;
        }
    }
    let from = words.len() * 8;
    for (at, byte) in rest.iter().enumerate() {
        if *byte == sign {
            each(from + at);
        }
    }
}

/// The parts between a sign; one empty part where there is nothing to part.
pub(crate) fn parts(text: Option<&str>, sign: u8) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let text = rest?;
        match position(sign, text.as_bytes()) {
            Some(at) => {
                rest = text.get(at + 1..);
                text.get(..at)
            }
            None => rest.take(),
        }
    })
}

/// Where a sign first stands: most parts are so short that a search for it takes longer than a look at each byte.
#[inline]
fn position(sign: u8, text: &[u8]) -> Option<usize> {
    let (near, far) = text.split_at_checked(NEAR).unwrap_or((text, &[]));
    let at = near.iter().position(|byte| *byte == sign);
    at.or_else(|| Some(near.len() + memchr::memchr(sign, far)?))
}

/// Whether a segment is one whose first field is the sign itself.
pub(crate) fn is_header(id: [u8; 3]) -> bool {
    matches!(&id, b"MSH" | b"FHS" | b"BHS")
}

fn begins_segment(line: &[u8], sign: u8) -> bool {
    let named = super::policy::segment_id(line).is_some();
    named && line.get(3).is_none_or(|next| *next == sign)
}

/// Bytes that are looked at one by one.
const NEAR: usize = 12;
const ONES: u64 = 0x0101_0101_0101_0101;
const LOWS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const LINES_USUAL: usize = 16;
const SIGNS_USUAL: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::policy::Version;

    #[test]
    fn segments_keep_their_ends() {
        let text = "MSH|^~\\&|A\rPID|1|x\r\nNTE|1|L|y\n\nZZZ";
        let found = lines(text, b'|');
        let ends: Vec<&str> = found.iter().map(|(_, end)| *end).collect();
        assert_eq!(ends, ["\r", "\r\n", "\n", "\n", ""]);
        let again: String = found.iter().flat_map(|(body, end)| [*body, *end]).collect();
        assert_eq!(again, text);
    }

    #[test]
    fn a_line_that_begins_no_segment_belongs_to_the_one_before() {
        let text = "MSH|^~\\&|A\rOBX|1|TX|a||first\nsecond\n\nthird|F\rNTE|1\r";
        let cuts = Cuts::of(text, b'|');
        let found = cuts.lines(Version::newest().tables());
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].field(5), "first\nsecond\n\nthird");
    }

    #[test]
    fn signs_are_found_wherever_they_stand() {
        for text in [
            "",
            "|",
            "||||||||||||||||||",
            "a|\u{7d}|\u{fc}|{|z|}}}|",
            "PID|1||x^y|||||\u{80}|ab",
        ] {
            for sign in [b'|', b'}', b'a'] {
                let mut found = Vec::new();
                each_place(text.as_bytes(), sign, |at| found.push(at));
                let expected: Vec<usize> = memchr::memchr_iter(sign, text.as_bytes()).collect();
                assert_eq!(found, expected, "{text}");
            }
        }
    }

    #[test]
    fn fields_have_the_numbers_of_the_standard() {
        let cuts = Cuts::of("MSH|^~\\&|LAB|FAC\rPID|1||x\rEVN", b'|');
        let found = cuts.lines(Version::newest().tables());
        assert_eq!(found[0].field(3), "LAB");
        assert_eq!(found[0].field(2), "^~\\&");
        assert_eq!(found[1].field(3), "x");
        assert_eq!(found[2].fields().count(), 0);
    }
}
