//! Which pairs of columns are measured: a tree of the most telling ones, chosen privately.

use crate::private::noise::Sampler;
use crate::private::{Amount, Bounded, PrivateFault, Randomness};

use super::coded::Coded;
use super::measure::{Marginal, count_pair};

/// An edge of the tree; `parent` is drawn before `child`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) parent: usize,
    pub(super) child: usize,
}

/// Chooses a spanning tree, edge by edge with the exponential mechanism at `epsilon` each.
///
/// The score of a pair is how far its counts are from what the single columns let expect, in the L1 norm: one
/// person changes it by at most the rows that count of one. The edges come in the order in which rows are drawn.
pub(super) fn choose(
    table: &Coded,
    rows: &Bounded,
    singles: &[Marginal],
    epsilon: Amount,
    random: &mut dyn Randomness,
) -> Result<Vec<Edge>, PrivateFault> {
    let columns = table.bins.len();
    let mut open: Vec<(usize, usize, u128)> = Vec::new();
    for one in 0..columns {
        for other in one + 1..columns {
            let cells = table.bins.get(one).copied().unwrap_or(0)
                * table.bins.get(other).copied().unwrap_or(0);
            if cells <= CELLS_OF_PAIR_MAX {
                open.push((one, other, score(table, rows, singles, (one, other))));
            }
        }
    }
    let mut sampler = Sampler::new(random);
    let mut group: Vec<usize> = (0..columns).collect();
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    loop {
        let apart = |pair: &(usize, usize, u128)| group.get(pair.0) != group.get(pair.1);
        let candidates: Vec<(usize, usize, u128)> = open.iter().copied().filter(apart).collect();
        let sensitivity = u128::from(rows.rows_of_person_max());
        let Some((one, other)) = pick(&candidates, sensitivity, epsilon, &mut sampler)? else {
            return Ok(in_order(columns, &chosen));
        };
        chosen.push((one, other));
        let (from, to) = (group.get(other).copied(), group.get(one).copied());
        if let (Some(from), Some(to)) = (from, to) {
            group
                .iter_mut()
                .filter(|of| **of == from)
                .for_each(|of| *of = to);
        }
    }
}

/// A candidate with chance in proportion to `exp(epsilon * score / (2 * sensitivity))`, exactly: one drawn
/// evenly is kept with the chance that its distance from the best one leaves it.
fn pick(
    candidates: &[(usize, usize, u128)],
    sensitivity: u128,
    epsilon: Amount,
    sampler: &mut Sampler<'_>,
) -> Result<Option<(usize, usize)>, PrivateFault> {
    let Some(best) = candidates.iter().map(|(_, _, score)| *score).max() else {
        return Ok(None);
    };
    let trillion = 1_000_000_000_000_u128;
    loop {
        let place = sampler.below(candidates.len() as u128)?;
        let place = usize::try_from(place).unwrap_or_default();
        let Some((one, other, score)) = candidates.get(place).copied() else {
            continue;
        };
        let above = (best - score).saturating_mul(epsilon.trillionths().into());
        if sampler.bernoulli_exp(above, 2 * sensitivity * trillion)? {
            return Ok(Some((one, other)));
        }
    }
}

fn score(
    table: &Coded,
    rows: &Bounded,
    singles: &[Marginal],
    (one, other): (usize, usize),
) -> u128 {
    let (counts, width) = count_pair(table, rows, (one, other));
    let (Some(first), Some(second)) = (singles.get(one), singles.get(other)) else {
        return 0;
    };
    let total = i128::from(first.total().max(1));
    let of = |marginal: &Marginal, bin: usize| {
        i128::from(marginal.row(0).get(bin).copied().unwrap_or(0))
    };
    let apart = |(cell, count): (usize, &i128)| {
        let (a, b) = (cell.checked_div(width), cell.checked_rem(width));
        let expected = of(first, a.unwrap_or_default()) * of(second, b.unwrap_or_default()) / total;
        count.abs_diff(expected)
    };
    counts.iter().enumerate().map(apart).sum()
}

/// The edges so that each parent comes before its children, trees one after the other.
fn in_order(columns: usize, chosen: &[(usize, usize)]) -> Vec<Edge> {
    let mut reached = vec![false; columns];
    let mut edges = Vec::with_capacity(chosen.len());
    for root in 0..columns {
        let mut waiting = vec![root];
        while let Some(parent) = waiting.pop() {
            if reached
                .get_mut(parent)
                .is_none_or(|reached| std::mem::replace(reached, true))
            {
                continue;
            }
            for (one, other) in chosen {
                let child = match (*one == parent, *other == parent) {
                    (true, _) => *other,
                    (_, true) => *one,
                    _ => continue,
                };
                if reached.get(child) == Some(&false) {
                    edges.push(Edge { parent, child });
                    waiting.push(child);
                }
            }
        }
    }
    edges
}

/// Pairs with more cells than this are not looked at.
pub(super) const CELLS_OF_PAIR_MAX: usize = 1 << 22;
