//! Rule files over the table of treatments.

use crate::scene::ruled;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","active":true,"name":[{"use":"official","family":"Ashgrove","given":["Oriel"]},{"use":"nickname","family":"Ori"}],"birthDate":"1974-05-02","address":[{"use":"home","city":"Netherby","country":"US","postalCode":"05601"}],"maritalStatus":{"text":"divorced"}}"#;
const OBSERVATION: &str = r#"{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-03-12","valueQuantity":{"value":61.5,"unit":"kg"},"component":[{"code":{"text":"y"},"valueInteger":37}]}"#;

fn rules(rules: &str) -> String {
    format!(
        r#"{{"fhirVersion":"R4","fhirPathRules":[{rules}],"parameters":{{"enablePartialDatesForRedact":true,"enablePartialZipCodesForRedact":true,"restrictedZipCodeTabulationAreas":["056"]}}}}"#
    )
}

#[test]
fn the_first_rule_that_is_met_decides_for_all_below_it() {
    let file = rules(
        r#"{"path":"nodesByType('Address').country","method":"keep"},
           {"path":"nodesByType('Address')","method":"redact"},
           {"path":"Patient.name.where(use = 'nickname')","method":"redact"},
           {"path":"Patient.name","method":"substitute","replaceWith":{"family":"Doe"}},
           {"path":"Patient.birthDate","method":"redact"}"#,
    );
    let set = ruled(&[PATIENT], &file);
    let patient = &set.outputs[0];
    assert_eq!(
        patient["address"],
        serde_json::json!([{"country":"US","postalCode":"00000"}])
    );
    assert_eq!(patient["name"], serde_json::json!([{"family":"Doe"}]));
    assert_eq!(patient["birthDate"], "1974");
    assert_eq!(patient["active"], true);
}

#[test]
fn what_no_rule_is_for_is_treated_by_the_table() {
    let set = ruled(
        &[PATIENT, OBSERVATION],
        &rules(r#"{"path":"Patient.active","method":"redact"}"#),
    );
    assert!(!set.text.contains("Ashgrove"));
    assert_eq!(set.outputs[0].get("active"), None);
    assert_eq!(set.outputs[1]["valueQuantity"]["value"], 61.5);
}

#[test]
fn values_are_changed_by_their_methods() {
    let file = rules(
        r#"{"path":"Observation.value as Quantity","method":"redact"},
           {"path":"Observation.component.value","method":"generalize","cases":{"$this>=30 and $this<40":"35"},"otherValues":"redact"},
           {"path":"nodesByType('CodeableConcept').nodesByName('text')","method":"keep"},
           {"path":"Resource.id","method":"cryptoHash"},
           {"path":"nodesByType('Reference').reference","method":"cryptoHash"},
           {"path":"Observation.effective","method":"dateShift"},
           {"path":"Patient.maritalStatus","method":"redact"},
           {"path":"Resource","method":"keep"}"#,
    );
    let set = ruled(&[PATIENT, OBSERVATION], &file);
    let observation = &set.outputs[1];
    assert_eq!(observation.get("valueQuantity"), None);
    assert_eq!(observation["component"][0]["valueInteger"], 35);
    assert_eq!(observation["component"][0]["code"]["text"], "y");
    assert_ne!(observation["effectiveDateTime"], "2024-03-12");
    let id = set.outputs[0]["id"].as_str().unwrap();
    assert_eq!(observation["subject"]["reference"], format!("Patient/{id}"));
    // `keep` at the end lets stand what their tool would.
    assert_eq!(set.outputs[0]["name"][0]["family"], "Ashgrove");
    assert_eq!(set.outputs[0]["maritalStatus"]["text"], "divorced");
}

#[test]
fn numbers_are_perturbed_alike_in_each_run() {
    let file = rules(
        r#"{"path":"Observation.value","method":"redact"},{"path":"Observation.component.value","method":"perturb","span":4,"roundTo":0}"#,
    );
    let value = || {
        ruled(&[PATIENT, OBSERVATION], &file).outputs[1]["component"][0]["valueInteger"]
            .as_f64()
            .unwrap()
    };
    assert!((value() - 37.0).abs() <= 2.0);
    assert!((value() - value()).abs() < f64::EPSILON);
}
