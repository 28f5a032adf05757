//! What the doctor finds in a data directory that was damaged.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::client::ask;
use crate::house::House;
use crate::model::Model;

fn findings(house: &House) -> (Option<i32>, Vec<(String, String)>) {
    let output = house.try_run(&["doctor", "--json"]);
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = findings
        .iter()
        .map(|finding| (of(finding, "check"), of(finding, "state")));
    (output.status.code(), findings.collect())
}

fn failed(findings: &[(String, String)]) -> Vec<&str> {
    findings
        .iter()
        .filter(|(_, state)| state == "fail")
        .map(|(check, _)| check.as_str())
        .collect()
}

#[test]
fn a_sound_directory_has_nothing_that_failed_with_or_without_a_server() {
    let model = Model::start();
    let house = House::new(&model);
    let (code, found) = findings(&house);
    assert_eq!((code, failed(&found)), (Some(0), vec![]), "{found:?}");
    let server = house.serve();
    let (code, found) = findings(&house);
    assert_eq!((code, failed(&found)), (Some(0), vec![]), "{found:?}");
    server.stop();
}

#[test]
fn damage_is_found_and_named() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    assert_eq!(
        ask(house.address, &key, "How is Maren?").unwrap().status,
        200
    );
    server.stop();
    let dir = house.dir();
    let entries = dir.join("ledger/tile/entries");
    let bundles = std::fs::read_dir(entries.join("000.p"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for bundle in bundles {
        let mut bytes = std::fs::read(&bundle).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&bundle, bytes).unwrap();
    }
    std::fs::set_permissions(dir.join("passphrase"), PermissionsExt::from_mode(0o644)).unwrap();
    let (code, found) = findings(&house);
    assert_eq!(code, Some(1));
    assert_eq!(failed(&found), ["passphrase", "vault"], "{found:?}");

    std::fs::set_permissions(dir.join("passphrase"), PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::remove_file(dir.join("tls/server.key")).unwrap();
    std::fs::write(dir.join("store/records.db"), b"not a database").unwrap();
    let (code, found) = findings(&house);
    assert_eq!(code, Some(1));
    assert_eq!(
        failed(&found),
        ["private key", "ledger", "records"],
        "{found:?}"
    );
}
