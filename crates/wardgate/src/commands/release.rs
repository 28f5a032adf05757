//! `wardgate release`: data sets leave with a manifest, or do not leave.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wardgate_datasets::release::{
    Examined, Guarantee, ManifestIdentity, Reason, ReleaseRequest, TableClaim, verify_manifest,
};
use wardgate_datasets::{MODE_USUAL, Pending};
use wardgate_records::{Dataset, DatasetRelease, RecordId};

use super::{Dir, Ended};
use crate::failure::{Failure, FileFault};
use crate::output::Output;
use crate::wiring::{self, Records};

/// Let data sets go with a manifest, list those that went, and check one offline
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Make(Box<Make>),
    List(List),
    Verify(Verify),
}

/// Look at a data set, and write its manifest when what is guaranteed of it holds
#[derive(Debug, Args)]
#[command(after_help = MAKE_AFTER_HELP)]
pub(super) struct Make {
    #[command(flatten)]
    dir: Dir,

    /// Folder of the data set; everything in it leaves
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    /// Name of the data set: one word
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What is guaranteed: deidentified, k=5, l=3, entropy-l=2.5, t=0.2, t-ordered=0.2, unique=0
    #[arg(long, value_name = "CLAIMS")]
    guarantee: Guarantee,

    /// Person who lets it go
    #[arg(long, value_name = "ID")]
    person: String,

    /// Report of a run that wrote files of the folder; may be given several times
    #[arg(long = "run", value_name = "REPORT")]
    runs: Vec<PathBuf>,

    /// Table of the folder whose rows are about people
    #[arg(long, value_name = "FILE", requires = "quasi")]
    table: Option<String>,

    /// Columns of the table that together could tell who somebody is
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMNS",
        requires = "table"
    )]
    quasi: Vec<String>,

    /// Columns of the table that nobody should learn of a person
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMNS",
        requires = "table"
    )]
    sensitive: Vec<String>,

    /// Columns of the table that tell nobody who somebody is; every column must have one of the three roles
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "COLUMNS",
        requires = "table"
    )]
    keep: Vec<String>,

    /// Column of the table that a model is to learn, looked at for wrong labels and triggers
    #[arg(long, value_name = "COLUMN", requires = "table")]
    label: Option<String>,

    /// Reasons that the person takes upon themselves, by their codes; the manifest and the ledger name them
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    waive: Vec<String>,

    /// Manifest to write [default: FOLDER.manifest.json]
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// List the data sets that left
#[derive(Debug, Args)]
#[command(after_help = LIST_AFTER_HELP)]
pub(super) struct List {
    #[command(flatten)]
    dir: Dir,
}

/// Hold a data set against its manifest; needs no data directory
#[derive(Debug, Args)]
#[command(after_help = VERIFY_AFTER_HELP)]
pub(super) struct Verify {
    /// Manifest of the data set
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,

    /// Folder of the data set
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Make(arguments) => wiring::control_runtime()?.block_on(make(arguments, output)),
        Command::List(arguments) => wiring::control_runtime()?.block_on(list(arguments, output)),
        Command::Verify(arguments) => verify(arguments, output),
    }
}

async fn make(arguments: &Make, output: Output) -> Result<Ended, Failure> {
    let place = arguments.manifest_place()?;
    let examined = arguments.request().examined()?;
    let records = Records::open(arguments.dir.existing()?).await?;
    let made = match examined.reasons().is_empty() {
        true => released(arguments, &examined, &place, &records).await,
        false => refused(arguments, &examined, &records).await,
    };
    records.store.close().await;
    let value = made?;
    output.value(&value, || {
        let count = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        format!(
            "{} left as {}: {} file(s), {} bytes, {}\nits manifest is {}\ncite it as {}",
            text("name"),
            text("dataset"),
            count("files"),
            count("bytes"),
            text("guarantee"),
            text("manifest"),
            text("digest"),
        )
    });
    Ok(Ended::Well)
}

/// Writes the refusal into the ledger, and tells it.
async fn refused(
    arguments: &Make,
    examined: &Examined,
    records: &Records,
) -> Result<Value, Failure> {
    let asked = (arguments.name.as_str(), arguments.person.as_str());
    let guarantee = examined.guarantee().to_string();
    let told = records
        .store
        .refuse_dataset(asked, &guarantee, &examined.reason_codes(), wiring::now())
        .await?;
    records.settle(told).await?;
    Err(refusal(arguments, examined))
}

/// Writes the decision into the ledger, and then the manifest: nobody has a manifest that the ledger does not know.
async fn released(
    arguments: &Make,
    examined: &Examined,
    place: &Path,
    records: &Records,
) -> Result<Value, Failure> {
    let now = wiring::now();
    let id = RecordId::new(now, wardgate_vault::random());
    let identity = ManifestIdentity {
        dataset: &id.to_string(),
        name: &arguments.name,
        at: &now.to_string(),
        person: &arguments.person,
        ledger: &records.config.node.name,
    };
    let manifest = examined
        .manifest(&identity)
        .ok_or_else(|| refusal(arguments, examined))?;
    let guarantee = examined.guarantee().to_string();
    let (files, bytes) = examined.size();
    // A place that can not be written is no reason for a decision without a manifest.
    let pending = Pending::beside(place, MODE_USUAL)?;
    let told = records
        .store
        .release_dataset(
            &DatasetRelease {
                id,
                name: &arguments.name,
                manifest: manifest.digest,
                files,
                bytes,
                guarantee: &guarantee,
                waived: &examined.waived(),
                person: &arguments.person,
            },
            now,
        )
        .await?;
    records.settle(told).await?;
    let written = pending.file().write_all(&manifest.bytes);
    written.map_err(|error| Failure::file("write", place, &error))?;
    pending.sync()?;
    pending.keep()?;
    Ok(json!({
        "dataset": id.to_string(),
        "name": arguments.name,
        "manifest": place.to_string_lossy(),
        "digest": format!("sha256:{}", hex(&manifest.digest)),
        "guarantee": guarantee,
        "waived": examined.waived(),
        "files": files,
        "bytes": bytes,
        "ledger_event": told.to_string(),
    }))
}

impl Make {
    fn request(&self) -> ReleaseRequest {
        let table = self.table.as_ref().map(|file| TableClaim {
            file: file.clone(),
            quasi: self.quasi.clone(),
            sensitive: self.sensitive.clone(),
            kept: self.keep.clone(),
            label: self.label.clone(),
        });
        ReleaseRequest {
            folder: self.folder.clone(),
            guarantee: self.guarantee.clone(),
            runs: self.runs.clone(),
            table,
            waived: self.waive.clone(),
        }
    }

    /// Where the manifest goes: beside the folder, and nothing is there yet.
    fn manifest_place(&self) -> Result<PathBuf, Failure> {
        let place = self.manifest.clone().unwrap_or_else(|| {
            let mut name = self.folder.file_name().unwrap_or_default().to_owned();
            name.push(".manifest.json");
            self.folder.with_file_name(name)
        });
        let inside = fs::canonicalize(&self.folder).ok().zip(
            place
                .parent()
                .and_then(|parent| fs::canonicalize(parent).ok()),
        );
        if inside.is_some_and(|(folder, parent)| parent.starts_with(folder)) {
            return Err(Failure::new(
                "the manifest would stand in the folder that it describes",
                "name another place with --manifest",
            ));
        }
        if fs::symlink_metadata(&place).is_ok() {
            return Err(Failure::new(
                format!("`{}` exists already", place.display()),
                "a manifest is never replaced: name another place with --manifest",
            ));
        }
        Ok(place)
    }
}

fn refusal(arguments: &Make, examined: &Examined) -> Failure {
    let faults = examined
        .reasons()
        .iter()
        .map(|reason| fault(&arguments.folder, reason));
    Failure::with_faults(
        format!(
            "`{}` does not leave: {}",
            arguments.name,
            examined.reason_codes()
        ),
        "correct what the hints say; the ledger has this refusal",
        faults.collect(),
    )
}

fn fault(file: &Path, reason: &Reason) -> FileFault {
    FileFault {
        file: file.to_owned(),
        line: 0,
        column: 0,
        message: format!("{} ({})", reason.what, reason.code),
        hint: reason.hint.clone(),
    }
}

async fn list(arguments: &List, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let all = records.store.datasets().await?;
    records.store.close().await;
    let values: Vec<Value> = all.iter().map(told).collect();
    output.value(&values, || match all.is_empty() {
        true => "No data set has left.".to_owned(),
        false => all.iter().map(line).collect::<Vec<_>>().join("\n"),
    });
    Ok(Ended::Well)
}

fn told(dataset: &Dataset) -> Value {
    json!({
        "dataset": dataset.id.to_string(),
        "name": dataset.name,
        "digest": format!("sha256:{}", dataset.manifest),
        "person": dataset.released_by,
        "at": dataset.released_at.to_string(),
        "ledger_event": dataset.event.to_string(),
    })
}

fn line(dataset: &Dataset) -> String {
    format!(
        "{}  {}  {} by {}\n  sha256:{}",
        dataset.id, dataset.name, dataset.released_at, dataset.released_by, dataset.manifest
    )
}

fn verify(arguments: &Verify, output: Output) -> Result<Ended, Failure> {
    let path = &arguments.manifest;
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    if fs::metadata(path).map_err(failed)?.len() > MANIFEST_BYTES_MAX {
        return Err(Failure::new(
            format!("`{}` is no manifest of a data set", path.display()),
            "give the file that `wardgate release make` wrote",
        ));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let found = verify_manifest(&bytes, &arguments.folder)?;
    if found.reasons.is_empty() {
        output.value(&found, || {
            format!(
                "{} is whole: {} file(s), {}\n{}",
                found.name, found.files, found.guarantee, found.digest
            )
        });
        return Ok(Ended::Well);
    }
    if output.json {
        output.value(&found, String::new);
        return Ok(Ended::Badly);
    }
    let faults = found
        .reasons
        .iter()
        .map(|reason| fault(&arguments.folder, reason));
    Err(Failure::with_faults(
        format!(
            "`{}` is not the data set of the manifest",
            arguments.folder.display()
        ),
        "get it again from whoever released it",
        faults.collect(),
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const MANIFEST_BYTES_MAX: u64 = 1 << 30;

const MAKE_AFTER_HELP: &str = "Every file of the folder must be vouched for: by the report of a run that wrote it with its verifier on, byte
for byte, or as the table whose k, l, t and risk are reckoned anew from its rows and which is looked at for
poison (wrong labels, triggers, floods of duplicates, spikes). Findings of poison refuse the data set unless
they are waived by name (release.poisoning.duplicate_flood and alike).
The decision is in the ledger before the manifest is written. The manifest is canonical JSON (RFC 8785); its
SHA-256 is what a system cites as `training_data`.

Exit codes: 0 released, 1 refused or failed, 2 wrong use.

Example:
  wardgate release make released/ --name discharge-2026 --guarantee deidentified --run report.json --person data.okafor";
const LIST_AFTER_HELP: &str = "Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate release list";
const VERIFY_AFTER_HELP: &str =
    "Exit codes: 0 the folder is the data set of the manifest, 1 it is not, 2 wrong use.

Example:
  wardgate release verify released.manifest.json released/";
