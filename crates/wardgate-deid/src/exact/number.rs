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
        return ssn(lexed, at)
            .or_else(|| card(lexed, at))
            .or_else(|| dotted(lexed, at));
    }
    let fraction =
        at > 0 && matches!(lexed.gap(at), "." | "," | "-") && lexed.digits(at - 1).is_some();
    let decimal = lexed.gap(at + 1) == "." && lexed.digits(at + 1).is_some();
    let joined = at > 0 && lexed.gap(at).is_empty();
    if fraction || decimal || joined || lexed.is(at, Class::QUANTITY) {
        return None;
    }
    let lettered = lexed.gap(at + 1).is_empty() && lexed.token(at + 1).is_some();
    let span = lexed.span(at, at);
    match digits.len() {
        13..=19 if passes_luhn(digits.bytes()) => {
            Some(Finding::exact(span, Kind::Account, 0.8, "exact.card"))
        }
        10 if is_npi(digits) => Some(Finding::exact(span, Kind::License, 0.5, "exact.npi")),
        10 if is_nhs(digits) => Some(Finding::exact(span, Kind::HealthPlan, 0.5, "exact.nhs")),
        8 if is_dni(lexed, at) => {
            let span = lexed.span(at, at + 1);
            Some(Finding::exact(span, Kind::Id, 0.9, "exact.dni"))
        }
        7 | 8 if !lettered && !digits.ends_with("000") && !lexed.is(at + 1, Class::UNIT) => {
            Some(Finding::exact(span, Kind::Id, 0.35, "exact.long_number"))
        }
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
        if token.shape == Shape::Lower || token.classes.any(Class::CODE_CUE) {
            return None;
        }
        match token.len() {
            1 if token.shape.is_word() => nie(lexed, at)
                .or_else(|| kvnr(lexed, at))
                .or_else(|| prefixed(lexed, at)),
            1 => mbi(lexed, at),
            2 if token.shape.is_word() => iban(lexed, at)
                .or_else(|| dea(lexed, at))
                .or_else(|| prefixed(lexed, at)),
            _ => prefixed(lexed, at),
        }
    })
}

/// `AB0044127`: capitals with six digits or more, that name no substance under trial.
fn prefixed(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let token = lexed.token(at)?;
    let long = lexed
        .digits(at + 1)
        .is_some_and(|digits| (6..=14).contains(&digits.len()));
    let ends = !lexed.gap(at + 2).is_empty() || lexed.token(at + 2).is_none();
    let capitals = token.shape.begins_capital() && token.len() <= PREFIX_LEN_MAX;
    let drug = DRUG_PREFIXES.iter().any(|prefix| lexed.is_word(at, prefix));
    let alone =
        !lexed.gap(at).ends_with(['-', '/', '.']) || lexed.token(at.wrapping_sub(1)).is_none();
    let found = token.shape.is_word()
        && long
        && ends
        && capitals
        && !drug
        && alone
        && !lexed.is(at + 1, Class::QUANTITY);
    found.then(|| {
        Finding::exact(
            lexed.span(at, at + 1),
            Kind::Id,
            0.4,
            "exact.prefixed_number",
        )
    })
}

/// `S44-51136`, `CLM-2024-519367`, `38-879469`: letters and digits hung together as only numbers of things are.
pub(super) fn code(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let joined =
        |index: usize| matches!(lexed.gap(index), "" | "-" | "/") && lexed.token(index).is_some();
    if at > 0 && matches!(lexed.gap(at), "" | "-" | "/" | "." | "_" | "*" | ":" | "@") {
        return None;
    }
    let (mut last, mut digits, mut letters, mut groups, mut longest) = (at, 0, 0, 0, 0);
    for index in at..at + CODE_PARTS_MAX {
        if index > at && !joined(index) {
            break;
        }
        let token = lexed.token(index)?;
        let unit = index > at && token.classes.any(Class::UNIT);
        if unit || token.classes.any(Class::QUANTITY.with(Class::CODE_CUE)) {
            return None;
        }
        if token.shape == Shape::Number {
            digits += token.len();
            groups += 1;
            longest = longest.max(token.len());
        } else if token.shape == Shape::Lower
            || token.shape == Shape::Inner
            || token.len() > CODE_LETTERS_MAX
        {
            return None;
        } else {
            letters += token.len();
        }
        last = index;
    }
    let slashed = (at + 1..=last).any(|index| lexed.gap(index) == "/");
    let hyphens = (at + 1..=last).any(|index| lexed.gap(index) == "-");
    let pure = letters == 0
        && !slashed
        && lexed.digits(at).is_some_and(|head| head.len() <= 2)
        && groups == 2
        && longest >= 5;
    let pure = pure || letters == 0 && !slashed && is_pair(lexed, at, last);
    let triple = letters == 0 && !slashed && hyphens && groups >= 3 && digits >= 7;
    let mixed = letters > 0 && !slashed && digits >= 5 && (longest >= 4 || groups > 1);
    let drug = DRUG_PREFIXES.iter().any(|prefix| lexed.is_word(at, prefix));
    let births = lexed.is_word(at, "g") && lexed.is_word(at + 2, "p");
    let variant = births || letters > 0 && !hyphens && digits <= 4;
    let found = (pure || triple || mixed) && !drug && !variant && last > at;
    found.then(|| Finding::exact(lexed.span(at, last), Kind::Id, 0.4, "exact.code"))
}

/// `2048-71118`, `9254-3127`: two groups that are no range of years or round numbers.
fn is_pair(lexed: &Lexed<'_>, at: usize, last: usize) -> bool {
    let lens = [at, at + 1].map(|i| lexed.digits(i).map_or(0, str::len));
    let (Some(a), Some(b)) = (lexed.value(at), lexed.value(at + 1)) else {
        return false;
    };
    let year = |value: u32| (1900..2100).contains(&value);
    let round = a % 5 == 0 && b % 5 == 0 || b % 100 == 0;
    last == at + 1 && matches!(lens, [4, 4..=6]) && !round && !(year(a) && year(b))
}

/// `452.943.596`: three groups of three digits.
fn dotted(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let three = |index: usize| lexed.digits(index).is_some_and(|digits| digits.len() == 3);
    let joined = |index: usize| lexed.gap(index) == ".";
    let more = joined(at + 3) && lexed.digits(at + 3).is_some() || at > 0 && joined(at);
    let found = !more && joined(at + 1) && joined(at + 2) && (at..at + 3).all(three);
    let round = lexed.str(at + 2) == "000";
    (found && !round).then(|| {
        Finding::exact(
            lexed.span(at, at + 2),
            Kind::Id,
            0.4,
            "exact.grouped_number",
        )
    })
}

/// `12345678Z`, `12345678-Z`: the Spanish identity number with its check letter.
fn is_dni(lexed: &Lexed<'_>, at: usize) -> bool {
    matches!(lexed.gap(at + 1), "" | "-") && is_dni_letter(lexed.value(at), lexed.str(at + 1))
}

fn is_dni_letter(number: Option<u32>, letter: &str) -> bool {
    let index = number.and_then(|number| usize::try_from(number % 23).ok());
    let expected = index.and_then(|index| DNI_LETTERS.get(index..=index));
    expected.is_some_and(|expected| expected.eq_ignore_ascii_case(letter))
}

/// `X1234567L`: the Spanish number of foreigners.
fn nie(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let lead = match lexed.str(at) {
        "X" => 0,
        "Y" => 10_000_000,
        "Z" => 20_000_000,
        _ => return None,
    };
    let number = lexed.digits(at + 1).filter(|digits| digits.len() == 7)?;
    let number = number.parse::<u32>().ok()? + lead;
    let good =
        matches!(lexed.gap(at + 2), "" | "-") && is_dni_letter(Some(number), lexed.str(at + 2));
    good.then(|| Finding::exact(lexed.span(at, at + 2), Kind::Id, 0.9, "exact.nie"))
}

/// `A123456780`: the German health insurance number with its check digit.
fn kvnr(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let letter = lexed
        .str(at)
        .bytes()
        .next()
        .filter(u8::is_ascii_uppercase)?;
    let digits = lexed.digits(at + 1).filter(|digits| digits.len() == 9)?;
    let number = u32::from(letter - b'A') + 1;
    let values = [number / 10, number % 10]
        .into_iter()
        .chain(digits.bytes().map(|b| u32::from(b - b'0')));
    let mut sum = 0;
    for (index, value) in values.take(10).enumerate() {
        let product = value * if index % 2 == 0 { 1 } else { 2 };
        sum += product / 10 + product % 10;
    }
    let check = digits.bytes().last().map(|b| u32::from(b - b'0'));
    (check == Some(sum % 10))
        .then(|| Finding::exact(lexed.span(at, at + 1), Kind::HealthPlan, 0.9, "exact.kvnr"))
}

/// `1EG4-TE5-MK73`: the Medicare beneficiary identifier.
fn mbi(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let start = lexed.token(at)?.start;
    let rest = lexed.text.as_bytes().get(start..)?;
    let (mut len, mut place) = (0, 0);
    for byte in rest.iter().take(MBI_LEN_MAX) {
        if *byte == b'-' && matches!(place, 4 | 7) && len > 0 && rest.get(len - 1) != Some(&b'-') {
            len += 1;
            continue;
        }
        let good = match MBI_PLACES.get(place) {
            Some(b'c') => matches!(byte, b'1'..=b'9'),
            Some(b'n') => byte.is_ascii_digit(),
            Some(b'a') => byte.is_ascii_uppercase(),
            Some(b'x') => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            _ => false,
        };
        if !good {
            break;
        }
        len += 1;
        place += 1;
    }
    let ends = !rest.get(len).is_some_and(u8::is_ascii_alphanumeric);
    (place == MBI_PLACES.len() && ends)
        .then(|| Finding::exact(start..start + len, Kind::HealthPlan, 0.9, "exact.mbi"))
}

/// `xxx-xx-6789`: the end of a number whose start is masked.
pub(super) fn masked(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let gap = lexed.gap(at);
    let before = lexed.str(at.checked_sub(1)?);
    let crossed = matches!(gap, "-" | " " | "")
        && before.len() >= 2
        && before.bytes().all(|b| matches!(b, b'x' | b'X'));
    let starred = gap.ends_with("**-");
    (crossed || starred)
        .then(|| Finding::exact(lexed.span(at, at), Kind::Ssn, 0.7, "exact.masked_number"))
}

/// `(01)00643169007222(17)141120(21)A213B1`: the identifier that devices carry.
pub(super) fn udi(lexed: &Lexed<'_>, at: usize) -> Option<Finding> {
    let opened = lexed.gap(at).ends_with('(')
        && lexed.is_word(at, "01")
        && matches!(lexed.gap(at + 1), ")" | ") ");
    lexed
        .digits(at + 1)
        .filter(|digits| opened && digits.len() == 14)?;
    let mut last = at + 1;
    for _ in 0..UDI_PARTS_MAX {
        let coded = matches!(lexed.gap(last + 1), "(" | " (")
            && lexed
                .digits(last + 1)
                .is_some_and(|digits| digits.len() == 2)
            && matches!(lexed.gap(last + 2), ")" | ") ");
        if !coded {
            break;
        }
        last += 2;
        while lexed.gap(last + 1).is_empty()
            && lexed.token(last + 1).is_some()
            && last < at + UDI_TOKENS_MAX
        {
            last += 1;
        }
    }
    Some(Finding::exact(
        lexed.span(at, last),
        Kind::Device,
        0.9,
        "exact.udi",
    ))
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
    let long = lens == [4; 4] && !lexed.is(at, Class::QUANTITY);
    let more = usize::from(
        long && lexed.gap(at + 4) == gap && lexed.digits(at + 4).is_some_and(|d| d.len() == 4),
    );
    let span = lexed.span(at, at + count - 1 + more);
    if passes_luhn(digits) {
        return Some(Finding::exact(span, Kind::Account, 0.9, "exact.card"));
    }
    long.then(|| Finding::exact(span, Kind::Account, 0.5, "exact.grouped_number"))
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
        let grouped = lexed.token(index).is_some_and(|t| {
            t.shape != Shape::Lower && (t.len() <= 4 || lexed.gap(index).is_empty())
        });
        if index > at && !grouped {
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
const DNI_LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
const MBI_PLACES: &[u8; 11] = b"caxnaxnaann";
const MBI_LEN_MAX: usize = 13;
const PREFIX_LEN_MAX: usize = 5;
/// Substances under trial have such numbers.
const DRUG_PREFIXES: [&str; 14] = [
    "BMS", "JNJ", "GSK", "LY", "MK", "AZD", "PF", "ABT", "AMG", "RO", "BAY", "SAR", "NCT", "CC",
];
const CODE_PARTS_MAX: usize = 10;
const CODE_LETTERS_MAX: usize = 5;
const UDI_PARTS_MAX: usize = 4;
const UDI_TOKENS_MAX: usize = 24;
