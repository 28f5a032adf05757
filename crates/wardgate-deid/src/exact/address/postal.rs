//! Postal codes with their cities.

use crate::finding::{Finding, Kind};
use crate::gazetteer::{self, Bits};
use crate::lexer::{Leaning, Lexed, Shape};
use crate::lexicon::Class;

/// `79098 Freiburg`, `E-28015 Madrid`, `A-8120 Graz`: anchored at the code.
pub(in crate::exact) fn city_behind(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let before = lexed.gap(at);
    let prefix = before == "-"
        && at > 0
        && ["d", "a", "ch", "e", "de", "f", "es", "at"]
            .iter()
            .any(|w| lexed.is_word(at - 1, w))
        && lexed
            .token(at - 1)
            .is_some_and(|t| t.shape.begins_capital());
    let len = lexed.digits(at)?.len();
    let apart = at == 0 || before.contains([',', '\n', '.', '(', ';']) || before == " ";
    let long = len == 5 && matches!(lexed.leaning, Leaning::Spanish | Leaning::German);
    let four = len == 4 && lexed.leaning == Leaning::German && before.contains([',', '\n']);
    if !(prefix || apart && (long || four)) || lexed.is(at, Class::QUANTITY) {
        return None;
    }
    let city = code_and_city(lexed, at)?;
    let bits = gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(at + 1)));
    let place = bits.any(Bits::CITY.with(Bits::PLACE_FIRST));
    let word = Bits::WORD
        .with(Bits::WORD_COMMON)
        .with(Bits::WORD_ES)
        .with(Bits::WORD_DE)
        .with(Bits::CLINICAL);
    let doubtful = !place && (four || bits.any(word) || lexed.gap(at + 1).starts_with('.'));
    if doubtful && !prefix {
        return None;
    }
    let common = Class::COMMON.with(Class::UNIT).with(Class::DEPARTMENT);
    if !prefix && (city == at || lexed.is(at + 1, common)) {
        return None;
    }
    let first = if prefix { at - 1 } else { at };
    Some(Finding::exact(
        lexed.span(first, city),
        Kind::Location,
        0.75,
        "exact.postal_city",
    ))
}

/// The last token of a postal code with the city behind it, when one begins at a token.
pub(super) fn code_and_city(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let prefixed = lexed.gap(at + 1) == "-"
        && lexed
            .token(at)
            .is_some_and(|t| t.shape.begins_capital() && t.len() <= 2);
    let code = if prefixed { at + 1 } else { at };
    let len = lexed.digits(code)?.len();
    if !(len == 5 || len == 4) || lexed.is(code, Class::QUANTITY) {
        return None;
    }
    if !matches!(lexed.gap(code + 1), " " | ", " | "  " | ". " | "-" | " - ") {
        return (len == 5).then_some(code);
    }
    let city = city_end(lexed, code + 1);
    match city {
        Some(city) => Some(city),
        None => (len == 5).then_some(code),
    }
}

/// The last word of a city's name: `Bad Arolsen`, `Santa Cruz de Tenerife`, `St. Anna im Tale`.
pub(super) fn city_end(lexed: &Lexed<'_>, first: usize) -> Option<usize> {
    let mut last = None;
    for index in first..first + CITY_WORDS_MAX {
        let Some(token) = lexed.token(index).filter(|t| t.shape.is_word()) else {
            break;
        };
        let gap = lexed.gap(index);
        let saint = gap == ". " && lexed.is_word(index - 1, "st");
        if index > first && !(matches!(gap, " " | "-" | "/") || saint) {
            break;
        }
        let particle = PARTICLES.iter().any(|w| lexed.is_word(index, w));
        if token.shape.begins_capital()
            && !token.classes.any(super::CONTACTS)
            && !ends_city(lexed, index, first)
        {
            last = Some(index);
        } else if !(particle && index > first && token.shape == Shape::Lower) {
            break;
        }
    }
    last
}

fn ends_city(lexed: &Lexed<'_>, index: usize, first: usize) -> bool {
    let word = lexed.is(
        index,
        Class::COMMON
            .with(Class::TITLE)
            .with(Class::FACILITY)
            .with(Class::FACILITY_FIRST),
    );
    let labelled = lexed.gap(index + 1).starts_with(':');
    labelled
        || word && index > first
        || lexed.is_word(index, "email")
        || lexed.is_word(index, "e") && lexed.gap(index + 1) == "-"
}

/// `Portland, Oregon 97201`: anchored at the code.
pub(in crate::exact) fn state_before(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    lexed.digits(at).filter(|digits| digits.len() == 5)?;
    if lexed.gap(at) != " " || lexed.is(at, Class::QUANTITY) {
        return None;
    }
    let capital = |index: usize| {
        lexed.token(index).is_some_and(|t| {
            t.shape == Shape::Capital && t.len() > 2 && !t.classes.any(super::CONTACTS)
        })
    };
    let mut state = at.checked_sub(1).filter(|index| capital(*index))?;
    if lexed.gap(state) == " " && state > 0 && capital(state - 1) {
        state -= 1;
    }
    if lexed.gap(state) != ", " {
        return None;
    }
    let mut first = state;
    for index in 0..3 {
        let near = lexed.gap(first) == if index == 0 { ", " } else { " " };
        let Some(before) = first
            .checked_sub(1)
            .filter(|before| near && capital(*before))
        else {
            break;
        };
        first = before;
    }
    let named = lexed.is(state, Class::COMMON) || lexed.is(first, Class::COMMON);
    (first < state && !named).then(|| {
        let span = lexed.span(first, super::plus_four(lexed, at));
        Finding::exact(span, Kind::Location, 0.6, "exact.state_and_code")
    })
}

const PARTICLES: [&str; 20] = [
    "de", "del", "la", "las", "los", "el", "an", "der", "am", "im", "in", "bei", "ob", "den",
    "und", "y", "do", "a", "dem", "vor",
];
const CITY_WORDS_MAX: usize = 6;
