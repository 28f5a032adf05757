//! Numbers of the same form that nobody has.

use super::Pseudonyms;
use crate::finding::Kind;
use crate::fold;

/// The stand-in of a number, or of an address on the net.
pub(super) fn identifier(of: &mut Pseudonyms<'_>, kind: Kind, written: &str) -> String {
    match kind {
        Kind::Phone | Kind::Fax => phone(of, written),
        Kind::Ssn => social_security(of, written),
        Kind::Url => url(of, written),
        Kind::Ip => address(of, written),
        _ => same_shape(of, kind.label(), written),
    }
}

/// Digits for digits, letters for letters of the same case; generic words in front stay.
pub(super) fn same_shape(of: &mut Pseudonyms<'_>, label: &'static str, written: &str) -> String {
    let kept = generic_prefix(written);
    let (prefix, number) = written.split_at_checked(kept).unwrap_or(("", written));
    let value = compact(number);
    let key = of.key;
    let drawn = of.made(label, &value, |seed| {
        let mut stream = key.stream(label, seed);
        let mut new: String = value
            .chars()
            .enumerate()
            .map(|(index, c)| other(c, index == 0, &mut stream))
            .collect();
        // A stand-in that passes the check of its kind could be somebody's number.
        for _ in 0..CHECK_TRIES {
            if !CHECKS.iter().any(|check| check(&value) && check(&new)) {
                break;
            }
            let last = new.pop().map(|c| other(c, false, &mut stream));
            new.extend(last);
        }
        new
    });
    format!("{prefix}{}", refilled(number, &drawn))
}

fn other(character: char, first: bool, stream: &mut dyn Iterator<Item = u8>) -> char {
    // Bytes beyond the last whole multiple would make small values likelier.
    let mut below = |most: u8| {
        let fair = u8::MAX / most * most;
        for byte in &mut *stream {
            if byte < fair {
                return byte % most;
            }
        }
        0
    };
    match character {
        '0' if first => '0',
        '1'..='9' if first => char::from(b'1' + below(9)),
        '0'..='9' => char::from(b'0' + below(10)),
        c if c.is_alphabetic() => char::from(
            LETTERS
                .get(usize::from(below(LETTERS_LEN)))
                .copied()
                .unwrap_or(b'X'),
        ),
        c => c,
    }
}

/// Writes new letters and digits over the old ones, in their case; signs and spaces stay.
fn refilled(written: &str, new: &str) -> String {
    let mut new = new.chars();
    let fill = |c: char| {
        if !c.is_alphanumeric() {
            return c;
        }
        let next = new.next().unwrap_or('0');
        if c.is_lowercase() {
            next.to_ascii_lowercase()
        } else {
            next
        }
    };
    written.chars().map(fill).collect()
}

/// Letters and digits, letters as capitals.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| c.to_uppercase().next().unwrap_or(c))
        .collect()
}

fn digits(text: &str) -> String {
    fold::fold(text)
        .text
        .chars()
        .filter(char::is_ascii_digit)
        .collect()
}

/// A number from a range that is reserved for fiction, in the same grouping.
fn phone(of: &mut Pseudonyms<'_>, written: &str) -> String {
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

/// A number in an area that is never issued (900 to 999), with a group that no taxpayer number has.
fn social_security(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let value = digits(written);
    let hidden = compact(written).chars().any(|c| c.is_alphabetic());
    if value.len() != 9 || hidden {
        return same_shape(of, Kind::Ssn.label(), written);
    }
    let key = of.key;
    let drawn = of.made("ssn", &value, |seed| {
        let mut stream = key.stream("ssn", seed);
        let mut free = |count: usize| -> String {
            (0..count).map(|_| other('5', false, &mut stream)).collect()
        };
        let group = 1 + free(2).parse::<u32>().unwrap_or_default() % 49;
        format!("9{}{group:02}{}", free(2), free(4))
    });
    refilled(written, &drawn)
}

/// `https://example.org/` and a word of eight letters.
fn url(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let scheme = written
        .find("://")
        .and_then(|at| written.get(..at + 3))
        .unwrap_or_default();
    let path = scheme.len() < written.len()
        && written
            .get(scheme.len()..)
            .is_some_and(|rest| rest.contains('/'));
    let key = of.key;
    let drawn = of.made("url", written, |seed| {
        let mut stream = key.stream("url", seed);
        (0..8)
            .map(|_| other('a', false, &mut stream).to_ascii_lowercase())
            .collect()
    });
    match path {
        true => format!("{scheme}example.org/{drawn}"),
        false => format!("{scheme}{drawn}.example.org"),
    }
}

/// An address from the ranges for documentation.
fn address(of: &mut Pseudonyms<'_>, written: &str) -> String {
    let key = of.key;
    let four = written.split('.').count() == 4;
    let drawn = of.made("ip", written, |seed| {
        let mut stream = key.stream("ip", seed);
        let mut next = || stream.next().unwrap_or_default();
        if four {
            let net = ["192.0.2", "198.51.100", "203.0.113"];
            let net = net
                .get(usize::from(next() % 3))
                .copied()
                .unwrap_or("192.0.2");
            return format!("{net}.{}", 1 + next() % 254);
        }
        let mut group = || u16::from_be_bytes([next(), next()]);
        format!("2001:db8::{:x}:{:x}", group(), group())
    });
    // A hardware address is no IPv6 address: it keeps its shape.
    let groups: Vec<&str> = written.split([':', '-']).collect();
    if !four && groups.len() == 6 && groups.iter().all(|group| group.len() == 2) {
        return same_shape(of, "hardware", written);
    }
    drawn
}

/// Bytes of a generic word that stands before a number, with its sign: `MRN-`.
fn generic_prefix(written: &str) -> usize {
    let letters = written.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = written
        .get(..letters)
        .unwrap_or_default()
        .to_ascii_uppercase();
    if !GENERIC.contains(&word.as_str()) || letters == written.len() {
        return 0;
    }
    letters
}

fn luhn(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() >= LUHN_LEN_MIN) else {
        return false;
    };
    luhn_sum(&digits).is_multiple_of(10)
}

fn luhn_sum(digits: &[u32]) -> u32 {
    let doubled = |(index, digit): (usize, &u32)| match index % 2 {
        0 => *digit,
        _ if *digit > 4 => digit * 2 - 9,
        _ => digit * 2,
    };
    digits.iter().rev().enumerate().map(doubled).sum()
}

/// A National Provider Identifier: Luhn over the digits with `80840` in front.
fn provider(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    digits.is_some_and(|digits| digits.len() == 10 && (luhn_sum(&digits) + 24).is_multiple_of(10))
}

/// An NHS number: modulo 11 over nine digits.
fn health_service(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    let Some([first @ .., check]) = digits.as_deref().filter(|digits| digits.len() == 10) else {
        return false;
    };
    let sum: u32 = first
        .iter()
        .zip((2..=10).rev())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (11 - sum % 11) % 11 == *check
}

/// An international bank account number: modulo 97.
fn bank_account(text: &str) -> bool {
    let head = text
        .get(..4)
        .filter(|head| head.bytes().take(2).all(|b| b.is_ascii_uppercase()));
    let (Some(head), Some(rest)) = (head, text.get(4..).filter(|rest| rest.len() >= 11)) else {
        return false;
    };
    let mut remainder = 0;
    for c in rest.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else {
            return false;
        };
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    remainder == 1
}

/// A Spanish identity number: the letter is the number modulo 23.
fn identity_card(text: &str) -> bool {
    let table = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((number, letter)) = text
        .len()
        .checked_sub(1)
        .and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let number = number.replace('X', "0").replace('Y', "1").replace('Z', "2");
    let value = number.parse::<usize>().ok().filter(|_| number.len() == 8);
    value
        .and_then(|value| table.get(value % 23))
        .is_some_and(|right| letter.as_bytes().first() == Some(right))
}

/// The checks that a stand-in must not pass when the value passed them.
const CHECKS: [fn(&str) -> bool; 5] = [luhn, provider, health_service, bank_account, identity_card];
const CHECK_TRIES: usize = 32;
const LUHN_LEN_MIN: usize = 12;
/// Digits of a phone number that are compared, as in placeholders.
const NATIONAL_DIGITS: usize = 9;
const PHONE_DIGITS_MAX: usize = 20;
/// A North American number without its area.
const SHORT_DIGITS: usize = 7;
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
const LETTERS_LEN: u8 = 23;
const AREAS: [&str; 20] = [
    "202", "206", "212", "213", "303", "305", "312", "402", "404", "415", "503", "512", "602",
    "612", "615", "617", "702", "713", "801", "816",
];
const GENERIC: [&str; 20] = [
    "MRN", "ID", "SSN", "NPI", "DEA", "ACCT", "ACC", "CSN", "NHS", "DL", "POL", "REF", "NO", "PIN",
    "HICN", "MBI", "VIN", "SN", "NHC", "NASS",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surrogate::PseudonymKey;

    fn with(test: impl Fn(&mut Pseudonyms<'_>)) {
        for seed in 0..40 {
            let key = PseudonymKey::new([seed; 32]);
            test(&mut Pseudonyms::new(&key));
        }
    }

    fn shape(text: &str) -> String {
        let class = |c: char| match c {
            '0'..='9' => '9',
            c if c.is_uppercase() => 'A',
            c if c.is_lowercase() => 'a',
            c => c,
        };
        text.chars().map(class).collect()
    }

    #[test]
    fn shapes_stay_and_values_go() {
        with(|of| {
            for (kind, written) in [
                (Kind::Mrn, "MRN-0044127"),
                (Kind::Mrn, "WG-0044127"),
                (Kind::Account, "4111 1111 1111 1111"),
                (Kind::Account, "DE89 3704 0044 0532 0130 00"),
                (Kind::HealthPlan, "XYZ123456789"),
                (Kind::Vehicle, "1HGCM82633A004352"),
                (Kind::Ssn, "219-09-9999"),
                (Kind::Phone, "(503) 867-5309"),
                (Kind::Phone, "+49 30 901820"),
                (Kind::Phone, "020 7946 0018"),
                (Kind::Phone, "912 345 678"),
                (Kind::Phone, "867-5309"),
                (Kind::Id, "12345678Z"),
                (Kind::Ip, "00:1b:44:11:3a:b7"),
            ] {
                let new = of.identifier(kind, written);
                assert_eq!(shape(&new), shape(written), "{new}");
                assert_ne!(new, written);
                assert_eq!(of.identifier(kind, written), new);
                if kind == Kind::Phone {
                    continue;
                }
                let checked = compact(written);
                for check in CHECKS {
                    assert!(
                        !check(&checked) || !check(&compact(&new)),
                        "{written} {new}"
                    );
                }
            }
        });
    }

    #[test]
    fn ranges_are_nobodys() {
        with(|of| {
            let phone = of.identifier(Kind::Phone, "(503) 867-5309");
            assert_eq!(phone.get(6..12), Some("555-01"), "{phone}");
            assert_eq!(
                digits(&of.identifier(Kind::Phone, "503.867.5309")),
                digits(&phone)
            );
            assert_eq!(
                digits(&of.identifier(Kind::Fax, "+1 503 867 5309")),
                format!("1{}", digits(&phone))
            );
            assert!(
                of.identifier(Kind::Phone, "+44 20 7123 4567")
                    .starts_with("+44 16 3296 0")
            );
            assert!(
                of.identifier(Kind::Phone, "030 1234567")
                    .starts_with("030 23125")
            );
            let ssn = of.identifier(Kind::Ssn, "219-09-9999");
            assert!(ssn.starts_with('9') && ssn.get(4..6).unwrap() < "50");
            assert!(
                of.identifier(Kind::Url, "https://portal.clinic.com/p/9")
                    .starts_with("https://example.org/")
            );
            assert!(
                of.identifier(Kind::Url, "www.clinic.com")
                    .ends_with(".example.org")
            );
            let ip = of.identifier(Kind::Ip, "10.1.2.3");
            assert!(
                ["192.0.2.", "198.51.100.", "203.0.113."]
                    .iter()
                    .any(|net| ip.starts_with(net))
            );
            assert!(of.identifier(Kind::Ip, "fe80::1").starts_with("2001:db8::"));
        });
    }

    #[test]
    fn checks_are_the_published_ones() {
        assert!(luhn("4111111111111111") && !luhn("4111111111111112"));
        assert!(provider("1234567893") && !provider("1234567890"));
        assert!(health_service("9434765919") && !health_service("9434765918"));
        assert!(bank_account("DE89370400440532013000") && !bank_account("DE89370400440532013001"));
        assert!(
            identity_card("12345678Z") && identity_card("X1234567L") && !identity_card("12345678A")
        );
    }
}
