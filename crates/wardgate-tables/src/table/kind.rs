//! What the values of a column are: whole numbers, decimals, dates, truth values or text.

use serde::{Deserialize, Serialize};

/// What all values of a column are. Missing values say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Whole numbers without leading zeros: a code with them, such as a postal code, is text.
    Integer,
    /// Numbers with a fraction.
    Decimal,
    /// Days, with or without a time of day.
    Date,
    /// `true` and `false`.
    Boolean,
    /// Anything else.
    Text,
}

impl Kind {
    /// The narrowest kind that holds all values.
    pub(crate) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut teller = KindTeller::default();
        for value in values {
            teller.look(value);
            if teller.is_text() {
                break;
            }
        }
        teller.kind()
    }
}

/// Tells the kind of a column whose values pass one by one, and are not held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindTeller {
    any: bool,
    integer: bool,
    decimal: bool,
    date: bool,
    boolean: bool,
    plain_days: bool,
}

impl Default for KindTeller {
    fn default() -> Self {
        Self {
            any: false,
            integer: true,
            decimal: true,
            date: true,
            boolean: true,
            plain_days: true,
        }
    }
}

impl KindTeller {
    /// Looks at a value.
    pub(crate) fn look(&mut self, value: &str) {
        if value.is_empty() || self.is_text() {
            return;
        }
        self.any = true;
        self.integer = self.integer && is_integer(value);
        self.decimal = self.decimal && is_decimal(value);
        self.date = self.date && CivilDate::parse(value, DateOrder::Any).is_some();
        self.boolean = self.boolean && matches!(value, "true" | "false");
        self.plain_days = self.plain_days && is_plain_day(value);
    }

    /// The narrowest kind that holds all values so far.
    pub(crate) fn kind(&self) -> Kind {
        match (self.any, self.integer, self.decimal, self.date) {
            _ if self.is_text() => Kind::Text,
            (false, ..) => Kind::Text,
            (_, true, ..) => Kind::Integer,
            (_, _, true, _) => Kind::Decimal,
            (_, _, _, true) => Kind::Date,
            _ => Kind::Boolean,
        }
    }

    /// Whether all values of a column of days so far are written as `2024-03-09`.
    #[cfg(feature = "columnar")]
    pub(crate) fn holds_plain_days(&self) -> bool {
        self.plain_days
    }

    fn is_text(&self) -> bool {
        !(self.integer || self.decimal || self.date || self.boolean)
    }
}

/// Whether a day is written as `2024-03-09`, without a time of day.
pub(crate) fn is_plain_day(value: &str) -> bool {
    value.len() == 10 && value.as_bytes().get(4) == Some(&b'-')
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = digits == "0" || !digits.starts_with('0');
    plain
        && value != "-0"
        && digits.bytes().all(|b| b.is_ascii_digit())
        && value.parse::<i64>().is_ok()
}

fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let leading_zero =
        digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let shaped = digits.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    !leading_zero && shaped && value.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Which of two numbers with slashes is the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// Either, when only one is possible or both say the same shape.
    Any,
    MonthFirst,
    DayFirst,
}

impl DateOrder {
    /// The order that all values allow, the month first when both do.
    pub(crate) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let month_first = values
            .filter(|value| !value.is_empty())
            .all(|value| CivilDate::parse(value, Self::MonthFirst).is_some());
        if month_first {
            Self::MonthFirst
        } else {
            Self::DayFirst
        }
    }
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CivilDate {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl CivilDate {
    /// Reads `2024-03-09`, `2024/03/09`, `09.03.2024`, `3/9/2024`, each also with a time of day behind it.
    pub(crate) fn parse(value: &str, order: DateOrder) -> Option<Self> {
        let end = value
            .find(['T', ' '])
            .filter(|end| value.get(end + 1..).is_some_and(is_time))
            .unwrap_or(value.len());
        let day = value.get(..end)?;
        let separator = day.chars().find(|c| !c.is_ascii_digit())?;
        let mut parts = day.split(separator);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let year_first = first.len() == 4;
        match separator {
            '-' | '/' if year_first => Self::new(first, second, third),
            '.' => Self::new(third, second, first),
            '/' | '-' => match order {
                DateOrder::MonthFirst => Self::new(third, first, second),
                DateOrder::DayFirst => Self::new(third, second, first),
                DateOrder::Any => {
                    Self::new(third, first, second).or_else(|| Self::new(third, second, first))
                }
            },
            _ => None,
        }
    }

    fn new(year: &str, month: &str, day: &str) -> Option<Self> {
        let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
            (digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
                .then(|| text.parse::<u16>().ok())
                .flatten()
        };
        let year = number(year, 4..=4)?;
        let month = number(month, 1..=2)?;
        let day = number(day, 1..=2)?;
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (1..=days).contains(&day).then_some(Self {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        })
    }
}

fn is_time(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && text.contains(':')
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'+' | b'-' | b'Z'))
}

#[cfg(test)]
mod tests {
    use super::{CivilDate, DateOrder, Kind};

    fn kind(values: &[&str]) -> Kind {
        Kind::of(values.iter().copied())
    }

    #[test]
    fn kinds_are_told_by_all_values() {
        assert_eq!(kind(&["1", "-20", ""]), Kind::Integer);
        assert_eq!(kind(&["01234", "97141"]), Kind::Text);
        assert_eq!(kind(&["1", "2.5", "1e-3"]), Kind::Decimal);
        assert_eq!(kind(&["2024-02-29", "1999-12-31T10:00:00Z"]), Kind::Date);
        assert_eq!(kind(&["2023-02-29"]), Kind::Text);
        assert_eq!(kind(&["true", "false"]), Kind::Boolean);
        assert_eq!(kind(&["true", "yes"]), Kind::Text);
        assert_eq!(kind(&["", ""]), Kind::Text);
        assert_eq!(kind(&["nan", "inf"]), Kind::Text);
    }

    #[test]
    fn slashes_are_read_in_the_order_that_all_values_allow() {
        let values = ["03/04/2020", "25/12/2020"];
        let order = DateOrder::of(values.into_iter());
        assert_eq!(order, DateOrder::DayFirst);
        let read = CivilDate::parse("03/04/2020", order).unwrap();
        assert_eq!((read.year, read.month, read.day), (2020, 4, 3));
    }
}
