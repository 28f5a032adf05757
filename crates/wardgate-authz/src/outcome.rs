//! The two answers: a permit, which is proof for the next gate, or a denial.

use std::fmt;
use std::sync::Arc;

use crate::consent::Step;
use crate::fact::FactUsed;

/// Proof that one call may proceed. Made only by [`crate::decide`], for the call whose
/// digest it carries; it cannot be copied, so it cannot be used for a second call.
pub struct Permit {
    pub(crate) call: [u8; 32],
    pub(crate) policies: Vec<Arc<str>>,
    pub(crate) policy_hash: [u8; 32],
    pub(crate) consent: ConsentBasis,
    pub(crate) facts: Vec<Arc<[FactUsed]>>,
    pub(crate) steps: Vec<Step>,
}

impl Permit {
    /// The digest of the call that may proceed.
    #[must_use]
    pub fn call(&self) -> &[u8; 32] {
        &self.call
    }

    /// The policies that permitted it.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(AsRef::as_ref)
    }

    /// The hash of the policy set.
    #[must_use]
    pub fn policy_hash(&self) -> &[u8; 32] {
        &self.policy_hash
    }

    /// On what the patient's consent rests.
    #[must_use]
    pub fn consent(&self) -> &ConsentBasis {
        &self.consent
    }

    /// The facts it rests on.
    pub fn facts(&self) -> impl Iterator<Item = &FactUsed> {
        self.facts.iter().flat_map(|group| group.iter())
    }

    /// The decision step by step.
    #[must_use]
    pub fn explanation(&self) -> Vec<String> {
        let mut lines = facts_line(&self.facts);
        lines.push(format!("permitted by {}", joined(&self.policies)));
        lines.extend(self.steps.iter().map(ToString::to_string));
        lines
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("policies", &self.policies)
            .field("consent", &self.consent)
            .finish_non_exhaustive()
    }
}

/// On what the patient's consent to a call rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentBasis {
    /// The call is about no patient.
    NoPatient,
    /// These consents permit it.
    Consents(Vec<Arc<str>>),
    /// No consent applies, and this default permits it; or an emergency passes the consents.
    Default(&'static str),
}

/// Which part of the decision said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A fact was missing or stale.
    Facts,
    /// The policies.
    Authorize,
    /// The patient's consent.
    Consent,
}

impl Gate {
    /// The word for it, as refusals and the ledger write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Authorize => "authorize",
            Self::Consent => "consent",
        }
    }
}

/// Why one call may not proceed. [`Denial::code`], [`Denial::message`], [`Denial::hint`] and
/// [`Denial::source`] are public; the rest is for the ledger.
#[derive(Debug)]
pub struct Denial(pub(crate) Box<Refused>);

#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) call: [u8; 32],
    pub(crate) gate: Gate,
    pub(crate) code: Arc<str>,
    pub(crate) message: String,
    pub(crate) hint: Arc<str>,
    pub(crate) source: Arc<str>,
    pub(crate) policies: Vec<Arc<str>>,
    pub(crate) policy_hash: [u8; 32],
    pub(crate) consents: Vec<Arc<str>>,
    pub(crate) facts: Vec<Arc<[FactUsed]>>,
    pub(crate) steps: Vec<Step>,
}

impl Denial {
    /// The digest of the call that may not proceed.
    #[must_use]
    pub fn call(&self) -> &[u8; 32] {
        &self.0.call
    }

    /// The part of the decision that said no.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.0.gate
    }

    /// The stable code, such as `vendor.agreement_expired`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What happened, without patient data.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The record that decided, such as `vendor/acme`. For consents it names none: that
    /// would tell who is a patient.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The policies that forbade it; the first one made the message.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        self.0.policies.iter().map(AsRef::as_ref)
    }

    /// The hash of the policy set.
    #[must_use]
    pub fn policy_hash(&self) -> &[u8; 32] {
        &self.0.policy_hash
    }

    /// The consents that decided. Not for the caller.
    pub fn consents(&self) -> impl Iterator<Item = &str> {
        self.0.consents.iter().map(AsRef::as_ref)
    }

    /// The facts it rests on. Not for the caller.
    pub fn facts(&self) -> impl Iterator<Item = &FactUsed> {
        self.0.facts.iter().flat_map(|group| group.iter())
    }

    /// The decision step by step. Not for the caller.
    #[must_use]
    pub fn explanation(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.0.gate != Gate::Facts {
            lines = facts_line(&self.0.facts);
        }
        if !self.0.policies.is_empty() {
            let verb = if self.0.gate == Gate::Consent {
                "permitted"
            } else {
                "forbidden"
            };
            lines.push(format!("{verb} by {}", joined(&self.0.policies)));
        }
        lines.extend(self.0.steps.iter().map(ToString::to_string));
        lines.push(format!("refused: {}", self.0.message));
        lines
    }
}

fn facts_line(facts: &[Arc<[FactUsed]>]) -> Vec<String> {
    let count: usize = facts.iter().map(|group| group.len()).sum();
    vec![format!("{count} facts are there and fresh")]
}

fn joined(policies: &[Arc<str>]) -> String {
    let ids: Vec<&str> = policies.iter().map(AsRef::as_ref).collect();
    ids.join(", ")
}
