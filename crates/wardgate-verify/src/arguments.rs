//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Help,
    Version,
    /// What to verify, and whether to answer in JSON.
    Task(Task, bool),
}

/// What to verify with what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) subject: Subject,
    pub(crate) path: PathBuf,
    /// Verifier keys, or files that hold some.
    pub(crate) keys: Vec<String>,
    pub(crate) policy: Option<PathBuf>,
    /// The bytes of the entry that a proof is about.
    pub(crate) entry: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Export,
    Log,
    Proof,
    Checkpoint,
}

pub(crate) fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let mut given = given.into_iter();
    let mut places: Vec<OsString> = Vec::new();
    let (mut keys, mut policy, mut entry, mut json) = (Vec::new(), None, None, false);
    while let Some(argument) = given.next() {
        let mut value = |name: &str| {
            let value = given.next();
            value.ok_or_else(|| format!("`{name}` needs a value"))
        };
        match argument.to_str() {
            Some("--help" | "-h") => return Ok(Parsed::Help),
            Some("--version" | "-V") => return Ok(Parsed::Version),
            Some("--json") => json = true,
            Some("--key") => {
                let key = value("--key")?.into_string();
                keys.push(key.map_err(|_| "the value of `--key` is not UTF-8".to_owned())?);
            }
            Some("--policy") => once(&mut policy, "--policy", value("--policy")?)?,
            Some("--entry") => once(&mut entry, "--entry", value("--entry")?)?,
            Some(option) if option.starts_with('-') => {
                return Err(format!("there is no option `{option}`"));
            }
            _ => places.push(argument),
        }
    }
    let mut places = places.into_iter();
    let subject = match places.next() {
        None => return Err("say what to verify: export, log, proof or checkpoint".to_owned()),
        Some(word) => subject_of(&word)?,
    };
    let (path, None) = (places.next(), places.next()) else {
        return Err("name one directory or file".to_owned());
    };
    let path = path.ok_or("name the directory or file to verify")?;
    if keys.is_empty() && policy.is_none() {
        return Err("give whom you trust with `--key` or `--policy`".to_owned());
    }
    if (subject == Subject::Proof) != entry.is_some() {
        return Err("`--entry` goes with `proof`, and `proof` needs it".to_owned());
    }
    let task = Task {
        subject,
        path: path.into(),
        keys,
        policy,
        entry,
    };
    Ok(Parsed::Task(task, json))
}

fn subject_of(word: &OsString) -> Result<Subject, String> {
    match word.to_str() {
        Some("export") => Ok(Subject::Export),
        Some("log") => Ok(Subject::Log),
        Some("proof") => Ok(Subject::Proof),
        Some("checkpoint") => Ok(Subject::Checkpoint),
        _ => Err(format!("there is nothing called `{}`", word.display())),
    }
}

fn once(slot: &mut Option<PathBuf>, name: &str, value: OsString) -> Result<(), String> {
    match slot.replace(value.into()) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` is given twice")),
    }
}

pub(crate) const HELP: &str = "\
Verify what a Wardgate ledger has logged, offline and without Wardgate

Usage:
  wardgate-verify export DIR (--key KEY)... [--policy FILE]
  wardgate-verify log DIR (--key KEY)... [--policy FILE]
  wardgate-verify proof FILE --entry FILE [--policy FILE] [--key KEY]...
  wardgate-verify checkpoint FILE [--policy FILE] [--key KEY]...

What to verify:
  export      A directory that `wardgate ledger export` made: every file and the whole log
  log         A copy of a ledger directory: checkpoint, entries and tiles
  proof       A proof (c2sp.org/tlog-proof) and the entry that it is about
  checkpoint  A checkpoint (c2sp.org/tlog-checkpoint), also with cosignatures

Options:
  --key KEY      Verifier key, or a file of keys one a line; each key must have signed
  --policy FILE  Trust policy (c2sp.org/tlog-policy): one of its logs must have signed, and the
                 quorum of its witnesses must have cosigned
  --entry FILE   The bytes of the entry, exactly as they were logged
  --json         Answer with one JSON object
  -h, --help     Print this help
  -V, --version  Print the version

At least one of `--key` and `--policy` is needed; with both, both must hold. Take them from a
source that you trust, not from what you verify.

Exit codes: 0 verified, 1 not verified or not readable, 2 wrong use.

Example:
  wardgate-verify export ledger-2026-11 --key ledger.vkey
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_reads() {
        for (word, subject) in [
            ("export", Subject::Export),
            ("log", Subject::Log),
            ("checkpoint", Subject::Checkpoint),
        ] {
            let parsed = of(&[word, "there", "--key", "k", "--json", "--key", "l"]);
            let task = Task {
                subject,
                path: "there".into(),
                keys: vec!["k".to_owned(), "l".to_owned()],
                policy: None,
                entry: None,
            };
            assert_eq!(parsed, Ok(Parsed::Task(task, true)));
        }
        let parsed = of(&["--policy", "p", "proof", "--entry", "e", "f"]);
        let task = Task {
            subject: Subject::Proof,
            path: "f".into(),
            keys: Vec::new(),
            policy: Some("p".into()),
            entry: Some("e".into()),
        };
        assert_eq!(parsed, Ok(Parsed::Task(task, false)));
        assert_eq!(of(&["export", "--help"]), Ok(Parsed::Help));
        assert_eq!(of(&["-V"]), Ok(Parsed::Version));
    }

    #[test]
    fn wrong_use_is_refused() {
        for wrong in [
            &[][..],
            &["export"],
            &["export", "a", "b", "--key", "k"],
            &["import", "a", "--key", "k"],
            &["export", "a"],
            &["export", "a", "--key"],
            &["export", "a", "--key", "k", "--entry", "e"],
            &["proof", "a", "--key", "k"],
            &["export", "a", "--key", "k", "--what"],
            &["export", "a", "--policy", "p", "--policy", "q"],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    fn of(given: &[&str]) -> Result<Parsed, String> {
        parse(given.iter().map(OsString::from))
    }
}
