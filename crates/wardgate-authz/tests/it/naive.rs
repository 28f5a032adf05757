//! A second evaluator of consent cases, written from the reading rules and apart from the engine:
//! it works on the JSON itself, slowly, and shares no code with what it checks.
//!
//! It knows only what the generated cases use: see `consent_property.rs`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Of each resource, whether it may be used; and the consents that decide.
pub(crate) struct Answer {
    pub(crate) resources: BTreeMap<String, bool>,
    pub(crate) deciding: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    Permit,
    Deny,
    Broken,
}

pub(crate) fn answer(case: &Value) -> Answer {
    let request = &case["request"];
    let mut answer = Answer {
        resources: BTreeMap::new(),
        deciding: Vec::new(),
    };
    let counting: Vec<&Value> = list(&case["consents"])
        .iter()
        .filter(|consent| counts(consent, case))
        .collect();
    let mut deciding = vec![false; counting.len()];
    for resource in list(&request["resources"]) {
        let purpose = text(&request["purpose"]["code"]);
        let mut asked: Vec<Says> = Vec::new();
        for consent in &counting {
            asked.push(one_consent(consent, case, resource, (purpose, false)));
        }
        let (mut permitted, mut by) = match together(&asked, &counting, case) {
            Some((permitted, by)) => (permitted, by),
            None => (by_default(case, resource), Vec::new()),
        };
        if permitted && request["ai_inference"] == true && purpose != "AI-INFERENCE" {
            let as_ai: Vec<Says> = counting
                .iter()
                .map(|consent| one_consent(consent, case, resource, ("AI-INFERENCE", true)))
                .collect();
            if let Some((false, denying)) = together(&as_ai, &counting, case) {
                (permitted, by) = (false, denying);
            }
        }
        by.into_iter()
            .for_each(|position| deciding[position] = true);
        answer
            .resources
            .insert(text(&resource["ref"]).to_owned(), permitted);
    }
    for (consent, decided) in counting.iter().zip(deciding) {
        if decided {
            answer
                .deciding
                .push(format!("Consent/{}", text(&consent["id"])));
        }
    }
    answer
}

/// Rule 2. The cases give days only, and `now` is a day at noon.
fn counts(consent: &Value, case: &Value) -> bool {
    consent["status"] == "active"
        && consent["patient"]["reference"] == case["request"]["patient"]
        && within(&consent["provision"]["period"], &text(&case["now"])[..10])
}

fn within(period: &Value, day: &str) -> bool {
    period["start"].as_str().is_none_or(|start| start <= day)
        && period["end"].as_str().is_none_or(|end| day <= end)
}

/// Rules 3 to 7 and 9. Of all rules that apply, those count under which no other applies.
fn one_consent(consent: &Value, case: &Value, resource: &Value, purpose: (&str, bool)) -> Says {
    let mut rules: Vec<(Vec<usize>, Value)> = Vec::new();
    let mut root = consent["provision"].clone();
    root.as_object_mut().unwrap().remove("period");
    flatten(&root, &Map::new(), Vec::new(), &mut rules);
    let applies: Vec<(&Vec<usize>, Says)> = rules
        .iter()
        .filter_map(|(place, rule)| {
            let holds = context(rule, case, purpose).min(data(rule, case, resource));
            let says = match (holds, rule["type"].as_str()) {
                (0, _) => return None,
                (2, Some("permit")) => Says::Permit,
                (2, Some("deny")) => Says::Deny,
                _ => Says::Broken,
            };
            Some((place, says))
        })
        .collect();
    let deepest: Vec<Says> = applies
        .iter()
        .filter(|(place, _)| {
            !applies
                .iter()
                .any(|(other, _)| other.len() > place.len() && other.starts_with(place))
        })
        .map(|(_, says)| *says)
        .collect();
    for says in [Says::Deny, Says::Broken, Says::Permit] {
        if deepest.contains(&says) {
            return says;
        }
    }
    // Nothing applies. A root that permits this use of other data forbids this data.
    match (root["type"].as_str(), context(&root, case, purpose)) {
        (_, 0) | (Some("deny"), _) => Says::Nothing,
        (Some("permit"), 2) => Says::Deny,
        _ => Says::Broken,
    }
}

/// Every rule with its place in the tree and the elements that it inherits.
fn flatten(
    rule: &Value,
    inherited: &Map<String, Value>,
    place: Vec<usize>,
    rules: &mut Vec<(Vec<usize>, Value)>,
) {
    let mut whole = inherited.clone();
    whole.remove("type");
    for (name, value) in rule.as_object().unwrap() {
        if name != "provision" {
            whole.insert(name.clone(), value.clone());
        }
    }
    for (position, nested) in list(&rule["provision"]).iter().enumerate() {
        let mut below = place.clone();
        below.push(position);
        flatten(nested, &whole, below, rules);
    }
    rules.push((place, Value::Object(whole)));
}

/// 2 it is about this use, 0 it is not, 1 nobody can tell. With `true` beside the purpose, only a
/// rule that names purposes can be about it.
fn context(rule: &Value, case: &Value, (purpose, when_named): (&str, bool)) -> u8 {
    let actors = list(&case["request"]["actors"]);
    let in_group = |group: &str| {
        list(&case["groups"][group])
            .iter()
            .any(|member| actors.contains(member))
    };
    let actor = rule["actor"].is_null()
        || list(&rule["actor"]).iter().any(|actor| {
            let reference = &actor["reference"]["reference"];
            actors.contains(reference) || in_group(text(reference))
        });
    let parts: &[(&str, &[&str])] = &[
        ("TREAT", &["ETREAT", "BTG"]),
        ("ETREAT", &["BTG"]),
        ("HRESCH", &["CLINTRCH"]),
    ];
    let wanted = (rule["purpose"].is_null() && !when_named)
        || list(&rule["purpose"]).iter().any(|named| {
            let named = text(&named["code"]);
            named == purpose
                || parts
                    .iter()
                    .any(|(whole, parts)| *whole == named && parts.contains(&purpose))
        });
    if actor && wanted { 2 } else { 0 }
}

/// As [`context`], about the data.
fn data(rule: &Value, case: &Value, resource: &Value) -> u8 {
    let day = text(&resource["date"]);
    let of_time = rule["dataPeriod"].is_null() || within(&rule["dataPeriod"], day);
    let of_data = rule["data"].is_null()
        || list(&rule["data"]).iter().any(|data| {
            let reference = &data["reference"]["reference"];
            let itself = *reference == resource["ref"];
            match text(&data["meaning"]) {
                "instance" => itself,
                "related" => itself || list(&resource["related"]).contains(reference),
                _ => list(&resource["author"]).contains(reference),
            }
        });
    if !of_time || !of_data {
        return 0;
    }
    match rule["type"].as_str() {
        Some("deny") => denied_labels(rule, resource),
        Some("permit") => permitted_labels(rule, case, resource),
        _ => denied_labels(rule, resource).max(permitted_labels(rule, case, resource)),
    }
}

const LEVELS: &str = "ULMNRV";

fn codes(labels: &Value) -> Vec<&str> {
    list(labels)
        .iter()
        .map(|label| text(&label["code"]))
        .collect()
}

fn is_level(code: &str) -> bool {
    code.len() == 1 && LEVELS.contains(code)
}

/// Sensitive data is restricted at least; data with no label that was looked at is normal.
fn level(resource: &Value) -> usize {
    codes(&resource["labels"])
        .iter()
        .map(|code| {
            LEVELS
                .find(if is_level(code) { *code } else { "R" })
                .unwrap()
        })
        .max()
        .unwrap_or(3)
}

fn contains(wide: &str, narrow: &str) -> bool {
    wide == narrow || (wide == "ETH" && ["ETHUD", "OPIOIDUD"].contains(&narrow))
}

fn denied_labels(rule: &Value, resource: &Value) -> u8 {
    if rule["securityLabel"].is_null() {
        return 2;
    }
    let named = codes(&rule["securityLabel"]);
    let carried = codes(&resource["labels"]);
    let hit = named.iter().any(|named| {
        if is_level(named) {
            LEVELS.find(named).unwrap() <= level(resource)
        } else {
            // Whoever keeps psychiatry back keeps the notes of psychotherapy back.
            let notes = *named == "PSY" && carried.contains(&"PSYTHPN");
            notes || carried.iter().any(|carried| contains(named, carried))
        }
    });
    match (hit, resource["labelling_done"] == true) {
        (true, _) => 2,
        (false, true) => 0,
        (false, false) => 1,
    }
}

fn permitted_labels(rule: &Value, case: &Value, resource: &Value) -> u8 {
    let done = resource["labelling_done"] == true;
    let named = codes(&rule["securityLabel"]);
    let carried: Vec<&str> = codes(&resource["labels"])
        .into_iter()
        .filter(|code| !is_level(code))
        .collect();
    let reached = rule["securityLabel"].is_null() || {
        let highest = named.iter().filter(|code| is_level(code));
        let highest = highest.map(|code| LEVELS.find(code).unwrap()).max();
        let precise: Vec<&&str> = carried
            .iter()
            .filter(|one| {
                let told_by = |other: &&str| other != *one && contains(one, other);
                let in_notes = **one == "PSY" && carried.contains(&"PSYTHPN");
                !in_notes && !carried.iter().any(told_by)
            })
            .collect();
        highest.is_some_and(|highest| level(resource) <= highest)
            || (!precise.is_empty()
                && precise
                    .iter()
                    .all(|one| named.iter().any(|named| contains(named, one))))
    };
    let unnamed = list(&case["domain_policy"]["explicit_labels"])
        .iter()
        .map(text)
        .any(|explicit| carried.contains(&explicit) && !named.contains(&explicit));
    let must_name = !list(&case["domain_policy"]["explicit_labels"]).is_empty();
    match (reached && !unnamed, done) {
        (false, _) => 0,
        (true, true) => 2,
        // Of data that nobody looked at, only a rule that asks for no label can be sure.
        (true, false) if rule["securityLabel"].is_null() && !must_name => 2,
        (true, false) => 1,
    }
}

/// Rule 8, with the positions of those that decide; `None` when all are silent.
fn together(asked: &[Says], consents: &[&Value], case: &Value) -> Option<(bool, Vec<usize>)> {
    let all = |wanted: &[Says]| -> Vec<usize> {
        (0..asked.len())
            .filter(|position| wanted.contains(&asked[*position]))
            .collect()
    };
    let (permit, refuse) = (all(&[Says::Permit]), all(&[Says::Deny, Says::Broken]));
    if refuse.is_empty() {
        return (!permit.is_empty()).then_some((true, permit));
    }
    let newest = refuse
        .iter()
        .map(|at| text(&consents[*at]["dateTime"]))
        .max();
    let later: Vec<usize> = permit
        .into_iter()
        .filter(|at| Some(text(&consents[*at]["dateTime"])) > newest)
        .collect();
    let recent = case["domain_policy"]["conflict"] == "most-recent";
    if recent && !later.is_empty() && all(&[Says::Broken]).is_empty() {
        return Some((true, later));
    }
    Some((false, refuse))
}

fn by_default(case: &Value, resource: &Value) -> bool {
    let explicit = list(&case["domain_policy"]["explicit_labels"]);
    let carried = codes(&resource["labels"]);
    let normal = resource["labelling_done"] == true
        && level(resource) <= 3
        && !explicit.iter().any(|code| carried.contains(&text(code)));
    match text(&case["domain_policy"]["implicit"]) {
        "Policy-all-normal" => normal,
        "Policy-basic-normal" => {
            let purpose = &case["request"]["purpose"]["code"];
            normal && [json!("TREAT"), json!("ETREAT")].contains(purpose)
        }
        _ => false,
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
