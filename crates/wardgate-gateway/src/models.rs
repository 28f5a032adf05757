//! `/v1/models`: the systems that this caller may use, and no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts as Head;
use http::{HeaderValue, Response, header};
use jiff::Timestamp;
use serde::Serialize;
use wardgate_identity::ClientCertificate;
use wardgate_records::FlowState;

use crate::authorise::may_use;
use crate::body::{self, AnswerBody};
use crate::gate::Gate;
use crate::identity::{Presented, identify};
use crate::refusal::{self, Refusal};
use crate::trail::Trail;

#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Serialize)]
struct Model {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: String,
}

/// The models of a caller, or one of them. A model that may not be used is not found.
pub(crate) fn list(
    gate: &Arc<Gate>,
    (head, certificate): (&Head, Option<&ClientCertificate>),
    one: Option<&str>,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Response<AnswerBody>, Refusal> {
    let snapshot = gate.snapshot();
    let presented = Presented {
        headers: &head.headers,
        certificate,
    };
    let identified = identify(presented, &gate.trust, &snapshot, now, trail)?;
    let admitted = gate.limits.admit(identified, now)?;
    let caller = admitted.caller();
    // A flow that is declared for this app may name the same system for several purposes.
    let mut models = BTreeMap::new();
    for flow in snapshot
        .flows()
        .filter(|flow| flow.app == caller.app().id && flow.state == FlowState::Declared)
    {
        let Some(system) = snapshot.system(&flow.system) else {
            continue;
        };
        let wanted = one.is_none_or(|model| model == system.model);
        if wanted
            && !models.contains_key(&system.model)
            && may_use(&snapshot, caller, system, flow, now)
        {
            let model = Model {
                id: system.model.clone(),
                object: "model",
                created: 0,
                owned_by: system.vendor.clone(),
            };
            models.insert(system.model.clone(), model);
        }
    }
    let body = match one {
        None => serde_json::to_vec(&List {
            object: "list",
            data: models.into_values().collect(),
        }),
        Some(model) => serde_json::to_vec(
            &models
                .remove(model)
                .ok_or_else(|| Refusal::new(&refusal::MODEL_UNKNOWN))?,
        ),
    };
    // Strings and numbers always serialise.
    let mut response = Response::new(body::full(Bytes::from(body.unwrap_or_default())));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
