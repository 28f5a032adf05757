//! Where the strings, objects and arrays of a record end, by the bytes at which they begin.
//!
//! A bit for each byte says whether one begins there, and the number of bits before it is its place in the list of
//! ends (a bit vector with ranks, after Jacobson, "Space-efficient static trees and graphs", 1989): an end is found in
//! a few steps, and all of it takes fewer bytes than the record.

/// The ends of what one record holds.
pub(crate) struct Ends {
    /// Those whose rank is known.
    blocks: Vec<Block>,
    /// How many there are to be.
    blocks_total: usize,
    /// Behind which byte each ends; the highest bit tells that escapes stand in a string.
    behind: Vec<u32>,
    /// Whether some string may say that the record holds others, in which patients tell of themselves.
    pub(crate) nested: bool,
}

/// Of as many bytes of a record as there are bits.
#[derive(Clone, Copy)]
struct Block {
    /// Where something begins.
    begins: u64,
    /// How much begins before.
    rank: u32,
}

/// The end of a string, object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The byte behind it.
    pub(crate) behind: usize,
    /// Whether it is a string in which escapes stand.
    pub(crate) escaped: bool,
}

impl Ends {
    /// Of nothing yet, in a record of some bytes.
    pub(crate) fn within(bytes: usize) -> Self {
        let known = bytes < BYTES_MAX;
        let blocks_total = if known { bytes / BLOCK + 1 } else { 0 };
        Self {
            blocks: Vec::with_capacity(blocks_total),
            blocks_total,
            behind: Vec::with_capacity(if known { bytes / BYTES_EACH } else { 0 }),
            nested: false,
        }
    }

    /// Notes a string; the first byte of each that is noted is behind that of the one before.
    #[inline]
    pub(crate) fn string(&mut self, start: usize, behind: usize, escaped: bool) {
        let flag = if escaped { ESCAPED } else { 0 };
        self.note(start, u32::try_from(behind).unwrap_or_default() | flag);
    }

    /// Notes where an object or array begins; gives its number, for [`Self::end`].
    #[inline]
    pub(crate) fn begin(&mut self, start: usize) -> usize {
        match self.note(start, 0) {
            true => self.behind.len() - 1,
            false => usize::MAX,
        }
    }

    #[inline]
    fn note(&mut self, start: usize, end: u32) -> bool {
        let at = start / BLOCK;
        if at >= self.blocks.len() {
            self.rank(at + 1);
        }
        let Some(block) = self.blocks.get_mut(at) else {
            return false;
        };
        block.begins |= 1 << (start % BLOCK);
        self.behind.push(end);
        true
    }

    /// Notes behind which byte an object or array ends.
    #[inline]
    pub(crate) fn end(&mut self, number: usize, behind: usize) {
        if let (Some(slot), Ok(end)) = (self.behind.get_mut(number), u32::try_from(behind)) {
            *slot = end;
        }
    }

    /// All was noted.
    pub(crate) fn finish(&mut self) {
        self.rank(self.blocks_total);
    }

    /// Makes the blocks before one, in which nothing begins yet.
    fn rank(&mut self, to: usize) {
        let rank = u32::try_from(self.behind.len()).unwrap_or(u32::MAX);
        if to <= self.blocks_total {
            self.blocks.resize(to, Block { rank, begins: 0 });
        }
    }

    /// The end of what begins at a byte; nothing where nothing was noted.
    #[inline]
    pub(crate) fn of(&self, start: usize) -> Option<End> {
        let block = self.blocks.get(start / BLOCK)?;
        let bit = 1_u64 << (start % BLOCK);
        if block.begins & bit == 0 {
            return None;
        }
        let number = block.rank + (block.begins & (bit - 1)).count_ones();
        let behind = *self.behind.get(usize::try_from(number).ok()?)?;
        Some(End {
            behind: usize::try_from(behind & !ESCAPED).ok()?,
            escaped: behind & ESCAPED != 0,
        })
    }
}

const BLOCK: usize = 64;
const ESCAPED: u32 = 1 << 31;
/// Ends in longer records have no room in their words; what is not noted is read again when it is passed over.
const BYTES_MAX: usize = 1 << 31;
/// Bytes of a record to a string, object or array, about.
const BYTES_EACH: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_by_their_beginnings() {
        let mut ends = Ends::within(1000);
        let first = ends.begin(0);
        ends.string(1, 5, false);
        ends.string(63, 70, true);
        let inner = ends.begin(64);
        ends.string(400, 420, false);
        ends.end(inner, 900);
        ends.end(first, 1000);
        ends.finish();
        let end = |behind, escaped| Some(End { behind, escaped });
        for (start, expected) in [
            (0, end(1000, false)),
            (1, end(5, false)),
            (2, None),
            (63, end(70, true)),
            (64, end(900, false)),
            (65, None),
            (400, end(420, false)),
            (999, None),
            (5000, None),
        ] {
            assert_eq!(ends.of(start), expected, "{start}");
        }
    }

    #[test]
    fn of_what_is_too_long_nothing_is_noted() {
        let mut ends = Ends::within(BYTES_MAX);
        let number = ends.begin(3);
        ends.end(number, 9);
        ends.string(4, 6, false);
        ends.finish();
        assert_eq!((ends.of(3), ends.of(4)), (None, None));
    }
}
