//! Emergency access.

use super::{Form, KindEntry, Member, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::BreakGlassOpened,
        meaning: "A person opened a patient's data in an emergency, for a short time and under review.",
        members: &[
            ACCESS,
            PATIENT,
            required("person", Form::Token, "Who opened it."),
            required("reason", Form::Token, "Why, as a code."),
            required(
                "until",
                Form::Time,
                "The first instant at which it is over.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::BreakGlassReviewed,
        meaning: "Another person reviewed an emergency access, and by that ended it.",
        members: &[
            ACCESS,
            required("opened_by", Form::Token, "Who had opened it."),
            PATIENT,
            required("person", Form::Token, "Who reviewed it."),
            required("verdict", Form::Token, "What they found, as a code."),
        ],
    },
];

const ACCESS: Member = required("access", Form::Id, "The emergency access.");
const PATIENT: Member = optional(
    "patient",
    Form::Patient,
    "The patient; absent when nobody on file was meant.",
);
