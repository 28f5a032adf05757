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
pub mod foresight;

mod apply;
mod break_glass;
mod care;
mod clients;
mod consents;
mod datasets;
pub mod directory;
mod documents;
mod error;
mod fault;
mod fhir;
mod hex;
mod hold;
mod id;
mod key;
mod key_set;
mod keys;
mod outbox;
mod patient;
mod payloads;
pub mod people;
pub mod projection;
mod proposals;
mod prune;
mod record;
mod rekey;
mod retention;
mod shred;
mod snapshot;
mod store;
mod told;
mod upkeep;

pub use apply::{Applied, ApplyError, ChangeKind, FieldChange, Mode, RecordDifference};
pub use break_glass::{
    BREAK_GLASS_LASTS, BREAK_GLASS_UNREVIEWED_MAX, BREAK_GLASS_WORDS_BYTES_MAX,
    BREAK_GLASS_WORDS_BYTES_MIN, BreakGlass, BreakGlassError, BreakGlassReason, BreakGlassRequest,
    BreakGlassReview, BreakGlassVerdict,
};
pub use care::{CARERS_MAX, Carer};
pub use clients::TokenGrant;
pub use consents::{
    Author, CONSENTS_PER_PATIENT_MAX, ChangedConsent, ConsentError, ConsentIssue, ConsentPage,
    ConsentRefused, ConsentSearch, ConsentWrite, DateFilter, DatePrefix, IssueKind, Origin,
    QueuePage, QueuedConsent, SEARCH_PAGE_MAX, StoredConsent, Token as SearchToken, Written,
};
pub use datasets::{DATASET_NAME_BYTES_MAX, Dataset, DatasetRelease, PrivacyBudget, Spending};
pub use documents::Documents;
pub use error::RecordsError;
pub use fault::{Fault, Severity};
pub use hold::{ACTIVE_HOLDS_MAX, HOLD_REASON_BYTES_MAX, Hold, HoldOn, HoldScope};
pub use id::{NotARecordId, RecordId};
pub use key::{KeyFault, PresentedKey};
pub use key_set::KeySet;
pub use keys::{KEY_DAYS_MAX, KeyRequest, LIVE_KEYS_MAX, NewKey};
pub use patient::{PatientAddress, PatientFile, PatientName};
pub use payloads::{Coverage, Payload, PayloadPart, PayloadStore, SealedPayload, StoredPayload};
pub use proposals::{
    LISTED_MAX, OPEN_PROPOSALS_MAX, POLICIES_BYTES_MAX, POLICY_FILES_MAX, PolicyVersion, Proposal,
    ProposalFault, ProposalState, ProposedChange, REASON_BYTES_MAX, VersionOrigin,
};
pub use prune::{KeptBy, PruneRules};
pub use record::{
    Acts, Agreement, AgreementKind, App, AppState, CallLimits, CareRelationship, Clients, DeidMode,
    Flow, FlowState, IssuedTo, Person, PersonIdentity, PersonState, PolicyFile, Requirements, Risk,
    Settings, System, Training, Upstream, Vendor,
};
pub use retention::{NotARetentionClass, RETENTION_DAYS_MAX, Retention, RetentionClass};
pub use shred::{Destroyed, Reach, Shredded};
pub use snapshot::{Ask, InventorySystem, Key, KeyRefusal, PatientMatch, Snapshot, Versioned};
pub use store::Store;
pub use told::HeldRecord;
pub use upkeep::{check_database, check_payloads, tell_restored};
