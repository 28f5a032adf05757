//! Strings and scalars, byte by byte.

use std::ops::Range;

use wardgate_deid::RecordFault;

use super::{Cursor, Quoted, broken, has_control, position};

impl<'a> Cursor<'a> {
    /// A string that was not read before.
    #[inline(never)]
    pub(super) fn unread_string(&mut self) -> Result<Quoted<'a>, RecordFault> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.input.as_bytes().get(self.at..).unwrap_or_default();
            let Some(length) = quote_or_escape(rest) else {
                return Err(broken("a string without an end").at(position(start)));
            };
            if !self.plain && has_control(rest.get(..length).unwrap_or_default()) {
                return Err(broken("a control character in a string").at(position(start)));
            }
            self.at += length;
            if self.peek() == Some(b'"') {
                let raw = self.slice_text(start..self.at);
                self.at += 1;
                return Ok(Quoted { raw, escaped });
            }
            escaped = true;
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), RecordFault> {
        let fault = || broken("an escape that JSON does not know").at(position(self.at));
        let rest = self.input.as_bytes().get(self.at..).unwrap_or_default();
        let length = match rest.get(1) {
            Some(b'u') => {
                // A high surrogate needs its low one.
                let unit = |at: usize| rest.get(at..at + 4).and_then(hex);
                match unit(2) {
                    Some(0xD800..0xDC00) => {
                        let paired = rest.get(6..8) == Some(b"\\u");
                        match unit(8) {
                            Some(0xDC00..0xE000) if paired => 12,
                            _ => return Err(fault()),
                        }
                    }
                    Some(0xDC00..0xE000) | None => return Err(fault()),
                    Some(_) => 6,
                }
            }
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            _ => return Err(fault()),
        };
        self.at += length;
        Ok(())
    }

    /// A number, `true`, `false` or `null`; all of it.
    pub(crate) fn scalar(&mut self) -> Result<Range<usize>, RecordFault> {
        let start = self.at;
        let rest = self.input.as_bytes().get(start..).unwrap_or_default();
        let length = match self.peek() {
            Some(b't') if rest.starts_with(b"true") => 4,
            Some(b'f') if rest.starts_with(b"false") => 5,
            Some(b'n') if rest.starts_with(b"null") => 4,
            Some(b'-' | b'0'..=b'9') => number(rest).ok_or_else(|| self.unexpected())?,
            _ => return Err(self.unexpected()),
        };
        self.at += length;
        match self.peek() {
            None | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') => Ok(start..self.at),
            Some(_) => Err(self.unexpected()),
        }
    }
}

/// Where the next quote or backslash stands: eight bytes at a time, since most strings are short.
#[inline]
fn quote_or_escape(bytes: &[u8]) -> Option<usize> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().take(NEAR).enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let hit = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if hit != 0 {
            let byte = usize::try_from(hit.trailing_zeros() / 8).unwrap_or_default();
            return Some(index * 8 + byte);
        }
    }
    let near = chunks.len().min(NEAR) * 8;
    let far = if chunks.len() > NEAR {
        bytes.get(near..).unwrap_or_default()
    } else {
        rest
    };
    memchr::memchr2(b'"', b'\\', far).map(|at| near + at)
}

/// The high bit of each byte that is zero; bits above the first such byte can be wrong.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let part = digits(at + 1);
        if part == 0 {
            return None;
        }
        at += 1 + part;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some((value << 4) | char::from(*digit).to_digit(16)?)
    })
}

/// Words of eight bytes that are searched before the search for long strings begins.
const NEAR: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = 0x2222_2222_2222_2222;
const BACKSLASHES: u64 = 0x5c5c_5c5c_5c5c_5c5c;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_found_wherever_they_stand() {
        for before in 0..200 {
            let text = format!(
                "{}\"tail\\",
                "é".repeat(before / 2) + &"x".repeat(before % 2)
            );
            assert_eq!(quote_or_escape(text.as_bytes()), text.find('"'));
        }
        assert_eq!(
            quote_or_escape(b"nothing here at all, and long enough"),
            None
        );
    }
}
