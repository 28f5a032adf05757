//! Dates, moved as all dates of their patient.

use datafusion::arrow::array::StringArray;
use datafusion::error::Result;
use wardgate_deid::DateAs;

use super::cells::Cells;
use super::texts::LastPatient;
use super::{Work, no_patient};
use crate::rules;

/// `shift_date(date, patient)`: a date as `2024-03-12`, with or without a time of day behind it, which stays.
/// What is no such date is left out.
pub(super) fn shift(work: &Work, cells: &Cells) -> Result<StringArray> {
    let mut patients = LastPatient::default();
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let Some(date) = cells.filled(0, row) else {
            written.push(None);
            continue;
        };
        let number = cells.filled(1, row).ok_or_else(no_patient)?;
        let scope = work.records.scope(patients.of(work, number, None));
        let (day, time) = split(date.trim());
        let become_of = rules::day(day).map(|day| scope.day(day));
        written.push(match become_of {
            Some(DateAs::Kept) => Some(format!("{day}{time}")),
            Some(DateAs::Moved(day)) => Some(format!("{}{time}", day.iso())),
            Some(DateAs::Year(year)) => Some(year.to_string()),
            Some(DateAs::Gone) | None => None,
        });
    }
    Ok(StringArray::from(written))
}

/// A day and the time of day behind it; a time that is none goes with what follows it.
pub(super) fn split(date: &str) -> (&str, &str) {
    let end = date.find(['T', ' ']).unwrap_or(date.len());
    let (day, time) = date.split_at(end);
    let is_time = time.len() <= TIME_LEN_MAX
        && time
            .bytes()
            .skip(1)
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-' | b'Z'));
    (day, if is_time { time } else { "" })
}

const TIME_LEN_MAX: usize = 40;
