//! A cursor over the bytes of one JSON value: strict, without a tree, without copies.

use std::borrow::Cow;
use std::ops::Range;

use wardgate_deid::RecordFault;
use wardgate_deid::json;

/// Where a reader stands in a record.
///
/// INVARIANT: the bytes are UTF-8; `new` refuses all others.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    input: &'a [u8],
    pub(crate) at: usize,
    /// Whether no control character stands anywhere, so that strings need not be searched for them.
    plain: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Result<Self, RecordFault> {
        if let Err(fault) = std::str::from_utf8(input) {
            return Err(broken("bytes that are not UTF-8").at(position(fault.valid_up_to())));
        }
        let plain = !input.iter().fold(false, |any, byte| any | (*byte < 0x20));
        Ok(Self {
            input,
            at: 0,
            plain,
        })
    }

    pub(crate) fn input(&self) -> &'a [u8] {
        self.input
    }

    pub(crate) fn slice(&self, at: Range<usize>) -> &'a [u8] {
        self.input.get(at).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The next byte that is no white space.
    #[inline]
    pub(crate) fn next_sign(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    #[inline]
    pub(crate) fn expect(&mut self, sign: u8) -> Result<(), RecordFault> {
        match self.next_sign() {
            Some(found) if found == sign => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(&mut self) -> Result<(), RecordFault> {
        match self.next_sign() {
            None => Ok(()),
            Some(_) => Err(broken("data after the record").at(position(self.at))),
        }
    }

    /// A string whose quote is the next byte; the range lies between the quotes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Range<usize>, RecordFault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        self.at += 1;
        let start = self.at;
        loop {
            let rest = self.input.get(self.at..).unwrap_or_default();
            let Some(length) = quote_or_escape(rest) else {
                return Err(broken("a string without an end").at(position(start)));
            };
            if !self.plain && has_control(rest.get(..length).unwrap_or_default()) {
                return Err(broken("a control character in a string").at(position(start)));
            }
            self.at += length;
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(start..self.at - 1);
            }
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Result<(), RecordFault> {
        let fault = broken("an escape that JSON does not know").at(position(self.at));
        let rest = self.input.get(self.at..).unwrap_or_default();
        let length = match rest.get(1) {
            Some(b'u') => {
                // A high surrogate needs its low one.
                let unit = |at: usize| rest.get(at..at + 4).and_then(hex);
                match unit(2) {
                    Some(0xD800..0xDC00) => {
                        let paired = rest.get(6..8) == Some(b"\\u");
                        match unit(8) {
                            Some(0xDC00..0xE000) if paired => 12,
                            _ => return Err(fault),
                        }
                    }
                    Some(0xDC00..0xE000) | None => return Err(fault),
                    Some(_) => 6,
                }
            }
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            _ => return Err(fault),
        };
        self.at += length;
        Ok(())
    }

    /// A number, `true`, `false` or `null`; all of it.
    pub(crate) fn scalar(&mut self) -> Result<Range<usize>, RecordFault> {
        let start = self.at;
        let rest = self.input.get(start..).unwrap_or_default();
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

    /// Passes over one value, strictly.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), RecordFault> {
        match self.next_sign() {
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') => self.skip_nested(depth),
            Some(_) => self.scalar().map(drop),
            None => Err(self.unexpected()),
        }
    }

    /// Passes over an object or array. Which of the two is open is kept in bits, one for each level.
    fn skip_nested(&mut self, depth: usize) -> Result<(), RecordFault> {
        let mut open: u128 = 0;
        let mut levels = 0usize;
        loop {
            // Here a value begins.
            match self.next_sign() {
                Some(sign @ (b'{' | b'[')) => {
                    if depth + levels >= DEPTH_MAX {
                        return Err(too_deep().at(position(self.at)));
                    }
                    self.at += 1;
                    levels += 1;
                    open = (open << 1) | u128::from(sign == b'{');
                    let close = if sign == b'{' { b'}' } else { b']' };
                    if self.next_sign() != Some(close) {
                        if sign == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.string().map(drop)?,
                Some(_) => self.scalar().map(drop)?,
                None => return Err(self.unexpected()),
            }
            // Here a value has ended.
            loop {
                if levels == 0 {
                    return Ok(());
                }
                let object = open & 1 == 1;
                match (self.next_sign(), object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        if object {
                            self.next_sign();
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        levels -= 1;
                        open >>= 1;
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    /// A key and its colon; the range lies between the quotes.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Range<usize>, RecordFault> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    pub(crate) fn unexpected(&self) -> RecordFault {
        let what = match self.peek() {
            Some(_) => "a sign that cannot stand there",
            None => "an end inside a value",
        };
        broken(what).at(position(self.at))
    }

    /// The members of the object that begins at the next sign, without moving: each key with what its value begins
    /// at. Stops at the first fault, which the reader proper will meet again.
    pub(crate) fn members(&self, depth: usize) -> Members<'a> {
        let mut cursor = *self;
        let open = cursor.next_sign() == Some(b'{');
        cursor.at += usize::from(open);
        Members {
            cursor,
            first: true,
            open,
            depth,
        }
    }

    /// The text of a string value that begins at the next sign, when one does.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let mut cursor = *self;
        if cursor.next_sign() != Some(b'"') {
            return None;
        }
        let at = cursor.string().ok()?;
        unescaped(self.slice(at))
    }
}

/// The members of an object; see [`Cursor::members`].
pub(crate) struct Members<'a> {
    cursor: Cursor<'a>,
    first: bool,
    open: bool,
    depth: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Cursor<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.open {
            return None;
        }
        if !self.first {
            self.cursor.skip(self.depth).ok()?;
            if self.cursor.next_sign() != Some(b',') {
                self.open = false;
                return None;
            }
            self.cursor.at += 1;
        }
        self.first = false;
        if self.cursor.next_sign() != Some(b'"') {
            self.open = false;
            return None;
        }
        let key = self.cursor.key().ok()?;
        self.cursor.next_sign();
        Some((self.cursor.slice(key), self.cursor))
    }
}

/// What lies between the quotes of a string, out of its escapes.
#[inline]
pub(crate) fn unescaped(raw: &[u8]) -> Option<Cow<'_, str>> {
    json::unescape(raw).ok()
}

/// Appends a text as it stands between the quotes of a string.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    if !text
        .bytes()
        .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    json::escape_into(text, &mut escaped);
    out.extend_from_slice(escaped.as_bytes());
}

pub(crate) fn broken(what: &str) -> RecordFault {
    RecordFault::new(
        "fhir.json",
        format!("the record is not JSON: {what}"),
        "export the resource again; NDJSON holds one whole resource a line",
    )
}

pub(crate) fn too_deep() -> RecordFault {
    RecordFault::new(
        "fhir.depth",
        format!("the record nests deeper than {DEPTH_MAX} levels"),
        "no resource needs that depth; look at what wrote it",
    )
}

pub(crate) fn position(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
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

fn has_control(run: &[u8]) -> bool {
    run.iter().fold(false, |any, byte| any | (*byte < 0x20))
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

/// Levels of objects and arrays in one record.
pub(crate) const DEPTH_MAX: usize = 64;
/// Words of eight bytes that are searched before the search for long strings begins.
const NEAR: usize = 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = 0x2222_2222_2222_2222;
const BACKSLASHES: u64 = 0x5c5c_5c5c_5c5c_5c5c;

#[cfg(test)]
mod tests {
    use super::*;

    fn skips(text: &str) -> bool {
        let mut cursor = Cursor::new(text.as_bytes()).unwrap();
        cursor.skip(0).and_then(|()| cursor.finish()).is_ok()
    }

    #[test]
    fn json_is_read_strictly() {
        for good in [
            "{}",
            "[]",
            "[1, -0.5e+3, true, null]",
            r#"{"a":{"b":[{}]},"c":"\u00e9\ud83d\ude00\n"}"#,
            " \"x\" ",
            "[[],[[]],{}]",
            "0",
        ] {
            assert!(skips(good), "{good}");
        }
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{\"a\":1,}",
            "01",
            "1.",
            "1e",
            "truex",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "{} {}",
            "[1 2]",
            "{\"a\":1]",
            "\"a\nb\"",
            "nul",
            "-",
        ] {
            assert!(!skips(bad), "{bad}");
        }
        assert!(Cursor::new(b"\"\xff\"").is_err());
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(skips(&deep(DEPTH_MAX)));
        assert!(!skips(&deep(DEPTH_MAX + 1)));
        assert!(!skips(&"[".repeat(100_000)));
    }

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

    #[test]
    fn members_are_listed_without_moving() {
        let cursor = Cursor::new(br#" {"a": 1, "b": {"c": [1]}, "d": "e"}"#).unwrap();
        let keys: Vec<_> = cursor.members(0).map(|(key, _)| key).collect();
        assert_eq!(keys, [b"a", b"b", b"d"]);
        let last = cursor.members(0).last().unwrap().1;
        assert_eq!(last.text().as_deref(), Some("e"));
    }
}
