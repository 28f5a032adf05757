use proptest::prelude::*;

use super::*;
use crate::cosignature::Cosigner;

/// A public example of a signed note and its verifier key.
const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFY\
                    C2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_foreign_note_opens() {
    let key = VerifierKey::parse(VKEY).unwrap();
    assert_eq!(key.to_string(), VKEY);
    let note = format!("{TEXT}\n{LINE}");
    assert_eq!(Note::parse(note.as_bytes()).unwrap().open(&key), Ok(TEXT));
    let other = format!("{}\n{LINE}", TEXT.replace("think", "thunk"));
    assert_eq!(
        Note::parse(other.as_bytes()).unwrap().open(&key),
        Err(NoteFault::Signature)
    );
}

#[test]
fn signatures_of_others_are_ignored() {
    let (mine, other) = (signer("mine", 1), signer("other", 2));
    let note = mine.sign("text\n");
    let line = other
        .sign("text\n")
        .split_once("\n\n")
        .unwrap()
        .1
        .to_owned();
    let both = note.clone() + &line;
    assert_eq!(open(&both, &mine), Ok("text\n".to_owned()));
    assert_eq!(open(&both, &other), Ok("text\n".to_owned()));
    assert_eq!(open(&note, &other), Err(NoteFault::NotSigned));
    // The same name with another key is another key.
    assert_eq!(open(&note, &signer("mine", 3)), Err(NoteFault::NotSigned));
}

#[test]
fn texts_may_hold_blank_lines_and_more() {
    let signer = signer("a.example/log", 4);
    for text in ["\n", "a\n\nb\n", "\n\n", "— a b\n", "grüß\n"] {
        assert_eq!(
            open(&signer.sign(text), &signer),
            Ok(text.to_owned()),
            "{text:?}"
        );
    }
}

#[test]
fn malformed_notes_are_refused() {
    let signed = signer("name", 5).sign("text\n");
    for note in [
        String::new(),
        "\n".to_owned(),
        "\n\n".to_owned(),
        "text\n\n".to_owned(),
        signed.trim_end().to_owned(),
        signed.replace("text", "te\rxt"),
        signed.replace('—', "-"),
        signed.replace("name ", "na me "),
        signed.replace("name ", "na+me "),
        signed.replace("=", ""),
        signed.clone() + "more\n",
        "text\n\n— name AAAA\n".to_owned(),
    ] {
        assert_eq!(
            Note::parse(note.as_bytes()),
            Err(NoteFault::Malformed),
            "{note:?}"
        );
    }
    assert_eq!(Note::parse(&[0xff; 8]), Err(NoteFault::Malformed));
    assert_eq!(
        Note::parse(&vec![b'a'; NOTE_BYTES_MAX + 1]),
        Err(NoteFault::TooLong)
    );
    assert_eq!(
        Note::parse(&vec![b'a'; NOTE_BYTES_MAX]),
        Err(NoteFault::Malformed)
    );
    let full = "t\n\n".to_owned() + &LINE.repeat(SIGNATURES_MAX);
    assert!(Note::parse(full.as_bytes()).is_ok());
    let many = "t\n\n".to_owned() + &LINE.repeat(SIGNATURES_MAX + 1);
    assert_eq!(Note::parse(many.as_bytes()), Err(NoteFault::TooLong));
}

#[test]
fn keys_with_bad_names_or_ids_are_refused() {
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert_eq!(
            Signer::from_seed(name, &[0; 32]).err(),
            Some(NoteFault::Name),
            "{name:?}"
        );
    }
    for vkey in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "PeterNeumann+c74f20a3+",
        " PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW+",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert_eq!(
            VerifierKey::parse(vkey),
            Err(NoteFault::VerifierKey),
            "{vkey}"
        );
    }
    // Other types are known to others.
    for other in ["AhpC2Q==", "BRpC2Q==", "/xpC2Q=="] {
        let vkey = format!("PeterNeumann+c74f20a3+{other}");
        assert_eq!(VerifierKey::parse(&vkey), Err(NoteFault::KeyType));
    }
    let long = format!("n+00000000+{}", "A".repeat(1756));
    assert_eq!(VerifierKey::parse(&long), Err(NoteFault::VerifierKey));
    assert!(VerifierKey::new("a\u{7f}b", KeyType::Ed25519, &[0; 32]).is_ok());
}

#[test]
fn every_key_type_has_its_verifier_key() {
    for (key_type, byte, bytes) in [
        (KeyType::Ed25519, 0x01, 32),
        (KeyType::CosignatureEd25519, 0x04, 32),
        (KeyType::MlDsa44, 0x06, 1312),
    ] {
        let public = vec![5; bytes];
        let key = VerifierKey::new("a.example/log", key_type, &public).unwrap();
        assert_eq!((key.key_type(), key.public_key()), (key_type, &public[..]));
        assert_eq!(key_type.byte(), byte);
        assert_eq!(key_type.is_cosignature(), byte != 1);
        let mut hashed = b"a.example/log\n".to_vec();
        hashed.push(byte);
        hashed.extend_from_slice(&public);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &hashed);
        assert_eq!(key.id(), digest.as_ref()[..4]);
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
        for length in [0, 31, bytes - 1, bytes + 1] {
            let made = VerifierKey::new("n", key_type, &vec![5; length]);
            assert_eq!(made.is_ok(), length == bytes);
        }
    }
}

#[test]
fn key_files_hold_one_key_a_line() {
    let signer = signer("n", 1).with_ml_dsa_44(&[2; 32]).unwrap();
    let keys: Vec<VerifierKey> = signer.verifier_keys().cloned().collect();
    assert_eq!(keys[0], *signer.verifier_key());
    assert_eq!(Some(&keys[1]), signer.ml_dsa_44_key());
    assert_eq!(VerifierKey::parse_list(&signer.vkeys()), Ok(keys.clone()));
    let spaced = format!("\n {}\r\n\n{}\n\n", keys[0], keys[1]);
    assert_eq!(VerifierKey::parse_list(&spaced), Ok(keys.clone()));
    assert_eq!(
        VerifierKey::parse_list(&signer.vkey()),
        Ok(vec![keys[0].clone()])
    );
    let twice = format!("{}\n{}\n", keys[0], keys[0]);
    for bad in ["", "\n", "# comment", &twice] {
        assert_eq!(
            VerifierKey::parse_list(bad),
            Err(NoteFault::VerifierKey),
            "{bad}"
        );
    }
    let many = |count: usize| -> String {
        let key = |seed: usize| VerifierKey::new("n", KeyType::Ed25519, &[seed as u8; 32]).unwrap();
        (0..count).map(|seed| format!("{}\n", key(seed))).collect()
    };
    assert_eq!(
        VerifierKey::parse_list(&many(KEYS_MAX)).map(|keys| keys.len()),
        Ok(16)
    );
    assert!(VerifierKey::parse_list(&many(KEYS_MAX + 1)).is_err());
}

#[test]
fn a_checkpoint_has_the_signatures_of_all_keys() {
    let text = "n\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let one = signer("n", 1);
    let both = signer("n", 1).with_ml_dsa_44(&[2; 32]).unwrap();
    let note = both.sign_checkpoint(text, 77).unwrap();
    let older = one.sign_checkpoint(text, 77).unwrap();
    assert!(note.starts_with(&older));
    assert_eq!(one.ml_dsa_44_key(), None);
    let second = both.ml_dsa_44_key().unwrap();
    let note = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(note.signers().count(), 2);
    let time = |key| {
        note.signed_by(key)
            .map(|signed| signed.map(|s| s.timestamp))
    };
    assert_eq!(time(both.verifier_key()), Ok(Some(None)));
    assert_eq!(time(second), Ok(Some(Some(77))));
    let older = Note::parse(older.as_bytes()).unwrap();
    assert_eq!(older.signed_by(second), Ok(None));
    assert_eq!(older.open(second), Err(NoteFault::NotSigned));
    assert_eq!(both.sign_checkpoint("text\n", 77), Err(NoteFault::Cosigned));
}

#[test]
fn the_latest_of_several_cosignatures_counts() {
    let text = "n\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let witness = Cosigner::ed25519("w", &[1; 32]).unwrap();
    let line = |time| witness.cosign(text, time).unwrap();
    let note = format!("{text}\n{}{}{}", line(5), line(9), line(7));
    let note = Note::parse(note.as_bytes()).unwrap();
    let signed = note.signed_by(witness.verifier_key()).unwrap().unwrap();
    assert_eq!(signed.timestamp, Some(9));
}

#[test]
fn sixteen_large_signatures_are_read() {
    let text = "n\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let blob = STANDARD.encode(vec![7; 5000]);
    let lines: String = (0..16).map(|at| format!("— w{at} {blob}\n")).collect();
    let note = signer("n", 1).sign(text) + &lines;
    assert_eq!(open(&note, &signer("n", 1)), Ok(text.to_owned()));
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(
        format!("{:?}", signer("n", 1)),
        "Signer { name: \"n\", .. }"
    );
}

proptest! {
    #[test]
    fn one_flipped_bit_never_opens(at: prop::sample::Index, bit in 0u8..8) {
        let signer = signer("log.example/one", 6);
        let mut note = signer.sign("log.example/one\n12\nAAAA\n").into_bytes();
        let at = at.index(note.len());
        note[at] ^= 1 << bit;
        let opened = Note::parse(&note).and_then(|note| note.open(signer.verifier_key()).map(str::len));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn parsing_never_panics(bytes: Vec<u8>, text in "\\PC{0,40}") {
        let _ = Note::parse(&bytes);
        let _ = Note::parse(format!("{text}\n\n— {text} {text}\n").as_bytes());
        let _ = VerifierKey::parse(&text);
    }
}

fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn open(note: &str, with: &Signer) -> Result<String, NoteFault> {
    Note::parse(note.as_bytes())?
        .open(with.verifier_key())
        .map(str::to_owned)
}
