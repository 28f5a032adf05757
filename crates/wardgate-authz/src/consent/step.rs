//! One line of the explanation, kept small and put into words only when somebody reads it.

use std::fmt;
use std::sync::Arc;

use super::domain::DefaultPolicy;
use super::evaluate::Answer;
use super::parse::Consent;
use super::rule::Period;
use super::select::PassedOver;
use super::tell;

/// One step of a consent decision.
#[derive(Clone, Debug)]
pub struct Step(What);

#[derive(Clone, Debug)]
enum What {
    PassedOver(Arc<str>, PassedOver),
    Counts(Arc<str>, Period),
    Answered(Arc<str>, Answer, About),
    Default(DefaultPolicy, bool, About),
    Result(bool, About),
    BreakGlass,
    UnknownPatient,
    NoData,
}

/// What a step is about: one piece of data, and whether it is asked as the work of an AI system.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) data: Option<Arc<str>>,
    pub(super) as_ai: bool,
}

impl Step {
    pub(super) fn passed_over(consent: &Consent, reason: PassedOver) -> Self {
        Self(What::PassedOver(Arc::clone(&consent.id), reason))
    }

    pub(super) fn counts(consent: &Consent) -> Self {
        Self(What::Counts(Arc::clone(&consent.id), consent.period))
    }

    pub(super) fn of_answer(consent: &Consent, answer: &Answer, about: &About) -> Self {
        let id = Arc::clone(&consent.id);
        Self(What::Answered(id, answer.clone(), about.clone()))
    }

    pub(super) fn by_default(policy: DefaultPolicy, permits: bool, about: &About) -> Self {
        Self(What::Default(policy, permits, about.clone()))
    }

    pub(super) fn result(permitted: bool, about: &About) -> Self {
        Self(What::Result(permitted, about.clone()))
    }

    pub(super) fn break_glass() -> Self {
        Self(What::BreakGlass)
    }

    pub(super) fn no_data() -> Self {
        Self(What::NoData)
    }

    pub(crate) fn unknown_patient() -> Self {
        Self(What::UnknownPatient)
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.data {
            Some(data) => write!(f, "for {data}")?,
            None => f.write_str("for the text of the call")?,
        }
        if self.as_ai {
            f.write_str(", as work of an AI system")?;
        }
        Ok(())
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
            What::Counts(id, period) => {
                let when = tell::between(*period);
                write!(f, "{id} counts: active, about privacy, in force {when}")
            }
            What::Answered(id, answer, about) => answered(id, answer, about, f),
            What::Default(policy, permits, about) => {
                let verb = if *permits {
                    "permits"
                } else {
                    "does not permit"
                };
                let policy = policy.word();
                write!(
                    f,
                    "{about}: no consent applies; the default {policy} {verb}"
                )
            }
            What::Result(true, about) => write!(f, "result {about}: permit"),
            What::Result(false, about) => write!(f, "result {about}: deny"),
            What::BreakGlass => f.write_str(
                "breaking the glass was not authorised, so the purpose BTG is void: deny",
            ),
            What::UnknownPatient => f.write_str("the patient is not on file"),
            What::NoData => f.write_str("the question names no data, so nothing is permitted"),
        }
    }
}

fn answered(id: &str, answer: &Answer, about: &About, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match answer {
        Answer::Silent(why) => write!(f, "{about}: {id} says nothing: {why}"),
        Answer::Permit(told) => {
            write!(f, "{about}: {id} permits; its {} {}", told.name, told.words)
        }
        Answer::Deny(told) => {
            write!(f, "{about}: {id} denies; its {} {}", told.name, told.words)
        }
        Answer::Outside(told) => write!(
            f,
            "{about}: {id} denies, because it permits other data only; its {} {}",
            told.name, told.words
        ),
        Answer::NotComputable(why) => {
            write!(f, "{about}: {id} cannot be computed, so it refuses: {why}")
        }
    }
}
