//! Keys are rotated, lost and recovered under a server that runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::client::{Answer, ask};
use crate::house::{House, POLLS_MAX, of_type, pause, text};
use crate::model::Model;

fn called(house: &House, key: &str) -> Answer {
    ask(house.address, key, "How is Maren?").unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Calls until an answer has this status.
fn until(house: &House, key: &str, status: u16) -> Answer {
    for _ in 0..POLLS_MAX {
        // Between a sealed node and one that serves nobody listens for a moment.
        if let Some(answer) = ask(house.address, key, "How is Maren?")
            && answer.status == status
        {
            return answer;
        }
        pause();
    }
    panic!("no answer had status {status}");
}

fn console(house: &House) -> SocketAddr {
    let config = std::fs::read_to_string(house.dir().join("wardgate.yaml")).unwrap();
    let (_, console) = config.split_once("\nconsole:\n  listen: \"").unwrap();
    console.split('"').next().unwrap().parse().unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

fn passphrase(house: &House) -> (PathBuf, PathBuf) {
    let dir = house.dir();
    (dir.join("passphrase"), dir.join("passphrase.away"))
}

#[test]
fn keys_are_rotated_beside_a_server_that_answers_all_the_time() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let first = called(&house, &key);
    assert_eq!(first.status, 200, "{}", first.body);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut calls = 0;
            while !ended.load(Ordering::Relaxed) {
                let answer = called(&house, &key);
                assert_eq!(answer.status, 200, "{}", answer.body);
                calls += 1;
            }
            calls
        });
        let tenant = json(&house.run(&["vault", "rotate", "tenant", "--json"]));
        assert_eq!(tenant["tenant_key"], 2);
        assert!(tenant["patient_keys"].as_u64() > Some(0), "{tenant}");
        let root = json(&house.run(&["vault", "rotate", "root", "--json"]));
        assert_eq!(root["root"], 2);
        ended.store(true, Ordering::Relaxed);
        assert!(calls.join().unwrap() > 0);
    });
    server.stop();

    let status = json(&house.run(&["vault", "status", "--json"]));
    assert_eq!(
        (&status["root"], &status["rewrapping"]),
        (&2.into(), &false.into())
    );
    let keys = status["tenant_keys"].as_array().unwrap();
    assert_eq!(keys[0]["patient_keys"], 0);
    house.serve().stop();
    let shown = house.run(&["call", "show", &first.record]);
    assert!(shown.contains("How is Maren?"), "{shown}");
    house.verify();
    let ledger = house.ledger();
    let rotated: Vec<_> = of_type(&ledger, "vault.key_rotated");
    let keys: Vec<_> = rotated.iter().map(|event| &event["data"]["key"]).collect();
    assert_eq!(keys, ["tenant", "root"]);
}

#[test]
fn a_node_whose_keys_are_out_of_reach_at_start_is_sealed_until_they_are_there() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let (here, away) = passphrase(&house);
    std::fs::rename(&here, &away).unwrap();
    let server = house.serve();
    let refused = called(&house, &key);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "vault.sealed")
    );
    assert!(get(console(&house), "/healthz").starts_with("HTTP/1.1 200"));
    let ready = get(console(&house), "/readyz");
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("sealed"), "{ready}");

    std::fs::rename(&away, &here).unwrap();
    until(&house, &key, 200);
    assert!(get(console(&house), "/readyz").starts_with("HTTP/1.1 200"));
    server.stop();
    let ledger = house.ledger();
    assert_eq!(of_type(&ledger, "vault.sealed").len(), 1);
    assert_eq!(of_type(&ledger, "vault.unsealed").len(), 1);
}

#[test]
fn a_node_that_loses_its_keys_for_long_is_sealed_and_goes_on_when_they_return() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let config = house.dir().join("wardgate.yaml");
    let settings = std::fs::read_to_string(&config).unwrap();
    let soon = "vault:\n  check_every_s: 1\n  seal_after_s: 1\n";
    std::fs::write(&config, settings.replace("vault:\n", soon)).unwrap();
    let server = house.serve();
    until(&house, &key, 200);
    let (here, away) = passphrase(&house);
    std::fs::rename(&here, &away).unwrap();
    let refused = until(&house, &key, 503);
    assert_eq!(refused.code(), "vault.sealed");
    let asked = model.received();
    assert_eq!(called(&house, &key).status, 503);
    assert_eq!(model.received(), asked, "nothing reaches the model");
    std::fs::rename(&away, &here).unwrap();
    until(&house, &key, 200);
    server.stop();
    house.verify();
    let ledger = house.ledger();
    let kinds = [
        "gateway.started",
        "vault.sealed",
        "gateway.stopped",
        "vault.unsealed",
    ];
    let seen: Vec<_> = ledger
        .iter()
        .filter_map(|line| line["entry"]["type"].as_str())
        .filter(|kind| kinds.contains(kind))
        .collect();
    assert_eq!(
        seen,
        [
            "gateway.started",
            "vault.sealed",
            "gateway.stopped",
            "gateway.started",
            "vault.unsealed",
            "gateway.stopped"
        ]
    );
}

#[test]
fn a_lost_passphrase_is_no_lost_vault_and_the_drill_proves_it_before() {
    let model = Model::start();
    let house = House::new(&model);
    let identity = house.dir().join("recovery-identity");
    let safe = house.dir().with_file_name("safe");
    std::fs::rename(&identity, &safe).unwrap();
    let safe = text(&safe);
    let found = json(&house.run(&["doctor", "--json", "--drill", "--recovery", &safe]));
    let drill = found
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["check"] == "drill");
    assert_eq!(drill.unwrap()["state"], "ok", "{found}");

    let (here, _) = passphrase(&house);
    std::fs::write(&here, "another passphrase, made after the loss\n").unwrap();
    assert!(!house.try_run(&["vault", "rotate", "root"]).status.success());
    let recovered = json(&house.run(&["vault", "recover", "--json", "--identity", &safe]));
    assert_eq!(recovered["root"], 2);
    let key = house.key();
    let server = house.serve();
    assert_eq!(called(&house, &key).status, 200);
    server.stop();
    // Who could recover it can do so again.
    house.run(&["doctor", "--drill", "--recovery", &safe]);
    let ledger = house.ledger();
    let drills = of_type(&ledger, "recovery.drilled");
    assert_eq!(drills.len(), 2);
    assert!(drills[0]["data"]["keys"].as_u64() > Some(3));
    assert_eq!(of_type(&ledger, "vault.key_rotated").len(), 1);
}
