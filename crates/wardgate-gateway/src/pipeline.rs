//! The path of a call, top to bottom.
//!
//! Each gate returns a proof bound to this call, or a refusal. [`send`] takes a [`Cleared`] call,
//! which holds all proofs and can be made only here: leave a gate out and this file does not
//! compile.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use jiff::Timestamp;
use wardgate_authz::Permit;
use wardgate_deid::Deidentified;
use wardgate_ledger::Receipt;
use wardgate_records::RecordId;

use crate::adapters::openai;
use crate::authorise::authorise;
use crate::body::{self, AnswerBody};
use crate::call::{Call, Route, Stated};
use crate::counters::Counters;
use crate::deidentify::deidentify;
use crate::facts::{Gathered, gather};
use crate::gate::{Gate, Worker};
use crate::identity::{Presented, identify};
use crate::inspect::{Answer, Reply, inspect, outcome};
use crate::label::label;
use crate::models;
use crate::recorder::{Outcome, Recorder, intent};
use crate::refusal::{self, Refusal};
use crate::screen::{Screened, screen};
use crate::server::Peer;
use crate::trail::Trail;
use crate::upstream::Outgoing;

/// Answers one request: a call that passed, or a refusal in the protocol's own shape.
pub(crate) async fn answer(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let gate = &worker.gate;
    let now = gate.now();
    let record = gate.new_record(now);
    let mut trail = Trail::default();
    let (head, body) = request.into_parts();
    let answered = match route(&head) {
        Ok(Target::Models(model)) => {
            let sender = (&head, peer.certificate.as_deref());
            models::list(gate, sender, model.as_deref(), &mut trail, now)
        }
        Ok(Target::Call(route)) => pass(worker, record, route, (&head, peer), body, &mut trail)
            .await
            .map(|answer| answer.into_response(&head.headers)),
        Err(refusal) => Err(refusal),
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(refusal) => refuse(gate, record, peer.address, &trail, refusal).await,
    };
    set_id(response.headers_mut(), "x-request-id", record);
    response
}

/// One call through all gates.
async fn pass(
    worker: &Worker,
    record: RecordId,
    route: Route,
    (head, peer): (&Head, &Peer),
    body: Incoming,
    trail: &mut Trail,
) -> Result<Answer, Refusal> {
    let gate = &worker.gate;
    let now = gate.now();
    let snapshot = gate.snapshot();

    // What the head can decide is decided before any of the body is read.
    // gate: identify
    let presented = Presented {
        headers: &head.headers,
        certificate: peer.certificate.as_deref(),
    };
    let identified = identify(presented, &gate.trust, &snapshot, now, trail)?;
    // gate: limits
    let admitted = gate.limits.admit(identified, now)?;
    check_content_type(&head.headers)?;
    let stated = Stated::from_headers(&head.headers)?;
    let stated = admitted.caller().narrow(stated, &snapshot)?;

    let body = body::read(&head.headers, body, &gate.options.body).await?;
    let shape = openai::request::read(route, &body)?;

    // The body may have taken its time: from here on the newest records and the present count,
    // also for who calls.
    let (now, snapshot) = (gate.now(), gate.snapshot());
    let identified = identify(presented, &gate.trust, &snapshot, now, trail)?;
    let call = Call::new(record, route, admitted.still(identified), body, shape);
    // gate: facts
    let facts = gather(snapshot, &call, stated, now)?;
    trail.gathered(&facts);
    // Consents may depend on what the text is about; it is read as it came.
    let labelled = label(&call, &facts).await;
    // gate: authorise
    let permit = authorise(&call, &facts, &labelled, &gate.options.organization)
        .map_err(|denial| trail.denied(denial, &facts))?;
    // gate: deidentify
    let masked = deidentify(gate, &call, &facts).await?;
    // gate: screen
    let screened = screen(&call, gate.options.screen)?;
    // gate: intent
    let (receipt, recorder) = intent(gate, &call, &facts, &permit, &masked, &screened).await?;

    let cleared = Cleared::new(
        call,
        facts,
        Proofs {
            permit,
            masked,
            screened,
            receipt,
        },
        recorder,
    )?;
    // gate: send
    let reply = send(worker, cleared).await?;
    // gate: inspect
    let inspected = inspect(gate, reply).await?;
    // gate: outcome
    let answer = outcome(gate, inspected).await?;
    Ok(answer)
}

/// A call that every gate let through. Made only here.
pub(crate) struct Cleared {
    call: Call,
    facts: Gathered,
    masked: Deidentified,
    recorder: Recorder,
}

/// What the gates returned.
struct Proofs {
    permit: Permit,
    masked: Deidentified,
    screened: Screened,
    receipt: Receipt,
}

impl Cleared {
    /// Takes the proofs of one call; proofs of different calls do not combine.
    fn new(
        call: Call,
        facts: Gathered,
        proofs: Proofs,
        recorder: Recorder,
    ) -> Result<Self, Refusal> {
        let digest = call.digest().as_bytes();
        let bound = [
            *facts.call().as_bytes(),
            *proofs.permit.call(),
            proofs.masked.call(),
            *proofs.screened.call().as_bytes(),
            *proofs.receipt.call(),
        ];
        if bound.iter().any(|of| of != digest) {
            tracing::error!("proofs of different calls were combined");
            return Err(Refusal::new(&refusal::LEDGER_UNAVAILABLE));
        }
        Ok(Self {
            call,
            facts,
            masked: proofs.masked,
            recorder,
        })
    }
}

/// The only function that reaches a system.
async fn send(worker: &Worker, cleared: Cleared) -> Result<Reply, Refusal> {
    let Cleared {
        call,
        facts,
        masked,
        recorder,
    } = cleared;
    let replaced = masked.report().total();
    Counters::add(&worker.gate.counters.replaced, replaced);
    let (body, restore) = masked.into_parts();
    let outgoing = Outgoing {
        path: call.route().path(),
        body: Bytes::from(body),
        streaming: call.stream(),
        model: call.model(),
    };
    match worker.upstreams.exchange(facts.system(), &outgoing).await {
        Err(unreached) => {
            let outcome = Outcome {
                attempts: unreached.attempts,
                ..Outcome::default()
            };
            Err(recorder.failed(outcome, unreached.refusal).await)
        }
        Ok(reached) => Ok(Reply {
            response: reached.response,
            restore,
            recorder: recorder.answered_by(reached.elsewhere),
            place: call.into_place(),
            attempts: reached.attempts,
            idle_timeout: worker.upstreams.idle_timeout(),
            system_digest: facts.system().digest.clone(),
        }),
    }
}

/// Records a refusal and puts it into the protocol's shape.
async fn refuse(
    gate: &Arc<Gate>,
    record: RecordId,
    peer: IpAddr,
    trail: &Trail,
    refusal: Refusal,
) -> Response<AnswerBody> {
    let now = gate.now();
    gate.counters.refused(&refusal);
    let refusal = if refusal.record().is_some() {
        // Its outcome entry tells already.
        refusal
    } else if trail.is_identified() {
        record_refusal(gate, record, trail, refusal, now).await
    } else if refusal.gate() == refusal::Gate::Identify {
        strangers(gate, peer, refusal, now).await
    } else {
        refusal
    };
    let mut response = Response::new(body::full(Bytes::from(openai::error_body(&refusal))));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(record) = refusal.record() {
        set_id(headers, RECORD_HEADER, record);
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A refusal of somebody known is durable before it is told.
async fn record_refusal(
    gate: &Gate,
    record: RecordId,
    trail: &Trail,
    refusal: Refusal,
    now: Timestamp,
) -> Refusal {
    let Some(leaf) = trail.leaf(record, &refusal, now) else {
        return refusal;
    };
    match gate.ledger.append([0; 32], leaf).await {
        Ok(_receipt) => refusal.recorded_as(record),
        Err(error) => {
            tracing::error!(%error, "a refusal could not be recorded");
            refusal
        }
    }
}

/// Strangers are answered late and counted together, so that they can not flood the ledger.
async fn strangers(gate: &Gate, peer: IpAddr, refusal: Refusal, now: Timestamp) -> Refusal {
    gate.strangers
        .count(&refusal, now, &gate.ledger, || gate.new_record(now));
    match gate.failures.delay(peer, now) {
        Some(delay) => {
            gate.failures.wait(delay).await;
            refusal
        }
        None => Refusal::new(&refusal::TOO_MANY_FAILURES).retry_after_s(TOO_MANY_RETRY_S),
    }
}

enum Target {
    Call(Route),
    /// All models, or one.
    Models(Option<String>),
}

fn route(head: &Head) -> Result<Target, Refusal> {
    let (target, method) = match head.uri.path() {
        "/v1/chat/completions" => (Target::Call(Route::Chat), Method::POST),
        "/v1/embeddings" => (Target::Call(Route::Embeddings), Method::POST),
        "/v1/models" => (Target::Models(None), Method::GET),
        path => match path.strip_prefix("/v1/models/") {
            Some(model) => (Target::Models(Some(model.to_owned())), Method::GET),
            None => return Err(Refusal::new(&refusal::ROUTE_UNKNOWN)),
        },
    };
    if head.method == method {
        Ok(target)
    } else {
        Err(Refusal::new(&refusal::METHOD_NOT_ALLOWED))
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::new(&refusal::CONTENT_TYPE))
    }
}

pub(crate) fn set_id(headers: &mut HeaderMap, name: &'static str, record: RecordId) {
    if let Ok(value) = HeaderValue::from_str(&record.to_string()) {
        headers.insert(name, value);
    }
}

/// Where the ledger entry of an answer or refusal is named.
pub(crate) const RECORD_HEADER: &str = "wardgate-record";
const TOO_MANY_RETRY_S: u32 = 5;
