//! The read-only view beside a ledger that is in use.

use std::fs;

use wardgate_ledger::note::VerifierKey;
use wardgate_ledger::{Ledger, Options, Published, Signer, VerifyError};

use crate::log::{closed, entry, extend, patient, signer};

fn key() -> VerifierKey {
    signer().verifier_key().clone()
}

#[test]
fn it_reads_and_proves_while_the_ledger_is_in_use() {
    let directory = closed(600, &patient());
    let (ledger, _) = Ledger::open(directory.path(), signer(), &patient()).unwrap();
    extend(&ledger, 700);
    let published = Published::open(directory.path(), &[key()]).unwrap();
    assert_eq!((published.size(), published.minimum()), (600, 0));
    assert_eq!(published.checkpoint().origin, signer().name());
    assert_eq!(
        published.note(),
        fs::read(directory.path().join("checkpoint")).unwrap()
    );
    let forwards = published.entries(..).map(|read| read.unwrap());
    assert!(forwards.eq((0..600).map(|index| (index, entry(index)))));
    let backwards = published.entries(..).rev().map(|read| read.unwrap());
    assert!(backwards.eq((0..600).rev().map(|index| (index, entry(index)))));
    for index in [0, 255, 256, 511, 512, 599] {
        assert_eq!(published.read(index).unwrap(), Some(entry(index)));
        let proof = published.prove(index).unwrap().unwrap();
        assert!(proof.holds());
        assert_eq!(
            proof.leaf_hash,
            wardgate_ledger::tree::leaf_hash(&entry(index))
        );
    }
    assert_eq!(published.read(600).unwrap(), None);
    assert_eq!(published.prove(600).unwrap(), None);
    ledger.close().unwrap();
    let published = Published::open(directory.path(), &[key()]).unwrap();
    assert_eq!(published.size(), 700);
}

#[test]
fn both_ends_meet_without_gap_or_overlap() {
    let directory = closed(700, &patient());
    let published = Published::open(directory.path(), &[key()]).unwrap();
    for range in [0..700, 200..650, 100..101, 300..400, 255..257, 690..1000] {
        let mut both = published.entries(range.clone());
        let (mut front, mut back) = (Vec::new(), Vec::new());
        // Three from the front for one from the back, until nothing is left.
        while let Some(read) = both.next() {
            front.push(read.unwrap());
            if front.len() % 3 == 0 {
                back.extend(both.next_back().map(|read| read.unwrap()));
            }
        }
        front.extend(back.into_iter().rev());
        let expected = (range.start..range.end.min(700)).map(|index| (index, entry(index)));
        assert!(front.into_iter().eq(expected), "{range:?}");
    }
}

/// What was opened before stays readable while unfinished tiles fill up and go away.
#[test]
fn an_older_view_stays_readable() {
    let directory = closed(300, &patient());
    let older = Published::open(directory.path(), &[key()]).unwrap();
    let options = Options {
        publish_after_ms: 1,
        ..Options::default()
    };
    let (ledger, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
    extend(&ledger, 1000);
    ledger.close().unwrap();
    assert_eq!(older.entries(..).count(), 300);
    assert!(older.entries(..).all(|read| read.is_ok()));
    assert!(older.prove(299).unwrap().unwrap().holds());
}

#[test]
fn damage_and_other_keys_are_refused() {
    let directory = closed(300, &patient());
    let other = Signer::from_seed(signer().name(), &[1; 32]).unwrap();
    let other = other.verifier_key().clone();
    assert!(matches!(
        Published::open(directory.path(), &[]),
        Err(VerifyError::NoKey)
    ));
    for keys in [vec![other.clone()], vec![key(), other]] {
        let error = Published::open(directory.path(), &keys).err().unwrap();
        assert!(matches!(error, VerifyError::Checkpoint(_)), "{error}");
    }
    let published = Published::open(directory.path(), &[key()]).unwrap();
    let bundle = directory.path().join("tile/entries/001.p/44");
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bundle, &bytes).unwrap();
    let mut entries = published.entries(290..);
    let error = entries.next().unwrap().unwrap_err();
    assert_eq!(error.index(), Some(299), "{error}");
    assert!(entries.next().is_none(), "nothing follows an error");
    fs::remove_file(&bundle).unwrap();
    assert!(published.read(299).is_err());
    assert_eq!(published.read(255).unwrap(), Some(entry(255)));
}
