//! Notes, keys and checkpoints agree with `signed_note` and `tlog_tiles`.

use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardVerifier, Verifier, VerifierList};
use wardgate_tlog::checkpoint::Checkpoint;
use wardgate_tlog::note::{Note, Signer, VerifierKey};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn notes_open_alike(text in "[ -~ä\n]{0,60}\n", seed: [u8; 32], at: prop::sample::Index, new: Option<u8>) {
        let signer = Signer::from_seed("log.example/a", &seed).unwrap();
        let mut note = signer.sign(&text).into_bytes();
        prop_assert!(open_theirs(&note, &signer.vkey()).is_some());
        if let Some(new) = new {
            let at = at.index(note.len());
            note[at] = new;
        }
        let ours = Note::parse(&note).and_then(|note| note.open(signer.verifier_key()).map(str::to_owned));
        prop_assert_eq!(ours.ok(), open_theirs(&note, &signer.vkey()));
    }

    #[test]
    fn notes_parse_alike(
        text in "[ab—\n]{0,8}",
        gap in "\n{0,3}",
        lines in "((—|-)( |  )[ab+ ]{0,3}( |)(AAAAAAA=|AAAAAAB=|AAAA|AAAAAAAA|)\n){0,3}",
    ) {
        let note = format!("{text}{gap}{lines}");
        let theirs = TheirNote::from_bytes(note.as_bytes());
        prop_assert_eq!(Note::parse(note.as_bytes()).is_ok(), theirs.is_ok(), "{:?}", note);
    }

    #[test]
    fn keys_read_alike(name in "[a-z+ ]{0,4}", seed: [u8; 32], at: prop::sample::Index, new in "[ -~]?") {
        let Ok(signer) = Signer::from_seed(&name, &seed) else {
            prop_assert!(!signed_note::is_key_name_valid(&name));
            return Ok(());
        };
        let mut vkey = signer.vkey();
        let theirs = StandardVerifier::new(&vkey).unwrap();
        prop_assert_eq!(theirs.key_id().to_be_bytes(), signer.verifier_key().id());
        let at = at.index(vkey.len());
        vkey.replace_range(at..=at, &new);
        // Theirs take key ids in capitals too.
        let ours = VerifierKey::parse(&vkey).is_ok();
        let theirs = StandardVerifier::new(&vkey).is_ok();
        prop_assert!(ours == theirs || vkey.chars().any(char::is_uppercase), "{}", vkey);
        prop_assert!(!ours || theirs);
    }

    #[test]
    fn checkpoints_read_alike(
        origin in "[ab ]{0,3}",
        size in "0|[1-9][0-9]{0,4}|0[0-9]|[+-]1||18446744073709551616",
        root in "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=|CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=|AAAA|",
        rest in "\n?(x\n){0,2}\n?",
    ) {
        let text = format!("{origin}\n{size}\n{root}{rest}");
        let ours = Checkpoint::parse(&text).ok();
        let theirs = tlog_tiles::checkpoint::Checkpoint::from_bytes(text.as_bytes()).ok();
        prop_assert_eq!(ours.is_some(), theirs.is_some(), "{:?}", text);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            prop_assert_eq!((ours.origin.as_str(), ours.size), (theirs.origin(), theirs.size()));
            prop_assert_eq!(ours.root, theirs.hash().0);
        }
    }
}

#[test]
fn our_second_signature_does_not_disturb_others() {
    let signer = Signer::from_seed("log.example/a", &[1; 32]).unwrap();
    let signer = signer.with_ml_dsa_44(&[2; 32]).unwrap();
    let checkpoint = Checkpoint {
        origin: "log.example/a".to_owned(),
        size: 0,
        root: wardgate_tlog::tree::empty_root(),
    };
    let note = checkpoint.sign(&signer, 7).unwrap();
    let text = open_theirs(note.as_bytes(), &signer.vkey()).unwrap();
    let theirs = tlog_tiles::checkpoint::Checkpoint::from_bytes(text.as_bytes()).unwrap();
    assert_eq!((theirs.origin(), theirs.size()), ("log.example/a", 0));
}

fn open_theirs(note: &[u8], vkey: &str) -> Option<String> {
    let note = TheirNote::from_bytes(note).ok()?;
    let key = StandardVerifier::new(vkey).unwrap();
    note.verify(&VerifierList::new(vec![Box::new(key)])).ok()?;
    Some(String::from_utf8(note.text().to_vec()).unwrap())
}
