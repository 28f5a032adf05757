//! A cursor over the bytes of one JSON value: strict, without a tree, without copies.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use wardgate_deid::RecordFault;
use wardgate_deid::json;

use crate::ends::{End, Ends};

/// Where a reader stands in a record.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    input: &'a str,
    pub(crate) at: usize,
    /// Whether no control character stands anywhere, so that strings need not be searched for them.
    plain: bool,
    /// Where strings, objects and arrays end that were read before.
    ends: Option<&'a Ends>,
}

/// A string, without its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Quoted<'a> {
    /// As it is written.
    pub(crate) raw: &'a str,
    /// Whether escapes stand in it.
    pub(crate) escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Out of its escapes.
    #[inline]
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self.escaped {
            // Its escapes were read before, so there is no fault in them.
            true => json::unescape(self.raw.as_bytes()).unwrap_or_default(),
            false => Cow::Borrowed(self.raw),
        }
    }
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Result<Self, RecordFault> {
        let input = std::str::from_utf8(input).map_err(|fault| {
            broken("bytes that are not UTF-8").at(position(fault.valid_up_to()))
        })?;
        // A byte order mark says nothing of UTF-8, and no reader has to bear it (RFC 8259, section 8.1).
        let at = if input.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        let plain = !has_control(input.as_bytes());
        Ok(Self {
            input,
            at,
            plain,
            ends: None,
        })
    }

    /// Reads a record strictly from end to end, without moving, and gives where its strings, objects and arrays end.
    ///
    /// # Errors
    /// When it is no JSON, or nests too deep.
    pub(crate) fn ends(mut self) -> Result<Ends, RecordFault> {
        let mut ends = Ends::within(self.input.len());
        match self.next_sign() {
            Some(b'{' | b'[') => self.skip_nested(0, Some(&mut ends))?,
            _ => self.skip(0)?,
        }
        self.finish()?;
        ends.finish();
        Ok(ends)
    }

    /// The same cursor, which knows the [`Self::ends`] of its record: it passes over any value in a few steps.
    pub(crate) fn over(self, ends: &'a Ends) -> Self {
        Self {
            plain: true,
            ends: Some(ends),
            ..self
        }
    }

    pub(crate) fn slice(&self, at: Range<usize>) -> &'a [u8] {
        self.input.as_bytes().get(at).unwrap_or_default()
    }

    /// The text of some bytes that begin and end between characters.
    pub(crate) fn slice_text(&self, at: Range<usize>) -> &'a str {
        self.input.get(at).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.as_bytes().get(self.at).copied()
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

    /// A string whose quote is the next byte.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Quoted<'a>, RecordFault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        if let Some(end) = self.end_known() {
            let raw = self.slice_text(self.at + 1..end.behind.saturating_sub(1));
            self.at = end.behind;
            let escaped = end.escaped;
            return Ok(Quoted { raw, escaped });
        }
        self.unread_string()
    }

    /// A string that was not read before.
    #[inline(never)]
    fn unread_string(&mut self) -> Result<Quoted<'a>, RecordFault> {
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

    /// Passes over one value, strictly.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), RecordFault> {
        match self.next_sign() {
            Some(b'"') => self.string().map(drop),
            Some(b'{' | b'[') => match self.end_known() {
                Some(end) => {
                    self.at = end.behind;
                    Ok(())
                }
                None => self.skip_nested(depth, None),
            },
            Some(_) => self.scalar().map(drop),
            None => Err(self.unexpected()),
        }
    }

    /// Where the string, object or array ends that begins at the cursor, when it was read before.
    #[inline]
    fn end_known(&self) -> Option<End> {
        self.ends.and_then(|ends| ends.of(self.at))
    }

    /// Passes over an object or array, and notes where it and those in it end. Which of the two is open is kept in
    /// bits, one for each level.
    fn skip_nested(
        &mut self,
        depth: usize,
        mut ends: Option<&mut Ends>,
    ) -> Result<(), RecordFault> {
        let mut open: u128 = 0;
        let mut levels = 0usize;
        let mut numbers = [usize::MAX; DEPTH_MAX + 1];
        loop {
            // Here a value begins.
            match self.next_sign() {
                Some(sign @ (b'{' | b'[')) => {
                    if depth + levels >= DEPTH_MAX {
                        return Err(too_deep().at(position(self.at)));
                    }
                    if let (Some(ends), Some(number)) = (&mut ends, numbers.get_mut(levels)) {
                        *number = ends.begin(self.at);
                    }
                    self.at += 1;
                    levels += 1;
                    open = (open << 1) | u128::from(sign == b'{');
                    let close = if sign == b'{' { b'}' } else { b']' };
                    if self.next_sign() != Some(close) {
                        if sign == b'{' {
                            self.noted_key(&mut ends)?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.noted_string(&mut ends)?,
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
                            self.noted_key(&mut ends)?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        levels -= 1;
                        open >>= 1;
                        if let (Some(ends), Some(number)) = (&mut ends, numbers.get(levels)) {
                            ends.end(*number, self.at);
                        }
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }

    fn noted_string(&mut self, ends: &mut Option<&mut Ends>) -> Result<(), RecordFault> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let string = self.unread_string()?;
        if let Some(ends) = ends {
            ends.string(start, self.at, string.escaped);
            ends.nested |= says_nested(string, self.slice(start..self.at));
        }
        Ok(())
    }

    fn noted_key(&mut self, ends: &mut Option<&mut Ends>) -> Result<(), RecordFault> {
        self.noted_string(ends)?;
        self.expect(b':')
    }

    /// A key and its colon.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Quoted<'a>, RecordFault> {
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
        cursor.string().ok().map(Quoted::text)
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
    type Item = (Cow<'a, str>, Cursor<'a>);

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
        Some((key.text(), self.cursor))
    }
}

/// Appends a text as it stands between the quotes of a string.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    let needs = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if !text.bytes().fold(false, |any, byte| any | needs(byte)) {
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

/// Whether a string says that a record holds others: it is the type of a resource that does or the key of those that
/// are contained, or may be one of these in its escapes.
#[inline]
fn says_nested(string: Quoted<'_>, quoted: &[u8]) -> bool {
    match string.escaped {
        false => matches!(string.raw, "Bundle" | "Parameters" | "contained"),
        true => NESTED_MARKS.iter().any(|mark| mark.find(quoted).is_some()),
    }
}

static NESTED_MARKS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
    let marks = [r#""Bundle""#, r#""Parameters""#, r#""contained""#, r"\u00"];
    marks.map(Finder::new)
});

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

const BYTE_ORDER_MARK: char = '\u{feff}';

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
    fn what_was_read_before_is_passed_over_alike() {
        let text = r#" {"a":[{"b":"]}"},[ ]],"\u0063":{"d":[[1],"\\"]}, "e":{}}"#.as_bytes();
        let cursor = Cursor::new(text).unwrap();
        let ends = cursor.ends().unwrap();
        for at in 0..text.len() {
            let (mut slow, mut fast) = (cursor, cursor.over(&ends));
            (slow.at, fast.at) = (at, at);
            if matches!(text.get(at), Some(b'{' | b'[')) && slow.skip(0).is_ok() {
                fast.skip(0).unwrap();
                assert_eq!(fast.at, slow.at);
            }
        }
        let told = |cursor: Cursor<'_>| -> Vec<(String, usize)> {
            let all = cursor.members(0);
            all.map(|(key, value)| (key.into_owned(), value.at))
                .collect()
        };
        assert_eq!(told(cursor.over(&ends)), told(cursor));
        let keys: Vec<_> = cursor.over(&ends).members(0).collect();
        let keys: Vec<_> = keys.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(keys, ["a", "c", "e"]);
        for bad in ["{", "[1,]", "{} {}", "\"\\x\"", "{\"a\":\"\\ud800\"}"] {
            let cursor = Cursor::new(bad.as_bytes()).unwrap();
            assert!(cursor.ends().is_err(), "{bad}");
        }
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
        assert_eq!(keys, ["a", "b", "d"]);
        let last = cursor.members(0).last().unwrap().1;
        assert_eq!(last.text().as_deref(), Some("e"));
    }
}
