//! The ledger's readers: segments, bundles, notes, checkpoints, keys and tile paths. Nothing that is
//! read from damaged bytes differs from what was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_ledger::bundle;
use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::journal::frame::{SegmentHeader, scan, write_batch};
use wardgate_ledger::note::{Note, VerifierKey};
use wardgate_ledger::tile::Tile;

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    match kind % 5 {
        0 => {
            let _ = scan(rest, |_, frame| assert!(frame.payload.len() <= rest.len()));
        }
        1 => damaged_segment(rest),
        2 => entries(rest),
        3 => {
            let _ = Note::parse(rest);
            if let Ok(text) = std::str::from_utf8(rest) {
                let _ = VerifierKey::parse(text);
                if let Ok(checkpoint) = Checkpoint::parse(text) {
                    let again = Checkpoint::parse(&checkpoint.text()).expect("it is one");
                    assert_eq!(again.text(), checkpoint.text());
                }
            }
        }
        _ => {
            if let Some(tile) = std::str::from_utf8(rest).ok().and_then(Tile::parse) {
                assert!(tile.width() >= 1 && tile.width() <= 256);
            }
        }
    }
});

/// Bundles: what is read, written again, is what was read.
fn entries(bytes: &[u8]) {
    let mut again = Vec::new();
    let mut whole = true;
    for entry in bundle::entries(bytes) {
        match entry {
            Ok(entry) => bundle::push(&mut again, entry).expect("it was in one"),
            Err(_) => whole = false,
        }
    }
    assert!(bytes.starts_with(&again));
    assert!(!whole || again == bytes);
}

/// A written segment with some bytes changed: records come back as written, in order, or not at all.
fn damaged_segment(bytes: &[u8]) {
    let Some((changes, payload)) = bytes.split_at_checked(6) else {
        return;
    };
    let payloads: Vec<&[u8]> = payload.chunks(29).collect();
    let mut segment = SegmentHeader {
        number: 3,
        first_ordinal: 40,
        previous_bytes: 7,
        epoch: 1,
    }
    .to_bytes();
    let mut ordinal = 40;
    for batch in payloads.chunks(3) {
        let at = segment.len() as u64;
        write_batch(batch.iter().copied(), ordinal, (3, at), &mut segment).expect("it is short");
        ordinal += batch.len() as u64;
    }
    let scanned = scan(&segment, |_, _| {}).expect("it is not damaged");
    assert_eq!(scanned.end, segment.len() as u64);
    assert_eq!(scanned.next_ordinal, ordinal);
    for change in changes.chunks(2) {
        let at = usize::from(change[0]) * segment.len() / 256;
        segment[at] ^= change[1];
    }
    let _ = scan(&segment, |ordinal, frame| {
        let index = usize::try_from(ordinal - 40).expect("it is small");
        assert_eq!(frame.payload, payloads[index]);
    });
}
