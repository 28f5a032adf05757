//! Records, keys and the process.

use super::{Form, KindEntry, TOKENS, added, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::RecordChanged,
        meaning: "A record was created or changed.",
        members: &[
            required(
                "change",
                Form::OneOf(&["created", "changed"]),
                "Whether it is new.",
            ),
            optional(
                "digest",
                Form::Digest,
                "SHA-256 of the record's public part; absent for records that hold patient data.",
            ),
            required(
                "fields",
                TOKENS,
                "The fields that changed: names, never values.",
            ),
            required(
                "record",
                Form::Token,
                "The kind of record, such as `vendor`.",
            ),
            required(
                "record_id",
                Form::Token,
                "Its id; a patient's and a consent's id is its random handle.",
            ),
            required(
                "version",
                Form::Integer("version"),
                "Its version after the change.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::KeyCreated,
        meaning: "An API key was made.",
        members: &[
            required("app", Form::Token, "The app it belongs to."),
            required("expires", Form::Time, "When it ends."),
            required("key", Form::Id, "The key."),
            optional("person", Form::Token, "The person it acts for."),
            required(
                "purposes",
                TOKENS,
                "The purposes it may state; none means all that policy allows.",
            ),
            required(
                "systems",
                TOKENS,
                "The systems it may call; none means all that policy allows.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::KeyRevoked,
        meaning: "An API key was revoked.",
        members: &[
            required("app", Form::Token, "The app it belonged to."),
            required("key", Form::Id, "The key."),
        ],
    },
    KindEntry {
        kind: EventKind::PatientShredded,
        meaning: "A patient's key was destroyed, and with it the readability of all that it sealed.",
        members: &[
            added(
                2,
                "certificate",
                Form::Digest,
                "SHA-256 of the certificate of the shredding.",
            ),
            required(
                "consents",
                Form::Integer("consents"),
                "How many consents went with it.",
            ),
            required("patient", Form::Patient, "The patient."),
            added(
                2,
                "payloads",
                Form::Integer("payloads"),
                "How many sealed payloads became unreadable.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::GatewayStarted,
        meaning: "A gateway process began to serve.",
        members: &[
            required("boot", Form::Id, "The id of this start."),
            required("policy_hash", Form::Digest, "The policy set in force."),
            required(
                "recovered",
                Form::Integer("calls"),
                "Calls of an earlier process that were closed with an unknown outcome.",
            ),
            required("version", Form::Token, "The version of the program."),
        ],
    },
    KindEntry {
        kind: EventKind::GatewayStopped,
        meaning: "A gateway process ended in order.",
        members: &[required("boot", Form::Id, "The id of its start.")],
    },
    KindEntry {
        kind: EventKind::PolicyChanged,
        meaning: "Other policies decide from now on.",
        members: &[
            required(
                "after",
                Form::Digest,
                "The hash of the set that decides from now on.",
            ),
            required(
                "before",
                Form::Digest,
                "The hash of the set that decided before.",
            ),
        ],
    },
];
