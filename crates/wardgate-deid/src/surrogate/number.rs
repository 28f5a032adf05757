//! Numbers of the same form that nobody has.

use super::{Pseudonyms, checks, phone};
use crate::finding::Kind;
use crate::fold;

/// The stand-in of a number, or of an address on the net.
pub(super) fn identifier(of: &mut Pseudonyms<'_>, kind: Kind, written: &str) -> String {
    match kind {
        Kind::Phone | Kind::Fax => phone::number(of, written),
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
        let mut new = String::with_capacity(value.len());
        let others = value.chars().enumerate();
        new.extend(others.map(|(index, c)| other(c, index == 0, &mut stream)));
        // A stand-in that passes the check of its kind could be somebody's number.
        for _ in 0..CHECK_TRIES {
            if !checks::both_pass(&value, &new) {
                break;
            }
            let last = new.pop().map(|c| other(c, false, &mut stream));
            new.extend(last);
        }
        new
    });
    let mut out = String::with_capacity(written.len());
    out.push_str(prefix);
    refill(number, &drawn, &mut out);
    out
}

pub(super) fn other(character: char, first: bool, stream: &mut dyn Iterator<Item = u8>) -> char {
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
        c if c.is_numeric() => char::from(b'0' + below(10)),
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
pub(super) fn refilled(written: &str, new: &str) -> String {
    let mut out = String::with_capacity(written.len());
    refill(written, new, &mut out);
    out
}

fn refill(written: &str, new: &str, out: &mut String) {
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
    out.extend(written.chars().map(fill));
}

/// Letters and digits, letters as capitals.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    out.extend(letters.map(|c| match c.is_ascii() {
        true => c.to_ascii_uppercase(),
        false => c.to_uppercase().next().unwrap_or(c),
    }));
    out
}

pub(super) fn digits(text: &str) -> String {
    fold::fold(text)
        .text
        .chars()
        .filter(char::is_ascii_digit)
        .collect()
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
    let word = written.get(..letters).unwrap_or_default();
    let is_word = |generic: &&str| generic.eq_ignore_ascii_case(word);
    if letters == written.len() || !GENERIC.iter().any(is_word) {
        return 0;
    }
    letters
}

const CHECK_TRIES: usize = 32;
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
const LETTERS_LEN: u8 = 23;
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
                assert!(
                    !checks::both_pass(&checked, &compact(&new)),
                    "{written} {new}"
                );
            }
        });
    }

    #[test]
    fn no_spelling_of_a_number_stays() {
        with(|of| {
            let plain = of.identifier(Kind::Mrn, "0080239");
            for written in [
                "００８０２３９",
                "&#48;&#48;80239",
                "٠٠٨٠٢٣٩",
                "00\u{200b}80239",
            ] {
                assert_eq!(of.identifier(Kind::Mrn, written), plain);
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
}
