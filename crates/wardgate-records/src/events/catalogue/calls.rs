//! Calls: intent, outcome, refusal.

use super::{Form, KindEntry, Member, TOKENS, added, optional, required};
use crate::events::EventKind;
use crate::events::identity::CredentialKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::CallIntent,
        meaning: "Every gate let a call through and it is about to leave; the id of the leaf is the record id that the answer carries in `wardgate-record`.",
        members: INTENT,
    },
    KindEntry {
        kind: EventKind::CallOutcome,
        meaning: "What became of a call whose intent is in the ledger.",
        members: OUTCOME,
    },
    KindEntry {
        kind: EventKind::CallRefused,
        meaning: "A gate said no to a call; what was not known when it did is absent.",
        members: REFUSED,
    },
    KindEntry {
        kind: EventKind::IdentityRefused,
        meaning: "Callers that could not be identified, counted together over a short window.",
        members: &[
            required("code", Form::Token, "Why, as a stable code."),
            required(
                "count",
                Form::Integer("refusals"),
                "How many refusals this stands for.",
            ),
            required("first", Form::Time, "The first of them."),
            optional(
                "key",
                Form::Id,
                "The known key that was presented, expired or revoked.",
            ),
            required("last", Form::Time, "The last of them."),
        ],
    },
];

const INTENT: &[Member] = &[
    required("app", Form::Token, "The calling app."),
    CONSENT_DEFAULT,
    CONSENTS,
    added(
        3,
        "credential",
        Form::OneOf(CredentialKind::WORDS),
        "How the app was identified, when it was not by an API key.",
    ),
    added(
        3,
        "credential_digest",
        Form::Digest,
        "SHA-256 of that token or certificate.",
    ),
    required("data_class", Form::Token, "The data class of the call."),
    DECISION,
    required(
        "deid",
        Form::Object(DEID),
        "What de-identification did: counts, never values.",
    ),
    required("endpoint", Form::Token, "The upstream endpoint."),
    FACTS,
    FACTS_AS_OF,
    GATES,
    optional(
        "key",
        Form::Id,
        "The API key used; absent when the app was identified otherwise.",
    ),
    added(
        3,
        "on_behalf_of",
        Form::Digest,
        "SHA-256 of the person's own token that the app presented.",
    ),
    PATIENT,
    optional("person", Form::Token, "The person the app acts for."),
    POLICIES,
    required(
        "policy_hash",
        Form::Digest,
        "The hash of the policy set that decided.",
    ),
    required("purpose", Form::Token, "The purpose of use."),
    required("recipient", Form::Token, "Who receives the data."),
    required("region", Form::Token, "Where the data goes."),
    required(
        "request_commitment",
        Form::Digest,
        "Keyed commitment to the request as it was received.",
    ),
    required(
        "stream",
        Form::Boolean,
        "Whether the caller asked for a stream.",
    ),
    required("system", Form::Token, "The system called."),
    optional(
        "system_digest",
        Form::Token,
        "The artefact digest of the system, as the inventory has it.",
    ),
];

const OUTCOME: &[Member] = &[
    required(
        "answer_bytes",
        Form::Integer("bytes"),
        "The size of the answer's body.",
    ),
    optional(
        "answer_commitment",
        Form::Digest,
        "Keyed commitment to the answer as the caller got it.",
    ),
    required(
        "attempts",
        Form::Integer("attempts"),
        "How many times an upstream was tried.",
    ),
    required(
        "call",
        Form::Id,
        "The record id of the call: the id of its intent.",
    ),
    required(
        "duration_us",
        Form::Integer("microseconds"),
        "From the intent to the end of the answer.",
    ),
    optional(
        "endpoint",
        Form::Token,
        "The endpoint that answered, when it is not the one of the intent.",
    ),
    optional(
        "http_status",
        Form::Integer("HTTP status"),
        "The status that the upstream answered with.",
    ),
    optional(
        "payload_hash",
        Form::Digest,
        "SHA-256 of the sealed payload of this call.",
    ),
    required(
        "restored",
        Form::Integer("placeholders"),
        "Placeholders restored in the answer.",
    ),
    required(
        "status",
        Form::OneOf(&[
            "answered",
            "upstream_failed",
            "aborted",
            "unknown_after_restart",
        ]),
        "How it ended.",
    ),
    required(
        "stream_events",
        Form::Integer("events"),
        "Events of a streamed answer.",
    ),
];

const REFUSED: &[Member] = &[
    optional("app", Form::Token, "The calling app."),
    required("code", Form::Token, "The stable code of the refusal."),
    CONSENT_DEFAULT,
    CONSENTS,
    optional("data_class", Form::Token, "The data class of the call."),
    DECISION,
    FACTS,
    FACTS_AS_OF,
    required("gate", Form::Token, "The gate that refused."),
    GATES,
    optional("key", Form::Id, "The API key used."),
    PATIENT,
    optional("person", Form::Token, "The person the app acts for."),
    POLICIES,
    optional(
        "policy_hash",
        Form::Digest,
        "The hash of the policy set that decided.",
    ),
    optional("purpose", Form::Token, "The purpose of use."),
    optional("record", Form::Token, "The record that led to it."),
    optional(
        "system",
        Form::Token,
        "The system asked for, when the inventory has it.",
    ),
];

const CONSENT_DEFAULT: Member = optional(
    "consent_default",
    Form::Token,
    "The default that decided where no consent applied.",
);
const CONSENTS: Member = required(
    "consents",
    Form::List(&Form::Digest),
    "The consents that the decision rests on, by keyed digest of their reference.",
);
const DECISION: Member = added(
    3,
    "decision",
    Form::Object(ASKED),
    "What the policies were asked beside the facts, so that the decision can be computed again.",
);
const ASKED: &[Member] = &[
    required(
        "about_patient",
        Form::Boolean,
        "Whether the call named a patient, on file or not.",
    ),
    required("at", Form::Time, "The time that dates were compared with."),
    required("recipient", Form::Token, "Who would receive the data."),
    required("region", Form::Token, "Where the data would go."),
    required("vendor", Form::Token, "The vendor of the system."),
];
const FACTS: Member = required(
    "facts",
    Form::List(&Form::Object(FACT)),
    "The facts that the decision used, so that it can be computed again.",
);
const FACTS_AS_OF: Member = optional(
    "facts_as_of",
    Form::Time,
    "When the records behind the facts were last known to be current.",
);
const GATES: Member = required(
    "gates",
    Form::List(&Form::Object(GATE)),
    "What each gate said, in their order.",
);
const PATIENT: Member = optional("patient", Form::Patient, "The patient the call is about.");
const POLICIES: Member = required(
    "policies",
    TOKENS,
    "The policies that determined the decision.",
);

const FACT: &[Member] = &[
    required("name", Form::Token, "The fact, such as `vendor.agreement`."),
    required("source", Form::Token, "The record it was read from."),
    required(
        "value",
        Form::Words,
        "Its value: a code, a number, a time, or the codes of a set.",
    ),
    required(
        "version",
        Form::Integer("version"),
        "The version of that record.",
    ),
];

const GATE: &[Member] = &[
    required("gate", Form::Token, "The gate."),
    required(
        "result",
        Form::OneOf(&["passed", "flagged", "off_by_configuration", "refused"]),
        "Its result.",
    ),
];

const DEID: &[Member] = &[
    required(
        "counts",
        Form::List(&Form::Object(&[
            required(
                "count",
                Form::Integer("identifiers"),
                "How many were replaced.",
            ),
            required("kind", Form::Token, "The kind of identifier."),
        ])),
        "Replaced identifiers by kind.",
    ),
    optional(
        "off",
        Form::Token,
        "Why it was off, if configuration switched it off.",
    ),
    required(
        "scanned_bytes",
        Form::Integer("bytes"),
        "How much text was searched.",
    ),
];
