//! The store of governance records, and the facts they turn into.
//!
//! [`Store`] keeps what a hospital decides and writes down: vendors, systems, apps, people,
//! flows, policies, patients and consents. [`Documents`] reads them from files, [`Store::apply`]
//! makes them so, and [`Snapshot`] is what a call is decided on: immutable, in memory, at most
//! as old as the settings allow.
//!
//! What this crate deliberately does not do: it decides nothing, it reads no clock, and no
//! patient data leaves it but in the types that wipe themselves.

#![deny(missing_docs)]

pub mod events;

mod apply;
mod documents;
mod error;
mod fault;
mod fhir;
mod hex;
mod id;
mod key;
mod keys;
mod outbox;
mod patient;
mod payloads;
mod record;
mod shred;
mod snapshot;
mod store;

pub use apply::{Applied, ApplyError, ChangeKind, FieldChange, Mode, RecordDifference};
pub use documents::Documents;
pub use error::RecordsError;
pub use fault::{Fault, Severity};
pub use id::{NotARecordId, RecordId};
pub use key::{KeyFault, PresentedKey};
pub use keys::{KEY_DAYS_MAX, KeyRequest, LIVE_KEYS_MAX, NewKey};
pub use patient::{PatientAddress, PatientFile, PatientName};
pub use payloads::{Payload, PayloadPart, PayloadStore, SealedPayload, StoredPayload};
pub use record::{
    Acts, Agreement, AgreementKind, App, AppState, CallLimits, DeidMode, Flow, FlowState, Person,
    PersonState, PolicyFile, Requirements, Risk, Settings, System, Training, Upstream, Vendor,
};
pub use shred::Shredded;
pub use snapshot::{Ask, InventorySystem, Key, KeyRefusal, PatientMatch, Snapshot, Versioned};
pub use store::Store;
