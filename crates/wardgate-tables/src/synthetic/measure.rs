//! Marginals: counted, with noise, and made into weights.

use crate::private::{Bounded, Cost, PrivateFault, Randomness};

use super::coded::Coded;

/// The noisy counts of one column or of a pair of columns, first column by rows.
#[derive(Clone, Debug)]
pub(super) struct Marginal {
    counts: Vec<i64>,
    width: usize,
}

impl Marginal {
    /// Measures a column.
    pub(super) fn of_column(
        table: &Coded,
        rows: &Bounded,
        column: usize,
        cost: Cost,
        random: &mut dyn Randomness,
    ) -> Result<Self, PrivateFault> {
        let exact = count_column(table, rows, column);
        Self::noisy(&exact, exact.len(), rows, cost, random)
    }

    /// Measures a pair of columns.
    pub(super) fn of_pair(
        table: &Coded,
        rows: &Bounded,
        pair: (usize, usize),
        cost: Cost,
        random: &mut dyn Randomness,
    ) -> Result<Self, PrivateFault> {
        let (exact, width) = count_pair(table, rows, pair);
        Self::noisy(&exact, width, rows, cost, random)
    }

    fn noisy(
        exact: &[i128],
        width: usize,
        rows: &Bounded,
        cost: Cost,
        random: &mut dyn Randomness,
    ) -> Result<Self, PrivateFault> {
        let measure = crate::private::measure(cost, rows.rows_of_person_max())?;
        let counts = without_negatives(&measure.noisy(exact, random)?);
        Ok(Self { counts, width })
    }

    /// The counts of the second column where the first has `value`; all of them for a single column.
    pub(super) fn row(&self, value: usize) -> &[i64] {
        let start = value.saturating_mul(self.width);
        self.counts
            .get(start..start.saturating_add(self.width))
            .unwrap_or_default()
    }

    pub(super) fn total(&self) -> i64 {
        self.counts
            .iter()
            .fold(0, |sum: i64, count| sum.saturating_add(*count))
    }
}

pub(super) fn count_column(table: &Coded, rows: &Bounded, column: usize) -> Vec<i128> {
    let mut counts = vec![0; table.bins.get(column).copied().unwrap_or_default()];
    let cells = table.column(column).unwrap_or_default();
    for row in rows.counted() {
        let bin = cells.get(row).map(|bin| usize::from(*bin));
        if let Some(count) = bin.and_then(|bin| counts.get_mut(bin)) {
            *count += 1;
        }
    }
    counts
}

pub(super) fn count_pair(
    table: &Coded,
    rows: &Bounded,
    (one, other): (usize, usize),
) -> (Vec<i128>, usize) {
    let bins = |column: usize| table.bins.get(column).copied().unwrap_or_default();
    let width = bins(other);
    let mut counts = vec![0; bins(one) * width];
    let first = table.column(one).unwrap_or_default();
    let second = table.column(other).unwrap_or_default();
    for row in rows.counted() {
        if let (Some(a), Some(b)) = (first.get(row), second.get(row))
            && let Some(count) = counts.get_mut(usize::from(*a) * width + usize::from(*b))
        {
            *count += 1;
        }
    }
    (counts, width)
}

/// The counts at or above zero with the same sum that lie closest to the noisy ones (projection on a simplex):
/// all are moved by the same amount, and what would be below zero is zero.
///
/// Setting negatives to zero alone would add rows to every empty bin.
fn without_negatives(noisy: &[i64]) -> Vec<i64> {
    let total: i128 = noisy.iter().map(|count| i128::from(*count)).sum();
    if total <= 0 {
        return vec![0; noisy.len()];
    }
    let mut sorted = noisy.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let (mut sum, mut shift) = (0_i128, 0_i128);
    for (number, count) in (1..).zip(&sorted) {
        sum += i128::from(*count);
        let candidate = (sum - total).div_euclid(number);
        if i128::from(*count) <= candidate {
            break;
        }
        shift = candidate;
    }
    let moved =
        |count: &i64| i64::try_from((i128::from(*count) - shift).max(0)).unwrap_or(i64::MAX);
    noisy.iter().map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negatives_go_without_adding_rows() {
        assert_eq!(without_negatives(&[100, -10, 5, -5]), [90, 0, 0, 0]);
        assert_eq!(without_negatives(&[3, 4]), [3, 4]);
        assert_eq!(without_negatives(&[-3, -4]), [0, 0]);
        let noisy: Vec<i64> = (0..100)
            .map(|n| if n < 10 { 1000 } else { (n % 7) * 10 - 30 })
            .collect();
        let sum: i64 = noisy.iter().sum();
        let fixed: i64 = without_negatives(&noisy).iter().sum();
        assert!((fixed - sum).abs() <= 100, "{fixed} {sum}");
    }
}
