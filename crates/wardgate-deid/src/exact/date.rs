//! Dates in the forms that notes use.

mod partial;
mod worded;

use crate::calendar::{Day, YEAR_MAX, YEAR_MIN};
use crate::finding::{Finding, Kind, Part};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::{Class, lexicon};

/// A date read from a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateRead {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The days it may mean, the likelier first; none when it is only part of a date.
    pub(crate) days: [Option<Day>; 2],
    pub(crate) score: f32,
    /// Whether it is a year alone.
    pub(crate) part: Part,
    reason: &'static str,
}

/// The date that begins at a token, as a finding.
pub(super) fn find(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let read = read(lexed, at)?;
    Some(Finding {
        part: read.part,
        ..Finding::exact(read.start..read.end, Kind::Date, read.score, read.reason)
    })
}

/// The days that a whole text names as one date; `04/03/1980` may mean two.
pub(crate) fn days_of(text: &str) -> [Option<Day>; 2] {
    let lexed = Lexed::new(text.trim(), lexicon());
    let whole = |read: &DateRead| read.start == 0 && read.end == lexed.text.len();
    let read = read(&lexed, 0)
        .filter(whole)
        .or_else(|| loose(&lexed, 0).filter(whole));
    read.map_or([None; 2], |read| read.days)
}

/// Reads the date that begins at a token.
pub(crate) fn read(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let token = lexed.token(at)?;
    if token.shape != Shape::Number {
        return token
            .classes
            .any(Class::MONTH)
            .then(|| worded::month_first(lexed, at))
            .flatten();
    }
    let len = token.len();
    if len >= 4 {
        return match len {
            4 => numeric(lexed, at)
                .or_else(|| worded::year_first(lexed, at))
                .or_else(|| partial::month_of_year(lexed, at))
                .or_else(|| partial::year(lexed, at)),
            _ => compact(lexed, at),
        };
    }
    if len > 2 {
        return None;
    }
    let separated = matches!(lexed.after(token), b'/' | b'-' | b'.');
    let next = lexed.token(at + 1)?;
    if !separated && next.shape == Shape::Number {
        return spaced_birth(lexed, at);
    }
    if !separated && !next.classes.any(Class::MONTH) && next.len() > 4 {
        return None;
    }
    if separated
        && next.shape == Shape::Number
        && let Some(found) = numeric(lexed, at)
    {
        return Some(found);
    }
    worded::day_first(lexed, at)
        .or_else(|| partial::month_of_year(lexed, at))
        .or_else(|| partial::day_of_month(lexed, at))
        .or_else(|| partial::range_start(lexed, at))
}

/// Three numbers with any small gaps that can be a day: only to be compared with a day on file.
pub(crate) fn loose(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let close = |index| lexed.gap(index).len() <= LOOSE_GAP_MAX;
    if !close(at + 1) || !close(at + 2) {
        return None;
    }
    let days = triple(lexed, at, false)?;
    Some(made(lexed, at, at + 2, days, 0.5))
}

fn made(
    lexed: &Lexed<'_>,
    first: usize,
    last: usize,
    days: [Option<Day>; 2],
    score: f32,
) -> DateRead {
    let span = lexed.span(first, last);
    DateRead {
        start: span.start,
        end: span.end,
        days,
        score,
        part: Part::Whole,
        reason: "exact.date",
    }
}

/// `2024-03-12`, `3/12/24`, `12.03.2024`, `25/08 /1965`.
fn numeric(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let (gap, second) = (lexed.gap(at + 1), lexed.gap(at + 2));
    let separator = gap.trim();
    let full_year = lexed.digits(at + 2).is_some_and(|d| d.len() == 4);
    let same = separator == second.trim().trim_start_matches('/')
        || separator == second.trim()
        || (separator == "." && second == " " && full_year);
    if !matches!(separator, "/" | "-" | ".") || !same || gap.len() > 2 || second.len() > 3 {
        return None;
    }
    let loose = gap != second || gap.starts_with(' ');
    if !full_year && (loose || lexed.is(at, Class::QUANTITY) && separator == ".") {
        return None;
    }
    // A fourth group makes it a version, an address or a phone number.
    let more = lexed.digits(at + 3).is_some() && lexed.gap(at + 3) == separator;
    let earlier = lexed.digits(at.wrapping_sub(1)).is_some();
    let before = earlier && (lexed.gap(at) == separator || lexed.gap(at) == ",");
    let coded = lexed.gap(at) == "."
        && lexed
            .token(at.wrapping_sub(1))
            .is_some_and(|t| t.shape == Shape::Upper);
    let versioned = coded
        || lexed.is(at.wrapping_sub(1), Class::VERSION.with(Class::CODE_CUE))
            && !(separator == "/" && full_year);
    let measured = !full_year
        && lexed.is(at + 3, Class::UNIT)
        && matches!(lexed.gap(at + 3), "" | " ")
        && lexed.digits(at).is_some_and(|d| d.len() < 4);
    if more || before || versioned || measured {
        return None;
    }
    match triple(lexed, at, separator == ".") {
        Some(days) => Some(made(lexed, at, at + 2, days, 0.9)),
        None => mistaken(lexed, at, full_year),
    }
}

/// A day that the calendar does not have is still meant as one, when its year is written out.
fn mistaken(lexed: &Lexed<'_>, at: usize, full_year: bool) -> Option<DateRead> {
    let (a, b, year) = (lexed.value(at)?, lexed.value(at + 1)?, lexed.value(at + 2)?);
    let near = a <= 31 && b <= 31 && a.min(b) <= 12;
    let possible = full_year && near && YEARS.contains(&year);
    possible.then(|| made(lexed, at, at + 2, [None; 2], 0.6))
}

/// The days that three numbers may mean.
fn triple(lexed: &Lexed<'_>, at: usize, day_first: bool) -> Option<[Option<Day>; 2]> {
    let lens = [at, at + 1, at + 2].map(|i| lexed.digits(i).map_or(0, str::len));
    let (a, b, c) = (lexed.value(at)?, lexed.value(at + 1)?, lexed.value(at + 2)?);
    let days = match lens {
        [4, 1..=2, 1..=2] => [day(a, 4, b, c), None],
        [1..=2, 1..=2, len @ (2 | 4)] => {
            let (dmy, mdy) = (day(c, len, b, a), day(c, len, a, b));
            if day_first { [dmy, mdy] } else { [mdy, dmy] }
        }
        _ => return None,
    };
    match days {
        [None, None] => None,
        [None, second] => Some([second, None]),
        days => Some(days),
    }
}

/// `DOB 03 04 1980`.
fn spaced_birth(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let spaced = lexed.gap(at + 1) == " " && lexed.gap(at + 2) == " ";
    if !spaced || !is_birth_cued(lexed, at) {
        return None;
    }
    let days = triple(lexed, at, false)?;
    Some(made(lexed, at, at + 2, days, 0.8))
}

/// `20240312`, also as the start of a longer time stamp; `12031980` and `031280` behind a cue.
fn compact(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let digits = lexed.digits(at)?;
    if !matches!(digits.len(), 6 | 8 | 12 | 14) || (at > 0 && lexed.gap(at).is_empty()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let start = lexed.token(at)?.start;
    let found = |len: usize, days, score| {
        Some(DateRead {
            end: start + len,
            ..made(lexed, at, at, days, score)
        })
    };
    if digits.len() == 6 {
        let (a, b, c) = (part(0, 2)?, part(2, 4)?, part(4, 6)?);
        let days = [day(c, 2, a, b), day(c, 2, b, a)];
        return days
            .iter()
            .any(Option::is_some)
            .then(|| found(6, days, 0.7))
            .flatten()
            .filter(|_| is_birth_cued(lexed, at));
    }
    let year_first = part(0, 4).filter(|year| YEARS.contains(year));
    let mut days = [
        year_first.and_then(|year| day(year, 4, part(4, 6)?, part(6, 8)?)),
        None,
    ];
    if days == [None; 2] && digits.len() == 8 && is_birth_cued(lexed, at) {
        let (a, b, year) = (part(0, 2)?, part(2, 4)?, part(4, 8)?);
        days = [day(year, 4, a, b), day(year, 4, b, a)];
    }
    days.iter().flatten().next()?;
    found(8, days, 0.6)
}

/// Whether a word such as `DOB` stands shortly before.
fn is_birth_cued(lexed: &Lexed<'_>, at: usize) -> bool {
    (1..=3).any(|back| lexed.is(at.wrapping_sub(back), Class::BIRTH))
}

fn day(year: u32, year_len: usize, month: u32, day: u32) -> Option<Day> {
    Day::new(year_of(year, year_len)?, month, day)
}

fn year_of(year: u32, len: usize) -> Option<i32> {
    let year = i32::try_from(year).ok()?;
    match len {
        2 if year <= YEAR_OF_CENTURY_MAX => Some(2000 + year),
        2 => Some(1900 + year),
        _ => (YEAR_MIN..=YEAR_MAX).contains(&year).then_some(year),
    }
}

/// Two digits up to this one mean a year of this century.
const YEAR_OF_CENTURY_MAX: i32 = 35;
/// Characters between the numbers of a date that only a day on file explains.
const LOOSE_GAP_MAX: usize = 3;
/// Years that a number alone is taken for.
const YEARS: std::ops::Range<u32> = 1900..2100;
