//! The work: files handed out to threads, counts gathered.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use wardgate_deid::{Deidentifier, Engine, Kind, PlaceholderKey};

use crate::folder::{TextFile, text_files};

/// Why nothing was done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// What was done, in counts only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    files: u64,
    left_out: u64,
    bytes: u64,
    kinds: [u64; Kind::ALL.len()],
}

impl Report {
    /// Whether every file was written.
    pub(crate) fn is_complete(&self) -> bool {
        self.left_out == 0
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{} files, {} bytes, {} identifiers replaced, {} files left out",
            self.files,
            self.bytes,
            self.kinds.iter().sum::<u64>(),
            self.left_out
        );
        for (kind, count) in self.counted() {
            text.push_str(&format!("\n  {:<10}{count}", kind.label()));
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let kinds: serde_json::Map<_, _> = self
            .counted()
            .map(|(kind, count)| (kind.label().to_owned(), count.into()))
            .collect();
        let report = serde_json::json!({
            "files": self.files,
            "left_out": self.left_out,
            "bytes": self.bytes,
            "kinds": kinds,
        });
        report.to_string()
    }

    fn counted(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL
            .into_iter()
            .zip(self.kinds)
            .filter(|(_, count)| *count > 0)
    }

    fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.left_out += other.left_out;
        self.bytes += other.bytes;
        self.kinds
            .iter_mut()
            .zip(other.kinds)
            .for_each(|(to, from)| *to += from);
    }
}

/// De-identifies a folder into a new one.
pub(crate) fn run(
    input: &Path,
    out: &Path,
    key_file: &Path,
    threads: usize,
) -> Result<Report, Failure> {
    let key = key(key_file)?;
    let files = text_files(input).map_err(|error| Failure {
        message: format!("can not read the folder `{}`: {error}", input.display()),
        hint: "check the path and its permissions",
    })?;
    fs::create_dir(out).map_err(|error| Failure {
        message: format!("can not make the folder `{}`: {error}", out.display()),
        hint: "name a folder that does not exist yet; nothing is overwritten",
    })?;
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads.min(THREADS_MAX),
    };
    let (engine, next) = (Engine::new(), AtomicUsize::new(0));
    let worker = || take_files(&files, &next, out, &Deidentifier::new(&engine, &key, None));
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => report.add(&done),
                // What it had taken is not counted as done.
                Err(_) => report.left_out += 1,
            }
        }
    });
    Ok(report)
}

/// Takes files until none is left.
fn take_files(
    files: &[TextFile],
    next: &AtomicUsize,
    out: &Path,
    deidentifier: &Deidentifier<'_>,
) -> Report {
    let mut report = Report::default();
    while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        match convert(file, out, deidentifier) {
            Some(done) => report.add(&done),
            None => report.left_out += 1,
        }
    }
    report
}

fn convert(file: &TextFile, out: &Path, deidentifier: &Deidentifier<'_>) -> Option<Report> {
    let metadata = fs::metadata(&file.from).ok()?;
    if metadata.len() > FILE_BYTES_MAX {
        return None;
    }
    let text = fs::read_to_string(&file.from).ok()?;
    let done = deidentifier.text([0; 32], &text);
    // What still identifies somebody for sure is not written.
    if done.residue().is_strong() {
        return None;
    }
    let mut report = Report {
        files: 1,
        bytes: metadata.len(),
        ..Report::default()
    };
    for (count, kind) in report.kinds.iter_mut().zip(Kind::ALL) {
        *count = done.report().of_kind(kind);
    }
    let target = out.join(&file.below);
    fs::create_dir_all(target.parent()?).ok()?;
    fs::write(target, done.body()).ok()?;
    Some(report)
}

/// The placeholder key: bytes that the caller keeps secret.
fn key(path: &Path) -> Result<PlaceholderKey, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure {
        message: format!("can not read the key file `{}`: {error}", path.display()),
        hint: "make one with `head -c 32 /dev/urandom > FILE`",
    })?;
    match bytes.first_chunk::<32>() {
        Some(bytes) => Ok(PlaceholderKey::new(*bytes)),
        None => Err(Failure {
            message: format!("the key file `{}` has less than 32 bytes", path.display()),
            hint: "make one with `head -c 32 /dev/urandom > FILE`",
        }),
    }
}

const FILE_BYTES_MAX: u64 = 64 << 20;
const THREADS_MAX: usize = 1_024;
