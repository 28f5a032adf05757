use std::convert::Infallible;

use proptest::prelude::*;
use wardgate_tlog::cosignature::Cosigner;
use wardgate_tlog::note::Signer;
use wardgate_tlog::tree::{Frontier, consistency_proof, leaf_hash};
use wardgate_tlog::witness::{add_cosignatures, conflict_body};

use super::*;
use crate::witness::state::{Witness, WitnessError, create};

/// A log of up to 256 entries that may tell two stories.
struct Log {
    signer: Signer,
    salt: u8,
}

impl Log {
    fn new(origin: &str) -> Self {
        let signer = Signer::from_seed(origin, &[7; 32]).unwrap();
        Self { signer, salt: 0 }
    }

    fn leaf(&self, index: u64) -> Hash {
        // The stories differ from the fourth entry on.
        let salt = if index < 3 { 0 } else { self.salt };
        leaf_hash(&[salt, u8::try_from(index).unwrap()])
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        let mut frontier = Frontier::new();
        for index in 0..size {
            frontier.push(self.leaf(index), &mut |_| {});
        }
        Checkpoint {
            origin: self.signer.name().to_owned(),
            size,
            root: frontier.root(),
        }
    }

    fn request(&self, old: u64, size: u64) -> Vec<u8> {
        self.request_by(&self.signer, old, size)
    }

    fn request_by(&self, signer: &Signer, old: u64, size: u64) -> Vec<u8> {
        let proof = consistency_proof(old, size, &mut |level, range| {
            assert_eq!(level, 0);
            Ok::<_, Infallible>(range.map(|index| self.leaf(index)).collect())
        });
        let request = AddCheckpoint {
            old_size: old,
            proof: proof.unwrap(),
            checkpoint: self.checkpoint(size).sign(signer, 1).unwrap(),
        };
        request.body().unwrap().into_bytes()
    }

    fn cosigned(&self, size: u64) -> Cosigned {
        Cosigned {
            size,
            root: self.checkpoint(size).root,
            time: 5,
        }
    }
}

fn status(body: &[u8], log: &Log, last: Cosigned) -> u16 {
    let keys = [log.signer.verifier_key().clone()];
    judge(body, &keys, |_| Ok::<_, Infallible>(last))
        .unwrap()
        .status()
}

#[test]
fn a_log_that_grows_is_cosigned() {
    let log = Log::new("log.example/a");
    for (old, size) in [(0, 0), (0, 7), (3, 7), (4, 8), (7, 7), (7, 200)] {
        let last = if old == 0 {
            Cosigned::nothing()
        } else {
            log.cosigned(old)
        };
        assert_eq!(
            status(&log.request(old, size), &log, last),
            200,
            "{old} {size}"
        );
    }
}

#[test]
fn every_refusal_has_the_status_of_the_specification() {
    let log = Log::new("log.example/a");
    let last = log.cosigned(5);
    // Unknown origin, before anything is said about its signature.
    let stranger = Log::new("log.example/b");
    assert_eq!(status(&stranger.request(5, 9), &log, last), 404);
    // The right origin, signed by another key of the same name.
    let forger = Signer::from_seed("log.example/a", &[8; 32]).unwrap();
    assert_eq!(status(&log.request_by(&forger, 5, 9), &log, last), 403);
    // An old size above the new one.
    let text = String::from_utf8(log.request(0, 4)).unwrap();
    let above = text.replacen("old 0", "old 5", 1);
    assert_eq!(status(above.as_bytes(), &log, last), 400);
    for malformed in [
        &b""[..],
        b"old 5",
        b"old 05\n\n",
        b"old 5\n\nno note\n",
        b"\xff",
    ] {
        assert_eq!(status(malformed, &log, last), 400, "{malformed:?}");
    }
    // Another old size than the one cosigned, smaller and larger.
    assert_eq!(status(&log.request(0, 9), &log, last), 409);
    assert_eq!(status(&log.request(6, 9), &log, last), 409);
    // A smaller tree than the one cosigned.
    assert_eq!(status(&log.request(4, 4), &log, last), 409);
    // Another tree of the same size.
    let mut liar = Log::new("log.example/a");
    liar.salt = 1;
    assert_eq!(status(&liar.request(5, 5), &log, last), 409);
    // A tree that does not continue the one cosigned.
    assert_eq!(status(&liar.request(5, 9), &log, last), 422);
    // A proof where none belongs.
    let body = String::from_utf8(log.request(5, 5)).unwrap();
    let line = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let padded = body.replacen("old 5\n", &format!("old 5\n{line}\n"), 1);
    assert_eq!(status(padded.as_bytes(), &log, last), 422);
}

#[test]
fn a_bad_signature_of_one_key_does_not_hide_a_good_one_of_another() {
    let log = Log::new("log.example/a");
    let other = Signer::from_seed("log.example/a", &[9; 32]).unwrap();
    let body = String::from_utf8(log.request(0, 4)).unwrap();
    let forged = log.checkpoint(5).sign(&other, 1).unwrap();
    let line = forged.lines().last().unwrap();
    let both = format!("{body}{line}\n");
    let keys = [
        other.verifier_key().clone(),
        log.signer.verifier_key().clone(),
    ];
    let nothing = |_: &str| Ok::<_, Infallible>(Cosigned::nothing());
    assert_eq!(
        judge(both.as_bytes(), &keys, nothing).unwrap().status(),
        200
    );
}

fn witness(directory: &std::path::Path, log: &Log) -> Witness {
    let witness = create(directory, "witness.example/w", (&[1; 32], &[2; 32])).unwrap();
    witness
        .add_logs(&[log.signer.verifier_key().clone()])
        .unwrap();
    witness
}

#[test]
fn what_was_cosigned_is_recorded_first_and_outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::new("log.example/a");
    let mut first = witness(directory.path(), &log);
    let answer = first.add_checkpoint(&log.request(0, 9), 100).unwrap();
    assert_eq!(answer.status, 200);
    let note = log.checkpoint(9).sign(&log.signer, 1).unwrap();
    let keys: Vec<_> = first.verifier_keys().cloned().collect();
    let (_, signed) = add_cosignatures(&note, answer.body.as_bytes(), &keys).unwrap();
    assert!(signed.iter().all(Option::is_some) && signed.len() == 2);
    drop(first);

    let mut again = Witness::open_to_serve(directory.path()).unwrap();
    assert_eq!(again.last("log.example/a").unwrap().size, 9);
    let answer = again.add_checkpoint(&log.request(0, 12), 101).unwrap();
    assert_eq!((answer.status, answer.body), (409, conflict_body(9)));
    assert_eq!(answer.media_type, "text/x.tlog.size");
    let second = Witness::open_to_serve(directory.path());
    assert!(matches!(second, Err(WitnessError::InUse { .. })));
}

#[test]
fn a_clock_that_jumps_back_does_not_take_the_time_of_cosignatures_back() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::new("log.example/a");
    let mut witness = witness(directory.path(), &log);
    let mut times = Vec::new();
    for (old, size, now) in [(0, 4, 1_000), (4, 5, 10), (5, 5, 999), (5, 6, 2_000)] {
        let answer = witness
            .add_checkpoint(&log.request(old, size), now)
            .unwrap();
        assert_eq!(answer.status, 200);
        times.push(witness.last("log.example/a").unwrap().time);
    }
    assert_eq!(times, [1_000, 1_000, 1_000, 2_000]);
}

#[test]
fn a_state_that_does_not_read_cosigns_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::new("log.example/a");
    let mut witness = witness(directory.path(), &log);
    witness.add_checkpoint(&log.request(0, 9), 100).unwrap();
    let states = directory.path().join("cosigned");
    let file = std::fs::read_dir(states).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), "log.example/a\n").unwrap();
    let answer = witness.add_checkpoint(&log.request(9, 10), 100);
    assert!(matches!(answer, Err(WitnessError::State { .. })));
}

#[test]
fn keys_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    witness(directory.path(), &Log::new("log.example/a"));
    let key = directory.path().join("key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();
    let opened = Witness::open(directory.path());
    assert!(matches!(opened, Err(WitnessError::Exposed { .. })));
}

#[test]
fn a_witness_is_never_made_over_another_nor_under_a_bad_name() {
    let directory = tempfile::tempdir().unwrap();
    let again = directory.path().join("w");
    let bad = create(&again, "two words", (&[1; 32], &[2; 32]));
    assert!(matches!(bad, Err(WitnessError::Name(_))));
    assert!(!again.exists());
    create(&again, "w", (&[1; 32], &[2; 32])).unwrap();
    let second = create(&again, "w", (&[1; 32], &[2; 32]));
    assert!(matches!(second, Err(WitnessError::Exists { .. })));
}

proptest! {
    #[test]
    fn whatever_is_sent_only_a_larger_or_equal_tree_is_cosigned(
        at in 0usize..600,
        to: u8,
        old in 0u64..12,
        size in 0u64..12,
    ) {
        let log = Log::new("log.example/a");
        let last = log.cosigned(5);
        let mut body = log.request(old.min(size), size);
        let at = at % body.len();
        body[at] = to;
        let keys = [log.signer.verifier_key().clone()];
        let verdict = judge(&body, &keys, |_| Ok::<_, Infallible>(last)).unwrap();
        if let Verdict::Cosign(accepted) = verdict {
            prop_assert!(accepted.checkpoint.size >= 5);
            let mut cosigner = Cosigner::ed25519("w", &[1; 32]).unwrap().cosign(&accepted.text, 1);
            prop_assert!(cosigner.is_ok());
            cosigner = Cosigner::ml_dsa_44("w", &[1; 32]).unwrap().cosign(&accepted.text, 1);
            prop_assert!(cosigner.is_ok());
        }
    }
}
