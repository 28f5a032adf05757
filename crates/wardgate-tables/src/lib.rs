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

mod assessment;
mod classes;
mod fault;
mod grouping;
mod hierarchy;
mod local;
mod model;
mod multidimensional;
mod partition;
mod plan;
pub mod poisoning;
pub mod private;
mod problem;
mod recheck;
mod recoding;
mod release;
mod risk;
mod search;
mod suggestion;
pub mod synthetic;
mod table;
mod utility;
mod watch;

pub use assessment::{Assessment, SensitiveAssessment};
pub use fault::TableFault;
pub use hierarchy::{Hierarchy, HierarchyRule};
pub use model::{Distance, Model};
pub use plan::{Method, Plan};
pub use release::{
    Advance, ColumnLevel, Draft, Input, Keeper, Pseudonym, Release, ReleaseReport, Solution, Step,
    Surroundings, Unit, anonymise,
};
pub use risk::{
    AboveThreshold, PopulationKnowledge, PopulationUniqueness, Risk, Risks, UniquenessMethod,
};
pub use suggestion::{Combination, Role, Suggestion};
pub use table::{
    Column, ColumnBuilder, Format, Kind, ReadOptions, Table, TableLimits, WriteOptions,
};
pub use utility::{ColumnGranularity, Utility};
