//! A search for many patterns by four bytes of each, in any case: sooner made ready than an automaton, and as fast.
//!
//! Of every pattern four bytes in a row are chosen that few others are known by (after Karp and Rabin, "Efficient
//! randomized pattern-matching algorithms", 1987, with a table of bits in front). A text is passed over once; where
//! four of its bytes are those of a pattern, the rest is compared.

use std::ops::Range;

/// Patterns, ready to be sought.
pub(super) struct Windows {
    /// A bit for each hash of four bytes that some pattern is known by.
    bits: Box<[u64; WORDS]>,
    /// For each word of `bits` the first pattern with a bit in it, counted from 1.
    heads: Box<[u16; WORDS]>,
    patterns: Vec<Pattern>,
    bytes: Vec<u8>,
}

struct Pattern {
    at: Range<usize>,
    /// Where in it the four bytes end.
    known_to: usize,
    /// The next pattern with a bit in the same word, counted from 1.
    next: u16,
}

impl Windows {
    /// The search for patterns, which are parts of some bytes; nothing when they are too short, too long, too many or
    /// too much alike for it to be fast whatever text it is given.
    pub(super) fn of(bytes: &[u8], patterns: impl Iterator<Item = Range<usize>>) -> Option<Self> {
        let mut windows = Self {
            bits: Box::new([0; WORDS]),
            heads: Box::new([0; WORDS]),
            patterns: Vec::new(),
            bytes: bytes.to_vec(),
        };
        let mut counts = [0_u8; WORDS];
        for at in patterns {
            let pattern = bytes.get(at.clone())?;
            if pattern.len() > PATTERN_LEN_MAX {
                return None;
            }
            let mut chosen: Option<(u8, usize, u32)> = None;
            for (from, window) in pattern.windows(WINDOW).take(PLACES_MAX).enumerate() {
                let hash = hash(window);
                let count = *counts.get(word_of(hash))?;
                if chosen.is_none_or(|(least, _, _)| count < least) {
                    chosen = Some((count, from, hash));
                }
                if count == 0 {
                    break;
                }
            }
            let (_, from, hash) = chosen?;
            let slot = counts.get_mut(word_of(hash))?;
            *slot += 1;
            if *slot > ALIKE_MAX {
                return None;
            }
            windows.add(at, from + WINDOW, hash)?;
        }
        Some(windows)
    }

    fn add(&mut self, at: Range<usize>, known_to: usize, hash: u32) -> Option<()> {
        let word = word_of(hash);
        *self.bits.get_mut(word)? |= bit_of(hash);
        let head = self.heads.get_mut(word)?;
        let next = std::mem::replace(head, u16::try_from(self.patterns.len() + 1).ok()?);
        self.patterns.push(Pattern { at, known_to, next });
        Some(())
    }

    /// Tells of every place in a text at which a pattern stands: the pattern's number, and the place.
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(usize, Range<usize>)) {
        let mut window = 0;
        for (at, byte) in text.iter().enumerate() {
            window = followed(window, *byte);
            let hash = mixed(window);
            let bits = self.bits.get(word_of(hash)).copied().unwrap_or_default();
            if bits & bit_of(hash) != 0 {
                self.compare(text, at + 1, hash, &mut found);
            }
        }
    }

    /// Tells of the patterns whose four bytes end at a place of a text and that stand there.
    #[cold]
    fn compare(
        &self,
        text: &[u8],
        end: usize,
        hash: u32,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        let mut next = self.heads.get(word_of(hash)).copied().unwrap_or_default();
        while let Some(number) = usize::from(next).checked_sub(1) {
            let Some(pattern) = self.patterns.get(number) else {
                return;
            };
            next = pattern.next;
            let sought = self.bytes.get(pattern.at.clone()).unwrap_or_default();
            let Some(from) = end.checked_sub(pattern.known_to) else {
                continue;
            };
            let place = from..from + sought.len();
            let there = text.get(place.clone());
            if there.is_some_and(|there| there.eq_ignore_ascii_case(sought)) {
                found(number, place);
            }
        }
    }
}

fn hash(window: &[u8]) -> u32 {
    mixed(
        window
            .iter()
            .fold(0, |window, byte| followed(window, *byte)),
    )
}

/// The last four bytes, when another one follows. Bytes that are the same letter in another case are alike.
#[inline]
fn followed(window: u32, byte: u8) -> u32 {
    (window << 8) | u32::from(byte | CASE)
}

#[inline]
fn mixed(window: u32) -> u32 {
    window.wrapping_mul(FACTOR)
}

#[inline]
fn word_of(hash: u32) -> usize {
    usize::try_from(hash >> (u32::BITS - WORDS.ilog2())).unwrap_or_default()
}

#[inline]
fn bit_of(hash: u32) -> u64 {
    1 << ((hash >> 16) & 63)
}

/// Bytes that a pattern is known by, and the fewest that it may have.
const WINDOW: usize = 4;
/// Words of the table of bits.
const WORDS: usize = 1024;
/// What tells small letters from large ones in ASCII.
const CASE: u8 = 0x20;
const FACTOR: u32 = 0x9e37_79b1;
/// Places of a pattern that are tried.
const PLACES_MAX: usize = 16;
/// Patterns that are compared at one place of a text.
const ALIKE_MAX: u8 = 16;
/// Bytes of a pattern that are compared.
const PATTERN_LEN_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(patterns: &[&[u8]], text: &[u8]) -> Option<Vec<(usize, Range<usize>)>> {
        let mut end = 0;
        let ranges = patterns.iter().map(|pattern| {
            end += pattern.len();
            end - pattern.len()..end
        });
        let windows = Windows::of(&patterns.concat(), ranges)?;
        let mut all = Vec::new();
        windows.each(text, |number, place| all.push((number, place)));
        all.sort_by_key(|(number, place)| (place.start, *number));
        Some(all)
    }

    #[test]
    fn it_finds_what_an_automaton_finds() {
        let patterns: [&[u8]; 9] = [
            b"lindqvist",
            b"Lind",
            b"LINDQVIST",
            b"qvis",
            b"m\0a\0r\0i\0",
            b"0044127",
            "müll".as_bytes(),
            b"aaaa",
            b"aaaaa",
        ];
        let texts: [&[u8]; 6] = [
            b"LINDQVIST, lindqvistlind qvi",
            b"x m\0A\0r\0I\0 M\0a\0r\0i",
            "MüLL mÜLL 00044127004412".as_bytes(),
            b"aaaaaaa",
            b"lin",
            b"",
        ];
        for text in texts {
            let mut builder = aho_corasick::AhoCorasickBuilder::new();
            let automaton = builder.ascii_case_insensitive(true).build(patterns);
            let automaton = automaton.unwrap();
            let hits = automaton.find_overlapping_iter(text);
            let mut expected: Vec<_> = hits
                .map(|hit| (hit.pattern().as_usize(), hit.range()))
                .collect();
            expected.sort_by_key(|(number, place)| (place.start, *number));
            assert_eq!(found(&patterns, text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn patterns_that_would_be_slow_to_compare_are_not_taken() {
        let many: Vec<String> = (0..2000).map(|_| "aaaa".to_owned()).collect();
        let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
        assert_eq!(found(&many, b"aaaa"), None);
        assert_eq!(found(&[b"abc"], b"abc"), None);
        assert_eq!(found(&[&[b'a'; PATTERN_LEN_MAX + 1]], b"a"), None);
        let numbers: Vec<String> = (0..2000).map(|n| format!("MRN-00{n:05}")).collect();
        let numbers: Vec<&[u8]> = numbers.iter().map(String::as_bytes).collect();
        let hits = found(&numbers, b"see mrn-0001234, MRN-0000000 and MRN-0009999");
        assert!(hits.is_none_or(|hits| hits.len() == 2));
    }
}
