//! A fact lapses while the gate runs, and holds again.

use crate::client::{Answer, ask};
use crate::house::{HOSPITAL, House, POLLS_MAX, of_type, pause};
use crate::model::Model;

fn vendor(expires: &str) -> String {
    let vendor = HOSPITAL.split("---").next().unwrap();
    vendor.replace("2099-01-01", expires)
}

/// Asks until the answer has a status.
fn ask_until(house: &House, key: &str, status: u16) -> Answer {
    for _ in 0..POLLS_MAX {
        let answer = ask(house.address, key, "How is Maren Oduya-Linholm?").unwrap();
        if answer.status == status {
            return answer;
        }
        pause();
    }
    panic!("the status never was {status}");
}

#[test]
fn an_expired_agreement_refuses_the_next_call_and_renewing_restores_it() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let answer = ask(house.address, &key, "How is Maren Oduya-Linholm?").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);

    house.apply(&vendor("2025-06-30"));
    let refused = ask_until(&house, &key, 403);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "vendor.agreement_expired");
    assert_eq!(error["source"], "vendor/acme");
    assert_eq!(error["record"], refused.record);
    assert!(error["hint"].as_str().unwrap().contains("renew"), "{error}");
    let before = model.received();

    house.apply(&vendor("2099-01-01"));
    ask_until(&house, &key, 200);
    assert_eq!(model.received(), before + 1);
    server.stop();

    let ledger = house.ledger();
    assert!(
        of_type(&ledger, "call.refused")
            .iter()
            .any(|entry| entry["id"] == refused.record)
    );
    assert!(
        of_type(&ledger, "record.changed")
            .iter()
            .any(|entry| entry["data"]["record_id"] == "acme" && entry["data"]["version"] == 3)
    );
    assert!(model.bodies().iter().all(|body| !body.contains("Linholm")));
    house.verify();
}

#[test]
fn a_revoked_key_is_refused() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    ask_until(&house, &key, 200);
    let listed: serde_json::Value =
        serde_json::from_str(&house.run(&["key", "list", "--json"])).unwrap();
    let id = listed[0]["id"].as_str().unwrap();
    house.run(&["key", "revoke", id]);
    let refused = ask_until(&house, &key, 401);
    assert_eq!(refused.code(), "identity.key_expired");
    assert!(house.run(&["key", "list"]).contains("revoked"));
    server.stop();
}

#[test]
fn what_is_opened_is_what_the_ledger_committed_to() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let record = ask_until(&house, &key, 200).record;
    server.stop();
    let shown = house.run(&["call", "show", "--json", &record]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let payloads = shown["payloads"].as_array().unwrap();
    assert_eq!(payloads.len(), 2);
    for payload in payloads {
        assert_eq!(payload["as_committed"], true, "{}", payload["part"]);
        assert!(payload["entry"].is_u64(), "{}", payload["part"]);
    }
}

#[test]
fn a_shredded_patient_is_unreadable_and_the_ledger_verifies() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let record = ask_until(&house, &key, 200).record;
    assert!(
        house
            .run(&["call", "show", &record])
            .contains("How is Maren Oduya-Linholm?")
    );

    let refused = house.try_run(&["patient", "shred", "Patient/linholm"]);
    assert!(!refused.status.success());
    house.run(&["patient", "shred", "Patient/linholm", "--yes"]);
    ask_until(&house, &key, 403);
    assert!(
        house
            .run(&["call", "show", &record])
            .starts_with("shredded")
    );
    let left = std::fs::read_dir(house.dir()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with("payloads")).count(), 1);
    server.stop();
    let shown = house.run(&["call", "show", &record]);
    assert!(shown.starts_with("shredded"), "{shown}");
    assert_eq!(of_type(&house.ledger(), "patient.shredded").len(), 1);
    house.verify();
}
