//! What differs between a stored record and a declared one.

use std::fmt;

use serde_json::{Map, Value};

/// One record that differs from what a file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDifference {
    /// The kind of record, such as `vendor`.
    pub kind: &'static str,
    /// Its id; of a patient or consent, the random handle or keyed digest.
    pub id: String,
    /// Whether it is new.
    pub change: ChangeKind,
    /// The fields that differ. Of a new record, none: all of it is new.
    pub fields: Vec<FieldChange>,
}

/// Whether a record is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is not in the store.
    Created,
    /// It is, and says something else.
    Changed,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The name, with dots into groups.
    pub field: String,
    /// The two values, as JSON: what is stored, what is declared. `None` where they are secret
    /// or a patient's.
    pub values: Option<(String, String)>,
}

impl fmt::Display for RecordDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.change {
            ChangeKind::Created => "create",
            ChangeKind::Changed => "change",
        };
        write!(f, "{word} {}/{}", self.kind, self.id)
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.values {
            Some((before, after)) => write!(f, "{}: {before} -> {after}", self.field),
            None => write!(f, "{}: changed (not shown)", self.field),
        }
    }
}

/// The fields in which two record bodies differ.
pub(super) fn of_bodies(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", before, after, &mut changes);
    changes
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    if let (Value::Object(left), Value::Object(right)) = (before, after) {
        for name in names(left, right) {
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            let missing = Value::Null;
            compare(
                &path,
                left.get(name).unwrap_or(&missing),
                right.get(name).unwrap_or(&missing),
                changes,
            );
        }
        return;
    }
    // Whole policy texts are told as changed: a console shows their lines.
    let values = (path != "cedar").then(|| (before.to_string(), after.to_string()));
    changes.push(FieldChange {
        field: path.to_owned(),
        values,
    });
}

fn names<'m>(left: &'m Map<String, Value>, right: &'m Map<String, Value>) -> Vec<&'m str> {
    let mut names: Vec<&str> = left
        .keys()
        .chain(right.keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
