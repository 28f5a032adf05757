//! Notes, keys, policies, proofs, manifests and the messages of witnesses: what reads is written
//! again as it was, and nothing that was not signed counts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::manifest::Manifest;
use wardgate_tlog::note::{Note, Signer, VerifierKey};
use wardgate_tlog::policy::Policy;
use wardgate_tlog::proof::Proof;
use wardgate_tlog::tree::{check_consistency, check_inclusion};
use wardgate_tlog::witness::{AddCheckpoint, add_cosignatures, conflict_body, parse_conflict};

const CHECKPOINT: &str = "log.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    match kind % 7 {
        0 => note(rest),
        1 => keys(rest),
        2 => {
            if let Ok(policy) = Policy::parse(rest) {
                let none = policy.quorum_of(|_| false);
                assert!(policy.quorum_of(|_| true), "all witnesses are a quorum");
                let unsigned = format!("{CHECKPOINT}\n— x AAAAAAA=\n");
                assert!(policy.check(unsigned.as_bytes()).is_err(), "{none}");
            }
        }
        3 => {
            if let Ok(proof) = Proof::parse(rest) {
                assert_eq!(proof.to_string().as_bytes(), rest);
                let (leaf, root) = ([1; 32], [2; 32]);
                for size in [proof.index, proof.index.saturating_add(1), u64::MAX] {
                    assert!(!check_inclusion(
                        &leaf,
                        proof.index,
                        size,
                        &proof.path,
                        &root
                    ));
                    let (old, new) = ((proof.index, &leaf), (size, &root));
                    assert!(!check_consistency(old, new, &proof.path));
                }
            }
        }
        4 => {
            if let Ok(request) = AddCheckpoint::parse(rest) {
                assert_eq!(request.body().expect("it was read").as_bytes(), rest);
            }
            if let Ok(size) = parse_conflict(rest) {
                assert_eq!(conflict_body(size).as_bytes(), rest);
            }
        }
        5 => answer(rest),
        _ => {
            if let Some(text) = std::str::from_utf8(rest).ok()
                && let Ok(manifest) = Manifest::parse(text)
            {
                assert_eq!(manifest.text(), text);
            }
        }
    }
});

fn note(bytes: &[u8]) {
    let signer = signer();
    let Ok(note) = Note::parse(bytes) else {
        return;
    };
    let read = Checkpoint::parse(note.unchecked_text());
    for key in signer.verifier_keys() {
        // Nobody guesses a signature.
        assert!(!matches!(note.signed_by(key), Ok(Some(_))));
    }
    if let Ok(checkpoint) = read
        && let Ok(signed) = checkpoint.sign(&signer, 1)
    {
        assert!(Note::parse(signed.as_bytes()).is_ok());
    }
}

fn keys(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(keys) = VerifierKey::parse_list(text) {
        let written: String = keys.iter().map(|key| format!("{key}\n")).collect();
        assert_eq!(VerifierKey::parse_list(&written), Ok(keys));
    }
}

fn answer(bytes: &[u8]) {
    let signer = signer();
    let checkpoint = signer.sign(CHECKPOINT);
    let stranger = Signer::from_seed("w.example", &[9; 32]).expect("a signer");
    let keys = [stranger.verifier_key().clone()];
    if let Ok((longer, signed)) = add_cosignatures(&checkpoint, bytes, &keys) {
        assert_eq!((longer, signed), (checkpoint, vec![None]));
    }
}

fn signer() -> Signer {
    Signer::from_seed("log.example", &[7; 32]).expect("a signer")
}
