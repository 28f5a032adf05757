//! Words on file, found in any case and with one mistake.

use std::collections::HashMap;

use zeroize::Zeroizing;

use crate::gazetteer::hash::word_hash;
use crate::lexer::{Lexed, Shape};
use crate::lexicon::{Class, lexicon};

/// The words of names or places, each with its owners (one bit for a person or an address).
#[derive(Default)]
pub(super) struct Words {
    parts: Vec<Part>,
    /// Where parts stand, by their hashes, once there are many: they are then found as written only, so that a
    /// record of thousands of names takes no time by their square.
    places: HashMap<u64, Vec<usize>>,
    /// Which first and last two letters any part has: one mistake leaves one of the two pairs whole.
    pairs: Pairs,
    /// Parts in scripts that set no spaces between words.
    unspaced: Vec<(Zeroizing<String>, u64)>,
}

struct Part {
    word: Zeroizing<String>,
    owners: u64,
    weak: bool,
    fuzzy: bool,
    /// The first and the last two letters.
    ends: (usize, usize),
}

/// One bit for each pair.
#[derive(Default)]
struct Pairs {
    starts: [u64; PAIRS / 64],
    ends: [u64; PAIRS / 64],
}

/// A word of the text that is on file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) owners: u64,
    /// Enough by itself; otherwise it needs a neighbour.
    pub(super) sure: bool,
    /// Written as on file.
    pub(super) exact: bool,
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.unspaced.is_empty()
    }

    /// Adds a folded word; `fuzzy` lets it be found with one mistake, when it is long enough.
    pub(super) fn add(&mut self, word: &str, owners: u64, fuzzy: bool) {
        let letters = word.chars().count();
        if word.chars().any(is_unspaced) {
            let word = Zeroizing::new(word.to_owned());
            self.unspaced.push((word, owners));
            return;
        }
        if letters < 2 {
            return;
        }
        if let Some(part) = self.place_of(word).and_then(|at| self.parts.get_mut(at)) {
            part.owners |= owners;
            return;
        }
        let classes = lexicon().classes_of(word);
        let weak = classes != Class::default() || letters <= WEAK_LEN_MAX;
        self.parts.push(Part {
            word: Zeroizing::new(word.to_owned()),
            owners,
            weak,
            fuzzy: fuzzy && letters >= FUZZY_LEN_MIN,
            ends: ends_of(word.as_bytes()).unwrap_or_default(),
        });
        self.pairs.add(word.as_bytes());
        match self.parts.len() {
            PARTS_MANY => {
                for (at, part) in self.parts.iter().enumerate() {
                    let place = self.places.entry(word_hash(&part.word)).or_default();
                    place.push(at);
                }
            }
            many if many > PARTS_MANY => {
                let place = self.places.entry(word_hash(word)).or_default();
                place.push(many - 1);
            }
            _ => {}
        }
    }

    /// Where a part stands that is written so.
    fn place_of(&self, word: &str) -> Option<usize> {
        let same = |at: &usize| {
            let part = self.parts.get(*at);
            part.is_some_and(|part| *part.word == word)
        };
        match self.places.is_empty() {
            true => self.parts.iter().position(|part| *part.word == word),
            false => self
                .places
                .get(&word_hash(word))?
                .iter()
                .copied()
                .find(same),
        }
    }

    /// The parts that a word of a text could be: all of them, or of many those that are written so.
    fn candidates(&self, word: &str) -> impl Iterator<Item = &Part> {
        let (all, alike) = match self.places.is_empty() {
            true => (self.parts.as_slice(), None),
            false => (&[][..], self.place_of(&word.to_ascii_lowercase())),
        };
        let alike = alike.and_then(|at| self.parts.get(at));
        all.iter().chain(alike)
    }

    /// The word at a token, if it is on file.
    pub(super) fn hit(&self, lexed: &Lexed<'_>, at: usize) -> Option<Hit> {
        let token = lexed.token(at)?;
        let word = lexed.str(at);
        if token.shape == Shape::Number || !self.pairs.may_hold(word.as_bytes()) {
            return None;
        }
        let ends = ends_of(word.as_bytes())?;
        let mut hit: Option<(Hit, bool)> = None;
        for part in self.candidates(word) {
            // One mistake leaves the first or the last two letters whole.
            if part.ends.0 != ends.0 && part.ends.1 != ends.1 {
                continue;
            }
            let exact = part.word.eq_ignore_ascii_case(word);
            let long = part.word.len().abs_diff(word.len()) <= EDIT_BYTES_MAX;
            let near = exact || (part.fuzzy && long && within_one_edit(&part.word, word));
            if !near {
                continue;
            }
            let other = hit.filter(|(hit, _)| hit.exact || !exact);
            match other {
                Some((other, _)) if other.exact && !exact => {}
                Some((mut other, weak)) => {
                    other.owners |= part.owners;
                    hit = Some((other, weak && part.weak));
                }
                None => {
                    let owners = part.owners;
                    hit = Some((
                        Hit {
                            owners,
                            sure: false,
                            exact,
                        },
                        part.weak,
                    ));
                }
            }
        }
        let (mut hit, weak) = hit?;
        let doubtful = weak || (!hit.exact && token.classes != Class::default());
        hit.sure = !doubtful || stands_out(lexed, at);
        Some(hit)
    }

    /// A word of the owners with one mistake, however short: only good beside a sure one.
    pub(super) fn beside(&self, lexed: &Lexed<'_>, at: usize, owners: u64) -> Option<Hit> {
        let token = lexed.token(at)?;
        let word = lexed.str(at);
        if !token.shape.is_word() || word.len() < BESIDE_LEN_MIN || token.classes.any(Class::COMMON)
        {
            return None;
        }
        let matches = |part: &&Part| {
            part.owners & owners != 0
                && part.word.len() >= BESIDE_LEN_MIN
                && within_one_edit(&part.word, word)
        };
        let owners = self
            .candidates(word)
            .filter(matches)
            .fold(0, |all, part| all | part.owners);
        (owners != 0).then_some(Hit {
            owners,
            sure: false,
            exact: false,
        })
    }

    /// The owners of whom a letter is the initial.
    pub(super) fn initial(&self, letter: &str, owners: u64) -> u64 {
        let begins = |part: &&Part| {
            let start = part.word.get(..letter.len());
            part.owners & owners != 0
                && start.is_some_and(|start| start.eq_ignore_ascii_case(letter))
        };
        self.parts
            .iter()
            .take(PARTS_MANY)
            .filter(begins)
            .fold(0, |all, part| all | part.owners)
    }

    /// A word cut by a hyphen at the end of a line.
    pub(super) fn hyphenated(&self, lexed: &Lexed<'_>, at: usize) -> Option<u64> {
        let gap = lexed.gap(at + 1);
        if !gap.starts_with('-') || gap.trim_start_matches('-').trim() != "" || !gap.contains('\n')
        {
            return None;
        }
        let joined = format!("{}{}", lexed.str(at), lexed.str(at + 1));
        let same = |part: &&Part| {
            part.word.eq_ignore_ascii_case(&joined)
                || (part.fuzzy && within_one_edit(&part.word, &joined))
        };
        let owners = self
            .candidates(&joined)
            .filter(same)
            .fold(0, |all, part| all | part.owners);
        (owners != 0).then_some(owners)
    }

    /// Every place where a word of an unspaced script stands.
    pub(super) fn unspaced(&self, text: &str, mut found: impl FnMut(std::ops::Range<usize>, u64)) {
        for (word, owners) in &self.unspaced {
            for at in memchr::memmem::find_iter(text.as_bytes(), word.as_bytes()) {
                found(at..at + word.len(), *owners);
            }
        }
    }
}

impl Pairs {
    fn add(&mut self, word: &[u8]) {
        if let Some((start, end)) = ends_of(word) {
            for (table, pair) in [(&mut self.starts, start), (&mut self.ends, end)] {
                if let Some(bits) = table.get_mut(pair / 64) {
                    *bits |= 1 << (pair % 64);
                }
            }
        }
    }

    fn may_hold(&self, word: &[u8]) -> bool {
        let Some((start, end)) = ends_of(word) else {
            return false;
        };
        let has = |table: &[u64], pair: usize| {
            let bits = table.get(pair / 64).copied().unwrap_or_default();
            bits & (1 << (pair % 64)) != 0
        };
        word.len() <= WORD_LEN_MAX && (has(&self.starts, start) || has(&self.ends, end))
    }
}

/// The first and the last two letters, five bits for each letter.
fn ends_of(word: &[u8]) -> Option<(usize, usize)> {
    let pair = |a: u8, b: u8| (usize::from(a & 31) << 5) | usize::from(b & 31);
    match (word, word) {
        ([a, b, ..], [.., y, z]) => Some((pair(*a, *b), pair(*y, *z))),
        _ => None,
    }
}

/// A capital, or a title before; among words in capitals, two or three letters say nothing.
fn stands_out(lexed: &Lexed<'_>, at: usize) -> bool {
    if lexed.is(at.wrapping_sub(1), Class::TITLE) && lexed.gap(at).len() <= 2 {
        return true;
    }
    let shape = |at: usize| lexed.token(at).map(|token| token.shape);
    match shape(at) {
        Some(Shape::Upper) if lexed.str(at).len() <= WEAK_LEN_MAX => {
            let shouted = |at: usize| shape(at) == Some(Shape::Upper);
            !(shouted(at.wrapping_sub(1)) || shouted(at + 1))
        }
        Some(shape) => shape.has_capital(),
        None => false,
    }
}

/// Whether at most one letter was left out, put in, changed, or swapped with its neighbour.
fn within_one_edit(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return one_edit(a.as_bytes(), b.as_bytes(), |a, b| a.eq_ignore_ascii_case(b));
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    one_edit(&a, &b, |a, b| a.eq_ignore_ascii_case(b))
}

fn one_edit<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(b).take_while(|(a, b)| same(a, b)).count();
    let (a, b) = (
        a.get(head..).unwrap_or_default(),
        b.get(head..).unwrap_or_default(),
    );
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| same(a, b))
        .count();
    let a = a.get(..a.len() - tail).unwrap_or_default();
    let b = b.get(..b.len() - tail).unwrap_or_default();
    match (a, b) {
        ([], []) | ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([a, c], [b, d]) => same(a, d) && same(c, b),
        _ => false,
    }
}

/// Scripts that set no spaces between words: Chinese, Japanese, Thai and their kin.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// From this many parts on, words are found as written only; nobody has as many names.
const PARTS_MANY: usize = 512;
/// Bytes that one letter has at most.
const EDIT_BYTES_MAX: usize = 4;
const PAIRS: usize = 1 << 10;
/// Parts of up to this many letters need a capital or a neighbour.
const WEAK_LEN_MAX: usize = 3;
/// Parts of at least this many letters are found with one mistake.
const FUZZY_LEN_MIN: usize = 5;
/// Beside a sure part, parts of this many letters are found with one mistake.
const BESIDE_LEN_MIN: usize = 3;
/// Longer words of a text are no names.
const WORD_LEN_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_words_each_is_found_as_written() {
        let mut words = Words::default();
        for at in 0..PARTS_MANY * 4 {
            words.add(&format!("quill{}x", letters(at)), 1, true);
        }
        for at in [0, 7, PARTS_MANY - 1, PARTS_MANY, PARTS_MANY * 4 - 1] {
            let text = format!("Quill{}x", letters(at));
            let lexed = Lexed::new(&text, lexicon());
            assert!(words.hit(&lexed, 0).is_some_and(|hit| hit.exact), "{text}");
        }
        let lexed = Lexed::new("Quillx", lexicon());
        assert!(words.hit(&lexed, 0).is_none());
    }

    fn letters(number: usize) -> String {
        let digits = number.to_string().into_bytes();
        digits.iter().map(|digit| char::from(digit + 49)).collect()
    }

    #[test]
    fn one_mistake_is_one_letter() {
        for near in [
            "schmidt", "schmit", "schmiddt", "schmiet", "schmitd", "chmidt", "xchmidt", "cshmidt",
            "SCHMIDT",
        ] {
            assert!(within_one_edit("schmidt", near), "{near}");
        }
        for far in ["schmi", "schmied", "smith", "shcmitd", "schmidtxx", ""] {
            assert!(!within_one_edit("schmidt", far), "{far}");
        }
    }
}
