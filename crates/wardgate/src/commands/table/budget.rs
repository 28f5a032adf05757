//! The privacy budget of a table: opened once, spent before an answer is drawn, kept by the ledger.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wardgate_datasets::{Digest, sha256_of_file};
use wardgate_records::{PrivacyBudget, RecordsError, Spending};
use wardgate_tables::private::{
    Accounting, Amount, Budget, Cost, Entry, Grant, RandomnessFault, SpendFault,
};

use crate::commands::{Dir, Ended};
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring::{self, Records};

/// Open the privacy budget of a table, or show what is left of it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// Name of the budget: one word
    #[arg(value_name = "NAME")]
    name: String,

    /// Table that the budget is for; with it, the budget is opened
    #[arg(long, value_name = "FILE", requires_all = ["epsilon", "person"])]
    table: Option<PathBuf>,

    /// What all answers together may cost
    #[arg(long, value_name = "EPSILON", requires = "table")]
    epsilon: Option<Amount>,

    /// Account by zero-concentrated differential privacy, at this delta; synthesise needs it
    #[arg(long, value_name = "DELTA", requires = "table")]
    delta: Option<Amount>,

    /// Person who opens it
    #[arg(long, value_name = "ID", requires = "table")]
    person: Option<String>,
}

/// A budget as the store keeps it: with the table that it is for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    accounting: Accounting,
    table_sha256: String,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let runtime = wiring::control_runtime()?;
    let records = runtime.block_on(Records::open(arguments.dir.existing()?))?;
    let kept = match (&arguments.table, arguments.epsilon, &arguments.person) {
        (Some(table), Some(epsilon), Some(person)) => {
            runtime.block_on(open(arguments, (table, epsilon, person), &records))?
        }
        _ => runtime.block_on(records.store.privacy_budget(&arguments.name))?,
    };
    runtime.block_on(records.finish())?;
    let budget = read(&kept)?.1;
    let value = json!({
        "budget": kept.name,
        "accounting": budget.accounting(),
        "limit": budget.limit(),
        "spent": budget.spent(),
        "left": budget.left(),
        "spendings": budget.spendings(),
        "epsilon_spent": budget.epsilon_spent(),
    });
    output.value(&value, || {
        format!(
            "{}: {} spent of {} in {} answers, {} left",
            kept.name,
            budget.spent(),
            budget.limit(),
            budget.spendings(),
            budget.left(),
        )
    });
    Ok(Ended::Well)
}

async fn open(
    arguments: &Arguments,
    (table, epsilon, person): (&Path, Amount, &str),
    records: &Records,
) -> Result<PrivacyBudget, Failure> {
    let (kind, accounting) = match arguments.delta {
        None => ("pure", Accounting::Pure { epsilon }),
        Some(delta) => ("zcdp", Accounting::Zcdp { epsilon, delta }),
    };
    let limit = accounting.limit().ok_or_else(|| {
        Failure::new(
            "epsilon and delta are no guarantee",
            "give an epsilon above 0, and a delta above 0 and below 1",
        )
    })?;
    let (table_sha256, _) = sha256_of_file(table)?;
    let kept = serde_json::to_string(&Kept {
        accounting,
        table_sha256,
    });
    let kept = kept.unwrap_or_default();
    let parts = (kind, kept.as_str(), limit.trillionths());
    let budget = records
        .store
        .open_budget(&arguments.name, parts, person, wiring::now())
        .await?;
    Ok(budget)
}

/// Who spends on which question about which table.
pub(super) struct Asked<'a> {
    pub(super) budget: &'a str,
    pub(super) table: &'a Path,
    pub(super) person: &'a str,
    pub(super) question: &'a Asking,
}

/// A question with a salt. The ledger has only its digest, from which nobody can guess a value that
/// was asked for; whoever keeps the text can show what was asked.
pub(super) struct Asking {
    pub(super) text: String,
    digest: [u8; 32],
}

impl Asking {
    pub(super) fn new(question: &Value) -> Self {
        let salt: [u8; SALT_BYTES] = wardgate_vault::random();
        let salt: String = salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = json!({"question": question, "salt": salt}).to_string();
        let digest = Digest::of(text.as_bytes());
        Self { text, digest }
    }
}

/// Spends, and gives the grant when the ledger has the spending.
pub(super) fn granted(
    runtime: &Runtime,
    records: &Records,
    asked: &Asked<'_>,
    cost: Cost,
) -> Result<(Grant, Budget), Failure> {
    let store = &records.store;
    for _ in 0..TRIES_MAX {
        let kept = runtime.block_on(store.privacy_budget(asked.budget))?;
        let (table_sha256, mut budget) = read(&kept)?;
        if sha256_of_file(asked.table)?.0 != table_sha256 {
            return Err(Failure::new(
                format!("the budget `{}` is for another table", asked.budget),
                "open a budget for this one: wardgate table budget",
            ));
        }
        let record = |entry: &Entry| -> Result<(), Unrecorded> {
            let spending = Spending {
                budget: asked.budget,
                number: entry.number,
                price: entry.price.trillionths(),
                question: asked.question.digest,
                person: asked.person,
            };
            let told = runtime.block_on(store.spend_budget(&spending, wiring::now()));
            let told = told.map_err(|error| match error {
                RecordsError::BudgetMoved { .. } => Unrecorded::Moved,
                error => Unrecorded::Failed(error.into()),
            })?;
            runtime
                .block_on(records.settle(told))
                .map_err(Unrecorded::Failed)
        };
        match budget.spend(cost, record) {
            Ok(grant) => return Ok((grant, budget)),
            Err(SpendFault::Record(Unrecorded::Moved)) => {}
            Err(SpendFault::Record(Unrecorded::Failed(failure))) => return Err(failure),
            Err(SpendFault::Budget(fault)) => {
                return Err(Failure::new(
                    fault.to_string(),
                    "ask for less, or stop asking: what is spent stays spent",
                ));
            }
        }
    }
    Err(Failure::new(
        "too many spend from this budget at once",
        "ask again",
    ))
}

enum Unrecorded {
    Moved,
    Failed(Failure),
}

/// The table's digest and the budget as the crate of tables accounts it.
fn read(kept: &PrivacyBudget) -> Result<(String, Budget), Failure> {
    let damaged = || {
        Failure::new(
            format!("the stored budget `{}` is damaged", kept.name),
            "restore the store from a backup",
        )
    };
    let stored: Kept = serde_json::from_str(&kept.accounting).map_err(|_| damaged())?;
    let spent = Amount::from_trillionths(kept.spent).ok_or_else(damaged)?;
    let budget = json!({
        "accounting": stored.accounting,
        "spent": spent,
        "spendings": kept.spendings,
    });
    let budget = serde_json::from_value(budget).map_err(|_| damaged())?;
    Ok((stored.table_sha256, budget))
}

/// The system's randomness, for noise.
pub(super) fn randomness() -> impl FnMut(&mut [u8]) -> Result<(), RandomnessFault> {
    |bytes: &mut [u8]| aws_lc_rs::rand::fill(bytes).map_err(|_| RandomnessFault)
}

const TRIES_MAX: u32 = 20;
const SALT_BYTES: usize = 16;

const AFTER_HELP: &str =
    "Spending is in the ledger before an answer is drawn, and is never taken back.

Exit codes: 0 done, 1 failed, 2 wrong use.

Example:
  wardgate table budget adult --table adult.csv --epsilon 1 --person data.okafor";
