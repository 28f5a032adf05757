//! A run over all texts: batches are read, done on all cores, and written in order.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wardgate_datasets::{Found, MODE_USUAL, check_apart, files};

use super::lines::Lines;
use super::tally::{Refused, Tally};
use super::target::Target;
use super::work::{Done, Form, Marked, TEXT_BYTES_MAX, Work, in_order};
use crate::failure::Failure;
use crate::progress::Progress;

/// The run and what it has done so far.
pub(super) struct Run<'a> {
    pub(super) work: &'a Work,
    pub(super) threads: usize,
    pub(super) progress: Progress,
    pub(super) tally: Tally,
    pub(super) marked: Vec<Marked>,
    marked_bytes: usize,
}

/// What a folder is turned into.
pub(super) struct Mirror<'a> {
    pub(super) out: &'a Path,
    pub(super) force: bool,
    /// The form of all files; each file's own when not stated.
    pub(super) records: Option<bool>,
}

impl<'a> Run<'a> {
    pub(super) fn new(work: &'a Work, threads: usize, progress: Progress) -> Self {
        Self {
            work,
            threads,
            progress,
            tally: Tally::default(),
            marked: Vec::new(),
            marked_bytes: 0,
        }
    }

    /// One text.
    pub(super) fn plain(
        &mut self,
        input: impl Read,
        from: &Path,
        target: &mut Target,
    ) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        input
            .take(TEXT_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::file("read", from, &error))?;
        self.progress.passed(bytes.len() as u64);
        let done = if bytes.len() > TEXT_BYTES_MAX {
            too_long(from)
        } else {
            self.work.plain(bytes, from, None, self.work.form)
        };
        self.keep(done, Some(target)).map(drop)
    }

    /// A text on every line.
    pub(super) fn lines(
        &mut self,
        input: impl BufRead,
        from: &Path,
        target: &mut Target,
    ) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::file("read", from, &error);
        let mut lines = Lines::new(input, self.work.encoding).map_err(failed)?;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH_TEXTS_MAX && bytes < BATCH_BYTES_MAX {
                let Some(line) = lines.next(TEXT_BYTES_MAX).map_err(failed)? else {
                    break;
                };
                bytes += line.len;
                batch.push(line);
            }
            if batch.is_empty() {
                return Ok(());
            }
            let work = self.work;
            for done in in_order(batch, self.threads, |line| work.line(line, from))? {
                if !self.keep(done, Some(target))? {
                    return Ok(());
                }
            }
            self.progress.passed(bytes);
        }
    }

    /// Every file of a folder, each into its own file below another.
    pub(super) fn folder(&mut self, files: &[Found], mirror: &Mirror<'_>) -> Result<(), Failure> {
        let mut batch: Vec<&Found> = Vec::new();
        let mut bytes = 0;
        for found in files {
            let records = mirror.records.unwrap_or_else(|| is_records(&found.below));
            if records {
                self.records_file(found, mirror)?;
                continue;
            }
            batch.push(found);
            bytes += found.bytes;
            if batch.len() >= BATCH_TEXTS_MAX || bytes >= BATCH_BYTES_MAX {
                self.batch(std::mem::take(&mut batch), mirror)?;
                bytes = 0;
            }
        }
        self.batch(batch, mirror)
    }

    fn batch(&mut self, batch: Vec<&Found>, mirror: &Mirror<'_>) -> Result<(), Failure> {
        let bytes = batch.iter().map(|found| found.bytes).sum();
        let work = self.work;
        for done in in_order(batch, self.threads, |found| file(work, found, mirror))? {
            self.keep(done?, None)?;
        }
        self.progress.passed(bytes);
        Ok(())
    }

    fn records_file(&mut self, found: &Found, mirror: &Mirror<'_>) -> Result<(), Failure> {
        let to = mirror.out.join(&found.below);
        if let Some(refused) = mirror.in_the_way(&to) {
            self.tally.refused.push(refused);
            return Ok(());
        }
        let input = match File::open(&found.from) {
            Ok(file) => BufReader::new(file),
            Err(error) => return self.keep(unread(&found.from, &error), None).map(drop),
        };
        let mut target = mirror.target(&to)?;
        let before = self.tally.texts;
        self.lines(input, &found.from, &mut target)?;
        if self.tally.texts > before || found.bytes == 0 {
            target.finish()?;
        }
        Ok(())
    }

    /// Counts and writes what was done; gives whether anybody still reads.
    fn keep(&mut self, done: Done, target: Option<&mut Target>) -> Result<bool, Failure> {
        self.tally.add(done.tally);
        if let Some(marked) = done.marked {
            self.marked_bytes += marked.text.len();
            if self.marked_bytes > REVIEW_BYTES_MAX {
                return Err(Failure::new(
                    "these are too many texts for one review page",
                    "review a part of them: at most 256 MiB",
                ));
            }
            self.marked.push(marked);
        }
        match target {
            Some(target) => target.write(&done.out),
            None => Ok(true),
        }
    }
}

impl Mirror<'_> {
    fn in_the_way(&self, to: &Path) -> Option<Refused> {
        let there = !self.force && fs::symlink_metadata(to).is_ok();
        there.then(|| Refused {
            file: to.to_owned(),
            line: 0,
            offset: None,
            reason: "exists already".to_owned(),
            hint: "name an empty folder, or add --force to replace its files".to_owned(),
        })
    }

    fn target(&self, to: &Path) -> Result<Target, Failure> {
        let folder = to.parent().unwrap_or(self.out);
        fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
        Target::file(to, MODE_USUAL)
    }
}

/// Whether a file holds a record on every line, by its name.
pub(super) fn is_records(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        RECORD_EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
    })
}

/// One plain file of a folder, read, done and written.
fn file(work: &Work, found: &Found, mirror: &Mirror<'_>) -> Result<Done, Failure> {
    let detected = work.form == Form::Detected;
    let mut to = mirror.out.join(&found.below);
    if detected {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        to = to.with_file_name(format!("{name}.json"));
    }
    if let Some(refused) = mirror.in_the_way(&to) {
        return Ok(Done {
            tally: Tally::refused(refused),
            ..Done::default()
        });
    }
    if found.bytes > TEXT_BYTES_MAX as u64 {
        return Ok(too_long(&found.from));
    }
    let bytes = match fs::read(&found.from) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(unread(&found.from, &error)),
    };
    let id = Value::from(found.below.to_string_lossy());
    let form = if detected { Form::Detected } else { Form::Bare };
    let mut done = work.plain(bytes, &found.from, Some(&id), form);
    if done.tally.refused.is_empty() {
        let mut target = mirror.target(&to)?;
        target.write(&done.out)?;
        target.finish()?;
    }
    done.out = Vec::new();
    Ok(done)
}

fn too_long(file: &Path) -> Done {
    let reason = format!("is longer than {TEXT_BYTES_MAX} bytes");
    refused(
        file,
        reason,
        "split the text, or write one text a line as JSON",
    )
}

fn unread(file: &Path, error: &io::Error) -> Done {
    let hint = "check its owner and permissions";
    refused(file, format!("can not be read: {error}"), hint)
}

fn refused(file: &Path, reason: String, hint: &str) -> Done {
    Done {
        tally: Tally::refused(Refused {
            file: PathBuf::from(file),
            line: 0,
            offset: None,
            reason,
            hint: hint.to_owned(),
        }),
        ..Done::default()
    }
}

/// The files of a folder, which must be apart from where they are written.
pub(super) fn to_mirror(input: &Path, out: &Path) -> Result<Vec<Found>, Failure> {
    check_apart(input, out)?;
    if fs::metadata(out).is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::new(
            format!("`{}` is no folder", out.display()),
            "a folder is written into a folder: name one",
        ));
    }
    fs::create_dir_all(out).map_err(|error| Failure::file("make", out, &error))?;
    Ok(files(input)?)
}

const RECORD_EXTENSIONS: [&str; 2] = ["jsonl", "ndjson"];
/// A batch is read before it is done: the memory of a run.
const BATCH_TEXTS_MAX: usize = 4096;
const BATCH_BYTES_MAX: u64 = 16 << 20;
/// What a browser still opens.
const REVIEW_BYTES_MAX: usize = 256 << 20;
