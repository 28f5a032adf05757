//! Strings out of their escapes, and back into them.

use std::borrow::Cow;

use super::fault::{JsonFault, JsonFaultKind};
use crate::offsets::OffsetMap;

/// Decodes what lies between the quotes of a JSON string.
///
/// # Errors
/// On an escape that JSON does not know, a lone surrogate, or bytes that are not UTF-8.
pub fn unescape(raw: &[u8]) -> Result<Cow<'_, str>, JsonFault> {
    decode(raw).map(|(text, _)| text)
}

/// Appends `text` as it must stand between the quotes of a JSON string.
pub fn escape_into(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut following = from.chars();
        match following.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(other) => {
                out.push_str("\\u00");
                for digit in [u32::from(other) >> 4, u32::from(other) & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            None => {}
        }
        rest = following.as_str();
    }
    out.push_str(rest);
}

/// Decodes a string and says where each byte of the result came from.
pub(crate) fn decode(raw: &[u8]) -> Result<(Cow<'_, str>, OffsetMap), JsonFault> {
    let source = std::str::from_utf8(raw)
        .map_err(|fault| JsonFault::new(JsonFaultKind::InvalidUtf8, fault.valid_up_to()))?;
    let mut map = OffsetMap::default();
    let Some(first) = memchr::memchr(b'\\', raw) else {
        return Ok((Cow::Borrowed(source), map));
    };
    let mut text = String::with_capacity(raw.len());
    let mut copied = 0;
    let mut next = Some(first);
    while let Some(at) = next {
        text.push_str(source.get(copied..at).unwrap_or_default());
        let tail = raw.get(at..).unwrap_or_default();
        let Some((character, length)) = escaped(tail) else {
            return Err(JsonFault::new(JsonFaultKind::InvalidEscape, at));
        };
        map.replaced(text.len(), character.len_utf8(), at, length);
        text.push(character);
        copied = at + length;
        let after = raw.get(copied..).unwrap_or_default();
        next = memchr::memchr(b'\\', after).map(|found| copied + found);
    }
    text.push_str(source.get(copied..).unwrap_or_default());
    Ok((Cow::Owned(text), map))
}

/// The character that an escape stands for and the escape's length; `raw` begins with the backslash.
pub(super) fn escaped(raw: &[u8]) -> Option<(char, usize)> {
    let character = match *raw.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return escaped_unicode(raw),
        _ => return None,
    };
    Some((character, 2))
}

fn escaped_unicode(raw: &[u8]) -> Option<(char, usize)> {
    let first = hex(raw.get(2..6)?)?;
    if !(0xD800..0xDC00).contains(&first) {
        // A low surrogate that stands alone is no character.
        return char::from_u32(first).map(|character| (character, 6));
    }
    let second = raw.get(6..12)?.strip_prefix(b"\\u").and_then(hex)?;
    if !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    char::from_u32(code).map(|character| (character, 12))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some((value << 4) | char::from(*digit).to_digit(16)?)
    })
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}
