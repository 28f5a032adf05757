//! Public samples and traps: nothing leaks, every reference resolves, codes and numbers stay.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wardgate_deid::Profile;

use crate::scene::{Set, each, keyed, samples, under};

fn set(name: &str) -> Option<Set> {
    let Some(folder) = samples() else {
        println!("passed over: the samples are not here");
        return None;
    };
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let lines: Vec<&str> = match name.ends_with(".ndjson") {
        true => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect(),
        false => vec![&text],
    };
    Some(under(&lines, Profile::safe_harbor()))
}

/// Ids of resources and addresses of entries.
fn targets(resources: &[Value]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut add = |resource: &Value| {
        let (kind, id) = (resource["resourceType"].as_str(), resource["id"].as_str());
        if let (Some(kind), Some(id)) = (kind, id) {
            all.insert(format!("{kind}/{id}"));
            all.insert(format!("urn:uuid:{id}"));
        }
    };
    for resource in resources {
        add(resource);
        for entry in resource["entry"].as_array().into_iter().flatten() {
            add(&entry["resource"]);
        }
    }
    for resource in resources {
        for entry in resource["entry"].as_array().into_iter().flatten() {
            all.extend(entry["fullUrl"].as_str().map(str::to_owned));
        }
    }
    all
}

/// How many references there are, and how many of them resolve.
fn resolved(resources: &[Value]) -> (usize, usize) {
    let targets = targets(resources);
    let (mut all, mut resolved) = (0, 0);
    for resource in resources {
        each(resource, &mut Vec::new(), &mut |path, value| {
            let Some(text) = value
                .as_str()
                .filter(|_| path.last().is_some_and(|key| key == "reference"))
            else {
                return;
            };
            all += 1;
            let tail = text.split("/_history/").next().unwrap_or(text);
            let short: Vec<&str> = tail.rsplit('/').take(2).collect();
            let short = short.into_iter().rev().collect::<Vec<_>>().join("/");
            resolved += usize::from(targets.contains(text) || targets.contains(&short));
        });
    }
    (all, resolved)
}

fn counted(resources: &[Value]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for resource in resources {
        each(resource, &mut Vec::new(), &mut |path, value| {
            let key = path.last().map(String::as_str).unwrap_or_default();
            let place = path.iter().any(|key| key == "position") || key == "valueDecimal";
            if (value.is_number() && !place) || matches!(key, "code" | "unit") {
                *all.entry(format!("{key} {value}")).or_default() += 1;
            }
        });
    }
    all
}

fn check(name: &str, kept_least: f64) {
    let Some(set) = set(name) else { return };
    let (before, after) = (resolved(&set.inputs), resolved(&set.outputs));
    assert!(
        after.1 + (before.0 - after.0) >= before.1,
        "{name}: {before:?} became {after:?}"
    );
    let (before, after) = (counted(&set.inputs), counted(&set.outputs));
    let all: usize = before.values().sum();
    let kept: usize = before
        .iter()
        .map(|(fact, count)| (*count).min(after.get(fact).copied().unwrap_or_default()))
        .sum();
    let share = kept as f64 / all as f64;
    assert!(
        share >= kept_least,
        "{name}: {kept} of {all} codes and numbers are kept"
    );
}

#[test]
fn synthea_keeps_its_facts_and_references() {
    check("synthea/synthea_a.ndjson", 0.999);
}

#[test]
fn a_bundle_is_treated_as_its_resources_are() {
    check("synthea/bundle_a.json", 0.999);
}

#[test]
fn the_examples_of_the_standard_keep_their_facts() {
    check("r4_examples_a.ndjson", 0.98);
}

#[test]
fn traps_hold_nothing_any_more() {
    let Some(set) = set("traps_a.ndjson") else {
        return;
    };
    check("traps_a.ndjson", 0.95);
    let mut sought: BTreeSet<String> = BTreeSet::new();
    for resource in &set.inputs {
        if resource["resourceType"] != "Patient" {
            continue;
        }
        each(resource, &mut Vec::new(), &mut |path, value| {
            let key = path.last().map(String::as_str).unwrap_or_default();
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if matches!(
                key,
                "family"
                    | "given"
                    | "value"
                    | "line"
                    | "city"
                    | "birthDate"
                    | "valueDecimal"
                    | "id"
            ) && text.len() > 3
            {
                sought.insert(text.to_lowercase());
            }
        });
    }
    let numbers: Vec<String> = sought
        .iter()
        .map(|one| one.replace('-', ""))
        .filter(|one| one.len() == 9)
        .collect();
    sought.extend(
        numbers
            .into_iter()
            .filter(|one| one.bytes().all(|byte| byte.is_ascii_digit())),
    );
    assert!(sought.len() > 50);
    let all = set.text.to_lowercase();
    let left: Vec<&String> = sought
        .iter()
        .filter(|one| all.contains(one.as_str()))
        .collect();
    assert!(left.is_empty(), "{} values are left", left.len());
}

#[test]
fn no_key_draws_a_stand_in_that_is_taken_for_a_name_that_was_left() {
    let Some(folder) = samples() else {
        println!("passed over: the samples are not here");
        return;
    };
    let mut anew = 0;
    for name in ["r4_examples_a.ndjson", "synthea/synthea_a.ndjson"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for key in 0..KEYS {
            let fhir = keyed(&lines, Profile::safe_harbor(), key);
            for (number, line) in lines.iter().enumerate() {
                let mut output = Vec::new();
                fhir.resource(line.as_bytes(), &mut output).unwrap();
                if !fhir.verify(line.as_bytes(), &output).unwrap().any() {
                    continue;
                }
                anew += 1;
                output.clear();
                fhir.resource_anew(line.as_bytes(), &mut output).unwrap();
                let found = fhir.verify(line.as_bytes(), &output).unwrap();
                assert!(
                    !found.any(),
                    "{name}, key {key}, line {}: {found:?}",
                    number + 1
                );
            }
        }
    }
    println!("{anew} records were written anew under {KEYS} keys");
}

const KEYS: u8 = 40;
