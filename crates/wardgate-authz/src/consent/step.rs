//! One line of the explanation, kept small and put into words only when somebody reads it.

use std::fmt;
use std::sync::Arc;

use super::domain::DefaultPolicy;
use super::evaluate::Answer;
use super::parse::Consent;
use super::select::PassedOver;

/// One step of a consent decision.
#[derive(Clone, Debug)]
pub struct Step(What);

#[derive(Clone, Debug)]
enum What {
    PassedOver(Arc<str>, PassedOver),
    Answered(Arc<str>, Answer),
    Default(DefaultPolicy, bool),
    BreakGlass,
    UnknownPatient,
}

impl Step {
    pub(super) fn passed_over(consent: &Consent, reason: PassedOver) -> Self {
        Self(What::PassedOver(Arc::clone(&consent.id), reason))
    }

    pub(super) fn of_answer(consent: &Consent, answer: &Answer) -> Self {
        Self(What::Answered(Arc::clone(&consent.id), answer.clone()))
    }

    pub(super) fn by_default(policy: DefaultPolicy, permits: bool) -> Self {
        Self(What::Default(policy, permits))
    }

    pub(super) fn break_glass() -> Self {
        Self(What::BreakGlass)
    }

    pub(crate) fn unknown_patient() -> Self {
        Self(What::UnknownPatient)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            What::PassedOver(id, reason) => {
                let reason = match reason {
                    PassedOver::OtherPatient => "it is another patient's",
                    PassedOver::NotActive => "it is not active",
                    PassedOver::OtherScope => "it is not about privacy",
                    PassedOver::NotYet => "it is not yet in force",
                    PassedOver::NoLonger => "it is no longer in force",
                };
                write!(f, "{id} does not count: {reason}")
            }
            What::Answered(id, Answer::Silent(why)) => write!(f, "{id} says nothing here: {why}"),
            What::Answered(id, Answer::Permit) => write!(f, "{id} permits"),
            What::Answered(id, Answer::Deny) => write!(f, "{id} denies"),
            What::Answered(id, Answer::NotComputable(why)) => {
                write!(f, "{id} cannot be computed, so it refuses: {why}")
            }
            What::Default(policy, permits) => {
                let verb = if *permits {
                    "permits"
                } else {
                    "does not permit"
                };
                write!(
                    f,
                    "no consent applies; the default {} {verb}",
                    policy.word()
                )
            }
            What::BreakGlass => f.write_str("breaking the glass was not authorised"),
            What::UnknownPatient => f.write_str("the patient is not on file"),
        }
    }
}
