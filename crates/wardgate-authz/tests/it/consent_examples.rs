//! The example consents of FHIR R4, where the folder with them exists outside the repository: each
//! is read, or told as not computable, and none permits what it does not say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use wardgate_authz::consent::{CALL_ACTIONS, Data, Question, judge};
use wardgate_authz::{Consent, ConsentDomain, Labels, Purpose};

use crate::hospital::{at, now, purpose};

fn examples() -> BTreeMap<String, String> {
    let shared = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(folder) = std::fs::read_dir(shared.join("reference/fhir-r4-examples")) else {
        return BTreeMap::new();
    };
    let files = folder.map(|file| file.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    files
        .filter(|path| name(path).starts_with("consent-example"))
        .map(|path| (name(&path), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The uses of unlabelled text that a consent permits, over every purpose, some actors and times.
fn permitted(consent: &Consent) -> Vec<String> {
    let consents = std::slice::from_ref(consent);
    let mut permitted = Vec::new();
    for (year, time) in [("2015", at("2015-12-01T00:00:00Z")), ("now", now())] {
        for actor in ACTORS {
            let purposes: Vec<&str> = Purpose::all()
                .filter(|asked| {
                    let question = Question {
                        patient: consent.patient(),
                        actors: &[actor, "Device/chat", "Organization/acme"],
                        purpose: (*asked).into(),
                        ai: Some(purpose("AI-INFERENCE").into()),
                        actions: CALL_ACTIONS,
                        break_glass: false,
                        data: const { &[Data::text(Labels::NONE)] },
                    };
                    judge(&question, consents, &ConsentDomain::default(), time).permitted
                })
                .map(Purpose::code)
                .collect();
            if !purposes.is_empty() {
                permitted.push(format!("{year} {actor}: {}", purposes.join(" ")));
            }
        }
    }
    permitted
}

#[test]
fn every_example_is_read_and_permits_nothing_that_it_does_not_say() {
    let examples = examples();
    if examples.is_empty() {
        return println!("the examples of FHIR are not here");
    }
    assert!(examples.len() >= 12);
    for (name, text) in &examples {
        let consent = Consent::from_json(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let permitted = permitted(&consent);
        assert!(!permitted.iter().any(|uses| uses.contains("BTG")), "{name}");
        match name.as_str() {
            // It opts in, and ended with 2015.
            "consent-example.json" => {
                let then = permitted.iter().all(|uses| uses.starts_with("2015"));
                assert!(then && !permitted.is_empty(), "{permitted:?}");
            }
            // It opts in, but for one organisation.
            "consent-example-notOrg.json" => {
                let barred = permitted
                    .iter()
                    .any(|uses| uses.contains("Organization/f001"));
                assert!(!barred && !permitted.is_empty(), "{permitted:?}");
            }
            _ => assert!(permitted.is_empty(), "{name}: {permitted:?}"),
        }
    }
}

const ACTORS: &[&str] = &[
    "Organization/f001",
    "Practitioner/f204",
    "Practitioner/13",
    "Practitioner/xcda-author",
    "Organization/elsewhere",
];
