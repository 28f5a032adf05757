//! Anonymises a table by a plan and looks at the result again before it is given out.

use serde::Serialize;

use crate::assessment::Assessment;
use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::model::{Model, Rule};
use crate::plan::{Method, Plan};
use crate::problem::{Axis, Items, Problem};
use crate::recheck::recheck;
use crate::recoding::Recoding;
use crate::search::{self, Unfound};
use crate::table::{Column, Table};
use crate::utility::Utility;
use crate::watch::Watch;
use crate::{local, multidimensional};

/// An anonymised table and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Release {
    /// The table. Suppressed rows are left out; the others stand in their order.
    pub table: Table,
    /// What is to be said of it.
    pub report: ReleaseReport,
}

/// What is to be said of an anonymised table. It holds no value of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleaseReport {
    /// How the generalisation was found.
    pub method: Method,
    /// The models that hold, in words.
    pub guarantees: Vec<String>,
    /// The table as it came, over the same columns.
    pub before: Assessment,
    /// The table as it goes.
    pub after: Assessment,
    /// The level of each quasi-identifier, where all its values have one.
    pub levels: Vec<ColumnLevel>,
    /// Rows that came.
    pub rows: u64,
    /// Rows that are left out.
    pub suppressed: u64,
    /// What is left of the quasi-identifiers, suppressed rows counted.
    pub utility: Utility,
    /// Columns that are left out: direct identifiers, and those that the plan gives no role.
    pub removed: Vec<String>,
    /// Columns in which pseudonyms stand.
    pub pseudonymised: Vec<String>,
}

/// The level of a quasi-identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnLevel {
    /// The column.
    pub column: String,
    /// The level, 0 for values as they were; nothing where cells differ.
    pub level: Option<usize>,
    /// The highest level of the hierarchy.
    pub level_max: usize,
}

/// A step of [`anonymise`], for those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The table is assessed and alike rows are counted.
    Reading,
    /// A generalisation is searched; told again after every part of the search.
    Searching {
        /// Parts that are done.
        done: u64,
        /// Parts that are known of so far.
        total: u64,
    },
    /// The table is written with what was found.
    Writing,
    /// The guarantee is looked at again, row by row.
    Checking,
}

/// Gives the pseudonym for a column and a value.
pub type Pseudonym = dyn Fn(&str, &str) -> String + Sync;

/// What [`anonymise`] may use beside the table and the plan.
#[derive(Clone, Copy, Default)]
#[expect(missing_debug_implementations, reason = "it holds functions")]
pub struct Surroundings<'s> {
    /// A table of everybody whom the table could be about, for delta-presence.
    pub population: Option<&'s Table>,
    /// The pseudonym for a column and a value.
    pub pseudonym: Option<&'s Pseudonym>,
    /// Told of each step; any thread may call it.
    pub progress: Option<&'s (dyn Fn(Step) + Sync)>,
    /// Asked often; the work ends with a fault when it says yes.
    pub stop: Option<&'s (dyn Fn() -> bool + Sync)>,
}

/// Anonymises a table. The result is the same for any number of threads.
///
/// # Errors
/// When the plan does not fit the table, when a hierarchy does not fit its column, when no generalisation
/// fulfils the models with as few rows suppressed as the plan allows, or when the second look at the result
/// does not find the guarantee. Nothing is given out then.
pub fn anonymise(
    table: &Table,
    plan: &Plan,
    around: &Surroundings<'_>,
) -> Result<Release, TableFault> {
    let tell = |step| {
        if let Some(progress) = around.progress {
            progress(step);
        }
    };
    plan.check(table)?;
    tell(Step::Reading);
    let before = Assessment::of(table, &plan.quasi, &plan.sensitive)?;
    let population = population(plan, around)?;
    let hierarchies = plan
        .quasi
        .iter()
        .map(|name| plan.hierarchy(table, population, name))
        .collect::<Result<Vec<_>, _>>()?;
    let problem = problem(table, population, plan, &hierarchies)?;
    let watch = Watch::new(around);
    watch.pass(0);
    let recoding = match plan.method {
        Method::Exact => search::optimum(&problem, &watch)
            .map(|found| Recoding::uniform(&problem, &found.levels)),
        Method::Local => local::recode(&problem, &watch),
        Method::Multidimensional => multidimensional::recode(&problem, &watch),
    }
    .map_err(unreached)?;
    let suppressed = recoding.suppressed_rows(&problem);
    if suppressed > problem.suppressed_max {
        return Err(unreached(Unfound::None));
    }
    tell(Step::Writing);
    let output = rendered(table, plan, &hierarchies, (&problem, &recoding), around)?;
    tell(Step::Checking);
    recheck(
        table,
        &output,
        plan,
        around
            .population
            .map(|everybody| (everybody, &recoding, &hierarchies[..])),
    )?;
    let report = ReleaseReport {
        method: plan.method,
        guarantees: plan.models.iter().map(Model::described).collect(),
        before,
        after: Assessment::of(&output, &plan.quasi, &plan.sensitive)?,
        levels: levels(plan, &problem, &recoding),
        rows: problem.rows,
        suppressed,
        utility: Utility::of(&problem, &recoding, &plan.quasi),
        removed: removed(table, &output),
        pseudonymised: plan.pseudonymised.clone(),
    };
    Ok(Release {
        table: output,
        report,
    })
}

/// The names of the columns that are gone.
fn removed(table: &Table, output: &Table) -> Vec<String> {
    table
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .filter(|name| output.position(name).is_none())
        .collect()
}

/// The population, when a model asks for it.
fn population<'s>(plan: &Plan, around: &Surroundings<'s>) -> Result<Option<&'s Table>, TableFault> {
    let presence = plan
        .models
        .iter()
        .any(|model| matches!(model, Model::Presence { .. }));
    if presence && around.population.is_none() {
        return Err(TableFault::new(
            "plan.missing_population",
            "delta-presence is asked for without a population",
            "give the table of everybody whom the rows could be about",
        ));
    }
    Ok(around.population.filter(|_| presence))
}

fn problem(
    table: &Table,
    population: Option<&Table>,
    plan: &Plan,
    hierarchies: &[Hierarchy],
) -> Result<Problem, TableFault> {
    let trees = plan.sensitive_hierarchies(table)?;
    // Only columns whose values a model looks at make rows differ.
    let mut looked_at: Vec<String> = plan
        .models
        .iter()
        .filter_map(|m| m.column().map(str::to_owned))
        .collect();
    looked_at.sort();
    looked_at.dedup();
    if let Some(stranger) = looked_at.iter().find(|name| !plan.sensitive.contains(name)) {
        return Err(TableFault::new(
            "plan.not_sensitive",
            "a model looks at a column that is not among the sensitive ones",
            "name the column as sensitive",
        )
        .column(stranger));
    }
    let sensitive = looked_at
        .iter()
        .map(|name| table.column(name))
        .collect::<Result<Vec<&Column>, _>>()?;
    let quasi: Vec<(&str, &Hierarchy)> = plan
        .quasi
        .iter()
        .map(String::as_str)
        .zip(hierarchies)
        .collect();
    let rows = table.rows() as u64;
    Ok(Problem {
        axes: hierarchies.iter().map(Axis::of).collect(),
        rules: plan
            .models
            .iter()
            .map(|model| Rule::of(model, table, &looked_at, |name| trees.get(name)))
            .collect::<Result<_, _>>()?,
        items: Items::of(table, population, &quasi, &sensitive)?,
        rows,
        suppressed_max: (rows as f64 * plan.suppression + ROUNDING).floor() as u64,
    })
}

/// The table with what was found.
fn rendered(
    table: &Table,
    plan: &Plan,
    hierarchies: &[Hierarchy],
    (problem, recoding): (&Problem, &Recoding),
    around: &Surroundings<'_>,
) -> Result<Table, TableFault> {
    // Walked anew for each column: a list of rows would take more memory than a column.
    let kept = || {
        let rows = problem.items.of_row.iter().enumerate();
        rows.filter(|(_, item)| recoding.suppressed.get(**item as usize) == Some(&false))
            .map(|(row, _)| row)
    };
    let mut columns = Vec::new();
    for column in table.columns() {
        let name = column.name();
        let named = |role: &[String]| role.iter().any(|known| known == name);
        if let Some(at) = plan.quasi.iter().position(|known| known == name) {
            let axis = Generalised::of((problem, recoding), hierarchies, at);
            columns.push(match axis {
                Some(axis) if axis.unchanged() => column.taken(kept()),
                Some(axis) => axis.column(name, kept()),
                None => continue,
            });
        } else if named(&plan.sensitive) || named(&plan.insensitive) {
            columns.push(column.taken(kept()));
        } else if named(&plan.pseudonymised) {
            columns.push(pseudonymised(&column.taken(kept()), around)?);
        }
    }
    Table::new(columns)
}

fn pseudonymised(column: &Column, around: &Surroundings<'_>) -> Result<Column, TableFault> {
    let Some(pseudonym) = around.pseudonym else {
        return Err(TableFault::new(
            "plan.missing_key",
            "pseudonyms are asked for without a key",
            "give the project's key, or name the column as identifying",
        )
        .column(column.name()));
    };
    let values: Vec<String> = column
        .values()
        .map(|value| {
            if value.is_empty() {
                String::new()
            } else {
                pseudonym(column.name(), value)
            }
        })
        .collect();
    Ok(Column::from_codes(
        column.name(),
        values.iter().map(String::as_str),
        column.codes(),
    ))
}

/// An axis as it goes out.
struct Generalised<'r> {
    axis: &'r Axis,
    hierarchy: &'r Hierarchy,
    leaves: &'r [u32],
    levels: &'r [u8],
    of_row: &'r [u32],
}

impl<'r> Generalised<'r> {
    fn of(
        (problem, recoding): (&'r Problem, &'r Recoding),
        hierarchies: &'r [Hierarchy],
        at: usize,
    ) -> Option<Self> {
        Some(Self {
            axis: problem.axes.get(at)?,
            hierarchy: hierarchies.get(at)?,
            leaves: problem.items.leaves.get(at)?,
            levels: recoding.levels.get(at)?,
            of_row: &problem.items.of_row,
        })
    }

    /// Whether every cell stands as it was, so that the column can keep its type.
    fn unchanged(&self) -> bool {
        self.levels.iter().all(|level| *level == 0)
    }

    fn column(&self, name: &str, kept: impl Iterator<Item = usize>) -> Column {
        let starts = self.axis.node_starts();
        let values = self
            .hierarchy
            .all_levels()
            .iter()
            .flat_map(|level| level.values.iter().map(String::as_str));
        let codes = kept.map(|row| {
            let item = self.of_row.get(row).copied().unwrap_or(0) as usize;
            let leaf = self.leaves.get(item).copied().unwrap_or(0);
            let level = self.levels.get(item).copied().unwrap_or(0);
            self.axis.node(&starts, leaf, level)
        });
        let column = Column::from_codes(name, values, codes);
        // Taken once more, so that values that stand in no row leave the dictionary.
        column.taken(0..column.rows())
    }
}

fn levels(plan: &Plan, problem: &Problem, recoding: &Recoding) -> Vec<ColumnLevel> {
    plan.quasi
        .iter()
        .zip(&problem.axes)
        .zip(&recoding.levels)
        .map(|((column, axis), levels)| {
            let mut kept = levels
                .iter()
                .zip(&recoding.suppressed)
                .filter(|(_, suppressed)| !**suppressed)
                .map(|(level, _)| *level);
            let first = kept.next();
            ColumnLevel {
                column: column.clone(),
                level: first
                    .filter(|first| kept.all(|level| level == *first))
                    .map(usize::from),
                level_max: axis.levels.len().saturating_sub(1),
            }
        })
        .collect()
}

fn unreached(unfound: Unfound) -> TableFault {
    match unfound {
        Unfound::None => TableFault::new(
            "release.unreached",
            "no generalisation fulfils the models with so few rows suppressed",
            "allow more suppression, give hierarchies whose last level is one value, or ask for less",
        ),
        Unfound::Stopped => TableFault::new(
            "release.stopped",
            "the search was stopped before it had an answer",
            "give it more time, or ask for the local method",
        ),
    }
}

/// What a product of rows and a share may be off by.
const ROUNDING: f64 = 1e-9;
