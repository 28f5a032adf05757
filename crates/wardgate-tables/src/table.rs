//! A table in memory: columns of codes into dictionaries, read from and written to files.

mod codes;
mod column;
#[cfg(feature = "columnar")]
mod columnar;
mod delimited;
mod dictionary;
mod format;
mod kind;
mod outgoing;
mod source;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::Path;

use crate::fault::TableFault;

pub use column::{Column, ColumnBuilder};
pub use format::{Format, ReadOptions, TableLimits, WriteOptions};
pub use kind::Kind;
pub(crate) use kind::{CivilDate, DateOrder};
pub(crate) use outgoing::{Outgoing, Writer};
pub(crate) use source::{Loaded, Rows, SourceColumn, Use, Wanted};

/// Columns of equal length, each with a name of its own.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table of columns.
    ///
    /// # Errors
    /// When there is no column, when two have one name, when one has none, or when they differ in length.
    pub fn new(columns: Vec<Column>) -> Result<Self, TableFault> {
        let Some(first) = columns.first() else {
            return Err(no_column());
        };
        let rows = first.rows();
        check_names(columns.iter().map(Column::name))?;
        if columns.iter().any(|column| column.rows() != rows) {
            return Err(TableFault::new(
                "table.unequal_columns",
                "the columns differ in length",
                "give every column one value in each row",
            ));
        }
        Ok(Self { columns, rows })
    }

    /// Reads a table from a stream. Parquet and Arrow files, which are read from their end, are held in memory
    /// meanwhile; [`Table::open`] spares that.
    ///
    /// # Errors
    /// When the bytes are no such table or a limit is passed; the fault names rows and columns, never values.
    pub fn read(
        format: Format,
        source: impl Read,
        options: &ReadOptions,
    ) -> Result<Self, TableFault> {
        match format {
            Format::Csv => delimited::read(source, options),
            #[cfg(feature = "columnar")]
            Format::Parquet | Format::Arrow => columnar::read(format, source, options),
            #[cfg(not(feature = "columnar"))]
            Format::Parquet | Format::Arrow => Err(left_out()),
        }
    }

    /// Reads the table in a file.
    ///
    /// # Errors
    /// As [`Table::read`], and when the file can not be opened.
    pub fn open(path: &Path, format: Format, options: &ReadOptions) -> Result<Self, TableFault> {
        let file = std::fs::File::open(path).map_err(|fault| unopened(&fault))?;
        match format {
            Format::Csv => delimited::read(file, options),
            #[cfg(feature = "columnar")]
            Format::Parquet | Format::Arrow => columnar::open(format, file, options),
            #[cfg(not(feature = "columnar"))]
            Format::Parquet | Format::Arrow => Err(left_out()),
        }
    }

    /// Writes the table. A column of Parquet or Arrow that was not changed keeps its type.
    ///
    /// # Errors
    /// When the output can not be written.
    pub fn write(
        &self,
        format: Format,
        output: impl Write + Send,
        options: &WriteOptions,
    ) -> Result<(), TableFault> {
        let columns = self.columns.iter().map(Outgoing::Held).collect();
        let mut writer = Writer::open(output, columns, format, options)?;
        for _ in 0..self.rows {
            writer.row(&mut |_, _| Ok(()))?;
        }
        writer.finish()
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, for a caller that makes another table of them.
    #[must_use]
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The column of a name.
    ///
    /// # Errors
    /// When there is none; the fault holds the name that was asked for.
    pub fn column(&self, name: &str) -> Result<&Column, TableFault> {
        self.columns
            .iter()
            .find(|column| column.name() == name)
            .ok_or_else(|| unknown_column(name))
    }

    /// The place of the column of a name, counted from 0.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name() == name)
    }

    /// The table of these rows, in this order.
    #[must_use]
    pub fn taken(&self, rows: &[usize]) -> Self {
        Self {
            columns: self
                .columns
                .iter()
                .map(|column| column.taken(rows.iter().copied()))
                .collect(),
            rows: rows.len(),
        }
    }

    /// The table with other columns for its own, one for each.
    pub(crate) fn map_columns(
        self,
        change: impl Fn(Column) -> Result<Column, TableFault>,
    ) -> Result<Self, TableFault> {
        Self::new(
            self.columns
                .into_iter()
                .map(change)
                .collect::<Result<_, _>>()?,
        )
    }

    /// The table with its columns of these names taken for what these are: kinds are told by all values, of which
    /// some may be missing here.
    pub(crate) fn with_kinds_of(mut self, known: &[Column]) -> Self {
        for column in &mut self.columns {
            if let Some(known) = known.iter().find(|known| known.name() == column.name()) {
                column.take_kind_of(known);
            }
        }
        self
    }

    /// How many bytes the codes and dictionaries take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }
}

/// Looks whether every column has a name of its own.
fn check_names<'n>(columns: impl Iterator<Item = &'n str>) -> Result<(), TableFault> {
    let mut names = HashSet::new();
    for (at, name) in columns.enumerate() {
        if name.is_empty() {
            return Err(TableFault::new(
                "table.unnamed_column",
                format!("column {} has no name", at + 1),
                "name every column in the header",
            ));
        }
        if !names.insert(name) {
            return Err(TableFault::new(
                "table.repeated_column",
                format!("columns up to number {} share a name", at + 1),
                "give every column a name of its own",
            ));
        }
    }
    match names.is_empty() {
        true => Err(no_column()),
        false => Ok(()),
    }
}

fn no_column() -> TableFault {
    TableFault::new(
        "table.empty",
        "the table has no column",
        "give a table with a header and at least one column",
    )
}

pub(crate) fn unknown_column(name: &str) -> TableFault {
    TableFault::new(
        "table.unknown_column",
        format!("the table has no column `{name}`"),
        "name a column as the header spells it",
    )
}

fn unopened(fault: &std::io::Error) -> TableFault {
    TableFault::new(
        "table.unreadable",
        format!("the table can not be opened: {}", fault.kind()),
        "give the path of a file that may be read",
    )
}

#[cfg(not(feature = "columnar"))]
fn left_out() -> TableFault {
    TableFault::new(
        "table.format_left_out",
        "this build reads and writes CSV only",
        "build with the feature `columnar`",
    )
}
