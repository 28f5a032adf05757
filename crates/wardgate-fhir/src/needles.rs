//! Whether any of some words stands in a text: one pass over it, whatever their number.
//!
//! Each word is known by four bytes in a row (after Karp and Rabin, "Efficient randomized pattern-matching
//! algorithms", 1987), for which a bit is set in a table. Where four bytes of the text have their bit, the words that
//! are known by them are compared. Where all words are long, each is known by several fours, and only every eighth
//! place of the text is looked at (after Wu and Manber, "A fast algorithm for multi-pattern searching", 1994).

use memchr::memmem;

/// Words that are sought, in small letters.
#[derive(Default)]
pub(crate) struct Needles {
    /// All of them, one behind the other.
    bytes: Vec<u8>,
    /// Where each ends in `bytes`.
    ends: Vec<usize>,
    /// Made by [`Self::ready`] for those that are sought in many texts.
    table: Option<Table>,
}

/// Four bytes that a word is known by.
struct Known {
    hash: u32,
    /// Where in `bytes` the word begins and ends.
    from: usize,
    to: usize,
    /// Where in the word the four bytes begin.
    at: usize,
}

/// The bytes that words are known by.
struct Table {
    /// Every so many places of a text are looked at.
    each: usize,
    bits: Vec<u64>,
    shift: u32,
    known: Vec<Known>,
}

impl Needles {
    /// Adds a word or number, in any case.
    pub(crate) fn add(&mut self, word: &str) {
        match word.is_ascii() {
            true => self.put([word.as_bytes()].into_iter()),
            false => self.bytes.extend_from_slice(word.to_lowercase().as_bytes()),
        }
        self.ends.push(self.bytes.len());
    }

    /// Adds a word that is in small letters.
    pub(crate) fn add_bytes(&mut self, word: &[u8]) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
    }

    /// The same needles, ready to be sought in many texts.
    pub(crate) fn ready(mut self) -> Self {
        self.table = self.table_needed();
        self
    }

    /// Adds a number without the signs that part its letters and digits, where there are any.
    pub(crate) fn add_compact(&mut self, word: &str) {
        if !word.is_ascii() {
            let compact: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
            if compact.len() != word.len() {
                self.add(&compact);
            }
            return;
        }
        if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        self.put(word.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()));
        self.ends.push(self.bytes.len());
    }

    /// The parts of a word of ASCII, in small letters.
    fn put<'w>(&mut self, parts: impl Iterator<Item = &'w [u8]>) {
        let from = self.bytes.len();
        parts.for_each(|part| self.bytes.extend_from_slice(part));
        if let Some(word) = self.bytes.get_mut(from..) {
            word.make_ascii_lowercase();
        }
    }

    /// Whether any of them is a part of a text in small letters.
    pub(crate) fn any_in(&self, text: &[u8]) -> bool {
        if self.ends.is_empty() {
            return false;
        }
        let own;
        let table = match &self.table {
            Some(table) => table,
            None => match self.table_needed() {
                Some(table) => {
                    own = table;
                    &own
                }
                None => return self.plainly_in(text),
            },
        };
        let hits = |at: usize, window: u32| {
            let hash = mixed(window);
            table.has(hash) && self.stands(table, hash, text, at)
        };
        match table.each {
            8 => {
                let (chunks, rest) = text.as_chunks::<8>();
                let mut windows = chunks.iter().enumerate();
                windows.any(|(at, [a, b, c, d, ..])| hits(at * 8, of([*a, *b, *c, *d])))
                    || rest
                        .first_chunk()
                        .is_some_and(|window| hits(chunks.len() * 8, of(*window)))
            }
            4 => {
                let (chunks, _) = text.as_chunks::<4>();
                let mut windows = chunks.iter().enumerate();
                windows.any(|(at, window)| hits(at * 4, of(*window)))
            }
            _ => {
                let mut windows = text.array_windows::<WINDOW>().enumerate();
                windows.any(|(at, window)| hits(at, of(*window)))
            }
        }
    }

    fn words(&self) -> impl Iterator<Item = (usize, usize)> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(self.ends.iter().copied())
    }

    fn shortest(&self) -> usize {
        let lengths = self.words().map(|(from, to)| to - from);
        lengths.min().unwrap_or_default()
    }

    /// One after the other, for words that have no four bytes.
    fn plainly_in(&self, text: &[u8]) -> bool {
        self.words().any(|(from, to)| {
            let word = self.bytes.get(from..to).unwrap_or_default();
            memmem::find(text, word).is_some()
        })
    }

    /// The table for words that all have four bytes.
    fn table_needed(&self) -> Option<Table> {
        // Wherever a long word stands, four bytes of it begin at a multiple of some number.
        let each = match self.shortest() {
            0..WINDOW => return None,
            length if length >= WINDOW + 7 => 8,
            length if length >= WINDOW + 3 => 4,
            _ => 1,
        };
        Some(self.table(each))
    }

    /// Each word by its first windows, as many as bytes lie between those of a text that are looked at.
    fn table(&self, each: usize) -> Table {
        let count = self.ends.len() * each;
        let words = (count * BITS_EACH / 64).next_power_of_two();
        let bits = vec![0_u64; words.clamp(WORDS_MIN, WORDS_MAX)];
        let mut table = Table {
            each,
            shift: u32::BITS - bits.len().ilog2() - 6,
            bits,
            known: Vec::with_capacity(count),
        };
        for (from, to) in self.words() {
            let word = self.bytes.get(from..to).unwrap_or_default();
            for (at, window) in word.array_windows::<WINDOW>().take(each).enumerate() {
                let hash = mixed(of(*window));
                table.add(Known { hash, from, to, at });
            }
        }
        if table.known.len() > FEW {
            table.known.sort_unstable_by_key(|known| known.hash);
        }
        table
    }

    /// Whether a word that is known by four bytes stands where those are.
    #[cold]
    fn stands(&self, table: &Table, hash: u32, text: &[u8], at: usize) -> bool {
        let there = |known: &Known| {
            let word = self.bytes.get(known.from..known.to).unwrap_or_default();
            let from = at.checked_sub(known.at);
            from.and_then(|from| text.get(from..from + word.len())) == Some(word)
        };
        if table.known.len() <= FEW {
            let mut known = table.known.iter();
            return known.any(|known| known.hash == hash && there(known));
        }
        let first = table.known.partition_point(|known| known.hash < hash);
        let alike = table.known.iter().skip(first);
        alike.take_while(|known| known.hash == hash).any(there)
    }
}

impl Table {
    fn add(&mut self, known: Known) {
        let place = usize::try_from((known.hash >> self.shift) / 64).unwrap_or_default();
        if let Some(word) = self.bits.get_mut(place) {
            *word |= 1 << ((known.hash >> self.shift) % 64);
        }
        self.known.push(known);
    }

    #[inline]
    fn has(&self, hash: u32) -> bool {
        let bit = hash >> self.shift;
        let word = usize::try_from(bit / 64).unwrap_or_default();
        let word = self.bits.get(word).copied().unwrap_or_default();
        word & (1 << (bit % 64)) != 0
    }
}

#[inline]
fn of(window: [u8; WINDOW]) -> u32 {
    u32::from_le_bytes(window)
}

#[inline]
fn mixed(window: u32) -> u32 {
    window.wrapping_mul(0x9e37_79b1)
}

/// Bytes that a word is known by.
const WINDOW: usize = 4;
/// Bits of the table to each window.
const BITS_EACH: usize = 64;
/// So many are sooner looked through than sorted.
const FEW: usize = 512;
const WORDS_MIN: usize = 32;
const WORDS_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_they_stand() {
        let text = "seen: lindqvist, 0044127 and m\u{fc}ller; abc-9 end".as_bytes();
        let found = |words: &[&str]| {
            let mut needles = Needles::default();
            words.iter().for_each(|word| needles.add(word));
            needles.any_in(text)
        };
        for word in [
            "LINDQVIST",
            "lind",
            "qvist",
            "0044127",
            "M\u{dc}LLER",
            "end",
            "seen",
            "s",
            "abc-9",
        ] {
            assert!(found(&[word]), "{word}");
            assert!(found(&["nobody", "x", word, "0044128"]), "{word}");
        }
        for word in ["lindqvists", "alind", "0044128", "zz", "ends", "aseen"] {
            assert!(!found(&[word]), "{word}");
        }
        assert!(!found(&[]));
    }

    #[test]
    fn it_finds_what_a_plain_search_finds() {
        let text: String = (0..400_u32).map(|n| format!("{:x}-", n * 7919)).collect();
        for n in 0..3000_u32 {
            let word = format!("{:x}", n * 2654);
            let mut needles = Needles::default();
            needles.add(&word);
            assert_eq!(
                needles.any_in(text.as_bytes()),
                text.contains(&word),
                "{word}"
            );
        }
        for from in 0..200 {
            for length in 1..24 {
                let mut needles = Needles::default();
                let there = &text[from..from + length];
                needles.add("0123456789-abcdefghijk");
                needles.add(there);
                assert!(needles.any_in(text.as_bytes()), "{from} {length}");
                let mut needles = Needles::default();
                needles.add(&format!("{there}~"));
                needles.add(&format!("~{there}"));
                assert!(!needles.any_in(text.as_bytes()), "{from} {length}");
            }
        }
    }

    #[test]
    fn many_words_are_found_as_few_are() {
        let text: String = (0..400_u32).map(|n| format!("{:x}-", n * 7919)).collect();
        let mut needles = Needles::default();
        for n in 0..2000_u32 {
            needles.add(&format!("not there {n}"));
        }
        assert!(!needles.any_in(text.as_bytes()));
        needles.add(&text[1000..1015]);
        assert!(needles.any_in(text.as_bytes()));
        let ready = needles.ready();
        assert!(ready.any_in(text.as_bytes()) && !ready.any_in(b"none"));
    }

    #[test]
    fn numbers_are_sought_without_the_signs_between() {
        let mut needles = Needles::default();
        needles.add_compact("12345");
        assert!(!needles.any_in(b"12345"));
        needles.add_compact("MRN 12-345");
        assert!(needles.any_in(b"see mrn12345") && !needles.any_in(b"see mrn 12-345"));
        let mut needles = Needles::default();
        needles.add_compact("\u{c4}-12");
        assert!(needles.any_in("x \u{e4}12".as_bytes()));
    }
}
