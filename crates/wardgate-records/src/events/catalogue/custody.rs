//! The vault's keys, retention, holds and backups.

use super::{Form, KindEntry, Member, PERSON, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::RetentionSet,
        meaning: "How long a class of data is kept was set; it only ever becomes longer.",
        members: &[
            optional("before_days", Form::Integer("days"), "How long up to now."),
            required("class", Form::Token, "The class of data."),
            required("days", Form::Integer("days"), "How long from now on."),
            PERSON,
        ],
    },
    KindEntry {
        kind: EventKind::HoldPlaced,
        meaning: "A legal hold was placed: what it covers is neither shredded nor pruned.",
        members: &[
            optional("from", Form::Time, "From when on it keeps everything."),
            HOLD_ID,
            HOLD_PATIENT,
            PERSON,
            HOLD_REASON,
            optional("to", Form::Time, "Until when it keeps everything."),
        ],
    },
    KindEntry {
        kind: EventKind::HoldReleased,
        meaning: "A legal hold was released.",
        members: HOLD,
    },
    KindEntry {
        kind: EventKind::KeyRotated,
        meaning: "A key of the vault has a new version, and what the old one wrapped was wrapped anew.",
        members: &[
            required(
                "from_version",
                Form::Integer("version"),
                "The version up to now.",
            ),
            required("key", Form::Token, "The key, by its name in the hierarchy."),
            required("provider", Form::Token, "The kind of key provider."),
            required(
                "to_version",
                Form::Integer("version"),
                "The version from now on.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::VaultSealed,
        meaning: "The vault can not open keys, and calls are refused.",
        members: SEAL,
    },
    KindEntry {
        kind: EventKind::VaultUnsealed,
        meaning: "The vault opens keys again.",
        members: SEAL,
    },
    KindEntry {
        kind: EventKind::BackupMade,
        meaning: "A backup was made and verified.",
        members: &[
            required("backup", Form::Id, "The backup."),
            required("bytes", Form::Integer("bytes"), "Its size."),
            required("digest", Form::Digest, "SHA-256 of the backup."),
            required(
                "entries",
                Form::Integer("entries"),
                "How many ledger entries it holds.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::BackupRestored,
        meaning: "A backup was restored into this data directory.",
        members: &[
            required("backup", Form::Id, "The backup."),
            required(
                "entries",
                Form::Integer("entries"),
                "How many ledger entries it held.",
            ),
            required(
                "shreddings",
                Form::Integer("patients"),
                "How many shreddings younger than the backup were done again.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::RecoveryDrilled,
        meaning: "The offline recovery was tried and worked.",
        members: &[
            required(
                "keys",
                Form::Integer("keys"),
                "How many were recovered and checked.",
            ),
            required(
                "took_ms",
                Form::Integer("milliseconds"),
                "How long it took.",
            ),
        ],
    },
];

const HOLD: &[Member] = &[HOLD_ID, HOLD_PATIENT, PERSON, HOLD_REASON];

const HOLD_ID: Member = required("hold", Form::Id, "The hold.");
const HOLD_PATIENT: Member = optional(
    "patient",
    Form::Patient,
    "The patient whose data it keeps; absent for everything, or everything in a range.",
);
const HOLD_REASON: Member = required("reason", Form::Token, "Why, as a code.");

const SEAL: &[Member] = &[
    required("provider", Form::Token, "The kind of key provider."),
    required("reason", Form::Token, "Why, as a stable code."),
];
