//! The two ledger entries of a call, and its sealed payload.
//!
//! The intent is durable before the first byte leaves. From then on a [`Recorder`] owes the
//! ledger an outcome: told when the answer is there, or written on the way out when the call is
//! dropped half-way.

use std::sync::Arc;

use jiff::Timestamp;
use wardgate_authz::{ConsentBasis, Permit};
use wardgate_deid::Deidentified;
use wardgate_ledger::Receipt;
use wardgate_records::events::{
    CallIntent, CallOutcome, ConsentHandle, Decision, DeidSummary, Event, GateOutcome, GateResult,
    OutcomeStatus, Token,
};
use wardgate_records::{Payload, PayloadPart, RecordId, SealedPayload};
use wardgate_vault::PatientHandle;

use crate::call::{Call, CallDigest};
use crate::counters::Counters;
use crate::facts::Gathered;
use crate::gate::Gate;
use crate::refusal::{self, Refusal};
use crate::screen::{Finding, Screened};
use crate::trail;

/// Writes the intent of a call and waits until it is durable.
pub(crate) async fn intent(
    gate: &Arc<Gate>,
    call: &Call,
    facts: &Gathered,
    permit: &Permit,
    body: &Deidentified,
    screened: &Screened,
) -> Result<(Receipt, Recorder), Refusal> {
    let now = gate.now();
    let patient = facts.patient().map(|patient| patient.handle);
    // A call whose answer could not be kept would be made for nothing.
    let payloads = gate.payloads.health();
    payloads.map_err(|error| unavailable("payloads can not be stored", &error))?;
    let request = seal(
        gate,
        call.record(),
        patient,
        PayloadPart::Request,
        call.body(),
    )?;
    let passed = Passed {
        facts,
        permit,
        body,
        screened,
    };
    if (gate.unanchored)() {
        let reason = "the quorum of witnesses has been missing for too long";
        return Err(unavailable("an intent could not be anchored", &reason));
    }
    let leaf = intent_leaf(call, &passed, request.commitment(), now)?;
    // From here on an outcome is owed: who hangs up while the intent is being written leaves it too.
    let mut recorder = Recorder {
        gate: gate.clone(),
        call: call.record(),
        digest: *call.digest(),
        patient,
        request: Some(request),
        started: now,
        endpoint: None,
        so_far: Outcome::default(),
        closed: false,
    };
    let written = gate.ledger.append(*call.digest().as_bytes(), leaf).await;
    let receipt = written.map_err(|error| {
        // What was not recorded did not begin.
        recorder.closed = true;
        unavailable("an intent could not be recorded", &error)
    })?;
    Ok((receipt, recorder))
}

/// Owes the ledger the outcome of a call.
pub(crate) struct Recorder {
    gate: Arc<Gate>,
    call: RecordId,
    digest: CallDigest,
    patient: Option<PatientHandle>,
    /// Stored together with the answer.
    request: Option<SealedPayload>,
    started: Timestamp,
    /// The endpoint that answered, when it is not the one of the intent.
    endpoint: Option<String>,
    /// What had reached the caller when last told.
    so_far: Outcome,
    closed: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    pub http_status: Option<u16>,
    pub attempts: u32,
    pub events: u64,
    pub restored: u64,
    pub answer_bytes: u64,
}

impl Recorder {
    /// The id of the call's record.
    pub(crate) fn call(&self) -> RecordId {
        self.call
    }

    /// Names the endpoint that answered, when it is not the one of the intent.
    pub(crate) fn answered_by(mut self, elsewhere: Option<String>) -> Self {
        self.endpoint = elsewhere;
        self
    }

    /// Seals the payload, writes the outcome of an answered call, and waits until both are durable.
    pub(crate) async fn answered(
        &mut self,
        outcome: Outcome,
        answer: &[u8],
    ) -> Result<Receipt, Refusal> {
        self.close(OutcomeStatus::Answered, outcome, answer).await
    }

    /// Writes that the system gave no whole answer. The refusal then points to the record.
    pub(crate) async fn failed(mut self, outcome: Outcome, refusal: Refusal) -> Refusal {
        self.broke_off(outcome, b"", refusal).await
    }

    /// Writes that the system broke off after a part of its answer had reached the caller.
    pub(crate) async fn broke_off(
        &mut self,
        outcome: Outcome,
        answer: &[u8],
        refusal: Refusal,
    ) -> Refusal {
        let call = self.call;
        match self
            .close(OutcomeStatus::UpstreamFailed, outcome, answer)
            .await
        {
            Ok(_receipt) => refusal.recorded_as(call),
            Err(unavailable) => unavailable.recorded_as(call),
        }
    }

    /// Notes how much has reached the caller, in case nobody waits for the rest.
    pub(crate) fn reached(&mut self, so_far: Outcome) {
        self.so_far = so_far;
    }

    /// Counts an answer that came as a stream.
    pub(crate) fn count_stream(&self, outcome: Outcome) {
        let counters = &self.gate.counters;
        Counters::add(&counters.answered, 1);
        Counters::add(&counters.streamed, 1);
        Counters::add(&counters.restored, outcome.restored);
    }

    async fn close(
        &mut self,
        status: OutcomeStatus,
        outcome: Outcome,
        answer: &[u8],
    ) -> Result<Receipt, Refusal> {
        // Whatever fails before the appends leaves the outcome owed: dropping writes it then.
        let sealed = seal(
            &self.gate,
            self.call,
            self.patient,
            PayloadPart::Answer,
            answer,
        )?;
        let answered = status == OutcomeStatus::Answered;
        let commitment = answered.then(|| sealed.commitment());
        let leaf = self.leaf(status, outcome, commitment, Some(sealed.hash()))?;
        self.closed = true;
        let payloads = &self.gate.payloads;
        let request = async {
            match self.request.take() {
                Some(request) => payloads.append(request).await,
                None => Ok(()),
            }
        };
        let written = tokio::join!(
            request,
            payloads.append(sealed),
            self.gate
                .ledger
                .append_closing(*self.digest.as_bytes(), leaf),
        );
        for stored in [written.0, written.1] {
            stored.map_err(|error| unavailable("a payload could not be stored", &error))?;
        }
        written
            .2
            .map_err(|error| unavailable("an outcome could not be recorded", &error))
    }

    fn leaf(
        &self,
        status: OutcomeStatus,
        outcome: Outcome,
        commitment: Option<[u8; 32]>,
        payload: Option<[u8; 32]>,
    ) -> Result<Vec<u8>, Refusal> {
        let now = self.gate.now();
        let duration_us = now
            .as_microsecond()
            .saturating_sub(self.started.as_microsecond());
        let event = Event::CallOutcome(CallOutcome {
            call: self.call,
            status,
            http_status: outcome.http_status,
            answer_commitment: commitment,
            payload_hash: payload,
            answer_bytes: outcome.answer_bytes,
            stream_events: outcome.events,
            attempts: outcome.attempts.into(),
            duration_us: u64::try_from(duration_us).unwrap_or_default(),
            restored: outcome.restored,
            endpoint: self.endpoint.as_deref().map(Token::or_unfit),
        });
        event
            .leaf(self.gate.new_record(now), now)
            .map_err(|_| Refusal::new(&refusal::LEDGER_UNAVAILABLE))
    }
}

impl Drop for Recorder {
    /// The caller went away, or the process is ending: the outcome is still owed.
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let written = self
            .leaf(OutcomeStatus::Aborted, self.so_far, None, None)
            .map(|leaf| self.gate.ledger.append_detached(leaf));
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!("the outcome of an abandoned call could not be recorded");
        }
        // The system may have seen the request: what was asked is kept, like that of other calls.
        if let Some(request) = self.request.take()
            && let Err(error) = self.gate.payloads.append_detached(request)
        {
            tracing::error!(%error, "the request of an abandoned call could not be stored");
        }
    }
}

/// What the gates before the intent returned.
struct Passed<'a> {
    facts: &'a Gathered,
    permit: &'a Permit,
    body: &'a Deidentified,
    screened: &'a Screened,
}

fn intent_leaf(
    call: &Call,
    passed: &Passed<'_>,
    commitment: [u8; 32],
    now: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    let Passed {
        facts,
        permit,
        body,
        screened,
    } = *passed;
    let caller = call.admitted().caller();
    let system = facts.system();
    let policies = trail::tokens(permit.policies());
    let used = trail::facts_used(permit.facts());
    let counts: Vec<(Token<'_>, u64)> = body
        .report()
        .kinds()
        .map(|(kind, count)| (Token::or_unfit(kind.label()), count))
        .collect();
    let off = body.report().off_reason();
    let gates = [
        gate_passed("identify"),
        gate_passed("limits"),
        gate_passed("facts"),
        gate_passed("authorise"),
        GateResult {
            gate: Token::or_unfit("deidentify"),
            outcome: off.map_or(GateOutcome::Passed, |_| GateOutcome::Off),
        },
        GateResult {
            gate: Token::or_unfit("screen"),
            outcome: screen_outcome(screened),
        },
    ];
    let (consents, consent_default) = consent_basis(permit, facts);
    let event = Event::CallIntent(CallIntent {
        app: Token::or_unfit(&caller.app().id),
        key: caller.key(),
        credential: caller.credential(),
        on_behalf_of: caller.on_behalf_of(),
        person: caller.person().map(|person| Token::or_unfit(&person.id)),
        system: Token::or_unfit(&system.id),
        system_digest: system.digest.as_deref().map(Token::or_unfit),
        purpose: Token::or_unfit(facts.purpose().code()),
        patient: facts.patient().map(|patient| patient.handle),
        data_class: Token::or_unfit(facts.data_class()),
        recipient: Token::or_unfit(&system.vendor),
        region: Token::or_unfit(facts.region()),
        policy_hash: *permit.policy_hash(),
        policies: &policies,
        facts: &used,
        consents: &consents,
        consent_default,
        facts_as_of: Some(facts.facts().snapshot_as_of),
        decision: Some(decision_of(facts)),
        gates: &gates,
        deid: DeidSummary {
            counts: &counts,
            off: off.map(Token::or_unfit),
            scanned_bytes: body.report().bytes_scanned(),
        },
        request_commitment: commitment,
        endpoint: system
            .upstreams
            .first()
            .map_or(Token::UNFIT, |upstream| Token::or_unfit(&upstream.name)),
        stream: call.stream(),
    });
    event
        .leaf(call.record(), now)
        .map_err(|_| Refusal::new(&refusal::LEDGER_UNAVAILABLE))
}

/// What the policies were asked beside the facts.
fn decision_of(facts: &Gathered) -> Decision<'_> {
    let vendor = Token::or_unfit(&facts.system().vendor);
    Decision {
        at: facts.at(),
        vendor,
        recipient: vendor,
        region: Token::or_unfit(facts.region()),
        about_patient: facts.subject().is_some(),
    }
}

/// On what the patient's consent rests: consents by handle, or the default that decided.
fn consent_basis<'a>(
    permit: &'a Permit,
    facts: &Gathered,
) -> (Vec<ConsentHandle>, Option<Token<'a>>) {
    let handle = |reference: &Arc<str>| facts.snapshot().consent_handle(reference);
    match permit.consent() {
        ConsentBasis::NoPatient => (Vec::new(), None),
        ConsentBasis::Consents(consents) => (consents.iter().map(handle).collect(), None),
        ConsentBasis::Default(name) => (Vec::new(), Some(Token::or_unfit(name))),
    }
}

fn gate_passed(gate: &'static str) -> GateResult<'static> {
    GateResult {
        gate: Token::or_unfit(gate),
        outcome: GateOutcome::Passed,
    }
}

fn screen_outcome(screened: &Screened) -> GateOutcome {
    match screened.finding() {
        Finding::Clean => GateOutcome::Passed,
        Finding::Flagged => GateOutcome::Flagged,
        Finding::Off => GateOutcome::Off,
    }
}

fn seal(
    gate: &Gate,
    record: RecordId,
    patient: Option<PatientHandle>,
    part: PayloadPart,
    body: &[u8],
) -> Result<SealedPayload, Refusal> {
    let payload = Payload {
        record,
        part,
        patient,
        body,
    };
    let sealed = gate.payloads.seal(payload);
    sealed.map_err(|error| unavailable("a payload could not be sealed", &error))
}

fn unavailable(what: &'static str, error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "{what}");
    Refusal::new(&refusal::LEDGER_UNAVAILABLE)
}
