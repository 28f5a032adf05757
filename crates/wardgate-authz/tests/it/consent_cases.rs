//! The consent cases, where the folder with them exists. They lie outside the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use wardgate_authz::consent::{Coding, Question, judge};
use wardgate_authz::{Confidentiality, Consent, ConsentDomain, DefaultPolicy};

fn cases() -> Option<Vec<Value>> {
    let shared = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(shared.join("reference/consent-cases/cases.jsonl")).ok()?;
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// The level of a resource: sensitive data is restricted, unlabelled data has none.
fn confidentiality(resource: &Value) -> Option<Confidentiality> {
    if resource["labelling_done"] != true {
        return None;
    }
    let level = |label: &Value| {
        let code = label["code"].as_str().unwrap();
        Confidentiality::from_code(code).unwrap_or(Confidentiality::Restricted)
    };
    resource["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(level)
        .max()
}

fn permits(case: &Value, resource: &Value) -> bool {
    let request = &case["request"];
    let text = |value: &Value| -> String { value.as_str().unwrap().to_owned() };
    let consents: Vec<Consent> = case["consents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|consent| Consent::from_json(&consent.to_string()).unwrap())
        .collect();
    let actors: Vec<String> = request["actors"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    let actors: Vec<&str> = actors.iter().map(String::as_str).collect();
    let question = Question {
        patient: request["patient"].as_str().unwrap(),
        actors: &actors,
        purpose: Coding {
            system: request["purpose"]["system"].as_str().unwrap(),
            code: request["purpose"]["code"].as_str().unwrap(),
        },
        ai: None,
        confidentiality: confidentiality(resource),
        break_glass: request["break_glass_authorized"] == true,
    };
    let default = case["domain_policy"]["implicit"].as_str().unwrap();
    let domain = ConsentDomain {
        default: DefaultPolicy::from_word(default).unwrap(),
        ..ConsentDomain::default()
    };
    let now = case["now"].as_str().unwrap().parse().unwrap();
    judge(&question, &consents, &domain, now).permitted
}

/// No level may permit where a denial is expected. The levels that this part of the engine
/// covers must be exactly right.
#[test]
fn no_case_is_permitted_that_should_be_denied() {
    let Some(cases) = cases() else {
        println!("the consent cases are not here");
        return;
    };
    let mut levels: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in &cases {
        let level = case["level"].as_str().unwrap();
        let mut exact = true;
        for resource in case["request"]["resources"].as_array().unwrap() {
            let reference = resource["ref"].as_str().unwrap();
            let expected = case["expected"]["resources"][reference] == "permit";
            let permitted = permits(case, resource);
            assert!(
                expected || !permitted,
                "{} {reference} is permitted",
                case["id"]
            );
            exact &= permitted == expected;
        }
        let (right, all) = levels.entry(level).or_default();
        *right += usize::from(exact);
        *all += 1;
    }
    for (level, (right, all)) in &levels {
        println!("{level}: {right} of {all} exactly right");
    }
    for level in ["implicit", "pcf-basic"] {
        let (right, all) = levels[level];
        assert_eq!(right, all, "{level}");
    }
}
