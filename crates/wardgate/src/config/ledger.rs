//! Limits of the ledger.

use wardgate_ledger::Options;

use super::fields::Reader;

pub(super) fn read(reader: &Reader) -> Option<Options> {
    let otherwise = Options::default();
    let section = reader.section("ledger");
    let publish_after_ms = section.number(
        "publish_after_ms",
        otherwise.publish_after_ms,
        1..=1_000,
        "Milliseconds that a durable entry may wait for its tile and checkpoint.",
    );
    let segment_bytes = section.number(
        "segment_bytes",
        otherwise.segment_bytes,
        1 << 20..=1 << 30,
        "Bytes at which a file of the journal is followed by a new one.",
    );
    let queue_entries_max = section.number(
        "queue_entries_max",
        otherwise.queue_entries_max,
        16..=65_536,
        "Entries that may wait for the disk; beyond that calls wait, then are refused.",
    );
    let reserve_bytes = section.number(
        "reserve_bytes",
        otherwise.reserve_bytes,
        0..=1 << 30,
        "Bytes kept free on the volume for the last entries before it is full; 0 for none.",
    );
    let journal_keep_segments = section.number(
        "journal_keep_segments",
        otherwise.journal_keep_segments,
        0..=65_536,
        "Published files of the journal that are kept beside the tiles; 0 keeps all.",
    );
    section.end();
    Some(Options {
        publish_after_ms: publish_after_ms?,
        segment_bytes: segment_bytes?,
        queue_entries_max: queue_entries_max?,
        reserve_bytes: reserve_bytes?,
        journal_keep_segments: journal_keep_segments?,
        ..otherwise
    })
}
