//! Arguments as text, row by row.

use datafusion::arrow::array::{Array, ArrayRef, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarFunctionArgs;

use super::bad_argument;

/// The arguments of a call.
pub(super) struct Cells {
    columns: Vec<StringArray>,
    rows: usize,
}

impl Cells {
    /// Reads arguments of any type that has a text: texts of every kind, numbers, dates.
    pub(super) fn of(args: &ScalarFunctionArgs) -> Result<Self> {
        let rows = args.number_rows;
        let mut columns = Vec::with_capacity(args.args.len());
        for argument in &args.args {
            let array: ArrayRef = argument.to_array(rows)?;
            if array.data_type().is_nested() {
                return Err(bad_argument());
            }
            let text = cast(&array, &DataType::Utf8).map_err(|_| bad_argument())?;
            let text = text
                .as_any()
                .downcast_ref::<StringArray>()
                .ok_or_else(bad_argument)?;
            columns.push(text.clone());
        }
        Ok(Self { columns, rows })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// An argument of a row; none for one that is missing.
    pub(super) fn at(&self, argument: usize, row: usize) -> Option<&str> {
        let column = self.columns.get(argument)?;
        (row < column.len() && column.is_valid(row)).then(|| column.value(row))
    }

    /// The same for an argument where an empty text means nothing.
    pub(super) fn filled(&self, argument: usize, row: usize) -> Option<&str> {
        self.at(argument, row)
            .filter(|text| !text.trim().is_empty())
    }
}
