//! Whether the ledger verifies, is ours, and agrees with the clock.

use std::fs::{self, File, TryLockError};

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::bundle;
use wardgate_ledger::tile::{Kind, Tile};
use wardgate_ledger::{Published, Signer, Verified, verify};
use wardgate_records::events::StoredEvent;
use wardgate_vault::Vault;

use super::Finding;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::wiring;

/// Whether a process has the ledger open.
pub(super) fn is_held(dir: &DataDir) -> bool {
    let lock = File::open(dir.ledger().join(JOURNAL).join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Findings, and what was verified.
pub(super) fn check(
    dir: &DataDir,
    config: &Config,
    vault: &Vault,
) -> (Vec<Finding>, Option<Verified>) {
    let signer = match wiring::ledger_signer(vault, &config.node.name) {
        Ok(signer) => signer,
        Err(failure) => return (vec![Finding::of_failure("ledger", &failure)], None),
    };
    let mut findings = Vec::new();
    let mut sound = None;
    match verify(&dir.ledger(), &signer.vkey()) {
        Ok(verified) => {
            let size = verified.size;
            findings.push(Finding::ok(
                "ledger",
                format!("{size} entries verify, signed by our key"),
            ));
            findings.push(check_clock(dir, &verified, wiring::now()));
            findings.extend(check_second_signature(dir, &signer));
            sound = Some(verified);
        }
        Err(error) => findings.push(Finding::of_failure("ledger", &Failure::from(error))),
    }
    let keys = signer.vkeys();
    match fs::read_to_string(dir.ledger_key()) {
        Ok(written) if written == keys => {}
        _ => findings.push(Finding::warn(
            "ledger key",
            format!("`{}` does not hold our key", dir.ledger_key().display()),
            format!("write these lines into it:\n{keys}"),
        )),
    }
    (findings, sound)
}

/// A ledger of an older build has one signature until it is opened.
fn check_second_signature(dir: &DataDir, signer: &Signer) -> Option<Finding> {
    let keys: Vec<_> = signer.verifier_keys().cloned().collect();
    let opened = Published::open(&dir.ledger(), &keys);
    opened.is_err().then(|| {
        Finding::warn(
            "ledger signature",
            "the checkpoint is not yet signed by our ML-DSA-44 key",
            "start the server: it signs the next checkpoint with both keys",
        )
    })
}

/// Entries of the future mean that the clock went back.
fn check_clock(dir: &DataDir, verified: &Verified, now: Timestamp) -> Finding {
    let Some(last) = last_entry(dir, verified.size) else {
        return Finding::ok("clock", "no entry to compare with yet");
    };
    let ahead = last.duration_since(now);
    if ahead > CLOCK_TOLERANCE {
        return Finding::fail(
            "clock",
            format!("the last ledger entry is of {last}, which is still to come"),
            "set the clock: times decide whether agreements and trainings hold",
        );
    }
    Finding::ok("clock", "is not behind the last ledger entry")
}

/// When the last published entry was written.
fn last_entry(dir: &DataDir, size: u64) -> Option<Timestamp> {
    let last = size.checked_sub(1)?;
    let width = u16::try_from(last % ENTRIES_PER_BUNDLE + 1).ok()?;
    let tile = Tile::new(Kind::Entries, last / ENTRIES_PER_BUNDLE, width)?;
    let bundle = fs::read(dir.ledger().join(tile.to_string())).ok()?;
    let entry = bundle::entries(&bundle).last()?.ok()?;
    Some(StoredEvent::parse(entry).ok()?.at)
}

const JOURNAL: &str = "journal";
const LOCK: &str = "lock";
const ENTRIES_PER_BUNDLE: u64 = 256;
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
