//! One text: decoded, looked through, written. Texts do not know of each other, so any thread may do any of them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wardgate_datasets::{Panicked, map_in_order};
use wardgate_deid::{Deidentifier, Kind, KnownIdentifiers, ProjectKey, Residue};

use super::encoding::Encoding;
use super::known::{Known, Patient};
use super::lines::Line;
use super::rules::Rules;
use super::span::{Offsets, Span, spans, type_name};
use super::tally::{Refused, Tally};
use crate::failure::Failure;

/// What is done with every text of a run.
pub(super) struct Work {
    pub(super) rules: Rules,
    pub(super) key: ProjectKey,
    pub(super) patient: String,
    pub(super) known: Known,
    pub(super) encoding: Encoding,
    pub(super) lossy: bool,
    pub(super) form: Form,
    pub(super) offsets: Offsets,
    /// Whether the texts with their marks are kept for a reviewer.
    pub(super) keep_marked: bool,
}

/// What is written of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The de-identified text as it is.
    Bare,
    /// `{"id","text"}` on a line.
    Record,
    /// What was found, on a line.
    Detected,
}

/// A text that was done, or was refused.
#[derive(Default)]
pub(super) struct Done {
    pub(super) out: Vec<u8>,
    pub(super) tally: Tally,
    pub(super) marked: Option<Marked>,
}

/// A text with its marks, for a reviewer; offsets count UTF-16.
#[derive(Debug, Serialize)]
pub(super) struct Marked {
    pub(super) id: Value,
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Record {
    id: Option<Value>,
    text: String,
    patient: Option<Value>,
    known: Option<Patient>,
}

#[derive(Serialize)]
struct Masked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    text: &'a str,
}

#[derive(Serialize)]
struct Detected<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    text: &'a str,
    spans: Vec<Span>,
}

impl Work {
    /// A whole file.
    pub(super) fn plain(
        &self,
        bytes: Vec<u8>,
        file: &Path,
        id: Option<&Value>,
        form: Form,
    ) -> Done {
        let decoded = self.encoding.decode(bytes, self.lossy);
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(fault) => {
                return refused(Refused {
                    file: file.to_owned(),
                    line: 0,
                    offset: fault.offset.map(|offset| offset as u64),
                    reason: fault.reason.to_owned(),
                    hint: fault.hint,
                });
            }
        };
        let known = self
            .known
            .of(Some(self.patient.as_str()).filter(|id| !id.is_empty()));
        let at = At { file, line: 0 };
        let mut done = self.text((id, &decoded.text), (&self.patient, known), form, at);
        done.tally.replaced_faults += decoded.replaced;
        done
    }

    /// A line of a file of records.
    pub(super) fn line(&self, line: Line, file: &Path) -> Done {
        let at = At {
            file,
            line: line.number,
        };
        let Some(bytes) = line.bytes else {
            let reason = format!("is longer than {TEXT_BYTES_MAX} bytes");
            return refused(at.refused(None, reason, "split the text"));
        };
        let decoded = match line.encoding.decode(bytes, self.lossy) {
            Ok(decoded) => decoded,
            Err(fault) => {
                let offset = fault.offset.map(|offset| line.offset + offset as u64);
                return refused(at.refused(offset, fault.reason, fault.hint));
            }
        };
        let text = decoded
            .text
            .strip_prefix('\u{feff}')
            .unwrap_or(&decoded.text);
        if text.trim().is_empty() {
            return Done::default();
        }
        let record: Record = match serde_json::from_str(text) {
            Ok(record) => record,
            // The parser's message could repeat a value.
            Err(error) => {
                let reason = format!("is not a record (column {})", error.column());
                let hint = "write one JSON object with `id` and `text` a line";
                return refused(at.refused(None, reason, hint));
            }
        };
        let patient = match &record.patient {
            None | Some(Value::Null) => self.patient.clone(),
            Some(Value::String(id)) => id.clone(),
            Some(other) => other.to_string(),
        };
        let own = record.known.as_ref().map(Patient::compile);
        let on_file = self
            .known
            .of(Some(patient.as_str()).filter(|id| !id.is_empty()));
        let known = own.as_ref().or(on_file);
        let form = match self.form {
            Form::Bare => Form::Record,
            form => form,
        };
        let named = (record.id.as_ref(), record.text.as_str());
        let mut done = self.text(named, (&patient, known), form, at);
        done.tally.replaced_faults += decoded.replaced;
        done
    }

    fn text(
        &self,
        (id, text): (Option<&Value>, &str),
        (patient, known): (&str, Option<&KnownIdentifiers>),
        form: Form,
        at: At<'_>,
    ) -> Done {
        let language = self.rules.language_of(text);
        let profile = self.rules.profile_of(language);
        let mut done = Done::default();
        done.tally.text(text.len(), profile);
        if form == Form::Detected || self.keep_marked {
            let findings = self.rules.find(text, language, known);
            if form == Form::Detected {
                done.tally.findings(&findings);
                let spans = spans(text, &findings, self.offsets);
                done.out = json_line(&Detected { id, text, spans });
            }
            done.marked = self.keep_marked.then(|| Marked {
                id: id.cloned().unwrap_or_else(|| at.name()),
                text: text.to_owned(),
                spans: spans(text, &findings, Offsets::Utf16),
            });
        }
        if form == Form::Detected {
            return done;
        }
        let (placeholders, pseudonyms) =
            (self.key.placeholders(patient), self.key.patient(patient));
        let deidentifier = Deidentifier::new(self.rules.engine(), &placeholders, known)
            .language(language)
            .profile(profile)
            .pseudonyms(&pseudonyms);
        let result = deidentifier.text([0; 32], text);
        if result.residue().is_strong() {
            let reason = format!(
                "still identifies after de-identification: {}",
                counts(result.residue())
            );
            let hint =
                "give what is on file of the patient with --known, and look at it with --review";
            done.tally = Tally::refused(at.refused(None, reason, hint));
            return done;
        }
        done.tally.report(result.report());
        done.tally.weak_residue(result.residue());
        let (masked, _) = result.into_parts();
        done.out = match form {
            Form::Record => {
                let text = String::from_utf8_lossy(&masked);
                json_line(&Masked { id, text: &text })
            }
            _ => masked,
        };
        done
    }
}

/// The results of work on all items, on as many threads, in the order of the items.
pub(super) fn in_order<T: Send, R: Send>(
    items: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> R + Sync,
) -> Result<Vec<R>, Failure> {
    map_in_order(items, threads, work).map_err(|Panicked| {
        Failure::new(
            "the program has a fault that one of the texts brings out",
            "report it, and leave that text out",
        )
    })
}

/// Where a text stands.
#[derive(Clone, Copy)]
struct At<'a> {
    file: &'a Path,
    line: u64,
}

impl At<'_> {
    fn refused(
        self,
        offset: Option<u64>,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Refused {
        Refused {
            file: PathBuf::from(self.file),
            line: self.line,
            offset,
            reason: reason.into(),
            hint: hint.into(),
        }
    }

    /// What a text without an id is called.
    fn name(self) -> Value {
        match self.line {
            0 => Value::from(self.file.to_string_lossy()),
            line => Value::from(line),
        }
    }
}

/// What is surely left, in counts.
fn counts(residue: &Residue) -> String {
    let counted = Kind::ALL
        .into_iter()
        .filter(|kind| residue.strong(*kind) > 0);
    let told = counted.map(|kind| format!("{} {}", residue.strong(kind), type_name(kind)));
    told.collect::<Vec<_>>().join(", ")
}

fn refused(refused: Refused) -> Done {
    Done {
        tally: Tally::refused(refused),
        ..Done::default()
    }
}

fn json_line(value: &impl Serialize) -> Vec<u8> {
    // Maps with text keys and numbers always serialise.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The longest text, or line of texts.
pub(super) const TEXT_BYTES_MAX: usize = 64 << 20;
