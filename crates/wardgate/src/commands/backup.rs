//! `wardgate backup`: backups that keep shredding true.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use wardgate_ledger::note::VerifierKey;
use wardgate_vault::Vault;
use wardgate_vault::age::{Identity, Recipient};
use zeroize::Zeroizing;

use super::{Dir, Ended};
use crate::backup::expire::expire;
use crate::backup::make::{Made, VKEY, Wanted, make};
use crate::backup::verify::{Checked, check};
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Records};

/// Back up a data directory while it serves; verify and expire backups
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    dir: Dir,

    /// Directory of the backups; only what changed since the last one is written
    #[arg(long, value_name = "DIR", required = true)]
    to: Option<PathBuf>,

    /// Directory of the wrapped keys [default: `backup.keys_dir`, or `keys` inside --to]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,

    /// Back up the private keys of TLS too
    #[arg(long)]
    private_keys: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(Verify),
    Expire(Expire),
}

/// Read backups again: signatures and digests, with an identity all that restoring needs
#[derive(Debug, Args)]
#[command(after_help = VERIFY_AFTER_HELP)]
struct Verify {
    /// Directory of the backups
    #[arg(value_name = "DIR")]
    backups: PathBuf,

    /// File with the age identity that opens them
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// Directory of the wrapped keys, to be decrypted too
    #[arg(long, value_name = "DIR", requires = "identity")]
    keys: Option<PathBuf>,

    /// Verifier key of the ledger, or a file that holds it [default: as the backup says]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Drop key sets whose time is over, old backups, and what no backup needs
#[derive(Debug, Args)]
#[command(after_help = EXPIRE_AFTER_HELP)]
struct Expire {
    /// Directory of the backups
    #[arg(value_name = "DIR")]
    backups: PathBuf,

    /// Directory of the wrapped keys [default: `keys` inside the directory of the backups]
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,

    /// Also drop backups older than so many days; the newest always stays
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u64>,

    /// Verifier key of the ledger, or a file that holds it [default: as the backup says]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    match (&arguments.command, &arguments.to) {
        (Some(Command::Verify(arguments)), _) => run_verify(arguments, output),
        (Some(Command::Expire(arguments)), _) => run_expire(arguments, output),
        (None, Some(to)) => run_make(arguments, to, output),
        (None, None) => Err(Failure::new(
            "nothing says where the backup goes",
            "name a directory with `--to`",
        )),
    }
}

fn run_make(arguments: &Arguments, to: &Path, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let made = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let config = &records.config.backup;
        let keys = arguments.keys.clone().or_else(|| config.keys_dir.clone());
        let wanted = Wanted {
            keys: keys.unwrap_or_else(|| to.join(KEYS)),
            to: to.to_owned(),
            private_keys: arguments.private_keys,
            recipients: recipients(&records)?,
            keys_keep_days: config.keys_keep_days,
        };
        let made = make(&records, &wanted).await?;
        records.finish().await?;
        Ok::<_, Failure>(made)
    })?;
    output.value(&made_json(&made), || made_text(&made));
    Ok(Ended::Well)
}

/// Who can open the backup: whom the configuration names, or whoever can recover the vault.
fn recipients(records: &Records) -> Result<Vec<Recipient>, Failure> {
    let named = &records.config.backup.recipients;
    if !named.is_empty() {
        return Ok(named.clone());
    }
    let status = Vault::status(&records.dir.vault())?;
    let found: Vec<Recipient> = status
        .recovery
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    if found.is_empty() {
        return Err(Failure::new(
            "nobody could open the backup: neither the configuration nor the vault names an age recipient",
            "set `backup.recipients` in the configuration",
        ));
    }
    Ok(found)
}

fn made_json(made: &Made) -> serde_json::Value {
    serde_json::json!({
        "backup": made.head.id.to_string(),
        "made_at": made.head.made_at.to_string(),
        "entries": made.head.entries,
        "files": made.head.files,
        "bytes": made.head.bytes,
        "objects_written": made.written.objects,
        "objects_reused": made.written.reused,
        "bytes_written": made.written.bytes,
        "keys_written": made.mirrored.written,
        "keys_kept": made.mirrored.kept,
        "keys_removed": made.mirrored.removed,
        "keys_until": made.keys_until.to_string(),
    })
}

fn made_text(made: &Made) -> String {
    format!(
        "{} {}\n  {} files, {} bytes, {} ledger entries\n  {} objects written ({} bytes), {} there already\n  keys: {} written, {} there already, {} removed; no copy may exist after {:.0}",
        Style::of_stdout().green("backed up:"),
        made.head.id,
        made.head.files,
        made.head.bytes,
        made.head.entries,
        made.written.objects,
        made.written.bytes,
        made.written.reused,
        made.mirrored.written,
        made.mirrored.kept,
        made.mirrored.removed,
        made.keys_until,
    )
}

fn run_verify(arguments: &Verify, output: Output) -> Result<Ended, Failure> {
    let key = verifier_key(arguments.key.as_deref(), &arguments.backups)?;
    let identities = match &arguments.identity {
        Some(path) => identities(path)?,
        None => Vec::new(),
    };
    let checked = wiring::control_runtime()?.block_on(check(
        &arguments.backups,
        arguments.keys.as_deref(),
        &key,
        &identities,
        wiring::now(),
    ))?;
    output.value(&checked_json(&checked), || checked_text(&checked));
    Ok(Ended::Well)
}

fn checked_json(checked: &Checked) -> serde_json::Value {
    let heads: Vec<_> = checked
        .heads
        .iter()
        .map(|head| {
            serde_json::json!({
                "backup": head.id.to_string(),
                "made_at": head.made_at.to_string(),
                "entries": head.entries,
            })
        })
        .collect();
    serde_json::json!({
        "backups": heads,
        "objects": checked.objects,
        "bytes": checked.bytes,
        "restores": checked.restored.is_some(),
        "payloads": checked.restored.as_ref().map(|restored| restored.payloads),
        "keys": checked.keys,
    })
}

fn checked_text(checked: &Checked) -> String {
    let mut text = format!(
        "{} {} backups, {} objects, {} bytes as they were written",
        Style::of_stdout().green("verified:"),
        checked.heads.len(),
        checked.objects,
        checked.bytes
    );
    match &checked.restored {
        Some(restored) => text.push_str(&format!(
            "\n  the newest, {}, restores: {} ledger entries verify, the database is sound, {} payloads read",
            restored.head.id, restored.ledger.size, restored.payloads
        )),
        None => text.push_str("\n  name the identity with --identity to prove that they restore"),
    }
    if let Some(keys) = checked.keys {
        text.push_str(&format!("\n  {keys} wrapped keys decrypt"));
    }
    text
}

fn run_expire(arguments: &Expire, output: Output) -> Result<Ended, Failure> {
    let key = verifier_key(arguments.key.as_deref(), &arguments.backups)?;
    let keys = arguments.keys.clone();
    let keys = keys.unwrap_or_else(|| arguments.backups.join(KEYS));
    let how = (arguments.older_than, &key);
    let expired = expire(&arguments.backups, &keys, how, wiring::now())?;
    let value = serde_json::json!({
        "backups": expired.backups,
        "objects": expired.objects,
        "keys": expired.keys,
    });
    output.value(&value, || {
        format!(
            "Dropped {} backups, {} objects and {} wrapped keys",
            expired.backups, expired.objects, expired.keys
        )
    });
    Ok(Ended::Well)
}

/// The verifier key that was given, or the one that lies with the backup.
pub(super) fn verifier_key(given: Option<&str>, backups: &Path) -> Result<VerifierKey, Failure> {
    let text = match given {
        // A verifier key is never the path of a file: it holds `+` twice.
        Some(given) => fs::read_to_string(given).unwrap_or_else(|_| given.to_owned()),
        None => {
            let path = backups.join(VKEY);
            fs::read_to_string(&path).map_err(|error| Failure::file("read", &path, &error))?
        }
    };
    Ok(VerifierKey::parse(text.lines().next().unwrap_or_default())?)
}

/// The identities in a file.
pub(super) fn identities(path: &Path) -> Result<Vec<Identity>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let text = Zeroizing::new(text);
    let identity = Identity::parse_file(&text);
    let identity = identity.map_err(|error| Failure::new(error.to_string(), error.hint()))?;
    Ok(vec![identity])
}

/// The directory of the wrapped keys within that of the backups, unless another is named.
const KEYS: &str = "keys";

const AFTER_HELP: &str =
    "The data are encrypted objects that never change; the wrapped keys lie apart and are a mirror:
a shredded patient's key leaves them with the next backup, and no copy may exist after
`backup.keys_keep_days` (default 35 days). A backup that was cut short is gone on with when the
command is run again. The passphrase is never in a backup.

Exit codes: 0 backed up, 1 failed, 2 wrong use.

Example:
  wardgate backup --dir /var/lib/wardgate --to /mnt/backup/data --keys /mnt/keys";

const VERIFY_AFTER_HELP: &str =
    "With --identity, the newest backup is restored beside the others for a look, without its keys,
and removed again: this needs as much room as the data directory.

Exit codes: 0 verified, 1 not verified or not readable, 2 wrong use.

Example:
  wardgate backup verify /mnt/backup/data --identity recovery.txt";

const EXPIRE_AFTER_HELP: &str = "Run it daily, for every copy of the keys that lies anywhere.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate backup expire /mnt/backup/data --keys /mnt/keys --older-than 365";
