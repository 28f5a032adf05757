//! Input that is broken, too deep, unknown, or written to be read in two ways.

use std::collections::BTreeSet;

use wardgate_deid::Profile;

use crate::scene::{deidentifier, under};

fn fault(line: &str) -> &'static str {
    let mut output = b"before".to_vec();
    let fault = deidentifier(&[], Profile::safe_harbor())
        .resource(line.as_bytes(), &mut output)
        .unwrap_err();
    assert_eq!(output, b"before", "something is half written");
    assert!(!fault.to_string().contains("Ashgrove"));
    fault.code()
}

#[test]
fn bad_records_are_refused_whole() {
    let deep = format!(
        r#"{{"resourceType":"Basic","extension":{}{}}}"#,
        "[{\"extension\":".repeat(70),
        "1".to_owned() + &"}]".repeat(70)
    );
    for (line, code) in [
        ("", "fhir.no_object"),
        ("[]", "fhir.no_object"),
        (r#"{"name":"Ashgrove"}"#, "fhir.unknown_resource"),
        (r#"{"resourceType":"Ashgrove"}"#, "fhir.unknown_resource"),
        (r#"{"resourceType":"Patient","id":"1"#, "fhir.json"),
        (r#"{"resourceType":"Patient","id":"1"} {}"#, "fhir.json"),
        (
            r#"{"resourceType":"Patient","gender":"male","gender":"female"}"#,
            "fhir.duplicate_key",
        ),
        (
            r#"{"resourceType":"Patient","gender":"male","\u0067ender":"female"}"#,
            "fhir.duplicate_key",
        ),
        (
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Secret"}}]}"#,
            "fhir.unknown_resource",
        ),
        (&deep, "fhir.depth"),
    ] {
        assert_eq!(fault(line), code, "{line}");
    }
    let fhir = deidentifier(&[], Profile::safe_harbor());
    assert!(
        fhir.resource(
            b"{\"resourceType\":\"Patient\",\"id\":\"\xff\"}",
            &mut Vec::new()
        )
        .is_err()
    );
}

#[test]
fn values_of_another_kind_than_the_definition_has_go() {
    let line = r#"{"resourceType":"Patient","id":"1","birthDate":19740409,"gender":{"x":"Ashgrove"},"active":"Ashgrove","name":"Ashgrove","telecom":[["Ashgrove"]],"deceasedBoolean":true}"#;
    let set = under(&[line], Profile::safe_harbor());
    let keys: BTreeSet<&str> = set.outputs[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        BTreeSet::from(["deceasedBoolean", "id", "resourceType"])
    );
}

#[test]
fn what_is_left_empty_goes_and_commas_stay_right() {
    let line = r#"{"x":1,"resourceType":"Patient","contact":[{"y":2},{"z":[]}], "name":[{"family":"Ashgrove"},{"q":1}],"photo":[{"data":"AAAA"}] ,"w":0}"#;
    let set = under(&[line], Profile::safe_harbor());
    let keys: BTreeSet<&str> = set.outputs[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, BTreeSet::from(["name", "resourceType"]));
    assert_eq!(set.outputs[0]["name"].as_array().unwrap().len(), 1);
}

#[test]
fn required_elements_that_go_say_why() {
    let line = r#"{"resourceType":"Endpoint","id":"1","status":"active","connectionType":{"code":"x"},"payloadType":[{"text":"any"}],"address":"mailto:oriel@ashgrove.example"}"#;
    let set = under(&[line], Profile::safe_harbor());
    let told = &set.outputs[0]["_address"]["extension"][0];
    assert!(
        set.outputs[0].get("address").is_some() || told["valueCode"] == "masked",
        "{}",
        set.text
    );
    assert!(!set.text.contains("ashgrove"));
}

#[test]
fn numbers_keep_their_text_and_keys_their_order() {
    let line = r#"{"status":"final","resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"mg"},"code":{"text":"x"},"component":[{"code":{"text":"y"},"valueQuantity":{"value":1e-3}}]}"#;
    let mut output = Vec::new();
    deidentifier(&[], Profile::safe_harbor())
        .resource(line.as_bytes(), &mut output)
        .unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), line);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let fhir = deidentifier(&[], Profile::safe_harbor());
    let mut output = Vec::new();
    let record = "\u{feff}{\"resourceType\":\"Patient\",\"active\":true}";
    fhir.resource(record.as_bytes(), &mut output).unwrap();
    assert_eq!(output, br#"{"resourceType":"Patient","active":true}"#);
}
