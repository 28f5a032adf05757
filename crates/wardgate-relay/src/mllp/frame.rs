//! Frames of MLLP: a vertical tab, the message, a file separator and a carriage return
//! (HL7 v2 Transport Specification: MLLP, release 1).

use std::fmt;

/// Parts a stream into frames; no byte is looked at twice.
pub struct Framer {
    frame: Vec<u8>,
    place: Place,
    message_bytes_max: usize,
    outside: usize,
}

/// What a stream held.
#[derive(PartialEq, Eq)]
pub enum Framed {
    /// A message without its frame.
    Message(Vec<u8>),
    /// A frame that another one began in, or that did not end as frames do.
    Broken,
    /// A message that is longer than is taken; the stream cannot go on.
    TooLong,
    /// More bytes outside of frames than any sender has; the stream cannot go on.
    Noise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    /// Behind a file separator.
    Ending,
}

impl Framer {
    /// Frames of messages up to a length.
    #[must_use]
    pub fn new(message_bytes_max: usize) -> Self {
        Self {
            frame: Vec::new(),
            place: Place::Outside,
            message_bytes_max,
            outside: 0,
        }
    }

    /// Whether a frame has begun that has not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.place != Place::Outside
    }

    /// Reads from the front of `bytes`, up to and with the first thing of note.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Framed> {
        while !bytes.is_empty() {
            let found = match self.place {
                Place::Outside => self.outside(bytes),
                Place::Inside => self.inside(bytes),
                Place::Ending => self.ending(bytes),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn outside(&mut self, bytes: &mut &[u8]) -> Option<Framed> {
        let start = memchr::memchr(START, bytes);
        let (before, behind) = bytes.split_at_checked(start.unwrap_or(bytes.len()))?;
        let noise = before
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .count();
        self.outside = self.outside.saturating_add(noise);
        *bytes = behind.get(1..).unwrap_or_default();
        if self.outside > NOISE_BYTES_MAX {
            return Some(Framed::Noise);
        }
        if start.is_some() {
            self.place = Place::Inside;
            self.frame.clear();
        }
        None
    }

    fn inside(&mut self, bytes: &mut &[u8]) -> Option<Framed> {
        let end = memchr::memchr2(START, END, bytes);
        let (content, behind) = bytes.split_at_checked(end.unwrap_or(bytes.len()))?;
        if self.frame.len().saturating_add(content.len()) > self.message_bytes_max {
            *bytes = &[];
            self.frame = Vec::new();
            self.place = Place::Outside;
            return Some(Framed::TooLong);
        }
        self.frame.extend_from_slice(content);
        *bytes = behind.get(1..).unwrap_or_default();
        match behind.first() {
            Some(&END) => self.place = Place::Ending,
            Some(_) => {
                self.frame.clear();
                return Some(Framed::Broken);
            }
            None => {}
        }
        None
    }

    fn ending(&mut self, bytes: &mut &[u8]) -> Option<Framed> {
        let (next, behind) = bytes.split_first()?;
        match *next {
            // Some senders leave the carriage return out.
            CARRIAGE_RETURN | START | b'\n' => {
                if *next != START {
                    *bytes = behind;
                }
                self.place = Place::Outside;
                Some(Framed::Message(std::mem::take(&mut self.frame)))
            }
            _ => {
                self.place = Place::Outside;
                self.frame.clear();
                Some(Framed::Broken)
            }
        }
    }
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("place", &self.place)
            .field("bytes", &self.frame.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(bytes) => write!(f, "Message({} bytes)", bytes.len()),
            Self::Broken => f.write_str("Broken"),
            Self::TooLong => f.write_str("TooLong"),
            Self::Noise => f.write_str("Noise"),
        }
    }
}

/// A message in its frame.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(message.len() + 3);
    frame.push(START);
    frame.extend_from_slice(message);
    frame.extend_from_slice(&[END, CARRIAGE_RETURN]);
    frame
}

const START: u8 = 0x0b;
const END: u8 = 0x1c;
const CARRIAGE_RETURN: u8 = b'\r';
const NOISE_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &[u8], step: usize) -> Vec<Framed> {
        let mut framer = Framer::new(10);
        let mut found = Vec::new();
        for mut chunk in stream.chunks(step) {
            while let Some(framed) = framer.next(&mut chunk) {
                found.push(framed);
            }
        }
        found
    }

    #[test]
    fn frames_are_the_same_however_a_stream_is_cut() {
        let stream = b"\r\n\x0bone\x1c\r\x0btwo\x1c\x0bthree\x1c\r\x0bbro\x0bken\x1c\r\x0bx\x1cy\x0blast\x1c\r";
        let message = |text: &str| Framed::Message(text.as_bytes().to_vec());
        let expected = [
            message("one"),
            message("two"),
            message("three"),
            Framed::Broken,
            message("ken"),
            Framed::Broken,
            message("last"),
        ];
        for step in 1..stream.len() {
            assert_eq!(all(stream, step), expected, "{step}");
        }
    }

    #[test]
    fn long_messages_and_noise_end() {
        assert_eq!(all(b"\x0b01234567890\x1c\r", 4), [Framed::TooLong]);
        assert_eq!(all(&[b'x'; 5000], 5000), [Framed::Noise]);
    }
}
