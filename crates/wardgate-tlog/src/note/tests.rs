use proptest::prelude::*;

use super::*;

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
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert_eq!(
            VerifierKey::parse(vkey),
            Err(NoteFault::VerifierKey),
            "{vkey}"
        );
    }
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
