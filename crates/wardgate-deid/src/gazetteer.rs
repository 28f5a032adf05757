//! Lists of names, places and words, made from `data/` when the crate is built.
//!
//! The lists stand in one table of slots that is read in place. A word is looked
//! up by the hash of its folded form; a name of several words by the joined hashes
//! of its words. Another word can have the same entry by chance: one in a billion.

use std::fmt;

pub(crate) use bits::Bits;
use hash::join_hash;

mod bits;
pub(crate) mod hash;
pub(crate) mod surrogates;

/// Whether a word in small letters says something besides a name.
pub(crate) fn is_word(lower: &str) -> bool {
    let other = Bits::WORD
        .with(Bits::WORD_ES)
        .with(Bits::WORD_DE)
        .with(Bits::CLINICAL)
        .with(Bits::DRUG)
        .with(Bits::EPONYM)
        .with(Bits::MONTH)
        .with(Bits::WEEKDAY)
        .with(Bits::TITLE);
    lookup(hash::word_hash(lower)).any(other)
}

/// The classes of the word, or of the joined words, with this hash; none when it is in no list.
#[inline]
pub(crate) fn lookup(hash: u64) -> Bits {
    let (first, fingerprint) = hash::place_of(hash);
    let (slots, _) = TABLE.0.as_chunks::<8>();
    let mut at = first;
    while let Some(slot) = slots.get(at) {
        let entry = u64::from_le_bytes(*slot);
        if entry == 0 {
            break;
        }
        if entry >> 32 == u64::from(fingerprint) {
            return Bits(entry as u32);
        }
        at = (at + 1) % hash::SLOTS;
    }
    Bits::default()
}

/// How many of these words, from the first on, are a place in one of the lists.
pub(crate) fn place_words(hashes: impl IntoIterator<Item = u64>) -> usize {
    let mut hashes = hashes.into_iter();
    let Some(mut joined) = hashes.next() else {
        return 0;
    };
    let mut found = lookup(joined);
    let mut longest = usize::from(found.any(PLACE));
    for (count, hash) in (2..=PLACE_WORDS_MAX).zip(hashes) {
        if !found.any(Bits::PLACE_FIRST) {
            break;
        }
        joined = join_hash(joined, hash);
        found = lookup(joined);
        if found.any(PLACE) {
            longest = count;
        }
    }
    longest
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(_, bit)| self.any(*bit));
        f.debug_set().entries(names.map(|(name, _)| name)).finish()
    }
}

const PLACE: Bits = Bits::CITY
    .with(Bits::COUNTY)
    .with(Bits::STATE)
    .with(Bits::COUNTRY);
const PLACE_WORDS_MAX: usize = 6;

/// Bytes that begin at a line of the cache, so that most lookups touch one line.
#[repr(align(64))]
struct Aligned<T>(T);

static TABLE: Aligned<[u8; hash::SLOTS * 8]> =
    Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/gazetteer.bin")));

#[cfg(test)]
mod tests;
