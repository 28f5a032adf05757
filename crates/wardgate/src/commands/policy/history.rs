//! `wardgate policy history` and `show`: the versions of the policies.

use clap::Args;
use serde_json::json;
use wardgate_records::{PolicyVersion, Proposal, ProposalState};

use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::{Output, Style};
use crate::wiring::{self, Records};

/// List the versions of the policies and the proposals that wait
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,
}

/// Show a version of the policies with its whole text
#[derive(Debug, Args)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(in crate::commands) struct ShowArguments {
    #[command(flatten)]
    dir: Dir,

    /// Number of the version, as `wardgate policy history` shows it
    #[arg(value_name = "VERSION")]
    version: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let (versions, open) = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let versions = records.store.policy_versions().await?;
        let mut open = records.store.proposals().await?;
        open.retain(|proposal| proposal.state == ProposalState::Open);
        records.store.close().await;
        Ok::<_, Failure>((versions, open))
    })?;
    let value = json!({
        "versions": versions.iter().map(version_json).collect::<Vec<_>>(),
        "open": open.iter().map(proposal_json).collect::<Vec<_>>(),
    });
    output.value(&value, || text(&versions, &open));
    Ok(Ended::Well)
}

pub(super) fn show(arguments: &ShowArguments, output: Output) -> Result<Ended, Failure> {
    let dir = arguments.dir.existing()?;
    let version = wiring::control_runtime()?.block_on(async {
        let records = Records::open(dir).await?;
        let version = records.store.policy_version(arguments.version).await?;
        records.store.close().await;
        Ok::<_, Failure>(version)
    })?;
    let mut value = version_json(&version);
    if let Some(value) = value.as_object_mut() {
        let files = version.files.iter();
        let files: Vec<_> = files
            .map(|file| json!({"name": file.id, "cedar": file.cedar}))
            .collect();
        value.insert("files".to_owned(), files.into());
    }
    output.value(&value, || {
        let style = Style::of_stdout();
        let mut text = String::new();
        for file in &version.files {
            let name = style.bold(&format!("// {}", file.id));
            text.push_str(&format!("{name}\n{}\n", file.cedar.trim_end()));
        }
        text
    });
    Ok(Ended::Well)
}

fn version_json(version: &PolicyVersion) -> serde_json::Value {
    let (reviewed_by, reviewed_at) = version.reviewed.clone().unzip();
    json!({
        "version": version.version,
        "hash": hash(version),
        "origin": version.origin.word(),
        "built_in": version.built_in,
        "made_at": version.made_at.to_string(),
        "proposal": version.proposal.map(|id| id.to_string()),
        "proposed_by": version.proposed_by,
        "approved_by": version.approved_by,
        "rollback_of": version.rollback_of,
        "reviewed_by": reviewed_by,
        "reviewed_at": reviewed_at.map(|at| at.to_string()),
    })
}

fn proposal_json(proposal: &Proposal) -> serde_json::Value {
    json!({
        "id": proposal.id.to_string(),
        "kind": proposal.change.kind(),
        "target": proposal.change.target(),
        "base": proposal.base,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at.to_string(),
    })
}

fn hash(version: &PolicyVersion) -> String {
    version
        .hash
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn text(versions: &[PolicyVersion], open: &[Proposal]) -> String {
    let style = Style::of_stdout();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "Version",
        "Since",
        "How",
        "By",
        "Approved or reviewed",
        "Hash",
    ]);
    for version in versions {
        let how = match version.rollback_of {
            Some(to) => format!("rollback to {to}"),
            None if version.built_in => format!("{}, built-in", version.origin.word()),
            None => version.origin.word().to_owned(),
        };
        let second = match (&version.approved_by, &version.reviewed) {
            (Some(person), _) | (None, Some((person, _))) => person.clone(),
            (None, None) if version.awaits_review() => style.yellow("awaits review"),
            (None, None) => String::new(),
        };
        table.add_row([
            version.version.to_string(),
            version.made_at.strftime("%Y-%m-%d %H:%M").to_string(),
            how,
            version.proposed_by.clone().unwrap_or_default(),
            second,
            format!("{:.12}", hash(version)),
        ]);
    }
    let mut text = table.to_string();
    for proposal in open {
        text.push_str(&format!(
            "\nopen: {} {} by {}: {}",
            proposal.change.kind(),
            proposal.id,
            proposal.proposed_by,
            proposal.reason
        ));
    }
    text
}

const AFTER_HELP: &str = "Exit codes: 0 listed, 1 failed, 2 wrong use.

Example:
  wardgate policy history --dir /var/lib/wardgate";

const SHOW_AFTER_HELP: &str = "Exit codes: 0 shown, 1 failed, 2 wrong use.

Example:
  wardgate policy show 3 --dir /var/lib/wardgate";
