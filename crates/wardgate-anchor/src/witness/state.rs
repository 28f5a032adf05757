//! What a witness keeps: its keys, the logs that it was told of, and what it cosigned last.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::cosignature::Cosigner;
use wardgate_tlog::note::{NoteFault, VerifierKey};
use wardgate_tlog::tree::empty_root;
use zeroize::Zeroizing;

use super::{Cosigned, Verdict, judge};

/// The directory of a witness, made by [`create`].
#[derive(Debug)]
pub struct Witness {
    directory: PathBuf,
    cosigners: Vec<Cosigner>,
    /// Held as long as the witness, so that no second one cosigns from the same state.
    _lock: Option<File>,
}

/// What goes back to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// Signature lines, the size, or a reason.
    pub body: String,
}

/// Makes the directory of a witness with new keys from two random seeds.
pub fn create(
    directory: &Path,
    name: &str,
    (ed25519, ml_dsa_44): (&[u8; 32], &[u8; 32]),
) -> Result<Witness, WitnessError> {
    let keys = Zeroizing::new(format!(
        "{KEY_HEADER}\n{name}\n{}\n{}\n",
        *Zeroizing::new(STANDARD.encode(ed25519)),
        *Zeroizing::new(STANDARD.encode(ml_dsa_44))
    ));
    // Before anything is made: a name that can not be one leaves nothing behind.
    let cosigners = cosigners(&keys)?;
    let path = directory.join(KEY_FILE);
    if path.exists() {
        return Err(WitnessError::Exists {
            directory: directory.to_owned(),
        });
    }
    let states = directory.join(STATES);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&states)
        .map_err(|source| WitnessError::file("make", &states, source))?;
    write_new(&directory.join(LOGS_FILE), b"")?;
    write_new(&path, keys.as_bytes())?;
    sync_directory(directory)?;
    Ok(Witness {
        directory: directory.to_owned(),
        cosigners,
        _lock: None,
    })
}

impl Witness {
    /// Opens a witness to look at it, beside one that may be serving.
    pub fn open(directory: &Path) -> Result<Self, WitnessError> {
        let path = directory.join(KEY_FILE);
        let unreadable = |source| WitnessError::file("read", &path, source);
        let file = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => WitnessError::Missing {
                directory: directory.to_owned(),
            },
            _ => unreadable(error),
        })?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(WitnessError::Exposed { path });
        }
        let keys = Zeroizing::new(io::read_to_string(file).map_err(unreadable)?);
        Ok(Self {
            directory: directory.to_owned(),
            cosigners: cosigners(&keys)?,
            _lock: None,
        })
    }

    /// Opens a witness to serve, which only one process may at a time.
    pub fn open_to_serve(directory: &Path) -> Result<Self, WitnessError> {
        let mut witness = Self::open(directory)?;
        let path = directory.join(LOCK_FILE);
        let failed = |source| WitnessError::file("lock", &path, source);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(WitnessError::InUse {
                    directory: directory.to_owned(),
                });
            }
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        witness._lock = Some(lock);
        Ok(witness)
    }

    /// The keys that its cosignatures are checked with: Ed25519, then ML-DSA-44.
    pub fn verifier_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.cosigners.iter().map(Cosigner::verifier_key)
    }

    /// The keys of the logs that it was told of. A server looks at each request.
    pub fn logs(&self) -> Result<Vec<VerifierKey>, WitnessError> {
        let path = self.directory.join(LOGS_FILE);
        let text = fs::read_to_string(&path)
            .map_err(|source| WitnessError::file("read", &path, source))?;
        let keys = text.lines().map(VerifierKey::parse);
        keys.collect::<Result<_, _>>().map_err(WitnessError::Log)
    }

    /// Tells it of logs by their keys; those that it knows already are left out.
    pub fn add_logs(&self, new: &[VerifierKey]) -> Result<Vec<VerifierKey>, WitnessError> {
        let mut keys = self.logs()?;
        let mut added = Vec::new();
        for key in new {
            if !keys.contains(key) {
                keys.push(key.clone());
                added.push(key.clone());
            }
        }
        if keys.len() > LOGS_MAX {
            return Err(WitnessError::TooManyLogs);
        }
        let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
        replace(&self.directory.join(LOGS_FILE), text.as_bytes())?;
        Ok(added)
    }

    /// What it cosigned last for a log.
    pub fn last(&self, origin: &str) -> Result<Cosigned, WitnessError> {
        let path = self.state_file(origin);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Cosigned::nothing());
            }
            read => read.map_err(|source| WitnessError::file("read", &path, source))?,
        };
        parse_state(&text, origin).ok_or(WitnessError::State { path })
    }

    /// Judges a request, records it, and only then cosigns. Exclusive, so that no other
    /// request comes between the check and the record.
    ///
    /// The clock may have gone back since the last cosignature; its time does not.
    pub fn add_checkpoint(&mut self, body: &[u8], now: u64) -> Result<Answer, WitnessError> {
        let logs = self.logs()?;
        let mut before = Cosigned::nothing();
        let verdict = judge(body, &logs, |origin| {
            before = self.last(origin)?;
            Ok::<_, WitnessError>(before)
        })?;
        let status = verdict.status();
        let plain = |body: &str| Answer {
            status,
            media_type: "text/plain; charset=utf-8",
            body: body.to_owned(),
        };
        let accepted = match verdict {
            Verdict::Cosign(accepted) => accepted,
            Verdict::Conflict { size } => {
                return Ok(Answer {
                    status,
                    media_type: wardgate_tlog::witness::CONFLICT_CONTENT_TYPE,
                    body: wardgate_tlog::witness::conflict_body(size),
                });
            }
            Verdict::Malformed => {
                return Ok(plain("not a request as c2sp.org/tlog-witness has it\n"));
            }
            Verdict::Unsigned => return Ok(plain("not signed by a known key of the log\n")),
            Verdict::UnknownLog => return Ok(plain("this witness was not told of the log\n")),
            Verdict::Inconsistent => return Ok(plain("the consistency proof does not verify\n")),
        };
        let time = now.max(before.time);
        let mut lines = String::new();
        for cosigner in &self.cosigners {
            let line = cosigner.cosign(&accepted.text, time);
            lines.push_str(line.map_err(WitnessError::Cosign)?.trim_end_matches('\n'));
            lines.push('\n');
        }
        let head = accepted.checkpoint.text();
        let path = self.state_file(&accepted.checkpoint.origin);
        replace(&path, format!("{head}time {time}\n").as_bytes())?;
        Ok(Answer {
            status,
            media_type: "text/plain; charset=utf-8",
            body: lines,
        })
    }

    fn state_file(&self, origin: &str) -> PathBuf {
        let digest = digest::digest(&digest::SHA256, origin.as_bytes());
        let name: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.directory.join(STATES).join(name)
    }
}

/// Why a witness can not do its work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// There is already one.
    #[error("`{}` already holds a witness", .directory.display())]
    Exists {
        /// Where.
        directory: PathBuf,
    },
    /// There is none.
    #[error("`{}` holds no witness", .directory.display())]
    Missing {
        /// Where.
        directory: PathBuf,
    },
    /// Another process serves it.
    #[error("another process serves the witness in `{}`", .directory.display())]
    InUse {
        /// Where.
        directory: PathBuf,
    },
    /// Others may read the keys.
    #[error("others may read the keys in `{}`", .path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// The file of keys does not read.
    #[error("the keys of the witness can not be read")]
    Keys,
    /// The name can not stand in a signature.
    #[error(transparent)]
    Name(NoteFault),
    /// A key of a log does not read.
    #[error("a key of a log can not be read: {0}")]
    Log(NoteFault),
    /// More logs than are kept.
    #[error("a witness knows at most {LOGS_MAX} keys of logs")]
    TooManyLogs,
    /// What was cosigned last does not read.
    #[error("`{}` does not say what was cosigned last", .path.display())]
    State {
        /// Which file.
        path: PathBuf,
    },
    /// The checkpoint can not be cosigned.
    #[error("the checkpoint can not be cosigned: {0}")]
    Cosign(NoteFault),
    /// A file can not be used.
    #[error("can not {action} `{}`: {source}", .path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl WitnessError {
    fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "choose another directory; nothing is ever overwritten",
            Self::Missing { .. } => "run `wardgate witness init --dir DIR --name NAME` first",
            Self::InUse { .. } => "stop the other process first; one witness has one server",
            Self::Exposed { .. } => "make the file readable for its owner only (mode 0600)",
            Self::Keys => "restore the file from a copy; without it this is another witness",
            Self::Name(_) => "use a name without spaces and `+`, such as `witness.example/w1`",
            Self::Log(_) => "give verifier keys of logs, such as the lines of `ledger.vkey`",
            Self::TooManyLogs => "run a second witness for further logs",
            Self::State { .. } => {
                "restore the file from a copy that is not older, or retire this witness"
            }
            Self::Cosign(_) => "check the origin of the log: it may be too long",
            Self::File { .. } => "check the path, its owner and permissions, and the free space",
        }
    }
}

fn cosigners(keys: &str) -> Result<Vec<Cosigner>, WitnessError> {
    let mut lines = keys.lines();
    let (Some(KEY_HEADER), Some(name), Some(ed25519), Some(ml_dsa_44), None) = (
        lines.next(),
        lines.next(),
        lines.next(),
        lines.next(),
        lines.next(),
    ) else {
        return Err(WitnessError::Keys);
    };
    Ok(vec![
        Cosigner::ed25519(name, &*seed(ed25519)?).map_err(WitnessError::Name)?,
        Cosigner::ml_dsa_44(name, &*seed(ml_dsa_44)?).map_err(WitnessError::Name)?,
    ])
}

fn seed(line: &str) -> Result<Zeroizing<[u8; 32]>, WitnessError> {
    let bytes = STANDARD.decode(line).map_err(|_| WitnessError::Keys)?;
    let bytes = Zeroizing::new(bytes);
    let seed: [u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| WitnessError::Keys)?;
    Ok(Zeroizing::new(seed))
}

/// A checkpoint of the log with the time of the cosignature as one more line.
fn parse_state(text: &str, origin: &str) -> Option<Cosigned> {
    let checkpoint = Checkpoint::parse(text).ok()?;
    let time = text.lines().nth(3)?.strip_prefix("time ")?.parse().ok()?;
    let fits =
        checkpoint.origin == origin && (checkpoint.size > 0 || checkpoint.root == empty_root());
    fits.then_some(Cosigned {
        size: checkpoint.size,
        root: checkpoint.root,
        time,
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), WitnessError> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| WitnessError::file("write", path, source))
}

/// Replaces a file whole, durable on return.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), WitnessError> {
    crate::durable::write(path, bytes).map_err(|source| WitnessError::file("write", path, source))
}

fn sync_directory(path: &Path) -> Result<(), WitnessError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| WitnessError::file("sync", path, source))
}

const KEY_HEADER: &str = "wardgate-witness/v1";
const KEY_FILE: &str = "key";
const LOGS_FILE: &str = "logs";
const LOCK_FILE: &str = "lock";
/// One file for each log, named by the digest of its origin.
const STATES: &str = "cosigned";
/// Keys of logs; a log has one or two.
const LOGS_MAX: usize = 1_024;
