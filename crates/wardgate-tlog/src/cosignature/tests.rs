use aws_lc_rs::signature::{ED25519, ML_DSA_44, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::note::Note;

/// The checkpoint of the example in the specification.
const TEXT: &str = "example.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const TIME: u64 = 1_679_315_147;

#[test]
fn the_example_of_the_specification_reads() {
    let lines = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
                 — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let note = format!("{TEXT}\n{lines}");
    let note = Note::parse(note.as_bytes()).unwrap();
    let signers: Vec<_> = note.signers().collect();
    assert_eq!(
        signers,
        [
            ("example.com/behind-the-sofa", [0x03, 0x3d, 0xe0, 0xae]),
            ("witness.example.com/w1", [0x8d, 0x66, 0xcf, 0x3f]),
        ]
    );
    // The blob of the cosignature: key id, time, signature.
    let blob = lines.trim_end().rsplit(' ').next().unwrap();
    let blob = STANDARD.decode(blob).unwrap();
    let (timestamp, raw) = split(&blob[4..]).unwrap();
    assert_eq!((timestamp, raw.len()), (TIME, 64));
}

#[test]
fn the_messages_are_those_of_the_specification() {
    let witness = Cosigner::ed25519("w.example", &[1; 32]).unwrap();
    let expected = format!("cosignature/v1\ntime {TIME}\n{TEXT}");
    assert_eq!(
        message(witness.verifier_key(), TIME, TEXT),
        Ok(expected.into_bytes())
    );
    let witness = Cosigner::ml_dsa_44("w.example", &[1; 32]).unwrap();
    let mut expected = b"subtree/v1\n\0\x09w.example".to_vec();
    expected.extend_from_slice(&[0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb]);
    expected.extend_from_slice(b"\x1bexample.com/behind-the-sofa");
    expected.extend_from_slice(&[0; 8]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0x01, 0x3e, 0x2d, 0xc3]);
    let root = STANDARD.decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    expected.extend_from_slice(&root.unwrap());
    let text = format!("{TEXT}an extension line is not signed\n");
    for text in [TEXT, &text] {
        let message = message(witness.verifier_key(), TIME, text);
        assert_eq!(message, Ok(expected.clone()));
    }
}

#[test]
fn cosignatures_are_over_the_message() {
    for cosigner in both("w.example") {
        let key = cosigner.verifier_key();
        let line = cosigner.cosign(TEXT, TIME).unwrap();
        let (start, blob) = line.trim_end().rsplit_once(' ').unwrap();
        assert_eq!(start, "— w.example");
        let blob = STANDARD.decode(blob).unwrap();
        assert_eq!(blob[..4], key.id());
        assert_eq!(blob[4..12], TIME.to_be_bytes());
        let message = message(key, TIME, TEXT).unwrap();
        let signed = match key.key_type() {
            KeyType::MlDsa44 => {
                assert_eq!(blob.len(), 4 + 8 + 2420);
                UnparsedPublicKey::new(&ML_DSA_44, key.public_key()).verify(&message, &blob[12..])
            }
            _ => {
                assert_eq!(blob.len(), 4 + 8 + 64);
                UnparsedPublicKey::new(&ED25519, key.public_key()).verify(&message, &blob[12..])
            }
        };
        assert!(signed.is_ok());
        assert_eq!(key.check(TEXT, &blob[4..]), Ok(Some(TIME)));
    }
}

#[test]
fn another_text_time_name_or_key_does_not_check() {
    for (cosigner, other) in both("w.example").into_iter().zip(both("v.example")) {
        let line = cosigner.cosign(TEXT, TIME).unwrap();
        let blob = STANDARD.decode(line.trim_end().rsplit(' ').next().unwrap());
        let signature = blob.unwrap()[4..].to_vec();
        let key = cosigner.verifier_key();
        let larger = TEXT.replace("20852163", "20852164");
        assert_eq!(key.check(&larger, &signature), Err(NoteFault::Signature));
        let elsewhere = TEXT.replace("sofa", "door");
        assert_eq!(key.check(&elsewhere, &signature), Err(NoteFault::Signature));
        let mut later = signature.clone();
        later[7] += 1;
        assert_eq!(key.check(TEXT, &later), Err(NoteFault::Signature));
        assert_eq!(key.check("text\n", &signature), Err(NoteFault::Cosigned));
        for length in [0, 7, 8, 71, signature.len() - 1] {
            let cut = key.check(TEXT, &signature[..length]);
            assert_eq!(cut, Err(NoteFault::Signature), "{length}");
        }
        // Both have the seed in common: only ML-DSA-44 covers the name.
        let by_other = other.verifier_key().check(TEXT, &signature);
        match key.key_type() {
            KeyType::MlDsa44 => assert_eq!(by_other, Err(NoteFault::Signature)),
            _ => assert_eq!(by_other, Ok(Some(TIME))),
        }
    }
}

#[test]
fn only_checkpoints_are_cosigned_and_in_time() {
    for cosigner in both("w.example") {
        assert_eq!(cosigner.name(), "w.example");
        assert_eq!(cosigner.cosign("text\n", TIME), Err(NoteFault::Cosigned));
        assert!(cosigner.cosign(TEXT, 0).is_ok());
        assert!(cosigner.cosign(TEXT, TIMESTAMP_MAX).is_ok());
        let late = cosigner.cosign(TEXT, TIMESTAMP_MAX + 1);
        assert_eq!(late, Err(NoteFault::Cosigned));
        let mut signature = u64::MAX.to_be_bytes().to_vec();
        signature.extend_from_slice(&[0; 64]);
        let checked = cosigner.verifier_key().check(TEXT, &signature);
        assert_eq!(checked, Err(NoteFault::Cosigned));
    }
}

#[test]
fn names_fit_their_length_byte() {
    let (fits, long) = ("n".repeat(255), "n".repeat(256));
    let text = |origin: &str| TEXT.replace("example.com/behind-the-sofa", origin);
    let ml_dsa_44 = Cosigner::ml_dsa_44(&fits, &[1; 32]).unwrap();
    assert!(ml_dsa_44.cosign(&text(&fits), 1).is_ok());
    assert_eq!(ml_dsa_44.cosign(&text(&long), 1), Err(NoteFault::Name));
    assert_eq!(
        Cosigner::ml_dsa_44(&long, &[1; 32]).err(),
        Some(NoteFault::Name)
    );
    let ed25519 = Cosigner::ed25519(&long, &[1; 32]).unwrap();
    assert!(ed25519.cosign(&text(&long), 1).is_ok());
}

#[test]
fn debug_shows_no_key() {
    let [ed25519, ml_dsa_44] = both("n");
    assert_eq!(
        format!("{ed25519:?}"),
        "Cosigner { key: VerifierKey { name: \"n\", key_type: CosignatureEd25519, id: \"76b4d71d\", .. }, .. }"
    );
    assert!(format!("{ml_dsa_44:?}").len() < 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_flipped_bit_never_opens(at: prop::sample::Index, bit in 0u8..8, which in 0usize..2) {
        let cosigner = &both("w.example")[which];
        let mut note = format!("{TEXT}\n{}", cosigner.cosign(TEXT, TIME).unwrap()).into_bytes();
        let at = at.index(note.len());
        note[at] ^= 1 << bit;
        let opened = Note::parse(&note).and_then(|note| note.open(cosigner.verifier_key()).map(str::len));
        prop_assert!(opened.is_err());
    }
}

fn both(name: &str) -> [Cosigner; 2] {
    [
        Cosigner::ed25519(name, &[1; 32]).unwrap(),
        Cosigner::ml_dsa_44(name, &[1; 32]).unwrap(),
    ]
}
