//! Bytes to text: what encoding they are in, and what is told when they are not in the one expected.

use clap::ValueEnum;

/// How the characters of the input are written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// UTF-8
    #[value(name = "utf-8")]
    Utf8,
    /// ISO 8859-1
    #[value(name = "latin-1")]
    Latin1,
    /// The usual one of older Windows programs
    #[value(name = "windows-1252")]
    Windows1252,
    /// UTF-16, low byte first
    #[value(name = "utf-16le")]
    Utf16Le,
    /// UTF-16, high byte first
    #[value(name = "utf-16be")]
    Utf16Be,
    /// Looks at the bytes: UTF-16 by its mark or zeros, UTF-8 when valid, otherwise windows-1252
    Auto,
}

/// A text, and how many faults in it were replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) replaced: u64,
}

/// Why bytes are no text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undecoded {
    /// The first byte that does not fit, where it is about one.
    pub(super) offset: Option<usize>,
    pub(super) reason: &'static str,
    pub(super) hint: String,
}

impl Encoding {
    /// The encoding as far as the first bytes of the input show it.
    pub(super) fn seen_in(self, head: &[u8]) -> Self {
        match self {
            Self::Auto => utf16(head).unwrap_or(Self::Auto),
            stated => stated,
        }
    }

    /// Reads bytes as text; with `lossy`, what does not fit becomes U+FFFD.
    pub(super) fn decode(self, bytes: Vec<u8>, lossy: bool) -> Result<Decoded, Undecoded> {
        match self {
            Self::Utf8 => utf8(bytes, lossy),
            Self::Latin1 => Ok(whole(bytes.iter().map(|byte| char::from(*byte)).collect())),
            Self::Windows1252 => Ok(whole(bytes.iter().map(|byte| western(*byte)).collect())),
            Self::Utf16Le => from_utf16(&bytes, u16::from_le_bytes, lossy),
            Self::Utf16Be => from_utf16(&bytes, u16::from_be_bytes, lossy),
            Self::Auto => match utf16(&bytes) {
                Some(encoding) => encoding.decode(bytes, lossy),
                None => match String::from_utf8(bytes) {
                    Ok(text) => Ok(whole(text)),
                    Err(error) if is_binary(error.as_bytes()) => Err(binary()),
                    Err(error) => Self::Windows1252.decode(error.into_bytes(), lossy),
                },
            },
        }
    }
}

/// UTF-16 shows itself by its mark, or by zeros at every other byte.
pub(super) fn utf16(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => return Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => return Some(Encoding::Utf16Be),
        _ => {}
    }
    let (pairs, _) = bytes.get(..HEAD_BYTES).unwrap_or(bytes).as_chunks::<2>();
    let zeros = |high: fn(&[u8; 2]) -> u8| pairs.iter().filter(|pair| high(pair) == 0).count();
    let (even, odd) = (zeros(|[even, _]| *even), zeros(|[_, odd]| *odd));
    let many = |count: usize| pairs.len() >= 4 && count * 10 >= pairs.len() * 4;
    let few = |count: usize| count * 20 <= pairs.len();
    if many(odd) && few(even) {
        Some(Encoding::Utf16Le)
    } else if many(even) && few(odd) {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

fn whole(text: String) -> Decoded {
    Decoded { text, replaced: 0 }
}

fn utf8(bytes: Vec<u8>, lossy: bool) -> Result<Decoded, Undecoded> {
    // Plain text in UTF-16 is valid UTF-8 with zeros in it, which hide every word.
    if let Some(encoding) = utf16(&bytes) {
        let name = if encoding == Encoding::Utf16Le {
            "utf-16le"
        } else {
            "utf-16be"
        };
        return Err(Undecoded {
            offset: None,
            reason: "is UTF-16, not UTF-8",
            hint: format!("add `--encoding {name}`, or `--encoding auto`"),
        });
    }
    if is_binary(&bytes) {
        return Err(binary());
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(whole(text)),
        Err(error) => error.into_bytes(),
    };
    if !lossy {
        return Err(not_utf8(&bytes));
    }
    let mut decoded = whole(String::with_capacity(bytes.len()));
    for chunk in bytes.utf8_chunks() {
        decoded.text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            decoded.text.push(char::REPLACEMENT_CHARACTER);
            decoded.replaced += 1;
        }
    }
    Ok(decoded)
}

fn not_utf8(bytes: &[u8]) -> Undecoded {
    let offset = bytes
        .utf8_chunks()
        .next()
        .map_or(0, |chunk| chunk.valid().len());
    let (mut faults, mut foreign) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        faults += usize::from(!chunk.invalid().is_empty());
        foreign += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
    }
    let controls = bytes.iter().any(|byte| matches!(byte, 0x80..=0x9F));
    let hint = if foreign >= faults {
        "it is damaged: `--lossy` goes on and puts U+FFFD where bytes do not fit".to_owned()
    } else {
        let (said, name) = if controls {
            ("Windows-1252", "windows-1252")
        } else {
            ("Latin-1", "latin-1")
        };
        format!(
            "it looks like {said}: add `--encoding {name}`; or `--lossy` to put U+FFFD where bytes do not fit"
        )
    };
    Undecoded {
        offset: Some(offset),
        reason: "is not valid UTF-8",
        hint,
    }
}

/// Files of other programs, which hold no plain text.
fn is_binary(bytes: &[u8]) -> bool {
    let known = MAGIC.iter().any(|magic| bytes.starts_with(magic));
    let dicom = bytes.get(128..132) == Some(b"DICM");
    let is_utf8 = || std::str::from_utf8(bytes).is_ok();
    known || dicom || (bytes.contains(&0) && !is_utf8())
}

fn binary() -> Undecoded {
    Undecoded {
        offset: None,
        reason: "is no text but a binary file",
        hint: "export its text first".to_owned(),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, lossy: bool) -> Result<Decoded, Undecoded> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut decoded = whole(String::with_capacity(bytes.len()));
    let mut offset = 0;
    let fault = |offset| Undecoded {
        offset: Some(offset),
        reason: "is not valid UTF-16",
        hint: "check the encoding; `--lossy` goes on and puts U+FFFD where bytes do not fit"
            .to_owned(),
    };
    for read in char::decode_utf16(units) {
        match read {
            Ok('\u{feff}') if offset == 0 => offset += 2,
            Ok(character) => {
                decoded.text.push(character);
                offset += 2 * character.len_utf16();
            }
            Err(_) if lossy => {
                decoded.text.push(char::REPLACEMENT_CHARACTER);
                decoded.replaced += 1;
                offset += 2;
            }
            Err(_) => return Err(fault(offset)),
        }
    }
    match rest {
        [] => Ok(decoded),
        _ if lossy => {
            decoded.text.push(char::REPLACEMENT_CHARACTER);
            decoded.replaced += 1;
            Ok(decoded)
        }
        _ => Err(fault(offset)),
    }
}

fn western(byte: u8) -> char {
    let high = byte.checked_sub(0x80).map(usize::from);
    let special = high.and_then(|at| WESTERN.get(at));
    special.copied().unwrap_or(char::from(byte))
}

/// Windows-1252 from 0x80 to 0x9F; five bytes mean nothing and stay controls.
const WESTERN: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];
/// PDF, ZIP (and Word), gzip, PNG, JPEG, GIF, TIFF, old Office, ELF, zstd, RTF.
const MAGIC: [&[u8]; 12] = [
    b"%PDF-",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"\xd0\xcf\x11\xe0",
    b"\x7fELF",
    b"\x28\xb5\x2f\xfd",
    b"{\\rtf",
];
const HEAD_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoding: Encoding, bytes: &[u8]) -> String {
        encoding.decode(bytes.to_vec(), false).unwrap().text
    }

    #[test]
    fn each_encoding_is_read() {
        let utf16: Vec<u8> = "\u{feff}Größe 😀"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(Encoding::Utf16Le, &utf16), "Größe 😀");
        assert_eq!(text(Encoding::Auto, &utf16), "Größe 😀");
        assert_eq!(text(Encoding::Latin1, b"Gr\xf6\xdfe"), "Größe");
        assert_eq!(text(Encoding::Auto, b"Gr\xf6\xdfe \x80 5"), "Größe € 5");
        assert_eq!(
            text(Encoding::Windows1252, b"\x84M\xfcller\x93"),
            "„Müller“"
        );
        assert_eq!(text(Encoding::Utf8, "a\0b\u{7f}".as_bytes()), "a\0b\u{7f}");
        assert_eq!(text(Encoding::Auto, b""), "");
    }

    #[test]
    fn the_wrong_encoding_is_said() {
        let fault = |bytes: &[u8]| Encoding::Utf8.decode(bytes.to_vec(), false).unwrap_err();
        let latin = fault(b"Herr M\xfcller");
        assert_eq!(
            (latin.offset, latin.reason),
            (Some(6), "is not valid UTF-8")
        );
        assert!(latin.hint.contains("--encoding latin-1"));
        assert!(fault(b"\x93quoted\x94").hint.contains("windows-1252"));
        assert!(
            fault("Müller \u{e9}\u{e9}".as_bytes().split_last().unwrap().1)
                .hint
                .contains("damaged")
        );
        let zeros: Vec<u8> = "Patient"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert!(fault(&zeros).hint.contains("utf-16be"));
        assert!(fault(b"%PDF-1.7 ...").reason.contains("binary"));
        assert!(fault(b"\0\xff\0\x81").reason.contains("binary"));
    }

    #[test]
    fn what_does_not_fit_is_replaced_and_counted() {
        let decoded = Encoding::Utf8.decode(b"a\xffb\xc3".to_vec(), true).unwrap();
        assert_eq!(
            (decoded.text.as_str(), decoded.replaced),
            ("a\u{fffd}b\u{fffd}", 2)
        );
        let decoded = Encoding::Utf16Be
            .decode(vec![0xd8, 0, 0, b'a', 0], true)
            .unwrap();
        assert_eq!(
            (decoded.text.as_str(), decoded.replaced),
            ("\u{fffd}a\u{fffd}", 2)
        );
        assert!(Encoding::Utf16Be.decode(vec![0, b'a', 0], false).is_err());
    }
}
