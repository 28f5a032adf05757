//! All that a decision reads, in memory: immutable, swapped when records change.

mod care;
mod facts;
pub(crate) mod load;
mod named;

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use wardgate_authz::{Consent, ConsentDomain, Policies};
use wardgate_vault::{DerivedKey, PatientHandle};

use crate::RecordId;
use crate::break_glass::BreakGlass;
use crate::care::Carer;
use crate::events::ConsentHandle;
use crate::key::PresentedKey;
use crate::patient::{PatientFile, lookup};
use crate::record::{App, Flow, Person, Settings, System, Vendor};

pub use facts::Ask;

/// The records as of one moment.
///
/// Dates are compared when a fact is asked for, with the caller's `now`: an agreement that ends
/// at noon refuses at noon, without any change of the records.
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) as_of: Timestamp,
    pub(crate) records: Arc<Records>,
}

/// A record with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The record.
    pub record: T,
    /// How often it was changed, from 1.
    pub version: u64,
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

/// A system of the inventory with the tokens of its upstreams.
#[derive(Debug)]
pub struct InventorySystem {
    /// The record.
    pub system: Versioned<System>,
    pub(crate) tokens: HashMap<String, SecretString>,
}

impl InventorySystem {
    /// The token that an upstream asks for, by the upstream's name.
    #[must_use]
    pub fn upstream_token(&self, upstream: &str) -> Option<&SecretString> {
        self.tokens.get(upstream)
    }
}

impl Deref for InventorySystem {
    type Target = System;

    fn deref(&self) -> &System {
        &self.system.record
    }
}

/// An API key on file: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: RecordId,
    /// The app it belongs to.
    pub app: String,
    /// The person it acts for.
    pub person: Option<String>,
    /// The environment that its text names.
    pub environment: String,
    /// When it was made.
    pub created: Timestamp,
    /// The first instant at which it is not accepted any more.
    pub expires: Timestamp,
    /// Since when it is revoked.
    pub revoked: Option<Timestamp>,
    /// The systems it may call; none means all that policy allows.
    pub systems: Vec<String>,
    /// The purposes it may state; none means all that policy allows.
    pub purposes: Vec<String>,
}

impl Key {
    /// Whether the key's scope holds this system.
    #[must_use]
    pub fn allows_system(&self, id: &str) -> bool {
        self.systems.is_empty() || self.systems.iter().any(|system| system == id)
    }

    /// Whether the key's scope holds this purpose.
    #[must_use]
    pub fn allows_purpose(&self, code: &str) -> bool {
        self.purposes.is_empty() || self.purposes.iter().any(|purpose| purpose == code)
    }

    /// Whether the key is accepted now.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires
    }
}

/// Why a well-formed key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefusal {
    /// No such key is on file.
    #[error("the API key is not known")]
    Unknown,
    /// Its time is over.
    #[error("the API key has expired")]
    Expired(RecordId),
    /// It was revoked.
    #[error("the API key was revoked")]
    Revoked(RecordId),
}

/// Who a reference means.
#[derive(Clone, Copy, Debug)]
pub enum PatientMatch<'s> {
    /// One patient.
    One(&'s Arc<PatientFile>),
    /// Nobody on file.
    Unknown,
    /// Two or more patients share the identifier: nobody can be meant.
    Ambiguous,
}

impl Snapshot {
    /// When the records were last known to be current.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The key that a caller presented.
    ///
    /// # Errors
    /// [`KeyRefusal`] when it is not on file, expired or revoked.
    pub fn identify(
        &self,
        presented: &PresentedKey<'_>,
        now: Timestamp,
    ) -> Result<&Arc<Key>, KeyRefusal> {
        let mac = self.records.pepper.mac(presented.as_bytes());
        let key = self.records.keys.get(&mac).ok_or(KeyRefusal::Unknown)?;
        if key.revoked.is_some() {
            return Err(KeyRefusal::Revoked(key.id));
        }
        if now >= key.expires {
            return Err(KeyRefusal::Expired(key.id));
        }
        Ok(key)
    }

    /// Every key on file.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.records.keys.values()
    }

    /// An app by its id.
    #[must_use]
    pub fn app(&self, id: &str) -> Option<&Arc<Versioned<App>>> {
        self.records.apps.get(id)
    }

    /// Every app, in no order.
    pub fn apps(&self) -> impl Iterator<Item = &Arc<Versioned<App>>> {
        self.records.apps.values()
    }

    /// A person by the id.
    #[must_use]
    pub fn person(&self, id: &str) -> Option<&Arc<Versioned<Person>>> {
        self.records.people.get(id)
    }

    /// Everybody, in no order.
    pub fn people(&self) -> impl Iterator<Item = &Arc<Versioned<Person>>> {
        self.records.people.values()
    }

    /// A vendor by its id.
    #[must_use]
    pub fn vendor(&self, id: &str) -> Option<&Arc<Versioned<Vendor>>> {
        self.records.vendors.get(id)
    }

    /// Every vendor, in no order.
    pub fn vendors(&self) -> impl Iterator<Item = &Arc<Versioned<Vendor>>> {
        self.records.vendors.values()
    }

    /// A system by its id.
    #[must_use]
    pub fn system(&self, id: &str) -> Option<&Arc<InventorySystem>> {
        self.records.systems.get(id)
    }

    /// A system by the model name that callers use.
    #[must_use]
    pub fn system_by_model(&self, model: &str) -> Option<&Arc<InventorySystem>> {
        self.system(self.records.models.get(model)?)
    }

    /// Every system, in no order.
    pub fn systems(&self) -> impl Iterator<Item = &Arc<InventorySystem>> {
        self.records.systems.values()
    }

    /// Every declared or withdrawn flow, in no order.
    pub fn flows(&self) -> impl Iterator<Item = &Arc<Versioned<Flow>>> {
        self.records.flows.values()
    }

    /// The patient that a reference (`Patient/123`) or identifier (`system|value`, or the value
    /// alone) means.
    #[must_use]
    pub fn patient(&self, reference: &str) -> PatientMatch<'_> {
        let blind = self.records.index_key.mac(lookup(reference).as_bytes());
        let handles = self.records.patient_index.get(&blind).map(Vec::as_slice);
        match handles {
            Some([one]) => self
                .patient_by_handle(*one)
                .map_or(PatientMatch::Unknown, PatientMatch::One),
            Some([_, _, ..]) => PatientMatch::Ambiguous,
            _ => PatientMatch::Unknown,
        }
    }

    /// A patient by the random handle.
    #[must_use]
    pub fn patient_by_handle(&self, handle: PatientHandle) -> Option<&Arc<PatientFile>> {
        self.records.patients.get(&handle)
    }

    /// How many patients are on file.
    #[must_use]
    pub fn patient_count(&self) -> usize {
        self.records.patients.len()
    }

    /// The consents of a patient.
    #[must_use]
    pub fn consents(&self, patient: PatientHandle) -> &[Consent] {
        self.records
            .consents
            .get(&patient)
            .map_or(&[], |consents| consents.as_slice())
    }

    /// Who cares for a patient, each with a period.
    #[must_use]
    pub fn carers(&self, patient: PatientHandle) -> &[Carer] {
        self.records
            .carers
            .get(&patient)
            .map_or(&[], |carers| carers.as_slice())
    }

    /// The care teams of a patient that a person belongs to at a time, as consents name them.
    pub fn care_teams<'s>(
        &'s self,
        patient: PatientHandle,
        person: &'s str,
        at: Timestamp,
    ) -> impl Iterator<Item = &'s str> {
        self.carers(patient)
            .iter()
            .filter(move |carer| carer.person == person && carer.cares_at(at))
            .map(|carer| carer.team.as_str())
    }

    /// The name under which the store and the ledger know a consent (`Consent/<id>`).
    #[must_use]
    pub fn consent_handle(&self, reference: &str) -> ConsentHandle {
        ConsentHandle(self.records.index_key.mac(reference.as_bytes()))
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &Arc<Policies> {
        &self.records.policies
    }

    /// What holds for a patient without an applicable consent, as the decision takes it.
    #[must_use]
    pub fn consent_domain(&self) -> &ConsentDomain {
        &self.records.consent_domain
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.records.settings.record
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("as_of", &self.as_of)
            .field("sequence", &self.records.sequence)
            .finish_non_exhaustive()
    }
}

/// The content of a snapshot, shared between the snapshots of an unchanged store.
#[derive(Clone)]
pub(crate) struct Records {
    /// The change sequence up to which the content is complete.
    pub(crate) sequence: i64,
    pub(crate) pepper: Arc<DerivedKey>,
    pub(crate) index_key: Arc<DerivedKey>,
    pub(crate) keys: HashMap<[u8; 32], Arc<Key>>,
    pub(crate) apps: HashMap<String, Arc<Versioned<App>>>,
    pub(crate) people: HashMap<String, Arc<Versioned<Person>>>,
    pub(crate) vendors: HashMap<String, Arc<Versioned<Vendor>>>,
    pub(crate) systems: HashMap<String, Arc<InventorySystem>>,
    /// Model name to system id.
    pub(crate) models: HashMap<String, String>,
    pub(crate) flows: HashMap<String, Arc<Versioned<Flow>>>,
    pub(crate) patient_index: HashMap<[u8; 32], Vec<PatientHandle>>,
    pub(crate) patients: HashMap<PatientHandle, Arc<PatientFile>>,
    pub(crate) consents: HashMap<PatientHandle, Arc<Vec<Consent>>>,
    pub(crate) carers: HashMap<PatientHandle, Arc<Vec<Carer>>>,
    /// Those that await their review.
    pub(crate) break_glass: HashMap<RecordId, BreakGlass>,
    pub(crate) policy_files: HashMap<String, String>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) settings: Versioned<Settings>,
    pub(crate) consent_domain: ConsentDomain,
    pub(crate) prepared: Arc<facts::PreparedFacts>,
}
