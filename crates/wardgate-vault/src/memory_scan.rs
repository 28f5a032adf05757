//! Looks for keys and plaintext in the memory of a process that has used and shredded them.
//!
//! The test runs itself as a second process. The first process makes a vault and knows its
//! keys; the second one opens that vault, uses it, and holds nothing but what the vault gives.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::derive::Label;
use crate::envelope::Binding;
use crate::keyring::KeyringFile;
use crate::patient::PatientHandle;
use crate::provider::passphrase::{KdfCost, PassphraseProvider};
use crate::recovery::Recovery;
use crate::secret::random;
use crate::vault::Vault;

const TEST: &str = "memory_scan::after_shredding_no_key_and_no_plaintext_is_in_memory";
const FOLDER: &str = "WARDGATE_MEMORY_SCAN";
const ONE: Binding<'static> = Binding {
    object: "call.request",
    id: b"1",
};
const TWO: Binding<'static> = Binding {
    object: "call.request",
    id: b"2",
};
const PATIENT: [u8; 16] = [0x51; 16];

#[test]
fn after_shredding_no_key_and_no_plaintext_is_in_memory() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return be_scanned(&PathBuf::from(folder));
    }
    let dir = tempfile::tempdir().unwrap();
    let secrets = Secrets::make(dir.path());
    let mut scanned = Scanned::start(dir.path());
    let Some(memory) = scanned.memory() else {
        let told = "the memory of another process can not be read here: it needs ptrace permission";
        assert!(std::env::var_os("CI").is_none(), "{told}");
        // Written past the capture of the test's output, so that it is seen.
        writeln!(std::io::stderr(), "not run: {told}").unwrap();
        return;
    };

    scanned.wait_for("used");
    let found = memory.find(&secrets.all());
    // The scan sees what is there: a planted text, and the key that the vault has in use.
    assert!(found.contains(&"planted"), "{found:?}");
    assert!(found.contains(&"patient key"), "{found:?}");
    for gone in ["root key", "data key", "plaintext"] {
        assert!(!found.contains(&gone), "{found:?}");
    }

    scanned.go_on();
    scanned.wait_for("shredded");
    let found = memory.find(&secrets.all());
    assert!(found.contains(&"planted"), "{found:?}");
    assert!(found.contains(&"derivation key"), "{found:?}");
    for gone in ["root key", "patient key", "data key", "plaintext"] {
        assert!(!found.contains(&gone), "{found:?}");
    }

    scanned.go_on();
    scanned.wait_for("closed");
    assert_eq!(memory.find(&secrets.all()), ["planted"]);
    scanned.go_on();
    assert!(scanned.child.wait().unwrap().success());
}

/// The part of the second process.
fn be_scanned(dir: &Path) {
    let planted = fs::read(dir.join("planted")).unwrap();
    let sealed = fs::read(dir.join("sealed")).unwrap();
    let patient = PatientHandle::from_bytes(PATIENT);
    let vault = Vault::open(dir, provider()).unwrap();
    let opened = vault.open_for_patient(patient, &ONE, &sealed).unwrap();
    let again = vault.seal_for_patient(patient, &TWO, &opened).unwrap();
    drop(opened);
    let opened = vault.open_for_patient(patient, &TWO, &again).unwrap();
    drop(opened);
    pause("used");
    vault.shred_patient(patient).unwrap();
    pause("shredded");
    drop(vault);
    pause("closed");
    assert!(planted.len() == 32);
}

fn pause(stage: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nstage {stage}").unwrap();
    out.flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// What is looked for, by name.
struct Secrets(Vec<(&'static str, Vec<u8>)>);

impl Secrets {
    fn make(dir: &Path) -> Self {
        let vault = Vault::init(dir, provider(), &Recovery::none()).unwrap();
        let patient = PatientHandle::from_bytes(PATIENT);
        vault.create_patient_key(patient).unwrap();
        let plaintext = random::<2048>();
        let sealed = vault.seal_for_patient(patient, &ONE, &plaintext).unwrap();
        fs::write(dir.join("sealed"), &sealed).unwrap();
        let planted = random::<32>();
        fs::write(dir.join("planted"), planted).unwrap();

        let file = KeyringFile::of(dir);
        let root = file.root_for_test(&*provider());
        let keyring = file.open(&*provider()).unwrap();
        let patient_key = vault.patients.load(patient, &vault.keys()).unwrap();
        let data_key = patient_key.data_key_for_test(keyring.tenant, PATIENT, &ONE, &sealed);
        let sealing =
            crate::derive::derive(&keyring.tenant_keys[0].key, &keyring.tenant, Label::Seal);
        Self(vec![
            ("planted", planted.to_vec()),
            ("root key", root.bytes().to_vec()),
            ("tenant key", keyring.tenant_keys[0].key.bytes().to_vec()),
            ("derivation key", keyring.derivation.bytes().to_vec()),
            ("sealing key", sealing.expose().to_vec()),
            ("patient key", patient_key.key_for_test().to_vec()),
            ("data key", data_key.bytes().to_vec()),
            ("plaintext", plaintext[1000..1032].to_vec()),
        ])
    }

    /// Both halves of each: a key schedule begins with the key, and may keep it in halves.
    fn all(&self) -> Vec<(&'static str, &[u8])> {
        self.0
            .iter()
            .flat_map(|(name, bytes)| [(*name, &bytes[..16]), (*name, &bytes[16..])])
            .collect()
    }
}

fn provider() -> Arc<PassphraseProvider> {
    let passphrase = "a passphrase for tests".into();
    Arc::new(PassphraseProvider::new(passphrase, KdfCost::FLOOR))
}

/// The second process.
struct Scanned {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Scanned {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([TEST, "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn memory(&self) -> Option<Memory> {
        let of = PathBuf::from(format!("/proc/{}", self.child.id()));
        let file = File::open(of.join("mem")).ok()?;
        Some(Memory { of, file })
    }

    fn wait_for(&mut self, stage: &str) {
        let line = format!("stage {stage}");
        assert!(self.lines.any(|found| found.unwrap() == line), "{stage}");
    }

    fn go_on(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }
}

impl Drop for Scanned {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Memory {
    of: PathBuf,
    file: File,
}

impl Memory {
    /// The names of those that stand anywhere in readable memory, each once.
    fn find(&self, needles: &[(&'static str, &[u8])]) -> Vec<&'static str> {
        let mut maps = String::new();
        File::open(self.of.join("maps"))
            .unwrap()
            .read_to_string(&mut maps)
            .unwrap();
        let mut found = Vec::new();
        let mut bytes_read = 0;
        for line in maps.lines() {
            let (range, rest) = line.split_once(' ').unwrap();
            if !rest.starts_with('r') || rest.contains("[vvar") || rest.contains("[vsyscall") {
                continue;
            }
            let (from, to) = range.split_once('-').unwrap();
            let number = |hex| u64::from_str_radix(hex, 16).unwrap();
            let (from, to) = (number(from), number(to));
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // A mapping may have gone since it was listed.
            if self.file.read_exact_at(&mut bytes, from).is_err() {
                continue;
            }
            bytes_read += bytes.len();
            for (name, needle) in needles {
                let first = needle[0];
                let hit = !found.contains(name)
                    && bytes
                        .windows(needle.len())
                        .any(|window| window[0] == first && window == *needle);
                if hit {
                    found.push(*name);
                }
            }
        }
        assert!(
            bytes_read > 1 << 20,
            "only {bytes_read} bytes could be read"
        );
        found
    }
}
