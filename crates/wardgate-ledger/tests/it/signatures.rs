//! Checkpoints carry a signature of each key of the log.

use std::fs;
use std::path::Path;

use wardgate_ledger::checkpoint::CheckpointFault;
use wardgate_ledger::note::{Note, NoteFault};
use wardgate_ledger::prove::prove;
use wardgate_ledger::{Ledger, LedgerError, Options, Published, Signer, VerifyError, verify};

use crate::log::{append, closed, patient, signer};

const TIME: u64 = 1_700_000_000;

#[test]
fn a_checkpoint_verifies_with_both_keys() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), both(), &timed()).unwrap();
    append(&ledger, 0);
    ledger.close().unwrap();
    assert_eq!(times(directory.path()), [Some(None), Some(Some(TIME))]);
    assert_eq!(verify(directory.path(), &both().vkeys()).unwrap().size, 1);
    assert_eq!(verify(directory.path(), &both().vkey()).unwrap().size, 1);
    let proof = prove(directory.path(), &both().vkeys(), 0)
        .unwrap()
        .unwrap();
    assert!(proof.holds());
    let other = signer().with_ml_dsa_44(&[1; 32]).unwrap();
    let error = verify(directory.path(), &other.vkeys()).unwrap_err();
    assert!(is_unsigned(&error), "{error}");
}

#[test]
fn a_ledger_of_an_older_build_gets_its_second_signature() {
    // An older build had one key.
    let directory = closed(3, &patient());
    assert_eq!(times(directory.path()), [Some(None), None]);
    let error = verify(directory.path(), &both().vkeys()).unwrap_err();
    assert!(is_unsigned(&error), "{error}");
    let (ledger, recovery) = Ledger::open(directory.path(), both(), &timed()).unwrap();
    assert_eq!(recovery.size, 3);
    assert_eq!(times(directory.path()), [Some(None), Some(Some(TIME))]);
    append(&ledger, 3);
    ledger.close().unwrap();
    assert_eq!(verify(directory.path(), &both().vkeys()).unwrap().size, 4);
}

#[test]
fn a_bad_second_signature_refuses() {
    let directory = tempfile::tempdir().unwrap();
    Ledger::create(directory.path(), both(), &timed())
        .unwrap()
        .close()
        .unwrap();
    let path = directory.path().join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    // One letter in the middle of the last line: the signature, not its key.
    let at = note.len() - 1000;
    let letter = if &note[at..=at] == "A" { "B" } else { "A" };
    fs::write(&path, format!("{}{letter}{}", &note[..at], &note[at + 1..])).unwrap();
    let error = Ledger::open(directory.path(), both(), &timed()).err();
    let expected = CheckpointFault::Note(NoteFault::Signature);
    assert!(matches!(error, Some(LedgerError::Checkpoint(fault)) if fault == expected));
    let keys: Vec<_> = both().verifier_keys().cloned().collect();
    assert!(Published::open(directory.path(), &keys).is_err());
    assert!(Published::open(directory.path(), &keys[..1]).is_ok());
}

fn both() -> Signer {
    signer().with_ml_dsa_44(&[43; 32]).unwrap()
}

fn timed() -> Options {
    Options {
        clock: || TIME,
        ..patient()
    }
}

/// Per key of `both`: whether it has signed the checkpoint, and at what time.
fn times(directory: &Path) -> Vec<Option<Option<u64>>> {
    let note = fs::read(directory.join("checkpoint")).unwrap();
    let note = Note::parse(&note).unwrap();
    both()
        .verifier_keys()
        .map(|key| note.signed_by(key).unwrap().map(|signed| signed.timestamp))
        .collect()
}

fn is_unsigned(error: &VerifyError) -> bool {
    let expected = CheckpointFault::Note(NoteFault::NotSigned);
    matches!(error, VerifyError::Checkpoint(fault) if *fault == expected)
}
