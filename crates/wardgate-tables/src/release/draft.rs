//! The release of a table in a file, of which only those columns are held in memory that something looks at.
//!
//! Columns that go out as they came, or under pseudonyms, pass from the input to the output when that is
//! written, so the input is read twice. The guarantee is looked at in what was written.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;

use super::rendering::pseudonym;
use super::{
    Advance, Findings, Found, Pseudonym, ReleaseReport, Step, Surroundings, Unit, unreached,
};
use crate::assessment::Assessment;
use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::plan::Plan;
use crate::recheck::recheck;
use crate::search::Unfound;
use crate::table::{
    Column, Format, Loaded, Outgoing, ReadOptions, Rows, SourceColumn, Table, Use, Wanted,
    WriteOptions, Writer,
};

/// A table in a file, of which those columns are held that a plan has something to look at in.
#[derive(Debug)]
pub struct Input {
    loaded: Loaded,
    plan: Plan,
}

/// A release that was found, to be written and then to be confirmed.
#[derive(Debug)]
pub struct Draft<'s> {
    plan: Plan,
    format: Format,
    rows: Rows,
    columns: Vec<Going>,
    /// Whether each row of the input stays.
    stays: Vec<bool>,
    /// The sensitive columns as they came, in the way that the format writes them.
    sensitive: Vec<Column>,
    everybody: Option<(&'s Table, Vec<usize>, Vec<Hierarchy>)>,
    findings: Findings,
}

/// A column that goes out.
#[derive(Debug)]
enum Going {
    Held(Column),
    Passing(SourceColumn),
    Pseudonym(SourceColumn),
}

impl Input {
    /// Reads the table in a file for a plan. The file has to stay as it is until the draft is written: a change
    /// is a fault then.
    ///
    /// # Errors
    /// As [`Table::open`], and when the plan does not fit the columns.
    pub fn read(
        file: File,
        format: Format,
        options: &ReadOptions,
        plan: Plan,
        around: &Surroundings<'_>,
    ) -> Result<Self, TableFault> {
        let uses = |name: &str| use_of(&plan, name);
        let tell = |advance| around.tell(Step::Loading(advance));
        let check = |names: &[&str]| plan.check(&|name| names.contains(&name));
        let loaded = Loaded::of(
            file,
            format,
            options,
            &Wanted {
                uses: &uses,
                check: &check,
            },
            &tell,
        )?;
        Ok(Self { loaded, plan })
    }

    /// How many bytes the columns that are held take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.loaded.table.bytes()
    }

    /// The SHA-256 of the file in hexadecimal digits; nothing for one that can be read only once.
    ///
    /// # Errors
    /// When the file can not be read, or was changed since it was read.
    pub fn sha256(&self) -> Result<Option<String>, TableFault> {
        self.loaded.rows.sha256()
    }

    /// Searches for a generalisation of what is to be written in a format. The result is the same as that of
    /// [`super::anonymise`], but that sensitive values which are written alike are one: `1.5` and `1.50` of a CSV
    /// file in Parquet.
    ///
    /// # Errors
    /// When a hierarchy does not fit its column, or when no generalisation fulfils the models with as few rows
    /// suppressed as the plan allows.
    pub fn anonymise<'s>(
        self,
        format: Format,
        around: &Surroundings<'s>,
    ) -> Result<Draft<'s>, TableFault> {
        let (plan, rows) = (self.plan, self.loaded.rows);
        if let Some(column) = plan.pseudonymised.first() {
            pseudonym(around.pseudonym, column)?;
        }
        let table = self.loaded.table.map_columns(|column| {
            match plan.sensitive.iter().any(|name| name == column.name()) {
                true => column.written_in(format),
                false => Ok(column),
            }
        })?;
        let found = Found::of(&table, &plan, around)?;
        let names = rows.columns.iter().map(|column| column.name.as_str());
        let findings = found.findings(&plan, names);
        let renderer = found.renderer(&plan, around.pseudonym);
        let mut held = table.into_columns().into_iter();
        let (mut columns, mut sensitive) = (Vec::new(), Vec::new());
        for column in &rows.columns {
            let named = |role: &[String]| role.contains(&column.name);
            match column.used {
                Use::None => {}
                Use::Passing if named(&plan.pseudonymised) => {
                    columns.push(Going::Pseudonym(column.clone()));
                }
                Use::Passing => columns.push(Going::Passing(column.clone())),
                // One after the other is taken, so that no two copies of all stand in memory.
                Use::Held => {
                    if let Some(came) = held.next() {
                        columns.extend(renderer.column(&came)?.map(Going::Held));
                        if named(&plan.sensitive) {
                            sensitive.push(came);
                        }
                    }
                }
            }
        }
        Ok(Draft {
            stays: renderer.stays(),
            everybody: around
                .population
                .map(|everybody| (everybody, found.uniform_levels(), found.hierarchies)),
            plan,
            format,
            rows,
            columns,
            sensitive,
            findings,
        })
    }
}

impl Draft<'_> {
    /// Writes the table. It may be given out only once [`Draft::confirm`] found the guarantee in it.
    ///
    /// # Errors
    /// When the output can not be written, or when the input was changed since it was read.
    pub fn write(
        &self,
        output: impl Write + Send,
        options: &WriteOptions,
        around: &Surroundings<'_>,
    ) -> Result<(), TableFault> {
        let mut passing = Vec::new();
        for going in &self.columns {
            match going {
                Going::Held(_) => {}
                Going::Passing(_) => passing.push(None),
                Going::Pseudonym(column) => {
                    let given = pseudonym(around.pseudonym, &column.name)?;
                    passing.push(Some(Pseudonyms::new(&column.name, given)));
                }
            }
        }
        let outgoing = self.columns.iter().map(Going::outgoing).collect();
        let mut writer = Writer::open(output, outgoing, self.format, options)?;
        let tell = |advance| around.tell(Step::Writing(advance));
        if passing.is_empty() {
            let rows = self.stays.len() as u64;
            for (row, _) in self.stays.iter().enumerate().filter(|(_, stays)| **stays) {
                writer.row(&mut |_, _| Ok(()))?;
                if row.is_multiple_of(TOLD_ROWS) {
                    tell(Advance::new(row as u64, rows, Unit::Rows));
                }
            }
            return writer.finish();
        }
        self.rows.each(&tell, &mut |row, values| {
            if around.is_stopped() {
                return Err(unreached(Unfound::Stopped));
            }
            let stays = usize::try_from(row)
                .ok()
                .and_then(|row| self.stays.get(row));
            if stays != Some(&true) {
                return Ok(());
            }
            writer.row(&mut |place, text| {
                let value = values.value(place)?;
                match passing.get_mut(place) {
                    Some(Some(pseudonyms)) => text.push_str(pseudonyms.of(value)),
                    _ => text.push_str(value),
                }
                Ok(())
            })
        })?;
        writer.finish()
    }

    /// Looks in what was written whether the columns are those that may go out and the models hold, and
    /// tells of the release.
    ///
    /// # Errors
    /// When they do not: what was written must not be given out then.
    pub fn confirm(
        self,
        written: File,
        options: &WriteOptions,
        around: &Surroundings<'_>,
    ) -> Result<ReleaseReport, TableFault> {
        let Self {
            plan,
            format,
            columns,
            stays,
            sensitive,
            everybody,
            findings,
            ..
        } = self;
        let names: Vec<String> = columns.iter().map(|c| c.name().to_owned()).collect();
        let rows = stays.iter().filter(|stays| **stays).count();
        drop((columns, stays));
        let tell = |advance| around.tell(Step::Checking(advance));
        let reading = ReadOptions {
            delimiter: Some(options.delimiter),
            ..ReadOptions::default()
        };
        let is_looked_at = |name: &str| match use_of(&plan, name) {
            Use::Held => Use::Held,
            _ => Use::None,
        };
        let wanted = Wanted {
            uses: &is_looked_at,
            check: &|_| Ok(()),
        };
        let read = Loaded::of(written, format, &reading, &wanted, &tell)?;
        let found = read.rows.columns.iter().map(|column| &column.name);
        if !found.eq(&names) || read.table.rows() != rows {
            return Err(TableFault::new(
                "release.not_confirmed",
                "the second look at the release finds other rows or columns than those that may go out",
                "report this as a fault of the program; nothing was written",
            ));
        }
        let output = read.table.with_kinds_of(&sensitive);
        let everybody = everybody.as_ref();
        let everybody = everybody.map(|(table, levels, trees)| (*table, &levels[..], &trees[..]));
        recheck(&sensitive, &output, &plan, everybody)?;
        let after = Assessment::of(&output, &plan.quasi, &plan.sensitive)?;
        Ok(findings.report(after))
    }
}

impl Going {
    fn name(&self) -> &str {
        match self {
            Self::Held(column) => column.name(),
            Self::Passing(column) | Self::Pseudonym(column) => &column.name,
        }
    }

    fn outgoing(&self) -> Outgoing<'_> {
        match self {
            Self::Held(column) => Outgoing::Held(column),
            Self::Passing(column) => Outgoing::AsItCame(column),
            Self::Pseudonym(column) => Outgoing::Text(&column.name),
        }
    }
}

/// The pseudonyms of a column, the last ones remembered.
struct Pseudonyms<'p> {
    column: &'p str,
    pseudonym: &'p Pseudonym,
    known: HashMap<String, String>,
}

impl<'p> Pseudonyms<'p> {
    fn new(column: &'p str, pseudonym: &'p Pseudonym) -> Self {
        Self {
            column,
            pseudonym,
            known: HashMap::new(),
        }
    }

    fn of(&mut self, value: &str) -> &str {
        if value.is_empty() {
            return "";
        }
        if self.known.len() >= KNOWN_PSEUDONYMS_MAX && !self.known.contains_key(value) {
            self.known.clear();
        }
        let (column, pseudonym) = (self.column, self.pseudonym);
        self.known
            .entry(value.to_owned())
            .or_insert_with(|| pseudonym(column, value))
    }
}

/// What a column is wanted for: models, rules and measures look at the first two roles only.
fn use_of(plan: &Plan, name: &str) -> Use {
    let named = |role: &[String]| role.iter().any(|known| known == name);
    if named(&plan.quasi) || named(&plan.sensitive) {
        Use::Held
    } else if named(&plan.insensitive) || named(&plan.pseudonymised) {
        Use::Passing
    } else {
        Use::None
    }
}

/// Rows between two words on how far the writing is.
const TOLD_ROWS: usize = 1 << 14;
/// Values repeat where a person has several rows, and these mostly stand near each other.
const KNOWN_PSEUDONYMS_MAX: usize = 1 << 16;
