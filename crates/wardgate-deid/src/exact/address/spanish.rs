//! Streets that begin with their kind: `Calle Carmen Romero, 23, 1D`, `C/ Seminario 4`, `rue de Rivoli 5`.

use crate::finding::{Finding, Kind};
use crate::lexer::{Leaning, Lexed, Shape};
use crate::lexicon::Class;

/// The street whose kind stands at a token.
pub(super) fn street(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let spanish = lexed.leaning == Leaning::Spanish;
    let sign = lexed.gap(at + 1);
    let marked = matches!(sign, "/ " | "/" | ". " | ".");
    let short = token.len() <= 2;
    let spoken = token.shape.begins_capital() || spanish && !short;
    let abroad = short && !spanish && !sign.starts_with('/');
    if abroad || short && !marked || !(spoken || marked && sign.starts_with('/')) {
        return None;
    }
    if !(marked || matches!(sign, " " | "  ")) || sign.starts_with('/') && token.len() > 4 {
        return None;
    }
    let name = name_end(lexed, at + 1)?;
    if short && name == at + 1 && lexed.token(name)?.len() < 3 {
        return None;
    }
    if let Some(number) = number(lexed, name + 1) {
        let last = rest(lexed, number);
        return Some(Finding::exact(
            lexed.span(at, last),
            Kind::Location,
            0.85,
            "exact.street",
        ));
    }
    let sure =
        spanish && token.len() > 3 && token.shape.begins_capital() && name <= at + BARE_WORDS_MAX
            || sign.starts_with('/');
    sure.then(|| {
        Finding::exact(
            lexed.span(at, rest(lexed, name)),
            Kind::Location,
            0.55,
            "exact.street",
        )
    })
}

/// The last word of the name that begins at a token; it has a capital somewhere.
fn name_end(lexed: &Lexed<'_>, first: usize) -> Option<usize> {
    let mut last = None;
    for index in first..first + NAME_WORDS_MAX {
        let Some(token) = lexed.token(index).filter(|t| t.shape.is_word()) else {
            break;
        };
        let gap = lexed.gap(index);
        let abbreviated = gap == ". " && lexed.token(index - 1).is_some_and(|t| t.len() <= 4);
        if index > first && !(matches!(gap, " " | "-" | "'" | "\n" | " y ") || abbreviated) {
            break;
        }
        let stops = token.classes.any(super::CONTACTS.with(Class::UNIT_WORD))
            && token.len() > 1
            && !token.classes.any(Class::TITLE);
        let numbered = ["n", "no", "num", "numero", "km", "s"]
            .iter()
            .any(|w| lexed.is_word(index, w));
        if stops || numbered && token.shape == Shape::Lower {
            break;
        }
        let small = PARTICLES.iter().any(|w| lexed.is_word(index, w));
        if token.shape.begins_capital() && (!small || token.len() > 2) {
            last = Some(index);
        } else if !small {
            break;
        }
    }
    last
}

/// The house number behind a name: `, 23`, ` 5-7`, `, s/n`, ` nº 4`, ` km 12,500`.
fn number(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let gap = lexed.gap(at);
    if !matches!(
        gap,
        " " | ", " | "," | ". " | " , " | " - " | "  " | ",  " | "., "
    ) {
        return None;
    }
    if lexed.is_word(at, "s")
        && lexed.is_word(at + 1, "n")
        && matches!(lexed.gap(at + 1), "/" | "." | "-")
    {
        return Some(at + 1);
    }
    let sign = ["n", "no", "num", "numero", "km", "bloque", "nro"]
        .iter()
        .any(|w| lexed.is_word(at, w));
    let first = if sign { at + 1 } else { at };
    if sign && !matches!(lexed.gap(first), " " | ". " | "." | ": " | "") {
        return None;
    }
    let digits = lexed.digits(first).filter(|digits| digits.len() <= 4)?;
    let unit = lexed.is(first + 1, Class::UNIT)
        && lexed.gap(first + 1).len() <= 1
        && lexed.token(first + 1).is_some_and(|t| t.len() > 1);
    (!digits.is_empty() && !unit).then(|| super::german::house(lexed, first))
}

/// Floor, door, postal code and city behind a house number.
fn rest(lexed: &Lexed<'_>, number: usize) -> usize {
    let mut last = number;
    for _ in 0..REST_PARTS_MAX {
        let gap = lexed.gap(last + 1);
        let near = matches!(
            gap,
            "" | " " | ", " | "," | ". " | " - " | "-" | ". , " | ",." | " , " | "., " | "  "
        );
        let Some(token) = lexed.token(last + 1).filter(|_| near) else {
            break;
        };
        if let Some(city) = super::postal::code_and_city(lexed, last + 1) {
            return city;
        }
        let door = match token.shape {
            Shape::Number => {
                token.len() <= 3 && gap != ". " && !lexed.is(last + 1, Class::QUANTITY)
            }
            _ if token.len() == 1 => gap != ". " && lexed.digits(last).is_some(),
            _ => FLOORS.iter().any(|w| lexed.is_word(last + 1, w)),
        };
        if !door {
            break;
        }
        last += 1;
    }
    last
}

const PARTICLES: [&str; 16] = [
    "de", "del", "la", "las", "los", "el", "y", "da", "do", "dos", "das", "i", "a", "du", "des",
    "e",
];
const FLOORS: [&str; 27] = [
    "dcha",
    "izq",
    "izda",
    "izqda",
    "bajo",
    "bajos",
    "piso",
    "planta",
    "puerta",
    "pta",
    "esc",
    "escalera",
    "o",
    "bloque",
    "bl",
    "portal",
    "ent",
    "entlo",
    "entresuelo",
    "atico",
    "local",
    "oficina",
    "casa",
    "ptal",
    "derecha",
    "izquierda",
    "ctro",
];
const NAME_WORDS_MAX: usize = 8;
const BARE_WORDS_MAX: usize = 5;
const REST_PARTS_MAX: usize = 7;
