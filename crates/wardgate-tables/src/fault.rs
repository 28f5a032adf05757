//! Why a table, a hierarchy or a plan was refused.

use thiserror::Error;

/// Why a table, a hierarchy or a plan was refused: what happened and what to do, never a value of the table.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{what}{}", place(self))]
pub struct TableFault {
    code: &'static str,
    what: String,
    hint: &'static str,
    column: Option<String>,
    row: Option<u64>,
}

impl TableFault {
    /// A fault with its stable code, such as `table.ragged_row`.
    ///
    /// INVARIANT: `what` is made of words of the program and names of columns, never of cells.
    #[must_use]
    pub fn new(code: &'static str, what: impl Into<String>, hint: &'static str) -> Self {
        Self {
            code,
            what: what.into(),
            hint,
            column: None,
            row: None,
        }
    }

    /// The same fault in a column.
    #[must_use]
    pub fn column(mut self, name: &str) -> Self {
        self.column = Some(name.to_owned());
        self
    }

    /// The same fault at a row; the first row below the header is row 1.
    #[must_use]
    pub fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.hint
    }

    /// The name of the column, where the fault lies in one.
    #[must_use]
    pub fn column_name(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// The number of the row, counted from 1 below the header, where the fault lies in one.
    #[must_use]
    pub fn row_number(&self) -> Option<u64> {
        self.row
    }
}

/// Where the fault lies, as the end of its sentence.
fn place(fault: &TableFault) -> String {
    match (&fault.column, fault.row) {
        (Some(column), Some(row)) => format!(" in column `{column}`, row {row}"),
        (Some(column), None) => format!(" in column `{column}`"),
        (None, Some(row)) => format!(" in row {row}"),
        (None, None) => String::new(),
    }
}
