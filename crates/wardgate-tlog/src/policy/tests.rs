use proptest::prelude::*;

use super::*;
use crate::cosignature::Cosigner;
use crate::note::{KeyType, Signer};
use crate::tree::empty_root;

const ORIGIN: &str = "log.example/one";

#[test]
fn the_example_of_the_specification_reads_and_decides() {
    let keys: Vec<String> = (1..=6).map(|seed| witness_key("w.example", seed)).collect();
    let text = format!(
        "log {}\n\nwitness X1 {}\nwitness X2 {}\nwitness X3 {}\ngroup X-witnesses 2 X1 X2 X3\n\n\
         witness Y1 {}\nwitness Y2 {}\nwitness Y3 {}\ngroup Y-witnesses any Y1 Y2 Y3\n\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
        log().vkey(),
        keys[0],
        keys[1],
        keys[2],
        keys[3],
        keys[4],
        keys[5]
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.logs().len(), 1);
    let names: Vec<_> = policy.witnesses().iter().map(|w| w.name.clone()).collect();
    assert_eq!(names, [b"X1", b"X2", b"X3", b"Y1", b"Y2", b"Y3"]);
    // All sets of witnesses against the rule in words.
    for set in 0u32..64 {
        let cosigned = |place: usize| set >> place & 1 == 1;
        let of_x = (0..3).filter(|place| cosigned(*place)).count();
        let of_y = (3..6).filter(|place| cosigned(*place)).count();
        assert_eq!(
            policy.quorum_of(cosigned),
            of_x >= 2 && of_y >= 1,
            "{set:b}"
        );
    }
}

#[test]
fn a_checkpoint_needs_a_log_and_the_quorum() {
    let (one, two) = (witness("a.example", 1), witness("b.example", 2));
    let text = format!(
        "log {}\nwitness a {}\nwitness b {} https://b.example/\ngroup both all a b\nquorum both\n",
        log().vkey(),
        one.verifier_key(),
        two.verifier_key()
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.witnesses()[0].url, None);
    assert_eq!(
        policy.witnesses()[1].url.as_deref(),
        Some(&b"https://b.example/"[..])
    );
    let checkpoint = checkpoint(ORIGIN);
    let note = log().sign(&checkpoint.text());
    assert_eq!(
        policy.check(note.as_bytes()),
        Err(Rejection::Quorum { witnesses: 0 })
    );
    let one_line = one.cosign(&checkpoint.text(), 7).unwrap();
    let two_line = two.cosign(&checkpoint.text(), 8).unwrap();
    let half = format!("{note}{one_line}");
    assert_eq!(
        policy.check(half.as_bytes()),
        Err(Rejection::Quorum { witnesses: 1 })
    );
    let accepted = policy
        .check(format!("{half}{two_line}").as_bytes())
        .unwrap();
    assert_eq!(accepted.checkpoint, checkpoint);
    assert_eq!(accepted.logs, [0]);
    let times: Vec<_> = accepted
        .witnesses
        .iter()
        .map(|(place, signed)| (*place, signed.timestamp))
        .collect();
    assert_eq!(times, [(0, Some(7)), (1, Some(8))]);
    // Witnesses alone do not make a checkpoint.
    let no_log = format!("{}\n{one_line}{two_line}", checkpoint.text());
    assert_eq!(policy.check(no_log.as_bytes()), Err(Rejection::Log));
}

#[test]
fn a_bad_signature_of_a_known_key_refuses() {
    let one = witness("a.example", 1);
    let text = format!(
        "log {}\nwitness a {}\nquorum none\n",
        log().vkey(),
        one.verifier_key()
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let text = checkpoint(ORIGIN).text();
    let other = text.replace("\n5\n", "\n6\n");
    let note = log().sign(&text) + &one.cosign(&other, 7).unwrap();
    assert_eq!(
        policy.check(note.as_bytes()),
        Err(Rejection::Note(NoteFault::Signature))
    );
    let note = log().sign(&text) + &witness("unknown.example", 9).cosign(&other, 7).unwrap();
    assert!(policy.check(note.as_bytes()).is_ok());
    let line = log().sign(&other);
    let note = format!("{text}\n{}", line.split_once("\n\n").unwrap().1);
    assert_eq!(
        policy.check(note.as_bytes()),
        Err(Rejection::Note(NoteFault::Signature))
    );
    assert_eq!(
        policy.check(b"nothing"),
        Err(Rejection::Note(NoteFault::Malformed))
    );
}

#[test]
fn the_origin_is_the_name_of_the_log() {
    let signers = [
        log(),
        Signer::from_seed("log.example/two", &[9; 32]).unwrap(),
    ];
    let text = format!(
        "log {}\nlog {}\nquorum none\n",
        signers[0].vkey(),
        signers[1].vkey()
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let (one, two) = (checkpoint(ORIGIN), checkpoint("log.example/two"));
    let by = |place: usize, checkpoint: &Checkpoint| signers[place].sign(&checkpoint.text());
    assert_eq!(policy.check(by(0, &one).as_bytes()).unwrap().logs, [0]);
    assert_eq!(policy.check(by(1, &two).as_bytes()).unwrap().logs, [1]);
    assert_eq!(
        policy.check(by(1, &one).as_bytes()),
        Err(Rejection::Checkpoint(CheckpointFault::Origin))
    );
    // A second signature by another log does no harm.
    let lines = by(1, &one);
    let both = by(0, &one) + lines.split_once("\n\n").unwrap().1;
    assert_eq!(policy.check(both.as_bytes()).unwrap().logs, [0]);
    assert_eq!(
        policy.check(signers[0].sign("text\n").as_bytes()),
        Err(Rejection::Checkpoint(CheckpointFault::Malformed))
    );
}

#[test]
fn a_log_with_two_keys_has_two_lines() {
    let signer = log().with_ml_dsa_44(&[8; 32]).unwrap();
    let mut text = "quorum none\n".to_owned();
    for vkey in signer.vkeys().lines() {
        text.push_str(&format!("log {vkey}\n"));
    }
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let checkpoint = checkpoint(ORIGIN);
    let note = checkpoint.sign(&signer, 77).unwrap();
    assert_eq!(policy.check(note.as_bytes()).unwrap().logs, [0, 1]);
    let older = log().sign(&checkpoint.text());
    assert_eq!(policy.check(older.as_bytes()).unwrap().logs, [0]);
}

#[test]
fn layout_comments_and_octets_are_free() {
    let key = witness_key("w.example", 1);
    let mut file = b" \t# comment \xff\n\n\t \n#\n".to_vec();
    file.extend_from_slice(b"  witness\t\tK\xc3\xa4se \t");
    file.extend_from_slice(key.as_bytes());
    file.extend_from_slice(b" \xfe:url\t\n\tgroup g 01 K\xc3\xa4se\nquorum   g \n# end\n");
    let policy = Policy::parse(&file).unwrap();
    assert_eq!(policy.witnesses()[0].name, "Käse".as_bytes());
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some(&b"\xfe:url"[..]));
    assert!(policy.quorum_of(|_| true));
    assert!(!policy.quorum_of(|_| false));
    // A Kelvin sign is no K.
    let other = format!("witness K {key}\nquorum \u{212a}\n");
    assert_eq!(fault(&other), (2, PolicyError::UnknownName));
    // A group may come after the quorum line.
    let late = format!("witness a {key}\nquorum a\ngroup g any a\n");
    assert!(Policy::parse(late.as_bytes()).is_ok());
    assert!(
        Policy::parse(b"quorum none\n")
            .unwrap()
            .quorum_of(|_| false)
    );
}

#[test]
fn faults_are_refused_with_their_line() {
    let log_key = log().vkey();
    let a = witness_key("a.example", 1);
    refused(&[
        ("", 1, PolicyError::NoQuorum),
        ("# nothing\n", 1, PolicyError::NoQuorum),
        (&format!("\nlog {log_key}\n"), 2, PolicyError::NoQuorum),
        ("quorum none", 1, PolicyError::NoNewline),
        ("quorum none\r\n", 1, PolicyError::Character),
        ("# \u{7f}\nquorum none\n", 1, PolicyError::Character),
        ("#\x1f\nquorum none\n", 1, PolicyError::Character),
        ("quorum none\nquorum none\n", 2, PolicyError::SecondQuorum),
        ("quorum\n", 1, PolicyError::Line),
        ("quorum none none\n", 1, PolicyError::Line),
        ("Quorum none\n", 1, PolicyError::Line),
        ("log\n", 1, PolicyError::Line),
        (&format!("log {log_key} url more\n"), 1, PolicyError::Line),
        (&format!("witness {a}\n"), 1, PolicyError::Line),
        (&format!("witness a {a} url more\n"), 1, PolicyError::Line),
        (
            &format!("witness a {a}\ngroup g any\n"),
            2,
            PolicyError::Line,
        ),
    ]);
    let fault = Policy::parse(b"quorum x\n").unwrap_err();
    let message = "line 1 of the policy: a name that no line before this one defines";
    assert_eq!(fault.to_string(), message);
}

#[test]
fn names_have_one_meaning_and_one_place() {
    let (a, b) = (witness_key("a.example", 1), witness_key("b.example", 2));
    let two = format!("witness a {a}\nwitness b {b}\n");
    for (line, what) in [
        ("witness none X", PolicyError::DuplicateName),
        ("witness a X", PolicyError::DuplicateName),
        ("group a any b", PolicyError::DuplicateName),
        ("group none any a b", PolicyError::DuplicateName),
        ("group g 0 a b", PolicyError::Threshold),
        ("group g 3 a b", PolicyError::Threshold),
        ("group g +1 a b", PolicyError::Threshold),
        ("group g most a b", PolicyError::Threshold),
        ("group g 99999999999999999999 a b", PolicyError::Threshold),
        ("group g any a a", PolicyError::SecondMembership),
        ("group g any g", PolicyError::UnknownName),
        ("group g any none", PolicyError::UnknownName),
        ("quorum c", PolicyError::UnknownName),
    ] {
        let line = line.replace('X', &witness_key("c.example", 3));
        refused(&[(&format!("{two}{line}\n"), 3, what)]);
    }
    refused(&[
        (
            &format!("{two}group g any a\ngroup h any a b\n"),
            4,
            PolicyError::SecondMembership,
        ),
        (
            &format!("group g any a\n{two}"),
            1,
            PolicyError::UnknownName,
        ),
        (&format!("quorum a\n{two}"), 1, PolicyError::UnknownName),
    ]);
}

#[test]
fn keys_are_of_their_role_and_given_once() {
    let log_key = log().vkey();
    let a = witness_key("a.example", 1);
    let same_as_a = witness_key("other.example", 1);
    refused(&[
        (
            &format!("log {log_key}\nlog {log_key}\n"),
            2,
            PolicyError::DuplicateKey,
        ),
        ("log x\n", 1, PolicyError::Key(NoteFault::VerifierKey)),
        (
            &format!("witness a {log_key}\n"),
            1,
            PolicyError::WitnessKey,
        ),
        (
            &format!("witness a {a}\nwitness c {same_as_a}\n"),
            2,
            PolicyError::DuplicateKey,
        ),
    ]);
    let not_text = Policy::parse(b"log \xff+00000000+AA==\n").unwrap_err();
    assert_eq!(not_text.what(), PolicyError::Key(NoteFault::VerifierKey));
}

#[test]
fn one_public_key_under_two_log_names_is_a_duplicate() {
    let other = Signer::from_seed("log.example/two", &[7; 32]).unwrap();
    let text = format!("log {}\nlog {}\nquorum none\n", log().vkey(), other.vkey());
    assert_eq!(fault(&text), (2, PolicyError::DuplicateKey));
    // A log may be a witness of others with the same key.
    let (log, public) = (log(), log().verifier_key().public_key().to_vec());
    let witness = VerifierKey::new("w.example", KeyType::CosignatureEd25519, &public).unwrap();
    let text = format!("log {}\nwitness w {witness}\nquorum w\n", log.vkey());
    assert!(Policy::parse(text.as_bytes()).is_ok());
}

#[test]
fn limits_hold() {
    let mut text = String::new();
    for seed in 0..ITEMS_MAX {
        let mut public = [0; 32];
        public[..8].copy_from_slice(&seed.to_le_bytes());
        let key = VerifierKey::new("w.example", KeyType::CosignatureEd25519, &public).unwrap();
        text.push_str(&format!(
            "witness w{seed} {key}\nlog {key}\ngroup g{seed} any w{seed}\n"
        ));
    }
    let full = format!("{text}quorum none\n");
    assert!(Policy::parse(full.as_bytes()).is_ok());
    let last = ITEMS_MAX * 3 + 1;
    let more = witness_key("w.example", 200);
    for line in [
        format!("log {more}\n"),
        format!("witness w {more}\n"),
        "group g any g0\n".to_owned(),
    ] {
        assert_eq!(
            fault(&format!("{text}{line}")),
            (last, PolicyError::TooLong)
        );
    }
    let mut comment = vec![b'#'; POLICY_BYTES_MAX - 13];
    comment.extend_from_slice(b"\nquorum none\n");
    assert!(Policy::parse(&comment).is_ok());
    comment.push(b'\n');
    assert_eq!(
        Policy::parse(&comment).unwrap_err().what(),
        PolicyError::TooLong
    );
}

#[test]
fn every_fault_has_a_hint() {
    let quorum = Rejection::Quorum { witnesses: 1 };
    assert!(Rejection::Log.hint().contains("key of this log"));
    assert!(quorum.hint().contains("more witnesses"));
    assert!(
        Rejection::Note(NoteFault::Malformed)
            .hint()
            .contains("came from")
    );
    let fault = Policy::parse(b"").unwrap_err();
    assert!(fault.hint().contains("tlog-policy"));
}

#[test]
fn a_policy_without_logs_takes_those_that_are_known() {
    let other = Signer::from_seed("log.example/two", &[9; 32]).unwrap();
    let keys = [log().verifier_key().clone()];
    let taken = Policy::without_witnesses().or_logs(&keys);
    assert_eq!(taken.logs().len(), 1);
    assert_eq!(taken.logs()[0].key, keys[0]);
    // One that names its logs keeps to them.
    let kept = taken.clone().or_logs(&[other.verifier_key().clone()]);
    assert_eq!(kept, taken);
    let note = log().sign(&checkpoint(ORIGIN).text());
    assert!(taken.check(note.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes: Vec<u8>, lines in "((log|witness|group|quorum|none|any|a|b|1| )*\n)*") {
        let _ = Policy::parse(&bytes);
        let _ = Policy::parse(lines.as_bytes());
    }
}

fn refused(cases: &[(&str, usize, PolicyError)]) {
    for (text, line, what) in cases {
        assert_eq!(fault(text), (*line, *what), "{text}");
    }
}

fn fault(text: &str) -> (usize, PolicyError) {
    let fault = Policy::parse(text.as_bytes()).unwrap_err();
    (fault.line(), fault.what())
}

fn log() -> Signer {
    Signer::from_seed(ORIGIN, &[7; 32]).unwrap()
}

fn witness(name: &str, seed: u8) -> Cosigner {
    match seed % 2 {
        0 => Cosigner::ml_dsa_44(name, &[seed; 32]).unwrap(),
        _ => Cosigner::ed25519(name, &[seed; 32]).unwrap(),
    }
}

fn witness_key(name: &str, seed: u8) -> String {
    witness(name, seed).verifier_key().to_string()
}

fn checkpoint(origin: &str) -> Checkpoint {
    Checkpoint {
        origin: origin.to_owned(),
        size: 5,
        root: empty_root(),
    }
}
