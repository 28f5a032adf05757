//! Events of the ledger itself, its anchors and the clock.

use jiff::Timestamp;

use super::Token;
use super::canonical::Canonical;
use crate::RecordId;

/// The disk failed a write or a sync of the ledger, and calls were refused until it was read back.
#[derive(Clone, Copy, Debug)]
pub struct StorageFault<'a> {
    /// Why, as a stable code.
    pub reason: Token<'a>,
    /// How many entries were acknowledged before.
    pub index: u64,
    /// When it was found.
    pub occurred: Option<Timestamp>,
}

/// The disk of the ledger was full, and calls were refused.
#[derive(Clone, Copy, Debug)]
pub struct StorageFull {
    /// How many entries were acknowledged before.
    pub index: u64,
    /// When it was found.
    pub occurred: Option<Timestamp>,
}

/// The ledger takes entries again after a fault.
#[derive(Clone, Copy, Debug)]
pub struct LedgerResumed {
    /// How many entries it held when it resumed.
    pub index: u64,
    /// How many were acknowledged before the fault.
    pub fault_index: u64,
}

/// A person declared that this ledger goes on under another origin: the old one was rolled back or
/// lost entries that others had witnessed.
#[derive(Clone, Copy, Debug)]
pub struct ForkDeclared<'a> {
    /// The origin up to now.
    pub old_origin: Token<'a>,
    /// The origin from now on.
    pub new_origin: Token<'a>,
    /// How many entries were found.
    pub found_size: u64,
    /// How many entries others had witnessed.
    pub witnessed_size: u64,
    /// Why, as a code.
    pub reason: Token<'a>,
    /// Who declared it.
    pub person: Option<Token<'a>>,
}

/// The oldest entries were removed after their retention; their hashes stay.
#[derive(Clone, Copy, Debug)]
pub struct LedgerPruned {
    /// The first entry that is still there.
    pub minimum: u64,
    /// How many entries were removed this time.
    pub entries: u64,
}

/// Entries were exported.
#[derive(Clone, Copy, Debug)]
pub struct LedgerExported {
    /// The first entry.
    pub from: u64,
    /// One past the last entry.
    pub to: u64,
    /// SHA-256 of the manifest of the export.
    pub manifest: [u8; 32],
}

/// An anchor could not be reached for longer than configured.
#[derive(Clone, Copy, Debug)]
pub struct AnchorLost<'a> {
    /// What kind of anchor it is.
    pub anchor: AnchorKind,
    /// Its name in the configuration.
    pub name: Token<'a>,
    /// When it last answered, or the start of the process.
    pub since: Timestamp,
}

/// An anchor that was lost answers again.
#[derive(Clone, Copy, Debug)]
pub struct AnchorRestored<'a> {
    /// What kind of anchor it is.
    pub anchor: AnchorKind,
    /// Its name in the configuration.
    pub name: Token<'a>,
    /// When it last had answered before it was lost.
    pub since: Timestamp,
}

/// The wall clock moved otherwise than the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct ClockAnomaly {
    /// The start of the process that saw it.
    pub boot: RecordId,
    /// The wall clock when it was last looked at.
    pub before: Timestamp,
    /// The wall clock now.
    pub after: Timestamp,
    /// How long it was in between by the monotonic clock, in milliseconds.
    pub monotonic_ms: u64,
}

/// Who outside keeps what the ledger said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnchorKind {
    /// A witness that cosigns checkpoints.
    Witness,
    /// A time-stamping authority (RFC 3161).
    Timestamp,
    /// A copy in object storage.
    Copy,
}

impl AnchorKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Witness, Self::Timestamp, Self::Copy];

    /// The word in the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Timestamp => "timestamp",
            Self::Copy => "copy",
        }
    }
}

impl StorageFault<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("index").integer(self.index);
        if let Some(occurred) = self.occurred {
            json.member("occurred").time(occurred);
        }
        json.member("reason").token(self.reason);
    }
}

impl StorageFull {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("index").integer(self.index);
        if let Some(occurred) = self.occurred {
            json.member("occurred").time(occurred);
        }
    }
}

impl LedgerResumed {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("fault_index").integer(self.fault_index);
        json.member("index").integer(self.index);
    }
}

impl ForkDeclared<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("found_size").integer(self.found_size);
        json.member("new_origin").token(self.new_origin);
        json.member("old_origin").token(self.old_origin);
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
        json.member("reason").token(self.reason);
        json.member("witnessed_size").integer(self.witnessed_size);
    }
}

impl LedgerPruned {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("entries").integer(self.entries);
        json.member("minimum").integer(self.minimum);
    }
}

impl LedgerExported {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("from").integer(self.from);
        json.member("manifest").hex(&self.manifest);
        json.member("to").integer(self.to);
    }
}

impl AnchorLost<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("anchor").fixed(self.anchor.as_str());
        json.member("name").token(self.name);
        json.member("since").time(self.since);
    }
}

impl AnchorRestored<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("anchor").fixed(self.anchor.as_str());
        json.member("name").token(self.name);
        json.member("since").time(self.since);
    }
}

impl ClockAnomaly {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("after").time(self.after);
        json.member("before").time(self.before);
        json.member("boot").id(&self.boot);
        json.member("monotonic_ms").integer(self.monotonic_ms);
    }
}
