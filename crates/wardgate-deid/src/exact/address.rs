//! Addresses: house number and street, post-office box, state and postal code, places with cues.

mod german;
mod label;
mod postal;
mod spanish;

use crate::finding::{Finding, Kind, Part};
use crate::gazetteer::{self, Bits};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;
pub(super) use german::street as german_street;
pub(super) use postal::{city_behind, state_before};

/// The words that may begin an address.
pub(super) const CUES: Class = Class::STATE
    .with(Class::STREET_FIRST)
    .with(Class::LIVES)
    .with(Class::ADDRESS_LABEL)
    .with(Class::PHRASE);

/// `123 N. Main St., Apt 4B, Springfield, IL 62704`: anchored at the house number.
pub(super) fn street(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let joined = at > 0
        && matches!(lexed.gap(at), "" | "." | "/" | "-" | ",")
        && lexed.digits(at - 1).is_some();
    let lettered = at > 0 && lexed.gap(at).is_empty();
    if token.len() > HOUSE_NUMBER_LEN_MAX
        || joined
        || lettered
        || token.classes.any(Class::QUANTITY)
    {
        return None;
    }
    let mut next = at + 1;
    if lexed.gap(next).is_empty()
        && lexed.token(next)?.len() == 1
        && lexed.gap(next + 1).starts_with(' ')
    {
        next += 1;
    }
    let mut capital = false;
    for count in 0..=STREET_WORDS_MAX {
        let gap = lexed.gap(next);
        let word = lexed.token(next)?;
        let ordinal = count > 0 && gap.is_empty() && word.len() == 2;
        let short = lexed
            .token(next - 1)
            .is_some_and(|t| t.len() <= 3 && t.shape.is_word());
        if gap == ". " && !short {
            return None;
        }
        if !matches!(gap, " " | ". " | "-" | "'") && !ordinal {
            return None;
        }
        let street = word.classes.any(Class::STREET)
            && (capital
                || is_plain_street(lexed.str(next))
                || count > 0 && token.len() > 1 && is_short_street(lexed.str(next)));
        let more = lexed.is(next + 1, Class::STREET)
            && lexed.gap(next + 1) == " "
            && lexed
                .token(next + 1)
                .is_some_and(|t| t.shape.begins_capital());
        if street && count > 0 && !more && (capital || word.shape == Shape::Lower) {
            let end = tail(lexed, numbered(lexed, pointed(lexed, next)));
            return Some(Finding::exact(
                lexed.span(at, end),
                Kind::Location,
                0.9,
                "exact.street",
            ));
        }
        let number = word.shape == Shape::Number && count <= 1 && word.len() <= 3;
        let refused = word.classes.any(Class::UNIT) && !word.shape.begins_capital();
        if refused
            || word.classes.any(Class::MONTH)
            || word.shape == Shape::Lower && word.classes.any(Class::COMMON)
        {
            return None;
        }
        capital |= number || word.shape.begins_capital();
        next += 1;
    }
    None
}

/// `SW1A 1AA`, `K1A 0B1`: anchored at the first letters.
pub(super) fn postcode(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    if token.len() > 2 || !token.shape.begins_capital() || (at > 0 && lexed.gap(at).is_empty()) {
        return None;
    }
    let shape = |index: usize| {
        let token = lexed.token(index)?;
        let kind = if token.shape == Shape::Number {
            'n'
        } else {
            'a'
        };
        let good = token.shape == Shape::Number || token.shape.begins_capital();
        good.then_some((kind, token.len()))
    };
    let joined = |index: usize| lexed.gap(index).is_empty();
    let last = match (shape(at + 1)?, shape(at + 2)?, shape(at + 3)) {
        (('n', 1..=2), ('n', 1), Some(('a', 2))) if lexed.gap(at + 2) == " " && joined(at + 3) => {
            at + 3
        }
        (('n', 1), ('a', 1), Some(('n', 1))) if joined(at + 2) && lexed.gap(at + 3) == " " => {
            let inner = shape(at + 4)?;
            match (inner, shape(at + 5)) {
                (('a', 2), _) if joined(at + 4) => at + 4,
                (('a', 1), Some(('n', 1)))
                    if joined(at + 4) && joined(at + 5) && token.len() == 1 =>
                {
                    at + 5
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    if !joined(at + 1) || (joined(last + 1) && lexed.token(last + 1).is_some()) {
        return None;
    }
    Some(Finding::exact(
        lexed.span(at, last),
        Kind::Location,
        0.7,
        "exact.postcode",
    ))
}

/// Addresses that a word announces.
pub(super) fn cued(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    if token.classes.any(Class::STATE) && token.shape == Shape::Upper && token.len() == 2 {
        return state_and_code(lexed, at);
    }
    if token.classes.any(Class::STREET_FIRST)
        && let Some(found) = spanish::street(lexed, at)
    {
        return Some(found);
    }
    if token.classes.any(Class::LIVES) {
        return lives(lexed, at);
    }
    if token.classes.any(Class::ADDRESS_LABEL) {
        return label::address(lexed, at);
    }
    label::postal_code(lexed, at)
}

/// `P.O. Box 123`: anchored at `box`.
pub(super) fn post_box(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let first = if lexed.is_word(at, "postfach") {
        at
    } else if !lexed.is_word(at, "box") {
        return None;
    } else if lexed.is_word(at.checked_sub(1)?, "po") {
        at - 1
    } else {
        let before = at.checked_sub(2)?;
        let post = lexed.is_word(before, "p") && lexed.is_word(before + 1, "o")
            || lexed.is_word(before, "post") && lexed.is_word(before + 1, "office");
        post.then_some(before)?
    };
    lexed
        .digits(at + 1)
        .filter(|_| matches!(lexed.gap(at + 1), " " | ": " | " #"))?;
    let span = lexed.span(first, tail(lexed, at + 1));
    Some(Finding::exact(span, Kind::Location, 0.9, "exact.post_box"))
}

/// `Springfield, IL 62704-1234`: anchored at the state.
fn state_and_code(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let code = lexed.digits(at + 1).filter(|digits| digits.len() == 5)?;
    let number_of = lexed.is_word(at, "id") && !code.starts_with("83");
    if number_of || !matches!(lexed.gap(at + 1), " " | ", " | "  ") {
        return None;
    }
    let mut first = at;
    for index in 0..CITY_WORDS_MAX {
        let gap = lexed.gap(first);
        let Some(before) = first.checked_sub(1) else {
            break;
        };
        let city = lexed
            .token(before)
            .is_some_and(|t| t.shape.begins_capital() && !t.classes.any(Class::LABEL));
        if !city || !(gap == " " || (index == 0 && matches!(gap, ", " | ","))) {
            break;
        }
        first = before;
    }
    let span = lexed.span(first, plus_four(lexed, at + 1));
    Some(Finding::exact(
        span,
        Kind::Location,
        0.9,
        "exact.state_and_code",
    ))
}

/// `lives in Springfield`, `residing at Elm House`.
fn lives(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let filler = [
        "alone",
        "currently",
        "independently",
        "locally",
        "here",
        "actualmente",
        "allein",
        "with",
        "w",
    ]
    .iter()
    .any(|word| lexed.is_word(at + 1, word));
    let at = if filler { at + 1 } else { at };
    let word = lexed.str(at + 1);
    let preposition = ["in", "at", "on", "near", "from", "to", "bei", "en", "de"]
        .iter()
        .any(|p| word.eq_ignore_ascii_case(p));
    if !preposition || lexed.gap(at + 1) != " " {
        return None;
    }
    let first = at + 2;
    let last = capitals(lexed, first, CITY_WORDS_MAX)?;
    let state = lexed.is(last + 1, Class::STATE)
        && lexed
            .token(last + 1)
            .is_some_and(|t| t.shape == Shape::Upper);
    let last = if state && lexed.gap(last + 1) == ", " {
        last + 1
    } else {
        last
    };
    let region = first == last
        && gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(first)))
            .any(Bits::STATE.with(Bits::COUNTRY));
    Some(Finding {
        part: if region { Part::State } else { Part::Whole },
        ..Finding::exact(
            lexed.span(first, last),
            Kind::Location,
            0.7,
            "exact.residence",
        )
    })
}

/// `County Road 12`, `State Route 766`.
fn numbered(lexed: &Lexed<'_>, street: usize) -> usize {
    let road = ["road", "rd", "route", "rte", "highway", "hwy"]
        .iter()
        .any(|w| lexed.is_word(street, w));
    let number = lexed.gap(street + 1) == " "
        && lexed
            .digits(street + 1)
            .is_some_and(|digits| digits.len() <= 4);
    if road && number { street + 1 } else { street }
}

/// `NW` and the like behind a street.
fn pointed(lexed: &Lexed<'_>, street: usize) -> usize {
    let point = [
        "n", "s", "e", "w", "nw", "ne", "sw", "se", "north", "south", "east", "west",
    ]
    .iter()
    .any(|point| lexed.is_word(street + 1, point));
    let capital = lexed
        .token(street + 1)
        .is_some_and(|t| t.shape.begins_capital());
    let near = matches!(lexed.gap(street + 1), " " | ". ");
    if point && capital && near {
        street + 1
    } else {
        street
    }
}

/// What else of the address follows a street: unit, city, state, postal code.
fn tail(lexed: &Lexed<'_>, street: usize) -> usize {
    let last = units(lexed, street);
    let gap = lexed.gap(last + 1);
    let apart = gap.len() <= 4
        && gap.contains([',', '\n'])
        && gap
            .bytes()
            .all(|b| matches!(b, b',' | b'.' | b' ' | b'\n' | b'\r'));
    if !apart && gap != " " {
        return last;
    }
    if let Some(city) = postal::code_and_city(lexed, last + 1).filter(|_| apart) {
        return city;
    }
    let Some(city) = city(lexed, last + 1) else {
        return last;
    };
    region(lexed, city).unwrap_or(if apart && gap.contains(',') {
        city
    } else {
        last
    })
}

/// The last token of the units behind a street: `, Apt 4B`, ` #12`, `, Bldg C, Suite 410`.
fn units(lexed: &Lexed<'_>, street: usize) -> usize {
    let mut last = street;
    for _ in 0..UNITS_MAX {
        let gap = lexed.gap(last + 1).trim_start_matches(['.', ',']);
        let named = lexed.is(last + 1, Class::UNIT_WORD)
            && gap.trim().is_empty()
            && lexed.gap(last + 2).len() <= 2
            && lexed.token(last + 2).is_some_and(|t| t.len() <= 5);
        if named {
            last += 2;
        } else if gap.trim_start() == "#" {
            last += 1;
        } else {
            break;
        }
        if lexed.gap(last + 1).is_empty() && lexed.token(last + 1).is_some_and(|t| t.len() == 1) {
            last += 1;
        }
    }
    last
}

/// The last word of a city that begins at a token.
fn city(lexed: &Lexed<'_>, first: usize) -> Option<usize> {
    let written = |index: &usize| {
        let near = *index == first || matches!(lexed.gap(*index), " " | "-" | ". " | "'");
        near && lexed
            .token(*index)
            .is_some_and(|t| t.shape.begins_capital())
    };
    let words = (first..first + CITY_WORDS_MAX).take_while(written);
    let hashes = words.map(|index| gazetteer::hash::word_hash(lexed.str(index)));
    match gazetteer::place_words(hashes) {
        0 => capitals(lexed, first, CITY_WORDS_MAX),
        count => Some(first + count - 1),
    }
}

/// The state and postal code behind a city.
fn region(lexed: &Lexed<'_>, city: usize) -> Option<usize> {
    let coded = |index: usize| {
        lexed.digits(index).is_some_and(|digits| digits.len() == 5)
            && matches!(lexed.gap(index), " " | ", " | "  ")
    };
    let near = matches!(lexed.gap(city + 1), ", " | " " | ",");
    let short = near
        && lexed.is(city + 1, Class::STATE)
        && lexed
            .token(city + 1)
            .is_some_and(|t| t.shape == Shape::Upper);
    let named = |index: usize| {
        gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(index))).any(Bits::STATE)
            || lexed
                .token(index)
                .is_some_and(|t| t.shape == Shape::Capital)
                && lexed.gap(index) == " "
    };
    let state = if short || near && named(city + 1) && coded(city + 2) {
        city + 1
    } else if near && coded(city + 3) && named(city + 2) {
        city + 2
    } else {
        city
    };
    if coded(state + 1) {
        return Some(plus_four(lexed, state + 1));
    }
    short.then_some(state)
}

/// The last of the capitalised words, up to `max`, that begin at a token.
fn capitals(lexed: &Lexed<'_>, first: usize, max: usize) -> Option<usize> {
    let mut last = None;
    for index in first..first + max {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let near = index == first
            || matches!(lexed.gap(index), " " | "-" | "'")
            || lexed.gap(index) == ". " && lexed.token(index - 1).is_some_and(|t| t.len() == 2);
        let state = index > first && token.classes.any(Class::STATE) && token.shape == Shape::Upper;
        let common = token.classes.any(Class::COMMON)
            && !(index == first
                && lexed
                    .token(index + 1)
                    .is_some_and(|t| t.shape == Shape::Capital)
                && lexed.gap(index + 1) == " ");
        let stops = index > first && token.classes.any(CONTACTS)
            || token.classes.any(CONTACTS)
                && lexed
                    .gap(index + 1)
                    .trim_start_matches('.')
                    .starts_with(':');
        if !near || state || !token.shape.begins_capital() || common || stops {
            break;
        }
        last = Some(index);
    }
    last
}

/// `62704-1234`.
fn plus_four(lexed: &Lexed<'_>, code: usize) -> usize {
    let four = lexed
        .digits(code + 1)
        .is_some_and(|digits| digits.len() == 4);
    if four && lexed.gap(code + 1) == "-" {
        code + 1
    } else {
        code
    }
}

/// `38 elm st`
fn is_short_street(word: &str) -> bool {
    matches!(word, "st" | "ave" | "rd" | "blvd" | "ln")
}

fn is_plain_street(word: &str) -> bool {
    ["street", "avenue", "road", "lane", "boulevard", "drive"]
        .iter()
        .any(|street| word.eq_ignore_ascii_case(street))
}

/// Words that begin the next line of a letter's head.
const CONTACTS: Class = Class::PHONE_CUE
    .with(Class::FAX)
    .with(Class::DEPARTMENT)
    .with(Class::LABEL)
    .with(Class::BIRTH)
    .with(Class::ID_STRONG);
const UNITS_MAX: usize = 3;
const HOUSE_NUMBER_LEN_MAX: usize = 5;
const STREET_WORDS_MAX: usize = 5;
const CITY_WORDS_MAX: usize = 3;
