//! The events that the ledger keeps: the only place where ledger leaves are made.
//!
//! A leaf is `{"at":..,"data":{..},"id":..,"type":..,"v":1}` in RFC 8785 canonical JSON, at most
//! [`LEAF_BYTES_MAX`] bytes. Its types hold ids, codes, numbers, digests, times and random
//! patient handles, and cannot hold free text or patient data: text enters as a [`Token`] only.

mod call;
mod canonical;
mod open;
mod read;
mod record;
mod token;

use jiff::Timestamp;

use crate::RecordId;
use canonical::Canonical;

pub use call::{
    CallIntent, CallOutcome, CallRefused, ConsentHandle, DeidSummary, FactUsed, GateOutcome,
    GateResult, OutcomeStatus, Patient,
};
pub use open::{OpenIntent, OpenIntentsFault, open_intents};
pub use read::{EventFault, EventKind, StoredEvent};
pub use record::{
    GatewayStarted, GatewayStopped, IdentityRefused, KeyCreated, KeyRevoked, PatientShredded,
    PolicyChanged, RecordChange, RecordChanged,
};
pub use token::{NotAToken, Token};

/// The largest leaf.
pub const LEAF_BYTES_MAX: usize = 16 * 1024;

/// The version of the leaf format that this program writes.
pub const LEAF_VERSION: u64 = 1;

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
            json.member("v").integer(LEAF_VERSION);
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
