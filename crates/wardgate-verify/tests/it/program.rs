//! Exit codes, answers and what is refused.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wardgate_tlog::cosignature::Cosigner;
use wardgate_tlog::note::Note;

use crate::log::{ENTRIES, checkpoint, export, proof, signer, write};

#[test]
fn an_export_verifies_and_each_changed_file_is_found() {
    let export = export();
    let (code, answer) = json_of(export.path(), &["export", "export", "--key", "keys"]);
    assert_eq!(code, 0);
    assert_eq!(answer["verified"], json!(true));
    assert_eq!(answer["origin"], json!("log.example"));
    assert_eq!(
        (&answer["entries"], &answer["files"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(answer["notes"], json!([]));
    let (_, answer) = json_of(export.path(), &["log", "export", "--key", &signer().vkey()]);
    assert_eq!(answer["entries"], json!(3));
    for name in ["README.txt", "checkpoint", "ledger.vkey", "MANIFEST"] {
        let path = export.path().join("export").join(name);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[2] ^= 1;
        fs::write(&path, changed).unwrap();
        let (code, answer) = json_of(export.path(), &["export", "export", "--key", "keys"]);
        assert_eq!((code, &answer["verified"]), (1, &json!(false)), "{name}");
        fs::write(&path, whole).unwrap();
    }
    let tile = export.path().join("export/tile/entries/000.p/3");
    let mut bundle = fs::read(&tile).unwrap();
    bundle[8] ^= 1;
    fs::write(&tile, bundle).unwrap();
    let (code, answer) = json_of(export.path(), &["export", "export", "--key", "keys"]);
    assert_eq!((code, &answer["first_bad_entry"]), (1, &json!(1)));
    let (code, out, _) = run(export.path(), &["export", "export", "--key", "keys"]);
    assert_eq!(code, 1);
    let expected =
        "not verified: entry 1: `tile/entries/000.p/3` does not fit its hash tile\nhint: ";
    assert!(out.starts_with(expected), "{out}");
}

#[test]
fn keys_from_within_are_noted() {
    let export = export();
    let (code, answer) = json_of(
        export.path(),
        &["export", "export", "--key", "export/ledger.vkey"],
    );
    assert_eq!(code, 0);
    let note = answer["notes"][0].as_str().unwrap();
    assert!(note.contains("fits itself"), "{note}");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let export = export();
    let readme = export.path().join("export/README.txt");
    fs::rename(&readme, export.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &readme).unwrap();
    let (code, out, _) = run(export.path(), &["export", "export", "--key", "keys"]);
    assert_eq!(code, 1);
    assert!(out.contains("is not a regular file"), "{out}");
}

#[test]
fn a_proof_verifies_with_its_entry_only() {
    let export = export();
    let at = export.path();
    write(&at.join("proof"), proof().as_bytes());
    write(&at.join("two"), ENTRIES[1]);
    write(&at.join("three"), ENTRIES[2]);
    let policy = format!("log {}\nquorum none\n", signer().vkey());
    write(&at.join("policy"), policy.as_bytes());
    let of = |entry, by, trust| json_of(at, &["proof", "proof", "--entry", entry, by, trust]);
    let (code, answer) = of("two", "--policy", "policy");
    assert_eq!((code, &answer["index"]), (0, &json!(1)));
    assert_eq!(of("two", "--key", "keys").1["log_keys"], json!(2));
    assert_eq!(of("three", "--policy", "policy").0, 1);
    assert_eq!(of("missing", "--policy", "policy").0, 1);
    let stranger = Cosigner::ed25519("log.example", &[1; 32]).unwrap();
    let stranger = stranger.verifier_key().to_string();
    assert_eq!(of("two", "--key", &stranger).0, 1);
    // With both, both must hold.
    let both = [
        "proof", "proof", "--entry", "two", "--policy", "policy", "--key",
    ];
    let with = |key: &str| json_of(at, &[&both[..], &[key]].concat()).0;
    assert_eq!((with("keys"), with(&stranger)), (0, 1));
}

#[test]
fn a_checkpoint_needs_the_quorum_of_its_policy() {
    let export = export();
    let at = export.path();
    let witness = Cosigner::ml_dsa_44("w.example", &[5; 32]).unwrap();
    let policy = format!(
        "log {}\nwitness w {}\nquorum w\n",
        signer().vkey(),
        witness.verifier_key()
    );
    write(&at.join("policy"), policy.as_bytes());
    write(&at.join("note"), checkpoint().as_bytes());
    let check = || json_of(at, &["checkpoint", "note", "--policy", "policy"]);
    assert_eq!(check().0, 1);
    let note = checkpoint();
    let text = Note::parse(note.as_bytes()).unwrap().unchecked_text();
    let cosigned = format!("{note}{}", witness.cosign(text, 9).unwrap());
    write(&at.join("note"), cosigned.as_bytes());
    let (code, answer) = check();
    assert_eq!((code, &answer["witnesses"]), (0, &json!(1)));
    write(&at.join("policy"), b"quorum nobody\n");
    let (code, answer) = check();
    assert_eq!(code, 1);
    assert_eq!(
        answer["message"],
        json!("`policy`: line 1 of the policy: a name that no line before this one defines")
    );
}

#[test]
fn help_answers_and_wrong_use_is_told_apart() {
    let export = export();
    let (code, out, _) = run(export.path(), &["--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("wardgate-verify export DIR"));
    let (code, out, error) = run(export.path(), &["export", "export"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.starts_with("error: give whom you trust"), "{error}");
    let (code, _) = json_of(export.path(), &["export", "nowhere", "--key", "keys"]);
    assert_eq!(code, 1);
    let (code, answer) = json_of(export.path(), &["export", "export", "--key", "nokey"]);
    assert_eq!(code, 1);
    assert!(answer["message"].as_str().unwrap().starts_with("`nokey`"));
}

fn json_of(at: &Path, arguments: &[&str]) -> (i32, Value) {
    let (code, out, error) = run(at, &[arguments, &["--json"]].concat());
    assert_eq!(error, "");
    (code, serde_json::from_str(&out).unwrap())
}

fn run(at: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_wardgate-verify"))
        .current_dir(at)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}
