//! What the second look finds: an identifier of the input, put into the output at every kind of place.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wardgate_deid::Profile;
use wardgate_fhir::ResourceDeidentifier;

use crate::scene::deidentifier;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p-quastenberg-81","identifier":[{"value":"MR-5570921"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"543-61-2208"}],
"name":[{"family":"Quastenberg","given":["Ysolde"]}],"telecom":[{"value":"(555) 314-8822"},{"value":"ysolde@quastenberg.example"}],
"birthDate":"1974-04-09","address":[{"line":["77 Mulberry Walk"],"city":"Netherby","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/geolocation","extension":[{"url":"latitude","valueDecimal":44.256113}]}]}],
"photo":[{"contentType":"image/png","data":"iVBORyBmYWNlIG9mIHNvbWVib2R5IGluIGEgcGhvdG8="}]}"#;

const SEEN: &str = r#"{"resourceType":"Observation","id":"0b7e4a52-93c1-4f0e-9d4b-6f1f4c1b2a77","status":"final","identifier":[{"value":"ACC-7741902"}],
"code":{"text":"Sodium"},"subject":{"reference":"Patient/p-quastenberg-81"},"performer":[{"reference":"Practitioner/d2f1a6be-5c1c-4f57-8a55-2b6f0f0f7d11"}]}"#;

fn written(fhir: &ResourceDeidentifier, input: &str) -> Value {
    let mut output = Vec::new();
    fhir.resource(input.as_bytes(), &mut output).unwrap();
    assert!(!fhir.verify(input.as_bytes(), &output).unwrap().any());
    serde_json::from_slice(&output).unwrap()
}

fn finds(fhir: &ResourceDeidentifier, input: &str, output: &str) -> bool {
    let found = fhir.verify(input.as_bytes(), output.as_bytes());
    found.unwrap().any()
}

/// The output with a member more.
fn with(output: &Value, key: &str, value: Value) -> String {
    let mut output = output.clone();
    output[key] = value;
    output.to_string()
}

#[test]
fn what_is_on_file_is_found_wherever_it_is_put() {
    let fhir = deidentifier(&[PATIENT, SEEN], Profile::safe_harbor());
    for input in [PATIENT, SEEN] {
        let output = written(&fhir, input);
        for left in [
            "Quastenberg",
            "QUASTENBERG, ysolde",
            "Quastenberg^Ysolde",
            "seen with Ysolde.",
            "MR-5570921",
            "543-61-2208",
            "call (555) 314-8822",
            "ysolde@quastenberg.example",
            "at 77 Mulberry Walk",
        ] {
            let encoded = BASE64_STANDARD.encode(format!("a letter: {left}, and no more"));
            let escaped: String = left
                .chars()
                .map(|letter| format!("\\u{:04x}", u32::from(letter)))
                .collect();
            for put in [
                with(&output, "note", json!([{"text": left}])),
                with(
                    &output,
                    "text",
                    json!({"div": format!("<div><p>{left}</p></div>")}),
                ),
                with(
                    &output,
                    "category",
                    json!([{"coding": [{"display": left}]}]),
                ),
                with(&output, "subject", json!({"display": left})),
                with(
                    &output,
                    "content",
                    json!([{"attachment": {"data": encoded}}]),
                ),
                with(&output, "comment", json!("%%")).replace("%%", &escaped),
            ] {
                assert!(finds(&fhir, input, &put), "{left} is not found in {put}");
            }
        }
        // Numbers whose letters and digits are parted otherwise.
        for left in [
            "MR 5570921",
            "again MR5570921",
            "again 543.61.2208",
            "543612208",
            "555.314.8822",
        ] {
            for put in [
                with(&output, "note", json!([{"text": left}])),
                with(
                    &output,
                    "category",
                    json!([{"coding": [{"display": left}]}]),
                ),
            ] {
                assert!(finds(&fhir, input, &put), "{left} is not found in {put}");
            }
        }
        assert!(!finds(
            &fhir,
            input,
            &with(&output, "note", json!([{"text": "was well"}]))
        ));
    }
}

#[test]
fn what_the_record_itself_tells_is_found() {
    let fhir = deidentifier(&[PATIENT, SEEN], Profile::safe_harbor());
    let output = written(&fhir, SEEN);
    for left in [
        "0b7e4a52-93c1-4f0e-9d4b-6f1f4c1b2a77",
        "0B7E4A52-93C1-4F0E-9D4B-6F1F4C1B2A77",
        "d2f1a6be-5c1c-4f57-8a55-2b6f0f0f7d11",
        "ACC-7741902",
        "p-quastenberg-81",
    ] {
        for put in [
            with(&output, "id", json!(left)),
            with(
                &output,
                "focus",
                json!([{"reference": format!("Patient/{left}")}]),
            ),
            with(&output, "note", json!([{"text": format!("see {left}.")}])),
        ] {
            assert!(finds(&fhir, SEEN, &put), "{left} is not found in {put}");
        }
    }
}

#[test]
fn what_must_have_changed_is_found_where_it_has_not() {
    let fhir = deidentifier(&[PATIENT], Profile::safe_harbor());
    let output = written(&fhir, PATIENT);
    let place = json!([{"url": "latitude", "valueDecimal": 44.256_113}]);
    for put in [
        with(&output, "birthDate", json!("1974-04-09")),
        with(&output, "extension", place),
    ] {
        assert!(finds(&fhir, PATIENT, &put), "{put}");
    }
}

#[test]
fn names_of_a_bundle_are_found_in_all_of_it() {
    let practitioner = r#"{"resourceType":"Practitioner","id":"n1","name":[{"family":"Penhallowfield","given":["Tamsin"]}]}"#;
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{PATIENT}}},{{"resource":{practitioner}}},{{"resource":{SEEN}}}]}}"#
    );
    let fhir = deidentifier(&[&bundle], Profile::safe_harbor());
    let output = written(&fhir, &bundle);
    for left in [
        "Penhallowfield",
        "tamsin penhallowfield",
        "Quastenberg",
        "543612208",
    ] {
        assert!(
            finds(&fhir, &bundle, &with(&output, "title", json!(left))),
            "{left}"
        );
    }
}
