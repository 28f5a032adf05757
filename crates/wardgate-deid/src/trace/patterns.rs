//! What is sought, byte by byte: each spelling of a name and each encoding of a value.

use std::ops::Range;

use aho_corasick::{AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::windows::Windows;
use super::{Edge, NAME_LEN_MIN, Search, Sought};
use crate::finding::Kind;
use crate::fold;
use crate::gazetteer;

/// The patterns of a search, before it is made.
#[derive(Default)]
pub(super) struct Patterns {
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

impl Patterns {
    /// Adds a value in each of its encodings.
    pub(super) fn add(&mut self, value: &str, kind: Kind, edge: Edge) {
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
        encode(led, &mut self.bytes);
        self.note(from + encoded_from(lead), sought);
    }

    fn put(&mut self, sought: Sought, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.bytes.len();
        write(&mut self.bytes);
        self.note(from, sought);
    }

    /// What each of them means.
    pub(super) fn sought(&self) -> Vec<Sought> {
        self.each.iter().map(|each| each.sought).collect()
    }

    /// Adds the bytes from one on as a pattern.
    fn note(&mut self, from: usize, sought: Sought) {
        let at = from.min(self.bytes.len())..self.bytes.len();
        let hash = hash(self.bytes.get(at.clone()).unwrap_or_default());
        self.each.push(Pattern { at, hash, sought });
    }

    /// Leaves of the same patterns the first.
    pub(super) fn once_each(&mut self) {
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
    pub(super) fn search(&self, kind: Option<AhoCorasickKind>) -> Option<Search> {
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

/// A name as it is, folded, turned, parted as records part names, and its telling words alone.
pub(super) fn spellings(name: &str) -> Vec<String> {
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

/// Adds the whole groups of the base64 of some bytes.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let (groups, _) = bytes.as_chunks::<3>();
    let from = out.len();
    out.resize(from + groups.len() * 4, 0);
    let room = out.get_mut(from..).unwrap_or_default();
    // There is room for all of it.
    let _ = BASE64_STANDARD_NO_PAD.encode_slice(groups.as_flattened(), room);
}

/// The first character of base64 that a value alone decides, when so many bytes of its group stand before it.
pub(super) fn encoded_from(lead: usize) -> usize {
    [0, 2, 3].get(lead).copied().unwrap_or_default()
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

/// Odd, with its bits well spread.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// Shorter values are not sought in encodings.
pub(super) const ENCODED_LEN_MIN: usize = 7;
/// Bytes that may stand in a group of base64 before a value: none, one or two.
pub(super) const LEADS: usize = 3;
