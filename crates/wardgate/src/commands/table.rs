//! `wardgate table`: what a table tells, what looks like poison in it, and private answers about it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use wardgate_tables::poisoning::{PoisoningOptions, PoisoningReport, examine};
use wardgate_tables::{Assessment, Combination, Suggestion};

use super::Ended;
use super::anonymize::{failure, open, risks};
use crate::failure::Failure;
use crate::output::Output;

mod budget;
mod statistics;
mod synthesise;

/// Suggest roles of columns, assess risk, look for poison, and answer privately within a budget
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Suggest(Suggest),
    Assess(Assess),
    Poison(Poison),
    Budget(budget::Arguments),
    Statistics(Box<statistics::Arguments>),
    Synthesise(synthesise::Arguments),
}

/// Suggest which columns identify, could point at a person, or are sensitive, with reasons
#[derive(Debug, Args)]
#[command(after_help = SUGGEST_AFTER_HELP)]
pub(super) struct Suggest {
    /// Table to read: .csv, .tsv, .parquet, .arrow
    #[arg(value_name = "TABLE")]
    table: PathBuf,
}

/// Assess what a table guarantees as it stands: k, l, t and the risks of re-identification
#[derive(Debug, Args)]
#[command(after_help = ASSESS_AFTER_HELP)]
pub(super) struct Assess {
    /// Table to read: .csv, .tsv, .parquet, .arrow
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Columns that together could tell who somebody is
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS", required = true)]
    quasi: Vec<String>,

    /// Columns that nobody should learn of a person
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    sensitive: Vec<String>,
}

/// Look for wrong labels, triggers, floods of duplicates and spikes of values
#[derive(Debug, Args)]
#[command(after_help = POISON_AFTER_HELP)]
pub(super) struct Poison {
    /// Table to read: .csv, .tsv, .parquet, .arrow
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Column that a model is to learn; without it, labels and triggers are not looked at
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,

    /// Columns that are not looked at, such as row ids
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    leave_out: Vec<String>,
}

pub(super) fn run(command: &Command, output: Output) -> Result<Ended, Failure> {
    match command {
        Command::Suggest(arguments) => suggest(arguments, output),
        Command::Assess(arguments) => assess(arguments, output),
        Command::Poison(arguments) => poison(arguments, output),
        Command::Budget(arguments) => budget::run(arguments, output),
        Command::Statistics(arguments) => statistics::run(arguments, output),
        Command::Synthesise(arguments) => synthesise::run(arguments, output),
    }
}

fn suggest(arguments: &Suggest, output: Output) -> Result<Ended, Failure> {
    let table = open(&arguments.table)?;
    let all = Suggestion::all(&table);
    output.value(&all, || {
        let told = all.iter().map(|suggestion| {
            let role = json!(suggestion.role);
            format!(
                "{:<24}{:<14}{} values\n  {}",
                suggestion.column,
                role.as_str().unwrap_or_default(),
                suggestion.distinct,
                suggestion.reasons.join("\n  "),
            )
        });
        told.collect::<Vec<_>>().join("\n")
    });
    Ok(Ended::Well)
}

fn assess(arguments: &Assess, output: Output) -> Result<Ended, Failure> {
    let table = open(&arguments.table)?;
    let found = Assessment::of(&table, &arguments.quasi, &arguments.sensitive).map_err(failure)?;
    let together = Combination::of(&table, &arguments.quasi).map_err(failure)?;
    let value = json!({"assessment": found, "quasi": together});
    output.value(&value, || risks(&[("as it stands", &found)]));
    Ok(Ended::Well)
}

fn poison(arguments: &Poison, output: Output) -> Result<Ended, Failure> {
    let table = open(&arguments.table)?;
    let options = PoisoningOptions {
        label: arguments.label.clone(),
        leave_out: arguments.leave_out.clone(),
    };
    let report = examine(&table, &options)
        .map_err(|fault| Failure::new(fault.to_string(), "name columns as the table does"))?;
    output.value(&report, || poison_lines(&report));
    match report.is_quiet() {
        true => Ok(Ended::Well),
        false => Ok(Ended::Badly),
    }
}

fn poison_lines(report: &PoisoningReport) -> String {
    let mut text = format!("{} rows looked at", report.rows);
    for finding in &report.findings {
        let check = json!(finding.check);
        let first: Vec<String> = finding
            .rows
            .iter()
            .take(ROWS_TOLD)
            .map(|row| row.row.to_string())
            .collect();
        text.push_str(&format!(
            "\n{}{}: {} rows in {}, score {:.2}\n  {}\n  rows {}{}",
            if finding.alarm { "! " } else { "  " },
            check.as_str().unwrap_or_default(),
            finding.row_count,
            finding.columns.join(", "),
            finding.score,
            finding.reason,
            first.join(", "),
            if finding.row_count as usize > ROWS_TOLD {
                ", ..."
            } else {
                ""
            },
        ));
    }
    for skipped in &report.skipped {
        let check = json!(skipped.check);
        text.push_str(&format!(
            "\nnot looked at: {} ({})",
            check.as_str().unwrap_or_default(),
            skipped.reason
        ));
    }
    if report.findings.is_empty() {
        text.push_str("\nnothing looks like poison");
    }
    text
}

const ROWS_TOLD: usize = 10;

const SUGGEST_AFTER_HELP: &str = "A suggestion errs on the side of protection; a person decides.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate table suggest adult.csv";
const ASSESS_AFTER_HELP: &str = "Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate table assess adult.csv --quasi age,sex,zip --sensitive diagnosis";
const POISON_AFTER_HELP: &str = "Rows are numbered from 1 below the header; values are never told.

Exit codes: 0 nothing that asks for a look, 1 something does, or failed, 2 wrong use.

Example:
  wardgate table poison training.csv --label outcome";
