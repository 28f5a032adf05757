//! One flipped bit anywhere is found.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use wardgate_ledger::journal::frame::MARK_BYTES;
use wardgate_ledger::{Ledger, VerifyError, verify};

use crate::log::{append, closed, copy, extend, files, last_segment, open, patient, signer};

/// Every bit of a small ledger, one after another.
#[test]
fn every_bit_of_a_small_ledger_counts() {
    let directory = closed(3, &patient());
    let vkey = signer().vkey();
    for (name, bytes) in files(directory.path()) {
        let path = directory.path().join(&name);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            fs::write(&path, &other).unwrap();
            let verified = verify(directory.path(), &vkey);
            if name.extension().is_some_and(|end| end == "seg") && at + MARK_BYTES >= bytes.len() {
                // The mark behind the last batch says nothing about entries; it is not ignored.
                assert_eq!(verified.unwrap().unfinished_bytes, MARK_BYTES as u64);
                continue;
            }
            let error = verified.map(|_| name.clone()).unwrap_err();
            if name != Path::new("checkpoint") {
                assert!(
                    error.index().is_some_and(|index| index < 3),
                    "{name:?} {at}: {error}"
                );
            }
        }
        fs::write(&path, &bytes).unwrap();
        assert!(verify(directory.path(), &vkey).is_ok());
    }
}

#[test]
fn a_flip_at_random_in_a_larger_ledger_is_found_at_its_entry() {
    let options = wardgate_ledger::Options {
        segment_bytes: 8000,
        ..patient()
    };
    let directory = closed(600, &options);
    // Some more in batches of their own, so that flips hit many shapes.
    let (ledger, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
    for index in 600..620 {
        append(&ledger, index);
    }
    ledger.close().unwrap();
    let whole: Vec<_> = files(directory.path())
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    let vkey = signer().vkey();
    let last = last_segment(directory.path());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    };
    proptest!(config, |(file: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8)| {
        let (name, bytes) = file.get(&whole);
        let mut other = bytes.clone();
        let at = at.index(other.len());
        other[at] ^= 1 << bit;
        fs::write(directory.path().join(name), &other).unwrap();
        let error = verify(directory.path(), &vkey);
        fs::write(directory.path().join(name), bytes).unwrap();
        if *name == last && at + MARK_BYTES >= bytes.len() {
            prop_assert!(error.is_ok_and(|verified| verified.unfinished_bytes > 0));
            return Ok(());
        }
        let error = error.err().ok_or_else(|| TestCaseError::fail(format!("{name:?} byte {at} bit {bit}")))?;
        if let Some(covered) = covered(name, at) {
            prop_assert_eq!(error.index(), Some(covered), "{:?} byte {}: {}", name, at, error);
            let VerifyError::Bad { file, .. } = &error else { panic!("{error}") };
            prop_assert_eq!(Path::new(file), name.as_path());
        }
    });
    assert!(verify(directory.path(), &vkey).is_ok());
}

/// The first entry that a byte of a hash tile covers.
fn covered(name: &Path, at: usize) -> Option<u64> {
    let tile = wardgate_ledger::tile::Tile::parse(name.to_str()?)?;
    let wardgate_ledger::tile::Kind::Hashes(level) = tile.kind() else {
        return None;
    };
    Some((tile.index() * 256 + at as u64 / 32) << (8 * u32::from(level)))
}

#[test]
fn the_message_names_entry_and_file() {
    let directory = closed(300, &patient());
    let bundle = directory.path().join("tile/entries/001.p/44");
    let mut bytes = fs::read(&bundle).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bundle, &bytes).unwrap();
    let error = verify(directory.path(), &signer().vkey()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 299: `tile/entries/001.p/44` holds another entry than journal and hash tile"
    );
    assert!(!error.hint().is_empty());
}

#[test]
fn foreign_missing_and_longer_files_are_found() {
    let directory = closed(300, &patient());
    let whole = files(directory.path());
    for (name, bytes) in &whole {
        if name.ends_with("lock") {
            continue;
        }
        let mut less = whole.clone();
        less.remove(name);
        assert!(
            verify(copy(&less).path(), &signer().vkey()).is_err(),
            "without {name:?}"
        );
        if !name.starts_with("journal") {
            let mut more = whole.clone();
            more.insert(name.clone(), [bytes.as_slice(), b"0"].concat());
            assert!(
                verify(copy(&more).path(), &signer().vkey()).is_err(),
                "longer {name:?}"
            );
        }
    }
    for name in [
        "tile/0/001",
        "tile/3/000.p/1",
        "tile/0/000.p/257",
        "tile/entries/002.p/1",
        "tile/x",
    ] {
        let mut more = whole.clone();
        more.insert(name.into(), vec![0; 32]);
        let error = verify(copy(&more).path(), &signer().vkey()).unwrap_err();
        assert!(
            matches!(error, VerifyError::Foreign { .. }),
            "{name}: {error}"
        );
    }
}

/// Entries, tiles and journal rewritten together still do not fit the signature.
#[test]
fn a_whole_other_history_does_not_fit_the_signed_root() {
    let directory = closed(20, &patient());
    let other = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(other.path(), signer(), &patient()).unwrap();
    for index in 1..21u64 {
        crate::log::run(ledger.append([0; 32], crate::log::entry(index))).unwrap();
    }
    ledger.close().unwrap();
    let mut mixed = files(other.path());
    mixed.insert(
        "checkpoint".into(),
        fs::read(directory.path().join("checkpoint")).unwrap(),
    );
    let error = verify(copy(&mixed).path(), &signer().vkey()).unwrap_err();
    assert!(matches!(error, VerifyError::Root { size: 20 }), "{error}");
}

/// Verification runs beside a ledger that is being written.
#[test]
fn a_ledger_in_use_verifies() {
    let directory = closed(10, &patient());
    let ledger = open(directory.path());
    for size in [20, 300, 600] {
        extend(&ledger, size);
        let verified = verify(directory.path(), &signer().vkey()).unwrap();
        assert!(verified.size + verified.unpublished >= size);
    }
}
