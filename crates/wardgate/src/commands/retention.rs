//! `wardgate retention`: for how long data is kept. It only ever becomes longer.

use clap::{Args, Subcommand};
use wardgate_ledger::{Published, note::VerifierKey};
use wardgate_records::RetentionClass;
use wardgate_records::events::{EventKind, StoredEvent};

use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// State and show for how long data is kept
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Set(Set),
    Show(Show),
}

/// State for how long a class of data is kept; it can only become longer
#[derive(Debug, Args)]
#[command(after_help = SET_AFTER_HELP)]
pub(super) struct Set {
    #[command(flatten)]
    dir: Dir,

    /// Class of data: `ledger` or `payloads`
    #[arg(long, value_name = "CLASS")]
    class: RetentionClass,

    /// How many days, from 1 to 36525
    #[arg(long, value_name = "N")]
    days: u64,

    /// Person who states it
    #[arg(long, value_name = "ID")]
    person: String,
}

/// Show for how long each class of data is kept
#[derive(Debug, Args)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(super) struct Show {
    #[command(flatten)]
    dir: Dir,
}

/// What holds for a class: the longest that the store or the ledger ever stated.
#[derive(Debug, Clone, Copy)]
pub(super) struct InForce {
    pub(super) class: RetentionClass,
    /// None means for ever.
    pub(super) days: Option<u64>,
    /// What the ledger alone has stated.
    pub(super) stated: Option<u64>,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    match command {
        Command::Set(arguments) => runtime.block_on(set(arguments, output)),
        Command::Show(arguments) => runtime.block_on(show(arguments, output)),
    }
}

async fn set(arguments: &Set, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let stated = in_force(&records)
        .await?
        .iter()
        .find(|in_force| in_force.class == arguments.class)
        .and_then(|in_force| in_force.stated);
    let wanted = (arguments.class, arguments.days);
    let set = records
        .store
        .set_retention(wanted, stated, &arguments.person, wiring::now())
        .await?;
    records.finish().await?;
    let value = serde_json::json!({"class": set.class.as_str(), "days": set.days});
    output.value(&value, || {
        format!("Kept for {} days from now on: {}", set.days, set.class)
    });
    Ok(Ended::Well)
}

async fn show(arguments: &Show, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let shown = in_force(&records).await?;
    records.store.close().await;
    let value: Vec<_> = shown
        .iter()
        .map(|one| serde_json::json!({"class": one.class.as_str(), "days": one.days}))
        .collect();
    output.value(&value, || {
        let lines: Vec<_> = shown
            .iter()
            .map(|one| match one.days {
                Some(days) => format!("{:<10} {days} days", one.class.as_str()),
                None => format!("{:<10} for ever", one.class.as_str()),
            })
            .collect();
        lines.join("\n")
    });
    Ok(Ended::Well)
}

/// The retention of every class. What the ledger stated counts also when the store was restored
/// from a backup that is older.
pub(super) async fn in_force(records: &Records) -> Result<Vec<InForce>, Failure> {
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let key: VerifierKey = signer.verifier_key().clone();
    let published = Published::open(&records.dir.ledger(), &[key])?;
    let mut found: Vec<InForce> = RetentionClass::ALL
        .into_iter()
        .map(|class| InForce {
            class,
            days: None,
            stated: None,
        })
        .collect();
    for entry in published.entries(..) {
        let (_, leaf) = entry?;
        // Reading every leaf as JSON would take much longer than looking for the word.
        if !holds_word(&leaf, EventKind::RetentionSet.as_str()) {
            continue;
        }
        let Ok(event) = StoredEvent::parse(&leaf) else {
            continue;
        };
        for one in &mut found {
            one.stated = one.stated.max(one.class.stated_in(&event));
        }
    }
    for one in &mut found {
        let stored = records.store.retention(one.class).await?;
        one.days = stored.map(|stored| stored.days).max(one.stated);
    }
    Ok(found)
}

fn holds_word(leaf: &[u8], word: &str) -> bool {
    leaf.windows(word.len())
        .any(|window| window == word.as_bytes())
}

const SET_AFTER_HELP: &str =
    "Without a statement, everything is kept for ever. A shorter value than one that was ever
stated is refused, whatever happened to the store since: the ledger remembers.

Exit codes: 0 stated, 1 failed or shorter, 2 wrong use.

Example:
  wardgate retention set --class ledger --days 2192 --person p.officer";

const SHOW_AFTER_HELP: &str = "Exit codes: 0 shown, 1 failed, 2 wrong use.

Example:
  wardgate retention show --dir /var/lib/wardgate";
