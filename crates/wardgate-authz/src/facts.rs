//! The governance facts that a call is decided on, grouped by the record they come from.
//!
//! A group is prepared once, when records change, and then shared by every call: see
//! [`Prepared`]. Only what differs from call to call is put together per call.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use cedar_policy::{Entity, RestrictedExpression};
use jiff::Timestamp;

use crate::cedar::{boolean, entity, long, millis, numbers, reference, text, texts};
use crate::fact::{Fact, FactUsed, FactValue, Freshness, used};
use crate::purpose::Purpose;

/// Everything known about the parties of one call. `None` is a missing fact, and refuses.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When the snapshot was last confirmed against the store.
    pub snapshot_as_of: Timestamp,
    /// The calling application.
    pub app: Option<Arc<Prepared<AppFacts>>>,
    /// The system called.
    pub system: Option<Arc<Prepared<SystemFacts>>>,
    /// The system's vendor.
    pub vendor: Option<Arc<Prepared<VendorFacts>>>,
    /// The person acted for. Needed only when the request names one.
    pub person: Option<Arc<Prepared<PersonFacts>>>,
    /// Whether the record of processing declares this flow (`flow.declared`).
    pub flow_declared: Option<Fact<bool>>,
    /// Whether an incident stopped app, system or vendor (`incident.containment`).
    pub containment: Option<Fact<Containment>>,
    /// Whether the person cares for the patient (`care.relationship`). Needed only when the
    /// request names both.
    pub care: Option<Fact<Care>>,
    /// Whether the person has opened the patient's data in an emergency (`break_glass.active`).
    /// Needed only when the request names both.
    pub break_glass: Option<Fact<BreakGlass>>,
}

/// What is known about an application.
#[derive(Clone, Debug)]
pub struct AppFacts {
    /// Its id.
    pub id: String,
    /// The systems it was granted (`app.systems`).
    pub systems: Option<Fact<Vec<String>>>,
}

/// What is known about a vendor.
#[derive(Clone, Debug)]
pub struct VendorFacts {
    /// Its id.
    pub id: String,
    /// Where its review stands (`vendor.state`).
    pub state: Option<Fact<VendorState>>,
    /// Its agreement (`vendor.agreement`).
    pub agreement: Option<Fact<Agreement>>,
    /// Where it processes (`vendor.region`).
    pub region: Option<Fact<String>>,
}

/// What is known about an AI system.
#[derive(Clone, Debug)]
pub struct SystemFacts {
    /// Its id.
    pub id: String,
    /// Its vendor's id.
    pub vendor: String,
    /// Where its approval stands (`system.state`).
    pub state: Option<Fact<SystemState>>,
    /// Whether what is served is what was assessed (`system.digest_match`).
    pub digest_match: Option<Fact<bool>>,
    /// Until when its assessment holds; `None` inside means never assessed (`system.assessed_until`).
    pub assessed_until: Option<Fact<Option<Timestamp>>>,
    /// Critical findings past their due date (`system.critical_findings_overdue`).
    pub critical_findings_overdue: Option<Fact<u32>>,
    /// What it may be used for (`system.allowed_purposes`).
    pub allowed_purposes: Option<Fact<Vec<Purpose>>>,
    /// What it may be given (`system.allowed_data_classes`).
    pub allowed_data_classes: Option<Fact<Vec<String>>>,
    /// Whether only a named person may use it (`system.person_required`).
    pub person_required: Option<Fact<bool>>,
    /// How strongly a person must have signed in, as [`PersonFacts::mfa_level`] counts (`system.mfa_min`).
    pub mfa_min: Option<Fact<u8>>,
}

/// What is known about a person.
#[derive(Clone, Debug)]
pub struct PersonFacts {
    /// The person's id.
    pub id: String,
    /// Their roles (`person.roles`); see [`ROLES`] for those the default policies know.
    pub roles: Option<Fact<Vec<String>>>,
    /// The course they need (`person.training`).
    pub training: Option<Fact<Training>>,
    /// 0 none, 1 one factor, 2 two factors, 3 phishing-resistant (`person.mfa_level`).
    pub mfa_level: Option<Fact<u8>>,
    /// Whether they may open data in an emergency (`person.break_glass`).
    pub break_glass: Option<Fact<bool>>,
}

/// A vendor's agreement (BAA or data-processing agreement).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// None was signed.
    None,
    /// In force from `from` until just before `until`.
    Signed {
        /// The first instant.
        from: Timestamp,
        /// The first instant after its end.
        until: Timestamp,
    },
}

/// A course and until when it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The course.
    pub course: String,
    /// The first instant after it lapses; `None` when it was never passed.
    pub until: Option<Timestamp>,
}

/// Whether an incident stops the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Containment {
    /// No incident does.
    Open,
    /// This one does.
    Contained {
        /// The incident's id.
        incident: String,
    },
}

/// Whether a person cares for the patient of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// The hospital does not ask for it.
    NotAsked,
    /// The person does, now.
    Current,
    /// The person does not, or the patient is nobody on file.
    Missing,
}

/// Whether a person has opened the data of the patient of a call in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BreakGlass {
    /// The person has not, or not for this patient, or the time is over.
    NotOpen,
    /// The person has.
    Open {
        /// The first instant at which it is over.
        until: Timestamp,
    },
}

/// A group of facts made ready for many calls: checked for gaps, rendered for the ledger and
/// turned into a Cedar entity once. It cannot be changed afterwards, only replaced.
pub struct Prepared<T> {
    facts: T,
    pub(crate) missing: Option<&'static str>,
    pub(crate) freshness: Vec<(&'static str, Freshness)>,
    pub(crate) used: Arc<[FactUsed]>,
    pub(crate) entity: Option<Entity>,
    /// Every number in the entity.
    pub(crate) numbers: Vec<i64>,
}

impl<T: FactGroup> Prepared<T> {
    /// Makes a group ready.
    #[must_use]
    pub fn new(facts: T) -> Arc<Self> {
        let mut survey = Survey::default();
        facts.survey(&mut survey);
        let entity = match survey.missing {
            None => facts.entity(),
            Some(_) => None,
        };
        let numbers = entity.as_ref().map(numbers).unwrap_or_default();
        Arc::new(Self {
            facts,
            numbers,
            missing: survey.missing,
            freshness: survey.freshness,
            used: survey.used.into(),
            entity,
        })
    }
}

impl<T> Deref for Prepared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.facts
    }
}

impl<T: fmt::Debug> fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.fmt(f)
    }
}

/// A group of facts about one record. Implemented here only.
pub trait FactGroup: sealed::Sealed {
    /// Visits every fact of the group, by name.
    #[doc(hidden)]
    fn survey(&self, survey: &mut Survey);

    /// The group as a Cedar entity. `None` when a fact is missing or cannot be expressed.
    #[doc(hidden)]
    fn entity(&self) -> Option<Entity>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::AppFacts {}
    impl Sealed for super::VendorFacts {}
    impl Sealed for super::SystemFacts {}
    impl Sealed for super::PersonFacts {}
}

/// What a visit to every fact of a group found.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Survey {
    missing: Option<&'static str>,
    freshness: Vec<(&'static str, Freshness)>,
    used: Vec<FactUsed>,
}

impl Survey {
    fn visit<T: FactValue>(&mut self, name: &'static str, fact: Option<&Fact<T>>) {
        match fact {
            Some(fact) => {
                self.freshness.push((name, Freshness::of(fact)));
                self.used.push(used(name, fact));
            }
            None => self.missing = self.missing.or(Some(name)),
        }
    }
}

impl FactGroup for AppFacts {
    fn survey(&self, survey: &mut Survey) {
        survey.visit("app.systems", self.systems.as_ref());
    }

    fn entity(&self) -> Option<Entity> {
        let systems = self.systems.as_ref()?.value.iter();
        let systems = systems.filter_map(|id| reference("System", id));
        let attributes = [("systems", RestrictedExpression::new_set(systems))];
        entity("App", &self.id, attributes.into())
    }
}

impl FactGroup for VendorFacts {
    fn survey(&self, survey: &mut Survey) {
        survey.visit("vendor.state", self.state.as_ref());
        survey.visit("vendor.agreement", self.agreement.as_ref());
        survey.visit("vendor.region", self.region.as_ref());
    }

    fn entity(&self) -> Option<Entity> {
        let mut attributes = HashMap::from([
            ("state", text(self.state.as_ref()?.value.word())),
            ("region", text(&self.region.as_ref()?.value)),
        ]);
        if let Agreement::Signed { from, until } = self.agreement.as_ref()?.value {
            attributes.insert("agreement_from", millis(from));
            attributes.insert("agreement_until", millis(until));
        }
        entity("Vendor", &self.id, attributes)
    }
}

impl FactGroup for SystemFacts {
    fn survey(&self, survey: &mut Survey) {
        survey.visit("system.state", self.state.as_ref());
        survey.visit("system.digest_match", self.digest_match.as_ref());
        survey.visit("system.assessed_until", self.assessed_until.as_ref());
        survey.visit(
            "system.critical_findings_overdue",
            self.critical_findings_overdue.as_ref(),
        );
        survey.visit("system.allowed_purposes", self.allowed_purposes.as_ref());
        survey.visit(
            "system.allowed_data_classes",
            self.allowed_data_classes.as_ref(),
        );
        survey.visit("system.person_required", self.person_required.as_ref());
        survey.visit("system.mfa_min", self.mfa_min.as_ref());
    }

    fn entity(&self) -> Option<Entity> {
        let overdue = self.critical_findings_overdue.as_ref()?.value;
        let purposes = &self.allowed_purposes.as_ref()?.value;
        let classes = &self.allowed_data_classes.as_ref()?.value;
        let mut attributes = HashMap::from([
            ("vendor", reference("Vendor", &self.vendor)?),
            ("state", text(self.state.as_ref()?.value.word())),
            ("digest_match", boolean(self.digest_match.as_ref()?.value)),
            ("critical_findings_overdue", long(i64::from(overdue))),
            (
                "allowed_purposes",
                texts(purposes.iter().map(|purpose| purpose.code())),
            ),
            (
                "allowed_data_classes",
                texts(classes.iter().map(String::as_str)),
            ),
            (
                "person_required",
                boolean(self.person_required.as_ref()?.value),
            ),
            ("mfa_min", long(i64::from(self.mfa_min.as_ref()?.value))),
        ]);
        if let Some(until) = self.assessed_until.as_ref()?.value {
            attributes.insert("assessed_until", millis(until));
        }
        entity("System", &self.id, attributes)
    }
}

impl FactGroup for PersonFacts {
    fn survey(&self, survey: &mut Survey) {
        survey.visit("person.roles", self.roles.as_ref());
        survey.visit("person.training", self.training.as_ref());
        survey.visit("person.mfa_level", self.mfa_level.as_ref());
        survey.visit("person.break_glass", self.break_glass.as_ref());
    }

    fn entity(&self) -> Option<Entity> {
        let roles = &self.roles.as_ref()?.value;
        let mut attributes = HashMap::from([
            ("roles", texts(roles.iter().map(String::as_str))),
            ("break_glass", boolean(self.break_glass.as_ref()?.value)),
        ]);
        if let Some(until) = self.training.as_ref()?.value.until {
            attributes.insert("training_until", millis(until));
        }
        entity("Person", &self.id, attributes)
    }
}

/// Defines an enum whose cases have one word each, as records and policies write them.
macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$case_doc])* $case,)+ }

        impl $name {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+];

            /// The word for it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$case => $word,)+ }
            }

            /// Reads the word for it.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.word() == word)
            }
        }

        impl FactValue for $name {
            fn text(&self) -> String {
                self.word().to_owned()
            }
        }
    };
}

states! {
    /// Where a vendor's review stands.
    VendorState {
        /// Considered.
        Prospect = "prospect",
        /// Under due diligence.
        DueDiligence = "due_diligence",
        /// Approved, not yet used.
        Approved = "approved",
        /// Approved on conditions.
        Conditional = "conditional",
        /// In use.
        Active = "active",
        /// Suspended.
        Suspended = "suspended",
        /// No longer used.
        Offboarded = "offboarded",
        /// Refused.
        Rejected = "rejected",
    }
}

states! {
    /// Where a system's approval stands.
    SystemState {
        /// Proposed.
        Proposed = "proposed",
        /// Under review.
        InReview = "in_review",
        /// Approved, not yet live.
        Approved = "approved",
        /// Live: may be called.
        Live = "live",
        /// Suspended.
        Suspended = "suspended",
        /// Retired.
        Retired = "retired",
    }
}

impl FactValue for Agreement {
    fn text(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Signed { from, until } => format!("{from}/{until}"),
        }
    }

    fn until(&self) -> Option<Timestamp> {
        match self {
            Self::None => None,
            Self::Signed { until, .. } => Some(*until),
        }
    }
}

impl FactValue for Training {
    fn text(&self) -> String {
        format!("{}/{}", self.course, FactValue::text(&self.until))
    }

    fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl FactValue for Containment {
    fn text(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Contained { incident } => incident.clone(),
        }
    }
}

impl FactValue for Care {
    fn text(&self) -> String {
        match self {
            Self::NotAsked => "not-asked",
            Self::Current => "current",
            Self::Missing => "none",
        }
        .to_owned()
    }
}

impl FactValue for BreakGlass {
    fn text(&self) -> String {
        match self {
            Self::NotOpen => "not-open".to_owned(),
            Self::Open { until } => format!("open/{until}"),
        }
    }

    fn until(&self) -> Option<Timestamp> {
        match self {
            Self::NotOpen => None,
            Self::Open { until } => Some(*until),
        }
    }
}

/// The roles that the default policies know.
pub const ROLES: &[&str] = &[
    "clinician",
    "nurse",
    "clerk",
    "data_scientist",
    "privacy_officer",
    "security_lead",
    "committee",
    "auditor",
    "administrator",
];
