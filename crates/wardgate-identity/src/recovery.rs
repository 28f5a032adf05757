//! Recovery codes: each takes the place of a one-time code once.

use zeroize::Zeroizing;

/// How many codes a person gets.
pub const RECOVERY_CODES: usize = 10;
/// The random bytes of a code: 80 bits, which no keyed digest lets anyone guess.
pub const RECOVERY_CODE_BYTES: usize = 10;

/// The code that random bytes make: four groups of four letters.
#[must_use]
pub fn recovery_code(random: &[u8; RECOVERY_CODE_BYTES]) -> Zeroizing<String> {
    let mut code = Zeroizing::new(String::with_capacity(19));
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut letters = 0;
    for byte in random {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            if letters > 0 && letters % 4 == 0 {
                code.push('-');
            }
            let at = usize::try_from(held >> bits & 31).unwrap_or(0);
            code.push(LETTERS.get(at).copied().map_or('0', char::from));
            letters += 1;
        }
        held &= (1 << bits) - 1;
    }
    code
}

/// What was typed, as it was shown: case, spaces and look-alikes do not matter. None when it can
/// not be a code.
#[must_use]
pub fn read_recovery_code(typed: &str) -> Option<Zeroizing<String>> {
    if typed.len() > TYPED_BYTES_MAX {
        return None;
    }
    let mut code = Zeroizing::new(String::with_capacity(19));
    let mut letters = 0;
    for letter in typed.chars() {
        let letter = match letter.to_ascii_uppercase() {
            '-' | ' ' | '\t' => continue,
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if !letter.is_ascii() || !LETTERS.contains(&u8::try_from(letter).ok()?) {
            return None;
        }
        if letters > 0 && letters % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
        letters += 1;
    }
    (letters == RECOVERY_CODE_BYTES * 8 / 5).then_some(code)
}

/// The alphabet of Crockford: no letter looks like another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TYPED_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_has_four_groups() {
        assert_eq!(recovery_code(&[0; 10]).as_str(), "0000-0000-0000-0000");
        assert_eq!(recovery_code(&[0xff; 10]).as_str(), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    }

    #[test]
    fn what_looks_alike_is_alike() {
        let read = read_recovery_code("oiL0 abcd efgh jkmn").unwrap();
        assert_eq!(read.as_str(), "0110-ABCD-EFGH-JKMN");
        for typed in [
            "",
            "0000",
            "0000-0000-0000-000U",
            "0000-0000-0000-00000",
            "\u{e9}",
        ] {
            assert!(read_recovery_code(typed).is_none(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn every_code_survives_being_typed(random in any::<[u8; 10]>()) {
            let code = recovery_code(&random);
            let typed = code.to_lowercase().replace('-', " ");
            prop_assert_eq!(read_recovery_code(&typed), Some(code));
        }

        #[test]
        fn different_bytes_make_different_codes(a in any::<[u8; 10]>(), b in any::<[u8; 10]>()) {
            prop_assert_eq!(a == b, recovery_code(&a) == recovery_code(&b));
        }
    }
}
