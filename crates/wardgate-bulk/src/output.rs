//! Rows into a file, the same bytes for the same rows, however they came in batches.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;

use crate::failure::Failure;
use crate::job::Format;

/// A file that rows are written to.
pub(crate) struct Output {
    form: Form,
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    /// Rows that were written.
    pub(crate) rows: u64,
    /// Lines that were left out, since a resource was refused.
    pub(crate) left_out: u64,
}

enum Form {
    Parquet(Box<ArrowWriter<BufWriter<File>>>),
    Ndjson(LineDelimitedWriter<BufWriter<File>>),
    Lines(BufWriter<File>),
}

impl Output {
    pub(crate) fn new(path: &Path, format: Format, planned: &Schema) -> Result<Self, Failure> {
        let file = File::create_new(path).map_err(|error| unwritten(&error))?;
        let file = BufWriter::new(file);
        let schema = Arc::new(plain(planned));
        let form = match format {
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_created_by("wardgate-bulk".to_owned())
                    .set_max_row_group_row_count(Some(GROUP_ROWS))
                    .build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
                Form::Parquet(Box::new(writer.map_err(|error| unwritten(&error))?))
            }
            Format::Ndjson => Form::Ndjson(LineDelimitedWriter::new(file)),
            Format::Lines => Form::Lines(file),
        };
        Ok(Self {
            form,
            schema,
            waiting: Vec::new(),
            waiting_rows: 0,
            rows: 0,
            left_out: 0,
        })
    }

    /// Adds rows; they are written by the chunk, so that pages of Parquet do not follow from batches.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let batch = to_schema(batch, &self.schema).map_err(|error| unwritten(&error))?;
        self.waiting_rows += batch.num_rows();
        self.waiting.push(batch);
        if self.waiting_rows < CHUNK_ROWS {
            return Ok(());
        }
        let all = concat_batches(&self.schema, &self.waiting).map_err(|error| unwritten(&error))?;
        let whole = all.num_rows() / CHUNK_ROWS * CHUNK_ROWS;
        for start in (0..whole).step_by(CHUNK_ROWS) {
            self.write(&all.slice(start, CHUNK_ROWS))?;
        }
        self.waiting_rows = all.num_rows() - whole;
        self.waiting = vec![all.slice(whole, self.waiting_rows)];
        Ok(())
    }

    /// Writes what waits and makes the file durable.
    pub(crate) fn finish(mut self) -> Result<(u64, u64), Failure> {
        if self.waiting_rows > 0 {
            let rest =
                concat_batches(&self.schema, &self.waiting).map_err(|error| unwritten(&error))?;
            self.write(&rest)?;
        }
        let file = match self.form {
            Form::Parquet(writer) => writer.into_inner().map_err(|error| unwritten(&error))?,
            Form::Ndjson(mut writer) => {
                writer.finish().map_err(|error| unwritten(&error))?;
                writer.into_inner()
            }
            Form::Lines(writer) => writer,
        };
        let file = file
            .into_inner()
            .map_err(|error| unwritten(error.error()))?;
        file.sync_all().map_err(|error| unwritten(&error))?;
        Ok((self.rows, self.left_out))
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.rows += batch.num_rows() as u64;
        match &mut self.form {
            Form::Parquet(writer) => writer.write(batch).map_err(|error| unwritten(&error)),
            Form::Ndjson(writer) => writer.write(batch).map_err(|error| unwritten(&error)),
            Form::Lines(writer) => {
                let left_out = write_lines(writer, batch).map_err(|error| unwritten(&error))?;
                self.left_out += left_out;
                self.rows -= left_out;
                Ok(())
            }
        }
    }
}

/// Writes texts as lines and counts those that are missing.
fn write_lines(writer: &mut impl Write, batch: &RecordBatch) -> std::io::Result<u64> {
    let mut left_out = 0;
    let column: Option<&StringArray> = batch
        .columns()
        .first()
        .and_then(|column| column.as_string_opt());
    for line in column.into_iter().flatten() {
        match line {
            // What breaks a line would make two of one.
            Some(line) if !line.contains('\n') => {
                writer.write_all(line.as_bytes())?;
                writer.write_all(b"\n")?;
            }
            _ => left_out += 1,
        }
    }
    Ok(left_out)
}

/// The columns with one type for each kind of value: a plan on a cluster may hold texts in another form, and know
/// more or less of what can be missing.
fn plain(planned: &Schema) -> Schema {
    let field = |field: &Arc<Field>| {
        let kind = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
            DataType::Dictionary(_, value) => value.as_ref().clone(),
            other => other.clone(),
        };
        Field::new(field.name(), kind, true)
    };
    Schema::new(planned.fields().iter().map(field).collect::<Vec<_>>())
}

fn to_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}

/// A failure at the output; its own text can quote cells and is dropped.
fn unwritten(_: &dyn std::error::Error) -> Failure {
    Failure::new(
        "an output file can not be written",
        "look at the space and rights of the folder, and whether all columns fit the job's format",
    )
}

/// Rows that are written at once, and rows of a group of Parquet.
const CHUNK_ROWS: usize = 8_192;
const GROUP_ROWS: usize = 1 << 20;
