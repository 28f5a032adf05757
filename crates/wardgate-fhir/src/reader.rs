//! A cursor over the bytes of one JSON value: strict, without a tree, without copies.

mod members;
mod nested;
mod token;

use std::borrow::Cow;
use std::ops::Range;

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

    /// The text of a string value that begins at the next sign, when one does.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let mut cursor = *self;
        if cursor.next_sign() != Some(b'"') {
            return None;
        }
        cursor.string().ok().map(Quoted::text)
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

fn has_control(run: &[u8]) -> bool {
    run.iter().fold(false, |any, byte| any | (*byte < 0x20))
}

/// Levels of objects and arrays in one record.
pub(crate) const DEPTH_MAX: usize = 64;

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
}
