//! The second look at a release: the guarantee is reckoned anew from the rows as they go out.
//!
//! It shares no code with the search: rows are grouped by their text, models are written down as their papers
//! have them, however slow.

use std::collections::{BTreeMap, HashMap};

use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::model::{Distance, Model};
use crate::plan::Plan;
use crate::table::{Column, Kind, Table, unknown_column};

/// The people who could be meant, the one level of each quasi-identifier, and the hierarchies.
pub(crate) type Everybody<'e> = (&'e Table, &'e [usize], &'e [Hierarchy]);

/// Looks whether every class of the output fulfils every model of the plan. The sensitive columns are those of
/// the input, as they are written in the format of the output.
pub(crate) fn recheck(
    input: &[Column],
    output: &Table,
    plan: &Plan,
    everybody: Option<Everybody<'_>>,
) -> Result<(), TableFault> {
    let classes = classes(output, &plan.quasi)?;
    for model in &plan.models {
        let holds = match model {
            Model::KAnonymity { k } => classes.values().all(|rows| rows.len() as u64 >= *k),
            Model::Presence { min, max } => {
                let Some(everybody) = everybody else {
                    return Err(broken(model));
                };
                let people = people(everybody, &plan.quasi)?;
                classes.iter().all(|(class, rows)| {
                    let people = people.get(class).copied().unwrap_or(0) as f64;
                    let share = rows.len() as f64 / people;
                    people > 0.0 && *min <= share && share <= *max
                })
            }
            Model::DistinctDiversity { column, .. }
            | Model::EntropyDiversity { column, .. }
            | Model::RecursiveDiversity { column, .. }
            | Model::Closeness { column, .. } => {
                let sensitive = output.column(column)?;
                let whole = input.iter().find(|input| input.name() == column);
                let whole = whole.ok_or_else(|| unknown_column(column))?;
                let whole = Whole::of(whole, plan, model)?;
                classes.values().all(|rows| {
                    let mut counts: HashMap<&str, u64> = HashMap::new();
                    for row in rows {
                        *counts.entry(sensitive.value(*row as usize)).or_default() += 1;
                    }
                    whole.fulfilled(model, rows.len() as f64, &counts)
                })
            }
        };
        if !holds {
            return Err(broken(model));
        }
    }
    Ok(())
}

/// Rows by what stands in their quasi-identifiers.
fn classes<'t>(
    output: &'t Table,
    quasi: &[String],
) -> Result<HashMap<Vec<&'t str>, Vec<u32>>, TableFault> {
    let columns = quasi
        .iter()
        .map(|name| output.column(name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut classes: HashMap<Vec<&str>, Vec<u32>> = HashMap::new();
    let mut class = Vec::new();
    for row in 0..output.rows() {
        class.clear();
        class.extend(columns.iter().map(|column| column.value(row)));
        let row = u32::try_from(row).map_err(|_| too_long())?;
        match classes.get_mut(&class) {
            Some(rows) => rows.push(row),
            None => {
                classes.insert(class.clone(), vec![row]);
            }
        }
    }
    Ok(classes)
}

/// People by what would stand in their quasi-identifiers; every value of a column is at one level.
fn people<'e>(
    (everybody, levels, hierarchies): Everybody<'e>,
    quasi: &[String],
) -> Result<HashMap<Vec<&'e str>, u64>, TableFault> {
    let mut columns = Vec::new();
    for ((name, hierarchy), level) in quasi.iter().zip(hierarchies).zip(levels) {
        columns.push((everybody.column(name)?, hierarchy, *level));
    }
    let mut people = HashMap::new();
    for row in 0..everybody.rows() {
        let class = columns
            .iter()
            .map(|(column, hierarchy, level)| {
                hierarchy
                    .generalised(column.value(row), *level)
                    .unwrap_or("")
            })
            .collect();
        *people.entry(class).or_default() += 1;
    }
    Ok(people)
}

/// The whole distribution of a sensitive column, and the order or tree of its values.
struct Whole<'t> {
    shares: BTreeMap<&'t str, f64>,
    order: Vec<&'t str>,
    tree: Option<Hierarchy>,
}

impl<'t> Whole<'t> {
    fn of(column: &'t Column, plan: &Plan, model: &Model) -> Result<Self, TableFault> {
        let mut shares = BTreeMap::new();
        for row in 0..column.rows() {
            *shares.entry(column.value(row)).or_insert(0.0) += 1.0 / column.rows() as f64;
        }
        let mut order: Vec<&str> = shares.keys().copied().collect();
        if matches!(column.kind(), Kind::Integer | Kind::Decimal) {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NEG_INFINITY);
            order.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        let tree = match (model, plan.hierarchies.get(column.name())) {
            (
                Model::Closeness {
                    distance: Distance::Hierarchical,
                    ..
                },
                Some(rule),
            ) => Some(rule.hierarchy(column)?),
            _ => None,
        };
        Ok(Self {
            shares,
            order,
            tree,
        })
    }

    fn fulfilled(&self, model: &Model, rows: f64, counts: &HashMap<&str, u64>) -> bool {
        let share = |value: &str| counts.get(value).copied().unwrap_or(0) as f64 / rows;
        match model {
            Model::KAnonymity { .. } | Model::Presence { .. } => true,
            Model::DistinctDiversity { l, .. } => counts.len() as u64 >= *l,
            Model::EntropyDiversity { l, .. } => {
                let entropy: f64 = counts
                    .keys()
                    .map(|value| -share(value) * share(value).ln())
                    .sum();
                entropy + TOLERANCE >= l.ln()
            }
            Model::RecursiveDiversity { c, l, .. } => {
                let mut sorted: Vec<u64> = counts.values().copied().collect();
                sorted.sort_unstable();
                sorted.reverse();
                let rest: u64 = sorted
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at as u64 + 1 >= *l)
                    .map(|(_, n)| n)
                    .sum();
                (sorted.first().copied().unwrap_or(0) as f64) < c * rest as f64
            }
            Model::Closeness { t, distance, .. } => {
                let moved = match distance {
                    Distance::Equal => {
                        let apart = self
                            .shares
                            .iter()
                            .map(|(value, whole)| (share(value) - whole).abs());
                        apart.sum::<f64>() / 2.0
                    }
                    Distance::Ordered => self.ordered(share),
                    Distance::Hierarchical => self.hierarchical(share),
                };
                moved <= *t + TOLERANCE
            }
        }
    }

    fn ordered(&self, share: impl Fn(&str) -> f64) -> f64 {
        let (mut carried, mut moved) = (0.0_f64, 0.0);
        for value in &self.order {
            carried += share(value) - self.shares.get(value).copied().unwrap_or(0.0);
            moved += carried.abs();
        }
        moved / (self.order.len().max(2) - 1) as f64
    }

    /// What leaves each node of each level has to move at least half a step up and half a step down: the earth
    /// mover's distance on a tree is the sum over its edges of what crosses them.
    fn hierarchical(&self, share: impl Fn(&str) -> f64) -> f64 {
        let Some(tree) = &self.tree else {
            return f64::INFINITY;
        };
        let top = tree.levels() - 1;
        let mut tops: Vec<&str> = self
            .order
            .iter()
            .filter_map(|value| tree.generalised(value, top))
            .collect();
        tops.dedup();
        // Without one value at the top there is one more edge, to a root above all.
        let edges = if tops.iter().any(|value| Some(value) != tops.first()) || top == 0 {
            top + 1
        } else {
            top
        };
        let mut moved = 0.0;
        for level in 0..edges {
            let mut crossing: BTreeMap<&str, f64> = BTreeMap::new();
            for value in &self.order {
                let node = tree.generalised(value, level).unwrap_or("");
                *crossing.entry(node).or_default() +=
                    share(value) - self.shares.get(value).copied().unwrap_or(0.0);
            }
            moved += crossing.values().map(|extra| extra.abs()).sum::<f64>();
        }
        moved / (2.0 * edges as f64)
    }
}

fn too_long() -> TableFault {
    TableFault::new(
        "table.rows_max",
        "the table has more rows than can be looked at again",
        "split the table",
    )
}

fn broken(model: &Model) -> TableFault {
    TableFault::new(
        "release.not_confirmed",
        format!(
            "the second look at the release does not find {}",
            model.described()
        ),
        "report this as a fault of the program; nothing was written",
    )
}

/// What sums of shares may be off by.
const TOLERANCE: f64 = 1e-9;
