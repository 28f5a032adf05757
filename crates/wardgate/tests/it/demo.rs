//! The demo says what it did, and all of it went as stated.

use serde_json::Value;

use crate::house::{stderr, text, wardgate};

#[test]
fn every_scripted_call_goes_as_stated() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("demo");
    let output = wardgate()
        .args([
            "demo",
            "--exit",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--console",
            "127.0.0.1:0",
        ])
        .args(["--dir".to_owned(), text(&dir)])
        .output()
        .unwrap();
    let said: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let scenes = said["scenes"].as_array().unwrap();
    let otherwise: Vec<_> = scenes
        .iter()
        .filter(|scene| scene["as_stated"] != true)
        .collect();
    assert!(otherwise.is_empty(), "{otherwise:#?}");
    assert!(scenes.len() >= 20);
    assert_eq!(said["ledger"]["verified"], true);
    assert_eq!(output.status.code(), Some(0));

    let facts: Value =
        serde_json::from_slice(&std::fs::read(dir.join("demo.json")).unwrap()).unwrap();
    assert!(
        facts["keys"]["osei"]["key"]
            .as_str()
            .unwrap()
            .starts_with("wg_demo_")
    );
    let verified = wardgate()
        .args(["ledger", "verify"])
        .arg(&dir)
        .output()
        .unwrap();
    assert!(verified.status.success());
}
