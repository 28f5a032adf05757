//! Gathers what the decision on a call depends on, all from one snapshot.

use std::sync::Arc;

use jiff::Timestamp;
use wardgate_authz::{Facts, Purpose};
use wardgate_records::{Ask, InventorySystem, PatientFile, PatientMatch, Snapshot};

use crate::call::{Call, CallDigest, Stated};
use crate::identity::Identified;
use crate::refusal::{self, Refusal};

/// Proof that the facts of one call were read, and those facts.
pub(crate) struct Gathered {
    call: CallDigest,
    at: Timestamp,
    snapshot: Arc<Snapshot>,
    system: Arc<InventorySystem>,
    purpose: Purpose,
    subject: Subject,
    conversation: Option<String>,
    facts: Facts,
}

/// Whom a call is about.
enum Subject {
    Nobody,
    Known(Arc<PatientFile>),
    /// A patient is named, but not one on file.
    Unknown,
}

impl Gathered {
    /// The call these facts are about.
    pub(crate) fn call(&self) -> &CallDigest {
        &self.call
    }

    /// When they were read: the time that the decision compares dates with.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// The records the facts were read from.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The system called.
    pub(crate) fn system(&self) -> &InventorySystem {
        &self.system
    }

    /// Why it is called.
    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The patient on file that the call is about.
    pub(crate) fn patient(&self) -> Option<&Arc<PatientFile>> {
        match &self.subject {
            Subject::Known(patient) => Some(patient),
            Subject::Nobody | Subject::Unknown => None,
        }
    }

    /// The conversation, as the caller names it.
    pub(crate) fn conversation(&self) -> Option<&str> {
        self.conversation.as_deref()
    }

    /// The governance facts.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The class of the data that the call sends.
    pub(crate) fn data_class(&self) -> &'static str {
        match self.subject {
            Subject::Nobody => GENERAL_TEXT,
            Subject::Known(_) | Subject::Unknown => PATIENT_TEXT,
        }
    }

    /// How the decision sees the patient.
    pub(crate) fn subject(&self) -> Option<wardgate_authz::Subject<'_>> {
        match &self.subject {
            Subject::Nobody => None,
            Subject::Known(patient) => Some(wardgate_authz::Subject::Known(&patient.reference)),
            Subject::Unknown => Some(wardgate_authz::Subject::Unknown),
        }
    }

    /// Where the vendor processes the data.
    pub(crate) fn region(&self) -> &str {
        self.snapshot
            .vendor(&self.system.vendor)
            .map_or(UNKNOWN_REGION, |vendor| &vendor.region)
    }
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathered")
            .field("system", &self.system.id)
            .field("data_class", &self.data_class())
            .finish_non_exhaustive()
    }
}

/// Reads the facts of a call. A system outside the key's scope is as unknown as one that does not exist.
pub(crate) fn gather(
    snapshot: Arc<Snapshot>,
    call: &Call,
    stated: Stated,
    now: Timestamp,
) -> Result<Gathered, Refusal> {
    let caller = call.admitted().caller();
    let system = snapshot
        .system_by_model(call.model())
        .filter(|system| caller.allows_system(&system.id));
    let system = system
        .ok_or_else(|| Refusal::new(&refusal::MODEL_UNKNOWN))?
        .clone();
    let purpose = purpose(&stated, caller)?;
    let subject = match &stated.patient {
        None if system.requires.patient => return Err(Refusal::new(&refusal::PATIENT_REQUIRED)),
        None => Subject::Nobody,
        Some(reference) => match snapshot.patient(reference) {
            PatientMatch::One(patient) => Subject::Known(patient.clone()),
            PatientMatch::Unknown | PatientMatch::Ambiguous => Subject::Unknown,
        },
    };
    let data_class = if matches!(subject, Subject::Nobody) {
        GENERAL_TEXT
    } else {
        PATIENT_TEXT
    };
    let facts = snapshot.facts(&Ask {
        patient: match &subject {
            Subject::Known(patient) => Some(patient.handle),
            Subject::Nobody | Subject::Unknown => None,
        },
        break_glass: stated.break_glass,
        ..ask(caller, &system, purpose, data_class, now)
    });
    Ok(Gathered {
        call: *call.digest(),
        at: now,
        system,
        purpose,
        subject,
        conversation: stated.conversation,
        facts,
        snapshot,
    })
}

/// What is asked of the records for one caller, system and purpose, about no patient.
pub(crate) fn ask<'a>(
    caller: &'a Identified,
    system: &'a InventorySystem,
    purpose: Purpose,
    data_class: &'a str,
    now: Timestamp,
) -> Ask<'a> {
    Ask {
        app: &caller.app().id,
        person: caller.person().map(|person| person.id.as_str()),
        system: &system.id,
        purpose: purpose.code(),
        data_class,
        patient: None,
        break_glass: None,
        now,
    }
}

fn purpose(stated: &Stated, caller: &Identified) -> Result<Purpose, Refusal> {
    let purpose = match (stated.purpose, caller.purposes()) {
        (Some(purpose), _) => purpose,
        // A key for one purpose says it by itself.
        (None, [only]) => only
            .parse()
            .map_err(|_| Refusal::new(&refusal::PURPOSE_REQUIRED))?,
        (None, _) => return Err(Refusal::new(&refusal::PURPOSE_REQUIRED)),
    };
    if caller.allows_purpose(purpose.code()) {
        Ok(purpose)
    } else {
        Err(Refusal::new(&refusal::SCOPE_PURPOSE))
    }
}

/// No vendor, no region; such a call is refused by policy.
const UNKNOWN_REGION: &str = "unknown";
/// A call that names its patient.
const PATIENT_TEXT: &str = "patient-text";
/// A call that names no patient.
const GENERAL_TEXT: &str = "general-text";
