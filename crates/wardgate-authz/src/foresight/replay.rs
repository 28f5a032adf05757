//! A decision that was made, put to other policies.

use std::sync::Arc;

use super::situation::{Answer, Situation, Unreplayable};
use crate::outcome::Gate;
use crate::policies::Policies;

/// How a recorded call was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastOutcome {
    /// It was permitted.
    Permitted,
    /// It was refused.
    Refused {
        /// By which part of the decision.
        gate: Gate,
        /// With this code.
        code: String,
    },
}

/// What other policies would have made of a recorded decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The caller would have had the same answer.
    Same,
    /// It would have been refused all the same, with another code.
    OtherCode {
        /// The code it would have had.
        code: Arc<str>,
        /// The policies that would have forbidden it.
        policies: Vec<Arc<str>>,
    },
    /// A call that passed would have been refused.
    Refused {
        /// The code it would have had.
        code: Arc<str>,
        /// The policies that would have forbidden it.
        policies: Vec<Arc<str>>,
    },
    /// A call that was refused would have passed the policies.
    Permitted {
        /// The policies that would have permitted it.
        policies: Vec<Arc<str>>,
        /// Whether the patient's consent, which was never asked for, could still have refused it.
        consent_open: bool,
    },
    /// It does not depend on the policies: a fact was missing or stale.
    NotByPolicies,
}

/// Puts a recorded decision to policies.
///
/// What the patient decided stays as it was recorded: consents are no part of the policies.
///
/// # Errors
/// When the record does not hold all that the policies may read.
pub fn replay(
    situation: &Situation,
    outcome: &PastOutcome,
    policies: &Policies,
) -> Result<Replayed, Unreplayable> {
    if matches!(outcome, PastOutcome::Refused { gate, .. } if *gate == Gate::Facts) {
        return Ok(Replayed::NotByPolicies);
    }
    let answer = situation.ask(policies)?;
    Ok(match (outcome, answer) {
        (PastOutcome::Permitted, Answer::Permitted { .. }) => Replayed::Same,
        (PastOutcome::Permitted, Answer::Refused { code, policies }) => {
            Replayed::Refused { code, policies }
        }
        (PastOutcome::Refused { gate, .. }, Answer::Permitted { policies }) => match gate {
            // The policies had permitted it before too, and the patient still does not.
            Gate::Consent => Replayed::Same,
            Gate::Facts | Gate::Authorize => Replayed::Permitted {
                policies,
                consent_open: situation.about_patient,
            },
        },
        (PastOutcome::Refused { code: before, .. }, Answer::Refused { code, policies }) => {
            if **before == *code {
                Replayed::Same
            } else {
                Replayed::OtherCode { code, policies }
            }
        }
    })
}
