//! Finds consents by what they say. The texts are sealed, so a search opens what the indexes
//! leave: of one patient, of one id, or page by page of all.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span as Duration, Timestamp};
use serde_json::{Map, Value};
use sqlx::{QueryBuilder, Sqlite};

use super::rows::{ConsentRow, Kept};
use super::{ConsentError, StoredConsent};
use crate::error::RecordsError;
use crate::patient::lookup;
use crate::store::Store;

/// What to look for. All that is stated must hold.
#[derive(Default)]
pub struct ConsentSearch<'a> {
    /// `Patient/<id>`.
    pub patient: Option<&'a str>,
    /// The ids of the resources, any of them.
    pub ids: Vec<&'a str>,
    /// The statuses, any of them.
    pub statuses: Vec<&'a str>,
    /// Codes of the category, any of them.
    pub categories: Vec<Token<'a>>,
    /// What holds of `dateTime`, all of it.
    pub dates: Vec<DateFilter>,
    /// What holds of the time of the last change, all of it.
    pub last_updated: Vec<DateFilter>,
    /// How many to return, at most [`SEARCH_PAGE_MAX`].
    pub count: usize,
    /// Where the page before ended.
    pub after: Option<&'a str>,
}

impl fmt::Debug for ConsentSearch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whom it is about, is patient data.
        f.debug_struct("ConsentSearch")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// A code, perhaps with its system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The system; none means any, an empty one that there is none.
    pub system: Option<&'a str>,
    /// The code; none means any of the system.
    pub code: Option<&'a str>,
}

/// A date with how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateFilter {
    prefix: DatePrefix,
    span: Span,
}

/// How a date is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatePrefix {
    /// Within.
    Equal,
    /// Not within.
    NotEqual,
    /// Reaches behind.
    Greater,
    /// Reaches before.
    Less,
    /// Greater or equal.
    GreaterEqual,
    /// Less or equal.
    LessEqual,
    /// Begins after.
    StartsAfter,
    /// Ends before.
    EndsBefore,
}

/// One page of what was found.
#[derive(Debug)]
pub struct ConsentPage {
    /// The consents, in an order that does not change.
    pub consents: Vec<StoredConsent>,
    /// Where to go on; none at the end. A page that is not full can have more behind it.
    pub next: Option<String>,
}

/// The most consents of one page.
pub const SEARCH_PAGE_MAX: usize = 100;
/// How many consents one page opens at the most.
const OPENED_MAX: i64 = 500;

impl Store {
    /// Looks for consents.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search_consents(
        &self,
        search: &ConsentSearch<'_>,
    ) -> Result<ConsentPage, ConsentError> {
        let count = search.count.clamp(1, SEARCH_PAGE_MAX);
        let mut page = ConsentPage {
            consents: Vec::new(),
            next: None,
        };
        let rows = self.candidates(search).await?;
        let all_read = i64::try_from(rows.len()).is_ok_and(|rows| rows < OPENED_MAX);
        let mut last = None;
        for row in rows {
            if page.consents.len() == count {
                page.next = last;
                return Ok(page);
            }
            last = Some(row.id.clone());
            let consent = row.open(&self.inner, Kept::InForce)?;
            if search.holds(&consent) {
                page.consents.push(consent);
            }
        }
        if !all_read {
            page.next = last;
        }
        Ok(page)
    }

    async fn candidates(
        &self,
        search: &ConsentSearch<'_>,
    ) -> Result<Vec<ConsentRow>, ConsentError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT id, patient, version, changed_at, how, by_kind, by_id, source, sealed \
             FROM consents WHERE id > ",
        );
        query.push_bind(search.after.unwrap_or_default().to_owned());
        if let Some(patient) = search.patient {
            let blind = self.inner.index_key.mac(lookup(patient).as_bytes());
            query.push(" AND patient IN (SELECT patient FROM patient_index WHERE blind = ");
            query.push_bind(blind.to_vec()).push(")");
        }
        if !search.ids.is_empty() {
            query.push(" AND id IN (");
            let mut ids = query.separated(", ");
            for id in &search.ids {
                ids.push_bind(self.inner.consent_row_id(id));
            }
            query.push(")");
        }
        query.push(" ORDER BY id LIMIT ").push_bind(OPENED_MAX);
        let rows = query
            .build_query_as()
            .fetch_all(&self.inner.reader)
            .await
            .map_err(RecordsError::database("look for consents"))?;
        Ok(rows)
    }
}

impl ConsentSearch<'_> {
    fn holds(&self, consent: &StoredConsent) -> bool {
        let Ok(resource) = serde_json::from_str::<Map<String, Value>>(&consent.json) else {
            return false;
        };
        let text = |name: &str| resource.get(name).and_then(Value::as_str);
        let changed = Span {
            from: consent.written.at,
            until: consent.written.at,
        };
        let of_date = |filter: &DateFilter| {
            text("dateTime")
                .and_then(Span::parse)
                .is_some_and(|date| filter.holds(date))
        };
        self.last_updated.iter().all(|filter| filter.holds(changed))
            && (self.statuses.is_empty()
                || text("status").is_some_and(|status| self.statuses.contains(&status)))
            && (self.categories.is_empty() || self.in_category(&resource))
            && self.dates.iter().all(of_date)
    }

    fn in_category(&self, resource: &Map<String, Value>) -> bool {
        let concepts = resource.get("category").and_then(Value::as_array);
        let mut codings = concepts
            .into_iter()
            .flatten()
            .filter_map(|concept| concept.get("coding")?.as_array())
            .flatten();
        codings.any(|coding| {
            let text = |name: &str| coding.get(name).and_then(Value::as_str);
            self.categories
                .iter()
                .any(|token| token.names(text("system"), text("code")))
        })
    }
}

impl<'a> Token<'a> {
    /// Reads `code`, `system|code`, `system|` or `|code`.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        match text.split_once('|') {
            None => Self {
                system: None,
                code: Some(text),
            },
            Some((system, code)) => Self {
                system: Some(system),
                code: Some(code).filter(|code| !code.is_empty()),
            },
        }
    }

    fn names(&self, system: Option<&str>, code: Option<&str>) -> bool {
        self.system
            .is_none_or(|wanted| system.unwrap_or_default() == wanted)
            && self.code.is_none_or(|wanted| code == Some(wanted))
    }
}

impl DateFilter {
    /// Reads a date with its prefix, such as `ge2026-03`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let prefix = PREFIXES
            .iter()
            .find_map(|(word, prefix)| Some((text.strip_prefix(word)?, *prefix)));
        let (date, prefix) = prefix.unwrap_or((text, DatePrefix::Equal));
        Some(Self {
            prefix,
            span: Span::parse(date)?,
        })
    }

    fn holds(&self, date: Span) -> bool {
        let wanted = self.span;
        let within = wanted.from <= date.from && date.until <= wanted.until;
        let greater = date.until > wanted.until;
        let less = date.from < wanted.from;
        match self.prefix {
            DatePrefix::Equal => within,
            DatePrefix::NotEqual => !within,
            DatePrefix::Greater => greater,
            DatePrefix::Less => less,
            DatePrefix::GreaterEqual => greater || within,
            DatePrefix::LessEqual => less || within,
            DatePrefix::StartsAfter => date.from > wanted.until,
            DatePrefix::EndsBefore => date.until < wanted.from,
        }
    }
}

/// The first and the last moment that a date of FHIR names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    from: Timestamp,
    until: Timestamp,
}

impl Span {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, each a whole one in UTC, or an instant with a zone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (year, month, day, length) = match text.len() {
            4 => (text, "1", "1", Duration::new().years(1)),
            7 => (
                text.get(..4)?,
                text.get(5..)?,
                "1",
                Duration::new().months(1),
            ),
            10 => (
                text.get(..4)?,
                text.get(5..7)?,
                text.get(8..)?,
                Duration::new().days(1),
            ),
            _ => return Self::instant(text),
        };
        let form = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        if !text.bytes().enumerate().all(form) {
            return None;
        }
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        let next = first.checked_add(length).ok()?;
        let at = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        Some(Self {
            from: at(first)?,
            until: at(next)?.checked_sub(Duration::new().nanoseconds(1)).ok()?,
        })
    }

    fn instant(text: &str) -> Option<Self> {
        let from: Timestamp = text.parse().ok()?;
        // Without a fraction, the whole second is named.
        let length = match text.contains('.') {
            true => Duration::new(),
            false => Duration::new().nanoseconds(999_999_999),
        };
        Some(Self {
            from,
            until: from.checked_add(length).ok()?,
        })
    }
}

const PREFIXES: &[(&str, DatePrefix)] = &[
    ("eq", DatePrefix::Equal),
    ("ne", DatePrefix::NotEqual),
    ("gt", DatePrefix::Greater),
    ("lt", DatePrefix::Less),
    ("ge", DatePrefix::GreaterEqual),
    ("le", DatePrefix::LessEqual),
    ("sa", DatePrefix::StartsAfter),
    ("eb", DatePrefix::EndsBefore),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(filter: &str, date: &str) -> bool {
        let filter = DateFilter::parse(filter).unwrap();
        filter.holds(Span::parse(date).unwrap())
    }

    #[test]
    fn dates_are_compared_as_the_spans_that_they_name() {
        assert!(holds("2026-03", "2026-03-31T23:59:59Z"));
        assert!(!holds("2026-03", "2026-04-01"));
        assert!(holds("ne2026", "2025-12-31"));
        assert!(holds("ge2026-03-01", "2026-03-01"));
        assert!(!holds("gt2026-03-01", "2026-03-01T10:00:00Z"));
        assert!(holds("lt2026-03-01", "2026-02"));
        assert!(holds("le2026-03-01", "2026-03-01"));
        assert!(holds("sa2026-03-01", "2026-03-02"));
        assert!(holds("eb2026-03-01", "2026-02-28"));
        assert!(holds("2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "26",
            "2026-13",
            "2026-1-1",
            "2026-03-01T10:00",
            "2026x03",
            "é026",
        ] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_name_codes_with_and_without_system() {
        assert!(Token::parse("a").names(Some("s"), Some("a")));
        assert!(Token::parse("s|a").names(Some("s"), Some("a")));
        assert!(Token::parse("s|").names(Some("s"), Some("b")));
        assert!(Token::parse("|a").names(None, Some("a")));
        assert!(!Token::parse("|a").names(Some("s"), Some("a")));
        assert!(!Token::parse("t|a").names(Some("s"), Some("a")));
    }
}
