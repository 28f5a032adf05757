//! What must not be in an output: the identifiers of its input, sought again in what was written.
//!
//! The search shares nothing with the rules that find or replace identifiers. It is told what
//! identified somebody in the input, and looks for that in the bytes of the output and in its
//! decoded values: as it was, in any case, with the words turned, as UTF-16, as Latin-1, inside base64,
//! and numbers whatever signs part their digits.

mod glance;
mod patterns;
mod windows;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};

use crate::finding::Kind;
use crate::fold;
use crate::secret::Secret;
use glance::{Glance, Runs};
use patterns::{Patterns, spellings};
use windows::Windows;

/// The identifiers of one input.
#[derive(Default)]
pub struct Traces {
    names: BTreeSet<Secret>,
    values: BTreeMap<Secret, Kind>,
}

/// The identifiers of an input, ready to be sought in its output.
pub struct Tracer {
    /// From what the rest is made, where it was not made at once.
    later: Option<Later>,
    ready: OnceLock<Ready>,
    numbers: OnceLock<Numbers>,
}

/// What is sought, before its search is made.
struct Later {
    traces: Traces,
    glance: Glance,
    /// How often the first look was enough, or tried to be.
    looks: AtomicUsize,
}

#[derive(Default)]
struct Ready {
    search: Option<Search>,
    /// What each pattern means.
    sought: Vec<Sought>,
}

/// The letters and digits of the numbers that are sought.
#[derive(Default)]
struct Numbers {
    kinds: BTreeMap<Secret, Kind>,
    /// The bytes of the longest one.
    len_max: usize,
}

/// How the patterns are sought. Both find the same.
enum Search {
    Windows(Windows),
    /// For patterns that would let the other be slow.
    Automaton(AhoCorasick),
}

/// How often identifiers of the input were found in the output, by kind; never a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Found {
    by_kind: [u32; Kind::ALL.len()],
}

#[derive(Clone, Copy)]
struct Sought {
    kind: Kind,
    edge: Edge,
}

/// What must not stand beside a hit, so that it is the value and not a part of something else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Letters,
    Digits,
    /// Within an encoding nothing is known about the neighbours.
    Any,
}

impl Traces {
    /// Notes a person's name, in any order of its words.
    pub fn name(&mut self, name: &str) {
        let words = fold::words(name);
        if words.len() >= NAME_LEN_MIN {
            self.names.insert(Secret::new(name.trim()));
        }
    }

    /// Notes any other identifier: a number, an address, an e-mail address.
    ///
    /// What is too short to tell anything by itself is passed over.
    pub fn value(&mut self, kind: Kind, value: &str) {
        let value = value.trim();
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let long = value.chars().filter(|c| c.is_alphanumeric()).count() >= VALUE_LEN_MIN;
        if long && (digits >= VALUE_DIGITS_MIN || value.contains(['@', '.', ' '])) {
            self.values.insert(Secret::new(value), kind);
        }
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.values.is_empty()
    }

    /// Makes them ready to be sought.
    #[must_use]
    pub fn compile(&self) -> Tracer {
        self.compile_as(None)
    }

    /// Makes them ready to be sought in little: sooner than [`Self::compile`] does, to be sought more slowly.
    #[must_use]
    pub fn compile_quickly(&self) -> Tracer {
        self.compile_as(Some(AhoCorasickKind::ContiguousNFA))
    }

    /// Makes them ready to be sought in few texts that most likely hold none of them: a search is made where a first
    /// look says that something may be there, or once many texts were looked through.
    #[must_use]
    pub fn compile_when_needed(self) -> Tracer {
        Tracer {
            later: Some(Later {
                glance: Glance::of(&self),
                traces: self,
                looks: AtomicUsize::new(0),
            }),
            ready: OnceLock::new(),
            numbers: OnceLock::new(),
        }
    }

    fn compile_as(&self, kind: Option<AhoCorasickKind>) -> Tracer {
        Tracer {
            later: None,
            ready: OnceLock::from(self.ready(kind)),
            numbers: OnceLock::from(self.numbers()),
        }
    }

    fn ready(&self, kind: Option<AhoCorasickKind>) -> Ready {
        let mut patterns = Patterns::default();
        let names = self.names.iter();
        let spelled: BTreeSet<String> = names.flat_map(|name| spellings(name.as_str())).collect();
        for spelling in &spelled {
            patterns.add(spelling, Kind::Name, Edge::Letters);
        }
        for (value, kind) in &self.values {
            patterns.add(value.as_str(), *kind, Edge::Digits);
        }
        patterns.once_each();
        Ready {
            search: patterns.search(kind),
            sought: patterns.sought(),
        }
    }

    fn numbers(&self) -> Numbers {
        let mut kinds = BTreeMap::new();
        for (value, kind) in &self.values {
            let compact = compact(value.as_str());
            let digits = compact.bytes().filter(u8::is_ascii_digit).count();
            if digits >= VALUE_DIGITS_MIN && compact.len() >= VALUE_LEN_MIN {
                kinds.insert(Secret::new(&compact), *kind);
            }
        }
        let lengths = kinds.keys().map(|number| number.as_str().len());
        Numbers {
            len_max: lengths.max().unwrap_or_default(),
            kinds,
        }
    }
}

impl Tracer {
    /// Looks through the bytes of an output, or of any decoded part of it.
    #[must_use]
    pub fn bytes(&self, output: &[u8]) -> Found {
        self.bytes_of(output, &OnceCell::new())
    }

    /// Looks through the same bytes for what each of some tracers seeks.
    #[must_use]
    pub fn bytes_by_all(tracers: &[&Self], output: &[u8]) -> Found {
        let (runs, mut found) = (OnceCell::new(), Found::default());
        for tracer in tracers {
            found.merge(&tracer.bytes_of(output, &runs));
        }
        found
    }

    fn bytes_of(&self, output: &[u8], runs: &OnceCell<Option<Runs>>) -> Found {
        let mut found = Found::default();
        if self.is_surely_clean(output, runs) {
            return found;
        }
        let ready = self.ready();
        match &ready.search {
            None => return Found::unsearched(),
            Some(Search::Windows(windows)) => {
                windows.each(output, |number, place| {
                    ready.judge(number, place, output, &mut found);
                });
            }
            Some(Search::Automaton(automaton)) => {
                for hit in automaton.find_overlapping_iter(output) {
                    ready.judge(hit.pattern().as_usize(), hit.range(), output, &mut found);
                }
            }
        }
        found
    }

    /// Whether a first look says that there is nothing, as long as no search is ready.
    fn is_surely_clean(&self, output: &[u8], runs: &OnceCell<Option<Runs>>) -> bool {
        let later = match self.ready.get() {
            None => self.later.as_ref(),
            Some(_) => None,
        };
        later.is_some_and(|later| {
            let looks = later.looks.fetch_add(1, Ordering::Relaxed);
            let clean = |runs: &Runs| !later.glance.may_be_among(runs);
            looks < LOOKS_MAX
                && runs
                    .get_or_init(|| Runs::of(output))
                    .as_ref()
                    .is_some_and(clean)
        })
    }

    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| {
            let later = self.later.as_ref();
            later.map_or_else(Ready::default, |later| {
                later.traces.ready(Some(AhoCorasickKind::ContiguousNFA))
            })
        })
    }

    fn numbers(&self) -> &Numbers {
        self.numbers.get_or_init(|| {
            let later = self.later.as_ref();
            later.map_or_else(Numbers::default, |later| later.traces.numbers())
        })
    }

    /// Looks through one decoded value: as its bytes, folded, and for numbers whose digits are parted otherwise.
    #[must_use]
    pub fn value(&self, value: &str) -> Found {
        self.value_within(value, 0)
    }

    fn value_within(&self, value: &str, depth: usize) -> Found {
        let mut found = self.bytes(value.as_bytes());
        let folded = fold::fold(value);
        if folded.text != value {
            found.merge(&self.bytes(folded.text.as_bytes()));
        }
        self.numbers_in(&folded.text, &mut found);
        if depth < ENCODED_DEPTH_MAX && value.len() >= ENCODED_RUN_LEN_MIN {
            for chunk in value.split(|c: char| !is_base64(c)) {
                if chunk.len() >= ENCODED_RUN_LEN_MIN
                    && let Some(inner) = decoded(chunk)
                {
                    found.merge(&self.value_within(&inner, depth + 1));
                }
            }
        }
        found
    }

    /// Counts the numbers that a text or a word of it is, whatever signs part their digits.
    fn numbers_in(&self, text: &str, found: &mut Found) {
        let mut note = |part: &str| {
            let may_be = self.may_be_number(part.as_bytes());
            let number = may_be.then(|| self.numbers().kinds.get(compact(part).as_str()));
            if let Some(kind) = number.flatten() {
                found.count(*kind);
            }
        };
        note(text);
        if !text.is_ascii() {
            return text.split_whitespace().for_each(note);
        }
        // What is a space to `split_whitespace`, without a look at each letter as one.
        let words = text.as_bytes().split(|b| matches!(b, b'\t'..=b'\r' | b' '));
        let words = words.filter(|word| self.may_be_number(word));
        words.for_each(|word| note(str::from_utf8(word).unwrap_or_default()));
    }

    /// Whether a text has as many digits and as few letters as a number that is sought.
    ///
    /// Each letter and digit of ASCII is a byte of what is compared, and its digits are no others, so that nothing
    /// that is one of the numbers is passed over.
    fn may_be_number(&self, text: &[u8]) -> bool {
        let count = |is: fn(&u8) -> bool| text.iter().filter(|byte| is(byte)).count();
        count(u8::is_ascii_digit) >= VALUE_DIGITS_MIN
            && count(u8::is_ascii_alphanumeric) <= self.numbers().len_max
    }
}

impl Ready {
    /// Counts a hit that is the value and not a part of something else.
    fn judge(&self, number: usize, place: Range<usize>, output: &[u8], found: &mut Found) {
        let Some(sought) = self.sought.get(number) else {
            return;
        };
        let before = place.start.checked_sub(1).and_then(|at| output.get(at));
        let behind = output.get(place.end);
        let belongs = |byte: Option<&u8>| {
            byte.is_some_and(|byte| match sought.edge {
                Edge::Letters => byte.is_ascii_alphabetic() || *byte >= 0x80,
                Edge::Digits => byte.is_ascii_digit(),
                Edge::Any => false,
            })
        };
        if !belongs(before) && !belongs(behind) {
            found.count(sought.kind);
        }
    }
}

impl Found {
    /// Whether any identifier of the input is left.
    #[must_use]
    pub fn any(&self) -> bool {
        self.by_kind.iter().any(|count| *count > 0)
    }

    /// How many of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> u32 {
        self.by_kind.get(kind as usize).copied().unwrap_or_default()
    }

    /// Counts what a reader of a format found by a look of its own.
    pub fn note(&mut self, kind: Kind) {
        self.count(kind);
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: &Self) {
        for (sum, count) in self.by_kind.iter_mut().zip(other.by_kind) {
            *sum = sum.saturating_add(count);
        }
    }

    /// A search that could not be made counts as one that found something.
    fn unsearched() -> Self {
        let mut found = Self::default();
        found.count(Kind::Id);
        found
    }

    fn count(&mut self, kind: Kind) {
        if let Some(count) = self.by_kind.get_mut(kind as usize) {
            *count = count.saturating_add(1);
        }
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Kind::ALL.iter().zip(self.by_kind);
        f.debug_map()
            .entries(counts.filter(|(_, count)| *count > 0))
            .finish()
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces")
            .field("names", &self.names.len())
            .field("values", &self.values.len())
            .finish()
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer")
            .field("ready", &self.ready.get().is_some())
            .finish_non_exhaustive()
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')
}

/// The text that a run of base64 stands for, when it is text.
fn decoded(run: &str) -> Option<String> {
    let plain = run.replace('-', "+").replace('_', "/");
    let plain = plain.get(..plain.len() - usize::from(plain.len() % 4 == 1))?;
    let bytes = STANDARD_LENIENT.decode(plain).ok()?;
    String::from_utf8(bytes).ok()
}

fn compact(value: &str) -> String {
    if value.is_ascii() {
        let letters = value.bytes().filter(u8::is_ascii_alphanumeric);
        return letters
            .map(|letter| char::from(letter.to_ascii_lowercase()))
            .collect();
    }
    let letters = value.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Texts that are looked at before a search is made for all that follow.
const LOOKS_MAX: usize = 64;
const NAME_LEN_MIN: usize = 4;
const VALUE_LEN_MIN: usize = 5;
const VALUE_DIGITS_MIN: usize = 4;
/// Base64 within base64 is followed this deep.
const ENCODED_DEPTH_MAX: usize = 4;
/// Shorter runs of letters and digits hold no encoded identifier.
const ENCODED_RUN_LEN_MIN: usize = 24;
/// Reads base64 whose last bits are not zero, as a run that was cut has them.
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD_NO_PAD;

    use super::*;

    fn tracer() -> Tracer {
        let mut traces = Traces::default();
        traces.name("Łucja Brzęczyszczykiewicz");
        traces.name("Maria Brown");
        traces.value(Kind::Mrn, "MRN-0044127");
        traces.value(Kind::Phone, "(555) 010-4477");
        traces.compile()
    }

    #[test]
    fn every_spelling_is_found() {
        let tracer = tracer();
        for left in [
            "seen: BRZĘCZYSZCZYKIEWICZ",
            "brzeczyszczykiewicz^lucja",
            "Brown, Maria",
            "id mrn-0044127.",
            "5550104477",
            "mrn 0044127",
        ] {
            assert!(tracer.value(left).any(), "{left}");
        }
        let wide: Vec<u8> = "Maria Brown"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(tracer.bytes(&wide).any());
        for lead in ["", "x", "xy"] {
            let letter = BASE64_STANDARD_NO_PAD.encode(format!("{lead}MRN-0044127 and more"));
            assert_eq!(
                tracer.bytes(letter.as_bytes()).of_kind(Kind::Mrn),
                1,
                "{lead}"
            );
        }
    }

    #[test]
    fn full_width_digits_and_base64_in_base64_are_seen_through() {
        let tracer = tracer();
        assert!(tracer.value("ＭＲＮ－００４４１２７").any());
        let inner = BASE64_STANDARD_NO_PAD.encode("letter about MRN-0044127 and more");
        let outer = BASE64_STANDARD_NO_PAD.encode(&inner);
        assert!(tracer.value(&format!("attached: {outer} end")).any());
    }

    #[test]
    fn what_only_looks_alike_is_not() {
        let tracer = tracer();
        for clean in [
            "brown sputum",
            "MRN-00441279",
            "Mariana was here",
            "555 010",
        ] {
            assert!(!tracer.value(clean).any(), "{clean}");
        }
    }

    #[test]
    fn numbers_are_those_that_comparing_every_word_finds() {
        let tracer = tracer();
        let slow = |text: &str| {
            let mut found = Found::default();
            for part in std::iter::once(text).chain(text.split_whitespace()) {
                let kind = tracer.numbers().kinds.get(compact(part).as_str());
                kind.into_iter().for_each(|kind| found.count(*kind));
            }
            found
        };
        for text in [
            "",
            "MRN-0044127",
            "M R N 0 0 4 4 1 2 7",
            "x\u{b}mrn.0044127\u{1c}mrn0044127\r\n(555)010-4477\u{85}",
            "é (555)0104477 é\u{a0}5-5-5-0104477 ٣",
            "555.010.4477",
            "0044127 5550104477000 mrn00441279",
        ] {
            let mut found = Found::default();
            tracer.numbers_in(text, &mut found);
            assert_eq!(found, slow(text), "{text:?}");
        }
    }

    #[test]
    fn counts_tell_no_value() {
        let found = tracer().value("Maria Brown, MRN-0044127");
        assert!(found.any());
        assert!(!format!("{found:?} {:?}", tracer()).contains("Brown"));
    }
}
