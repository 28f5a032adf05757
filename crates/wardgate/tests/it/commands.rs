//! Commands by themselves: what they refuse, and what they leave behind.

use std::io::Write;
use std::process::Stdio;

use crate::house::{House, stderr, text, wardgate};
use crate::model::Model;

#[test]
fn init_refuses_a_directory_in_use() {
    let house = House::empty();
    let again = house.try_run(&["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("is in use"));
    assert!(house.run(&["doctor"]).contains("0 failed"));
}

#[test]
fn init_leaves_nothing_behind_when_a_step_fails() {
    let parent = tempfile::tempdir().unwrap();
    let passphrase = parent.path().join("short");
    std::fs::write(&passphrase, "short\n").unwrap();
    std::fs::set_permissions(
        &passphrase,
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let dir = parent.path().join("data");
    let arguments = [
        "init",
        "--dir",
        &text(&dir),
        "--passphrase-file",
        &text(&passphrase),
    ]
    .map(str::to_owned);
    let failed = wardgate().args(arguments).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(stderr(&failed).contains("hint:"));
    let left: Vec<_> = std::fs::read_dir(parent.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["short"]);
}

#[test]
fn every_fault_of_the_configuration_is_told_with_file_and_line() {
    let house = House::empty();
    let config = "node:\n  name: two words\ngate:\n  listen: 0.0.0.0:9\n  plain_http: true\n  bodybytes_max: 5\nconsle:\n  a: 1\nlog:\n  format: xml\n";
    std::fs::write(house.dir().join("wardgate.yaml"), config).unwrap();
    let failed = house.try_run(&["serve"]);
    assert_eq!(failed.status.code(), Some(1));
    let said = stderr(&failed);
    for line in [2, 4, 6, 7, 10] {
        assert!(
            said.contains(&format!("wardgate.yaml:{line}:")),
            "line {line}: {said}"
        );
    }
    assert!(said.contains("the configuration has 5 faults"), "{said}");
}

#[test]
fn every_fault_of_applied_files_is_told_and_nothing_is_changed() {
    let model = Model::start();
    let house = House::new(&model);
    let path = house.write(
        "bad.yaml",
        "kind: Vendor\nid: nova\nname: Nova\nstate: approvd\nregion: eu\n---\nkind: Sytem\n",
    );
    let failed = house.try_run(&["apply", "-f", &text(&path)]);
    assert_eq!(failed.status.code(), Some(1));
    let said = stderr(&failed);
    assert!(
        said.contains("bad.yaml:4:") && said.contains("bad.yaml:7:"),
        "{said}"
    );
    let good = house.write(
        "good.yaml",
        "kind: Vendor\nid: nova\nname: Nova\nstate: approved\nregion: eu\n",
    );
    for _ in 0..2 {
        let shown = house.run(&["apply", "-f", &text(&good), "--dry-run"]);
        assert!(
            shown.contains("create vendor/nova") && shown.contains("nothing was changed"),
            "{shown}"
        );
    }
    house.run(&["apply", "-f", &text(&good)]);
    assert!(
        house
            .run(&["apply", "-f", &text(&good)])
            .starts_with("0 changed")
    );
}

#[test]
fn a_key_for_an_unknown_application_is_refused() {
    let house = House::empty();
    let failed = house.try_run(&["key", "create", "--app", "nobody", "--expires", "1d"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(stderr(&failed).contains("nobody"));
    let wrong = house.try_run(&["key", "create", "--app", "nobody", "--expires", "never"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn texts_are_deidentified_and_spans_count_characters() {
    let input = "{\"id\":7,\"text\":\"Größe 180. Phone: 207-555-0142.\"}\n";
    let run = |arguments: &[&str]| {
        let mut child = wardgate()
            .args(["deid", "text", "--format", "jsonl"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let masked = run(&[]);
    assert_eq!(masked["id"], 7);
    assert!(
        !masked["text"].as_str().unwrap().contains("0142"),
        "{masked}"
    );
    let detected = run(&["--detect"]);
    let span = &detected["spans"][0];
    assert_eq!(
        (&span["start"], &span["end"], &span["type"]),
        (&18.into(), &30.into(), &"PHONE".into())
    );
}

#[test]
fn the_reference_pages_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let output = wardgate()
        .arg("reference")
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let page = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(page("refusals.md").contains("`vendor.agreement_expired`"));
    assert!(page("configuration.md").contains("`body_bytes_max`"));
    assert!(page("commands.md").contains("## wardgate ledger verify"));
    assert!(page("events.md").contains("| `deid.counts[].kind` | token |"));
    assert!(page("events.schema.json").contains("\"#/$defs/call.intent\""));
}
