//! Label noise: labels that contradict what the rest of their rows predicts.
//!
//! Where the prediction is surest, honest labels contradict it least: the share of contrary labels there bounds the
//! share of wrong labels from above, and the class with the lowest one bounds it best. A class keeps a higher bound
//! of its own when its share does not rise as predictions get less sure, as that of honest exceptions would.
//! Contrary labels are suspicious as long as at least about half of them must be wrong to explain their share.

use crate::table::Table;

use super::evidence::Evidence;
use super::report::{Check, Finding, PoisoningReport};

pub(super) fn look(
    evidence: &Evidence<'_>,
    table: &Table,
    label: usize,
    report: &mut PoisoningReport,
) {
    let of_class = judged(evidence);
    let bounds: Vec<Bound> = of_class.iter().map(|judged| Bound::of(judged)).collect();
    let least = bounds.iter().map(|bound| bound.surest).fold(1.0, f64::min);
    if least >= 1.0 {
        report.skip(Check::LabelNoise, "no class is predicted surely enough");
        return;
    }
    let mut rows = Vec::new();
    let (mut wrong, mut labelled) = (0.0, 0_usize);
    for (judged, bound) in of_class.iter().zip(&bounds) {
        let noise = if bound.is_flat() { bound.surest } else { least };
        wrong += noise * judged.len() as f64;
        labelled += judged.len();
        rows.extend(suspicious(judged, noise));
    }
    let noise = wrong / (labelled.max(1)) as f64;
    report.label_noise = Some(noise);
    if rows.is_empty() {
        return;
    }
    let column = table
        .columns()
        .get(label)
        .map(|column| column.name().to_owned());
    let reason = format!(
        "{} labels contradict a surely predicted one; up to {:.2} % of all labels may be wrong",
        rows.len(),
        noise * 100.0
    );
    let mut finding = Finding::new(
        Check::LabelNoise,
        column.into_iter().collect(),
        rows,
        reason,
    );
    finding.alarm = noise >= NOISE_ALARM;
    report.findings.push(finding);
}

/// A row as the models that did not learn from it see it.
#[derive(Clone, Copy)]
struct Judged {
    row: usize,
    chance: f64,
    contrary: bool,
}

/// Rows by the class that is predicted, the surest first.
fn judged(evidence: &Evidence<'_>) -> Vec<Vec<Judged>> {
    let mut of_class: Vec<Vec<Judged>> = vec![Vec::new(); evidence.classes.count];
    for (row, class) in evidence.classes.of_row.iter().enumerate() {
        let Some(class) = class else { continue };
        let chances = evidence.chances(row);
        let best = chances.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let Some((predicted, chance)) = best else {
            continue;
        };
        if let Some(judged) = of_class.get_mut(predicted) {
            judged.push(Judged {
                row,
                chance: *chance,
                contrary: *class as usize != predicted,
            });
        }
    }
    for judged in &mut of_class {
        judged.sort_by(|a, b| b.chance.total_cmp(&a.chance).then(a.row.cmp(&b.row)));
    }
    of_class
}

/// Shares of contrary labels among the surest predictions of a class, and among the next as many.
struct Bound {
    surest: f64,
    next: f64,
}

impl Bound {
    fn of(judged: &[Judged]) -> Self {
        let rows = (judged.len() / 10).max(SURE_ROWS.min(judged.len() / 4));
        if rows < SURE_ROWS_MIN {
            // Too few to bound anything.
            return Self {
                surest: 1.0,
                next: f64::INFINITY,
            };
        }
        let share = |judged: &[Judged]| {
            let contrary = judged.iter().filter(|row| row.contrary).count();
            contrary as f64 / judged.len().max(1) as f64
        };
        let (first, rest) = judged.split_at(rows);
        let (second, _) = rest.split_at(rows.min(rest.len()));
        Self {
            surest: share(first),
            next: share(second),
        }
    }

    fn is_flat(&self) -> bool {
        self.next <= self.surest * FLAT
    }
}

/// Contrary rows with the chance that they are wrong, from the surest prediction on.
fn suspicious(judged: &[Judged], noise: f64) -> Vec<(usize, f64)> {
    let mut rows = Vec::new();
    if noise <= 0.0 {
        return rows;
    }
    let by_noise = (CONTRARY_OF_BIN / noise).min(judged.len() as f64 / 8.0) as usize;
    let bin_rows = (judged.len() / BINS).max(by_noise).max(BIN_ROWS_MIN);
    for bin in judged.chunks(bin_rows) {
        let contrary = bin.iter().filter(|row| row.contrary).count() as f64;
        let share = contrary / bin.len() as f64;
        let surely = (contrary - contrary.sqrt()) / bin.len() as f64;
        if noise < SUSPICIOUS * surely {
            break;
        }
        let wrong = (noise / share.max(noise)).min(1.0);
        let contrary = bin.iter().filter(|row| row.contrary);
        rows.extend(contrary.map(|row| (row.row, wrong * row.chance)));
    }
    rows
}

const BINS: usize = 20;
const BIN_ROWS_MIN: usize = 50;
/// Rows that are taken for the surest, and the fewest that bound anything.
const SURE_ROWS: usize = 500;
const SURE_ROWS_MIN: usize = 25;
/// By how much the share may rise and still count as level.
const FLAT: f64 = 1.35;
/// Contrary labels that a bin should hold to have a share.
const CONTRARY_OF_BIN: f64 = 5.0;
const SUSPICIOUS: f64 = 0.5;
/// The share of wrong labels from which somebody should look.
const NOISE_ALARM: f64 = 0.005;
