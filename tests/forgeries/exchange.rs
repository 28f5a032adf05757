//! No gate takes another gate's proof in place of the one that it needs.

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use wardgate_authz::Permit;
use wardgate_deid::Deidentified;
use wardgate_records::{RecordId, Snapshot};

use crate::authorise::authorise;
use crate::call::{Call, Route, Shape};
use crate::deidentify::deidentify;
use crate::facts::Gathered;
use crate::gate::Gate;
use crate::identity::Identified;
use crate::inspect::{Reply, inspect, outcome};
use crate::limits::Limits;
use crate::recorder::intent;
use crate::screen::Screened;

fn the_limits_need_an_identified_caller(limits: &Limits, headers: &HeaderMap, now: Timestamp) {
    let _ = limits.admit(headers, now); //~ E0308
}

fn a_call_needs_an_admitted_caller(
    record: RecordId,
    route: Route,
    identified: Identified,
    body: Bytes,
    shape: Shape,
) {
    let _ = Call::new(record, route, identified, body, shape); //~ E0308
}

fn the_decision_needs_gathered_facts(call: &Call, snapshot: &Snapshot, now: Timestamp) {
    let _ = authorise(call, snapshot, "Organization/x", now); //~ E0308
}

async fn masking_needs_gathered_facts(gate: &Gate, call: &Call, permit: &Permit) {
    let _ = deidentify(gate, call, permit).await; //~ E0308
}

async fn the_record_needs_a_permit(
    gate: &Gate,
    call: &Call,
    facts: &Gathered,
    masked: &Deidentified,
    screened: &Screened,
) {
    let _ = intent(gate, call, facts, screened, masked, screened).await; //~ E0308
}

async fn the_record_needs_a_masked_body(
    gate: &Gate,
    call: &Call,
    facts: &Gathered,
    permit: &Permit,
    screened: &Screened,
) {
    let _ = intent(gate, call, facts, permit, call, screened).await; //~ E0308
}

async fn the_record_needs_a_screened_call(
    gate: &Gate,
    call: &Call,
    facts: &Gathered,
    permit: &Permit,
    masked: &Deidentified,
) {
    let _ = intent(gate, call, facts, permit, masked, permit).await; //~ E0308
}

async fn inspecting_needs_a_reply(gate: &Gate, call: Call) {
    let _ = inspect(gate, call).await; //~ E0308
}

async fn an_answer_needs_to_be_inspected(gate: &Gate, reply: Reply) {
    let _ = outcome(gate, reply).await; //~ E0308
}
