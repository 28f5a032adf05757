//! The character set of a message, by MSH-18.

use std::borrow::Cow;

use encoding_rs::Encoding;
use wardgate_deid::RecordFault;

/// How a message's bytes are read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// ASCII, or UTF-8 in which everything else is written.
    Utf8,
    /// Any other.
    Other(&'static Encoding),
}

impl Charset {
    /// The character set that MSH-18 names; without one the message must be ASCII or UTF-8, or `otherwise`.
    pub(crate) fn named(name: &str, otherwise: Option<&str>) -> Result<Self, RecordFault> {
        let name = match name.trim() {
            "" => otherwise.unwrap_or_default(),
            name => name,
        };
        let label = match name.to_ascii_uppercase().as_str() {
            "" | "ASCII" | "UNICODE UTF-8" | "UNICODE" | "UTF-8" | "UTF8" => return Ok(Self::Utf8),
            "ISO IR6" | "ISO_IR 6" | "ISO IR 6" | "US-ASCII" => return Ok(Self::Utf8),
            "8859/1" => "iso-8859-1",
            "8859/2" => "iso-8859-2",
            "8859/3" => "iso-8859-3",
            "8859/4" => "iso-8859-4",
            "8859/5" => "iso-8859-5",
            "8859/6" => "iso-8859-6",
            "8859/7" => "iso-8859-7",
            "8859/8" => "iso-8859-8",
            "8859/9" => "iso-8859-9",
            "8859/10" => "iso-8859-10",
            "8859/13" => "iso-8859-13",
            "8859/14" => "iso-8859-14",
            "8859/15" => "iso-8859-15",
            "8859/16" => "iso-8859-16",
            "ISO IR14" | "ISO IR87" | "ISO IR159" => "iso-2022-jp",
            "GB 18030-2000" => "gb18030",
            "KS X 1001" => "euc-kr",
            "CNS 11643-1992" => return Err(unknown()),
            "BIG-5" => "big5",
            other => return Self::label(other),
        };
        Self::label(label)
    }

    fn label(label: &str) -> Result<Self, RecordFault> {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
        // UTF-16 can be read by this library, but its headers by nobody who looks for ASCII.
        let usable = encoding.output_encoding() == encoding && encoding != encoding_rs::REPLACEMENT;
        if !usable {
            return Err(unknown());
        }
        Ok(match encoding == encoding_rs::UTF_8 {
            true => Self::Utf8,
            false => Self::Other(encoding),
        })
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => encoding_rs::UTF_8.name(),
            Self::Other(encoding) => encoding.name(),
        }
    }

    /// Bytes as text; nothing when they are none in this character set.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Other(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            }
        }
    }

    /// Text as bytes; what the character set does not have becomes `?`.
    pub(crate) fn encode(self, text: &str, out: &mut Vec<u8>) {
        let Self::Other(encoding) = self else {
            out.extend_from_slice(text.as_bytes());
            return;
        };
        let (bytes, _, unmapped) = encoding.encode(text);
        if !unmapped {
            out.extend_from_slice(&bytes);
            return;
        }
        let has = |c: char| !encoding.encode(c.encode_utf8(&mut [0; 4])).2;
        let mapped: String = text.chars().map(|c| if has(c) { c } else { '?' }).collect();
        out.extend_from_slice(&encoding.encode(&mapped).0);
    }
}

fn unknown() -> RecordFault {
    RecordFault::new(
        "hl7.charset",
        "the character set that MSH-18 names is not supported",
        "convert the message to UTF-8 and say `UNICODE UTF-8` in MSH-18",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_sets_are_read_and_written() {
        for (name, bytes, text) in [
            ("", &b"Maria"[..], "Maria"),
            ("UNICODE UTF-8", "Łucja".as_bytes(), "Łucja"),
            ("8859/1", b"M\xfcller", "Müller"),
            ("8859/2", b"\xa3ucja", "Łucja"),
            ("BIG-5", b"\xa4\xa4", "中"),
            ("GB 18030-2000", b"\xd6\xd0", "中"),
        ] {
            let charset = Charset::named(name, None).unwrap();
            assert_eq!(charset.decode(bytes).unwrap(), text);
            let mut out = Vec::new();
            charset.encode(text, &mut out);
            assert_eq!(out, bytes);
        }
        let mut out = Vec::new();
        Charset::named("8859/1", None)
            .unwrap()
            .encode("Łé", &mut out);
        assert_eq!(out, b"?\xe9");
    }

    #[test]
    fn what_cannot_be_read_is_no_text() {
        assert!(Charset::Utf8.decode(b"M\xfcller").is_none());
        for name in ["UNICODE UTF-16", "UNICODE UTF-32", "KLINGON"] {
            assert!(Charset::named(name, None).is_err());
        }
    }
}
