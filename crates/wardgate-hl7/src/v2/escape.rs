//! Escape sequences of a value: read as what they mean, and written again.

use super::charset::Charset;
use super::delimiters::Delimiters;

/// A value with its escapes resolved.
pub(crate) struct Plain {
    pub(crate) text: String,
    /// Whether all that the value holds is in `text`, so that the value may stand as it was when its text does.
    pub(crate) whole: bool,
}

/// Reads a value that holds at least one escape sign.
///
/// Line breaks become `\n`; highlighting goes, so that it cannot part a name; so do local escapes and switches of
/// the character set, whose content nobody can judge.
pub(crate) fn decode(value: &str, signs: &Delimiters, charset: Charset) -> Plain {
    let Some(escape) = signs.escape.map(char::from) else {
        return Plain {
            text: value.to_owned(),
            whole: true,
        };
    };
    let mut text = String::with_capacity(value.len());
    let mut whole = true;
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once(escape) {
        text.push_str(before);
        let sequence = behind
            .split_once(escape)
            .filter(|(inner, _)| is_sequence(inner));
        let Some((inner, behind)) = sequence else {
            // A lone escape sign means nothing: it stands for itself.
            text.push(escape);
            rest = behind;
            continue;
        };
        whole &= resolve(inner, signs, charset, &mut text);
        rest = behind;
    }
    text.push_str(rest);
    Plain { text, whole }
}

/// Writes a text as a value: signs as escapes, line breaks as `\.br\`.
pub(crate) fn encode(text: &str, signs: &Delimiters, out: &mut String) {
    let mut copied = 0;
    let mut put = |from: usize, to: usize, instead: &str, out: &mut String| {
        out.push_str(text.get(copied..from).unwrap_or_default());
        copied = to;
        if let Some(escape) = signs.escape {
            out.push(char::from(escape));
            out.push_str(instead);
            out.push(char::from(escape));
        } else {
            out.push(' ');
        }
    };
    for (at, byte) in text.bytes().enumerate() {
        let instead = match byte {
            b'\r' if text.as_bytes().get(at + 1) == Some(&b'\n') => continue,
            b'\n' if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => {
                put(at - 1, at + 1, ".br", out);
                continue;
            }
            b'\n' | b'\r' => ".br",
            byte if byte == signs.field => "F",
            byte if byte == signs.component => "S",
            byte if byte == signs.repetition => "R",
            byte if Some(byte) == signs.escape => "E",
            byte if Some(byte) == signs.subcomponent => "T",
            _ => continue,
        };
        put(at, at + 1, instead, out);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
}

/// Whether what stands between two escape signs is a sequence of the standard.
fn is_sequence(inner: &str) -> bool {
    let Some(first) = inner.chars().next() else {
        return false;
    };
    let short = inner.len() == 1;
    match first {
        'F' | 'S' | 'T' | 'R' | 'E' | 'P' | 'H' | 'N' if short => true,
        'X' => inner.bytes().skip(1).all(|b| b.is_ascii_hexdigit()) && inner.len() % 2 == 1,
        'C' | 'M' => !short && inner.bytes().skip(1).all(|b| b.is_ascii_hexdigit()),
        'Z' => !short && inner.len() <= LOCAL_BYTES_MAX,
        '.' => inner.len() <= FORMAT_BYTES_MAX && inner.len() > 2,
        _ => false,
    }
}

/// Adds what a sequence means; says whether that was all of it.
fn resolve(inner: &str, signs: &Delimiters, charset: Charset, text: &mut String) -> bool {
    let sign = |sign: Option<u8>| sign.map(char::from);
    let (first, rest) = inner.split_at_checked(1).unwrap_or((inner, ""));
    match first {
        "F" => text.push(char::from(signs.field)),
        "S" => text.push(char::from(signs.component)),
        "R" => text.push(char::from(signs.repetition)),
        "T" => text.extend(sign(signs.subcomponent)),
        "E" => text.extend(sign(signs.escape)),
        "P" => text.extend(sign(signs.truncation)),
        "H" | "N" => {}
        "X" => {
            let bytes: Vec<u8> = hex_bytes(rest).collect();
            let decoded = charset.decode(&bytes);
            text.push_str(decoded.as_deref().unwrap_or("\u{fffd}"));
            return decoded.is_some();
        }
        "." => {
            let breaks = ["br", "sp", "ce", "fi", "nf", "in", "ti"];
            if breaks
                .iter()
                .any(|command| rest.to_ascii_lowercase().starts_with(command))
            {
                text.push('\n');
            } else {
                return false;
            }
        }
        _ => return false,
    }
    true
}

fn hex_bytes(digits: &str) -> impl Iterator<Item = u8> {
    digits.as_bytes().chunks_exact(2).filter_map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    })
}

const LOCAL_BYTES_MAX: usize = 256;
const FORMAT_BYTES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn signs() -> Delimiters {
        Delimiters::of(b"MSH|^~\\&|").unwrap()
    }

    fn read(value: &str) -> Plain {
        decode(value, &signs(), Charset::Utf8)
    }

    #[test]
    fn sequences_are_read_as_what_they_mean() {
        assert_eq!(read(r"a\F\b\S\c\T\d\R\e\E\f").text, r"a|b^c&d~e\f");
        assert_eq!(read(r"Pt\.br\Maria\.sp+2\x").text, "Pt\nMaria\nx");
        assert_eq!(read(r"Lind\H\qvist\N\").text, "Lindqvist");
        assert_eq!(read(r"\X4C696E64\qvist \Xc3A9\").text, "Lindqvist é");
        assert_eq!(read(r"C:\temp\new").text, r"C:\temp\new");
        let local = read(r"a\Zsecret\b\C2842\c");
        assert_eq!((local.text.as_str(), local.whole), ("abc", false));
        assert!(!read(r"\XFF\").whole);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["plain", "a|b^c&d~e\\f", "one\ntwo\r\nthree", "\\", "Ł|ó\n"] {
            let mut written = String::new();
            encode(text, &signs(), &mut written);
            assert!(!written.contains(['|', '^', '&', '~', '\r', '\n']));
            assert_eq!(read(&written).text, text.replace("\r\n", "\n"));
        }
    }
}
