//! Files that are brought to the disk together, because waiting for the disk costs more than cleaning most files.
//!
//! No output takes its name before all of its group are on the disk and each was read back.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use wardgate_deid::Tally;

use super::named::{Unnamed, Written};
use super::{Place, STOPPED, Work, unfinished};
use crate::disk::Barrier;
use crate::fault::DatasetFault;
use crate::folder::Found;
use crate::report::{FileReport, OutputFile, Refused};

/// A file whose output is complete beside its place, or that was refused.
struct Ready {
    report: FileReport,
    output: Option<Unnamed>,
    /// Whether the journal has the report from an earlier run.
    known: bool,
}

/// Files one after another that are brought to the disk together: so few that each thread has several such groups.
pub(crate) fn groups(files: &[Found], threads: usize) -> impl Iterator<Item = &[Found]> {
    let threads = threads.max(1);
    let shared = files.len() / threads / GROUPS_PER_THREAD;
    let files_max = shared.min(OPEN_MAX / threads).clamp(1, FILES_MAX);
    let mut rest = files;
    std::iter::from_fn(move || {
        let mut bytes = 0_u64;
        let fits = |found: &&Found| {
            bytes = bytes.saturating_add(found.bytes);
            bytes <= BYTES_MAX
        };
        let count = rest.iter().take(files_max).take_while(fits).count().max(1);
        let (group, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(group)
    })
}

impl Work<'_> {
    /// Cleans files with so many threads each, and brings them to the disk together. Only what ends the whole run
    /// is an error.
    pub(crate) fn files<'f>(
        &self,
        group: impl ExactSizeIterator<Item = (&'f Found, Place)>,
        threads: usize,
    ) -> Result<Vec<FileReport>, DatasetFault> {
        let (count, mut barrier) = (group.len(), None);
        let mut ready = Vec::with_capacity(count);
        let (mut checked, mut ended) = (None, Ok(()));
        for (found, place) in group {
            if self.is_stopped() && !ready.is_empty() {
                break;
            }
            if count > 1 && barrier.is_none() {
                barrier = place.inside.as_deref().and_then(Barrier::before);
            }
            let work = || self.ready(found, &place, threads, &mut checked);
            let done = panic::catch_unwind(AssertUnwindSafe(work));
            match done.unwrap_or_else(|_| Ok(Ready::refused(unfinished(found)))) {
                Ok(done) => ready.push(done),
                Err(fault) => {
                    ended = Err(fault);
                    break;
                }
            }
        }
        let reports = self.named(ready, barrier.as_ref())?;
        ended.map(|()| reports)
    }

    /// Cleans a file into one beside its place.
    fn ready(
        &self,
        found: &Found,
        place: &Place,
        threads: usize,
        checked: &mut Option<PathBuf>,
    ) -> Result<Ready, DatasetFault> {
        if let Some(report) = self.done_before(found, place) {
            self.pass(found.bytes, report.counts.records);
            return Ok(Ready {
                known: true,
                ..Ready::refused(report)
            });
        }
        let mut ready = Ready::refused(FileReport {
            file: found.below.clone(),
            bytes: found.bytes,
            ..FileReport::default()
        });
        ready.report.counts.files = 1;
        if let Some(refused) = self.in_the_way(&found.below, place) {
            ready.report.refuse_as(refused);
            self.pass(found.bytes, 0);
            return Ok(ready);
        }
        let written = check_folder(place, checked)
            .and_then(|()| self.written(found, place, threads, &mut ready.report));
        match written {
            Ok(output) => ready.output = output,
            // The journal has nothing of it, so that the next run does it.
            Err(fault) if fault.code() == STOPPED => return Err(fault),
            Err(fault) => ready.refuse(&fault),
        }
        Ok(ready)
    }

    /// Brings outputs to the disk, gives each its name, and notes what became of all files.
    fn named(
        &self,
        mut ready: Vec<Ready>,
        barrier: Option<&Barrier>,
    ) -> Result<Vec<FileReport>, DatasetFault> {
        // On the disk with the outputs: after a crash, the next run knows whose the names are.
        let outputs = ready.iter().filter(|ready| ready.output.is_some());
        self.journal
            .begin(outputs.clone().map(|ready| ready.report.file.as_path()))?;
        let outputs = outputs.filter_map(|ready| Some(ready.output.as_ref()?.pending.file()));
        let mut synced = barrier.map(|barrier| barrier.pass(outputs)).into_iter();
        let mut synced = synced.next().unwrap_or_default().into_iter();
        for ready in &mut ready {
            let Some(unnamed) = ready.output.take() else {
                continue;
            };
            let is_synced = synced.next().unwrap_or_default();
            match self.name(&ready.report.file, unnamed, is_synced) {
                Ok(output) => ready.report.output = Some(output),
                Err(fault) => ready.refuse(&fault),
            }
        }
        ready.iter_mut().for_each(Ready::count);
        let fresh = ready.iter().filter(|ready| !ready.known);
        self.journal.finish(fresh.map(|ready| &ready.report))?;
        Ok(ready.into_iter().map(|ready| ready.report).collect())
    }

    fn name(
        &self,
        file: &Path,
        unnamed: Unnamed,
        is_synced: bool,
    ) -> Result<OutputFile, DatasetFault> {
        if !is_synced {
            unnamed.pending.sync()?;
        }
        let output = unnamed.read_back()?;
        // Another file of the same run may have taken the name.
        if let Some(refused) = self.in_the_way(file, &unnamed.place) {
            return Err(DatasetFault::refused(
                "dataset.exists",
                refused.reason,
                "name an empty folder, or add --force to replace its files",
            ));
        }
        let folder = unnamed.place.folder().to_owned();
        unnamed.pending.keep()?;
        if let Written::Bytes(bytes) = unnamed.written {
            self.spare.give_back(bytes);
        }
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.insert(folder);
        Ok(output)
    }
}

impl Ready {
    fn refused(report: FileReport) -> Self {
        Self {
            report,
            output: None,
            known: false,
        }
    }

    fn refuse(&mut self, fault: &DatasetFault) {
        self.report.refuse_as(Refused {
            file: self.report.file.clone(),
            record: None,
            byte: None,
            code: fault.code().to_owned(),
            reason: fault.to_string(),
            hint: fault.hint().to_owned(),
        });
    }

    /// Sums up what became of the file.
    fn count(&mut self) {
        if self.known {
            return;
        }
        let report = &mut self.report;
        if report.output.is_none() {
            report.counts.files_refused = 1;
            report.counts.records = 0;
            report.operations = Tally::default();
        }
        report.counts.records_refused = report
            .refused
            .iter()
            .filter(|refused| refused.record.is_some())
            .count() as u64
            + report.refused_untold;
        report.counts.bytes_in = report.bytes;
        report.counts.bytes_out = report.output.as_ref().map_or(0, |output| output.bytes);
    }
}

/// Makes the folder of an output, which no link may lead out of the folder that is written; `checked` is the last
/// one of the group.
fn check_folder(place: &Place, checked: &mut Option<PathBuf>) -> Result<(), DatasetFault> {
    let folder = place.folder();
    if checked.as_deref() == Some(folder) {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(DatasetFault::file("make", folder))?;
    if let Some(inside) = &place.inside {
        let real = |path: &Path| fs::canonicalize(path).map_err(DatasetFault::file("read", path));
        if !real(folder)?.starts_with(real(inside)?) {
            return Err(DatasetFault::refused(
                "dataset.link",
                "a link leads out of the folder that is written",
                "write into a folder without links",
            ));
        }
    }
    *checked = Some(folder.to_owned());
    Ok(())
}

/// Files of a group.
const FILES_MAX: usize = 64;
/// Outputs that are open at a time, over all threads: each is until its group is on the disk, and some systems let
/// a process open no more than 256 files.
const OPEN_MAX: usize = 192;
/// Bytes of a group, which are in memory until it is on the disk; a longer file is a group of its own.
const BYTES_MAX: u64 = 2 << 20;
/// How many groups each thread has at least, where there are as many files.
const GROUPS_PER_THREAD: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_small_and_leave_nothing_out() {
        let file = |bytes| Found {
            from: PathBuf::new(),
            below: PathBuf::new(),
            bytes,
        };
        let counts = |files: &[Found], threads| -> Vec<usize> {
            groups(files, threads).map(<[Found]>::len).collect()
        };
        assert_eq!(counts(&[], 2), [] as [usize; 0]);
        let small = vec![file(1000); 1000];
        assert_eq!(counts(&small, 1), [vec![64; 15], vec![40]].concat());
        assert_eq!(counts(&small[..10], 4), [1; 10]);
        assert_eq!(
            counts(&small, 32),
            vec![6; 166].into_iter().chain([4]).collect::<Vec<_>>()
        );
        assert_eq!(counts(&small[..5], 1000), [1; 5]);
        let mixed = [1, 9 << 20, 1 << 20, 3 << 20, 1, 1].map(file);
        let mixed: Vec<Found> = std::iter::repeat_n(mixed, 10).flatten().collect();
        assert_eq!(counts(&mixed, 1).iter().sum::<usize>(), 60);
        assert!(groups(&mixed, 1).all(|group| {
            group.len() == 1 || group.iter().map(|found| found.bytes).sum::<u64>() <= BYTES_MAX
        }));
    }
}
