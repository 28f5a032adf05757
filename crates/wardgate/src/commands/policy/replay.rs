//! `wardgate policy replay`: which recorded decisions other policies would have made otherwise.

use clap::Args;
use serde_json::json;
use wardgate_records::foresight::{Flip, FlipGroup, Foresight, foresee};

use super::sets::Named;
use crate::commands::ledger::published;
use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Replay recorded decisions under other policies, and show which would flip
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Policy files or folders, `built-in`, `current`, a version or a proposal
    #[arg(value_name = "SET", default_value = "current")]
    set: Vec<String>,

    /// Add the files to this set instead of taking them alone
    #[arg(long, value_name = "SET")]
    onto: Option<String>,

    /// How many of the newest decisions to replay
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    last: u64,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let mut set = Named::of(&arguments.set).load(&arguments.dir)?;
    if let Some(onto) = &arguments.onto {
        let base = Named::of(std::slice::from_ref(onto)).load(&arguments.dir)?;
        set = base.with(set)?;
    }
    let published = published(&arguments.dir.dir)?;
    let foresight = foresee(published.entries(..).rev(), &set.policies, arguments.last)?;
    output.value(&json(&foresight), || {
        format!("Under {}:\n{}", set.name, text(&foresight))
    });
    Ok(Ended::Well)
}

fn json(foresight: &Foresight) -> serde_json::Value {
    let (from, to) = foresight.span.unzip();
    json!({
        "decisions": foresight.decisions,
        "same": foresight.same,
        "not_by_policies": foresight.not_by_policies,
        "unreplayable": foresight.unreplayable,
        "flipped": foresight.flipped(),
        "ungrouped": foresight.ungrouped,
        "from": from.map(|at| at.to_string()),
        "to": to.map(|at| at.to_string()),
        "flips": foresight.flips.iter().map(group_json).collect::<Vec<_>>(),
    })
}

fn group_json(group: &FlipGroup) -> serde_json::Value {
    json!({
        "flip": group.flip.word(),
        "before": group.before,
        "after": group.after,
        "policies": group.policies,
        "count": group.count,
        "records": group.records.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn text(foresight: &Foresight) -> String {
    let style = Style::of_stdout();
    let mut text = String::new();
    for group in &foresight.flips {
        let line = format!(
            "{} {}: {}",
            group.count,
            plural(group.count),
            group.flip.words()
        );
        text.push_str(&match group.flip {
            Flip::Refuses => style.red(&line),
            Flip::Permits | Flip::PermitsIfConsented => style.yellow(&line),
            Flip::OtherCode => style.dim(&line),
        });
        let answer = |code: &Option<String>| code.clone().unwrap_or_else(|| "passed".to_owned());
        text.push_str(&format!(
            "\n  {} -> {}, by {}\n",
            answer(&group.before),
            answer(&group.after),
            if group.policies.is_empty() {
                "no policy that permits".to_owned()
            } else {
                group.policies.join(" ")
            },
        ));
        for record in &group.records {
            text.push_str(&format!("  {record}\n"));
        }
        let more = group.count - group.records.len() as u64;
        if more > 0 {
            text.push_str(&format!("  and {more} more\n"));
        }
    }
    if foresight.ungrouped > 0 {
        text.push_str(&format!(
            "{} more flip in other ways\n",
            foresight.ungrouped
        ));
    }
    for (reason, count) in &foresight.unreplayable {
        text.push_str(&format!(
            "{count} {} can not be replayed: {reason}\n",
            plural(*count)
        ));
    }
    text.push_str(&format!(
        "{} {} looked at, {} same, {} answered otherwise, {} not decided by policies",
        foresight.decisions,
        plural(foresight.decisions),
        foresight.same,
        foresight.flipped(),
        foresight.not_by_policies,
    ));
    text
}

const fn plural(count: u64) -> &'static str {
    if count == 1 { "decision" } else { "decisions" }
}

const AFTER_HELP: &str = "Reads what the ledger has published, beside a running server, and computes each decision again from
the facts that were recorded with it. What a patient consented to stays as it was. Files, folders and
`built-in` need no passphrase; `current`, versions and proposals do.

Exit codes: 0 replayed, 1 failed, 2 wrong use.

Example:
  wardgate policy replay policies/ --last 10000 --dir /var/lib/wardgate";
