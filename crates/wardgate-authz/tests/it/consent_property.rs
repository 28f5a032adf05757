//! The engine against the second evaluator, on cases that nobody thought of.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use wardgate_authz::consent::Case;

use crate::naive;

const PEOPLE: &[&str] = &[
    "Practitioner/a",
    "Practitioner/b",
    "Organization/h",
    "Device/d",
];
const PURPOSES: &[&str] = &[
    "TREAT",
    "ETREAT",
    "HPAYMT",
    "HRESCH",
    "CLINTRCH",
    "AI-INFERENCE",
];
const LABELS: &[&str] = &[
    "L", "N", "R", "V", "ETH", "ETHUD", "OPIOIDUD", "PSY", "PSYTHPN", "HIV",
];
const DAYS: &[&str] = &[
    "2021-12-31",
    "2022-01-01",
    "2022-12-31",
    "2023-01-01",
    "2024-06-15",
];

fn purpose(code: &str) -> Value {
    let system = if code == "AI-INFERENCE" {
        "urn:wardgate:purpose"
    } else {
        "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    };
    json!({"system": system, "code": code})
}

fn label(code: &str) -> Value {
    let system = if code.len() == 1 {
        "v3-Confidentiality"
    } else {
        "v3-ActCode"
    };
    json!({"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code})
}

fn actor(reference: &str) -> Value {
    json!({
        "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
        "reference": {"reference": reference},
    })
}

/// A list of an element, mostly left out.
fn some(
    from: &'static [&'static str],
    write: fn(&str) -> Value,
) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        3 => Just(None),
        2 => subsequence(from, 1..=2).prop_map(move |codes| Some(codes.into_iter().map(write).collect())),
    ]
}

fn period() -> impl Strategy<Value = Option<Value>> {
    let end = || prop_oneof![Just(None), select(DAYS).prop_map(Some)];
    prop_oneof![
        4 => Just(None),
        1 => (end(), end()).prop_filter_map("a period that runs backwards", |(start, end)| {
            let mut period = Map::new();
            if let (Some(start), Some(end)) = (start, end) && end < start {
                return None;
            }
            start.map(|start| period.insert("start".to_owned(), json!(start)));
            end.map(|end| period.insert("end".to_owned(), json!(end)));
            Some(Some(Value::Object(period)))
        }),
    ]
}

fn data() -> impl Strategy<Value = Option<Value>> {
    let one = prop_oneof![
        select(&["Observation/1", "Observation/2"][..])
            .prop_map(|to| json!({"meaning": "instance", "reference": {"reference": to}})),
        select(&["Encounter/1", "Encounter/2"][..])
            .prop_map(|to| json!({"meaning": "related", "reference": {"reference": to}})),
        select(&PEOPLE[..2])
            .prop_map(|by| json!({"meaning": "authoredby", "reference": {"reference": by}})),
    ];
    prop_oneof![4 => Just(None), 1 => vec(one, 1..3).prop_map(|data| Some(data.into()))]
}

fn provision() -> impl Strategy<Value = Value> {
    let alone = || {
        let kind = prop_oneof![
            6 => Just(Some("permit")),
            6 => Just(Some("deny")),
            1 => Just(None),
        ];
        let actors = &[
            "Practitioner/a",
            "Practitioner/b",
            "Organization/h",
            "Device/d",
            "Group/g",
        ];
        (
            kind,
            some(actors, actor),
            some(PURPOSES, purpose),
            some(LABELS, label),
            period(),
            data(),
        )
            .prop_map(|(kind, actors, purposes, labels, dates, data)| {
                let mut rule = Map::new();
                let elements = [
                    ("type", kind.map(Value::from)),
                    ("actor", actors),
                    ("purpose", purposes),
                    ("securityLabel", labels),
                    ("dataPeriod", dates),
                    ("data", data),
                ];
                for (name, element) in elements {
                    element.map(|element| rule.insert(name.to_owned(), element));
                }
                Value::Object(rule)
            })
    };
    alone().prop_recursive(3, 10, 3, move |nested| {
        (alone(), vec(nested, 1..3)).prop_map(|(mut rule, nested)| {
            rule["provision"] = nested.into();
            rule
        })
    })
}

fn consent() -> impl Strategy<Value = Value> {
    let status = prop_oneof![6 => Just("active"), 1 => Just("inactive")];
    let patient = prop_oneof![6 => Just("Patient/p"), 1 => Just("Patient/q")];
    (provision(), period(), status, patient, select(DAYS)).prop_map(
        |(mut rule, period, status, patient, given)| {
            if let Some(period) = period {
                rule["period"] = period;
            }
            json!({
                "resourceType": "Consent", "status": status, "dateTime": given,
                "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
                "patient": {"reference": patient}, "provision": rule,
            })
        },
    )
}

fn resource() -> impl Strategy<Value = Value> {
    let labels = subsequence(LABELS, 0..=3);
    let done = prop_oneof![5 => Just(true), 1 => Just(false)];
    (
        labels,
        done,
        select(DAYS),
        select(&PEOPLE[..2]),
        select(&["Encounter/1", "Encounter/2"][..]),
    )
        .prop_map(|(labels, done, day, author, visit)| {
            // Whoever did not look at the data gave it no label.
            let labels: Vec<Value> = labels.into_iter().filter(|_| done).map(label).collect();
            json!({
                "type": "Observation", "labels": labels, "labelling_done": done, "date": day,
                "author": [author], "related": [visit],
            })
        })
}

fn case() -> impl Strategy<Value = Value> {
    let explicit = prop_oneof![3 => Just(json!([])), 1 => Just(json!(["PSYTHPN"]))];
    (
        vec(consent(), 0..4),
        vec(resource(), 1..3),
        subsequence(PEOPLE, 1..=4),
        select(PURPOSES),
        select(&["Policy-deny", "Policy-basic-normal", "Policy-all-normal"][..]),
        select(&["deny-overrides", "most-recent"][..]),
        explicit,
        select(DAYS),
        any::<bool>(),
    )
        .prop_map(|(mut consents, mut resources, actors, asked, default, conflict, explicit, day, ai)| {
            for (position, consent) in consents.iter_mut().enumerate() {
                consent["id"] = json!(format!("c{position}"));
            }
            for (position, resource) in resources.iter_mut().enumerate() {
                resource["ref"] = json!(format!("Observation/{}", position + 1));
            }
            json!({
                "now": format!("{day}T12:00:00Z"),
                "domain_policy": {"implicit": default, "conflict": conflict, "explicit_labels": explicit},
                "groups": {"Group/g": ["Practitioner/b", "Practitioner/c"]},
                "consents": consents,
                "request": {
                    "patient": "Patient/p", "actors": actors, "purpose": purpose(asked),
                    "action": "access", "ai_inference": ai, "resources": resources,
                },
            })
        })
}

/// Any JSON, with the names of FHIR among its keys so that it gets somewhere.
fn any_json() -> impl Strategy<Value = Value> {
    let names = &[
        "type",
        "provision",
        "actor",
        "role",
        "coding",
        "purpose",
        "system",
        "code",
        "period",
        "start",
        "data",
        "x",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        select(&["permit", "deny", "TREAT"][..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((select(names), inner), 0..5).prop_map(|entries| {
                entries
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>()
                    .into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_engine_agrees_with_the_second_evaluator(case in case()) {
        let expected = naive::answer(&case);
        let outcome = Case::from_json(&case.to_string()).unwrap().judge();
        let found: BTreeMap<String, bool> = outcome.resources.iter().cloned().collect();
        let steps: Vec<String> = outcome.ruling.steps.iter().map(ToString::to_string).collect();
        prop_assert_eq!(&found, &expected.resources, "{:#}\n{}", case, steps.join("\n"));
        let deciding: Vec<&str> = outcome.ruling.deciding.iter().map(AsRef::as_ref).collect();
        prop_assert_eq!(deciding, expected.deciding, "{:#}\n{}", case, steps.join("\n"));
    }

    /// Whatever stands in a consent, it does not panic; and without a `permit` somewhere in it,
    /// or an opt-in, it permits nothing.
    #[test]
    fn whatever_stands_in_a_provision_is_judged(case in case(), odd in any_json()) {
        let mut case = case;
        case["domain_policy"]["implicit"] = json!("Policy-deny");
        case["consents"] = json!([{
            "resourceType": "Consent", "id": "odd", "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "patient": {"reference": "Patient/p"}, "provision": odd,
        }]);
        let outcome = Case::from_json(&case.to_string()).unwrap().judge();
        if !case["consents"].to_string().contains("\"permit\"") {
            prop_assert_eq!(outcome.decision, "deny");
        }
    }

    /// A consent more that denies everything refuses everything.
    #[test]
    fn a_denial_of_everything_refuses_everything(case in case()) {
        let mut case = case;
        case["domain_policy"]["conflict"] = json!("deny-overrides");
        let denial = json!({
            "resourceType": "Consent", "id": "no", "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "patient": {"reference": "Patient/p"}, "provision": {"type": "deny"},
        });
        case["consents"].as_array_mut().unwrap().push(denial);
        prop_assert_eq!(Case::from_json(&case.to_string()).unwrap().judge().decision, "deny");
    }
}

#[test]
fn nesting_is_followed_to_its_limit_and_refuses_beyond() {
    let nested = |depth: usize| {
        let mut rule = json!({"type": "permit"});
        for level in 0..depth {
            let kind = if level % 2 == 0 { "deny" } else { "permit" };
            rule = json!({"type": kind, "provision": [rule]});
        }
        let case = json!({
            "now": "2026-03-01T12:00:00Z",
            "consents": [{
                "resourceType": "Consent", "id": "deep", "status": "active",
                "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
                "patient": {"reference": "Patient/p"}, "provision": rule,
            }],
            "request": {"patient": "Patient/p", "purpose": purpose("TREAT"), "resources": [{"ref": "Observation/1"}]},
        });
        Case::from_json(&case.to_string()).unwrap().judge()
    };
    assert_eq!(nested(32).decision, "permit");
    let beyond = nested(33);
    assert_eq!(beyond.decision, "deny");
    let told = beyond
        .ruling
        .steps
        .iter()
        .any(|step| step.to_string().contains("nested too deep"));
    assert!(told);
}

#[test]
fn many_rules_are_read_to_a_limit_and_refuse_beyond() {
    let wide = |count: usize| {
        let exceptions = vec![json!({"type": "deny", "actor": [actor("Practitioner/b")]}); count];
        let consent = json!({
            "resourceType": "Consent", "id": "wide", "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "patient": {"reference": "Patient/p"},
            "provision": {"type": "permit", "provision": exceptions},
        });
        wardgate_authz::Consent::from_json(&consent.to_string())
            .unwrap()
            .not_computable()
    };
    assert_eq!(wide(1_023), None);
    assert_eq!(wide(1_024), Some("it has too many rules"));
}
