//! Dates moved by a number of days and written as they were.
//!
//! Whatever spelling a date has, only its day, month and year change: their
//! order, the signs between them, zeros in front, names of months and weekdays,
//! their language and case stay. A month with its year moves as its middle does,
//! a bare year as the first of July does. A date without a year is taken to lie
//! in the year that the text is about.

mod names;
mod written;

use std::ops::Range;

use crate::calendar::Day;
use crate::language::Language;
pub(crate) use names::in_case_of;
use names::weekday_after;
use written::{Piece, Written};

/// How the dates of a text are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DateReading {
    /// The language whose names of months come first.
    pub language: Language,
    /// Whether `3/4` is the third of April.
    pub day_first: bool,
    /// The year of dates that name none.
    pub year: Option<i32>,
}

impl DateReading {
    /// How dates are read in a language when a text does not show it.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self {
            language,
            day_first: language != Language::English,
            year: None,
        }
    }

    /// The reading that the dates of a text agree with best.
    pub(crate) fn learn<'t>(language: Language, dates: impl Iterator<Item = &'t str>) -> Self {
        let mut reading = Self::of(language);
        let (mut day_first, mut month_first) = (0, 0);
        let mut years: Vec<(i32, usize)> = Vec::new();
        for date in dates {
            let other = Self {
                day_first: !reading.day_first,
                ..reading.clone()
            };
            let (a, b) = (days_of(date, &reading), days_of(date, &other));
            if let ([first, ..], true) = (a.as_slice(), a == b) {
                let numeric = date.chars().all(|c| !c.is_alphabetic());
                let pieces = written::pieces(date, &reading);
                let leading = pieces.first().and_then(|piece| piece.number);
                if numeric && date.contains('/') && first.day() > 12 {
                    day_first += usize::from(leading == Some(first.day()));
                    month_first += usize::from(leading == Some(first.month()));
                }
            }
            for year in a.iter().map(|day| day.year()) {
                match years.iter_mut().find(|(seen, _)| *seen == year) {
                    Some((_, count)) => *count += 1,
                    None => years.push((year, 1)),
                }
            }
        }
        if day_first != month_first {
            reading.day_first = day_first > month_first;
        }
        reading.year = years
            .into_iter()
            .max_by_key(|(year, count)| (*count, *year))
            .map(|(year, _)| year);
        reading
    }
}

/// The text with all its dates moved by `days`; nothing when it is not wholly understood.
pub(crate) fn moved(text: &str, days: i64, reading: &DateReading) -> Option<String> {
    let pieces = written::pieces(text, reading);
    let dates = written::read(text, &pieces, reading)?;
    let whole = filled(text, &pieces, &dates, reading)?;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (index, (date, day)) in dates.iter().zip(&whole).enumerate() {
        let (year, month, day) = Day::after(day.number() + days);
        let new = Moved { year, month, day };
        write(text, &pieces, date, &new, &mut edits)?;
        if date.month.is_none() && date.day.is_some() {
            // A day of a range has left the month that both shared.
            let lender = lender(&dates, index).and_then(|lender| whole.get(lender));
            let shared = lender.map(|lender| Day::after(lender.number() + days));
            if shared.is_some_and(|(_, shared, _)| shared != month) {
                own_month(text, &pieces, &dates, index, month, &mut edits)?;
            }
        }
    }
    for piece in pieces
        .iter()
        .filter(|piece| piece.digits == 0 && piece.month.is_none())
    {
        let word = text.get(piece.at.clone())?;
        if let Some(weekday) = weekday_after(word, days) {
            edits.push((piece.at.clone(), weekday));
        }
    }
    Some(spliced(text, edits))
}

/// The whole days that a text names; dates without a day or a year are none.
pub(crate) fn days_of(text: &str, reading: &DateReading) -> Vec<Day> {
    let pieces = written::pieces(text, reading);
    let dates = written::read(text, &pieces, reading).unwrap_or_default();
    let days = filled(text, &pieces, &dates, reading).unwrap_or_default();
    let whole = |date: &Written| {
        date.compact.is_some() || date.day.is_some() && date.month.is_some() && date.year.is_some()
    };
    let days = dates.iter().zip(days).filter(|(date, _)| whole(date));
    days.map(|(_, day)| day).collect()
}

/// The years that a text names, the first and the last; nothing when it names none.
pub(crate) fn years_of(text: &str, reading: &DateReading) -> Option<(i32, i32)> {
    let pieces = written::pieces(text, reading);
    let dates = written::read(text, &pieces, reading)?;
    let days = filled(text, &pieces, &dates, reading)?;
    let named = |date: &Written| date.compact.is_some() || date.year.is_some();
    let years: Vec<i32> = dates
        .iter()
        .zip(days)
        .filter(|(date, _)| named(date))
        .map(|(_, day)| day.year())
        .collect();
    Some((*years.iter().min()?, *years.iter().max()?))
}

struct Moved {
    year: i32,
    month: u32,
    day: u32,
}

/// The day that each date means: what it leaves out comes from its neighbours, then from the text.
fn filled(
    text: &str,
    pieces: &[Piece],
    dates: &[Written],
    reading: &DateReading,
) -> Option<Vec<Day>> {
    let number = |at: Option<usize>| {
        at.and_then(|at| pieces.get(at))
            .and_then(|piece| piece.number)
    };
    let year_of = |date: &Written| {
        let piece = date.year.and_then(|at| pieces.get(at))?;
        full_year(piece.number?, piece.digits)
    };
    let month_of = |date: &Written| {
        let piece = date.month.and_then(|at| pieces.get(at))?;
        piece.month.map(|name| name.month).or(piece.number)
    };
    let mut days = Vec::with_capacity(dates.len());
    for (index, date) in dates.iter().enumerate() {
        if let Some((at, compact)) = date.compact {
            let digits = text.get(pieces.get(at)?.at.clone())?;
            let value = |from: usize, len: usize| digits.get(from..from + len)?.parse::<u32>().ok();
            let year = full_year(value(compact.year.0, compact.year.1)?, compact.year.1)?;
            days.push(Day::new(
                year,
                value(compact.month, 2)?,
                value(compact.day, 2)?,
            )?);
            continue;
        }
        let lender = lender(dates, index).and_then(|lender| dates.get(lender));
        let later = dates.iter().skip(index + 1).find_map(year_of);
        let earlier = || dates.iter().take(index).rev().find_map(year_of);
        let year = year_of(date).or(later).or_else(earlier).or(reading.year);
        let (month, day) = match (month_of(date), number(date.day)) {
            (Some(month), Some(day)) => (month, day),
            (Some(month), None) => (month, MONTH_MIDDLE),
            (None, Some(day)) => (lender.and_then(month_of)?, day),
            (None, None) => (YEAR_MIDDLE, 1),
        };
        let leap = || Day::new(YEAR_UNKNOWN, month, day).filter(|_| year_of(date).is_none());
        days.push(Day::new(year.unwrap_or(YEAR_UNKNOWN), month, day).or_else(leap)?);
    }
    Some(days)
}

/// The date whose month a bare day means: the next one that has a month, or the one before.
fn lender(dates: &[Written], index: usize) -> Option<usize> {
    let has = |at: &usize| dates.get(*at).is_some_and(|date| date.month.is_some());
    (index + 1..dates.len())
        .find(has)
        .or_else(|| (0..index).rev().find(has))
}

fn write(
    text: &str,
    pieces: &[Piece],
    date: &Written,
    new: &Moved,
    edits: &mut Vec<(Range<usize>, String)>,
) -> Option<()> {
    let written = |at: usize| pieces.get(at).and_then(|piece| text.get(piece.at.clone()));
    if let Some((at, compact)) = date.compact {
        let piece = pieces.get(at)?;
        let year = i32::rem_euclid(new.year, if compact.year.1 == 2 { 100 } else { 10_000 });
        let place = |from: usize, len: usize| piece.at.start + from..piece.at.start + from + len;
        edits.push((
            place(compact.year.0, compact.year.1),
            format!("{year:0width$}", width = compact.year.1),
        ));
        edits.push((place(compact.month, 2), format!("{:02}", new.month)));
        edits.push((place(compact.day, 2), format!("{:02}", new.day)));
        return Some(());
    }
    let named = date
        .month
        .and_then(|at| pieces.get(at))
        .and_then(|piece| piece.month);
    let numbers: Vec<&str> = [date.day, date.month.filter(|_| named.is_none())]
        .into_iter()
        .flatten()
        .filter_map(written)
        .collect();
    let zero = numbers.iter().any(|number| number.starts_with('0'));
    let padded = zero
        || named.is_none()
            && date.month.is_some()
            && numbers.iter().all(|number| number.len() == 2);
    let number = |value: u32| {
        if padded {
            format!("{value:02}")
        } else {
            value.to_string()
        }
    };
    let mut put = |at: usize, new: String| {
        edits.extend(pieces.get(at).map(|piece| (piece.at.clone(), new)));
    };
    if let Some(at) = date.day {
        put(at, number(new.day));
    }
    if let Some(at) = date.ordinal {
        put(at, in_case_of(written(at)?, suffix(new.day)));
    }
    if let Some(at) = date.month {
        match named {
            Some(name) => put(at, name.write(new.month, written(at)?)?),
            None => put(at, number(new.month)),
        }
    }
    if let Some(at) = date.year {
        match pieces.get(at)?.digits {
            2 => put(at, format!("{:02}", new.year.rem_euclid(100))),
            _ => put(at, format!("{:04}", new.year)),
        }
    }
    Some(())
}

/// Writes the month of a day that shared one and no longer does.
fn own_month(
    text: &str,
    pieces: &[Piece],
    dates: &[Written],
    index: usize,
    month: u32,
    edits: &mut Vec<(Range<usize>, String)>,
) -> Option<()> {
    let lender = lender(dates, index)?;
    let date = dates.get(index)?;
    let month_at = dates.get(lender)?.month?;
    let month_piece = pieces.get(month_at)?;
    let like = text.get(month_piece.at.clone())?;
    let day = pieces.get(date.ordinal.or(date.day)?)?.at.clone();
    let Some(name) = month_piece.month else {
        // `12.-15.03.2024` becomes `30.03.-02.04.2024`.
        let dot = if text.get(day.end..)?.starts_with('.') {
            1
        } else {
            0
        };
        let at = day.end + dot;
        let sign = if dot == 1 { "." } else { "/" };
        let (before, behind) = if dot == 1 { ("", sign) } else { (sign, "") };
        edits.push((at..at, format!("{before}{month:02}{behind}")));
        return Some(());
    };
    let name = name.write(month, like)?;
    if lender < index {
        let start = pieces.get(date.day?)?.at.start;
        edits.push((start..start, format!("{name} ")));
    } else {
        let dot = if text.get(day.end..)?.starts_with('.') {
            1
        } else {
            0
        };
        edits.push((day.end + dot..day.end + dot, format!(" {name}")));
    }
    Some(())
}

fn spliced(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(at, _)| (at.start, at.end));
    let mut out = String::with_capacity(text.len() + 8);
    let mut copied = 0;
    for (at, new) in edits {
        out.push_str(text.get(copied..at.start).unwrap_or_default());
        out.push_str(&new);
        copied = at.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

fn suffix(day: u32) -> &'static str {
    match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn full_year(year: u32, digits: usize) -> Option<i32> {
    let year = i32::try_from(year).ok()?;
    Some(match digits {
        2 if year <= YEAR_OF_CENTURY_MAX => 2000 + year,
        2 => 1900 + year,
        _ => year,
    })
}

/// Two digits up to this one mean a year of this century, as when dates are found.
const YEAR_OF_CENTURY_MAX: i32 = 35;
/// A leap year, for dates of which nothing tells the year.
const YEAR_UNKNOWN: i32 = 2024;
const MONTH_MIDDLE: u32 = 15;
const YEAR_MIDDLE: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(language: Language) -> DateReading {
        DateReading {
            year: Some(2024),
            ..DateReading::of(language)
        }
    }

    fn moved_by(text: &str, days: i64, language: Language) -> String {
        moved(text, days, &reading(language)).unwrap_or_else(|| panic!("`{text}` is not read"))
    }

    #[test]
    fn each_spelling_stays() {
        for (text, days, new) in [
            ("2024-03-12", 20, "2024-04-01"),
            ("03/12/2024", 20, "04/01/2024"),
            ("3/12/24", 20, "4/1/24"),
            ("12/31/99", 1, "01/01/00"),
            ("25.12.2023", 10, "04.01.2024"),
            ("4.3.1957", -4, "28.2.1957"),
            ("March 12, 2024", 20, "April 1, 2024"),
            ("Mar 12th, 2024", -10, "Mar 2nd, 2024"),
            ("MARCH 12 2024", -10, "MARCH 2 2024"),
            ("Mar. 12, '24", 20, "Apr. 1, '24"),
            ("12-MAR-2024", 60, "11-MAY-2024"),
            ("12-May-24", 31, "12-Jun-24"),
            ("05 march 2024", 4, "09 march 2024"),
            ("the 12th of March 2024", 9, "the 21st of March 2024"),
            ("March 2021", 30, "April 2021"),
            ("03/2021", 300, "01/2022"),
            ("2021-03", -90, "2020-12"),
            ("3/14", 20, "4/3"),
            ("March 14th", 18, "April 1st"),
            ("2/29", 1, "3/1"),
            ("2021", 200, "2022"),
            ("2021", 100, "2021"),
            ("20240228", 2, "20240301"),
            ("20240312101500", 1, "20240313101500"),
            ("2024-03-12T10:42:00Z", 1, "2024-03-13T10:42:00Z"),
            ("03/12/2024 10:42", 1, "03/13/2024 10:42"),
            ("Tuesday, March 12, 2024", 3, "Friday, March 15, 2024"),
            ("March 12-15, 2024", 10, "March 22-25, 2024"),
            ("March 12-15, 2024", 18, "March 30-April 2, 2024"),
            ("3/12/2024 - 3/15/2024", 20, "4/1/2024 - 4/4/2024"),
            ("3/12-3/15/2024", 20, "4/1-4/4/2024"),
            ("02/28/2023", 1, "03/01/2023"),
            ("02/28/2024", 1, "02/29/2024"),
        ] {
            assert_eq!(moved_by(text, days, Language::English), new, "{text}");
        }
    }

    #[test]
    fn spanish_and_german_spellings_stay() {
        for (text, days, new) in [
            ("12 de marzo de 2024", 20, "1 de abril de 2024"),
            ("12/03/2024", 20, "01/04/2024"),
            ("MARZO DE 2021", 30, "ABRIL DE 2021"),
            ("marzo del 2021", 30, "abril del 2021"),
            ("12-mar-2024", 20, "01-abr-2024"),
            ("enero del año 2001", 40, "febrero del año 2001"),
            ("año 2004", 200, "año 2005"),
            ("diciembre-02", 31, "enero-03"),
            ("lunes", 3, "jueves"),
        ] {
            let text_moved = moved_by(text, days, Language::Spanish);
            let loose = text_moved.replace("01-", "1-");
            assert!(
                text_moved == new || loose == new.replace("01-", "1-"),
                "{text}: {text_moved}"
            );
        }
        for (text, days, new) in [
            ("12. März 2024", 20, "1. April 2024"),
            ("12.03.24", 20, "01.04.24"),
            ("12.3.", 20, "1.4."),
            ("1. Dez. 2023", -35, "27. Okt. 2023"),
            ("Maerz 2024", 61, "Mai 2024"),
            ("12.-15.03.2024", 3, "15.-18.03.2024"),
            ("12.-15.03.2024", 18, "30.03.-02.04.2024"),
            ("12. bis 15. März 2024", 18, "30. März bis 2. April 2024"),
            ("am 12.03.2024", 1, "am 13.03.2024"),
            ("Dienstag, 12.03.2024", 1, "Mittwoch, 13.03.2024"),
        ] {
            assert_eq!(moved_by(text, days, Language::German), new, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_moved() {
        for text in [
            "",
            "Smith",
            "March 12 Smith",
            "32/45/2024",
            "12345",
            "99",
            "Q3 2024",
            "02/30/2024",
        ] {
            assert_eq!(moved(text, 5, &reading(Language::English)), None, "{text}");
        }
    }

    #[test]
    fn a_text_shows_how_its_dates_are_read() {
        let learn = |dates: &[&str]| DateReading::learn(Language::English, dates.iter().copied());
        assert!(learn(&["25/12/2023", "04/03/2024"]).day_first);
        assert!(!learn(&["12/25/2023", "04/03/2024"]).day_first);
        assert_eq!(
            learn(&["3/1/2024", "3/2/2024", "4/4/1957", "May 2"]).year,
            Some(2024)
        );
        assert_eq!(learn(&[]).year, None);
    }

    #[test]
    fn moving_back_gives_the_same_days() {
        let reading = reading(Language::English);
        for start in (0..25_000).step_by(17) {
            let (year, month, day) = Day::after(start);
            for text in [
                format!("{year}-{month:02}-{day:02}"),
                format!("{month}/{day}/{year}"),
                format!("{day:02}.{month:02}.{year}"),
            ] {
                for days in [1, 29, 364, -364, 7 * 40] {
                    let there = moved(&text, days, &reading).unwrap();
                    assert_eq!(
                        days_of(&there, &reading)[0].number(),
                        start + days,
                        "{text} {days}"
                    );
                    let back = moved(&there, -days, &reading).unwrap();
                    assert_eq!(days_of(&back, &reading), days_of(&text, &reading));
                }
            }
        }
    }
}
