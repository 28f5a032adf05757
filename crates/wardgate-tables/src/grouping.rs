//! Groups of rows that look alike, refined column by column.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Splits groups by one more column. It keeps its memory between calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grouper {
    /// The group of a pair of old group and value, beside the call that wrote it.
    marks: Vec<(u32, u32)>,
    call: u32,
    sparse: Sparse,
}

/// Pairs that were met and their numbers, where a table of all pairs would be larger.
#[derive(Clone, Debug, Default)]
struct Sparse {
    /// The pairs by number.
    cells: Vec<u64>,
    numbers: HashTable<u32>,
    hashes: DefaultHashBuilder,
}

impl Sparse {
    fn clear(&mut self) {
        self.cells.clear();
        self.numbers.clear();
    }

    fn number(&mut self, cell: u64) -> u32 {
        let (cells, hashes) = (&self.cells, &self.hashes);
        let is_cell = |number: &u32| cells.get(*number as usize) == Some(&cell);
        let hash = |cell: u64| hashes.hash_one(cell);
        let rehash = |number: &u32| hash(cells.get(*number as usize).copied().unwrap_or(0));
        let entry = self.numbers.entry(hash(cell), is_cell, rehash);
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let number = u32::try_from(cells.len()).unwrap_or(u32::MAX);
                place.insert(number);
                self.cells.push(cell);
                number
            }
        }
    }
}

impl Grouper {
    /// Writes the new group of each row to `refined` and returns how many there are. Groups are numbered by
    /// their first row.
    pub(crate) fn refine(
        &mut self,
        rows: impl Iterator<Item = (u32, u32)>,
        groups: usize,
        width: usize,
        refined: &mut Vec<u32>,
    ) -> usize {
        refined.clear();
        let mut count = 0_u32;
        let cells = groups.saturating_mul(width);
        if cells > DENSE_CELLS_MAX {
            self.sparse.clear();
            let width = width as u64;
            refined.extend(rows.map(|(group, value)| {
                let cell = u64::from(group) * width + u64::from(value);
                self.sparse.number(cell)
            }));
            return self.sparse.cells.len();
        }
        if self.marks.len() < cells {
            self.marks.resize(cells, (0, 0));
        }
        self.call = self.call.checked_add(1).unwrap_or_else(|| {
            self.marks.fill((0, 0));
            1
        });
        let call = self.call;
        let marks = self.marks.as_mut_slice();
        refined.extend(rows.map(|(group, value)| {
            let Some(mark) = marks.get_mut(group as usize * width + value as usize) else {
                return 0;
            };
            if mark.0 != call {
                *mark = (call, count);
                count += 1;
            }
            mark.1
        }));
        count as usize
    }
}

/// Above this many pairs of group and value a map is smaller than a table.
const DENSE_CELLS_MAX: usize = 1 << 21;

#[cfg(test)]
mod tests {
    use super::Grouper;

    #[test]
    fn tables_and_maps_group_alike() {
        let rows = [(0, 3), (0, 1), (1, 3), (0, 3), (1, 3)];
        let mut grouper = Grouper::default();
        let (mut dense, mut sparse) = (Vec::new(), Vec::new());
        assert_eq!(grouper.refine(rows.into_iter(), 2, 4, &mut dense), 3);
        assert_eq!(grouper.refine(rows.into_iter(), 2, 1 << 30, &mut sparse), 3);
        assert_eq!(dense, [0, 1, 2, 0, 2]);
        assert_eq!(dense, sparse);
    }
}
