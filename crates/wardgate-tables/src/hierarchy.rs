//! Hierarchies: what stands for a value at each level of generalisation.

mod generated;
mod reader;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::fault::TableFault;

pub use generated::HierarchyRule;

/// The generalisations of the values of a column: level 0 holds the values themselves, each level above
/// holds fewer.
///
/// INVARIANT: two values that share a generalisation share every one above it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<String>>", into = "Vec<Vec<String>>")]
pub struct Hierarchy {
    levels: Vec<Level>,
    index: HashMap<String, u32>,
}

/// One level: its values, which of them stands for each leaf, and how many leaves each covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) values: Vec<String>,
    pub(crate) of_leaf: Vec<u32>,
    pub(crate) leaves: Vec<u32>,
}

impl Hierarchy {
    /// A hierarchy of rows as `[value, level 1, level 2, ...]`.
    ///
    /// # Errors
    /// When there is no row, when rows differ in length, when a value stands twice with different
    /// generalisations, or when two values that share a level differ above it. The fault names the row.
    pub fn new(rows: &[Vec<String>]) -> Result<Self, TableFault> {
        let Some(first) = rows.first().filter(|row| !row.is_empty()) else {
            return Err(TableFault::new(
                "hierarchy.empty",
                "the hierarchy holds no value",
                "give one line for each value of the column",
            ));
        };
        let mut levels = Vec::new();
        levels.resize_with(first.len(), Builder::default);
        let mut index: HashMap<String, u32> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let number = at as u64 + 1;
            if row.len() != first.len() {
                return Err(TableFault::new(
                    "hierarchy.ragged_row",
                    "a line of the hierarchy has not as many levels as the first",
                    "give every line the same number of levels",
                )
                .row(number));
            }
            let leaf = row.first().cloned().unwrap_or_default();
            if let Some(known) = index.get(&leaf) {
                let same = levels
                    .iter()
                    .zip(row)
                    .all(|(level, value)| level.at(*known) == Some(value));
                if same {
                    continue;
                }
                return Err(TableFault::new(
                    "hierarchy.repeated_value",
                    "a value stands twice in the hierarchy, with different levels",
                    "leave one line for each value",
                )
                .row(number));
            }
            index.insert(leaf, u32::try_from(index.len()).unwrap_or(u32::MAX));
            for (level, value) in levels.iter_mut().zip(row) {
                level.push(value);
            }
            if !consistent(&mut levels) {
                return Err(TableFault::new(
                    "hierarchy.not_monotone",
                    "a value of one level has two different values above it",
                    "give values that share a level the same levels above it",
                )
                .row(number));
            }
        }
        let levels = levels.into_iter().map(Builder::finish).collect();
        Ok(Self { levels, index })
    }

    /// How many levels there are, the values themselves counted as one.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// How many values the hierarchy knows.
    #[must_use]
    pub fn domain(&self) -> usize {
        self.index.len()
    }

    /// What stands for a value at a level; nothing for an unknown value or level.
    #[must_use]
    pub fn generalised(&self, value: &str, level: usize) -> Option<&str> {
        let leaf = self.leaf(value)?;
        let level = self.levels.get(level)?;
        let id = level.of_leaf.get(leaf as usize)?;
        level.values.get(*id as usize).map(String::as_str)
    }

    /// The rows, as [`Hierarchy::new`] takes them.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        (0..self.domain())
            .map(|leaf| {
                self.levels
                    .iter()
                    .map(|level| level.of(leaf).to_owned())
                    .collect()
            })
            .collect()
    }

    pub(crate) fn leaf(&self, value: &str) -> Option<u32> {
        self.index.get(value).copied()
    }

    pub(crate) fn all_levels(&self) -> &[Level] {
        &self.levels
    }
}

impl Level {
    fn of(&self, leaf: usize) -> &str {
        self.of_leaf
            .get(leaf)
            .and_then(|id| self.values.get(*id as usize))
            .map_or("", String::as_str)
    }
}

impl TryFrom<Vec<Vec<String>>> for Hierarchy {
    type Error = TableFault;

    fn try_from(rows: Vec<Vec<String>>) -> Result<Self, TableFault> {
        Self::new(&rows)
    }
}

impl From<Hierarchy> for Vec<Vec<String>> {
    fn from(hierarchy: Hierarchy) -> Self {
        hierarchy.rows()
    }
}

/// A level under construction.
#[derive(Default)]
struct Builder {
    values: Vec<String>,
    ids: HashMap<String, u32>,
    of_leaf: Vec<u32>,
    /// What stands one level up, by value of this level.
    above: Vec<Option<u32>>,
}

impl Builder {
    fn push(&mut self, value: &str) {
        let id = if let Some(id) = self.ids.get(value) {
            *id
        } else {
            let id = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
            self.values.push(value.to_owned());
            self.ids.insert(value.to_owned(), id);
            self.above.push(None);
            id
        };
        self.of_leaf.push(id);
    }

    fn at(&self, leaf: u32) -> Option<&String> {
        let id = self.of_leaf.get(leaf as usize)?;
        self.values.get(*id as usize)
    }

    fn finish(self) -> Level {
        let mut leaves = vec![0; self.values.len()];
        for id in &self.of_leaf {
            if let Some(count) = leaves.get_mut(*id as usize) {
                *count += 1;
            }
        }
        Level {
            values: self.values,
            of_leaf: self.of_leaf,
            leaves,
        }
    }
}

/// Whether the newest leaf goes the way of the leaves that it shares a level with.
fn consistent(levels: &mut [Builder]) -> bool {
    let uppers: Vec<Option<u32>> = levels
        .iter()
        .skip(1)
        .map(|level| level.of_leaf.last().copied())
        .collect();
    levels.iter_mut().zip(uppers).all(|(level, upper)| {
        let known = level
            .of_leaf
            .last()
            .and_then(|id| level.above.get_mut(*id as usize));
        match known {
            Some(Some(known)) => Some(*known) == upper,
            Some(unknown) => {
                *unknown = upper;
                true
            }
            None => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::Hierarchy;

    fn read(rows: &[&[&str]]) -> Result<Hierarchy, &'static str> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|v| (*v).to_owned()).collect())
            .collect();
        Hierarchy::new(&rows).map_err(|fault| fault.code())
    }

    #[test]
    fn values_go_up_level_by_level() {
        let ages = read(&[&["1", "1-2", "*"], &["2", "1-2", "*"], &["3", "3-4", "*"]]).unwrap();
        assert_eq!(ages.generalised("2", 1), Some("1-2"));
        assert_eq!(ages.generalised("2", 3), None);
        assert_eq!(ages.generalised("9", 0), None);
        assert_eq!(ages.domain(), 3);
        assert_eq!(Hierarchy::new(&ages.rows()).unwrap(), ages);
    }

    #[test]
    fn faults_of_shape_are_found() {
        assert_eq!(read(&[]), Err("hierarchy.empty"));
        assert_eq!(read(&[&["1", "*"], &["2"]]), Err("hierarchy.ragged_row"));
        assert_eq!(
            read(&[&["1", "a", "*"], &["1", "b", "*"]]),
            Err("hierarchy.repeated_value")
        );
        assert_eq!(
            read(&[&["1", "a", "x"], &["2", "a", "y"]]),
            Err("hierarchy.not_monotone")
        );
        assert!(
            read(&[&["1", "a"], &["1", "a"]]).is_ok(),
            "the same line twice is harmless"
        );
    }
}
