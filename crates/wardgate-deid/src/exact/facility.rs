//! Institutions: a kind such as `Hospital` with a name of its own, on either side of it.

use crate::finding::{Finding, Kind};
use crate::gazetteer::{self, Bits};
use crate::lexer::{Leaning, Lexed, Shape};
use crate::lexicon::Class;

/// The words that may be an institution's kind.
pub(super) const CUES: Class = Class::FACILITY.with(Class::FACILITY_FIRST);

/// The institution whose kind stands at a token.
pub(super) fn cued(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let found = |first: usize, last: usize, score: f32| {
        Some(Finding::exact(
            lexed.span(first, last),
            Kind::Facility,
            score,
            "exact.facility",
        ))
    };
    let english = matches!(lexed.leaning, Leaning::English | Leaning::Unknown);
    let first = if english {
        start(lexed, at)
    } else {
        hung_before(lexed, at)
    };
    if token.classes.any(Class::FACILITY_FIRST)
        && let Some(last) = named_behind(lexed, at)
    {
        return found(first.unwrap_or(at), last, 0.75);
    }
    if token.classes.any(Class::FACILITY) && token.shape.begins_capital() && is_kind(lexed, at) {
        let last = tail(lexed, at);
        return found(first?, last, 0.7);
    }
    None
}

/// The first word of a name that hangs on its kind by hyphens: `Sankt-Lukas-Krankenhaus`.
fn hung_before(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let mut first = at;
    while first > 0
        && at - first < WORDS_MAX
        && lexed.gap(first) == "-"
        && lexed
            .token(first - 1)
            .is_some_and(|t| t.shape.begins_capital())
    {
        first -= 1;
    }
    let own = (first..at).any(|index| is_own(lexed, index) && !is_word_only(lexed, index));
    (first < at && own).then_some(first)
}

/// Some kinds are one only behind certain words: `Eye Care`, `Family Medicine`, `Medical Practice`.
fn is_kind(lexed: &Lexed<'_>, at: usize) -> bool {
    KINDS_BEHIND
        .iter()
        .find(|(kind, _)| lexed.is_word(at, kind))
        .is_none_or(|(_, before)| {
            let index = at.wrapping_sub(1);
            lexed.gap(at) == " " && before.iter().any(|w| lexed.is_word(index, w))
        })
}

/// `Sankt-Klara-Spital`, `Diakonissenkrankenhaus Berlin`: the kind ends the word.
pub(super) fn joined(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let word = lexed.text.as_bytes().get(token.start..token.end)?;
    if token.len() < JOINED_LEN_MIN || !token.shape.begins_capital() {
        return None;
    }
    let ends = |end: &&str| {
        let from = word.len().saturating_sub(end.len());
        word.get(from..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    };
    if !JOINED.iter().any(ends) {
        return None;
    }
    let last = named_behind(lexed, at)?;
    Some(Finding::exact(
        lexed.span(at, last),
        Kind::Facility,
        0.7,
        "exact.facility",
    ))
}

/// The first word of the name before a kind, when it has a word of its own.
fn start(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let (mut first, mut own) = (at, None);
    for _ in 0..WORDS_MAX {
        let Some(index) = first.checked_sub(1) else {
            break;
        };
        let gap = lexed.gap(first);
        let token = lexed.token(index)?;
        let genitive = lexed.is_word(index, "s") && lexed.gap(index) == "'";
        let saint =
            lexed.is_word(index, "st") || lexed.is_word(index, "mt") || lexed.is_word(index, "ste");
        let near = matches!(gap, " " | "-" | "'" | "'s " | "' " | " & ") || gap == ". " && saint;
        let of = lexed.is_word(index, "of")
            && token.shape == Shape::Lower
            && own.is_some()
            && index
                .checked_sub(1)
                .is_some_and(|i| OF.iter().any(|w| lexed.is_word(i, w)));
        let shouted = token.shape == Shape::Upper && token.classes.any(Class::ENGLISH);
        if !near
            || !(token.shape.begins_capital() || genitive || of)
            || shouted
            || token.classes.any(ENDS_BEFORE) && !saint
        {
            break;
        }
        if is_own(lexed, index) {
            own = Some(index);
        }
        first = index;
    }
    let own = own?;
    while first < own && !is_own(lexed, first) && !is_descriptor(lexed, first) {
        first += 1;
    }
    let lone = first + 1 == at || at == own + 1;
    let weak = [
        "center", "centre", "home", "care", "clinic", "practice", "health",
    ]
    .iter()
    .any(|w| lexed.is_word(at, w));
    let course = COURSES.iter().any(|w| lexed.is_word(at + 1, w)) && lexed.gap(at + 1) == " ";
    let doubtful = lone && (weak || course) && is_word_only(lexed, own);
    (first < at && !doubtful).then_some(first)
}

/// A word that can be an institution's own name.
fn is_own(lexed: &Lexed<'_>, at: usize) -> bool {
    let Some(token) = lexed.token(at) else {
        return false;
    };
    if !token.shape.begins_capital() || token.len() < 2 || token.classes.any(NOT_OWN) {
        return false;
    }
    let bits = listed(lexed, at);
    let name = bits.any(
        Bits::GIVEN_COMMON
            .with(Bits::SURNAME_COMMON)
            .with(Bits::CITY_BIG)
            .with(Bits::COUNTY),
    );
    let medical = bits.any(
        Bits::CLINICAL
            .with(Bits::DRUG)
            .with(Bits::EPONYM)
            .with(Bits::FACILITY_HEAD),
    );
    let generic = GENERIC.iter().any(|w| lexed.is_word(at, w)) || lexed.str(at).ends_with("ology");
    !generic && (name || !medical) && !has_ending(lexed.str(at))
}

/// Adjectives of German and Spanish departments.
fn has_ending(word: &str) -> bool {
    let word = word.as_bytes();
    [
        "ische",
        "ischen",
        "isches",
        "logie",
        "logia",
        "ologische",
        "iatrie",
        "iatria",
        "chirurgie",
    ]
    .iter()
    .any(|end| {
        word.len()
            .checked_sub(end.len())
            .and_then(|from| word.get(from..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    })
}

/// A word of the language that no list knows as a name or place.
fn is_word_only(lexed: &Lexed<'_>, at: usize) -> bool {
    let bits = listed(lexed, at);
    let word = Bits::WORD
        .with(Bits::WORD_COMMON)
        .with(Bits::WORD_ES)
        .with(Bits::WORD_DE);
    bits.any(word)
        && !bits.any(
            Bits::GIVEN_COMMON
                .with(Bits::SURNAME_COMMON)
                .with(Bits::CITY_BIG),
        )
}

fn is_descriptor(lexed: &Lexed<'_>, at: usize) -> bool {
    [
        "st",
        "saint",
        "mount",
        "mt",
        "our",
        "university",
        "royal",
        "queen",
        "king",
        "north",
        "south",
        "east",
        "west",
    ]
    .iter()
    .any(|w| lexed.is_word(at, w))
}

fn listed(lexed: &Lexed<'_>, at: usize) -> Bits {
    gazetteer::lookup(gazetteer::hash::word_hash(lexed.str(at)))
}

/// What follows the kind: `Medical Center of Aurora`, `Hospital NHS Trust`, `Hospital Center`.
fn tail(lexed: &Lexed<'_>, at: usize) -> usize {
    let mut last = at;
    for _ in 0..4 {
        let more = [
            "center",
            "centre",
            "hospital",
            "clinic",
            "trust",
            "nhs",
            "foundation",
            "system",
        ]
        .iter()
        .any(|w| lexed.is_word(last + 1, w));
        let capital = lexed
            .token(last + 1)
            .is_some_and(|t| t.shape.begins_capital());
        if !more || !capital || lexed.gap(last + 1) != " " {
            break;
        }
        last += 1;
    }
    if lexed.is_word(last + 1, "of")
        && lexed.gap(last + 1) == " "
        && is_own(lexed, last + 2)
        && lexed.gap(last + 2) == " "
    {
        last += 2;
        while lexed.gap(last + 1) == " " && is_own(lexed, last + 1) && last < at + WORDS_MAX {
            last += 1;
        }
    }
    last
}

/// The last word of the name behind a kind: `Hospital Universitario La Paz`, `Klinikum rechts der Isar`.
fn named_behind(lexed: &Lexed<'_>, at: usize) -> Option<usize> {
    let head = lexed.token(at)?;
    if head.shape == Shape::Lower && !lexed.is_word(at, "hospital") {
        return None;
    }
    let (mut last, mut own, mut generic, mut day) = (None, false, 0, false);
    for index in at + 1..at + 1 + WORDS_BEHIND_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let abbreviated = matches!(gap, ". " | ".")
            && [
                "dr", "st", "sta", "sto", "ntra", "sra", "dra", "virg", "prof", "gral", "univ",
            ]
            .iter()
            .any(|w| lexed.is_word(index - 1, w));
        let quoted = matches!(gap, " \"" | "\" " | " '" | " (");
        let lined = matches!(gap, "\n" | " \n") && index == at + 1 && head.len() > SHORT_KIND_LEN;
        if !(matches!(gap, " " | "-" | "'" | "  ") || abbreviated || quoted && gap != " (" || lined)
        {
            break;
        }
        let numbered =
            token.shape == Shape::Number && lexed.is_word(index + 1, "de") && token.len() <= 2;
        let article = token.len() <= 3 && token.shape != Shape::Upper;
        let small = (article || token.shape == Shape::Lower)
            && PARTICLES.iter().any(|w| lexed.is_word(index, w));
        if numbered || small {
            day |= numbered;
            continue;
        }
        if day && token.classes.any(Class::MONTH) {
            (own, last) = (true, Some(index));
            continue;
        }
        let title = token.classes.any(Class::TITLE);
        let short = token.shape == Shape::Upper && token.len() <= SHORT_NAME_LEN;
        let stops = token.classes.any(STOPS)
            && !title
            && !token
                .classes
                .any(Class::FACILITY_FIRST.with(Class::FACILITY));
        if !token.shape.begins_capital() && !is_generic(lexed, index) || stops {
            break;
        }
        if is_generic(lexed, index) || title || lexed.is(index, Class::FACILITY_FIRST) {
            generic += 1;
            if generic > 1 && !own {
                last = Some(index);
            }
        } else if is_own(lexed, index) && !is_word_only(lexed, index) && !short
            || own && token.len() > 1
        {
            own = true;
            last = Some(index);
        } else if is_own(lexed, index) && !short {
            // `Hospital de la Princesa`: a word, but behind the usual adjectives it is the name.
            own = generic > 0;
            last = own.then_some(index);
        } else {
            break;
        }
    }
    let last = last?;
    let prose = head.shape == Shape::Lower && is_word_only(lexed, last);
    (own || generic > 1 && !prose && head.shape == Shape::Capital)
        .then_some(last)
        .filter(|_| !prose)
}

fn is_generic(lexed: &Lexed<'_>, at: usize) -> bool {
    GENERIC.iter().any(|w| lexed.is_word(at, w))
}

/// Kinds that need one of these words before them.
const KINDS_BEHIND: [(&str, &[&str]); 14] = [
    (
        "care",
        &[
            "eye", "urgent", "hospice", "health", "memory", "dental", "wound", "kidney",
        ],
    ),
    ("medicine", &["family", "sports"]),
    ("practice", &["family", "medical", "group", "dental"]),
    ("home", &["nursing", "care", "retirement", "funeral"]),
    ("trust", &["nhs", "foundation"]),
    ("system", &["health", "hospital", "healthcare", "va"]),
    (
        "group",
        &["medical", "physician", "physicians", "health", "dental"],
    ),
    (
        "associates",
        &[
            "cardiology",
            "surgical",
            "pathology",
            "radiology",
            "medical",
            "orthopedic",
            "kidney",
            "gi",
            "urology",
            "oncology",
            "dermatology",
            "neurology",
            "eye",
            "heart",
            "pediatric",
            "anesthesia",
            "health",
        ],
    ),
    ("management", &["pain"]),
    ("services", &["hospice", "ambulance", "laboratory"]),
    ("lab", &["reference", "county", "clinical"]),
    ("labs", &["reference", "clinical"]),
    ("ctr", &["med", "medical", "health"]),
    ("surgery", &["outpatient", "plastic", "oral"]),
];
/// Words behind which `of` belongs to a name.
const OF: [&str; 7] = [
    "university",
    "lady",
    "heart",
    "college",
    "sisters",
    "house",
    "church",
];
/// What a hospital has without being named.
const COURSES: [&str; 10] = [
    "course",
    "day",
    "stay",
    "medicine",
    "problem",
    "discharge",
    "admission",
    "policy",
    "bill",
    "bed",
];
/// Words before a kind that are neither name nor part of it.
const ENDS_BEFORE: Class = Class::BYLINE.with(Class::BIRTH).with(Class::ID_STRONG);
const NOT_OWN: Class = Class::COMMON
    .with(Class::FACILITY)
    .with(Class::FACILITY_FIRST)
    .with(Class::DEPARTMENT)
    .with(Class::TITLE)
    .with(Class::CREDENTIAL)
    .with(Class::LABEL)
    .with(Class::PHONE_CUE)
    .with(Class::BIRTH)
    .with(Class::AGE_LABEL)
    .with(Class::MONTH);
/// Words behind a kind that begin something else.
const STOPS: Class = Class::DEPARTMENT
    .with(Class::STREET_FIRST)
    .with(Class::LABEL)
    .with(Class::PHONE_CUE)
    .with(Class::FAX)
    .with(Class::MONTH)
    .with(Class::BIRTH);
/// Words that say of which sort an institution is, and name none.
const GENERIC: [&str; 78] = [
    "general",
    "universitario",
    "universitaria",
    "universitari",
    "clinico",
    "clinica",
    "regional",
    "provincial",
    "comarcal",
    "central",
    "nacional",
    "materno",
    "infantil",
    "maternal",
    "publico",
    "privado",
    "militar",
    "salud",
    "medico",
    "medica",
    "especialidades",
    "especializada",
    "dia",
    "atencion",
    "primaria",
    "penitenciario",
    "hospitalario",
    "hospitalaria",
    "sociosanitario",
    "deportivo",
    "geriatrico",
    "psiquiatrico",
    "quirurgico",
    "university",
    "community",
    "memorial",
    "medical",
    "teaching",
    "county",
    "children",
    "childrens",
    "women",
    "womens",
    "veterans",
    "district",
    "state",
    "mental",
    "psychiatric",
    "urgent",
    "primary",
    "family",
    "public",
    "local",
    "nursing",
    "home",
    "health",
    "care",
    "surgery",
    "cancer",
    "heart",
    "dental",
    "eye",
    "pain",
    "wound",
    "medizinische",
    "medizinischen",
    "stadtisches",
    "stadtische",
    "akademisches",
    "rehabilitation",
    "pediatric",
    "surgical",
    "acute",
    "walk",
    "sleep",
    "outpatient",
    "day",
    "privada",
];
const PARTICLES: [&str; 26] = [
    "de",
    "del",
    "la",
    "las",
    "los",
    "el",
    "y",
    "i",
    "d",
    "der",
    "des",
    "die",
    "am",
    "im",
    "an",
    "rechts",
    "links",
    "und",
    "zum",
    "zur",
    "barmherzigen",
    "vom",
    "do",
    "da",
    "e",
    "bei",
];
/// Endings of words that are a kind of institution with a name before it.
const JOINED: [&str; 6] = [
    "krankenhaus",
    "klinikum",
    "spital",
    "hospital",
    "uniklinik",
    "krankenhauses",
];
const WORDS_MAX: usize = 7;
const WORDS_BEHIND_MAX: usize = 9;
const JOINED_LEN_MIN: usize = 8;
/// Kinds up to this length have their name on the same line.
const SHORT_KIND_LEN: usize = 8;
/// Capitals up to this length behind a kind are abbreviations of diseases.
const SHORT_NAME_LEN: usize = 4;
