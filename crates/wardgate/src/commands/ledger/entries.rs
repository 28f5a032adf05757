//! Entries as a person or a machine reads them, and where in the ledger a time lies.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::{Published, VerifyError};
use wardgate_records::events::{EventKind, StoredEvent};

use crate::output::{Output, Style};

/// A place in the ledger as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Index(u64),
    Time(Timestamp),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(index) = text.parse() {
            return Ok(Self::Index(index));
        }
        let day = format!("{text}T00:00:00Z");
        let time = text.parse().or_else(|_| day.parse());
        time.map(Self::Time).map_err(|_| {
            format!("`{text}` is neither an index, nor a day such as 2026-03-01, nor a time such as 2026-03-01T08:00:00Z")
        })
    }
}

/// Which entries a person means: from the first place on, up to before the second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) from: Option<Place>,
    pub(super) to: Option<Place>,
}

impl Span {
    /// The indices that can hold entries of the span; times are close to, not exactly in, the
    /// order of the entries, so a few more than [`Span::holds`] lets through.
    pub(super) fn indices(
        &self,
        published: &Published,
    ) -> Result<std::ops::Range<u64>, VerifyError> {
        let first = match self.from {
            None => published.minimum(),
            Some(Place::Index(index)) => index.max(published.minimum()),
            Some(Place::Time(time)) => first_at(
                published,
                time.saturating_sub(DISORDER).unwrap_or(Timestamp::MIN),
            )?,
        };
        let end = match self.to {
            None => published.size(),
            Some(Place::Index(index)) => index.min(published.size()),
            Some(Place::Time(time)) => first_at(
                published,
                time.saturating_add(DISORDER).unwrap_or(Timestamp::MAX),
            )?,
        };
        Ok(first..end.max(first))
    }

    /// Whether an entry of this time is meant. What has no time is.
    pub(super) fn holds(&self, at: Option<Timestamp>) -> bool {
        let Some(at) = at else { return true };
        let before = matches!(self.from, Some(Place::Time(from)) if at < from);
        let behind = matches!(self.to, Some(Place::Time(to)) if at >= to);
        !before && !behind
    }
}

/// The first index whose entry is of a time or later, by halves.
fn first_at(published: &Published, time: Timestamp) -> Result<u64, VerifyError> {
    let (mut low, mut high) = (published.minimum(), published.size());
    while low < high {
        let middle = low + (high - low) / 2;
        let leaf = published.read(middle)?.unwrap_or_default();
        // A leaf of a newer program counts as early: then more is looked at, never less.
        let earlier = StoredEvent::parse(&leaf).map_or(true, |event| event.at < time);
        if earlier {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// One entry on one line.
pub(super) fn line(index: u64, leaf: &[u8], output: Output) -> String {
    let whole = String::from_utf8_lossy(leaf);
    if output.json {
        return format!("{{\"index\":{index},\"entry\":{whole}}}");
    }
    let style = Style::of_stdout();
    let Ok(event) = StoredEvent::parse(leaf) else {
        return format!("{index:>8}  {whole}");
    };
    let named: Vec<_> = SHOWN
        .iter()
        .filter_map(|name| {
            Some(format!(
                "{}{}",
                style.dim(&format!("{name}=")),
                value(&event, name)?
            ))
        })
        .collect();
    let kind = format!("{:<21}", event.kind.as_str());
    let kind = match tone(event.kind, &event) {
        Tone::Plain => kind,
        Tone::Good => style.green(&kind),
        Tone::Warn => style.yellow(&kind),
        Tone::Bad => style.red(&kind),
    };
    format!(
        "{index:>8}  {}  {kind} {}",
        style.dim(&format!("{:.19}Z", event.at.to_string())),
        named.join(" ")
    )
}

fn value(event: &StoredEvent, name: &str) -> Option<String> {
    let text = match event.text(name) {
        Some(text) => text.to_owned(),
        None => event.number(name)?.to_string(),
    };
    // Half of a digest tells apart, and two fit on a line.
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(format!("{:.12}..", text));
    }
    Some(text)
}

enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
}

fn tone(kind: EventKind, event: &StoredEvent) -> Tone {
    match kind {
        EventKind::CallOutcome if event.text("status") == Some("answered") => Tone::Good,
        EventKind::CallOutcome | EventKind::AnchorLost | EventKind::ClockAnomaly => Tone::Warn,
        EventKind::CallRefused | EventKind::IdentityRefused => Tone::Warn,
        EventKind::StorageFault
        | EventKind::StorageFull
        | EventKind::ForkDeclared
        | EventKind::VaultSealed
        | EventKind::PatientShredded => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// What a reader looks for first.
const SHOWN: [&str; 33] = [
    "status",
    "code",
    "reason",
    "class",
    "days",
    "anchor",
    "name",
    "app",
    "person",
    "system",
    "purpose",
    "record",
    "record_id",
    "version",
    "key",
    "provider",
    "hold",
    "backup",
    "patient",
    "call",
    "count",
    "index",
    "fault_index",
    "from",
    "to",
    "manifest",
    "minimum",
    "entries",
    "old_origin",
    "new_origin",
    "shreddings",
    "keys",
    "took_ms",
];

/// How far entries may stand out of the order of their times: the longest call.
const DISORDER: SignedDuration = SignedDuration::from_mins(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_index_a_day_or_a_time() {
        assert_eq!("17".parse(), Ok(Place::Index(17)));
        let day: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!("2026-03-01".parse(), Ok(Place::Time(day)));
        assert_eq!("2026-03-01T01:00:00+01:00".parse(), Ok(Place::Time(day)));
        for text in ["", "-1", "yesterday", "2026-13-01"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_holds_its_start_and_not_its_end() {
        let place = |text: &str| Some(text.parse().unwrap());
        let span = Span {
            from: place("2026-03-01"),
            to: place("2026-03-02"),
        };
        let holds = |text: &str| span.holds(Some(text.parse().unwrap()));
        assert!(holds("2026-03-01T00:00:00Z") && holds("2026-03-01T23:59:59Z"));
        assert!(!holds("2026-02-28T23:59:59Z") && !holds("2026-03-02T00:00:00Z"));
        assert!(span.holds(None) && Span::default().holds(Some(Timestamp::MIN)));
    }
}
