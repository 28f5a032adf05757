//! Which values of a place are ink, a bit each, and the runs of ink in its rows.

/// A bit for each value, row by row; each row begins with a word of its own.
pub(super) struct Bits {
    words: Vec<u64>,
    words_of_row: usize,
    columns: usize,
}

/// Values of a row that are ink and stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The first column.
    pub(super) first: usize,
    /// The column behind the last.
    pub(super) next: usize,
}

impl Bits {
    /// The bits of values in rows of so many columns; whether one is ink, two things tell that are known of each.
    pub(super) fn of<S, T>(
        (first, second): (&[S], &[T]),
        columns: usize,
        is_ink: impl Fn(S, T) -> bool,
    ) -> Self
    where
        S: Copy,
        T: Copy,
    {
        let words_of_row = columns.div_ceil(WORD).max(1);
        let columns_min = columns.max(1);
        let rows = first.chunks_exact(columns_min);
        let rows = rows.zip(second.chunks_exact(columns_min));
        let mut words = Vec::with_capacity(rows.len() * words_of_row);
        for (first, second) in rows {
            let parts = first.chunks(WORD).zip(second.chunks(WORD));
            words.extend(parts.map(|(first, second)| word_of(first, second, &is_ink)));
        }
        Self {
            words,
            words_of_row,
            columns,
        }
    }

    /// The runs of each row.
    pub(super) fn rows(&self) -> impl Iterator<Item = Runs<'_>> {
        let rows = self.words.chunks_exact(self.words_of_row);
        rows.map(|words| Runs {
            words,
            columns: self.columns,
            at: 0,
        })
    }
}

/// The runs of a row, from the left.
pub(super) struct Runs<'b> {
    words: &'b [u64],
    columns: usize,
    at: usize,
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let first = self.turn(0)?;
        self.at = first;
        let next = self.turn(u64::MAX).unwrap_or(self.columns);
        self.at = next;
        Some(Run { first, next })
    }
}

impl Runs<'_> {
    /// Where the next bit is that differs from those of `plain`, which is all zeros or all ones.
    fn turn(&self, plain: u64) -> Option<usize> {
        let start = self.at / WORD;
        let mut words = self.words.get(start..)?.iter();
        let seen = u64::MAX << (self.at % WORD);
        let mut rest = (words.next()? ^ plain) & seen;
        let mut base = start * WORD;
        while rest == 0 {
            rest = words.next()? ^ plain;
            base += WORD;
        }
        Some(base + rest.trailing_zeros() as usize)
    }
}

/// The bits of up to 64 values: a byte each first, which the processor makes of many at once, then eight bytes to
/// eight bits by a product that moves the lowest bit of each to its place in the highest byte.
fn word_of<S: Copy, T: Copy>(first: &[S], second: &[T], is_ink: &impl Fn(S, T) -> bool) -> u64 {
    let mut flags = [0_u8; WORD];
    for (flag, (one, other)) in flags.iter_mut().zip(first.iter().zip(second)) {
        *flag = u8::from(is_ink(*one, *other));
    }
    let eights = flags.as_chunks::<8>().0.iter().enumerate();
    eights.fold(0, |word, (at, eight)| {
        let bits = u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
        word | bits << (at * 8)
    })
}

const WORD: usize = 64;
/// Bits 7, 14, 21 and so on to 56.
const GATHER: u64 = 0x0102_0408_1020_4080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_those_that_a_slow_look_finds() {
        let mut state = 7_u64;
        for columns in [1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 130, 200] {
            let values: Vec<bool> = (0..columns * 6)
                .map(|at| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    at / columns != 2 && (at / columns == 3 || state >> 62 != 0)
                })
                .collect();
            let bits = Bits::of((&values, &values), columns, |value, _| value);
            let rows = bits.rows().zip(values.chunks(columns));
            assert_eq!(bits.rows().count(), 6);
            for (runs, row) in rows {
                let mut slow = Vec::new();
                let mut first = 0;
                for piece in row.chunk_by(|one, other| one == other) {
                    let next = first + piece.len();
                    if piece[0] {
                        slow.push(Run { first, next });
                    }
                    first = next;
                }
                assert_eq!(runs.collect::<Vec<_>>(), slow, "{columns} columns");
            }
        }
    }
}
