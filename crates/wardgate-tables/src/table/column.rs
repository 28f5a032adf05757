//! A column: its name, its values, and one code for each row.

use super::codes::Codes;
use super::dictionary::{Dictionary, Index};
use super::format::Format;
use super::kind::Kind;
use crate::fault::TableFault;

/// A column of a table. A missing value is the empty text.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    kind: Kind,
    codes: Codes,
    values: Dictionary,
    #[cfg(feature = "columnar")]
    origin: Option<arrow::datatypes::DataType>,
}

impl Column {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What all its values are.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.codes.len()
    }

    /// How many values the dictionary holds. Codes are below it.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.values.len()
    }

    /// The code of a row, counted from 0; 0 beyond the end.
    #[must_use]
    pub fn code(&self, row: usize) -> u32 {
        self.codes.at(row)
    }

    /// The codes of all rows.
    pub fn codes(&self) -> impl Iterator<Item = u32> + '_ {
        self.codes.iter()
    }

    /// The value of a row, counted from 0; empty beyond the end.
    #[must_use]
    pub fn value(&self, row: usize) -> &str {
        if row < self.codes.len() {
            self.values.value(self.codes.at(row))
        } else {
            ""
        }
    }

    /// The value of a code; empty for a code that is none.
    #[must_use]
    pub fn decoded(&self, code: u32) -> &str {
        self.values.value(code)
    }

    /// The values by code.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &str> {
        self.values.values()
    }

    /// How often each value stands, by code.
    #[must_use]
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for code in self.codes.iter() {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The numbers by code, `None` for a missing value; nothing when the column does not hold numbers.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<Option<f64>>> {
        matches!(self.kind, Kind::Integer | Kind::Decimal).then(|| {
            self.values
                .values()
                .map(|value| value.parse().ok())
                .collect()
        })
    }

    /// The same column under another name.
    #[must_use]
    pub fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// It is of the kind of another column from now on.
    pub(crate) fn take_kind_of(&mut self, other: &Self) {
        self.kind = other.kind;
    }

    /// The column as it is read again from a file of a format: a number may stand in other digits there.
    #[cfg(feature = "columnar")]
    pub(crate) fn written_in(self, format: Format) -> Result<Self, TableFault> {
        if format == Format::Csv {
            return Ok(self);
        }
        let mut column = super::columnar::as_written(&self)?;
        column.take_kind_of(&self);
        column.origin = self.origin;
        Ok(column)
    }

    #[cfg(not(feature = "columnar"))]
    pub(crate) fn written_in(self, _: Format) -> Result<Self, TableFault> {
        Ok(self)
    }

    /// A column of text from values by code and the codes of the rows.
    #[must_use]
    pub fn from_codes<'v>(
        name: &str,
        values: impl IntoIterator<Item = &'v str>,
        codes: impl IntoIterator<Item = u32>,
    ) -> Self {
        let mut index = Index::default();
        let renumbered: Vec<u32> = values.into_iter().map(|value| index.code(value)).collect();
        let mut kept = Codes::new();
        for code in codes {
            // A code that is none becomes the missing value, not somebody else's.
            let known = renumbered.get(code as usize).copied();
            kept.push(known.unwrap_or_else(|| index.code("")));
        }
        kept.shrink();
        Self::assembled(name, kept, index.finish())
    }

    fn assembled(name: &str, codes: Codes, values: Dictionary) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::of(values.values()),
            codes,
            values,
            #[cfg(feature = "columnar")]
            origin: None,
        }
    }

    /// The column of these rows. The dictionary is made anew, so that no value of another row stays in it.
    #[must_use]
    pub(crate) fn taken(&self, rows: impl Iterator<Item = usize>) -> Self {
        let mut index = Index::default();
        let mut known = vec![u32::MAX; self.values.len()];
        let codes = rows
            .map(|row| {
                let code = self.codes.at(row);
                let Some(known) = known.get_mut(code as usize) else {
                    return index.code("");
                };
                if *known == u32::MAX {
                    *known = index.code(self.values.value(code));
                }
                *known
            })
            .collect();
        Self {
            name: self.name.clone(),
            kind: self.kind,
            codes,
            values: index.finish(),
            #[cfg(feature = "columnar")]
            origin: self.origin.clone(),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.codes.bytes() + self.values.bytes()
    }

    /// The type that the column had in its Arrow or Parquet file.
    #[cfg(feature = "columnar")]
    pub(crate) fn origin(&self) -> Option<&arrow::datatypes::DataType> {
        self.origin.as_ref()
    }
}

/// A column under construction.
#[derive(Clone, Debug)]
pub struct ColumnBuilder {
    name: String,
    codes: Codes,
    index: Index,
    #[cfg(feature = "columnar")]
    origin: Option<arrow::datatypes::DataType>,
}

impl ColumnBuilder {
    /// A column without rows.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            codes: Codes::new(),
            index: Index::default(),
            #[cfg(feature = "columnar")]
            origin: None,
        }
    }

    /// Adds a row; the empty text stands for a missing value.
    pub fn push(&mut self, value: &str) {
        let code = self.index.code(value);
        self.codes.push(code);
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[cfg(feature = "columnar")]
    pub(crate) fn origin(&self) -> Option<&arrow::datatypes::DataType> {
        self.origin.as_ref()
    }

    /// How many bytes the values take, each once.
    #[must_use]
    pub fn value_bytes(&self) -> usize {
        self.index.text_bytes()
    }

    /// How many bytes its codes and its values take.
    pub(crate) fn bytes(&self) -> usize {
        self.codes.bytes() + self.index.bytes()
    }

    /// How many values there are.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.index.len()
    }

    /// The finished column; its kind is what all its values are.
    #[must_use]
    pub fn finish(mut self) -> Column {
        self.codes.shrink();
        #[cfg(feature = "columnar")]
        let origin = self.origin.take();
        let column = Column::assembled(&self.name, self.codes, self.index.finish());
        #[cfg(feature = "columnar")]
        let column = Column { origin, ..column };
        column
    }

    #[cfg(feature = "columnar")]
    pub(crate) fn with_origin(mut self, origin: arrow::datatypes::DataType) -> Self {
        self.origin = Some(origin);
        self
    }
}
