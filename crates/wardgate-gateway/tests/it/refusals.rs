//! Every refusal code, provoked through the listener, and what all refusals have in common.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Method;
use jiff::SignedDuration;
use wardgate_authz::Policies;
use wardgate_gateway::refusal::CODES;
use wardgate_records::events::EventKind;

use crate::hospital::{Answer, Hospital, says};
use crate::refusal_cases::{Case, Leaves, NO_POLICY, NOTE, of_records, of_requests};

/// What every refusal must look like.
pub(crate) fn check(
    hospital: &Hospital,
    answer: &Answer,
    code: &str,
    status: u16,
    gate: &str,
    left: Leaves,
) {
    let text = answer.text();
    assert_eq!(answer.status.as_u16(), status, "{code}: {text}");
    assert_eq!(answer.code(), code, "{text}");
    assert_eq!(answer.headers["content-type"], "application/json", "{code}");
    assert_eq!(answer.headers["x-request-id"].len(), 36, "{code}");
    let error = &answer.json()["error"];
    assert_eq!(error["gate"], gate, "{text}");
    let hint = error["hint"].as_str().unwrap();
    assert!(
        !hint.is_empty() && error["message"].as_str().unwrap().contains(hint),
        "{text}"
    );
    assert!(
        error["type"].as_str().unwrap().ends_with("_error"),
        "{text}"
    );
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let recorded = match left {
        Leaves::Nothing => {
            assert!(error["record"].is_null(), "{text}");
            return assert!(!answer.headers.contains_key("wardgate-record"), "{code}");
        }
        Leaves::Entry => hospital
            .events()
            .into_iter()
            .find(|event| event.kind == EventKind::CallRefused && event.text("code") == Some(code))
            .map(|event| (event.id, event.text("gate").unwrap().to_owned())),
        Leaves::Outcome => hospital
            .events()
            .into_iter()
            .find(|event| event.kind == EventKind::CallOutcome)
            .map(|event| (event.record_id("call").unwrap(), gate.to_owned())),
    };
    let (record, of_gate) = recorded.unwrap_or_else(|| panic!("{code} is not in the ledger"));
    assert_eq!(of_gate, gate, "{code}");
    if left == Leaves::Outcome {
        assert_eq!(error["record"], record.to_string(), "{text}");
    } else {
        let told: wardgate_records::RecordId = error["record"].as_str().unwrap().parse().unwrap();
        assert!(
            hospital.events().iter().any(|event| event.id == told),
            "{text}"
        );
    }
    assert_eq!(
        answer.headers["wardgate-record"],
        error["record"].as_str().unwrap(),
        "{code}"
    );
    assert_eq!(
        answer.headers["x-request-id"],
        error["record"].as_str().unwrap(),
        "{code}"
    );
}

async fn run(hospital: &Hospital, keys: &[(&str, String)], case: &Case) {
    let mut records = hospital.records();
    for (from, to) in case.records {
        assert!(records.contains(from), "{}: {from}", case.code);
        records = records.replacen(from, to, 1);
    }
    hospital.apply(&(records + case.more)).await;
    let key = &keys
        .iter()
        .find(|(app, _)| *app == case.call.app)
        .unwrap()
        .1;
    let authorization = format!("Bearer {key}");
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    for (name, value) in &case.call.headers {
        headers.retain(|(other, _)| other != name);
        if !value.is_empty() {
            headers.push((name, value));
        }
    }
    let call = &case.call;
    let answer = hospital
        .request(call.method.clone(), call.path, &headers, call.body.clone())
        .await;
    check(
        hospital,
        &answer,
        case.code,
        case.status,
        case.gate,
        case.leaves,
    );
    assert!(
        hospital.model.received().is_empty(),
        "{} reached the model",
        case.code
    );
}

#[tokio::test]
async fn a_refused_request_says_why_and_is_recorded() {
    let hospital = Hospital::open().await;
    let keys = [(
        "ward-notes",
        hospital.key("ward-notes", Some("dr.osei")).await,
    )];
    for case in of_requests() {
        run(&hospital, &keys, &case).await;
    }
}

#[tokio::test]
async fn what_the_records_forbid_is_refused_and_what_they_allow_again_passes() {
    let hospital = Hospital::open().await;
    let keys = [
        (
            "ward-notes",
            hospital.key("ward-notes", Some("dr.osei")).await,
        ),
        ("batch", hospital.key("batch", None).await),
    ];
    for case in of_records() {
        run(&hospital, &keys, &case).await;
        hospital.apply(&(hospital.records() + NO_POLICY)).await;
    }
    let answer = hospital.chat(&keys[0].1, &says(NOTE)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The codes that need more than a request or a record; each test below says which it covers.
const OTHERS: [&str; 28] = [
    "vault.sealed",
    "request.timeout",
    "request.incomplete",
    "identity.key_expired",
    "identity.token_expired",
    "identity.keys_unavailable",
    "identity.certificate_other",
    "identity.too_many_failures",
    "scope.purpose",
    "scope.call",
    "scope.patient",
    "limits.rate",
    "limits.concurrency",
    "fact.stale",
    "ledger.unavailable",
    "upstream.unreachable",
    "upstream.circuit_open",
    "upstream.timeout",
    "upstream.error",
    "upstream.busy",
    "answer.invalid",
    "answer.too_large",
    "answer.broken_off",
    "access.not_granted",
    "break_glass.not_open",
    "care.no_relationship",
    "data_class.sensitive",
    "data_class.not_for_role",
];

/// Codes that nothing outside can bring about yet.
const UNREACHABLE: [(&str, &str); 5] = [
    (
        "fact.missing",
        "the records of a snapshot hold every fact that a decision reads",
    ),
    (
        "incident.contained",
        "incidents are not records yet, so none can contain a system",
    ),
    (
        "system.digest_mismatch",
        "nothing measures yet what an endpoint serves",
    ),
    (
        "deid.busy",
        "no model looks for identifiers here; the runs of one are tested where they are limited",
    ),
    (
        "deid.failed",
        "the scan that comes before refuses every body that this could fail on",
    ),
];

#[test]
fn every_code_is_provoked() {
    let mut all: BTreeSet<String> = CODES.iter().map(|code| code.text.to_owned()).collect();
    let policies = Policies::built_in().unwrap();
    all.extend(policies.catalogue().into_iter().map(|code| code.code));
    let cases = of_requests().into_iter().chain(of_records());
    let mut provoked: BTreeSet<String> = cases.map(|case| case.code.to_owned()).collect();
    provoked.extend(OTHERS.map(str::to_owned));
    for (code, _why) in UNREACHABLE {
        assert!(provoked.insert(code.to_owned()), "{code} is provoked");
    }
    assert_eq!(provoked, all);
}

#[tokio::test]
async fn an_app_that_was_not_granted_the_system_is_refused() {
    let hospital = Hospital::open().await;
    let key = hospital.key("batch", None).await;
    let records = hospital.records().replacen(
        "acts: autonomously\nsystems: [note-helper]",
        "acts: autonomously\nsystems: []",
        1,
    );
    hospital.apply(&records).await;
    let answer = hospital
        .call(&key, &[("wardgate-purpose", "HOPERAT")], &says("x"))
        .await;
    check(
        &hospital,
        &answer,
        "access.not_granted",
        403,
        "authorise",
        Leaves::Entry,
    );
    assert_eq!(answer.json()["error"]["source"], "app/batch");
}

#[tokio::test]
async fn facts_that_are_too_old_refuse() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    hospital.advance_unattended(SignedDuration::from_secs(60));
    let answer = hospital.chat(&key, &says(NOTE)).await;
    check(
        &hospital,
        &answer,
        "fact.stale",
        503,
        "facts",
        Leaves::Entry,
    );
    hospital.advance(SignedDuration::ZERO).await;
    assert_eq!(hospital.chat(&key, &says(NOTE)).await.status, 200);
}

#[tokio::test]
async fn every_route_refuses_a_stranger() {
    let hospital = Hospital::open().await;
    for (method, path) in [
        (Method::POST, "/v1/chat/completions"),
        (Method::POST, "/v1/embeddings"),
        (Method::GET, "/v1/models"),
        (Method::GET, "/v1/models/note-helper-1"),
    ] {
        let answer = hospital.request(method, path, &[], Bytes::new()).await;
        check(
            &hospital,
            &answer,
            "identity.key_missing",
            401,
            "identify",
            Leaves::Nothing,
        );
    }
}

const SECRETS: [&str; 8] = [
    "Maria",
    "Schmidt",
    "Rojas",
    "4471882",
    "1961",
    "Alder",
    "555-0142",
    "not-a-real-token",
];
