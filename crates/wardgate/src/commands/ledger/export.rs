//! `wardgate ledger export`: one folder to hand over.

use std::path::PathBuf;

use clap::Args;
use wardgate_ledger::Published;
use wardgate_ledger::note::VerifierKey;
use wardgate_records::events::{Event, LedgerExported};

use super::Ended;
use super::entries::{Place, Span};
use crate::commands::Dir;
use crate::export::{self, Made, Plan};
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Recorded, Records};

/// Export the ledger as a folder that a person can read and that verifies offline
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// New directory to write
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// From this index, day or time on
    #[arg(long, value_name = "PLACE")]
    from: Option<Place>,

    /// Projections and pages up to before this index, day or time
    #[arg(long, value_name = "PLACE")]
    to: Option<Place>,

    /// Only what verifiers need: neither projections nor pages
    #[arg(long)]
    bare: bool,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let (made, recorded) = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let made = write(arguments, &records)?;
        let told = Event::LedgerExported(LedgerExported {
            from: made.minimum,
            to: made.size,
            manifest: made.manifest,
        });
        records.store.tell(&told, wiring::now()).await?;
        Ok::<_, Failure>((made, records.finish().await?))
    })?;
    let value = serde_json::json!({
        "out": arguments.out,
        "origin": made.origin,
        "from": made.minimum,
        "to": made.size,
        "shown": made.shown,
        "files": made.files,
        "manifest": export::hex(&made.manifest),
    });
    output.value(&value, || text(arguments, &made, recorded));
    Ok(Ended::Well)
}

fn write(arguments: &Arguments, records: &Records) -> Result<Made, Failure> {
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let keys: Vec<VerifierKey> = signer.verifier_keys().cloned().collect();
    let ledger = records.dir.ledger();
    let published = Published::open(&ledger, &keys)?;
    let span = Span {
        from: arguments.from,
        to: arguments.to,
    };
    let plan = Plan {
        range: span.indices(&published)?,
        holds: &|at| span.holds(at),
        ledger,
        published,
        keys: signer.vkeys(),
        signer: &signer,
        bare: arguments.bare,
        now: wiring::now(),
    };
    export::write(&plan, &arguments.out)
}

fn text(arguments: &Arguments, made: &Made, recorded: Recorded) -> String {
    let out = arguments.out.display();
    let recorded = match recorded {
        Recorded::Here => "The ledger has the export as an entry.",
        Recorded::ByServer => "The running server records the export within a second.",
    };
    format!(
        "{} entries {} to {} of {} in {} files\n  read it    {out}/index.html\n  verify it  wardgate ledger verify {out}\n{recorded}",
        Style::of_stdout().green("exported:"),
        made.minimum,
        made.size.saturating_sub(1),
        made.origin,
        made.files,
    )
}

const AFTER_HELP: &str = "Works beside a running server. The folder holds a README, pages for a browser, projections to FHIR,
OCSF and CSV, all hash tiles and the entries from the first one asked for on, so that it verifies.
It is built aside and gets its name when it is whole.

Exit codes: 0 exported, 1 failed, 2 wrong use.

Example:
  wardgate ledger export --dir /var/lib/wardgate --from 2026-01-01 ledger-2026";
