//! The table of weights of one language and the compact file that it ships in.
//!
//! The file: a line `wardgate-tagger 1`, the steps between labels as little-endian 16-bit numbers,
//! then for each row that is not all zero the count of empty rows before it, a bit for each lane
//! that is not zero, and those lanes.

use super::decode::{HEADS, LANES, Lanes, Transitions};
use super::templates::ROWS;

type Row = [i8; LANES];

/// The weights of one language.
#[derive(Clone)]
pub(crate) struct Weights {
    rows: Box<[Row; ROWS]>,
    transitions: Transitions,
}

impl Weights {
    /// Weights that find nothing.
    pub(crate) fn empty() -> Option<Self> {
        let rows = vec![[0; LANES]; ROWS].into_boxed_slice().try_into().ok()?;
        Some(Self {
            rows,
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
            let row = weights.rows.get_mut(at)?;
            for (lane, value) in row.iter_mut().enumerate() {
                if mask >> lane & 1 == 1 {
                    let (first, behind) = after.split_first()?;
                    *value = i8::from_le_bytes([*first]);
                    after = behind;
                }
            }
            at += 1;
            rest = after;
        }
        Some(weights)
    }

    /// Adds a row to a sum.
    #[inline]
    pub(crate) fn add(&self, row: u32, sum: &mut Lanes) {
        let index = row as usize & (ROWS - 1);
        if let Some(row) = self.rows.get(index) {
            for (sum, weight) in sum.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i16::from(*weight));
            }
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
        assert!(*weights.rows == rows[..]);
        assert_eq!(weights.transitions.stay[2], -300);
        assert!(Weights::read(&file[..file.len() - 1]).is_none());
    }
}
