//! The patient's answer, from FHIR R4 consents by the rules of IHE Privacy Consent on FHIR.
//!
//! [`Consent::from_json`] reads a resource once and notes everything in it that is not
//! understood. [`judge`] finds the consents that count now, asks each of them about each piece
//! of data, and joins their answers by the hospital's rule and default. Whatever is not
//! understood never permits. `docs/consent.md` says the same to a privacy officer.

mod asked;
mod case;
mod combine;
mod domain;
mod evaluate;
mod fit;
mod instant;
mod labels;
mod parse;
mod rule;
mod select;
pub(crate) mod sensitivity;
mod step;
mod strict;
mod systems;
mod tell;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::outcome::ConsentBasis;
use crate::purpose::Purpose;
use asked::{Item, Use};
use combine::Settled;
use step::About;

pub use case::{CASE_BYTES_MAX, Case, CaseFault, Expected, Outcome};
pub use domain::{Confidentiality, ConflictRule, ConsentDomain, DefaultPolicy, Groups};
pub use instant::stretch;
pub use labels::Labels;
pub use parse::{CONSENT_BYTES_MAX, Consent, ConsentFault, PROVISION_DEPTH_MAX, PROVISIONS_MAX};
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
    /// What is done with the data, as codes of HL7 consent actions; see [`CALL_ACTIONS`].
    pub actions: &'a [&'a str],
    /// Whether access control has allowed breaking the glass.
    pub break_glass: bool,
    /// The data; a question about none permits nothing.
    pub data: &'a [Data<'a>],
}

/// One piece of data, as far as consents can tell data apart. What is not known here never
/// counts as outside a denial.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Its reference, such as `Observation/7`.
    pub reference: Option<&'a str>,
    /// Its resource type.
    pub kind: Option<&'a str>,
    /// Its security labels.
    pub labels: Labels<'a>,
    /// Its date, as FHIR writes dates.
    pub date: Option<&'a str>,
    /// Who wrote it, by reference.
    pub authors: Option<&'a [&'a str]>,
    /// What it is related to, by reference.
    pub related: Option<&'a [&'a str]>,
    /// Its codes.
    pub codes: Option<&'a [Coding<'a>]>,
}

impl<'a> Data<'a> {
    /// Text of which nothing is known but its labels.
    #[must_use]
    pub const fn text(labels: Labels<'a>) -> Self {
        Self {
            reference: None,
            kind: None,
            labels,
            date: None,
            authors: None,
            related: None,
            codes: None,
        }
    }
}

/// What a call to an AI system does with the data: it reads it, works on it, and hands it to
/// whoever runs the system. A permit that names actions must name all three.
pub const CALL_ACTIONS: &[&str] = &["access", "use", "disclose"];

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
    /// Whether the use of all the data is permitted.
    pub permitted: bool,
    /// For each piece of data, in the order of the question, whether its use is permitted.
    pub each: Vec<bool>,
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
            Some(default) if self.deciding.is_empty() => ConsentBasis::Default(default.word()),
            _ => ConsentBasis::Consents(self.deciding.clone()),
        })
    }

    fn refused(question: &Question<'_>, step: Step) -> Self {
        Self {
            permitted: false,
            each: vec![false; question.data.len()],
            deciding: Vec::new(),
            by_default: None,
            steps: vec![step],
        }
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
        return Ruling::refused(question, Step::break_glass());
    }
    if question.data.is_empty() {
        return Ruling::refused(question, Step::no_data());
    }
    let mut steps = Vec::with_capacity(2 * consents.len() + 2);
    let mut counting = Vec::with_capacity(consents.len());
    for consent in consents {
        match select::select(consent, question, now) {
            Ok(()) => {
                steps.push(Step::counts(consent));
                counting.push(consent);
            }
            Err(reason) => steps.push(Step::passed_over(consent, reason)),
        }
    }
    let asked = Use::new(question, question.purpose, domain, now);
    let ai = question.ai.filter(|ai| *ai != question.purpose);
    let mut judging = Judging {
        question,
        consents: &counting,
        domain,
        asked,
        as_ai: ai.map(|ai| Use::new(question, ai, domain, now).besides()),
        deciding: vec![false; counting.len()],
        by_default: false,
        steps,
    };
    let each: Vec<bool> = question.data.iter().map(|data| judging.one(data)).collect();
    let decided = judging.deciding.iter().zip(&counting);
    Ruling {
        permitted: each.iter().all(|permitted| *permitted),
        each,
        deciding: decided
            .filter(|(decided, _)| **decided)
            .map(|(_, consent)| Arc::clone(&consent.id))
            .collect(),
        by_default: judging.by_default.then_some(domain.default),
        steps: judging.steps,
    }
}

/// The consents that count, asked about one piece of data after the other.
struct Judging<'a> {
    question: &'a Question<'a>,
    consents: &'a [&'a Consent],
    domain: &'a ConsentDomain,
    asked: Use<'a>,
    as_ai: Option<Use<'a>>,
    deciding: Vec<bool>,
    by_default: bool,
    steps: Vec<Step>,
}

impl Judging<'_> {
    /// The use must be permitted for its purpose, and nobody may deny what it is besides.
    fn one(&mut self, data: &Data<'_>) -> bool {
        let item = Item::new(data, self.domain);
        let mut about = About {
            data: data.reference.map(Arc::from),
            as_ai: false,
        };
        let (settled, told) = self.ask(&self.asked, &item, &about);
        self.steps.extend(told);
        let (mut permitted, mut rests_on) = match settled {
            Settled::Permit(of) => (true, of),
            Settled::Deny(of) => (false, of),
            Settled::Nobody => {
                let default = self.domain.default;
                let permits = combine::default_permits(default, self.question, &item);
                self.steps.push(Step::by_default(default, permits, &about));
                self.by_default = true;
                (permits, Vec::new())
            }
        };
        if permitted && let Some(as_ai) = &self.as_ai {
            about.as_ai = true;
            if let (Settled::Deny(of), told) = self.ask(as_ai, &item, &about) {
                self.steps.extend(told);
                (permitted, rests_on) = (false, of);
            }
            about.as_ai = false;
        }
        for position in rests_on {
            if let Some(decided) = self.deciding.get_mut(position) {
                *decided = true;
            }
        }
        self.steps.push(Step::result(permitted, &about));
        permitted
    }

    fn ask(&self, asked: &Use<'_>, item: &Item<'_>, about: &About) -> (Settled, Vec<Step>) {
        let answers: Vec<evaluate::Answer> = self
            .consents
            .iter()
            .map(|consent| evaluate::evaluate(consent, asked, item))
            .collect();
        let told = self.consents.iter().zip(&answers);
        let told = told
            .map(|(consent, answer)| Step::of_answer(consent, answer, about))
            .collect();
        let settled = combine::settle(self.consents, &answers, self.domain.conflict);
        (settled, told)
    }
}
