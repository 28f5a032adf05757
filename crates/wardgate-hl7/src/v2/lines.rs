//! The segments of a message and their parts, as slices of it.

/// A segment with what ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The segment; lines that begin no segment belong to the one before them.
    pub(crate) body: &'a str,
    /// The bytes that end it: CR, LF, both or none.
    pub(crate) end: &'a str,
}

impl<'a> Line<'a> {
    /// The three letters of the segment; nothing for an empty line.
    pub(crate) fn id(&self) -> Option<[u8; 3]> {
        super::policy::segment_id(self.body.as_bytes())
    }

    /// The fields of the segment, each with its number; its name is not among them.
    pub(crate) fn fields(&self, sign: u8) -> impl Iterator<Item = (usize, &'a str)> {
        // A header's first field is the sign itself.
        let header = matches!(&self.id(), Some(id) if is_header(*id));
        let from = usize::from(header);
        let body = self.body.get(3..).unwrap_or_default();
        let behind = body.strip_prefix(char::from(sign));
        parts(behind, sign)
            .enumerate()
            .map(move |(at, field)| (at + 1 + from, field))
    }

    /// One field of the segment.
    pub(crate) fn field(&self, sign: u8, number: usize) -> &'a str {
        let found = self.fields(sign).find(|(at, _)| *at == number);
        found.map_or("", |(_, field)| field)
    }
}

/// The segments of a text.
pub(crate) fn lines<'a>(text: &'a str, sign: u8) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(16);
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
                while lines.last().is_some_and(|line| line.body.is_empty()) {
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
        lines.push(Line {
            body: text.get(from..body_end).unwrap_or_default(),
            end: text.get(body_end..end).unwrap_or_default(),
        });
        start = end;
    }
    lines
}

/// The parts between a sign; one empty part where there is nothing to part.
pub(crate) fn parts(text: Option<&str>, sign: u8) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let text = rest?;
        match memchr::memchr(sign, text.as_bytes()) {
            Some(at) => {
                rest = text.get(at + 1..);
                text.get(..at)
            }
            None => rest.take(),
        }
    })
}

/// Whether a segment is one whose first field is the sign itself.
pub(crate) fn is_header(id: [u8; 3]) -> bool {
    matches!(&id, b"MSH" | b"FHS" | b"BHS")
}

fn begins_segment(line: &[u8], sign: u8) -> bool {
    let named = super::policy::segment_id(line).is_some();
    named && line.get(3).is_none_or(|next| *next == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_keep_their_ends() {
        let text = "MSH|^~\\&|A\rPID|1|x\r\nNTE|1|L|y\n\nZZZ";
        let found = lines(text, b'|');
        let ends: Vec<&str> = found.iter().map(|line| line.end).collect();
        assert_eq!(ends, ["\r", "\r\n", "\n", "\n", ""]);
        let again: String = found
            .iter()
            .flat_map(|line| [line.body, line.end])
            .collect();
        assert_eq!(again, text);
    }

    #[test]
    fn a_line_that_begins_no_segment_belongs_to_the_one_before() {
        let text = "MSH|^~\\&|A\rOBX|1|TX|a||first\nsecond\n\nthird|F\rNTE|1\r";
        let found = lines(text, b'|');
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].field(b'|', 5), "first\nsecond\n\nthird");
    }

    #[test]
    fn fields_have_the_numbers_of_the_standard() {
        let found = lines("MSH|^~\\&|LAB|FAC\rPID|1||x\rEVN", b'|');
        assert_eq!(found[0].field(b'|', 3), "LAB");
        assert_eq!(found[0].field(b'|', 2), "^~\\&");
        assert_eq!(found[1].field(b'|', 3), "x");
        assert_eq!(found[2].fields(b'|').count(), 0);
    }
}
