//! Shapes that are identifiers wherever they stand.

use std::ops::Range;

use super::{Hit, Strength};
use crate::finding::Kind;

/// Adds every shape in a folded text.
pub(super) fn find(text: &str, hits: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    emails(bytes, hits);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = at + digits(bytes, at);
        let groups = Groups::read(bytes, at);
        if !joined(bytes, at) {
            hits.extend(number(bytes, &groups));
        }
        at = end;
    }
    titles(text, hits);
}

/// Runs of digits with one sign between them.
struct Groups {
    start: usize,
    end: usize,
    lens: [usize; GROUPS_MAX],
    signs: [u8; GROUPS_MAX],
    count: usize,
}

impl Groups {
    fn read(bytes: &[u8], start: usize) -> Self {
        let mut groups = Self {
            start,
            end: start,
            lens: [0; GROUPS_MAX],
            signs: [0; GROUPS_MAX],
            count: 0,
        };
        let mut at = start;
        while groups.count < GROUPS_MAX {
            let len = digits(bytes, at);
            if len == 0 {
                break;
            }
            if let Some(slot) = groups.lens.get_mut(groups.count) {
                *slot = len;
            }
            groups.count += 1;
            groups.end = at + len;
            let sign = bytes.get(groups.end).copied().unwrap_or_default();
            if !matches!(sign, b'-' | b' ' | b'.') {
                break;
            }
            if let Some(slot) = groups.signs.get_mut(groups.count - 1) {
                *slot = sign;
            }
            at = groups.end + 1;
        }
        groups
    }

    fn lens(&self) -> &[usize] {
        self.lens.get(..self.count).unwrap_or_default()
    }

    /// The sign between all groups, when it is one and the same.
    fn sign(&self) -> Option<u8> {
        let signs = self.signs.get(..self.count.saturating_sub(1))?;
        let first = signs.first()?;
        signs.iter().all(|sign| sign == first).then_some(*first)
    }

    fn value<'t>(&self, bytes: &'t [u8]) -> impl Iterator<Item = u32> + use<'t> {
        let inside = bytes.get(self.start..self.end).unwrap_or_default();
        inside
            .iter()
            .filter(|b| b.is_ascii_digit())
            .map(|b| u32::from(b - b'0'))
    }
}

fn number(bytes: &[u8], groups: &Groups) -> Option<Hit> {
    // A number goes on where a letter or another sign follows without a space.
    let behind = bytes.get(groups.end).copied().unwrap_or(b' ');
    let closed = !behind.is_ascii_alphanumeric() && !matches!(behind, b'%' | b'/' | b'_' | b':');
    let hit = |kind, strength| {
        Some(Hit {
            at: groups.start..groups.end,
            kind,
            strength,
        })
    };
    let value: Vec<u32> = groups.value(bytes).collect();
    let part = |from: usize, to: usize| {
        value
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .fold(0, |sum, digit| sum * 10 + digit)
    };
    match (groups.lens(), groups.sign()) {
        ([3, 2, 4], Some(b'-')) if closed => {
            let issued =
                !matches!(part(0, 3), 0 | 666 | 900..) && part(3, 5) != 0 && part(5, 9) != 0;
            let strength = if issued {
                Strength::Strong
            } else {
                Strength::Weak
            };
            hit(Kind::Ssn, strength)
        }
        ([3, 3, 4], Some(b'-' | b'.')) if closed && is_american(&value) => {
            hit(Kind::Phone, Strength::Strong)
        }
        ([1, 3, 3, 4], Some(b'-' | b'.')) if closed && is_american(value.get(1..)?) => {
            hit(Kind::Phone, Strength::Strong)
        }
        ([3, 4], Some(b'-')) if closed && bracketed_area(bytes, groups.start) => {
            hit(Kind::Phone, Strength::Strong)
        }
        ([4, 4, 4, 4], Some(b'-' | b' ')) | ([4, 6, 5], Some(b'-' | b' ')) | ([15 | 16], None)
            if closed && is_card(&value) =>
        {
            hit(Kind::Account, Strength::Strong)
        }
        (lens, _) if closed => {
            let first = lens.first().copied().unwrap_or_default();
            let run = groups.start..groups.start + first;
            let cue = cue_before(bytes, groups.start)?;
            (RUN_MIN..=RUN_MAX).contains(&first).then_some(Hit {
                at: run,
                kind: Kind::Mrn,
                strength: cue,
            })
        }
        _ => None,
    }
}

/// Area codes and exchanges begin with 2 to 9; neither ends in `11`.
fn is_american(digits: &[u32]) -> bool {
    let starts = |at: usize| digits.get(at).is_some_and(|digit| *digit >= 2);
    digits.len() == 10 && starts(0) && starts(3)
}

/// `(503) ` or `(503)` before a number.
fn bracketed_area(bytes: &[u8], start: usize) -> bool {
    let before = bytes
        .get(start.saturating_sub(6)..start)
        .unwrap_or_default();
    let before = before.strip_suffix(b" ").unwrap_or(before);
    match before {
        [.., b'(', a, b, c, b')'] => [a, b, c].iter().all(|b| b.is_ascii_digit()),
        _ => false,
    }
}

/// A card number: a known first digit, and Luhn's sum.
fn is_card(digits: &[u32]) -> bool {
    let first = digits.first().is_some_and(|digit| (3..=6).contains(digit));
    let doubled = |(index, digit): (usize, &u32)| match (index % 2, digit) {
        (0, digit) => *digit,
        (_, 9) => 9,
        (_, digit) => digit * 2 % 9,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    first && sum.is_multiple_of(10)
}

/// Whether the few words before a number say that it is one person's.
fn cue_before(bytes: &[u8], start: usize) -> Option<Strength> {
    let window = bytes
        .get(start.saturating_sub(CUE_WINDOW)..start)
        .unwrap_or_default();
    let window = String::from_utf8_lossy(window).to_lowercase();
    let window = window.trim_end_matches([' ', ':', '#', '.', '=']);
    let window = FILLERS
        .iter()
        .find_map(|filler| window.strip_suffix(filler))
        .unwrap_or(window);
    let window = window.trim_end_matches([' ', ':', '#', '.', '=']);
    let word = |cue: &&&str| {
        let before = window
            .strip_suffix(**cue)
            .map(|before| before.bytes().last());
        before.is_some_and(|last| last.is_none_or(|last| !last.is_ascii_alphanumeric()))
    };
    if STRONG_CUES.iter().any(|cue| word(&cue)) {
        Some(Strength::Strong)
    } else {
        WEAK_CUES
            .iter()
            .any(|cue| word(&cue))
            .then_some(Strength::Weak)
    }
}

/// Whether a number goes on to the left.
fn joined(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) else {
        return false;
    };
    let twice = at
        .checked_sub(2)
        .and_then(|before| bytes.get(before))
        .copied()
        .unwrap_or(b' ');
    before.is_ascii_alphanumeric()
        || matches!(before, b'-' | b'.' | b'/' | b'_') && twice.is_ascii_alphanumeric()
}

fn digits(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .take(DIGITS_MAX)
        .take_while(|b| b.is_ascii_digit())
        .count()
}

/// A word, `@`, and a host with a top domain of letters.
fn emails(bytes: &[u8], hits: &mut Vec<Hit>) {
    for at in memchr::memchr_iter(b'@', bytes) {
        let before = bytes
            .get(at.saturating_sub(LOCAL_MAX)..at)
            .unwrap_or_default();
        let local = before
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+'))
            .count();
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let host = rest
            .iter()
            .take(HOST_MAX)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
            .count();
        let host = rest.get(..host).unwrap_or_default();
        let host = host.strip_suffix(b".").unwrap_or(host);
        let Some(dot) = memchr::memrchr(b'.', host) else {
            continue;
        };
        let top = host.get(dot + 1..).unwrap_or_default();
        let lettered = (2..=6).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic);
        if local >= 2 && dot >= 2 && lettered {
            hits.push(Hit {
                at: at - local..at + 1 + host.len(),
                kind: Kind::Email,
                strength: Strength::Strong,
            });
        }
    }
}

/// `Dr. Okafor`: a title with its dot, and a capitalised word.
fn titles(text: &str, hits: &mut Vec<Hit>) {
    for dot in memchr::memchr_iter(b'.', text.as_bytes()) {
        let before = text.get(..dot).unwrap_or_default();
        let titled = TITLES.iter().find(|title| before.ends_with(**title));
        let Some(title) = titled else {
            continue;
        };
        let fresh = !before
            .get(..before.len() - title.len())
            .is_some_and(|b| b.ends_with(|c: char| c.is_alphanumeric()));
        let word = text
            .get(dot + 1..)
            .unwrap_or_default()
            .strip_prefix(' ')
            .unwrap_or_default();
        let len = word
            .bytes()
            .take(NAME_MAX)
            .take_while(u8::is_ascii_alphabetic)
            .count();
        let name = word.get(..len).unwrap_or_default();
        let capital = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().skip(1).any(|b| b.is_ascii_lowercase());
        if fresh && capital && len >= 3 {
            let at: Range<usize> = dot + 2..dot + 2 + len;
            hits.push(Hit {
                at,
                kind: Kind::Name,
                strength: Strength::Weak,
            });
        }
    }
}

const GROUPS_MAX: usize = 5;
const DIGITS_MAX: usize = 24;
const RUN_MIN: usize = 6;
const RUN_MAX: usize = 12;
const CUE_WINDOW: usize = 40;
const LOCAL_MAX: usize = 64;
const HOST_MAX: usize = 128;
const NAME_MAX: usize = 24;
const FILLERS: [&str; 5] = [" number", " no", " nr", " is", " id"];
const STRONG_CUES: [&str; 10] = [
    "mrn",
    "medical record",
    "ssn",
    "social security",
    "nhs",
    "passport",
    "medicare",
    "medicaid",
    "health card",
    "driver's license",
];
const WEAK_CUES: [&str; 10] = [
    "record", "account", "acct", "policy", "member", "patient", "license", "claim", "case", "chart",
];
const TITLES: [&str; 4] = ["Dr", "Mr", "Mrs", "Ms"];
