//! Holds, retention and shredding by the real binary, killed at any moment.

use std::process::Stdio;

use crate::backup::Kept;
use crate::client::{ask, ask_about};
use crate::house::{House, of_type, pause, stderr, text, wardgate};
use crate::model::Model;

const SECOND_PERSON: &str =
    "kind: Person\nid: p-officer\nname: Second Person\nroles: [privacy_officer]\n";

#[test]
fn a_hold_stops_a_shredding_until_another_person_releases_it() {
    let model = Model::start();
    let house = House::new(&model);
    house.apply(SECOND_PERSON);
    let server = house.serve();
    let place = [
        "hold",
        "place",
        "--json",
        "--patient",
        "Patient/linholm",
        "--reason",
        "case-7",
        "--person",
        "dr-osei",
    ];
    let hold: serde_json::Value = serde_json::from_str(&house.run(&place)).unwrap();
    let id = hold["id"].as_str().unwrap();
    let shred = ["patient", "shred", "Patient/linholm", "--yes"];
    let refused = stderr(&house.try_run(&shred));
    assert!(
        refused.contains(id) && !refused.contains("linholm"),
        "{refused}"
    );
    let same = house.try_run(&["hold", "release", id, "--person", "dr-osei"]);
    assert!(
        stderr(&same).contains("another person"),
        "{}",
        stderr(&same)
    );
    house.run(&["hold", "release", id, "--person", "p-officer"]);
    house.run(&shred);
    assert!(house.run(&["hold", "list"]).contains("released"));
    server.stop();
    let ledger = house.ledger();
    assert_eq!(of_type(&ledger, "hold.placed").len(), 1);
    assert_eq!(of_type(&ledger, "hold.released").len(), 1);
    house.verify();
}

#[test]
fn what_was_erased_is_reported_with_the_entry_that_did_it() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let answer = ask(house.address, &key, "How is Maren?").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let report = |patient: &str| -> serde_json::Value {
        serde_json::from_str(&house.run(&["patient", "records", patient, "--json"])).unwrap()
    };
    let payload = |report: &serde_json::Value| {
        let entries = report["entries"].as_array().unwrap();
        let call = entries.iter().find(|entry| entry["id"] == answer.record);
        call.map(|call| call["payload"].as_str().unwrap().to_owned())
    };
    // The entry is published within a second.
    let mut before = report("Patient/linholm");
    while payload(&before).is_none() {
        pause();
        before = report("Patient/linholm");
    }
    assert_eq!(payload(&before).unwrap(), "sealed");
    assert!(before["shredded"].is_null());
    let handle = before["patient"].as_str().unwrap().to_owned();
    let certificate = text(&house.dir().with_file_name("destroyed.note"));
    house.run(&[
        "patient",
        "shred",
        "MRN-00834417",
        "--yes",
        "--certificate",
        &certificate,
    ]);
    let after = report(&handle);
    assert_eq!(payload(&after).unwrap(), "erased");
    let index = after["shredded"]["index"].as_u64().unwrap();
    let shown = house.run(&["call", "show", "--json", &answer.record]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["payload"], "erased");
    assert_eq!(shown["shredded_by_entry"], index);
    assert_eq!(shown["patient"], handle);
    server.stop();
    let ledger = house.ledger();
    let entry = ledger.iter().find(|entry| entry["index"] == index).unwrap();
    assert_eq!(entry["entry"]["type"], "patient.shredded");
    house.verify();
    // The certificate again, and a changed one.
    let again = text(&house.dir().with_file_name("again.note"));
    house.run(&["patient", "certificate", &handle, &again]);
    let vkey = text(&house.dir().join("ledger.vkey"));
    let verify = |file: &str| {
        let output = wardgate()
            .args(["patient", "verify", file, "--key", &vkey])
            .output();
        output.unwrap().status.success()
    };
    assert!(verify(&certificate) && verify(&again));
    let note = std::fs::read(&again).unwrap();
    for at in (0..note.len()).step_by(97) {
        let mut changed = note.clone();
        changed[at] ^= 1;
        std::fs::write(&again, changed).unwrap();
        assert!(!verify(&again), "byte {at}");
    }
}

#[test]
fn a_retention_becomes_longer_only_also_after_the_store_was_lost() {
    let model = Model::start();
    let house = House::new(&model);
    assert!(house.run(&["retention", "show"]).contains("for ever"));
    let before = std::fs::read(house.dir().join("store/records.db")).unwrap();
    let set = |days: &str| {
        house.try_run(&[
            "retention",
            "set",
            "--class",
            "ledger",
            "--days",
            days,
            "--person",
            "dr-osei",
        ])
    };
    assert!(set("3000").status.success());
    let shorter = set("2999");
    assert!(stderr(&shorter).contains("shorter"), "{}", stderr(&shorter));
    // The store goes back to before the statement; the ledger remembers.
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(house.dir().join(format!("store/records.db{ending}")));
    }
    std::fs::write(house.dir().join("store/records.db"), before).unwrap();
    assert!(house.run(&["retention", "show"]).contains("3000 days"));
    let shorter = set("2999");
    assert!(stderr(&shorter).contains("3000"), "{}", stderr(&shorter));
    assert!(set("3001").status.success());
}

#[test]
fn killed_anywhere_a_backup_a_restore_and_a_shredding_are_completed_by_the_next_run() {
    let model = Model::start();
    let kept = Kept::new(&model);
    let names: Vec<String> = (0..SHREDS).map(|at| format!("patient{at:02}")).collect();
    for name in &names {
        kept.patient(name);
    }
    let key = kept.house.key();
    let server = kept.house.serve();
    let mut records = Vec::new();
    for name in &names {
        let reference = format!("Patient/{name}");
        let answer = ask_about(kept.house.address, &key, &reference, "the canary").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        records.push(answer.record);
    }
    let (dir, to) = (text(&kept.house.dir()), text(&kept.place("backup")));
    let keys = text(&kept.place("keys"));
    let backup = ["backup", "--dir", &dir, "--to", &to, "--keys", &keys];
    kill_at_each_point(&backup, BACKUP_KILLS);
    kept.backup();
    kept.verify_backup();

    let (identity, target) = (
        text(&kept.place("identity.txt")),
        text(&kept.place("killed")),
    );
    let restore = [
        "restore",
        "--from",
        &to,
        "--keys",
        &keys,
        "--identity",
        &identity,
        "--to",
        &target,
    ];
    kill_at_each_point(&restore, RESTORE_KILLS);
    if !kept.place("killed").exists() {
        kept.restore("killed", &[]);
    }
    let verified = kept.outside(&["ledger", "verify", &target]);
    assert!(verified.status.success(), "{}", stderr(&verified));

    for (at, name) in names.iter().enumerate() {
        let reference = format!("Patient/{name}");
        let shred = ["patient", "shred", "--dir", &dir, &reference, "--yes"];
        kill_after(&shred, at);
        let again = kept.outside(&shred);
        let unknown = stderr(&again).contains("no patient on file");
        assert!(again.status.success() || unknown, "{}", stderr(&again));
        let shown = kept.outside(&["call", "show", "--dir", &dir, &records[at]]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.starts_with("shredded"), "{at}: {shown}");
    }
    kept.backup();
    assert_eq!(kept.verify_backup()["keys"], 3);
    server.stop();
    kept.house.verify();
    let ledger = kept.house.ledger();
    assert_eq!(of_type(&ledger, "patient.shredded").len(), SHREDS);
}

/// Kills a command after ever longer times.
fn kill_at_each_point(arguments: &[&str], kills: usize) {
    for at in 0..kills {
        kill_after(arguments, at);
    }
}

/// Starts a command and kills it after a while, unless it has ended by then.
fn kill_after(arguments: &[&str], steps: usize) {
    let mut child = wardgate()
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..steps * 3 {
        pause();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

const SHREDS: usize = 8;
const BACKUP_KILLS: usize = 8;
const RESTORE_KILLS: usize = 6;
