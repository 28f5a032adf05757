//! How a data set is encoded: byte order, value representations, deflation, encapsulated pixels.

use crate::element::{Tag, vr_of};

/// The encoding of data elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) explicit: bool,
    pub(crate) big_endian: bool,
}

/// A transfer syntax, as far as the data set tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) uid: String,
    pub(crate) encoding: Encoding,
    pub(crate) deflated: bool,
}

impl Encoding {
    pub(crate) const IMPLICIT: Self = Self {
        explicit: false,
        big_endian: false,
    };
    pub(crate) const EXPLICIT: Self = Self {
        explicit: true,
        big_endian: false,
    };
    pub(crate) const BIG_ENDIAN: Self = Self {
        explicit: true,
        big_endian: true,
    };

    /// What the first bytes of a data set look like; nothing when they look like none.
    pub(crate) fn sniff(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d, e, f, g, h] = *bytes.first_chunk::<8>()?;
        let little = Tag::new(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let big = Tag::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let named = vr_of([e, f]).is_some();
        // Group 0 is that of commands, which no file holds; a file of zeros would begin with it.
        let first = |tag: Tag| (1..=FIRST_GROUP_MAX).contains(&tag.group());
        match (named, first(little), first(big)) {
            (true, true, _) => Some(Self::EXPLICIT),
            (true, _, true) => Some(Self::BIG_ENDIAN),
            (false, true, _) => {
                let length = u32::from_le_bytes([e, f, g, h]);
                (length <= FIRST_LENGTH_MAX || length == u32::MAX).then_some(Self::IMPLICIT)
            }
            _ => None,
        }
    }
}

impl Syntax {
    /// What a transfer syntax UID says: all that the standard knows besides these few are explicit little endian.
    pub(crate) fn named(uid: &str) -> Self {
        let encoding = match uid {
            IMPLICIT => Encoding::IMPLICIT,
            BIG_ENDIAN => Encoding::BIG_ENDIAN,
            _ => Encoding::EXPLICIT,
        };
        Self {
            uid: uid.to_owned(),
            encoding,
            deflated: DEFLATED.contains(&uid),
        }
    }

    /// The syntax of a data set that is encoded otherwise than its label says, or has none.
    ///
    /// A data set of encapsulated pixels keeps its label, and is written as the label wants it.
    pub(crate) fn found(label: &str, encoding: Encoding) -> Self {
        let named = Self::named(label);
        let fits = named.encoding == encoding && !named.deflated && !label.is_empty();
        if fits || named.is_encapsulated() {
            return named;
        }
        let uid = match encoding {
            Encoding::IMPLICIT => IMPLICIT,
            Encoding::BIG_ENDIAN => BIG_ENDIAN,
            _ => EXPLICIT,
        };
        Self::named(uid)
    }

    /// Whether pixels are compressed.
    pub(crate) fn is_encapsulated(&self) -> bool {
        !NATIVE.contains(&self.uid.as_str()) && !self.uid.is_empty()
    }
}

pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Deflated explicit little endian, and two of JPIP, whose pixels stand elsewhere.
const DEFLATED: [&str; 3] = [
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.95",
    "1.2.840.10008.1.2.4.205",
];
const NATIVE: [&str; 7] = [
    IMPLICIT,
    EXPLICIT,
    BIG_ENDIAN,
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.94",
    "1.2.840.10008.1.2.4.95",
    "1.2.840.10008.1.2.4.205",
];
/// Data sets begin with group 0008, or with a group in front of it that has no business there.
const FIRST_GROUP_MAX: u16 = 0x0010;
/// The first element of a data set is never long.
const FIRST_LENGTH_MAX: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_show_in_the_first_element() {
        assert_eq!(
            Encoding::sniff(b"\x08\0\x05\0CS\x0a\0"),
            Some(Encoding::EXPLICIT)
        );
        assert_eq!(
            Encoding::sniff(b"\0\x08\0\x05CS\0\x0a"),
            Some(Encoding::BIG_ENDIAN)
        );
        assert_eq!(
            Encoding::sniff(b"\x08\0\x05\0\x0a\0\0\0"),
            Some(Encoding::IMPLICIT)
        );
        assert_eq!(Encoding::sniff(b"%PDF-1.7"), None);
        assert_eq!(Encoding::sniff(b"\x89PNG\r\n\x1a\n"), None);
        assert_eq!(Encoding::sniff(b"short"), None);
    }
}
