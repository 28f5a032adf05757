//! The tokens as the tagger reads them: words, numbers and marks, each with what its features need.

mod line;
mod lists;

use std::ops::Range;

use crate::finding::Finding;
use crate::gazetteer::{self, Bits, hash};
use crate::language::Language;
use crate::lexer::{Lexed, Shape, Token};
use crate::lexicon::Class;

pub(crate) use line::Gap;
use line::{Line, SUM_START};
use lists::{PLACE, Places, group, is_common, named};

/// A word, a number or a run of one mark; the fields are hashes unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Atom {
    /// Bytes of the folded text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: AtomKind,
    /// A word of the language that is nothing else, or a mark.
    pub(crate) dull: bool,
    /// Dull among dull ones: nothing that identifies, without a look at its features.
    pub(crate) certain: bool,
    /// In small letters.
    pub(crate) word: u32,
    pub(crate) shape: u32,
    pub(crate) prefix: u32,
    pub(crate) suffix2: u32,
    pub(crate) suffix3: u32,
    /// The lists that the word is on: all of them, in few groups, and those of the rules.
    pub(crate) lists: u32,
    pub(crate) group: u32,
    pub(crate) classes: u32,
    /// How much of a name it is, by the lists alone.
    pub(crate) named: u32,
    /// Whether it is part of a place of several words.
    pub(crate) place_name: u32,
    /// What the rules found here.
    pub(crate) rule: u32,
    /// How far the token before is: see [`Gap`].
    pub(crate) gap: u32,
    /// The words before the colon on the same line, and the last of them.
    pub(crate) label: u32,
    pub(crate) label_last: u32,
    /// The shape of what stands between two spaces, and the place of the token in it.
    pub(crate) chunk: u32,
    pub(crate) place: u32,
    /// The nearest plain words on both sides.
    pub(crate) left: u32,
    pub(crate) right: u32,
    /// Of an unbroken row of words with capitals: the first, the last, and how many.
    pub(crate) run_first: u32,
    pub(crate) run_last: u32,
    pub(crate) run: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AtomKind {
    #[default]
    Mark,
    Number,
    /// A word that stands out, as names do.
    Proper,
    /// A word that does not.
    Plain,
}

impl Atom {
    pub(crate) const fn outside() -> Self {
        Self {
            start: 0,
            end: 0,
            kind: AtomKind::Mark,
            dull: true,
            certain: false,
            word: OUTSIDE,
            shape: OUTSIDE,
            prefix: OUTSIDE,
            suffix2: OUTSIDE,
            suffix3: OUTSIDE,
            lists: OUTSIDE,
            group: OUTSIDE,
            classes: OUTSIDE,
            named: 0,
            place_name: 0,
            rule: 0,
            gap: OUTSIDE,
            label: 0,
            label_last: 0,
            chunk: 0,
            place: 0,
            left: 0,
            right: 0,
            run_first: 0,
            run_last: 0,
            run: 0,
        }
    }
}

/// A token with three on each side.
pub(crate) type Window<'a> = [&'a Atom; 7];

/// The atoms of a block, with three beyond each end.
#[derive(Debug, Default)]
pub(crate) struct Atoms {
    all: Vec<Atom>,
}

/// Blocks of whole lines where lines are not too long, as ranges of tokens.
pub(crate) fn blocks<'l>(lexed: &'l Lexed<'_>) -> impl Iterator<Item = Range<usize>> + use<'l> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let last = lexed.tokens.len();
        if from >= last {
            return None;
        }
        let full = from + BLOCK_TOKENS_MAX;
        let to = if full >= last {
            last
        } else {
            let line = (from + 1..=full)
                .rev()
                .find(|at| lexed.gap(*at).contains('\n'));
            line.unwrap_or(full)
        };
        let block = from..to;
        from = to;
        Some(block)
    })
}

impl Atoms {
    /// Reads a block; `change` may change each atom before its neighbours look at it.
    pub(crate) fn read(
        &mut self,
        lexed: &Lexed<'_>,
        block: Range<usize>,
        language: Language,
        rules: &[Finding],
        mut change: impl FnMut(&mut Atom),
    ) {
        self.all.clear();
        self.all.extend([Atom::outside(); BEYOND]);
        let mode = Mode::of(lexed.tokens.get(block.clone()).unwrap_or_default());
        let mut line = Line::default();
        let mut rules = Rules::new(rules);
        let mut places = Places::default();
        for index in block.clone() {
            let gap = self.marks(lexed, index, index == block.start, &mut line);
            let Some(token) = lexed.token(index) else {
                break;
            };
            let mut atom = mode.atom(token, lexed.str(index), language);
            atom.place_name = places.at(lexed, index);
            atom.gap = gap.hash();
            line.word(&mut atom);
            self.all.push(atom);
        }
        let gap = self.marks(lexed, block.end, false, &mut line);
        for atom in self.own_mut() {
            atom.rule = rules.at(atom.start);
            change(atom);
        }
        self.chunks();
        self.runs();
        self.settle();
        let mut end = Atom::outside();
        end.gap = gap.hash();
        self.all.push(end);
        self.all.extend([Atom::outside(); BEYOND - 1]);
    }

    /// The atoms of the block itself.
    pub(crate) fn own(&self) -> &[Atom] {
        let end = self.all.len().saturating_sub(BEYOND);
        self.all.get(BEYOND..end).unwrap_or_default()
    }

    /// Each atom with its neighbours.
    pub(crate) fn windows(&self) -> impl ExactSizeIterator<Item = Window<'_>> {
        self.all
            .array_windows::<7>()
            .map(|window| window.each_ref())
    }

    fn own_mut(&mut self) -> &mut [Atom] {
        self.all.get_mut(BEYOND..).unwrap_or_default()
    }

    /// Adds the marks before a token; returns how far the token is from what stands before it.
    fn marks(&mut self, lexed: &Lexed<'_>, index: usize, first: bool, line: &mut Line) -> Gap {
        let text = lexed.gap(index);
        let end = lexed.token(index).map_or(lexed.text.len(), |t| t.start);
        let mut gap = if first { Gap::Line } else { Gap::None };
        for (at, byte) in (end - text.len()..).zip(text.bytes()) {
            if byte.is_ascii_whitespace() {
                gap = gap.with(byte);
                if byte == b'\n' {
                    line.end();
                }
            } else {
                let repeated = self.all.last_mut().filter(|last| {
                    gap == Gap::None
                        && last.kind == AtomKind::Mark
                        && last.word == mark(byte)
                        && last.end == at
                });
                if let Some(last) = repeated {
                    last.end = at + 1;
                    last.shape = mix(last.word, 2);
                } else {
                    self.all.push(Atom {
                        start: at,
                        end: at + 1,
                        dull: DULL_MARKS.contains(&byte),
                        word: mark(byte),
                        shape: mark(byte),
                        suffix2: mark(byte),
                        gap: gap.hash(),
                        ..Atom::default()
                    });
                    if let Some(atom) = self.all.last_mut() {
                        line.mark(byte, atom);
                    }
                }
                gap = Gap::None;
            }
        }
        gap
    }

    /// Gives each atom the shape of what it is joined to.
    fn chunks(&mut self) {
        let mut rest = self.own_mut();
        while !rest.is_empty() {
            let joined = rest
                .iter()
                .skip(1)
                .take_while(|a| a.gap == Gap::None.hash());
            let len = 1 + joined.count();
            let (chunk, after) = std::mem::take(&mut rest).split_at_mut(len);
            let shapes = chunk.iter().take(CHUNK_ATOMS_MAX);
            let shape = shapes.fold(SUM_START, |sum, atom| mix(sum, atom.shape));
            let mut place = 0;
            for atom in chunk {
                atom.chunk = shape;
                atom.place = place;
                place = CHUNK_ATOMS_MAX_U32.min(place + 1);
            }
            rest = after;
        }
    }

    /// Finds what is certain: among two dull ones on each side.
    fn settle(&mut self) {
        let own = self.own_mut().iter();
        let settled: Vec<bool> = own.map(|atom| atom.dull && atom.rule == 0).collect();
        let near = |at: usize| {
            let from = at.saturating_sub(NEAR);
            let around = settled.get(from..settled.len().min(at + NEAR + 1));
            around.is_some_and(|around| around.iter().all(|dull| *dull))
        };
        let certain: Vec<bool> = (0..settled.len()).map(near).collect();
        for (atom, certain) in self.own_mut().iter_mut().zip(certain) {
            atom.certain = certain;
        }
    }

    /// Gives each atom the plain words on both sides, and the row of proper words that it is in.
    fn runs(&mut self) {
        let (mut left, mut steps, mut first, mut count) = (0, 0, 0, 0);
        for atom in self.own_mut() {
            if atom.gap >= Gap::Line.hash() || steps > REACH {
                left = 0;
            }
            atom.left = left;
            if atom.kind == AtomKind::Proper {
                if count == 0 || atom.gap >= Gap::Wide.hash() {
                    (first, count) = (atom.word, 0);
                }
                count += 1;
                (atom.run_first, atom.run) = (first, count.min(RUN_MAX));
            } else {
                count = 0;
            }
            steps += 1;
            if atom.kind == AtomKind::Plain {
                (left, steps) = (atom.word, 0);
            }
        }
        let (mut right, mut steps, mut last, mut count) = (0, 0, 0, 0);
        for atom in self.own_mut().iter_mut().rev() {
            atom.right = if steps > REACH { 0 } else { right };
            if atom.kind == AtomKind::Proper {
                if count == 0 {
                    last = atom.word;
                }
                count += 1;
                atom.run_last = last;
                atom.run = atom.run * 8 + count.min(RUN_MAX);
            }
            if atom.kind != AtomKind::Proper || atom.gap >= Gap::Wide.hash() {
                count = 0;
            }
            steps += 1;
            if atom.kind == AtomKind::Plain {
                (right, steps) = (atom.word, 0);
            }
            if atom.gap >= Gap::Line.hash() {
                right = 0;
            }
        }
    }
}

/// Whether case tells anything in this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Mixed,
    AllSmall,
    AllCapitals,
}

impl Mode {
    fn of(tokens: &[Token]) -> Self {
        let (mut lower, mut upper, mut capital) = (0usize, 0usize, 0usize);
        for token in tokens {
            match token.shape {
                Shape::Lower => lower += 1,
                Shape::Upper => upper += 1,
                Shape::Capital | Shape::Inner => capital += 1,
                Shape::Number => {}
            }
        }
        let words = lower + upper + capital;
        if (upper + capital) * 40 <= words {
            Self::AllSmall
        } else if lower * 12 <= words && upper > 2 * capital {
            Self::AllCapitals
        } else {
            Self::Mixed
        }
    }

    fn atom(self, token: &Token, text: &str, language: Language) -> Atom {
        if token.shape == Shape::Number {
            return number(token, text);
        }
        let bytes = text.as_bytes();
        let word = hash::word_hash(text);
        let lists = gazetteer::lookup(word);
        let common = is_common(lists, language) || token.classes.any(Class::COMMON);
        let tail = |n: usize| {
            let from = bytes.len().saturating_sub(n);
            let tail = bytes.get(from..).unwrap_or_default();
            tail.iter().fold(SUM_START, |sum, b| step(sum, *b))
        };
        let head = bytes.iter().take(3).fold(SUM_START, |sum, b| step(sum, *b));
        let plain = match self {
            Self::Mixed => !token.shape.begins_capital(),
            Self::AllSmall | Self::AllCapitals => common,
        };
        let dull = common && !lists.any(if plain { TELLING } else { TELLING_CAPITAL });
        let length = match bytes.len() {
            len @ 0..=3 => len,
            4..=5 => 4,
            6..=9 => 5,
            _ => 6,
        };
        Atom {
            start: token.start,
            end: token.end,
            kind: if plain {
                AtomKind::Plain
            } else {
                AtomKind::Proper
            },
            dull,
            word: narrow(word),
            shape: mix(
                0x5_0000 + small(length),
                token.shape as u32 * 4 + self as u32,
            ),
            prefix: finish(head),
            suffix2: finish(tail(2)),
            suffix3: finish(tail(3)),
            lists: mix(0x77, lists.0 & !UNTELLING.0),
            group: group(lists, common),
            named: named(lists, common),
            classes: mix(0x78, token.classes.hash()),
            ..Atom::default()
        }
    }
}

fn number(token: &Token, text: &str) -> Atom {
    let len = token.len();
    let value: u32 = if len <= 4 {
        text.parse().unwrap_or_default()
    } else {
        0
    };
    let class = match (len, value) {
        (1 | 2, 0) => 1,
        (1 | 2, 1..=12) => 2,
        (1 | 2, 13..=31) => 3,
        (1 | 2, _) => 4,
        (4, 1900..=2039) => 5,
        _ => 6,
    };
    let leading = u32::from(text.starts_with('0'));
    let shape = mix(0x6_0000 + small(len.min(12)), class * 2 + leading);
    let word = if len <= 2 {
        mix(0x6_1000, value + 100 * small(len))
    } else {
        shape
    };
    Atom {
        start: token.start,
        end: token.end,
        kind: AtomKind::Number,
        dull: token.classes.any(Class::QUANTITY),
        classes: mix(0x7b, token.classes.hash()),
        word,
        shape,
        prefix: mix(0x6_2000, small(len.min(12))),
        suffix2: class,
        suffix3: shape,
        ..Atom::default()
    }
}

/// What the rules found, read in step with the atoms.
struct Rules<'f> {
    rest: &'f [Finding],
}

impl<'f> Rules<'f> {
    fn new(rest: &'f [Finding]) -> Self {
        Self { rest }
    }

    fn at(&mut self, start: usize) -> u32 {
        while let Some((first, rest)) = self.rest.split_first() {
            if first.end > start {
                break;
            }
            self.rest = rest;
        }
        let here = self.rest.first().filter(|finding| finding.start <= start);
        here.map_or(0, |finding| {
            let begins = u32::from(finding.start == start);
            mix(
                0x8_0000 + finding.kind as u32,
                finding.part as u32 * 2 + begins,
            )
        })
    }
}

#[inline]
fn step(sum: u32, byte: u8) -> u32 {
    (sum ^ u32::from(byte | 0x20)).wrapping_mul(0x0100_0193)
}

#[inline]
fn finish(sum: u32) -> u32 {
    let sum = (sum ^ (sum >> 16)).wrapping_mul(0x85EB_CA6B);
    sum ^ (sum >> 13)
}

#[inline]
pub(crate) fn mix(a: u32, b: u32) -> u32 {
    finish(a.wrapping_mul(0xCC9E_2D51).rotate_left(15) ^ b.wrapping_mul(0x1B87_3593))
}

/// A hash of 64 bits in 32.
fn narrow(hash: u64) -> u32 {
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    finish(u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h]))
}

fn mark(byte: u8) -> u32 {
    0x9_0000 + u32::from(byte)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Atoms on each side of a block that stand for what is not there.
const BEYOND: usize = 3;
/// Tokens of a block, so that the room that a search needs does not grow with the text.
const BLOCK_TOKENS_MAX: usize = 2_048;
const CHUNK_ATOMS_MAX: usize = 12;
const CHUNK_ATOMS_MAX_U32: u32 = 12;
const RUN_MAX: u32 = 5;
/// How many tokens away a plain word still says something.
const REACH: u32 = 6;
const OUTSIDE: u32 = 0x7_0000;
/// What says nothing about whether a word identifies somebody.
const UNTELLING: Bits = Bits::FEMALE.with(Bits::MALE);
/// How many neighbours on each side must be dull for a token to be certain.
const NEAR: usize = 2;
const DULL_MARKS: &[u8] = b",.;:()'\"-?!*";
/// Lists of words that dates, places and institutions begin with, in small letters too.
const TELLING: Bits = Bits::MONTH
    .with(Bits::TITLE)
    .with(Bits::STREET)
    .with(Bits::GIVEN_COMMON)
    .with(Bits::SURNAME_COMMON);
/// With a capital, a word that may be any part of a name is not dull.
const TELLING_CAPITAL: Bits = TELLING
    .with(PLACE)
    .with(Bits::GIVEN)
    .with(Bits::SURNAME)
    .with(Bits::PLACE_FIRST)
    .with(Bits::PLACE_NEXT)
    .with(Bits::EPONYM)
    .with(Bits::WEEKDAY)
    .with(Bits::FACILITY_HEAD)
    .with(Bits::FACILITY_NAME);
