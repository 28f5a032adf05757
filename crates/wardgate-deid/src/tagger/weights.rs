//! The table of weights of one language and the compact file that it ships in.
//!
//! The file: a line `wardgate-tagger 1`, the steps between labels as little-endian 16-bit numbers,
//! then for each row that is not all zero the count of empty rows before it, a bit for each lane
//! that is not zero, and those lanes.

use super::decode::{HEADS, LANES, Lanes, Transitions};
use super::templates::{COUNT_MAX, ROWS};

#[cfg(any(test, feature = "training"))]
type Row = [i8; LANES];

/// The weights of one language.
#[derive(Clone)]
pub(crate) struct Weights {
    /// A bit for each row that is not all zero: small enough to stay in the cache.
    kept: Box<[u64; GROUPS]>,
    /// How many rows are kept before each word of those bits.
    before: Box<[u32; GROUPS]>,
    /// Those rows, each in two words of eight lanes, 128 added to each weight so that none is negative.
    rows: Vec<[u64; 2]>,
    transitions: Transitions,
}

/// The rows of one token's features that say something.
pub(crate) struct Gather<'w> {
    weights: &'w Weights,
    rows: [u32; COUNT_MAX],
    count: usize,
}

impl Gather<'_> {
    /// Takes a row in when it says something.
    #[inline]
    pub(crate) fn add(&mut self, row: u32) {
        let word = self.weights.kept.get((row as usize / 64) & (GROUPS - 1));
        let bit = word.map_or(0, |word| word >> (row % 64) & 1);
        if let Some(slot) = self.rows.get_mut(self.count) {
            *slot = row;
        }
        // Without a branch: a row that says nothing is written over by the next.
        self.count += bit as usize;
    }

    /// The sum, lane by lane.
    #[inline]
    pub(crate) fn sum(&self) -> Lanes {
        let rows = self.rows.get(..self.count).unwrap_or_default();
        // First where each row stands, then the rows: so that many of them are fetched at once.
        let mut places = [0u32; COUNT_MAX];
        for (place, row) in places.iter_mut().zip(rows) {
            *place = self.weights.place(*row);
        }
        let places = places.get(..rows.len()).unwrap_or_default();
        // Two bytes for each lane, four lanes in a word: even and odd lanes apart.
        let (mut low_even, mut low_odd, mut high_even, mut high_odd) = (0u64, 0u64, 0u64, 0u64);
        for place in places {
            let row = self.weights.rows.get(*place as usize);
            let [low, high] = row.copied().unwrap_or([NOTHING; 2]);
            low_even = low_even.wrapping_add(low & EVEN);
            low_odd = low_odd.wrapping_add(low >> 8 & EVEN);
            high_even = high_even.wrapping_add(high & EVEN);
            high_odd = high_odd.wrapping_add(high >> 8 & EVEN);
        }
        let bias = i16::try_from(rows.len() * BIAS).unwrap_or(i16::MAX);
        let mut sum = [0; LANES];
        let (low, high) = sum.split_at_mut(LANES / 2);
        for (lanes, even, odd) in [(low, low_even, low_odd), (high, high_even, high_odd)] {
            for (pair, shift) in lanes.chunks_exact_mut(2).zip([0, 16, 32, 48]) {
                if let [first, second] = pair {
                    *first = lane(even >> shift) - bias;
                    *second = lane(odd >> shift) - bias;
                }
            }
        }
        sum
    }
}

fn lane(word: u64) -> i16 {
    i16::try_from(word & 0xffff).unwrap_or(i16::MAX)
}

impl Weights {
    /// Weights that find nothing.
    pub(crate) fn empty() -> Option<Self> {
        Some(Self {
            kept: vec![0; GROUPS].into_boxed_slice().try_into().ok()?,
            before: vec![0; GROUPS].into_boxed_slice().try_into().ok()?,
            rows: Vec::new(),
            transitions: Transitions::default(),
        })
    }

    /// Reads a file of weights; nothing when it is not one.
    pub(crate) fn read(file: &[u8]) -> Option<Self> {
        let mut rest = file.strip_prefix(HEAD)?;
        let mut weights = Self::empty()?;
        let Transitions { heads, enter, stay } = &mut weights.transitions;
        let steps = heads.iter_mut().chain([enter, stay]).flatten();
        for step in steps {
            let (bytes, after) = rest.split_first_chunk()?;
            *step = i16::from_le_bytes(*bytes);
            rest = after;
        }
        let mut at = 0;
        while !rest.is_empty() {
            let (gap, after) = number(rest)?;
            let (mask, mut after) = after.split_first_chunk()?;
            let mask = u16::from_le_bytes(*mask);
            at += gap;
            let mut lanes = [0x80u8; LANES];
            let mut left = mask;
            while left != 0 {
                let lane = usize::try_from(left.trailing_zeros()).ok()?;
                let (first, behind) = after.split_first()?;
                *lanes.get_mut(lane)? = first.wrapping_add(0x80);
                after = behind;
                left &= left - 1;
            }
            let (words, _) = lanes.as_chunks::<8>();
            let mut row = [0; 2];
            for (word, bytes) in row.iter_mut().zip(words) {
                *word = u64::from_le_bytes(*bytes);
            }
            weights.rows.push(row);
            *weights.kept.get_mut(at / 64)? |= 1 << (at % 64);
            at += 1;
            rest = after;
        }
        let mut count = 0;
        for (before, kept) in weights.before.iter_mut().zip(weights.kept.iter()) {
            *before = count;
            count += kept.count_ones();
        }
        Some(weights)
    }

    /// Where a row that is kept stands among those.
    #[inline]
    fn place(&self, row: u32) -> u32 {
        let group = (row as usize / 64) & (GROUPS - 1);
        let at = self.kept.get(group).zip(self.before.get(group));
        at.map_or(0, |(kept, before)| {
            let lower = kept & ((1 << (row % 64)) - 1);
            before + lower.count_ones()
        })
    }

    /// Begins a sum.
    #[inline]
    pub(crate) fn gather(&self) -> Gather<'_> {
        Gather {
            weights: self,
            rows: [0; COUNT_MAX],
            count: 0,
        }
    }

    pub(crate) fn transitions(&self) -> &Transitions {
        &self.transitions
    }
}

/// The file of a table.
#[cfg(any(test, feature = "training"))]
pub(crate) fn write(rows: &[Row], transitions: &Transitions) -> Vec<u8> {
    let mut file = HEAD.to_vec();
    let Transitions { heads, enter, stay } = transitions;
    for step in heads.iter().chain([enter, stay]).flatten() {
        file.extend_from_slice(&step.to_le_bytes());
    }
    let mut empty = 0usize;
    for row in rows {
        if row.iter().all(|weight| *weight == 0) {
            empty += 1;
            continue;
        }
        let mut gap = empty;
        while gap >= 0x80 {
            file.push(gap.to_le_bytes().first().copied().unwrap_or_default() | 0x80);
            gap >>= 7;
        }
        file.push(gap.to_le_bytes().first().copied().unwrap_or_default());
        empty = 0;
        let set = row.iter().enumerate().filter(|(_, weight)| **weight != 0);
        let mask = set.fold(0u16, |mask, (lane, _)| mask | 1 << lane);
        file.extend_from_slice(&mask.to_le_bytes());
        let values = row.iter().filter(|weight| **weight != 0);
        file.extend(values.flat_map(|weight| weight.to_le_bytes()));
    }
    file
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    let mut rest = bytes;
    for shift in [0, 7, 14] {
        let (byte, after) = rest.split_first()?;
        value |= usize::from(byte & 0x7f) << shift;
        rest = after;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

/// A row of zeros.
const NOTHING: u64 = 0x8080_8080_8080_8080;
const GROUPS: usize = ROWS / 64;
const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
const BIAS: usize = 128;
/// So that no lane of a sum runs over into the next, and none beyond 16 bits with a sign.
const _: () = assert!(COUNT_MAX * 255 < 1 << 15);
const HEAD: &[u8] = b"wardgate-tagger 1\n";
const _: () = assert!(HEADS * 2 == LANES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut rows = vec![[0i8; LANES]; ROWS];
        rows[0][3] = -128;
        rows[77_777] = [5; LANES];
        rows[ROWS - 1][0] = 127;
        let mut transitions = Transitions::default();
        transitions.stay[2] = -300;
        let file = write(&rows, &transitions);
        let weights = Weights::read(&file).unwrap();
        for at in [0, 5, 77_777, ROWS - 1] {
            let mut gather = weights.gather();
            gather.add(u32::try_from(at).unwrap());
            gather.add(u32::try_from(at).unwrap());
            assert_eq!(gather.sum(), rows[at].map(|weight| 2 * i16::from(weight)));
        }
        assert_eq!(weights.transitions.stay[2], -300);
        assert!(Weights::read(&file[..file.len() - 1]).is_none());
    }
}
