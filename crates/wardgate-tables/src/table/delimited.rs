//! CSV: any delimiter, quoted fields, a header. The encoding is UTF-8; a row that breaks the shape is a fault.

use std::cell::Cell;
use std::io::{self, BufWriter, Read, Write};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use super::format::{ReadOptions, TableLimits, WriteOptions};
use super::outgoing::{Fill, Outgoing};
use super::{ColumnBuilder, Table};
use crate::fault::TableFault;

/// Reads a table.
pub(super) fn read(source: impl Read, options: &ReadOptions) -> Result<Table, TableFault> {
    let mut lines = Lines::open(source, options)?;
    let mut columns: Vec<ColumnBuilder> = lines.names().map(ColumnBuilder::new).collect();
    while let Some(line) = lines.next()? {
        for (at, column) in columns.iter_mut().enumerate() {
            line.add(at, column)?;
        }
    }
    Table::new(columns.into_iter().map(ColumnBuilder::finish).collect())
}

/// The rows of a CSV file below its header, one at a time.
pub(super) struct Lines<R> {
    rows: csv::Reader<Bounded<io::Chain<io::Cursor<Vec<u8>>, R>>>,
    spent: Rc<Cell<u64>>,
    record: ByteRecord,
    row: u64,
    names: Vec<String>,
    limits: TableLimits,
}

/// A row of a CSV file.
pub(crate) struct Line<'l> {
    record: &'l ByteRecord,
    whole: &'l str,
    row: u64,
    limits: &'l TableLimits,
}

impl<R: Read> Lines<R> {
    /// Reads the header.
    pub(super) fn open(mut source: R, options: &ReadOptions) -> Result<Self, TableFault> {
        let mut head = Vec::new();
        source
            .by_ref()
            .take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(|fault| unreadable(&fault))?;
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(TableFault::new(
                "table.encoding",
                "the table is written in UTF-16",
                "save it as UTF-8",
            ));
        }
        if head.starts_with(MARK) {
            head.drain(..MARK.len());
        }
        let delimiter = options.delimiter.unwrap_or_else(|| told_delimiter(&head));
        let spent = Rc::new(Cell::new(0));
        let bounded = Bounded {
            source: io::Cursor::new(head).chain(source),
            spent: Rc::clone(&spent),
            bytes_max: options.limits.row_bytes_max,
        };
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(bounded);
        let mut record = ByteRecord::new();
        if !rows
            .read_byte_record(&mut record)
            .map_err(|fault| told(&fault, 0))?
        {
            return Err(TableFault::new(
                "table.empty",
                "the table is empty",
                "give a table with a header",
            ));
        }
        Ok(Self {
            names: header(&record, &options.limits)?,
            rows,
            spent,
            record,
            row: 0,
            limits: options.limits.clone(),
        })
    }

    /// The names of the columns, as the header has them.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The next row; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, TableFault> {
        self.spent.set(0);
        let row = self.row + 1;
        if !self
            .rows
            .read_byte_record(&mut self.record)
            .map_err(|fault| told(&fault, row))?
        {
            return Ok(None);
        }
        self.row = row;
        if row > self.limits.rows_max {
            return Err(TableFault::new(
                "table.rows_max",
                format!("the table has more than {} rows", self.limits.rows_max),
                "split the table or raise the limit `rows_max`",
            ));
        }
        if self.record.len() != self.names.len() {
            return Err(ragged(row));
        }
        // Checked whole, not by field: nearly all of the reader's time is here.
        let whole = std::str::from_utf8(self.record.as_slice()).map_err(|_| not_utf8(row))?;
        Ok(Some(Line {
            record: &self.record,
            whole,
            row,
            limits: &self.limits,
        }))
    }
}

impl Line<'_> {
    /// What stands in a column.
    pub(super) fn field(&self, at: usize) -> Result<&str, TableFault> {
        self.record
            .range(at)
            .and_then(|range| self.whole.get(range))
            .ok_or_else(|| not_utf8(self.row))
    }

    /// Adds what stands in a column to it.
    pub(super) fn add(&self, at: usize, column: &mut ColumnBuilder) -> Result<(), TableFault> {
        column.push(self.field(at)?);
        let bytes_max = self.limits.value_bytes_max;
        if column.value_bytes() > bytes_max || column.distinct() >= u32::MAX as usize {
            return Err(TableFault::new(
                "table.value_bytes_max",
                format!("the different values of a column take more than {bytes_max} bytes"),
                "leave out the column or raise the limit `value_bytes_max`",
            )
            .row(self.row));
        }
        Ok(())
    }
}

/// Rows on their way into a CSV file; fields are quoted where they must be.
pub(crate) struct Writer<'t, W: Write> {
    columns: Vec<Outgoing<'t>>,
    rows: csv::Writer<BufWriter<W>>,
    written: usize,
    field: String,
}

impl<'t, W: Write> Writer<'t, W> {
    /// Writes the header.
    pub(super) fn open(
        output: W,
        columns: Vec<Outgoing<'t>>,
        options: &WriteOptions,
    ) -> Result<Self, TableFault> {
        let mut rows = WriterBuilder::new()
            .delimiter(options.delimiter)
            .from_writer(BufWriter::new(output));
        rows.write_record(columns.iter().map(Outgoing::name))
            .map_err(|fault| unwritable(&fault.into()))?;
        Ok(Self {
            columns,
            rows,
            written: 0,
            field: String::new(),
        })
    }

    pub(super) fn row(&mut self, fill: Fill<'_>) -> Result<(), TableFault> {
        let failed = |fault: csv::Error| unwritable(&fault.into());
        let mut place = 0;
        for column in &self.columns {
            if let Outgoing::Held(column) = column {
                let value = column.value(self.written);
                self.rows.write_field(value).map_err(failed)?;
            } else {
                self.field.clear();
                fill(place, &mut self.field)?;
                place += 1;
                self.rows.write_field(&self.field).map_err(failed)?;
            }
        }
        self.written += 1;
        self.rows.write_record(None::<&[u8]>).map_err(failed)
    }

    pub(super) fn finish(mut self) -> Result<(), TableFault> {
        self.rows.flush().map_err(|fault| unwritable(&fault))
    }
}

fn unwritable(fault: &io::Error) -> TableFault {
    TableFault::new(
        "table.unwritable",
        format!("the table can not be written: {}", fault.kind()),
        "look at the space and the rights of the output",
    )
}

/// The columns that the header names.
fn header(record: &ByteRecord, limits: &TableLimits) -> Result<Vec<String>, TableFault> {
    if record.len() > limits.columns_max {
        return Err(TableFault::new(
            "table.columns_max",
            format!("the table has more than {} columns", limits.columns_max),
            "leave out columns or raise the limit `columns_max`",
        ));
    }
    record
        .iter()
        .map(|name| {
            std::str::from_utf8(name)
                .map(|name| name.trim().to_owned())
                .map_err(|_| not_utf8(0))
        })
        .collect()
}

/// The delimiter that stands equally often in the first lines, the most frequent one of several.
fn told_delimiter(head: &[u8]) -> u8 {
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(head);
        let mut widths = rows
            .byte_records()
            .map_while(Result::ok)
            .map(|row| row.len());
        let first = widths.next().unwrap_or(0);
        // The last line of the head may be cut, so agreement is asked of the first few only.
        let alike = widths
            .take(LINES_COMPARED)
            .filter(|width| *width == first)
            .count()
            + 1;
        let score = if first > 1 {
            alike * 4_096 + first.min(4_095)
        } else {
            0
        };
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// A reader that gives up when one row takes too many bytes.
struct Bounded<R> {
    source: R,
    spent: Rc<Cell<u64>>,
    bytes_max: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.spent.get() > self.bytes_max {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "row_bytes_max"));
        }
        let count = self.source.read(buffer)?;
        self.spent.set(self.spent.get() + count as u64);
        Ok(count)
    }
}

/// A fault of the CSV reader in our words: its own may quote the row.
fn told(fault: &csv::Error, row: u64) -> TableFault {
    match fault.kind() {
        csv::ErrorKind::UnequalLengths { .. } => ragged(row),
        csv::ErrorKind::Utf8 { .. } => not_utf8(row),
        csv::ErrorKind::Io(fault) if fault.kind() == io::ErrorKind::FileTooLarge => TableFault::new(
            "table.row_bytes_max",
            "a row is too long",
            "close the open quote, give the right delimiter, or raise the limit `row_bytes_max`",
        )
        .row(row),
        csv::ErrorKind::Io(fault) => unreadable(fault),
        _ => TableFault::new(
            "table.malformed",
            "the table is no CSV",
            "give a CSV file with a header",
        )
        .row(row),
    }
}

fn ragged(row: u64) -> TableFault {
    TableFault::new(
        "table.ragged_row",
        "a row has not as many fields as the header",
        "give the right delimiter, or quote fields that hold it",
    )
    .row(row)
}

fn not_utf8(row: u64) -> TableFault {
    TableFault::new(
        "table.encoding",
        "the table is not written in UTF-8",
        "save it as UTF-8",
    )
    .row(row)
}

fn unreadable(fault: &io::Error) -> TableFault {
    TableFault::new(
        "table.unreadable",
        format!("the table can not be read: {}", fault.kind()),
        "give a file that may be read",
    )
}

/// The mark that some programs put before UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const HEAD_BYTES: u64 = 64 << 10;
const BUFFER_BYTES: usize = 128 << 10;
const LINES_COMPARED: usize = 16;
