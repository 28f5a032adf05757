//! Signs tokens as providers and attackers do, without the code under test.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wardgate_identity::{Algorithm, JwkSet, Profile, Typ};

pub(crate) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn p384() -> Self {
        Self::P384(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn ed(seed: u8) -> Self {
        Self::Ed(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    /// The public key, SubjectPublicKeyInfo in DER.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => key.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::P256(key) | Self::P384(key) => {
                key.public_key().as_der().unwrap().as_ref().to_vec()
            }
            Self::Ed(key) => key.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    pub(crate) fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Rsa(key) => json!({
                "kty": "RSA", "kid": id, "use": "sig",
                "n": b64(key.public_key().modulus().big_endian_without_leading_zero()),
                "e": b64(key.public_key().exponent().big_endian_without_leading_zero()),
            }),
            Self::P256(key) => point("P-256", id, key.public_key().as_ref()),
            Self::P384(key) => point("P-384", id, key.public_key().as_ref()),
            Self::Ed(key) => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": id, "x": b64(key.public_key().as_ref()),
            }),
        }
    }

    fn signature(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(key) | Self::P384(key) => {
                key.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with header and claims as given.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token of two texts, which need not be JSON.
    pub(crate) fn token_of(&self, header: &str, claims: &str) -> String {
        let algorithm = serde_json::from_str::<Value>(header)
            .ok()
            .and_then(|header| header["alg"].as_str().map(str::to_owned))
            .unwrap_or_default();
        let signed = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
        let signature = b64(&self.signature(&algorithm, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn point(curve: &str, id: &str, uncompressed: &[u8]) -> Value {
    let (x, y) = uncompressed[1..].split_at((uncompressed.len() - 1) / 2);
    json!({ "kty": "EC", "crv": curve, "kid": id, "x": b64(x), "y": b64(y) })
}

pub(crate) fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn set(keys: &[Value]) -> JwkSet {
    JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-11-30T04:00:00Z".parse().unwrap()
}

/// What a provider of the hospital's tokens is expected to send.
pub(crate) fn profile() -> Profile {
    Profile {
        issuer: ISSUER.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        algorithms: Algorithm::ALL.to_vec(),
        typ: Typ::Plain,
        lifetime_max: SignedDuration::from_hours(1),
        required: vec!["sub"],
        forbidden: Vec::new(),
    }
}

/// Claims that [`profile`] accepts.
pub(crate) fn claims() -> Value {
    let now = now().as_second();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "lind", "iat": now - 10, "exp": now + 300 })
}

/// The claims with some of them replaced; `null` takes one away.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

pub(crate) const ISSUER: &str = "https://ehr.example.org";
pub(crate) const AUDIENCE: &str = "https://gate.example.org";
