//! The identifiers on file of patients, given as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use wardgate_deid::{Address, KnownIdentifiers, PatientIdentifiers, PersonName};

use crate::failure::{Failure, FileFault};

/// Compiled dictionaries: of one patient, or of several by their ids.
#[derive(Default)]
pub(super) struct Known {
    one: Option<KnownIdentifiers>,
    patients: BTreeMap<String, KnownIdentifiers>,
}

impl Known {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        let several =
            serde_json::from_str(&text).is_ok_and(|probe: Probe| probe.patients.is_some());
        let read = if several {
            serde_json::from_str::<Several>(&text).map(|several| Self {
                one: None,
                patients: several
                    .patients
                    .iter()
                    .map(|(id, patient)| (id.clone(), patient.compile()))
                    .collect(),
            })
        } else {
            serde_json::from_str::<Patient>(&text).map(|patient| Self {
                one: Some(patient.compile()),
                patients: BTreeMap::new(),
            })
        };
        // The parser's message could repeat a value.
        read.map_err(|error| {
            let fault = FileFault {
                file: path.to_owned(),
                line: u32::try_from(error.line()).unwrap_or_default(),
                column: u32::try_from(error.column()).unwrap_or_default(),
                message: "this is not as identifiers on file are written".to_owned(),
                hint: FORM.to_owned(),
            };
            Failure::in_files("the known identifiers can not be read", vec![fault])
        })
    }

    /// What is known of a patient; without an id, of the only one.
    pub(super) fn of(&self, patient: Option<&str>) -> Option<&KnownIdentifiers> {
        let named = patient.and_then(|id| self.patients.get(id));
        named.or(self.one.as_ref())
    }
}

/// Tells which of the two forms a file has.
#[derive(Deserialize)]
struct Probe {
    patients: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    patients: BTreeMap<String, Patient>,
}

/// What is on file about a patient.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Patient {
    names: Vec<Name>,
    birth_dates: Vec<String>,
    record_numbers: Vec<String>,
    addresses: Vec<Place>,
    phones: Vec<String>,
    emails: Vec<String>,
    contacts: Vec<Name>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    /// `Given Family` or `Family, Given`.
    Whole(String),
    Parts {
        #[serde(default)]
        given: Vec<String>,
        #[serde(default)]
        family: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    /// A street line.
    Whole(String),
    Parts {
        #[serde(default)]
        lines: Vec<String>,
        #[serde(default)]
        city: String,
        #[serde(default)]
        postal_code: String,
    },
}

impl Patient {
    pub(super) fn compile(&self) -> KnownIdentifiers {
        let mut patient = PatientIdentifiers::default();
        patient.names = self.names.iter().map(Name::read).collect();
        patient.birth_dates.clone_from(&self.birth_dates);
        patient.record_numbers.clone_from(&self.record_numbers);
        patient.addresses = self.addresses.iter().map(Place::read).collect();
        patient.phones.clone_from(&self.phones);
        patient.emails.clone_from(&self.emails);
        patient.contacts = self.contacts.iter().map(Name::read).collect();
        KnownIdentifiers::compile(&patient)
    }
}

impl Name {
    fn read(&self) -> PersonName {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mut name = PersonName::default();
        match self {
            Self::Parts { given, family } => {
                name.given.clone_from(given);
                name.family.clone_from(family);
            }
            Self::Whole(text) => {
                let turned = text.split_once(',').map(|(family, given)| (given, family));
                let (given, family) = turned
                    .or_else(|| text.trim().rsplit_once(' '))
                    .unwrap_or(("", text));
                name.given = words(given);
                name.family = family.trim().to_owned();
            }
        }
        name
    }
}

impl Place {
    fn read(&self) -> Address {
        let mut address = Address::default();
        match self {
            Self::Whole(line) => address.lines.push(line.clone()),
            Self::Parts {
                lines,
                city,
                postal_code,
            } => {
                address.lines.clone_from(lines);
                address.city.clone_from(city);
                address.postal_code.clone_from(postal_code);
            }
        }
        address
    }
}

const FORM: &str = "write {\"names\": [\"Given Family\"], \"birth_dates\": [], \"record_numbers\": [], \"addresses\": [], \"phones\": [], \"emails\": [], \"contacts\": []}, or {\"patients\": {\"ID\": {...}}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_either_order() {
        let read = |text: &str| {
            let name = Name::Whole(text.to_owned()).read();
            (name.given.join(" "), name.family.clone())
        };
        let maria = ("Maria Eva".to_owned(), "Schmidt".to_owned());
        assert_eq!(read("Maria Eva Schmidt"), maria);
        assert_eq!(read("Schmidt, Maria Eva"), maria);
        assert_eq!(read("Schmidt"), (String::new(), "Schmidt".to_owned()));
    }

    #[test]
    fn a_fault_tells_the_place_and_no_value() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known.json");
        fs::write(&path, "{\"names\":\n \"Secret Person\"}").unwrap();
        let failure = Known::read(&path).err().unwrap();
        assert_eq!(failure.faults()[0].line, 2);
        assert!(!format!("{failure:?}").contains("Secret"));
        fs::write(&path, "{\"patients\":{\"7\":{\"names\":[\"Ida Berg\"]}}}").unwrap();
        let known = Known::read(&path).unwrap();
        assert!(known.of(Some("7")).is_some() && known.of(Some("8")).is_none());
    }
}
