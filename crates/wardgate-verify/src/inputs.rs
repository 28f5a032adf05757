//! Keys, policies and other small files that the command line names.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use wardgate_tlog::note::VerifierKey;
use wardgate_tlog::policy::{POLICY_BYTES_MAX, Policy};

use crate::arguments::Task;
use crate::directory::failed;
use crate::report::Failure;

/// The keys of the command line; a verifier key is never the path of a file.
pub(crate) fn keys(task: &Task) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    for given in &task.keys {
        let text = match Path::new(given).is_file() {
            true => String::from_utf8(read(Path::new(given), KEY_FILE_BYTES_MAX)?)
                .map_err(|_| Failure::new(format!("`{given}` is not a file of keys"), KEY_HINT))?,
            false => given.clone(),
        };
        let read = VerifierKey::parse_list(&text)
            .map_err(|fault| Failure::new(format!("`{}`: {fault}", short(given)), KEY_HINT))?;
        for key in read {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

pub(crate) fn policy(task: &Task) -> Result<Option<Policy>, Failure> {
    let Some(path) = &task.policy else {
        return Ok(None);
    };
    let file = read(path, POLICY_BYTES_MAX as u64)?;
    let policy = Policy::parse(&file).map_err(|fault| {
        let message = format!("`{}`: {fault}", path.display());
        Failure::new(message, fault.hint())
    })?;
    Ok(Some(policy))
}

/// Reads a file that has a limit.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::new(failed(path, &error), "check the path");
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        let message = format!("`{}` has more than {bytes_max} bytes", path.display());
        return Err(Failure::new(message, "check that it is the right file"));
    }
    Ok(bytes)
}

/// Whether a key or policy file lies within what is verified, and so proves little.
pub(crate) fn lies_within(task: &Task) -> bool {
    let Ok(root) = task.path.canonicalize() else {
        return false;
    };
    let keys = task.keys.iter().map(Path::new);
    keys.chain(task.policy.as_deref())
        .filter_map(|path| path.canonicalize().ok())
        .any(|path| path.starts_with(&root))
}

/// The start of a key is enough to recognise it.
fn short(given: &str) -> String {
    let mut short: String = given.chars().take(60).collect();
    if short.len() < given.len() {
        short.push_str("...");
    }
    short
}

const KEY_HINT: &str = "give a verifier key, or a file that holds some, one a line";
const KEY_FILE_BYTES_MAX: u64 = 1 << 16;
