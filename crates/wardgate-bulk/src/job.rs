//! The description of a job.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;

/// What is read, and which columns are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The form of input and output.
    pub(crate) format: Format,
    /// The columns of the output, in order. A column of the input that is not named is not written.
    pub(crate) columns: Vec<Column>,
}

/// The form of files.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Parquet.
    Parquet,
    /// One JSON object in each line, whose keys are columns.
    Ndjson,
    /// One text in each line, as the column `line`; such as FHIR resources.
    Lines,
}

/// A column of the output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// The expression that makes it.
    #[serde(rename = "as")]
    pub(crate) expression: Option<String>,
    /// True for a column of the input that is written as it stands.
    #[serde(default)]
    pub(crate) keep: bool,
}

impl Format {
    /// How names of files end, by which files of a folder are told.
    pub(crate) fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Parquet => &["parquet"],
            Self::Ndjson | Self::Lines => &["ndjson", "jsonl", "json"],
        }
    }
}

impl Job {
    /// Reads a job.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::new(
                format!(
                    "can not read the job `{}`: {}",
                    path.display(),
                    error.kind()
                ),
                "name a YAML file that describes the job",
            )
        };
        let length = fs::metadata(path).map_err(unreadable)?.len();
        if length > JOB_BYTES_MAX {
            return Err(Failure::new(
                "the job has more than 1 MiB",
                "name a YAML file that describes the job",
            ));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let job: Self = serde_saphyr::from_str(text).map_err(|error| {
            Failure::new(
                format!("the job is not one: {error}"),
                "see docs/bulk.md for its form",
            )
        })?;
        job.check()?;
        Ok(job)
    }

    fn check(&self) -> Result<(), Failure> {
        let mut names = HashSet::new();
        for column in &self.columns {
            if column.name.is_empty() || !names.insert(&column.name) {
                return Err(Failure::new(
                    format!("the column `{}` is named twice or not at all", column.name),
                    "give each column of the job a name of its own",
                ));
            }
            // Whether a column stands as it is has to be said, never to follow from a forgotten line.
            if column.keep == column.expression.is_some() {
                return Err(Failure::new(
                    format!(
                        "the column `{}` needs either `as` or `keep: true`",
                        column.name
                    ),
                    "say what becomes of the column",
                ));
            }
        }
        let one = self.columns.len() == 1;
        if self.columns.is_empty() || (self.format == Format::Lines && !one) {
            return Err(Failure::new(
                "the job names no column, or more than one for lines",
                "name the columns that are to be written",
            ));
        }
        Ok(())
    }
}

const JOB_BYTES_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_says_what_becomes_of_each_column() {
        let job = Job::parse(
            "format: ndjson\ncolumns:\n  - {name: code, keep: true}\n  - {name: mrn, as: \"pseudonym('mrn', mrn, mrn)\"}\n",
        );
        assert_eq!(job.unwrap().columns.len(), 2);
        for wrong in [
            "format: ndjson\ncolumns: []\n",
            "format: ndjson\ncolumns: [{name: code}]\n",
            "format: ndjson\ncolumns: [{name: code, keep: true, as: code}]\n",
            "format: ndjson\ncolumns: [{name: a, keep: true}, {name: a, keep: true}]\n",
            "format: lines\ncolumns: [{name: a, keep: true}, {name: b, keep: true}]\n",
            "format: csv\ncolumns: [{name: a, keep: true}]\n",
            "format: ndjson\nkeep_all: true\ncolumns: [{name: a, keep: true}]\n",
        ] {
            assert!(Job::parse(wrong).is_err(), "{wrong}");
        }
    }
}
