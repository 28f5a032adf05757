//! Anonymises a table by a plan and looks at the result again before it is given out.

mod draft;
mod rendering;
mod solution;

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
use rendering::Renderer;

pub use draft::{Draft, Input};
pub use solution::{Keeper, Solution};

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
    /// The table is read from its file.
    Loading(Advance),
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
    Writing(Advance),
    /// The guarantee is looked at again, row by row.
    Checking(Advance),
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advance {
    /// How much is done.
    pub done: u64,
    /// How much is to be done in all; 0 where that is not known.
    pub total: u64,
    /// What is counted.
    pub unit: Unit,
}

/// What an [`Advance`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Rows of a table.
    Rows,
}

impl Advance {
    pub(crate) fn new(done: u64, total: u64, unit: Unit) -> Self {
        Self { done, total, unit }
    }
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
    /// Keeps what was found over an interruption.
    pub keeper: Option<&'s dyn Keeper>,
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
    plan.check(&|name| table.position(name).is_some())?;
    let found = Found::of(table, plan, around)?;
    let rows = found.problem.rows;
    around.tell(Step::Writing(Advance::new(0, rows, Unit::Rows)));
    let renderer = found.renderer(plan, around.pseudonym);
    let columns = table
        .columns()
        .iter()
        .filter_map(|column| renderer.column(column).transpose());
    let output = Table::new(columns.collect::<Result<_, _>>()?)?;
    around.tell(Step::Checking(Advance::new(0, rows, Unit::Rows)));
    let levels = found.uniform_levels();
    let everybody = around.population;
    let everybody = everybody.map(|everybody| (everybody, &levels[..], &found.hierarchies[..]));
    recheck(table.columns(), &output, plan, everybody)?;
    let names = table.columns().iter().map(Column::name);
    let after = Assessment::of(&output, &plan.quasi, &plan.sensitive)?;
    Ok(Release {
        report: found.findings(plan, names).report(after),
        table: output,
    })
}

impl Surroundings<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop())
    }

    fn tell(&self, step: Step) {
        if let Some(progress) = self.progress {
            progress(step);
        }
    }
}

/// What a search found for a table.
struct Found {
    before: Assessment,
    hierarchies: Vec<Hierarchy>,
    problem: Problem,
    recoding: Recoding,
    suppressed: u64,
}

/// What is to be said of a release before its output was looked at.
#[derive(Debug)]
struct Findings {
    method: Method,
    guarantees: Vec<String>,
    before: Assessment,
    levels: Vec<ColumnLevel>,
    rows: u64,
    suppressed: u64,
    utility: Utility,
    removed: Vec<String>,
    pseudonymised: Vec<String>,
}

impl Found {
    /// Searches; the table need hold the quasi-identifiers and sensitive columns only.
    fn of(table: &Table, plan: &Plan, around: &Surroundings<'_>) -> Result<Self, TableFault> {
        if table.rows() == 0 {
            return Err(TableFault::new(
                "table.no_rows",
                "the table has no rows",
                "give a table with a row for each person",
            ));
        }
        around.tell(Step::Reading);
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
        let recalled = around.keeper.and_then(|keeper| keeper.recall());
        let recalled = recalled.and_then(|known| known.recoding(&problem, plan.method));
        let recoding = match recalled {
            Some(recoding) => recoding,
            None => searched(&problem, plan.method, &watch, around.keeper)?,
        };
        let suppressed = recoding.suppressed_rows(&problem);
        Ok(Self {
            before,
            hierarchies,
            problem,
            recoding,
            suppressed,
        })
    }

    fn renderer<'r>(&'r self, plan: &'r Plan, pseudonym: Option<&'r Pseudonym>) -> Renderer<'r> {
        Renderer {
            plan,
            hierarchies: &self.hierarchies,
            problem: &self.problem,
            recoding: &self.recoding,
            pseudonym,
        }
    }

    /// The level of each quasi-identifier, of a method that gives all rows the same.
    fn uniform_levels(&self) -> Vec<usize> {
        let levels = self.recoding.levels.iter();
        levels
            .map(|levels| levels.first().copied().map_or(0, usize::from))
            .collect()
    }

    fn findings<'n>(&self, plan: &Plan, columns: impl Iterator<Item = &'n str>) -> Findings {
        let goes = |name: &str| {
            let mut roles = [
                &plan.quasi,
                &plan.sensitive,
                &plan.insensitive,
                &plan.pseudonymised,
            ]
            .into_iter()
            .flatten();
            roles.any(|known| known == name)
        };
        Findings {
            method: plan.method,
            guarantees: plan.models.iter().map(Model::described).collect(),
            before: self.before.clone(),
            levels: levels(plan, &self.problem, &self.recoding),
            rows: self.problem.rows,
            suppressed: self.suppressed,
            utility: Utility::of(&self.problem, &self.recoding, &plan.quasi),
            removed: columns
                .filter(|name| !goes(name))
                .map(str::to_owned)
                .collect(),
            pseudonymised: plan.pseudonymised.clone(),
        }
    }
}

impl Findings {
    fn report(self, after: Assessment) -> ReleaseReport {
        ReleaseReport {
            method: self.method,
            guarantees: self.guarantees,
            before: self.before,
            after,
            levels: self.levels,
            rows: self.rows,
            suppressed: self.suppressed,
            utility: self.utility,
            removed: self.removed,
            pseudonymised: self.pseudonymised,
        }
    }
}

/// Searches, and has what was found kept.
fn searched(
    problem: &Problem,
    method: Method,
    watch: &Watch<'_>,
    keeper: Option<&dyn Keeper>,
) -> Result<Recoding, TableFault> {
    let within = |recoding: Recoding| match recoding.suppressed_rows(problem) {
        suppressed if suppressed <= problem.suppressed_max => Ok(recoding),
        _ => Err(Unfound::None),
    };
    let found = match method {
        Method::Exact => search::optimum(problem, watch).and_then(|found| {
            let recoding = within(Recoding::uniform(problem, &found.levels))?;
            Ok((recoding, Some(Solution::of_levels(&found.levels))))
        }),
        Method::Local => local::recode(problem, watch)
            .and_then(within)
            .map(|recoding| (recoding, None)),
        Method::Multidimensional => multidimensional::recode(problem, watch)
            .and_then(within)
            .map(|recoding| (recoding, None)),
    };
    let (recoding, levels) = found.map_err(unreached)?;
    if let Some(keeper) = keeper {
        match levels {
            Some(levels) => keeper.keep(&levels),
            None => return Ok(kept_cells(recoding, keeper)),
        }
    }
    Ok(recoding)
}

/// Has the levels of all cells kept; they are not copied for that.
fn kept_cells(recoding: Recoding, keeper: &dyn Keeper) -> Recoding {
    let solution = Solution::of_cells(recoding);
    keeper.keep(&solution);
    solution.into_cells()
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
