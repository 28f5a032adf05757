//! `wardgate consent import`: consents from files, each file whole or not at all.

use std::path::PathBuf;

use clap::Args;
use wardgate_records::{Applied, ApplyError, ChangeKind, Documents, Mode, Severity};

use super::super::{Dir, Ended};
use crate::failure::{Failure, FileFault};
use crate::output::Output;
use crate::progress::Progress;
use crate::wiring::{self, Records};

/// Import consents from files: NDJSON, or a FHIR Bundle
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Files: `.ndjson` with one Consent per line, `.json` with a Consent or a Bundle
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(import(arguments, output))
}

async fn import(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let mode = if arguments.dry_run {
        Mode::DryRun
    } else {
        Mode::Commit
    };
    let records = Records::open(arguments.dir.existing()?).await?;
    let sizes: Vec<u64> = arguments.files.iter().map(|file| size(file)).collect();
    let progress = Progress::new(Some(sizes.iter().sum()), false);
    let mut imported = Vec::new();
    let mut faults = Vec::new();
    for (file, size) in arguments.files.iter().zip(sizes) {
        if file.is_dir() {
            return Err(Failure::new(
                format!("`{}` is a folder", file.display()),
                "name its files: each is imported by itself",
            ));
        }
        let documents = Documents::read(std::slice::from_ref(file));
        let done = records
            .store
            .import_consents(&documents, mode, wiring::now())
            .await;
        match done {
            Ok(applied) => imported.push(Imported::of(file, &applied)),
            Err(ApplyError::Faults(found)) => faults.extend(found),
            Err(ApplyError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::new(error.to_string(), "run `wardgate doctor`")),
        }
        progress.passed(size);
    }
    progress.finish();
    records.finish().await?;
    let value = serde_json::json!({"dry_run": arguments.dry_run, "files": imported});
    output.value(&value, || text(&imported, mode));
    let errors = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Error)
        .count();
    if errors == 0 {
        return Ok(Ended::Well);
    }
    let message = format!(
        "{} of {} files were not imported, because of {errors} faults",
        arguments.files.len() - imported.len(),
        arguments.files.len()
    );
    let faults = faults.into_iter().map(FileFault::from).collect();
    Err(Failure::in_files(message, faults))
}

/// What became of one file.
#[derive(serde::Serialize)]
struct Imported {
    file: String,
    created: usize,
    changed: usize,
    unchanged: usize,
    /// How many wait in the queue because they cannot be computed.
    not_computable: usize,
}

impl Imported {
    fn of(file: &std::path::Path, applied: &Applied) -> Self {
        let created = applied
            .differences
            .iter()
            .filter(|difference| difference.change == ChangeKind::Created)
            .count();
        Self {
            file: file.display().to_string(),
            created,
            changed: applied.differences.len() - created,
            unchanged: applied.unchanged,
            not_computable: applied.warnings.len(),
        }
    }
}

fn text(imported: &[Imported], mode: Mode) -> String {
    let mut lines = Vec::with_capacity(imported.len());
    for file in imported {
        let mut line = format!(
            "{}: {} new, {} changed, {} as on file",
            file.file, file.created, file.changed, file.unchanged
        );
        if file.not_computable > 0 {
            line.push_str(&format!(
                "; {} cannot be computed and refuse: see `wardgate consent queue`",
                file.not_computable
            ));
        }
        lines.push(line);
    }
    if mode == Mode::DryRun {
        lines.push("Nothing was changed.".to_owned());
    }
    lines.join("\n")
}

fn size(file: &std::path::Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

const AFTER_HELP: &str =
    "Each file is imported whole or not at all: its faults are told with their lines, and the other
files are imported all the same. Importing a file again changes nothing. The patients must be on
file. A running server follows within a second.

Exit codes: 0 imported, 1 a file was not imported, 2 wrong use.

Example:
  wardgate consent import --dir /var/lib/wardgate consents.ndjson bundle.json";
