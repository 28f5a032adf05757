//! `wardgate ledger prune`: removes what is past its retention and what no hold keeps.

use clap::Args;
use wardgate_ledger::{JournalError, Ledger, LedgerError};
use wardgate_records::events::{Event, LedgerPruned, open_intents};
use wardgate_records::{Hold, KeptBy, PruneRules, RecordId, RecordsError, RetentionClass};

use super::retention::{InForce, in_force};
use super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Remove the oldest entries and payloads whose retention is over; no server may be running
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// What was removed, or would be.
struct Pruned {
    minimum: u64,
    entries: u64,
    kept_by: KeptBy,
    payload_segments: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let pruned = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let pruned = prune(&records, arguments.dry_run).await;
        records.store.close().await;
        pruned
    })?;
    let value = serde_json::json!({
        "dry_run": arguments.dry_run,
        "minimum": pruned.minimum,
        "entries": pruned.entries,
        "kept_by": words(pruned.kept_by),
        "payload_segments": pruned.payload_segments,
    });
    output.value(&value, || {
        let done = if arguments.dry_run { "Would remove" } else { "Removed" };
        format!(
            "{done} {} entries: the ledger begins at {} now, because of {}\n{done} {} segments of payloads",
            pruned.entries,
            pruned.minimum,
            words(pruned.kept_by),
            pruned.payload_segments
        )
    });
    Ok(Ended::Well)
}

async fn prune(records: &Records, dry_run: bool) -> Result<Pruned, Failure> {
    let retention = in_force(records).await?;
    let mut holds = records.store.holds().await?;
    holds.retain(Hold::is_active);
    let ledger = records.open_ledger().map_err(|error| match error {
        LedgerError::Journal(JournalError::Locked { .. }) => Failure::new(
            "a running server holds the ledger",
            "stop the server; pruning takes a moment",
        ),
        error => error.into(),
    })?;
    // What waits in the outbox may be a hold or a retention: it comes first.
    records.store.drain_outbox(&ledger).await?;
    let (minimum, entries, kept_by) =
        prune_ledger(records, &ledger, (&retention, &holds), dry_run).await?;
    let payload_segments = prune_payloads(records, (&retention, &holds), dry_run)?;
    ledger.close()?;
    Ok(Pruned {
        minimum,
        entries,
        kept_by,
        payload_segments,
    })
}

async fn prune_ledger(
    records: &Records,
    ledger: &Ledger,
    (retention, holds): (&[InForce], &[Hold]),
    dry_run: bool,
) -> Result<(u64, u64, KeptBy), Failure> {
    let open = open_intents(ledger).map_err(|fault| {
        Failure::new(
            fault.to_string(),
            "verify the ledger with `wardgate ledger verify`",
        )
    })?;
    let rules = PruneRules {
        days: days(retention, RetentionClass::Ledger),
        holds,
        first_open: open.first().map(|intent| intent.index),
        now: wiring::now(),
    };
    let before = ledger.minimum();
    let (minimum, kept_by) = rules.minimum(ledger.entries(before..))?;
    // Only what is published can go.
    let minimum = minimum.max(before).min(ledger.published().max(before));
    let entries = minimum - before;
    if dry_run || entries == 0 {
        return Ok((minimum, entries, kept_by));
    }
    // Told first: a crash in between leaves an entry and a prune that the next run completes.
    let event = Event::LedgerPruned(LedgerPruned { minimum, entries });
    let at = wiring::now();
    let leaf = event.leaf(RecordId::new(at, records.vault.random()), at);
    let leaf = leaf.map_err(|error| {
        Failure::new(
            error.to_string(),
            "report this with the version of the build",
        )
    })?;
    ledger.append([0; 32], leaf).await?;
    ledger.prune(minimum)?;
    Ok((minimum, entries, kept_by))
}

fn prune_payloads(
    records: &Records,
    (retention, holds): (&[InForce], &[Hold]),
    dry_run: bool,
) -> Result<u64, Failure> {
    let rules = PruneRules {
        days: days(retention, RetentionClass::Payloads),
        holds,
        first_open: None,
        now: wiring::now(),
    };
    let payloads = records.open_payloads()?;
    let pruned: Result<u64, RecordsError> = payloads.prune(&rules, dry_run);
    payloads.close();
    Ok(pruned?)
}

fn days(retention: &[InForce], class: RetentionClass) -> Option<u64> {
    let found = retention.iter().find(|in_force| in_force.class == class);
    found.and_then(|in_force| in_force.days)
}

fn words(kept_by: KeptBy) -> String {
    match kept_by {
        KeptBy::NoRetention => "no stated retention".to_owned(),
        KeptBy::Retention => "the retention".to_owned(),
        KeptBy::Hold(hold) => format!("hold {hold}"),
        KeptBy::OpenCall => "a call without an outcome".to_owned(),
        KeptBy::Unreadable => "an entry that does not read".to_owned(),
        KeptBy::End => "nothing younger".to_owned(),
    }
}

const AFTER_HELP: &str =
    "Without a stated retention nothing is removed. Holds, calls without an outcome and everything
behind them stay. The hashes that proofs of what stays need stay too, so the ledger verifies.
Payloads go by whole segments, once all in a segment is past.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate ledger prune --dir /var/lib/wardgate --dry-run";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::Timestamp;
    use wardgate_ledger::verify;
    use wardgate_records::events::{KeyRevoked, Token};
    use wardgate_records::{Documents, HoldOn, Mode};

    use super::*;
    use crate::commands::init::{Choices, set_up};
    use crate::data_dir::DataDir;

    const PEOPLE: &str = "kind: Person\nid: first\nname: A B\nroles: [privacy_officer]\n---\n\
                          kind: Person\nid: second\nname: C D\nroles: [privacy_officer]\n";

    fn old(day: i64) -> Timestamp {
        Timestamp::from_second(1_500_000_000 + day * 86_400).unwrap()
    }

    async fn append_old(records: &Records, days: std::ops::Range<i64>) {
        let ledger = records.open_ledger().unwrap();
        for day in days {
            let id = RecordId::new(old(day), [7; 10]);
            let event = Event::KeyRevoked(KeyRevoked {
                key: id,
                app: Token::or_unfit("notes"),
            });
            let leaf = event.leaf(id, old(day)).unwrap();
            ledger.append([0; 32], leaf).await.unwrap();
        }
        ledger.close().unwrap();
    }

    async fn pruned(dir: &DataDir, dry_run: bool) -> Pruned {
        let records = Records::open(dir.clone()).await.unwrap();
        let pruned = prune(&records, dry_run).await.unwrap();
        records.store.close().await;
        pruned
    }

    #[test]
    fn what_is_past_goes_and_what_is_held_stays_and_the_ledger_verifies() {
        let place = tempfile::tempdir().unwrap();
        wiring::control_runtime().unwrap().block_on(async {
            let now = wiring::now();
            let made = set_up(&place.path().join("data"), &Choices::default(), now)
                .await
                .unwrap();
            let dir = made.dir;
            let records = Records::open(dir.clone()).await.unwrap();
            append_old(&records, 0..700).await;
            assert_eq!(pruned(&dir, false).await.kept_by, KeptBy::NoRetention);

            let people = Documents::of_text(Path::new("people.yaml"), PEOPLE);
            let store = &records.store;
            store.apply(&people, Mode::Commit, now).await.unwrap();
            let wanted = (RetentionClass::Ledger, 2_000);
            store
                .set_retention(wanted, None, "first", now)
                .await
                .unwrap();
            let range = HoldOn::Range {
                from: old(600),
                to: old(601),
            };
            let hold = store
                .place_hold(range, "audit", "first", now)
                .await
                .unwrap();
            let would = pruned(&dir, true).await;
            assert_eq!((would.minimum, would.kept_by), (600, KeptBy::Hold(hold.id)));
            let first = pruned(&dir, false).await;
            assert_eq!((first.minimum, first.entries), (600, 600));
            let again = pruned(&dir, false).await;
            assert_eq!((again.minimum, again.entries), (600, 0));
            assert!(verify(&dir.ledger(), made.ledger_key.lines().next().unwrap()).is_ok());

            store.release_hold(hold.id, "second", now).await.unwrap();
            let rest = pruned(&dir, false).await;
            assert_eq!((rest.minimum, rest.kept_by), (700, KeptBy::Retention));
            let ledger = records.open_ledger().unwrap();
            assert_eq!(ledger.minimum(), 700);
            let events: Vec<_> = ledger
                .entries(700..)
                .map(|entry| String::from_utf8(entry.unwrap().1).unwrap())
                .filter(|leaf| leaf.contains("ledger.pruned"))
                .collect();
            assert_eq!(events.len(), 2);
            assert!(events[0].contains("\"entries\":600") && events[1].contains("\"entries\":100"));
            ledger.close().unwrap();
            assert!(verify(&dir.ledger(), made.ledger_key.lines().next().unwrap()).is_ok());
        });
    }
}
