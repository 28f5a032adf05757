//! Ages: over 89 they identify by themselves, because so few people reach them.

use crate::finding::{Finding, Kind, Part};
use crate::gazetteer::{self, Bits};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// `92-year-old`, `92 y/o`, `aged 92`, `53-jährige`, `de 53 años`, `72F`: anchored at the number.
pub(super) fn age(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let value = lexed.value(at).filter(|age| *age <= AGE_MAX)?;
    let before = at.checked_sub(1);
    let inside = matches!(lexed.gap(at), "/" | "." | "," | "-" | "")
        && before.is_some_and(|b| lexed.digits(b).is_some());
    if inside {
        return None;
    }
    let (last, score) = by_unit(lexed, at)
        .or_else(|| by_sex(lexed, at, value))
        .or_else(|| by_label(lexed, at))
        .or_else(|| by_verb(lexed, at, value))
        .or_else(|| behind_name(lexed, at, value))?;
    let part = if value < OLD {
        Part::Under90
    } else {
        Part::Whole
    };
    let last = if part == Part::Whole { last } else { at };
    Some(Finding {
        part,
        ..Finding::exact(lexed.span(at, last), Kind::Age, score, "exact.age")
    })
}

/// A word behind the number says that it counts years of a life; gives the last token of the age.
fn by_unit(lexed: &Lexed<'_>, at: usize) -> Option<(usize, f32)> {
    let next = at + 1;
    let gap = lexed.gap(next);
    if !matches!(gap, "" | " " | "-" | "  " | "\n" | " - ") {
        return None;
    }
    let word = lexed.str(next);
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    if is(&["y"]) && matches!(lexed.gap(next + 1), "/" | "." | ". ") && lexed.is_word(next + 1, "o")
        || is(&["yo", "yoa", "yom", "yof", "yow", "yrsold", "yof"])
    {
        return Some((at, 0.9));
    }
    if !lexed.is(next, Class::AGE_CUE) && !is(&["y", "j", "jahr", "jahren", "a"]) {
        return None;
    }
    let after = lexed.str(next + 1);
    let follows = |words: &[&str]| words.iter().any(|w| after.eq_ignore_ascii_case(w));
    let small_gap = matches!(lexed.gap(next + 1), " " | "-" | "\n" | ". " | " - ");
    if is(&["year", "years", "yr", "yrs", "y"]) {
        let old = small_gap
            && (follows(&["old", "olds"]) || follows(&["of"]) && lexed.is_word(next + 2, "age"));
        let sexed = small_gap
            && is(&["yr", "y", "year"])
            && follows(&["male", "female", "man", "woman", "m", "f"]);
        let noted = is(&["y"]) && lexed.gap(next + 1).starts_with(',') && lexed.gap(at) == ", ";
        return (old || sexed || noted || labelled(lexed, at)).then_some((at, 0.9));
    }
    if is(&["anos", "ano", "a"]) {
        return spanish(lexed, at);
    }
    if is(&["jahre", "jahr", "jahren", "j"]) {
        let old = small_gap && follows(&["alt", "alte", "alter", "alten", "altes"]);
        let told = lexed.gap(at) == ", " && matches!(lexed.after(lexed.token(next)?), b',' | b'.');
        return (old || told || labelled(lexed, at)).then_some((at, 0.85));
    }
    // `53-jährige`, `92. Lebensjahr` is ordinal and read by its label.
    word.to_ascii_lowercase()
        .starts_with("jahrig")
        .then_some((at, 0.9))
        .or_else(|| (word.to_ascii_lowercase().starts_with("jaehrig")).then_some((at, 0.9)))
}

/// `53 años`, unless a duration is meant: `hace 10 años`, `10 años de evolución`.
fn spanish(lexed: &Lexed<'_>, at: usize) -> Option<(usize, f32)> {
    let next = at + 1;
    let is_before = |back: usize, words: &[&str]| {
        at.checked_sub(back)
            .is_some_and(|index| words.iter().any(|w| lexed.is_word(index, w)))
    };
    let aged = lexed.is_word(next + 1, "de") && lexed.is_word(next + 2, "edad");
    let lasting = ["de", "despues", "antes", "mas", "tras", "previos", "atras"]
        .iter()
        .any(|w| lexed.is_word(next + 1, w))
        && !aged;
    let durations = [
        "hace", "durante", "desde", "tras", "ultimos", "primeros", "los", "a", "en", "unos",
        "cada", "menos",
    ];
    let lasted = is_before(1, &durations) || is_before(2, &["hace", "durante", "desde"]);
    if lasted && !aged {
        return None;
    }
    let of = is_before(1, &["de"]);
    let labelled = labelled(lexed, at);
    if !(aged || labelled || of && !lasting) {
        return None;
    }
    lexed
        .is(next, Class::AGE_CUE)
        .then_some((next, 0.85))
        .or(labelled.then_some((at, 0.8)))
}

/// `72F`, `72 yo M`, `94M with`.
fn by_sex(lexed: &Lexed<'_>, at: usize, value: u32) -> Option<(usize, f32)> {
    let next = at + 1;
    let sexed = ["f", "m"].iter().any(|w| lexed.is_word(next, w))
        && lexed.token(next).is_some_and(|t| t.shape == Shape::Capital);
    let temperature =
        lexed.is_word(next, "f") && (94..=107).contains(&value) && lexed.gap(at) != "  ";
    let behind = lexed.gap(next + 1);
    let told = behind == " "
        && [
            "with",
            "w",
            "who",
            "presents",
            "presenting",
            "admitted",
            "hx",
            "h",
            "s",
            "c",
            "pmh",
            "here",
            "p",
        ]
        .iter()
        .any(|w| lexed.is_word(next + 1, w));
    let columned = value >= OLD && lexed.gap(at) == "  " && behind == "  ";
    let opening = columned
        || at == 0
        || lexed.gap(at).ends_with('\n')
        || lexed.is_word(at - 1, "pt")
        || lexed.is_word(at - 1, "a");
    let quantity = lexed.is(at, Class::QUANTITY) && !told && !opening;
    let joined = lexed.gap(next).is_empty() || lexed.gap(next) == " " && opening;
    (sexed && joined && !quantity && value > 0 && (told || opening && !temperature))
        .then_some((at, 0.8))
}

/// `Age: 91`, `aged 91`, `Edad: 91`, `im Alter von 91`, `at the age of 91`.
fn by_label(lexed: &Lexed<'_>, at: usize) -> Option<(usize, f32)> {
    let measured = lexed.is(at + 1, Class::UNIT)
        && !lexed.is(at + 1, Class::AGE_CUE)
        && lexed.gap(at + 1).len() <= 1;
    (labelled(lexed, at) && !measured && !matches!(lexed.gap(at + 1), "-" | "/" | "." | ":")
        || labelled(lexed, at) && lexed.digits(at + 1).is_none() && !measured)
        .then_some((at, 0.85))
}

fn labelled(lexed: &Lexed<'_>, at: usize) -> bool {
    let label = |back: usize| {
        at.checked_sub(back)
            .is_some_and(|index| lexed.is(index, Class::AGE_LABEL))
    };
    let near = matches!(
        lexed.gap(at),
        " " | ": " | ":" | "\n" | " (" | "(" | ":  " | " - "
    );
    if label(1) && near {
        return true;
    }
    let filler = at.checked_sub(1).is_some_and(|index| {
        ["of", "von", "is", "was", "de"]
            .iter()
            .any(|w| lexed.is_word(index, w))
    });
    filler && lexed.gap(at) == " " && label(2) && lexed.gap(at - 1) == " "
}

/// `Mr. Young, 91, farmer`, `Ann Lee (93)`: between a word with a capital and a comma.
fn behind_name(lexed: &Lexed<'_>, at: usize, value: u32) -> Option<(usize, f32)> {
    let token = lexed.token(at.checked_sub(1)?)?;
    let name = token.shape.begins_capital()
        && token.len() > 1
        && !token.classes.any(NOT_A_PERSON)
        && !lexed.is(at, Class::QUANTITY);
    let (gap, next) = (lexed.gap(at), lexed.gap(at + 1));
    let listed =
        gap == ", " && next.starts_with([',', '.', ':', ';']) && lexed.digits(at + 1).is_none();
    let bracketed = gap == " (" && next.starts_with(')') || gap == " | " && next.starts_with(" |");
    (value >= OLD && name && (listed || bracketed)).then_some((at, 0.6))
}

/// `she is 94 and`, `died at 95`: only where such an age identifies.
fn by_verb(lexed: &Lexed<'_>, at: usize, value: u32) -> Option<(usize, f32)> {
    if value < OLD
        || lexed.gap(at) != " "
        || lexed.is(at, Class::QUANTITY)
        || lexed.is(at + 1, Class::UNIT)
    {
        return None;
    }
    let (verb, who) = (lexed.str(at.checked_sub(1)?), lexed.str(at.checked_sub(2)?));
    let is = |word: &str, words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    let person = is(who, &PERSONS) || is_given(lexed, at - 2);
    let being = is(verb, &BEING) && person || is(verb, &["shes", "hes"]);
    let dying = is(verb, &["at", "aged"])
        && is(
            who,
            &["died", "deceased", "away", "death", "alive", "living"],
        );
    let ends = matches!(
        lexed.after(lexed.token(at)?),
        b' ' | b',' | b'.' | b';' | b')' | b'\n'
    ) && lexed
        .digits(at + 1)
        .is_none_or(|_| lexed.gap(at + 1).len() > 1);
    ((being || dying) && ends).then_some((at, 0.6))
}

/// `ninety-two-year-old`, `zweiundneunzigjährig`: anchored at the word.
pub(super) fn in_words(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let word = lexed.str(at);
    let found = |last: usize| {
        Some(Finding::exact(
            lexed.span(at, last),
            Kind::Age,
            0.85,
            "exact.age",
        ))
    };
    if word.eq_ignore_ascii_case("ninety") || word.eq_ignore_ascii_case("noventa") {
        let digit = UNITS.iter().any(|u| lexed.is_word(at + 1, u))
            && matches!(lexed.gap(at + 1), " " | "-");
        let both = lexed.is_word(at + 1, "y");
        let last = match (digit, both) {
            (true, _) => at + 1,
            (_, true) => at + 2,
            _ => at,
        };
        let years = lexed.is(last + 1, Class::AGE_CUE) && lexed.gap(last + 1).len() <= 1;
        let old = lexed.is_word(last + 2, "old") || lexed.is_word(last + 1, "anos");
        return (years && old).then(|| found(last)).flatten();
    }
    let lower = word.to_ascii_lowercase();
    let aged = lower.contains("neunzigjahrig") || lower.contains("hundertjahrig");
    aged.then(|| found(at)).flatten()
}

/// Whether a word with a capital is somebody's given name.
fn is_given(lexed: &Lexed<'_>, at: usize) -> bool {
    let capital = lexed
        .token(at)
        .is_some_and(|t| t.shape == Shape::Capital && !t.classes.any(NOT_A_PERSON));
    capital && gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(at))).any(Bits::GIVEN)
}

const NOT_A_PERSON: Class = Class::LAB
    .with(Class::UNIT_WORD)
    .with(Class::COMMON)
    .with(Class::GENE)
    .with(Class::SCORE)
    .with(Class::CODE_CUE)
    .with(Class::MONTH)
    .with(Class::STREET);
const PERSONS: [&str; 18] = [
    "he",
    "she",
    "who",
    "i",
    "patient",
    "pt",
    "er",
    "sie",
    "mother",
    "father",
    "now",
    "will",
    "grandma",
    "grandpa",
    "mom",
    "dad",
    "grandmother",
    "grandfather",
];
const BEING: [&str; 10] = [
    "is", "was", "be", "turned", "turns", "turning", "am", "ist", "war", "s",
];
const UNITS: [&str; 9] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];
const AGE_MAX: u32 = 125;
/// From this age on, Safe Harbor counts an age as an identifier.
const OLD: u32 = 90;
