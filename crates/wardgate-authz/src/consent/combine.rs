//! Joins the answers of several consents by the hospital's rule, then the hospital's default.

use super::Question;
use super::asked::Item;
use super::domain::{ConflictRule, DefaultPolicy};
use super::evaluate::Answer;
use super::parse::Consent;
use crate::purpose::Purpose;

/// What the consents say together, and which of them (by position) it rests on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Settled {
    Permit(Vec<usize>),
    Deny(Vec<usize>),
    /// No consent applies.
    Nobody,
}

pub(super) fn settle(consents: &[&Consent], answers: &[Answer], conflict: ConflictRule) -> Settled {
    let those = |wanted: fn(&Answer) -> bool| -> Vec<usize> {
        let answers = answers.iter().enumerate();
        answers
            .filter(|(_, answer)| wanted(answer))
            .map(|(position, _)| position)
            .collect()
    };
    let broken = those(|answer| matches!(answer, Answer::NotComputable(_)));
    let denying = those(Answer::refuses);
    let permitting = those(Answer::permits);
    match (permitting.is_empty(), denying.is_empty()) {
        (true, true) => Settled::Nobody,
        (false, true) => Settled::Permit(permitting),
        (true, false) => Settled::Deny(denying),
        // What cannot be computed is not outvoted by what was given later.
        (false, false) if conflict == ConflictRule::DenyOverrides || !broken.is_empty() => {
            Settled::Deny(denying)
        }
        (false, false) => most_recent(consents, permitting, denying),
    }
}

/// A permit stands only if it was certainly given after every denial.
fn most_recent(consents: &[&Consent], permitting: Vec<usize>, denying: Vec<usize>) -> Settled {
    let given = |position: usize| consents.get(position).and_then(|consent| consent.given);
    let last_denial = denying
        .iter()
        .map(|position| given(*position).map(|given| given.until))
        .try_fold(None, |last, until| Some(last.max(Some(until?))));
    let Some(Some(last_denial)) = last_denial else {
        return Settled::Deny(denying);
    };
    let later: Vec<usize> = permitting
        .into_iter()
        .filter(|position| given(*position).is_some_and(|given| last_denial <= given.from))
        .collect();
    if later.is_empty() {
        Settled::Deny(denying)
    } else {
        Settled::Permit(later)
    }
}

/// Breaking the glass needs authority before any consent is asked.
pub(super) fn breaks_glass_unauthorised(question: &Question<'_>) -> bool {
    question.purpose.code == BREAK_GLASS && !question.break_glass
}

pub(super) fn default_permits(
    policy: DefaultPolicy,
    question: &Question<'_>,
    item: &Item<'_>,
) -> bool {
    match policy {
        DefaultPolicy::Deny => false,
        DefaultPolicy::BasicNormal => item.marks.is_normal() && is_treatment(question),
        DefaultPolicy::AllNormal => item.marks.is_normal(),
        DefaultPolicy::BreakGlassOnly => {
            question.purpose.code == BREAK_GLASS && question.break_glass
        }
    }
}

fn is_treatment(question: &Question<'_>) -> bool {
    match super::tell::purpose(question.purpose) {
        super::rule::Wanted::Purpose(purpose) => TREATMENT
            .parse::<Purpose>()
            .is_ok_and(|treatment| treatment.covers(purpose)),
        super::rule::Wanted::Other(_) | super::rule::Wanted::Unclear(_) => false,
    }
}

const BREAK_GLASS: &str = "BTG";
const TREATMENT: &str = "TREAT";
