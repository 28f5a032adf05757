//! Anonymises tables: privacy models, risk, private statistics, poisoning checks.
//!
//! A [`Table`] holds columns as codes into a dictionary of values, so that a column costs one, two or four
//! bytes a row. It is read from CSV, Parquet or Arrow and written to each of them.
//!
//! ```
//! use wardgate_tables::{Format, ReadOptions, Table};
//!
//! let table = Table::read(Format::Csv, &b"sex;age\nfemale;41\nmale;39\n"[..], &ReadOptions::default())?;
//! assert_eq!(table.rows(), 2);
//! assert_eq!(table.column("age")?.value(1), "39");
//! # Ok::<(), wardgate_tables::TableFault>(())
//! ```
#![deny(missing_docs)]

mod classes;
mod fault;
pub mod poisoning;
pub mod private;
pub mod synthetic;
mod grouping;
mod hierarchy;
mod model;
mod problem;
mod search;
mod table;
mod utility;

pub use fault::TableFault;
pub use hierarchy::{Hierarchy, HierarchyRule};
pub use model::{Distance, Model};
pub use table::{
    Column, ColumnBuilder, Format, Kind, ReadOptions, Table, TableLimits, WriteOptions,
};
