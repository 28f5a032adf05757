//! One entry as a row of a table, with the whole of it on request.

use wardgate_records::events::{EventKind, StoredEvent};

use super::{Shown, escape};

/// The rows within their table.
pub(super) fn table(rows: &str) -> String {
    format!(
        "<div class=\"wide\"><table class=\"entries\"><thead><tr><th class=\"n\">Entry</th><th>Time (UTC)</th><th>Kind</th>\
         <th>Who</th><th>System</th><th>What</th><th>Patient</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

pub(super) fn row(shown: &Shown<'_>, up: &str) -> String {
    let leaf = escape(&String::from_utf8_lossy(shown.leaf));
    let whole = format!(
        "<details><summary>{}</summary><pre>{leaf}</pre>\
         <p class=\"note\">Row {} of <a href=\"{up}audit/entries.csv\">entries.csv</a>, with its proof.</p></details>",
        shown.index, shown.row
    );
    let Some(event) = shown.event else {
        return format!(
            "<tr id=\"e{}\"><td class=\"n\">{whole}</td><td></td><td colspan=\"5\">of a newer program</td></tr>",
            shown.index
        );
    };
    let at = event.at.to_string();
    let (tone, what) = what(event);
    let patient = member(shown, "patient");
    let patient = patient.map(|handle| {
        format!(
            "<code title=\"{handle}\">{handle:.8}</code>",
            handle = escape(&handle)
        )
    });
    format!(
        "<tr id=\"e{}\"><td class=\"n\">{whole}</td><td class=\"at\">{}</td><td><code>{}</code></td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td></tr>",
        shown.index,
        format!("{at:.19}").replace('T', " "),
        event.kind,
        escape(&who(shown)),
        escape(&member(shown, "system").unwrap_or_default()),
        match tone {
            "" => escape(&what),
            tone => format!("<span class=\"tag {tone}\">{}</span>", escape(&what)),
        },
        patient.unwrap_or_default(),
    )
}

fn who(shown: &Shown<'_>) -> String {
    let named = ["person", "app"]
        .iter()
        .filter_map(|name| member(shown, name));
    named.collect::<Vec<_>>().join(" · ")
}

/// What the entry says itself, else what the intent of its call said.
fn member(shown: &Shown<'_>, name: &str) -> Option<String> {
    let said = shown.event.and_then(|event| event.text(name));
    let said = said.or_else(|| shown.call.and_then(|call| call.text(name)));
    said.map(str::to_owned)
}

/// What matters of an entry in a few words, and how it is to be seen.
fn what(event: &StoredEvent) -> (&'static str, String) {
    let text = |name: &str| event.text(name).unwrap_or_default().to_owned();
    match event.kind {
        EventKind::CallIntent => ("", text("purpose")),
        EventKind::CallOutcome => {
            let status = text("status");
            (if status == "answered" { "good" } else { "warn" }, status)
        }
        EventKind::CallRefused => ("warn", text("code")),
        EventKind::IdentityRefused => {
            let count = event.number("count").unwrap_or(1);
            ("warn", format!("{} ×{count}", text("code")))
        }
        EventKind::RecordChanged => {
            let of = format!("{}/{}", text("record"), text("record_id"));
            ("", format!("{of} {}", text("change")))
        }
        EventKind::StorageFault | EventKind::VaultSealed => ("bad", text("reason")),
        EventKind::StorageFull => ("bad", "disk full".to_owned()),
        EventKind::ForkDeclared => ("bad", text("reason")),
        EventKind::PatientShredded => ("bad", "key destroyed".to_owned()),
        EventKind::AnchorLost => ("warn", text("name")),
        EventKind::ClockAnomaly => ("warn", "clock moved".to_owned()),
        _ => {
            let told = [
                "reason", "name", "class", "key", "app", "version", "hold", "backup", "manifest",
                "after",
            ];
            let told = told.iter().find_map(|name| event.text(name));
            ("", format!("{:.36}", told.unwrap_or_default()))
        }
    }
}
