//! Specific character sets (PS3.3 C.12.1.1.2): how the bytes of a text become letters.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4,
    ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874,
    WINDOWS_1252, WINDOWS_1254,
};

use crate::element::letters;

/// The character set of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CharacterSet {
    /// Of letters beyond ASCII, before any escape sequence.
    high: &'static Encoding,
    /// Whether the letters beyond ASCII are announced at all.
    named: bool,
    /// Whether escape sequences may change the set.
    switches: bool,
}

/// What stands for the lower half of the code table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Low {
    Single,
    /// Two bytes for a letter of JIS X 0208.
    Kanji,
    /// Two bytes for a letter of JIS X 0212.
    Supplement,
}

impl CharacterSet {
    /// The set when (0008,0005) is absent.
    pub(crate) const DEFAULT: Self = Self {
        high: WINDOWS_1252,
        named: false,
        switches: false,
    };

    /// What the values of (0008,0005) say; nothing when the first of them is not known.
    pub(crate) fn read(written: &str) -> Option<Self> {
        let mut terms = written.split('\\').map(str::trim);
        let first = terms.next().unwrap_or_default();
        let switches = terms.next().is_some() || first.starts_with("ISO 2022");
        let high = high_of(first)?;
        let named = !matches!(first, "" | "ISO_IR 6" | "ISO 2022 IR 6" | "ISO_IR_6");
        Some(Self {
            high,
            named,
            switches,
        })
    }

    pub(crate) fn is_utf_8(self) -> bool {
        self.high == UTF_8
    }

    /// The letters of a value. Bytes that the set does not have are read as what they most likely are.
    pub(crate) fn decode<'b>(self, bytes: &'b [u8]) -> Cow<'b, str> {
        let escapes = memchr::memchr(ESCAPE, bytes).is_some();
        if !escapes && bytes.is_ascii() {
            return letters(bytes);
        }
        if escapes {
            return Cow::Owned(self.switching(bytes));
        }
        self.plain(self.high, bytes)
    }

    fn plain<'b>(self, encoding: &'static Encoding, bytes: &'b [u8]) -> Cow<'b, str> {
        if (!self.named || self.high == encoding)
            && encoding != UTF_8
            && let Ok(text) = std::str::from_utf8(bytes)
            && !self.named
        {
            return Cow::Borrowed(text);
        }
        let (text, faulty) = encoding.decode_without_bom_handling(bytes);
        if faulty {
            return match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            };
        }
        text
    }

    /// Text with escape sequences (ISO 2022), which hold until a line or a value ends.
    fn switching(self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len());
        let (mut low, mut high) = (Low::Single, self.high);
        let mut rest = bytes;
        while !rest.is_empty() {
            let next = memchr::memchr(ESCAPE, rest).unwrap_or(rest.len());
            let (run, behind) = rest.split_at_checked(next).unwrap_or((rest, &[]));
            out.push_str(&decoded(low, high, run));
            rest = behind.get(1..).unwrap_or_default();
            for (sequence, means) in ESCAPES {
                if let Some(behind) = rest.strip_prefix(*sequence) {
                    rest = behind;
                    match means {
                        Means::Low(set) => low = *set,
                        Means::High(set) => high = set,
                    }
                    break;
                }
            }
        }
        out
    }
}

enum Means {
    Low(Low),
    High(&'static Encoding),
}

fn decoded(low: Low, high: &'static Encoding, run: &[u8]) -> String {
    match low {
        Low::Single => high.decode_without_bom_handling(run).0.into_owned(),
        Low::Kanji => {
            let mut wrapped = Vec::with_capacity(run.len() + 6);
            wrapped.extend_from_slice(b"\x1b$B");
            wrapped.extend_from_slice(run);
            wrapped.extend_from_slice(b"\x1b(B");
            ISO_2022_JP
                .decode_without_bom_handling(&wrapped)
                .0
                .into_owned()
        }
        Low::Supplement => {
            let mut wrapped = Vec::with_capacity(run.len() * 2);
            for pair in run.chunks(2) {
                wrapped.push(0x8f);
                wrapped.extend(pair.iter().map(|byte| byte | 0x80));
            }
            EUC_JP.decode_without_bom_handling(&wrapped).0.into_owned()
        }
    }
}

fn high_of(term: &str) -> Option<&'static Encoding> {
    let number = term
        .trim_start_matches("ISO_IR")
        .trim_start_matches("ISO 2022 IR")
        .trim_start_matches([' ', '_']);
    Some(match number {
        "" | "6" | "100" | "87" | "159" => WINDOWS_1252,
        "101" => ISO_8859_2,
        "109" => ISO_8859_3,
        "110" => ISO_8859_4,
        "144" => ISO_8859_5,
        "127" => ISO_8859_6,
        "126" => ISO_8859_7,
        "138" => ISO_8859_8,
        "148" => WINDOWS_1254,
        "203" => ISO_8859_15,
        "13" => SHIFT_JIS,
        "166" => WINDOWS_874,
        "149" => EUC_KR,
        "58" | "GBK" | "GB2312" => GBK,
        "192" | "UTF-8" | "UTF8" => UTF_8,
        "GB18030" => GB18030,
        "BIG5" => BIG5,
        _ => return None,
    })
}

const ESCAPE: u8 = 0x1b;
/// Escape sequences of PS3.3 tables C.12-3 and C.12-4, without the escape itself.
const ESCAPES: &[(&[u8], Means)] = &[
    (b"(B", Means::Low(Low::Single)),
    (b"(J", Means::Low(Low::Single)),
    (b"$B", Means::Low(Low::Kanji)),
    (b"$@", Means::Low(Low::Kanji)),
    (b"$(D", Means::Low(Low::Supplement)),
    (b")I", Means::High(SHIFT_JIS)),
    (b"$)C", Means::High(EUC_KR)),
    (b"$)A", Means::High(GBK)),
    (b"-A", Means::High(WINDOWS_1252)),
    (b"-B", Means::High(ISO_8859_2)),
    (b"-C", Means::High(ISO_8859_3)),
    (b"-D", Means::High(ISO_8859_4)),
    (b"-L", Means::High(ISO_8859_5)),
    (b"-G", Means::High(ISO_8859_6)),
    (b"-F", Means::High(ISO_8859_7)),
    (b"-H", Means::High(ISO_8859_8)),
    (b"-M", Means::High(WINDOWS_1254)),
    (b"-T", Means::High(WINDOWS_874)),
    (b"-b", Means::High(ISO_8859_15)),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(set: &str, bytes: &[u8], expected: &str) {
        let set = CharacterSet::read(set).unwrap();
        assert_eq!(set.decode(bytes), expected);
    }

    #[test]
    fn examples_of_the_standard_are_read() {
        // PS3.5 annexes H, I, J: names in Japanese, Korean and Chinese.
        check(
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
            "Yamada^Tarou=山田^太郎",
        );
        check(
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        );
        check("ISO_IR 192", "Wang^小東".as_bytes(), "Wang^小東");
        check("GB18030", b"\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东");
        check("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
        check("ISO_IR 144", b"\xbb\xee\xda", "Люк");
        check("ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ");
    }

    #[test]
    fn letters_without_a_set_are_read_as_what_they_are() {
        check("", "Müller".as_bytes(), "Müller");
        check("", b"M\xfcller", "Müller");
        check("ISO_IR 192", b"M\xfcller", "Müller");
        assert_eq!(CharacterSet::read("ISO_IR 999"), None);
    }
}
