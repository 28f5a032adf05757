//! FHIR dates, which may name a whole year, month or day, or an instant.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The first instant of a FHIR date or time and the first after it: `2026-03` is all of March.
#[must_use]
pub fn stretch(text: &str) -> Option<(Timestamp, Timestamp)> {
    Stretch::parse(text).map(|stretch| (stretch.from, stretch.until))
}

/// The stretch of time that a FHIR date names: from its first instant to just before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Stretch {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD` (each a whole one, in UTC) or an instant with a zone.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        match *parts.as_slice() {
            [year] if year.len() == 4 && digits(year) => {
                Self::whole(year, "01", "01", Span::new().years(1))
            }
            [year, month]
                if [year.len(), month.len()] == [4, 2] && digits(year) && digits(month) =>
            {
                Self::whole(year, month, "01", Span::new().months(1))
            }
            [year, month, day]
                if [year.len(), month.len(), day.len()] == [4, 2, 2]
                    && digits(year)
                    && digits(month)
                    && digits(day) =>
            {
                Self::whole(year, month, day, Span::new().days(1))
            }
            _ => Self::instant(text),
        }
    }

    /// An instant covers its second, or what its fraction names.
    fn instant(text: &str) -> Option<Self> {
        let from: Timestamp = text.parse().ok()?;
        let covers = if from.subsec_nanosecond() == 0 {
            Span::new().seconds(1)
        } else {
            Span::new().nanoseconds(1)
        };
        let until = from.checked_add(covers).ok()?;
        Some(Self { from, until })
    }

    fn whole(year: &str, month: &str, day: &str, covers: Span) -> Option<Self> {
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        let next = first.checked_add(covers).ok()?;
        let at = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
        Some(Self {
            from: at(first)?,
            until: at(next)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, from: &str, until: &str) {
        let stretch = Stretch::parse(text).unwrap();
        assert_eq!(stretch.from, from.parse().unwrap(), "{text}");
        assert_eq!(stretch.until, until.parse().unwrap(), "{text}");
    }

    #[test]
    fn a_partial_date_covers_all_of_what_it_names() {
        check("2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z");
        check("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
        check("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z");
        check(
            "2024-02-29T23:59:59+02:00",
            "2024-02-29T21:59:59Z",
            "2024-02-29T22:00:00Z",
        );
        check(
            "2024-02-29T23:59:59.5Z",
            "2024-02-29T23:59:59.5Z",
            "2024-02-29T23:59:59.500000001Z",
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "24",
            "2024-2",
            "2024-13",
            "2024-02-30",
            "2024-02-29T10:00:00",
            "20240229",
            "2024-02-29 ",
            "+2024",
            "-2024",
            "9999",
            "today",
        ] {
            assert_eq!(Stretch::parse(text), None, "{text}");
        }
    }
}
