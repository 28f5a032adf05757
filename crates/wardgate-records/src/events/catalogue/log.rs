//! The ledger itself, its anchors and the clock.

use super::{Form, KindEntry, Member, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::StorageFault,
        meaning: "The disk failed a write or a sync of the ledger, and calls were refused until it was read back.",
        members: &[
            ACKNOWLEDGED,
            OCCURRED,
            required("reason", Form::Token, "Why, as a stable code."),
        ],
    },
    KindEntry {
        kind: EventKind::StorageFull,
        meaning: "The disk of the ledger was full, and calls were refused.",
        members: &[ACKNOWLEDGED, OCCURRED],
    },
    KindEntry {
        kind: EventKind::LedgerResumed,
        meaning: "The ledger takes entries again after a fault.",
        members: &[
            required(
                "fault_index",
                Form::Integer("entries"),
                "How many were acknowledged before the fault.",
            ),
            required(
                "index",
                Form::Integer("entries"),
                "How many entries it held when it resumed.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::ForkDeclared,
        meaning: "A person declared that this ledger goes on under another origin: the old one was rolled back or lost entries that others had witnessed.",
        members: &[
            required(
                "found_size",
                Form::Integer("entries"),
                "How many entries were found.",
            ),
            required("new_origin", Form::Token, "The origin from now on."),
            required("old_origin", Form::Token, "The origin up to now."),
            optional("person", Form::Token, "Who declared it."),
            required("reason", Form::Token, "Why, as a code."),
            required(
                "witnessed_size",
                Form::Integer("entries"),
                "How many entries others had witnessed.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::LedgerPruned,
        meaning: "The oldest entries were removed after their retention; their hashes stay.",
        members: &[
            required(
                "entries",
                Form::Integer("entries"),
                "How many were removed this time.",
            ),
            required(
                "minimum",
                Form::Integer("index"),
                "The first entry that is still there.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::LedgerExported,
        meaning: "Entries were exported.",
        members: &[
            required("from", Form::Integer("index"), "The first entry."),
            required(
                "manifest",
                Form::Digest,
                "SHA-256 of the manifest of the export.",
            ),
            required("to", Form::Integer("index"), "One past the last entry."),
        ],
    },
    KindEntry {
        kind: EventKind::AnchorLost,
        meaning: "An anchor could not be reached for longer than configured.",
        members: ANCHOR,
    },
    KindEntry {
        kind: EventKind::AnchorRestored,
        meaning: "An anchor that was lost answers again.",
        members: ANCHOR,
    },
    KindEntry {
        kind: EventKind::ClockAnomaly,
        meaning: "The wall clock moved otherwise than the monotonic clock.",
        members: &[
            required("after", Form::Time, "The wall clock when it was seen."),
            required(
                "before",
                Form::Time,
                "The wall clock when it was last looked at.",
            ),
            required("boot", Form::Id, "The start of the process that saw it."),
            required(
                "monotonic_ms",
                Form::Integer("milliseconds"),
                "How long it was in between by the monotonic clock.",
            ),
        ],
    },
];

const ACKNOWLEDGED: Member = required(
    "index",
    Form::Integer("entries"),
    "How many entries were acknowledged before.",
);
const OCCURRED: Member = optional("occurred", Form::Time, "When it was found.");

const ANCHOR: &[Member] = &[
    required(
        "anchor",
        Form::OneOf(&["witness", "timestamp", "copy"]),
        "What kind of anchor it is.",
    ),
    required("name", Form::Token, "Its name in the configuration."),
    required(
        "since",
        Form::Time,
        "When it last had answered, or the start of the process.",
    ),
];
