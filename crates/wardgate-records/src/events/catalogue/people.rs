//! People who sign in.

use super::{Form, KindEntry, Member, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::SessionStarted,
        meaning: "A person signed in, or proved anew who they are; a session that it takes the place of ends with it.",
        members: &[
            required(
                "kind",
                Form::OneOf(&["browser", "cli"]),
                "Browser or command line.",
            ),
            required(
                "level",
                Form::Integer("level"),
                "The level of the proof: 1 one factor, 2 two factors, 3 phishing-resistant.",
            ),
            required("means", Form::Token, "What it was proven by."),
            required("person", Form::Token, "Whose it is."),
            optional(
                "rotated_from",
                Form::Id,
                "The session that it takes the place of.",
            ),
            SESSION,
        ],
    },
    KindEntry {
        kind: EventKind::SessionEnded,
        meaning: "A session ended, other than by another one in its place.",
        members: &[
            required("person", Form::Token, "Whose it was."),
            REASON,
            SESSION,
        ],
    },
    KindEntry {
        kind: EventKind::CredentialAdded,
        meaning: "A person has one more way to sign in.",
        members: &[
            CREDENTIAL,
            KIND,
            required("person", Form::Token, "Whose it is."),
        ],
    },
    KindEntry {
        kind: EventKind::CredentialRemoved,
        meaning: "A person has one way less to sign in.",
        members: &[
            CREDENTIAL,
            KIND,
            required("person", Form::Token, "Whose it was."),
            REASON,
        ],
    },
    KindEntry {
        kind: EventKind::EnrolmentIssued,
        meaning: "A one-time link was made by which a person gets ways to sign in.",
        members: &[
            optional(
                "by",
                Form::Token,
                "Who made it; absent when it was made on the host.",
            ),
            required("expires", Form::Time, "When it ends."),
            required("link", Form::Id, "The link."),
            required("person", Form::Token, "For whom."),
            required(
                "purpose",
                Form::OneOf(&["enrol", "recover"]),
                "The first ways to sign in, or others in place of those that were lost.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::AccessDenied,
        meaning: "People or applications were denied what they asked of the console, counted together.",
        members: &[
            required("code", Form::Token, "Why, as a stable code."),
            required(
                "count",
                Form::Integer("denials"),
                "How many this event stands for.",
            ),
            required("first", Form::Time, "The first of them."),
            required("last", Form::Time, "The last of them."),
            optional("operation", Form::Token, "What was asked for."),
            optional("person", Form::Token, "By whom, as far as it was proven."),
        ],
    },
];

const SESSION: Member = required("session", Form::Id, "The session.");
const CREDENTIAL: Member = required("credential", Form::Id, "The credential.");
const REASON: Member = required("reason", Form::Token, "Why, as a stable code.");
const KIND: Member = required(
    "kind",
    Form::OneOf(&["passkey", "totp", "password", "recovery"]),
    "What it is.",
);
