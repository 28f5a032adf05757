//! The formats of tables, and how they are read and written.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A format of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text with a delimiter (RFC 4180, any delimiter).
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC, as a file or as a stream.
    Arrow,
}

impl Format {
    /// The format that a file's name ends in; nothing for an ending that says none.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "txt" | "tab" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "arrows" | "ipc" | "feather" => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// How a table is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The delimiter of a CSV file; by itself the one of `,` `;` tab `|` that the first lines agree on.
    pub delimiter: Option<u8>,
    /// What may not be passed.
    pub limits: TableLimits,
}

/// How a table is written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The delimiter of a CSV file.
    pub delimiter: u8,
    /// Arrow as a stream instead of a file.
    pub arrow_stream: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            delimiter: b',',
            arrow_stream: false,
        }
    }
}

/// What a table may not pass. Each is a fault of its own when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLimits {
    /// Rows.
    pub rows_max: u64,
    /// Columns.
    pub columns_max: usize,
    /// Bytes of one row of a CSV file, which also bounds what an open quote may swallow.
    pub row_bytes_max: u64,
    /// Bytes of the values of one column, each counted once.
    pub value_bytes_max: usize,
    /// Bytes that the columns of an [`crate::Input`] take which are held.
    pub held_bytes_max: usize,
    /// Bytes of a Parquet or Arrow table that comes as a stream.
    pub stream_bytes_max: u64,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self {
            rows_max: 1 << 31,
            columns_max: 4_096,
            row_bytes_max: 16 << 20,
            value_bytes_max: 4 << 30,
            held_bytes_max: 16 << 30,
            stream_bytes_max: 4 << 30,
        }
    }
}
