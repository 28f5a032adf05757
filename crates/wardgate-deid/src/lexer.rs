//! Words and numbers of a folded text, found in one pass.

use std::ops::Range;

use crate::exact::quantity;
use crate::lexicon::{Class, Lexicon, key_step};

/// A run of letters or a run of digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) classes: Class,
    pub(crate) shape: Shape,
}

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Number,
    /// Begins with a capital and has a small letter, or is one capital; letters without case count as this.
    Capital,
    /// Two capitals or more and nothing else.
    Upper,
    /// No capital at the start, and none in it.
    Lower,
    /// A capital in the middle only.
    Inner,
}

impl Shape {
    #[inline]
    pub(crate) fn is_word(self) -> bool {
        self != Self::Number
    }

    /// A word that a writer set apart from running text.
    #[inline]
    pub(crate) fn has_capital(self) -> bool {
        matches!(self, Self::Capital | Self::Upper | Self::Inner)
    }

    /// A word that begins as names do.
    #[inline]
    pub(crate) fn begins_capital(self) -> bool {
        matches!(self, Self::Capital | Self::Upper)
    }
}

impl Token {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }
}

/// A folded text with its tokens.
pub(crate) struct Lexed<'t> {
    pub(crate) text: &'t str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) leaning: Leaning,
}

/// The language that the small words of a text lean to, for rules on which languages differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leaning {
    #[default]
    Unknown,
    English,
    Spanish,
    German,
}

impl Leaning {
    /// Reads the first tokens.
    fn of(tokens: &[Token]) -> Self {
        let (mut english, mut spanish, mut german) = (0, 0, 0);
        for token in tokens.iter().take(LEANING_TOKENS) {
            english += u32::from(token.classes.any(Class::ENGLISH));
            spanish += u32::from(token.classes.any(Class::SPANISH));
            german += u32::from(token.classes.any(Class::GERMAN));
        }
        if german > english && german > spanish {
            Self::German
        } else if spanish > english {
            Self::Spanish
        } else if english > 0 {
            Self::English
        } else {
            Self::Unknown
        }
    }
}

impl<'t> Lexed<'t> {
    /// Reads the tokens of a folded text.
    pub(crate) fn new(text: &'t str, lexicon: &Lexicon) -> Self {
        let bytes = text.as_bytes();
        let mut tokens = Vec::with_capacity(bytes.len() / 4 + 1);
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            let token = match kind_of(*byte) {
                Byte::Other => {
                    at += 1;
                    continue;
                }
                Byte::Digit => number(at, rest),
                Byte::Upper | Byte::Lower | Byte::High => word(at, rest, lexicon),
            };
            at = token.end;
            tokens.push(token);
        }
        let leaning = Leaning::of(&tokens);
        let mut lexed = Self {
            text,
            tokens,
            leaning,
        };
        quantity::mark(&mut lexed);
        lexed
    }

    #[inline]
    pub(crate) fn token(&self, index: usize) -> Option<&Token> {
        #[cfg(test)]
        steps::count();
        self.tokens.get(index)
    }

    /// The characters of a token; nothing when there is none.
    #[inline]
    pub(crate) fn str(&self, index: usize) -> &'t str {
        #[cfg(test)]
        steps::count();
        let token = self.tokens.get(index);
        token
            .and_then(|t| self.text.get(t.start..t.end))
            .unwrap_or_default()
    }

    /// Whether a token is a word of one of these classes.
    #[inline]
    pub(crate) fn is(&self, index: usize, class: Class) -> bool {
        #[cfg(test)]
        steps::count();
        self.tokens.get(index).is_some_and(|t| t.classes.any(class))
    }

    /// The digits of a token that is a number.
    #[inline]
    pub(crate) fn digits(&self, index: usize) -> Option<&'t str> {
        let token = self.tokens.get(index)?;
        (token.shape == Shape::Number).then(|| self.str(index))
    }

    /// The value of a token that is a number of at most nine digits.
    pub(crate) fn value(&self, index: usize) -> Option<u32> {
        self.digits(index).filter(|d| d.len() <= 9)?.parse().ok()
    }

    /// What stands between a token and the one before it.
    #[inline]
    pub(crate) fn gap(&self, index: usize) -> &'t str {
        #[cfg(test)]
        steps::count();
        let from = index
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(0, |t| t.end);
        let to = self.tokens.get(index).map_or(self.text.len(), |t| t.start);
        self.text.get(from..to).unwrap_or_default()
    }

    /// The bytes from one token through another.
    pub(crate) fn span(&self, first: usize, last: usize) -> Range<usize> {
        let start = self.tokens.get(first).map_or(0, |t| t.start);
        start..self.tokens.get(last).map_or(start, |t| t.end)
    }

    #[inline]
    pub(crate) fn is_word(&self, index: usize, word: &str) -> bool {
        let long = self
            .tokens
            .get(index)
            .is_some_and(|t| t.len() == word.len());
        long && self.str(index).eq_ignore_ascii_case(word)
    }

    /// The byte before a token.
    #[inline]
    pub(crate) fn before(&self, token: &Token) -> Option<u8> {
        let at = token.start.checked_sub(1)?;
        self.text.as_bytes().get(at).copied()
    }

    /// The byte behind a token; a space at the end of the text.
    #[inline]
    pub(crate) fn after(&self, token: &Token) -> u8 {
        self.text.as_bytes().get(token.end).copied().unwrap_or(b' ')
    }
}

enum Byte {
    Other,
    Digit,
    Upper,
    Lower,
    High,
}

fn kind_of(byte: u8) -> Byte {
    match byte {
        b'a'..=b'z' => Byte::Lower,
        b'A'..=b'Z' => Byte::Upper,
        b'0'..=b'9' => Byte::Digit,
        0x80.. => Byte::High,
        _ => Byte::Other,
    }
}

fn number(start: usize, rest: &[u8]) -> Token {
    let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    Token {
        start,
        end: start + len,
        classes: Class::default(),
        shape: Shape::Number,
    }
}

fn word(start: usize, rest: &[u8], lexicon: &Lexicon) -> Token {
    let (mut key, mut len) = (0, 0);
    let (mut upper, mut lower, mut high) = (0usize, 0usize, 0usize);
    for byte in rest {
        match kind_of(*byte) {
            Byte::Lower => lower += 1,
            Byte::Upper => upper += 1,
            Byte::High => high += 1,
            Byte::Digit | Byte::Other => break,
        }
        key = key_step(key, *byte);
        len += 1;
    }
    let first_upper = rest.first().is_some_and(u8::is_ascii_uppercase);
    let shape = match (upper, lower) {
        _ if high > 0 => Shape::Capital,
        (0, _) => Shape::Lower,
        (2.., 0) => Shape::Upper,
        _ if first_upper => Shape::Capital,
        _ => Shape::Inner,
    };
    let classes = match len {
        0 | WORD_LEN_MAX.. => Class::default(),
        _ => lexicon.classes(key, rest.get(..len).unwrap_or_default()),
    };
    Token {
        start,
        end: start + len,
        classes,
        shape,
    }
}

/// How many tokens tell the language.
const LEANING_TOKENS: usize = 1_000;
/// Longer words are in no list.
const WORD_LEN_MAX: usize = 24;

/// How often rules look at tokens and gaps: what their cost is made of.
#[cfg(test)]
pub(crate) mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn count() {
        STEPS.set(STEPS.get() + 1);
    }

    /// The steps since the last call.
    pub(crate) fn take() -> usize {
        STEPS.take()
    }
}
