//! A verifier that shares no code with ours agrees.

use std::path::Path;
use std::process::{Command, Output};

use crate::log::{closed, files, patient, signer};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/verify.py");

/// Runs where `WARDGATE_PYTHON` names a Python that has the `cryptography` package.
#[test]
fn a_foreign_verifier_accepts_the_log_and_finds_flips() {
    let Some(python) = std::env::var_os("WARDGATE_PYTHON") else {
        return;
    };
    let check = |directory: &Path| -> Output {
        let vkey = signer().vkey();
        Command::new(&python)
            .arg(SCRIPT)
            .arg(directory)
            .arg(vkey)
            .output()
            .unwrap()
    };
    for size in [0, 1, 255, 256, 257, 700, 66_000] {
        let directory = closed(size, &patient());
        let output = check(directory.path());
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{size}: {err}");
        assert_eq!(
            out.trim(),
            format!("ok: {size} entries of {}", signer().name())
        );
    }
    let directory = closed(300, &patient());
    for (name, bytes) in files(directory.path()) {
        if name.starts_with("journal") {
            continue;
        }
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 4;
            std::fs::write(directory.path().join(&name), other).unwrap();
            assert!(
                !check(directory.path()).status.success(),
                "{name:?} at {at}"
            );
        }
        std::fs::write(directory.path().join(&name), bytes).unwrap();
    }
    assert!(check(directory.path()).status.success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
