//! `wardgate policy propose`, `approve`, `reject`, `withdraw`, `rollback` and `review`: changes on a
//! node from afar, as the person who signed in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use wardgate_records::RecordId;

use super::sets::read_files;
use crate::commands::Ended;
use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Remote, Server};
use crate::wiring;

/// Propose policies, for another person to approve
#[derive(Debug, Args)]
#[command(after_help = PROPOSE_AFTER_HELP)]
pub(in crate::commands) struct Propose {
    #[command(flatten)]
    server: Server,

    /// Policy files or folders; together they are the whole set
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Add the files to the set in force instead of taking them alone
    #[arg(long)]
    onto_current: bool,

    /// Why the change is needed, in a sentence or two
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Which proposal.
#[derive(Debug, Args)]
pub(in crate::commands) struct Named {
    #[command(flatten)]
    server: Server,

    /// Id of the proposal
    #[arg(value_name = "ID")]
    id: RecordId,
}

/// Approve policies that another person proposed
#[derive(Debug, Args)]
#[command(after_help = APPROVE_AFTER_HELP)]
pub(in crate::commands) struct Approve {
    #[command(flatten)]
    named: Named,
}

/// Reject policies that another person proposed
#[derive(Debug, Args)]
#[command(after_help = REJECT_AFTER_HELP)]
pub(in crate::commands) struct Reject {
    #[command(flatten)]
    named: Named,
}

/// Take your own proposal back
#[derive(Debug, Args)]
#[command(after_help = WITHDRAW_AFTER_HELP)]
pub(in crate::commands) struct Withdraw {
    #[command(flatten)]
    named: Named,
}

/// Put the policies of an earlier version into force again, at once
#[derive(Debug, Args)]
#[command(after_help = ROLLBACK_AFTER_HELP)]
pub(in crate::commands) struct Rollback {
    #[command(flatten)]
    server: Server,

    /// Number of the version to go back to
    #[arg(long, value_name = "VERSION")]
    to: u64,
}

/// Note that you looked at a rollback of another person
#[derive(Debug, Args)]
#[command(after_help = REVIEW_AFTER_HELP)]
pub(in crate::commands) struct Review {
    #[command(flatten)]
    server: Server,

    /// Number of the version that the rollback made
    #[arg(value_name = "VERSION")]
    version: u64,
}

pub(super) fn propose(arguments: &Propose, output: Output) -> Result<Ended, Failure> {
    let mut files = BTreeMap::new();
    for file in read_files(&arguments.files)? {
        if files.insert(file.id.clone(), file.cedar).is_some() {
            return Err(Failure::new(
                format!("two files have the name `{}`", file.id),
                "rename one of them: policy files are known by their names",
            ));
        }
    }
    let body = json!({
        "files": files,
        "onto_current": arguments.onto_current,
        "reason": arguments.reason,
    });
    let made = post(&arguments.server, "/api/policies/proposals", &body)?;
    output.value(&made, || {
        let id = text(&made, "id");
        format!(
            "Proposed as {id}, starting from version {}\nAnother person approves it on the console, or with `wardgate policy approve {id}`",
            number(&made, "base")
        )
    });
    Ok(Ended::Well)
}

pub(super) fn approve(arguments: &Approve, output: Output) -> Result<Ended, Failure> {
    let decided = decide(&arguments.named, "approve")?;
    output.value(&decided, || {
        format!(
            "Approved: version {} is in force",
            number(&decided, "version")
        )
    });
    Ok(Ended::Well)
}

pub(super) fn reject(arguments: &Reject, output: Output) -> Result<Ended, Failure> {
    let decided = decide(&arguments.named, "reject")?;
    output.value(&decided, || "Rejected".to_owned());
    Ok(Ended::Well)
}

pub(super) fn withdraw(arguments: &Withdraw, output: Output) -> Result<Ended, Failure> {
    let decided = decide(&arguments.named, "withdraw")?;
    output.value(&decided, || "Withdrawn".to_owned());
    Ok(Ended::Well)
}

pub(super) fn rollback(arguments: &Rollback, output: Output) -> Result<Ended, Failure> {
    let body = json!({"to": arguments.to});
    let made = post(&arguments.server, "/api/policies/rollback", &body)?;
    output.value(&made, || {
        format!(
            "The policies of version {} are in force again, as version {}\nAnother person reviews it: `wardgate policy review {}`",
            arguments.to, number(&made, "version"), number(&made, "version")
        )
    });
    Ok(Ended::Well)
}

pub(super) fn review(arguments: &Review, output: Output) -> Result<Ended, Failure> {
    let path = format!("/api/policies/versions/{}/review", arguments.version);
    let reviewed = post(&arguments.server, &path, &json!({}))?;
    output.value(&reviewed, || {
        format!("Reviewed version {}", arguments.version)
    });
    Ok(Ended::Well)
}

fn decide(named: &Named, verb: &str) -> Result<Value, Failure> {
    let path = format!("/api/policies/proposals/{}/{verb}", named.id);
    post(&named.server, &path, &json!({}))
}

fn post(server: &Server, path: &str, body: &Value) -> Result<Value, Failure> {
    let remote = Remote::signed_in(server)?;
    wiring::control_runtime()?.block_on(remote.post(path, body))
}

/// A number of an answer; 0 where the server names none.
fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

const PROPOSE_AFTER_HELP: &str = "Nothing changes until another person approves. Look first: `wardgate policy test`, `diff` and `replay`.

Exit codes: 0 proposed, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy propose policies/ --reason \"nurses answer patients' questions\"";

const APPROVE_AFTER_HELP: &str =
    "Needs a fresh second factor. The console shows what would flip before it is approved.

Exit codes: 0 approved, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy approve 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";

const REJECT_AFTER_HELP: &str = "Exit codes: 0 rejected, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy reject 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";

const WITHDRAW_AFTER_HELP: &str = "Exit codes: 0 withdrawn, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy withdraw 0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";

const ROLLBACK_AFTER_HELP: &str = "Takes one person with a fresh second factor, because harm does not wait. It is recorded, and another
person reviews it afterwards.

Exit codes: 0 rolled back, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy rollback --to 3";

const REVIEW_AFTER_HELP: &str = "Exit codes: 0 reviewed, 1 refused or failed, 2 wrong use.

Example:
  wardgate policy review 5";
