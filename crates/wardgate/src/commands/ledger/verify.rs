//! `wardgate ledger verify`: everything that can be checked without the vault.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::{Verified, verify};
use wardgate_tlog::audit::{AuditFault, Audited, Trust, audit_export, audit_log};
use wardgate_tlog::manifest::MANIFEST_FILE;
use wardgate_tlog::policy::Policy;

use super::{Ended, keys_beside, keys_of, ledger_of};
use crate::export::directory::Directory;
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Verify a ledger or an export offline and name the first bad entry
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    /// Ledger directory, the data directory that holds it, or an export
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// Verifier key, or a file that holds some, one a line; each must have signed [default: the file `ledger.vkey` beside the ledger]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Trust policy (C2SP tlog-policy): its quorum of witnesses must have cosigned
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let ledger = ledger_of(&arguments.dir);
    let keys = match (&arguments.key, &arguments.policy) {
        (Some(key), _) => keys_of(key),
        (None, Some(_)) => String::new(),
        (None, None) => keys_beside(&ledger)?,
    };
    if ledger.join(MANIFEST_FILE).is_file() {
        return audited(&ledger, &keys, arguments, output, audit_export);
    }
    if arguments.policy.is_some() {
        return audited(&ledger, &keys, arguments, output, audit_log);
    }
    match verify(&ledger, &keys) {
        Ok(verified) => {
            output.value(&json(&verified), || text(&verified));
            Ok(Ended::Well)
        }
        Err(error) => not_verified(error.index(), error.to_string(), error.hint(), output),
    }
}

type Audit = fn(&mut Directory, &Trust) -> Result<Audited, AuditFault<String>>;

/// Checks with what an auditor's tool checks with: files alone, and a policy where one is given.
fn audited(
    ledger: &Path,
    keys: &str,
    arguments: &Arguments,
    output: Output,
    audit: Audit,
) -> Result<Ended, Failure> {
    let policy = arguments.policy.as_deref().map(policy).transpose()?;
    let keys = if keys.is_empty() {
        Vec::new()
    } else {
        VerifierKey::parse_list(keys)?
    };
    let trust = Trust::new(keys, policy).ok_or_else(|| {
        Failure::new(
            "the policy names no log",
            "give the verifier key of the log with `--key` too",
        )
    })?;
    match audit(&mut Directory::at(ledger), &trust) {
        Ok(audited) => {
            output.value(&audited_json(&audited), || audited_text(&audited));
            Ok(Ended::Well)
        }
        Err(fault) => not_verified(fault.index(), fault.to_string(), fault.hint(), output),
    }
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    Policy::parse(&bytes)
        .map_err(|fault| Failure::new(format!("`{}`: {fault}", path.display()), fault.hint()))
}

fn not_verified(
    index: Option<u64>,
    message: String,
    hint: &str,
    output: Output,
) -> Result<Ended, Failure> {
    if !output.json {
        return Err(Failure::new(message, hint));
    }
    let value = serde_json::json!({
        "verified": false,
        "first_bad_entry": index,
        "message": message,
        "hint": hint,
    });
    output.value(&value, String::new);
    Ok(Ended::Badly)
}

fn audited_json(audited: &Audited) -> serde_json::Value {
    serde_json::json!({
        "verified": true,
        "origin": audited.origin,
        "entries": audited.size,
        "root": hex(&audited.root),
        "first": audited.first,
        "minimum": audited.minimum,
        "accepted": audited.accepted,
        "older_checkpoints": audited.older,
        "files": audited.files,
    })
}

fn audited_text(audited: &Audited) -> String {
    let mut text = format!(
        "{} {} entries of {}\n  root {}",
        Style::of_stdout().green("verified:"),
        audited.size,
        audited.origin,
        hex(&audited.root)
    );
    if audited.first > 0 {
        text.push_str(&format!(
            "\n  entries from {} on; of those before, the hashes",
            audited.first
        ));
    }
    if let Some(size) = audited.accepted {
        text.push_str(&format!("\n  the policy accepts the first {size} entries"));
    }
    if audited.older > 0 {
        text.push_str(&format!(
            "\n  {} older checkpoints agree with the tree",
            audited.older
        ));
    }
    if audited.files > 0 {
        text.push_str(&format!(
            "\n  all {} files are as the manifest has them",
            audited.files
        ));
    }
    text
}

fn json(verified: &Verified) -> serde_json::Value {
    serde_json::json!({
        "verified": true,
        "origin": verified.origin,
        "entries": verified.size,
        "root": hex(&verified.root),
        "unpublished": verified.unpublished,
        "unfinished_bytes": verified.unfinished_bytes,
        "journal_segments": verified.journal_segments,
    })
}

fn text(verified: &Verified) -> String {
    let mut text = format!(
        "{} {} entries of {}\n  root {}",
        Style::of_stdout().green("verified:"),
        verified.size,
        verified.origin,
        hex(&verified.root)
    );
    if verified.unpublished > 0 {
        text.push_str(&format!(
            "\n  {} more entries are durable and follow with the next checkpoint",
            verified.unpublished
        ));
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const AFTER_HELP: &str = "Checks the signature, every entry against every tile and the root, and the journal if it is there;
of an export, the signed manifest and every file too. Works on a copy, and beside a running server.

Exit codes: 0 verified, 1 not verified or not readable, 2 wrong use.

Example:
  wardgate ledger verify /var/lib/wardgate";
