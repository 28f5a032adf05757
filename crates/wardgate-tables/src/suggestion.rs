//! Roles of columns, suggested with reasons: by name, by shape of the values, by how well they tell rows apart.
//!
//! A suggestion is where a person begins to decide. It errs on the side of protection: what looks like an
//! identifier is called one, and a column that nothing is known of is never called harmless.

mod name;
mod shape;

use serde::Serialize;

use crate::assessment::Grouped;
use crate::fault::TableFault;
use crate::hierarchy::HierarchyRule;
use crate::table::{Column, Kind, Table};
use name::Meaning;
use shape::Shape;

/// What a column could be, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// The column.
    pub column: String,
    /// What all its values are.
    pub kind: Kind,
    /// The role.
    pub role: Role,
    /// Why, one sentence each. No value of the table stands in them.
    pub reasons: Vec<String>,
    /// Different values.
    pub distinct: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Different values to a row (Motwani and Xu 2008): 1 when no two rows are alike.
    pub distinctness: f64,
    /// The share of pairs of rows that the column tells apart (Motwani and Xu 2008).
    pub separation: f64,
    /// The share of rows whose value no other row has.
    pub uniqueness: f64,
    /// How its values could be generalised, for a quasi-identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hierarchy: Option<HierarchyRule>,
}

/// What a column is to the privacy of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It names a person by itself.
    Identifying,
    /// Together with others it may point at a person.
    Quasi,
    /// Nobody may learn it of a person.
    Sensitive,
    /// It is always the same.
    Insensitive,
}

/// How well columns together tell rows apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Combination {
    /// The columns.
    pub columns: Vec<String>,
    /// The share of rows that no other row is like in all of them.
    pub uniqueness: f64,
    /// Different combinations to a row.
    pub distinctness: f64,
}

impl Suggestion {
    /// Suggests a role for each column.
    #[must_use]
    pub fn all(table: &Table) -> Vec<Self> {
        table.columns().iter().map(Self::of).collect()
    }

    /// Suggests a role for a column.
    #[must_use]
    pub fn of(column: &Column) -> Self {
        let rows = column.rows() as f64;
        let counts = column.counts();
        let missing = column
            .values()
            .position(str::is_empty)
            .and_then(|code| counts.get(code))
            .copied()
            .unwrap_or(0);
        let alike: f64 = counts
            .iter()
            .map(|count| *count as f64 * (*count as f64 - 1.0))
            .sum();
        let mut suggestion = Self {
            column: column.name().to_owned(),
            kind: column.kind(),
            role: Role::Quasi,
            reasons: Vec::new(),
            distinct: counts.iter().filter(|count| **count > 0).count() as u64,
            missing,
            distinctness: counts.len() as f64 / rows.max(1.0),
            separation: if rows > 1.0 {
                1.0 - alike / (rows * (rows - 1.0))
            } else {
                0.0
            },
            uniqueness: counts.iter().filter(|count| **count == 1).count() as f64 / rows.max(1.0),
            hierarchy: None,
        };
        suggestion.decide(column);
        if suggestion.role == Role::Quasi {
            suggestion.hierarchy = Some(match Meaning::of(column.name()) {
                Some(Meaning::Place) if column.kind() == Kind::Integer => HierarchyRule::Mask,
                _ => HierarchyRule::suggested(column),
            });
        }
        suggestion
    }

    fn decide(&mut self, column: &Column) {
        let meaning = Meaning::of(column.name());
        let shape = Shape::of(column);
        if let Some(shape) = shape {
            self.say(
                Role::Identifying,
                format!("its values look like {}", shape.described()),
            );
            return;
        }
        if meaning == Some(Meaning::Identifier) {
            self.say(
                Role::Identifying,
                "its name is that of a direct identifier".to_owned(),
            );
            return;
        }
        if self.distinct <= 1 {
            self.say(Role::Insensitive, "it holds one value".to_owned());
            return;
        }
        match meaning {
            Some(Meaning::Sensitive) => {
                self.say(
                    Role::Sensitive,
                    "its name is that of something that nobody may learn of a person".to_owned(),
                );
                return;
            }
            Some(known) => self.say(
                Role::Quasi,
                format!("its name is that of {}", known.described()),
            ),
            None => {}
        }
        let telling =
            column.rows() >= ROWS_TELLING_MIN && self.uniqueness >= UNIQUENESS_IDENTIFYING;
        if telling && matches!(column.kind(), Kind::Text | Kind::Integer) && meaning.is_none() {
            let share = self.uniqueness * 100.0;
            self.say(
                Role::Identifying,
                format!(
                    "{share:.0} % of its values stand once only, as those of a number or a name do"
                ),
            );
            return;
        }
        if column.kind() == Kind::Date {
            self.say(
                Role::Quasi,
                "it holds dates, which others may know".to_owned(),
            );
        }
        if self.reasons.is_empty() {
            let share = self.separation * 100.0;
            self.say(Role::Quasi, format!("it tells {share:.0} % of all pairs of rows apart, and nothing says that others do not know it"));
        }
    }

    fn say(&mut self, role: Role, reason: String) {
        self.role = role;
        self.reasons.push(reason);
    }
}

impl Combination {
    /// How well columns together tell rows apart.
    ///
    /// # Errors
    /// When the table lacks a column.
    pub fn of<N: AsRef<str>>(table: &Table, columns: &[N]) -> Result<Self, TableFault> {
        let sizes = Grouped::of(table, columns)?.sizes;
        let rows = (table.rows() as f64).max(1.0);
        Ok(Self {
            columns: columns
                .iter()
                .map(|name| name.as_ref().to_owned())
                .collect(),
            uniqueness: sizes.iter().filter(|size| **size == 1).count() as f64 / rows,
            distinctness: sizes.len() as f64 / rows,
        })
    }
}

/// In a table of fewer rows nearly every value stands once.
const ROWS_TELLING_MIN: usize = 50;
const UNIQUENESS_IDENTIFYING: f64 = 0.8;
