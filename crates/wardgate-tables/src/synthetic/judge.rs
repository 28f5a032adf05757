//! How good a sample is, and whether it remembers persons.

use hashbrown::HashMap;
use serde::Serialize;

use super::coded::Coded;

/// How far a sample's marginals are from the table's: 0 is the same, 1 has nothing in common
/// (total variation distance).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utility {
    /// The distance of each column.
    pub columns: Vec<f64>,
    /// The mean over the columns.
    pub columns_mean: f64,
    /// The mean over all pairs of columns.
    pub pairs_mean: f64,
    /// The largest over all pairs.
    pub pairs_max: f64,
}

impl Utility {
    /// Compares a sample with the table; none when they have other bins or one of them is empty.
    #[must_use]
    pub fn of(sample: &Coded, table: &Coded) -> Option<Self> {
        if !sample.is_like(table) || sample.rows == 0 || table.rows == 0 {
            return None;
        }
        let columns: Vec<f64> = (0..table.bins.len())
            .map(|column| distance(&shares(sample, &[column]), &shares(table, &[column])))
            .collect();
        let mut pairs = Vec::new();
        for one in 0..table.bins.len() {
            for other in one + 1..table.bins.len() {
                pairs.push(distance(
                    &shares(sample, &[one, other]),
                    &shares(table, &[one, other]),
                ));
            }
        }
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / (numbers.len() as f64).max(1.0);
        Some(Self {
            columns_mean: mean(&columns),
            pairs_mean: mean(&pairs),
            pairs_max: pairs.iter().copied().fold(0.0, f64::max),
            columns,
        })
    }
}

/// Whether a sample is closer to the rows it was made from than to rows it never saw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memorisation {
    /// Sampled rows that were looked at.
    pub looked_at: usize,
    /// The share of them whose nearest neighbour is among the rows used, ties counting half: 0.5 when nothing
    /// is remembered, 1 when every row is a copy.
    pub nearer_to_used: f64,
    /// Three standard deviations of that share where nothing is remembered.
    pub margin: f64,
    /// The share that equals a row used.
    pub equal_to_used: f64,
    /// The share that equals a row never seen: what chance alone makes equal.
    pub equal_to_held_out: f64,
}

impl Memorisation {
    /// Compares the first rows of a sample with as many rows used as were held out; none when bins differ or one
    /// of the three is empty. Distance is the number of columns that differ.
    #[must_use]
    pub fn of(sample: &Coded, used: &Coded, held_out: &Coded) -> Option<Self> {
        let like = sample.is_like(used) && sample.is_like(held_out);
        let size = used.rows.min(held_out.rows);
        if !like || size == 0 || sample.rows == 0 {
            return None;
        }
        // Equal numbers on both sides, spread over the whole: more rows have nearer ones.
        let (used, held_out) = (spread(used, size), spread(held_out, size));
        let looked_at = sample.rows.min(LOOKED_AT_MAX);
        let probes = by_row(&spread(sample, looked_at));
        let (used, held_out) = (by_row(&used), by_row(&held_out));
        let (mut nearer, mut equal_used, mut equal_held_out) = (0.0, 0_usize, 0_usize);
        for probe in &probes {
            let (to_used, to_held_out) = (nearest(probe, &used), nearest(probe, &held_out));
            nearer += match to_used.cmp(&to_held_out) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
            equal_used += usize::from(to_used == 0);
            equal_held_out += usize::from(to_held_out == 0);
        }
        let share = |count: usize| count as f64 / looked_at as f64;
        Some(Self {
            looked_at,
            nearer_to_used: nearer / looked_at as f64,
            margin: 3.0 * (0.25 / looked_at as f64).sqrt(),
            equal_to_used: share(equal_used),
            equal_to_held_out: share(equal_held_out),
        })
    }

    /// Whether the sample shows no sign of remembering its rows.
    #[must_use]
    pub fn is_unsuspicious(&self) -> bool {
        self.nearer_to_used <= 0.5 + self.margin
    }
}

fn spread(table: &Coded, size: usize) -> Coded {
    let rows: Vec<usize> = (0..size).map(|at| at * table.rows / size.max(1)).collect();
    table.rows_of(&rows)
}

fn by_row(table: &Coded) -> Vec<Vec<u16>> {
    let row = |row: usize| {
        table
            .columns
            .iter()
            .filter_map(|column| column.get(row).copied())
            .collect()
    };
    (0..table.rows).map(row).collect()
}

fn nearest(probe: &[u16], rows: &[Vec<u16>]) -> usize {
    let apart = |row: &Vec<u16>| probe.iter().zip(row).filter(|(a, b)| a != b).count();
    rows.iter().map(apart).min().unwrap_or(usize::MAX)
}

fn shares(table: &Coded, columns: &[usize]) -> HashMap<Vec<u16>, f64> {
    let mut shares: HashMap<Vec<u16>, f64> = HashMap::new();
    let columns: Vec<&[u16]> = columns
        .iter()
        .filter_map(|column| table.column(*column))
        .collect();
    let of_row = 1.0 / table.rows as f64;
    for row in 0..table.rows {
        let cell = columns
            .iter()
            .filter_map(|column| column.get(row).copied())
            .collect();
        *shares.entry(cell).or_default() += of_row;
    }
    shares
}

fn distance(one: &HashMap<Vec<u16>, f64>, other: &HashMap<Vec<u16>, f64>) -> f64 {
    let both: f64 = one
        .iter()
        .map(|(cell, share)| share.min(other.get(cell).copied().unwrap_or_default()))
        .sum();
    (1.0 - both).clamp(0.0, 1.0)
}

/// Most sampled rows whose neighbours are looked for.
const LOOKED_AT_MAX: usize = 2_000;
