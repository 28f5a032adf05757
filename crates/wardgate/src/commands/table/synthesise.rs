//! `wardgate table synthesise`: rows of nobody, drawn from noisy marginals.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use wardgate_tables::private::{Amount, Bounded, Cost};
use wardgate_tables::synthetic::{Coded, ColumnBins, Synthesis};

use super::budget::{Asked, Asking, granted, randomness};
use super::statistics::unanswered;
use crate::commands::anonymize::{failure, open, write};
use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Draw a private synthetic sample of a table, and spend from its budget
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Table to read, in which each row is the only one of its person
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Table to write
    #[arg(value_name = "OUT")]
    out: PathBuf,

    /// File with the columns and their possible values, from knowledge of the field:
    /// {"sex":["female","male"],"age":{"borders":[18,40,65]}}
    #[arg(long, value_name = "FILE")]
    columns: PathBuf,

    /// Budget to spend from, opened by `wardgate table budget` with a delta
    #[arg(long, value_name = "NAME")]
    budget: String,

    /// What the sample may cost
    #[arg(long, value_name = "RHO")]
    rho: Amount,

    /// Person who asks
    #[arg(long, value_name = "ID")]
    person: String,

    /// Rows to draw [default: as many as the table has by its noisy count]
    #[arg(long, value_name = "ROWS")]
    rows: Option<usize>,
}

/// The possible values of a column.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stated {
    Values(Vec<String>),
    Borders { borders: Vec<f64> },
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    if fs::symlink_metadata(&arguments.out).is_ok() {
        return Err(Failure::new(
            format!("`{}` exists already", arguments.out.display()),
            "name another file: what was spent for it stays spent",
        ));
    }
    let path = &arguments.columns;
    let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let stated: BTreeMap<String, Stated> = serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            format!(
                "`{}` does not say the values of columns (line {})",
                path.display(),
                error.line()
            ),
            "write {\"sex\":[\"female\",\"male\"],\"age\":{\"borders\":[18,40,65]}}",
        )
    })?;
    let table = open(&arguments.table)?;
    let mut columns = Vec::new();
    let mut named = Vec::new();
    for (name, bins) in stated {
        let bins = match bins {
            Stated::Values(values) => ColumnBins::Values(values),
            Stated::Borders { borders } => ColumnBins::Borders(borders),
        };
        table.column(&name).map_err(failure)?;
        let position = table.position(&name).unwrap_or_default();
        columns.push((position, bins.clone()));
        named.push((name, bins));
    }
    let coded = Coded::of_table(&table, &columns)
        .map_err(|fault| Failure::new(fault.to_string(), "correct the values of the columns"))?;
    let rows = Bounded::row_per_person(table.rows()).map_err(unanswered)?;
    let runtime = wiring::control_runtime()?;
    let records = runtime.block_on(Records::open(arguments.dir.existing()?))?;
    let asking = Asking::new(&json!({"synthesise": text}));
    let asked = Asked {
        budget: &arguments.budget,
        table: &arguments.table,
        person: &arguments.person,
        question: &asking,
    };
    let spent = granted(&runtime, &records, &asked, Cost::Rho(arguments.rho));
    runtime.block_on(records.store.close());
    let (grant, budget) = spent?;
    let mut random = randomness();
    let synthesis = Synthesis::measure(&coded, &rows, grant, &mut random).map_err(unanswered)?;
    let count = arguments.rows.unwrap_or_else(|| synthesis.rows_measured());
    let drawn = synthesis.draw(count, &mut random).map_err(unanswered)?;
    let drawn = drawn.table(&named).map_err(failure)?;
    write(&arguments.out, &drawn)?;
    let value = json!({
        "rows": drawn.rows(),
        "left": budget.left(),
        "epsilon_spent": budget.epsilon_spent(),
        "asked": asking.text,
    });
    output.value(&value, || {
        format!(
            "{} rows of nobody drawn, {} left",
            drawn.rows(),
            budget.left()
        )
    });
    Ok(Ended::Well)
}

const AFTER_HELP: &str = "Each row of the table must be the only one of its person. More rows can not be drawn later for the same price:
draw enough at once.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate table synthesise adult.csv sample.csv --columns columns.json --budget adult --rho 0.05 --person data.okafor";
