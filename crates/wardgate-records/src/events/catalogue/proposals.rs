//! Changes that need a second person.

use super::{Form, KindEntry, Member, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::ProposalMade,
        meaning: "A change was proposed that another person must approve.",
        members: &[
            required(
                "base",
                Form::Integer("version"),
                "The version that it starts from; 0 for what does not exist yet.",
            ),
            required("digest", Form::Digest, "SHA-256 of what is proposed."),
            required("person", Form::Token, "Who proposed it."),
            PROPOSAL,
            RECORD,
            optional("record_id", Form::Token, "Which one, of a vendor."),
        ],
    },
    KindEntry {
        kind: EventKind::ProposalDecided,
        meaning: "A proposed change was approved, rejected, withdrawn, or came too late because what it started from had changed.",
        members: &[
            required(
                "outcome",
                Form::OneOf(&["approved", "rejected", "withdrawn", "stale"]),
                "How it was decided.",
            ),
            required(
                "person",
                Form::Token,
                "Who decided; of a stale one, who tried to approve it.",
            ),
            PROPOSAL,
            required("proposer", Form::Token, "Who had proposed it."),
            RECORD,
            optional(
                "version",
                Form::Integer("version"),
                "The version that it made, when it was approved.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::PolicyRolledBack,
        meaning: "One person went back to earlier policies; another must review it.",
        members: &[
            required("person", Form::Token, "Who did it."),
            required(
                "to_version",
                Form::Integer("version"),
                "The version whose policies hold again.",
            ),
            required(
                "version",
                Form::Integer("version"),
                "The version that this made.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::RollbackReviewed,
        meaning: "A second person reviewed a rollback of the policies.",
        members: &[
            required("person", Form::Token, "Who reviewed it."),
            required(
                "version",
                Form::Integer("version"),
                "The version that the rollback had made.",
            ),
        ],
    },
];

const PROPOSAL: Member = required("proposal", Form::Id, "The proposal.");
const RECORD: Member = required(
    "record",
    Form::Token,
    "What it would change: `policy` or `vendor`.",
);
