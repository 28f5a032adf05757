//! The real binary on a small folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn bulk(input: &Path, out: &Path, key: &Path, threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardgate-bulk"))
        .args([input, out])
        .args(["--json", "--threads", threads, "--key"])
        .arg(key)
        .output()
        .unwrap()
}

#[test]
fn a_folder_is_deidentified_alike_on_one_thread_and_on_many() {
    let dir = tempfile::tempdir().unwrap();
    let (input, key) = (dir.path().join("in"), dir.path().join("key"));
    fs::create_dir_all(input.join("ward")).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    for number in 0..20 {
        let text = format!("Call 207-555-01{number:02} about SSN 219-09-4417.\n");
        fs::write(input.join("ward").join(format!("{number}.txt")), text).unwrap();
    }
    fs::write(input.join("latin.txt"), b"caf\xe9").unwrap();
    fs::write(input.join("image.png"), b"ignored").unwrap();

    let (one, many) = (dir.path().join("one"), dir.path().join("many"));
    let output = bulk(&input, &one, &key, "1");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "a file was left out");
    assert_eq!(
        (&report["files"], &report["left_out"]),
        (&20.into(), &1.into())
    );
    assert_eq!(report["kinds"]["PHONE"], 20);
    assert_eq!(bulk(&input, &many, &key, "4").stdout, output.stdout);
    for number in 0..20 {
        let name = format!("ward/{number}.txt");
        let text = fs::read_to_string(one.join(&name)).unwrap();
        assert!(!text.contains("555") && !text.contains("4417"), "{text}");
        assert_eq!(text, fs::read_to_string(many.join(&name)).unwrap());
    }
    assert!(!one.join("image.png").exists());
}

#[test]
fn a_file_that_still_identifies_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (input, out) = (dir.path().join("in"), dir.path().join("out"));
    let key = dir.path().join("key");
    fs::create_dir_all(&input).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    fs::write(input.join("plain.txt"), "The course was quiet.").unwrap();
    // Rules take it for a code; the second look does not.
    fs::write(input.join("code.txt"), "LOINC 219-09-9999").unwrap();
    let output = bulk(&input, &out, &key, "1");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (&report["files"], &report["left_out"]),
        (&1.into(), &1.into())
    );
    assert!(out.join("plain.txt").exists() && !out.join("code.txt").exists());
}

#[test]
fn nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("key"), [7; 32]).unwrap();
    let output = bulk(dir.path(), dir.path(), &dir.path().join("key"), "0");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("hint:"));
}
