use proptest::prelude::*;

use super::*;
use crate::cosignature::Cosigner;
use crate::note::Signer;

const TEXT: &str = "example.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

/// The request of the specification.
const REQUEST: &str = "old 20852014\n\
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
    jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
    5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
    /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
    \n\
    example.com/behind-the-sofa\n\
    20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
    \n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

/// The answer of the specification, of three keys that are not published.
const ANSWER: &str = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n\
    — witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n\
    — witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n";

#[test]
fn the_request_of_the_specification_reads() {
    let request = AddCheckpoint::parse(REQUEST.as_bytes()).unwrap();
    assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
    assert_eq!(request.proof[3][0], 0xff);
    assert!(request.checkpoint.starts_with(TEXT));
    assert_eq!(request.body().unwrap(), REQUEST);
}

#[test]
fn a_first_request_has_no_proof() {
    let checkpoint = log().sign(TEXT);
    let request = AddCheckpoint {
        old_size: 0,
        proof: Vec::new(),
        checkpoint: checkpoint.clone(),
    };
    let body = request.body().unwrap();
    assert_eq!(body, format!("old 0\n\n{checkpoint}"));
    assert_eq!(AddCheckpoint::parse(body.as_bytes()), Ok(request));
}

#[test]
fn malformed_requests_are_refused() {
    for bad in [
        String::new(),
        REQUEST.replace("old 20852014", "old 020852014"),
        REQUEST.replace("old 20852014", "old"),
        REQUEST.replace("old 20852014", "old +1"),
        REQUEST.replace("old 20852014", "new 20852014"),
        REQUEST.replace("old 20852014\n", ""),
        REQUEST.replace("old 20852014\n", "old 20852014\r\n"),
        REQUEST.replace("jrJZ", "jrJ"),
        REQUEST.replace("\n\n", "\n"),
    ] {
        assert_eq!(
            AddCheckpoint::parse(bad.as_bytes()),
            Err(WitnessFault::Malformed),
            "{bad}"
        );
    }
    assert_eq!(AddCheckpoint::parse(&[0xff]), Err(WitnessFault::Malformed));
    let sized = |bytes| vec![b'o'; bytes];
    assert_eq!(
        AddCheckpoint::parse(&sized(REQUEST_BYTES_MAX)),
        Err(WitnessFault::Malformed)
    );
    assert_eq!(
        AddCheckpoint::parse(&sized(REQUEST_BYTES_MAX + 1)),
        Err(WitnessFault::TooLong)
    );
}

#[test]
fn a_proof_has_at_most_63_lines() {
    let with = |hashes| AddCheckpoint {
        old_size: 1,
        proof: vec![[7; 32]; hashes],
        checkpoint: log().sign(TEXT),
    };
    let body = with(63).body().unwrap();
    assert_eq!(AddCheckpoint::parse(body.as_bytes()), Ok(with(63)));
    assert_eq!(with(64).body(), Err(WitnessFault::TooLong));
    let line = format!("{}\n", STANDARD.encode([7; 32]));
    let longer = body.replacen(&line, &(line.clone() + &line), 1);
    assert_eq!(
        AddCheckpoint::parse(longer.as_bytes()),
        Err(WitnessFault::TooLong)
    );
}

#[test]
fn conflicts_tell_the_size() {
    assert_eq!(conflict_body(20_852_014), "20852014\n");
    assert_eq!(parse_conflict(b"20852014\n"), Ok(20_852_014));
    assert_eq!(parse_conflict(b"0\n"), Ok(0));
    for bad in [
        &b""[..],
        b"\n",
        b"1",
        b"01\n",
        b"1\n\n",
        b"1\r\n",
        b" 1\n",
        b"x\n",
        b"\xff\n",
    ] {
        assert_eq!(parse_conflict(bad), Err(WitnessFault::Malformed), "{bad:?}");
    }
}

#[test]
fn known_cosignatures_are_added_and_others_ignored() {
    let checkpoint = log().sign(TEXT);
    let (one, two) = (witness("w1.example", 1), witness("w2.example", 2));
    let keys = [one.verifier_key().clone(), two.verifier_key().clone()];
    let line = one.cosign(TEXT, 7).unwrap();
    let answer = format!("{ANSWER}{line}");
    let (longer, signed) = add_cosignatures(&checkpoint, answer.as_bytes(), &keys).unwrap();
    assert_eq!(longer, format!("{checkpoint}{line}"));
    assert_eq!(signed[0].unwrap().timestamp, Some(7));
    assert_eq!(signed[1], None);
    // The same line again adds nothing.
    let (again, _) = add_cosignatures(&longer, answer.as_bytes(), &keys).unwrap();
    assert_eq!(again, longer);
    let second = two.cosign(TEXT, 8).unwrap();
    let (both, signed) = add_cosignatures(&longer, second.as_bytes(), &keys).unwrap();
    assert_eq!(both, format!("{longer}{second}"));
    assert_eq!(signed[0], None);
    assert_eq!(signed[1].unwrap().timestamp, Some(8));
}

#[test]
fn lying_answers_are_refused() {
    let checkpoint = log().sign(TEXT);
    let one = witness("w1.example", 1);
    let keys = [one.verifier_key().clone()];
    let add = |answer: &[u8]| add_cosignatures(&checkpoint, answer, &keys).err();
    let malformed = Some(WitnessFault::Note(NoteFault::Malformed));
    let of_other = one
        .cosign(&TEXT.replace("20852163", "20852164"), 7)
        .unwrap();
    assert_eq!(
        add(of_other.as_bytes()),
        Some(WitnessFault::Note(NoteFault::Signature))
    );
    let line = one.cosign(TEXT, 7).unwrap();
    assert_eq!(add(line.trim_end().as_bytes()), malformed);
    assert_eq!(add(format!("{line}\n").as_bytes()), malformed);
    assert_eq!(
        add(format!("x\n\n{line}").as_bytes()),
        Some(WitnessFault::Malformed)
    );
    assert_eq!(
        add(format!("\n{line}").as_bytes()),
        Some(WitnessFault::Malformed)
    );
    assert_eq!(add(b""), malformed);
    assert_eq!(add(b"<html>\n"), malformed);
    assert_eq!(add(&[0xff]), Some(WitnessFault::Malformed));
    assert_eq!(
        add(&vec![b'x'; RESPONSE_BYTES_MAX + 1]),
        Some(WitnessFault::TooLong)
    );
    assert_eq!(
        add(&vec![b'x'; RESPONSE_BYTES_MAX]),
        Some(WitnessFault::Note(NoteFault::TooLong))
    );
    assert_eq!(
        add(line.repeat(65).as_bytes()),
        Some(WitnessFault::Note(NoteFault::TooLong))
    );
    assert!(add_cosignatures("nothing", line.as_bytes(), &keys).is_err());
}

#[test]
fn every_fault_has_a_hint() {
    for fault in [
        WitnessFault::Malformed,
        WitnessFault::TooLong,
        WitnessFault::Note(NoteFault::Malformed),
    ] {
        assert!(fault.hint().contains("check"), "{fault}");
    }
    assert_ne!(
        WitnessFault::Malformed.hint(),
        WitnessFault::Note(NoteFault::Signature).hint()
    );
}

proptest! {
    #[test]
    fn parsing_never_panics(bytes: Vec<u8>, text in "\\PC{0,40}") {
        let _ = AddCheckpoint::parse(&bytes);
        let _ = parse_conflict(&bytes);
        let _ = AddCheckpoint::parse(format!("old 1\n{text}\n\n{text}").as_bytes());
        let _ = add_cosignatures(&log().sign(TEXT), &bytes, &[]);
    }
}

fn log() -> Signer {
    Signer::from_seed("example.com/behind-the-sofa", &[3; 32]).unwrap()
}

fn witness(name: &str, seed: u8) -> Cosigner {
    Cosigner::ed25519(name, &[seed; 32]).unwrap()
}
