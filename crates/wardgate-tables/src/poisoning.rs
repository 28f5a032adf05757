//! Checks of a training table for poison, before it is released: wrong labels, trigger patterns, floods of
//! duplicates, and spikes of values.
//!
//! Each check says what honest data would look like and reports what deviates from it, with the rows, a score and a
//! reason; a person decides. Reports hold row numbers and names of columns, never values. The checks are
//! deterministic: the same table gives the same report.
//!
//! | check | what it compares | source of the idea |
//! |---|---|---|
//! | label noise | labels with cross-fitted predictions | Northcutt, Jiang, Chuang, "Confident Learning" (JAIR 2021) |
//! | trigger | labels of rows with a rare pattern with what the rest of these rows predicts | Gu et al., "BadNets" (2017) |
//! | duplicate flood | equal rows with rows that differ in one column | |
//! | value spike | a number's frequency with that of its neighbours | |

mod duplicates;
mod evidence;
mod features;
mod labels;
mod model;
mod report;
mod resemblance;
mod spikes;
mod triggers;

use crate::table::Table;

pub use report::{
    Check, Finding, PoisoningFault, PoisoningReport, ROWS_LISTED_MAX, RowScore, Skipped,
};

use evidence::Evidence;
use features::Features;
use model::CrossFit;

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct PoisoningOptions {
    /// The column that a model is to predict. Without one, labels and triggers are not looked at.
    pub label: Option<String>,
    /// Columns that are not looked at, such as row ids.
    pub leave_out: Vec<String>,
}

/// Looks for poison in a table.
///
/// # Errors
/// When a named column does not exist or the table has more than [`ROWS_MAX`] rows.
pub fn examine(
    table: &Table,
    options: &PoisoningOptions,
) -> Result<PoisoningReport, PoisoningFault> {
    if table.rows() > ROWS_MAX {
        return Err(PoisoningFault::Rows);
    }
    let position = |name: &String| table.position(name).ok_or(PoisoningFault::Column);
    let label = options.label.as_ref().map(position).transpose()?;
    let left_out: Vec<usize> = options
        .leave_out
        .iter()
        .map(position)
        .collect::<Result<_, _>>()?;
    let looked_at = |column: &usize| !left_out.contains(column);
    let columns: Vec<usize> = (0..table.columns().len()).filter(looked_at).collect();

    let mut report = PoisoningReport::new(table.rows());
    spikes::look(table, &columns, &mut report);
    duplicates::look(table, &columns, &mut report);
    resemblance::look(table, &columns, &mut report);
    let Some(label) = label else {
        report.skip(Check::LabelNoise, "no label column was named");
        report.skip(Check::Trigger, "no label column was named");
        return Ok(report);
    };
    match Evidence::prepare(table, label) {
        Ok(classes) => {
            let predictors: Vec<usize> = columns
                .into_iter()
                .filter(|column| *column != label)
                .collect();
            let features = Features::of(table, &predictors);
            let fit = CrossFit::train(&features, &classes.of_row, classes.count);
            let evidence = Evidence::new(classes, &features, &fit);
            labels::look(&evidence, table, label, &mut report);
            triggers::look(table, &predictors, &evidence, &mut report);
        }
        Err(reason) => {
            report.skip(Check::LabelNoise, reason);
            report.skip(Check::Trigger, reason);
        }
    }
    Ok(report)
}

/// Most rows of a table that is examined.
pub const ROWS_MAX: usize = 1 << 26;
