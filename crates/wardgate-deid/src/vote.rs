//! Which layer is believed where two of them speak about the same words.
//!
//! Rules that check what they find (numbers, dates, addresses of the net) keep it. Rules that go by
//! a cue know that a name or an institution is there, but not well where it ends: where the
//! tagger sees one too, its borders count, and where it sees none only a strong cue counts. What the
//! tagger alone sees must be possible: a number that reads as a range, a country, or a drug or
//! disease named after somebody needs more than a hunch.

use std::ops::Range;

use crate::finding::{Finding, Kind, Part};
use crate::gazetteer::{self, Bits, hash::word_hash};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// Joins what the tagger found to what the rules found; both are sorted and apart.
pub(crate) fn join(
    lexed: &Lexed<'_>,
    rules: &[Finding],
    learned: &[Finding],
    findings: &mut Vec<Finding>,
) {
    let mut rest = learned;
    for rule in rules {
        while let Some((first, after)) = rest.split_first()
            && first.end <= rule.start
        {
            rest = after;
        }
        let seen = rest.first().is_some_and(|first| first.start < rule.end);
        if !by_cue(rule) || !seen && rule.score >= STRONG_CUE {
            findings.push(*rule);
        }
    }
    findings.extend(
        learned
            .iter()
            .filter_map(|finding| possible(lexed, *finding)),
    );
}

fn by_cue(rule: &Finding) -> bool {
    matches!(rule.kind, Kind::Name | Kind::Facility)
}

/// The finding as it may stand; nothing when it can not be what the tagger took it for.
fn possible(lexed: &Lexed<'_>, finding: Finding) -> Option<Finding> {
    let first = lexed.tokens.partition_point(|t| t.end <= finding.start);
    let behind = lexed.tokens.partition_point(|t| t.start < finding.end);
    if is_placeholder(lexed, first) {
        return None;
    }
    let (first, finding) = behind_unit(lexed, first..behind, finding)?;
    let tokens = first..behind;
    match finding.kind {
        Kind::Name | Kind::Facility => named(lexed, tokens, finding),
        Kind::Location => Some(Finding {
            part: region(lexed, &tokens),
            ..finding
        }),
        Kind::Phone | Kind::Id if is_code(lexed, first) => None,
        Kind::Phone => Some(Finding {
            kind: contact(lexed, &tokens)?,
            ..finding
        }),
        Kind::Id => is_number_like(lexed, &tokens).then_some(finding),
        Kind::Date => {
            let doubtful = is_ratio(lexed, &tokens) || is_quantity(lexed, &tokens);
            (!doubtful || finding.score >= RATIO).then_some(finding)
        }
        _ => Some(finding),
    }
}

/// The finding without the unit with which it begins: of `142/88 mmHg Ana` and `mmol/L. Ana` the name is left.
fn behind_unit(
    lexed: &Lexed<'_>,
    tokens: Range<usize>,
    finding: Finding,
) -> Option<(usize, Finding)> {
    let first = tokens.start;
    let worded = matches!(finding.kind, Kind::Name | Kind::Location | Kind::Facility);
    if !worded || !is_unit(lexed, first) {
        return Some((first, finding));
    }
    if tokens.len() < 2 {
        return None;
    }
    let start = lexed.token(first + 1)?.start;
    Some((first + 1, Finding { start, ..finding }))
}

/// A unit behind a number, or behind the stroke of another unit that stands behind one.
fn is_unit(lexed: &Lexed<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let measures = |unit: usize, number: usize| {
        lexed.digits(number).is_some() && matches!(lexed.gap(unit), "" | " ")
    };
    // A unit that begins with a capital could be a name: `Ng` is one, `ng` is not.
    let small = |at: usize| lexed.str(at).starts_with(|c: char| c.is_ascii_lowercase());
    if lexed.gap(at) != "/" {
        return small(at) && lexed.is(at, Class::UNIT) && measures(at, before);
    }
    // `mIU` of `mIU/L`: any short word that begins small may stand before a stroke.
    let over = small(before) && lexed.str(before).len() <= UNIT_LEN_MAX;
    let under = lexed.str(at).len() == 1 || small(at) && lexed.is(at, Class::UNIT);
    over && under
        && before
            .checked_sub(1)
            .is_some_and(|number| measures(before, number))
}

/// Two numbers and nothing else that are no day of a month, or the same twice: a grade or a range.
fn is_ratio(lexed: &Lexed<'_>, tokens: &Range<usize>) -> bool {
    let mut values = tokens.clone().map(|at| lexed.value(at));
    let (Some(Some(first)), Some(Some(second)), None) =
        (values.next(), values.next(), values.next())
    else {
        return false;
    };
    let day = matches!((first, second), (1..=12, 1..=31) | (1..=31, 1..=12));
    !day || first == second || lexed.gap(tokens.start + 1).contains('-')
}

/// One number that measures something, or is too large for a day or an age and is no year.
fn is_quantity(lexed: &Lexed<'_>, tokens: &Range<usize>) -> bool {
    let mut values = tokens.clone().map(|at| lexed.value(at));
    let (Some(Some(value)), None) = (values.next(), values.next()) else {
        return false;
    };
    let year = (1_900..2_100).contains(&value);
    lexed.is(tokens.start, Class::QUANTITY) || value > AGE_MAX && !year
}

/// A name or an institution: at least a letter, and not by a hunch what is first of all a drug or a disease.
fn named(lexed: &Lexed<'_>, tokens: Range<usize>, finding: Finding) -> Option<Finding> {
    let words = tokens.clone().filter(|at| lexed.digits(*at).is_none());
    let only = match (words.clone().next(), words.clone().nth(1)) {
        (None, _) => return None,
        (Some(only), None) => only,
        _ if is_clock(lexed, &tokens) => return None,
        _ => return Some(finding),
    };
    let lists = gazetteer::lookup(word_hash(lexed.str(only)));
    if lists.any(Bits::COUNTRY.with(Bits::NATIONALITY)) && !lists.any(PERSON) {
        return None;
    }
    let titled = only
        .checked_sub(1)
        .is_some_and(|before| lexed.is(before, Class::TITLE));
    let safe = lists.any(Bits::DRUG.with(Bits::EPONYM)) && finding.score < SAFE_LIST;
    let short = lexed.token(only).is_some_and(|token| match token.shape {
        Shape::Upper => token.len() <= ABBREVIATION_LEN_MAX,
        shape => shape == Shape::Lower,
    });
    let labelled = lexed.gap(only).contains(':');
    let hunch = short && !labelled && finding.score < ABBREVIATION && !lists.any(PERSON);
    (titled || !safe && !hunch).then_some(finding)
}

/// `a.m.` and `p.m.`.
fn is_clock(lexed: &Lexed<'_>, tokens: &Range<usize>) -> bool {
    let half = lexed.is_word(tokens.start, "a") || lexed.is_word(tokens.start, "p");
    half && lexed.is_word(tokens.start + 1, "m") && tokens.len() == 2
}

/// `[NAME_X2VC...]`: what stands for a value already, and is of capitals and digits joined by `_`.
fn is_placeholder(lexed: &Lexed<'_>, at: usize) -> bool {
    let mut joined = lexed.gap(at + 1) == "_";
    let from = at.saturating_sub(PLACEHOLDER_TOKENS_MAX);
    for index in (from..=at).rev() {
        match lexed.gap(index) {
            "" => {}
            "_" => joined = true,
            gap => return joined && gap.ends_with('['),
        }
    }
    false
}

/// Behind the name of a code system: `NDC 0002-8215-01`.
fn is_code(lexed: &Lexed<'_>, at: usize) -> bool {
    let from = at.saturating_sub(CODE_REACH);
    (from..at).any(|index| lexed.is(index, Class::CODE_CUE)) && !lexed.gap(at).contains('\n')
}

/// Whether a place is only a state or a country.
fn region(lexed: &Lexed<'_>, tokens: &Range<usize>) -> Part {
    let mut words = tokens.clone();
    let (Some(only), None) = (words.next(), words.next()) else {
        return Part::Whole;
    };
    let lists = gazetteer::lookup(word_hash(lexed.str(only)));
    let stated = lexed.gap(only + 1) == ", " && {
        let next = gazetteer::lookup(word_hash(lexed.str(only + 1)));
        next.any(Bits::STATE.with(Bits::STATE_SHORT))
    };
    if stated || lists.any(Bits::CITY) && !lists.any(Bits::COUNTRY) {
        Part::Whole
    } else if lists.any(Bits::COUNTRY.with(Bits::NATIONALITY)) {
        Part::Country
    } else if lists.any(Bits::STATE) {
        Part::State
    } else {
        Part::Whole
    }
}

/// What kind of contact it looks like; nothing for too short a number.
fn contact(lexed: &Lexed<'_>, tokens: &Range<usize>) -> Option<Kind> {
    let text = lexed.text.get(span(lexed, tokens))?;
    if text.contains('@') {
        return Some(Kind::Email);
    }
    if text.contains("://") || text.contains("www.") {
        return Some(Kind::Url);
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (digits >= PHONE_DIGITS_MIN || digits == 0).then_some(Kind::Phone)
}

/// A number with enough in it that is not a range of values.
fn is_number_like(lexed: &Lexed<'_>, tokens: &Range<usize>) -> bool {
    let text = lexed.text.get(span(lexed, tokens)).unwrap_or_default();
    let signs = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    if signs < ID_LEN_MIN || !text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    let cued = tokens.start.checked_sub(1).is_some_and(|at| {
        lexed.is(
            at,
            Class::ID_STRONG
                .with(Class::ID_WEAK)
                .with(Class::NUMBER_FILLER),
        )
    });
    let mut numbers = tokens.clone().map(|at| lexed.token(at));
    let range = match (
        numbers.next().flatten(),
        numbers.next().flatten(),
        numbers.next(),
    ) {
        (Some(low), Some(high), None) => {
            let short = |len: usize| len <= RANGE_LEN_MAX;
            low.shape == Shape::Number
                && high.shape == Shape::Number
                && short(low.len())
                && short(high.len())
        }
        _ => false,
    };
    cued || !range
}

fn span(lexed: &Lexed<'_>, tokens: &Range<usize>) -> Range<usize> {
    lexed.span(tokens.start, tokens.end.saturating_sub(1))
}

const STRONG_CUE: f32 = 0.85;
/// How sure the tagger must be of a word on the safe list.
const SAFE_LIST: f32 = 0.6;
/// How sure the tagger must be of a date that may be a ratio.
const RATIO: f32 = 0.65;
const PERSON: Bits = Bits::GIVEN.with(Bits::SURNAME);
const PHONE_DIGITS_MIN: usize = 3;
const ID_LEN_MIN: usize = 3;
const RANGE_LEN_MAX: usize = 4;
/// How sure the tagger must be of one word of capitals, or of small letters, that no list of names has.
const ABBREVIATION: f32 = 0.66;
const ABBREVIATION_LEN_MAX: usize = 5;
const AGE_MAX: u32 = 120;
const PLACEHOLDER_TOKENS_MAX: usize = 16;
const CODE_REACH: usize = 2;
const UNIT_LEN_MAX: usize = 5;
