//! The pages of an export: an overview, and the entries in tables of bounded size.

mod entry;

use std::collections::VecDeque;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wardgate_ledger::note::Note;

use super::Plan;
use super::audit::{Day, Figures, Shown};
use super::folder::Folder;
use super::tree::Anchors;
use crate::failure::Failure;

/// A page: its file, and the first and last index on it.
pub(super) type Page = (String, u64, u64);

/// The pages of entries while they grow.
pub(super) struct Pages {
    /// Entries below this get no page.
    from: u64,
    rows: String,
    count: usize,
    first: u64,
    last: u64,
    newest: VecDeque<String>,
    pages: Vec<Page>,
}

impl Pages {
    pub(super) fn of(range: &Range<u64>) -> Self {
        Self {
            from: range.end.saturating_sub(PAGED_ENTRIES_MAX).max(range.start),
            rows: String::new(),
            count: 0,
            first: 0,
            last: 0,
            newest: VecDeque::new(),
            pages: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, shown: &Shown<'_>, folder: &mut Folder) -> Result<(), Failure> {
        if shown.index < self.from {
            return Ok(());
        }
        // A page is written when it is known whether another follows.
        if self.count == PAGE_ENTRIES {
            self.end_page(folder, false)?;
        }
        if self.count == 0 {
            self.first = shown.index;
        }
        self.last = shown.index;
        self.count += 1;
        self.rows.push_str(&entry::row(shown, "../"));
        self.newest.push_front(entry::row(shown, ""));
        self.newest.truncate(NEWEST);
        Ok(())
    }

    /// The newest entries and the list of pages.
    pub(super) fn finish(mut self, folder: &mut Folder) -> Result<(String, Vec<Page>), Failure> {
        if self.count > 0 {
            self.end_page(folder, true)?;
        }
        Ok((self.newest.into_iter().collect(), self.pages))
    }

    fn end_page(&mut self, folder: &mut Folder, is_last: bool) -> Result<(), Failure> {
        let number = self.pages.len() + 1;
        let name = format!("html/{number:04}.html");
        let title = format!("Entries {} to {}", self.first, self.last);
        let link = |there: bool, to: usize, word: &str| match there {
            true => format!("<a href=\"{to:04}.html\">{word}</a>"),
            false => format!("<span>{word}</span>"),
        };
        let nav = format!(
            "<nav>{} {}</nav>",
            link(number > 1, number - 1, "← Earlier"),
            link(!is_last, number + 1, "Later →"),
        );
        let body = format!(
            "<header><p class=\"over\"><a href=\"../index.html\">Overview</a></p><h1>{title}</h1></header>\
             {nav}<section>{}</section>{nav}",
            entry::table(&self.rows),
        );
        folder.write(&name, document(&title, &body).as_bytes())?;
        self.pages.push((name, self.first, self.last));
        self.rows.clear();
        self.count = 0;
        Ok(())
    }
}

/// The overview.
pub(super) fn index(plan: &Plan<'_>, minimum: u64, anchors: &Anchors, figures: &Figures) -> String {
    let checkpoint = plan.published.checkpoint();
    let origin = escape(&checkpoint.origin);
    let span = match (&figures.first_at, &figures.last_at) {
        (Some(first), Some(last)) => format!("{} to {} UTC", spaced(first, 16), spaced(last, 16)),
        _ => "no entries".to_owned(),
    };
    let body = format!(
        "<header><p class=\"over\">Wardgate ledger export</p><h1>{origin}</h1>\
         <p class=\"lead\">{} entries, {span}</p></header>{}{}{}{}{}{}{}",
        grouped(figures.entries),
        tiles(figures, anchors),
        statement(plan, minimum),
        days(figures),
        two_tables(figures),
        newest(figures),
        pages(figures),
        footer(plan),
    );
    document(&format!("Ledger of {}", checkpoint.origin), &body)
}

/// The figures that a reader looks for first.
fn tiles(figures: &Figures, anchors: &Anchors) -> String {
    let of = |kind: &str| figures.by_kind.get(kind).copied().unwrap_or_default();
    let refused: u64 = figures.by_day.values().map(|day| day.refused).sum();
    let numbers = [
        ("Calls let through", of("call.intent"), ""),
        ("Refusals", refused, if refused > 0 { "warn" } else { "" }),
        ("Records changed", of("record.changed"), ""),
        ("Patients shredded", of("patient.shredded"), ""),
        (
            "Witnessed checkpoints",
            anchors.cosigned,
            if anchors.cosigned > 0 { "good" } else { "" },
        ),
        (
            "Timestamps",
            anchors.timestamps,
            if anchors.timestamps > 0 { "good" } else { "" },
        ),
    ];
    let tiles: String = numbers
        .iter()
        .map(|(what, number, tone)| {
            format!(
                "<div class=\"tile {tone}\"><b>{}</b><span>{what}</span></div>",
                grouped(*number)
            )
        })
        .collect();
    format!("<section class=\"tiles\">{tiles}</section>")
}

/// What is signed, and how to check it.
fn statement(plan: &Plan<'_>, minimum: u64) -> String {
    let checkpoint = plan.published.checkpoint();
    let holds = match minimum {
        0 => "every entry from the first on".to_owned(),
        minimum => format!(
            "the entries from {} on, and the hashes of those before",
            grouped(minimum)
        ),
    };
    let signatures = Note::parse(plan.published.note()).map_or(0, |note| note.signers().count());
    format!(
        "<section><h2>What is signed</h2>\
         <p>A Merkle tree over {} entries. Changing, removing or adding one changes the root below, and nobody but the \
         holder of the log's keys can sign another. This folder holds {holds}.</p>\
         <dl><dt>Log</dt><dd>{}</dd><dt>Entries</dt><dd>{}</dd><dt>Root</dt><dd><code>{}</code></dd>\
         <dt>Signatures</dt><dd>{signatures} on the checkpoint</dd></dl>\
         <p class=\"check\"><b>This page is for reading; it proves nothing by itself.</b> To check the folder, get the verifier \
         key from the hospital on another way and run <code>wardgate ledger verify --key KEY .</code>; \
         <a href=\"README.txt\">README.txt</a> tells how to do it with other tools too.</p></section>",
        grouped(checkpoint.size),
        escape(&checkpoint.origin),
        grouped(checkpoint.size),
        STANDARD.encode(checkpoint.root),
    )
}

/// Calls and refusals by day, as bars.
fn days(figures: &Figures) -> String {
    let most = figures
        .by_day
        .values()
        .map(|day| day.calls + day.refused)
        .max();
    let most = most.unwrap_or_default().max(1);
    let bar = |tone: &str, number: u64| {
        let width = number.saturating_mul(1000) / most;
        format!(
            "<i class=\"{tone}\" style=\"width:{}.{}%\"></i>",
            width / 10,
            width % 10
        )
    };
    let rows: String = figures
        .by_day
        .iter()
        .rev()
        .take(DAYS_SHOWN)
        .map(|(day, Day { calls, refused, other })| {
            format!(
                "<tr><td>{day}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"bar\"><span>{}{}</span></td></tr>",
                grouped(*calls),
                grouped(*refused),
                grouped(*other),
                bar("good", *calls),
                bar("warn", *refused),
            )
        })
        .collect();
    let note = match figures.by_day.len() {
        days if days > DAYS_SHOWN => {
            format!("<p class=\"note\">The last {DAYS_SHOWN} of {days} days with entries.</p>")
        }
        _ => String::new(),
    };
    format!(
        "<section><h2>By day</h2>{note}<div class=\"wide\"><table><thead><tr><th>Day (UTC)</th><th class=\"n\">Calls</th>\
         <th class=\"n\">Refused</th><th class=\"n\">Other</th><th class=\"bar\"></th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )
}

fn two_tables(figures: &Figures) -> String {
    let mut kinds: Vec<_> = figures.by_kind.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut codes: Vec<_> = figures.by_code.iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let row = |name: &str, count: u64| {
        format!(
            "<tr><td><code>{}</code></td><td class=\"n\">{}</td></tr>",
            escape(name),
            grouped(count)
        )
    };
    let kinds: String = kinds
        .iter()
        .map(|(kind, count)| row(kind, **count))
        .collect();
    let mut codes: String = codes
        .iter()
        .map(|(code, count)| row(code, **count))
        .collect();
    if codes.is_empty() {
        codes.push_str("<tr><td colspan=\"2\" class=\"none\">Nothing was refused.</td></tr>");
    }
    format!(
        "<div class=\"columns\"><section><h2>By kind</h2><table><tbody>{kinds}</tbody></table></section>\
         <section><h2>Refusals by reason</h2><table><tbody>{codes}</tbody></table></section></div>"
    )
}

fn newest(figures: &Figures) -> String {
    if figures.newest.is_empty() {
        return "<section><h2>Entries</h2><p class=\"none\">There is no entry in this range.</p></section>".to_owned();
    }
    format!(
        "<section><h2>Newest entries</h2>{}</section>",
        entry::table(&figures.newest)
    )
}

fn pages(figures: &Figures) -> String {
    let links: String = figures
        .pages
        .iter()
        .rev()
        .map(|(name, first, last)| {
            format!(
                "<a href=\"{name}\">{} – {}</a>",
                grouped(*first),
                grouped(*last)
            )
        })
        .collect();
    let files = "<p>The same for other systems: <a href=\"audit/entries.csv\">entries.csv</a> for a spreadsheet, \
         <a href=\"audit/fhir-auditevents.ndjson\">FHIR AuditEvent</a> and <a href=\"audit/ocsf-events.ndjson\">OCSF</a> \
         as JSON lines. Each row carries its entry and the hashes that prove it.</p>";
    format!("<section><h2>All entries</h2><p class=\"pages\">{links}</p>{files}</section>")
}

fn footer(plan: &Plan<'_>) -> String {
    let at = plan.now.to_string();
    format!(
        "<footer>Made by Wardgate {} at {} UTC. Patients are named by random handles; the ledger holds no patient data.</footer>",
        env!("CARGO_PKG_VERSION"),
        spaced(&at, 19),
    )
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>\n",
        escape(title)
    )
}

/// The first characters of a time, with a space between day and hour.
fn spaced(time: &str, characters: usize) -> String {
    format!("{time:.characters$}").replace('T', " ")
}

/// Text that is no markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const STYLE: &str = include_str!("page/style.css");
const PAGE_ENTRIES: usize = 500;
const PAGED_ENTRIES_MAX: u64 = 100_000;
const NEWEST: usize = 25;
const DAYS_SHOWN: usize = 31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [0, 12, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "12", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn text_is_never_markup() {
        assert_eq!(
            escape("<a href='x'>&\""),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"
        );
    }
}
