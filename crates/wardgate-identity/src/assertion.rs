//! How an application proves who it is at the token endpoint: a token that it signed itself
//! (RFC 7523 as SMART Backend Services asks for it).

use jiff::{SignedDuration, Timestamp};

use crate::algorithm::Algorithm;
use crate::jwks::JwkSet;
use crate::token::{PresentedToken, Profile, TokenFault, Typ};

/// An assertion that was found right. It must not be accepted a second time before it expires.
#[derive(Debug)]
pub struct Assertion {
    /// Its id.
    pub id: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl Assertion {
    /// Checks that `client` signed `token` for the endpoint at `audience`.
    ///
    /// # Errors
    /// [`TokenFault`], the first that is found.
    pub fn verify(
        token: PresentedToken<'_>,
        client: &str,
        audience: &str,
        keys: &JwkSet,
        now: Timestamp,
    ) -> Result<Self, TokenFault> {
        let profile = Profile {
            issuer: client.to_owned(),
            audiences: vec![audience.to_owned()],
            algorithms: Algorithm::SMART.to_vec(),
            typ: Typ::Plain,
            lifetime_max: LIFETIME_MAX,
            required: vec!["sub", "jti"],
            forbidden: Vec::new(),
        };
        if token.claimed_key().is_none() {
            return Err(TokenFault::KeyAmbiguous);
        }
        let verified = token.verify(&profile, keys, now)?;
        if verified.claims.subject() != Some(client) {
            return Err(TokenFault::Issuer);
        }
        let id = verified
            .claims
            .id()
            .filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()))
            .ok_or(TokenFault::ClaimMissing)?;
        Ok(Self {
            id: id.to_owned(),
            expires: verified.expires,
        })
    }
}

/// How long an assertion may hold.
const LIFETIME_MAX: SignedDuration = SignedDuration::from_mins(5);
const ID_BYTES_MAX: usize = 256;
