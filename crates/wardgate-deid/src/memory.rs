//! What a document has said once with strong evidence, found wherever it is said again.
//!
//! A full name gives its parts away: `Maria Okafor` makes every later `Okafor` a name, in any case
//! when the word is nothing else, and with one mistake when it is long. Words that are also plain
//! words need a capital in the middle of a sentence. Numbers of some length count as they are.
//! Only hashes are kept.

use std::collections::{HashMap, HashSet};

use crate::finding::{Finding, Kind, Layer};
use crate::gazetteer::{self, Bits, hash::word_hash};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// The words and numbers of a document or a conversation that identify somebody.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    words: HashMap<u64, Entry>,
    /// Long names with one letter left out.
    mistaken: HashMap<u64, Kind>,
    numbers: HashMap<u64, Kind>,
    /// The first letters of full names, small.
    initials: HashSet<[u8; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: Kind,
    /// How often it was found by itself, without a title.
    alone: u32,
    sure: bool,
}

impl Memory {
    /// Takes in what was found; findings are sorted and in bytes of the folded text.
    pub(crate) fn learn(&mut self, lexed: &Lexed<'_>, findings: &[Finding]) {
        for finding in findings {
            if self.words.len() + self.numbers.len() > WORDS_MAX {
                return;
            }
            let first = lexed.tokens.partition_point(|t| t.end <= finding.start);
            let behind = lexed.tokens.partition_point(|t| t.start < finding.end);
            match finding.kind {
                Kind::Name => self.learn_name(lexed, first, behind, finding),
                Kind::Date | Kind::Age | Kind::Location | Kind::Facility => {}
                kind => self.learn_numbers(lexed, first, behind, kind),
            }
        }
    }

    fn learn_name(&mut self, lexed: &Lexed<'_>, first: usize, behind: usize, finding: &Finding) {
        let words = (first..behind).filter(|at| is_part(lexed, *at));
        let many = words.clone().nth(1).is_some();
        let titled = first
            .checked_sub(1)
            .is_some_and(|at| lexed.is(at, Class::TITLE) && lexed.gap(first).len() <= 2);
        self.initials.extend(initials(lexed, first, behind));
        let cue = matches!(finding.layer, Layer::Known | Layer::Exact);
        for at in words {
            let word = lexed.str(at);
            let hash = word_hash(word);
            let entry = self.words.entry(hash).or_insert(Entry {
                kind: finding.kind,
                alone: 0,
                sure: false,
            });
            entry.alone += u32::from(!many);
            entry.sure |= many || titled || cue || entry.alone >= ALONE_MIN;
            if entry.sure && word.len() >= FUZZY_LEN_MIN && !is_plain(lexed, at) {
                for_shortened(word, |shorter| {
                    self.mistaken.insert(shorter, finding.kind);
                });
            }
        }
    }

    fn learn_numbers(&mut self, lexed: &Lexed<'_>, first: usize, behind: usize, kind: Kind) {
        for at in first..behind {
            if lexed.digits(at).is_some_and(|d| d.len() >= NUMBER_LEN_MIN) {
                self.numbers.insert(word_hash(lexed.str(at)), kind);
            }
        }
    }

    /// Adds what is remembered and not found yet; `found` is sorted and apart.
    pub(crate) fn find(&self, lexed: &Lexed<'_>, found: &[Finding], findings: &mut Vec<Finding>) {
        if self.words.is_empty() && self.numbers.is_empty() {
            return;
        }
        let mut rest = found;
        for (at, token) in lexed.tokens.iter().enumerate() {
            while let Some((first, after)) = rest.split_first()
                && first.end <= token.start
            {
                rest = after;
            }
            if rest.first().is_some_and(|first| first.start < token.end) {
                continue;
            }
            if let Some(end) = self.signed(lexed, at) {
                findings.push(Finding {
                    layer: Layer::Memory,
                    ..Finding::exact(token.start..end, Kind::Name, 0.7, "memory.initials")
                });
                continue;
            }
            let kind = match token.shape {
                Shape::Number if token.len() >= NUMBER_LEN_MIN => {
                    self.numbers.get(&word_hash(lexed.str(at))).copied()
                }
                Shape::Number => None,
                _ => self.word(lexed, at),
            };
            if let Some(kind) = kind {
                findings.push(Finding {
                    layer: Layer::Memory,
                    ..Finding::exact(token.start..token.end, kind, 0.8, "memory")
                });
            }
        }
    }

    /// The end of initials of a known person: `J.S.`, or `JS` where somebody signs.
    fn signed(&self, lexed: &Lexed<'_>, at: usize) -> Option<usize> {
        let token = lexed.token(at)?;
        let known = |first: u8, last: u8| {
            self.initials
                .contains(&[first.to_ascii_lowercase(), last.to_ascii_lowercase()])
        };
        match *lexed.str(at).as_bytes() {
            [first] if lexed.gap(at + 1) == "." => match *lexed.str(at + 1).as_bytes() {
                [last] if known(first, last) && lexed.gap(at + 2).starts_with('.') => {
                    lexed.token(at + 1).map(|t| t.end)
                }
                _ => None,
            },
            [first, last] if token.shape == Shape::Upper && known(first, last) => {
                let after = lexed.gap(at + 1);
                let ends = at + 1 == lexed.tokens.len() || after.starts_with(['\n', '\r']);
                let before = lexed.gap(at);
                let begins = before.ends_with(". ") || before.ends_with(['-', '\n', '/']);
                let dashed =
                    before.ends_with("- ") || before.ends_with("\" ") || before.ends_with("  ");
                (ends && (begins || dashed)).then_some(token.end)
            }
            _ => None,
        }
    }

    /// The kind of a word that is remembered.
    fn word(&self, lexed: &Lexed<'_>, at: usize) -> Option<Kind> {
        let word = lexed.str(at);
        let token = lexed.token(at)?;
        if word.len() < 2 {
            return None;
        }
        let known = self.words.get(&word_hash(word)).filter(|entry| entry.sure);
        let plain = is_plain(lexed, at);
        if let Some(entry) = known {
            let small = token.shape == Shape::Lower && word.len() < SMALL_LEN_MIN;
            let stands = if plain {
                stands_out(lexed, at) || acts(lexed, at)
            } else {
                !small
            };
            return stands.then_some(entry.kind);
        }
        if plain || word.len() + 1 < FUZZY_LEN_MIN || !token.shape.begins_capital() {
            return None;
        }
        let mut near = self.mistaken.get(&word_hash(word)).copied();
        for_shortened(word, |shorter| {
            let longer = self.words.get(&shorter).filter(|e| e.sure).map(|e| e.kind);
            near = near
                .or(longer)
                .or_else(|| self.mistaken.get(&shorter).copied());
        });
        near
    }
}

/// The first letters of the given and the family name of a full name.
fn initials(lexed: &Lexed<'_>, first: usize, behind: usize) -> Option<[u8; 2]> {
    let letter = |at: usize| lexed.str(at).bytes().next().filter(u8::is_ascii_alphabetic);
    let last = behind.checked_sub(1).filter(|last| *last > first)?;
    let turned = lexed.gap(first + 1).starts_with(',');
    let (given, family) = if turned {
        (first + 1, first)
    } else {
        (first, last)
    };
    let pair = [letter(given)?, letter(family)?];
    Some(pair.map(|letter| letter.to_ascii_lowercase()))
}

/// A word that is a part of a name, not a title or a letter beside it.
fn is_part(lexed: &Lexed<'_>, at: usize) -> bool {
    let word = lexed.str(at);
    let lists = gazetteer::lookup(word_hash(word));
    let beside = Class::TITLE.with(Class::CREDENTIAL).with(Class::PARTICLE);
    word.len() >= 2
        && lexed.digits(at).is_none()
        && !lexed.is(at, beside)
        && !lists.any(
            Bits::TITLE
                .with(Bits::STOP_EN)
                .with(Bits::STOP_ES)
                .with(Bits::STOP_DE),
        )
}

/// A word that is also something else than a name.
fn is_plain(lexed: &Lexed<'_>, at: usize) -> bool {
    let lists = gazetteer::lookup(word_hash(lexed.str(at)));
    lists.any(PLAIN)
        || lexed
            .token(at)
            .is_some_and(|t| t.classes != Class::default())
}

/// With a capital where only a name has one: not at the start of a sentence, a line or a label.
fn stands_out(lexed: &Lexed<'_>, at: usize) -> bool {
    let capital = |at: usize| lexed.token(at).is_some_and(|t| t.shape.begins_capital());
    let gap = lexed.gap(at);
    let inside = gap == " " || matches!(gap, ", " | " (" | "; " | "/");
    let Some(before) = at.checked_sub(1).filter(|_| inside) else {
        return false;
    };
    let heading = capital(before) && is_plain(lexed, before) && !lexed.is(before, Class::TITLE);
    let titled = capital(at + 1) && is_plain(lexed, at + 1) && lexed.gap(at + 1) == " ";
    let lists = |at: usize| gazetteer::lookup(word_hash(lexed.str(at)));
    let disease = lists(at).any(Bits::EPONYM) && lists(at + 1).any(Bits::CLINICAL);
    let shape = lexed.token(at).map(|t| t.shape);
    shape == Some(Shape::Capital) && !heading && !titled && !disease
}

/// With a capital at the start of a sentence that it is the subject of: `Baker has`, `Hunter called`.
fn acts(lexed: &Lexed<'_>, at: usize) -> bool {
    let lists = gazetteer::lookup(word_hash(lexed.str(at)));
    let capital = lexed.token(at).is_some_and(|t| t.shape == Shape::Capital);
    let next = lexed.str(at + 1);
    let verb = SUBJECT_OF.contains(&next) || next.len() > 4 && next.ends_with("ed");
    capital
        && verb
        && lexed.gap(at + 1) == " "
        && lists.any(Bits::GIVEN.with(Bits::SURNAME))
        && !lists.any(Bits::WORD_VERY_COMMON.with(Bits::CLINICAL).with(Bits::DRUG))
}

/// The hashes of a word with each letter left out once.
fn for_shortened(word: &str, mut each: impl FnMut(u64)) {
    if !word.is_ascii() || word.len() > FUZZY_LEN_MAX {
        return;
    }
    for skipped in 0..word.len() {
        let (head, tail) = (word.get(..skipped), word.get(skipped + 1..));
        let bytes = head.into_iter().chain(tail).flat_map(str::bytes);
        each(bytes.fold(gazetteer::hash::HASH_START, gazetteer::hash::hash_step));
    }
}

const SUBJECT_OF: &[&str] = &[
    "is", "was", "has", "had", "says", "said", "states", "reports", "thinks", "spoke", "told",
    "came", "went", "took", "gave", "and", "will", "lives", "works", "denies", "agrees", "does",
    "hat", "ist", "war", "wurde", "wird", "es", "fue", "ha", "refiere", "presenta",
];
const PLAIN: Bits = Bits::WORD
    .with(Bits::WORD_ES)
    .with(Bits::WORD_DE)
    .with(Bits::CLINICAL)
    .with(Bits::DRUG)
    .with(Bits::EPONYM)
    .with(Bits::MONTH)
    .with(Bits::WEEKDAY)
    .with(Bits::STATE)
    .with(Bits::STATE_SHORT)
    .with(Bits::COUNTRY)
    .with(Bits::STREET)
    .with(Bits::FACILITY_HEAD);
/// A word found so often by itself is a name.
const ALONE_MIN: u32 = 2;
const FUZZY_LEN_MIN: usize = 6;
const FUZZY_LEN_MAX: usize = 24;
/// In small letters, shorter words are too often something else.
const SMALL_LEN_MIN: usize = 4;
const NUMBER_LEN_MIN: usize = 5;
/// So that a text of names alone does not fill the memory.
const WORDS_MAX: usize = 20_000;
