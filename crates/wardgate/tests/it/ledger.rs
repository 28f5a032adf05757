//! Reading, proving and exporting the ledger, beside a server that runs.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::client::ask;
use crate::house::{House, of_type, pause, stderr, text, wardgate};
use crate::model::Model;

/// A house whose server has answered one call and refused another, and runs.
fn busy() -> (Model, House, crate::house::Server, String) {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let record = ask(house.address, &key, "How is Maren?").unwrap().record;
    assert_eq!(
        ask(house.address, "no key", "How is she?").unwrap().status,
        401
    );
    house.run(&["ledger", "tail"]);
    // An answered call's outcome is published within a second.
    while of_type(&house.ledger(), "call.outcome").is_empty() {
        pause();
    }
    (model, house, server, record)
}

fn verify(arguments: &[&str], dir: &Path) -> Output {
    let mut command = wardgate();
    command.args(["ledger", "verify", "--json"]).args(arguments);
    command.arg(dir).output().unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn entries_are_read_found_and_followed_while_the_server_runs() {
    let (_model, house, _server, record) = busy();
    let last = lines(&house.run(&[
        "ledger",
        "tail",
        "--json",
        "-n",
        "2",
        "--kind",
        "call.intent",
    ]));
    assert_eq!(
        (last.len(), &last[0]["entry"]["id"]),
        (1, &Value::from(record.as_str()))
    );
    let found = |arguments: &[&str]| {
        let arguments = [&["ledger", "search", "--json"], arguments].concat();
        lines(&house.run(&arguments))
    };
    let of_call = found(&["--record", &record]);
    let kinds: Vec<_> = of_call.iter().map(|line| &line["entry"]["type"]).collect();
    assert_eq!(kinds, ["call.outcome", "call.intent"]);
    let of_patient = found(&["--patient", "Patient/linholm", "--person", "dr-osei"]);
    assert_eq!(of_patient.len(), 1, "{of_patient:?}");
    let handle = of_patient[0]["entry"]["data"]["patient"].as_str().unwrap();
    assert_eq!(
        found(&["--patient", handle, "--kind", "call.intent"]),
        of_patient
    );
    assert_eq!(found(&["--limit", "3"]).len(), 3);
    assert!(found(&["--from", "2099-01-01"]).is_empty());
    assert!(found(&["--to", "2000-01-01"]).is_empty());
    assert_eq!(found(&["--from", "1", "--to", "3"]).len(), 2);

    let mut follow = wardgate()
        .args([
            "ledger",
            "tail",
            "-n",
            "0",
            "--follow",
            "--kind",
            "key.created",
            "--dir",
        ])
        .arg(house.dir())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    house.key();
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(follow.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    follow.kill().unwrap();
    follow.wait().unwrap();
    assert!(
        line.contains("key.created") && line.contains("app=notes"),
        "{line}"
    );
}

#[test]
fn a_call_is_proven_by_its_record_id() {
    let (_model, house, _server, record) = busy();
    let out = text(&house.dir().join("../proof"));
    let said: Value =
        serde_json::from_str(&house.run(&["ledger", "prove", "--json", &record, &out])).unwrap();
    let proof = std::fs::read(format!("{out}.tlog-proof")).unwrap();
    let entry = std::fs::read(format!("{out}.json")).unwrap();
    assert!(String::from_utf8_lossy(&entry).contains(&record));
    let key = std::fs::read_to_string(house.dir().join("ledger.vkey")).unwrap();
    let logs: String = key.lines().map(|key| format!("log {key}\n")).collect();
    let policy =
        wardgate_tlog::policy::Policy::parse(format!("{logs}quorum none\n").as_bytes()).unwrap();
    let proof = wardgate_tlog::proof::Proof::parse(&proof).unwrap();
    proof.check(&entry, &policy).unwrap();
    assert!(proof.check(b"{}", &policy).is_err());
    assert_eq!(said["index"], proof.index);
    let missing = house.try_run(&["ledger", "prove", "1000000", &out]);
    assert!(stderr(&missing).contains("no such entry"));
}

#[test]
fn an_export_verifies_alone_and_no_file_of_it_may_change() {
    let (_model, house, _server, _) = busy();
    let out = house.dir().join("../export");
    // What an interrupted export left does not matter.
    std::fs::create_dir(out.with_extension("unfinished")).unwrap();
    std::fs::write(out.with_extension("unfinished").join("MANIFEST"), "half").unwrap();
    let made: Value =
        serde_json::from_str(&house.run(&["ledger", "export", "--json", &text(&out)])).unwrap();
    assert_eq!((&made["from"], &made["to"]), (&0.into(), &made["shown"]));
    let key = house.dir().join("ledger.vkey");
    let arguments = ["--key", &text(&key)];
    let verified: Value = serde_json::from_slice(&verify(&arguments, &out).stdout).unwrap();
    assert_eq!(
        (&verified["verified"], &verified["files"]),
        (&true.into(), &(made["files"].as_u64().unwrap() - 1).into())
    );
    for name in [
        "README.txt",
        "index.html",
        "audit/entries.csv",
        "html/0001.html",
        "checkpoint",
        "policy",
    ] {
        let path = out.join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[10] ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert_eq!(verify(&arguments, &out).status.code(), Some(1), "{name}");
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::write(out.join("audit/more.txt"), "more").unwrap();
    assert_eq!(verify(&arguments, &out).status.code(), Some(1));
    std::fs::remove_file(out.join("audit/more.txt")).unwrap();
    assert!(verify(&arguments, &out).status.success());

    let again = house.try_run(&["ledger", "export", &text(&out)]);
    assert!(stderr(&again).contains("exists"), "{}", stderr(&again));
    while of_type(&house.ledger(), "ledger.exported").is_empty() {
        pause();
    }
    let ledger = house.ledger();
    let told = of_type(&ledger, "ledger.exported");
    assert_eq!(told[0]["data"]["manifest"], made["manifest"]);
}

#[test]
fn an_export_from_a_place_on_holds_that_range_and_verifies() {
    let model = Model::start();
    let house = House::new(&model);
    let vendors: String = (0..300)
        .map(|n| format!("---\nkind: Vendor\nid: v{n}\nname: V\nstate: approved\nregion: eu\n"))
        .collect();
    house.apply(&vendors);
    let out = house.dir().join("../late");
    let made: Value = serde_json::from_str(&house.run(&[
        "ledger",
        "export",
        "--json",
        "--from",
        "280",
        "--to",
        "290",
        &text(&out),
    ]))
    .unwrap();
    assert_eq!((&made["from"], &made["shown"]), (&256.into(), &10.into()));
    assert!(!out.join("tile/entries/000").exists());
    let verified: Value = serde_json::from_slice(&verify(&[], &out).stdout).unwrap();
    assert_eq!(
        (&verified["verified"], &verified["first"]),
        (&true.into(), &256.into())
    );
    let table = std::fs::read_to_string(out.join("audit/entries.csv")).unwrap();
    assert_eq!(table.lines().count(), 11);
    let bare = house.dir().join("../bare");
    house.run(&["ledger", "export", "--bare", &text(&bare)]);
    assert!(verify(&[], &bare).status.success() && !bare.join("index.html").exists());
}

#[test]
fn entries_are_projected_from_a_data_directory_or_an_export() {
    let (_model, house, _server, record) = busy();
    let out = house.dir().join("../rows");
    let dir = house.dir();
    let count = house.ledger().len();
    for (format, rows) in [("ocsf", count), ("csv", count + 1)] {
        house.run(&[
            "ledger",
            "project",
            "--format",
            format,
            "--to",
            &count.to_string(),
            &text(&out),
        ]);
        let written = std::fs::read_to_string(&out).unwrap();
        assert_eq!(written.lines().count(), rows);
        assert!(written.contains(&record));
    }
    let output = wardgate()
        .args(["ledger", "project", "--format", "fhir", "--dir"])
        .args([dir.join("ledger").as_path(), Path::new("-")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let resources = lines(&String::from_utf8(output.stdout).unwrap());
    assert!(
        resources
            .iter()
            .all(|resource| resource["resourceType"] == "AuditEvent")
    );
}
