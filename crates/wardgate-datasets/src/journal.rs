//! What a run has done so far, on the disk: an interrupted run goes on where it was.
//!
//! One JSON object a line. The first says what the run is; then, for every file, one line before its output
//! takes its name and one when it has it, and for a long one others that say how far it is done. Lines of files
//! that are named together stand together. A line that was cut off by a crash counts for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::fault::DatasetFault;
use crate::pending::MODE_PRIVATE;
use crate::reached::Reached;
use crate::report::{FileReport, RunHead};

/// The journal of a run.
pub(crate) struct Journal {
    file: Mutex<File>,
    path: PathBuf,
    done: BTreeMap<PathBuf, FileReport>,
    begun: BTreeSet<PathBuf>,
    reached: BTreeMap<PathBuf, Reached>,
}

/// A line as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Run {
        head: Box<RunHead>,
        /// SHA-256 over names, lengths and times of the inputs, where the files of a run depend on each other.
        inputs: Option<String>,
    },
    /// The output of a file is about to take its name.
    Begun {
        file: PathBuf,
    },
    /// So far a file of many records is done.
    Reached(Box<Reached>),
    Done(Box<FileReport>),
}

/// A line as it is written: a [`Line`].
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum NewLine<'l> {
    Run {
        head: &'l RunHead,
        inputs: Option<&'l str>,
    },
    Begun {
        file: &'l Path,
    },
    Reached(&'l Reached),
    Done(&'l FileReport),
}

/// Where the journal of a run stands: beside what it writes.
#[must_use]
pub fn journal_beside(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".journal");
    output.with_file_name(name)
}

impl Journal {
    /// Begins a run, or goes on with the one that the journal tells of.
    ///
    /// # Errors
    /// When the journal can not be read or written, tells of another run, or another process writes it.
    pub(crate) fn open(
        path: &Path,
        head: &RunHead,
        inputs: Option<&str>,
        anew: bool,
    ) -> Result<Self, DatasetFault> {
        let failed = DatasetFault::file("write", path);
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(MODE_PRIVATE)
            .open(path)
            .map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(path)),
            // A file system without locks keeps nobody out, as before.
            Err(TryLockError::Error(_)) => {}
        }
        if anew {
            file.set_len(0).map_err(&failed)?;
        }
        let read = read(&mut file, path)?;
        let mut journal = Self {
            file: Mutex::new(file),
            path: path.to_owned(),
            done: BTreeMap::new(),
            begun: BTreeSet::new(),
            reached: BTreeMap::new(),
        };
        match read {
            None => {
                journal.write([NewLine::Run { head, inputs }].into_iter())?;
                journal.sync()?;
            }
            Some(before) => {
                check_same(&before.head, head, path)?;
                if before.inputs.as_deref() != inputs {
                    return Err(DatasetFault::refused(
                        "dataset.other_inputs",
                        format!(
                            "the inputs are not those that `{}` tells of",
                            path.display()
                        ),
                        "what stands in one file decides about others: begin anew with --force",
                    ));
                }
                journal.done = before.done;
                journal.begun = before.begun;
                journal.reached = before.reached;
            }
        }
        Ok(journal)
    }

    /// What became of a file before, when it is the file it was.
    pub(crate) fn done(&self, file: &Path) -> Option<&FileReport> {
        self.done.get(file)
    }

    /// Whether an earlier run was about to name the output of this file when it ended.
    pub(crate) fn was_begun(&self, file: &Path) -> bool {
        self.begun.contains(file)
    }

    /// How far an earlier run came with this file.
    pub(crate) fn reached(&self, file: &Path) -> Option<&Reached> {
        self.reached.get(file)
    }

    /// The names of what an earlier run left of these files to go on with.
    pub(crate) fn parts<'f>(&self, files: impl Iterator<Item = &'f Path>) -> BTreeSet<String> {
        let reached = files.filter_map(|file| self.reached(file));
        reached.map(|reached| reached.part.clone()).collect()
    }

    /// Notes how far a file is done, on the disk.
    pub(crate) fn reach(&self, reached: &Reached) -> Result<(), DatasetFault> {
        self.write([NewLine::Reached(reached)].into_iter())?;
        self.sync()
    }

    /// Notes that the outputs of files are about to take their names.
    pub(crate) fn begin<'f>(
        &self,
        files: impl Iterator<Item = &'f Path>,
    ) -> Result<(), DatasetFault> {
        self.write(files.map(|file| NewLine::Begun { file }))
    }

    /// Notes what became of files.
    pub(crate) fn finish<'f>(
        &self,
        reports: impl Iterator<Item = &'f FileReport>,
    ) -> Result<(), DatasetFault> {
        self.write(reports.map(NewLine::Done))
    }

    /// Brings it to the disk.
    pub(crate) fn sync(&self) -> Result<(), DatasetFault> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.sync_data()
            .map_err(DatasetFault::file("write", &self.path))
    }

    fn write<'l>(&self, lines: impl Iterator<Item = NewLine<'l>>) -> Result<(), DatasetFault> {
        let failed = DatasetFault::file("write", &self.path);
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, &line).map_err(|error| failed(error.into()))?;
            bytes.push(b'\n');
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&bytes).map_err(failed)
    }
}

/// What the run was that a journal tells of; nothing when there is none.
///
/// # Errors
/// When it can not be read.
pub(crate) fn head_of(path: &Path) -> Result<Option<RunHead>, DatasetFault> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(DatasetFault::file("read", path))?;
    Ok(read(&mut file, path)?.map(|read| read.head))
}

struct Before {
    head: RunHead,
    inputs: Option<String>,
    done: BTreeMap<PathBuf, FileReport>,
    begun: BTreeSet<PathBuf>,
    reached: BTreeMap<PathBuf, Reached>,
}

/// Reads all whole lines, and leaves the file where the next is to stand.
fn read(file: &mut File, path: &Path) -> Result<Option<Before>, DatasetFault> {
    let failed = DatasetFault::file("read", path);
    let mut input = BufReader::new(&mut *file);
    let mut before: Option<Before> = None;
    let (mut line, mut whole) = (Vec::new(), 0);
    loop {
        line.clear();
        let mut limited = input.by_ref().take(LINE_BYTES_MAX);
        let read = limited.read_until(b'\n', &mut line).map_err(&failed)?;
        if !line.ends_with(b"\n") {
            break;
        }
        let parsed = serde_json::from_slice::<Line>(&line).map_err(|_| no_journal(path))?;
        match (&mut before, parsed) {
            (slot @ None, Line::Run { head, inputs }) => {
                *slot = Some(Before {
                    head: *head,
                    inputs,
                    done: BTreeMap::new(),
                    begun: BTreeSet::new(),
                    reached: BTreeMap::new(),
                });
            }
            (Some(before), Line::Begun { file }) => {
                before.begun.insert(file);
            }
            (Some(before), Line::Reached(reached)) => {
                let file = reached.report.file.clone();
                before.reached.insert(file, *reached);
            }
            (Some(before), Line::Done(report)) => {
                before.reached.remove(&report.file);
                before.begun.remove(&report.file);
                before.done.insert(report.file.clone(), *report);
            }
            _ => return Err(no_journal(path)),
        }
        whole += read as u64;
    }
    if before.is_none() && !line.is_empty() && !line.starts_with(b"{\"run\"") {
        return Err(no_journal(path));
    }
    file.seek(SeekFrom::Start(whole)).map_err(&failed)?;
    // What was cut off is overwritten by the next line, which must not leave an end of it.
    let _ = file.set_len(whole);
    Ok(before)
}

fn check_same(before: &RunHead, now: &RunHead, path: &Path) -> Result<(), DatasetFault> {
    let differs = [
        ("program", before.program != now.program),
        ("format", before.format != now.format),
        ("profile", before.policy != now.policy),
        ("key", before.key_id != now.key_id),
        ("day for ages", before.as_of != now.as_of),
        ("tables", before.editions != now.editions),
        ("options", before.options != now.options),
        ("verifier", before.verify != now.verify),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => Err(DatasetFault::refused(
            "dataset.other_run",
            format!("`{}` tells of a run with another {what}", path.display()),
            "go on with the same key, profile and options, or begin anew with --force",
        )),
    }
}

fn busy(path: &Path) -> DatasetFault {
    DatasetFault::refused(
        "dataset.busy",
        format!("another run writes `{}`", path.display()),
        "wait until it ends, or name another output",
    )
}

fn no_journal(path: &Path) -> DatasetFault {
    DatasetFault::refused(
        "dataset.no_journal",
        format!("`{}` is no journal of a run", path.display()),
        "move it away, or begin anew with --force",
    )
}

/// A report of one file with all its refusals is far shorter.
const LINE_BYTES_MAX: u64 = 64 << 20;
