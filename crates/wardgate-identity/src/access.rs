//! The access tokens that this node issues: signed with Ed25519, short-lived, for one audience.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::jwks::JwkSet;
use crate::token::{PresentedToken, Profile, TokenFault, Typ, Verified};

/// Signs access tokens, and checks those that it signed.
pub struct AccessTokens {
    key: Ed25519KeyPair,
    id: String,
    public: JwkSet,
    profile: Profile,
}

/// What an access token grants.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The application.
    pub client: &'a str,
    /// What it may do.
    pub scopes: &'a [String],
    /// The certificate that it is bound to, as `x5t#S256`.
    pub certificate: Option<&'a str>,
}

/// The seed cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key for access tokens cannot be used")]
pub struct KeyUnusable;

impl AccessTokens {
    /// Takes the seed of the key. `issuer` is the console's address; tokens are for it, too.
    ///
    /// # Errors
    /// [`KeyUnusable`].
    pub fn new(seed: &[u8; 32], issuer: &str) -> Result<Self, KeyUnusable> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyUnusable)?;
        let mut public = [0; 32];
        public
            .iter_mut()
            .zip(key.public_key().as_ref())
            .for_each(|(to, from)| *to = *from);
        let id = thumbprint(&public);
        Ok(Self {
            public: JwkSet::of_ed25519(&id, &public),
            id,
            key,
            profile: Profile {
                issuer: issuer.to_owned(),
                audiences: vec![issuer.to_owned()],
                algorithms: vec![Algorithm::EdDsa],
                typ: Typ::Only("at+jwt"),
                lifetime_max: LIFETIME,
                required: vec!["sub", "client_id", "iat", "jti", "scope"],
                forbidden: Vec::new(),
            },
        })
    }

    /// Signs a token. `random` makes its id.
    #[must_use]
    pub fn issue(&self, grant: &Grant<'_>, random: [u8; 16], now: Timestamp) -> String {
        let issued = now.as_second();
        let mut claims = json!({
            "iss": self.profile.issuer,
            "sub": grant.client,
            "client_id": grant.client,
            "aud": self.profile.issuer,
            "iat": issued,
            "exp": issued + LIFETIME.as_secs(),
            "jti": URL_SAFE_NO_PAD.encode(random),
            "scope": grant.scopes.join(" "),
        });
        if let (Some(thumbprint), Value::Object(members)) = (grant.certificate, &mut claims) {
            members.insert("cnf".to_owned(), json!({ "x5t#S256": thumbprint }));
        }
        let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Who issues the tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.profile.issuer
    }

    /// Checks a token of ours.
    ///
    /// # Errors
    /// [`TokenFault`], the first that is found.
    pub fn verify(
        &self,
        token: PresentedToken<'_>,
        now: Timestamp,
    ) -> Result<Verified, TokenFault> {
        token.verify(&self.profile, &self.public, now)
    }

    /// The public key as a JWK Set.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": "EdDSA",
            "kid": self.id,
            "x": URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref()),
        }] })
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens")
            .field("issuer", &self.profile.issuer)
            .finish_non_exhaustive()
    }
}

/// The name of the key: its thumbprint (RFC 7638).
fn thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(crate::token::digest_of(&canonical))
}

/// For how long an access token holds.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
