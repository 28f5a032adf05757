//! What a run did, in counts and digests; never a value of a record.

mod operations;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wardgate_deid::{Kind, RecordFault, Tally};

pub(crate) use operations::totals;

/// What a run is: equal heads make equal outputs of equal inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunHead {
    /// The version of the report's form.
    pub report: u64,
    /// The program and its version.
    pub program: String,
    /// The format of the records.
    pub format: String,
    /// The profile that decided.
    pub policy: PolicyName,
    /// What names the project's key without telling it.
    pub key_id: String,
    /// The day by which ages were reckoned.
    pub as_of: String,
    /// The editions of the standards' tables that decided.
    pub editions: BTreeMap<String, String>,
    /// What was chosen besides the profile.
    pub options: Value,
    /// Whether the verifier searched every output.
    pub verify: bool,
}

/// A profile, by its name and by what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyName {
    /// Its name.
    pub id: String,
    /// SHA-256 over all that it says.
    pub digest: String,
}

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// The file, below the folder that was read; a file's name when it was read alone.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// Its SHA-256; empty when it was not read.
    pub sha256: String,
    /// What was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputFile>,
    /// Counts.
    pub counts: Counts,
    /// Operations by element.
    #[serde(
        default,
        with = "operations",
        skip_serializing_if = "operations::is_empty"
    )]
    pub operations: Tally,
    /// What was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Refusals that are only counted, because there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused_untold: u64,
    /// What the verifier found, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub residue: BTreeMap<String, u64>,
}

/// A file of the data set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFile {
    /// Its path below the folder that was written, with `/` between the parts.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// How much of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Files that were looked at.
    pub files: u64,
    /// Files that were not written.
    pub files_refused: u64,
    /// Records that were written.
    pub records: u64,
    /// Records that were not written.
    pub records_refused: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// A record or a file that was not written, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The file.
    pub file: PathBuf,
    /// The record, from 1; absent when it is about the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// The byte of the file, where one is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// The stable code.
    pub code: String,
    /// What happened.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// What the verifier says of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// Whether it searched.
    pub on: bool,
    /// Records it searched and that were written.
    pub records: u64,
    /// Files that failed for what it found.
    pub files_failed: u64,
    /// What it found in them, by kind.
    pub residue: BTreeMap<String, u64>,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// What the run was.
    pub run: RunHead,
    /// Counts.
    pub counts: Counts,
    /// What the verifier says.
    pub verifier: Verifier,
    /// Operations by element.
    #[serde(with = "operations")]
    pub operations: Tally,
    /// What was refused.
    pub refused: Vec<Refused>,
    /// Refusals that are only counted, because there were too many.
    pub refused_untold: u64,
    /// SHA-256 over the digests of the inputs that were written, in their order.
    pub sources_sha256: String,
    /// The files of the data set, in the order of the inputs.
    pub outputs: Vec<OutputFile>,
}

impl FileReport {
    /// Notes a refusal; past [`REFUSED_MAX`] they are only counted.
    pub(crate) fn refuse(&mut self, record: Option<(u64, u64)>, fault: &RecordFault) {
        let byte = match (record, fault.byte()) {
            (Some((_, offset)), at) => Some(offset + at.unwrap_or_default()),
            (None, at) => at,
        };
        self.refuse_as(Refused {
            file: self.file.clone(),
            record: record.map(|(number, _)| number),
            byte,
            code: fault.code().to_owned(),
            reason: fault.to_string(),
            hint: fault.hint().to_owned(),
        });
    }

    pub(crate) fn refuse_as(&mut self, refused: Refused) {
        match self.refused.len() < REFUSED_MAX {
            true => self.refused.push(refused),
            false => self.refused_untold += 1,
        }
    }

    pub(crate) fn found(&mut self, found: &wardgate_deid::Found) {
        for kind in Kind::ALL {
            let count = found.of_kind(kind);
            if count > 0 {
                *self.residue.entry(kind.label().to_owned()).or_default() += u64::from(count);
            }
        }
    }

    /// Adds to the operations.
    pub(crate) fn tallied(&mut self, tally: Tally) {
        match operations::is_empty(&self.operations) {
            true => self.operations = tally,
            false => self.operations.merge(&tally),
        }
    }
}

impl RunReport {
    /// A run that did nothing yet.
    #[must_use]
    pub fn new(run: RunHead) -> Self {
        let on = run.verify;
        Self {
            run,
            counts: Counts::default(),
            verifier: Verifier {
                on,
                ..Verifier::default()
            },
            operations: Tally::default(),
            refused: Vec::new(),
            refused_untold: 0,
            sources_sha256: String::new(),
            outputs: Vec::new(),
        }
    }

    /// Adds what became of a file.
    pub(crate) fn add(&mut self, done: FileReport) {
        self.counts.add(&done.counts);
        if self.verifier.on {
            self.verifier.records += done.counts.records;
        }
        if !done.residue.is_empty() {
            self.verifier.files_failed += 1;
        }
        for (kind, count) in done.residue {
            *self.verifier.residue.entry(kind).or_default() += count;
        }
        self.operations.merge(&done.operations);
        self.refused_untold += done.refused_untold;
        for refused in done.refused {
            match self.refused.len() < REFUSED_MAX {
                true => self.refused.push(refused),
                false => self.refused_untold += 1,
            }
        }
        self.outputs.extend(done.output);
    }

    /// Whether every file and record was written.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.refused.is_empty() && self.refused_untold == 0
    }

    /// The report in a few lines for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let counts = &self.counts;
        let mut text = format!(
            "{} of {} files and {} records written, {} records refused, {} bytes read, {} written",
            counts.files - counts.files_refused,
            counts.files,
            counts.records,
            counts.records_refused,
            counts.bytes_in,
            counts.bytes_out,
        );
        let verified = match (self.verifier.on, self.verifier.files_failed) {
            (false, _) => "verifier off: nothing was searched for what is left".to_owned(),
            (true, 0) => format!(
                "verifier: {} records searched, nothing left in them",
                self.verifier.records
            ),
            (true, failed) => format!("verifier: {failed} files failed and were not written"),
        };
        text.push_str(&format!("\n{verified}"));
        for (operation, count) in totals(&self.operations) {
            text.push_str(&format!("\n  {operation:<12}{count}"));
        }
        text
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.files_refused += other.files_refused;
        self.records += other.records;
        self.records_refused += other.records_refused;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

/// A path as a data set names it: parts with `/` between them.
pub(crate) fn slashed(path: &Path) -> String {
    let parts = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// More refusals than this are only counted: the memory of a run.
const REFUSED_MAX: usize = 10_000;
