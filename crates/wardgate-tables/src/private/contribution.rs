//! Which rows count: at most so many of one person.

use std::hash::Hash;

use hashbrown::HashMap;

use super::noise::{Randomness, Sampler};
use super::{PrivateFault, ROWS_OF_PERSON_MAX};

/// Rows that count, with the bound that they keep to.
///
/// The rows of a person are drawn from that person's rows alone, so that nobody's presence changes which rows of
/// others count.
#[derive(Clone, Debug)]
pub struct Bounded {
    counted: Vec<u32>,
    rows: usize,
    rows_of_person_max: u32,
}

impl Bounded {
    /// Draws at most `rows_of_person_max` rows of each person. `persons` has the person of each row; rows without
    /// one never count, since nothing bounds what they tell.
    ///
    /// # Errors
    /// When the bound is 0 or above [`ROWS_OF_PERSON_MAX`], the table has 2^32 rows or more, or randomness failed.
    pub fn draw<P: Eq + Hash>(
        persons: impl IntoIterator<Item = Option<P>>,
        rows_of_person_max: u32,
        random: &mut dyn Randomness,
    ) -> Result<Self, PrivateFault> {
        if rows_of_person_max == 0 || rows_of_person_max > ROWS_OF_PERSON_MAX {
            return Err(PrivateFault::Contribution);
        }
        let mut sampler = Sampler::new(random);
        let mut kept: HashMap<P, (u64, Vec<u32>)> = HashMap::new();
        let mut rows = 0;
        for (row, person) in persons.into_iter().enumerate() {
            rows = row + 1;
            let number = u32::try_from(row).map_err(|_| PrivateFault::Rows)?;
            let Some(person) = person else { continue };
            let (seen, of_person) = kept.entry(person).or_default();
            *seen += 1;
            if of_person.len() < rows_of_person_max as usize {
                of_person.push(number);
                continue;
            }
            // Reservoir: the n-th row takes the place of a kept one with chance max / n.
            let place = sampler.below((*seen).into())?;
            if let Some(kept) = usize::try_from(place)
                .ok()
                .and_then(|place| of_person.get_mut(place))
            {
                *kept = number;
            }
        }
        let mut counted: Vec<u32> = kept.into_values().flat_map(|(_, rows)| rows).collect();
        counted.sort_unstable();
        Ok(Self {
            counted,
            rows,
            rows_of_person_max,
        })
    }

    /// Every row, where each is known to be the only one of its person.
    ///
    /// # Errors
    /// When the table has 2^32 rows or more.
    pub fn row_per_person(rows: usize) -> Result<Self, PrivateFault> {
        let end = u32::try_from(rows).map_err(|_| PrivateFault::Rows)?;
        Ok(Self {
            counted: (0..end).collect(),
            rows,
            rows_of_person_max: 1,
        })
    }

    /// Most rows of one person.
    #[must_use]
    pub fn rows_of_person_max(&self) -> u32 {
        self.rows_of_person_max
    }

    /// Rows of the table, counting or not.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows that count, in order. Which ones is as private as the table.
    pub(crate) fn counted(&self) -> impl Iterator<Item = usize> + '_ {
        self.counted.iter().map(|row| *row as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_counts_with_more_rows_than_the_bound() {
        let mut state = 1_u8;
        let mut source = |bytes: &mut [u8]| {
            for byte in bytes {
                state = state.wrapping_mul(197).wrapping_add(11);
                *byte = state;
            }
            Ok(())
        };
        let persons = (0..1000_u32).map(|row| (row % 10 != 9).then_some(row % 7));
        let bounded = Bounded::draw(persons, 3, &mut source).unwrap();
        assert_eq!(bounded.counted().count(), 21);
        let mut of_person = [0; 7];
        for row in bounded.counted() {
            assert_ne!(row % 10, 9);
            of_person[row % 7] += 1;
        }
        assert_eq!(of_person, [3; 7]);
        assert_eq!(bounded.rows(), 1000);
    }
}
