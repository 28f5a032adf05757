//! A running gate without space on its disk.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::client::ask;
use crate::house::{House, POLLS_MAX, of_type, pause, stderr};
use crate::model::Model;

/// A folder whose file system has little space; its content stays. Unmounted when dropped.
struct Small {
    at: PathBuf,
}

impl Small {
    /// None where this machine does not allow it, which is said; in CI that is a failure.
    fn make(at: &Path, bytes: u64) -> Option<Self> {
        let aside = at.with_extension("aside");
        std::fs::create_dir(&aside).unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={bytes},mode=700"),
                "tmpfs",
            ])
            .arg(&aside)
            .output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            assert!(std::env::var_os("CI").is_none(), "CI can mount a tmpfs");
            eprintln!("SKIPPED: a full disk: a tmpfs can not be mounted here");
            return None;
        }
        copy(at, &aside);
        std::fs::remove_dir_all(at).unwrap();
        std::fs::create_dir(at).unwrap();
        run("mount", &["--move"], &[&aside, at]);
        std::fs::remove_dir(&aside).unwrap();
        Some(Self { at: at.to_owned() })
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.filler()).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run("umount", &["--lazy"], &[&self.at]);
    }
}

fn run(program: &str, arguments: &[&str], paths: &[&Path]) {
    let status = Command::new(program).args(arguments).args(paths).status();
    assert!(status.unwrap().success(), "{program} {paths:?}");
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&there).unwrap();
            copy(&entry.path(), &there);
        } else {
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
}

/// Asks until the answer has a status.
fn asks_until(house: &House, key: &str, status: u16) -> String {
    let mut last = String::new();
    for _ in 0..POLLS_MAX {
        if let Some(answer) = ask(house.address, key, "How is Maren?") {
            if answer.status == status {
                return answer.body;
            }
            last = answer.body;
        }
        pause();
    }
    panic!("the status never was {status}: {last}");
}

fn people(count: usize) -> String {
    let person = |at| format!("---\nkind: Person\nid: extra-{at}\nroles: [clinician]\nmfa: 1\n");
    (0..count).map(person).collect()
}

#[test]
fn a_full_disk_under_the_records_refuses_changes_whole_and_no_call() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let Some(small) = Small::make(&house.dir().join("store"), 6 << 20) else {
        return;
    };
    let server = house.serve();
    asks_until(&house, &key, 200);
    small.fill();
    // Large enough not to fit into what the database has reserved before.
    let change = house.write("change.yaml", &people(2_000));
    let change = change.to_str().unwrap();
    let refused = house.try_run(&["apply", "-f", change]);
    assert!(!refused.status.success());
    let said = stderr(&refused);
    assert!(said.contains("hint:"), "{said}");
    asks_until(&house, &key, 200);
    small.free();
    let applied = house.run(&["apply", "-f", change]);
    assert!(
        applied.contains("2000 changed"),
        "nothing was half done: {applied}"
    );
    asks_until(&house, &key, 200);
    server.stop();
    let ledger = house.ledger();
    let told = of_type(&ledger, "record.changed");
    let told = told.iter().filter(|entry| {
        let id = entry["data"]["record_id"].as_str().unwrap();
        id.starts_with("extra-")
    });
    assert_eq!(told.count(), 2_000, "each change once");
    house.verify();
}

#[test]
fn a_full_disk_refuses_calls_and_serves_again_when_there_is_space() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let Some(small) = Small::make(&house.dir(), 192 << 20) else {
        return;
    };
    let server = house.serve();
    asks_until(&house, &key, 200);
    small.fill();
    let refused = asks_until(&house, &key, 503);
    assert!(refused.contains("ledger."), "{refused}");
    assert!(refused.contains("hint"), "{refused}");
    let forwarded = model.received();
    small.free();
    asks_until(&house, &key, 200);
    assert!(model.received() > forwarded);
    server.stop();
    house.verify();
}
