//! Numbers on file, found in any grouping.

use zeroize::Zeroizing;

use crate::finding::Kind;
use crate::lexer::Lexed;

/// Record numbers, postal codes and the like.
#[derive(Default)]
pub(super) struct Numbers {
    numbers: Vec<Number>,
    phones: Vec<Phone>,
    /// The bytes with which a number begins.
    starts: Vec<bool>,
    /// The last two digits of a phone number.
    phone_ends: Vec<bool>,
}

struct Number {
    /// Letters and digits, small, without leading zeros when it is all digits.
    compact: Zeroizing<Vec<u8>>,
    kind: Kind,
    /// Too short to be found with separators inside.
    solid: bool,
}

struct Phone {
    /// The digits from the last to the first.
    reversed: Zeroizing<Vec<u8>>,
}

/// A number of the text that is on file.
pub(super) struct NumberHit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.phones.is_empty()
    }

    /// Letters and digits of the numbers, small.
    pub(super) fn compact(&self) -> impl Iterator<Item = &[u8]> {
        self.numbers.iter().map(|number| number.compact.as_slice())
    }

    /// Adds a folded number.
    pub(super) fn add(&mut self, number: &str, kind: Kind, solid: bool) {
        let mut compact: Vec<u8> = alphanumeric(number);
        if compact.iter().all(u8::is_ascii_digit) {
            let zeros = compact.iter().take_while(|b| **b == b'0').count();
            if compact.len() - zeros >= NUMBER_LEN_MIN {
                compact.drain(..zeros);
            }
        }
        if compact.len() < NUMBER_LEN_MIN || compact.len() > NUMBER_LEN_MAX {
            return;
        }
        self.starts.resize(256, false);
        if let Some(start) = compact
            .first()
            .and_then(|b| self.starts.get_mut(usize::from(*b)))
        {
            *start = true;
        }
        let solid = solid || compact.len() <= NUMBER_LEN_MIN;
        self.numbers.push(Number {
            compact: Zeroizing::new(compact),
            kind,
            solid,
        });
    }

    /// Adds a phone number, in any form.
    pub(super) fn add_phone(&mut self, number: &str) {
        let mut digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
        let prefix = digits.iter().take_while(|b| **b == b'0').count();
        digits.drain(..prefix);
        digits.reverse();
        if digits.len() < PHONE_DIGITS_MIN {
            return self.add(number, Kind::Phone, false);
        }
        self.phone_ends.resize(100, false);
        if let Some(end) = phone_end(&digits).and_then(|end| self.phone_ends.get_mut(end)) {
            *end = true;
        }
        self.phones.push(Phone {
            reversed: Zeroizing::new(digits),
        });
    }

    /// The longest number on file that begins at a token, or the phone number that ends with it.
    pub(super) fn hit(&self, lexed: &Lexed<'_>, at: usize) -> Option<NumberHit> {
        let token = lexed.token(at)?;
        let text = lexed.text.as_bytes();
        let first = text.get(token.start)?.to_ascii_lowercase();
        let may_begin = |byte: u8| self.starts.get(usize::from(byte)).copied().unwrap_or(false);
        if may_begin(first) || first == b'0' {
            let longest = self
                .numbers
                .iter()
                .filter(|number| first == b'0' || number.compact.first() == Some(&first))
                .filter_map(|number| Some((number.read(text, token.start)?, number.kind)))
                .max_by_key(|(end, _)| *end);
            if let Some((end, kind)) = longest {
                let start = token.start;
                return Some(NumberHit { start, end, kind });
            }
        }
        lexed
            .digits(at)
            .and_then(|digits| self.phone(text, digits, token.end))
    }

    fn phone(&self, text: &[u8], digits: &str, end: usize) -> Option<NumberHit> {
        if self.phones.is_empty() {
            return None;
        }
        if let [.., tens, ones] = digits.as_bytes() {
            let pair = phone_end(&[*ones, *tens])?;
            if !self.phone_ends.get(pair).copied().unwrap_or(false) {
                return None;
            }
        }
        let before = text.get(..end)?;
        let starts = self.phones.iter().filter_map(|phone| phone.start(before));
        let start = starts.min()?;
        let kind = Kind::Phone;
        Some(NumberHit { start, end, kind })
    }
}

impl Number {
    /// Where the number ends when it begins at `start`.
    fn read(&self, text: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        let (first, _) = self.compact.split_first()?;
        if *first != b'0' && first.is_ascii_digit() {
            let rest = text.get(at..)?;
            at += rest
                .iter()
                .take(NUMBER_LEN_MAX)
                .take_while(|b| **b == b'0')
                .count();
        }
        for (index, wanted) in self.compact.iter().enumerate() {
            if index > 0 && !self.solid {
                let rest = text.get(at..)?;
                at += rest
                    .iter()
                    .take(GAP_MAX)
                    .take_while(|b| is_separator(**b))
                    .count();
            }
            if text.get(at)?.to_ascii_lowercase() != *wanted {
                return None;
            }
            at += 1;
        }
        let goes_on = match (self.compact.last(), text.get(at)) {
            (Some(last), Some(next)) => {
                last.is_ascii_digit() && next.is_ascii_digit()
                    || last.is_ascii_alphabetic() && next.is_ascii_alphabetic()
            }
            _ => false,
        };
        (!goes_on).then_some(at)
    }
}

impl Phone {
    /// Where the number begins when `text` ends with it.
    ///
    /// The last seven digits must agree; before them, country code, trunk zero and area code may differ in
    /// form or be left out.
    fn start(&self, text: &[u8]) -> Option<usize> {
        let mut wanted = self.reversed.iter();
        let (mut matched, mut start, mut gap) = (0, text.len(), 0);
        for (at, byte) in text.iter().enumerate().rev() {
            if byte.is_ascii_digit() {
                if wanted.next() != Some(byte) {
                    break;
                }
                matched += 1;
                start = at;
                gap = 0;
            } else {
                gap += 1;
                if gap > GAP_MAX || !is_separator(*byte) {
                    break;
                }
            }
        }
        (matched >= PHONE_DIGITS_MIN)
            .then(|| prefixed(text, start))
            .flatten()
    }
}

/// Takes in what may stand before the digits of a number: country code, trunk zero, bracket.
fn prefixed(text: &[u8], start: usize) -> Option<usize> {
    let before = text.get(..start)?;
    let own = before
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    if own > PHONE_PREFIX_MAX {
        return None;
    }
    let mut first = start - own;
    let before = text.get(..first)?;
    let window = before.iter().rev().take(PHONE_OPENING_MAX);
    for (index, byte) in window.enumerate() {
        match byte {
            b'+' => {
                first -= index + 1;
                break;
            }
            b'(' => {
                if index == 0 {
                    first -= 1;
                }
                break;
            }
            b'0'..=b'9' | b' ' | b'-' | b')' => {}
            _ => break,
        }
    }
    Some(first)
}

fn phone_end(reversed: &[u8]) -> Option<usize> {
    match reversed {
        [ones, tens, ..] => Some(usize::from(tens - b'0') * 10 + usize::from(ones - b'0')),
        _ => None,
    }
}

/// The letters and digits, small.
fn alphanumeric(text: &str) -> Vec<u8> {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase)
        .collect::<String>()
        .into_bytes()
}

/// What may stand between the digits of one number.
fn is_separator(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'-'
            | b'.'
            | b'/'
            | b'_'
            | b':'
            | b'#'
            | b'('
            | b')'
            | b','
            | b'\n'
            | b'\r'
            | b'\t'
            | b'+'
    )
}

/// Shorter numbers say nothing without a cue.
const NUMBER_LEN_MIN: usize = 4;
/// Longer ones are no numbers.
const NUMBER_LEN_MAX: usize = 64;
/// Separators in a row inside one number.
const GAP_MAX: usize = 3;
/// Digits of a phone number that must agree.
const PHONE_DIGITS_MIN: usize = 7;
/// Digits of a prefix that may stand before the agreeing ones without a break.
const PHONE_PREFIX_MAX: usize = 5;
/// Characters before a number in which a `+` or a bracket belongs to it.
const PHONE_OPENING_MAX: usize = 9;
