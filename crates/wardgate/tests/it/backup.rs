//! Backups made while the node serves, a patient shredded between them, and what can be read
//! afterwards.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret;
use serde_json::Value;
use wardgate_vault::age::{Identity, decrypt};

use crate::client::{ask, ask_about};
use crate::house::{House, PATIENTS, of_type, stderr, text, wardgate};
use crate::model::Model;

/// A house whose backups one identity opens, with a second patient.
pub(crate) struct Kept {
    pub(crate) house: House,
    pub(crate) identity: Identity,
    places: tempfile::TempDir,
}

impl Kept {
    pub(crate) fn new(model: &Model) -> Self {
        let house = House::new(model);
        let identity = Identity::generate().unwrap();
        let config = house.dir().join("wardgate.yaml");
        let mut settings = std::fs::read_to_string(&config).unwrap();
        settings.push_str(&format!(
            "\nbackup:\n  recipients: \"{}\"\n",
            identity.recipient()
        ));
        std::fs::write(&config, settings).unwrap();
        let kept = Self {
            house,
            identity,
            places: tempfile::tempdir().unwrap(),
        };
        kept.patient("brandt");
        let secret = kept.identity.to_text();
        std::fs::write(kept.place("identity.txt"), secret.expose_secret()).unwrap();
        kept
    }

    /// One more patient with a consent.
    pub(crate) fn patient(&self, name: &str) {
        let resources = PATIENTS
            .replace("Oduya-Linholm", &format!("{name}-Name"))
            .replace("Maren", "Given")
            .replace("linholm", name)
            .replace(
                "00834417",
                &format!(
                    "77{:06}",
                    name.len() * 7919 + name.bytes().map(usize::from).sum::<usize>()
                ),
            );
        let path = self.house.write(&format!("{name}.ndjson"), &resources);
        self.house.run(&["apply", "-f", &text(&path)]);
    }

    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.places.path().join(name)
    }

    pub(crate) fn backup(&self) -> Value {
        let (to, keys) = (text(&self.place("backup")), text(&self.place("keys")));
        let made = self
            .house
            .run(&["backup", "--json", "--to", &to, "--keys", &keys]);
        serde_json::from_str(&made).unwrap()
    }

    /// Runs a command that is about no data directory.
    pub(crate) fn outside(&self, arguments: &[&str]) -> std::process::Output {
        wardgate().args(arguments).output().unwrap()
    }

    pub(crate) fn verify_backup(&self) -> Value {
        let (dir, keys) = (text(&self.place("backup")), text(&self.place("keys")));
        let identity = text(&self.place("identity.txt"));
        let verify = [
            "backup",
            "verify",
            &dir,
            "--json",
            "--identity",
            &identity,
            "--keys",
            &keys,
        ];
        let output = self.outside(&verify);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Restores into a new directory and puts the passphrase there.
    pub(crate) fn restore(&self, to: &str, more: &[&str]) -> Value {
        let (from, keys) = (text(&self.place("backup")), text(&self.place("keys")));
        let (identity, target) = (text(&self.place("identity.txt")), text(&self.place(to)));
        let mut arguments = vec![
            "restore",
            "--json",
            "--from",
            &from,
            "--keys",
            &keys,
            "--identity",
            &identity,
            "--to",
            &target,
        ];
        arguments.extend(more);
        let output = self.outside(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::copy(
            self.house.dir().join("passphrase"),
            self.place(to).join("passphrase"),
        )
        .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Every file of backup and key set that an identity opens, opened.
    fn decrypted(&self) -> Vec<Vec<u8>> {
        let mut opened = Vec::new();
        for place in ["backup", "keys"] {
            for path in files_below(&self.place(place)) {
                let bytes = std::fs::read(&path).unwrap();
                opened.push(bytes.clone());
                if bytes.starts_with(b"age-encryption.org/v1\n") {
                    let mut plain = Vec::new();
                    decrypt(bytes.as_slice(), std::slice::from_ref(&self.identity))
                        .unwrap()
                        .read_to_end(&mut plain)
                        .unwrap();
                    opened.push(plain);
                }
            }
        }
        opened
    }

    fn handle(&self, reference: &str) -> String {
        let report = self.house.run(&["patient", "records", reference, "--json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        report["patient"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_shredded_patient_is_in_no_backup_and_in_no_restored_node() {
    let model = Model::start();
    let kept = Kept::new(&model);
    let (house, key) = (&kept.house, kept.house.key());
    let server = house.serve();
    let canary = "canary-quillfeather-of-linholm";
    let shredded = ask(house.address, &key, canary).unwrap();
    assert_eq!(shredded.status, 200, "{}", shredded.body);
    let other = ask_about(house.address, &key, "Patient/brandt", "kept-canary").unwrap();
    assert_eq!(other.status, 200, "{}", other.body);

    let first = under_load(house, &key, || kept.backup());
    let second = under_load(house, &key, || kept.backup());
    assert!(second["objects_reused"].as_u64().unwrap() > 0, "{second}");
    assert!(second["entries"].as_u64().unwrap() >= first["entries"].as_u64().unwrap());
    assert_eq!(
        (&second["keys_written"], &second["keys_kept"]),
        (&0.into(), &3.into())
    );

    let handle = kept.handle("Patient/linholm");
    let wrapped = wrapped_key(&house.dir(), &handle);
    assert!(kept.decrypted().iter().any(|bytes| holds(bytes, &wrapped)));
    let certificate = text(&kept.place("destroyed.note"));
    house.run(&[
        "patient",
        "shred",
        "Patient/linholm",
        "--yes",
        "--certificate",
        &certificate,
    ]);
    // At once, because the key set is in reach.
    assert!(!kept.decrypted().iter().any(|bytes| holds(bytes, &wrapped)));
    check_certificate(&kept, &certificate, &handle);

    let third = under_load(house, &key, || kept.backup());
    assert_eq!(third["keys_kept"], 2);
    let checked = kept.verify_backup();
    assert_eq!(checked["backups"].as_array().unwrap().len(), 3);
    assert_eq!(checked["keys"], 2);
    server.stop();
    house.verify();

    let early = first["backup"].as_str().unwrap().to_owned();
    let early = kept.restore("early", &["--backup", &early, "--shredded", &certificate]);
    assert_eq!(
        (&early["shredded"], &early["patient_keys"]),
        (&0.into(), &1.into())
    );
    let late = kept.restore("late", &[]);
    assert_eq!(late["patient_keys"], 1);

    check_what_is_left(&kept, (&shredded.record, &other.record), (canary, &wrapped));
}

#[test]
fn a_restored_node_serves_and_tells_of_the_restore() {
    let model = Model::start();
    let kept = Kept::new(&model);
    let key = kept.house.key();
    let server = kept.house.serve();
    assert_eq!(ask(kept.house.address, &key, "before").unwrap().status, 200);
    let made = kept.backup();
    server.stop();
    let restored = kept.restore("again", &[]);
    assert_eq!(restored["patient_keys"], 2);
    let house = kept.house.moved_to(kept.place("again"));
    let server = house.serve();
    assert_eq!(ask(house.address, &key, "after").unwrap().status, 200);
    server.stop();
    house.verify();
    let ledger = house.ledger();
    let told = of_type(&ledger, "backup.restored");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["backup"], made["backup"]);
}

#[test]
fn a_damaged_backup_is_found_and_a_foreign_key_refused() {
    let model = Model::start();
    let kept = Kept::new(&model);
    kept.backup();
    kept.verify_backup();
    let dir = text(&kept.place("backup"));
    let verify = || kept.outside(&["backup", "verify", &dir]);
    assert!(verify().status.success());
    for path in files_below(&kept.place("backup")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if ["lock", "ledger.vkey"].contains(&name) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(&path, changed).unwrap();
        assert!(!verify().status.success(), "{}", path.display());
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(verify().status.success());
    let other = House::empty();
    let vkey = text(&other.dir().join("ledger.vkey"));
    let foreign = kept.outside(&["backup", "verify", &dir, "--key", &vkey]);
    assert!(
        stderr(&foreign).contains("not signed"),
        "{}",
        stderr(&foreign)
    );
    let inside = text(&kept.house.dir().join("backup"));
    let refused = kept.house.try_run(&["backup", "--to", &inside]);
    assert!(stderr(&refused).contains("inside"), "{}", stderr(&refused));
}

#[test]
fn old_backups_expire_with_the_objects_that_nothing_needs() {
    let model = Model::start();
    let kept = Kept::new(&model);
    let key = kept.house.key();
    let server = kept.house.serve();
    kept.backup();
    for _ in 0..3 {
        assert_eq!(ask(kept.house.address, &key, "more").unwrap().status, 200);
    }
    kept.backup();
    server.stop();
    let (dir, keys) = (text(&kept.place("backup")), text(&kept.place("keys")));
    let expire = [
        "backup",
        "expire",
        &dir,
        "--keys",
        &keys,
        "--older-than",
        "0",
        "--json",
    ];
    let expired: Value = serde_json::from_slice(&kept.outside(&expire).stdout).unwrap();
    assert_eq!(expired["backups"], 1);
    assert!(expired["objects"].as_u64().unwrap() > 0, "{expired}");
    assert_eq!(expired["keys"], 0);
    assert_eq!(kept.verify_backup()["backups"].as_array().unwrap().len(), 1);
}

/// The certificate verifies offline and says what was destroyed.
fn check_certificate(kept: &Kept, certificate: &str, handle: &str) {
    let vkey = text(&kept.house.dir().join("ledger.vkey"));
    let verify = ["patient", "verify", certificate, "--json", "--key"];
    let verified = kept.outside(&[&verify[..], &[&vkey]].concat());
    assert!(verified.status.success(), "{}", stderr(&verified));
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(verified["statement"]["patient"], handle);
    assert_eq!(verified["statement"]["payloads"], 2);
    assert_eq!(verified["statement"]["key_sets"][0]["removed"], true);
}

/// Nothing of the shredded patient is readable anywhere; the other patient is, everywhere.
fn check_what_is_left(
    kept: &Kept,
    (shredded, other): (&str, &str),
    (canary, wrapped): (&str, &[u8]),
) {
    for place in [kept.house.dir(), kept.place("early"), kept.place("late")] {
        let shown = kept.outside(&["call", "show", shredded, "--dir", &text(&place)]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(
            shown.starts_with("shredded"),
            "{}: {shown}",
            place.display()
        );
        let shown = kept.outside(&["call", "show", other, "--dir", &text(&place)]);
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(
            shown.contains("kept-canary"),
            "{}: {shown}",
            place.display()
        );
        let verified = kept.outside(&["ledger", "verify", &text(&place)]);
        assert!(verified.status.success(), "{}", stderr(&verified));
        for path in files_below(&place) {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!holds(&bytes, canary.as_bytes()), "{}", path.display());
            assert!(!holds(&bytes, wrapped), "{}", path.display());
        }
    }
    for bytes in kept.decrypted() {
        assert!(!holds(&bytes, canary.as_bytes()) && !holds(&bytes, wrapped));
    }
    let ledger = kept.outside(&[
        "ledger",
        "tail",
        "--json",
        "-n",
        "1000000",
        "--dir",
        &text(&kept.place("late")),
    ]);
    let ledger: Vec<Value> = String::from_utf8(ledger.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(of_type(&ledger, "backup.made").len() >= 2);
}

/// Does something while calls about the other patient go on.
fn under_load<T>(house: &House, key: &str, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    // Also when the work fails, or the calls would go on for ever.
    struct Done<'d>(&'d AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut answered = 0;
            while !done.load(Ordering::Relaxed) {
                let answer = ask_about(house.address, key, "Patient/brandt", "under load");
                assert_eq!(answer.unwrap().status, 200);
                answered += 1;
            }
            answered
        });
        let ends = Done(&done);
        let result = work();
        drop(ends);
        assert!(calls.join().unwrap() > 0);
        result
    })
}

/// The wrapped key itself within a patient's key file, without its public head.
fn wrapped_key(data: &Path, handle: &str) -> Vec<u8> {
    let path = data
        .join("vault/patients")
        .join(&handle[..2])
        .join(format!("{handle}.key"));
    let file = std::fs::read(path).unwrap();
    let end = file.len() - 32;
    file[end - 48..end].to_vec()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
