//! `wardgate restore`: a data directory from a backup.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use wardgate_records::RecordId;

use super::Ended;
use super::backup::{identities, verifier_key};
use crate::backup::restore::{Restored, Wanted, restore};
use crate::destruction;
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring;

/// Restore a data directory from a backup; who was shredded stays shredded
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Directory of the backups
    #[arg(long, value_name = "DIR")]
    from: PathBuf,

    /// Directory of the wrapped keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,

    /// File with the age identity that opens them
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,

    /// Directory to make; it must not exist, or be empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// Which backup [default: the newest]
    #[arg(long, value_name = "ID")]
    backup: Option<RecordId>,

    /// Certificate of a shredding that is younger than the backup; may be repeated
    #[arg(long, value_name = "FILE")]
    shredded: Vec<PathBuf>,

    /// Verifier key of the ledger, or a file that holds it [default: as the backup says]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let key = verifier_key(arguments.key.as_deref(), &arguments.from)?;
    let mut shredded = BTreeSet::new();
    for path in &arguments.shredded {
        shredded.insert(destruction::patient_of(path, &key)?);
    }
    let identities = identities(&arguments.identity)?;
    let wanted = Wanted {
        from: &arguments.from,
        keys: Some(&arguments.keys),
        to: &arguments.to,
        backup: arguments.backup,
        key,
        identities: &identities,
        shredded,
    };
    let restored = wiring::control_runtime()?.block_on(restore(&wanted, wiring::now()))?;
    let value = serde_json::json!({
        "backup": restored.head.id.to_string(),
        "made_at": restored.head.made_at.to_string(),
        "entries": restored.ledger.size,
        "payloads": restored.payloads,
        "patient_keys": restored.patient_keys,
        "shredded": restored.shredded,
    });
    output.value(&value, || text(&restored, arguments));
    Ok(Ended::Well)
}

fn text(restored: &Restored, arguments: &Arguments) -> String {
    let dir = arguments.to.display();
    format!(
        "{} {dir} from backup {} of {}
  {} ledger entries verify, the database is sound, {} payloads read
  {} patient keys put back, {} destroyed ones left out

What happened after the backup is not in it. If a witness or an anchor saw more than
{} entries, the ledger has gone back: `wardgate serve` then refuses to start until a person
declares the fork, as its message says.

Next:
  put the passphrase file where {dir}/wardgate.yaml says, or recover the vault
  name the shreddings after the backup with --shredded, if any are known
  wardgate doctor --dir {dir}",
        Style::of_stdout().green("restored:"),
        restored.head.id,
        restored.head.made_at,
        restored.ledger.size,
        restored.payloads,
        restored.patient_keys,
        restored.shredded,
        restored.ledger.size,
    )
}

const AFTER_HELP: &str = "Everything is built and checked beside the directory and put in place as the last step. Run
again after it was cut short, it goes on. The passphrase is not in a backup.

Exit codes: 0 restored, 1 failed, 2 wrong use.

Example:
  wardgate restore --from /mnt/backup/data --keys /mnt/keys --identity recovery.txt --to /var/lib/wardgate";
