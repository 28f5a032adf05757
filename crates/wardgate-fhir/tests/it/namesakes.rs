//! Stand-ins that happen to be the real name of somebody else in the record.

use serde_json::{Value, json};
use wardgate_deid::Profile;

use crate::scene::deidentifier;

fn practitioner(id: &str, given: &str, family: &str) -> Value {
    json!({
        "resourceType": "Practitioner",
        "id": id,
        "name": [{"family": family, "given": [given]}],
    })
}

#[test]
fn a_stand_in_that_is_a_real_name_of_the_record_is_drawn_anew() {
    let name_of = |resource: &Value| {
        let name = &resource["name"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&name["given"][0]), text(&name["family"]))
    };
    let fhir = deidentifier(&[], Profile::safe_harbor());
    let alone = practitioner("a", "Harriet", "Lindqvist");
    let mut output = Vec::new();
    fhir.resource(alone.to_string().as_bytes(), &mut output)
        .unwrap();
    let (given, family) = name_of(&serde_json::from_slice::<Value>(&output).unwrap());
    let beside = practitioner("b", &given, &family);
    let both = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": alone},
        {"resource": beside},
    ]})
    .to_string();
    output.clear();
    fhir.resource(both.as_bytes(), &mut output).unwrap();
    assert!(fhir.verify(both.as_bytes(), &output).unwrap().any());
    output.clear();
    let mut counts = fhir.counts();
    let found = fhir.searched_into(both.as_bytes(), &mut output, &mut counts);
    assert!(!found.unwrap().any());
    let written: Value = serde_json::from_slice(&output).unwrap();
    for at in 0..2 {
        let drawn = name_of(&written["entry"][at]["resource"]);
        for name in ["Harriet", "Lindqvist", &given, &family] {
            assert!(drawn.0 != name && drawn.1 != name, "{name} is left");
        }
    }
}
