//! The part of DER (X.690) that a timestamp needs: definite lengths in their shortest form.

use super::TimestampFault;

/// A sequence of DER elements that is being read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One element: its tag, its content, and all of its bytes.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element, whatever it is.
    pub(super) fn next(&mut self) -> Result<Element<'a>, TimestampFault> {
        let from = self.rest;
        let [tag, length, rest @ ..] = from else {
            return Err(TimestampFault::Malformed);
        };
        // Tags above 30 take more bytes; nothing here has one.
        if tag & 0x1f == 0x1f {
            return Err(TimestampFault::Malformed);
        }
        let (length, rest) = match *length {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x83 => long_length(usize::from(long & 0x7f), rest)?,
            _ => return Err(TimestampFault::Malformed),
        };
        let (content, rest) = rest
            .split_at_checked(length)
            .ok_or(TimestampFault::Malformed)?;
        self.rest = rest;
        let whole = from
            .get(..from.len() - rest.len())
            .ok_or(TimestampFault::Malformed)?;
        Ok(Element {
            tag: *tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, TimestampFault> {
        let element = self.next()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(TimestampFault::Malformed)
        }
    }

    /// The next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, TimestampFault> {
        if self.rest.first() == Some(&tag) {
            self.next().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), TimestampFault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(TimestampFault::Malformed)
        }
    }
}

impl<'a> Element<'a> {
    pub(super) fn inner(&self) -> Reader<'a> {
        Reader::of(self.content)
    }
}

/// An element of a tag around parts.
pub(super) fn element<P: AsRef<[u8]>>(tag: u8, parts: &[P]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let mut bytes = vec![tag];
    bytes.extend(length_of(length));
    for part in parts {
        bytes.extend_from_slice(part.as_ref());
    }
    bytes
}

/// The bytes of a length.
fn length_of(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => vec![short],
        _ => {
            let digits: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            let count = u8::try_from(digits.len()).unwrap_or_default();
            let mut bytes = vec![0x80 | count];
            bytes.extend(digits);
            bytes
        }
    }
}

fn long_length(digits: usize, rest: &[u8]) -> Result<(usize, &[u8]), TimestampFault> {
    let (digits, rest) = rest
        .split_at_checked(digits)
        .ok_or(TimestampFault::Malformed)?;
    let length = digits
        .iter()
        .fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
    // One number has one encoding.
    let shortest = length > 0x7f && digits.first().is_some_and(|first| *first != 0);
    if shortest {
        Ok((length, rest))
    } else {
        Err(TimestampFault::Malformed)
    }
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// Context-specific, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;
pub(super) const CONTEXT_3: u8 = 0xa3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let bytes = element(OCTET_STRING, &[vec![7; length]]);
            let mut reader = Reader::of(&bytes);
            let read = reader.expect(OCTET_STRING).unwrap();
            assert_eq!((read.content.len(), read.whole), (length, &bytes[..]));
            assert!(reader.end().is_ok());
        }
    }

    #[test]
    fn other_encodings_of_a_length_are_refused() {
        for bytes in [
            &b"\x04\x81\x01a"[..],
            b"\x04\x82\x00\x01a",
            b"\x04\x80a\x00\x00",
            b"\x1f\x01a",
            b"\x04\x02a",
            b"\x04",
        ] {
            assert!(Reader::of(bytes).next().is_err(), "{bytes:02x?}");
        }
    }
}
