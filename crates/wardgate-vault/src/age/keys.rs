//! Recipients and identities: X25519 public and secret keys and their text forms.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::bech32;
use super::error::AgeError;
use crate::secret::{KEY_BYTES, Secret};

/// Who can open a file: an X25519 public key, written as `age1...`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient([u8; KEY_BYTES]);

impl Recipient {
    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        let fault = |what| AgeError::Recipient { what };
        check_length(text).map_err(fault)?;
        let bytes = bech32::decode(RECIPIENT_PREFIX, text).map_err(fault)?;
        let bytes = bytes.as_slice().try_into();
        bytes
            .map(Self)
            .map_err(|_| fault("it has not the length of an X25519 key"))
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT_PREFIX, &self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

/// What opens a file: an X25519 secret key, wiped when dropped, never printed by itself.
pub struct Identity {
    secret: Secret,
    recipient: Recipient,
}

impl Identity {
    /// A new random identity.
    ///
    /// # Errors
    /// [`AgeError::Crypto`] when the library refuses a random key.
    pub fn generate() -> Result<Self, AgeError> {
        Self::new(Secret::random())
    }

    /// Reads the text form `AGE-SECRET-KEY-1...`.
    ///
    /// # Errors
    /// [`AgeError::Identity`].
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        let fault = |what| AgeError::Identity { what };
        check_length(text).map_err(fault)?;
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err(fault("it has a lower-case letter"));
        }
        let text = Zeroizing::new(text.to_ascii_lowercase());
        let bytes = bech32::decode(IDENTITY_PREFIX, &text).map_err(fault)?;
        let secret = Secret::from_slice(&bytes)
            .ok_or_else(|| fault("it has not the length of an X25519 key"))?;
        Self::new(secret)
    }

    /// Reads the first identity of an identity file: lines that are empty or start with `#`
    /// are passed over, as the tools of the format write them.
    ///
    /// # Errors
    /// [`AgeError::Identity`].
    pub fn parse_file(text: &str) -> Result<Self, AgeError> {
        let mut lines = text.lines().map(str::trim_end);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        Self::parse(line.ok_or(AgeError::Identity {
            what: "there is none in the file",
        })?)
    }

    /// Who this identity opens files for.
    #[must_use]
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// The text form, for the file or the paper that keeps it.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let mut text = bech32::encode(IDENTITY_PREFIX, self.secret.bytes());
        text.make_ascii_uppercase();
        SecretString::from(text.as_str())
    }

    fn new(secret: Secret) -> Result<Self, AgeError> {
        let recipient = Recipient(public_key(&secret)?);
        Ok(Self { secret, recipient })
    }

    /// X25519 with a public key; `None` for one of low order.
    pub(super) fn agree(&self, public: &[u8; KEY_BYTES]) -> Option<Secret> {
        shared_secret(&self.secret, public)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity(of {})", self.recipient)
    }
}

/// The public key of a secret key.
fn public_key(secret: &Secret) -> Result<[u8; KEY_BYTES], AgeError> {
    let refused = || AgeError::Crypto {
        what: "compute a public key",
    };
    let private = PrivateKey::from_private_key(&X25519, secret.bytes()).map_err(|_| refused())?;
    let public = private.compute_public_key().map_err(|_| refused())?;
    public.as_ref().try_into().map_err(|_| refused())
}

/// X25519 (RFC 7748). `None` when the result would be zero: a public key of low order.
pub(crate) fn shared_secret(secret: &Secret, public: &[u8; KEY_BYTES]) -> Option<Secret> {
    let private = PrivateKey::from_private_key(&X25519, secret.bytes()).ok()?;
    let peer = UnparsedPublicKey::new(&X25519, public.as_slice());
    let shared = agree(&private, peer, (), |shared| {
        Secret::from_slice(shared).ok_or(())
    })
    .ok()?;
    let zero = shared.bytes().iter().all(|byte| *byte == 0);
    (!zero).then_some(shared)
}

fn check_length(text: &str) -> Result<(), &'static str> {
    if text.len() > KEY_TEXT_BYTES_MAX {
        return Err("it is too long");
    }
    Ok(())
}

const RECIPIENT_PREFIX: &str = "age";
const IDENTITY_PREFIX: &str = "age-secret-key-";
/// Longer than any key of this kind.
const KEY_TEXT_BYTES_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const IDENTITY: &str =
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn keys_of_the_specification_are_read_and_written() {
        let identity = Identity::parse(IDENTITY).unwrap();
        assert_eq!(identity.secret.bytes(), &[0x42; 32]);
        assert_eq!(identity.to_text().expose_secret(), IDENTITY);
        assert_eq!(identity.recipient().to_string(), RECIPIENT);
        assert_eq!(identity.recipient(), &RECIPIENT.parse().unwrap());
    }

    #[test]
    fn an_identity_file_has_comments() {
        let file = format!("# created: today\n# public key: {RECIPIENT}\n\n{IDENTITY}\n");
        let identity = Identity::parse_file(&file).unwrap();
        assert_eq!(identity.recipient().to_string(), RECIPIENT);
        assert!(Identity::parse_file("# nothing\n").is_err());
        assert!(Identity::parse_file("").is_err());
    }

    #[test]
    fn text_in_the_wrong_case_or_of_another_kind_or_length_is_refused() {
        assert!(Identity::parse(&IDENTITY.to_lowercase()).is_err());
        assert!(Identity::parse(&IDENTITY.replace("KEY-1G", "KEY-1g")).is_err());
        assert!(Identity::parse(RECIPIENT).is_err());
        assert!(RECIPIENT.to_uppercase().parse::<Recipient>().is_err());
        assert!(IDENTITY.to_lowercase().parse::<Recipient>().is_err());
        let short = bech32::encode(RECIPIENT_PREFIX, &[1; 31]);
        assert!(short.parse::<Recipient>().is_err());
        let short = bech32::encode(IDENTITY_PREFIX, &[1; 31]).to_uppercase();
        assert!(Identity::parse(&short).is_err());
        for length in [KEY_TEXT_BYTES_MAX, KEY_TEXT_BYTES_MAX + 1] {
            let long = "age1".to_owned() + &"q".repeat(length - 4);
            let fault = long.parse::<Recipient>().unwrap_err();
            let said = fault.to_string().contains("too long");
            assert_eq!(said, length > KEY_TEXT_BYTES_MAX, "{fault}");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let identity = Identity::parse(IDENTITY).unwrap();
        let shown = format!("{identity:?}");
        assert_eq!(shown, format!("Identity(of {RECIPIENT})"));
    }

    #[test]
    fn a_public_key_of_low_order_agrees_on_nothing() {
        let secret = Secret::new([0x42; 32]);
        assert!(shared_secret(&secret, &[0; 32]).is_none());
        let mut one = [0; 32];
        one[0] = 1;
        assert!(shared_secret(&secret, &one).is_none());
        let mut base = [0; 32];
        base[0] = 9;
        let public = shared_secret(&secret, &base).unwrap();
        assert_eq!(public.bytes(), &public_key(&secret).unwrap());
    }
}
