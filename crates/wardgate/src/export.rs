//! Exports of the ledger: one folder that a person can read and that verifies offline.
//!
//! The folder is built beside its place and renamed into it when it is whole and on disk, so
//! that a folder with the name of an export is one.

mod audit;
pub(crate) mod directory;
mod folder;
mod page;
pub(crate) mod progress;
mod readme;
mod tree;

use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use wardgate_ledger::{Published, Signer};

use crate::data_dir::LEDGER_KEY_FILE;
use crate::failure::Failure;
use folder::Folder;
use progress::Progress;

pub(crate) use audit::Rows;
pub(crate) use folder::hex;

/// What to export.
pub(crate) struct Plan<'a> {
    /// The ledger on disk.
    pub(crate) ledger: PathBuf,
    /// What is published of it.
    pub(crate) published: Published,
    /// The verifier keys of the log, one a line.
    pub(crate) keys: String,
    /// Signs the manifest.
    pub(crate) signer: &'a Signer,
    /// The entries that projections and pages show.
    pub(crate) range: Range<u64>,
    /// Whether an entry of a time within the range is meant.
    pub(crate) holds: &'a dyn Fn(Option<Timestamp>) -> bool,
    /// Only what verifiers need: neither projections nor pages.
    pub(crate) bare: bool,
    /// The time of the export.
    pub(crate) now: Timestamp,
}

/// What was exported.
pub(crate) struct Made {
    pub(crate) origin: String,
    /// The first entry that the export holds: the first of its bundle.
    pub(crate) minimum: u64,
    /// One past its last entry.
    pub(crate) size: u64,
    /// Entries that projections and pages show.
    pub(crate) shown: u64,
    pub(crate) files: usize,
    /// SHA-256 of the manifest.
    pub(crate) manifest: [u8; 32],
}

/// Writes the export to `out`, which must not exist yet.
pub(crate) fn write(plan: &Plan<'_>, out: &Path) -> Result<Made, Failure> {
    let mut folder = Folder::begin(out)?;
    let checkpoint = plan.published.checkpoint();
    let minimum = plan.range.start - plan.range.start % BUNDLE_ENTRIES;
    let minimum = minimum.max(plan.published.minimum());
    folder.write("checkpoint", plan.published.note())?;
    folder.write(LEDGER_KEY_FILE, plan.keys.as_bytes())?;
    folder.write("policy", policy(plan).as_bytes())?;
    let anchors = tree::copy_anchors(&plan.ledger, checkpoint.size, &mut folder)?;
    tree::copy(&plan.ledger, checkpoint.size, minimum, &mut folder)?;
    let mut shown = 0;
    if !plan.bare {
        let progress = Progress::over(plan.range.end.saturating_sub(plan.range.start), false);
        let figures = audit::write(plan, &mut folder, &progress)?;
        progress.finish();
        shown = figures.entries;
        let index = page::index(plan, minimum, &anchors, &figures);
        folder.write("index.html", index.as_bytes())?;
    }
    folder.write(
        "README.txt",
        readme::text(plan, minimum, &anchors).as_bytes(),
    )?;
    let files = folder.len() + 1;
    let manifest = folder.seal(&checkpoint.origin, minimum, plan.signer)?;
    folder.audit(plan.signer.verifier_keys().cloned().collect())?;
    folder.publish()?;
    Ok(Made {
        origin: checkpoint.origin.clone(),
        minimum,
        size: checkpoint.size,
        shown,
        files,
        manifest,
    })
}

/// The policy of the ledger; without one, every key of the log and no witness.
fn policy(plan: &Plan<'_>) -> String {
    std::fs::read_to_string(plan.ledger.join("policy")).unwrap_or_else(|_| {
        let keys = plan.keys.lines().filter(|line| !line.trim().is_empty());
        let logs: String = keys.map(|key| format!("log {key}\n")).collect();
        format!("{logs}quorum none\n")
    })
}

const BUNDLE_ENTRIES: u64 = 256;
