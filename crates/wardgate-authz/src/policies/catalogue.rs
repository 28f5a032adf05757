//! The refusal codes of a decision, for the generated reference.

use std::collections::BTreeMap;

use super::{Concern, Policies};
use crate::decide::{CONSENT_HINT, CONSENT_MESSAGE, MISSING_HINT, STALE_HINT};
use crate::operation::{
    FAILED_HINT, FAILED_MESSAGE, NOT_PERMITTED, NOT_PERMITTED_HINT, NOT_PERMITTED_MESSAGE,
};
use crate::outcome::Gate;

/// A refusal code with its sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable code.
    pub code: String,
    /// The part of the decision that gives it.
    pub gate: Gate,
    /// Its sentences, with gaps such as `{vendor}`, and what to do about each.
    pub sentences: Vec<(String, String)>,
    /// The policies that give it, if any does.
    pub policies: Vec<String>,
}

/// The codes of calls.
pub(super) fn of_calls(policies: &Policies) -> Vec<Code> {
    of(policies, FIXED, Concern::Operations)
}

/// The codes of operations.
pub(super) fn of_operations(policies: &Policies) -> Vec<Code> {
    of(policies, FIXED_OF_OPERATIONS, Concern::Calls)
}

fn of(policies: &Policies, fixed: &[(&str, Gate, &str, &str)], without: Concern) -> Vec<Code> {
    let mut codes = BTreeMap::new();
    for (code, gate, message, hint) in fixed {
        add(&mut codes, code, *gate, message, hint, None);
    }
    for entry in &policies.entries {
        if let Some(refusal) = &entry.refusal
            && entry.concern != without
        {
            add(
                &mut codes,
                &refusal.code,
                Gate::Authorize,
                refusal.message.text(),
                &refusal.hint,
                Some(&entry.id),
            );
        }
    }
    codes.into_values().collect()
}

fn add(
    codes: &mut BTreeMap<String, Code>,
    code: &str,
    gate: Gate,
    message: &str,
    hint: &str,
    policy: Option<&str>,
) {
    let entry = codes.entry(code.to_owned()).or_insert_with(|| Code {
        code: code.to_owned(),
        gate,
        sentences: Vec::new(),
        policies: Vec::new(),
    });
    entry.sentences.push((message.to_owned(), hint.to_owned()));
    entry.policies.extend(policy.map(ToOwned::to_owned));
}

/// Codes that do not come from a policy.
const FIXED: &[(&str, Gate, &str, &str)] = &[
    (
        "fact.missing",
        Gate::Facts,
        "the fact `{fact}` about `{record}` is missing",
        MISSING_HINT,
    ),
    (
        "fact.stale",
        Gate::Facts,
        "the fact `{fact}` from `{record}` is too old to rely on",
        STALE_HINT,
    ),
    (
        "access.not_granted",
        Gate::Authorize,
        "`{app}` was not granted system `{system}`",
        super::NOT_GRANTED_HINT,
    ),
    (
        "access.not_granted",
        Gate::Authorize,
        "`{person}` has no role",
        super::NO_ROLE_HINT,
    ),
    (
        "purpose.not_allowed",
        Gate::Authorize,
        "no role of `{person}` permits system `{system}` for purpose {purpose}",
        super::ROLE_PURPOSE_HINT,
    ),
    (
        "policy.failed",
        Gate::Authorize,
        super::FAILED_MESSAGE,
        super::FAILED_HINT,
    ),
    (
        "consent.denied",
        Gate::Consent,
        CONSENT_MESSAGE,
        CONSENT_HINT,
    ),
];

/// Codes of operations that do not come from a policy.
const FIXED_OF_OPERATIONS: &[(&str, Gate, &str, &str)] = &[
    (
        NOT_PERMITTED,
        Gate::Authorize,
        NOT_PERMITTED_MESSAGE,
        NOT_PERMITTED_HINT,
    ),
    (
        "policy.failed",
        Gate::Authorize,
        FAILED_MESSAGE,
        FAILED_HINT,
    ),
];
