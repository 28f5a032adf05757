//! The scanner itself: one loop over the body, an explicit stack, no recursion.

use std::ops::Range;

use super::fault::{JsonFault, JsonFaultKind};
use super::keys::{ObjectKeys, SeenKeys};
use super::path::{Path, Segment};

/// How much a document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects that may be open at once.
    pub depth_max: usize,
    /// Strings and keys, together.
    pub strings_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: 64,
            strings_max: 100_000,
        }
    }
}

/// Told of each value in the order in which the body holds them.
///
/// Ranges are bytes of the body: of a string or key, what lies between its
/// quotes; of a number or literal, all of it. The path ends in the value's own
/// key or index.
pub trait Visitor {
    /// A string value.
    fn string(&mut self, path: &Path<'_>, at: Range<usize>);
    /// A number.
    fn number(&mut self, path: &Path<'_>, at: Range<usize>);
    /// The key of a member; the path ends in this key.
    fn key(&mut self, path: &Path<'_>, at: Range<usize>);
    /// `true`, `false` or `null`.
    fn literal(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
}

/// Walks `body` once, checks it and tells `visitor` where each value lies.
///
/// # Errors
/// The first fault, with its byte; the visitor has then seen what came before it.
pub fn scan(body: &[u8], limits: &Limits, visitor: &mut impl Visitor) -> Result<(), JsonFault> {
    if let Err(fault) = std::str::from_utf8(body) {
        let kind = JsonFaultKind::InvalidUtf8;
        return Err(JsonFault::new(kind, fault.valid_up_to()));
    }
    let mut scanner = Scanner {
        body,
        at: 0,
        limits: *limits,
        strings: 0,
        segments: Vec::with_capacity(16),
        frames: Vec::with_capacity(16),
        seen: SeenKeys::default(),
    };
    scanner.document(visitor)
}

enum Frame<'a> {
    Array,
    Object(ObjectKeys<'a>),
}

struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
    limits: Limits,
    strings: usize,
    /// INVARIANT: one segment for each frame, its current key or index.
    segments: Vec<Segment<'a>>,
    frames: Vec<Frame<'a>>,
    seen: SeenKeys<'a>,
}

impl<'a> Scanner<'a> {
    fn document(&mut self, visitor: &mut impl Visitor) -> Result<(), JsonFault> {
        loop {
            let opened = self.value(visitor)?;
            if !opened && self.after_value(visitor)? {
                return Ok(());
            }
        }
    }

    /// Reads one value; `true` when it opened an array or object that has members.
    fn value(&mut self, visitor: &mut impl Visitor) -> Result<bool, JsonFault> {
        let from = self.skip_space();
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let at = self.string()?;
                visitor.string(&Path::new(&self.segments), at);
            }
            Some(b'{') => return self.open_object(visitor),
            Some(b'[') => return self.open_array(),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                visitor.number(&Path::new(&self.segments), from..self.at);
            }
            Some(b't') => self.literal(b"true", visitor)?,
            Some(b'f') => self.literal(b"false", visitor)?,
            Some(b'n') => self.literal(b"null", visitor)?,
            _ => return Err(self.unexpected()),
        }
        Ok(false)
    }

    /// Closes what ends here; `true` when the document is complete, `false` when a value must follow.
    fn after_value(&mut self, visitor: &mut impl Visitor) -> Result<bool, JsonFault> {
        loop {
            self.skip_space();
            let byte = self.peek();
            match (self.frames.last(), byte) {
                (None, None) => return Ok(true),
                (None, Some(_)) => return Err(self.fault(JsonFaultKind::TrailingData)),
                (Some(Frame::Array), Some(b',')) => {
                    self.at += 1;
                    if let Some(Segment::Index(index)) = self.segments.last_mut() {
                        *index += 1;
                    }
                    return Ok(false);
                }
                (Some(Frame::Object(_)), Some(b',')) => {
                    self.at += 1;
                    self.member_key(visitor)?;
                    return Ok(false);
                }
                (Some(Frame::Array), Some(b']')) | (Some(Frame::Object(_)), Some(b'}')) => {
                    self.at += 1;
                    self.segments.pop();
                    if let Some(Frame::Object(keys)) = self.frames.pop() {
                        self.seen.close(&keys);
                    }
                }
                _ => return Err(self.unexpected()),
            }
        }
    }

    fn open_array(&mut self) -> Result<bool, JsonFault> {
        self.check_depth()?;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(false);
        }
        self.frames.push(Frame::Array);
        self.segments.push(Segment::Index(0));
        Ok(true)
    }

    fn open_object(&mut self, visitor: &mut impl Visitor) -> Result<bool, JsonFault> {
        self.check_depth()?;
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(false);
        }
        self.frames.push(Frame::Object(self.seen.open()));
        self.segments.push(Segment::Index(0));
        self.member_key(visitor)?;
        Ok(true)
    }

    /// Reads a key and its colon, and makes the key the current segment.
    fn member_key(&mut self, visitor: &mut impl Visitor) -> Result<(), JsonFault> {
        let quote = self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        self.at += 1;
        let at = self.string()?;
        let body = self.body;
        let raw = body.get(at.clone()).unwrap_or_default();
        if let Some(Frame::Object(keys)) = self.frames.last_mut()
            && !self.seen.insert(keys, raw)
        {
            return Err(JsonFault::new(JsonFaultKind::DuplicateKey, quote));
        }
        if let Some(segment) = self.segments.last_mut() {
            *segment = Segment::Key(raw);
        }
        visitor.key(&Path::new(&self.segments), at);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a string whose opening quote is already behind; the range excludes both quotes.
    fn string(&mut self) -> Result<Range<usize>, JsonFault> {
        self.strings += 1;
        if self.strings > self.limits.strings_max {
            let kind = JsonFaultKind::TooManyStrings;
            return Err(JsonFault::new(kind, self.at - 1));
        }
        let start = self.at;
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let found = memchr::memchr2(b'"', b'\\', rest);
            let run = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
            if let Some(control) = first_control(run) {
                let kind = JsonFaultKind::ControlCharacter;
                return Err(JsonFault::new(kind, self.at + control));
            }
            self.at += run.len();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at - 1);
                }
                Some(_) => self.escape()?,
                None => return Err(self.fault(JsonFaultKind::UnexpectedEnd)),
            }
        }
    }

    /// Checks the escape whose backslash stands at the current byte.
    fn escape(&mut self) -> Result<(), JsonFault> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        match super::escape::escaped(rest) {
            Some((_, length)) => {
                self.at += length;
                Ok(())
            }
            None => Err(self.fault(JsonFaultKind::InvalidEscape)),
        }
    }

    fn number(&mut self) -> Result<(), JsonFault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        match self.peek() {
            Some(b'0'..=b'9') => Err(self.fault(JsonFaultKind::InvalidNumber)),
            _ => Ok(()),
        }
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.fault(JsonFaultKind::InvalidNumber));
        }
        self.at += count;
        Ok(())
    }

    fn literal(&mut self, word: &[u8], visitor: &mut impl Visitor) -> Result<(), JsonFault> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault(JsonFaultKind::InvalidLiteral));
        }
        let from = self.at;
        self.at += word.len();
        visitor.literal(&Path::new(&self.segments), from..self.at);
        Ok(())
    }

    fn skip_space(&mut self) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn check_depth(&self) -> Result<(), JsonFault> {
        if self.frames.len() >= self.limits.depth_max {
            return Err(self.fault(JsonFaultKind::TooDeep));
        }
        Ok(())
    }

    fn fault(&self, kind: JsonFaultKind) -> JsonFault {
        JsonFault::new(kind, self.at)
    }

    fn unexpected(&self) -> JsonFault {
        self.fault(match self.peek() {
            Some(_) => JsonFaultKind::UnexpectedByte,
            None => JsonFaultKind::UnexpectedEnd,
        })
    }
}

/// The first control character of a run; without a branch per byte, since runs are long.
fn first_control(run: &[u8]) -> Option<usize> {
    let any = run.iter().fold(false, |any, b| any | (*b < 0x20));
    if any {
        return run.iter().position(|b| *b < 0x20);
    }
    None
}
