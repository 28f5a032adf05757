//! `wardgate policy diff`: what two sets of policies say and decide differently.

use clap::Args;
use serde_json::json;
use wardgate_authz::foresight::{Difference, PolicyChange};

use super::sets::Named;
use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Compare two sets of policies: texts, and which answers flip
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// First set: a file or folder, `built-in`, `current`, a version or a proposal
    #[arg(value_name = "A")]
    before: String,

    /// Second set
    #[arg(value_name = "B")]
    after: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let load = |word: &String| Named::of(std::slice::from_ref(word)).load(&arguments.dir);
    let (before, after) = (load(&arguments.before)?, load(&arguments.after)?);
    let difference = Difference::between(&before.policies, &after.policies);
    output.value(&json(&difference), || {
        format!(
            "From {} to {}\n{}",
            before.name,
            after.name,
            text(&difference)
        )
    });
    Ok(Ended::Well)
}

fn json(difference: &Difference) -> serde_json::Value {
    let policies = difference.policies.iter().map(|change| {
        let (before, after) = match change {
            PolicyChange::Added(policy) => (None, Some(&policy.text)),
            PolicyChange::Removed(policy) => (Some(&policy.text), None),
            PolicyChange::Changed { before, after } => (Some(&before.text), Some(&after.text)),
        };
        json!({"id": change.id(), "change": change.word(), "before": before, "after": after})
    });
    let calls = difference.calls.iter().map(|flip| {
        let purposes: Vec<&str> = flip.purposes.iter().map(|purpose| purpose.code()).collect();
        json!({
            "role": flip.role,
            "about_patient": flip.about_patient,
            "circumstance": flip.circumstance,
            "purposes": purposes,
            "before": flip.before.code(),
            "after": flip.after.code(),
        })
    });
    let operations = difference.operations.iter().map(|flip| {
        json!({
            "role": flip.role,
            "operation": flip.operation.word(),
            "circumstance": flip.circumstance,
            "before": flip.before,
            "after": flip.after,
        })
    });
    json!({
        "policies": policies.collect::<Vec<_>>(),
        "calls": calls.collect::<Vec<_>>(),
        "operations": operations.collect::<Vec<_>>(),
        "compared": difference.compared,
    })
}

fn text(difference: &Difference) -> String {
    let style = Style::of_stdout();
    if difference.is_empty() {
        return format!(
            "Same policies; the same answers to {} invented calls and operations",
            difference.compared
        );
    }
    let mut text = String::new();
    for change in &difference.policies {
        let line = format!("{} `{}`", change.word(), change.id());
        text.push_str(&match change {
            PolicyChange::Added(_) => style.green(&line),
            PolicyChange::Removed(_) => style.red(&line),
            PolicyChange::Changed { .. } => style.yellow(&line),
        });
        text.push('\n');
    }
    let mut part = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            text.push_str(&format!("{title}: none flips\n"));
            return;
        }
        text.push_str(&format!("{}\n", style.bold(title)));
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
    };
    part(
        "Calls",
        difference.calls.iter().map(ToString::to_string).collect(),
    );
    part(
        "Operations",
        difference
            .operations
            .iter()
            .map(ToString::to_string)
            .collect(),
    );
    text.push_str(&format!(
        "{} invented calls and operations were compared",
        difference.compared
    ));
    text
}

const AFTER_HELP: &str = "Every role is tried for every purpose with one thing out of order at a time, and for every operation.
A line says for whom, in which circumstance and for what the answer changes.

Exit codes: 0 compared, 1 failed, 2 wrong use.

Example:
  wardgate policy diff current policies/ --dir /var/lib/wardgate";
