//! Ledger entries as other systems read them: FHIR AuditEvent, OCSF and CSV.
//!
//! Every row carries the entry as it stands in the ledger, its index, its leaf hash and the
//! hashes that lead from it to the root of a signed tree: a row taken alone can be proven with
//! the checkpoint. The row itself is a translation; the entry within is what counts.

mod csv;
mod fhir;
mod ocsf;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::RecordId;
use crate::events::{EventKind, StoredEvent};

/// An entry of the ledger with what proves it.
#[derive(Clone, Copy, Debug)]
pub struct Proven<'a> {
    /// The identity of the log.
    pub origin: &'a str,
    /// The size of the tree that the proof leads to.
    pub tree_size: u64,
    /// The index of the entry.
    pub index: u64,
    /// Its leaf hash.
    pub leaf_hash: &'a [u8; 32],
    /// The neighbours on the way from the leaf to the root.
    pub path: &'a [[u8; 32]],
    /// The entry.
    pub leaf: &'a [u8],
}

impl Proven<'_> {
    fn leaf_hash(&self) -> String {
        crate::hex::encode(self.leaf_hash)
    }

    fn path(&self) -> Vec<String> {
        self.path.iter().map(|hash| STANDARD.encode(hash)).collect()
    }

    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.leaf)
    }
}

/// What entries are translated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Projection {
    /// FHIR R4 AuditEvent after the IHE profiles of Basic Audit Log Patterns, one a line.
    Fhir,
    /// OCSF events, one a line.
    Ocsf,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

impl Projection {
    /// Every projection.
    pub const ALL: [Self; 3] = [Self::Fhir, Self::Ocsf, Self::Csv];

    /// Its word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::Ocsf => "ocsf",
            Self::Csv => "csv",
        }
    }

    /// The name of its file in an export.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Fhir => "fhir-auditevents.ndjson",
            Self::Ocsf => "ocsf-events.ndjson",
            Self::Csv => "entries.csv",
        }
    }

    /// What stands before the first row.
    #[must_use]
    pub fn header(self) -> String {
        match self {
            Self::Fhir | Self::Ocsf => String::new(),
            Self::Csv => csv::header(),
        }
    }

    /// The rows of an entry, each with its line end.
    #[must_use]
    pub fn rows(
        self,
        entry: &Proven<'_>,
        event: Option<&StoredEvent>,
        call: Option<&Call>,
    ) -> String {
        match self {
            Self::Fhir => lines(fhir::resources(entry, event, call)),
            Self::Ocsf => lines(vec![ocsf::event(entry, event, call)]),
            Self::Csv => csv::row(entry, event, call),
        }
    }
}

/// What an intent said of a call, for the row of its outcome.
#[derive(Clone, Debug, Default)]
pub struct Call {
    app: Option<String>,
    person: Option<String>,
    system: Option<String>,
    purpose: Option<String>,
    patient: Option<String>,
    recipient: Option<String>,
}

/// The calls under way while entries are read in order.
#[derive(Debug, Default)]
pub struct Calls(HashMap<RecordId, Call>);

impl Calls {
    /// What is known of the call that an entry tells of. Read every entry in order.
    pub fn of(&mut self, event: &StoredEvent) -> Option<Call> {
        match event.kind {
            EventKind::CallIntent => {
                let call = Call::of(event);
                // An outcome whose intent was forgotten is shown without it.
                if self.0.len() < CALLS_MAX {
                    self.0.insert(event.id, call.clone());
                }
                Some(call)
            }
            EventKind::CallRefused => Some(Call::of(event)),
            EventKind::CallOutcome => self.0.remove(&event.record_id("call")?),
            _ => None,
        }
    }
}

impl Call {
    /// A member by its name in the intent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let member = match name {
            "app" => &self.app,
            "person" => &self.person,
            "system" => &self.system,
            "purpose" => &self.purpose,
            "patient" => &self.patient,
            "recipient" => &self.recipient,
            _ => return None,
        };
        member.as_deref()
    }

    fn of(event: &StoredEvent) -> Self {
        let text = |name: &str| event.text(name).map(str::to_owned);
        Self {
            app: text("app"),
            person: text("person"),
            system: text("system"),
            purpose: text("purpose"),
            patient: text("patient"),
            recipient: text("recipient"),
        }
    }
}

fn lines(values: Vec<Value>) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// More calls than any node has under way.
const CALLS_MAX: usize = 65_536;

#[cfg(test)]
mod tests;
