//! Parquet and Arrow IPC. A column is read as text whatever its type, and written back in its type when it
//! was not changed; types that hold more than one value a row are refused.

use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array, make_array, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader;

use super::format::{Format, ReadOptions, TableLimits, WriteOptions};
use super::{Column, ColumnBuilder, Kind, Table};
use crate::fault::TableFault;

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
    if format == Format::Parquet {
        parquet(Bytes::from(bytes), &options.limits)
    } else {
        arrow(Cursor::new(bytes), &options.limits)
    }
}

/// Reads the table in a file.
pub(super) fn open(format: Format, file: File, options: &ReadOptions) -> Result<Table, TableFault> {
    if format == Format::Parquet {
        parquet(file, &options.limits)
    } else {
        arrow(BufReader::new(file), &options.limits)
    }
}

/// Writes a table.
pub(super) fn write(
    table: &Table,
    format: Format,
    output: impl Write + Send,
    options: &WriteOptions,
) -> Result<(), TableFault> {
    let columns: Vec<Written<'_>> = table
        .columns()
        .iter()
        .map(Written::of)
        .collect::<Result<_, _>>()?;
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| {
            Field::new(
                column.column.name(),
                column.values.data_type().clone(),
                true,
            )
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batches = (0..table.rows()).step_by(BATCH_ROWS).map(|start| {
        let rows = start..table.rows().min(start + BATCH_ROWS);
        let arrays = columns
            .iter()
            .map(|column| column.rows(rows.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(Arc::clone(&schema), arrays)
    });
    let output = BufWriter::new(output);
    match format {
        Format::Parquet => write_parquet(batches, &schema, output),
        _ if options.arrow_stream => write_stream(batches, &schema, output),
        _ => write_file(batches, &schema, output),
    }
    .map_err(|()| {
        TableFault::new(
            "table.unwritable",
            "the table can not be written",
            "look at the space and the rights of the output",
        )
    })
}

fn parquet(source: impl ChunkReader + 'static, limits: &TableLimits) -> Result<Table, TableFault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(|_| malformed())?;
    let mut columns = builders(builder.schema(), limits)?;
    let batches = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|_| malformed())?;
    fill(&mut columns, batches, limits)?;
    Table::new(columns.into_iter().map(ColumnBuilder::finish).collect())
}

fn arrow(mut source: impl Read + Seek, limits: &TableLimits) -> Result<Table, TableFault> {
    let mut magic = [0; 6];
    let file = source.read_exact(&mut magic).is_ok() && magic == *b"ARROW1";
    source.seek(SeekFrom::Start(0)).map_err(|_| malformed())?;
    let mut columns;
    if file {
        let batches = FileReader::try_new(source, None).map_err(|_| malformed())?;
        columns = builders(&batches.schema(), limits)?;
        fill(&mut columns, batches, limits)?;
    } else {
        let batches = StreamReader::try_new(source, None).map_err(|_| malformed())?;
        columns = builders(&batches.schema(), limits)?;
        fill(&mut columns, batches, limits)?;
    }
    Table::new(columns.into_iter().map(ColumnBuilder::finish).collect())
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

fn fill(
    columns: &mut [ColumnBuilder],
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    limits: &TableLimits,
) -> Result<(), TableFault> {
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|_| malformed())?;
        rows += batch.num_rows() as u64;
        if rows > limits.rows_max {
            return Err(TableFault::new(
                "table.rows_max",
                format!("the table has more than {} rows", limits.rows_max),
                "split the table or raise the limit `rows_max`",
            ));
        }
        let schema = batch.schema();
        let arrays = batch.columns().iter().zip(schema.fields());
        for (column, (array, field)) in columns.iter_mut().zip(arrays) {
            let texts = as_texts(array).map_err(|_| unreadable(field.name()))?;
            let texts = texts.as_string_opt::<i32>().ok_or_else(malformed)?;
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
    }
    Ok(())
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

/// Texts in the type that they were read from; the other way round of [`as_texts`].
fn of_type(texts: &ArrayRef, kind: &DataType) -> Result<ArrayRef, ArrowError> {
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

/// The same numbers under another type that stores them alike.
fn retyped(array: &ArrayRef, kind: DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data().into_builder().data_type(kind).build()?;
    Ok(make_array(data))
}

/// A column with its values in the type that they are written in.
struct Written<'t> {
    column: &'t Column,
    values: ArrayRef,
}

impl<'t> Written<'t> {
    fn of(column: &'t Column) -> Result<Self, TableFault> {
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
                    Err(_) => {
                        return Err(TableFault::new(
                            "table.type_lost",
                            "values can not be written in the type that they were read from",
                            "convert the column to text before",
                        )
                        .column(column.name()));
                    }
                }
            }
            _ => texts,
        };
        Ok(Self { column, values })
    }

    fn rows(&self, rows: std::ops::Range<usize>) -> Result<ArrayRef, ArrowError> {
        let codes: UInt32Array = rows.map(|row| self.column.code(row)).collect();
        take(&self.values, &codes, None)
    }
}

/// The type of a column that came from CSV. Dates with slashes or a time of day stay text.
fn typed(column: &Column) -> Option<DataType> {
    match column.kind() {
        Kind::Integer => Some(DataType::Int64),
        Kind::Decimal => Some(DataType::Float64),
        Kind::Boolean => Some(DataType::Boolean),
        Kind::Date => column
            .values()
            .all(|value| {
                value.is_empty() || (value.len() == 10 && value.as_bytes().get(4) == Some(&b'-'))
            })
            .then_some(DataType::Date32),
        Kind::Text => None,
    }
}

type Batches<'b> = &'b mut dyn Iterator<Item = Result<RecordBatch, ArrowError>>;

fn write_parquet(
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    schema: &Arc<Schema>,
    output: impl Write + Send,
) -> Result<(), ()> {
    let batches: Batches<'_> = &mut batches;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("wardgate".to_owned())
        .build();
    let mut writer =
        ArrowWriter::try_new(output, Arc::clone(schema), Some(properties)).map_err(drop)?;
    for batch in batches {
        writer.write(&batch.map_err(drop)?).map_err(drop)?;
    }
    writer.into_inner().map_err(drop)?.flush().map_err(drop)
}

fn write_stream(
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    schema: &Schema,
    output: impl Write,
) -> Result<(), ()> {
    let batches: Batches<'_> = &mut batches;
    let mut writer = StreamWriter::try_new(output, schema).map_err(drop)?;
    for batch in batches {
        writer.write(&batch.map_err(drop)?).map_err(drop)?;
    }
    writer.finish().map_err(drop)?;
    writer.into_inner().map_err(drop)?.flush().map_err(drop)
}

fn write_file(
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    schema: &Schema,
    output: impl Write,
) -> Result<(), ()> {
    let batches: Batches<'_> = &mut batches;
    let mut writer = FileWriter::try_new(output, schema).map_err(drop)?;
    for batch in batches {
        writer.write(&batch.map_err(drop)?).map_err(drop)?;
    }
    writer.finish().map_err(drop)?;
    writer.into_inner().map_err(drop)?.flush().map_err(drop)
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

const BATCH_ROWS: usize = 8_192;

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, NullArray, TimestampMicrosecondArray};
    use arrow::datatypes::TimeUnit;

    use super::*;

    fn stream(column: ArrayRef) -> Vec<u8> {
        let field = Field::new("a", column.data_type().clone(), true);
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
        let mut bytes = Vec::new();
        write_stream(std::iter::once(Ok(batch)), &schema, &mut bytes).unwrap();
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
