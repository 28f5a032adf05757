//! Reads ledger leaves back.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LEAF_BYTES_MAX, SCHEMA_VERSION};
use crate::RecordId;

/// What kind of event a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// `call.intent`
    CallIntent,
    /// `call.outcome`
    CallOutcome,
    /// `call.refused`
    CallRefused,
    /// `identity.refused`
    IdentityRefused,
    /// `record.changed`
    RecordChanged,
    /// `key.created`
    KeyCreated,
    /// `key.revoked`
    KeyRevoked,
    /// `patient.shredded`
    PatientShredded,
    /// `gateway.started`
    GatewayStarted,
    /// `gateway.stopped`
    GatewayStopped,
    /// `policy.changed`
    PolicyChanged,
    /// `ledger.storage_fault`
    StorageFault,
    /// `ledger.storage_full`
    StorageFull,
    /// `ledger.resumed`
    LedgerResumed,
    /// `ledger.fork_declared`
    ForkDeclared,
    /// `ledger.pruned`
    LedgerPruned,
    /// `ledger.exported`
    LedgerExported,
    /// `anchor.lost`
    AnchorLost,
    /// `anchor.restored`
    AnchorRestored,
    /// `retention.set`
    RetentionSet,
    /// `hold.placed`
    HoldPlaced,
    /// `hold.released`
    HoldReleased,
    /// `vault.key_rotated`
    KeyRotated,
    /// `vault.sealed`
    VaultSealed,
    /// `vault.unsealed`
    VaultUnsealed,
    /// `backup.made`
    BackupMade,
    /// `backup.restored`
    BackupRestored,
    /// `recovery.drilled`
    RecoveryDrilled,
    /// `clock.anomaly`
    ClockAnomaly,
    /// `session.started`
    SessionStarted,
    /// `session.ended`
    SessionEnded,
    /// `credential.added`
    CredentialAdded,
    /// `credential.removed`
    CredentialRemoved,
    /// `enrolment.issued`
    EnrolmentIssued,
    /// `access.denied`
    AccessDenied,
    /// `token.issued`
    TokenIssued,
    /// `proposal.made`
    ProposalMade,
    /// `proposal.decided`
    ProposalDecided,
    /// `policy.rolled_back`
    PolicyRolledBack,
    /// `policy.rollback_reviewed`
    RollbackReviewed,
    /// `break_glass.opened`
    BreakGlassOpened,
    /// `break_glass.reviewed`
    BreakGlassReviewed,
    /// `dataset.released`
    DatasetReleased,
    /// `dataset.refused`
    DatasetRefused,
    /// `dataset.deidentified`
    DatasetDeidentified,
    /// `budget.opened`
    BudgetOpened,
    /// `budget.spent`
    BudgetSpent,
}

impl EventKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &[Self] = &[
        Self::CallIntent,
        Self::CallOutcome,
        Self::CallRefused,
        Self::IdentityRefused,
        Self::RecordChanged,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::PatientShredded,
        Self::GatewayStarted,
        Self::GatewayStopped,
        Self::PolicyChanged,
        Self::StorageFault,
        Self::StorageFull,
        Self::LedgerResumed,
        Self::ForkDeclared,
        Self::LedgerPruned,
        Self::LedgerExported,
        Self::AnchorLost,
        Self::AnchorRestored,
        Self::RetentionSet,
        Self::HoldPlaced,
        Self::HoldReleased,
        Self::KeyRotated,
        Self::VaultSealed,
        Self::VaultUnsealed,
        Self::BackupMade,
        Self::BackupRestored,
        Self::RecoveryDrilled,
        Self::ClockAnomaly,
        Self::SessionStarted,
        Self::SessionEnded,
        Self::CredentialAdded,
        Self::CredentialRemoved,
        Self::EnrolmentIssued,
        Self::AccessDenied,
        Self::TokenIssued,
        Self::ProposalMade,
        Self::ProposalDecided,
        Self::PolicyRolledBack,
        Self::RollbackReviewed,
        Self::BreakGlassOpened,
        Self::BreakGlassReviewed,
        Self::DatasetReleased,
        Self::DatasetRefused,
        Self::DatasetDeidentified,
        Self::BudgetOpened,
        Self::BudgetSpent,
    ];

    /// The word in the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallIntent => "call.intent",
            Self::CallOutcome => "call.outcome",
            Self::CallRefused => "call.refused",
            Self::IdentityRefused => "identity.refused",
            Self::RecordChanged => "record.changed",
            Self::KeyCreated => "key.created",
            Self::KeyRevoked => "key.revoked",
            Self::PatientShredded => "patient.shredded",
            Self::GatewayStarted => "gateway.started",
            Self::GatewayStopped => "gateway.stopped",
            Self::PolicyChanged => "policy.changed",
            Self::StorageFault => "ledger.storage_fault",
            Self::StorageFull => "ledger.storage_full",
            Self::LedgerResumed => "ledger.resumed",
            Self::ForkDeclared => "ledger.fork_declared",
            Self::LedgerPruned => "ledger.pruned",
            Self::LedgerExported => "ledger.exported",
            Self::AnchorLost => "anchor.lost",
            Self::AnchorRestored => "anchor.restored",
            Self::RetentionSet => "retention.set",
            Self::HoldPlaced => "hold.placed",
            Self::HoldReleased => "hold.released",
            Self::KeyRotated => "vault.key_rotated",
            Self::VaultSealed => "vault.sealed",
            Self::VaultUnsealed => "vault.unsealed",
            Self::BackupMade => "backup.made",
            Self::BackupRestored => "backup.restored",
            Self::RecoveryDrilled => "recovery.drilled",
            Self::ClockAnomaly => "clock.anomaly",
            Self::SessionStarted => "session.started",
            Self::SessionEnded => "session.ended",
            Self::CredentialAdded => "credential.added",
            Self::CredentialRemoved => "credential.removed",
            Self::EnrolmentIssued => "enrolment.issued",
            Self::AccessDenied => "access.denied",
            Self::TokenIssued => "token.issued",
            Self::ProposalMade => "proposal.made",
            Self::ProposalDecided => "proposal.decided",
            Self::PolicyRolledBack => "policy.rolled_back",
            Self::RollbackReviewed => "policy.rollback_reviewed",
            Self::BreakGlassOpened => "break_glass.opened",
            Self::BreakGlassReviewed => "break_glass.reviewed",
            Self::DatasetReleased => "dataset.released",
            Self::DatasetRefused => "dataset.refused",
            Self::DatasetDeidentified => "dataset.deidentified",
            Self::BudgetOpened => "budget.opened",
            Self::BudgetSpent => "budget.spent",
        }
    }
}

impl EventKind {
    /// The version of the schema that has the kind first.
    #[must_use]
    pub const fn since(self) -> u64 {
        match self {
            Self::CallIntent
            | Self::CallOutcome
            | Self::CallRefused
            | Self::IdentityRefused
            | Self::RecordChanged
            | Self::KeyCreated
            | Self::KeyRevoked
            | Self::PatientShredded
            | Self::GatewayStarted
            | Self::GatewayStopped
            | Self::PolicyChanged => 1,
            Self::StorageFault
            | Self::StorageFull
            | Self::LedgerResumed
            | Self::ForkDeclared
            | Self::LedgerPruned
            | Self::LedgerExported
            | Self::AnchorLost
            | Self::AnchorRestored
            | Self::RetentionSet
            | Self::HoldPlaced
            | Self::HoldReleased
            | Self::KeyRotated
            | Self::VaultSealed
            | Self::VaultUnsealed
            | Self::BackupMade
            | Self::BackupRestored
            | Self::RecoveryDrilled
            | Self::ClockAnomaly => 2,
            Self::DatasetReleased
            | Self::DatasetRefused
            | Self::DatasetDeidentified
            | Self::BudgetOpened
            | Self::BudgetSpent => 4,
            _ => 3,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = EventFault;

    fn from_str(word: &str) -> Result<Self, EventFault> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == word)
            .ok_or(EventFault::UnknownType)
    }
}

/// A leaf that was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// The id of the event; of an intent, also the id of the call's record.
    pub id: RecordId,
    /// When it happened.
    pub at: Timestamp,
    /// What it is.
    pub kind: EventKind,
    data: Map<String, Value>,
}

impl StoredEvent {
    /// Reads a leaf.
    ///
    /// # Errors
    /// [`EventFault`] when the bytes are not a leaf of a version that this program knows.
    pub fn parse(leaf: &[u8]) -> Result<Self, EventFault> {
        if leaf.len() > LEAF_BYTES_MAX {
            return Err(EventFault::TooLarge);
        }
        let leaf: Leaf = serde_json::from_slice(leaf).map_err(|_| EventFault::Malformed)?;
        if !(1..=SCHEMA_VERSION).contains(&leaf.v) {
            return Err(EventFault::UnknownVersion(leaf.v));
        }
        Ok(Self {
            id: leaf.id.parse().map_err(|_| EventFault::Malformed)?,
            at: leaf.at.parse().map_err(|_| EventFault::Malformed)?,
            kind: leaf.kind.parse()?,
            data: leaf.data,
        })
    }

    /// The members of the event, as the leaf holds them.
    #[must_use]
    pub const fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// A text member.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }

    /// A number member.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.data.get(name)?.as_u64()
    }

    /// A member that is the id of another record.
    #[must_use]
    pub fn record_id(&self, name: &str) -> Option<RecordId> {
        self.text(name)?.parse().ok()
    }

    /// A member that is a 32-byte digest or commitment.
    #[must_use]
    pub fn digest(&self, name: &str) -> Option<[u8; 32]> {
        crate::hex::decode(self.text(name)?)
    }
}

/// The bytes are not a leaf that this program can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventFault {
    /// The leaf exceeds the limit.
    #[error("the ledger entry is larger than {LEAF_BYTES_MAX} bytes")]
    TooLarge,
    /// The leaf is not the JSON object that this program writes.
    #[error("the ledger entry is not an event")]
    Malformed,
    /// A newer program wrote the leaf.
    #[error("the ledger entry has the format version {0}, which this program does not know")]
    UnknownVersion(u64),
    /// A newer program wrote the leaf.
    #[error("the ledger entry has a type that this program does not know")]
    UnknownType,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaf {
    at: String,
    data: Map<String, Value>,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    v: u64,
}
