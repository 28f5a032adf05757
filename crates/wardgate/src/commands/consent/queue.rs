//! `wardgate consent queue`: consents that cannot be computed, and why.

use clap::Args;
use wardgate_records::{QueuedConsent, SEARCH_PAGE_MAX};

use super::super::{Dir, Ended};
use super::history::author;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// List the consents that cannot be computed: they never permit until somebody settles them
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    #[command(flatten)]
    dir: Dir,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(list(arguments, output))
}

async fn list(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let records = Records::open(arguments.dir.existing()?).await?;
    let mut waiting = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = records
            .store
            .consent_queue(after.as_deref(), SEARCH_PAGE_MAX)
            .await?;
        waiting.extend(page.consents);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    records.finish().await?;
    let value: Vec<_> = waiting.iter().map(json).collect();
    output.value(&value, || text(&waiting));
    Ok(Ended::Well)
}

fn json(waiting: &QueuedConsent) -> serde_json::Value {
    serde_json::json!({
        "id": waiting.id,
        "patient": waiting.patient.to_string(),
        "version": waiting.version,
        "reasons": waiting.reasons,
        "since": waiting.written.at,
        "how": waiting.written.how.word(),
        "by": author(&waiting.written.by),
    })
}

fn text(waiting: &[QueuedConsent]) -> String {
    if waiting.is_empty() {
        return "No consent waits: all that are active can be computed, or were settled."
            .to_owned();
    }
    let lines: Vec<String> = waiting
        .iter()
        .map(|consent| {
            format!(
                "Consent/{} version {} of patient {}: {}",
                consent.id,
                consent.version,
                consent.patient,
                consent.reasons.join("; ")
            )
        })
        .collect();
    lines.join("\n")
}

const AFTER_HELP: &str = "A privacy officer settles each on the console: by a version that can be
computed, or by confirming that it never permits.

Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate consent queue --dir /var/lib/wardgate";
