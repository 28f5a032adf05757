//! `wardgate consent history`: who wrote which version of a consent, when and how.

use clap::Args;
use wardgate_records::{Author, SEARCH_PAGE_MAX, StoredConsent};

use super::super::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// List the versions of a consent, the newest first
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in super::super) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// `Consent/<id>`, or the id alone
    #[arg(value_name = "CONSENT")]
    reference: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    wiring::control_runtime()?.block_on(list(arguments, output))
}

async fn list(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let reference = arguments.reference.as_str();
    let id = reference.strip_prefix("Consent/").unwrap_or(reference);
    let records = Records::open(arguments.dir.existing()?).await?;
    let mut versions = Vec::new();
    let mut before = None;
    loop {
        let page = records
            .store
            .consent_history(id, before, SEARCH_PAGE_MAX)
            .await?;
        before = page.last().map(|version| version.version);
        versions.extend(page);
        if before.is_none_or(|oldest| oldest == 1) {
            break;
        }
    }
    records.finish().await?;
    let value: Vec<_> = versions.iter().map(json).collect();
    output.value(&value, || text(&versions));
    Ok(Ended::Well)
}

/// Who wrote it, in one word.
pub(super) fn author(author: &Author) -> String {
    match author {
        Author::Host => "host".to_owned(),
        Author::Person(id) => format!("person/{id}"),
        Author::App(id) => format!("app/{id}"),
    }
}

fn json(version: &StoredConsent) -> serde_json::Value {
    serde_json::json!({
        "version": version.version,
        "at": version.written.at,
        "how": version.written.how.word(),
        "by": author(&version.written.by),
        "source": version.written.source.as_ref().map(|source| source.as_str()),
    })
}

fn text(versions: &[StoredConsent]) -> String {
    let lines: Vec<String> = versions
        .iter()
        .map(|version| {
            let written = &version.written;
            let mut line = format!(
                "version {}  {}  {} by {}",
                version.version,
                written.at,
                written.how.word(),
                author(&written.by)
            );
            if let Some(source) = &written.source {
                line.push_str(&format!("  from {}", source.as_str()));
            }
            line
        })
        .collect();
    lines.join("\n")
}

const AFTER_HELP: &str = "Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate consent history --dir /var/lib/wardgate Consent/0193567a";
