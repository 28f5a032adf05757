//! Events of changes that need a second person.

use super::Token;
use super::canonical::Canonical;
use crate::RecordId;

/// A change was proposed that another person must approve.
#[derive(Clone, Copy, Debug)]
pub struct ProposalMade<'a> {
    /// The proposal.
    pub proposal: RecordId,
    /// What it would change: `policy` or `vendor`.
    pub record: Token<'a>,
    /// Which one, of a vendor.
    pub record_id: Option<Token<'a>>,
    /// The version that it starts from; zero for what does not exist yet.
    pub base: u64,
    /// SHA-256 of what is proposed.
    pub digest: [u8; 32],
    /// Who proposed it.
    pub person: Token<'a>,
}

/// A proposed change was decided.
#[derive(Clone, Copy, Debug)]
pub struct ProposalDecided<'a> {
    /// The proposal.
    pub proposal: RecordId,
    /// What it would change: `policy` or `vendor`.
    pub record: Token<'a>,
    /// How it was decided.
    pub outcome: ProposalOutcome,
    /// Who had proposed it.
    pub proposer: Token<'a>,
    /// Who decided; of one that came too late, who tried to approve it.
    pub person: Token<'a>,
    /// The version that it made, when it was approved.
    pub version: Option<u64>,
}

/// How a proposal was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalOutcome {
    /// Another person approved it, and it holds.
    Approved,
    /// Another person rejected it.
    Rejected,
    /// The proposer took it back.
    Withdrawn,
    /// What it started from had changed when it was to be approved.
    Stale,
}

/// One person went back to earlier policies.
#[derive(Clone, Copy, Debug)]
pub struct PolicyRolledBack<'a> {
    /// The version that this made.
    pub version: u64,
    /// The version whose policies hold again.
    pub to_version: u64,
    /// Who did it.
    pub person: Token<'a>,
}

/// A second person reviewed a rollback.
#[derive(Clone, Copy, Debug)]
pub struct RollbackReviewed<'a> {
    /// The version that the rollback had made.
    pub version: u64,
    /// Who reviewed it.
    pub person: Token<'a>,
}

impl ProposalOutcome {
    /// The word in the leaf and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Stale => "stale",
        }
    }
}

impl ProposalMade<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("base").integer(self.base);
        json.member("digest").hex(&self.digest);
        json.member("person").token(self.person);
        json.member("proposal").id(&self.proposal);
        json.member("record").token(self.record);
        if let Some(id) = self.record_id {
            json.member("record_id").token(id);
        }
    }
}

impl ProposalDecided<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("outcome").fixed(self.outcome.as_str());
        json.member("person").token(self.person);
        json.member("proposal").id(&self.proposal);
        json.member("proposer").token(self.proposer);
        json.member("record").token(self.record);
        if let Some(version) = self.version {
            json.member("version").integer(version);
        }
    }
}

impl PolicyRolledBack<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("person").token(self.person);
        json.member("to_version").integer(self.to_version);
        json.member("version").integer(self.version);
    }
}

impl RollbackReviewed<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("person").token(self.person);
        json.member("version").integer(self.version);
    }
}
