//! The addresses on file: streets, house numbers, cities.

use super::Address;
use super::words::{Hit, Words};
use crate::finding::{Finding, Kind};
use crate::fold;
use crate::lexer::Lexed;
use crate::lexicon::{Class, lexicon};

/// The words and numbers of the addresses on file.
#[derive(Default)]
pub(super) struct Places {
    words: Words,
    /// House numbers: only good beside a word.
    numbers: Vec<String>,
}

impl Places {
    pub(super) fn add(&mut self, address: &Address) {
        for line in address.lines.iter().chain([&address.city]) {
            for word in fold::words(line).split(' ') {
                let parts = word.split_inclusive(|c: char| c.is_ascii_digit());
                if parts.clone().count() > 1 || word.starts_with(|c: char| c.is_ascii_digit()) {
                    let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
                    self.numbers.push(digits);
                    continue;
                }
                if lexicon().classes_of(word).any(ADDRESS_WORDS) {
                    continue;
                }
                for spelling in super::spellings(word) {
                    self.add_street_forms(&spelling);
                }
            }
        }
        self.numbers.retain(|number| !number.is_empty());
    }

    /// `musterstrasse` is also written `musterstr`.
    fn add_street_forms(&mut self, word: &str) {
        self.words.add(word, 1, true);
        let stem = word
            .strip_suffix("strasse")
            .or_else(|| word.strip_suffix("str"));
        if let Some(stem) = stem.filter(|stem| stem.len() >= STEM_LEN_MIN) {
            self.words.add(&format!("{stem}strasse"), 1, true);
            self.words.add(&format!("{stem}str"), 1, true);
        }
    }

    /// Adds every known address, or part of one, in the text.
    pub(super) fn find(&self, lexed: &Lexed<'_>, findings: &mut Vec<Finding>) {
        if self.words.is_empty() {
            return;
        }
        let mut behind = 0;
        for at in 0..lexed.tokens.len() {
            if at < behind {
                continue;
            }
            let Some(hit) = self.words.hit(lexed, at) else {
                continue;
            };
            let (first, last, sure) = self.run(lexed, at, hit, behind);
            if sure {
                behind = last + 1;
                let span = lexed.span(first, last);
                findings.push(Finding::known(span, Kind::Location, "known.address"));
            }
        }
        if !lexed.text.is_ascii() {
            self.words.unspaced(lexed.text, |span, _| {
                findings.push(Finding::known(span, Kind::Location, "known.address"));
            });
        }
    }

    fn run(&self, lexed: &Lexed<'_>, at: usize, hit: Hit, behind: usize) -> (usize, usize, bool) {
        let (mut first, mut last) = (at, at);
        let common = lexed.is(at, Class::COMMON);
        let mut sure = hit.sure && !common;
        while joins(lexed.gap(last + 1)) && self.belongs(lexed, last + 1) {
            last += 1;
            sure = true;
        }
        while first > behind && joins(lexed.gap(first)) && self.belongs(lexed, first - 1) {
            first -= 1;
            sure = true;
        }
        if common && !sure {
            sure = hit.sure
                && lexed.is(at.wrapping_sub(1), Class::DATE_CUE.with(Class::LIVES))
                && lexed.gap(at) == " ";
        }
        (first, last, sure)
    }

    /// Whether a token beside a word of an address belongs to it.
    fn belongs(&self, lexed: &Lexed<'_>, at: usize) -> bool {
        match lexed.digits(at) {
            Some(digits) => self.numbers.iter().any(|number| number == digits),
            None => lexed.is(at, STREET_WORDS) || self.words.hit(lexed, at).is_some(),
        }
    }
}

fn joins(gap: &str) -> bool {
    let kinds = |b: u8| b.is_ascii_whitespace() || matches!(b, b',' | b'.' | b'-' | b'/' | b'#');
    gap.len() <= JOINT_LEN_MAX && gap.bytes().all(kinds)
}

const STREET_WORDS: Class = Class::STREET.with(Class::STREET_FIRST);
/// What many addresses share.
const ADDRESS_WORDS: Class = STREET_WORDS.with(Class::UNIT_WORD).with(Class::PARTICLE);
/// Characters between the parts of an address.
const JOINT_LEN_MAX: usize = 8;
/// Letters before `strasse` that make a street's name.
const STEM_LEN_MIN: usize = 3;
