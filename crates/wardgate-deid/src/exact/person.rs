//! Names that a title, a label, a relation, a degree or a birth date gives away.

mod extent;

use std::ops::Range;

use crate::finding::{Finding, Kind};
use crate::gazetteer::{self, Bits};
use crate::lexer::{Lexed, Shape, Token};
use crate::lexicon::Class;
use extent::{behind_titles, end_of_name, start_of_name};

/// The words that may announce a name.
pub(super) const CUES: Class = Class::TITLE
    .with(Class::LABEL)
    .with(Class::RELATIVE)
    .with(Class::BYLINE)
    .with(Class::CREDENTIAL)
    .with(Class::BIRTH)
    .with(Class::ID_STRONG);

/// The name that the word at a token announces.
pub(super) fn cued(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let classes = token.classes;
    let found = |span: Range<usize>, score: f32, reason| {
        Some(Finding::exact(span, Kind::Name, score, reason))
    };
    if classes.any(Class::TITLE)
        && let Some(span) = titled(lexed, at)
    {
        return found(span, 0.9, "exact.title");
    }
    if classes.any(Class::LABEL)
        && let Some(span) = labelled(lexed, at)
    {
        return found(span, 0.85, "exact.name_label");
    }
    if classes.any(Class::BYLINE)
        && (lexed.is_word(at + 1, "by") || lexed.is_word(at + 1, "por"))
        && let Some(span) = behind(lexed, at + 2, false)
        && !all_listed(lexed, at + 2, &span)
        && (lexed.is_word(at + 1, "by")
            || listed(lexed, at + 2).any(Bits::GIVEN)
            || lexed.is(at + 2, Class::TITLE))
    {
        return found(span, 0.8, "exact.by");
    }
    if lexed.is_word(at, "dear")
        && lexed.gap(at + 1) == " "
        && let Some(span) = behind(lexed, at + 1, false)
    {
        return found(span, 0.85, "exact.salutation");
    }
    if classes.any(Class::RELATIVE.with(Class::LABEL))
        && let Some(span) = beside(lexed, at, classes.any(Class::RELATIVE))
    {
        return found(span, 0.75, "exact.relative");
    }
    if classes.any(Class::CREDENTIAL)
        && token.shape != Shape::Lower
        && let Some(span) = before_degree(lexed, at)
    {
        return found(span, 0.8, "exact.degree");
    }
    if classes.any(Class::BIRTH.with(Class::ID_STRONG))
        && let Some(span) = before(lexed, at)
    {
        return found(span, 0.75, "exact.name_before");
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

/// `Albert Schnitzler, * 3.2.1959`: anchored at the number behind the star.
pub(super) fn starred(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let gap = lexed.gap(at);
    let star = gap.len() <= STAR_GAP_MAX && gap.trim_end().ends_with('*') && !gap.contains("**");
    let span = star.then(|| before(lexed, at)).flatten()?;
    Some(Finding::exact(span, Kind::Name, 0.75, "exact.name_before"))
}

/// `my name is Ann Lee`, `named Lee`, `Regards,\nAnn Lee`, `gez. Ann Lee`.
pub(super) fn named(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let word = lexed.str(at);
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    let previous = |words: &[&str]| {
        at.checked_sub(1)
            .is_some_and(|index| words.iter().any(|w| lexed.is_word(index, w)))
    };
    let gap = lexed.gap(at + 1);
    let first = match word.len() {
        2 if is(&["is"]) && previous(&["name"]) => at + 1,
        5 if is(&["named"]) => at + 1,
        1 if is(&["s"]) && lexed.gap(at) == "'" && previous(&["name"]) => at + 1,
        3 if is(&["gez"]) && matches!(gap, ". " | " " | ": " | ".\n" | ":\n") => at + 1,
        5 if is(&["llamo"]) && previous(&["me"]) => at + 1,
        5 if is(&["liebe", "lieber"]) && ends_salutation(lexed, at + 1) => at + 1,
        7.. if is(&CLOSINGS) => return closed(lexed, at),
        _ => return None,
    };
    let span = behind(lexed, first, false)?;
    Some(Finding::exact(span, Kind::Name, 0.75, "exact.introduction"))
}

/// The name under `Regards,` or `Mit freundlichen Grüßen`.
fn closed(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let mut first = at + 1;
    for _ in 0..CLOSING_WORDS_MAX {
        if lexed.gap(first).contains('\n') || lexed.token(first)?.shape == Shape::Number {
            break;
        }
        first += 1;
    }
    let gap = lexed.gap(first);
    let lined = gap.contains('\n') && gap.len() <= CLOSING_GAP_MAX;
    let span = lined.then(|| behind(lexed, first, false)).flatten()?;
    let last_at = lexed.tokens.iter().skip(first).take(NAME_PARTS_MAX);
    let parts = last_at.take_while(|t| t.end <= span.end).count();
    let sure = parts > 1 || matches!(lexed.gap(first + parts), "" | "\n" | "." | ",\n" | ", ");
    sure.then(|| Finding::exact(span, Kind::Name, 0.7, "exact.closing"))
}

fn ends_salutation(lexed: &Lexed<'_>, first: usize) -> bool {
    let capital = lexed.token(first).is_some_and(|t| {
        t.shape == Shape::Capital && !t.classes.any(Class::TITLE.with(Class::COMMON))
    });
    capital && lexed.gap(first) == " " && lexed.gap(first + 1).starts_with([',', '!'])
}

/// `Dr. Jane Smith`: the title itself stays.
fn titled(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let token = lexed.token(at)?;
    let gap = lexed.gap(at + 1);
    let shouted = token.shape == Shape::Upper && token.len() <= 3;
    // `MR Becken` is an image and `HR 72` a rate; as titles they have their dot.
    let imaging = ["mr", "ms", "hr", "fr", "mx", "sr", "pd", "fa"]
        .iter()
        .any(|w| lexed.is_word(at, w));
    let genome = token.shape == Shape::Upper && lexed.is_word(at, "dna");
    if genome
        || shouted && imaging && !gap.starts_with('.')
        || token.shape == Shape::Lower && imaging
    {
        return None;
    }
    let sentence = token.len() > 4 && gap.starts_with('.');
    if sentence {
        return None;
    }
    let single = token.len() == 1;
    if single && !(gap == ". " && token.shape == Shape::Capital && is_spanish_name(lexed, at + 1)) {
        return None;
    }
    let (first, titles) = behind_titles(lexed, at);
    let colleague = lexed.is_word(first, "kollege") || lexed.is_word(first, "kollegin");
    if titles == 0 || colleague {
        return None;
    }
    let abbreviation = token.len() <= 5;
    let capital = lexed
        .token(first)
        .is_some_and(|t| t.shape.begins_capital() && !t.classes.any(NOT_BEHIND_TITLE));
    if abbreviation && capital && token.shape != Shape::Lower {
        // After `Dr.` even a common word is a name: `Dr. Young`.
        let last = end_of_name(lexed, first, true, false).unwrap_or(first);
        let word = lexed.token(first)?;
        let single_shout = last == first
            && (shouted
                && imaging
                && (word.classes.any(Class::COMMON) || is_listed_word(lexed, first))
                || word.classes.any(Class::COMMON) && word.shape == Shape::Upper
                || word.classes.any(Class::DEPARTMENT) && lexed.gap(first) == "\n");
        let roman = last == first
            && word.shape == Shape::Upper
            && word.len() <= 2
            && !lexed.gap(first + 1).starts_with('.');
        return (!single_shout && !roman && !is_eponym(lexed, last))
            .then(|| lexed.span(first, last));
    }
    let spoken = token.shape == Shape::Lower && lexed.token(first)?.shape != Shape::Capital;
    let last = end_of_name(lexed, first, true, false)?;
    (!spoken && !is_eponym(lexed, last)).then(|| lexed.span(first, last))
}

/// `Sister Mary Joseph nodule` is a sign and no sister.
fn is_eponym(lexed: &Lexed<'_>, last: usize) -> bool {
    lexed.gap(last + 1) == " " && EPONYM_NOUNS.iter().any(|w| lexed.is_word(last + 1, w))
}

fn is_spanish_name(lexed: &Lexed<'_>, at: usize) -> bool {
    lexed
        .token(at)
        .is_some_and(|t| t.shape.begins_capital() && t.len() > 2)
        && listed(lexed, at).any(Bits::GIVEN)
}

/// `Patient name: Smith, Jane`: the label may have several words.
fn labelled(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let mut last = at;
    for _ in 0..LABEL_WORDS_MAX {
        let more = lexed.is(last + 1, Class::LABEL)
            || [
                "by",
                "of",
                "full",
                "person",
                "por",
                "y",
                "del",
                "de",
                "des",
                "responsable",
                "clinico",
                "md",
            ]
            .iter()
            .any(|w| lexed.is_word(last + 1, w));
        if !more || !matches!(lexed.gap(last + 1), " " | "'s " | "-" | "/" | "_" | "s ") {
            break;
        }
        last += 1;
    }
    let before = at.checked_sub(1);
    let before_is =
        |words: &[&str]| before.is_some_and(|index| words.iter().any(|w| lexed.is_word(index, w)));
    // `Medication name:` is no person's, and `informe del paciente:` opens a report.
    if lexed.gap(at) == " "
        && (lexed.is_word(at, "name")
            && before.is_some_and(|b| lexed.is(b, Class::COMMON) && !lexed.is(b, Class::LABEL))
            && !before_is(&NAME_KINDS)
            || before_is(&["del", "des", "der"]))
        || lexed.gap(at).ends_with('(')
    {
        return None;
    }
    let gap = lexed.gap(last + 1);
    let marked = gap
        .trim_start_matches([' ', '*', '"', ')', '\t', '.', '_'])
        .starts_with([':', '=', '|'])
        && gap.len() <= LABEL_GAP_MAX
        && !gap.contains("\n\n");
    if !marked {
        return None;
    }
    value_of_label(lexed, last)
}

/// The name behind a label, unless the value is a single word that is more likely something else.
fn value_of_label(lexed: &Lexed<'_>, label: usize) -> Option<Range<usize>> {
    let first = label + 1;
    let named = NAMING_LABELS.iter().any(|w| lexed.is_word(label, w));
    let span = behind(lexed, first, named)?;
    let token = lexed.token(first)?;
    if token.end != span.end {
        return (named || !all_listed(lexed, first, &span)).then_some(span);
    }
    let prose = lexed.gap(first + 1) == " "
        && lexed
            .token(first + 1)
            .is_some_and(|t| t.shape == Shape::Lower);
    let weak = WEAK_LABELS.iter().any(|w| lexed.is_word(label, w));
    let doubtful = token.len() == 1
        || token.shape == Shape::Upper && token.len() <= 5 && !named
        || has_disease_ending(lexed.str(first))
        || prose
        || weak
        || !named && is_listed_word(lexed, first);
    (!doubtful).then_some(span)
}

/// `wife Anna`, `his mother, Maria Lopez`, `Patientin Amanda Alzheimer`.
fn beside(lexed: &Lexed<'_>, at: usize, relative: bool) -> Option<Range<usize>> {
    let gap = lexed.gap(at + 1);
    if !(gap == " " || relative && matches!(gap, ", " | " (")) {
        return None;
    }
    let token = lexed.token(at + 1)?;
    if token.shape != Shape::Capital {
        return None;
    }
    let span = behind(lexed, at + 1, false)?;
    let single = token.end == span.end;
    let given = listed(lexed, at + 1).any(Bits::GIVEN);
    let sure = if relative {
        !(all_listed(lexed, at + 1, &span) || single && lexed.gap(at + 2) == "'")
            && !(single && (has_disease_ending(lexed.str(at + 1)) || is_listed_word(lexed, at + 1)))
    } else {
        !single && given && !lexed.is(at + 1, Class::COMMON)
    };
    let last = (at + 1..at + 1 + NAME_PARTS_MAX)
        .take_while(|i| lexed.token(*i).is_some_and(|t| t.end <= span.end))
        .last()?;
    (sure && !is_eponym(lexed, last)).then_some(span)
}

/// `Jane A. Smith, MD`: anchored at the degree.
fn before_degree(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let gap = lexed.gap(at);
    if !matches!(gap, ", " | " " | ",") {
        return None;
    }
    let last = at.checked_sub(1)?;
    let first = start_of_name(lexed, last, false)?;
    let short = lexed
        .token(last)
        .is_some_and(|t| t.shape == Shape::Upper && t.len() <= 3);
    let enough = first < last || gap == ", " && !short;
    let word = lexed.token(last)?;
    let listed = first < last || !is_listed_word(lexed, last);
    (enough && listed && word.shape.begins_capital()).then(|| lexed.span(first, last))
}

/// `Alissa Rieser geb. 01.07.1965`, `Smith, John (DOB 3/4/1960)`: anchored behind the name.
fn before(lexed: &Lexed<'_>, at: usize) -> Option<Range<usize>> {
    let gap = lexed.gap(at);
    let near = gap.len() <= BEFORE_GAP_MAX
        && gap
            .bytes()
            .all(|b| matches!(b, b' ' | b',' | b'(' | b'*' | b'-' | b'|' | b'[' | b'\t'));
    if gap.is_empty() || !near {
        return None;
    }
    let last = at.checked_sub(1)?;
    let first = start_of_name(lexed, last, true)?;
    let known = (first..=last).any(|i| {
        listed(lexed, i).any(Bits::GIVEN.with(Bits::SURNAME)) || !is_listed_word(lexed, i)
    });
    let strange = (first..=last)
        .all(|i| is_listed_word(lexed, i) || lexed.token(i).is_some_and(|t| t.len() == 1));
    (first < last && known && !strange).then(|| lexed.span(first, last))
}

/// The name that begins at a token, or behind a title there.
fn behind(lexed: &Lexed<'_>, first: usize, labelled: bool) -> Option<Range<usize>> {
    let (first, titles) = if lexed.is(first, Class::TITLE) {
        behind_titles(lexed, first)
    } else {
        (first, 0)
    };
    let last = end_of_name(lexed, first, titles > 0, labelled)?;
    Some(lexed.span(first, last))
}

/// What the lists say of the word at a token.
fn listed(lexed: &Lexed<'_>, at: usize) -> Bits {
    gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(at)))
}

/// A word of the language or of medicine that is nobody's name.
fn is_listed_word(lexed: &Lexed<'_>, at: usize) -> bool {
    let bits = listed(lexed, at);
    let word = bits.any(
        Bits::WORD
            .with(Bits::WORD_COMMON)
            .with(Bits::WORD_ES)
            .with(Bits::WORD_DE)
            .with(Bits::CLINICAL)
            .with(Bits::DRUG)
            .with(Bits::EPONYM),
    );
    word && !bits.any(Bits::GIVEN_COMMON.with(Bits::SURNAME_COMMON))
}

/// Whether every word from a token to the end of a span is nobody's name.
fn all_listed(lexed: &Lexed<'_>, first: usize, span: &Range<usize>) -> bool {
    (first..first + NAME_PARTS_MAX)
        .take_while(|i| lexed.token(*i).is_some_and(|t| t.end <= span.end))
        .all(|i| is_listed_word(lexed, i) || lexed.token(i).is_some_and(|t| t.len() == 1))
}

/// A capitalised word that is nothing but perhaps a name.
fn is_name_part(token: &Token) -> bool {
    token.shape.begins_capital() && token.len() > 1 && !token.classes.any(NOT_A_NAME)
}

/// `Mother: Hypertension` names no mother.
fn has_disease_ending(word: &str) -> bool {
    let word = word.as_bytes();
    DISEASE_ENDINGS.iter().any(|ending| {
        word.len()
            .checked_sub(ending.len())
            .and_then(|from| word.get(from..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(ending.as_bytes()))
    })
}

const DISEASE_ENDINGS: [&str; 14] = [
    "itis", "osis", "emia", "oma", "pathy", "tension", "ism", "betes", "uria", "algia", "plegia",
    "ectomy", "cancer", "ness",
];
const NOT_A_NAME: Class = Class::COMMON
    .with(Class::TITLE)
    .with(Class::CREDENTIAL)
    .with(Class::FACILITY)
    .with(Class::FACILITY_FIRST)
    .with(Class::DEPARTMENT)
    .with(Class::LABEL)
    .with(Class::ID_STRONG)
    .with(Class::BIRTH)
    .with(Class::FAX)
    .with(Class::AGE_LABEL)
    .with(Class::CODE_CUE);
/// What follows a title without being a name.
const NOT_BEHIND_TITLE: Class = Class::TITLE
    .with(Class::CREDENTIAL)
    .with(Class::LABEL)
    .with(Class::FACILITY)
    .with(Class::FACILITY_FIRST)
    .with(Class::BIRTH);
const EPONYM_NOUNS: [&str; 12] = [
    "nodule",
    "nodules",
    "sign",
    "disease",
    "syndrome",
    "test",
    "score",
    "scale",
    "palsy",
    "criteria",
    "procedure",
    "maneuver",
];
const NAME_KINDS: [&str; 10] = [
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
];
/// Labels of nothing but names.
const NAMING_LABELS: [&str; 9] = [
    "name",
    "nombre",
    "patient",
    "surname",
    "apellidos",
    "paciente",
    "nachname",
    "vorname",
    "patientin",
];
/// Labels behind which a single word is seldom a person.
const WEAK_LABELS: [&str; 10] = [
    "from", "to", "cc", "bcc", "re", "contact", "author", "nurse", "provider", "surgeon",
];
const CLOSINGS: [&str; 9] = [
    "regards",
    "sincerely",
    "grussen",
    "gruessen",
    "grusse",
    "gruesse",
    "atentamente",
    "saludos",
    "cordialmente",
];
const NAME_PARTS_MAX: usize = 6;
const LABEL_WORDS_MAX: usize = 4;
const LABEL_GAP_MAX: usize = 8;
const STAR_GAP_MAX: usize = 4;
const BEFORE_GAP_MAX: usize = 4;
const CLOSING_WORDS_MAX: usize = 4;
const CLOSING_GAP_MAX: usize = 24;
