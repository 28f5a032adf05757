//! Parts of dates: a month of a year, a day of a month, a year alone, the start of a range.

use super::{DateRead, YEARS, is_birth_cued, made, worded};
use crate::finding::Part;
use crate::lexer::{Leaning, Lexed};
use crate::lexicon::Class;

/// `03/2024`, `2024-03`, `4-5/2021`, and `9/23` where German writes it so.
pub(super) fn month_of_year(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    if lexed.gap(at).ends_with(['/', '-', '.', '+']) && !follows_date(lexed, at)
        || lexed.is(at.wrapping_sub(1), Class::CODE_CUE.with(Class::VERSION))
    {
        return None;
    }
    let gap = lexed.gap(at + 1);
    let (a, b) = (lexed.value(at)?, lexed.value(at + 1)?);
    let lens = [at, at + 1].map(|i| lexed.digits(i).map_or(0, str::len));
    let month = |month: u32| (1..=12).contains(&month);
    if chained(lexed, at + 1) {
        // `02-04/2021`: months, then their year.
        let months = matches!(gap, "-" | " - ") && month(a) && month(b) && lexed.gap(at + 2) == "/";
        let year = lexed.value(at + 2).filter(|_| months)?;
        let long = lexed.digits(at + 2).is_some_and(|digits| digits.len() == 4);
        let good = long && YEARS.contains(&year) || is_short_year(lexed, at + 2) && german(lexed);
        return good.then(|| made(lexed, at, at + 2, [None; 2], 0.6));
    }
    let written = match (lens, gap) {
        ([1..=2, 4], "/" | "." | "-") => month(a) && YEARS.contains(&b),
        ([4, 2], "-" | "/") => month(b) && YEARS.contains(&a),
        _ => false,
    };
    let unit = lexed.is(at + 2, Class::UNIT) && lexed.gap(at + 2).len() <= 1;
    if written && !(unit && gap == ".") {
        return Some(made(lexed, at, at + 1, [None; 2], 0.6));
    }
    let short = gap == "/" && month(a) && is_short_year(lexed, at + 1);
    let born = lens == [2, 2] && is_birth_cued(lexed, at);
    let plain = !lexed.is(at, Class::QUANTITY) && !unit && german(lexed) && lexed.gap(at) != ",";
    let ends = !lexed.gap(at + 2).is_empty() || lexed.token(at + 2).is_none();
    (short && ends && (born || plain)).then(|| made(lexed, at, at + 1, [None; 2], 0.55))
}

/// `3/14` with a date's context, `19.3.` and `29.09.` in German.
pub(super) fn day_of_month(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    let (a, b) = (lexed.value(at)?, lexed.value(at + 1)?);
    let short = lexed.digits(at + 1).is_some_and(|digits| digits.len() <= 2);
    let quantity = lexed.is(at, Class::QUANTITY) || lexed.is(at + 1, Class::QUANTITY);
    if !short || quantity || chained(lexed, at + 1) || lexed.gap(at).ends_with(['/', '.', '+', ','])
    {
        return None;
    }
    match lexed.gap(at + 1) {
        "/" if slashed(lexed, at, a, b) => Some(made(lexed, at, at + 1, [None; 2], 0.6)),
        "." | ". " if dotted(lexed, at, a, b) => Some(made(lexed, at, at + 1, [None; 2], 0.6)),
        _ => None,
    }
}

/// A month and a day, or a day and a month, where the words around say that a date is meant.
fn slashed(lexed: &Lexed<'_>, at: usize, a: u32, b: u32) -> bool {
    let real = (1..=12).contains(&a) && (1..=31).contains(&b)
        || (13..=31).contains(&a) && (1..=12).contains(&b);
    let measured = lexed.is(at + 2, Class::UNIT) && lexed.gap(at + 2).len() <= 1;
    if !real || measured {
        return false;
    }
    let before = at.wrapping_sub(1);
    let close = lexed.gap(at).len() <= 2 && !lexed.gap(at).contains(['(', ')']);
    let said = lexed.is(before, Class::DATE_CUE)
        || is_birth_cued(lexed, at)
        || is_weekday(lexed.str(before));
    let partner = same_fraction(lexed, at, b);
    let lined = (at == 0 || lexed.gap(at).contains('\n'))
        && (lexed.gap(at + 2).starts_with(':')
            || lexed.gap(at + 2).starts_with(" -")
            || lexed.digits(at + 2).is_some_and(|d| d.len() == 4) && lexed.gap(at + 2) == " ");
    let timed = lexed.is_word(at + 2, "at") && lexed.gap(at + 3) == " " && lexed.gap(at + 4) == ":"
        || lexed.gap(at + 2) == " " && lexed.gap(at + 3) == ":" && lexed.digits(at + 2).is_some();
    let closes = lexed.is_word(before, "to")
        && at >= 3
        && lexed.gap(at - 2) == "/"
        && lexed.value(at - 2).is_some_and(|day| day <= 31)
        && is_dated(lexed, at.wrapping_sub(4));
    let ranged = closes || follows_date(lexed, at) || slashed_behind(lexed, at);
    let plain = is_unlike_fraction(lexed, at, a, b);
    !partner
        && (ranged || !is_fraction(lexed, at, a, b) && (close && said || lined || timed || plain))
}

/// `from 3/5 to 4/5` is no range of days: both have the same denominator.
fn same_fraction(lexed: &Lexed<'_>, at: usize, of: u32) -> bool {
    let fraction = |first: usize| lexed.gap(first + 1) == "/" && lexed.value(first + 1) == Some(of);
    of <= SMALL_FRACTION_MAX
        && [2, 3]
            .iter()
            .any(|step| fraction(at + step) || at.checked_sub(*step).is_some_and(fraction))
}

/// `by 1/2`, `from 2/3`, `hasta 2/3 del espesor`: behind these words a fraction is as likely as a day.
fn is_fraction(lexed: &Lexed<'_>, at: usize, a: u32, b: u32) -> bool {
    let plain = [at, at + 1]
        .iter()
        .all(|i| lexed.digits(*i).is_some_and(|d| d.len() == 1));
    plain
        && a < b
        && is_any(
            lexed.str(at.wrapping_sub(1)),
            &["by", "from", "to", "until", "hasta", "bis", "after", "of"],
        )
}

/// `11/7`, `02/05`, `3/14`: what no score and no fraction looks like.
fn is_unlike_fraction(lexed: &Lexed<'_>, at: usize, a: u32, b: u32) -> bool {
    let padded = [at, at + 1].iter().any(|i| lexed.str(*i).starts_with('0'));
    let opened = lexed.gap(at).ends_with('(') && !padded && b <= 12;
    let spanned = opened
        || lexed.gap(at).ends_with(['-', '=', '<', '>', '~'])
        || lexed.gap(at + 2).starts_with(['-', '%', '"']);
    let counted = lexed.is(
        at.wrapping_sub(1),
        Class::UNIT
            .with(Class::LAB)
            .with(Class::VERSION)
            .with(Class::SCORE),
    );
    let english = matches!(lexed.leaning, Leaning::English | Leaning::Unknown);
    let shaped = padded || a > b && b != 5 || b > 12;
    let spanish = lexed.leaning == Leaning::Spanish && (a > 12 && b <= 12 || padded);
    let hung = lexed.gap(at + 2).is_empty() && lexed.token(at + 2).is_some();
    (english || spanish)
        && (a != b || padded)
        && shaped
        && !spanned
        && !hung
        && !counted
        && (lexed.gap(at).ends_with([' ', '\n', ',', '(']) || at == 0)
}

/// `3/4-3/8`, `3/4 - 3/8/24`: the second one is a day of a month, too.
fn slashed_behind(lexed: &Lexed<'_>, at: usize) -> bool {
    let ranged = matches!(lexed.gap(at + 2), "-" | " - ")
        || lexed.is_word(at + 2, "to")
            && lexed.gap(at + 2) == " "
            && is_dated(lexed, at.wrapping_sub(1));
    let next = if lexed.is_word(at + 2, "to") {
        at + 3
    } else {
        at + 2
    };
    let (month, day) = (lexed.value(next), lexed.value(next + 1));
    ranged
        && lexed.gap(next + 1) == "/"
        && month.is_some_and(|m| (1..=12).contains(&m))
        && day.is_some_and(|d| (1..=31).contains(&d))
        && day != lexed.value(at + 1)
}

fn is_dated(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed.is(at, Class::DATE_CUE)
}

/// `am 19.3.`, `29.09.`, `19.3. bis 7.5.2029`.
fn dotted(lexed: &Lexed<'_>, at: usize, a: u32, b: u32) -> bool {
    let behind = lexed.gap(at + 2);
    if !(1..=31).contains(&a) || !(1..=12).contains(&b) || !behind.starts_with('.') {
        return false;
    }
    let cued = is_any(lexed.str(at.wrapping_sub(1)), &GERMAN_CUES) && lexed.gap(at).len() <= 2;
    let padded = [at, at + 1]
        .iter()
        .all(|i| lexed.digits(*i).is_some_and(|d| d.len() == 2));
    let lined = at == 0 || lexed.gap(at).contains('\n');
    let timed = lexed.gap(at + 3) == ":" && lexed.digits(at + 2).is_some();
    cued || follows_date(lexed, at)
        || german(lexed) && (padded || !lined || timed || leads_to_date(lexed, at + 2))
}

/// `13. - 24.10.2023`, `1. - 21. Juli`, `12-15 March 2024`, `10 und 11.10.2033`: the day that opens a range.
pub(super) fn range_start(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    lexed.value(at).filter(|day| (1..=31).contains(day))?;
    let gap = lexed.gap(at + 1);
    let dotted = gap.starts_with('.');
    let cued = is_any(lexed.str(at.wrapping_sub(1)), &GERMAN_CUES) && lexed.gap(at) == " ";
    if lexed.is(at, Class::QUANTITY) || !(dotted || cued || matches!(gap, "-" | " - " | " " | "/"))
    {
        return None;
    }
    let next = connected(lexed, at + 1)?;
    let worded = worded::day_first(lexed, next).is_some();
    let full = matches!(gap, "-" | " - ") && lexed.digits(next + 2).is_some_and(|d| d.len() == 4);
    let numbered = (dotted || cued || full) && is_dotted_date(lexed, next);
    (worded || numbered).then(|| made(lexed, at, at, [None; 2], 0.6))
}

/// The first token of the second part of a range, whose gap or words begin at a token.
fn connected(lexed: &Lexed<'_>, from: usize) -> Option<usize> {
    let sign = lexed.gap(from).trim_matches([' ', '.']);
    if !matches!(sign, "" | "-" | "/" | "+") {
        return None;
    }
    for next in from..from + CONNECTORS_MAX {
        if lexed.digits(next).is_some() {
            return (next > from || !sign.is_empty()).then_some(next);
        }
        if !is_any(lexed.str(next), &CONNECTORS) {
            return None;
        }
    }
    None
}

/// Whether a range that ends in a date with dots begins before a token.
fn leads_to_date(lexed: &Lexed<'_>, from: usize) -> bool {
    connected(lexed, from).is_some_and(|next| is_dotted_date(lexed, next))
}

fn is_dotted_date(lexed: &Lexed<'_>, at: usize) -> bool {
    let day = lexed.value(at).is_some_and(|day| (1..=31).contains(&day));
    let month = lexed
        .value(at + 1)
        .is_some_and(|month| (1..=12).contains(&month));
    day && month && matches!(lexed.gap(at + 1), "." | ". ") && lexed.gap(at + 2).starts_with('.')
}

/// Whether a token follows another date with a range's mark between them.
fn follows_date(lexed: &Lexed<'_>, at: usize) -> bool {
    let ranged = matches!(lexed.gap(at), "-" | " - " | ".-" | ". - " | ".- ");
    let parts = |back: usize| {
        at.checked_sub(back).is_some_and(|first| {
            matches!(lexed.gap(first + 1), "/" | ".") && lexed.digits(first).is_some()
        })
    };
    ranged && lexed.digits(at.wrapping_sub(1)).is_some() && parts(2)
}

/// `2019`, `1990s`: a year alone, unless something is counted or measured.
pub(super) fn year(lexed: &Lexed<'_>, at: usize) -> Option<DateRead> {
    lexed.value(at).filter(|year| YEARS.contains(year))?;
    let before = lexed.gap(at).as_bytes();
    let behind = lexed.gap(at + 1).as_bytes();
    let previous = at.wrapping_sub(1);
    let follows_year = lexed
        .value(previous)
        .is_some_and(|year| YEARS.contains(&year));
    let stands = match before.last() {
        None => at == 0,
        Some(b'-' | b'/') => before.len() > 1 || follows_year || lexed.is(previous, Class::MONTH),
        Some(b'.' | b',' | b'#' | b'$' | b'+' | b'_' | b'@' | b'=') => false,
        Some(_) => true,
    };
    let number_behind = lexed.digits(at + 1).is_some();
    let ends = match behind {
        [] => lexed.is_word(at + 1, "s") || lexed.token(at + 1).is_none(),
        [b'-' | b'/'] => lexed
            .digits(at + 1)
            .is_none_or(|digits| matches!(digits.len(), 2 | 4)),
        [b'.' | b','] => !number_behind,
        [b'%' | b'$' | b'_' | b'@', ..] => false,
        _ => true,
    };
    let counted = lexed.is(at + 1, Class::UNIT) && behind.len() <= 1;
    let named = lexed.is(
        previous,
        Class::UNIT_WORD
            .with(Class::CODE_CUE)
            .with(Class::ID_STRONG)
            .with(Class::NUMBER_FILLER),
    ) && !lexed.is_word(previous, "as");
    if !stands || !ends || counted || named || lexed.is(at, Class::QUANTITY) {
        return None;
    }
    let cued = lexed.is(
        previous,
        Class::YEAR_CUE
            .with(Class::DATE_CUE)
            .with(Class::MONTH)
            .with(Class::BIRTH),
    );
    let mut found = made(lexed, at, at, [None; 2], if cued { 0.7 } else { 0.4 });
    found.part = Part::Year;
    found.reason = "exact.year";
    Some(found)
}

/// Whether one more number hangs on a token with the same sign.
fn chained(lexed: &Lexed<'_>, at: usize) -> bool {
    matches!(lexed.gap(at + 1), "/" | "-" | ".")
        && lexed.digits(at + 1).is_some()
        && !(lexed.gap(at + 1) == "-" && lexed.gap(at) != "-")
}

/// Two digits, as in the year of `9/23`.
fn is_short_year(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed.digits(at).is_some_and(|digits| digits.len() == 2)
}

fn german(lexed: &Lexed<'_>) -> bool {
    lexed.leaning == Leaning::German
}

fn is_weekday(word: &str) -> bool {
    let head = word.get(..3).unwrap_or_default();
    word.len() <= 9
        && is_any(head, &["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
        && (word.len() <= 5
            || word.as_bytes().ends_with(b"day")
            || word.as_bytes().ends_with(b"DAY"))
}

fn is_any(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}

const GERMAN_CUES: [&str; 14] = [
    "am", "vom", "seit", "bis", "zum", "ab", "den", "der", "dem", "von", "und", "auf", "nach",
    "fur",
];
const CONNECTORS: [&str; 13] = [
    "bis", "zum", "und", "to", "and", "through", "thru", "al", "a", "y", "bzw", "u", "den",
];
const CONNECTORS_MAX: usize = 3;
/// Denominators of what is scored in fractions.
const SMALL_FRACTION_MAX: u32 = 10;
