//! Rows on their way into Parquet and Arrow files, in batches.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array, new_null_array,
};
use arrow::compute::{cast_with_options, take};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::super::format::{Format, WriteOptions};
use super::super::kind::is_plain_day;
use super::super::outgoing::{Fill, Outgoing};
use super::super::{Column, Kind};
use super::{BATCH_ROWS, as_texts, malformed, retyped, strict, unreadable};
use crate::fault::TableFault;

/// Rows on their way into a file, in batches.
pub(crate) struct Writer<'t, W: Write + Send> {
    columns: Vec<Filling<'t>>,
    schema: Arc<Schema>,
    sink: Sink<W>,
    /// Rows that are written, and rows that wait.
    written: usize,
    waiting: usize,
}

enum Filling<'t> {
    Held(Written<'t>),
    Passing {
        name: &'t str,
        kind: DataType,
        texts: Texts,
    },
}

/// Values of some rows, one after the other.
#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl<'t, W: Write + Send> Writer<'t, W> {
    pub(crate) fn open(
        output: W,
        columns: Vec<Outgoing<'t>>,
        format: Format,
        options: &WriteOptions,
    ) -> Result<Self, TableFault> {
        let columns: Vec<Filling<'t>> = columns
            .into_iter()
            .map(|column| {
                let kind = match column {
                    Outgoing::Held(column) => return Written::of(column).map(Filling::Held),
                    Outgoing::AsItCame(column) => {
                        let told =
                            || type_of(column.kind.kind(), || column.kind.holds_plain_days());
                        column.origin.clone().or_else(told)
                    }
                    Outgoing::Text(_) => None,
                };
                Ok(Filling::Passing {
                    name: column.name(),
                    kind: kind.unwrap_or(DataType::Utf8),
                    texts: Texts::default(),
                })
            })
            .collect::<Result<_, TableFault>>()?;
        let fields: Vec<Field> = columns.iter().map(Filling::field).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Self {
            sink: Sink::open(output, &schema, format, options)?,
            columns,
            schema,
            written: 0,
            waiting: 0,
        })
    }

    /// Adds the next row.
    pub(crate) fn row(&mut self, fill: Fill<'_>) -> Result<(), TableFault> {
        let mut bytes = 0;
        let passing = self.columns.iter_mut().filter_map(|column| match column {
            Filling::Passing { texts, .. } => Some(texts),
            Filling::Held(_) => None,
        });
        for (place, texts) in passing.enumerate() {
            fill(place, &mut texts.text)?;
            texts.ends.push(texts.text.len());
            bytes += texts.text.len();
        }
        self.waiting += 1;
        if self.waiting == BATCH_ROWS || bytes > BATCH_BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), TableFault> {
        if self.waiting > 0 {
            self.flush()?;
        }
        self.sink.finish()
    }

    fn flush(&mut self) -> Result<(), TableFault> {
        let rows = self.written..self.written + self.waiting;
        let arrays = self
            .columns
            .iter_mut()
            .map(|column| column.rows(rows.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(unwritable)?;
        self.sink.write(&batch)?;
        self.written = rows.end;
        self.waiting = 0;
        Ok(())
    }
}

impl Filling<'_> {
    fn field(&self) -> Field {
        match self {
            Self::Held(column) => Field::new(
                column.column.name(),
                column.values.data_type().clone(),
                true,
            ),
            Self::Passing { name, kind, .. } => Field::new(*name, kind.clone(), true),
        }
    }

    fn rows(&mut self, rows: std::ops::Range<usize>) -> Result<ArrayRef, TableFault> {
        match self {
            Self::Held(column) => column.rows(rows).map_err(unwritable),
            Self::Passing { name, kind, texts } => {
                of_type(&texts.take(), kind).map_err(|_| type_lost(name))
            }
        }
    }
}

impl Texts {
    /// The values, of which the empty ones are missing; none are left.
    fn take(&mut self) -> ArrayRef {
        let mut start = 0;
        let values = self.ends.iter().map(|end| {
            let value = self.text.get(start..*end).filter(|value| !value.is_empty());
            start = *end;
            value
        });
        let texts: StringArray = values.collect();
        self.text.clear();
        self.ends.clear();
        Arc::new(texts)
    }
}

/// A column with its values in the type that they are written in.
pub(super) struct Written<'t> {
    column: &'t Column,
    values: ArrayRef,
}

impl<'t> Written<'t> {
    pub(super) fn of(column: &'t Column) -> Result<Self, TableFault> {
        let texts: StringArray = column
            .values()
            .map(|value| Some(value).filter(|value| !value.is_empty()))
            .collect();
        let texts: ArrayRef = Arc::new(texts);
        let wanted = column.origin().cloned().or_else(|| typed(column));
        let values = match wanted {
            Some(kind) if kind != DataType::Utf8 => {
                match of_type(&texts, &kind) {
                    Ok(values) => values,
                    // A column from a file must come back as it was; one that was only told to be numbers may stay text.
                    Err(_) if column.origin().is_none() => texts,
                    Err(_) => return Err(type_lost(column.name())),
                }
            }
            _ => texts,
        };
        Ok(Self { column, values })
    }

    pub(super) fn rows(&self, rows: std::ops::Range<usize>) -> Result<ArrayRef, ArrowError> {
        let codes: UInt32Array = rows.map(|row| self.column.code(row)).collect();
        take(&self.values, &codes, None)
    }
}

fn type_lost(column: &str) -> TableFault {
    TableFault::new(
        "table.type_lost",
        "values can not be written in the type that they were read from",
        "convert the column to text before",
    )
    .column(column)
}

fn typed(column: &Column) -> Option<DataType> {
    type_of(column.kind(), || {
        column
            .values()
            .all(|value| value.is_empty() || is_plain_day(value))
    })
}

/// The type of a column that came from CSV. Dates with slashes or a time of day stay text.
pub(crate) fn type_of(kind: Kind, holds_plain_days: impl FnOnce() -> bool) -> Option<DataType> {
    match kind {
        Kind::Integer => Some(DataType::Int64),
        Kind::Decimal => Some(DataType::Float64),
        Kind::Boolean => Some(DataType::Boolean),
        Kind::Date => holds_plain_days().then_some(DataType::Date32),
        Kind::Text => None,
    }
}

/// The column as it is read again from a file of these formats: a number may be written in other digits there.
pub(crate) fn as_written(column: &Column) -> Result<Column, TableFault> {
    let values = as_texts(&Written::of(column)?.values).map_err(|_| unreadable(column.name()))?;
    let values = values.as_string_opt::<i32>().ok_or_else(malformed)?;
    let values = values.iter().map(|value| value.unwrap_or(""));
    Ok(Column::from_codes(column.name(), values, column.codes()))
}

/// Rows on their way into a Parquet or Arrow file.
pub(super) enum Sink<W: Write + Send> {
    Parquet(Box<ArrowWriter<BufWriter<W>>>),
    Stream(StreamWriter<BufWriter<W>>),
    File(FileWriter<BufWriter<W>>),
}

impl<W: Write + Send> Sink<W> {
    pub(super) fn open(
        output: W,
        schema: &Arc<Schema>,
        format: Format,
        options: &WriteOptions,
    ) -> Result<Self, TableFault> {
        let output = BufWriter::new(output);
        Ok(match format {
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_created_by("wardgate".to_owned())
                    .build();
                let writer = ArrowWriter::try_new(output, Arc::clone(schema), Some(properties));
                Self::Parquet(Box::new(writer.map_err(unwritable)?))
            }
            _ if options.arrow_stream => {
                Self::Stream(StreamWriter::try_new(output, schema).map_err(unwritable)?)
            }
            _ => Self::File(FileWriter::try_new(output, schema).map_err(unwritable)?),
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), TableFault> {
        match self {
            Self::Parquet(writer) => writer.write(batch).map_err(unwritable),
            Self::Stream(writer) => writer.write(batch).map_err(unwritable),
            Self::File(writer) => writer.write(batch).map_err(unwritable),
        }
    }

    pub(super) fn finish(self) -> Result<(), TableFault> {
        let mut output = match self {
            Self::Parquet(writer) => writer.into_inner().map_err(unwritable)?,
            Self::Stream(mut writer) => {
                writer.finish().map_err(unwritable)?;
                writer.into_inner().map_err(unwritable)?
            }
            Self::File(mut writer) => {
                writer.finish().map_err(unwritable)?;
                writer.into_inner().map_err(unwritable)?
            }
        };
        output.flush().map_err(unwritable)
    }
}

fn unwritable<F>(_: F) -> TableFault {
    TableFault::new(
        "table.unwritable",
        "the table can not be written",
        "look at the space and the rights of the output",
    )
}

/// Texts in the type that they were read from; the other way round of [`as_texts`].
pub(super) fn of_type(texts: &ArrayRef, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    match kind {
        DataType::Timestamp(unit, Some(_)) => {
            let plain = DataType::Timestamp(*unit, None);
            retyped(&cast_with_options(texts, &plain, &strict())?, kind.clone())
        }
        DataType::Null if texts.null_count() == texts.len() => {
            Ok(new_null_array(&DataType::Null, texts.len()))
        }
        _ => cast_with_options(texts, kind, &strict()),
    }
}

/// Values of this many bytes are written although they are of fewer rows.
const BATCH_BYTES_MAX: usize = 256 << 20;
