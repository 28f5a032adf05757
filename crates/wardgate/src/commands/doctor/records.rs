//! Whether the store opens, and what it holds.

use std::sync::Arc;

use wardgate_ledger::Verified;
use wardgate_records::Store;
use wardgate_records::people::ADMINISTRATORS_MIN;
use wardgate_vault::Vault;

use super::{Finding, told};
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::wiring;

/// Findings, and the addresses of the systems on file.
pub(super) async fn check(
    dir: &DataDir,
    vault: &Arc<Vault>,
    ledger: Option<&Verified>,
) -> (Vec<Finding>, Vec<(String, String)>) {
    let store = match Store::open(&dir.store(), vault.clone(), wiring::now()).await {
        Ok(store) => store,
        Err(error) => {
            let failure = Failure::from(error);
            return (vec![Finding::of_failure("records", &failure)], Vec::new());
        }
    };
    let snapshot = store.snapshot();
    let mut findings = vec![Finding::ok(
        "records",
        format!(
            "{} systems, {} flows, {} patients and {} keys read back",
            snapshot.systems().count(),
            snapshot.flows().count(),
            snapshot.patient_count(),
            snapshot.keys().count()
        ),
    )];
    findings.push(match store.enrolled_administrators().await {
        Ok(enrolled) => administrators(&enrolled),
        Err(error) => Finding::of_failure("administrators", &Failure::from(error)),
    });
    let waiting = store.outbox_len().await;
    // With a ledger that does not verify there is nothing to compare with.
    if let Some(ledger) = ledger {
        let waiting = ledger.unpublished > 0 || !matches!(waiting, Ok(0));
        findings.push(match store.held_records().await {
            Ok(held) => told::check(dir, &held, ledger.size, waiting),
            Err(error) => Finding::of_failure("records told", &Failure::from(error)),
        });
    }
    findings.push(match waiting {
        Ok(0) => Finding::ok("outbox", "every change is in the ledger"),
        Ok(waiting) => Finding::warn(
            "outbox",
            format!("{waiting} changes wait for the ledger"),
            "start the server, or run any command that changes records",
        ),
        Err(error) => Finding::of_failure("outbox", &Failure::from(error)),
    });
    let mut upstreams = Vec::new();
    for system in snapshot.systems() {
        for upstream in &system.upstreams {
            upstreams.push((system.id.clone(), upstream.url.clone()));
        }
    }
    upstreams.sort_unstable();
    store.close().await;
    (findings, upstreams)
}

/// One alone may not change what only two may, and none may change anything.
fn administrators(enrolled: &[String]) -> Finding {
    let check = "administrators";
    if enrolled.len() >= ADMINISTRATORS_MIN {
        return Finding::ok(check, format!("{} can sign in", enrolled.len()));
    }
    let message = match enrolled {
        [] => "nobody who administers can sign in".to_owned(),
        _ => format!("only `{}` can sign in", enrolled.join("`, `")),
    };
    Finding::warn(
        check,
        message,
        format!("enrol {ADMINISTRATORS_MIN}: `wardgate admin link PERSON`"),
    )
}
