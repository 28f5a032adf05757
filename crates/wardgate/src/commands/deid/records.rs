//! What the commands over records have in common: their arguments, the run, and what is told of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use clap::Args;
use jiff::civil::Date;
use serde_json::json;
use wardgate_datasets::{
    Format, MODE_USUAL, PolicyName, Run, RunHead, RunReport, Settings, earlier_head, files, key_id,
    random_key, read_key,
};
use wardgate_deid::{Day, ProjectKey, RecordRules};

use super::rules;
use super::target::Target;
use crate::commands::Ended;
use crate::failure::{Failure, FileFault};
use crate::neural;
use crate::output::Output;
use crate::progress::Progress;
use crate::wiring;

/// What every run over records is told.
#[derive(Debug, Args)]
pub(super) struct RecordArguments {
    /// File or folder to read
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// File to write, or folder that mirrors IN
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// What counts as an identifier and what takes its place: safe-harbor, limited-data-set,
    /// gdpr-pseudonymise, or a file
    #[arg(long, value_name = "PROFILE", default_value = "safe-harbor")]
    profile: String,

    /// File with the key of the project: 32 bytes, or the same in hexadecimal or base64. With it, a
    /// patient has one stand-in and one date shift in every format and run
    /// [default: a random key, then forgotten]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// File for a report in JSON: counts by element, what was refused, the verifier's result, the
    /// digest of every output; never values
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Day by which ages are reckoned [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,

    /// Threads [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Write outputs that nobody searched for what is left; the report says so
    #[arg(long)]
    no_verify: bool,

    /// Replace files of OUT, and forget an earlier run
    #[arg(long)]
    force: bool,

    /// Go on with an earlier run, and fail when there is none. Without this, a run goes on with an
    /// earlier one when there is one with the same key, profile and options
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// Folder of a token-classification model that looks for identifiers in texts too; needs a build
    /// with --features neural
    #[arg(long, value_name = "DIR")]
    neural: Option<PathBuf>,
}

/// What holds for every record, and how the run goes.
pub(super) struct Prepared {
    pub(super) rules: Arc<RecordRules>,
    pub(super) threads: usize,
    as_of: String,
    profile: PolicyName,
}

impl RecordArguments {
    /// The input.
    pub(super) fn input(&self) -> &Path {
        &self.input
    }

    /// Reads profile and key.
    pub(super) fn prepared(&self, output: Output) -> Result<Prepared, Failure> {
        let profile = rules::profile(&self.profile)?;
        let name = PolicyName {
            id: profile.id().to_owned(),
            digest: hex(&profile.digest()),
        };
        let key = match &self.key {
            Some(path) => read_key(path)?,
            None => random_key()?,
        };
        if self.key.is_none() {
            output.note("No --key: stand-ins and shifts come from a random key that is now forgotten, so another run draws others.");
        }
        let as_of = self.as_of()?;
        let day = Day::new(as_of.year().into(), month(as_of), day(as_of))
            .ok_or_else(|| Failure::new("there is no such day", "write --as-of 2026-11-30"))?;
        let engine = neural::engine(self.neural.as_deref())?;
        Ok(Prepared {
            rules: Arc::new(RecordRules::new(engine, profile, key, day)),
            threads: self.threads.map_or_else(
                || thread::available_parallelism().map_or(1, usize::from),
                usize::from,
            ),
            as_of: as_of.to_string(),
            profile: name,
        })
    }

    /// The day for ages: as stated, that of the run that is gone on with, or today.
    fn as_of(&self) -> Result<Date, Failure> {
        if let Some(stated) = self.as_of {
            return Ok(stated);
        }
        let earlier = match self.force {
            true => None,
            false => earlier_head(&self.input, &self.out)?,
        };
        let earlier = earlier.and_then(|head| head.as_of.parse().ok());
        Ok(earlier.unwrap_or_else(|| {
            wiring::now()
                .to_zoned_datetime(jiff::tz::TimeZone::UTC)
                .date()
        }))
    }

    /// The bytes to read.
    pub(super) fn total(&self) -> Result<u64, Failure> {
        let metadata = fs::metadata(&self.input);
        let metadata = metadata.map_err(|error| Failure::file("read", &self.input, &error))?;
        match metadata.is_dir() {
            true => Ok(files(&self.input)?.iter().map(|found| found.bytes).sum()),
            false => Ok(metadata.len()),
        }
    }

    /// Cleans everything, writes the report, and tells what was done.
    pub(super) fn run(
        &self,
        format: &dyn Format,
        prepared: &Prepared,
        dependent: bool,
        output: Output,
    ) -> Result<Ended, Failure> {
        let key: &ProjectKey = prepared.rules.key();
        let progress = Progress::new(Some(self.total()?), false);
        let stop = wiring::stop_when_asked()?;
        let run = Run {
            format,
            head: RunHead {
                report: REPORT_FORM,
                program: concat!("wardgate ", env!("CARGO_PKG_VERSION")).to_owned(),
                format: format.name().to_owned(),
                policy: prepared.profile.clone(),
                key_id: key_id(key),
                as_of: prepared.as_of.clone(),
                editions: format.editions(),
                options: format.options(),
                verify: !self.no_verify,
            },
            key,
            dependent,
            settings: Settings {
                threads: prepared.threads,
                verify: !self.no_verify,
                force: self.force,
                resume: self.resume,
            },
            progress: &|step| progress.passed(step.bytes),
            stop: &stop,
        };
        let report = run.over(&self.input, &self.out);
        progress.finish();
        self.end(&report?, output)
    }

    fn end(&self, report: &RunReport, output: Output) -> Result<Ended, Failure> {
        if let Some(path) = &self.report {
            write_json(path, report)?;
        }
        if self.no_verify {
            output
                .note("--no-verify: nothing searched the outputs for what is left of identifiers.");
        }
        if report.is_whole() {
            match output.json {
                true => output.value(report, String::new),
                false => output.note(&report.summary()),
            }
            return Ok(Ended::Well);
        }
        if output.json {
            output.value(report, String::new);
            return Ok(Ended::Badly);
        }
        output.note(&report.summary());
        Err(refusals(report))
    }
}

/// Writes a value as JSON for machines, whole or not at all.
pub(in crate::commands) fn write_json(
    path: &Path,
    value: &impl serde::Serialize,
) -> Result<(), Failure> {
    let value = json!(value);
    let mut target = Target::file(path, MODE_USUAL)?;
    target.write(format!("{value:#}\n").as_bytes())?;
    target.finish()
}

fn refusals(report: &RunReport) -> Failure {
    let fault = |refused: &wardgate_datasets::Refused| {
        let place = match (refused.record, refused.byte) {
            (Some(record), Some(byte)) => format!("record {record} at byte {byte}: "),
            (None, Some(byte)) => format!("at byte {byte}: "),
            _ => String::new(),
        };
        FileFault {
            file: refused.file.clone(),
            line: 0,
            column: 0,
            message: format!("{place}{} ({})", refused.reason, refused.code),
            hint: refused.hint.clone(),
        }
    };
    let faults = report.refused.iter().take(REFUSED_TOLD_MAX).map(fault);
    let counts = &report.counts;
    Failure::with_faults(
        format!(
            "{} files and {} records were refused and not written",
            counts.files_refused, counts.records_refused
        ),
        "correct them as the hints say; --report names them all",
        faults.collect(),
    )
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn month(date: Date) -> u32 {
    u32::from(date.month().unsigned_abs())
}

fn day(date: Date) -> u32 {
    u32::from(date.day().unsigned_abs())
}

/// The version of the report's form.
const REPORT_FORM: u64 = 1;
/// More than this many refusals are only counted on the screen.
const REFUSED_TOLD_MAX: usize = 20;

/// What the help of every command over records ends with, before its example.
macro_rules! records_help {
    ($own:literal, $example:literal) => {
        concat!(
            $own,
            "
Every output is searched for the identifiers of its input, by code that shares nothing with what
removed them; a file in which anything is left is not written. An output appears whole or not at
all, inputs are never changed, links are not followed, names that begin with a dot are passed over.
UIDs, UUIDs and long numbers in the names of files become what they become inside. What is refused
is told with a code and a place, never with a value, and stops nothing else. OUT.journal, beside
OUT, lets a run that was interrupted go on: start it again with the same key, profile and options.
SIGINT (Ctrl-C) and SIGTERM let the files under way end, drop a large one of many records, and keep
what is done. The output does not depend on the number of threads.

Exit codes: 0 done, 1 failed or some files or records were refused, 2 wrong use.

Example:
  ",
            $example
        )
    };
}
pub(super) use records_help;
