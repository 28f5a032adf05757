//! Everything that policies read about one call, as text.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::read::ReadFact;
use crate::consent::{Coding, Labels};
use crate::decide::ask_policies;
use crate::fact::{AsOf, Fact};
use crate::facts::{
    AppFacts, BreakGlass, Care, Facts, PersonFacts, Prepared, SystemFacts, VendorFacts,
};
use crate::policies::Policies;
use crate::purpose::Purpose;
use crate::request::{Request, SignIn, Subject};

/// What the policies read about one call. It holds codes and record ids, never whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The time that dates are compared with.
    pub at: Timestamp,
    /// The calling application's id.
    pub app: String,
    /// The person it acts for.
    pub person: Option<String>,
    /// The system called.
    pub system: String,
    /// The system's vendor.
    pub vendor: String,
    /// Why it is called.
    pub purpose: Purpose,
    /// Whether the call is about a patient.
    pub about_patient: bool,
    /// The class of the data sent.
    pub data_class: String,
    /// Who receives it.
    pub recipient: String,
    /// Where that is.
    pub region: String,
    /// The values of the facts by name, as the ledger writes them; see [`FACT_NAMES`].
    pub facts: BTreeMap<String, String>,
}

/// What policies answer in a situation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These policies permit the call; whether the patient does is another question.
    Permitted {
        /// Their ids.
        policies: Vec<Arc<str>>,
    },
    /// The call is refused.
    Refused {
        /// The stable code.
        code: Arc<str>,
        /// The policies that forbid it; none when nothing permits it.
        policies: Vec<Arc<str>>,
    },
}

/// Why a situation cannot be put to policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreplayable {
    /// A fact that policies may read is not there.
    #[error("the fact `{0}` was not recorded")]
    Missing(&'static str),
    /// A fact's value is not one.
    #[error("the recorded value of `{0}` is not one")]
    Unreadable(&'static str),
    /// A fact is there that this program does not know.
    #[error("the fact `{0}` is not known")]
    Unknown(String),
    /// The vendor, the recipient or another party is not there.
    #[error("the entry does not say what the policies were asked")]
    NotRecorded,
}

impl Situation {
    /// Puts the situation to policies.
    ///
    /// # Errors
    /// When something is missing that the policies may read. Nothing is ever guessed.
    pub fn ask(&self, policies: &Policies) -> Result<Answer, Unreplayable> {
        let facts = self.read()?;
        let labels = self.labels();
        let request = Request {
            call: [0; 32],
            app: &self.app,
            person: self.person.as_deref(),
            sign_in: self.sign_in()?,
            system: &self.system,
            vendor: &self.vendor,
            purpose: self.purpose,
            // The policies see only that there is one.
            patient: self.about_patient.then_some(Subject::Unknown),
            data_class: &self.data_class,
            labels: Labels::found(&labels),
            recipient: &self.recipient,
            region: &self.region,
            actors: &[],
            facts: &facts,
        };
        Ok(match ask_policies(&request, policies, self.at) {
            Ok(policies) => Answer::Permitted { policies },
            Err(denial) => Answer::Refused {
                code: Arc::clone(&denial.0.code),
                policies: denial.0.policies.clone(),
            },
        })
    }

    /// The facts, all of them fresh: they were when they were recorded.
    fn read(&self) -> Result<Facts, Unreplayable> {
        let known = |name: &&String| !FACT_NAMES.contains(&name.as_str());
        if let Some(unknown) = self.facts.keys().find(known) {
            return Err(Unreplayable::Unknown(unknown.clone()));
        }
        let person = match &self.person {
            Some(person) => Some(Prepared::new(self.person_facts(person)?)),
            None => None,
        };
        Ok(Facts {
            snapshot_as_of: self.at,
            app: Some(Prepared::new(AppFacts {
                id: self.app.clone(),
                systems: self.fact("app.systems")?,
            })),
            system: Some(Prepared::new(self.system_facts()?)),
            vendor: Some(Prepared::new(VendorFacts {
                id: self.vendor.clone(),
                state: self.fact("vendor.state")?,
                agreement: self.fact("vendor.agreement")?,
                region: self.fact("vendor.region")?,
            })),
            person,
            flow_declared: self.fact("flow.declared")?,
            containment: self.fact("incident.containment")?,
            care: self.fact_or("care.relationship", Care::NotAsked)?,
            break_glass: self.fact_or("break_glass.active", BreakGlass::NotOpen)?,
        })
    }

    /// A fact that entries of earlier programs do not have, because it was not asked for then.
    fn fact_or<T: ReadFact>(
        &self,
        name: &'static str,
        not_asked: T,
    ) -> Result<Option<Fact<T>>, Unreplayable> {
        if self.facts.contains_key(name) {
            return self.fact(name);
        }
        Ok(Some(Fact {
            value: not_asked,
            source: name.to_owned(),
            version: 0,
            as_of: AsOf::Snapshot,
            max_age_ms: u64::MAX,
        }))
    }

    /// The labels that were found in the text, if any were. Policies read their codes alone.
    fn labels(&self) -> Vec<Coding<'_>> {
        let codes = self.facts.get("data.labels");
        let codes = codes.map_or("", String::as_str).split_whitespace();
        codes.map(|code| Coding { system: "", code }).collect()
    }

    /// What a token proved, which is there only when one was presented.
    fn sign_in(&self) -> Result<Option<SignIn>, Unreplayable> {
        let (level, age) = ("sign_in.mfa_level", "sign_in.mfa_age_s");
        if !self.facts.contains_key(level) && !self.facts.contains_key(age) {
            return Ok(None);
        }
        Ok(Some(SignIn {
            level: self.value(level)?,
            age_s: self.value(age)?,
        }))
    }

    fn person_facts(&self, id: &str) -> Result<PersonFacts, Unreplayable> {
        Ok(PersonFacts {
            id: id.to_owned(),
            roles: self.fact("person.roles")?,
            training: self.fact("person.training")?,
            mfa_level: self.fact("person.mfa_level")?,
            break_glass: self.fact("person.break_glass")?,
        })
    }

    fn system_facts(&self) -> Result<SystemFacts, Unreplayable> {
        Ok(SystemFacts {
            id: self.system.clone(),
            vendor: self.vendor.clone(),
            state: self.fact("system.state")?,
            digest_match: self.fact("system.digest_match")?,
            assessed_until: self.fact("system.assessed_until")?,
            critical_findings_overdue: self.fact("system.critical_findings_overdue")?,
            allowed_purposes: self.fact("system.allowed_purposes")?,
            allowed_data_classes: self.fact("system.allowed_data_classes")?,
            person_required: self.fact("system.person_required")?,
            mfa_min: self.fact("system.mfa_min")?,
        })
    }

    fn fact<T: ReadFact>(&self, name: &'static str) -> Result<Option<Fact<T>>, Unreplayable> {
        Ok(Some(Fact {
            value: self.value(name)?,
            source: String::new(),
            version: 0,
            as_of: AsOf::Snapshot,
            max_age_ms: 0,
        }))
    }

    fn value<T: ReadFact>(&self, name: &'static str) -> Result<T, Unreplayable> {
        let text = self.facts.get(name).ok_or(Unreplayable::Missing(name))?;
        T::read(text).ok_or(Unreplayable::Unreadable(name))
    }
}

impl Answer {
    /// Whether the policies permit.
    #[must_use]
    pub fn permits(&self) -> bool {
        matches!(self, Self::Permitted { .. })
    }

    /// The code of the refusal.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Permitted { .. } => None,
            Self::Refused { code, .. } => Some(code),
        }
    }

    /// The policies that decided.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        let (Self::Permitted { policies } | Self::Refused { policies, .. }) = self;
        policies.iter().map(AsRef::as_ref)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permitted { .. } => f.write_str("permitted"),
            Self::Refused { code, .. } => write!(f, "refused with `{code}`"),
        }
    }
}

/// The names of all facts that policies may read.
pub const FACT_NAMES: &[&str] = &[
    "app.systems",
    "break_glass.active",
    "care.relationship",
    "data.labels",
    "flow.declared",
    "incident.containment",
    "person.break_glass",
    "person.mfa_level",
    "person.roles",
    "person.training",
    "sign_in.mfa_age_s",
    "sign_in.mfa_level",
    "system.allowed_data_classes",
    "system.allowed_purposes",
    "system.assessed_until",
    "system.critical_findings_overdue",
    "system.digest_match",
    "system.mfa_min",
    "system.person_required",
    "system.state",
    "vendor.agreement",
    "vendor.region",
    "vendor.state",
];
