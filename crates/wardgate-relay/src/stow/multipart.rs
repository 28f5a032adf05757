//! Bodies of `multipart/related` (RFC 2387, RFC 2046), read as they come.

/// Reads parts from pieces of a body; each byte is looked at a limited number of times.
#[derive(Debug)]
pub struct Multipart {
    delimiter: Vec<u8>,
    held: Vec<u8>,
    place: Place,
    parts_left: usize,
}

/// What a body holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// A part begins: the value of its `Content-Type`, in small letters, empty where it has none.
    Begins(String),
    /// Bytes of the part.
    Data(Vec<u8>),
    /// The part ends.
    Ends,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Preamble,
    /// Behind a delimiter: two dashes for the last one, or the end of its line.
    Delimited,
    Head,
    Data,
    Epilogue,
}

impl Multipart {
    /// Parts between delimiters that are made of a boundary.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first delimiter may stand at the very beginning.
            held: b"\r\n".to_vec(),
            place: Place::Preamble,
            parts_left: PARTS_MAX,
        }
    }

    /// Takes a piece of the body, and gives what is complete.
    ///
    /// # Errors
    /// When the head of a part is too long or there are too many parts.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<Part>, Malformed> {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(piece);
        let mut parts = Vec::new();
        let mut at = 0;
        loop {
            let rest = held.get(at..).unwrap_or_default();
            let used = match self.place {
                Place::Preamble => self.preamble(rest),
                Place::Delimited => self.delimited(rest)?,
                Place::Head => self.head(rest, &mut parts)?,
                Place::Data => self.data(rest, &mut parts),
                Place::Epilogue => Step::Wait(rest.len()),
            };
            match used {
                Step::On(place, used) => {
                    at += used;
                    self.place = place;
                }
                Step::Wait(used) => {
                    at += used;
                    break;
                }
            }
        }
        held.drain(..at.min(held.len()));
        self.held = held;
        Ok(parts)
    }

    /// Whether the last delimiter was read.
    ///
    /// # Errors
    /// When the body ended before it.
    pub fn end(&self) -> Result<(), Malformed> {
        match self.place {
            Place::Epilogue => Ok(()),
            _ => Err(Malformed("the body ends before its last delimiter")),
        }
    }

    fn preamble(&self, rest: &[u8]) -> Step {
        match memchr::memmem::find(rest, &self.delimiter) {
            Some(found) => Step::On(Place::Delimited, found + self.delimiter.len()),
            None => Step::Wait(self.settled(rest)),
        }
    }

    fn delimited(&mut self, rest: &[u8]) -> Result<Step, Malformed> {
        if rest.starts_with(b"--") {
            return Ok(Step::On(Place::Epilogue, 2));
        }
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        match rest.get(blanks..).unwrap_or_default() {
            [b'\r', b'\n', ..] => {
                let left = self.parts_left.checked_sub(1);
                self.parts_left = left.ok_or(Malformed("the body has too many parts"))?;
                // The end of this line may also be the one before the empty line that ends a head.
                Ok(Step::On(Place::Head, blanks))
            }
            [] | [b'-' | b'\r'] if rest.len() < HEAD_BYTES_MAX => Ok(Step::Wait(0)),
            _ => Err(Malformed("a delimiter is followed by something else")),
        }
    }

    fn head(&self, rest: &[u8], parts: &mut Vec<Part>) -> Result<Step, Malformed> {
        let Some(end) = memchr::memmem::find(rest, b"\r\n\r\n") else {
            return match rest.len() > HEAD_BYTES_MAX {
                true => Err(Malformed("the head of a part is too long")),
                false => Ok(Step::Wait(0)),
            };
        };
        if end > HEAD_BYTES_MAX {
            return Err(Malformed("the head of a part is too long"));
        }
        let head =
            String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let kind = lines.find(|(name, _)| name.trim() == "content-type");
        let kind = kind.map(|(_, value)| value.trim().to_owned());
        parts.push(Part::Begins(kind.unwrap_or_default()));
        // The end of line before the data stays: a delimiter may follow at once.
        Ok(Step::On(Place::Data, end + 4))
    }

    fn data(&self, rest: &[u8], parts: &mut Vec<Part>) -> Step {
        let found = memchr::memmem::find(rest, &self.delimiter);
        let length = found.unwrap_or_else(|| self.settled(rest));
        if length > 0 {
            parts.push(Part::Data(rest.get(..length).unwrap_or_default().to_vec()));
        }
        match found {
            Some(found) => {
                parts.push(Part::Ends);
                Step::On(Place::Delimited, found + self.delimiter.len())
            }
            None => Step::Wait(length),
        }
    }

    /// The bytes that no delimiter can begin in.
    fn settled(&self, rest: &[u8]) -> usize {
        rest.len().saturating_sub(self.delimiter.len())
    }
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

enum Step {
    On(Place, usize),
    Wait(usize),
}

const PARTS_MAX: usize = 10_000;
const HEAD_BYTES_MAX: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"preamble\r\n--xyz\r\nContent-Type: Application/DICOM\r\nA: b\r\n\r\none\r\n--xy two\r\n--xyz \r\n\r\n\r\n--xyz--\r\nepilogue";

    fn all(body: &[u8], step: usize) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
        let mut reader = Multipart::new("xyz");
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        let mut open = false;
        for piece in body.chunks(step) {
            for part in reader.take(piece)? {
                match part {
                    Part::Begins(kind) => {
                        assert!(!open);
                        open = true;
                        parts.push((kind, Vec::new()));
                    }
                    Part::Data(data) => parts.last_mut().unwrap().1.extend(data),
                    Part::Ends => open = false,
                }
            }
        }
        reader.end()?;
        Ok(parts)
    }

    #[test]
    fn parts_are_the_same_however_a_body_is_cut() {
        let expected = vec![
            ("application/dicom".to_owned(), b"one\r\n--xy two".to_vec()),
            (String::new(), Vec::new()),
        ];
        for step in 1..BODY.len() {
            assert_eq!(all(BODY, step).unwrap(), expected, "{step}");
        }
        assert_eq!(all(b"--xyz--", 3).unwrap(), []);
    }

    #[test]
    fn broken_bodies_are_refused() {
        for body in [
            &b"--xyz\r\nA: b\r\n\r\nhalf"[..],
            b"--xyzz\r\n\r\n\r\n--xyz--",
            b"nothing",
            b"",
        ] {
            assert!(all(body, 4).is_err());
        }
        let long = [b"--xyz\r\n".to_vec(), vec![b'a'; 100_000]].concat();
        assert!(all(&long, 1000).is_err());
    }
}
