//! Dates in the forms that notes use.

use crate::calendar::{Day, YEAR_MAX, YEAR_MIN};
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
    if token.shape == Shape::Number {
        let separated = matches!(lexed.after(token), b'/' | b'-' | b'.');
        let long = token.len() >= 4;
        let worded = !separated && token.len() <= 2 && may_be_worded(lexed, at + 1);
        if !(separated || long || worded) {
            return None;
        }
        return numeric(lexed, at)
            .or_else(|| day_first(lexed, at))
            .or_else(|| compact(lexed, at))
            .or_else(|| partial(lexed, at));
    }
    if token.classes.any(Class::MONTH) {
        return month_first(lexed, at);
    }
    None
}

/// Whether the word behind a day can lead to a month.
fn may_be_worded(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed.is(at, Class::MONTH) || lexed.token(at).is_some_and(|token| token.len() == 2)
}

/// Three numbers with any small gaps that can be a day: only to be compared with a day on file.
pub(crate) fn loose(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let close = |index| lexed.gap(index).len() <= LOOSE_GAP_MAX;
    if !close(at + 1) || !close(at + 2) {
        return None;
    }
    let days = triple(lexed, at, false)?;
    let span = lexed.span(at, at + 2);
    Some(DateRead {
        start: span.start,
        end: span.end,
        days,
        score: 0.5,
    })
}

/// `2024-03-12`, `3/12/24`, `12.03.2024`.
fn numeric(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let separator = lexed.gap(at + 1);
    if !matches!(separator, "/" | "-" | "." | ". ") || lexed.gap(at + 2) != separator {
        return None;
    }
    // A fourth group makes it a version, an address or a phone number.
    let more = lexed.digits(at + 3).is_some() && lexed.gap(at + 3) == separator;
    let before = lexed.digits(at.wrapping_sub(1)).is_some() && lexed.gap(at) == separator;
    let versioned = lexed.is(at.wrapping_sub(1), Class::VERSION.with(Class::CODE_CUE));
    if more || before || versioned {
        return None;
    }
    let days = triple(lexed, at, separator.starts_with('.'))?;
    let span = lexed.span(at, at + 2);
    Some(DateRead {
        start: span.start,
        end: span.end,
        days,
        score: 0.9,
    })
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

/// `12 March 2024`, `12th of March`, `12-Mar-24`, `12. März 2024`, `12 de marzo de 2024`.
fn day_first(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let day_of_month = lexed.value(at).filter(|d| (1..=31).contains(d))?;
    let mut next = at + 1;
    if is_ordinal(lexed, next) {
        next += 1;
    }
    if matches!(lexed.str(next), "of" | "de" | "OF" | "DE") {
        next += 1;
    }
    let spaced =
        (at + 1..=next).all(|i| matches!(lexed.gap(i), "" | " " | "-" | ". " | "." | "/" | "\n"));
    if !spaced || !lexed.is(next, Class::MONTH) {
        return None;
    }
    let month = month_of(lexed.str(next))?;
    let year = year_after(lexed, next);
    if year.is_none() && is_doubtful_month(lexed, next) {
        return None;
    }
    let last = year.map_or(next, |(_, last)| last);
    let whole = year.and_then(|(year, _)| Day::new(year, month, day_of_month));
    let span = lexed.span(at, last);
    Some(DateRead {
        start: span.start,
        end: span.end,
        days: [whole, None],
        score: if year.is_some() { 0.95 } else { 0.7 },
    })
}

/// `March 12, 2024`, `March 12th`, `Mar 2024`, `March 12-15, 2024`.
fn month_first(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let month = month_of(lexed.str(at))?;
    let mut last = at;
    let mut day_of_month = None;
    let number = lexed
        .value(at + 1)
        .filter(|_| is_date_gap(lexed.gap(at + 1)));
    let short = lexed.digits(at + 1).is_some_and(|digits| digits.len() <= 2);
    if let Some(day) = number.filter(|d| short && (1..=31).contains(d)) {
        day_of_month = Some(day);
        last = at + 1;
        if is_ordinal(lexed, last + 1) {
            last += 1;
        }
        let range = matches!(lexed.gap(last + 1), "-" | " - ");
        if range && lexed.value(last + 1).is_some_and(|d| (1..=31).contains(&d)) {
            last += 1;
        }
    }
    let year = year_after(lexed, last);
    if let Some((_, year_at)) = year {
        last = year_at;
    } else if day_of_month.is_none()
        || is_doubtful_month(lexed, at)
        || lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1).len() <= 1
    {
        return None;
    }
    let whole = year.zip(day_of_month);
    let whole = whole.and_then(|((year, _), day)| Day::new(year, month, day));
    let span = lexed.span(at, last);
    Some(DateRead {
        start: span.start,
        end: span.end,
        days: [whole, None],
        score: if year.is_some() { 0.95 } else { 0.7 },
    })
}

/// `20240312`, also as the start of a longer time stamp; `12031980` behind a cue.
fn compact(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let digits = lexed.digits(at)?;
    if !matches!(digits.len(), 8 | 12 | 14) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let start = lexed.token(at)?.start;
    let year_first = part(0, 4).filter(|year| (1900..2100).contains(year));
    let mut days = [
        year_first.and_then(|year| day(year, 4, part(4, 6)?, part(6, 8)?)),
        None,
    ];
    if days == [None; 2] && digits.len() == 8 && is_birth_cued(lexed, at) {
        let (a, b, year) = (part(0, 2)?, part(2, 4)?, part(4, 8)?);
        days = [day(year, 4, a, b), day(year, 4, b, a)];
    }
    days.iter().flatten().next()?;
    Some(DateRead {
        start,
        end: start + 8,
        days,
        score: 0.6,
    })
}

/// `03/2024`, `2024-03`; `3/12` and a bare year only behind a cue.
fn partial(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let gap = lexed.gap(at + 1);
    let joined = matches!(gap, "/" | "-" | ".") && lexed.digits(at + 1).is_some();
    let chained = lexed.gap(at + 2) == gap && lexed.digits(at + 2).is_some();
    let lens = [at, at + 1].map(|i| lexed.digits(i).map_or(0, str::len));
    let before = lexed.gap(at).ends_with(['/', '-', '.', '+']);
    let found = |last: usize, score: f32| {
        let span = lexed.span(at, last);
        Some(DateRead {
            start: span.start,
            end: span.end,
            days: [None; 2],
            score,
        })
    };
    if joined && !chained && !before {
        let (a, b) = (lexed.value(at)?, lexed.value(at + 1)?);
        let (month, year) = match (lens, gap) {
            ([1..=2, 4], "/" | "." | "-") => (a, b),
            ([4, 2], "-" | "/") => (b, a),
            _ => (0, 0),
        };
        if (1..=12).contains(&month) && (1900..2100).contains(&year) {
            return found(at + 1, 0.6);
        }
        if lens == [2, 2] && (1..=12).contains(&a) && is_birth_cued(lexed, at) {
            return found(at + 1, 0.7);
        }
        let month_and_day = gap == "/" && (1..=12).contains(&a) && (1..=31).contains(&b)
            || gap == "."
                && (1..=31).contains(&a)
                && (1..=12).contains(&b)
                && is_german_cue(lexed, at);
        let cued = is_birth_cued(lexed, at) || lexed.is(at.wrapping_sub(1), Class::DATE_CUE);
        let measured = lexed.is(at + 2, Class::UNIT) && lexed.gap(at + 2).len() <= 1;
        if month_and_day && cued && !measured && lexed.gap(at).len() <= 2 {
            return found(at + 1, 0.6);
        }
    }
    let year = lens[0] == 4
        && lexed
            .value(at)
            .is_some_and(|year| (1900..2100).contains(&year));
    if year && is_birth_cued(lexed, at) {
        return found(at, 0.6);
    }
    None
}

/// Whether a word such as `DOB` stands shortly before.
fn is_birth_cued(lexed: &Lexed<'_>, at: usize) -> bool {
    (1..=3).any(|back| lexed.is(at.wrapping_sub(back), Class::BIRTH))
}

/// Whether `am`, `vom` or the like stands before, which make `12.3.` a date and no decimal.
fn is_german_cue(lexed: &Lexed<'_>, at: usize) -> bool {
    let word = lexed.str(at.wrapping_sub(1));
    ["am", "vom", "seit", "bis"]
        .iter()
        .any(|cue| word.eq_ignore_ascii_case(cue))
        && lexed.gap(at + 2).starts_with('.')
}

/// The year behind a day and month, with the token in which it stands.
fn year_after(lexed: &Lexed<'_>, last: usize) -> Option<(i32, usize)> {
    let mut next = last + 1;
    if matches!(lexed.str(next), "of" | "de" | "del" | "OF" | "DE") {
        next += 1;
    }
    let gap = lexed.gap(next);
    let value = lexed.value(next)?;
    let len = lexed.digits(next)?.len();
    match len {
        4 if is_date_gap(gap) || gap.is_empty() || gap == "/" => {
            year_of(value, 4).map(|year| (year, next))
        }
        2 if matches!(gap, "-" | " '" | "'" | "/" | ", '") => {
            year_of(value, 2).map(|year| (year, next))
        }
        _ => None,
    }
}

fn is_date_gap(gap: &str) -> bool {
    matches!(
        gap,
        " " | ", " | "," | ". " | "." | "-" | "\n" | ",\n" | "  "
    )
}

fn is_ordinal(lexed: &Lexed<'_>, at: usize) -> bool {
    let word = lexed.str(at);
    lexed.gap(at).is_empty()
        && ["st", "nd", "rd", "th"]
            .iter()
            .any(|o| word.eq_ignore_ascii_case(o))
}

/// Words that are months only when written as such.
fn is_doubtful_month(lexed: &Lexed<'_>, at: usize) -> bool {
    let small = lexed
        .token(at)
        .is_some_and(|token| token.shape == Shape::Lower);
    small
        && matches!(
            lexed.str(at),
            "may" | "march" | "mar" | "dec" | "sep" | "jan" | "mars" | "mai"
        )
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

/// The month that a name or abbreviation in one of the known languages means.
fn month_of(word: &str) -> Option<u32> {
    let lower = word.to_ascii_lowercase();
    let starts = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    let names: [&[&str]; 12] = [
        &["jan", "ene", "gen"],
        &["feb", "fev"],
        &["mar", "maer"],
        &["apr", "abr", "avr"],
        &["may", "mai", "mag"],
        &["jun", "juin", "giu"],
        &["jul", "juil", "lug"],
        &["aug", "ago", "aout"],
        &["sep", "set"],
        &["oct", "okt", "ott"],
        &["nov"],
        &["dec", "dez", "dic"],
    ];
    let index = names.iter().position(|names| starts(names))?;
    u32::try_from(index + 1).ok()
}

/// Two digits up to this one mean a year of this century.
const YEAR_OF_CENTURY_MAX: i32 = 35;
/// Characters between the numbers of a date that only a day on file explains.
const LOOSE_GAP_MAX: usize = 3;
