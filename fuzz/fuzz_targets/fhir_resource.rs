//! A resource of any shape: what comes out is JSON, holds nothing of the patient on file, and comes out the same again.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_fhir::{Options, PatientIndex, ResourceDeidentifier};

static FHIR: LazyLock<ResourceDeidentifier> = LazyLock::new(|| {
    let as_of = Day::new(2026, 11, 30).expect("a day");
    let rules = RecordRules::new(
        Engine::exact_only(),
        Profile::safe_harbor(),
        ProjectKey::new([7; 32]),
        as_of,
    );
    let mut patients = PatientIndex::new();
    patients.learn(br#"{"resourceType":"Patient","id":"p1","name":[{"family":"Quastenberg","given":["Wilhelmina"]}]}"#);
    ResourceDeidentifier::new(Arc::new(rules), Arc::new(patients), Options::default())
});

fuzz_target!(|resource: &[u8]| {
    PatientIndex::new().learn(resource);
    let mut output = Vec::new();
    if FHIR.resource(resource, &mut output).is_err() {
        assert!(output.is_empty());
        return;
    }
    serde_json::from_slice::<serde_json::Value>(&output).expect("what is written is JSON");
    let mut again = Vec::new();
    FHIR.resource(resource, &mut again)
        .expect("it was read before");
    assert_eq!(output, again);
    FHIR.verify(resource, &output).expect("both are JSON");
});
