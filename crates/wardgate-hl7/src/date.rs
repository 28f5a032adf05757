//! Dates as HL7 v2 writes them: `YYYY[MM[DD[HH[MM[SS[.SSSS]]]]]][+/-ZZZZ]`.

use wardgate_deid::{DateAs, Day, RecordDates};

/// What a written date became.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It stands.
    Kept,
    /// This stands for it, as precise as it was.
    Moved(String),
    /// This stands for it, less precise.
    Coarser(String),
    /// It goes.
    Gone,
    /// It is no date of the standard.
    Unread,
}

/// What becomes of a date; `birth` when it is one of a birth.
pub(crate) fn rewrite(written: &str, birth: bool, dates: &RecordDates) -> Written {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    let (date, rest) = written.split_at_checked(digits).unwrap_or((written, ""));
    if !is_rest(rest) || !matches!(digits, 4 | 6 | 8 | 10 | 12 | 14) {
        return Written::Unread;
    }
    let part =
        |from: usize, to: usize| date.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let Some(year) = date.get(..4).and_then(|year| year.parse::<i32>().ok()) else {
        return Written::Unread;
    };
    let (became, precision) = match digits {
        4 if birth => (dates.birth_year(year), 4),
        4 => (dates.year(year), 4),
        6 => (dates.month(year, part(4, 6).unwrap_or_default()), 6),
        _ => {
            let (month, day) = (
                part(4, 6).unwrap_or_default(),
                part(6, 8).unwrap_or_default(),
            );
            let Some(day) = Day::new(year, month, day) else {
                return Written::Unread;
            };
            match birth {
                true => (dates.birth_day(day), 8),
                false => (dates.day(day), 8),
            }
        }
    };
    let became = match birth && digits == 6 {
        true => born_in_month(year, became, dates),
        false => became,
    };
    match became {
        DateAs::Kept => Written::Kept,
        DateAs::Moved(day) => {
            let mut moved = String::with_capacity(written.len());
            moved.extend(digits_of(day).into_iter().take(precision));
            moved.push_str(written.get(precision..).unwrap_or_default());
            Written::Moved(moved)
        }
        DateAs::Year(year) => Written::Coarser(format!("{year:04}")),
        DateAs::Gone => Written::Gone,
    }
}

/// The day that a value says, when it is a date of the standard.
pub(crate) fn day_of(written: &str) -> Option<Day> {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    let (date, rest) = written.split_at_checked(digits)?;
    let read = matches!(digits, 8 | 10 | 12 | 14) && is_rest(rest);
    let part = |from: usize, to: usize| date.get(from..to)?.parse::<u32>().ok();
    let year = date.get(..4)?.parse().ok()?;
    let times = [(8, 10, 24), (10, 12, 59), (12, 14, 60)];
    let timed = times
        .iter()
        .all(|(from, to, most)| part(*from, *to).is_none_or(|value| value <= *most));
    (read && timed).then(|| Day::new(year, part(4, 6)?, part(6, 8)?))?
}

/// A birth in a month tells no more of 90 years than one on a day.
fn born_in_month(year: i32, became: DateAs, dates: &RecordDates) -> DateAs {
    let first = Day::new(year, 1, 1).map(|day| dates.birth_day(day));
    match (became, first) {
        (DateAs::Kept | DateAs::Moved(_), Some(DateAs::Year(oldest))) => DateAs::Year(oldest),
        (became, _) => became,
    }
}

/// The eight digits of a day.
fn digits_of(day: Day) -> [char; 8] {
    let year = u32::try_from(day.year()).unwrap_or_default();
    let number = year * 10_000 + day.month() * 100 + day.day();
    let places = [10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    places.map(|place| char::from_digit(number / place % 10, 10).unwrap_or('0'))
}

/// Fractions of a second and an offset from UTC.
fn is_rest(rest: &str) -> bool {
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let Some(offset) = rest.strip_prefix(['+', '-']) else {
        return rest.is_empty();
    };
    offset.len() == 4 && offset.bytes().all(|b| b.is_ascii_digit())
}
