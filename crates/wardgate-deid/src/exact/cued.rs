//! Numbers that a word before them gives away: `MRN 4412345`, `Acct #: 99-1234`.

use super::date;
use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// The words that may announce a number.
pub(super) const CUES: Class = Class::ID_STRONG.with(Class::ID_WEAK);

/// The number that the word at a token announces.
pub(super) fn number(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let mut kind = kind_of(lexed.str(at));
    let mut explicit = lexed.is(at, Class::ID_STRONG);
    let mut next = at + 1;
    for _ in 0..FILLERS_MAX {
        let gap = lexed.gap(next);
        if !is_opening(gap) {
            return None;
        }
        explicit |= gap.contains(['#', ':']);
        if !lexed.is(next, CUES.with(Class::NUMBER_FILLER)) && !lexed.is_word(next, "in") {
            break;
        }
        explicit |= lexed.is(next, Class::ID_STRONG) || is_number_word(lexed.str(next));
        if kind == Kind::Id {
            kind = kind_of(lexed.str(next));
        }
        next += 1;
    }
    if !explicit || lexed.is(at.wrapping_sub(1), Class::CODE_CUE) {
        return None;
    }
    let last = value_end(lexed, next)?;
    let span = lexed.span(next, last);
    let measured = lexed.is(last + 1, Class::UNIT) && lexed.gap(last + 1) == " ";
    let dated =
        date::read(lexed, next).is_some_and(|date| date.end >= span.end && date.score > 0.6);
    if measured || dated {
        return None;
    }
    Some(Finding::exact(span, kind, 0.95, "exact.cued_number"))
}

/// The last token of a number that begins at a token; it needs enough digits.
fn value_end(lexed: &Lexed<'_>, from: usize) -> Option<usize> {
    let (mut last, mut digits, mut characters) = (None, 0, 0);
    for index in from..from + PARTS_MAX {
        let Some(token) = lexed.token(index) else {
            break;
        };
        let gap = lexed.gap(index);
        let grouped = gap == " "
            && token.shape == Shape::Number
            && token.len() >= 2
            && digits >= 2
            && lexed.digits(index - 1).is_some();
        if index > from && !grouped && !matches!(gap, "" | "-" | "/" | "." | "_") {
            break;
        }
        // A word belongs only when a number hangs on it.
        let joined = matches!(lexed.gap(index + 1), "" | "-" | "/" | "_")
            && lexed.token(index + 1).is_some();
        let hangs = index > from && matches!(gap, "" | "-");
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
    last.filter(|_| digits >= DIGITS_MIN && characters >= CHARACTERS_MIN)
}

fn kind_of(cue: &str) -> Kind {
    match cue.to_ascii_lowercase().as_str() {
        "mrn" | "record" | "records" | "chart" | "patient" | "medical" | "historia" | "nuhsa"
        | "hospital" | "unit" | "patientennummer" | "fallnummer" => Kind::Mrn,
        "ssn" => Kind::Ssn,
        "npi" | "dea" | "license" | "licence" | "driver" | "drivers" | "certificate" | "badge" => {
            Kind::License
        }
        "vin" | "plate" | "vehicle" | "registration" => Kind::Vehicle,
        "iban" | "account" | "acct" | "card" | "credit" | "debit" | "bank" | "routing"
        | "invoice" => Kind::Account,
        "nhs" | "hicn" | "mbi" | "medicare" | "medicaid" | "policy" | "member" | "insurance"
        | "subscriber" | "beneficiary" | "health" | "group" | "plan" | "claim"
        | "versichertennummer" => Kind::HealthPlan,
        "serial" | "device" | "imei" | "udi" | "uhid" | "pacemaker" | "implant" | "sn"
        | "barcode" => Kind::Device,
        _ => Kind::Id,
    }
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
    ]
    .iter()
    .any(|filler| word.eq_ignore_ascii_case(filler))
}

/// What may stand between the cue, its fillers and the number.
fn is_opening(gap: &str) -> bool {
    gap.len() <= OPENING_LEN_MAX
        && gap.bytes().all(|b| {
            matches!(
                b,
                b' ' | b'#' | b':' | b'.' | b'(' | b')' | b'-' | b'=' | b'\t' | b'*' | b'/' | b'|'
            )
        })
}

const FILLERS_MAX: usize = 5;
const PARTS_MAX: usize = 12;
const LETTERS_MAX: usize = 8;
const DIGITS_MIN: usize = 3;
const CHARACTERS_MIN: usize = 4;
const OPENING_LEN_MAX: usize = 6;
