//! A table on its way out, row by row: columns that are held beside such as pass.

use std::io::Write;

#[cfg(feature = "columnar")]
use super::columnar;
use super::delimited;
use super::{Column, Format, SourceColumn, WriteOptions};
use crate::fault::TableFault;

/// A column on its way out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outgoing<'t> {
    /// Its rows are held, in the order in which they go.
    Held(&'t Column),
    /// Its values pass, to be written in the type that they have.
    AsItCame(&'t SourceColumn),
    /// Its values pass, to be written as text; the name.
    Text(&'t str),
}

impl<'t> Outgoing<'t> {
    pub(crate) fn name(&self) -> &'t str {
        match self {
            Self::Held(column) => column.name(),
            Self::AsItCame(column) => &column.name,
            Self::Text(name) => name,
        }
    }
}

/// Adds the value of a column that passes, by its place among these, to a text.
pub(crate) type Fill<'f> = &'f mut dyn FnMut(usize, &mut String) -> Result<(), TableFault>;

/// Rows on their way into a file.
pub(crate) enum Writer<'t, W: Write + Send> {
    Csv(Box<delimited::Writer<'t, W>>),
    #[cfg(feature = "columnar")]
    Columnar(Box<columnar::Writer<'t, W>>),
}

impl<'t, W: Write + Send> Writer<'t, W> {
    pub(crate) fn open(
        output: W,
        columns: Vec<Outgoing<'t>>,
        format: Format,
        options: &WriteOptions,
    ) -> Result<Self, TableFault> {
        match format {
            Format::Csv => {
                let writer = delimited::Writer::open(output, columns, options)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            #[cfg(feature = "columnar")]
            Format::Parquet | Format::Arrow => {
                let writer = columnar::Writer::open(output, columns, format, options)?;
                Ok(Self::Columnar(Box::new(writer)))
            }
            #[cfg(not(feature = "columnar"))]
            Format::Parquet | Format::Arrow => Err(super::left_out()),
        }
    }

    /// Adds the next row.
    pub(crate) fn row(&mut self, fill: Fill<'_>) -> Result<(), TableFault> {
        match self {
            Self::Csv(writer) => writer.row(fill),
            #[cfg(feature = "columnar")]
            Self::Columnar(writer) => writer.row(fill),
        }
    }

    pub(crate) fn finish(self) -> Result<(), TableFault> {
        match self {
            Self::Csv(writer) => writer.finish(),
            #[cfg(feature = "columnar")]
            Self::Columnar(writer) => writer.finish(),
        }
    }
}
