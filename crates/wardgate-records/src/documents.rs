//! Reads declared files: YAML of governance records, and FHIR JSON of patients and consents.
//!
//! Nothing stops at the first fault. What a file declares is known even when it is faulty, so
//! that a reference to it is not reported as a second fault.

mod clients;
mod fhir;
mod fields;
mod kinds;
mod yaml;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::fault::{Fault, Place, Severity};
use fields::Findings;

pub(crate) use fhir::{DeclaredCareTeam, DeclaredConsent, DeclaredPatient};
pub(crate) use fields::nearest;
pub(crate) use kinds::place_in_cedar;

/// What a set of files declares, and every fault found in them.
#[derive(Default)]
pub struct Documents {
    pub(crate) declared: Vec<Declared>,
    pub(crate) patients: Vec<DeclaredPatient>,
    pub(crate) consents: Vec<DeclaredConsent>,
    pub(crate) care_teams: Vec<DeclaredCareTeam>,
    pub(crate) faults: Vec<Fault>,
    files: usize,
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents")
            .field("files", &self.files)
            .field("declared", &self.declared.len())
            .field("patients", &self.patients.len())
            .field("consents", &self.consents.len())
            .field("care_teams", &self.care_teams.len())
            .field("faults", &self.faults.len())
            .finish()
    }
}

impl Documents {
    /// Reads files, and in folders every file that ends in `.yaml`, `.yml`, `.json` or `.ndjson`,
    /// in order of their names.
    #[must_use]
    pub fn read(paths: &[PathBuf]) -> Self {
        let mut documents = Self::default();
        for path in paths {
            documents.read_path(path, true);
        }
        documents
    }

    /// Reads one text as if it stood in a file of this name.
    #[must_use]
    pub fn of_text(name: &Path, text: &str) -> Self {
        let mut documents = Self::default();
        documents.read_text(name, text);
        documents
    }

    /// A record that was checked before, as if a file declared it.
    pub(crate) fn of_record(kind: &'static str, id: &str, record: &impl Serialize) -> Self {
        let place = Place::whole(&Arc::from(Path::new(kind)));
        let mut declared = Declared::stub(kind, id.to_owned(), place);
        declared.set(record, Vec::new());
        Self {
            declared: vec![declared],
            ..Self::default()
        }
    }

    /// The same, with what is secret in the record.
    pub(crate) fn with_secret(mut self, secret: Option<Zeroizing<String>>) -> Self {
        for declared in &mut self.declared {
            declared.secret.clone_from(&secret);
        }
        self
    }

    /// Adds what other documents declare.
    pub(crate) fn extend(&mut self, other: Self) {
        self.declared.extend(other.declared);
        self.patients.extend(other.patients);
        self.consents.extend(other.consents);
        self.faults.extend(other.faults);
        self.files += other.files;
    }

    /// The faults found so far; [`crate::Store::apply`] finds those between records.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether a fault found so far stops the apply.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.severity == Severity::Error)
    }

    /// How many files were read.
    #[must_use]
    pub const fn file_count(&self) -> usize {
        self.files
    }

    fn read_path(&mut self, path: &Path, named: bool) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.read_folder(path),
            Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
                let place = Place::whole(&Arc::from(path));
                self.faults.push(place.error(
                    format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20),
                    "split it",
                ));
            }
            Ok(_) if named || is_declaration(path) => match fs::read(path) {
                Ok(bytes) => self.read_bytes(path, bytes),
                Err(error) => self.unreadable(path, &error),
            },
            Ok(_) => {}
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn read_folder(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match entries {
            Ok(mut entries) => {
                entries.sort_unstable_by_key(fs::DirEntry::file_name);
                for entry in entries {
                    self.read_path(&entry.path(), false);
                }
            }
            Err(error) => self.unreadable(folder, &error),
        }
    }

    fn read_bytes(&mut self, path: &Path, bytes: Vec<u8>) {
        let bytes = Zeroizing::new(bytes);
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.read_text(path, text),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
                let line = valid.iter().filter(|byte| **byte == b'\n').count();
                let place = Place {
                    line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1),
                    ..Place::whole(&Arc::from(path))
                };
                self.faults
                    .push(place.error("the file is not UTF-8 text", "save it as UTF-8"));
            }
        }
    }

    fn read_text(&mut self, path: &Path, text: &str) {
        self.files += 1;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: Arc<Path> = Arc::from(path);
        match extension(path) {
            Some("json" | "ndjson") => fhir::read(text, &file, self),
            Some("yaml" | "yml") => self.read_yaml(text, &file),
            _ => self.faults.push(Place::whole(&file).error(
                "the file is neither YAML nor JSON by its name",
                "name it `.yaml`, `.yml`, `.json` or `.ndjson`",
            )),
        }
    }

    fn read_yaml(&mut self, text: &str, file: &Arc<Path>) {
        let nodes = yaml::documents(text, file, &mut self.faults);
        let findings = Findings {
            file: Arc::clone(file),
            faults: std::cell::RefCell::default(),
        };
        for node in &nodes {
            self.declared.extend(kinds::read(node, &findings));
        }
        self.faults.extend(findings.faults.into_inner());
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.faults.push(Place::whole(&Arc::from(path)).error(
            format!("cannot read the file: {}", error.kind()),
            "check the path and its permissions",
        ));
    }
}

/// One governance record as a file declares it.
pub(crate) struct Declared {
    /// The kind, as the store and references name it.
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) place: Place,
    /// The record as canonical JSON; `None` when it is faulty.
    pub(crate) body: Option<String>,
    /// What is secret in it.
    pub(crate) secret: Option<Zeroizing<String>>,
    /// What it refers to.
    pub(crate) links: Vec<Link>,
    /// Of a system: the model name, which no other system may have.
    pub(crate) model: Option<(String, Place)>,
    /// Of a policy file: the policies.
    pub(crate) cedar: Option<(String, Place)>,
}

/// A reference from one record to another.
pub(crate) struct Link {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) place: Place,
}

impl Link {
    const fn new(kind: &'static str, id: String, place: Place) -> Self {
        Self { kind, id, place }
    }
}

impl Declared {
    /// A record of which only kind and id are known.
    const fn stub(kind: &'static str, id: String, place: Place) -> Self {
        Self {
            kind,
            id,
            place,
            body: None,
            secret: None,
            links: Vec::new(),
            model: None,
            cedar: None,
        }
    }

    fn set(&mut self, record: &impl Serialize, links: Vec<Link>) {
        self.body = serde_json::to_string(record).ok();
        self.links = links;
    }
}

fn is_declaration(path: &Path) -> bool {
    matches!(extension(path), Some("yaml" | "yml" | "json" | "ndjson"))
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str)
}

const FILE_BYTES_MAX: u64 = 256 << 20;
