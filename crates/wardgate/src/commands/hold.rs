//! `wardgate hold`: legal holds, which neither retention nor a patient's wish passes.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use wardgate_records::{Hold, HoldOn, HoldScope, RecordId};

use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Place, list and release legal holds
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Place(Place),
    List(List),
    Release(Release),
}

/// Place a legal hold: what it covers is neither shredded nor pruned
#[derive(Debug, Args)]
#[command(after_help = PLACE_AFTER_HELP)]
pub(super) struct Place {
    #[command(flatten)]
    dir: Dir,

    /// Keep what concerns one patient: `Patient/123`, or an identifier on file
    #[arg(long, value_name = "REF", conflicts_with_all = ["all", "from", "to"])]
    patient: Option<String>,

    /// Keep everything
    #[arg(long, conflicts_with_all = ["from", "to"])]
    all: bool,

    /// Keep what happened from this time on, such as 2026-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<Timestamp>,

    /// Keep what happened until this time
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<Timestamp>,

    /// Why, as a code without spaces, such as the number of the case
    #[arg(long, value_name = "CODE")]
    reason: String,

    /// Person who orders it
    #[arg(long, value_name = "ID")]
    person: String,
}

/// List the legal holds, released ones too
#[derive(Debug, Args)]
#[command(after_help = LIST_AFTER_HELP)]
pub(super) struct List {
    #[command(flatten)]
    dir: Dir,
}

/// Release a legal hold; another person than the one who placed it must
#[derive(Debug, Args)]
#[command(after_help = RELEASE_AFTER_HELP)]
pub(super) struct Release {
    #[command(flatten)]
    dir: Dir,

    /// Id of the hold, as `wardgate hold list` shows it
    #[arg(value_name = "ID")]
    id: RecordId,

    /// Person who releases it
    #[arg(long, value_name = "ID")]
    person: String,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    match command {
        Command::Place(arguments) => runtime.block_on(place(arguments, output)),
        Command::List(arguments) => runtime.block_on(list(arguments, output)),
        Command::Release(arguments) => runtime.block_on(release(arguments, output)),
    }
}

async fn place(arguments: &Place, output: Output) -> Result<Ended, Failure> {
    let on = match (
        &arguments.patient,
        arguments.all,
        arguments.from,
        arguments.to,
    ) {
        (Some(reference), ..) => HoldOn::Patient(reference),
        (None, true, ..) => HoldOn::All,
        (None, false, Some(from), Some(to)) => HoldOn::Range { from, to },
        _ => {
            return Err(Failure::new(
                "nothing says what the hold keeps",
                "say `--patient REF`, `--all`, or `--from TIME --to TIME`",
            ));
        }
    };
    let records = Records::open(arguments.dir.existing()?).await?;
    let hold = records
        .store
        .place_hold(on, &arguments.reason, &arguments.person, wiring::now())
        .await?;
    records.finish().await?;
    output.value(&json(&hold), || {
        format!("Placed hold {} on {}", hold.id, scope(hold.scope))
    });
    Ok(Ended::Well)
}

async fn release(arguments: &Release, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let hold = records
        .store
        .release_hold(arguments.id, &arguments.person, wiring::now())
        .await?;
    records.finish().await?;
    output.value(&json(&hold), || format!("Released hold {}", hold.id));
    Ok(Ended::Well)
}

async fn list(arguments: &List, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let holds = records.store.holds().await?;
    let value: Vec<_> = holds.iter().map(json).collect();
    output.value(&value, || {
        if holds.is_empty() {
            return "No hold was ever placed.".to_owned();
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["Id", "State", "Keeps", "Reason", "Placed", "By"]);
        for hold in &holds {
            let state = if hold.is_active() {
                "active"
            } else {
                "released"
            };
            table.add_row([
                hold.id.to_string(),
                state.to_owned(),
                scope(hold.scope),
                hold.reason.clone(),
                hold.placed_at.strftime("%Y-%m-%d %H:%M").to_string(),
                hold.placed_by.clone(),
            ]);
        }
        table.to_string()
    });
    records.store.close().await;
    Ok(Ended::Well)
}

fn json(hold: &Hold) -> serde_json::Value {
    let (patient, from, to) = match hold.scope {
        HoldScope::All => (None, None, None),
        HoldScope::Patient(patient) => (Some(patient.to_string()), None, None),
        HoldScope::Range { from, to } => (None, Some(from.to_string()), Some(to.to_string())),
    };
    serde_json::json!({
        "id": hold.id.to_string(),
        "active": hold.is_active(),
        "all": hold.scope == HoldScope::All,
        "patient": patient,
        "from": from,
        "to": to,
        "reason": hold.reason,
        "placed_by": hold.placed_by,
        "placed_at": hold.placed_at.to_string(),
        "released_by": hold.released.as_ref().map(|(person, _)| person),
        "released_at": hold.released.as_ref().map(|(_, at)| at.to_string()),
    })
}

fn scope(scope: HoldScope) -> String {
    match scope {
        HoldScope::All => "everything".to_owned(),
        HoldScope::Patient(patient) => format!("patient {patient}"),
        HoldScope::Range { from, to } => format!("{from} to {to}"),
    }
}

const PLACE_AFTER_HELP: &str =
    "A hold on a time also keeps every patient who has sealed payloads around it.
The patient is named by the random handle from then on, also in the ledger.

Exit codes: 0 placed, 1 failed, 2 wrong use.

Example:
  wardgate hold place --patient Patient/123 --reason case-2026-17 --person j.counsel";

const LIST_AFTER_HELP: &str = "Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate hold list --dir /var/lib/wardgate";

const RELEASE_AFTER_HELP: &str = "Exit codes: 0 released, 1 failed, 2 wrong use.

Example:
  wardgate hold release 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77 --person p.officer";
