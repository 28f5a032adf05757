//! Joins the answers of several consents: what cannot be computed refuses, then a denial
//! wins, then a permit counts, then the domain's default.

use std::sync::Arc;

use super::domain::{Confidentiality, ConsentDomain, DefaultPolicy};
use super::evaluate::Answer;
use super::parse::Consent;
use super::step::Step;
use super::{Question, Ruling};
use crate::purpose::Purpose;

pub(super) fn combine(
    question: &Question<'_>,
    answers: &[(&Consent, Answer)],
    domain: &ConsentDomain,
    mut steps: Vec<Step>,
) -> Ruling {
    let who = |wanted: fn(&Answer) -> bool| -> Vec<Arc<str>> {
        answers
            .iter()
            .filter(|(_, answer)| wanted(answer))
            .map(|(consent, _)| Arc::clone(&consent.id))
            .collect()
    };
    let denying = who(|answer| matches!(answer, Answer::Deny | Answer::NotComputable(_)));
    let deciding = if denying.is_empty() {
        who(|answer| matches!(answer, Answer::Permit))
    } else {
        denying
    };
    if !deciding.is_empty() {
        let permitted = answers
            .iter()
            .all(|(_, answer)| matches!(answer, Answer::Permit | Answer::Silent(_)));
        return Ruling {
            permitted,
            deciding,
            by_default: None,
            steps,
        };
    }
    let permitted = default_permits(domain.default, question);
    steps.push(Step::by_default(domain.default, permitted));
    Ruling {
        permitted,
        deciding,
        by_default: Some(domain.default),
        steps,
    }
}

/// Breaking the glass needs authority before any consent is asked.
pub(super) fn breaks_glass_unauthorised(question: &Question<'_>) -> bool {
    question.purpose.code == BREAK_GLASS && !question.break_glass
}

pub(super) fn refuse_break_glass() -> Ruling {
    Ruling {
        permitted: false,
        deciding: Vec::new(),
        by_default: None,
        steps: vec![Step::break_glass()],
    }
}

fn default_permits(policy: DefaultPolicy, question: &Question<'_>) -> bool {
    let normal = question
        .confidentiality
        .is_some_and(|level| level <= Confidentiality::Normal);
    match policy {
        DefaultPolicy::Deny => false,
        DefaultPolicy::BasicNormal => {
            normal
                && question.purpose.system == Purpose::HL7_SYSTEM
                && question.purpose.code == TREATMENT
        }
        DefaultPolicy::AllNormal => normal,
        DefaultPolicy::BreakGlassOnly => {
            question.purpose.code == BREAK_GLASS && question.break_glass
        }
    }
}

const BREAK_GLASS: &str = "BTG";
const TREATMENT: &str = "TREAT";
