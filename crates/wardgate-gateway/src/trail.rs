//! What is known of a call so far, for the entry that a refusal leaves in the ledger.

use jiff::Timestamp;
use wardgate_authz::{Denial, FactUsed as DecidedFact};
use wardgate_records::events::{
    CallRefused, ConsentHandle, Decision, Event, FactUsed, GateOutcome, GateResult, Token,
};
use wardgate_records::{Key, RecordId};
use wardgate_vault::PatientHandle;

use crate::facts::Gathered;
use crate::refusal::Refusal;

/// Filled in as the call proceeds; ids only.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    app: Option<String>,
    key: Option<RecordId>,
    person: Option<String>,
    system: Option<String>,
    purpose: Option<&'static str>,
    patient: Option<PatientHandle>,
    data_class: Option<&'static str>,
    facts_as_of: Option<Timestamp>,
    denial: Option<Denial>,
    asked: Option<Asked>,
    consents: Vec<ConsentHandle>,
}

/// What the policies were asked beside the facts.
#[derive(Debug)]
struct Asked {
    at: Timestamp,
    vendor: String,
    region: String,
    about_patient: bool,
}

impl Asked {
    fn decision(&self) -> Decision<'_> {
        let vendor = Token::or_unfit(&self.vendor);
        Decision {
            at: self.at,
            vendor,
            recipient: vendor,
            region: Token::or_unfit(&self.region),
            about_patient: self.about_patient,
        }
    }
}

impl Trail {
    /// A key on file: from here on a refusal is about somebody known.
    pub(crate) fn presented(&mut self, key: &Key) {
        self.app = Some(key.app.clone());
        self.key = Some(key.id);
        self.person.clone_from(&key.person);
    }

    /// An app that was identified otherwise.
    pub(crate) fn identified(&mut self, app: &str) {
        self.app = Some(app.to_owned());
    }

    /// The person that the app acts for.
    pub(crate) fn acts_for(&mut self, person: &str) {
        self.person = Some(person.to_owned());
    }

    pub(crate) fn gathered(&mut self, facts: &Gathered) {
        self.system = Some(facts.system().id.clone());
        self.purpose = Some(facts.purpose().code());
        self.patient = facts.patient().map(|patient| patient.handle);
        self.data_class = Some(facts.data_class());
        self.facts_as_of = Some(facts.facts().snapshot_as_of);
    }

    /// Keeps what decided, and says no with it.
    pub(crate) fn denied(&mut self, denial: Denial, facts: &Gathered) -> Refusal {
        let refusal = Refusal::from_denial(&denial);
        let handle = |reference| facts.snapshot().consent_handle(reference);
        self.consents = denial.consents().map(handle).collect();
        self.asked = Some(Asked {
            at: facts.at(),
            vendor: facts.system().vendor.clone(),
            region: facts.region().to_owned(),
            about_patient: facts.subject().is_some(),
        });
        self.denial = Some(denial);
        refusal
    }

    /// Whether anybody is behind the call: strangers are counted, not recorded one by one.
    pub(crate) fn is_identified(&self) -> bool {
        self.app.is_some()
    }

    /// The ledger entry of a refusal.
    pub(crate) fn leaf(
        &self,
        record: RecordId,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Option<Vec<u8>> {
        let policies = self
            .denial
            .as_ref()
            .map(|denial| tokens(denial.policies()))
            .unwrap_or_default();
        let facts = self
            .denial
            .as_ref()
            .map(|denial| facts_used(denial.facts()))
            .unwrap_or_default();
        let reason = refusal.reason().map(|reason| format!("token/{reason}"));
        let gates = [GateResult {
            gate: Token::or_unfit(refusal.gate().name()),
            outcome: GateOutcome::Refused,
        }];
        let event = Event::CallRefused(CallRefused {
            app: self.app.as_deref().map(Token::or_unfit),
            key: self.key,
            person: self.person.as_deref().map(Token::or_unfit),
            system: self.system.as_deref().map(Token::or_unfit),
            purpose: self.purpose.map(Token::or_unfit),
            patient: self.patient,
            data_class: self.data_class.map(Token::or_unfit),
            gate: Token::or_unfit(refusal.gate().name()),
            code: Token::or_unfit(refusal.code()),
            record: refusal.source().or(reason.as_deref()).map(Token::or_unfit),
            policy_hash: self.denial.as_ref().map(|denial| *denial.policy_hash()),
            policies: &policies,
            facts: &facts,
            consents: &self.consents,
            consent_default: None,
            facts_as_of: self.facts_as_of,
            decision: self.asked.as_ref().map(Asked::decision),
            gates: &gates,
        });
        event.leaf(record, now).ok()
    }
}

/// Policy ids as the ledger keeps them.
pub(crate) fn tokens<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<Token<'a>> {
    ids.map(Token::or_unfit).collect()
}

/// Facts as the ledger keeps them.
pub(crate) fn facts_used<'a>(facts: impl Iterator<Item = &'a DecidedFact>) -> Vec<FactUsed<'a>> {
    facts.map(FactUsed::from).collect()
}
