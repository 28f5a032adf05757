//! The events that the ledger keeps: the only place where ledger leaves are made.
//!
//! A leaf is `{"at":..,"data":{..},"id":..,"type":..,"v":..}` in RFC 8785 canonical JSON, at most
//! [`LEAF_BYTES_MAX`] bytes. Its types hold ids, codes, numbers, digests, times and random
//! patient handles, and cannot hold free text or patient data: text enters as a [`Token`] only.

mod break_glass;
mod call;
mod canonical;
mod catalogue;
mod custody;
mod dataset;
mod destruction;
mod examples;
mod identity;
mod log;
mod open;
mod people;
mod proposal;
mod read;
mod record;
mod token;

use jiff::Timestamp;

use crate::RecordId;
use canonical::Canonical;

pub use break_glass::{BreakGlassOpened, BreakGlassReviewed};
pub use call::{
    CallIntent, CallOutcome, CallRefused, ConsentHandle, Decision, DeidSummary, FactUsed,
    GateOutcome, GateResult, OutcomeStatus, Patient,
};
pub use catalogue::{Form, KindEntry, Member, catalogue, json_schema};
pub use custody::{
    BackupMade, BackupRestored, HoldPlaced, HoldReleased, KeyRotated, RecoveryDrilled,
    RetentionSet, VaultSealed, VaultUnsealed,
};
pub use dataset::{
    BudgetOpened, BudgetSpent, DatasetDeidentified, DatasetRefused, DatasetReleased, ElementCounts,
};
pub use destruction::{Destruction, KeySetState, statement_digest};
pub use examples::examples;
pub use identity::{Credential, CredentialKind, TokenIssued};
pub use log::{
    AnchorKind, AnchorLost, AnchorRestored, ClockAnomaly, ForkDeclared, LedgerExported,
    LedgerPruned, LedgerResumed, StorageFault, StorageFull,
};
pub use open::{OpenIntent, OpenIntentsFault, open_intents};
pub use people::{
    AccessDenied, CredentialAdded, CredentialRemoved, EnrolmentIssued, SessionEnded, SessionStarted,
};
pub use proposal::{
    PolicyRolledBack, ProposalDecided, ProposalMade, ProposalOutcome, RollbackReviewed,
};
pub use read::{EventFault, EventKind, StoredEvent};
pub use record::{
    GatewayStarted, GatewayStopped, IdentityRefused, KeyCreated, KeyRevoked, PatientShredded,
    PolicyChanged, RecordChange, RecordChanged,
};
pub use token::{NotAToken, Token};

/// The largest leaf.
pub const LEAF_BYTES_MAX: usize = 16 * 1024;

/// The newest version of the schema that this program writes and reads. Version 2 added the
/// kinds from `ledger.storage_fault` on and the last two members of `patient.shredded`; version 3
/// those from `session.started` on, what `call.intent` says of callers without an API key, and
/// what a decision on a call was asked; version 4 those from `dataset.released` on.
pub const SCHEMA_VERSION: u64 = 4;

/// Something that happened and that the ledger keeps.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call is about to leave for a model.
    CallIntent(CallIntent<'a>),
    /// What became of a call whose intent is in the ledger.
    CallOutcome(CallOutcome<'a>),
    /// A gate said no to a call.
    CallRefused(CallRefused<'a>),
    /// Callers that could not be identified, counted together.
    IdentityRefused(IdentityRefused<'a>),
    /// A record was created or changed.
    RecordChanged(RecordChanged<'a>),
    /// An API key was made.
    KeyCreated(KeyCreated<'a>),
    /// An API key was revoked.
    KeyRevoked(KeyRevoked<'a>),
    /// A patient's key was destroyed.
    PatientShredded(PatientShredded),
    /// A gateway process began to serve.
    GatewayStarted(GatewayStarted<'a>),
    /// A gateway process ended in order.
    GatewayStopped(GatewayStopped),
    /// Other policies decide from now on.
    PolicyChanged(PolicyChanged),
    /// The disk failed a write or a sync of the ledger, and calls were refused until it was read back.
    StorageFault(StorageFault<'a>),
    /// The disk of the ledger was full, and calls were refused.
    StorageFull(StorageFull),
    /// The ledger takes entries again after a fault.
    LedgerResumed(LedgerResumed),
    /// A person declared that this ledger goes on under another origin: the old one was rolled back or
    ForkDeclared(ForkDeclared<'a>),
    /// The oldest entries were removed after their retention; their hashes stay.
    LedgerPruned(LedgerPruned),
    /// Entries were exported.
    LedgerExported(LedgerExported),
    /// An anchor could not be reached for longer than configured.
    AnchorLost(AnchorLost<'a>),
    /// An anchor that was lost answers again.
    AnchorRestored(AnchorRestored<'a>),
    /// How long a class of data is kept. It only ever becomes longer.
    RetentionSet(RetentionSet<'a>),
    /// A legal hold was placed: what it covers is neither shredded nor pruned.
    HoldPlaced(HoldPlaced<'a>),
    /// A legal hold was released.
    HoldReleased(HoldReleased<'a>),
    /// A key of the vault has a new version, and what the old one wrapped was wrapped anew.
    KeyRotated(KeyRotated<'a>),
    /// The vault can not open keys, and calls are refused.
    VaultSealed(VaultSealed<'a>),
    /// The vault opens keys again.
    VaultUnsealed(VaultUnsealed<'a>),
    /// A backup was made and verified.
    BackupMade(BackupMade),
    /// A backup was restored into this data directory.
    BackupRestored(BackupRestored),
    /// The offline recovery was tried and worked.
    RecoveryDrilled(RecoveryDrilled),
    /// The wall clock moved otherwise than the monotonic clock.
    ClockAnomaly(ClockAnomaly),
    /// A person signed in, or proved anew who they are.
    SessionStarted(SessionStarted<'a>),
    /// A session ended.
    SessionEnded(SessionEnded<'a>),
    /// A person has one more way to sign in.
    CredentialAdded(CredentialAdded<'a>),
    /// A person has one way less to sign in.
    CredentialRemoved(CredentialRemoved<'a>),
    /// A one-time link was made by which a person gets ways to sign in.
    EnrolmentIssued(EnrolmentIssued<'a>),
    /// What was asked of the console was denied, counted together.
    AccessDenied(AccessDenied<'a>),
    /// An application was given an access token.
    TokenIssued(TokenIssued<'a>),
    /// A change was proposed that another person must approve.
    ProposalMade(ProposalMade<'a>),
    /// A proposed change was approved, rejected, withdrawn, or came too late.
    ProposalDecided(ProposalDecided<'a>),
    /// One person went back to earlier policies; another must review it.
    PolicyRolledBack(PolicyRolledBack<'a>),
    /// A second person reviewed a rollback.
    RollbackReviewed(RollbackReviewed<'a>),
    /// A person opened a patient's data in an emergency.
    BreakGlassOpened(BreakGlassOpened<'a>),
    /// Another person reviewed an emergency access.
    BreakGlassReviewed(BreakGlassReviewed<'a>),
    /// A data set left with a manifest.
    DatasetReleased(DatasetReleased<'a>),
    /// A data set was not let go.
    DatasetRefused(DatasetRefused<'a>),
    /// Records were de-identified on request of an interface.
    DatasetDeidentified(DatasetDeidentified<'a>),
    /// A privacy budget was opened.
    BudgetOpened(BudgetOpened<'a>),
    /// Privacy was spent from a budget.
    BudgetSpent(BudgetSpent<'a>),
}

impl Event<'_> {
    /// The kind of the event, as the leaf names it.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::CallIntent(_) => EventKind::CallIntent,
            Self::CallOutcome(_) => EventKind::CallOutcome,
            Self::CallRefused(_) => EventKind::CallRefused,
            Self::IdentityRefused(_) => EventKind::IdentityRefused,
            Self::RecordChanged(_) => EventKind::RecordChanged,
            Self::KeyCreated(_) => EventKind::KeyCreated,
            Self::KeyRevoked(_) => EventKind::KeyRevoked,
            Self::PatientShredded(_) => EventKind::PatientShredded,
            Self::GatewayStarted(_) => EventKind::GatewayStarted,
            Self::GatewayStopped(_) => EventKind::GatewayStopped,
            Self::PolicyChanged(_) => EventKind::PolicyChanged,
            Self::StorageFault(_) => EventKind::StorageFault,
            Self::StorageFull(_) => EventKind::StorageFull,
            Self::LedgerResumed(_) => EventKind::LedgerResumed,
            Self::ForkDeclared(_) => EventKind::ForkDeclared,
            Self::LedgerPruned(_) => EventKind::LedgerPruned,
            Self::LedgerExported(_) => EventKind::LedgerExported,
            Self::AnchorLost(_) => EventKind::AnchorLost,
            Self::AnchorRestored(_) => EventKind::AnchorRestored,
            Self::RetentionSet(_) => EventKind::RetentionSet,
            Self::HoldPlaced(_) => EventKind::HoldPlaced,
            Self::HoldReleased(_) => EventKind::HoldReleased,
            Self::KeyRotated(_) => EventKind::KeyRotated,
            Self::VaultSealed(_) => EventKind::VaultSealed,
            Self::VaultUnsealed(_) => EventKind::VaultUnsealed,
            Self::BackupMade(_) => EventKind::BackupMade,
            Self::BackupRestored(_) => EventKind::BackupRestored,
            Self::RecoveryDrilled(_) => EventKind::RecoveryDrilled,
            Self::ClockAnomaly(_) => EventKind::ClockAnomaly,
            Self::SessionStarted(_) => EventKind::SessionStarted,
            Self::SessionEnded(_) => EventKind::SessionEnded,
            Self::CredentialAdded(_) => EventKind::CredentialAdded,
            Self::CredentialRemoved(_) => EventKind::CredentialRemoved,
            Self::EnrolmentIssued(_) => EventKind::EnrolmentIssued,
            Self::AccessDenied(_) => EventKind::AccessDenied,
            Self::TokenIssued(_) => EventKind::TokenIssued,
            Self::ProposalMade(_) => EventKind::ProposalMade,
            Self::ProposalDecided(_) => EventKind::ProposalDecided,
            Self::PolicyRolledBack(_) => EventKind::PolicyRolledBack,
            Self::RollbackReviewed(_) => EventKind::RollbackReviewed,
            Self::BreakGlassOpened(_) => EventKind::BreakGlassOpened,
            Self::BreakGlassReviewed(_) => EventKind::BreakGlassReviewed,
            Self::DatasetReleased(_) => EventKind::DatasetReleased,
            Self::DatasetRefused(_) => EventKind::DatasetRefused,
            Self::DatasetDeidentified(_) => EventKind::DatasetDeidentified,
            Self::BudgetOpened(_) => EventKind::BudgetOpened,
            Self::BudgetSpent(_) => EventKind::BudgetSpent,
        }
    }

    /// The oldest version of the schema that has this kind and all its members that are set: an
    /// older program goes on reading what it can read.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::CallIntent(event) => event.version(),
            Self::CallRefused(event) => event.version(),
            Self::PatientShredded(event) => event.version(),
            event => event.kind().since(),
        }
    }

    /// The leaf of this event.
    ///
    /// # Errors
    /// [`LeafTooLarge`] when the leaf would exceed [`LEAF_BYTES_MAX`].
    pub fn leaf(&self, id: RecordId, at: Timestamp) -> Result<Vec<u8>, LeafTooLarge> {
        let mut json = Canonical::with_capacity(LEAF_BYTES_TYPICAL);
        json.object(|json| {
            json.member("at").time(at);
            json.member("data").object(|json| self.data(json));
            json.member("id").id(&id);
            json.member("type").fixed(self.kind().as_str());
            json.member("v").integer(self.version());
        });
        let leaf = json.into_bytes();
        if leaf.len() > LEAF_BYTES_MAX {
            return Err(LeafTooLarge {
                kind: self.kind(),
                bytes: leaf.len(),
            });
        }
        Ok(leaf)
    }

    fn data(&self, json: &mut Canonical) {
        match self {
            Self::CallIntent(event) => event.write(json),
            Self::CallOutcome(event) => event.write(json),
            Self::CallRefused(event) => event.write(json),
            Self::IdentityRefused(event) => event.write(json),
            Self::RecordChanged(event) => event.write(json),
            Self::KeyCreated(event) => event.write(json),
            Self::KeyRevoked(event) => event.write(json),
            Self::PatientShredded(event) => event.write(json),
            Self::GatewayStarted(event) => event.write(json),
            Self::GatewayStopped(event) => event.write(json),
            Self::PolicyChanged(event) => event.write(json),
            Self::StorageFault(event) => event.write(json),
            Self::StorageFull(event) => event.write(json),
            Self::LedgerResumed(event) => event.write(json),
            Self::ForkDeclared(event) => event.write(json),
            Self::LedgerPruned(event) => event.write(json),
            Self::LedgerExported(event) => event.write(json),
            Self::AnchorLost(event) => event.write(json),
            Self::AnchorRestored(event) => event.write(json),
            Self::RetentionSet(event) => event.write(json),
            Self::HoldPlaced(event) => event.write(json),
            Self::HoldReleased(event) => event.write(json),
            Self::KeyRotated(event) => event.write(json),
            Self::VaultSealed(event) => event.write(json),
            Self::VaultUnsealed(event) => event.write(json),
            Self::BackupMade(event) => event.write(json),
            Self::BackupRestored(event) => event.write(json),
            Self::RecoveryDrilled(event) => event.write(json),
            Self::ClockAnomaly(event) => event.write(json),
            Self::SessionStarted(event) => event.write(json),
            Self::SessionEnded(event) => event.write(json),
            Self::CredentialAdded(event) => event.write(json),
            Self::CredentialRemoved(event) => event.write(json),
            Self::EnrolmentIssued(event) => event.write(json),
            Self::AccessDenied(event) => event.write(json),
            Self::TokenIssued(event) => event.write(json),
            Self::ProposalMade(event) => event.write(json),
            Self::ProposalDecided(event) => event.write(json),
            Self::PolicyRolledBack(event) => event.write(json),
            Self::RollbackReviewed(event) => event.write(json),
            Self::BreakGlassOpened(event) => event.write(json),
            Self::BreakGlassReviewed(event) => event.write(json),
            Self::DatasetReleased(event) => event.write(json),
            Self::DatasetRefused(event) => event.write(json),
            Self::DatasetDeidentified(event) => event.write(json),
            Self::BudgetOpened(event) => event.write(json),
            Self::BudgetSpent(event) => event.write(json),
        }
    }
}

/// An event does not fit into a leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a `{kind}` event of {bytes} bytes does not fit into a ledger leaf of {LEAF_BYTES_MAX}")]
pub struct LeafTooLarge {
    kind: EventKind,
    bytes: usize,
}

/// Enough for nearly every event, so that writing one allocates once.
const LEAF_BYTES_TYPICAL: usize = 4096;

#[cfg(test)]
mod tests;
