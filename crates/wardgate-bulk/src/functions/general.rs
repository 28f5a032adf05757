//! Values made coarser; these need no key.

use datafusion::arrow::array::StringArray;
use datafusion::error::Result;

use super::bad_argument;
use super::cells::Cells;
use super::dates;
use crate::rules;

/// `generalise_number(number, width)`: the range `[low, high)` that it lies in. What is no number is left out.
pub(super) fn numbers(cells: &Cells) -> Result<StringArray> {
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let width = cells.at(1, row).and_then(|width| width.parse::<u32>().ok());
        let width = f64::from(width.filter(|width| *width > 0).ok_or_else(bad_argument)?);
        let number = cells
            .filled(0, row)
            .and_then(|number| number.trim().parse::<f64>().ok());
        let number = number.filter(|number| number.abs() < NUMBER_MAX);
        written.push(number.map(|number| {
            let low = (number / width).floor() * width;
            format!("[{low}, {})", low + width)
        }));
    }
    Ok(StringArray::from(written))
}

/// `generalise_text(text, count)`: its first characters.
pub(super) fn texts(cells: &Cells) -> Result<StringArray> {
    let mut written = Vec::with_capacity(cells.rows());
    for row in 0..cells.rows() {
        let count = cells.at(1, row).and_then(|count| count.parse::<u16>().ok());
        let count = usize::from(count.ok_or_else(bad_argument)?);
        let text = cells.filled(0, row);
        written.push(text.map(|text| text.chars().take(count).collect::<String>()));
    }
    Ok(StringArray::from(written))
}

/// `generalise_date(date)`: its year. What is no date is left out.
pub(super) fn dates(cells: &Cells) -> StringArray {
    let year = |row: usize| {
        let (day, _) = dates::split(cells.filled(0, row)?.trim());
        rules::day(day).map(|day| day.year().to_string())
    };
    (0..cells.rows()).map(year).collect()
}

/// Up to here ranges of whole width are exact.
const NUMBER_MAX: f64 = 1e15;
