//! One resource written in many ways: what becomes of it does not depend on how JSON spells it.

use serde_json::Value;
use wardgate_deid::Profile;

use crate::scene::{deidentifier, under};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p-40917","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"MRN-5570921"}],"name":[{"family":"Ashgrove","given":["Oriel"]}],"contact":[{"name":{"family":"Quintrell","given":["Odo"]}}],"birthDate":"1974-05-02"}"#;
const NOTE: &str = r#"{"resourceType":"Condition","id":"c-1","subject":{"reference":"Patient/p-40917","display":"Oriel Ashgrove"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}],"text":"Diabetes"},"recordedDate":"2024-03-12","note":[{"text":"Mrs Ashgrove came with Odo Quintrell. MRN-5570921, seen 2024-03-12."}],"extension":[{"url":"http://hospital.example/vip","valueString":"Ashgrove"},{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}"#;

/// What becomes of a note about a patient, each written in some way.
fn became(patient: &str, note: &str) -> [Value; 2] {
    let set = under(&[patient, note], Profile::safe_harbor());
    for left in ["Ashgrove", "Oriel", "Quintrell", "5570921", "p-40917"] {
        assert!(!set.text.contains(left), "{left}: {}", set.text);
    }
    let mut outputs = set.outputs.into_iter();
    [outputs.next().unwrap(), outputs.next().unwrap()]
}

/// Every letter of every string in an escape, but for those of which the place is said.
fn escaped(json: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in json.chars() {
        match (inside, letter) {
            (_, '"') => {
                inside = !inside;
                out.push(letter);
            }
            (true, letter) => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            (false, letter) => out.push(letter),
        }
    }
    out
}

/// With white space wherever it may stand.
fn spaced(json: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in json.chars() {
        inside ^= letter == '"';
        out.push(letter);
        if !inside {
            out.push_str(" \r\n\t");
        }
    }
    out
}

/// The members of every object the other way round.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|one, other| other.0.cmp(one.0));
            let members = members.iter().map(|(key, value)| {
                let key = Value::from(key.as_str());
                format!("{key}:{}", reversed(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(reversed).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn escapes_order_and_white_space_change_nothing() {
    let plain = became(PATIENT, NOTE);
    let turned = |json: &str| reversed(&serde_json::from_str(json).unwrap());
    for write in [&escaped as &dyn Fn(&str) -> String, &spaced, &turned] {
        assert_eq!(became(&write(PATIENT), &write(NOTE)), plain);
        assert_eq!(became(PATIENT, &write(NOTE)), plain);
        assert_eq!(became(&write(PATIENT), NOTE), plain);
    }
    let both = |json: &str| spaced(&escaped(&turned(json)));
    assert_eq!(became(&both(PATIENT), &both(NOTE)), plain);
}

#[test]
fn contained_patients_are_known_whatever_spells_them() {
    let line = r##"{"resourceType":"Condition","contained":[{"resourceType":"Patient","id":"a","name":[{"family":"Ashgrove","given":["Oriel"]}]}],"subject":{"reference":"#a"},"note":[{"text":"Oriel Ashgrove came."}]}"##;
    let plain = under(&[line], Profile::safe_harbor());
    let other = under(&[&escaped(line)], Profile::safe_harbor());
    assert!(!plain.text.contains("Ashgrove"), "{}", plain.text);
    assert_eq!(plain.outputs, other.outputs);
}

#[test]
fn what_was_remembered_changes_nothing() {
    let lines = [PATIENT, NOTE];
    let fhir = deidentifier(&lines, Profile::safe_harbor());
    let write = || {
        let mut output = Vec::new();
        fhir.resource(NOTE.as_bytes(), &mut output).unwrap();
        output
    };
    let first = write();
    let unrelated = r#"{"resourceType":"Condition","subject":{"reference":"Patient/other"},"code":{"text":"Diabetes"},"note":[{"text":"Mrs Ashgrove came with Odo Quintrell. MRN-5570921, seen 2024-03-12."}]}"#;
    let mut other = Vec::new();
    fhir.resource(unrelated.as_bytes(), &mut other).unwrap();
    assert_eq!(write(), first);
    let mut alone = Vec::new();
    let fresh = deidentifier(&lines, Profile::safe_harbor());
    fresh.resource(unrelated.as_bytes(), &mut alone).unwrap();
    assert_eq!(alone, other);
}

#[test]
fn letters_beyond_the_basic_plane_and_long_strings_stay_whole() {
    for code in ["\u{1F9EA}\u{1d49e}", r"\ud83e\uddea\ud835\udc9e"] {
        let line = format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"valueCodeableConcept":{{"coding":[{{"system":"http://loinc.org","code":"a{code}b"}}]}}}}"#
        );
        let set = under(&[&line], Profile::safe_harbor());
        let coding = &set.outputs[0]["valueCodeableConcept"]["coding"][0];
        assert_eq!(coding["code"], "a\u{1F9EA}\u{1d49e}b");
    }
    for lone in [r"\ud83e", r"\uddea", r"\ud83e\ud83e"] {
        let line = format!(r#"{{"resourceType":"Observation","status":"{lone}"}}"#);
        let fhir = deidentifier(&[], Profile::safe_harbor());
        let fault = fhir.resource(line.as_bytes(), &mut Vec::new()).unwrap_err();
        assert_eq!(fault.code(), "fhir.json");
    }
    let long = "ACGT".repeat(500_000);
    let line = format!(
        r#"{{"resourceType":"MolecularSequence","coordinateSystem":0,"observedSeq":"{long}"}}"#
    );
    let set = under(&[&line], Profile::safe_harbor());
    assert_eq!(set.outputs[0]["observedSeq"], long.as_str());
}
