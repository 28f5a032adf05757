//! Data sets that leave, and privacy budgets.

use super::{Form, KindEntry, Member, optional, required};
use crate::events::EventKind;

pub(super) const KINDS: &[KindEntry] = &[
    KindEntry {
        kind: EventKind::DatasetReleased,
        meaning: "A data set left with a manifest, because what is guaranteed of it was checked and holds.",
        members: &[
            required("bytes", Form::Integer("bytes"), "The size of its files."),
            required("dataset", Form::Id, "The data set."),
            required("files", Form::Integer("files"), "How many files it has."),
            GUARANTEE,
            required(
                "manifest",
                Form::Digest,
                "SHA-256 of the manifest, which a system's record cites as its training data.",
            ),
            NAME,
            required("person", Form::Token, "Who released it."),
            required("waived", Form::Words, "Which checks were waived, as codes."),
        ],
    },
    KindEntry {
        kind: EventKind::DatasetRefused,
        meaning: "A data set was not let go.",
        members: &[
            GUARANTEE,
            NAME,
            ASKED,
            required("reasons", Form::Words, "Why, as codes."),
        ],
    },
    KindEntry {
        kind: EventKind::DatasetDeidentified,
        meaning: "Records were de-identified on request of an interface and searched for what is left; \
                  the answer left after this entry.",
        members: &[
            optional("app", Form::Token, "The application that asked."),
            required("bytes", Form::Integer("bytes"), "The size of the answer."),
            elements("cleaned", "Free texts that went through the text engine."),
            elements(
                "emptied",
                "Elements for which an empty value stands, or one that says nothing.",
            ),
            elements("generalised", "Elements for which a coarser value stands."),
            elements("kept", "Elements that stand as they were."),
            required("output", Form::Digest, "SHA-256 of the answer."),
            optional("person", Form::Token, "The person who asked."),
            required("profile", Form::Token, "The profile that decided."),
            elements("removed", "Elements that are gone."),
            elements("replaced", "Elements for which another value stands."),
            required(
                "resources",
                Form::Integer("resources"),
                "How many resources were answered.",
            ),
            elements("shifted", "Dates that moved by their patient's shift."),
            required(
                "verified",
                Form::Integer("resources"),
                "How many resources the verifier searched without finding an identifier of the input: all of them.",
            ),
        ],
    },
    KindEntry {
        kind: EventKind::BudgetOpened,
        meaning: "A privacy budget was opened for answers about a data set.",
        members: &[
            required(
                "accounting",
                Form::Token,
                "How spendings add up: `pure` or `zcdp`.",
            ),
            BUDGET,
            required(
                "limit",
                Form::Integer("trillionths"),
                "What may be spent: epsilon for `pure`, rho for `zcdp`.",
            ),
            required("person", Form::Token, "Who opened it."),
        ],
    },
    KindEntry {
        kind: EventKind::BudgetSpent,
        meaning: "Privacy was spent from a budget; the answer is drawn after this entry.",
        members: &[
            BUDGET,
            required("left", Form::Integer("trillionths"), "What is left."),
            required(
                "number",
                Form::Integer("spendings"),
                "The number of the spending, from 1.",
            ),
            ASKED,
            required("price", Form::Integer("trillionths"), "What was spent."),
            required("question", Form::Digest, "SHA-256 of the question."),
            required(
                "spent",
                Form::Integer("trillionths"),
                "What is spent with it.",
            ),
        ],
    },
];

const fn elements(name: &'static str, meaning: &'static str) -> Member {
    required(name, Form::Integer("elements"), meaning)
}

const NAME: Member = required("name", Form::Token, "The name of the data set.");
const GUARANTEE: Member = required(
    "guarantee",
    Form::Words,
    "What is to hold of it, as codes such as `deidentified` or `k=5`.",
);
const ASKED: Member = required("person", Form::Token, "Who asked.");
const BUDGET: Member = required("budget", Form::Token, "The name of the budget.");
