//! Names that a title, a label, a relation or a degree gives away, and institutions.

use std::ops::Range;

use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape, Token};
use crate::lexicon::Class;

/// The words that may announce a name.
pub(super) const CUES: Class = Class::TITLE
    .with(Class::LABEL)
    .with(Class::RELATIVE)
    .with(Class::BYLINE)
    .with(Class::CREDENTIAL)
    .with(Class::FACILITY);

/// The name that the word at a token announces.
pub(super) fn cued(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let found = |span: Range<usize>, score: f32, reason| {
        Some(Finding::exact(span, Kind::Name, score, reason))
    };
    if token.classes.any(Class::TITLE)
        && let Some(span) = titled(lexed, at)
    {
        return found(span, 0.9, "exact.title");
    }
    if token.classes.any(Class::LABEL)
        && let Some(span) = labelled(lexed, at)
    {
        return found(span, 0.85, "exact.name_label");
    }
    if token.classes.any(Class::BYLINE)
        && lexed.is_word(at + 1, "by")
        && let Some(span) = behind(lexed, at + 2, false)
    {
        return found(span, 0.8, "exact.by");
    }
    if lexed.is_word(at, "dear")
        && lexed.gap(at + 1) == " "
        && let Some(span) = behind(lexed, at + 1, false)
    {
        return found(span, 0.85, "exact.salutation");
    }
    if token.classes.any(Class::RELATIVE)
        && let Some(span) = relative(lexed, at)
    {
        return found(span, 0.75, "exact.relative");
    }
    if token.classes.any(Class::CREDENTIAL)
        && token.shape != Shape::Lower
        && let Some(span) = before_degree(lexed, at)
    {
        return found(span, 0.8, "exact.degree");
    }
    if token.classes.any(Class::FACILITY) && token.shape.begins_capital() {
        let span = facility(lexed, at)?;
        return Some(Finding::exact(span, Kind::Facility, 0.7, "exact.facility"));
    }
    None
}

/// `M.D.`, `Ph.D.` behind a name: anchored at the first letter.
pub(super) fn credentialed(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let dotted = lexed.gap(at + 1) == "." && lexed.is_word(at + 1, "d");
    let degree = dotted && (lexed.is_word(at, "m") || lexed.is_word(at, "ph"));
    let span = degree.then(|| before_degree(lexed, at)).flatten()?;
    Some(Finding::exact(span, Kind::Name, 0.8, "exact.degree"))
}

/// `my name is Ann Lee`, `named Lee`, `Regards,\nAnn Lee`.
pub(super) fn named(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let word = lexed.str(at);
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    let first = match word.len() {
        2 if is(&["is"]) && lexed.is_word(at.checked_sub(1)?, "name") => at + 1,
        5 if is(&["named"]) => at + 1,
        1 if is(&["s"]) && lexed.gap(at) == "'" && lexed.is_word(at.checked_sub(1)?, "name") => {
            at + 1
        }
        7 | 9 if is(&["regards", "sincerely"]) && lexed.gap(at + 1).starts_with(",\n") => at + 1,
        _ => return None,
    };
    let span = behind(lexed, first, false)?;
    Some(Finding::exact(span, Kind::Name, 0.75, "exact.introduction"))
}

/// `Dr. Jane Smith`: the title itself stays.
fn titled(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    if !matches!(lexed.gap(at + 1), " " | ". " | "." | ".\n" | "\n") {
        return None;
    }
    let abbreviation = lexed.token(at)?.len() <= 4;
    let capital = lexed
        .token(at + 1)
        .is_some_and(|t| t.shape.begins_capital() && !t.classes.any(NOT_BEHIND_TITLE));
    if abbreviation && capital && lexed.token(at)?.shape != Shape::Lower {
        // After `Dr.` even a common word is a name: `Dr. Young`.
        let last = name_end(lexed, at + 1, true, false).unwrap_or(at + 1);
        let single_shout = last == at + 1
            && lexed.is(last, Class::COMMON)
            && lexed.token(last)?.shape == Shape::Upper;
        return (!single_shout).then(|| lexed.span(at + 1, last));
    }
    behind(lexed, at + 1, false)
}

/// `Patient name: Smith, Jane`: the label may have several words.
fn labelled(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let mut last = at;
    for _ in 0..LABEL_WORDS_MAX {
        let more = lexed.is(last + 1, Class::LABEL)
            || ["by", "of", "full", "of kin", "person"]
                .iter()
                .any(|w| lexed.is_word(last + 1, w));
        if !more || !matches!(lexed.gap(last + 1), " " | "'s " | "-" | "/" | "_") {
            break;
        }
        last += 1;
    }
    // `Medication name:` is no person's.
    if at > 0
        && lexed.is_word(at, "name")
        && lexed.gap(at) == " "
        && !lexed.is(at - 1, Class::LABEL)
        && lexed.is(at - 1, Class::COMMON)
        && !is_name_word(lexed.str(at - 1))
    {
        return None;
    }
    let gap = lexed.gap(last + 1);
    let marked = gap
        .trim_start_matches([' ', '*', '"', ')', '\t'])
        .starts_with([':', '=', '|'])
        && gap.len() <= LABEL_GAP_MAX
        && !gap.contains("\n\n");
    if !marked {
        return None;
    }
    let first = last + 1;
    let named = lexed.is_word(last, "name")
        || lexed.is_word(last, "patient")
        || lexed.is_word(last, "surname");
    let span = behind(lexed, first, named)?;
    let single = lexed.token(first).filter(|t| t.end == span.end);
    let doubtful = single.is_some_and(|t| {
        t.shape == Shape::Upper && t.len() <= 5 && !named || has_disease_ending(lexed.str(first))
    });
    (!doubtful).then_some(span)
}

/// `wife Anna`, `his mother, Maria Lopez`.
fn relative(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    if !matches!(lexed.gap(at + 1), " " | ", " | " (")
        || lexed.token(at + 1)?.shape != Shape::Capital
    {
        return None;
    }
    let span = behind(lexed, at + 1, false)?;
    let single = lexed.token(at + 1).is_some_and(|t| t.end == span.end);
    (!(single && has_disease_ending(lexed.str(at + 1)))).then_some(span)
}

/// `Jane A. Smith, MD`: anchored at the degree.
fn before_degree(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let gap = lexed.gap(at);
    if !matches!(gap, ", " | " " | ",") {
        return None;
    }
    let last = at.checked_sub(1)?;
    let mut first = None;
    for back in 0..NAME_PARTS_BEFORE_MAX {
        let Some(index) = last.checked_sub(back) else {
            break;
        };
        let token = lexed.token(index)?;
        let near = back == 0 || matches!(lexed.gap(index + 1), " " | ". " | "-" | "'");
        let initial = token.len() == 1 && token.shape == Shape::Capital && back > 0;
        if !near || !(is_name_part(token) && token.len() > 1 || initial) {
            break;
        }
        first = Some(index);
    }
    let first = first?;
    let enough = first < last || gap == ", ";
    let word = lexed.token(last)?;
    (enough && word.shape.begins_capital()).then(|| lexed.span(first, last))
}

/// `St. Mary's Hospital`: anchored at the kind of institution.
fn facility(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let (mut first, mut own) = (at, false);
    for _ in 0..FACILITY_WORDS_MAX {
        let Some(index) = first.checked_sub(1) else {
            break;
        };
        let gap = lexed.gap(first);
        let token = lexed.token(index)?;
        let genitive = lexed.is_word(index, "s") && lexed.gap(index) == "'";
        if !matches!(gap, " " | ". " | "-" | "'" | "'s ")
            || !(token.shape.begins_capital() || genitive)
        {
            break;
        }
        own |= is_name_part(token) && token.len() > 1;
        first = index;
    }
    while first < at && lexed.is(first, Class::COMMON) && !lexed.is(first, Class::PARTICLE) {
        first += 1;
    }
    (own && first < at).then(|| lexed.span(first, at))
}

/// The name that begins at a token, or behind a title there.
fn behind(lexed: &Lexed<'_>, first: usize, labelled: bool) -> Option<Range<usize>> {
    let titled = lexed.is(first, Class::TITLE) && matches!(lexed.gap(first + 1), " " | ". " | ".");
    let first = if titled { first + 1 } else { first };
    let last = name_end(lexed, first, titled, labelled)?;
    Some(lexed.span(first, last))
}

/// The last token of the name that begins at a token.
///
/// `surely` lets the first part be a common word, `labelled` also the following ones.
fn name_end(lexed: &Lexed<'_>, first: usize, surely: bool, labelled: bool) -> Option<usize> {
    let (mut last, mut own, mut common, mut comma) = (None, false, 0, false);
    for index in first..first + NAME_PARTS_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let after_initial = index > first && lexed.token(index - 1).is_some_and(|t| t.len() == 1);
        let next_comma = gap == ", " && !comma && index <= first + 2;
        let near = index == first
            || matches!(gap, " " | "-" | "'" | "  ")
            || after_initial && matches!(gap, ". " | ".")
            || next_comma;
        if !near || token.shape == Shape::Number {
            break;
        }
        let initial = token.len() == 1 && token.shape == Shape::Capital;
        let leads = lexed
            .token(index + 1)
            .is_some_and(|t| t.shape.begins_capital() || t.classes.any(Class::PARTICLE));
        let particle = token.classes.any(Class::PARTICLE) && leads && lexed.gap(index + 1) == " ";
        if is_name_part(token) {
            own = true;
        } else if token.shape.begins_capital()
            && token.classes.any(Class::COMMON)
            && !token.classes.any(CUES)
            && common < if labelled { COMMON_PARTS_MAX } else { 1 }
            && (index == first || labelled || surely && own && token.shape == Shape::Capital)
        {
            common += 1;
        } else if !(initial || particle) || next_comma {
            break;
        }
        if next_comma {
            // `Smith, Jane` is a name, `Smith, MD` and `Smith, Boston` are not.
            if !(labelled && token.shape.begins_capital() && !token.classes.any(Class::CREDENTIAL))
            {
                break;
            }
            comma = true;
        }
        if !particle {
            last = Some(index);
        }
    }
    last.filter(|last| own || surely || (labelled && *last > first))
}

/// A capitalised word that is nothing but perhaps a name.
fn is_name_part(token: &Token) -> bool {
    token.shape.begins_capital() && token.len() > 1 && !token.classes.any(NOT_A_NAME)
}

fn is_name_word(word: &str) -> bool {
    [
        "first",
        "last",
        "full",
        "middle",
        "family",
        "given",
        "maiden",
        "legal",
        "preferred",
        "contact",
    ]
    .iter()
    .any(|w| word.eq_ignore_ascii_case(w))
}

/// `Mother: Hypertension` names no mother.
fn has_disease_ending(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    [
        "itis", "osis", "emia", "oma", "pathy", "tension", "ism", "betes", "uria", "algia",
        "plegia", "ectomy", "cancer", "ness",
    ]
    .iter()
    .any(|ending| word.ends_with(ending))
}

const NOT_A_NAME: Class = Class::COMMON
    .with(Class::TITLE)
    .with(Class::CREDENTIAL)
    .with(Class::FACILITY)
    .with(Class::LABEL)
    .with(Class::ID_STRONG)
    .with(Class::BIRTH)
    .with(Class::FAX)
    .with(Class::CODE_CUE);
/// What follows a title without being a name.
const NOT_BEHIND_TITLE: Class = Class::TITLE
    .with(Class::CREDENTIAL)
    .with(Class::LABEL)
    .with(Class::FACILITY)
    .with(Class::BIRTH);
/// A label such as `Patient:` makes even two common words a name: `Hope Temple`.
const COMMON_PARTS_MAX: usize = 2;
const NAME_PARTS_MAX: usize = 6;
const NAME_PARTS_BEFORE_MAX: usize = 4;
const FACILITY_WORDS_MAX: usize = 6;
const LABEL_WORDS_MAX: usize = 4;
const LABEL_GAP_MAX: usize = 8;
