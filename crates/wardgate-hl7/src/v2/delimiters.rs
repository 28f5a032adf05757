//! The signs that part a message, as its header names them.

use wardgate_deid::RecordFault;

/// The signs of one message or batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Delimiters {
    pub(crate) field: u8,
    pub(crate) component: u8,
    pub(crate) repetition: u8,
    pub(crate) escape: Option<u8>,
    pub(crate) subcomponent: Option<u8>,
    /// What says that a value was cut (2.7 and later).
    pub(crate) truncation: Option<u8>,
}

impl Delimiters {
    /// The signs of a header segment: `MSH`, `FHS` or `BHS`.
    pub(crate) fn of(header: &[u8]) -> Result<Self, RecordFault> {
        let field = *header.get(3).ok_or_else(unreadable)?;
        let behind = header.get(4..).unwrap_or_default();
        let end = behind
            .iter()
            .position(|b| *b == field || matches!(b, b'\r' | b'\n'));
        let encoding = behind
            .get(..end.unwrap_or(behind.len()))
            .unwrap_or_default();
        let mut signs = encoding.to_vec();
        // Some senders write the escape sign twice, as their source code did.
        if let [_, _, third, fourth, ..] = signs.as_slice()
            && third == fourth
        {
            signs.remove(3);
        }
        let mut signs = signs.into_iter();
        let component = signs.next().ok_or_else(unreadable)?;
        let found = Self {
            field,
            component,
            repetition: signs.next().unwrap_or(b'~'),
            escape: signs.next(),
            subcomponent: signs.next(),
            truncation: signs.next(),
        };
        let all: Vec<u8> = found.all().collect();
        let distinct = all
            .iter()
            .enumerate()
            .all(|(at, sign)| is_sign(*sign) && !all.iter().take(at).any(|other| other == sign));
        let bounded = signs.next().is_none();
        if distinct && bounded {
            Ok(found)
        } else {
            Err(unreadable())
        }
    }

    fn all(&self) -> impl Iterator<Item = u8> {
        let always = [self.field, self.component, self.repetition];
        let some = [self.escape, self.subcomponent, self.truncation];
        always.into_iter().chain(some.into_iter().flatten())
    }
}

/// Whether a byte can part a message: a printable sign, or a control character that neither ends lines nor frames
/// messages, as some senders use them.
pub(crate) fn is_sign(byte: u8) -> bool {
    byte.is_ascii_punctuation() || matches!(byte, b'\t' | 0x01..=0x08 | 0x0e..=0x1a | 0x1d..=0x1f)
}

fn unreadable() -> RecordFault {
    RecordFault::new(
        "hl7.delimiters",
        "the header's delimiters are not usable",
        "each of MSH-1 and MSH-2 must be another sign, none of them a letter, a digit or an end of a line",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_signs_are_read() {
        let usual = Delimiters::of(b"MSH|^~\\&|LAB").unwrap();
        assert_eq!((usual.field, usual.escape), (b'|', Some(b'\\')));
        let own = Delimiters::of(b"MSH#*+!%@#LAB").unwrap();
        assert_eq!(own.subcomponent, Some(b'%'));
        assert_eq!(own.truncation, Some(b'@'));
        let short = Delimiters::of(b"MSH|^|LAB").unwrap();
        assert_eq!((short.repetition, short.escape), (b'~', None));
        let doubled = Delimiters::of(b"MSH|^~\\\\&|LAB").unwrap();
        assert_eq!(doubled, usual);
        let control = Delimiters::of(b"MSH\x1f^~\\&\x1fLAB").unwrap();
        assert_eq!(control.field, 0x1f);
    }

    #[test]
    fn signs_that_cannot_part_anything_are_refused() {
        for header in [
            &b"MSH"[..],
            b"MSH|",
            b"MSH||",
            b"MSH|^^\\&|",
            b"MSH|^~\\a|",
            b"MSHA^~\\&A",
            b"MSH|^~\\&#!|",
            b"MSH\x1c^~\\&\x1c",
            b"MSH\0^~\\&\0",
        ] {
            assert!(Delimiters::of(header).is_err());
        }
    }
}
