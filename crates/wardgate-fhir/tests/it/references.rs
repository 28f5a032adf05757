//! Ids and references in every form: what resolved still resolves.

use wardgate_deid::Profile;

use crate::scene::under;

const BUNDLE: &str = r##"{"resourceType":"Bundle","type":"transaction",
"link":[{"relation":"self","url":"https://ehr.example/fhir/Patient?name=Ashgrove&birthdate=1974-04-09&_count=10"}],
"entry":[
{"fullUrl":"urn:uuid:0c1b8a44-5fd2-4f1c-9e53-3b8a4d2c7f10","resource":{"resourceType":"Patient","id":"0c1b8a44-5fd2-4f1c-9e53-3b8a4d2c7f10","name":[{"family":"Ashgrove"}],"managingOrganization":{"reference":"#org"},"contained":[{"resourceType":"Organization","id":"org","name":"Netherby Clinic"}]},"request":{"method":"POST","url":"Patient"}},
{"fullUrl":"https://ehr.example/fhir/Encounter/e-1","resource":{"resourceType":"Encounter","id":"e-1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"urn:uuid:0C1B8A44-5FD2-4F1C-9E53-3B8A4D2C7F10"},"participant":[{"individual":{"reference":"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1354075310"}}]},"request":{"method":"PUT","url":"Encounter/e-1","ifNoneExist":"identifier=urn:oid:1.2.3|77012"}},
{"fullUrl":"https://ehr.example/fhir/Practitioner/dr","resource":{"resourceType":"Practitioner","id":"dr","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1354075310"}]},"request":{"method":"PUT","url":"Practitioner/dr"}},
{"fullUrl":"https://ehr.example/fhir/Observation/o-1","resource":{"resourceType":"Observation","id":"o-1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/0c1b8a44-5fd2-4f1c-9e53-3b8a4d2c7f10"},"encounter":{"reference":"https://ehr.example/fhir/Encounter/e-1/_history/3"},"basedOn":[{"reference":"urn:oid:1.2.840.99999.4"}]},"request":{"method":"DELETE","url":"Observation/o-1/$validate?patient=Patient/p9"}}]}"##;

#[test]
fn every_form_of_reference_still_resolves() {
    let set = under(&[BUNDLE], Profile::safe_harbor());
    let bundle = &set.outputs[0];
    let entry = |at: usize| &bundle["entry"][at];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();

    let patient = text(&entry(0)["resource"]["id"]);
    assert_ne!(patient, "0c1b8a44-5fd2-4f1c-9e53-3b8a4d2c7f10");
    assert_eq!(text(&entry(0)["fullUrl"]), format!("urn:uuid:{patient}"));
    assert_eq!(
        text(&entry(1)["resource"]["subject"]["reference"]),
        format!("urn:uuid:{patient}")
    );
    assert_eq!(
        text(&entry(3)["resource"]["subject"]["reference"]),
        format!("Patient/{patient}")
    );

    let organization = text(&entry(0)["resource"]["contained"][0]["id"]);
    let managing = text(&entry(0)["resource"]["managingOrganization"]["reference"]);
    assert_eq!(managing, format!("#{organization}"));

    let encounter = text(&entry(1)["resource"]["id"]);
    let url = text(&entry(1)["fullUrl"]);
    assert!(url.ends_with(&format!("/Encounter/{encounter}")));
    assert_eq!(
        text(&entry(3)["resource"]["encounter"]["reference"]),
        format!("{url}/_history/3")
    );
    assert_eq!(
        text(&entry(1)["request"]["url"]),
        format!("Encounter/{encounter}")
    );

    let number = text(&entry(2)["resource"]["identifier"][0]["value"]);
    let sought = text(&entry(1)["resource"]["participant"][0]["individual"]["reference"]);
    assert_eq!(
        sought,
        format!("Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|{number}")
    );
    assert!(text(&entry(3)["resource"]["basedOn"][0]["reference"]).starts_with("urn:oid:2.25."));
    assert!(text(&entry(3)["request"]["url"]).contains("/$validate?patient=Patient/"));

    let link = text(&bundle["link"][0]["url"]);
    assert!(link.ends_with("/Patient?_count=10"), "{link}");
    assert!(
        !set.text.contains("Ashgrove")
            && !set.text.contains("ehr.example")
            && !set.text.contains("77012")
    );
}

#[test]
fn ids_are_valid_and_the_same_in_each_file() {
    let one = under(
        &[
            r#"{"resourceType":"Flag","id":"a.b-7","status":"active","code":{"text":"x"},"subject":{"reference":"Patient/77"}}"#,
        ],
        Profile::safe_harbor(),
    );
    let other = under(
        &[r#"{"resourceType":"Patient","id":"77"}"#],
        Profile::safe_harbor(),
    );
    let id = other.outputs[0]["id"].as_str().unwrap();
    assert!(
        id.len() <= 64
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
    );
    assert_eq!(
        one.outputs[0]["subject"]["reference"],
        format!("Patient/{id}")
    );
}
