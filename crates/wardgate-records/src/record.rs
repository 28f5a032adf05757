//! The declared records: what a hospital decides and writes down about its AI.
//!
//! They hold no patient data. What is secret in them (an upstream's token, a person's name) is
//! kept apart, sealed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_authz::{ConflictRule, DefaultPolicy, SystemState, VendorState};

/// A supplier, and the agreement with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    /// The id in files, refusals and the ledger.
    pub id: String,
    /// The name that people read.
    pub name: String,
    /// Where its review stands.
    #[serde(with = "vendor_state")]
    pub state: VendorState,
    /// Where it processes.
    pub region: String,
    /// The agreement that allows it to receive patient data.
    pub agreement: Option<Agreement>,
}

/// An agreement with a vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Its kind.
    pub kind: AgreementKind,
    /// The first instant at which it holds.
    pub effective: Timestamp,
    /// The first instant at which it holds no longer.
    pub expires: Timestamp,
}

/// The kind of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgreementKind {
    /// Business associate agreement.
    Baa,
    /// Data-processing agreement.
    Dpa,
    /// The vendor is the hospital itself.
    Internal,
}

/// An AI system in the inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// The id in files, refusals and the ledger.
    pub id: String,
    /// The name that people read.
    pub name: String,
    /// The model name that callers use.
    pub model: String,
    /// Who supplies it.
    pub vendor: String,
    /// Where its approval stands.
    #[serde(with = "system_state")]
    pub state: SystemState,
    /// Its risk class.
    pub risk: Risk,
    /// The digest of its artefact.
    pub digest: Option<String>,
    /// The manifests of the data sets that it learned from, each as `sha256:` and hexadecimal digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub training_data: Vec<String>,
    /// The first instant at which its assessment holds no longer.
    pub assessed_until: Option<Timestamp>,
    /// What it may be used for.
    pub purposes: Vec<String>,
    /// Which data it may receive.
    pub data_classes: Vec<String>,
    /// Whether calls are de-identified.
    pub deid: DeidMode,
    /// What a call to it needs.
    pub requires: Requirements,
    /// Critical findings whose due date has passed.
    pub findings_overdue: u32,
    /// Where it is reached, in order of preference.
    pub upstreams: Vec<Upstream>,
}

/// The risk class of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Risk {
    /// Minimal risk.
    Minimal,
    /// Limited risk.
    Limited,
    /// High risk.
    High,
}

/// Whether calls to a system are de-identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeidMode {
    /// Identifiers become placeholders, and come back in the answer.
    Placeholder,
    /// Calls leave as they are. The ledger says so on every call.
    Off,
}

/// What a call to a system needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// The call must name its patient.
    pub patient: bool,
    /// The call must be made for a person.
    pub person: bool,
    /// The least level of multi-factor authentication of that person.
    pub mfa: u8,
    /// The course that the person must have passed; without one, the course of the settings.
    pub training: Option<String>,
}

/// One place where a system is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its name within the system.
    pub name: String,
    /// Its base address.
    pub url: String,
    /// The model name that it knows.
    pub model: String,
}

/// A calling application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The id in files, refusals and the ledger.
    pub id: String,
    /// The name that people read.
    pub name: String,
    /// Whether it may call.
    pub state: AppState,
    /// For whom it calls.
    pub acts: Acts,
    /// The systems it was granted.
    pub systems: Vec<String>,
    /// How much it may call.
    pub limits: CallLimits,
    /// What it may do on the console and its API, by the words of the operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// How it proves who it is, beside API keys.
    #[serde(default, skip_serializing_if = "Clients::is_empty")]
    pub clients: Clients,
}

/// How an app proves who it is without an API key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clients {
    /// Its public keys, a JWK Set. With them it signs for access tokens.
    pub keys: Option<String>,
    /// Where its public keys are fetched, instead.
    pub keys_url: Option<String>,
    /// Its client certificates: `sha256:` and the thumbprint, or an alternative name as `URI:...`
    /// or `DNS:...`.
    pub certificates: Vec<String>,
    /// Under which names others issue tokens to it.
    pub issued: Vec<IssuedTo>,
}

impl Clients {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The name of an app at an issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedTo {
    /// The issuer.
    pub issuer: String,
    /// The client id of the app there.
    pub client: String,
}

/// The name of a person at an issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PersonIdentity {
    /// The issuer.
    pub issuer: String,
    /// The subject there.
    pub subject: String,
}

/// Whether an app may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AppState {
    /// It may.
    Active,
    /// It may not.
    Suspended,
}

/// For whom an app calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Acts {
    /// For a person, who must be known on each call.
    ForPeople,
    /// By itself.
    Autonomously,
}

/// How much an app may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLimits {
    /// Calls in a minute, on average.
    pub calls_per_minute: u64,
    /// Calls at once above the average.
    pub burst: u64,
    /// Calls under way at the same time.
    pub concurrent: u64,
}

/// A member of the staff. The name is kept apart, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id in files, refusals and the ledger.
    pub id: String,
    /// Whether the person may act.
    pub state: PersonState,
    /// What the person is in the hospital.
    pub roles: Vec<String>,
    /// The level of multi-factor authentication: 0 none, 1 one factor, 2 two factors,
    /// 3 phishing-resistant.
    pub mfa: u8,
    /// Whether the person has the authority to open a patient's data in an emergency.
    #[serde(default)]
    pub break_glass: bool,
    /// Passed courses.
    pub trainings: Vec<Training>,
    /// How providers of identity name the person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<PersonIdentity>,
}

/// Whether a person may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PersonState {
    /// The person may.
    Active,
    /// The person may not.
    Suspended,
}

/// A passed course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// The course.
    pub course: String,
    /// The first instant at which it is out of date.
    pub expires: Timestamp,
}

/// A declared flow of data: who may send what to whom for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The calling app.
    pub app: String,
    /// The system called.
    pub system: String,
    /// The purpose.
    pub purpose: String,
    /// The class of the data.
    pub data_class: String,
    /// The vendor that receives it.
    pub recipient: String,
    /// Where it goes.
    pub region: String,
    /// Whether it is declared or was withdrawn.
    pub state: FlowState,
}

impl Flow {
    /// The id of the flow, made of its parts.
    #[must_use]
    pub fn id(&self) -> String {
        Self::id_of(&[
            &self.app,
            &self.system,
            &self.purpose,
            &self.data_class,
            &self.recipient,
            &self.region,
        ])
    }

    /// The id of the flow with these parts: app, system, purpose, data class, recipient, region.
    pub(crate) fn id_of(parts: &[&str; 6]) -> String {
        parts.join("+")
    }
}

/// Whether a flow is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowState {
    /// It is.
    Declared,
    /// It was, and no longer is.
    Withdrawn,
}

/// A file of Cedar policies of the hospital's own. All of them together replace the built-in set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    /// The name of the file.
    pub id: String,
    /// The policies; empty to withdraw the file.
    pub cedar: String,
}

/// Settings that decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What holds for a patient without an applicable consent.
    #[serde(with = "default_policy")]
    pub consent_default: DefaultPolicy,
    /// What holds when consents disagree.
    #[serde(with = "conflict_rule", default)]
    pub consent_conflict: ConflictRule,
    /// Codes of labels that a consent must name to permit data that carries them.
    #[serde(default)]
    pub consent_explicit_labels: Vec<String>,
    /// The greatest age of a fact that may still decide.
    pub fact_age_max_ms: u64,
    /// The course that a person needs for a system that names none.
    pub training: String,
    /// Whether whoever treats must be in a care team of the patient.
    #[serde(default)]
    pub care_relationship: CareRelationship,
}

/// Whether whoever treats must be in a care team of the patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CareRelationship {
    /// They must.
    Required,
    /// It is not asked: the hospital sends no care teams.
    #[default]
    Off,
}

/// Deny by default, and ten seconds: fifty times the interval at which records are looked at.
impl Default for Settings {
    fn default() -> Self {
        Self {
            consent_default: DefaultPolicy::Deny,
            consent_conflict: ConflictRule::DenyOverrides,
            consent_explicit_labels: Vec::new(),
            fact_age_max_ms: 10_000,
            training: "phi-basics".to_owned(),
            care_relationship: CareRelationship::Off,
        }
    }
}

/// A state is stored as its word.
macro_rules! state_as_word {
    ($module:ident, $state:ty) => {
        mod $module {
            use serde::de::Error as _;
            use serde::{Deserialize as _, Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(
                state: &$state,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(state.word())
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$state, D::Error> {
                let word = String::deserialize(deserializer)?;
                <$state>::from_word(&word).ok_or_else(|| D::Error::custom("unknown state"))
            }
        }
    };
}

state_as_word!(vendor_state, wardgate_authz::VendorState);
state_as_word!(system_state, wardgate_authz::SystemState);
state_as_word!(default_policy, wardgate_authz::DefaultPolicy);
state_as_word!(conflict_rule, wardgate_authz::ConflictRule);
