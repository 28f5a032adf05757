//! Parquet and Arrow IPC. A column is read as text whatever its type, and written back in its type when it
//! was not changed; types that hold more than one value a row are refused.

mod writer;

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, make_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;

use super::format::{Format, ReadOptions, TableLimits};
use super::{ColumnBuilder, Table};
use crate::fault::TableFault;

pub(super) use writer::{Writer, as_written};

/// Reads a table from a stream that can not be rewound.
pub(super) fn read(
    format: Format,
    source: impl Read,
    options: &ReadOptions,
) -> Result<Table, TableFault> {
    let mut bytes = Vec::new();
    let bytes_max = options.limits.stream_bytes_max;
    source
        .take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|_| malformed())?;
    if bytes.len() as u64 > bytes_max {
        return Err(TableFault::new(
            "table.stream_bytes_max",
            format!("the table takes more than {bytes_max} bytes"),
            "give it as a file, or raise the limit `stream_bytes_max`",
        ));
    }
    let limits = &options.limits;
    if format == Format::Parquet {
        Opened::parquet(Bytes::from(bytes), limits, &|_| true)?.table(limits)
    } else {
        Opened::arrow(Cursor::new(bytes), limits, &|_| true)?.table(limits)
    }
}

/// Reads the table in a file.
pub(super) fn open(format: Format, file: File, options: &ReadOptions) -> Result<Table, TableFault> {
    Opened::file(format, file, &options.limits, &|_| true)?.table(&options.limits)
}

/// Is shown all columns and the number of rows so far.
type Look<'l> = &'l dyn Fn(&[ColumnBuilder], u64) -> Result<(), TableFault>;

/// A table of which nothing but its columns is known yet.
pub(super) struct Opened {
    /// All columns, in the order of the file, without rows.
    pub(super) columns: Vec<ColumnBuilder>,
    /// The places of those that are read.
    pub(super) chosen: Vec<usize>,
    /// The number of rows, where the file says it.
    pub(super) rows: Option<u64>,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>,
}

impl Opened {
    /// Opens the table in a file, for those columns to be read that the caller chooses by name.
    pub(super) fn file(
        format: Format,
        file: File,
        limits: &TableLimits,
        chooses: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TableFault> {
        if format == Format::Parquet {
            Self::parquet(file, limits, chooses)
        } else {
            Self::arrow(BufReader::new(file), limits, chooses)
        }
    }

    fn parquet(
        source: impl ChunkReader + 'static,
        limits: &TableLimits,
        chooses: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TableFault> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(|_| malformed())?;
        let columns = builders(builder.schema(), limits)?;
        let chosen = chosen(&columns, chooses);
        let mask = ProjectionMask::roots(builder.parquet_schema(), chosen.iter().copied());
        let rows = builder.metadata().file_metadata().num_rows();
        let batches = builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|_| malformed())?;
        Ok(Self {
            columns,
            chosen,
            rows: u64::try_from(rows).ok(),
            batches: Box::new(batches),
        })
    }

    fn arrow(
        mut source: impl Read + Seek + 'static,
        limits: &TableLimits,
        chooses: &dyn Fn(&str) -> bool,
    ) -> Result<Self, TableFault> {
        let mut magic = [0; 6];
        let is_file = source.read_exact(&mut magic).is_ok() && magic == *b"ARROW1";
        source.rewind().map_err(|_| malformed())?;
        // What is chosen is known once the columns are, and the readers take the choice before.
        let schema = if is_file {
            FileReader::try_new(&mut source, None).map(|reader| reader.schema())
        } else {
            StreamReader::try_new(&mut source, None).map(|reader| reader.schema())
        }
        .map_err(|_| malformed())?;
        let columns = builders(&schema, limits)?;
        let chosen = chosen(&columns, chooses);
        let choice = (chosen.len() < columns.len()).then(|| chosen.clone());
        source.rewind().map_err(|_| malformed())?;
        let batches: Box<dyn Iterator<Item = _>> = if is_file {
            Box::new(FileReader::try_new(source, choice).map_err(|_| malformed())?)
        } else {
            Box::new(StreamReader::try_new(source, choice).map_err(|_| malformed())?)
        };
        Ok(Self {
            columns,
            chosen,
            rows: None,
            batches,
        })
    }

    /// Reads the columns that were chosen; `look` may end it.
    pub(super) fn held(
        mut self,
        limits: &TableLimits,
        look: Look<'_>,
    ) -> Result<Vec<ColumnBuilder>, TableFault> {
        let mut rows = 0;
        while let Some(texts) = self.next(&mut rows, limits)? {
            for (at, texts) in self.chosen.iter().zip(&texts) {
                let Some(column) = self.columns.get_mut(*at) else {
                    continue;
                };
                for text in texts {
                    column.push(text.unwrap_or(""));
                }
                if column.value_bytes() > limits.value_bytes_max {
                    return Err(TableFault::new(
                        "table.value_bytes_max",
                        format!(
                            "the different values of a column take more than {} bytes",
                            limits.value_bytes_max
                        ),
                        "leave out the column or raise the limit `value_bytes_max`",
                    ));
                }
            }
            look(&self.columns, rows)?;
        }
        Ok(self.columns)
    }

    /// Some more rows of the chosen columns as text; nothing at the end.
    pub(super) fn next(
        &mut self,
        rows: &mut u64,
        limits: &TableLimits,
    ) -> Result<Option<Vec<StringArray>>, TableFault> {
        let Some(batch) = self.batches.next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|_| malformed())?;
        *rows += batch.num_rows() as u64;
        if *rows > limits.rows_max {
            return Err(TableFault::new(
                "table.rows_max",
                format!("the table has more than {} rows", limits.rows_max),
                "split the table or raise the limit `rows_max`",
            ));
        }
        let schema = batch.schema();
        let arrays = batch.columns().iter().zip(schema.fields());
        let texts = arrays.map(|(array, field)| {
            let texts = as_texts(array).map_err(|_| unreadable(field.name()))?;
            texts.as_string_opt::<i32>().cloned().ok_or_else(malformed)
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    fn table(self, limits: &TableLimits) -> Result<Table, TableFault> {
        let columns = self.held(limits, &|_, _| Ok(()))?;
        Table::new(columns.into_iter().map(ColumnBuilder::finish).collect())
    }
}

fn chosen(columns: &[ColumnBuilder], chooses: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let places = columns.iter().enumerate();
    places
        .filter(|(_, column)| chooses(column.name()))
        .map(|(at, _)| at)
        .collect()
}

fn builders(schema: &Schema, limits: &TableLimits) -> Result<Vec<ColumnBuilder>, TableFault> {
    if schema.fields().len() > limits.columns_max {
        return Err(TableFault::new(
            "table.columns_max",
            format!("the table has more than {} columns", limits.columns_max),
            "leave out columns or raise the limit `columns_max`",
        ));
    }
    schema
        .fields()
        .iter()
        .map(|field| {
            let plain = match field.data_type() {
                DataType::Dictionary(_, values) => values.as_ref(),
                other => other,
            };
            if plain.is_nested() || !arrow::compute::can_cast_types(plain, &DataType::Utf8) {
                return Err(TableFault::new(
                    "table.nested_column",
                    "a type that holds no single value stands",
                    "flatten the column or leave it out",
                )
                .column(field.name()));
            }
            Ok(ColumnBuilder::new(field.name()).with_origin(plain.clone()))
        })
        .collect()
}

/// The values as text. Moments of a time zone are read in UTC, as they are stored: the names of zones are a
/// database of their own.
fn as_texts(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let plain = retyped(array, DataType::Timestamp(*unit, None))?;
            cast_with_options(&plain, &DataType::Utf8, &strict())
        }
        _ => cast_with_options(array, &DataType::Utf8, &strict()),
    }
}

/// The same numbers under another type that stores them alike.
fn retyped(array: &ArrayRef, kind: DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data().into_builder().data_type(kind).build()?;
    Ok(make_array(data))
}

fn strict() -> CastOptions<'static> {
    CastOptions {
        safe: false,
        ..CastOptions::default()
    }
}

/// The readers' own words may quote what they read, so they are not repeated.
fn malformed() -> TableFault {
    TableFault::new(
        "table.malformed",
        "the table can not be read in the format that it is said to have",
        "give a whole file of that format",
    )
}

fn unreadable(column: &str) -> TableFault {
    TableFault::new(
        "table.unreadable_value",
        "values can not be read as text",
        "convert the column to text, or leave it out",
    )
    .column(column)
}

/// Rows that are read and written at a time.
const BATCH_ROWS: usize = 8_192;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BinaryArray, NullArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, TimeUnit};

    use super::super::WriteOptions;
    use super::writer::{Sink, Written, of_type};
    use super::*;

    fn stream(column: ArrayRef) -> Vec<u8> {
        let field = Field::new("a", column.data_type().clone(), true);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
        let mut bytes = Vec::new();
        let options = WriteOptions {
            arrow_stream: true,
            ..WriteOptions::default()
        };
        let mut sink = Sink::open(&mut bytes, &schema, Format::Arrow, &options).unwrap();
        sink.write(&batch).unwrap();
        sink.finish().unwrap();
        bytes
    }

    fn read_back(bytes: &[u8]) -> Result<Table, TableFault> {
        read(Format::Arrow, bytes, &ReadOptions::default())
    }

    #[test]
    fn moments_of_a_zone_and_empty_columns_come_back_as_they_were() {
        let moments = TimestampMicrosecondArray::from(vec![Some(1_600_000_000_000_000), None]);
        let columns: [ArrayRef; 2] = [
            Arc::new(moments.with_timezone("Europe/Vienna")),
            Arc::new(NullArray::new(2)),
        ];
        for column in columns {
            let table = read_back(&stream(Arc::clone(&column))).unwrap();
            let written = Written::of(&table.columns()[0]).unwrap();
            assert_eq!(&written.rows(0..2).unwrap(), &column);
        }
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Vienna".into()));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["2020-09-13T12:26:40"]));
        assert_eq!(of_type(&texts, &zoned).unwrap().data_type(), &zoned);
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\xff"[..]]));
        let fault = read_back(&stream(bytes)).unwrap_err();
        assert_eq!(fault.code(), "table.unreadable_value");
    }
}
