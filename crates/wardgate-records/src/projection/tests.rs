use serde_json::Value;

use super::*;
use crate::events::examples;

const PATH: [[u8; 32]; 2] = [[0xfb; 32], [2; 32]];

fn project(projection: Projection, leaf: &[u8], call: Option<&Call>) -> String {
    let entry = Proven {
        origin: "hospital.example/wardgate",
        tree_size: 4,
        index: 2,
        leaf_hash: &[1; 32],
        path: &PATH,
        leaf,
    };
    projection.rows(&entry, StoredEvent::parse(leaf).ok().as_ref(), call)
}

/// Every example, with what its own entry says of the call.
fn everything(projection: Projection) -> Vec<String> {
    let leaves = [true, false].map(|whole| examples(whole).unwrap()).concat();
    let rows = leaves.iter().map(|leaf| {
        let event = StoredEvent::parse(leaf).unwrap();
        project(projection, leaf, Some(&Call::of(&event)))
    });
    rows.collect()
}

#[test]
fn every_row_carries_the_entry_and_its_proof() {
    let leaves = [true, false].map(|whole| examples(whole).unwrap()).concat();
    let hash = STANDARD.encode(PATH[0]);
    for projection in [Projection::Fhir, Projection::Ocsf] {
        for (rows, leaf) in everything(projection).iter().zip(&leaves) {
            let leaf = Value::from(std::str::from_utf8(leaf).unwrap()).to_string();
            for row in rows.lines() {
                assert!(row.contains(&leaf), "{row}");
                assert!(
                    row.contains(&hash) && row.contains(&"01".repeat(32)),
                    "{row}"
                );
                serde_json::from_str::<Value>(row).unwrap();
            }
        }
    }
    for (row, leaf) in everything(Projection::Csv).iter().zip(&leaves) {
        let leaf = std::str::from_utf8(leaf).unwrap().replace('"', "\"\"");
        assert!(row.contains(&leaf) && row.contains(&hash), "{row}");
        assert!(row.ends_with("\r\n"));
    }
}

#[test]
fn an_intent_about_a_patient_is_a_disclosure_and_a_decision() {
    let leaves = examples(true).unwrap();
    let event = StoredEvent::parse(&leaves[0]).unwrap();
    let mut calls = Calls::default();
    let rows = project(Projection::Fhir, &leaves[0], calls.of(&event).as_ref());
    let profiles: Vec<_> = rows
        .lines()
        .map(|row| serde_json::from_str::<Value>(row).unwrap()["meta"]["profile"][0].clone())
        .map(|profile| {
            profile
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        profiles,
        [
            "IHE.BasicAudit.PrivacyDisclosure.Source",
            "IHE.BasicAudit.AuthZconsent"
        ]
    );
}

#[test]
fn an_outcome_is_shown_with_what_its_intent_said_once() {
    let leaves = examples(true).unwrap();
    let intent = StoredEvent::parse(&leaves[0]).unwrap();
    let outcome = String::from_utf8(leaves[1].clone()).unwrap();
    let call = StoredEvent::parse(&leaves[1]).unwrap();
    let outcome = outcome.replace(call.text("call").unwrap(), &intent.id.to_string());
    let event = StoredEvent::parse(outcome.as_bytes()).unwrap();
    let mut calls = Calls::default();
    calls.of(&intent);
    let known = calls.of(&event);
    let row = project(Projection::Csv, outcome.as_bytes(), known.as_ref());
    assert!(
        row.contains(",ward-notes,,dr.osei,note-helper,TREAT,"),
        "{row}"
    );
    assert!(calls.of(&event).is_none());
}

#[test]
fn an_entry_of_a_newer_program_is_shown_as_it_is() {
    let leaf = br#"{"at":"2030-01-01T00:00:00Z","data":{},"type":"call.guessed","v":9}"#;
    for projection in Projection::ALL {
        let row = project(projection, leaf, None);
        assert!(row.contains("call.guessed"), "{row}");
    }
    assert!(project(Projection::Csv, leaf, None).starts_with("2,,,unknown,"));
}

#[test]
fn a_spreadsheet_computes_no_cell() {
    let leaf = String::from_utf8(examples(true).unwrap()[0].clone()).unwrap();
    let leaf = leaf.replace("\"ward-notes\"", "\"=1+2\"");
    let event = StoredEvent::parse(leaf.as_bytes()).unwrap();
    let row = project(Projection::Csv, leaf.as_bytes(), Some(&Call::of(&event)));
    assert!(row.contains(",'=1+2,"), "{row}");
}
