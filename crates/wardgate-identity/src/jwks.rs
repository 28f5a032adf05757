//! Public keys of issuers and applications: JWK Sets (RFC 7517).

mod cache;
mod sources;

pub use cache::{JwksAges, JwksCache, KeysExpired};
pub use sources::{KeySources, SourceFault, is_key_address};

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, KeyKind};
use crate::object::object;
use crate::token::TokenFault;

/// The usable keys of one issuer.
#[derive(Clone, Debug)]
pub struct JwkSet {
    keys: Vec<PublicKey>,
    skipped: usize,
}

/// What is wrong with a JWK Set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksFault {
    /// It is too large.
    #[error("the key set is larger than {SET_BYTES_MAX} bytes")]
    TooLarge,
    /// It has not the form of a JWK Set.
    #[error("it is not a JWK Set")]
    Malformed,
    /// It has too many keys.
    #[error("the key set has more than {KEYS_MAX} keys")]
    TooMany,
    /// It holds a private or shared key, which others have seen now.
    #[error("the key set holds a private or shared key: publish only public keys")]
    Private,
    /// No key in it can check a signature.
    #[error(
        "the key set has no key for signatures (RSA of 2048 bits or more, P-256, P-384, Ed25519)"
    )]
    NoneUsable,
}

impl JwkSet {
    /// Reads a set. Keys that can check no signature are left out and counted.
    ///
    /// # Errors
    /// [`JwksFault`] when it is not a set of public keys, or none of them is usable.
    pub fn parse(text: &[u8]) -> Result<Self, JwksFault> {
        if text.len() > SET_BYTES_MAX {
            return Err(JwksFault::TooLarge);
        }
        let members = object(text).ok_or(JwksFault::Malformed)?;
        let Some(Value::Array(all)) = members.get("keys") else {
            return Err(JwksFault::Malformed);
        };
        if all.len() > KEYS_MAX {
            return Err(JwksFault::TooMany);
        }
        let mut keys = Vec::new();
        for key in all {
            let key = key.as_object().ok_or(JwksFault::Malformed)?;
            if PRIVATE_MEMBERS.iter().any(|name| key.contains_key(*name)) {
                return Err(JwksFault::Private);
            }
            keys.extend(PublicKey::read(key));
        }
        if keys.is_empty() {
            return Err(JwksFault::NoneUsable);
        }
        let skipped = all.len() - keys.len();
        Ok(Self { keys, skipped })
    }

    /// A set of one key of ours.
    #[must_use]
    pub fn of_ed25519(id: &str, public: &[u8; 32]) -> Self {
        Self {
            keys: vec![PublicKey {
                id: Some(id.to_owned()),
                kind: KeyKind::Ed25519,
                algorithm: Some(Algorithm::EdDsa),
                key: DecodingKey::from_ed_der(public),
            }],
            skipped: 0,
        }
    }

    /// How many keys can check signatures.
    #[must_use]
    pub fn usable(&self) -> usize {
        self.keys.len()
    }

    /// How many keys were left out.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Whether a key of that name is among them.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The one key that a token can mean.
    pub(crate) fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&PublicKey, TokenFault> {
        let named: Vec<&PublicKey> = self
            .keys
            .iter()
            .filter(|key| id.is_none() || key.id.as_deref() == id)
            .collect();
        if named.is_empty() {
            return Err(TokenFault::KeyUnknown);
        }
        let mut fit = named.into_iter().filter(|key| key.is_for(algorithm));
        match (fit.next(), fit.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(TokenFault::KeyUnfit),
            (Some(_), Some(_)) => Err(TokenFault::KeyAmbiguous),
        }
    }
}

/// One key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    id: Option<String>,
    kind: KeyKind,
    /// The only algorithm that its owner uses it with, when that is said.
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

impl PublicKey {
    /// None when the key can check no signature.
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|word| word != "sig") {
            return None;
        }
        if let Some(uses) = members.get("key_ops") {
            let verifies = |word: &Value| word.as_str() == Some("verify");
            if !uses.as_array()?.iter().any(verifies) {
                return None;
            }
        }
        let (kind, key) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (KeyKind::Rsa, rsa(text("n")?, text("e")?)?),
            ("EC", Some("P-256")) => (KeyKind::P256, point(text("x")?, text("y")?, 32)?),
            ("EC", Some("P-384")) => (KeyKind::P384, point(text("x")?, text("y")?, 48)?),
            ("OKP", Some("Ed25519")) => {
                let x = bytes(text("x")?).filter(|x| x.len() == 32)?;
                (KeyKind::Ed25519, DecodingKey::from_ed_der(&x))
            }
            _ => return None,
        };
        let algorithm = match text("alg") {
            None => None,
            Some(name) => Some(Algorithm::from_name(name).filter(|fits| fits.key_kind() == kind)?),
        };
        Some(Self {
            id: text("kid").map(str::to_owned),
            kind,
            algorithm,
            key,
        })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.kind == algorithm.key_kind() && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// Whether the owner of this key signed the message.
    pub(crate) fn signed(&self, message: &[u8], signature: &str, algorithm: Algorithm) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let verifier = aws_lc::DEFAULT_PROVIDER.verifier_factory;
        verifier(&algorithm.implemented(), &self.key)
            .is_ok_and(|verifier| verifier.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    let (modulus, exponent) = (bytes(modulus)?, bytes(exponent)?);
    let modulus = without_leading_zeros(&modulus);
    let bits = modulus.len() * 8 - usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return None;
    }
    // An exponent of 1 would make every text its own signature.
    let exponent = without_leading_zeros(&exponent);
    let (small, odd) = (exponent == [1], exponent.last()? % 2 == 1);
    if small || !odd || exponent.len() > RSA_EXPONENT_BYTES_MAX {
        return None;
    }
    Some(DecodingKey::from_rsa_raw_components(modulus, exponent))
}

fn point(x: &str, y: &str, length: usize) -> Option<DecodingKey> {
    let (x, y) = (bytes(x)?, bytes(y)?);
    if x.len() != length || y.len() != length {
        return None;
    }
    let uncompressed = [&[4_u8][..], &x, &y].concat();
    Some(DecodingKey::from_ec_der(&uncompressed))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// The largest set that is read.
pub const SET_BYTES_MAX: usize = 64 * 1024;
/// How many keys a set may have.
pub const KEYS_MAX: usize = 32;
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 8192;
const RSA_EXPONENT_BYTES_MAX: usize = 4;
/// `d` is private in every kind of key, `k` is the secret itself.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "k", "p", "q", "dp", "dq", "qi"];
