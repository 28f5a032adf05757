//! Copies in a directory: complete, in order, only ever longer.

use std::fs;

use wardgate_anchor::copies::{Brought, CopyFault, Target};
use wardgate_ledger::verify;

use crate::log::Log;

fn bring(log: &Log, target: &Target) -> Result<Brought, CopyFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { target.open()?.bring(&log.tree(), &log.key()).await })
}

#[test]
fn a_copy_verifies_by_itself_and_grows() {
    let place = tempfile::tempdir().unwrap();
    let target = Target::Directory(place.path().to_owned());
    let log = Log::new(1, 0);
    assert_eq!(bring(&log, &target).unwrap().size, 0);
    for size in [5, 256, 700] {
        log.grow_to(size);
        let brought = bring(&log, &target).unwrap();
        assert!(brought.created > 0);
        assert_eq!(brought.size, size);
        let key = log.key().to_string();
        assert_eq!(verify(place.path(), &key).unwrap().size, size);
        let again = bring(&log, &target).unwrap();
        assert_eq!(again, Brought { size, created: 0 });
    }
}

#[test]
fn an_interrupted_run_leaves_the_old_copy_good_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let target = Target::Directory(place.path().to_owned());
    let log = Log::new(1, 0);
    log.grow_to(300);
    bring(&log, &target).unwrap();
    let before = fs::read(place.path().join("checkpoint")).unwrap();
    log.grow_to(1_200);
    // A file in the way of a later bundle's directory: the run ends in the middle.
    let bundles = place.path().join("tile/entries");
    let blocked = bundles.join("003");
    fs::create_dir_all(&blocked).unwrap();
    assert!(bring(&log, &target).is_err());
    assert!(bundles.join("001").is_file() && bundles.join("002").is_file());
    assert!(!bundles.join("004.p").exists());
    assert_eq!(fs::read(place.path().join("checkpoint")).unwrap(), before);

    fs::remove_dir(&blocked).unwrap();
    let brought = bring(&log, &target).unwrap();
    // Bundles 1 and 2 with their hash tiles were there; 3, and the unfinished ones, were not.
    assert_eq!((brought.size, brought.created), (1_200, 5));
    let key = log.key().to_string();
    assert_eq!(verify(place.path(), &key).unwrap().size, 1_200);
}

#[test]
fn a_rolled_back_or_other_ledger_changes_nothing_in_a_copy() {
    let place = tempfile::tempdir().unwrap();
    let target = Target::Directory(place.path().to_owned());
    let log = Log::new(1, 0);
    log.grow_to(20);
    let aside = tempfile::tempdir().unwrap();
    Log::copy(&log.directory(), aside.path());
    log.grow_to(40);
    bring(&log, &target).unwrap();
    let note = fs::read(place.path().join("checkpoint")).unwrap();
    // An old backup put back.
    Log::copy(aside.path(), &log.directory());
    let fault = bring(&log, &target).unwrap_err();
    assert!(
        matches!(fault, CopyFault::Ahead { size: 40, ours: 20 }),
        "{fault}"
    );
    // It went on differently since.
    let other = Log::new(1, 9);
    other.grow_to(60);
    let fault = bring(&other, &target).unwrap_err();
    assert!(
        matches!(fault, CopyFault::Different { size: 40 }),
        "{fault}"
    );
    // A ledger of somebody else.
    let foreign = Log::new(2, 0);
    foreign.grow_to(60);
    let fault = bring(&foreign, &target).unwrap_err();
    assert!(matches!(fault, CopyFault::Foreign(_)), "{fault}");
    assert!(fault.is_contradiction());
    assert_eq!(fs::read(place.path().join("checkpoint")).unwrap(), note);
}

#[test]
fn an_object_that_was_altered_is_found_not_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let target = Target::Directory(place.path().to_owned());
    let log = Log::new(1, 0);
    log.grow_to(10);
    let planted = place.path().join("tile/entries/000.p");
    fs::create_dir_all(&planted).unwrap();
    fs::write(planted.join("10"), b"planted").unwrap();
    let fault = bring(&log, &target).unwrap_err();
    assert!(matches!(fault, CopyFault::Altered { .. }), "{fault}");
    assert_eq!(fs::read(planted.join("10")).unwrap(), b"planted");
    assert!(!place.path().join("checkpoint").exists());
}

#[test]
fn a_volume_that_is_not_mounted_is_not_made() {
    let place = tempfile::tempdir().unwrap();
    let gone = place.path().join("volume");
    let fault = bring(&Log::new(1, 0), &Target::Directory(gone.clone())).unwrap_err();
    assert!(!fault.is_contradiction());
    assert!(!gone.exists());
}
