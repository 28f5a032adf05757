//! What a run did, in counts; never a value.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use wardgate_deid::{Finding, Kind, Layer, Profile, Report, Residue};

use super::span::{layer_name, type_name};
use crate::failure::{Failure, FileFault};

/// Counts, and what was refused.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) texts: u64,
    pub(super) bytes: u64,
    /// Bytes that were replaced because they are no text.
    pub(super) replaced_faults: u64,
    kinds: BTreeMap<Kind, u64>,
    layers: BTreeMap<Layer, u64>,
    /// What may still identify somebody, by the second look.
    weak: BTreeMap<Kind, u64>,
    profiles: BTreeMap<String, (String, u64)>,
    pub(super) refused: Vec<Refused>,
}

/// A text that was not written, and why.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) file: PathBuf,
    /// From 1; 0 when it is about the whole file.
    pub(super) line: u64,
    /// The byte of the file, where one is at fault.
    pub(super) offset: Option<u64>,
    pub(super) reason: String,
    pub(super) hint: String,
}

impl Tally {
    pub(super) fn refused(refused: Refused) -> Self {
        Self {
            refused: vec![refused],
            ..Self::default()
        }
    }

    /// Counts a text.
    pub(super) fn text(&mut self, bytes: usize, profile: &Profile) {
        self.texts += 1;
        self.bytes += bytes as u64;
        let hex = || {
            profile
                .digest()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect()
        };
        let entry = self.profiles.entry(profile.id().to_owned());
        entry.or_insert_with(|| (hex(), 0)).1 += 1;
    }

    /// Counts what was found.
    pub(super) fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            *self.kinds.entry(finding.kind).or_default() += 1;
            *self.layers.entry(finding.layer).or_default() += 1;
        }
    }

    /// Counts what was replaced.
    pub(super) fn report(&mut self, report: &Report) {
        for (kind, count) in report.kinds() {
            *self.kinds.entry(kind).or_default() += count;
        }
        for layer in Layer::ALL {
            let count = report.of_layer(layer);
            if count > 0 {
                *self.layers.entry(layer).or_default() += count;
            }
        }
    }

    /// Counts what the second look was not sure of.
    pub(super) fn weak_residue(&mut self, residue: &Residue) {
        for kind in Kind::ALL.into_iter().filter(|kind| residue.weak(*kind) > 0) {
            *self.weak.entry(kind).or_default() += u64::from(residue.weak(kind));
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.texts += other.texts;
        self.bytes += other.bytes;
        self.replaced_faults += other.replaced_faults;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (kind, count) in other.weak {
            *self.weak.entry(kind).or_default() += count;
        }
        for (layer, count) in other.layers {
            *self.layers.entry(layer).or_default() += count;
        }
        for (id, (digest, texts)) in other.profiles {
            self.profiles.entry(id).or_insert((digest, 0)).1 += texts;
        }
        self.refused.extend(other.refused);
    }

    /// The whole report.
    pub(super) fn json(&self) -> Value {
        let profiles: Vec<Value> = self
            .profiles
            .iter()
            .map(|(id, (digest, texts))| json!({"id": id, "digest": digest, "texts": texts}))
            .collect();
        let refused: Vec<Value> = self.refused.iter().map(Refused::json).collect();
        let named = |counts: &BTreeMap<Kind, u64>| {
            let counts = counts.iter();
            let named = counts.map(|(kind, count)| (type_name(*kind).to_owned(), json!(count)));
            named.collect::<serde_json::Map<_, _>>()
        };
        let layers = self.layers.iter();
        json!({
            "engine": concat!("wardgate-deid ", env!("CARGO_PKG_VERSION")),
            "texts": self.texts,
            "bytes": self.bytes,
            "identifiers": self.kinds.values().sum::<u64>(),
            "types": named(&self.kinds),
            "possible_residue": named(&self.weak),
            "layers": layers.map(|(layer, count)| (layer_name(*layer), json!(count))).collect::<serde_json::Map<_, _>>(),
            "replaced_bytes_of_no_text": self.replaced_faults,
            "profiles": profiles,
            "refused": refused,
        })
    }

    /// The same in a few lines.
    pub(super) fn text_lines(&self) -> String {
        let mut text = format!(
            "{} texts, {} bytes, {} identifiers, {} refused",
            self.texts,
            self.bytes,
            self.kinds.values().sum::<u64>(),
            self.refused.len()
        );
        for (kind, count) in &self.kinds {
            text.push_str(&format!("\n  {:<12}{count}", type_name(*kind)));
        }
        text
    }

    /// What ends the run, when anything was refused.
    pub(super) fn failure(&self) -> Option<Failure> {
        let faults: Vec<FileFault> = self
            .refused
            .iter()
            .take(REFUSED_TOLD_MAX)
            .map(Refused::fault)
            .collect();
        let count = self.refused.len();
        match (faults.as_slice(), self.texts) {
            ([], _) => None,
            ([only], 0) if count == 1 => {
                let place = match only.line {
                    0 => format!("`{}`", only.file.display()),
                    line => format!("line {line} of `{}`", only.file.display()),
                };
                let message = format!("{place} {}", only.message);
                Some(Failure::new(message, &only.hint))
            }
            _ => Some(Failure::with_faults(
                format!(
                    "{count} of {} texts were refused and not written",
                    self.texts + count as u64
                ),
                "correct them as the hints say; --report names them all",
                faults,
            )),
        }
    }
}

impl Refused {
    fn json(&self) -> Value {
        let mut value = json!({"file": self.file.to_string_lossy(), "reason": self.reason});
        if let Some(map) = value.as_object_mut() {
            if self.line > 0 {
                map.insert("line".to_owned(), json!(self.line));
            }
            if let Some(offset) = self.offset {
                map.insert("offset".to_owned(), json!(offset));
            }
        }
        value
    }

    fn fault(&self) -> FileFault {
        let message = match self.offset {
            Some(offset) => format!("{} at byte {offset}", self.reason),
            None => self.reason.clone(),
        };
        FileFault {
            file: self.file.clone(),
            line: u32::try_from(self.line).unwrap_or(u32::MAX),
            column: 0,
            message,
            hint: self.hint.clone(),
        }
    }
}

/// More than this many refusals are only counted on the screen.
const REFUSED_TOLD_MAX: usize = 20;
