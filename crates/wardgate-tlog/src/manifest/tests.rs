use proptest::prelude::*;

use super::*;

#[test]
fn a_manifest_reads_back_and_is_signed() {
    let manifest = manifest();
    let text = manifest.text();
    assert_eq!(
        text,
        format!(
            "wardgate-export/v1\nlog.example\nminimum 256\n{}  README.txt\n{}  tile/0/000.p/5\n",
            "ab".repeat(32),
            "0f".repeat(32)
        )
    );
    assert_eq!(Manifest::parse(&text), Ok(manifest.clone()));
    let note = manifest.sign(&signer()).unwrap();
    let keys: Vec<_> = signer().verifier_keys().cloned().collect();
    assert_eq!(Manifest::open(note.as_bytes(), &keys), Ok(manifest.clone()));
    // The second key signs checkpoints only, so it says nothing about a manifest.
    assert_eq!(
        Manifest::open(note.as_bytes(), &keys[1..]),
        Err(ManifestFault::Note(NoteFault::NotSigned))
    );
    let other = Signer::from_seed("log.example", &[9; 32]).unwrap();
    assert_eq!(
        Manifest::open(note.as_bytes(), [other.verifier_key()]),
        Err(ManifestFault::Note(NoteFault::NotSigned))
    );
    let elsewhere = Signer::from_seed("elsewhere.example", &[9; 32]).unwrap();
    let note = manifest.sign(&elsewhere).unwrap();
    assert_eq!(
        Manifest::open(note.as_bytes(), [elsewhere.verifier_key()]),
        Err(ManifestFault::Origin)
    );
    let changed = note.replace("minimum 256", "minimum 257");
    assert_eq!(
        Manifest::open(changed.as_bytes(), [elsewhere.verifier_key()]),
        Err(ManifestFault::Note(NoteFault::Signature))
    );
    let checkpoint = "elsewhere.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(
        Manifest::open(
            elsewhere.sign(checkpoint).as_bytes(),
            [elsewhere.verifier_key()]
        ),
        Err(ManifestFault::Malformed)
    );
}

#[test]
fn other_spellings_are_refused() {
    let text = manifest().text();
    let hash = "ab".repeat(32);
    for bad in [
        String::new(),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        text.replace("/v1", "/v2"),
        text.replace("minimum 256", "minimum 0256"),
        text.replace("minimum 256", "minimum"),
        text.replace("minimum 256\n", ""),
        text.replace(&hash, &hash.to_uppercase()),
        text.replace(&hash, &hash[1..]),
        text.replace(&hash, &hash[2..]),
        text.replace(&hash, &format!("{hash}ab")),
        text.replace(&hash, &"ag".repeat(32)),
        text.replace("  README", " README"),
        text.replace("README.txt", "zzz"),
        text.replace("README.txt", "tile/0/000.p/5"),
    ] {
        assert_eq!(
            Manifest::parse(&bad),
            Err(ManifestFault::Malformed),
            "{bad}"
        );
    }
    let empty = "wardgate-export/v1\nlog.example\nminimum 0\n";
    assert_eq!(Manifest::parse(empty).unwrap().files.len(), 0);
}

#[test]
fn paths_stay_within_the_export() {
    for bad in [
        "", "/etc", "a/", "a//b", "./a", "a/./b", "..", "a/../b", "MANIFEST", "a\\b", "a\tb",
        "a\nb",
    ] {
        let mut manifest = manifest();
        manifest.files = BTreeMap::from([(bad.to_owned(), [1; 32])]);
        assert_eq!(
            manifest.sign(&signer()),
            Err(ManifestFault::Malformed),
            "{bad:?}"
        );
    }
    for good in ["a", "a/b", "...", "a b", " a", "MANIFEST/a", "ä"] {
        let mut manifest = manifest();
        manifest.files = BTreeMap::from([(good.to_owned(), [1; 32])]);
        assert!(manifest.sign(&signer()).is_ok(), "{good:?}");
    }
}

#[test]
fn a_file_has_its_hash() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(parse_hex(empty), Some(file_hash(b"")));
    assert_ne!(file_hash(b"a"), file_hash(b"b"));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC{0,40}") {
        let _ = Manifest::parse(&text);
        let _ = Manifest::parse(&format!("wardgate-export/v1\no\nminimum 0\n{text}\n"));
    }
}

fn signer() -> Signer {
    let signer = Signer::from_seed("log.example", &[7; 32]).unwrap();
    signer.with_ml_dsa_44(&[8; 32]).unwrap()
}

fn manifest() -> Manifest {
    Manifest {
        origin: "log.example".to_owned(),
        minimum: 256,
        files: BTreeMap::from([
            ("tile/0/000.p/5".to_owned(), [0x0f; 32]),
            ("README.txt".to_owned(), [0xab; 32]),
        ]),
    }
}
