//! A table in a file of which only some columns are held; others pass again when the output is written.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;

#[cfg(feature = "columnar")]
use arrow::array::{Array as _, StringArray};
use aws_lc_rs::digest::{Context, SHA256};

#[cfg(feature = "columnar")]
use super::columnar::Opened;
use super::delimited::{Line, Lines};
use super::kind::KindTeller;
use super::{ColumnBuilder, Format, ReadOptions, Table, TableLimits, check_names};
use crate::fault::TableFault;
use crate::release::{Advance, Unit};

/// What a column is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is held in memory.
    Held,
    /// It passes from the input to the output.
    Passing,
    /// It is of no use.
    None,
}

/// A column of the input.
#[derive(Clone, Debug)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
    pub(crate) used: Use,
    /// What its values are, of one that passes and has no type of its own.
    pub(crate) kind: KindTeller,
    /// The type that it has in its Arrow or Parquet file.
    #[cfg(feature = "columnar")]
    pub(crate) origin: Option<arrow::datatypes::DataType>,
}

/// A table whose columns of use are held.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) table: Table,
    pub(crate) rows: Rows,
}

/// The rows of a file that can be gone through again.
#[derive(Debug)]
pub(crate) struct Rows {
    file: File,
    format: Format,
    options: ReadOptions,
    stamp: Stamp,
    /// How many there are.
    pub(crate) count: u64,
    /// All columns, in the order of the file.
    pub(crate) columns: Vec<SourceColumn>,
}

/// What is wanted of a table.
pub(crate) struct Wanted<'w> {
    /// What a column is wanted for, by its name.
    pub(crate) uses: &'w dyn Fn(&str) -> Use,
    /// Whether the columns, all by name, will do.
    pub(crate) check: &'w dyn Fn(&[&str]) -> Result<(), TableFault>,
}

/// Tells how far the reading is.
pub(crate) type Tell<'t> = &'t dyn Fn(Advance);

impl Loaded {
    /// Reads the columns that are held. A file that can be read only once, such as a pipe, is held as far as
    /// it is of any use.
    pub(crate) fn of(
        file: File,
        format: Format,
        options: &ReadOptions,
        wanted: &Wanted<'_>,
        tell: Tell<'_>,
    ) -> Result<Self, TableFault> {
        let metadata = file.metadata().map_err(|fault| unreadable(&fault))?;
        let again = metadata.is_file();
        let uses = |name: &str| match (wanted.uses)(name) {
            Use::Passing if !again => Use::Held,
            used => used,
        };
        let wanted = Wanted {
            uses: &uses,
            check: wanted.check,
        };
        let mut rows = Rows {
            stamp: Stamp::of(&metadata),
            file,
            format,
            options: options.clone(),
            count: 0,
            columns: Vec::new(),
        };
        let table = match format {
            Format::Csv => rows.held_of_lines(&wanted, again, tell)?,
            #[cfg(feature = "columnar")]
            Format::Parquet | Format::Arrow => rows.held_of_batches(&wanted, tell)?,
            #[cfg(not(feature = "columnar"))]
            Format::Parquet | Format::Arrow => return Err(super::left_out()),
        };
        rows.count = table.rows() as u64;
        Ok(Self { table, rows })
    }
}

/// The values of one row in the columns that pass.
pub(crate) enum Passing<'p> {
    Line(&'p Line<'p>, &'p [usize]),
    #[cfg(feature = "columnar")]
    Texts(&'p [StringArray], usize),
}

impl Passing<'_> {
    /// The value in the column of this place among those that pass.
    pub(crate) fn value(&self, place: usize) -> Result<&str, TableFault> {
        match self {
            Self::Line(line, places) => match places.get(place) {
                Some(at) => line.field(*at),
                None => Ok(""),
            },
            #[cfg(feature = "columnar")]
            Self::Texts(texts, row) => Ok(texts
                .get(place)
                .filter(|texts| *row < texts.len() && texts.is_valid(*row))
                .map_or("", |texts| texts.value(*row))),
        }
    }
}

impl Rows {
    /// Shows each row again, in order. The caller learns of a file that is not the one that was read first by
    /// a fault, at the latest after the last row.
    pub(crate) fn each(
        &self,
        tell: Tell<'_>,
        look: &mut dyn FnMut(u64, &Passing<'_>) -> Result<(), TableFault>,
    ) -> Result<(), TableFault> {
        let mut file = self.rewound()?;
        let count = match self.format {
            Format::Csv => self.each_line(&mut file, tell, look)?,
            #[cfg(feature = "columnar")]
            Format::Parquet | Format::Arrow => self.each_of_batches(file, tell, look)?,
            #[cfg(not(feature = "columnar"))]
            Format::Parquet | Format::Arrow => return Err(super::left_out()),
        };
        if count != self.count {
            return Err(changed());
        }
        self.check_unchanged()
    }

    /// The SHA-256 of the file; nothing for one that can be read only once.
    pub(crate) fn sha256(&self) -> Result<Option<String>, TableFault> {
        let metadata = self.file.metadata().map_err(|fault| unreadable(&fault))?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut file = self.rewound()?;
        let mut context = Context::new(&SHA256);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => context.update(buffer.get(..count).unwrap_or_default()),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(unreadable(&fault)),
            }
        }
        self.check_unchanged()?;
        let digest = context.finish();
        Ok(Some(
            digest.as_ref().iter().map(|b| format!("{b:02x}")).collect(),
        ))
    }

    fn check_unchanged(&self) -> Result<(), TableFault> {
        let metadata = self.file.metadata().map_err(|fault| unreadable(&fault))?;
        match Stamp::of(&metadata) == self.stamp {
            true => Ok(()),
            false => Err(changed()),
        }
    }

    fn held_of_lines(
        &mut self,
        wanted: &Wanted<'_>,
        again: bool,
        tell: Tell<'_>,
    ) -> Result<Table, TableFault> {
        let read = Counted::of(match again {
            true => self.rewound()?,
            false => self.file.try_clone().map_err(|fault| unreadable(&fault))?,
        });
        let bytes = std::rc::Rc::clone(&read.bytes);
        let mut lines = Lines::open(read, &self.options)?;
        self.columns = wanted.columns(lines.names())?;
        let mut held: Vec<(usize, ColumnBuilder)> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.used == Use::Held)
            .map(|(at, column)| (at, ColumnBuilder::new(&column.name)))
            .collect();
        let limits = &self.options.limits;
        let mut rows = 0_u64;
        while let Some(line) = lines.next()? {
            for (at, column) in &mut held {
                line.add(*at, column)?;
            }
            for (at, column) in self.columns.iter_mut().enumerate() {
                if column.used == Use::Passing {
                    column.kind.look(line.field(at)?);
                }
            }
            rows += 1;
            if rows.is_multiple_of(TOLD_ROWS) {
                check_held(held.iter().map(|(_, column)| column), limits)?;
                tell(Advance::new(bytes.get(), self.stamp.len, Unit::Bytes));
            }
        }
        check_held(held.iter().map(|(_, column)| column), limits)?;
        Table::new(
            held.into_iter()
                .map(|(_, column)| column.finish())
                .collect(),
        )
    }

    fn each_line(
        &self,
        file: &mut File,
        tell: Tell<'_>,
        look: &mut dyn FnMut(u64, &Passing<'_>) -> Result<(), TableFault>,
    ) -> Result<u64, TableFault> {
        let mut lines = Lines::open(file, &self.options)?;
        if !lines
            .names()
            .eq(self.columns.iter().map(|column| column.name.as_str()))
        {
            return Err(changed());
        }
        let places: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.used == Use::Passing)
            .map(|(at, _)| at)
            .collect();
        let mut row = 0;
        while let Some(line) = lines.next()? {
            if row >= self.count {
                return Err(changed());
            }
            look(row, &Passing::Line(&line, &places))?;
            row += 1;
            if row.is_multiple_of(TOLD_ROWS) {
                tell(Advance::new(row, self.count, Unit::Rows));
            }
        }
        Ok(row)
    }

    #[cfg(feature = "columnar")]
    fn held_of_batches(
        &mut self,
        wanted: &Wanted<'_>,
        tell: Tell<'_>,
    ) -> Result<Table, TableFault> {
        let limits = &self.options.limits;
        let is_held = |name: &str| (wanted.uses)(name) == Use::Held;
        let opened = Opened::file(self.format, self.rewound()?, limits, &is_held)?;
        self.columns = wanted.columns(opened.columns.iter().map(ColumnBuilder::name))?;
        for (column, opened) in self.columns.iter_mut().zip(&opened.columns) {
            column.origin = opened.origin().cloned();
        }
        let total = opened.rows.unwrap_or(0);
        let columns = opened.held(limits, &|columns, rows| {
            tell(Advance::new(rows, total, Unit::Rows));
            check_held(columns.iter(), limits)
        })?;
        let held = columns.into_iter().filter(|column| is_held(column.name()));
        Table::new(held.map(ColumnBuilder::finish).collect())
    }

    #[cfg(feature = "columnar")]
    fn each_of_batches(
        &self,
        file: File,
        tell: Tell<'_>,
        look: &mut dyn FnMut(u64, &Passing<'_>) -> Result<(), TableFault>,
    ) -> Result<u64, TableFault> {
        let limits = &self.options.limits;
        let passes = |name: &str| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.used == Use::Passing && column.name == name)
        };
        let mut opened = Opened::file(self.format, file, limits, &passes)?;
        let names = opened.columns.iter().map(ColumnBuilder::name);
        let origins = opened.columns.iter().map(ColumnBuilder::origin);
        if !names.eq(self.columns.iter().map(|column| column.name.as_str()))
            || !origins.eq(self.columns.iter().map(|column| column.origin.as_ref()))
        {
            return Err(changed());
        }
        let (mut start, mut rows) = (0, 0);
        while let Some(texts) = opened.next(&mut rows, limits)? {
            if rows > self.count {
                return Err(changed());
            }
            for (at, row) in (start..rows).enumerate() {
                look(row, &Passing::Texts(&texts, at))?;
            }
            start = rows;
            tell(Advance::new(rows, self.count, Unit::Rows));
        }
        Ok(rows)
    }

    /// The file from its start. What stands at the path by now is of no matter.
    fn rewound(&self) -> Result<File, TableFault> {
        let mut file = self.file.try_clone().map_err(|fault| unreadable(&fault))?;
        file.seek(SeekFrom::Start(0))
            .map_err(|fault| unreadable(&fault))?;
        Ok(file)
    }
}

impl Wanted<'_> {
    fn columns<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<Vec<SourceColumn>, TableFault> {
        let names: Vec<&str> = names.collect();
        check_names(names.iter().copied())?;
        (self.check)(&names)?;
        let columns = names.iter();
        Ok(columns
            .map(|name| SourceColumn::new(name, (self.uses)(name)))
            .collect())
    }
}

impl SourceColumn {
    fn new(name: &str, used: Use) -> Self {
        Self {
            name: name.to_owned(),
            used,
            kind: KindTeller::default(),
            #[cfg(feature = "columnar")]
            origin: None,
        }
    }
}

/// What shows that a file was written to. The time of its last change can not be set by its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A reader that says how many bytes it gave.
struct Counted {
    file: File,
    bytes: std::rc::Rc<std::cell::Cell<u64>>,
}

impl Counted {
    fn of(file: File) -> Self {
        Self {
            file,
            bytes: std::rc::Rc::default(),
        }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

/// Looks whether columns keep within the memory that they may take.
pub(super) fn check_held<'c>(
    columns: impl Iterator<Item = &'c ColumnBuilder>,
    limits: &TableLimits,
) -> Result<(), TableFault> {
    let bytes_max = limits.held_bytes_max;
    if columns.map(ColumnBuilder::bytes).sum::<usize>() <= bytes_max {
        return Ok(());
    }
    Err(TableFault::new(
        "table.held_bytes_max",
        format!("the columns that are held take more than {bytes_max} bytes"),
        "name fewer columns as quasi-identifiers and sensitive, split the table, or raise the limit `held_bytes_max`",
    ))
}

fn unreadable(fault: &io::Error) -> TableFault {
    TableFault::new(
        "table.unreadable",
        format!("the table can not be read: {}", fault.kind()),
        "give a file that may be read",
    )
}

fn changed() -> TableFault {
    TableFault::new(
        "table.changed",
        "the table was changed while it was worked on",
        "run the same command again when nobody writes to it; nothing was written",
    )
}

/// Rows between two words on how far the work is.
const TOLD_ROWS: u64 = 1 << 14;
const BUFFER_BYTES: usize = 1 << 18;
