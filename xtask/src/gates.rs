//! `cargo xtask gates`: no gate can be left out of the pipeline, and no proof can be forged.
//!
//! Works on a copy of the sources. First the copy must compile as it is; then each gate's statement
//! is removed in turn, and each forgery in `tests/forgeries` is added in turn, and the compiler must
//! refuse each with the errors that are expected.

mod compiler;
mod copy;
mod forgeries;
mod marks;

use anyhow::{Context, Result, bail, ensure};

use self::compiler::Complaint;
use self::copy::Copy;
use crate::workspace::Workspace;

/// The file that holds the path of a call.
const PIPELINE: &str = "crates/wardgate-gateway/src/pipeline.rs";

/// Every gate that the pipeline must have.
const GATES: [&str; 10] = [
    "identify",
    "limits",
    "facts",
    "authorise",
    "deidentify",
    "screen",
    "intent",
    "send",
    "inspect",
    "outcome",
];

/// What the compiler says when a later line needs what a removed line made: a name that does not
/// exist, or one that still names something of another type.
const REMOVAL_CODES: [&str; 2] = ["E0425", "E0308"];

/// Removes each gate and adds each forgery; all must fail to compile, as expected.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>) -> Result<()> {
    let copy = Copy::make(workspace)?;
    let complaints = copy.check()?;
    ensure!(
        complaints.is_empty(),
        "the sources do not compile:\n{}",
        list(&complaints)
    );
    let mut faults = removals(&copy, only)?;
    faults.extend(forgeries::run(&copy, only)?);
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{}", faults.join("\n"))
}

/// Compiles the pipeline without each of its gates.
fn removals(copy: &Copy, only: Option<&str>) -> Result<Vec<String>> {
    let text = copy.read(PIPELINE).context("the pipeline is missing")?;
    let gates = marks::find(&text)?;
    let mut faults = Vec::new();
    for name in GATES {
        if !gates.iter().any(|gate| gate.name == name) {
            faults.push(format!("`{PIPELINE}` has no line `// gate: {name}`"));
        }
    }
    for gate in gates
        .iter()
        .filter(|gate| only.is_none_or(|name| gate.name == name))
    {
        copy.write(PIPELINE, &gate.removed_from(&text))?;
        let complaints = copy.check()?;
        match judge_removal(&complaints) {
            Ok(complaint) => println!("  without `{}`: {complaint}", gate.name),
            Err(why) => faults.push(format!("gate `{}` removed: {why}", gate.name)),
        }
    }
    copy.write(PIPELINE, &text)?;
    Ok(faults)
}

/// The complaint that shows the gap, or why the complaints do not show it.
fn judge_removal(complaints: &[Complaint]) -> Result<&Complaint, String> {
    let first = complaints.first().ok_or("it still compiles")?;
    let expected = |complaint: &&Complaint| {
        complaint.file == PIPELINE && REMOVAL_CODES.contains(&complaint.code.as_str())
    };
    if complaints
        .iter()
        .all(|complaint| complaint.file == PIPELINE)
    {
        let shown = complaints.iter().find(expected);
        return shown.ok_or_else(|| format!("fails for another reason: {first}"));
    }
    Err(format!("fails elsewhere: {}", list(complaints)))
}

/// Complaints, one per line.
fn list(complaints: &[Complaint]) -> String {
    complaints
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(code: &str, file: &str) -> Complaint {
        Complaint {
            code: code.into(),
            file: file.into(),
            line: 7,
            message: "no".into(),
        }
    }

    #[test]
    fn a_removed_gate_must_be_missed_in_the_pipeline_itself() {
        assert!(judge_removal(&[complaint("E0425", PIPELINE)]).is_ok());
        assert!(
            judge_removal(&[complaint("E0282", PIPELINE), complaint("E0308", PIPELINE)]).is_ok()
        );
        assert!(judge_removal(&[]).is_err());
        assert!(judge_removal(&[complaint("E0432", PIPELINE)]).is_err());
        assert!(judge_removal(&[complaint("E0425", "crates/other.rs")]).is_err());
    }
}
