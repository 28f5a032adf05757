//! Published checks of numbers, which a stand-in must not pass: it could be somebody's.

/// Whether a number and its stand-in, letters and digits only, pass the same check.
pub(super) fn both_pass(value: &str, new: &str) -> bool {
    CHECKS.iter().any(|check| check(value) && check(new))
}

fn luhn(text: &str) -> bool {
    text.len() >= LUHN_LEN_MIN && luhn_sum(text).is_some_and(|sum| sum.is_multiple_of(10))
}

/// The sum of digits, each second one from the right doubled; nothing where something else stands among them.
fn luhn_sum(text: &str) -> Option<u32> {
    let mut sum = 0;
    for (index, c) in text.chars().rev().enumerate() {
        let digit = c.to_digit(10)?;
        sum += match index % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        };
    }
    Some(sum)
}

/// A National Provider Identifier: Luhn over the digits with `80840` in front.
fn provider(text: &str) -> bool {
    text.len() == 10 && luhn_sum(text).is_some_and(|sum| (sum + 24).is_multiple_of(10))
}

/// An NHS number: modulo 11 over nine digits.
fn health_service(text: &str) -> bool {
    if text.len() != 10 {
        return false;
    }
    let (mut sum, mut check) = (0, 0);
    for (c, weight) in text.chars().zip((1..=10).rev()) {
        let Some(digit) = c.to_digit(10) else {
            return false;
        };
        match weight {
            1 => check = digit,
            weight => sum += digit * weight,
        }
    }
    (11 - sum % 11) % 11 == check
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
