//! A small ward of invented people, with identifiers where they hide.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wardgate_deid::Profile;

use crate::scene::under;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"ashgrove-1","meta":{"source":"https://ehr.example/Patient/MR5570921"},
"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title=\"Ashgrove\">Oriel <b>Ash</b>grove, MR5570921</p><img alt=\"Oriel\" src=\"x\"/></div>"},
"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Penhallow"},
{"url":"http://hospital.example/nickname","valueString":"Ori"},
{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"ombCategory","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"2106-3","display":"White"}},{"url":"text","valueString":"White"}]}],
"identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"MR5570921"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"543-61-2208"}],
"name":[{"family":"Ashgrove","_family":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/humanname-own-name","valueString":"Ashgrove"}]},"given":["Oriel","Tamsin"],"prefix":["Mrs."]}],
"telecom":[{"value":"(555) 314-8822","system":"phone"},{"value":"oriel@ashgrove.example"}],"gender":"female","birthDate":"1931-05-02",
"multipleBirthInteger":2,"maritalStatus":{"coding":[{"code":"M"}]},"nickname":"Ori",
"address":[{"line":["77 Mulberry Walk"],"city":"Netherby Cross","state":"VT","postalCode":"05601"}],
"photo":[{"contentType":"image/png","data":"iVBORyBmYWNlIG9mIE9yaWVsIEFzaGdyb3Zl"}]}"#;

fn document() -> String {
    let letter = BASE64_STANDARD
        .encode("Dear colleague, Oriel Ashgrove (MR5570921) was well on 2024-03-12. Sodium 139.");
    format!(
        r#"{{"resourceType":"DocumentReference","id":"d1","status":"current","subject":{{"reference":"Patient/ashgrove-1"}},
"content":[{{"attachment":{{"contentType":"text/plain","size":80,"hash":"x","data":"{letter}","title":"Ashgrove_Oriel.txt","url":"https://ehr.example/fhir/Binary?patient=MR5570921"}}}}]}}"#
    )
}

const OBSERVATION: &str = r#"{"resourceType":"Observation","id":"o-MR5570921","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7","display":"Body weight"}],"text":"Weight of Oriel"},
"subject":{"display":"Oriel Ashgrove (MR5570921)","reference":"Patient/ashgrove-1"},"effectiveDateTime":"2024-03-12T10:11:12+01:00",
"valueQuantity":{"value":61.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"},
"note":[{"authorString":"Nurse Penhallow","text":"Ashgrove, Oriel seen by Penhallow, tel 5553148822"}],
"component":[{"code":{"text":"age"},"valueQuantity":{"value":94,"code":"a"}}]}"#;

#[test]
fn nothing_that_identifies_comes_out_and_the_facts_stay() {
    let document = document();
    let set = under(&[PATIENT, &document, OBSERVATION], Profile::safe_harbor());
    let mut all = set.text.to_lowercase();
    let data = set.outputs[1]["content"][0]["attachment"]["data"]
        .as_str()
        .unwrap();
    let letter = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    all.push_str(&letter.to_lowercase());
    for left in [
        "ashgrove",
        "oriel",
        "tamsin",
        "penhallow",
        "5570921",
        "543-61-2208",
        "314-8822",
        "5553148822",
        "mulberry",
        "netherby",
        "05601",
        "1931",
        "nickname",
        "ehr.example",
        "2024-03-12t10",
        "image/png;",
        "\"hash\"",
    ] {
        assert!(!all.contains(left), "{left} is left in {all}");
    }
    for kept in [
        "29463-7",
        "Body weight",
        "61.50",
        "\"kg\"",
        "T10:11:12+01:00",
        "2106-3",
        "White",
        "\"VT\"",
        "\"female\"",
        "multipleBirthInteger\":2",
        "Mrs.",
    ] {
        assert!(set.text.contains(kept), "{kept} is gone from {}", set.text);
    }
    assert!(letter.contains("Sodium 139"), "{letter}");
    let size = set.outputs[1]["content"][0]["attachment"]["size"].as_u64();
    assert_eq!(size, Some(letter.len() as u64));
}

#[test]
fn a_patient_is_the_same_in_fields_and_texts() {
    let document = document();
    let set = under(&[PATIENT, &document, OBSERVATION], Profile::safe_harbor());
    let family = set.outputs[0]["name"][0]["family"].as_str().unwrap();
    let number = set.outputs[0]["identifier"][0]["value"].as_str().unwrap();
    let data = set.outputs[1]["content"][0]["attachment"]["data"]
        .as_str()
        .unwrap();
    let letter = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    assert!(
        letter.contains(family) && letter.contains(number),
        "{letter} {family} {number}"
    );
    let seen = set.outputs[2]["effectiveDateTime"].as_str().unwrap();
    assert!(letter.contains(&seen[..10]), "{letter} {seen}");
}

#[test]
fn dates_of_a_letter_move_once_where_a_name_was_left_too() {
    let patient = r#"{"resourceType":"Patient","id":"p2","name":[{"family":"Lenmarro790","given":["Vamelhen748"]}],"gender":"female"}"#;
    let letter =
        BASE64_STANDARD.encode("\n2003-06-17\n\n# History\nVamelhen748 is a 34 year-old.\n");
    let report = format!(
        r#"{{"resourceType":"DiagnosticReport","id":"r1","status":"final","subject":{{"reference":"Patient/p2"}},"effectiveDateTime":"2003-06-17",
"presentedForm":[{{"contentType":"text/plain","data":"{letter}"}}]}}"#
    );
    let set = under(&[patient, &report], Profile::safe_harbor());
    let moved = set.outputs[1]["effectiveDateTime"].as_str().unwrap();
    let data = set.outputs[1]["presentedForm"][0]["data"].as_str().unwrap();
    let letter = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    assert!(letter.contains(moved) && moved != "2003-06-17", "{letter}");
    assert!(
        !letter.contains("Vamelhen") && letter.contains("34 year-old"),
        "{letter}"
    );
}

#[test]
fn ages_over_89_are_not_told() {
    let set = under(&[PATIENT, OBSERVATION], Profile::safe_harbor());
    assert_eq!(set.outputs[0]["birthDate"], "1936");
    assert_eq!(set.outputs[1]["component"][0]["valueQuantity"]["value"], 90);
}

#[test]
fn what_was_done_is_counted_by_element() {
    let fhir = crate::scene::deidentifier(&[PATIENT], Profile::safe_harbor());
    let tally = fhir.resource(PATIENT.as_bytes(), &mut Vec::new()).unwrap();
    let all: Vec<String> = tally
        .elements()
        .map(|(element, done, count)| format!("{element} {} {count}", done.label()))
        .collect();
    for counted in [
        "HumanName.family replaced 1",
        "Patient.birthDate generalised 1",
        "(unknown element) removed 1",
        "(unknown extension) removed 1",
        "Patient.gender kept 1",
    ] {
        assert!(
            all.iter().any(|one| one == counted),
            "{counted} is not in {all:?}"
        );
    }
    assert!(!format!("{tally:?}").contains("Ashgrove"));
}

/// What an operation is asked and what machines are called are of the patient too.
#[test]
fn parameters_machines_and_nested_base64_tell_nothing() {
    let once = BASE64_STANDARD.encode("Dear colleague, Oriel Ashgrove (MR5570921) was well.");
    let twice = BASE64_STANDARD.encode(BASE64_STANDARD.encode(&once));
    let parameters = format!(
        r#"{{"resourceType":"Parameters","id":"pa","parameter":[{{"name":"patient","resource":{PATIENT}}},
{{"name":"MR5570921","part":[{{"name":"born","valueDate":"1931-05-02"}},{{"name":"score","valueDecimal":0.875}}]}}]}}"#
    );
    let device = r#"{"resourceType":"Device","id":"dv","patient":{"reference":"Patient/ashgrove-1"},"url":"http://10.41.7.9/pump","note":[{"text":"MRN ＭＲ５５７０９２１, &#79;riel A&#x73;hgrove, Tamsin Ashgrove MR5570921"}]}"#;
    let task = format!(
        r#"{{"resourceType":"Task","id":"t","status":"requested","intent":"order","for":{{"reference":"Patient/ashgrove-1"}},
"input":[{{"type":{{"text":"letter"}},"valueBase64Binary":"{twice}"}},{{"type":{{"text":"picture"}},"valueBase64Binary":"iVBORyBmYWNlIG9mIE9yaWVs"}},{{"type":{{"text":"page"}},"valueUrl":"https://pages.example/oriel-a"}}]}}"#
    );
    let note = format!(
        r#"{{"resourceType":"Communication","id":"c","status":"completed","subject":{{"reference":"Patient/ashgrove-1"}},"payload":[{{"contentString":"see {twice}, sodium 139 mmol/L"}}]}}"#
    );
    let set = under(&[&parameters, device, &task, &note], Profile::safe_harbor());
    for left in [
        "5570921",
        "1931-05",
        "10.41.7.9",
        "５５７０",
        "&#",
        "pages.example",
        twice.as_str(),
    ] {
        assert!(!set.text.contains(left), "{left} is left in {}", set.text);
    }
    for kept in ["0.875", "139 mmol/L"] {
        assert!(set.text.contains(kept), "{kept} is gone from {}", set.text);
    }
    let input = &set.outputs[2]["input"];
    let inputs = input.as_array().unwrap();
    assert!(inputs.iter().all(|input| {
        let value = input.as_object().unwrap();
        value.keys().any(|key| key.starts_with("value"))
    }));
}
