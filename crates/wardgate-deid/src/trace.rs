//! What must not be in an output: the identifiers of its input, sought again in what was written.
//!
//! The search shares nothing with the rules that find or replace identifiers. It is told what
//! identified somebody in the input, and looks for that in the bytes of the output and in its
//! decoded values: as it was, in any case, with the words turned, as UTF-16, as Latin-1, inside base64,
//! and numbers whatever signs part their digits.

mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::finding::Kind;
use crate::fold;
use crate::gazetteer;
use crate::secret::Secret;
use windows::Windows;

/// The identifiers of one input.
#[derive(Default)]
pub struct Traces {
    names: BTreeSet<Secret>,
    values: BTreeMap<Secret, Kind>,
}

/// The identifiers of an input, ready to be sought in its output.
pub struct Tracer {
    search: Option<Search>,
    /// What each pattern means.
    sought: Vec<Sought>,
    numbers: BTreeMap<Secret, Kind>,
    /// The bytes of the longest number.
    number_len_max: usize,
}

/// How the patterns are sought. Both find the same.
enum Search {
    Windows(Windows),
    /// For patterns that would let the other be slow.
    Automaton(AhoCorasick),
}

/// The patterns of a search, before it is made.
#[derive(Default)]
struct Patterns {
    bytes: Vec<u8>,
    each: Vec<Pattern>,
    /// The value that is being encoded, behind bytes that may stand in a group of base64 before it.
    led: Vec<u8>,
}

struct Pattern {
    /// Where it stands among the bytes of all.
    at: Range<usize>,
    /// By which it is compared first.
    hash: u64,
    sought: Sought,
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

    fn compile_as(&self, kind: Option<AhoCorasickKind>) -> Tracer {
        let mut patterns = Patterns::default();
        let mut numbers = BTreeMap::new();
        let names = self.names.iter();
        let spelled: BTreeSet<String> = names.flat_map(|name| spellings(name.as_str())).collect();
        for spelling in &spelled {
            patterns.add(spelling, Kind::Name, Edge::Letters);
        }
        for (value, kind) in &self.values {
            patterns.add(value.as_str(), *kind, Edge::Digits);
            let compact = compact(value.as_str());
            let digits = compact.bytes().filter(u8::is_ascii_digit).count();
            if digits >= VALUE_DIGITS_MIN && compact.len() >= VALUE_LEN_MIN {
                numbers.insert(Secret::new(&compact), *kind);
            }
        }
        patterns.once_each();
        Tracer {
            search: patterns.search(kind),
            sought: patterns.each.iter().map(|each| each.sought).collect(),
            number_len_max: (numbers.keys().map(|number| number.as_str().len()).max())
                .unwrap_or_default(),
            numbers,
        }
    }
}

impl Tracer {
    /// Looks through the bytes of an output, or of any decoded part of it.
    #[must_use]
    pub fn bytes(&self, output: &[u8]) -> Found {
        let mut found = Found::default();
        match &self.search {
            None => return Found::unsearched(),
            Some(Search::Windows(windows)) => {
                windows.each(output, |number, place| {
                    self.judge(number, place, output, &mut found);
                });
            }
            Some(Search::Automaton(automaton)) => {
                for hit in automaton.find_overlapping_iter(output) {
                    self.judge(hit.pattern().as_usize(), hit.range(), output, &mut found);
                }
            }
        }
        found
    }

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
            let number = may_be.then(|| self.numbers.get(compact(part).as_str()));
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
            && count(u8::is_ascii_alphanumeric) <= self.number_len_max
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
            .field("patterns", &self.sought.len())
            .finish_non_exhaustive()
    }
}

/// A name as it is, folded, turned, parted as records part names, and its telling words alone.
fn spellings(name: &str) -> Vec<String> {
    let folded = fold::words(name);
    let words: Vec<&str> = folded.split(' ').collect();
    let mut all = vec![name.to_owned()];
    if words.len() > 1 {
        all.push(folded.clone());
        if let Some((first, rest)) = words.split_first() {
            all.push(format!("{} {first}", rest.join(" ")));
            all.push(format!("{}^{first}", rest.join(" ")));
        }
        if let Some((last, rest)) = words.split_last() {
            all.push(format!("{last} {}", rest.join(" ")));
            all.push(format!("{last}, {}", rest.join(" ")));
            all.push(format!("{last}^{}", rest.join("^")));
        }
    }
    let own = name.split(|c: char| !c.is_alphabetic()).map(str::to_owned);
    let folded = words.iter().map(|word| (*word).to_owned());
    let telling = |word: &String| {
        word.chars().count() >= NAME_LEN_MIN && !gazetteer::is_word(&fold::words(word))
    };
    all.extend(own.chain(folded).filter(telling));
    all
}

impl Patterns {
    /// Adds a value in each of its encodings.
    fn add(&mut self, value: &str, kind: Kind, edge: Edge) {
        let sought = Sought { kind, edge };
        let inside = Sought {
            kind,
            edge: Edge::Any,
        };
        self.put(sought, |bytes| bytes.extend_from_slice(value.as_bytes()));
        if !value.is_ascii() && value.chars().all(|c| u8::try_from(c).is_ok()) {
            let latin = value.chars().filter_map(|c| u8::try_from(c).ok());
            self.put(sought, |bytes| bytes.extend(latin));
        }
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            self.put(inside, |bytes| {
                for unit in value.encode_utf16() {
                    bytes.extend_from_slice(&order(unit));
                }
            });
        }
        if value.len() >= ENCODED_LEN_MIN {
            self.led.clear();
            self.led.resize(LEADS - 1, 0);
            self.led.extend_from_slice(value.as_bytes());
            for lead in 0..LEADS {
                self.put_encoded(lead, inside);
            }
        }
    }

    /// Adds what the value looks like inside base64 when `lead` bytes of its group stand before it: without the
    /// characters that its neighbours decide too.
    fn put_encoded(&mut self, lead: usize, sought: Sought) {
        let led = self.led.get(LEADS - 1 - lead..).unwrap_or_default();
        let from = self.bytes.len();
        self.bytes.resize(from + led.len().div_ceil(3) * 4, 0);
        let room = self.bytes.get_mut(from..).unwrap_or_default();
        // There is room for all of it.
        let _ = BASE64_STANDARD_NO_PAD.encode_slice(led, room);
        self.bytes.truncate(from + led.len() / 3 * 4);
        let own = [0, 2, 3].get(lead).copied().unwrap_or_default();
        self.note(from + own, sought);
    }

    fn put(&mut self, sought: Sought, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        self.note(from, sought);
    }

    /// Adds the bytes from one on as a pattern.
    fn note(&mut self, from: usize, sought: Sought) {
        let at = from.min(self.bytes.len())..self.bytes.len();
        let hash = hash(self.bytes.get(at.clone()).unwrap_or_default());
        self.each.push(Pattern { at, hash, sought });
    }

    /// Leaves of the same patterns the first.
    fn once_each(&mut self) {
        let bytes = &self.bytes;
        let of = |each: &Pattern| bytes.get(each.at.clone()).unwrap_or_default();
        // Of the same patterns the one that came first stands first.
        self.each.sort_unstable_by(|one, other| {
            let hashes = one.hash.cmp(&other.hash);
            hashes.then_with(|| (of(one), one.at.start).cmp(&(of(other), other.at.start)))
        });
        self.each
            .dedup_by(|other, one| one.hash == other.hash && of(one) == of(other));
    }

    /// The search for them.
    fn search(&self, kind: Option<AhoCorasickKind>) -> Option<Search> {
        let places = self.each.iter().map(|each| each.at.clone());
        if let Some(windows) = Windows::of(&self.bytes, places.clone()) {
            return Some(Search::Windows(windows));
        }
        let mut builder = AhoCorasickBuilder::new();
        builder
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard);
        if kind.is_some() {
            builder.kind(kind).dense_depth(1).prefilter(false);
        }
        let patterns = places.map(|at| self.bytes.get(at).unwrap_or_default());
        builder.build(patterns).ok().map(Search::Automaton)
    }
}

/// Tells most patterns apart.
fn hash(pattern: &[u8]) -> u64 {
    let (words, rest) = pattern.as_chunks::<8>();
    let last = rest
        .iter()
        .fold(0, |last, byte| (last << 8) | u64::from(*byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words
        .chain([last])
        .fold(pattern.len() as u64, |hash, word| {
            (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR)
        })
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

/// Odd, with its bits well spread.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const NAME_LEN_MIN: usize = 4;
const VALUE_LEN_MIN: usize = 5;
const VALUE_DIGITS_MIN: usize = 4;
const ENCODED_LEN_MIN: usize = 7;
/// Bytes that may stand in a group of base64 before a value: none, one or two.
const LEADS: usize = 3;
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
                let kind = tracer.numbers.get(compact(part).as_str());
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
