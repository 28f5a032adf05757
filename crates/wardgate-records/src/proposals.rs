//! Changes that take two people: proposed by one, approved by another, never by the same.
//!
//! A proposal is checked as strictly as an apply when it is made, and says which version it
//! starts from. When that is no longer the newest at approval, the proposal is stale: what was
//! looked at is not what would come to be. Approving, the change itself and its ledger events are
//! one transaction.

mod decide;
mod fault;
mod make;
mod row;
mod versions;

use jiff::Timestamp;

use crate::RecordId;
use crate::record::{PolicyFile, Vendor};

pub use fault::ProposalFault;
pub(crate) use row::PROPOSAL_OBJECT;
pub(crate) use versions::{Made, note as note_version};
pub use versions::{PolicyVersion, VersionOrigin};

/// A change that a second person decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: RecordId,
    /// What would be changed.
    pub change: ProposedChange,
    /// The version that it starts from: of the policies, or of the vendor's record; zero for a
    /// vendor who is not on file.
    pub base: u64,
    /// Why, in the proposer's words.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// Where it stands.
    pub state: ProposalState,
    /// Who decided and when.
    pub decided: Option<(String, Timestamp)>,
    /// The version that it made, when it was approved.
    pub version: Option<u64>,
}

/// What a proposal would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProposedChange {
    /// These files are the whole set of policies; none means the set that ships with Wardgate.
    Policies(Vec<PolicyFile>),
    /// This is the record of a vendor, with its agreement.
    Vendor(Vendor),
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalState {
    /// Nobody has decided yet.
    Open,
    /// Another person approved it, and it holds.
    Approved,
    /// Another person rejected it.
    Rejected,
    /// The proposer took it back.
    Withdrawn,
    /// What it starts from had changed when it was to be approved.
    Stale,
}

impl ProposalState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
        }
    }
}

impl ProposedChange {
    /// The kind of record: `policy` or `vendor`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Policies(_) => "policy",
            Self::Vendor(_) => "vendor",
        }
    }

    /// Which record, of a vendor.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Policies(_) => None,
            Self::Vendor(vendor) => Some(&vendor.id),
        }
    }
}

/// How many proposals may wait for a decision.
pub const OPEN_PROPOSALS_MAX: usize = 100;
/// The longest reason.
pub const REASON_BYTES_MAX: usize = 2_000;
/// The largest set of policies that can be proposed.
pub const POLICIES_BYTES_MAX: usize = 1 << 20;
/// How many files a set of policies may have.
pub const POLICY_FILES_MAX: usize = 256;
/// How many proposals or versions are listed at once.
pub const LISTED_MAX: u32 = 500;
