//! Why nothing was written: what happened and what to do, never a value of a row.

use std::fmt;

use datafusion::error::DataFusionError;

/// A failure of a role.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: &'static str,
}

impl Failure {
    /// INVARIANT: `message` is made of the program's words, paths, and names of columns and functions.
    pub(crate) fn new(message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            message: message.into(),
            hint,
        }
    }

    /// A failure of the engine or the cluster at some work. Their texts can quote cells, so that only marks
    /// that are known are taken from them.
    pub(crate) fn engine(work: &str, error: &DataFusionError) -> Self {
        let text = error.to_string();
        for (mark, what, hint) in KNOWN {
            if text.contains(mark) {
                return Self::new(format!("{work}: {what}"), hint);
            }
        }
        let kind = match error.find_root() {
            DataFusionError::ArrowError(..) => "the rows do not have the form of their file",
            DataFusionError::ParquetError(_) => "it is no whole Parquet file",
            DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => {
                "a file can not be read"
            }
            DataFusionError::SchemaError(..) | DataFusionError::Plan(_) => {
                "the job does not fit the columns"
            }
            DataFusionError::SQL(..) => "an expression is not one",
            DataFusionError::ResourcesExhausted(_) => "there is not enough memory",
            _ => "the engine failed",
        };
        Self::new(
            format!("{work}: {kind}"),
            "check the file and the job; the error's text is held back, since it can quote rows",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\nhint: {}", self.message, self.hint)
    }
}

/// Marks in errors of the engine and the cluster, and what they mean.
const KNOWN: [(&str, &str, &str); 7] = [
    (
        "There is no UDF named",
        "an executor or the scheduler has another key, profile, day or patients",
        "start every part with what gives the same `wardgate-bulk key-id`",
    ),
    (
        "ExtensionCodec is not provided for scalar function",
        "an executor or the scheduler has another key, profile, day or patients",
        "start every part with what gives the same `wardgate-bulk key-id`",
    ),
    (
        NO_KEY,
        "an expression would have to be worked out where there is no key",
        "give functions a column, not only fixed values",
    ),
    (
        NO_PATIENT,
        "a row has no patient",
        "leave out rows without a patient, or give a column that always has one",
    ),
    (
        BAD_ARGUMENT,
        "a function has an argument that it does not take",
        "see `wardgate-bulk --help` for the functions",
    ),
    (
        "Could not connect to scheduler",
        "the scheduler can not be reached",
        "start it, or name its address with --scheduler",
    ),
    (
        "transport error",
        "a part of the cluster can not be reached",
        "look at the scheduler and the executors, then run the job again",
    ),
];

/// Marks of this program's own functions.
pub(crate) const NO_KEY: &str = "wardgate-bulk: no key here";
pub(crate) const NO_PATIENT: &str = "wardgate-bulk: no patient in a row";
pub(crate) const BAD_ARGUMENT: &str = "wardgate-bulk: not an argument";
