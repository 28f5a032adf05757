//! The example hospital: Larkmoor General. Everybody in it is invented.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// The hospital as it is on one day.
pub(super) struct Hospital {
    files: Vec<(&'static str, String)>,
    renewed: String,
    notes: Vec<Note>,
    patients: Vec<Value>,
}

/// A clinical note about one patient.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Note {
    pub(super) patient: String,
    pub(super) text: String,
}

impl Hospital {
    /// Puts dates into the files, so that agreements have lapsed or hold as their names say, and
    /// the address of the stand-in model.
    pub(super) fn on(now: Timestamp, model: &str) -> Result<Self, Failure> {
        let made = |text: &str| dated(text, now).replace("@model", model);
        let notes = serde_saphyr::from_str(NOTES).map_err(|_| broken("notes.yaml"))?;
        let patients: Result<Vec<Value>, _> = PATIENTS.lines().map(serde_json::from_str).collect();
        Ok(Self {
            files: FILES
                .iter()
                .map(|(name, text)| (*name, made(text)))
                .collect(),
            renewed: made(RENEWED),
            notes,
            patients: patients.map_err(|_| broken("patients.ndjson"))?,
        })
    }

    /// Writes the files into a directory, where they can be changed and applied again.
    pub(super) fn write(&self, dir: &Path) -> Result<Vec<PathBuf>, Failure> {
        fs::create_dir_all(dir).map_err(|error| Failure::file("make", dir, &error))?;
        let mut written = Vec::new();
        for (name, text) in &self.files {
            let path = dir.join(name);
            fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))?;
            written.push(path);
        }
        Ok(written)
    }

    /// The file that renews the lapsed agreement.
    pub(super) fn renewed_agreement(&self) -> &str {
        &self.renewed
    }

    /// What three patients changed their minds to: one withdraws, one excepts a system, one keeps
    /// back what is sensitive.
    pub(super) fn changed_consents(&self) -> &'static str {
        CHANGED_CONSENTS
    }

    pub(super) fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The note about a patient.
    pub(super) fn note(&self, patient: &str) -> &str {
        let note = self.notes.iter().find(|note| note.patient == patient);
        note.map_or("", |note| note.text.trim_end())
    }

    /// What identifies a patient, as it stands on file: names, numbers, addresses, contacts.
    pub(super) fn identifiers(&self, patient: &str) -> Vec<String> {
        let mut found = Vec::new();
        let resource = self
            .patients
            .iter()
            .find(|resource| resource.get("id").is_some_and(|id| id == patient));
        for (name, value) in resource.and_then(Value::as_object).into_iter().flatten() {
            if IDENTIFYING.contains(&name.as_str()) {
                collect(value, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether a text holds an identifier as a whole word, as written or in capitals.
pub(super) fn holds(text: &str, identifier: &str) -> bool {
    [identifier.to_owned(), identifier.to_uppercase()]
        .iter()
        .any(|identifier| {
            text.match_indices(identifier.as_str()).any(|(at, found)| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                let after = text
                    .get(at + found.len()..)
                    .and_then(|after| after.chars().next());
                !before.is_some_and(char::is_alphanumeric)
                    && !after.is_some_and(char::is_alphanumeric)
            })
        })
}

/// Texts of the elements that identify; codes and systems do not.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if !PLAIN.contains(&name.as_str()) {
                    collect(value, found);
                }
            }
        }
        _ => {}
    }
}

/// Replaces `@+30d` and `@-10d` by dates.
fn dated(text: &str, now: Timestamp) -> String {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, marked) = rest.split_at(at);
        out.push_str(before);
        let after = marked.get(1..).unwrap_or("");
        let days = after
            .split_once('d')
            .and_then(|(days, rest)| Some((days.parse::<i64>().ok()?, rest)));
        match days.and_then(|(days, rest)| Some((today.checked_add(days.days()).ok()?, rest))) {
            Some((date, behind)) => {
                out.push_str(&date.to_string());
                rest = behind;
            }
            None => {
                out.push('@');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn broken(file: &str) -> Failure {
    Failure::new(
        format!("the demo's `{file}` does not read"),
        "report this with the version of the build",
    )
}

const FILES: [(&str, &str); 6] = [
    ("vendors.yaml", include_str!("hospital/vendors.yaml")),
    ("systems.yaml", include_str!("hospital/systems.yaml")),
    ("apps.yaml", include_str!("hospital/apps.yaml")),
    ("people.yaml", include_str!("hospital/people.yaml")),
    ("patients.ndjson", PATIENTS),
    ("consents.ndjson", include_str!("hospital/consents.ndjson")),
];
const PATIENTS: &str = include_str!("hospital/patients.ndjson");
const NOTES: &str = include_str!("hospital/notes.yaml");
const RENEWED: &str = include_str!("hospital/vendor-renewed.yaml");
const CHANGED_CONSENTS: &str = include_str!("hospital/consents-changed.ndjson");
const IDENTIFYING: [&str; 6] = [
    "identifier",
    "name",
    "telecom",
    "address",
    "contact",
    "birthDate",
];
/// Members whose values identify nobody: codes, and places that many share.
const PLAIN: [&str; 9] = [
    "system",
    "use",
    "state",
    "country",
    "relationship",
    "prefix",
    "city",
    "text",
    "type",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hospital() -> Hospital {
        let now = "2026-11-23T18:00:00Z".parse().unwrap();
        Hospital::on(now, "http://127.0.0.1:1/v1").unwrap()
    }

    #[test]
    fn every_patient_has_a_note_that_names_them() {
        let hospital = hospital();
        assert_eq!(hospital.patients.len(), 25);
        assert_eq!(hospital.notes().len(), 25);
        for note in hospital.notes() {
            let identifiers = hospital.identifiers(&note.patient);
            let named = identifiers
                .iter()
                .filter(|identifier| holds(&note.text, identifier));
            assert!(named.count() >= 3, "{}", note.patient);
        }
    }

    #[test]
    fn dates_are_counted_from_today() {
        let now = "2026-11-23T18:00:00Z".parse().unwrap();
        assert_eq!(
            dated("a @-10d, b@+2d @model a@b.c", now),
            "a 2026-11-13, b2026-11-25 @model a@b.c"
        );
    }

    #[test]
    fn identifiers_are_found_as_whole_words() {
        assert!(holds("Seen: LAN, today", "Lan"));
        assert!(!holds("Plan: Lance", "Lan"));
    }
}
