//! One file: read, cleaned, searched, written beside its place. Whatever fails, the input stands as it was.

mod group;
mod named;
mod spare;

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use wardgate_deid::{Found as Residue, RecordFault, Tally};

use crate::digest::{Digest, hex};
use crate::fault::DatasetFault;
use crate::folder::Found;
use crate::format::{Counter, Format, Layout};
use crate::journal::Journal;
use crate::pending::{MODE_USUAL, Pending, sync_folder};
use crate::pieces::RECORD_BYTES_MAX;
use crate::records::SoFar;
use crate::report::{FileReport, Refused};
use crate::run::{Progress, Settings};
use named::{Unnamed, Written};

pub(crate) use group::groups;
pub(crate) use spare::Spare;

/// What the work on every file of a run needs.
pub(crate) struct Work<'r> {
    pub(crate) format: &'r dyn Format,
    pub(crate) settings: Settings,
    pub(crate) journal: &'r Journal,
    pub(crate) progress: &'r (dyn Fn(Progress) + Sync),
    pub(crate) stop: &'r AtomicBool,
    /// Folders in which outputs got their names.
    pub(crate) folders: Mutex<BTreeSet<PathBuf>>,
    pub(crate) spare: Spare,
}

/// Where an output goes.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// As the data set names it.
    pub(crate) name: String,
    /// The folder that is written, where there is one: no output leaves it.
    pub(crate) inside: Option<PathBuf>,
}

impl Place {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

impl Work<'_> {
    /// What an earlier run made of the same file, when that still stands.
    fn done_before(&self, found: &Found, place: &Place) -> Option<FileReport> {
        let before = self.journal.done(&found.below)?;
        let metadata = fs::metadata(&found.from).ok()?;
        let same = before.bytes == metadata.len()
            && (before.modified_ns == modified_ns(&metadata)
                || crate::sha256_of_file(&found.from).ok()?.0 == before.sha256);
        let output = before.output.as_ref()?;
        let (sha256, bytes) = crate::sha256_of_file(&place.path).ok()?;
        (same && sha256 == output.sha256 && bytes == output.bytes).then(|| before.clone())
    }

    fn in_the_way(&self, file: &Path, place: &Place) -> Option<Refused> {
        let own = self.journal.was_begun(file);
        let there = !self.settings.force && !own && fs::symlink_metadata(&place.path).is_ok();
        there.then(|| Refused {
            file: PathBuf::from(&place.name),
            record: None,
            byte: None,
            code: "dataset.exists".to_owned(),
            reason: "the output exists already".to_owned(),
            hint: "name an empty folder, or add --force to replace its files".to_owned(),
        })
    }

    fn written(
        &self,
        found: &Found,
        place: &Place,
        threads: usize,
        report: &mut FileReport,
    ) -> Result<Option<Unnamed>, DatasetFault> {
        let input = File::open(&found.from).map_err(DatasetFault::file("read", &found.below))?;
        let before = input
            .metadata()
            .map_err(DatasetFault::file("read", &found.below))?;
        (report.bytes, report.modified_ns) = (before.len(), modified_ns(&before));
        let left = self.journal.reached(&found.below).and_then(|reached| {
            let (pending, so_far) = reached.taken_up(self.format, &before, &place.path)?;
            Some((pending, so_far, reached.report.clone()))
        });
        let (mut pending, so_far) = match left {
            Some((pending, so_far, reached)) => {
                *report = reached;
                (pending, so_far)
            }
            None => (
                Pending::beside(&place.path, MODE_USUAL)?,
                SoFar::nothing(self.format),
            ),
        };
        let written = match self.format.layout(&found.below, before.len()) {
            Layout::Records => {
                let digest = self.records(&input, &mut pending, so_far, threads, report)?;
                digest.map(Written::Digest)
            }
            Layout::Whole => self.whole(&input, &pending, report)?.map(Written::Bytes),
            Layout::Stream => self.stream(&input, &pending, report)?,
        };
        let Some(written) = written else {
            return Ok(None);
        };
        let after = fs::metadata(&found.from).map_err(DatasetFault::file("read", &found.below))?;
        if (after.len(), modified_ns(&after)) != (before.len(), modified_ns(&before)) {
            return Err(DatasetFault::refused(
                "dataset.changed",
                "the input was changed while it was read",
                "wait until the file is complete, and run again",
            ));
        }
        Ok(Some(Unnamed {
            pending,
            written,
            place: place.clone(),
        }))
    }

    pub(crate) fn searched(
        &self,
        input: &[u8],
        output: &mut Vec<u8>,
        counter: Option<&mut (dyn Counter + '_)>,
    ) -> Result<(Tally, Residue), RecordFault> {
        guarded(|| {
            let tally = match counter {
                Some(counter) => {
                    counter.record(input, output)?;
                    Tally::default()
                }
                None => self.format.record(input, output)?,
            };
            if !self.settings.verify {
                return Ok((tally, Residue::default()));
            }
            let found = self.format.verify(input, output)?;
            if !found.any() {
                return Ok((tally, found));
            }
            let mut anew = Vec::with_capacity(output.len());
            if self.format.record_anew(input, &mut anew)?.is_none() {
                return Ok((tally, found));
            }
            *output = anew;
            Ok((tally, self.format.verify(input, output)?))
        })
    }

    /// Brings the names of outputs to the disk. One that a crash takes before is written anew by the next run.
    pub(crate) fn sync_folders(&self) -> Result<(), DatasetFault> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.iter().try_for_each(|folder| sync_folder(folder))
    }

    /// One record in memory. Gives what was written, or nothing when nothing is to be kept.
    fn whole(
        &self,
        input: &File,
        pending: &Pending,
        report: &mut FileReport,
    ) -> Result<Option<Vec<u8>>, DatasetFault> {
        let length = usize::try_from(report.bytes).unwrap_or_default();
        let mut bytes = self.spare.take();
        bytes.reserve(length.min(RECORD_BYTES_MAX) + 1);
        let limit = RECORD_BYTES_MAX as u64 + 1;
        input
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(DatasetFault::file("read", &report.file))?;
        self.pass(report.bytes, 1);
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(DatasetFault::refused(
                "dataset.too_long",
                format!("the file is one record of more than {RECORD_BYTES_MAX} bytes"),
                "split it, or write one record a line",
            ));
        }
        report.sha256 = hex(&Digest::of(&bytes));
        let mut output = self.spare.take();
        let searched = self.searched(&bytes, &mut output, None);
        self.spare.give_back(bytes);
        let (tally, found) = match searched {
            Ok(done) => done,
            Err(fault) => {
                report.refuse(None, &fault);
                return Ok(None);
            }
        };
        report.counts.records = 1;
        report.tallied(tally);
        if !self.clean(found, report) {
            return Ok(None);
        }
        let failed = DatasetFault::file("write", &report.file);
        pending.file().write_all(&output).map_err(failed)?;
        Ok(Some(output))
    }

    /// One record in passing.
    fn stream(
        &self,
        input: &File,
        pending: &Pending,
        report: &mut FileReport,
    ) -> Result<Option<Written>, DatasetFault> {
        let failed = DatasetFault::file("read", &report.file);
        let again = |mut file: &File| file.seek(SeekFrom::Start(0)).map(drop);
        let cleaned = guarded(|| {
            let tally = self.format.stream(input, pending.file())?;
            let rewound = again(input).and_then(|()| again(pending.file()));
            rewound.map_err(|_| unread())?;
            match self.settings.verify {
                true => Ok((tally, self.format.verify_stream(input, pending.file())?)),
                false => Ok((tally, Residue::default())),
            }
        });
        self.pass(report.bytes, 1);
        let (tally, found) = match cleaned {
            Ok(done) => done,
            Err(fault) => {
                report.refuse(None, &fault);
                return Ok(None);
            }
        };
        report.counts.records = 1;
        report.tallied(tally);
        if !self.clean(found, report) {
            return Ok(None);
        }
        again(input).map_err(&failed)?;
        (report.sha256, _) = Digest::new().read_all(input).map_err(failed)?;
        Ok(Some(Written::InPassing))
    }

    /// Whether the verifier lets an output pass; otherwise the report says what it found.
    pub(crate) fn clean(&self, residue: Residue, report: &mut FileReport) -> bool {
        if !residue.any() {
            return true;
        }
        report.found(&residue);
        let kinds: Vec<_> = report
            .residue
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        report.refuse_as(Refused {
            file: report.file.clone(),
            record: None,
            byte: None,
            code: "dataset.residue".to_owned(),
            reason: format!(
                "the output still holds identifiers of the input: {}",
                kinds.join(", ")
            ),
            hint: "nothing was written; report this as a fault of the program".to_owned(),
        });
        false
    }

    /// Whether the run is to end early.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, bytes: u64, items: u64) {
        (self.progress)(Progress { bytes, items });
    }
}

pub(crate) fn modified_ns(metadata: &Metadata) -> u64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or_default()
}

/// A file on which the program failed.
pub(crate) fn unfinished(found: &Found) -> FileReport {
    let fault = fault_of_the_program();
    let mut report = FileReport {
        file: found.below.clone(),
        bytes: found.bytes,
        ..FileReport::default()
    };
    (report.counts.files, report.counts.files_refused) = (1, 1);
    report.refuse_as(Refused {
        file: found.below.clone(),
        record: None,
        byte: None,
        code: fault.code().to_owned(),
        reason: fault.to_string(),
        hint: fault.hint().to_owned(),
    });
    report
}

pub(crate) fn fault_of_the_program() -> DatasetFault {
    DatasetFault::refused(
        "dataset.program_fault",
        "the program has a fault that this file brings out",
        "report it; the other files are not touched by it",
    )
}

/// The run ended early because somebody wanted it.
pub(crate) fn stopped() -> DatasetFault {
    DatasetFault::refused(
        STOPPED,
        "the run was stopped; what is done stays",
        "run the same command again: it goes on from there",
    )
}

/// A fault of the program in one record is that record's refusal and ends nothing else.
fn guarded<T>(work: impl FnOnce() -> Result<T, RecordFault>) -> Result<T, RecordFault> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(RecordFault::new(
            "dataset.program_fault",
            "the program has a fault that this record brings out",
            "report it; the other records are not touched by it",
        ))
    })
}

fn unread() -> RecordFault {
    RecordFault::new(
        "dataset.file",
        "the file can not be read anew for the verifier",
        "check the disk and its file system",
    )
}

const STOPPED: &str = "dataset.stopped";
