//! Finds the gates: a line comment `// gate: <name>` directly above the gate's statement.

use std::ops::Range;

use anyhow::{Context, Result, ensure};

use crate::source;

/// One marked statement of the pipeline.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gate {
    pub(super) name: String,
    /// The statement with its `;`, in bytes of the file.
    statement: Range<usize>,
}

impl Gate {
    /// The file without this statement; every other line keeps its number.
    pub(super) fn removed_from(&self, text: &str) -> String {
        source::empty(text, &self.statement)
    }
}

/// Every gate of a file, in the order of the file.
pub(super) fn find(text: &str) -> Result<Vec<Gate>> {
    let blanked = source::blank(text);
    let mut gates = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        // Prose may mention a mark: only a comment line that holds nothing else is one.
        let Some(name) = line.trim().strip_prefix("// gate: ") else {
            continue;
        };
        ensure!(
            blanked
                .get(start..offset)
                .is_some_and(|code| code.trim().is_empty()),
            "the mark of gate `{name}` stands inside of code"
        );
        let next = text.get(offset..).unwrap_or("");
        let directly = next
            .lines()
            .next()
            .is_some_and(|line| !line.trim().is_empty());
        ensure!(
            directly,
            "the mark of gate `{name}` does not stand directly above a statement"
        );
        let code = blanked.get(offset..).unwrap_or("");
        let begin = offset + (code.len() - code.trim_start().len());
        let end = source::statement_end(&blanked, begin)
            .with_context(|| format!("gate `{name}` has no statement"))?;
        let statement = code.get(..end - offset).unwrap_or("");
        ensure!(
            !statement.trim().is_empty(),
            "gate `{name}` has an empty statement"
        );
        gates.push(Gate {
            name: name.to_owned(),
            statement: begin..end,
        });
    }
    Ok(gates)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
async fn answer(call: Call) -> Result<Reply, Refusal> {
    // Who asks; see `// gate: identify` above.
    // gate: identify
    let caller = identify(&call, |key| { find(key); true })?;
    // gate: authorise
    // Deny wins; a `;` in a comment ends nothing.
    let permit = match authorise(&caller).await {
        Ok(permit) => permit,
        Err(denial) => { note(&denial); return Err(denial.into()); }
    };
    // gate: send
    send(caller, permit).await
}
";

    #[test]
    fn each_mark_gives_its_whole_statement() {
        let gates = find(SAMPLE).unwrap();
        let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
        assert_eq!(names, ["identify", "authorise", "send"]);
        let first = gates[0].removed_from(SAMPLE);
        assert!(!first.contains("let caller") && first.contains("let permit"));
        let second = gates[1].removed_from(SAMPLE);
        assert!(second.contains("let caller") && !second.contains("note(&denial)"));
        assert!(second.contains("send(caller, permit)"));
        let third = gates[2].removed_from(SAMPLE);
        assert!(third.contains("let permit") && !third.contains("send(caller"));
        assert!(third.ends_with("}\n"));
        assert_eq!(second.lines().count(), SAMPLE.lines().count());
    }

    #[test]
    fn a_mark_without_its_statement_is_an_error() {
        assert!(find("fn f() {\n    // gate: send\n}\n").is_err());
        assert!(find("// gate: send\nconst A: u8 = 1\n").is_err());
        assert!(find("fn f() {\n    // gate: send\n\n    send();\n}\n").is_err());
    }
}
