//! One-time codes of a second factor (RFC 6238): SHA-1, six digits, 30 seconds, as every
//! authenticator app reads them.

use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

/// The secret of one-time codes.
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

/// The length of the secret, as RFC 4226 recommends it.
pub const SECRET_BYTES: usize = 20;
/// The seconds of a step.
pub const STEP_S: u64 = 30;

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpSecret {
    /// From random or stored bytes.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        Self(bytes)
    }

    /// From stored bytes; none when they have another length.
    #[must_use]
    pub fn read(stored: &[u8]) -> Option<Self> {
        stored.try_into().ok().map(Zeroizing::new).map(Self)
    }

    /// The bytes to store, sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The secret in base32, in groups of four letters, for whoever types it.
    #[must_use]
    pub fn spelled(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(Secret::new_stack(*self.0).to_base32());
        let mut spelled = Zeroizing::new(String::with_capacity(40));
        for (at, letter) in text.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                spelled.push(' ');
            }
            spelled.push(letter);
        }
        spelled
    }

    /// The address that authenticator apps read from a picture.
    #[must_use]
    pub fn address(&self, person: &str, issuer: &str) -> Option<Zeroizing<String>> {
        // A colon parts issuer and name in the address.
        let plain = |text: &str| text.replace(':', "-");
        let totp = self
            .builder()
            .with_account_name(plain(person))
            .with_issuer(Some(plain(issuer)))
            .build()
            .ok()?;
        totp.to_url().ok().map(Zeroizing::new)
    }

    /// The step whose code this is: the current one, the one before or the one after. None when
    /// the code is wrong. A step is good once: whoever calls keeps the last one.
    #[must_use]
    pub fn check(&self, code: &str, now: Timestamp) -> Option<u64> {
        let code: Zeroizing<String> = Zeroizing::new(
            code.chars()
                .filter(|letter| !letter.is_whitespace())
                .collect(),
        );
        let digits = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = u64::try_from(now.as_second()).ok()?;
        digits.then(|| self.totp()?.check(&code, seconds))?
    }

    fn totp(&self) -> Option<Totp> {
        self.builder().with_account_name("-").build().ok()
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(1)
            .with_step_duration(STEP_S)
            .with_secret(Secret::new_stack(*self.0))
    }
}

const DIGITS: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The secret and times of RFC 6238, appendix B, cut to six digits.
    const VECTORS: [(i64, &str); 5] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ];

    fn secret() -> TotpSecret {
        TotpSecret::read(b"12345678901234567890").unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_vectors_of_the_standard_hold() {
        for (second, code) in VECTORS {
            let step = u64::try_from(second).unwrap() / STEP_S;
            assert_eq!(secret().check(code, at(second)), Some(step), "{second}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_late_and_no_longer() {
        let (second, code) = VECTORS[2];
        for (away, good) in [(-61, false), (-30, true), (30, true), (89, false)] {
            let step = secret().check(code, at(second + away));
            assert_eq!(step.is_some(), good, "{away}");
        }
    }

    #[test]
    fn a_code_may_be_typed_in_groups() {
        assert!(secret().check(" 287 082 ", at(59)).is_some());
    }

    #[test]
    fn the_address_is_what_apps_read() {
        let address = secret().address("dr.osei", "Wardgate: north").unwrap();
        assert!(
            address.starts_with("otpauth://totp/Wardgate-%20north:dr.osei?"),
            "{}",
            *address
        );
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
        assert_eq!(
            secret().spelled().as_str(),
            "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        );
        assert!(TotpSecret::read(b"short").is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(code in "\\PC{0,12}", second in 0_i64..4_000_000_000) {
            let _ = secret().check(&code, at(second));
        }
    }
}
