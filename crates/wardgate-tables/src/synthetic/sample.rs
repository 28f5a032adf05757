//! Measuring a table once, and drawing rows from what was measured.

use crate::private::noise::Sampler;
use crate::private::{Amount, Bounded, Cost, Grant, PrivateFault, Randomness};

use super::coded::Coded;
use super::measure::Marginal;
use super::tree::{self, Edge};

/// What was measured of a table, from which any number of rows can be drawn without further cost.
#[derive(Clone, Debug)]
pub struct Synthesis {
    singles: Vec<Marginal>,
    pairs: Vec<(Edge, Marginal)>,
    bins: Vec<usize>,
}

impl Synthesis {
    /// Measures a table under a grant in rho: a third for the columns, a third for choosing pairs, the rest for
    /// the pairs.
    ///
    /// # Errors
    /// When the grant is one in epsilon or too small, the rows are those of another table, or randomness failed.
    pub fn measure(
        table: &Coded,
        rows: &Bounded,
        grant: Grant,
        random: &mut dyn Randomness,
    ) -> Result<Self, PrivateFault> {
        let Cost::Rho(rho) = grant.cost() else {
            return Err(PrivateFault::Spending);
        };
        if rows.rows() != table.rows {
            return Err(PrivateFault::Rows);
        }
        let columns = table.bins.len() as u64;
        let edges_max = columns.saturating_sub(1).max(1);
        let third = rho.part(1, 3).ok_or(PrivateFault::Spending)?;
        let of_column = share(third, columns)?;
        let of_pair = share(third, edges_max)?;
        let epsilon = choosing_epsilon(third, edges_max).ok_or(PrivateFault::Spending)?;
        let mut singles = Vec::with_capacity(table.bins.len());
        for column in 0..table.bins.len() {
            singles.push(Marginal::of_column(table, rows, column, of_column, random)?);
        }
        let mut pairs = Vec::with_capacity(table.bins.len());
        for edge in tree::choose(table, rows, &singles, epsilon, random)? {
            let pair = (edge.parent, edge.child);
            pairs.push((edge, Marginal::of_pair(table, rows, pair, of_pair, random)?));
        }
        Ok(Self {
            singles,
            pairs,
            bins: table.bins.clone(),
        })
    }

    /// The number of rows that the table has according to what was measured.
    #[must_use]
    pub fn rows_measured(&self) -> usize {
        let totals = self.singles.iter().map(|single| i128::from(single.total()));
        let mean = totals.sum::<i128>() / (self.singles.len() as i128).max(1);
        usize::try_from(mean).unwrap_or_default()
    }

    /// The pairs of columns that were measured together, parent first.
    #[must_use]
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        self.pairs
            .iter()
            .map(|(edge, _)| (edge.parent, edge.child))
            .collect()
    }

    /// Draws rows.
    ///
    /// Counts are handed out as evenly as whole rows allow, not one by one, so that drawing adds almost no error
    /// to that of the noise.
    ///
    /// # Errors
    /// When `rows` is above [`ROWS_DRAWN_MAX`] or randomness failed.
    pub fn draw(&self, rows: usize, random: &mut dyn Randomness) -> Result<Coded, PrivateFault> {
        if rows > ROWS_DRAWN_MAX {
            return Err(PrivateFault::Rows);
        }
        let mut sampler = Sampler::new(random);
        let mut columns: Vec<Option<Vec<u16>>> = vec![None; self.bins.len()];
        let child_of = |column: usize| self.pairs.iter().any(|(edge, _)| edge.child == column);
        for (column, single) in self
            .singles
            .iter()
            .enumerate()
            .filter(|(column, _)| !child_of(*column))
        {
            let drawn = hand_out(single.row(0), rows, &mut sampler)?;
            put(&mut columns, column, drawn);
        }
        for (edge, pair) in &self.pairs {
            let parent = columns
                .get(edge.parent)
                .and_then(Option::as_deref)
                .unwrap_or_default();
            let child = self.draw_child(parent, *edge, pair, &mut sampler)?;
            put(&mut columns, edge.child, child);
        }
        Ok(Coded {
            columns: columns.into_iter().map(Option::unwrap_or_default).collect(),
            bins: self.bins.clone(),
            rows,
        })
    }

    /// A column given its parent: the rows of each parent's value share the counts of that value.
    fn draw_child(
        &self,
        parent: &[u16],
        edge: Edge,
        pair: &Marginal,
        sampler: &mut Sampler<'_>,
    ) -> Result<Vec<u16>, PrivateFault> {
        let mut rows_of_value =
            vec![Vec::new(); self.bins.get(edge.parent).copied().unwrap_or_default()];
        for (row, value) in parent.iter().enumerate() {
            if let Some(rows) = rows_of_value.get_mut(usize::from(*value)) {
                rows.push(row);
            }
        }
        let alone = self
            .singles
            .get(edge.child)
            .map(|single| single.row(0))
            .unwrap_or_default();
        let mut child = vec![0; parent.len()];
        for (value, rows) in rows_of_value.iter().enumerate() {
            let counts = pair.row(value);
            // A value that the pair saw nothing of says nothing about the child.
            let counts = if counts.iter().all(|count| *count <= 0) {
                alone
            } else {
                counts
            };
            let drawn = hand_out(counts, rows.len(), sampler)?;
            for (row, drawn) in rows.iter().zip(drawn) {
                if let Some(cell) = child.get_mut(*row) {
                    *cell = drawn;
                }
            }
        }
        Ok(child)
    }
}

/// `rows` bin numbers in proportion to counts, in random order: whole shares first, what is left by chance.
fn hand_out(
    counts: &[i64],
    rows: usize,
    sampler: &mut Sampler<'_>,
) -> Result<Vec<u16>, PrivateFault> {
    let weight = |count: &i64| u128::try_from(*count).unwrap_or_default();
    let mut weights: Vec<u128> = counts.iter().map(weight).collect();
    if weights.iter().all(|weight| *weight == 0) {
        weights.fill(1);
    }
    let total: u128 = weights.iter().sum();
    let mut drawn: Vec<u16> = Vec::with_capacity(rows);
    let mut rests = Vec::with_capacity(weights.len());
    for (bin, weight) in (0_u16..).zip(&weights) {
        let share = weight * rows as u128;
        let whole = usize::try_from(share / total.max(1)).unwrap_or_default();
        drawn.extend(std::iter::repeat_n(bin, whole));
        rests.push(share % total.max(1));
    }
    let mut left: u128 = rests.iter().sum();
    while drawn.len() < rows {
        let mut at = sampler.below(left)?;
        let place = rests.iter().position(|rest| match at.checked_sub(*rest) {
            Some(further) => {
                at = further;
                false
            }
            None => true,
        });
        let Some(place) = place else { break };
        drawn.push(u16::try_from(place).unwrap_or_default());
        if let Some(rest) = rests.get_mut(place) {
            left -= std::mem::take(rest);
        }
    }
    drawn.resize(rows, 0);
    for last in (1..drawn.len()).rev() {
        let place = sampler.below(last as u128 + 1)?;
        drawn.swap(last, usize::try_from(place).unwrap_or_default());
    }
    Ok(drawn)
}

fn put(columns: &mut [Option<Vec<u16>>], column: usize, cells: Vec<u16>) {
    if let Some(place) = columns.get_mut(column) {
        *place = Some(cells);
    }
}

fn share(rho: Amount, parts: u64) -> Result<Cost, PrivateFault> {
    let part = rho.part(1, parts).filter(|part| *part > Amount::ZERO);
    part.map(Cost::Rho).ok_or(PrivateFault::Spending)
}

/// The epsilon of each of `rounds` choices that together cost at most `rho`: `rounds * epsilon² / 8`.
fn choosing_epsilon(rho: Amount, rounds: u64) -> Option<Amount> {
    let square = u128::from(rho.trillionths()) * 8 * 1_000_000_000_000 / u128::from(rounds.max(1));
    let epsilon = u64::try_from(square.isqrt())
        .ok()
        .and_then(Amount::from_trillionths)?;
    (epsilon > Amount::ZERO).then_some(epsilon)
}

/// Most rows that are drawn at once.
pub const ROWS_DRAWN_MAX: usize = 1 << 28;
