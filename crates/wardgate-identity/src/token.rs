//! The one verifier of signed tokens: ID tokens, logout tokens, access tokens, client assertions.
//!
//! A [`Profile`] says what a use of tokens demands. What a token's own header asks for is never
//! followed: it names an algorithm and a key, and both must be ones that were expected.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::claims::Claims;
use crate::jwks::JwkSet;
use crate::object::object;

/// What one use of tokens demands.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Who must have issued the token (`iss`), exactly so.
    pub issuer: String,
    /// Whom the token may be for: one of these must be among its audiences.
    pub audiences: Vec<String>,
    /// The algorithms that it may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// What its header must call it.
    pub typ: Typ,
    /// The longest that it may hold, from its issue and from now on.
    pub lifetime_max: SignedDuration,
    /// Claims that must be there, beside `iss`, `aud` and `exp`.
    pub required: Vec<&'static str>,
    /// Claims that must not be there: they mark tokens of another use.
    pub forbidden: Vec<&'static str>,
}

/// What the header of a token must call it (`typ`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ {
    /// `JWT`, or nothing.
    Plain,
    /// This alone, such as `at+jwt`.
    Only(&'static str),
    /// This, `JWT` or nothing.
    Or(&'static str),
}

/// A token whose signature and claims were found right.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// When it ends.
    pub expires: Timestamp,
    /// SHA-256 of its text, which tells it from others without telling what it is.
    pub digest: [u8; 32],
}

/// Why a token is refused. None of these repeats what the token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is larger than any that is read.
    #[error("the token is too large")]
    TooLarge,
    /// It has not the form of a signed token.
    #[error("the token is malformed")]
    Malformed,
    /// Its header asks for something that is never followed.
    #[error("the token's header carries a key, an address or a demand")]
    Header,
    /// It is signed in a way that is not expected.
    #[error("the token is signed with an algorithm that is not accepted")]
    Algorithm,
    /// It is a token of another use.
    #[error("the token is of another type")]
    Typ,
    /// No key of that name is known.
    #[error("the token is signed with an unknown key")]
    KeyUnknown,
    /// More than one key could be meant.
    #[error("the token does not say which key signed it")]
    KeyAmbiguous,
    /// The key is not for that algorithm.
    #[error("the token's algorithm does not fit its key")]
    KeyUnfit,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// Somebody else issued it.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It holds no longer.
    #[error("the token has expired")]
    Expired,
    /// It does not hold yet.
    #[error("the token does not hold yet")]
    NotYet,
    /// It would hold for too long.
    #[error("the token would hold for too long")]
    Lifetime,
    /// A claim that must be there is missing or has another form.
    #[error("the token lacks a claim")]
    ClaimMissing,
    /// A claim is there that marks a token of another use.
    #[error("the token has a claim of another use")]
    ClaimForbidden,
}

impl TokenFault {
    /// One word for the ledger and for counters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Typ => "typ",
            Self::KeyUnknown => "key_unknown",
            Self::KeyAmbiguous => "key_ambiguous",
            Self::KeyUnfit => "key_unfit",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Lifetime => "lifetime",
            Self::ClaimMissing => "claim_missing",
            Self::ClaimForbidden => "claim_forbidden",
        }
    }
}

/// A token as it was presented: of the right form, by nobody known yet.
pub struct PresentedToken<'a> {
    text: &'a str,
    signed: &'a str,
    signature: &'a str,
    header: Header,
    claims: Claims,
}

struct Header {
    algorithm: Algorithm,
    key: Option<String>,
    typ: Option<String>,
}

impl<'a> PresentedToken<'a> {
    /// Reads the form of a token.
    ///
    /// # Errors
    /// [`TokenFault`] when it is too large or malformed, or when its header asks for something
    /// that is accepted in no use.
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLarge);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
        if claims.contains('.') || signature.is_empty() {
            // A token that ends in a dot is an unsigned one, or one that was cut.
            return Err(TokenFault::Malformed);
        }
        let header = Header::read(part(header)?)?;
        let claims = Claims(part(claims)?);
        Ok(Self {
            text,
            signed,
            signature,
            header,
            claims,
        })
    }

    /// Who it says issued it: to find the keys to check it with, and for nothing else.
    #[must_use]
    pub fn claimed_issuer(&self) -> Option<&str> {
        self.claims.issuer()
    }

    /// The name of the key that it says signed it: to know whether keys must be fetched anew.
    #[must_use]
    pub fn claimed_key(&self) -> Option<&str> {
        self.header.key.as_deref()
    }

    /// Checks signature and claims.
    ///
    /// # Errors
    /// [`TokenFault`], the first that is found; the signature is checked before what it covers.
    pub fn verify(
        self,
        profile: &Profile,
        keys: &JwkSet,
        now: Timestamp,
    ) -> Result<Verified, TokenFault> {
        let algorithm = self.header.algorithm;
        if !profile.algorithms.contains(&algorithm) {
            return Err(TokenFault::Algorithm);
        }
        if !profile.typ.admits(self.header.typ.as_deref()) {
            return Err(TokenFault::Typ);
        }
        let key = keys.key(self.header.key.as_deref(), algorithm)?;
        if !key.signed(self.signed.as_bytes(), self.signature, algorithm) {
            return Err(TokenFault::Signature);
        }
        let expires = profile.check(&self.claims, now)?;
        Ok(Verified {
            claims: self.claims,
            expires,
            digest: digest_of(self.text),
        })
    }
}

/// Reads and checks a token.
///
/// # Errors
/// [`TokenFault`], the first that is found.
pub fn verify(
    text: &str,
    profile: &Profile,
    keys: &JwkSet,
    now: Timestamp,
) -> Result<Verified, TokenFault> {
    PresentedToken::parse(text)?.verify(profile, keys, now)
}

/// SHA-256 of a token's text.
#[must_use]
pub fn digest_of(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(digest(&SHA256, text.as_bytes()).as_ref())
        .for_each(|(to, from)| *to = *from);
    bytes
}

impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(..)")
    }
}

impl Header {
    fn read(members: Map<String, Value>) -> Result<Self, TokenFault> {
        // An address or a key in a header would let the sender choose what it is checked with;
        // `crit` demands what is not understood, `b64` and `zip` change what is signed.
        if REFUSED_MEMBERS
            .iter()
            .any(|name| members.contains_key(*name))
        {
            return Err(TokenFault::Header);
        }
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() <= NAME_BYTES_MAX => Ok(Some(text.clone())),
            Some(_) => Err(TokenFault::Malformed),
        };
        let algorithm = text("alg")?.ok_or(TokenFault::Malformed)?;
        Ok(Self {
            algorithm: Algorithm::from_name(&algorithm).ok_or(TokenFault::Algorithm)?,
            key: text("kid")?,
            typ: text("typ")?,
        })
    }
}

impl Typ {
    fn admits(self, typ: Option<&str>) -> bool {
        // A media type may be written in full and in any case (RFC 7515, 4.1.9).
        let is = |text: &str, expected: &str| {
            let text = match text.get(..APPLICATION.len()) {
                Some(prefix) if prefix.eq_ignore_ascii_case(APPLICATION) => {
                    text.get(APPLICATION.len()..).unwrap_or_default()
                }
                _ => text,
            };
            text.eq_ignore_ascii_case(expected)
        };
        match (self, typ) {
            (Self::Plain | Self::Or(_), None) => true,
            (Self::Only(_), None) => false,
            (Self::Plain, Some(typ)) => is(typ, "JWT"),
            (Self::Only(expected), Some(typ)) => is(typ, expected),
            (Self::Or(expected), Some(typ)) => is(typ, expected) || is(typ, "JWT"),
        }
    }
}

impl Profile {
    /// Checks what a token says. Returns when it ends.
    fn check(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, TokenFault> {
        if claims.issuer() != Some(self.issuer.as_str()) {
            return Err(TokenFault::Issuer);
        }
        let audiences = claims.audiences();
        let ours = |audience: &&str| self.audiences.iter().any(|own| own == audience);
        if audiences.len() > AUDIENCES_MAX || !audiences.iter().any(ours) {
            return Err(TokenFault::Audience);
        }
        let expires = self.check_times(claims, now)?;
        if self.required.iter().any(|name| !claims.has(name)) {
            return Err(TokenFault::ClaimMissing);
        }
        if self.forbidden.iter().any(|name| claims.has(name)) {
            return Err(TokenFault::ClaimForbidden);
        }
        Ok(expires)
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, TokenFault> {
        let time = |name| match (claims.has(name), claims.time(name)) {
            (true, None) => Err(TokenFault::Malformed),
            (_, time) => Ok(time),
        };
        let expires = time("exp")?.ok_or(TokenFault::ClaimMissing)?;
        // Differences rather than sums: a time at the end of its range must not overflow.
        if now.duration_since(expires) >= LEEWAY {
            return Err(TokenFault::Expired);
        }
        let issued = time("iat")?;
        for begins in [issued, time("nbf")?].into_iter().flatten() {
            if begins.duration_since(now) > LEEWAY {
                return Err(TokenFault::NotYet);
            }
        }
        let too_long = |from: Timestamp, leeway| {
            expires.duration_since(from) > self.lifetime_max.saturating_add(leeway)
        };
        if too_long(now, LEEWAY) || issued.is_some_and(|at| too_long(at, SignedDuration::ZERO)) {
            return Err(TokenFault::Lifetime);
        }
        Ok(expires)
    }
}

fn part(text: &str) -> Result<Map<String, Value>, TokenFault> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenFault::Malformed)?;
    object(&bytes).ok_or(TokenFault::Malformed)
}

/// The largest token that is read.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// How far the clocks of two machines may be apart.
pub const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
const AUDIENCES_MAX: usize = 16;
const NAME_BYTES_MAX: usize = 256;
const APPLICATION: &str = "application/";
const REFUSED_MEMBERS: [&str; 8] = ["crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"];
