//! The segments, fields and parts of a text, by the signs of its last header.

use std::borrow::Cow;

use super::encoded::is_encoding;
use super::told::Telling;

/// A segment of a message, parted by the signs of the last header.
pub(super) struct Segment<'a> {
    pub(super) line: &'a str,
    /// Its three letters.
    pub(super) id: &'a str,
    /// What it tells of people, as far as that is well known.
    pub(super) told: Option<&'static Telling>,
    pub(super) signs: Signs,
}

/// The signs that part a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) field: char,
    pub(super) component: char,
    pub(super) repetition: char,
    pub(super) escape: char,
    pub(super) subcomponent: char,
}

impl Signs {
    /// All of them.
    pub(super) fn all(self) -> [char; 5] {
        [
            self.field,
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
        ]
    }

    /// Whether each sign ends a word of base64.
    pub(super) fn part_codes(self) -> bool {
        self.all()
            .into_iter()
            .all(|sign| u8::try_from(sign).is_ok_and(|sign| sign.is_ascii() && !is_encoding(sign)))
    }
}

/// The text of the bytes; what is no UTF-8 is read as Latin-1.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The segments of a text.
pub(super) fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut signs = Signs {
        field: '|',
        component: '^',
        repetition: '~',
        escape: '\\',
        subcomponent: '&',
    };
    lines(text).map(move |line| {
        let line = line.trim_start_matches(['\u{b}', '\u{1c}', '\u{feff}']);
        let (id, behind) = line.split_at_checked(3).unwrap_or_default();
        if matches!(id, "MSH" | "FHS" | "BHS") {
            let mut chars = behind.chars();
            let mut next = |usual| chars.next().unwrap_or(usual);
            signs = Signs {
                field: next('|'),
                component: next('^'),
                repetition: next('~'),
                escape: next('\\'),
                subcomponent: next('&'),
            };
        }
        Segment {
            line,
            id,
            told: Telling::of(id),
            signs,
        }
    })
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match memchr::memchr2(b'\r', b'\n', text.as_bytes()) {
            Some(at) => {
                rest = text.get(at + 1..);
                text.get(..at)
            }
            None => rest.take(),
        }
    })
}

/// The parts of a text between a sign: most are short.
pub(super) fn split(text: &str, sign: char) -> impl Iterator<Item = &str> {
    let byte = u8::try_from(sign).ok().filter(u8::is_ascii);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let found = match byte {
            Some(byte) => text.bytes().position(|other| other == byte),
            None => text.find(sign),
        };
        let Some(at) = found else {
            return rest.take();
        };
        rest = text.get(at + sign.len_utf8()..);
        text.get(..at)
    })
}

impl<'a> Segment<'a> {
    /// A field, counted from 0 for the segment's name.
    pub(super) fn field(&self, number: usize) -> &'a str {
        let mut fields = split(self.line, self.signs.field);
        fields.nth(number).unwrap_or_default()
    }

    /// What the signs part, but for what is empty.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &'a str> {
        let Signs {
            field,
            component,
            repetition,
            subcomponent,
            ..
        } = self.signs;
        self.line
            .split([field, component, repetition, subcomponent])
            .filter(|leaf| !leaf.is_empty())
    }

    /// The repetitions of a field that are not empty.
    pub(super) fn repetitions<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let filled = split(value, self.signs.repetition);
        filled.filter(|one| !one.is_empty())
    }

    /// A component's first subcomponent, unescaped.
    pub(super) fn part<'v>(&self, value: &'v str, at: usize) -> Cow<'v, str> {
        let component = split(value, self.signs.component).nth(at);
        let mut leaves = split(component.unwrap_or_default(), self.signs.subcomponent);
        self.unescaped(leaves.next().unwrap_or_default())
    }

    /// A value with its escapes resolved.
    pub(super) fn unescaped<'v>(&self, value: &'v str) -> Cow<'v, str> {
        if !value.contains(self.signs.escape) {
            return Cow::Borrowed(value);
        }
        let mut out = String::new();
        let mut pieces = value.split(self.signs.escape);
        out.push_str(pieces.next().unwrap_or_default());
        let mut inside = true;
        for piece in pieces {
            match (inside, piece) {
                (true, "F") => out.push(self.signs.field),
                (true, "S") => out.push(self.signs.component),
                (true, "R") => out.push(self.signs.repetition),
                (true, "T") => out.push(self.signs.subcomponent),
                (true, "E") => out.push(self.signs.escape),
                (true, "H" | "N") => {}
                (true, piece) if piece.starts_with('.') => out.push('\n'),
                (true, piece) if piece.starts_with('X') => {
                    let digits: Vec<u32> = piece.chars().filter_map(|c| c.to_digit(16)).collect();
                    let bytes = digits
                        .chunks_exact(2)
                        .map(|pair| pair.iter().fold(0, |sum, digit| sum * 16 + digit));
                    let bytes: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
                    out.push_str(&String::from_utf8_lossy(&bytes));
                }
                (_, piece) => out.push_str(piece),
            }
            inside = !inside;
        }
        Cow::Owned(out)
    }
}
