//! Server-sent events: cuts a byte stream into events, whatever the pieces it arrives in.
//!
//! Method: WHATWG HTML, "Server-sent events", section 9.2.5 (parsing an event stream). Lines end
//! with LF, CRLF or CR; an event ends with an empty line. The framer keeps an unfinished event,
//! so a piece may end inside a line or inside a UTF-8 character.

use bytes::{Bytes, BytesMut};

/// Cuts a stream into whole events.
#[derive(Debug)]
pub struct Framer {
    pending: BytesMut,
    /// Where the search for the end of the event goes on.
    searched: usize,
    /// Whether the line that starts at `line_start` has content so far.
    line_start: usize,
    event_bytes_max: usize,
}

/// One event exactly as it arrived, with its closing empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    raw: Bytes,
}

/// The stream sent an event beyond the limit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {event_bytes_max} bytes")]
pub struct EventTooLarge {
    event_bytes_max: usize,
}

impl Framer {
    /// A framer that takes events of at most `event_bytes_max` bytes.
    pub fn new(event_bytes_max: usize) -> Self {
        Self {
            pending: BytesMut::new(),
            searched: 0,
            line_start: 0,
            event_bytes_max,
        }
    }

    /// Takes the next piece of the stream.
    pub fn push(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
    }

    /// The next whole event, or none until more arrives.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLarge> {
        match self.event_end(false) {
            Some(end) => Ok(Some(self.cut(end))),
            None if self.pending.len() > self.event_bytes_max => Err(EventTooLarge {
                event_bytes_max: self.event_bytes_max,
            }),
            None => Ok(None),
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// What is left when the stream ends: an event without its closing line, if any.
    pub fn finish(&mut self) -> Option<Event> {
        if let Some(end) = self.event_end(true) {
            return Some(self.cut(end));
        }
        (!self.pending.is_empty()).then(|| self.cut(self.pending.len()))
    }

    fn cut(&mut self, end: usize) -> Event {
        self.searched = 0;
        self.line_start = 0;
        Event {
            raw: self.pending.split_to(end).freeze(),
        }
    }

    /// Finds the end of the first event. A CR at the very end may be half of a CRLF, so it
    /// only counts once the next byte is known or the stream has ended.
    fn event_end(&mut self, ended: bool) -> Option<usize> {
        while let Some(rest) = self.pending.get(self.searched..) {
            let Some(offset) = memchr::memchr2(b'\n', b'\r', rest) else {
                self.searched = self.pending.len();
                return None;
            };
            let at = self.searched + offset;
            let next = match (self.pending.get(at), self.pending.get(at + 1)) {
                (Some(b'\r'), None) if !ended => {
                    self.searched = at;
                    return None;
                }
                (Some(b'\r'), Some(b'\n')) => at + 2,
                _ => at + 1,
            };
            let empty_line = at == self.line_start;
            self.searched = next;
            self.line_start = next;
            if empty_line {
                return Some(next);
            }
        }
        None
    }
}

impl Event {
    /// The bytes as they arrived.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The value of the event's `data` field, or none when it has no such field.
    /// Several `data` lines are joined by a line feed, as the standard says.
    pub fn data(&self) -> Option<Bytes> {
        let mut found: Option<Bytes> = None;
        let mut joined: Option<Vec<u8>> = None;
        for line in Lines::new(&self.raw) {
            let Some(value) = data_value(line) else {
                continue;
            };
            let value = self.raw.slice_ref(value);
            match (&mut joined, &found) {
                (Some(all), _) => {
                    all.push(b'\n');
                    all.extend_from_slice(&value);
                }
                (None, Some(first)) => {
                    let mut all = first.to_vec();
                    all.push(b'\n');
                    all.extend_from_slice(&value);
                    joined = Some(all);
                }
                (None, None) => found = Some(value),
            }
        }
        joined.map(Bytes::from).or(found)
    }

    /// The same event with another `data` value; every other line stays as it arrived.
    /// The value must not hold line breaks, as JSON text written on one line never does.
    pub fn with_data(&self, data: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(self.raw.len() + data.len());
        let mut written = false;
        for line in Lines::new(&self.raw) {
            if data_value(line).is_none() {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\n");
            } else if !written {
                out.extend_from_slice(b"data: ");
                out.extend_from_slice(data);
                out.extend_from_slice(b"\n");
                written = true;
            }
        }
        if !out.ends_with(b"\n\n") {
            out.extend_from_slice(b"\n");
        }
        out.freeze()
    }
}

/// An event that carries only `data`.
pub fn data_event(data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 8);
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
    out.freeze()
}

fn data_value(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data")?;
    if value.is_empty() {
        return Some(value);
    }
    let value = value.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

/// The lines of an event without their ends; the closing empty line is one of them.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn new(raw: &'a [u8]) -> Self {
        Self {
            rest: raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw),
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
        let (line, after) = self.rest.split_at_checked(end)?;
        self.rest = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.get(1..))
            .unwrap_or_default();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut framer = Framer::new(1 << 20);
        let mut out = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(event) = framer.next_event().unwrap() {
                out.push(event.raw().to_vec());
            }
        }
        out.extend(framer.finish().map(|event| event.raw().to_vec()));
        out
    }

    #[test]
    fn cuts_at_empty_lines_whatever_ends_a_line() {
        for stream in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
        ] {
            let whole = events(&[stream.as_bytes()]);
            assert_eq!(whole.len(), 2, "{stream:?}");
            assert_eq!(whole.concat(), stream.as_bytes());
        }
    }

    #[test]
    fn every_split_of_a_stream_gives_the_same_events() {
        let stream = "event: x\r\ndata: {\"a\":\"é😀\"}\r\n\r\n: note\n\ndata: one\ndata: two\n\ndata: [DONE]\n\n".as_bytes();
        let whole = events(&[stream]);
        assert_eq!(whole.len(), 4);
        for at in 0..=stream.len() {
            assert_eq!(
                events(&[&stream[..at], &stream[at..]]),
                whole,
                "split at {at}"
            );
        }
    }

    #[test]
    fn joins_several_data_lines() {
        let mut framer = Framer::new(100);
        framer.push(b"data: one\nid: 7\ndata:two\n\n");
        let event = framer.next_event().unwrap().unwrap();
        assert_eq!(event.data().unwrap().as_ref(), b"one\ntwo");
        assert_eq!(event.with_data(b"x").as_ref(), b"data: x\nid: 7\n\n");
    }

    #[test]
    fn an_unfinished_event_is_not_lost_at_the_end() {
        assert_eq!(
            events(&[b"data: a\n\ndata: tail"]),
            [b"data: a\n\n".to_vec(), b"data: tail".to_vec()]
        );
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut framer = Framer::new(8);
        framer.push(b"data: 123456789");
        assert_eq!(
            framer.next_event(),
            Err(EventTooLarge { event_bytes_max: 8 })
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_invented(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'd'), any::<u8>()], 0..200), cut in 0usize..200) {
            let cut = cut.min(bytes.len());
            let split = events(&[&bytes[..cut], &bytes[cut..]]);
            prop_assert_eq!(split.concat(), bytes.clone());
            prop_assert_eq!(split, events(&[&bytes]));
        }
    }
}
