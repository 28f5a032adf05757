//! Phone numbers from ranges that are reserved for fiction.

use super::Pseudonyms;
use super::number::{digits, other, refilled};
use crate::fold;

/// A number from a range that is reserved for fiction, in the same grouping.
pub(super) fn number(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let folded = fold::fold(written).text.into_owned();
    let (number, extension) = extension(&folded);
    let all = digits(number);
    let (plan, prefix) = Plan::of(number, &all);
    let from = all.len().saturating_sub(NATIONAL_DIGITS);
    let national = all.get(from..).unwrap_or_default();
    let key = of.key;
    let short = all.len() - prefix.len() <= SHORT_DIGITS;
    let drawn = of.made("phone", national, |seed| {
        let mut stream = key.stream("phone", seed);
        let mut fiction = plan.fiction(short, &mut stream);
        let more = PHONE_DIGITS_MAX.saturating_sub(fiction.len());
        fiction.extend((0..more).map(|_| other('5', false, &mut stream)));
        fiction
    });
    let mut new = refilled(number, &format!("{prefix}{drawn}"));
    if !extension.is_empty() {
        new.push_str(&same_shape_digits(of, extension));
    }
    new
}

fn same_shape_digits(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let key = of.key;
    let mut stream = key.stream("extension", written);
    written
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                other(c, false, &mut stream)
            } else {
                c
            }
        })
        .collect()
}

/// Parts a number from its extension.
fn extension(written: &str) -> (&str, &str) {
    let at = written
        .find(|c: char| c.is_ascii_alphabetic())
        .filter(|at| digits(written.get(..*at).unwrap_or_default()).len() >= 7);
    written
        .split_at_checked(at.unwrap_or(written.len()))
        .unwrap_or((written, ""))
}

/// Where a number is dialled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    NorthAmerica,
    Britain,
    Germany,
    Spain,
    Elsewhere,
}

impl Plan {
    /// The plan, and the digits in front that are no part of the national number.
    fn of(written: &str, digits: &str) -> (Self, String) {
        let zeros: String = digits.chars().take_while(|c| *c == '0').collect();
        let bare = digits.get(zeros.len()..).unwrap_or_default();
        if written.trim_start().starts_with('+') || zeros.len() >= 2 {
            let codes = [
                ("44", Self::Britain),
                ("49", Self::Germany),
                ("34", Self::Spain),
                ("1", Self::NorthAmerica),
            ];
            let found = codes.into_iter().find(|(code, _)| bare.starts_with(code));
            let (code, plan) = found.unwrap_or(("", Self::Elsewhere));
            // `+49 (0)30 ...`
            let trunk = if bare
                .get(code.len()..)
                .is_some_and(|rest| rest.starts_with('0'))
            {
                "0"
            } else {
                ""
            };
            return (plan, format!("{zeros}{code}{trunk}"));
        }
        let plan = match (zeros.len(), digits.len()) {
            (0, 9) if digits.starts_with(['6', '7', '8', '9']) => Self::Spain,
            (1, 11) if bare.starts_with(['1', '2', '7']) => Self::Britain,
            (1, _) => Self::Germany,
            (0, 11) if digits.starts_with('1') => return (Self::NorthAmerica, "1".to_owned()),
            (0, 7 | 10) => Self::NorthAmerica,
            _ => Self::Elsewhere,
        };
        (plan, zeros)
    }

    /// The first digits of a national number.
    fn fiction(self, short: bool, stream: &mut dyn Iterator<Item = u8>) -> String {
        let mut free =
            |count: usize| -> String { (0..count).map(|_| other('5', false, stream)).collect() };
        match self {
            // 555-0100 to 555-0199, in an area code that is in use.
            Self::NorthAmerica if short => format!("55501{}", free(2)),
            Self::NorthAmerica => {
                let (area, last) = (free(2), free(2));
                let area = area.parse::<usize>().unwrap_or_default() % AREAS.len();
                format!("{}55501{last}", AREAS.get(area).copied().unwrap_or("555"))
            }
            // Ofcom: 01632 960000 to 960999, in no area.
            Self::Britain => format!("1632960{}", free(3)),
            // Bundesnetzagentur: 030 23125 000 to 999.
            Self::Germany => format!("3023125{}", free(3)),
            // Numbers that begin with 55 are not given to anybody in Spain.
            Self::Spain => format!("55{}", free(7)),
            Self::Elsewhere => free(2),
        }
    }
}

/// Digits of a phone number that are compared, as in placeholders.
const NATIONAL_DIGITS: usize = 9;
const PHONE_DIGITS_MAX: usize = 20;
/// A North American number without its area.
const SHORT_DIGITS: usize = 7;
const AREAS: [&str; 20] = [
    "202", "206", "212", "213", "303", "305", "312", "402", "404", "415", "503", "512", "602",
    "612", "615", "617", "702", "713", "801", "816",
];
