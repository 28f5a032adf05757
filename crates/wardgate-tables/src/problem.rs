//! A table made ready for search: quasi-identifiers as axes of levels, rows that are alike counted once.

use crate::fault::TableFault;
use crate::grouping::Grouper;
use crate::hierarchy::Hierarchy;
use crate::model::Rule;
use crate::table::{Column, Table};

/// What is searched for a generalisation.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) axes: Vec<Axis>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) items: Items,
    /// Rows of the table.
    pub(crate) rows: u64,
    /// How many rows may be suppressed.
    pub(crate) suppressed_max: u64,
}

/// A quasi-identifier and the levels of its hierarchy.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) levels: Vec<AxisLevel>,
    pub(crate) domain: u64,
    /// For each leaf, level by level, how many leaves its generalisation covers.
    pub(crate) covers: Vec<u32>,
}

/// What stands for each leaf at a level, and how many different values that makes.
#[derive(Debug)]
pub(crate) struct AxisLevel {
    pub(crate) of_leaf: Vec<u32>,
    pub(crate) width: usize,
}

/// Rows that are alike in all quasi-identifiers and all sensitive values that matter, counted once.
#[derive(Debug, Default)]
pub(crate) struct Items {
    /// Leaves of the hierarchy, axis by axis.
    pub(crate) leaves: Vec<Vec<u32>>,
    /// Codes of the sensitive columns; one beyond the last stands for people of the population only.
    pub(crate) sensitive: Vec<Vec<u32>>,
    pub(crate) sensitive_widths: Vec<usize>,
    /// Rows of the table.
    pub(crate) weights: Vec<u32>,
    /// People of the population table; empty without one.
    pub(crate) population: Vec<u32>,
    /// The item of each row of the table.
    pub(crate) of_row: Vec<u32>,
}

impl Axis {
    pub(crate) fn of(hierarchy: &Hierarchy) -> Self {
        let levels = hierarchy.all_levels();
        let domain = hierarchy.domain();
        let covers = (0..domain)
            .flat_map(|leaf| {
                levels.iter().map(move |level| {
                    level
                        .of_leaf
                        .get(leaf)
                        .and_then(|id| level.leaves.get(*id as usize))
                        .copied()
                        .unwrap_or(0)
                })
            })
            .collect();
        Self {
            levels: levels
                .iter()
                .map(|level| AxisLevel {
                    of_leaf: level.of_leaf.clone(),
                    width: level.values.len(),
                })
                .collect(),
            domain: domain as u64,
            covers,
        }
    }

    /// Where the values of each level begin when all values of all levels are numbered through.
    pub(crate) fn node_starts(&self) -> Vec<u32> {
        let mut start = 0;
        self.levels
            .iter()
            .map(|level| {
                let at = start;
                start += u32::try_from(level.width).unwrap_or(u32::MAX);
                at
            })
            .collect()
    }

    /// How many values all levels have.
    pub(crate) fn nodes(&self) -> usize {
        self.levels.iter().map(|level| level.width).sum()
    }

    /// The number of what stands for a leaf at a level, among the values of all levels.
    pub(crate) fn node(&self, starts: &[u32], leaf: u32, level: u8) -> u32 {
        let level = usize::from(level);
        let id = self
            .levels
            .get(level)
            .and_then(|level| level.of_leaf.get(leaf as usize));
        starts.get(level).copied().unwrap_or(0) + id.copied().unwrap_or(0)
    }

    /// How many leaves the generalisations of a leaf cover, level by level.
    pub(crate) fn covers_of(&self, leaf: u32) -> &[u32] {
        let start = leaf as usize * self.levels.len();
        self.covers
            .get(start..start + self.levels.len())
            .unwrap_or(&[])
    }
}

impl Items {
    /// Counts alike rows of the table, and of the population where one is given.
    pub(crate) fn of(
        table: &Table,
        population: Option<&Table>,
        quasi: &[(&str, &Hierarchy)],
        sensitive: &[&Column],
    ) -> Result<Self, TableFault> {
        let rows = table.rows();
        let others = population.map_or(0, Table::rows);
        let mut grouper = Grouper::default();
        let mut groups: Vec<u32> = vec![0; rows + others];
        let mut refined = Vec::with_capacity(rows + others);
        let mut count = usize::from(rows + others > 0);
        for (name, hierarchy) in quasi {
            let leaves = Leaves::of(table, population, name, hierarchy)?;
            let pairs = groups.iter().copied().zip(leaves.iter());
            count = grouper.refine(pairs, count, hierarchy.domain(), &mut refined);
            std::mem::swap(&mut groups, &mut refined);
        }
        for column in sensitive {
            let beyond = u32::try_from(column.distinct()).unwrap_or(u32::MAX);
            let codes = column.codes().chain(std::iter::repeat_n(beyond, others));
            let pairs = groups.iter().copied().zip(codes);
            count = grouper.refine(pairs, count, column.distinct() + 1, &mut refined);
            std::mem::swap(&mut groups, &mut refined);
        }
        drop(refined);
        let mut items = Self {
            weights: vec![0; count],
            population: vec![0; if population.is_some() { count } else { 0 }],
            sensitive_widths: sensitive
                .iter()
                .map(|column| column.distinct() + 1)
                .collect(),
            ..Self::default()
        };
        for (row, group) in groups.iter().enumerate() {
            let counts = if row < rows {
                &mut items.weights
            } else {
                &mut items.population
            };
            if let Some(count) = counts.get_mut(*group as usize) {
                *count += 1;
            }
        }
        for (name, hierarchy) in quasi {
            let leaves = Leaves::of(table, population, name, hierarchy)?;
            items.leaves.push(by_item(&groups, leaves.iter(), count));
        }
        for column in sensitive {
            let beyond = u32::try_from(column.distinct()).unwrap_or(u32::MAX);
            let codes = column.codes().chain(std::iter::repeat_n(beyond, others));
            items.sensitive.push(by_item(&groups, codes, count));
        }
        groups.truncate(rows);
        groups.shrink_to_fit();
        items.of_row = groups;
        Ok(items)
    }

    pub(crate) fn count(&self) -> usize {
        self.weights.len()
    }
}

fn by_item(groups: &[u32], values: impl Iterator<Item = u32>, count: usize) -> Vec<u32> {
    let mut of_item = vec![0; count];
    for (group, value) in groups.iter().zip(values) {
        if let Some(slot) = of_item.get_mut(*group as usize) {
            *slot = value;
        }
    }
    of_item
}

/// The leaves of a column, in the table and then in the population.
struct Leaves<'t> {
    parts: Vec<(&'t Column, Vec<u32>)>,
}

impl<'t> Leaves<'t> {
    fn of(
        table: &'t Table,
        population: Option<&'t Table>,
        name: &str,
        hierarchy: &Hierarchy,
    ) -> Result<Self, TableFault> {
        let parts = std::iter::once(table)
            .chain(population)
            .map(|table| {
                let column = table.column(name)?;
                let leaves = column
                    .values()
                    .map(|value| hierarchy.leaf(value))
                    .collect::<Option<Vec<u32>>>()
                    .ok_or_else(|| incomplete(column, hierarchy))?;
                Ok((column, leaves))
            })
            .collect::<Result<_, TableFault>>()?;
        Ok(Self { parts })
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.parts.iter().flat_map(|(column, leaves)| {
            column
                .codes()
                .map(|code| leaves.get(code as usize).copied().unwrap_or(0))
        })
    }
}

/// The fault names the first row whose value the hierarchy does not know.
fn incomplete(column: &Column, hierarchy: &Hierarchy) -> TableFault {
    let fault = TableFault::new(
        "hierarchy.incomplete",
        "a value of the table is missing from the hierarchy",
        "add a line for every value of the column",
    )
    .column(column.name());
    let unknown = |code: u32| hierarchy.leaf(column.decoded(code)).is_none();
    match column.codes().position(unknown) {
        Some(row) => fault.row(row as u64 + 1),
        None => fault,
    }
}
