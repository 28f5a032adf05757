//! Ages over 89, which identify because so few people reach them.

use crate::finding::{Finding, Kind};
use crate::lexer::Lexed;
use crate::lexicon::Class;

/// `92-year-old`, `92 y/o`, `aged 92`.
pub(super) fn over_89(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    lexed.value(at).filter(|age| AGES.contains(age))?;
    let near = |gap: &str| matches!(gap, "" | " " | "-" | ": " | ":" | " is " | "\n");
    let next = at + 1;
    let behind = near(lexed.gap(next))
        && (lexed.is(next, Class::AGE_CUE) || abbreviated(lexed, next))
        && !lexed.is_word(next + 1, "ago");
    let before = at
        .checked_sub(1)
        .is_some_and(|cue| lexed.is(cue, Class::AGE_LABEL))
        && near(lexed.gap(at));
    let measured = lexed.is(next, Class::UNIT)
        && !lexed.is(next, Class::AGE_CUE)
        && lexed.gap(next).len() <= 1;
    if !behind && (!before || measured) {
        return None;
    }
    let span = lexed.span(at, at);
    Some(Finding::exact(span, Kind::Age, 0.9, "exact.age"))
}

/// `y/o`, `y.o.`
fn abbreviated(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed.is_word(at, "y")
        && lexed.is_word(at + 1, "o")
        && matches!(lexed.gap(at + 1), "/" | "." | ". ")
}

const AGES: std::ops::RangeInclusive<u32> = 90..=125;
