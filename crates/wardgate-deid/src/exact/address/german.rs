//! German streets: `Hauptstr. 5`, `Robert-Koch-Str. 17`, `Innsbrucker Landstraße 22a`, `Am Markt 3`.

use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// The street whose kind is the word at a token, or its end; the house number stands behind it.
pub(in crate::exact) fn street(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let digits = lexed.digits(at + 1)?;
    if digits.len() > 4 || !matches!(lexed.gap(at + 1), " " | ". " | "." | " Nr. ") {
        return None;
    }
    let word = lexed.text.as_bytes().get(token.start..token.end)?;
    let ends = |end: &&str| {
        word.len()
            .checked_sub(end.len())
            .and_then(|from| word.get(from..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    };
    let own = WORDS
        .iter()
        .any(|kind| word.eq_ignore_ascii_case(kind.as_bytes()));
    let joined =
        token.len() >= JOINED_LEN_MIN && token.shape.begins_capital() && ENDS.iter().any(ends);
    let measured = lexed.is(at + 2, Class::UNIT) && lexed.gap(at + 2).len() <= 1;
    if !(own || joined) || measured || lexed.is(at + 1, Class::QUANTITY) {
        return None;
    }
    let first = first_word(lexed, at);
    if own && first == at {
        return None;
    }
    let last = super::tail(lexed, house(lexed, at + 1));
    Some(Finding::exact(
        lexed.span(first, last),
        Kind::Location,
        0.9,
        "exact.street",
    ))
}

/// `22a`, `21 a`, `5-7`.
pub(super) fn house(lexed: &Lexed<'_>, number: usize) -> usize {
    let mut last = number;
    let next = lexed.gap(last + 1);
    if matches!(next, "-" | "/" | " - ") && lexed.digits(last + 1).is_some_and(|d| d.len() <= 3) {
        last += 1;
    }
    let letter = lexed
        .token(last + 1)
        .is_some_and(|t| t.len() == 1 && t.shape.is_word());
    let ends = !matches!(lexed.gap(last + 2), "" | " " | ".") || lexed.digits(last + 2).is_some();
    if letter && (lexed.gap(last + 1).is_empty() || lexed.gap(last + 1) == " " && ends) {
        last += 1;
    }
    last
}

/// Where the street's name begins: parts with hyphens, and adjectives before it.
fn first_word(lexed: &Lexed<'_>, at: usize) -> usize {
    let mut first = at;
    for _ in 0..NAME_WORDS_MAX {
        let Some(before) = first.checked_sub(1) else {
            break;
        };
        let Some(token) = lexed.token(before).filter(|t| t.shape.is_word()) else {
            break;
        };
        let gap = lexed.gap(first);
        let word = lexed.str(before);
        let adjective = token.shape == Shape::Capital
            && (word.ends_with("er") || word.ends_with('e') || word.ends_with("en"))
            && token.len() > 3
            && !token
                .classes
                .any(Class::COMMON.with(Class::TITLE).with(Class::GERMAN))
            && first == at;
        if !(gap == "-" && token.shape.begins_capital() || gap == " " && adjective) {
            break;
        }
        first = before;
    }
    first
}

/// Kinds of street that stand alone.
const WORDS: [&str; 11] = [
    "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "ufer", "steig", "ring", "chaussee",
];
/// Kinds of street that end a word.
const ENDS: [&str; 16] = [
    "strasse",
    "str",
    "weg",
    "platz",
    "allee",
    "gasse",
    "damm",
    "ufer",
    "straat",
    "laan",
    "steig",
    "pfad",
    "graben",
    "chaussee",
    "promenade",
    "stieg",
];
const JOINED_LEN_MIN: usize = 6;
const NAME_WORDS_MAX: usize = 5;
