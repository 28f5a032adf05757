//! `wardgate apply`: makes the records be what files declare.

use std::path::PathBuf;

use clap::Args;
use wardgate_records::{Applied, ApplyError, Documents, Mode, Severity};

use super::{Dir, Ended};
use crate::data_dir::DataDir;
use crate::failure::{Failure, FileFault};
use crate::output::{Output, Style};
use crate::wiring::{self, Recorded, Records};

/// Declare vendors, systems, apps, people, flows, policies, patients and consents from files
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Files or folders to apply: YAML, FHIR JSON, NDJSON
    #[arg(short, long = "file", value_name = "FILE", required = true, num_args = 1..)]
    files: Vec<PathBuf>,

    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let mode = if arguments.dry_run {
        Mode::DryRun
    } else {
        Mode::Commit
    };
    let documents = Documents::read(&arguments.files);
    let (applied, recorded) = wiring::control_runtime()?.block_on(apply(dir, &documents, mode))?;
    for warning in &applied.warnings {
        output.note(&format!("{warning}\n  hint: {}", warning.hint));
    }
    output.value(&json(&applied, mode), || text(&applied, mode, recorded));
    Ok(Ended::Well)
}

/// Applies documents to a data directory, beside a server that may run.
pub(crate) async fn apply(
    dir: DataDir,
    documents: &Documents,
    mode: Mode,
) -> Result<(Applied, Recorded), Failure> {
    let records = Records::open(dir).await?;
    let applied = records.store.apply(documents, mode, wiring::now()).await;
    let applied = applied.map_err(failure)?;
    let recorded = records.finish().await?;
    Ok((applied, recorded))
}

fn failure(error: ApplyError) -> Failure {
    match error {
        ApplyError::Faults(faults) => {
            let count = faults
                .iter()
                .filter(|fault| fault.severity == Severity::Error)
                .count();
            let plural = if count == 1 { "fault" } else { "faults" };
            let message = format!("the files have {count} {plural}");
            Failure::in_files(message, faults.into_iter().map(FileFault::from).collect())
        }
        ApplyError::Store(error) => error.into(),
        error => Failure::new(error.to_string(), "run `wardgate doctor`"),
    }
}

fn json(applied: &Applied, mode: Mode) -> serde_json::Value {
    let differences: Vec<_> = applied
        .differences
        .iter()
        .map(|difference| {
            let fields: Vec<_> = difference
                .fields
                .iter()
                .map(|change| {
                    let (before, after) = change.values.clone().unzip();
                    serde_json::json!({"field": change.field, "before": before, "after": after})
                })
                .collect();
            serde_json::json!({
                "kind": difference.kind,
                "id": difference.id,
                "change": difference.to_string().split(' ').next(),
                "fields": fields,
            })
        })
        .collect();
    serde_json::json!({
        "dry_run": mode == Mode::DryRun,
        "differences": differences,
        "unchanged": applied.unchanged,
        "warnings": applied.warnings.len(),
    })
}

fn text(applied: &Applied, mode: Mode, recorded: Recorded) -> String {
    let style = Style::of_stdout();
    let mut text = String::new();
    for difference in &applied.differences {
        text.push_str(&format!("{}\n", style.bold(&difference.to_string())));
        for field in &difference.fields {
            text.push_str(&format!("  {field}\n"));
        }
    }
    let changed = applied.differences.len();
    let done = match (mode, recorded) {
        (Mode::DryRun, _) => "would change; nothing was changed",
        (Mode::Commit, Recorded::Here) => "changed and recorded in the ledger",
        (Mode::Commit, Recorded::ByServer) => {
            "changed; the running server follows and records within a second"
        }
    };
    text.push_str(&format!(
        "{changed} {done}, {} as declared",
        applied.unchanged
    ));
    text
}

const AFTER_HELP: &str =
    "Applying the same files again changes nothing. Records that no file names stay as they are.
Every fault of every file is told at once, with its line, and then nothing is changed.
A running server follows within a second.

Exit codes: 0 applied, 1 failed, 2 wrong use.

Example:
  wardgate apply --dir /var/lib/wardgate -f vendors.yaml patients.ndjson --dry-run";
