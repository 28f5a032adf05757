use proptest::prelude::*;

use super::*;
use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::note::{NoteFault, Signer};
use crate::tree::node_hash;

const ENTRIES: [&[u8]; 3] = [b"a", b"b", b"c"];

#[test]
fn a_proof_reads_back_and_holds() {
    let proof = proof(1);
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"));
    assert_eq!(Proof::parse(text.as_bytes()), Ok(proof.clone()));
    let accepted = proof.check(b"b", &policy()).unwrap();
    assert_eq!(accepted.checkpoint.size, 3);
    let extra = Proof {
        extra: Some(b"more".to_vec()),
        ..proof
    };
    let text = extra.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 1\n"));
    assert_eq!(Proof::parse(text.as_bytes()), Ok(extra));
}

/// The example of the specification with its elisions filled in.
#[test]
fn the_example_of_the_specification_reads() {
    let text = "c2sp.org/tlog-proof@v1\n\
        extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJtAAA\n\
        index 73894\n\
        gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\
        B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n\
        EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n\
        RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n\
        AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\
        \n\
        example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\
        \n\
        — example.com/fancylog hI2DJwAA\n";
    let proof = Proof::parse(text.as_bytes()).unwrap();
    assert_eq!((proof.index, proof.path.len()), (73_894, 5));
    assert_eq!(proof.path[0][0], 0x81);
    assert!(
        proof
            .checkpoint
            .starts_with("example.com/fancylog\n109482\n")
    );
    assert_eq!(proof.to_string(), text);
}

#[test]
fn only_the_entry_at_its_index_is_proven() {
    let policy = policy();
    for (at, entry) in ENTRIES.iter().enumerate() {
        let good = proof(at);
        assert!(good.check(entry, &policy).is_ok());
        let not_included = Err(ProofFault::NotIncluded { index: at as u64 });
        assert_eq!(good.check(b"d", &policy), not_included);
        for other in 0..3 {
            let moved = Proof {
                index: other as u64,
                ..good.clone()
            };
            assert_eq!(moved.check(entry, &policy).is_ok(), other == at);
        }
        let outside = Proof { index: 3, ..good };
        assert_eq!(
            outside.check(entry, &policy),
            Err(ProofFault::Outside { index: 3, size: 3 })
        );
    }
}

#[test]
fn the_policy_decides_on_the_checkpoint() {
    let other = Policy::parse(b"quorum none\n").unwrap();
    assert_eq!(
        proof(0).check(b"a", &other),
        Err(ProofFault::Checkpoint(Rejection::Log))
    );
    let mut forged = proof(0);
    forged.checkpoint = forged.checkpoint.replace("\n3\n", "\n4\n");
    assert_eq!(
        forged.check(b"a", &policy()),
        Err(Rejection::Note(NoteFault::Signature).into())
    );
    let mut text = proof(0);
    text.checkpoint = signer().sign("text\n");
    assert_eq!(
        text.check(b"a", &policy()),
        Err(Rejection::Checkpoint(CheckpointFault::Malformed).into())
    );
}

#[test]
fn malformed_proofs_are_refused() {
    let text = proof(1).to_string();
    for bad in [
        String::new(),
        text.replace("@v1", "@v2"),
        text.replace("index 1", "index 01"),
        text.replace("index 1", "index"),
        text.replace("index 1", "Index 1"),
        text.replace("index 1", "index -1"),
        text.replace("index 1\n", ""),
        text.replace("index 1", "index 1\nextra bW9yZQ=="),
        text.replace("index 1", "extra bW9yZQ\nindex 1"),
        text.replace("index 1", "extra bW9yZQ==\nextra bW9yZQ==\nindex 1"),
        text.replace("index 1\n", "index 1\nAAAA\n"),
        text.replace("index 1\n", "index 1\r\n"),
        text.replacen("\n\n", "\n", 1).replacen("\n\n", "\n", 1),
        text.replace("c2sp", " c2sp"),
    ] {
        assert_eq!(
            Proof::parse(bad.as_bytes()),
            Err(ProofFault::Malformed),
            "{bad}"
        );
    }
    assert_eq!(Proof::parse(&[0xff]), Err(ProofFault::Malformed));
    assert_eq!(
        Proof::parse(&vec![b'a'; PROOF_BYTES_MAX + 1]),
        Err(ProofFault::TooLong)
    );
    assert_eq!(
        Proof::parse(&vec![b'a'; PROOF_BYTES_MAX]),
        Err(ProofFault::Malformed)
    );
    let long = |hashes| Proof {
        path: vec![[0; 32]; hashes],
        ..proof(0)
    };
    assert!(Proof::parse(long(PATH_HASHES_MAX).to_string().as_bytes()).is_ok());
    assert_eq!(
        Proof::parse(long(PATH_HASHES_MAX + 1).to_string().as_bytes()),
        Err(ProofFault::TooLong)
    );
}

#[test]
fn every_fault_has_a_hint() {
    assert!(ProofFault::Malformed.hint().contains("whole proof"));
    assert!(ProofFault::TooLong.hint().contains("whole proof"));
    let (index, size) = (1, 1);
    let outside = ProofFault::Outside { index, size };
    assert!(outside.hint().contains("exact bytes"));
    let policy = ProofFault::Checkpoint(Rejection::Log);
    assert_eq!(policy.hint(), Rejection::Log.hint());
}

proptest! {
    #[test]
    fn what_reads_is_written_the_same(
        index: u64,
        extra: Option<Vec<u8>>,
        path in prop::collection::vec(any::<[u8; 32]>(), 0..=64),
    ) {
        let proof = Proof { extra, index, path, ..proof(0) };
        prop_assert_eq!(Proof::parse(proof.to_string().as_bytes()), Ok(proof));
    }

    #[test]
    fn one_flipped_bit_never_proves(at: prop::sample::Index, bit in 0u8..8) {
        let mut text = proof(2).to_string().into_bytes();
        let at = at.index(text.len());
        text[at] ^= 1 << bit;
        let checked = Proof::parse(&text).and_then(|proof| proof.check(b"c", &policy()));
        prop_assert!(checked.is_err());
    }

    #[test]
    fn parsing_never_panics(bytes: Vec<u8>, text in "\\PC{0,40}") {
        let _ = Proof::parse(&bytes);
        let _ = Proof::parse(format!("{FIRST_LINE}{text}\n\n{text}").as_bytes());
    }
}

fn signer() -> Signer {
    Signer::from_seed("log.example", &[7; 32]).unwrap()
}

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", signer().vkey()).as_bytes()).unwrap()
}

/// The proof of one of three entries.
fn proof(at: usize) -> Proof {
    let [a, b, c] = ENTRIES.map(leaf_hash);
    let (left, root) = (node_hash(&a, &b), node_hash(&node_hash(&a, &b), &c));
    let checkpoint = Checkpoint {
        origin: "log.example".to_owned(),
        size: 3,
        root,
    };
    Proof {
        extra: None,
        index: at as u64,
        path: [vec![b, c], vec![a, c], vec![left]][at].clone(),
        checkpoint: signer().sign(&checkpoint.text()),
    }
}
