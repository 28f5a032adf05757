//! `wardgate table statistics`: one private answer.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use wardgate_tables::private::{
    Amount, Bins, Bounded, Bounds, Cost, Grant, PrivateFault, Randomness, count, histogram, mean,
    sum,
};
use wardgate_tables::{Column, Table};

use super::budget::{Asked, Asking, granted, randomness};
use crate::commands::anonymize::{failure, open};
use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Answer one question about a table with noise, and spend from its budget
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
#[command(group = ArgGroup::new("question").required(true).args(["count", "sum", "mean", "histogram"]))]
#[command(group = ArgGroup::new("people_of").required(true).args(["people", "row_per_person"]))]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Table to read: .csv, .tsv, .parquet, .arrow
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Budget to spend from, opened by `wardgate table budget`
    #[arg(long, value_name = "NAME")]
    budget: String,

    /// What the answer may cost
    #[arg(long, value_name = "EPSILON", required_unless_present = "rho")]
    epsilon: Option<Amount>,

    /// What the answer may cost, from a budget with a delta
    #[arg(long, value_name = "RHO", conflicts_with = "epsilon")]
    rho: Option<Amount>,

    /// Person who asks
    #[arg(long, value_name = "ID")]
    person: String,

    /// Column that names the person of each row
    #[arg(long, value_name = "COLUMN")]
    people: Option<String>,

    /// Rows of a person that count at most
    #[arg(long, value_name = "ROWS", default_value_t = 1, requires = "people")]
    rows_of_person: u32,

    /// Each row is known to be the only one of its person
    #[arg(long)]
    row_per_person: bool,

    /// How many rows
    #[arg(long)]
    count: bool,

    /// Sum of a column, each value brought between --low and --high
    #[arg(long, value_name = "COLUMN", requires_all = ["low", "high"])]
    sum: Option<String>,

    /// Mean of a column, each value brought between --low and --high
    #[arg(long, value_name = "COLUMN", requires_all = ["low", "high"])]
    mean: Option<String>,

    /// How many rows have each of --bins in a column
    #[arg(long, value_name = "COLUMN", requires = "bins")]
    histogram: Option<String>,

    /// Least value, from knowledge of the field and not from the table
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    low: Option<f64>,

    /// Greatest value
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    high: Option<f64>,

    /// Decimals that values are rounded to
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    decimals: u32,

    /// Values of the histogram, from knowledge of the field and not from the table
    #[arg(long, value_delimiter = ',', value_name = "VALUES")]
    bins: Vec<String>,

    /// Only rows with this value in a column
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    only: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let table = open(&arguments.table)?;
    let mut random = randomness();
    let rows = arguments.rows(&table, &mut random)?;
    let question = arguments.question(&table)?;
    let cost = match (arguments.epsilon, arguments.rho) {
        (Some(epsilon), _) => Cost::Epsilon(epsilon),
        (None, rho) => Cost::Rho(rho.unwrap_or_default()),
    };
    let runtime = wiring::control_runtime()?;
    let records = runtime.block_on(Records::open(arguments.dir.existing()?))?;
    let asking = Asking::new(&arguments.told());
    let asked = Asked {
        budget: &arguments.budget,
        table: &arguments.table,
        person: &arguments.person,
        question: &asking,
    };
    let spent = granted(&runtime, &records, &asked, cost);
    runtime.block_on(records.store.close());
    let (grant, budget) = spent?;
    let answer = question
        .answer(&rows, grant, &mut random)
        .map_err(unanswered)?;
    let value = json!({
        "answer": answer,
        "left": budget.left(),
        "epsilon_spent": budget.epsilon_spent(),
        "asked": asking.text,
    });
    output.value(&value, || format!("{answer:#}\n{} left", budget.left()));
    Ok(Ended::Well)
}

/// A question, checked before anything is spent on it.
enum Question<'t> {
    Count(Option<Only<'t>>),
    Sum(Vec<Option<f64>>, Bounds),
    Mean(Vec<Option<f64>>, Bounds),
    Histogram(&'t Column, Bins<String>, Option<Only<'t>>),
}

/// Rows with one value in a column.
struct Only<'t> {
    column: &'t Column,
    value: String,
}

impl Arguments {
    fn rows(&self, table: &Table, random: &mut dyn Randomness) -> Result<Bounded, Failure> {
        let Some(name) = &self.people else {
            return Bounded::row_per_person(table.rows()).map_err(unanswered);
        };
        let column = table.column(name).map_err(failure)?;
        let person = |row| Some(column.value(row)).filter(|person| !person.is_empty());
        Bounded::draw((0..table.rows()).map(person), self.rows_of_person, random)
            .map_err(unanswered)
    }

    fn question<'t>(&self, table: &'t Table) -> Result<Question<'t>, Failure> {
        let only = self.only.as_ref().map(|only| {
            let (column, value) = only.split_once('=').ok_or_else(|| {
                Failure::new("--where is no condition", "write --where sex=female")
            })?;
            Ok::<_, Failure>(Only {
                column: table.column(column).map_err(failure)?,
                value: value.to_owned(),
            })
        });
        let only = only.transpose()?;
        if let Some(name) = &self.histogram {
            let bins = Bins::new(self.bins.iter().cloned()).map_err(unanswered)?;
            return Ok(Question::Histogram(
                table.column(name).map_err(failure)?,
                bins,
                only,
            ));
        }
        let Some(name) = self.sum.as_ref().or(self.mean.as_ref()) else {
            return Ok(Question::Count(only));
        };
        let bounds = Bounds::new(
            self.low.unwrap_or(f64::NAN),
            self.high.unwrap_or(f64::NAN),
            self.decimals,
        );
        let bounds = bounds.map_err(unanswered)?;
        let column = table.column(name).map_err(failure)?;
        let by_code = column.numbers().ok_or_else(|| {
            Failure::new(
                format!("the column `{name}` holds no numbers"),
                "name another column",
            )
        })?;
        let number = |code: u32| by_code.get(usize::try_from(code).ok()?).copied().flatten();
        let mut values: Vec<Option<f64>> = column.codes().map(number).collect();
        if let Some(only) = &only {
            for (row, value) in values.iter_mut().enumerate() {
                if !only.meets(row) {
                    *value = None;
                }
            }
        }
        Ok(match self.sum {
            Some(_) => Question::Sum(values, bounds),
            None => Question::Mean(values, bounds),
        })
    }

    /// The question as its digest in the ledger is over.
    fn told(&self) -> Value {
        json!({
            "count": self.count,
            "sum": self.sum,
            "mean": self.mean,
            "histogram": self.histogram,
            "low": self.low,
            "high": self.high,
            "decimals": self.decimals,
            "bins": self.bins,
            "where": self.only,
            "people": self.people,
            "rows_of_person": self.rows_of_person,
        })
    }
}

impl Only<'_> {
    fn meets(&self, row: usize) -> bool {
        self.column.value(row) == self.value
    }
}

impl Question<'_> {
    fn answer(
        &self,
        rows: &Bounded,
        grant: Grant,
        random: &mut dyn Randomness,
    ) -> Result<Value, PrivateFault> {
        let meets = |only: &Option<Only<'_>>, row| only.as_ref().is_none_or(|only| only.meets(row));
        Ok(match self {
            Self::Count(only) => json!(count(rows, |row| meets(only, row), grant, random)?),
            Self::Sum(values, bounds) => json!(sum(rows, values, *bounds, grant, random)?),
            Self::Mean(values, bounds) => json!(mean(rows, values, *bounds, grant, random)?),
            Self::Histogram(column, bins, only) => {
                let value = |row| meets(only, row).then(|| column.value(row).to_owned());
                json!(histogram(rows, bins, value, grant, random)?)
            }
        })
    }
}

pub(super) fn unanswered(fault: PrivateFault) -> Failure {
    Failure::new(fault.to_string(), fault.hint())
}

const AFTER_HELP: &str = "The spending is in the ledger before the answer is drawn. Noise is drawn exactly, in whole numbers; `margin`
is where the answer lies with a chance of 95 %.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate table statistics adult.csv --budget adult --epsilon 0.1 --count --where sex=Female --row-per-person --person data.okafor";
