//! Dates whose month is a word.

use super::{DateRead, YEARS, made, year_of};
use crate::calendar::Day;
use crate::lexer::{Leaning, Lexed, Shape};
use crate::lexicon::Class;

/// `12 March 2024`, `12th of March`, `12-Mar-24`, `12. März 2024`, `12 de marzo de 2024`.
pub(super) fn day_first(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let day_of_month = lexed.value(at).filter(|d| (1..=31).contains(d))?;
    let mut next = at + 1;
    if is_ordinal(lexed, next) {
        next += 1;
    }
    let ordinal = next > at + 1;
    if is_of(lexed, next) {
        next += 1;
    }
    let spaced = (at + 1..=next).all(|i| {
        matches!(
            lexed.gap(i),
            "" | " " | "-" | ". " | "." | "/" | "\n" | "  " | " - "
        )
    });
    if !spaced || !lexed.is(next, Class::MONTH) {
        return None;
    }
    let month = month_of(lexed.str(next))?;
    let year = year_after(lexed, next);
    let administered = lexed.str(next) == "MAR";
    if year.is_none() && (is_doubtful_month(lexed, next) && !ordinal || administered) {
        return None;
    }
    let last = year.map_or(next, |(_, last)| last);
    let whole = year.and_then(|(year, _)| Day::new(year, month, day_of_month));
    let score = if year.is_some() { 0.95 } else { 0.7 };
    Some(made(lexed, at, last, [whole, None], score))
}

/// `2024 March 12`, `2024-Mar-12`.
pub(super) fn year_first(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    if !lexed.is(at + 1, Class::MONTH) || !matches!(lexed.gap(at + 1), " " | "-" | "/") {
        return None;
    }
    let year = lexed.value(at).filter(|year| YEARS.contains(year))?;
    let month = month_of(lexed.str(at + 1))?;
    let number = lexed
        .value(at + 2)
        .filter(|_| matches!(lexed.gap(at + 2), " " | "-" | "/"))?;
    let day = Day::new(year_of(year, 4)?, month, number)?;
    Some(made(lexed, at, at + 2, [Some(day), None], 0.95))
}

/// `March 12, 2024`, `March 12th`, `Mar 2024`, `March 12-15, 2024`, `in March`.
pub(super) fn month_first(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let month = month_of(lexed.str(at))?;
    let mut last = at;
    let mut day_of_month = None;
    let number = lexed
        .value(at + 1)
        .filter(|_| is_date_gap(lexed.gap(at + 1)) && !is_code(lexed, at));
    let short = lexed.digits(at + 1).is_some_and(|digits| digits.len() <= 2);
    if let Some(day) = number.filter(|d| short && (1..=31).contains(d)) {
        day_of_month = Some(day);
        last = at + 1;
        if is_ordinal(lexed, last + 1) {
            last += 1;
        }
        let range = matches!(lexed.gap(last + 1), "-" | " - " | "/" | " & ");
        if range && lexed.value(last + 1).is_some_and(|d| (1..=31).contains(&d)) {
            last += 1;
            if is_ordinal(lexed, last + 1) {
                last += 1;
            }
        }
    }
    let year = year_after(lexed, last);
    if let Some((_, year_at)) = year {
        last = year_at;
    } else if day_of_month.is_none() {
        return alone(lexed, at);
    } else if is_doubtful_month(lexed, at) && lexed.digits(last).is_some()
        || lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1).len() <= 1
        || lexed.gap(last + 1).starts_with('%')
        || lexed.gap(last + 1) == ":" && lexed.digits(last + 1).is_some()
    {
        return None;
    }
    let whole = year.zip(day_of_month);
    let whole = whole.and_then(|((year, _), day)| Day::new(year, month, day));
    let score = if year.is_some() { 0.95 } else { 0.7 };
    Some(made(lexed, at, last, [whole, None], score))
}

/// `in October`, `seit Februar`, `en octubre`: a month alone, behind a word that makes it a time.
fn alone(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let token = lexed.token(at)?;
    let word = lexed.str(at);
    let spanish = is_any(word, &SPANISH_MONTHS);
    let written = token.shape == Shape::Capital || spanish && token.shape == Shape::Lower;
    if token.len() < 3 || !written || !matches!(lexed.gap(at), " " | "\n" | "-") {
        return None;
    }
    let cue = lexed.str(at.checked_sub(1)?);
    let cued = is_any(cue, &MONTH_CUES)
        || spanish && is_any(cue, &["de"]) && is_any(lexed.str(at.wrapping_sub(2)), &SPANISH_TIMES);
    if !cued || !(token.len() > 3 || word == "May" || word == "Mai") {
        return None;
    }
    let mut found = made(lexed, at, at, [None; 2], 0.5);
    found.reason = "exact.month";
    Some(found)
}

/// `SEP-1` is no first of September.
fn is_code(lexed: &Lexed<'_>, at: usize) -> bool {
    let capitals = lexed.token(at).is_some_and(|t| t.shape == Shape::Upper);
    capitals
        && lexed.gap(at + 1) == "-"
        && lexed.digits(at + 1).is_some_and(|digits| digits.len() == 1)
}

/// The year behind a day and month, with the token in which it stands.
fn year_after(lexed: &Lexed<'_>, last: usize) -> Option<(i32, usize)> {
    let mut next = last + 1;
    if is_of(lexed, next) {
        next += 1;
    }
    if is_any(lexed.str(next), &["ano"]) {
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
        2 if matches!(gap, " " | ". ")
            && value >= 10
            && matches!(lexed.leaning, Leaning::German | Leaning::Spanish) =>
        {
            let month = lexed.is(last, Class::MONTH) && !lexed.is(next, Class::QUANTITY);
            let plain =
                month && lexed.gap(next + 1) != ":" && lexed.digits(last.wrapping_sub(1)).is_some();
            plain.then(|| year_of(value, 2).map(|year| (year, next)))?
        }
        _ => None,
    }
}

fn is_of(lexed: &Lexed<'_>, at: usize) -> bool {
    is_any(lexed.str(at), &["of", "de", "del"])
}

fn is_any(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}

fn is_date_gap(gap: &str) -> bool {
    matches!(
        gap,
        " " | ", " | "," | ". " | "." | "-" | "\n" | ",\n" | "  " | " of "
    )
}

fn is_ordinal(lexed: &Lexed<'_>, at: usize) -> bool {
    let word = lexed.str(at);
    lexed.gap(at).is_empty()
        && word.len() <= 3
        && is_any(word, &["st", "nd", "rd", "th", "o", "ro", "er", "ten"])
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

/// The month that a name or abbreviation in one of the known languages means.
fn month_of(word: &str) -> Option<u32> {
    let bytes = word.as_bytes();
    let starts = |start: &&str| -> bool {
        bytes
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    };
    let index = MONTHS.iter().position(|names| names.iter().any(starts))?;
    u32::try_from(index + 1).ok()
}

const MONTHS: [&[&str]; 12] = [
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
const SPANISH_MONTHS: [&str; 13] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "setiembre",
    "octubre",
    "noviembre",
    "diciembre",
];
/// Behind these a month is a time; persons are called June and April, but not `in June`.
const MONTH_CUES: [&str; 21] = [
    "bis", "ab", "in", "since", "last", "next", "this", "early", "late", "mid", "im", "seit",
    "anfang", "mitte", "ende", "en", "desde", "hasta", "pasado", "until", "during",
];
const SPANISH_TIMES: [&str; 6] = ["mes", "finales", "principios", "mediados", "dia", "partir"];
