//! Published checks of numbers, which a stand-in must not pass: it could be somebody's.

/// Whether a number and its stand-in, letters and digits only, pass the same check.
pub(super) fn both_pass(value: &str, new: &str) -> bool {
    CHECKS.iter().any(|check| check(value) && check(new))
}

fn luhn(text: &str) -> bool {
    if text.len() < LUHN_LEN_MIN {
        return false;
    }
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
    if text.len() != 10 {
        return false;
    }
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
    digits.is_some_and(|digits| digits.len() == 10 && (luhn_sum(&digits) + 24).is_multiple_of(10))
}

/// An NHS number: modulo 11 over nine digits.
fn health_service(text: &str) -> bool {
    if text.len() != 10 {
        return false;
    }
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
    if number.len() != 8 {
        return false;
    }
    let number = number.replace('X', "0").replace('Y', "1").replace('Z', "2");
    let value = number.parse::<usize>().ok();
    value
        .and_then(|value| table.get(value % 23))
        .is_some_and(|right| letter.as_bytes().first() == Some(right))
}

/// The checks that a stand-in must not pass when the value passed them.
const CHECKS: [fn(&str) -> bool; 5] = [luhn, provider, health_service, bank_account, identity_card];
const LUHN_LEN_MIN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

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
