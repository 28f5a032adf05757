//! What profiles other than Safe Harbor say holds here too.

use wardgate_deid::Profile;

use crate::scene::under;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","identifier":[{"value":"MR5570921"}],"name":[{"family":"Ashgrove"}],"birthDate":"1931-05-02","address":[{"line":["77 Mulberry Walk"],"city":"Netherby","state":"VT","postalCode":"05601"}],"telecom":[{"system":"phone","value":"(555) 314-8822"}]}"#;
const CONDITION: &str = r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"onsetDateTime":"2019-04","recordedDate":"2024-03-12","abatementDateTime":"2021","onsetAge":{"value":47,"unit":"a","code":"a","system":"http://unitsofmeasure.org"}}"#;

#[test]
fn a_limited_data_set_keeps_dates_cities_and_ages() {
    let set = under(&[PATIENT, CONDITION], Profile::limited_data_set());
    let patient = &set.outputs[0];
    assert_eq!(patient["birthDate"], "1931-05-02");
    assert_eq!(patient["address"][0]["city"], "Netherby");
    assert_eq!(patient["address"][0]["postalCode"], "05601");
    assert_eq!(set.outputs[1]["onsetDateTime"], "2019-04");
    assert!(
        !set.text.contains("Ashgrove")
            && !set.text.contains("Mulberry")
            && !set.text.contains("314-8822")
    );
}

#[test]
fn pseudonymised_data_after_the_gdpr_have_coarser_years_and_ages() {
    let set = under(&[PATIENT, CONDITION], Profile::gdpr_pseudonymise());
    let condition = &set.outputs[1];
    assert_eq!(condition["onsetAge"]["value"], 40);
    assert_eq!(condition["abatementDateTime"], "2020");
    assert_ne!(condition["recordedDate"], "2024-03-12");
    assert_ne!(set.outputs[0]["address"][0]["state"], "VT");
}

#[test]
fn a_custom_profile_decides_by_its_actions() {
    let profile = Profile::parse(
        "profile = ward\nname = redact\ndate = generalise\nmrn = hash 12\nid = keep\n",
    )
    .unwrap();
    let set = under(&[PATIENT, CONDITION], profile);
    assert_eq!(set.outputs[0]["name"][0]["family"], "[NAME]");
    assert_eq!(set.outputs[0]["id"], "p");
    assert_eq!(set.outputs[1]["recordedDate"], "2024");
    assert_eq!(set.outputs[1]["subject"]["reference"], "Patient/p");
}
