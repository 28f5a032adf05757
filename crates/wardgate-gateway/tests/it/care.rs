//! Who cares for whom, on the path of a call: the care relationship, and consents for care teams.

use jiff::SignedDuration;
use serde_json::Value;

use crate::hospital::{Answer, Hospital, PATIENTS, says};

const REQUIRED: &str = "---\nkind: Settings\ncare_relationship: required\n";
/// Dr. Osei cares for Maria until the end of the day.
const TEAM: &str = r#"{"resourceType":"CareTeam","id":"t1","status":"active","subject":{"reference":"Patient/maria"},"participant":[{"member":{"reference":"Practitioner/dr.osei"},"period":{"start":"2026-11-01","end":"2026-11-23"}}]}"#;

async fn about(hospital: &Hospital, key: &str, patient: &str) -> Answer {
    let headers = [("wardgate-purpose", "TREAT"), ("wardgate-patient", patient)];
    hospital.call(key, &headers, &says("How is she?")).await
}

#[tokio::test]
async fn whoever_treats_calls_about_those_they_care_for_and_nobody_else() {
    let hospital = Hospital::open().await;
    hospital.apply(&(hospital.records() + REQUIRED)).await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    let refused = hospital.chat(&osei, &says("x")).await;
    assert_eq!(refused.code(), "care.no_relationship", "{}", refused.text());

    hospital.apply_as("teams.ndjson", TEAM).await;
    let cared_for = hospital.chat(&osei, &says("x")).await;
    assert_eq!(cared_for.status, 200, "{}", cared_for.text());
    let other = hospital.chat(&lind, &says("x")).await;
    assert_eq!(other.code(), "care.no_relationship");

    let inactive = TEAM.replace("\"active\"", "\"inactive\"");
    hospital.apply_as("teams.ndjson", &inactive).await;
    let ended = hospital.chat(&osei, &says("x")).await;
    assert_eq!(ended.code(), "care.no_relationship");
    hospital.apply_as("teams.ndjson", TEAM).await;
    hospital.advance(SignedDuration::from_hours(14)).await;
    let over = hospital.chat(&osei, &says("x")).await;
    assert_eq!(over.code(), "care.no_relationship", "the day is over");
    assert_eq!(hospital.model.received().len(), 1);
}

#[tokio::test]
async fn a_patient_without_a_relation_and_one_who_is_not_on_file_get_the_same_answer() {
    let hospital = Hospital::open().await;
    hospital.apply(&(hospital.records() + REQUIRED)).await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let mut told = Vec::new();
    for patient in [
        "Patient/maria",
        "Patient/otto",
        "Patient/nobody",
        "MRN-4471882",
        "MRN-0000000",
    ] {
        let answer = about(&hospital, &key, patient).await;
        assert_eq!(answer.code(), "care.no_relationship");
        let mut error = answer.json()["error"].clone();
        error["record"] = Value::Null;
        told.push((answer.status, error));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[tokio::test]
async fn a_consent_for_a_care_team_reaches_its_members_and_nobody_else() {
    let hospital = Hospital::open().await;
    hospital.apply_as("teams.ndjson", TEAM).await;
    let osei = hospital.key("ward-notes", Some("dr.osei")).await;
    let lind = hospital.key("ward-notes", Some("dr.lind")).await;
    let permit_for = |team: &str| {
        let role = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
        let provision = format!(
            r#""provision":{{"type":"permit","actor":[{{"role":{{"coding":[{{"system":"{role}","code":"PRCP"}}]}},"reference":{{"reference":"{team}"}}}}]}}"#
        );
        PATIENTS.replacen(r#""provision":{"type":"permit"}"#, &provision, 1)
    };
    hospital
        .apply_as("patients.ndjson", &permit_for("CareTeam/t1"))
        .await;
    let member = hospital.chat(&osei, &says("x")).await;
    assert_eq!(member.status, 200, "{}", member.text());
    assert_eq!(
        hospital.chat(&lind, &says("x")).await.code(),
        "consent.denied"
    );
    // A team that is not this patient's, or not on file, reaches nobody.
    for team in ["CareTeam/t2", "Group/t1"] {
        hospital
            .apply_as("patients.ndjson", &permit_for(team))
            .await;
        let answer = hospital.chat(&osei, &says("x")).await;
        assert_eq!(answer.code(), "consent.denied", "{team}");
    }
    hospital
        .apply_as("patients.ndjson", &permit_for("CareTeam/t1"))
        .await;
    hospital.advance(SignedDuration::from_hours(14)).await;
    let over = hospital.chat(&osei, &says("x")).await;
    assert_eq!(over.code(), "consent.denied", "the day is over");
}

#[tokio::test]
async fn a_denial_for_a_care_team_reaches_its_members() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    assert_eq!(hospital.chat(&key, &says("x")).await.status, 200);
    hospital.apply_as("teams.ndjson", TEAM).await;
    let role = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    let except = format!(
        r#""provision":{{"type":"permit","provision":[{{"type":"deny","actor":[{{"role":{{"coding":[{{"system":"{role}","code":"PRCP"}}]}},"reference":{{"reference":"CareTeam/t1"}}}}]}}]}}"#
    );
    let denied = PATIENTS.replacen(r#""provision":{"type":"permit"}"#, &except, 1);
    hospital.apply_as("patients.ndjson", &denied).await;
    assert_eq!(
        hospital.chat(&key, &says("x")).await.code(),
        "consent.denied"
    );
}
