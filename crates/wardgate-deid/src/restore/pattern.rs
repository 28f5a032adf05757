//! What counts as a placeholder in an answer.
//!
//! Models copy placeholders almost exactly. Tolerated are: any case; brackets
//! lost, or escaped for markdown; `-`, a space or an escaped `_` instead of `_`;
//! a lost label or variant. The token itself must be exact: a wrong character
//! makes it no token of ours, and nothing is restored.

use super::{Entity, Live};
use crate::placeholder::{ANCHOR, TOKEN_LEN, Token, VARIANT_LEN, Variant};

/// What the text at a position is.
pub(super) enum Seen<'m> {
    /// Not a placeholder, whatever follows.
    Nothing,
    /// Perhaps one; more text decides.
    Unfinished,
    /// A placeholder that ends before `end`.
    Placeholder(Occurrence<'m>),
}

/// A placeholder found in an answer.
pub(super) struct Occurrence<'m> {
    pub(super) end: usize,
    pub(super) surface: &'m str,
    pub(super) brackets: Brackets,
}

/// How the brackets around a placeholder stood.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    Both,
    OpenOnly,
    None,
}

/// How a placeholder begins: where its token stands, and what stood before it.
struct Opening {
    token_at: usize,
    open: bool,
    escaped: bool,
}

impl Live {
    /// Whether the text holds the start of any live token.
    pub(super) fn anchored(&self, text: &[u8]) -> bool {
        memchr::memchr2_iter(ANCHOR, ANCHOR.to_ascii_lowercase(), text)
            .any(|at| self.may_become_token(text.get(at..).unwrap_or_default()))
    }

    /// Whether the text begins a live token, as far as it goes.
    pub(super) fn may_become_token(&self, text: &[u8]) -> bool {
        let mut upper = [0; TOKEN_LEN];
        let len = text.len().min(TOKEN_LEN);
        for (to, from) in upper.iter_mut().zip(text) {
            *to = from.to_ascii_uppercase();
        }
        let start = upper.get(..len).unwrap_or_default();
        let index = self
            .tokens
            .partition_point(|token| token.get(..len) < Some(start));
        self.tokens
            .get(index)
            .is_some_and(|token| token.starts_with(start))
    }

    /// Reads a placeholder that begins exactly at `at`.
    ///
    /// `word_start` says whether a word may begin there; `complete` that no text follows `text`.
    pub(super) fn read(
        &self,
        text: &[u8],
        at: usize,
        word_start: bool,
        complete: bool,
    ) -> Seen<'_> {
        let cursor = Cursor { text, complete };
        let opening = match self.opening(&cursor, at, word_start) {
            Some(Ok(opening)) => opening,
            Some(Err(Short)) => return Seen::Unfinished,
            None => return Seen::Nothing,
        };
        let rest = text.get(opening.token_at..).unwrap_or_default();
        if rest.len() < TOKEN_LEN {
            return match !complete && self.may_become_token(rest) {
                true => Seen::Unfinished,
                false => Seen::Nothing,
            };
        }
        let Some(entity) = Token::read(rest).and_then(|token| self.entities.get(&token)) else {
            return Seen::Nothing;
        };
        match self.ending(&cursor, &opening, entity) {
            Ok(Some(occurrence)) => Seen::Placeholder(occurrence),
            Ok(None) => Seen::Nothing,
            Err(Short) => Seen::Unfinished,
        }
    }

    /// Reads what stands before the token: bracket, label, separator.
    fn opening(
        &self,
        cursor: &Cursor<'_>,
        at: usize,
        word_start: bool,
    ) -> Option<Result<Opening, Short>> {
        let (open, escaped, mut next) = match cursor.bytes(at) {
            [b'[', ..] => (true, false, at + 1),
            [b'\\', b'[', ..] => (true, true, at + 2),
            [b'\\'] => return cursor.short(),
            _ if word_start => (false, false, at),
            _ => return None,
        };
        if open && cursor.bytes(next).first() == Some(&b' ') {
            next += 1;
        }
        let here = cursor.bytes(next);
        if here.is_empty() {
            return cursor.short();
        }
        let opening = |token_at| Opening {
            token_at,
            open,
            escaped,
        };
        if here
            .first()
            .is_some_and(|b| b.eq_ignore_ascii_case(&ANCHOR))
        {
            return Some(Ok(opening(next)));
        }
        let label = self
            .labels
            .iter()
            .find(|label| starts_with_any_case(here, label));
        let Some(label) = label else {
            let cut = self
                .labels
                .iter()
                .any(|label| starts_with_any_case(label.as_bytes(), here));
            return if cut { cursor.short() } else { None };
        };
        let behind = next + label.len();
        if !open && cursor.bytes(behind).first() == Some(&b':') {
            // `Email: X7K2...` is the model's own label.
            return None;
        }
        match cursor.separator(behind) {
            Ok(Some(token_at)) => Some(Ok(opening(token_at))),
            Ok(None) => None,
            Err(Short) => Some(Err(Short)),
        }
    }

    /// Reads what stands behind the token: day, variant, bracket.
    fn ending<'m>(
        &self,
        cursor: &Cursor<'_>,
        opening: &Opening,
        entity: &'m Entity,
    ) -> Result<Option<Occurrence<'m>>, Short> {
        let mut end = opening.token_at + TOKEN_LEN;
        if entity.day.is_some()
            && let Some((day, behind)) = cursor.day(end)?
        {
            // A day that the model reckoned itself is no value of ours.
            if Some(day) != entity.day {
                return Ok(None);
            }
            end = behind;
        }
        let mut variant = None;
        if entity.surfaces.iter().any(|(variant, _)| variant.is_some())
            && let Some((read, behind)) = cursor.variant(end)?
            && entity.has(read)
        {
            variant = Some(read);
            end = behind;
        }
        let mut brackets = Brackets::None;
        if opening.open {
            match cursor.close(end, opening.escaped)? {
                Some(behind) => {
                    brackets = Brackets::Both;
                    end = behind;
                }
                // The backslash is the text's own: the placeholder begins at the bracket.
                None if opening.escaped => return Ok(None),
                None => brackets = Brackets::OpenOnly,
            }
        }
        Ok(Some(Occurrence {
            end,
            surface: entity.surface(variant),
            brackets,
        }))
    }
}

/// The text ends before it is clear what it is.
struct Short;

struct Cursor<'t> {
    text: &'t [u8],
    complete: bool,
}

impl<'t> Cursor<'t> {
    fn bytes(&self, at: usize) -> &'t [u8] {
        self.text.get(at..).unwrap_or_default()
    }

    fn short<T>(&self) -> Option<Result<T, Short>> {
        if self.complete {
            None
        } else {
            Some(Err(Short))
        }
    }

    /// More text could still change what this is.
    fn open_end<T>(&self) -> Result<Option<T>, Short> {
        if self.complete { Ok(None) } else { Err(Short) }
    }

    /// Steps over one separator, which models write in several ways; where it ends.
    fn separator(&self, at: usize) -> Result<Option<usize>, Short> {
        match self.bytes(at) {
            [] | [b'\\'] => self.open_end(),
            [b'\\', b'_', ..] => Ok(Some(at + 2)),
            [b'_' | b'-' | b' ' | b':', rest @ ..] => match rest {
                [] => self
                    .open_end()
                    .map(|end: Option<usize>| end.or(Some(at + 1))),
                [b' ', ..] => Ok(Some(at + 2)),
                _ => Ok(Some(at + 1)),
            },
            _ => Ok(None),
        }
    }

    /// Reads `_D81043`.
    fn day(&self, at: usize) -> Result<Option<(i64, usize)>, Short> {
        let Some(from) = self.marked(at, b'D')? else {
            return Ok(None);
        };
        let bytes = self.bytes(from);
        let len = bytes
            .iter()
            .take(DAY_LEN_MAX)
            .take_while(|b| b.is_ascii_digit())
            .count();
        if len == bytes.len() && len < DAY_LEN_MAX && !self.complete {
            return Err(Short);
        }
        let digits = bytes
            .get(..len)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let day = digits.and_then(|digits| digits.parse().ok());
        Ok(day.map(|day| (day, from + len)))
    }

    /// Reads `_V3K7`.
    fn variant(&self, at: usize) -> Result<Option<(Variant, usize)>, Short> {
        let Some(from) = self.marked(at, b'V')? else {
            return Ok(None);
        };
        let bytes = self.bytes(from);
        let good = bytes
            .iter()
            .take(VARIANT_LEN)
            .all(|b| crate::placeholder::digit_value(*b).is_some());
        if bytes.len() < VARIANT_LEN {
            return if good { self.open_end() } else { Ok(None) };
        }
        Ok(Variant::read(bytes).map(|variant| (variant, from + VARIANT_LEN)))
    }

    /// Steps over a separator and a marking letter.
    fn marked(&self, at: usize, mark: u8) -> Result<Option<usize>, Short> {
        let Some(next) = self.separator(at)? else {
            return Ok(None);
        };
        match self.bytes(next).first() {
            None => self.open_end(),
            Some(byte) if byte.eq_ignore_ascii_case(&mark) => Ok(Some(next + 1)),
            Some(_) => Ok(None),
        }
    }

    /// Steps over the closing bracket, escaped like the opening one.
    fn close(&self, at: usize, escaped: bool) -> Result<Option<usize>, Short> {
        let mut next = at;
        if self.bytes(next).first() == Some(&b' ') {
            next += 1;
        }
        match self.bytes(next) {
            [] => self.open_end(),
            [b'\\'] if escaped => self.open_end(),
            [b'\\', b']', ..] if escaped => Ok(Some(next + 2)),
            [b']', ..] if !escaped => Ok(Some(next + 1)),
            _ => Ok(None),
        }
    }
}

fn starts_with_any_case(text: &[u8], start: impl AsRef<[u8]>) -> bool {
    let start = start.as_ref();
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Digits of a day number at most.
const DAY_LEN_MAX: usize = 8;
/// The longest that can stand before a token: an escaped bracket, a space, a label, a separator.
pub(super) const OPENING_LEN_MAX: usize = 2 + 1 + 8 + 2;
