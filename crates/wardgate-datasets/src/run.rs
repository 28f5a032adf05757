//! A run over a file or a folder: every input in order, on all cores.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use wardgate_deid::ProjectKey;

use crate::digest::Digest;
use crate::fault::DatasetFault;
use crate::file::{Place, Spare, Work, groups, modified_ns, stopped, unfinished};
use crate::folder::{self, Found};
use crate::format::{Format, Layout};
use crate::journal::{Journal, head_of, journal_beside};
use crate::names::output_path;
use crate::order::{Panicked, in_order};
use crate::pending::{is_pending_name, is_pending_name_of};
use crate::report::{FileReport, RunHead, RunReport, slashed};

/// A run, before it begins.
pub struct Run<'r> {
    /// What becomes of each record.
    pub format: &'r dyn Format,
    /// What the run is, for its report and journal.
    pub head: RunHead,
    /// The project's key, which also names files.
    pub key: &'r ProjectKey,
    /// Whether what stands in one file decides about others, so that a run can only go on with the same files.
    pub dependent: bool,
    /// How it runs.
    pub settings: Settings,
    /// Told of what was done since it was told last; any thread may call it.
    pub progress: &'r (dyn Fn(Progress) + Sync),
    /// Set by whoever wants the run to end early. What is done by then stays, and a later run goes on from there.
    pub stop: &'r AtomicBool,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Threads, at least one. The output does not depend on it.
    pub threads: usize,
    /// Whether every output is searched for the identifiers of its input.
    pub verify: bool,
    /// Whether outputs that exist are replaced, and an earlier run is forgotten.
    pub force: bool,
    /// Whether the run must go on with an earlier one.
    pub resume: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input.
    pub bytes: u64,
    /// Records.
    pub items: u64,
}

impl Run<'_> {
    /// Cleans a file into a file, or a folder into a folder.
    ///
    /// What is wrong with a file or record stands in the report and does not end the run.
    ///
    /// # Errors
    /// When input and output are not apart, the journal tells of another run, a disk fails, or the run was stopped.
    pub fn over(&self, input: &Path, output: &Path) -> Result<RunReport, DatasetFault> {
        let (work, places) = self.places(input, output)?;
        let path = journal_beside(&places.output);
        let there = fs::symlink_metadata(&path).is_ok();
        if self.settings.resume && !there {
            return Err(nothing_earlier(&path));
        }
        let inputs = self.dependent.then(|| fingerprint(&work)).transpose()?;
        let journal = Journal::open(&path, &self.head, inputs.as_deref(), self.settings.force)?;
        let parts = journal.parts(work.iter().map(|found| found.below.as_path()));
        match &places.inside {
            Some(folder) => remove_pending(folder, &parts)?,
            None => remove_pending_of(&places.output, &parts)?,
        }
        let run = Work {
            format: self.format,
            settings: self.settings,
            journal: &journal,
            progress: self.progress,
            stop: self.stop,
            folders: Mutex::default(),
            spare: Spare::default(),
        };
        let mut report = RunReport::new(self.head.clone());
        let mut sources = Digest::new();
        let mut keep = |done: FileReport| {
            if done.output.is_some() {
                sources.update(done.sha256.as_bytes());
            }
            report.add(done);
        };
        let mut rest = work.as_slice();
        while let Some(first) = rest.first().filter(|_| !run.is_stopped()) {
            let alone = self.is_alone(first);
            let count = match alone {
                true => 1,
                false => rest
                    .iter()
                    .take_while(|found| !self.is_alone(found))
                    .count(),
            };
            let (now, later) = rest.split_at(count);
            rest = later;
            let place = |found| (found, places.of(found, self.key));
            let threads = self.settings.threads;
            if alone {
                (run.files(now.iter().map(place), threads)?.into_iter()).for_each(&mut keep);
                continue;
            }
            let mut under_way = groups(now, threads);
            in_order(
                groups(now, threads).take_while(|_| !run.is_stopped()),
                threads,
                |group| run.files(group.iter().map(place), 1),
                |done| {
                    let group = under_way.next().unwrap_or_default().iter();
                    match done {
                        Ok(done) => done?.into_iter().for_each(&mut keep),
                        Err(Panicked) => group.map(unfinished).for_each(&mut keep),
                    }
                    Ok(())
                },
            )?;
        }
        run.sync_folders()?;
        journal.sync()?;
        if run.is_stopped() {
            return Err(stopped());
        }
        report.sources_sha256 = sources.hex();
        Ok(report)
    }

    /// Whether a file is so large that all threads work on it alone.
    fn is_alone(&self, found: &Found) -> bool {
        self.format.layout(&found.below, found.bytes) == Layout::Records
            && found.bytes > ALONE_BYTES
    }

    fn places(&self, input: &Path, output: &Path) -> Result<(Vec<Found>, Places), DatasetFault> {
        let work = inputs(input)?;
        let folder = fs::metadata(output).is_ok_and(|found| found.is_dir());
        if !input.is_dir() {
            let below = work
                .first()
                .map(|found| found.below.clone())
                .unwrap_or_default();
            let output = match folder {
                true => output.join(output_path(&below, self.key)),
                false => output.to_owned(),
            };
            let same = fs::canonicalize(&output).ok();
            if same.is_some() && same == fs::canonicalize(input).ok() {
                return Err(DatasetFault::refused(
                    "dataset.not_apart",
                    format!("`{}` would replace itself", output.display()),
                    "name another file: originals are never replaced",
                ));
            }
            let inside = None;
            return Ok((work, Places { output, inside }));
        }
        folder::check_apart(input, output)?;
        if !folder && fs::symlink_metadata(output).is_ok() {
            return Err(DatasetFault::refused(
                "dataset.no_folder",
                format!("`{}` is no folder", output.display()),
                "a folder is written into a folder: name one",
            ));
        }
        fs::create_dir_all(output).map_err(DatasetFault::file("make", output))?;
        // With its real name, `out/` and `out/.` have one journal.
        let output = fs::canonicalize(output).map_err(DatasetFault::file("read", output))?;
        let inside = Some(output.clone());
        Ok((work, Places { output, inside }))
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

/// The files of an input: of a folder all below it, or the one file.
///
/// # Errors
/// When they can not be read.
pub(crate) fn inputs(input: &Path) -> Result<Vec<Found>, DatasetFault> {
    let metadata = fs::metadata(input).map_err(DatasetFault::file("read", input))?;
    if metadata.is_dir() {
        return folder::files(input);
    }
    Ok(vec![Found {
        from: input.to_owned(),
        below: PathBuf::from(input.file_name().unwrap_or_default()),
        bytes: metadata.len(),
    }])
}

/// What the run was that the journal of an output tells of, so that another can go on with it.
///
/// # Errors
/// When the journal can not be read.
pub fn earlier_head(input: &Path, output: &Path) -> Result<Option<RunHead>, DatasetFault> {
    let output = match input.is_dir() {
        true => fs::canonicalize(output).unwrap_or_else(|_| output.to_owned()),
        false => output.to_owned(),
    };
    head_of(&journal_beside(&output))
}

/// Where outputs go.
struct Places {
    output: PathBuf,
    inside: Option<PathBuf>,
}

impl Places {
    fn of(&self, found: &Found, key: &ProjectKey) -> Place {
        match &self.inside {
            Some(folder) => {
                let below = output_path(&found.below, key);
                Place {
                    path: folder.join(&below),
                    name: slashed(&below),
                    inside: Some(folder.clone()),
                }
            }
            None => Place {
                path: self.output.clone(),
                name: slashed(Path::new(self.output.file_name().unwrap_or_default())),
                inside: None,
            },
        }
    }
}

fn nothing_earlier(journal: &Path) -> DatasetFault {
    DatasetFault::refused(
        "dataset.no_journal",
        format!(
            "there is no journal `{}` of an earlier run",
            journal.display()
        ),
        "begin without --resume",
    )
}

/// What tells the inputs of a run from others: names, lengths and times.
fn fingerprint(work: &[Found]) -> Result<String, DatasetFault> {
    let mut digest = Digest::new();
    for found in work {
        let metadata =
            fs::metadata(&found.from).map_err(DatasetFault::file("read", &found.from))?;
        let line = format!(
            "{}\0{}\0{}\n",
            slashed(&found.below),
            metadata.len(),
            modified_ns(&metadata)
        );
        digest.update(line.as_bytes());
    }
    Ok(digest.hex())
}

/// Takes away what a run that was killed left unfinished, but for what can be gone on with.
fn remove_pending(folder: &Path, parts: &BTreeSet<String>) -> Result<(), DatasetFault> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = DatasetFault::file("read", &folder);
        for entry in fs::read_dir(&folder).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            let kind = entry.file_type().map_err(&failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_file() && is_pending_name(&name) && !parts.contains(&name) {
                fs::remove_file(entry.path()).map_err(DatasetFault::file("remove", &folder))?;
            }
        }
    }
    Ok(())
}

/// Takes away what a run that was killed left beside the one file that it was to write.
fn remove_pending_of(output: &Path, parts: &BTreeSet<String>) -> Result<(), DatasetFault> {
    let folder = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Where there is no folder yet, nothing was left either.
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(DatasetFault::file("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_pending_name_of(&name, output) && !parts.contains(&name) {
            fs::remove_file(entry.path()).map_err(DatasetFault::file("remove", folder))?;
        }
    }
    Ok(())
}

/// A larger file of many records has all threads for itself.
pub(crate) const ALONE_BYTES: u64 = 4 << 20;
