//! Consents with all their versions: what each said, who wrote it, when and how.
//!
//! The text of every version is sealed under the patient's own key. The store knows a consent by
//! a keyed digest of its reference, because the reference itself may identify.

mod change;
mod queue;
mod read;
mod resource;
mod rows;
mod search;

use std::fmt;

use jiff::Timestamp;
use wardgate_vault::{PatientHandle, VaultError};
use zeroize::Zeroizing;

use crate::error::RecordsError;

pub(crate) use change::NewVersion;
pub use change::{ChangedConsent, ConsentRefused, ConsentWrite};
pub use queue::{QueuePage, QueuedConsent};
pub use resource::{ConsentIssue, IssueKind};
pub(crate) use rows::{archive, remove};
pub use search::{ConsentPage, ConsentSearch, DateFilter, DatePrefix, SEARCH_PAGE_MAX, Token};

/// One version of a consent.
pub struct StoredConsent {
    /// The id of the resource.
    pub id: String,
    /// Whose consent it is.
    pub patient: PatientHandle,
    /// Which version, from 1.
    pub version: u64,
    /// Where it came from.
    pub written: Written,
    /// The FHIR resource in JSON, with version and time in `meta`.
    pub json: Zeroizing<String>,
    /// The name under which the store knows the consent, in hexadecimal.
    pub(crate) handle: String,
}

impl fmt::Debug for StoredConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredConsent")
            .field("patient", &self.patient)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl StoredConsent {
    /// The id of the Provenance of this version.
    #[must_use]
    pub fn provenance_id(&self) -> String {
        let handle = self.handle.get(..PROVENANCE_HANDLE_CHARS);
        format!("{}-{}", handle.unwrap_or_default(), self.version)
    }
}

/// Where a version of a consent came from.
pub struct Written {
    /// When it came in.
    pub at: Timestamp,
    /// How it came in.
    pub how: Origin,
    /// Who brought it.
    pub by: Author,
    /// What it was taken from, such as a file and a line.
    pub source: Option<Zeroizing<String>>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written")
            .field("at", &self.at)
            .field("how", &self.how)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// How a version of a consent came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Declared in a file with other records.
    Apply,
    /// Imported from a file of consents.
    Import,
    /// Sent as FHIR over HTTP.
    Api,
    /// Written to settle a consent that could not be computed.
    Queue,
}

impl Origin {
    /// Every origin.
    pub const ALL: &'static [Self] = &[Self::Apply, Self::Import, Self::Api, Self::Queue];

    /// Its word in the store and in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Import => "import",
            Self::Api => "api",
            Self::Queue => "queue",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|origin| origin.word() == word)
    }
}

/// Who brought a version of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// Whoever operates the host, by a command.
    Host,
    /// A person, by the id on file.
    Person(String),
    /// An application, by the id on file.
    App(String),
}

impl Author {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Person(_) => "person",
            Self::App(_) => "app",
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Person(id) | Self::App(id) => Some(id),
        }
    }

    fn of(kind: &str, id: Option<String>) -> Option<Self> {
        match (kind, id) {
            ("host", _) => Some(Self::Host),
            ("person", Some(id)) => Some(Self::Person(id)),
            ("app", Some(id)) => Some(Self::App(id)),
            _ => None,
        }
    }
}

/// Why a consent is not read or changed as asked. Never holds patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// There is no such consent, or no such version of it.
    #[error("there is no such consent")]
    Unknown,
    /// Somebody else changed it in the meantime.
    #[error("the consent has version {current} by now")]
    Conflict {
        /// The version that is in force.
        current: u64,
    },
    /// The resource is not one that can be kept.
    #[error("the consent is not a valid FHIR R4 Consent")]
    Invalid(Vec<ConsentIssue>),
    /// Nobody on file is its patient.
    #[error("the consent names a patient who is not on file")]
    UnknownPatient,
    /// The consent on file is about somebody else.
    #[error("the consent on file belongs to another patient")]
    OtherPatient,
    /// The patient has as many consents as one can have.
    #[error("the patient has {CONSENTS_PER_PATIENT_MAX} consents, which is the most")]
    TooMany,
    /// It was to be settled, and still cannot be computed.
    #[error("the consent cannot be computed: {why}")]
    NotComputable {
        /// Why not, in fixed words.
        why: String,
    },
    /// It was to be settled, and there is nothing to settle.
    #[error("the consent can be computed, or was settled already")]
    NothingToSettle,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RecordsError),
}

impl ConsentError {
    /// What the reader of this error can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unknown => "check the id",
            Self::Conflict { .. } => "read it again, and change what is there now",
            Self::Invalid(_) => "check it with a FHIR validator",
            Self::UnknownPatient => "declare the patient's FHIR resource first",
            Self::OtherPatient => "give it a new id, and withdraw the old one by `inactive`",
            Self::TooMany => "change one of those on file",
            Self::NotComputable { .. } => {
                "write it with status, scope, period, actor, purpose and type that are understood"
            }
            Self::NothingToSettle => "look at the queue again",
            Self::Store(error) => error.hint(),
        }
    }
}

impl From<VaultError> for ConsentError {
    fn from(error: VaultError) -> Self {
        Self::Store(error.into())
    }
}

/// The most consents of one patient: each of them is asked on every call about that patient.
pub const CONSENTS_PER_PATIENT_MAX: usize = 200;
/// How much of the keyed digest stands in the id of a Provenance, which has at most 64 characters.
const PROVENANCE_HANDLE_CHARS: usize = 40;
