//! Tables are anonymised over an interruption, as processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;

use crate::deid::json as parsed;
use crate::house::{text, wardgate};

/// An invented register of 60,000 rows with notes.
fn register(path: &Path) {
    let mut table = String::from("number,age,zip,sex,note,diagnosis\n");
    let mut state = 3_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for row in 0..60_000 {
        let (age, zip, sex, ill) = (18 + next(70), 90_000 + next(300), next(2), next(9));
        let note = format!("came again on a day without a number {}", next(1 << 30));
        table.push_str(&format!("N{row:06},{age},{zip},{sex},{note},D{ill}\n"));
    }
    fs::write(path, table).unwrap();
}

/// The key of the project, beside the table.
fn key(table: &Path) {
    let path = table.with_file_name("key");
    fs::write(&path, [7; 32]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn arguments(table: &Path, out: &Path) -> Vec<String> {
    let columns = [
        "--quasi",
        "age,zip,sex",
        "--sensitive",
        "diagnosis",
        "--keep",
        "note",
    ];
    let rest = [
        "--pseudonymise",
        "number",
        "--key",
        "KEY",
        "--k",
        "5",
        "--json",
    ];
    let key = text(&table.with_file_name("key"));
    ["anonymize".to_owned(), text(table), text(out)]
        .into_iter()
        .chain(columns.into_iter().chain(rest).map(str::to_owned))
        .map(|word| if word == "KEY" { key.clone() } else { word })
        .collect()
}

/// With `--json` a fault is told on standard output.
fn said(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn an_anonymisation_that_was_killed_goes_on_with_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (table, whole, out) = (file("table.csv"), file("whole.csv"), file("out.csv"));
    register(&table);
    key(&table);
    let run = |out: &Path| {
        let ended = wardgate().args(arguments(&table, out)).output().unwrap();
        assert!(ended.status.success(), "{}", said(&ended));
        parsed(&ended.stdout)
    };
    assert_eq!(run(&whole)["resumed"], false);
    let journal = file("out.csv.journal");
    // The system kills it as it writes: at a size that the journal does not have, and the output exceeds.
    let ended = Command::new("sh")
        .args(["-c", "ulimit -f 1024 && exec \"$0\" \"$@\""])
        .arg(wardgate().get_program())
        .args(arguments(&table, &out))
        .output()
        .unwrap();
    assert_eq!(ended.status.signal(), Some(Signal::XFSZ.as_raw()));
    assert!(!out.exists(), "killed before it was complete");
    assert!(journal.exists());
    let said = fs::read(&journal).unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("N000000") && !said.contains("came again"));
    assert_eq!(run(&out)["resumed"], true);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&whole).unwrap());
    assert!(!journal.exists());
}

#[test]
fn a_journal_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (table, out) = (
        folder.path().join("table.csv"),
        folder.path().join("out.csv"),
    );
    register(&table);
    key(&table);
    let journal = folder.path().join("out.csv.journal");
    fs::write(&journal, "somebody's notes\n").unwrap();
    let ended = wardgate().args(arguments(&table, &out)).output().unwrap();
    assert!(!ended.status.success());
    assert!(said(&ended).contains("is no journal of this command"));
    assert!(!out.exists());
    assert_eq!(fs::read(&journal).unwrap(), b"somebody's notes\n");
}
