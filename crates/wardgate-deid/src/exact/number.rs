//! Numbers that their own form gives away: social security, cards, accounts, licences, vehicles.

use crate::finding::{Finding, Kind};
use crate::lexer::{Lexed, Shape};
use crate::lexicon::Class;

/// Social security and card numbers, and bare long ones, that begin at a number.
pub(super) fn formatted(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let digits = lexed.digits(at)?;
    if lexed.is(at.wrapping_sub(1), Class::CODE_CUE) {
        return None;
    }
    if digits.len() <= 4 {
        return ssn(lexed, at).or_else(|| card(lexed, at));
    }
    let fraction =
        at > 0 && matches!(lexed.gap(at), "." | "," | "-") && lexed.digits(at - 1).is_some();
    let decimal = lexed.gap(at + 1) == "." && lexed.digits(at + 1).is_some();
    let joined = at > 0 && lexed.gap(at).is_empty();
    if fraction || decimal || joined {
        return None;
    }
    let span = lexed.span(at, at);
    match digits.len() {
        13..=19 if passes_luhn(digits.bytes()) => {
            Some(Finding::exact(span, Kind::Account, 0.8, "exact.card"))
        }
        10 if is_npi(digits) => Some(Finding::exact(span, Kind::License, 0.5, "exact.npi")),
        10 if is_nhs(digits) => Some(Finding::exact(span, Kind::HealthPlan, 0.5, "exact.nhs")),
        9..=20 => Some(Finding::exact(span, Kind::Id, 0.4, "exact.long_number")),
        _ => None,
    }
}

/// Numbers that begin with letters: IBAN, DEA, VIN.
pub(super) fn lettered(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let alone = at == 0 || !lexed.gap(at).is_empty();
    if !alone || !lexed.gap(at + 1).is_empty() {
        return None;
    }
    vin(lexed, at).or_else(|| {
        if token.len() != 2 || token.shape == Shape::Lower {
            return None;
        }
        iban(lexed, at).or_else(|| dea(lexed, at))
    })
}

/// Whether digits are a valid national provider identifier.
pub(super) fn is_npi(digits: &str) -> bool {
    digits.len() == 10
        && digits.starts_with(['1', '2'])
        && passes_luhn(b"80840".iter().copied().chain(digits.bytes()))
}

/// Whether digits are a valid number of the British health service.
pub(super) fn is_nhs(digits: &str) -> bool {
    let mut sum = 0;
    for (weight, digit) in (2..=10).rev().zip(digits.bytes()) {
        sum += weight * u32::from(digit - b'0');
    }
    let check = digits.as_bytes().get(9).map(|b| u32::from(b - b'0'));
    digits.len() == 10 && check == Some((11 - sum % 11) % 11)
}

fn ssn(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let lens = [at, at + 1, at + 2].map(|i| lexed.digits(i).map_or(0, str::len));
    let gap = lexed.gap(at + 1);
    if lens != [3, 2, 4] || !matches!(gap, "-" | " " | ".") || lexed.gap(at + 2) != gap {
        return None;
    }
    let chained = |index: usize| lexed.gap(index) == gap && gap != " ";
    if chained(at) && at > 0 || chained(at + 3) && lexed.digits(at + 3).is_some() {
        return None;
    }
    let (area, group, serial) = (lexed.value(at)?, lexed.value(at + 1)?, lexed.value(at + 2)?);
    let valid =
        !matches!(area, 0 | 666) && group != 0 && serial != 0 && (area < 900 || group >= 50);
    if !valid && gap != "-" {
        return None;
    }
    let score = if valid { 0.9 } else { 0.6 };
    Some(Finding::exact(
        lexed.span(at, at + 2),
        Kind::Ssn,
        score,
        "exact.ssn",
    ))
}

/// `4111 1111 1111 1111`, `3714 496353 98431`.
fn card(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let gap = lexed.gap(at + 1);
    let lens = [at, at + 1, at + 2, at + 3].map(|i| lexed.digits(i).map_or(0, str::len));
    let count = match lens {
        [4, 4, 4, 1..=7] => 4,
        [4, 6, 4..=5, _] => 3,
        _ => return None,
    };
    if !matches!(gap, " " | "-") || !(at + 1..at + count).all(|i| lexed.gap(i) == gap) {
        return None;
    }
    let digits = (at..at + count).flat_map(|i| lexed.str(i).bytes());
    let span = lexed.span(at, at + count - 1);
    passes_luhn(digits).then(|| Finding::exact(span, Kind::Account, 0.9, "exact.card"))
}

fn iban(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    lexed.digits(at + 1).filter(|digits| digits.len() >= 2)?;
    let mut compact = String::with_capacity(IBAN_LEN_MAX);
    let mut found = None;
    for index in at..at + IBAN_LEN_MAX {
        if index > at && !matches!(lexed.gap(index), "" | " " | "-") {
            break;
        }
        compact.push_str(lexed.str(index));
        if compact.len() > IBAN_LEN_MAX || lexed.token(index).is_none() {
            break;
        }
        let ends = !lexed.gap(index + 1).is_empty() || lexed.token(index + 1).is_none();
        if ends && compact.len() >= IBAN_LEN_MIN && passes_mod_97(&compact) {
            found = Some(index);
        }
    }
    let span = lexed.span(at, found?);
    Some(Finding::exact(span, Kind::Account, 1.0, "exact.iban"))
}

fn dea(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let digits = lexed.digits(at + 1).filter(|digits| digits.len() == 7)?;
    let digit = |index: usize| {
        digits
            .as_bytes()
            .get(index)
            .map_or(0, |b| u32::from(b - b'0'))
    };
    let sum = digit(0) + digit(2) + digit(4) + 2 * (digit(1) + digit(3) + digit(5));
    let span = lexed.span(at, at + 1);
    (sum % 10 == digit(6)).then(|| Finding::exact(span, Kind::License, 0.8, "exact.dea"))
}

/// Seventeen letters and digits with the check character of vehicles.
fn vin(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let start = lexed.token(at)?.start;
    let run = lexed
        .text
        .as_bytes()
        .get(start..start + VIN_WEIGHTS.len())?;
    let behind = lexed.text.as_bytes().get(start + VIN_WEIGHTS.len());
    if behind.is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in run.iter().zip(VIN_WEIGHTS) {
        sum += weight * vin_value(byte.to_ascii_uppercase())?;
    }
    let check = match run.get(8)?.to_ascii_uppercase() {
        b'X' => 10,
        digit => u32::from(digit.checked_sub(b'0')?),
    };
    let span = start..start + VIN_WEIGHTS.len();
    (sum % 11 == check).then(|| Finding::exact(span, Kind::Vehicle, 0.9, "exact.vin"))
}

fn vin_value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        _ => return None,
    })
}

fn passes_luhn(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let mut sum = 0;
    for (index, digit) in digits.rev().enumerate() {
        let value = u32::from(digit - b'0');
        sum += match index % 2 {
            0 => value,
            _ => value * 2 / 10 + value * 2 % 10,
        };
    }
    sum > 0 && sum % 10 == 0
}

fn passes_mod_97(iban: &str) -> bool {
    let (head, tail) = iban.split_at_checked(4).unwrap_or_default();
    let mut rest = 0;
    for character in tail.chars().chain(head.chars()) {
        let Some(value) = character.to_digit(36) else {
            return false;
        };
        rest = (rest * if value < 10 { 10 } else { 100 } + value) % 97;
    }
    rest == 1
}

const IBAN_LEN_MIN: usize = 15;
const IBAN_LEN_MAX: usize = 34;
const VIN_WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
