//! Numbers that measure something: they identify nobody, whatever they look like.
//!
//! Doses, vital signs, laboratory values, scores, codes of vocabularies, genes,
//! vertebrae, stages, versions, ratios and clock times get [`Class::QUANTITY`], so
//! that neither rules nor the learned layer take them for dates or identifiers.

use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// Marks the tokens that belong to a quantity.
pub(crate) fn mark(lexed: &mut Lexed<'_>) {
    for at in 0..lexed.tokens.len() {
        let Some(token) = lexed.token(at) else {
            break;
        };
        if token.shape != Shape::Number {
            continue;
        }
        if let Some(first) = named_by_letter(lexed, at) {
            set(lexed, first);
            set(lexed, at);
        } else if coded(lexed, at)
            || valued(lexed, at)
            || is_clock(lexed, at)
            || is_score(lexed, at)
        {
            set(lexed, at);
        } else if has_unit(lexed, at) {
            set(lexed, at);
            spread_back(lexed, at);
        } else if goes_on(lexed, at) {
            set(lexed, at);
        }
    }
}

fn set(lexed: &mut Lexed<'_>, at: usize) {
    if let Some(token) = lexed.tokens.get_mut(at) {
        token.classes = token.classes.with(Class::QUANTITY);
    }
}

/// `5 mg`, `5-mg`, `97%`, `2nd`-like words are none.
fn has_unit(lexed: &Lexed<'_>, at: usize) -> bool {
    let gap = lexed.gap(at + 1);
    match gap.as_bytes() {
        [b'%', ..] | [b' ', b'%', ..] => true,
        [] | [b' '] | [b'-'] | [b'/'] => lexed.is(at + 1, Class::UNIT) && !is_extension(lexed, at),
        _ => false,
    }
}

/// The `x` of `503-555-0142 x12` counts nothing.
fn is_extension(lexed: &Lexed<'_>, at: usize) -> bool {
    let four = lexed.digits(at).is_some_and(|digits| digits.len() >= 4);
    four && lexed.is_word(at + 1, "x") && lexed.gap(at + 2).is_empty()
}

/// In `15-20 mg`, `1 to 2 tablets` and `120/80 mmHg` the unit measures both numbers.
fn spread_back(lexed: &mut Lexed<'_>, at: usize) {
    let mut from = at;
    for _ in 0..RANGE_PARTS_MAX {
        let Some(before) = from.checked_sub(1) else {
            return;
        };
        let word = lexed.is_word(before, "to")
            || lexed.is_word(before, "bis")
            || lexed.is_word(before, "a");
        let previous = match lexed.gap(from) {
            "-" | "/" | " - " | "." | "," | " / " | "x" => before,
            " " if word && lexed.gap(before) == " " => match before.checked_sub(1) {
                Some(previous) => previous,
                None => return,
            },
            _ => return,
        };
        let dated = lexed
            .digits(previous)
            .is_none_or(|digits| digits.len() == 4 && lexed.gap(from) == "/");
        if dated {
            return;
        }
        set(lexed, previous);
        from = previous;
    }
}

/// The second part of `5/5`, `1.25` or `4-6` whose first part is a quantity.
fn goes_on(lexed: &Lexed<'_>, at: usize) -> bool {
    let joined = matches!(lexed.gap(at), "/" | "." | "-" | "," | " - " | " / ");
    joined
        && at.checked_sub(1).is_some_and(|before| {
            lexed.digits(before).is_some() && lexed.is(before, Class::QUANTITY)
        })
}

/// `WBC 11.2`, `BP: 120`, `HR of 72`.
fn valued(lexed: &Lexed<'_>, at: usize) -> bool {
    let gap = lexed.gap(at);
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    if gap.is_empty() || begins_phone(lexed, at) {
        return false;
    }
    let plain = gap.len() <= VALUE_GAP_MAX
        && gap.bytes().all(|b| {
            matches!(
                b,
                b' ' | b':' | b'=' | b'<' | b'>' | b'~' | b'(' | b'+' | b'\t'
            )
        });
    if !plain {
        return false;
    }
    if lexed.is(before, Class::LAB) {
        // `ph` is a phone, too.
        let long = lexed.digits(at).is_some_and(|digits| digits.len() >= 3);
        return !(long && lexed.is(before, Class::PHONE_CUE));
    }
    let filler = ["of", "is", "was", "at", "de", "von", "bei"]
        .iter()
        .any(|word| lexed.is_word(before, word));
    filler && gap == " " && lexed.is(before.wrapping_sub(1), Class::LAB) && lexed.gap(before) == " "
}

/// `alt 800-579-7625`, `Ph 1-456-652-1979`: groups of three and four digits are no value.
fn begins_phone(lexed: &Lexed<'_>, at: usize) -> bool {
    let group = |index: usize, len: usize| {
        matches!(lexed.gap(index), "-" | "." | ") " | ")" | " (" | " ")
            && lexed
                .digits(index)
                .is_some_and(|digits| digits.len() == len)
    };
    group(at + 1, 3) && (group(at + 2, 4) || group(at + 2, 3) && group(at + 3, 4))
}

/// `ICD-10 E11.9`, `NDC 0002-8215-01`, `stage 3`, `version 2.1`, `type 2`.
fn coded(lexed: &Lexed<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let gap = lexed.gap(at);
    let near = gap.len() <= VALUE_GAP_MAX && !gap.contains(['\n', ',', ';', ')']);
    if near && lexed.is(before, Class::VERSION.with(Class::CODE_CUE)) {
        return true;
    }
    // The code itself may begin with letters: `E11`, `C50`.
    let lettered = gap.is_empty() && lexed.token(before).is_some_and(|t| t.len() <= 2);
    let system = |back: usize| {
        at.checked_sub(back).is_some_and(|cue| {
            lexed.is(cue, Class::CODE_CUE) && lexed.gap(cue + 1).len() <= VALUE_GAP_MAX
        })
    };
    lettered && (system(2) || system(3))
}

/// A letter that names something together with a number: `L4`, `B12`, `CD20`, `E11.9`.
fn named_by_letter(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let before = at.checked_sub(1)?;
    let name = lexed.token(before)?;
    let number = lexed.token(at)?;
    if !lexed.gap(at).is_empty() || number.len() > NAMED_DIGITS_MAX || !name.shape.is_word() {
        return None;
    }
    let diagnosis = name.len() == 1
        && number.len() == 2
        && name.shape == Shape::Capital
        && lexed.gap(at + 1) == "."
        && lexed.digits(at + 1).is_some();
    let hung = lexed.gap(at + 1) == "-" && lexed.digits(at + 1).is_some_and(|d| d.len() >= 3);
    (diagnosis || name.classes.any(Class::GENE) && !hung).then_some(before)
}

/// `12:30`, `14:30:05`, `14.30 Uhr`.
fn is_clock(lexed: &Lexed<'_>, at: usize) -> bool {
    let two = |index: usize| lexed.digits(index).is_some_and(|digits| digits.len() == 2);
    let hour = |index: usize| lexed.digits(index).is_some_and(|digits| digits.len() <= 2);
    if lexed.gap(at + 1) == ":" && hour(at) && two(at + 1) {
        return true;
    }
    if at > 0 && lexed.gap(at) == ":" && two(at) && hour(at - 1) {
        return true;
    }
    let clock = |word: usize| {
        ["uhr", "hrs", "hours", "h", "am", "pm"]
            .iter()
            .any(|w| lexed.is_word(word, w))
            && lexed.gap(word).len() <= 1
    };
    clock(at + 1) || (lexed.gap(at + 1) == "." && two(at + 1) && clock(at + 2))
}

/// `7/10 pain`, `5/5 strength`, `20/40`, `3/6 murmur`, `GCS 15`.
fn is_score(lexed: &Lexed<'_>, at: usize) -> bool {
    let (first, second) = if lexed.gap(at + 1) == "/" && lexed.digits(at + 1).is_some() {
        (at, at + 1)
    } else if at > 0 && lexed.gap(at) == "/" && lexed.digits(at - 1).is_some() {
        (at - 1, at)
    } else {
        return at
            .checked_sub(1)
            .is_some_and(|before| is_scored(lexed, before))
            && lexed.gap(at).len() <= 2;
    };
    let (Some(value), Some(of)) = (lexed.value(first), lexed.value(second)) else {
        return false;
    };
    if lexed.gap(second + 1) == "/" && lexed.digits(second + 1).is_some() {
        return false;
    }
    let sight = value == 20 && of >= 15 && of % 5 == 0;
    let before = |step: usize| {
        first
            .checked_sub(step)
            .is_some_and(|index| is_scored(lexed, index) && lexed.gap(index + 1).len() <= 2)
    };
    let dated = lexed.is(first.wrapping_sub(1), Class::DATE_CUE);
    let behind = is_scored(lexed, second + 1) && lexed.gap(second + 1).len() <= 2
        || ["in", "of", "on"]
            .iter()
            .any(|word| lexed.is_word(second + 1, word))
            && is_scored(lexed, second + 2);
    let near = behind || !dated && (1..=SCORE_DISTANCE).any(before);
    sight || near
}

fn is_scored(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed.is(at, Class::SCORE)
}

const RANGE_PARTS_MAX: usize = 4;
const VALUE_GAP_MAX: usize = 3;
const NAMED_DIGITS_MAX: usize = 3;
const SCORE_DISTANCE: usize = 3;
