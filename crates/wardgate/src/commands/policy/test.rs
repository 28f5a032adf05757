//! `wardgate policy test`: whether policies are valid, and whether they answer as expected.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::cases::{self, Case, Checked};
use super::sets::Named;
use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::{Output, Style};

/// Check policies strictly, and hold them against cases
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Policy files or folders, `built-in`, `current`, a version or a proposal
    #[arg(value_name = "SET", default_value = "built-in")]
    set: Vec<String>,

    /// Add the files to this set instead of taking them alone
    #[arg(long, value_name = "SET")]
    onto: Option<String>,

    /// Cases with expected answers: a YAML list, or `.jsonl` with one case a line
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let mut set = Named::of(&arguments.set).load(&arguments.dir)?;
    if let Some(onto) = &arguments.onto {
        let base = Named::of(std::slice::from_ref(onto)).load(&arguments.dir)?;
        set = base.with(set)?;
    }
    let cases = match &arguments.cases {
        Some(path) => read(path)?,
        None => Vec::new(),
    };
    let mut results = Vec::with_capacity(cases.len());
    for (number, case) in (1..).zip(&cases) {
        let checked = case.check(&set.policies).map_err(|what| {
            let message = format!("case {number} (`{}`): {what}", case.name);
            Failure::new(message, CASE_HINT)
        })?;
        results.push((case, checked));
    }
    let failed = results
        .iter()
        .filter(|(case, checked)| !holds(case, checked))
        .count();
    let policies = set.policies.texts().len();
    let value = json!({
        "set": set.name,
        "valid": true,
        "policies": policies,
        "cases": results.iter().map(|(case, checked)| json!({
            "name": case.name,
            "expected": case.expect,
            "answer": checked.answer,
            "policies": checked.policies,
            "holds": holds(case, checked),
        })).collect::<Vec<_>>(),
        "failed": failed,
    });
    output.value(&value, || {
        let mut text = format!("{policies} policies of {} are valid\n", set.name);
        if !results.is_empty() {
            text.push_str(&table(&results));
            let held = results.len() - failed;
            text.push_str(&format!(
                "\n{held} of {} cases answer as expected",
                results.len()
            ));
        }
        text
    });
    Ok(if failed == 0 {
        Ended::Well
    } else {
        Ended::Badly
    })
}

fn holds(case: &Case, checked: &Checked) -> bool {
    case.expect == checked.answer
}

fn table(results: &[(&Case, Checked)]) -> String {
    let style = Style::of_stdout();
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "Case", "Expected", "Answer", "By"]);
    for (case, checked) in results {
        let mark = if holds(case, checked) {
            style.green("ok")
        } else {
            style.red("NO")
        };
        table.add_row([
            mark,
            case.name.clone(),
            case.expect.clone(),
            checked.answer.clone(),
            checked.policies.join(" "),
        ]);
    }
    table.to_string()
}

fn read(path: &std::path::Path) -> Result<Vec<Case>, Failure> {
    let failed = |error| Failure::file("read", path, &error);
    if fs::metadata(path).map_err(failed)?.len() > CASES_BYTES_MAX {
        let message = format!(
            "`{}` is larger than {} MiB",
            path.display(),
            CASES_BYTES_MAX >> 20
        );
        return Err(Failure::new(message, "split it"));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let lines = path
        .extension()
        .is_some_and(|end| end == "jsonl" || end == "ndjson" || end == "json");
    cases::read(&text, lines).map_err(|what| {
        Failure::new(
            format!("`{}` does not read: {what}", path.display()),
            CASE_HINT,
        )
    })
}

const CASES_BYTES_MAX: u64 = 16 << 20;
const CASE_HINT: &str = "see docs/policy.md for what a case may say";

const AFTER_HELP: &str =
    "A case names the roles, the purpose and what is out of order, and the answer that is expected:
`permit` or the code of a refusal. What a case does not name is in order.

Exit codes: 0 valid and every case as expected, 1 not, 2 wrong use.

Example:
  wardgate policy test policies/ --cases cases.yaml";
