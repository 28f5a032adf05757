//! Columns as numbers of bins that were stated beforehand.

use hashbrown::HashMap;
use thiserror::Error;

use crate::fault::TableFault;
use crate::table::{Column, Table};

/// The bins of a column, stated from knowledge of the field and not looked up in the table: a bin that is there
/// because one person has its value would tell of that person.
#[derive(Clone, Debug)]
pub enum ColumnBins {
    /// The values that are possible; any other, or none, falls into a bin of its own behind them.
    Values(Vec<String>),
    /// Inner borders of ranges in order; a value belongs to the range that begins at or below it. What is not a
    /// number falls into a bin of its own behind them.
    Borders(Vec<f64>),
}

impl ColumnBins {
    /// The number of bins, the one for everything else among them.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Values(values) => values.len() + 1,
            Self::Borders(borders) => borders.len() + 2,
        }
    }

    /// What the bins are called in a table, in order: values, or ranges such as `[20, 25)`; what is in none is
    /// the missing value.
    fn names(&self) -> Vec<String> {
        match self {
            Self::Values(values) => values.iter().cloned().chain([String::new()]).collect(),
            Self::Borders(borders) => {
                let below = borders
                    .first()
                    .map_or(String::new(), |first| format!("< {first}"));
                let above = borders.last().map(|last| format!(">= {last}"));
                let ranges = borders.windows(2).filter_map(|pair| match pair {
                    [low, high] => Some(format!("[{low}, {high})")),
                    _ => None,
                });
                let named = [below].into_iter().chain(ranges);
                named.chain(above).chain([String::new()]).collect()
            }
        }
    }

    fn check(&self) -> Result<(), CodedFault> {
        let in_order = match self {
            Self::Values(values) => {
                let mut sorted: Vec<&String> = values.iter().collect();
                sorted.sort_unstable();
                sorted.windows(2).all(|pair| pair.first() != pair.last())
            }
            Self::Borders(borders) => {
                let finite = borders.iter().all(|border| border.is_finite());
                finite && borders.windows(2).all(|pair| pair.first() < pair.last())
            }
        };
        (in_order && self.count() <= BINS_OF_COLUMN_MAX)
            .then_some(())
            .ok_or(CodedFault::Bins)
    }
}

/// A table as bin numbers, column by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    pub(super) columns: Vec<Vec<u16>>,
    pub(super) bins: Vec<usize>,
    pub(super) rows: usize,
}

impl Coded {
    /// Codes columns of text; numbers are read where the bins are ranges.
    ///
    /// # Errors
    /// When bins are no bins, the columns are fewer than one, more than [`COLUMNS_MAX`] or of different lengths.
    pub fn of<'a, C>(
        columns: impl IntoIterator<Item = (C, &'a ColumnBins)>,
    ) -> Result<Self, CodedFault>
    where
        C: IntoIterator<Item = Option<&'a str>>,
    {
        let mut coded = Self {
            columns: Vec::new(),
            bins: Vec::new(),
            rows: 0,
        };
        for (cells, bins) in columns {
            bins.check()?;
            let column = code(cells, bins);
            if coded.columns.is_empty() {
                coded.rows = column.len();
            }
            if column.len() != coded.rows || coded.columns.len() >= COLUMNS_MAX {
                return Err(CodedFault::Shape);
            }
            coded.columns.push(column);
            coded.bins.push(bins.count());
        }
        (!coded.columns.is_empty())
            .then_some(coded)
            .ok_or(CodedFault::Shape)
    }

    /// Codes columns of a table, by their places.
    ///
    /// # Errors
    /// As [`Coded::of`]; a place without a column makes columns of different lengths.
    pub fn of_table(table: &Table, columns: &[(usize, ColumnBins)]) -> Result<Self, CodedFault> {
        let cells = |place: usize| {
            let column = table.columns().get(place);
            let rows = column.map_or(0, Column::rows);
            (0..rows).map(move |row| column.map(|column| column.value(row)))
        };
        Self::of(columns.iter().map(|(place, bins)| (cells(*place), bins)))
    }

    /// The rows as a table, under names and with the bins that they were coded with.
    ///
    /// # Errors
    /// When the names are no names of columns.
    pub fn table(&self, columns: &[(String, ColumnBins)]) -> Result<Table, TableFault> {
        let column = |((name, bins), codes): (&(String, ColumnBins), &Vec<u16>)| {
            let names = bins.names();
            let codes = codes.iter().map(|code| u32::from(*code));
            Column::from_codes(name, names.iter().map(String::as_str), codes)
        };
        Table::new(columns.iter().zip(&self.columns).map(column).collect())
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The bin numbers of a column.
    #[must_use]
    pub fn column(&self, column: usize) -> Option<&[u16]> {
        self.columns.get(column).map(Vec::as_slice)
    }

    /// The rows that `rows` names, in that order; numbers beyond the table are passed over.
    #[must_use]
    pub fn rows_of(&self, rows: &[usize]) -> Self {
        let pick = |column: &Vec<u16>| {
            rows.iter()
                .filter_map(|row| column.get(*row).copied())
                .collect()
        };
        let columns: Vec<Vec<u16>> = self.columns.iter().map(pick).collect();
        Self {
            rows: columns.first().map_or(0, Vec::len),
            columns,
            bins: self.bins.clone(),
        }
    }

    /// Whether another table has the same bins.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.bins == other.bins
    }
}

/// Why columns could not be coded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodedFault {
    /// Values twice, borders out of order, or too many.
    #[error("bins must differ, be in order, and be at most {BINS_OF_COLUMN_MAX}")]
    Bins,
    /// No columns, too many, or of different lengths.
    #[error("a table to be coded needs 1 to {COLUMNS_MAX} columns of one length")]
    Shape,
}

fn code<'a>(cells: impl IntoIterator<Item = Option<&'a str>>, bins: &'a ColumnBins) -> Vec<u16> {
    let number = |bin: usize| u16::try_from(bin).unwrap_or(u16::MAX);
    let cells = cells.into_iter();
    match bins {
        ColumnBins::Values(values) => {
            let of_value: HashMap<&str, u16> = values.iter().map(String::as_str).zip(0..).collect();
            let other = number(values.len());
            cells
                .map(|cell| {
                    cell.and_then(|cell| of_value.get(cell).copied())
                        .unwrap_or(other)
                })
                .collect()
        }
        ColumnBins::Borders(borders) => cells
            .map(|cell| {
                let value = cell.and_then(|cell| cell.trim().parse::<f64>().ok());
                match value.filter(|value| !value.is_nan()) {
                    Some(value) => number(borders.partition_point(|border| *border <= value)),
                    None => number(borders.len() + 1),
                }
            })
            .collect(),
    }
}

/// Most bins of one column.
pub const BINS_OF_COLUMN_MAX: usize = 4_096;
/// Most columns of a synthetic sample.
pub const COLUMNS_MAX: usize = 256;
