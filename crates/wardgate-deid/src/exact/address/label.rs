//! Addresses and places that a label announces.

use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// `Address: ...`, `Localidad/ Provincia: Madrid`, to the end of the line or sentence.
pub(super) fn address(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let electronic = ["ip", "mac", "email", "mail", "web", "e"];
    let before = at.wrapping_sub(1);
    if electronic.iter().any(|word| lexed.is_word(before, word)) {
        return None;
    }
    let mut label = at;
    while lexed.is(label + 1, Class::ADDRESS_LABEL)
        && label < at + 2
        && matches!(lexed.gap(label + 1), "/ " | "/" | " / " | " ")
    {
        label += 1;
    }
    let gap = lexed.gap(label + 1);
    if !gap.trim_start().starts_with(':') || gap.contains('\n') || gap.len() > GAP_LEN_MAX {
        return None;
    }
    let place = PLACES.iter().any(|word| lexed.is_word(at, word));
    let written = lexed.token(at)?.shape.begins_capital();
    let (last, number, capital) = extent(lexed, label + 1, place);
    let first_capital = lexed
        .token(label + 1)
        .is_some_and(|t| t.shape.begins_capital());
    let good = number || capital && first_capital && (place || written);
    let span = lexed.span(label + 1, last?);
    good.then(|| Finding::exact(span, Kind::Location, 0.6, "exact.address_label"))
}

/// How far the value of a label goes, and whether it has a number and a capital.
fn extent(lexed: &Lexed<'_>, first: usize, place: bool) -> (Option<usize>, bool, bool) {
    let start = lexed.token(first).map_or(0, |t| t.start);
    let rest = lexed.text.get(start..).unwrap_or_default();
    let line = rest
        .bytes()
        .take(ADDRESS_LEN_MAX)
        .take_while(|b| !matches!(b, b'\n' | b';' | b'|'))
        .count();
    let (mut last, mut number, mut capital) = (None, false, false);
    for index in first..first + TOKENS_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let short = index > first && lexed.token(index - 1).is_some_and(|t| t.len() <= 5);
        let sentence_ends = index > first
            && (gap.contains("..")
                || (place || !short) && gap.starts_with(". ")
                || gap.starts_with(") "));
        let label = lexed.gap(index + 1).trim_start().starts_with(':');
        if token.end > start + line || sentence_ends || label || is_contact(lexed, index) {
            break;
        }
        let small = token.shape == Shape::Lower && token.len() > 4 && place;
        if small || place && token.shape == Shape::Number && token.len() < 4 {
            break;
        }
        number |= token.shape == Shape::Number;
        capital |= token.shape.begins_capital() && !token.classes.any(Class::COMMON);
        last = Some(index);
    }
    (last, number, capital)
}

fn is_contact(lexed: &Lexed<'_>, at: usize) -> bool {
    let cue = Class::PHONE_CUE
        .with(Class::FAX)
        .with(Class::BIRTH)
        .with(Class::ID_STRONG);
    lexed.is(at, cue) && lexed.token(at).is_some_and(|t| t.len() > 1)
        || lexed.gap(at + 1).starts_with('@')
        || ["email", "correo", "sexo", "edad", "sex", "age"]
            .iter()
            .any(|w| lexed.is_word(at, w))
}

/// `ZIP 62704`, `CP: 28016`, `C.P. 28016`, `PLZ 79098`.
pub(super) fn postal_code(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let dotted =
        lexed.is_word(at, "p") && lexed.gap(at) == "." && lexed.is_word(at.wrapping_sub(1), "c");
    let word = ["zip", "postcode", "plz", "cp", "postal", "postleitzahl"]
        .iter()
        .any(|w| lexed.is_word(at, w));
    if !(word || dotted) {
        return None;
    }
    let mut next = if lexed.is_word(at + 1, "code") {
        at + 2
    } else {
        at + 1
    };
    if lexed.gap(next + 1) == "-" && lexed.token(next).is_some_and(|t| t.len() <= 2) {
        next += 1;
    }
    lexed
        .digits(next)
        .filter(|digits| (4..=6).contains(&digits.len()))?;
    let near = lexed.gap(next).len() <= GAP_LEN_MAX && !lexed.gap(next).contains(',');
    let city = super::postal::code_and_city(lexed, next).filter(|city| {
        *city > next
            && matches!(lexed.gap(next + 1), " " | ", ")
            && !lexed.is(next + 1, Class::COMMON)
    });
    let span = lexed.span(next, city.unwrap_or_else(|| super::plus_four(lexed, next)));
    near.then(|| Finding::exact(span, Kind::Location, 0.8, "exact.postal_code"))
}

/// Labels of places, which need no number.
const PLACES: [&str; 10] = [
    "localidad",
    "provincia",
    "municipio",
    "poblacion",
    "lugar",
    "wohnort",
    "city",
    "town",
    "ciudad",
    "county",
];
const ADDRESS_LEN_MAX: usize = 120;
const TOKENS_MAX: usize = 30;
const GAP_LEN_MAX: usize = 4;
