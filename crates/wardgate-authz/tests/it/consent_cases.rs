//! Consent cases: our own, and the samples where the folder with them exists outside the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wardgate_authz::consent::Case;

fn samples() -> Option<String> {
    let shared = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    std::fs::read_to_string(shared.join("reference/consent-cases/cases.jsonl")).ok()
}

/// Every case is exactly right: each resource, and who decided where the case says it.
fn check(cases: &str) -> usize {
    let mut levels: BTreeMap<String, usize> = BTreeMap::new();
    for line in cases.lines().filter(|line| !line.trim().is_empty()) {
        let case = Case::from_json(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        let expected = case.expected.as_ref().unwrap();
        let outcome = case.judge();
        let steps: Vec<String> = outcome
            .ruling
            .steps
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            outcome.is_as(expected),
            "{:?}: expected {expected:?}, found {:?} by {:?}\n{}",
            case.id,
            outcome.resources,
            outcome.ruling.deciding,
            steps.join("\n"),
        );
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            value["expected"]["decision"], outcome.decision,
            "{:?}",
            case.id
        );
        let level = value["level"].as_str().unwrap_or_default().to_owned();
        *levels.entry(level).or_default() += 1;
    }
    for (level, right) in &levels {
        println!("{level}: {right} right");
    }
    levels.values().sum()
}

#[test]
fn every_sample_is_right() {
    match samples() {
        Some(cases) => assert!(check(&cases) >= 29),
        None => println!("the consent cases are not here"),
    }
}

#[test]
fn every_case_of_our_own_is_right() {
    assert!(check(include_str!("cases/consents.jsonl")) >= 60);
}
