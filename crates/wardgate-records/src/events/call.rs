//! Events of a call: intent, outcome, refusal.

use jiff::Timestamp;
use wardgate_vault::PatientHandle;

use super::canonical::Canonical;
use super::{Credential, Token};
use crate::RecordId;

/// The random handle of a patient, as leaves show it.
pub type Patient = PatientHandle;

/// A call that every gate let through and that is about to leave. The leaf's id is the id of the
/// call's record, which the answer carries in `wardgate-record`.
#[derive(Clone, Copy, Debug)]
pub struct CallIntent<'a> {
    /// The calling app.
    pub app: Token<'a>,
    /// The API key used.
    pub key: Option<RecordId>,
    /// How the app was identified, when it was not by an API key.
    pub credential: Option<Credential>,
    /// SHA-256 of the person's own token that the app presented.
    pub on_behalf_of: Option<[u8; 32]>,
    /// The person the app acts for.
    pub person: Option<Token<'a>>,
    /// The system called.
    pub system: Token<'a>,
    /// The artefact digest of the system, as the inventory has it.
    pub system_digest: Option<Token<'a>>,
    /// The purpose of use.
    pub purpose: Token<'a>,
    /// The patient the call is about.
    pub patient: Option<Patient>,
    /// The data class of the call.
    pub data_class: Token<'a>,
    /// Who receives the data.
    pub recipient: Token<'a>,
    /// Where the data goes.
    pub region: Token<'a>,
    /// The hash of the policy set that decided.
    pub policy_hash: [u8; 32],
    /// The policies that determined the decision.
    pub policies: &'a [Token<'a>],
    /// The facts that the decision used.
    pub facts: &'a [FactUsed<'a>],
    /// The consents that the decision rests on, by keyed digest.
    pub consents: &'a [ConsentHandle],
    /// The default that decided where no consent applied.
    pub consent_default: Option<Token<'a>>,
    /// When the records behind the facts were last known to be current.
    pub facts_as_of: Option<Timestamp>,
    /// What the policies were asked beside the facts.
    pub decision: Option<Decision<'a>>,
    /// What each gate said.
    pub gates: &'a [GateResult<'a>],
    /// What de-identification did.
    pub deid: DeidSummary<'a>,
    /// Keyed commitment to the request as it was received.
    pub request_commitment: [u8; 32],
    /// The upstream endpoint.
    pub endpoint: Token<'a>,
    /// Whether the caller asked for a stream.
    pub stream: bool,
}

/// One fact that a decision used. Made only from what the decision returned.
#[derive(Clone, Copy, Debug)]
pub struct FactUsed<'a>(&'a wardgate_authz::FactUsed);

impl<'a> From<&'a wardgate_authz::FactUsed> for FactUsed<'a> {
    fn from(fact: &'a wardgate_authz::FactUsed) -> Self {
        Self(fact)
    }
}

/// What the policies were asked, as far as neither the facts nor the parties say it: with these,
/// a decision can be computed again under other policies.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The time that dates were compared with.
    pub at: Timestamp,
    /// The vendor of the system.
    pub vendor: Token<'a>,
    /// Who would receive the data.
    pub recipient: Token<'a>,
    /// Where the data would go.
    pub region: Token<'a>,
    /// Whether the call named a patient, on file or not.
    pub about_patient: bool,
}

/// A consent, named by a keyed digest of its reference: the reference itself may identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsentHandle(pub(crate) [u8; 32]);

impl std::fmt::Display for ConsentHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex::encode(&self.0))
    }
}

/// What one gate said about a call.
#[derive(Clone, Copy, Debug)]
pub struct GateResult<'a> {
    /// The gate.
    pub gate: Token<'a>,
    /// Its result.
    pub outcome: GateOutcome,
}

/// The result of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GateOutcome {
    /// The gate ran and let the call pass.
    Passed,
    /// The gate saw something, and configuration says to let the call pass.
    Flagged,
    /// The gate is switched off by configuration and says so.
    Off,
    /// The gate refused.
    Refused,
}

/// What de-identification did to a request: counts, never values.
#[derive(Clone, Copy, Debug)]
pub struct DeidSummary<'a> {
    /// Replaced identifiers by kind. Kinds stand in the order given.
    pub counts: &'a [(Token<'a>, u64)],
    /// Why it was off, if configuration switched it off.
    pub off: Option<Token<'a>>,
    /// How many bytes of text were searched.
    pub scanned_bytes: u64,
}

/// What became of a call.
#[derive(Clone, Copy, Debug)]
pub struct CallOutcome<'a> {
    /// The record id of the call: the id of its intent.
    pub call: RecordId,
    /// How it ended.
    pub status: OutcomeStatus,
    /// The status that the upstream answered with.
    pub http_status: Option<u16>,
    /// Keyed commitment to the answer as the caller got it.
    pub answer_commitment: Option<[u8; 32]>,
    /// SHA-256 of the sealed payload of this call.
    pub payload_hash: Option<[u8; 32]>,
    /// Bytes of the answer's body.
    pub answer_bytes: u64,
    /// Events of a streamed answer.
    pub stream_events: u64,
    /// How many times an upstream was tried.
    pub attempts: u64,
    /// From the intent to the end of the answer.
    pub duration_us: u64,
    /// Placeholders restored in the answer.
    pub restored: u64,
    /// The endpoint that answered, when it is not the one of the intent.
    pub endpoint: Option<Token<'a>>,
}

impl CallOutcome<'_> {
    /// The outcome of a call whose process ended before it could tell.
    #[must_use]
    pub const fn unknown_after_restart(call: RecordId) -> Self {
        Self {
            call,
            status: OutcomeStatus::UnknownAfterRestart,
            http_status: None,
            answer_commitment: None,
            payload_hash: None,
            answer_bytes: 0,
            stream_events: 0,
            attempts: 0,
            duration_us: 0,
            restored: 0,
            endpoint: None,
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutcomeStatus {
    /// The whole answer reached the caller.
    Answered,
    /// The upstream failed or could not be reached.
    UpstreamFailed,
    /// The caller went away, or the answer was cut.
    Aborted,
    /// The process ended before the outcome was written.
    UnknownAfterRestart,
}

impl OutcomeStatus {
    /// The word in the leaf.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::UpstreamFailed => "upstream_failed",
            Self::Aborted => "aborted",
            Self::UnknownAfterRestart => "unknown_after_restart",
        }
    }
}

/// A gate said no. What is not known when the gate refuses is absent.
#[derive(Clone, Copy, Debug)]
pub struct CallRefused<'a> {
    /// The calling app.
    pub app: Option<Token<'a>>,
    /// The API key used.
    pub key: Option<RecordId>,
    /// The person the app acts for.
    pub person: Option<Token<'a>>,
    /// The system asked for, when the inventory has it.
    pub system: Option<Token<'a>>,
    /// The purpose of use.
    pub purpose: Option<Token<'a>>,
    /// The patient the call is about.
    pub patient: Option<Patient>,
    /// The data class of the call.
    pub data_class: Option<Token<'a>>,
    /// The gate that refused.
    pub gate: Token<'a>,
    /// The stable code of the refusal.
    pub code: Token<'a>,
    /// The record that led to it.
    pub record: Option<Token<'a>>,
    /// The hash of the policy set that decided.
    pub policy_hash: Option<[u8; 32]>,
    /// The policies that determined the decision.
    pub policies: &'a [Token<'a>],
    /// The facts that the decision used.
    pub facts: &'a [FactUsed<'a>],
    /// The consents that the decision rests on, by keyed digest.
    pub consents: &'a [ConsentHandle],
    /// The default that decided where no consent applied.
    pub consent_default: Option<Token<'a>>,
    /// When the records behind the facts were last known to be current.
    pub facts_as_of: Option<Timestamp>,
    /// What the policies were asked beside the facts, when they were asked.
    pub decision: Option<Decision<'a>>,
    /// What each gate said, up to the one that refused.
    pub gates: &'a [GateResult<'a>],
}

/// The version of the schema that has all members of a decided call.
const fn version_of(decision: Option<&Decision<'_>>) -> u64 {
    if decision.is_some() { 3 } else { 1 }
}

impl CallIntent<'_> {
    /// A call with an API key alone whose decision is not told is written as before.
    pub(super) const fn version(&self) -> u64 {
        if self.credential.is_some() || self.on_behalf_of.is_some() {
            return 3;
        }
        version_of(self.decision.as_ref())
    }

    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("app").token(self.app);
        write_consents(json, self.consents, self.consent_default);
        if let Some(credential) = &self.credential {
            json.member("credential").fixed(credential.kind.as_str());
            json.member("credential_digest").hex(&credential.digest);
        }
        json.member("data_class").token(self.data_class);
        write_decision(json, self.decision);
        json.member("deid").object(|json| self.deid.write(json));
        json.member("endpoint").token(self.endpoint);
        write_facts(json, self.facts, self.facts_as_of);
        write_gates(json, self.gates);
        if let Some(key) = &self.key {
            json.member("key").id(key);
        }
        if let Some(digest) = &self.on_behalf_of {
            json.member("on_behalf_of").hex(digest);
        }
        write_patient(json, self.patient);
        write_token(json, "person", self.person);
        json.member("policies")
            .array(self.policies, |json, policy| json.token(*policy));
        json.member("policy_hash").hex(&self.policy_hash);
        json.member("purpose").token(self.purpose);
        json.member("recipient").token(self.recipient);
        json.member("region").token(self.region);
        json.member("request_commitment")
            .hex(&self.request_commitment);
        json.member("stream").boolean(self.stream);
        json.member("system").token(self.system);
        write_token(json, "system_digest", self.system_digest);
    }
}

impl CallOutcome<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("answer_bytes").integer(self.answer_bytes);
        if let Some(commitment) = &self.answer_commitment {
            json.member("answer_commitment").hex(commitment);
        }
        json.member("attempts").integer(self.attempts);
        json.member("call").id(&self.call);
        json.member("duration_us").integer(self.duration_us);
        write_token(json, "endpoint", self.endpoint);
        if let Some(status) = self.http_status {
            json.member("http_status").integer(u64::from(status));
        }
        if let Some(hash) = &self.payload_hash {
            json.member("payload_hash").hex(hash);
        }
        json.member("restored").integer(self.restored);
        json.member("status").fixed(self.status.as_str());
        json.member("stream_events").integer(self.stream_events);
    }
}

impl CallRefused<'_> {
    pub(super) const fn version(&self) -> u64 {
        version_of(self.decision.as_ref())
    }

    pub(super) fn write(&self, json: &mut Canonical) {
        write_token(json, "app", self.app);
        json.member("code").token(self.code);
        write_consents(json, self.consents, self.consent_default);
        write_token(json, "data_class", self.data_class);
        write_decision(json, self.decision);
        write_facts(json, self.facts, self.facts_as_of);
        json.member("gate").token(self.gate);
        write_gates(json, self.gates);
        if let Some(key) = &self.key {
            json.member("key").id(key);
        }
        write_patient(json, self.patient);
        write_token(json, "person", self.person);
        json.member("policies")
            .array(self.policies, |json, policy| json.token(*policy));
        if let Some(hash) = &self.policy_hash {
            json.member("policy_hash").hex(hash);
        }
        write_token(json, "purpose", self.purpose);
        write_token(json, "record", self.record);
        write_token(json, "system", self.system);
    }
}

impl DeidSummary<'_> {
    fn write(&self, json: &mut Canonical) {
        json.member("counts").array(self.counts, |json, counted| {
            json.object(|json| {
                json.member("count").integer(counted.1);
                json.member("kind").token(counted.0);
            });
        });
        write_token(json, "off", self.off);
        json.member("scanned_bytes").integer(self.scanned_bytes);
    }
}

impl GateOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Flagged => "flagged",
            Self::Off => "off_by_configuration",
            Self::Refused => "refused",
        }
    }
}

fn write_facts(json: &mut Canonical, facts: &[FactUsed<'_>], as_of: Option<Timestamp>) {
    json.member("facts").array(facts, |json, fact| {
        json.object(|json| {
            json.member("name").fixed(fact.0.name);
            json.member("source").token(Token::or_unfit(&fact.0.source));
            json.member("value").words(&fact.0.value);
            json.member("version").integer(fact.0.version);
        });
    });
    if let Some(as_of) = as_of {
        json.member("facts_as_of").time(as_of);
    }
}

fn write_decision(json: &mut Canonical, decision: Option<Decision<'_>>) {
    let Some(decision) = decision else {
        return;
    };
    json.member("decision").object(|json| {
        json.member("about_patient").boolean(decision.about_patient);
        json.member("at").time(decision.at);
        json.member("recipient").token(decision.recipient);
        json.member("region").token(decision.region);
        json.member("vendor").token(decision.vendor);
    });
}

fn write_consents(json: &mut Canonical, consents: &[ConsentHandle], default: Option<Token<'_>>) {
    write_token(json, "consent_default", default);
    json.member("consents")
        .array(consents, |json, consent| json.hex(&consent.0));
}

fn write_gates(json: &mut Canonical, gates: &[GateResult<'_>]) {
    json.member("gates").array(gates, |json, gate| {
        json.object(|json| {
            json.member("gate").token(gate.gate);
            json.member("result").fixed(gate.outcome.as_str());
        });
    });
}

fn write_patient(json: &mut Canonical, patient: Option<Patient>) {
    if let Some(patient) = patient {
        json.member("patient").hex(patient.as_bytes());
    }
}

fn write_token(json: &mut Canonical, name: &'static str, token: Option<Token<'_>>) {
    if let Some(token) = token {
        json.member(name).token(token);
    }
}
