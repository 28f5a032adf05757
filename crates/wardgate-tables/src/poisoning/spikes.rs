//! Spikes: a number far more frequent than its neighbours, or a few far away from all others.

use crate::table::{Column, Table};

use super::report::{Check, Finding, PoisoningReport};

pub(super) fn look(table: &Table, columns: &[usize], report: &mut PoisoningReport) {
    for number in columns {
        let Some(column) = table.columns().get(*number) else {
            continue;
        };
        let Some(numbers) = column.numbers() else {
            continue;
        };
        let mut counted: Vec<Counted> = numbers
            .iter()
            .zip(column.counts())
            .zip(0_u32..)
            .filter_map(|((number, count), code)| {
                let value = number.filter(|number| number.is_finite())?;
                Some(Counted { value, count, code })
            })
            .filter(|counted| counted.count > 0)
            .collect();
        if counted.len() < DISTINCT_MIN {
            continue;
        }
        counted.sort_by(|a, b| a.value.total_cmp(&b.value));
        let frequent = frequent(&counted, table.rows());
        if !frequent.is_empty() {
            let reason = "a number stands far more often than the numbers next to it".to_owned();
            report.findings.push(finding(column, &frequent, reason));
        }
        let far = far(&counted, table.rows());
        if !far.is_empty() {
            let reason = "numbers lie far away from all others".to_owned();
            report.findings.push(finding(column, &far, reason));
        }
    }
}

#[derive(Clone, Copy)]
struct Counted {
    value: f64,
    count: u64,
    code: u32,
}

/// Codes of values that are far more frequent than their neighbours, with a score each. Round numbers, and the
/// ends of the range, are frequent by habit.
fn frequent(counted: &[Counted], rows: usize) -> Vec<(u32, f64)> {
    let decimals = decimals(counted);
    let at_least = (rows as u64 / 500).max(ROWS_MIN);
    let mut found = Vec::new();
    for (place, spike) in counted.iter().enumerate() {
        let is_end = place == 0 || place + 1 == counted.len();
        if spike.count < at_least || is_end || is_round(spike.value, decimals) {
            continue;
        }
        let below = counted.iter().take(place).rev().take(REACH);
        let above = counted.iter().skip(place + 1).take(REACH);
        let mut near: Vec<u64> = below.chain(above).map(|near| near.count).collect();
        near.sort_unstable();
        // Habitual peaks stand among the neighbours too: the second largest speaks for them.
        let usual = near.iter().rev().nth(1).copied().unwrap_or_default();
        let median = near.get(near.len() / 2).copied().unwrap_or_default();
        let expected = (usual as f64).max(median as f64 * MEDIAN_TIMES) + 1.0;
        if spike.count as f64 >= expected * SPIKE_TIMES {
            found.push((spike.code, 1.0 - expected / spike.count as f64));
        }
    }
    found
}

/// Codes of the few values that lie beyond a gap far wider than the spread of the others, also in proportion.
fn far(counted: &[Counted], rows: usize) -> Vec<(u32, f64)> {
    let total: u64 = counted.iter().map(|counted| counted.count).sum();
    let (Some(low), Some(median), Some(high)) = (
        quantile(counted, total / 4),
        quantile(counted, total / 2),
        quantile(counted, total / 4 * 3),
    ) else {
        return Vec::new();
    };
    let spread = high - low;
    if spread <= 0.0 {
        return Vec::new();
    }
    let few = (rows as u64 / 200).max(ROWS_MIN);
    let mut found = Vec::new();
    for upwards in [true, false] {
        let ordered: Vec<&Counted> = if upwards {
            counted.iter().rev().collect()
        } else {
            counted.iter().collect()
        };
        let mut beyond: u64 = 0;
        for (number, pair) in ordered.windows(2).enumerate() {
            let &[outer, inner] = pair else { continue };
            beyond += outer.count;
            if beyond > few {
                break;
            }
            let gap = (outer.value - inner.value).abs();
            let inside = (inner.value - median).abs().max(spread);
            // A long tail has wide gaps too, but none wider than all of the way to it.
            if gap >= spread * GAP_TIMES && gap >= inside {
                let codes = ordered.iter().take(number + 1);
                found.extend(codes.map(|counted| (counted.code, 1.0 - inside / (gap + inside))));
                break;
            }
        }
    }
    found
}

fn finding(column: &Column, codes: &[(u32, f64)], reason: String) -> Finding {
    let score = |code: u32| {
        codes
            .iter()
            .find(|(of, _)| *of == code)
            .map(|(_, score)| *score)
    };
    let rows = column.codes().enumerate();
    let rows = rows
        .filter_map(|(row, code)| Some((row, score(code)?)))
        .collect();
    Finding::new(
        Check::ValueSpike,
        vec![column.name().to_owned()],
        rows,
        reason,
    )
}

fn quantile(counted: &[Counted], rank: u64) -> Option<f64> {
    let mut before = 0;
    counted
        .iter()
        .find(|counted| {
            before += counted.count;
            before > rank
        })
        .map(|counted| counted.value)
}

/// The decimals that the values of a column are written with, at most six.
fn decimals(counted: &[Counted]) -> i32 {
    let fits = |decimals: &i32| {
        let unit = 10_f64.powi(*decimals);
        counted.iter().all(|counted| {
            let scaled = counted.value * unit;
            (scaled - scaled.round()).abs() <= scaled.abs() * 1e-9 + 1e-9
        })
    };
    (0..6).find(fits).unwrap_or(6)
}

/// Whether a number ends in 0 or 5 at the finest decimal, as people round.
fn is_round(value: f64, decimals: i32) -> bool {
    let scaled = (value * 10_f64.powi(decimals)).round();
    scaled % 5.0 == 0.0
}

const DISTINCT_MIN: usize = 20;
/// Rows from which a frequent value is one.
const ROWS_MIN: u64 = 20;
/// Neighbours that are looked at on each side.
const REACH: usize = 10;
const MEDIAN_TIMES: f64 = 2.0;
const SPIKE_TIMES: f64 = 4.0;
/// Quartile distances that a gap must be wide.
const GAP_TIMES: f64 = 10.0;
