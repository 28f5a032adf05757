//! Someone with every right on the machine changes what is on the disk. The auditor has the
//! ledger and the verifier key that was noted when the node was set up, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::client::ask;
use crate::house::{House, of_type, stderr, wardgate};
use crate::model::Model;

/// A hospital with some calls, its server stopped.
fn audited() -> (House, String) {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    for _ in 0..5 {
        let answer = ask(house.address, &key, "How is Maren?").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    server.stop();
    let vkey = std::fs::read_to_string(house.dir().join("ledger.vkey")).unwrap();
    (house, vkey.lines().next().unwrap().to_owned())
}

fn audit(house: &House, vkey: &str) -> Output {
    wardgate()
        .args(["ledger", "verify", "--json", "--key", vkey])
        .arg(house.dir().join("ledger"))
        .output()
        .unwrap()
}

/// The tiles of a kind, the widest last.
fn tiles(house: &House, kind: &str) -> Vec<PathBuf> {
    let partial = house.dir().join("ledger/tile").join(kind).join("000.p");
    let mut tiles: Vec<PathBuf> = std::fs::read_dir(partial)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let width =
        |path: &PathBuf| -> u16 { path.file_name().unwrap().to_str().unwrap().parse().unwrap() };
    tiles.sort_by_key(width);
    tiles
}

/// Replaces text by other text of the same length in every file below a folder.
fn replace(at: &Path, from: &str, to: &str) -> usize {
    assert_eq!(from.len(), to.len());
    let mut changed = 0;
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            changed += replace(&path, from, to);
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let places: Vec<usize> = (0..bytes.len().saturating_sub(from.len()))
            .filter(|start| bytes[*start..].starts_with(from.as_bytes()))
            .collect();
        for start in &places {
            bytes[*start..start + to.len()].copy_from_slice(to.as_bytes());
        }
        if !places.is_empty() {
            std::fs::write(&path, bytes).unwrap();
            changed += places.len();
        }
    }
    changed
}

#[test]
fn an_entry_that_was_rewritten_everywhere_is_found_and_named() {
    let (house, vkey) = audited();
    assert!(audit(&house, &vkey).status.success());
    let ledger = house.ledger();
    let denied = of_type(&ledger, "call.outcome")[2]["id"].as_str().unwrap();
    let at = ledger
        .iter()
        .find(|line| line["entry"]["id"] == denied)
        .unwrap();
    let mut other = denied.to_owned();
    other.replace_range(..1, if denied.starts_with('f') { "e" } else { "f" });
    assert!(replace(&house.dir().join("ledger"), denied, &other) > 0);
    let output = audit(&house, &vkey);
    assert!(!output.status.success());
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["first_bad_entry"], at["index"], "{said}");
}

#[test]
fn a_tile_that_was_removed_is_missed() {
    for kind in ["0", "entries"] {
        let (house, vkey) = audited();
        for tile in tiles(&house, kind) {
            std::fs::remove_file(tile).unwrap();
        }
        assert!(!audit(&house, &vkey).status.success(), "{kind}");
    }
}

#[test]
fn a_ledger_made_anew_with_another_key_is_not_ours() {
    let (house, vkey) = audited();
    let (other, others_key) = audited();
    assert_ne!(vkey, others_key);
    let ledger = house.dir().join("ledger");
    std::fs::remove_dir_all(&ledger).unwrap();
    std::fs::rename(other.dir().join("ledger"), &ledger).unwrap();
    std::fs::copy(
        other.dir().join("ledger.vkey"),
        house.dir().join("ledger.vkey"),
    )
    .unwrap();
    // It is consistent in itself, and still not the ledger of the key that the auditor noted.
    assert!(audit(&house, &others_key).status.success());
    let refused = audit(&house, &vkey);
    assert!(!refused.status.success(), "{}", stderr(&refused));
    // Nor is it the ledger of the vault beside it.
    assert!(!house.try_run(&["doctor"]).status.success());
}

#[test]
fn a_record_that_was_edited_in_the_database_differs_from_the_ledger() {
    let (house, vkey) = audited();
    assert!(house.try_run(&["doctor"]).status.success());
    // An agreement, an assessment and a training that hold for longer than they do.
    assert!(replace(&house.dir().join("store"), "2099-01-02T", "2199-01-02T") > 0);
    assert!(audit(&house, &vkey).status.success(), "the ledger is whole");
    let output = house.try_run(&["doctor", "--json"]);
    assert!(!output.status.success());
    let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "records told" && finding["state"] == "fail")
        .unwrap_or_else(|| panic!("{findings:?}"));
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.ends_with("is not what the ledger was told, nor are 2 others"),
        "{finding}"
    );
}
