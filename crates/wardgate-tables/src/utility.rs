//! What a generalised table has lost, and what it is still good for.

use serde::Serialize;

use crate::problem::Problem;
use crate::recoding::Recoding;

/// Measures of what is left of the quasi-identifiers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utility {
    /// The loss as ARX reckons and optimises it, 0 to 1: for each column the values that each cell may stand
    /// for, a suppressed cell for all, between the least and the most possible (Iyengar 2002); over the columns
    /// the geometric mean of one plus that, less one.
    pub loss: f64,
    /// The same averaged over all cells, taken from 1: 1 for a table as it was, 0 for nothing left.
    pub granularity: f64,
    /// The same by column.
    pub granularity_by_column: Vec<ColumnGranularity>,
    /// The sum over all rows of the rows that look alike, of all rows for a suppressed one (Bayardo and
    /// Agrawal 2005).
    pub discernibility: u64,
    /// Rows in a class on average (LeFevre et al. 2006).
    pub average_class_size: f64,
    /// Non-uniform entropy of what was generalised or suppressed (Gionis and Tassa 2009): 0 for a table as it
    /// was, 1 for nothing left.
    pub nonuniform_entropy: f64,
    /// The base-10 logarithm of the average number of combinations of values that a row may stand for (Goldberger
    /// and Tassa 2010).
    pub ambiguity_log10: f64,
}

/// How fine a column still is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnGranularity {
    /// The column.
    pub column: String,
    /// 1 for as it was, 0 for nothing left.
    pub granularity: f64,
}

impl Utility {
    pub(crate) fn of(problem: &Problem, recoding: &Recoding, names: &[String]) -> Self {
        let mut product = 1.0;
        let mut columns = Vec::new();
        let mut entropy = (0.0, 0.0);
        for (at, name) in names.iter().enumerate() {
            let loss = axis_loss(problem, recoding, at);
            product *= 1.0 + loss;
            columns.push(ColumnGranularity {
                column: name.clone(),
                granularity: 1.0 - loss,
            });
            let (lost, most) = axis_entropy(problem, recoding, at);
            entropy = (entropy.0 + lost, entropy.1 + most);
        }
        let axes = names.len();
        let (discernibility, classes, kept) = class_sizes(problem, recoding);
        Self {
            loss: loss_of_product(product, axes),
            granularity: columns.iter().map(|c| c.granularity).sum::<f64>()
                / (axes as f64).max(1.0),
            granularity_by_column: columns,
            discernibility,
            average_class_size: if classes == 0 {
                0.0
            } else {
                kept as f64 / classes as f64
            },
            nonuniform_entropy: if entropy.1 > 0.0 {
                entropy.0 / entropy.1
            } else {
                0.0
            },
            ambiguity_log10: ambiguity(problem, recoding),
        }
    }
}

/// How much an axis lost, 0 for every value as it was and 1 for nothing left: the leaves that each cell may
/// stand for, a suppressed cell for all, between the least and the most that they could be.
pub(crate) fn loss_of_axis(covered: u64, rows: u64, domain: u64) -> f64 {
    let least = rows;
    let most = rows.saturating_mul(domain);
    if most <= least {
        return 0.0;
    }
    covered.saturating_sub(least) as f64 / (most - least) as f64
}

/// The geometric mean of the axes' losses, each moved by one so that none makes it vanish.
pub(crate) fn loss_of_product(product: f64, axes: usize) -> f64 {
    product.powf(1.0 / (axes as f64).max(1.0)) - 1.0
}

/// For each item of an axis: its leaf, its level, whether it is suppressed, and its rows.
fn cells<'p>(
    problem: &'p Problem,
    recoding: &'p Recoding,
    axis: usize,
) -> impl Iterator<Item = (u32, u8, bool, u64)> + 'p {
    let leaves = problem
        .items
        .leaves
        .get(axis)
        .map_or(&[][..], Vec::as_slice);
    let levels = recoding.levels.get(axis).map_or(&[][..], Vec::as_slice);
    leaves
        .iter()
        .zip(levels)
        .zip(recoding.suppressed.iter().zip(&problem.items.weights))
        .map(|((leaf, level), (suppressed, weight))| {
            (*leaf, *level, *suppressed, u64::from(*weight))
        })
}

fn axis_loss(problem: &Problem, recoding: &Recoding, at: usize) -> f64 {
    let Some(axis) = problem.axes.get(at) else {
        return 0.0;
    };
    let covered = cells(problem, recoding, at)
        .map(|(leaf, level, suppressed, weight)| {
            let cover = axis
                .covers_of(leaf)
                .get(usize::from(level))
                .copied()
                .map_or(0, u64::from);
            weight * if suppressed { axis.domain } else { cover }
        })
        .sum();
    loss_of_axis(covered, problem.rows, axis.domain)
}

/// The bits that generalisation takes from an axis, and those that suppressing all of it would take.
fn axis_entropy(problem: &Problem, recoding: &Recoding, at: usize) -> (f64, f64) {
    let Some(axis) = problem.axes.get(at) else {
        return (0.0, 0.0);
    };
    let starts = axis.node_starts();
    let mut counts = vec![0_u64; axis.nodes()];
    for (leaf, _, _, weight) in cells(problem, recoding, at) {
        for level in 0..axis.levels.len() {
            let node = axis.node(&starts, leaf, u8::try_from(level).unwrap_or(u8::MAX));
            if let Some(count) = counts.get_mut(node as usize) {
                *count += weight;
            }
        }
    }
    let count = |leaf: u32, level: u8| {
        let node = axis.node(&starts, leaf, level) as usize;
        counts.get(node).copied().unwrap_or(0).max(1) as f64
    };
    let rows = problem.rows as f64;
    cells(problem, recoding, at)
        .filter(|(.., weight)| *weight > 0)
        .fold(
            (0.0, 0.0),
            |(lost, most), (leaf, level, suppressed, weight)| {
                let own = count(leaf, 0);
                let now = if suppressed { rows } else { count(leaf, level) };
                (
                    lost + weight as f64 * (now / own).log2(),
                    most + weight as f64 * (rows / own).log2(),
                )
            },
        )
}

fn class_sizes(problem: &Problem, recoding: &Recoding) -> (u64, u64, u64) {
    let (classes, groups) = recoding.classes(problem);
    let mut sizes = vec![0_u64; groups];
    let mut suppressed_rows = 0;
    let items = recoding.suppressed.iter().zip(&problem.items.weights);
    for (class, (suppressed, weight)) in classes.iter().zip(items) {
        if *suppressed {
            suppressed_rows += u64::from(*weight);
        } else if let Some(size) = sizes.get_mut(*class as usize) {
            *size += u64::from(*weight);
        }
    }
    let squares: u64 = sizes
        .iter()
        .map(|size| size.saturating_mul(*size))
        .fold(0, u64::saturating_add);
    (
        squares.saturating_add(problem.rows.saturating_mul(suppressed_rows)),
        sizes.iter().filter(|size| **size > 0).count() as u64,
        sizes.iter().sum(),
    )
}

fn ambiguity(problem: &Problem, recoding: &Recoding) -> f64 {
    // Summed as shares of the greatest possible number, which itself is far beyond any integer.
    let all: f64 = problem
        .axes
        .iter()
        .map(|axis| (axis.domain as f64).log10())
        .sum();
    let mut logs = vec![0.0_f64; problem.items.count()];
    for (at, axis) in problem.axes.iter().enumerate() {
        for (log, (leaf, level, suppressed, _)) in logs.iter_mut().zip(cells(problem, recoding, at))
        {
            let cover = axis
                .covers_of(leaf)
                .get(usize::from(level))
                .copied()
                .unwrap_or(1);
            *log += if suppressed {
                axis.domain as f64
            } else {
                f64::from(cover)
            }
            .log10();
        }
    }
    let shares: f64 = logs
        .iter()
        .zip(&problem.items.weights)
        .map(|(log, weight)| 10_f64.powf(log - all) * f64::from(*weight))
        .sum();
    if shares > 0.0 {
        all + (shares / (problem.rows as f64).max(1.0)).log10()
    } else {
        0.0
    }
}
