//! The columns of a table with what was found.

use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::plan::Plan;
use crate::problem::{Axis, Problem};
use crate::recoding::Recoding;
use crate::release::Pseudonym;
use crate::table::Column;

/// Makes the columns that go out of those that came.
pub(super) struct Renderer<'r> {
    pub(super) plan: &'r Plan,
    pub(super) hierarchies: &'r [Hierarchy],
    pub(super) problem: &'r Problem,
    pub(super) recoding: &'r Recoding,
    pub(super) pseudonym: Option<&'r Pseudonym>,
}

impl Renderer<'_> {
    /// The column as it goes out; nothing when it does not.
    pub(super) fn column(&self, column: &Column) -> Result<Option<Column>, TableFault> {
        let name = column.name();
        let named = |role: &[String]| role.iter().any(|known| known == name);
        if let Some(at) = self.plan.quasi.iter().position(|known| known == name) {
            let axis = Generalised::of((self.problem, self.recoding), self.hierarchies, at);
            return Ok(axis.map(|axis| match axis.unchanged() {
                true => column.taken(self.kept()),
                false => axis.column(name, self.kept()),
            }));
        }
        if named(&self.plan.sensitive) || named(&self.plan.insensitive) {
            return Ok(Some(column.taken(self.kept())));
        }
        if named(&self.plan.pseudonymised) {
            let pseudonym = pseudonym(self.pseudonym, name)?;
            return Ok(Some(pseudonymised(&column.taken(self.kept()), pseudonym)));
        }
        Ok(None)
    }

    /// The rows that stay. Walked anew for each column: a list of rows would take more memory than a column.
    fn kept(&self) -> impl Iterator<Item = usize> {
        let rows = self.problem.items.of_row.iter().enumerate();
        let suppressed = &self.recoding.suppressed;
        rows.filter(|(_, item)| suppressed.get(**item as usize) == Some(&false))
            .map(|(row, _)| row)
    }

    /// Whether each row stays.
    pub(super) fn stays(&self) -> Vec<bool> {
        let suppressed = &self.recoding.suppressed;
        let rows = self.problem.items.of_row.iter();
        rows.map(|item| suppressed.get(*item as usize) == Some(&false))
            .collect()
    }
}

/// What gives the pseudonyms of a column.
pub(super) fn pseudonym<'p>(
    given: Option<&'p Pseudonym>,
    column: &str,
) -> Result<&'p Pseudonym, TableFault> {
    given.ok_or_else(|| {
        TableFault::new(
            "plan.missing_key",
            "pseudonyms are asked for without a key",
            "give the project's key, or name the column as identifying",
        )
        .column(column)
    })
}

fn pseudonymised(column: &Column, pseudonym: &Pseudonym) -> Column {
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
    Column::from_codes(
        column.name(),
        values.iter().map(String::as_str),
        column.codes(),
    )
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
