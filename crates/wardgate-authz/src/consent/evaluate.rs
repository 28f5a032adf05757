//! Asks one consent. This is the part that the complete engine replaces: it looks at the
//! root provision only, and refuses wherever more would have to be understood.

use super::parse::{Consent, Kind, Provision, Purposes, Rule};
use super::{Coding, Question};
use crate::purpose::Purpose;

/// What one consent says about one use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is about other actors or purposes.
    Silent(&'static str),
    /// It permits.
    Permit,
    /// It denies.
    Deny,
    /// It cannot be computed, which must never count as a permit.
    NotComputable(&'static str),
}

pub(super) fn evaluate(consent: &Consent, question: &Question<'_>) -> Answer {
    let provision = match &consent.rule {
        Rule::NotComputable(why) => return Answer::NotComputable(why),
        Rule::DenyAll => return Answer::Deny,
        Rule::Provision(provision) => provision,
    };
    if let Some(actors) = &provision.actors
        && !actors
            .iter()
            .any(|actor| question.actors.contains(&actor.as_str()))
    {
        return Answer::Silent("it names other actors");
    }
    if let Some(silent) = other_purpose(provision, question) {
        return silent;
    }
    // The root applies. Anything that narrows it or makes exceptions is beyond this part.
    if let Some(why) = provision.beyond {
        return Answer::NotComputable(why);
    }
    match provision.kind {
        Kind::Permit => Answer::Permit,
        Kind::Deny => Answer::Deny,
    }
}

/// The answer when the purposes do not hold, or cannot be compared.
fn other_purpose(provision: &Provision, question: &Question<'_>) -> Option<Answer> {
    let Purposes::Named(purposes) = &provision.purposes else {
        return None;
    };
    let named = |asked: Coding<'_>| {
        purposes
            .iter()
            .any(|named| covers(named.as_coding(), asked))
    };
    // A denial of AI inference reaches every call; a permit of it is no permit to treat.
    let besides = match provision.kind {
        Kind::Deny => question.ai,
        Kind::Permit => None,
    };
    if named(question.purpose) || besides.is_some_and(named) {
        return None;
    }
    let foreign = purposes
        .iter()
        .any(|named| !is_understood(named.as_coding()));
    if foreign && provision.kind == Kind::Deny {
        return Some(Answer::NotComputable(
            "it denies for a purpose whose meaning is not known here",
        ));
    }
    Some(Answer::Silent("it names other purposes"))
}

/// Whether a named purpose is the one asked, or contains it.
fn covers(named: Coding<'_>, asked: Coding<'_>) -> bool {
    if named == asked {
        return true;
    }
    match (purpose(named), purpose(asked)) {
        (Some(named), Some(asked)) => named.covers(asked),
        _ => false,
    }
}

fn is_understood(named: Coding<'_>) -> bool {
    purpose(named).is_some()
}

fn purpose(coding: Coding<'_>) -> Option<Purpose> {
    let purpose: Purpose = coding.code.parse().ok()?;
    (purpose.system() == coding.system).then_some(purpose)
}
