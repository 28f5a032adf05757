//! Whether the records in the database are those that the ledger was told of.

use std::collections::BTreeMap;
use std::fs;

use wardgate_ledger::bundle;
use wardgate_ledger::tile::{Kind, Tile};
use wardgate_records::HeldRecord;
use wardgate_records::events::{EventKind, StoredEvent};

use super::Finding;
use crate::data_dir::DataDir;

/// Compares each record with the last entry about it. `waiting` is whether changes may not have
/// reached the published ledger yet.
pub(super) fn check(dir: &DataDir, held: &[HeldRecord], size: u64, waiting: bool) -> Finding {
    let told = told(dir, size);
    let mut apart = Vec::new();
    for record in held {
        let name = (record.kind.clone(), record.id.clone());
        let agrees = match told.last.get(&name) {
            Some(last) if last.version == record.version => last.digest == record.digest,
            // A newer version may be on its way; an older one was put back.
            Some(last) => waiting && record.version > last.version,
            None => waiting || !told.whole,
        };
        if !agrees {
            apart.push(name);
        }
    }
    let here = |name: &(String, String)| {
        held.iter()
            .any(|record| record.kind == name.0 && record.id == name.1)
    };
    apart.extend(told.last.keys().filter(|name| !here(name)).cloned());
    let names: Vec<String> = apart
        .iter()
        .map(|(kind, id)| format!("`{kind}/{id}`"))
        .collect();
    match names.first() {
        None => Finding::ok(CHECK, format!("{} agree with the ledger", held.len())),
        Some(first) => Finding::fail(
            CHECK,
            format!(
                "{first} is not what the ledger was told, nor are {} others",
                names.len() - 1
            ),
            "the database was changed outside of Wardgate: find out by whom, then apply the \
             declared records again",
        ),
    }
}

/// What the ledger says last of each record that it tells with a digest.
struct Told {
    last: BTreeMap<(String, String), Last>,
    /// False when the oldest entries are pruned.
    whole: bool,
}

struct Last {
    version: u64,
    digest: [u8; 32],
}

fn told(dir: &DataDir, size: u64) -> Told {
    let mut told = Told {
        last: BTreeMap::new(),
        whole: true,
    };
    let mut first = 0;
    while first < size {
        let width = (size - first).min(ENTRIES_PER_BUNDLE);
        let tile = u16::try_from(width)
            .ok()
            .and_then(|width| Tile::new(Kind::Entries, first / ENTRIES_PER_BUNDLE, width));
        let read = tile.map(|tile| fs::read(dir.ledger().join(tile.to_string())));
        if let Some(Ok(read)) = read {
            let entries = bundle::entries(&read).filter_map(Result::ok);
            told.last.extend(entries.filter_map(of_entry));
        } else {
            told.whole = false;
        }
        first += width;
    }
    told
}

fn of_entry(entry: &[u8]) -> Option<((String, String), Last)> {
    let event = StoredEvent::parse(entry).ok()?;
    if event.kind != EventKind::RecordChanged {
        return None;
    }
    let name = (
        event.text("record")?.to_owned(),
        event.text("record_id")?.to_owned(),
    );
    let last = Last {
        version: event.number("version")?,
        digest: event.digest("digest")?,
    };
    Some((name, last))
}

const CHECK: &str = "records told";
const ENTRIES_PER_BUNDLE: u64 = 256;
