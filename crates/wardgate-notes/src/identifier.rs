//! Numbers that identify: records, plans, licences, vehicles, devices. Where the real thing has a
//! check digit, the invented one has the right one.

use crate::random::Random;
use crate::template::Region;

/// Shapes of record numbers; a document keeps to one.
const RECORD_SHAPES: &str = "\
    %######|%#######|########|######|%#####|%####|%########|%#########|MR%######|MRN-%######|\
    MR-%#####|H%#######|E%######|%##-##-##|##-##-##|%###-####|%##-%##-%##|?%######|??%#####|\
    ??-%#####|A%##-%##|M%###%##|%#/%#####|PT-%####-##|%##.%##.%##|U%#######|%##%##%##-#|\
    ?##-%#####|EP%########|MRN%####|00%#####|000%####|%#-%#####|?-%######|%## %## %##|P%#####?";

/// Shapes of plan and insurance numbers.
const PLAN_SHAPES: &str = "\
    ???%########|W%########|%########|%##########|XYZ%########|??%#######?|%##-%#-%###|\
    ABC-%######|H%###-%##|U%######## 0#|%###########|%####-%##-%##|R%########|%#########A|\
    HP-%######|MEM%#######|???-%##-%####|%## %## %### %|8%%#%##%##|AET%#######|GRP-%####";

const ACCOUNT_SHAPES: &str = "\
    %#########|%#######|ACCT-%#####|AC%#######|%###-%####-%###|V%########|HAR%#######|\
    %########-#|INV-%####-%##|G%######|%#####|FIN%#######|CSN %########|#########|\
    %### %### %### %###|B-%######|CLM%########|A%########";

const ID_SHAPES: &str = "\
    %#####|ID-%####|%#######|??%####|?%####|S-%###|PID%####|%##-%##|%####-?|STUDY-%##|\
    SUBJ-%##-%##|RX%######|%######-%#|EMP%####|%##%##|C-%####|CASE-%####|%#-%##-%###|REF%######|\
    TCK-%####|???-%###|K%#####|????%%%%|?#?#?#|%#?%#|ORD%######|%####/%#|B%##-%#|TX-%#####|\
    AB-%%%-%%%|00%####|NCT-site-%##";

const DEVICE_SHAPES: &str = "\
    SN %#######|SN%####?#|S/N ??%######|??%#####-?|%#######?|PZX%######|???%####%##?|BLH%######|\
    ?%#####|%####-%##-%#|DEV-%####-%###|G%#?%####|(01)0%############(21)%######?|??-%####-??|\
    SER%######|LOT %####?|%##-%####-##?|MDT%#######|RNF%######|%########";

const LICENSE_SHAPES: &str = "\
    ?%######|MD%#####|%#D%######|?%###-%###-%###|RN-%######|DL %#######|MD-%####|%######|\
    S%##-%###-%##-%##|?%## %### %### %#|LIC%#####|PA%####|D%######|A%####-%|OS-%####|GMC %######";

const ACCESSION_SHAPES: &str = "\
    S##-%####|S##-%###|SP-##-%####|CY##-%###|%########|ACC%######|RAD-%######|H##-%####|\
    ##-%#####|AP##-%#####|M##-%###|20##-%####|E%#######|NG##-%####|##S-%####|B##.%####";

/// Shapes of record numbers in a region.
pub(crate) fn record_shapes(region: Region) -> &'static str {
    match region {
        Region::Us | Region::Uk => RECORD_SHAPES,
        Region::De => {
            "%#######|%######|%########|%#########|%#####|%#####|##-%#####|A-%########|%###|P%######"
        }
        Region::Es => {
            "######|#######|%#####|%######|%####|########|%#######|%#####|%##-%##-%#|H%#####"
        }
    }
}

/// Which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    HealthPlan,
    Account,
    License,
    Npi,
    Vin,
    Plate,
    Device,
    Id,
    Accession,
    Nhs,
    Ssn,
}

pub(crate) fn write(random: &mut Random, region: Region, number: Number) -> String {
    match number {
        Number::HealthPlan => health_plan(random, region),
        Number::Account => match random.below(10) {
            0 => iban(random, region),
            1 => card(random),
            _ => shaped(random, ACCOUNT_SHAPES),
        },
        Number::License => license(random, region),
        Number::Npi => npi(random),
        Number::Vin => vin(random),
        Number::Plate => plate(random, region),
        Number::Device => shaped(random, DEVICE_SHAPES),
        Number::Id => identity(random, region),
        Number::Accession => shaped(random, ACCESSION_SHAPES),
        Number::Nhs => nhs(random),
        Number::Ssn => ssn(random, region),
    }
}

fn shaped(random: &mut Random, shapes: &str) -> String {
    let shape = random.of(shapes);
    random.fill(shape)
}

fn health_plan(random: &mut Random, region: Region) -> String {
    match (region, random.below(10)) {
        (Region::Us, 0..2) => mbi(random),
        (Region::Uk, 0..7) => nhs(random),
        (Region::De, 0..8) => insured_de(random),
        (Region::Es, 0..8) => insured_es(random),
        _ => shaped(random, PLAN_SHAPES),
    }
}

fn license(random: &mut Random, region: Region) -> String {
    match (region, random.below(8)) {
        (Region::Us | Region::Uk, 0 | 1) => dea(random),
        (Region::Us, 2) => npi(random),
        (Region::Es, _) => {
            let province = random.between(1, 52);
            let joint = random.of(" | |-|/|");
            format!(
                "{province:02}{joint}{province:02}{joint}{}",
                random.fill("#####")
            )
        }
        _ => shaped(random, LICENSE_SHAPES),
    }
}

fn identity(random: &mut Random, region: Region) -> String {
    match (region, random.below(10)) {
        (Region::Es, 0..4) => dni(random),
        (Region::Es, 4) => nie(random),
        (Region::Us, 0) => random.fill("%#########V######"),
        _ => shaped(random, ID_SHAPES),
    }
}

/// US social security number, or what the region has in its place.
fn ssn(random: &mut Random, region: Region) -> String {
    match region {
        Region::Us => {
            let area = random.between(1, 772);
            let area = if area == 666 { 665 } else { area };
            let joint = random.of("-|-|-|-| |");
            let serial = random.between(1, 9999);
            format!(
                "{area:03}{joint}{:02}{joint}{serial:04}",
                random.between(1, 99)
            )
        }
        Region::Uk => random.fill("?? ## ## ## ?").replace('Q', "A"),
        Region::De => random.fill("%# ###### ? ###"),
        Region::Es => insured_es(random),
    }
}

/// National provider identifier: Luhn over `80840` and the number.
fn npi(random: &mut Random) -> String {
    let body = random.fill("1########");
    let check = luhn_check(&format!("80840{body}"));
    format!("{body}{check}")
}

fn card(random: &mut Random) -> String {
    let body = random.fill("4##############");
    let check = luhn_check(&body);
    let digits = format!("{body}{check}");
    if random.percent(50) {
        return grouped(&digits, &[4, 4, 4, 4], random.of(" |-"));
    }
    digits
}

/// The digit that makes a number pass Luhn's test.
fn luhn_check(body: &str) -> u32 {
    let doubled = |(place, digit): (usize, u32)| {
        let value = if place % 2 == 0 { digit * 2 } else { digit };
        if value > 9 { value - 9 } else { value }
    };
    let digits = body.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.enumerate().map(doubled).sum();
    (10 - sum % 10) % 10
}

/// DEA number: two letters, six digits, a check digit.
fn dea(random: &mut Random) -> String {
    let body = random.fill("######");
    let digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).collect();
    let odd: u32 = digits.iter().step_by(2).sum();
    let even: u32 = digits.iter().skip(1).step_by(2).sum();
    let first = random.of("A|B|F|M");
    format!("{first}{}{body}{}", random.letter(), (odd + 2 * even) % 10)
}

/// NHS number, modulus 11, in groups of 3, 3 and 4.
fn nhs(random: &mut Random) -> String {
    let (body, check) = loop {
        let body = random.fill("%########");
        let digits = body.chars().filter_map(|c| c.to_digit(10));
        let sum: u32 = digits
            .zip((2..=10).rev())
            .map(|(digit, weight)| digit * weight)
            .sum();
        let check = 11 - sum % 11;
        if check != 10 {
            break (body, check % 11);
        }
    };
    let number = format!("{body}{check}");
    grouped(&number, &[3, 3, 4], random.of(" | |-|"))
}

/// Medicare beneficiary identifier: `1EG4-TE5-MK73`.
fn mbi(random: &mut Random) -> String {
    let mut letter = || {
        let letters = [
            "A", "C", "D", "E", "F", "G", "H", "J", "K", "M", "N", "P", "Q", "R", "T", "U", "V",
            "W", "X", "Y",
        ];
        random.word(&letters)
    };
    let letters = [letter(), letter(), letter(), letter(), letter(), letter()];
    let [a, b, c, d, e, f] = letters;
    let third = if random.percent(50) {
        b.to_string()
    } else {
        random.digit(0).to_string()
    };
    let sixth = if random.percent(50) {
        e.to_string()
    } else {
        random.digit(0).to_string()
    };
    let number = format!(
        "{}{a}{third}{}{c}{sixth}{}{d}{f}{}{}",
        random.digit(1),
        random.digit(0),
        random.digit(0),
        random.digit(0),
        random.digit(0)
    );
    grouped(&number, &[4, 3, 4], random.of("-|-|"))
}

/// German insured person's number: a letter, eight digits, a check digit.
fn insured_de(random: &mut Random) -> String {
    let letter = random.letter();
    let body = random.fill("########");
    let place = u32::from(letter).saturating_sub(64);
    let text = format!("{place:02}{body}");
    let cross = |value: u32| value / 10 + value % 10;
    let digits = text.chars().filter_map(|c| c.to_digit(10)).enumerate();
    let sum: u32 = digits
        .map(|(at, digit)| cross(if at % 2 == 1 { digit * 2 } else { digit }))
        .sum();
    format!("{letter}{body}{}", sum % 10)
}

/// Spanish social security number: province, serial, and the rest of a division by 97.
fn insured_es(random: &mut Random) -> String {
    let province = random.between(1, 52);
    let serial = random.between(10_000_000, 99_999_999);
    let check = (province * 100_000_000 + serial) % 97;
    let joint = random.of(" | ||/|-");
    format!("{province:02}{joint}{serial}{joint}{check:02}")
}

/// Spanish identity number with its letter.
fn dni(random: &mut Random) -> String {
    let number = random.between(10_000_000, 99_999_999);
    let joint = random.of("||-| ");
    format!("{number}{joint}{}", dni_letter(number))
}

fn nie(random: &mut Random) -> String {
    let first = random.between(0, 2);
    let letter = random_nie_letter(first);
    let body = random.between(1_000_000, 9_999_999);
    let joint = random.of("||-");
    format!(
        "{letter}{joint}{body}{joint}{}",
        dni_letter(first * 10_000_000 + body)
    )
}

fn random_nie_letter(first: i64) -> char {
    match first {
        0 => 'X',
        1 => 'Y',
        _ => 'Z',
    }
}

fn dni_letter(number: i64) -> char {
    let letters = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let index = usize::try_from(number.rem_euclid(23)).unwrap_or(0);
    char::from(letters.get(index).copied().unwrap_or(b'T'))
}

/// Vehicle identification number with its check digit in the ninth place.
fn vin(random: &mut Random) -> String {
    let alphabet = b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
    let mut characters: Vec<char> = (0..17)
        .map(|_| {
            char::from(
                alphabet
                    .get(random.below(alphabet.len()))
                    .copied()
                    .unwrap_or(b'A'),
            )
        })
        .collect();
    let region = random.of("1|2|3|4|5|J|W|K");
    if let (Some(first), Some(letter)) = (characters.first_mut(), region.chars().next()) {
        *first = letter;
    }
    let check = vin_check(&characters);
    if let Some(ninth) = characters.get_mut(8) {
        *ninth = check;
    }
    characters.into_iter().collect()
}

fn vin_check(characters: &[char]) -> char {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |c: char| match c {
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        digit => digit.to_digit(10).unwrap_or(0),
    };
    let sum: u32 = characters
        .iter()
        .zip(WEIGHTS)
        .map(|(c, weight)| value(*c) * weight)
        .sum();
    match sum % 11 {
        10 => 'X',
        rest => char::from_digit(rest, 10).unwrap_or('0'),
    }
}

fn plate(random: &mut Random, region: Region) -> String {
    let shapes: &str = match region {
        Region::Us => "???-####|??? ####|%???###|###-???|?## ???|??#-###|???####|### ???|%?? %##",
        Region::Uk => "??## ???|?### ???|??##???",
        Region::De => "?-?? %##|??-? %###|???-?? %#|? ?? %###",
        Region::Es => "#### ???|####???|?-####-??",
    };
    shaped(random, shapes)
}

/// An account number of a bank, with the right check digits.
fn iban(random: &mut Random, region: Region) -> String {
    let (country, body) = match region {
        Region::Es => ("ES", random.fill("####################")),
        Region::Uk => ("GB", random.fill("????##############")),
        _ => ("DE", random.fill("##################")),
    };
    let check = 98 - mod_97(&format!("{body}{country}00"));
    let number = format!("{country}{check:02}{body}");
    if random.percent(60) {
        return grouped(&number, &[4, 4, 4, 4, 4, 4, 4], " ");
    }
    number
}

/// The rest of a number, with letters as 10 to 35, divided by 97.
fn mod_97(text: &str) -> u32 {
    text.chars()
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| {
            let shift = if value > 9 { 100 } else { 10 };
            (rest * shift + value) % 97
        })
}

/// A number in groups; what is left over is the last group.
fn grouped(number: &str, sizes: &[usize], joint: &str) -> String {
    let mut letters = number.chars().peekable();
    let mut groups: Vec<String> = Vec::new();
    for size in sizes {
        if letters.peek().is_some() {
            groups.push(letters.by_ref().take(*size).collect());
        }
    }
    groups.join(joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect()
    }

    fn many(number: Number, region: Region) -> Vec<String> {
        let mut random = Random::new(11);
        (0..200)
            .map(|_| write(&mut random, region, number))
            .collect()
    }

    #[test]
    fn provider_numbers_pass_luhn() {
        for npi in many(Number::Npi, Region::Us) {
            let full = format!("80840{npi}");
            let (body, check) = full.split_at(full.len() - 1);
            assert_eq!(luhn_check(body).to_string(), check, "{npi}");
        }
    }

    #[test]
    fn known_numbers_have_the_published_check_digits() {
        assert_eq!(luhn_check("80840123456789"), 3);
        assert_eq!(dni_letter(12_345_678), 'Z');
        let vin: Vec<char> = "1M8GDM9A0KP042788".chars().collect();
        assert_eq!(vin_check(&vin), 'X');
        assert_eq!(98 - mod_97("370400440532013000DE00"), 89);
    }

    #[test]
    fn nhs_numbers_pass_modulus_11() {
        for nhs in many(Number::Nhs, Region::Uk) {
            let sum: u32 = digits(&nhs)
                .chars()
                .filter_map(|c| c.to_digit(10))
                .zip((1..=10).rev())
                .map(|(digit, weight)| digit * weight)
                .sum();
            assert_eq!(sum % 11, 0, "{nhs}");
        }
    }

    #[test]
    fn vehicle_numbers_have_17_characters_and_check() {
        for vin in many(Number::Vin, Region::Us) {
            let characters: Vec<char> = vin.chars().collect();
            assert_eq!(characters.len(), 17);
            assert_eq!(characters.get(8).copied(), Some(vin_check(&characters)));
        }
    }

    #[test]
    fn social_security_numbers_stay_in_range() {
        for ssn in many(Number::Ssn, Region::Us) {
            let number = digits(&ssn);
            assert_eq!(number.len(), 9, "{ssn}");
            assert!(!number.starts_with("000") && !number.starts_with("666"));
            assert!(!number.starts_with('9') && !number.ends_with("0000"));
        }
    }

    #[test]
    fn insured_numbers_check() {
        for number in many(Number::Ssn, Region::Es) {
            let value: i64 = digits(&number).parse().unwrap_or(-1);
            assert_eq!(value / 100 % 97, value % 100, "{number}");
        }
        let mut random = Random::new(3);
        assert_eq!(insured_de(&mut random).len(), 10);
        assert_eq!(digits(&mbi(&mut random)).len(), 11);
    }
}
