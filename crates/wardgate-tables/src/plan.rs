//! What is asked for: the roles of columns, the models, how values are generalised, and the method.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::fault::TableFault;
use crate::hierarchy::{Hierarchy, HierarchyRule};
use crate::model::{Distance, Model};
use crate::table::{Column, Table, unknown_column};

/// What is asked for. A column that no role names is removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plan {
    /// Columns that together may point at a person: they are generalised.
    pub quasi: Vec<String>,
    /// Columns whose values nobody may learn of a person: they stay, under the models that name them.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// Columns that stay as they are.
    #[serde(default)]
    pub insensitive: Vec<String>,
    /// Direct identifiers: they are removed.
    #[serde(default)]
    pub identifying: Vec<String>,
    /// Direct identifiers for which pseudonyms stand.
    #[serde(default)]
    pub pseudonymised: Vec<String>,
    /// What each class must fulfil.
    pub models: Vec<Model>,
    /// How the values of a column are generalised; a column without an entry gets the rule that suits its kind.
    #[serde(default)]
    pub hierarchies: BTreeMap<String, HierarchyRule>,
    /// The share of rows that may be suppressed, 0 to 1.
    #[serde(default)]
    pub suppression: f64,
    /// How the generalisation is found.
    #[serde(default)]
    pub method: Method,
}

/// How the generalisation is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// One level for all values of a column: the choice of levels that loses least, found by a search of all.
    #[default]
    Exact,
    /// A level for each cell: rows that are near each other become classes.
    Local,
    /// Space is cut in parts along the hierarchies, as Mondrian does it (LeFevre et al. 2006).
    Multidimensional,
}

impl Plan {
    /// Gives the columns of the plan the hierarchies in a folder. A file belongs to a column when its name
    /// without `.csv` is the column's or ends in `_` and the column's.
    ///
    /// # Errors
    /// When the folder can not be read, when two files belong to one column, or when a file is no hierarchy.
    pub fn add_hierarchies(&mut self, folder: &Path) -> Result<(), TableFault> {
        let unreadable = |_| {
            TableFault::new(
                "hierarchy.unreadable",
                "the folder of hierarchies can not be read",
                "give a folder with one CSV file for each column",
            )
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            files.push(entry.map_err(unreadable)?.path());
        }
        files.sort();
        let wanted: Vec<String> = self.quasi.iter().chain(&self.sensitive).cloned().collect();
        for column in wanted {
            let mut owned = files.iter().filter(|file| belongs(file, &column));
            let Some(file) = owned.next() else {
                continue;
            };
            if owned.next().is_some() {
                return Err(TableFault::new(
                    "hierarchy.two_files",
                    "two files of the folder hold the hierarchy",
                    "leave one file for each column",
                )
                .column(&column));
            }
            let hierarchy = std::fs::File::open(file)
                .map_err(unreadable)
                .and_then(|file| Hierarchy::read(file, None))
                .map_err(|fault| fault.column(&column))?;
            self.hierarchies
                .insert(column, HierarchyRule::Rows(hierarchy));
        }
        Ok(())
    }

    /// Checks the plan against the columns of a table.
    pub(crate) fn check(&self, knows: &dyn Fn(&str) -> bool) -> Result<(), TableFault> {
        if self.quasi.is_empty() || self.models.is_empty() {
            return Err(TableFault::new(
                "plan.empty",
                "the plan names no quasi-identifier or no model",
                "name the columns that may point at a person, and at least k-anonymity",
            ));
        }
        if !(0.0..=1.0).contains(&self.suppression) {
            return Err(TableFault::new(
                "plan.unsound_suppression",
                "the share of rows that may be suppressed lies not between 0 and 1",
                "give 0.05 for five in a hundred",
            ));
        }
        let mut named = HashSet::new();
        let roles = [
            &self.quasi,
            &self.sensitive,
            &self.insensitive,
            &self.identifying,
            &self.pseudonymised,
        ];
        for name in roles.into_iter().flatten() {
            check_known(name, knows)?;
            if !named.insert(name) {
                return Err(TableFault::new(
                    "plan.two_roles",
                    format!("the plan names column `{name}` twice"),
                    "give each column one role",
                ));
            }
        }
        for name in self.hierarchies.keys() {
            check_known(name, knows)?;
        }
        let presence = self
            .models
            .iter()
            .any(|model| matches!(model, Model::Presence { .. }));
        if presence && self.method != Method::Exact {
            return Err(TableFault::new(
                "plan.unfit_method",
                "delta-presence is asked for with a method that gives rows different levels",
                "ask for the exact method",
            ));
        }
        self.models.iter().try_for_each(Model::check)
    }

    /// The hierarchy of a column: the given one, or that of the rule that suits it. A rule is shown the values
    /// of the population too, where one is given.
    pub(crate) fn hierarchy(
        &self,
        table: &Table,
        population: Option<&Table>,
        name: &str,
    ) -> Result<Hierarchy, TableFault> {
        let own = table.column(name)?;
        let both;
        let column = match population {
            Some(everybody) => {
                let values = own.values().chain(everybody.column(name)?.values());
                both = Column::from_codes(name, values, []);
                &both
            }
            None => own,
        };
        match self.hierarchies.get(name) {
            Some(rule) => rule.hierarchy(column),
            None => HierarchyRule::suggested(column).hierarchy(column),
        }
    }

    /// The hierarchies of the sensitive columns whose distances need one.
    pub(crate) fn sensitive_hierarchies(
        &self,
        table: &Table,
    ) -> Result<BTreeMap<String, Hierarchy>, TableFault> {
        let mut hierarchies = BTreeMap::new();
        for model in &self.models {
            if let Model::Closeness {
                column,
                distance: Distance::Hierarchical,
                ..
            } = model
                && let Some(rule) = self.hierarchies.get(column)
            {
                hierarchies.insert(column.clone(), rule.hierarchy(table.column(column)?)?);
            }
        }
        Ok(hierarchies)
    }
}

fn check_known(name: &str, knows: &dyn Fn(&str) -> bool) -> Result<(), TableFault> {
    match knows(name) {
        true => Ok(()),
        false => Err(unknown_column(name)),
    }
}

fn belongs(file: &Path, column: &str) -> bool {
    let csv = file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("");
    csv && (stem == column
        || stem
            .strip_suffix(column)
            .is_some_and(|rest| rest.ends_with('_')))
}
