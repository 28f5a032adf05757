//! What an anonymisation found before it was interrupted, beside its output.
//!
//! A line of JSON says of which run it is: the program, the digests of the input, of the plan with its
//! hierarchies and of the population. The solution follows, and its digest stands in the line. It holds levels of
//! hierarchies and no value, and is readable by its owner only. Whatever does not fit is searched for anew.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use wardgate_datasets::{Digest, MODE_PRIVATE, Pending, journal_beside, sha256_of_file};
use wardgate_tables::{Keeper, Plan, Solution};

use crate::failure::Failure;

/// The journal of an anonymisation.
pub(super) struct Journal {
    path: PathBuf,
    run: Run,
    recalled: AtomicBool,
}

/// Which run it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    program: String,
    /// SHA-256 of the input.
    input: String,
    /// SHA-256 of the plan in JSON, its hierarchies among it.
    plan: String,
    /// SHA-256 of the population, where there is one.
    population: Option<String>,
    /// The ending of the output's name: what is one value in it decides about diversity.
    output: String,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    anonymize: Run,
    /// SHA-256 of the solution.
    solution: String,
}

impl Journal {
    /// The journal beside an output.
    ///
    /// # Errors
    /// When a file that is none of this command has its name, or the population can not be read.
    pub(super) fn beside(
        output: &Path,
        plan: &Plan,
        input_sha256: &str,
        population: Option<&Path>,
    ) -> Result<Self, Failure> {
        let plan = serde_json::to_vec(plan).map_err(|_| {
            Failure::new("the plan can not be written in JSON", "give finite numbers")
        })?;
        let mut digest = Digest::new();
        digest.update(&plan);
        let population = population.map(sha256_of_file).transpose()?;
        let ending = output.extension().unwrap_or_default();
        let journal = Self {
            path: journal_beside(output),
            run: Run {
                program: concat!("wardgate ", env!("CARGO_PKG_VERSION")).to_owned(),
                input: input_sha256.to_owned(),
                plan: digest.hex(),
                population: population.map(|(sha256, _)| sha256),
                output: ending.to_string_lossy().to_ascii_lowercase(),
            },
            recalled: AtomicBool::new(false),
        };
        match fs::symlink_metadata(&journal.path) {
            Ok(_) if journal.head().is_none() => Err(Failure::new(
                format!("`{}` is no journal of this command", journal.path.display()),
                "move it away, or name another output",
            )),
            _ => Ok(journal),
        }
    }

    /// What keeps the solution of a search.
    pub(super) fn keeper(&self) -> &dyn Keeper {
        self
    }

    /// Whether an earlier run's solution was taken.
    pub(super) fn was_recalled(&self) -> bool {
        self.recalled.load(Ordering::Relaxed)
    }

    /// It has served its purpose.
    pub(super) fn remove(&self) {
        // There may be none, where the disk had no place for it.
        let _ = fs::remove_file(&self.path);
    }

    fn head(&self) -> Option<(Head, BufReader<File>)> {
        let mut input = BufReader::new(File::open(&self.path).ok()?);
        let mut line = Vec::new();
        let mut limited = input.by_ref().take(HEAD_BYTES_MAX);
        limited.read_until(b'\n', &mut line).ok()?;
        Some((serde_json::from_slice(&line).ok()?, input))
    }

    fn recalled(&self) -> Option<Solution> {
        let (head, solution) = self.head()?;
        if head.anonymize != self.run {
            return None;
        }
        let (sha256, _) = Digest::new().read_all(solution).ok()?;
        let (_, solution) = self.head().filter(|_| sha256 == head.solution)?;
        Solution::read(solution).ok()
    }

    fn kept(&self, solution: &Solution) -> Option<()> {
        let mut digest = Digesting(Digest::new());
        solution.write(&mut digest).ok()?;
        let head = Head {
            anonymize: self.run.clone(),
            solution: digest.0.hex(),
        };
        let pending = Pending::beside(&self.path, MODE_PRIVATE).ok()?;
        let mut output = BufWriter::new(pending.file());
        serde_json::to_writer(&mut output, &head).ok()?;
        output.write_all(b"\n").ok()?;
        solution.write(&mut output).ok()?;
        output.flush().ok()?;
        drop(output);
        pending.sync().ok()?;
        pending.keep().ok()
    }
}

impl Keeper for Journal {
    fn recall(&self) -> Option<Solution> {
        let recalled = self.recalled();
        self.recalled.store(recalled.is_some(), Ordering::Relaxed);
        recalled
    }

    fn keep(&self, solution: &Solution) {
        self.recalled.store(false, Ordering::Relaxed);
        // Without a journal an interruption costs the time of another search, and nothing else.
        let _ = self.kept(solution);
    }
}

/// A sink that is digested only.
struct Digesting(Digest);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The line is far shorter.
const HEAD_BYTES_MAX: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use wardgate_tables::Model;

    use super::*;

    fn plan(k: u64) -> Plan {
        Plan {
            quasi: vec!["age".to_owned()],
            models: vec![Model::KAnonymity { k }],
            ..Plan::default()
        }
    }

    fn solution() -> Solution {
        Solution::read(&b"levels 1\x02\0\0\0\0\0\0\0\x03\x01"[..]).unwrap()
    }

    #[test]
    fn only_the_same_run_recalls() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let journal = |plan: &Plan, input| Journal::beside(&out, plan, input, None).unwrap();
        let first = journal(&plan(5), "aa");
        assert_eq!(first.recall(), None);
        first.keep(&solution());
        assert!(!first.was_recalled());
        let same = journal(&plan(5), "aa");
        assert_eq!(same.recall(), Some(solution()));
        assert!(same.was_recalled());
        assert_eq!(journal(&plan(6), "aa").recall(), None);
        assert_eq!(journal(&plan(5), "ab").recall(), None);
        same.remove();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_changed_or_cut_off_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        let journal = Journal::beside(&out, &plan(5), "aa", None).unwrap();
        journal.keep(&solution());
        let path = journal_beside(&out);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(journal.recall(), None);
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() = 0;
        fs::write(&path, changed).unwrap();
        assert_eq!(journal.recall(), None);
        fs::write(&path, "somebody's notes\n").unwrap();
        assert!(Journal::beside(&out, &plan(5), "aa", None).is_err());
    }
}
