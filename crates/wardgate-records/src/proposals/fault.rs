//! Why a proposal can not be made or decided as asked.

/// Why a proposal can not be made or decided as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalFault {
    /// The proposer can not decide, nor the one who rolled back review.
    #[error("nobody decides on what they proposed or did themselves")]
    Own,
    /// Only the proposer takes a proposal back.
    #[error("only the person who proposed it can withdraw it")]
    NotOwn,
    /// It was decided before.
    #[error("it was decided before")]
    Decided,
    /// What it starts from is no longer the newest.
    #[error("what it starts from has changed since")]
    Stale,
    /// The change would change nothing.
    #[error("it would change nothing")]
    Unchanged,
    /// Too many wait for a decision.
    #[error("{} proposals wait for a decision", super::OPEN_PROPOSALS_MAX)]
    TooMany,
    /// It is larger than may be.
    #[error("it is larger than a proposal may be")]
    TooLarge,
    /// There is no reason, or it is too long.
    #[error("it needs a reason of at most {} bytes", super::REASON_BYTES_MAX)]
    Reason,
    /// The person may not act.
    #[error("the person is not active")]
    PersonNotActive,
    /// The policies no longer go together with this build.
    #[error("its policies are not valid in this build")]
    Invalid,
    /// The version is no rollback that waits for review.
    #[error("the version is no rollback that waits for a review")]
    NotForReview,
}

impl ProposalFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Own => "proposal.own",
            Self::NotOwn => "proposal.not_own",
            Self::Decided => "proposal.decided",
            Self::Stale => "proposal.stale",
            Self::Unchanged => "proposal.unchanged",
            Self::TooMany => "proposal.too_many",
            Self::TooLarge => "proposal.too_large",
            Self::Reason => "proposal.reason",
            Self::PersonNotActive => "proposal.person_not_active",
            Self::Invalid => "proposal.invalid",
            Self::NotForReview => "proposal.not_for_review",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Own => "ask a colleague whose role may decide on it",
            Self::NotOwn => "reject it if your role may decide on it",
            Self::Decided => "look at its state; propose anew if it is still wanted",
            Self::Stale => "look at what holds now, and propose the change anew",
            Self::Unchanged => "compare with the version in force",
            Self::TooMany => "have the open ones decided or withdrawn first",
            Self::TooLarge => "propose a smaller set",
            Self::Reason => "say in a sentence or two why the change is needed",
            Self::PersonNotActive => "ask an administrator about the account",
            Self::Invalid => "check the files with `wardgate policy test`, and propose them anew",
            Self::NotForReview => "see `wardgate policy history`",
        }
    }
}
