//! Numbers that a word before them gives away: `MRN 4412345`, `Acct #: 99-1234`.

use std::ops::Range;

use super::date;
use crate::finding::{Finding, Kind, Part};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// The words that may announce a number.
pub(super) const CUES: Class = Class::ID_STRONG.with(Class::ID_WEAK);

/// The number that the word at a token announces.
pub(super) fn number(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let mut kind = kind_of(lexed.str(at));
    let strong = lexed.is(at, Class::ID_STRONG);
    let mut explicit = strong || is_numbered(lexed, at);
    let mut next = at + 1;
    for _ in 0..FILLERS_MAX {
        let gap = lexed.gap(next);
        if !is_opening(gap) {
            return None;
        }
        explicit |= gap.contains(['#', ':']);
        let cue = lexed.is(next, CUES.with(Class::NUMBER_FILLER));
        let small = ["in", "de", "del", "des", "der"]
            .iter()
            .any(|w| lexed.is_word(next, w));
        // In `MRN: MRN50553` the second one begins the number.
        let begins = matches!(lexed.gap(next + 1), "" | "-")
            && lexed.digits(next + 1).is_some()
            && lexed.token(next).is_some_and(|t| t.shape == Shape::Upper);
        if !cue && !small || begins {
            break;
        }
        explicit |= lexed.is(next, Class::ID_STRONG) || is_number_word(lexed.str(next));
        if kind == Kind::Id {
            kind = kind_of(lexed.str(next));
        }
        next += 1;
    }
    if lexed.is(at.wrapping_sub(1), Class::CODE_CUE) {
        return None;
    }
    let span = value(lexed, next, kind, strong)?;
    let value = lexed.text.get(span.clone())?;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().any(|b| b.is_ascii_uppercase());
    let telling = digits >= 5 && !value.ends_with("000") || letters && digits >= 3;
    let plate = kind == Kind::Vehicle && letters && digits >= 2;
    let telling = telling || plate;
    let enough = strong || digits >= 4 || letters;
    match (explicit, telling) {
        (true, _) if enough => Some(Finding::exact(span, kind, 0.95, "exact.cued_number")),
        (false, true) => Some(Finding::exact(span, kind, 0.7, "exact.cued_number")),
        _ => None,
    }
}

/// `Aufnahmenummer: 4412`, `E-Nr.: 17663757`: anchored at the number behind such a word.
pub(super) fn suffixed(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let before = at.checked_sub(1)?;
    let word = lexed.str(before);
    let tail = |len: usize| word.get(word.len().checked_sub(len)?..);
    let whole = tail(6).is_some_and(|t| t.eq_ignore_ascii_case("nummer"))
        && word.len() >= SUFFIXED_LEN_MIN
        || tail(2).is_some_and(|t| t.eq_ignore_ascii_case("nr")) && word.len() >= SUFFIXED_LEN_MIN;
    let hyphened = matches!(lexed.gap(before), "-" | ".-")
        && before > 0
        && ["nr", "nummer", "id", "no", "number"]
            .iter()
            .any(|w| lexed.is_word(before, w));
    if !(whole || hyphened) || !is_opening(lexed.gap(at)) {
        return None;
    }
    let cue = if hyphened {
        lexed.str(before - 1)
    } else {
        word
    };
    if ["tel", "telefon", "fax", "handy", "mobil", "haus", "zimmer"]
        .iter()
        .any(|w| {
            cue.get(..w.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(w))
        })
    {
        return None;
    }
    let kind = kind_of(cue);
    value(lexed, at, kind, true).map(|span| Finding::exact(span, kind, 0.9, "exact.cued_number"))
}

/// `S/N EUC732561H`: anchored at the number's first token.
pub(super) fn serial(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let cue = at.checked_sub(2)?;
    let written =
        lexed.is_word(cue, "s") && lexed.gap(cue + 1) == "/" && lexed.is_word(cue + 1, "n");
    let span = (written && is_opening(lexed.gap(at)))
        .then(|| value(lexed, at, Kind::Device, true))
        .flatten()?;
    Some(Finding::exact(
        span,
        Kind::Device,
        0.95,
        "exact.cued_number",
    ))
}

/// Whether `No.`, `Nº` or `number of` stands before the cue.
fn is_numbered(lexed: &Lexed<'_>, at: usize) -> bool {
    let word = |back: usize| {
        at.checked_sub(back)
            .is_some_and(|i| is_number_word(lexed.str(i)))
    };
    let of = at.checked_sub(1).is_some_and(|i| lexed.is_word(i, "de"));
    word(1) && lexed.gap(at).len() <= 2 || of && word(2)
}

/// The bytes of the number that begins at a token, unless it is a date or a quantity.
fn value(lexed: &Lexed<'_>, next: usize, kind: Kind, strong: bool) -> Option<Range<usize>> {
    let last = value_end(lexed, next, kind)?;
    let span = lexed.span(next, last);
    let measured = lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1) == " " && !strong;
    let date = date::read(lexed, next);
    let dated = date.is_some_and(|date| {
        date.end >= span.end && (date.score > 0.6 || !strong && date.part == Part::Year)
    });
    (!measured && !dated).then_some(span)
}

/// The last token of a number that begins at a token; it needs enough digits.
fn value_end(lexed: &Lexed<'_>, from: usize, kind: Kind) -> Option<usize> {
    let (mut last, mut digits, mut characters) = (None, 0, 0);
    let grouping = lexed
        .digits(from)
        .is_some_and(|digits| digits.len() <= GROUP_LEN_MAX);
    for index in from..from + PARTS_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let counted = lexed.is(index + 1, Class::AGE_CUE.with(Class::UNIT))
            && lexed.gap(index + 1).len() <= 1;
        let grouped = grouping
            && matches!(gap, " " | "  ")
            && token.shape == Shape::Number
            && token.len() >= 2
            && digits >= 2
            && !counted
            && lexed.digits(index - 1).is_some();
        let plate =
            kind == Kind::Vehicle && gap == " " && characters <= PLATE_LEN_MAX && token.len() <= 4;
        if index > from && !grouped && !plate && !matches!(gap, "" | "-" | "/" | "." | "_") {
            break;
        }
        // A word belongs only when a number hangs on it.
        let next = lexed.gap(index + 1);
        let joined = (matches!(next, "" | "-" | "/" | "_") || kind == Kind::Vehicle && next == " ")
            && lexed.token(index + 1).is_some();
        let plated = plate && token.shape == Shape::Upper && token.len() == 3;
        let hangs = index > from && (matches!(gap, "" | "-") || plated);
        if token.shape.is_word()
            && (token.len() > LETTERS_MAX
                || !(joined || hangs)
                || token.shape == Shape::Lower && token.len() > 3)
        {
            break;
        }
        characters += token.len();
        if token.shape == Shape::Number {
            digits += token.len();
            last = Some(index);
        } else if hangs && token.shape != Shape::Lower {
            last = Some(index);
        }
    }
    let digits_min = if kind == Kind::Vehicle { 2 } else { DIGITS_MIN };
    last.filter(|_| digits >= digits_min && characters >= CHARACTERS_MIN)
}

fn kind_of(cue: &str) -> Kind {
    let is = |words: &[&str]| words.iter().any(|w| cue.eq_ignore_ascii_case(w));
    KINDS
        .iter()
        .find(|(_, words)| is(words))
        .map_or(Kind::Id, |(kind, _)| *kind)
}

/// Fillers that say that a number follows, as `is` does not.
fn is_number_word(word: &str) -> bool {
    [
        "no",
        "number",
        "num",
        "nr",
        "id",
        "identifier",
        "code",
        "nummer",
        "numero",
        "nro",
        "num",
        "n",
        "kennung",
        "ending",
    ]
    .iter()
    .any(|filler| word.eq_ignore_ascii_case(filler))
}

/// What may stand between the cue, its fillers and the number.
fn is_opening(gap: &str) -> bool {
    let gap = gap
        .strip_suffix('\n')
        .filter(|rest| rest.ends_with(':'))
        .unwrap_or(gap);
    let dots = gap.bytes().filter(|b| *b == b'.').count();
    gap.len() <= OPENING_LEN_MAX + if dots > 3 { dots } else { 0 }
        && gap.len() <= LEADER_LEN_MAX
        && gap.bytes().all(|b| {
            matches!(
                b,
                b' ' | b'#'
                    | b':'
                    | b'.'
                    | b'('
                    | b')'
                    | b'-'
                    | b'='
                    | b'\t'
                    | b'*'
                    | b'/'
                    | b'|'
                    | b'_'
            )
        })
}

const FILLERS_MAX: usize = 5;
const PARTS_MAX: usize = 12;
const LETTERS_MAX: usize = 8;
const DIGITS_MIN: usize = 3;
const CHARACTERS_MIN: usize = 4;
const OPENING_LEN_MAX: usize = 6;
/// With dots that lead to a value, as forms print them.
const LEADER_LEN_MAX: usize = 32;
/// Longer groups stand alone, unless their kind is written in groups.
const GROUP_LEN_MAX: usize = 4;
const PLATE_LEN_MAX: usize = 6;
/// Letters of a word that ends in `nummer` or `nr` and says what is numbered.
const SUFFIXED_LEN_MIN: usize = 5;
const KINDS: [(Kind, &[&str]); 7] = [
    (
        Kind::Mrn,
        &[
            "mrn",
            "record",
            "records",
            "chart",
            "patient",
            "medical",
            "historia",
            "nuhsa",
            "hospital",
            "unit",
            "patientennummer",
            "patientennr",
            "fallnummer",
            "fallnr",
            "fallzahl",
            "fall",
            "nhc",
            "cip",
            "cipa",
            "pid",
            "piz",
            "pat",
            "expediente",
            "mpi",
            "aufnahmenummer",
            "aufnahme",
            "medrecno",
            "hospnr",
            "hosp",
            "rec",
            "pt",
            "mr",
        ],
    ),
    (Kind::Ssn, &["ssn"]),
    (
        Kind::License,
        &[
            "npi",
            "dea",
            "license",
            "licence",
            "driver",
            "drivers",
            "certificate",
            "badge",
            "nocol",
            "ncol",
            "col",
            "colegiado",
            "colegiada",
            "lanr",
            "bsnr",
            "licencia",
            "fuhrerschein",
            "dl",
        ],
    ),
    (
        Kind::Vehicle,
        &[
            "vin",
            "plate",
            "tag",
            "vehicle",
            "registration",
            "kennzeichen",
            "matricula",
        ],
    ),
    (
        Kind::Account,
        &[
            "iban",
            "account",
            "acct",
            "card",
            "credit",
            "debit",
            "bank",
            "routing",
            "invoice",
            "konto",
            "kontonummer",
            "cuenta",
            "rechnung",
            "rechnungsnummer",
        ],
    ),
    (
        Kind::HealthPlan,
        &[
            "nhs",
            "hicn",
            "mbi",
            "medicare",
            "medicaid",
            "policy",
            "member",
            "insurance",
            "subscriber",
            "beneficiary",
            "health",
            "group",
            "plan",
            "claim",
            "versichertennummer",
            "nass",
            "naf",
            "nuss",
            "kvnr",
            "versicherten",
            "versicherung",
            "versicherungsnummer",
            "poliza",
            "afiliado",
            "asegurado",
            "seguro",
            "sip",
            "tis",
            "krankenversichertennummer",
            "krankenversicherung",
            "kassen",
            "payer",
        ],
    ),
    (
        Kind::Device,
        &[
            "serial",
            "device",
            "imei",
            "udi",
            "uhid",
            "pacemaker",
            "implant",
            "sn",
            "barcode",
            "seriennummer",
            "lot",
        ],
    ),
];
