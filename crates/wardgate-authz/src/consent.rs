//! The patient's answer, from FHIR R4 consents.
//!
//! [`parse`] reads a resource and notes everything in it that is not understood; [`select`]
//! finds the consents that count now; [`evaluate`] asks one consent; [`combine`] joins their
//! answers with the default of the domain. Whatever is not understood never permits.
//!
//! Understood so far: status, scope, patient, the root's period, actors, purposes and type.
//! A consent that uses more (nested provisions, security labels, classes, codes, data) is
//! not computable: where its root applies, it refuses.

mod combine;
mod domain;
mod evaluate;
mod instant;
mod labels;
mod parse;
mod select;
mod step;
mod strict;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::outcome::ConsentBasis;
use crate::purpose::Purpose;

pub use domain::{Confidentiality, ConflictRule, ConsentDomain, DefaultPolicy, Groups};
pub use labels::Labels;
pub use parse::{CONSENT_BYTES_MAX, Consent, ConsentFault};
pub use step::Step;

/// What is asked of the consents.
#[derive(Clone)]
pub struct Question<'a> {
    /// The patient's reference, as the consents name it.
    pub patient: &'a str,
    /// References of everyone who takes part.
    pub actors: &'a [&'a str],
    /// The purpose the caller declares.
    pub purpose: Coding<'a>,
    /// What the use is besides, such as inference by an AI system. A denial of it counts; a
    /// permit of it does not stand in for a permit of the declared purpose.
    pub ai: Option<Coding<'a>>,
    /// The data's confidentiality, when it was labelled.
    pub confidentiality: Option<Confidentiality>,
    /// Whether access control has allowed breaking the glass.
    pub break_glass: bool,
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whose data it is about, is patient data.
        f.debug_struct("Question")
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// A code and the system that defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding<'a> {
    /// The code system.
    pub system: &'a str,
    /// The code.
    pub code: &'a str,
}

impl From<Purpose> for Coding<'static> {
    fn from(purpose: Purpose) -> Self {
        Self {
            system: purpose.system(),
            code: purpose.code(),
        }
    }
}

/// The answer, with its reasons.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// Whether the use is permitted.
    pub permitted: bool,
    /// The consents that decided (`Consent/<id>`); empty when the default did.
    pub deciding: Vec<Arc<str>>,
    /// The default policy, when it decided.
    pub by_default: Option<DefaultPolicy>,
    /// How the answer came about.
    pub steps: Vec<Step>,
}

impl Ruling {
    /// On what a permit rests; `None` for a refusal.
    pub(crate) fn basis(&self) -> Option<ConsentBasis> {
        if !self.permitted {
            return None;
        }
        Some(match self.by_default {
            Some(default) => ConsentBasis::Default(default.word()),
            None => ConsentBasis::Consents(self.deciding.clone()),
        })
    }
}

/// Judges one use of one patient's data.
#[must_use]
pub fn judge(
    question: &Question<'_>,
    consents: &[Consent],
    domain: &ConsentDomain,
    now: Timestamp,
) -> Ruling {
    if combine::breaks_glass_unauthorised(question) {
        return combine::refuse_break_glass();
    }
    let mut answers = Vec::with_capacity(consents.len());
    let mut steps = Vec::with_capacity(consents.len() + 1);
    for consent in consents {
        match select::select(consent, question, now) {
            Ok(()) => {
                let answer = evaluate::evaluate(consent, question);
                steps.push(Step::of_answer(consent, &answer));
                answers.push((consent, answer));
            }
            Err(reason) => steps.push(Step::passed_over(consent, reason)),
        }
    }
    combine::combine(question, &answers, domain, steps)
}
