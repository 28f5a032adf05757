//! The form of an API key: `wg_<env>_<random>_<crc>`.
//!
//! The random part is 256 bits in base62, the last part a CRC-32 of what precedes it, so that a
//! mistyped or foreign key is turned away without a look-up and secret scanners recognise ours.
//! At rest there is only an HMAC of the key under the vault's pepper: a key is found by that MAC,
//! so no comparison of secrets takes a time that depends on them.

use std::fmt;

use secrecy::SecretString;
use zeroize::Zeroizing;

/// An API key as a caller presented it: well-formed, not yet known to be anyone's.
#[derive(Clone, Copy)]
pub struct PresentedKey<'a>(&'a str);

impl<'a> PresentedKey<'a> {
    /// Checks form and checksum, without any secret.
    ///
    /// # Errors
    /// [`KeyFault`] when the text cannot be an API key of ours.
    pub fn parse(text: &'a str) -> Result<Self, KeyFault> {
        let rest = text.strip_prefix(PREFIX).ok_or(KeyFault::NotAKey)?;
        let mut parts = rest.split('_');
        let (Some(env), Some(random), Some(check), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyFault::NotAKey);
        };
        let base62 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_environment(env) || random.len() != RANDOM_CHARS || check.len() != CHECK_CHARS {
            return Err(KeyFault::NotAKey);
        }
        if !base62(random) || !base62(check) {
            return Err(KeyFault::NotAKey);
        }
        // The checksum covers everything before the last underscore.
        let covered = text
            .len()
            .checked_sub(CHECK_CHARS + 1)
            .and_then(|end| text.get(..end))
            .ok_or(KeyFault::NotAKey)?;
        if checksum(covered).as_str() != check {
            return Err(KeyFault::Checksum);
        }
        Ok(Self(text))
    }

    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for PresentedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedKey(..)")
    }
}

/// The text is not an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// It has another form.
    #[error("the API key does not have the form `wg_<environment>_<random>_<check>`")]
    NotAKey,
    /// Its checksum is wrong: a character was lost or changed.
    #[error("the API key is incomplete or mistyped: its checksum is wrong")]
    Checksum,
}

/// Makes the text of a new key from 32 random bytes. `environment` must be valid.
pub(crate) fn mint(environment: &str, random: &Zeroizing<[u8; 32]>) -> SecretString {
    let mut text = Zeroizing::new(String::with_capacity(96));
    text.push_str(PREFIX);
    text.push_str(environment);
    text.push('_');
    base62_of_256_bits(random, &mut text);
    let check = checksum(&text);
    text.push('_');
    text.push_str(&check);
    SecretString::from(text.as_str())
}

/// Whether `text` can be the environment part of a key: 1 to 16 of `a-z` and `0-9`.
pub(crate) fn is_environment(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The number in base62, most significant digit first, always [`RANDOM_CHARS`] digits.
pub(crate) fn base62_of_256_bits(random: &Zeroizing<[u8; 32]>, out: &mut String) {
    let mut number = random.clone();
    let mut digits = Zeroizing::new([b'0'; RANDOM_CHARS]);
    for digit in digits.iter_mut().rev() {
        // Long division of the big-endian number by 62; the remainder is the next digit.
        let mut remainder = 0_u32;
        for byte in number.iter_mut() {
            let dividend = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            remainder = dividend % 62;
        }
        *digit = base62_digit(remainder);
    }
    out.extend(digits.iter().map(|digit| char::from(*digit)));
}

fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut digits = [b'0'; CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = base62_digit(rest % 62);
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

fn base62_digit(value: u32) -> u8 {
    usize::try_from(value)
        .ok()
        .and_then(|value| BASE62.get(value).copied())
        .unwrap_or(b'0')
}

/// CRC-32 (ISO-HDLC), bit by bit: it runs over 60 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

const PREFIX: &str = "wg_";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 exceeds 2^256.
const RANDOM_CHARS: usize = 43;
/// 62^6 exceeds 2^32.
const CHECK_CHARS: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn crc32_has_the_known_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_has_a_fixed_width_for_every_number() {
        for byte in [0, 1, 0xff] {
            let key = mint("demo", &Zeroizing::new([byte; 32]));
            assert_eq!(key.expose_secret().len(), 3 + 4 + 1 + 43 + 1 + 6);
            PresentedKey::parse(key.expose_secret()).unwrap();
        }
    }

    #[test]
    fn foreign_text_is_not_a_key() {
        for text in [
            "",
            "wg_",
            "sk-1234",
            "wg_demo_short_000000",
            "wg__x_y",
            "Bearer wg_demo",
        ] {
            assert_eq!(PresentedKey::parse(text).unwrap_err(), KeyFault::NotAKey);
        }
    }

    proptest! {
        #[test]
        fn any_one_changed_character_is_noticed(
            random in any::<[u8; 32]>(), at in 8_usize..58, to in "[0-9A-Za-z]",
        ) {
            let key = mint("live", &Zeroizing::new(random));
            let key = key.expose_secret();
            let mut changed = key.to_owned();
            changed.replace_range(at..=at, &to);
            let kept = changed == *key;
            prop_assert_eq!(PresentedKey::parse(&changed).is_ok(), kept);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
            let _ = PresentedKey::parse(&text);
        }
    }
}
