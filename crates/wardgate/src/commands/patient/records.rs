//! `wardgate patient records`: what is on record about one patient, for the patient's own request.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;
use wardgate_ledger::Published;
use wardgate_records::events::{EventKind, StoredEvent};
use wardgate_records::{PatientMatch, RecordId};
use wardgate_vault::PatientHandle;

use crate::commands::{Dir, Ended, call};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Report what is on record about a patient: every entry, and what became of its payload
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// `Patient/123`, an identifier on file, or the random handle
    #[arg(value_name = "PATIENT")]
    reference: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let (patient, erased, entries) = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let report = report(&records, &arguments.reference).await;
        records.store.close().await;
        report
    })?;
    let value = serde_json::json!({
        "patient": patient.to_string(),
        "shredded": erased,
        "entries": entries,
    });
    output.value(&value, || {
        let mut lines = vec![match &erased {
            Some(record) => format!("patient {patient}, erased: {record}"),
            None => format!("patient {patient}"),
        }];
        lines.extend(entries.iter().map(line));
        lines.join("\n")
    });
    Ok(Ended::Well)
}

async fn report(
    records: &Records,
    reference: &str,
) -> Result<(PatientHandle, Option<Value>, Vec<Value>), Failure> {
    let patient = find(records, reference)?;
    let destroyed = records.store.destroyed(patient).await?;
    let erased = match &destroyed {
        Some(destroyed) => {
            let statement: Value = serde_json::from_slice(&destroyed.statement).unwrap_or_default();
            Some(serde_json::json!({"index": destroyed.index, "statement": statement}))
        }
        None => None,
    };
    let kept = call::with_payloads(records, |payloads| Ok(payloads.calls_of(patient)?))?;
    let signer = wiring::ledger_signer(&records.vault, &records.config.node.name)?;
    let published = Published::open(&records.dir.ledger(), &[signer.verifier_key().clone()])?;
    let handle = patient.to_string();
    let mut entries = Vec::new();
    for entry in published.entries(..) {
        let (index, leaf) = entry?;
        let about = leaf
            .windows(handle.len())
            .any(|window| window == handle.as_bytes());
        if about && let Ok(event) = StoredEvent::parse(&leaf) {
            entries.push(told(index, &event, &kept, erased.is_some()));
        }
    }
    Ok((patient, erased, entries))
}

fn find(records: &Records, reference: &str) -> Result<PatientHandle, Failure> {
    if let Ok(handle) = reference.parse() {
        return Ok(handle);
    }
    match records.store.snapshot().patient(reference) {
        PatientMatch::One(file) => Ok(file.handle),
        PatientMatch::Unknown => Err(wardgate_records::RecordsError::UnknownPatient.into()),
        PatientMatch::Ambiguous => Err(wardgate_records::RecordsError::AmbiguousPatient.into()),
    }
}

/// One entry, and whether what was asked and answered can be read.
fn told(index: u64, event: &StoredEvent, kept: &BTreeSet<RecordId>, erased: bool) -> Value {
    let payload = match event.kind {
        EventKind::CallIntent if erased => Some("erased"),
        EventKind::CallIntent if kept.contains(&event.id) => Some("sealed"),
        EventKind::CallIntent => Some("not kept"),
        _ => None,
    };
    serde_json::json!({
        "index": index,
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "id": event.id.to_string(),
        "app": event.text("app"),
        "person": event.text("person"),
        "system": event.text("system"),
        "purpose": event.text("purpose"),
        "payload": payload,
    })
}

fn line(entry: &Value) -> String {
    let word = |name: &str| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    let index = entry
        .get("index")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    format!(
        "{index:>8}  {:.19}  {:<17} {} app={} person={} purpose={} payload={}",
        word("at"),
        word("kind"),
        word("id"),
        word("app"),
        word("person"),
        word("purpose"),
        word("payload"),
    )
}

const AFTER_HELP: &str =
    "Works beside a running server and after the patient was shredded: then by the handle, and the
payloads are `erased`.

Exit codes: 0 reported, 1 failed, 2 wrong use.

Example:
  wardgate patient records Patient/123 --json";
