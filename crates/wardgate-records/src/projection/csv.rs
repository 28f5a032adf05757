//! Rows of comma-separated values whose columns stay as they are.

use super::{Call, Proven};
use crate::events::StoredEvent;

/// The columns. New ones are only ever added before `origin`.
const COLUMNS: [&str; 26] = [
    "index",
    "at",
    "id",
    "type",
    "version",
    "app",
    "key",
    "person",
    "system",
    "purpose",
    "patient",
    "data_class",
    "recipient",
    "region",
    "gate",
    "code",
    "status",
    "http_status",
    "record",
    "record_id",
    "call",
    "origin",
    "tree_size",
    "leaf_hash",
    "proof",
    "entry",
];

pub(super) fn header() -> String {
    format!("{}\r\n", COLUMNS.join(","))
}

pub(super) fn row(entry: &Proven<'_>, event: Option<&StoredEvent>, call: Option<&Call>) -> String {
    let cells: Vec<String> = COLUMNS
        .iter()
        .map(|column| quoted(&cell(column, entry, event, call)))
        .collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(
    column: &str,
    entry: &Proven<'_>,
    event: Option<&StoredEvent>,
    call: Option<&Call>,
) -> String {
    match column {
        "index" => entry.index.to_string(),
        "origin" => entry.origin.to_owned(),
        "tree_size" => entry.tree_size.to_string(),
        "leaf_hash" => entry.leaf_hash(),
        "proof" => serde_json::Value::from(entry.path()).to_string(),
        "entry" => entry.text().into_owned(),
        "at" => event.map(|event| event.at.to_string()).unwrap_or_default(),
        "id" => event.map(|event| event.id.to_string()).unwrap_or_default(),
        "type" => event
            .map_or("unknown", |event| event.kind.as_str())
            .to_owned(),
        member => member_of(member, event, call),
    }
}

/// What the entry says itself, else what the intent of its call said.
fn member_of(member: &str, event: Option<&StoredEvent>, call: Option<&Call>) -> String {
    let said = event.and_then(|event| match event.text(member) {
        Some(text) => Some(text.to_owned()),
        None => Some(event.number(member)?.to_string()),
    });
    let of_call = || call?.text(member).map(str::to_owned);
    said.or_else(of_call).unwrap_or_default()
}

/// A cell in quotes, where it needs them. A text that a spreadsheet would compute gets a quote
/// mark before it.
fn quoted(cell: &str) -> String {
    let computed = cell.starts_with(['=', '+', '-', '@']);
    let mark = if computed { "'" } else { "" };
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{mark}{}\"", cell.replace('"', "\"\""))
    } else {
        format!("{mark}{cell}")
    }
}
