//! What the checks found.

use serde::Serialize;
use thiserror::Error;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Labels that contradict everything else in their rows.
    LabelNoise,
    /// A rare pattern that decides the label against the rest of its rows.
    Trigger,
    /// One row many times.
    DuplicateFlood,
    /// Rows that are the same but for small changes.
    NearDuplicateFlood,
    /// A number far more frequent than its neighbours, or far away from all others.
    ValueSpike,
}

/// A row that a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RowScore {
    /// The number of the row: the first one below the header is 1.
    pub row: u64,
    /// How likely the row is poison by this check, from 0 to 1.
    pub score: f64,
}

/// Something that honest data would hardly show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// The columns that it is about.
    pub columns: Vec<String>,
    /// The rows, the likeliest first; at most [`ROWS_LISTED_MAX`].
    pub rows: Vec<RowScore>,
    /// How many rows there are.
    pub row_count: u64,
    /// How likely it is poison, from 0 to 1.
    pub score: f64,
    /// Why, in words and counts.
    pub reason: String,
    /// Whether a release should wait for somebody's look at it.
    pub alarm: bool,
}

/// A check that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The check.
    pub check: Check,
    /// Why.
    pub reason: String,
}

/// What the checks found in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoisoningReport {
    /// Rows of the table.
    pub rows: u64,
    /// What was found, by check.
    pub findings: Vec<Finding>,
    /// What was not looked at.
    pub skipped: Vec<Skipped>,
    /// The share of labels that are estimated to be wrong, where labels were looked at.
    pub label_noise: Option<f64>,
}

impl PoisoningReport {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows: rows as u64,
            findings: Vec::new(),
            skipped: Vec::new(),
            label_noise: None,
        }
    }

    /// Whether no finding asks for somebody's look.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.findings.iter().all(|finding| !finding.alarm)
    }

    /// The findings of a check.
    pub fn of(&self, check: Check) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.check == check)
    }

    /// The rows of all findings, each once, in order.
    #[must_use]
    pub fn flagged_rows(&self) -> Vec<u64> {
        let rows = self.findings.iter().flat_map(|finding| &finding.rows);
        let mut rows: Vec<u64> = rows.map(|row| row.row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    pub(super) fn skip(&mut self, check: Check, reason: &str) {
        self.skipped.push(Skipped {
            check,
            reason: reason.to_owned(),
        });
    }
}

impl Finding {
    /// A finding over rows counted from 0.
    pub(super) fn new(
        check: Check,
        columns: Vec<String>,
        rows: Vec<(usize, f64)>,
        reason: String,
    ) -> Self {
        let row_count = rows.len() as u64;
        let mut rows: Vec<RowScore> = rows
            .into_iter()
            .map(|(row, score)| RowScore {
                row: row as u64 + 1,
                score: (score.clamp(0.0, 1.0) * 1e4).round() / 1e4,
            })
            .collect();
        rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
        rows.truncate(ROWS_LISTED_MAX);
        Self {
            check,
            columns,
            score: rows.first().map_or(0.0, |row| row.score),
            rows,
            row_count,
            reason,
            alarm: true,
        }
    }
}

/// Why a table was not examined.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoisoningFault {
    /// A named column does not exist.
    #[error("the table has no column of that name")]
    Column,
    /// The table is too long.
    #[error("the table has more than {} rows", super::ROWS_MAX)]
    Rows,
}

/// Most rows that a finding lists.
pub const ROWS_LISTED_MAX: usize = 100_000;
