//! Ledgers anchored to each other: cosigned, rolled back, refused, forked.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wardgate_tlog::policy::{Accepted, Policy};

use crate::house::{HOSPITAL, House, POLLS_MAX, Server, of_type, pause, stderr, text, wardgate};

/// A witness that others run.
struct Witness {
    temporary: TempDir,
    url: String,
    keys: Vec<String>,
    server: Option<Child>,
}

impl Witness {
    fn new(name: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("witness");
        let made = run(&["witness", "init", "--json", "--name", name], &dir);
        let made: Value = serde_json::from_str(&made).unwrap();
        let keys = made["keys"].as_array().unwrap();
        let keys = keys.iter().map(|key| key.as_str().unwrap().to_owned());
        Self {
            url: String::new(),
            keys: keys.collect(),
            server: None,
            temporary,
        }
    }

    fn dir(&self) -> PathBuf {
        self.temporary.path().join("witness")
    }

    fn add_log(&self, house: &House) {
        let key = text(&house.dir().join("ledger.vkey"));
        run(&["witness", "add-log", &key], &self.dir());
    }

    fn serve(&mut self) {
        let mut child = wardgate()
            .args([
                "witness",
                "serve",
                "--json",
                "--listen",
                "127.0.0.1:0",
                "--dir",
            ])
            .arg(self.dir())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        self.url = said["witness"].as_str().unwrap().to_owned();
        self.server = Some(child);
    }

    /// The lines of a policy that takes both of its cosignatures.
    fn policy(&self) -> String {
        format!(
            "witness classic {} {url}\nwitness quantum {} {url}\ngroup both all classic quantum\nquorum both\n",
            self.keys[0],
            self.keys[1],
            url = self.url
        )
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn run(arguments: &[&str], dir: &Path) -> String {
    let output = wardgate()
        .args(arguments)
        .arg("--dir")
        .arg(dir)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Names the witness in the policy that `init` wrote.
fn trust(house: &House, witness: &Witness) {
    let path = house.dir().join("ledger/policy");
    let policy = std::fs::read_to_string(&path).unwrap();
    let logs = policy.strip_suffix("quorum none\n").unwrap();
    std::fs::write(&path, format!("{logs}{}", witness.policy())).unwrap();
    set(house, "witness_interval_ms", "500");
}

/// Adds a setting to the section `anchor`, which is the last one of the file.
fn set(house: &House, name: &str, value: &str) {
    let path = house.dir().join("wardgate.yaml");
    let mut config = std::fs::read_to_string(&path).unwrap();
    if !config.contains("\nanchor:\n") {
        config.push_str("\nanchor:\n");
    }
    config.push_str(&format!("  {name}: {value}\n"));
    std::fs::write(&path, config).unwrap();
}

/// The newest checkpoint that was cosigned, as the house's own policy judges it.
fn newest(house: &House) -> Option<Accepted> {
    let ledger = house.dir().join("ledger");
    let policy = Policy::parse(&std::fs::read(ledger.join("policy")).unwrap()).unwrap();
    let files = std::fs::read_dir(ledger.join("cosigned")).ok()?;
    let sizes = files.filter_map(|file| file.unwrap().file_name().to_str()?.parse().ok());
    let newest: u64 = sizes.max()?;
    let note = std::fs::read(ledger.join("cosigned").join(newest.to_string())).unwrap();
    Some(policy.check(&note).unwrap())
}

fn serve_until_cosigned(house: &House) -> Server {
    let server = house.serve();
    for _ in 0..POLLS_MAX {
        if newest(house).is_some() {
            return server;
        }
        pause();
    }
    panic!("nothing was cosigned");
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status();
    assert!(copied.unwrap().success());
}

fn put_back(from: &Path, house: &House) {
    std::fs::remove_dir_all(house.dir()).unwrap();
    copy(from, &house.dir());
}

fn size(house: &House) -> u64 {
    u64::try_from(house.ledger().len()).unwrap()
}

#[test]
fn two_hospitals_witness_each_other() {
    let (here, there) = (House::empty(), House::empty());
    let (mut ours, mut theirs) = (
        Witness::new("here.example/w"),
        Witness::new("there.example/w"),
    );
    ours.add_log(&there);
    theirs.add_log(&here);
    for witness in [&mut ours, &mut theirs] {
        witness.serve();
    }
    trust(&here, &theirs);
    trust(&there, &ours);
    let servers = [serve_until_cosigned(&here), serve_until_cosigned(&there)];
    for server in servers {
        server.stop();
    }
    for house in [&here, &there] {
        // What was written when it stopped is cosigned too.
        let accepted = newest(house).unwrap();
        assert_eq!(accepted.checkpoint.size, size(house));
        assert_eq!((accepted.logs.len(), accepted.witnesses.len()), (2, 2));
        house.verify();
    }
}

#[test]
fn an_old_copy_of_the_whole_directory_is_refused_until_a_fork_is_declared() {
    let house = House::empty();
    let mut witness = Witness::new("w.example/w");
    witness.add_log(&house);
    witness.serve();
    trust(&house, &witness);
    let aside = tempfile::tempdir().unwrap();
    let backup = aside.path().join("backup");
    copy(&house.dir(), &backup);
    serve_until_cosigned(&house).stop();
    let witnessed = newest(&house).unwrap().checkpoint.size;

    put_back(&backup, &house);
    let found = size(&house);
    assert!(found < witnessed);
    let refused = house.try_run(&["serve"]);
    assert!(!refused.status.success());
    let said = stderr(&refused);
    assert!(
        said.contains("rolled back") && said.contains("classic"),
        "{said}"
    );
    assert!(said.contains(&format!("{witnessed} entries")), "{said}");
    assert!(said.contains("declare-fork"), "{said}");
    let doctor = house.try_run(&["doctor"]);
    assert!(!doctor.status.success());

    let fork = ["ledger", "declare-fork", "--reason", "restored-from-backup"];
    assert!(!house.try_run(&fork).status.success(), "it takes --yes");
    let mut fork = fork.to_vec();
    fork.extend(["--yes", "--json"]);
    let declared: Value = serde_json::from_str(&house.run(&fork)).unwrap();
    assert_eq!(declared["new_origin"], "localhost/wardgate.fork-2");
    assert_eq!(
        (&declared["entries"], &declared["witnessed"]),
        (&found.into(), &witnessed.into())
    );
    let kept = PathBuf::from(declared["kept"].as_str().unwrap());
    assert!(kept.join("checkpoint").is_file());

    // The witness was not told of the new origin yet; that does not hold up the node.
    house.serve().stop();
    witness.add_log(&house);
    serve_until_cosigned(&house).stop();
    let accepted = newest(&house).unwrap();
    assert_eq!(accepted.checkpoint.origin, "localhost/wardgate.fork-2");
    assert_eq!(accepted.checkpoint.size, size(&house));
    house.verify();
    let ledger = house.ledger();
    let events = of_type(&ledger, "ledger.fork_declared");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["data"]["reason"], "restored-from-backup");
    assert_eq!(events[0]["data"]["witnessed_size"], witnessed);
}

#[test]
fn a_tree_smaller_than_what_lies_cosigned_beside_it_is_refused_without_anybody_else() {
    let house = House::empty();
    let mut witness = Witness::new("w.example/w");
    witness.add_log(&house);
    witness.serve();
    trust(&house, &witness);
    let aside = tempfile::tempdir().unwrap();
    let backup = aside.path().join("backup");
    copy(&house.dir(), &backup);
    serve_until_cosigned(&house).stop();
    drop(witness);
    let cosigned = aside.path().join("cosigned");
    copy(&house.dir().join("ledger/cosigned"), &cosigned);
    put_back(&backup, &house);
    copy(&cosigned, &house.dir().join("ledger/cosigned"));
    let documents = HOSPITAL.replace("MODEL", "http://127.0.0.1:9");
    let documents = text(&house.write("hospital.yaml", &documents));
    for command in [&["serve"][..], &["apply", "-f", &documents]] {
        let refused = house.try_run(command);
        assert!(!refused.status.success(), "{command:?}");
        assert!(
            stderr(&refused).contains("cosigned/"),
            "{}",
            stderr(&refused)
        );
    }
}

#[test]
fn an_absent_witness_holds_up_a_start_only_when_that_is_asked_for() {
    let house = House::empty();
    let mut witness = Witness::new("w.example/w");
    witness.serve();
    trust(&house, &witness);
    drop(witness);
    house.serve().stop();
    set(&house, "require_at_start", "true");
    let refused = house.try_run(&["serve"]);
    assert!(!refused.status.success());
    assert!(
        stderr(&refused).contains("not every anchor"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn copies_are_kept_and_a_policy_is_given_at_the_start() {
    let house = House::empty();
    let place = tempfile::tempdir().unwrap();
    set(&house, "copy_directory", &text(place.path()));
    house.serve().stop();
    let verify = ["ledger", "verify", "--json", "--key"];
    let key = text(&house.dir().join("ledger.vkey"));
    let output = wardgate()
        .args(verify)
        .arg(&key)
        .arg(place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verified["entries"], size(&house));

    let witness = Witness::new("w.example/w");
    let policy = place.path().join("policy");
    std::fs::write(
        &policy,
        format!("witness w {}\nquorum w\n", witness.keys[0]),
    )
    .unwrap();
    let data = place.path().join("data");
    run(&["init", "--policy", &text(&policy)], &data);
    let written = std::fs::read(data.join("ledger/policy")).unwrap();
    let written = Policy::parse(&written).unwrap();
    assert_eq!((written.logs().len(), written.witnesses().len()), (2, 1));
    std::fs::write(&policy, "quorum nobody\n").unwrap();
    let refused = wardgate()
        .args(["init", "--policy", &text(&policy), "--dir"])
        .arg(place.path().join("other"))
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(!place.path().join("other").exists());
}
