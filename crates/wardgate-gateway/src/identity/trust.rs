//! Whose tokens the gate accepts. Nothing here waits for a network: keys are fetched elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use wardgate_identity::{
    AccessTokens, Algorithm, JwksAges, KeySources, PresentedToken, Profile, TokenFault, Typ,
    Verified, digest_of,
};

use crate::refusal::{self, Refusal};

/// An issuer whose tokens are accepted: the hospital's record system or provider of identity.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    /// Its name in tokens (`iss`).
    pub issuer: String,
    /// What its tokens call this gate (`aud`).
    pub audience: String,
    /// Where its keys are fetched.
    pub keys_url: String,
    /// Whether its tokens identify an app by themselves, as those of an app launch do.
    pub bearer: bool,
    /// Whether its tokens prove the person that another credential's app acts for.
    pub on_behalf_of: bool,
    /// The scope that a token must have to identify an app.
    pub scope: String,
    /// The levels of proof that `acr` values stand for.
    pub acr_levels: BTreeMap<String, u8>,
}

/// Whose tokens the gate accepts.
#[derive(Debug)]
pub struct Trust {
    access: Option<Arc<AccessTokens>>,
    keys: Arc<KeySources>,
    issuers: Vec<Arc<TrustedIssuer>>,
    checked: Mutex<HashMap<[u8; 32], Checked>>,
}

/// A token whose signature and claims are right, and who issued it.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) verified: Verified,
    /// None for a token of ours.
    issuer: Option<Arc<TrustedIssuer>>,
}

#[derive(Debug, Clone)]
struct Checked {
    token: Arc<Token>,
    /// Until when it need not be checked again.
    until: Timestamp,
}

impl Token {
    /// Who issued it; none for a token of ours.
    pub(crate) fn issuer(&self) -> Option<&TrustedIssuer> {
        self.issuer.as_deref()
    }
}

/// Nobody's tokens: API keys and certificates alone.
impl Default for Trust {
    fn default() -> Self {
        Self::in_nobody_but(
            None,
            Arc::new(KeySources::new(JwksAges::default())),
            Vec::new(),
        )
    }
}

impl Trust {
    /// Accepts the tokens of this node and of these issuers.
    #[must_use]
    pub fn in_nobody_but(
        access: Option<Arc<AccessTokens>>,
        keys: Arc<KeySources>,
        issuers: Vec<TrustedIssuer>,
    ) -> Self {
        Self {
            access,
            keys,
            issuers: issuers.into_iter().map(Arc::new).collect(),
            checked: Mutex::default(),
        }
    }

    /// Checks a token that shall identify an app.
    pub(super) fn check_bearer(&self, text: &str, now: Timestamp) -> Result<Arc<Token>, Refusal> {
        let token = self.check(text, now).map_err(|unfit| match unfit {
            Unfit::Token(TokenFault::Expired) => Refusal::new(&refusal::TOKEN_EXPIRED),
            Unfit::Token(fault) => Refusal::new(&refusal::TOKEN_INVALID).with_reason(fault.word()),
            Unfit::Keys => Refusal::new(&refusal::KEYS_UNAVAILABLE),
        })?;
        match token.issuer() {
            Some(issuer) if !issuer.bearer => {
                Err(Refusal::new(&refusal::TOKEN_INVALID).with_reason("issuer"))
            }
            _ => Ok(token),
        }
    }

    /// Checks a token that shall prove a person. A token of ours proves none.
    pub(super) fn check_person(&self, text: &str, now: Timestamp) -> Result<Arc<Token>, Refusal> {
        let invalid = |reason| Refusal::new(&refusal::ON_BEHALF_OF_INVALID).with_reason(reason);
        let token = self.check(text, now).map_err(|unfit| match unfit {
            Unfit::Token(fault) => invalid(fault.word()),
            Unfit::Keys => Refusal::new(&refusal::KEYS_UNAVAILABLE),
        })?;
        match token.issuer() {
            Some(issuer) if issuer.on_behalf_of => Ok(token),
            _ => Err(invalid("issuer")),
        }
    }

    fn check(&self, text: &str, now: Timestamp) -> Result<Arc<Token>, Unfit> {
        // Parsing bounds the size, too; only then the text is hashed.
        let presented = PresentedToken::parse(text)?;
        let digest = digest_of(text);
        if let Some(token) = self.checked_before(&digest, now) {
            return Ok(token);
        }
        let claimed = presented.claimed_issuer();
        let ours = self
            .access
            .as_ref()
            .filter(|access| claimed == Some(access.issuer()));
        let token = if let Some(access) = ours {
            Token {
                verified: access.verify(presented, now)?,
                issuer: None,
            }
        } else {
            let issuer = self
                .issuers
                .iter()
                .find(|issuer| claimed == Some(issuer.issuer.as_str()))
                .ok_or(TokenFault::Issuer)?;
            let keys = self.keys.keys(&issuer.keys_url, now);
            let keys = keys.map_err(|_| Unfit::Keys)?;
            let verified = presented.verify(&profile(issuer), &keys, now);
            if matches!(verified, Err(TokenFault::KeyUnknown)) {
                // The issuer may have a new key; whoever calls again in a moment may be right.
                self.keys.want(&issuer.keys_url);
            }
            Token {
                verified: verified?,
                issuer: Some(issuer.clone()),
            }
        };
        Ok(self.remember(digest, token, now))
    }

    fn checked_before(&self, digest: &[u8; 32], now: Timestamp) -> Option<Arc<Token>> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = checked.get(digest).filter(|entry| now < entry.until)?;
        Some(entry.token.clone())
    }

    fn remember(&self, digest: [u8; 32], token: Token, now: Timestamp) -> Arc<Token> {
        let token = Arc::new(token);
        // A key that was withdrawn must not go on for as long as the tokens it signed.
        let until = token.verified.expires.min(now + CHECKED_FOR);
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() >= CHECKED_MAX {
            checked.retain(|_, entry| now < entry.until);
        }
        if checked.len() < CHECKED_MAX {
            let token = token.clone();
            checked.insert(digest, Checked { token, until });
        }
        token
    }
}

enum Unfit {
    Token(TokenFault),
    /// There are no keys to check it with.
    Keys,
}

impl From<TokenFault> for Unfit {
    fn from(fault: TokenFault) -> Self {
        Self::Token(fault)
    }
}

fn profile(issuer: &TrustedIssuer) -> Profile {
    Profile {
        issuer: issuer.issuer.clone(),
        audiences: vec![issuer.audience.clone()],
        algorithms: Algorithm::ALL.to_vec(),
        typ: Typ::Or("at+jwt"),
        lifetime_max: LIFETIME_MAX,
        required: vec!["sub", "iat"],
        // An ID token is for the app that asked for it, not for showing it to others.
        forbidden: vec!["nonce", "at_hash", "c_hash"],
    }
}

/// How long a token of others may hold, as SMART App Launch advises.
const LIFETIME_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How long a checked token is not checked again.
const CHECKED_FOR: SignedDuration = SignedDuration::from_secs(30);
const CHECKED_MAX: usize = 8_192;
