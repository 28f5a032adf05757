//! What an ID token must say (OpenID Connect Core 1.0, 3.1.3.7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::OidcFault;
use crate::{Algorithm, Claims, JwkSet, LEEWAY, PresentedToken, Profile, Typ};

/// What is expected of the ID token of one sign-in.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenRules<'a> {
    /// The issuer that was configured.
    pub issuer: &'a str,
    /// This client.
    pub client_id: &'a str,
    /// The nonce of this sign-in.
    pub nonce: &'a str,
    /// The access token beside it, if any.
    pub access_token: Option<&'a str>,
    /// The person must have proven themselves no earlier than this.
    pub proven_since: Timestamp,
    /// What time it is.
    pub now: Timestamp,
}

/// Somebody who signed in at a provider.
#[derive(Clone, Debug)]
pub struct SignedOn {
    /// Whom the provider means; unique at this provider.
    pub subject: String,
    /// The session at the provider, for logging out.
    pub session: Option<String>,
    /// When the person proved themselves.
    pub proven: Timestamp,
    /// All that the token says.
    pub claims: Claims,
}

impl IdTokenRules<'_> {
    /// Verifies a token and judges its claims.
    ///
    /// # Errors
    /// [`OidcFault::Token`] when the one verifier refuses it, or the claim that does not fit.
    pub fn check(&self, token: &str, keys: &JwkSet) -> Result<SignedOn, OidcFault> {
        let profile = Profile {
            issuer: self.issuer.to_owned(),
            audiences: vec![self.client_id.to_owned()],
            algorithms: Algorithm::ALL.to_vec(),
            typ: Typ::Plain,
            lifetime_max: LIFETIME_MAX,
            required: vec!["sub", "iat", "nonce", "auth_time"],
            forbidden: vec!["events"],
        };
        let verified = PresentedToken::parse(token)?.verify(&profile, keys, self.now)?;
        self.judge(verified.claims)
    }

    /// Judges what is particular to a sign-in. The signature, issuer, audience and times are good.
    fn judge(&self, claims: Claims) -> Result<SignedOn, OidcFault> {
        let nonce = claims.nonce().ok_or(OidcFault::OtherNonce)?;
        verify_slices_are_equal(nonce.as_bytes(), self.nonce.as_bytes())
            .map_err(|_| OidcFault::OtherNonce)?;
        let party_fits = match claims.text("azp") {
            Some(party) => party == self.client_id,
            None => !claims.has("azp") && claims.audiences().len() == 1,
        };
        if !party_fits {
            return Err(OidcFault::OtherAudience);
        }
        self.check_access_token(&claims)?;
        let issued = claims.issued().ok_or(OidcFault::Claims)?;
        if self.now.duration_since(issued) > ISSUED_AGE_MAX {
            return Err(OidcFault::NotNow);
        }
        let proven = claims.authenticated().ok_or(OidcFault::Claims)?;
        if self.proven_since.duration_since(proven) > LEEWAY {
            return Err(OidcFault::NotFresh);
        }
        let fits = |text: &str| (1..=SUBJECT_BYTES_MAX).contains(&text.len());
        let subject = claims.subject().filter(|text| fits(text));
        let session = claims.session().map(str::to_owned);
        if claims.has("sid") && !session.as_deref().is_some_and(fits) {
            return Err(OidcFault::Claims);
        }
        Ok(SignedOn {
            subject: subject.ok_or(OidcFault::Claims)?.to_owned(),
            session,
            // A clock that is ahead must not make a proof younger than it can be.
            proven: proven.min(self.now),
            claims,
        })
    }

    /// The hash of the access token, where the provider states it. Its length tells which of the
    /// hashes of the signature algorithms it is.
    fn check_access_token(&self, claims: &Claims) -> Result<(), OidcFault> {
        if !claims.has("at_hash") {
            return Ok(());
        }
        let stated = claims.text("at_hash").ok_or(OidcFault::Claims)?;
        let access_token = self.access_token.ok_or(OidcFault::OtherAccessToken)?;
        let algorithm = match stated.len() {
            22 => &SHA256,
            32 => &SHA384,
            43 => &SHA512,
            _ => return Err(OidcFault::OtherAccessToken),
        };
        let hash = digest::digest(algorithm, access_token.as_bytes());
        let half = hash.as_ref().get(..hash.as_ref().len() / 2);
        let expected = URL_SAFE_NO_PAD.encode(half.unwrap_or_default());
        verify_slices_are_equal(stated.as_bytes(), expected.as_bytes())
            .map_err(|_| OidcFault::OtherAccessToken)
    }
}

/// `sub` has at most 255 characters (OpenID Connect Core 1.0, 2); a session's name fits too.
const SUBJECT_BYTES_MAX: usize = 255;
/// Providers let an ID token hold as long as their own session. It is looked at once, so its
/// lifetime gives nothing.
const LIFETIME_MAX: SignedDuration = SignedDuration::from_hours(25);
/// An ID token is used at once: one that was issued earlier was kept.
const ISSUED_AGE_MAX: SignedDuration = SignedDuration::from_mins(10);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::TokenFault;
    use crate::oidc::signed::Signer;

    const NOW: i64 = 1_795_000_000;

    fn judge_as(typ: &str, change: impl Fn(&mut Value)) -> Result<SignedOn, OidcFault> {
        let mut claims = json!({
            "iss": "https://id.example.org", "sub": "u-7", "aud": "wardgate", "nonce": "n-1",
            "exp": NOW + 300, "iat": NOW, "auth_time": NOW - 10, "sid": "s-1",
            // The example of OpenID Connect Core 1.0, A.3.
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        });
        change(&mut claims);
        let rules = IdTokenRules {
            issuer: "https://id.example.org",
            client_id: "wardgate",
            nonce: "n-1",
            access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            proven_since: Timestamp::from_second(NOW - 3_600).unwrap(),
            now: Timestamp::from_second(NOW).unwrap(),
        };
        let signer = Signer::new();
        rules.check(&signer.sign(typ, &claims), &signer.keys())
    }

    fn judge(change: impl Fn(&mut Value)) -> Result<SignedOn, OidcFault> {
        judge_as("JWT", change)
    }

    fn fault(name: &'static str, value: Value) -> OidcFault {
        judge(move |claims| claims[name] = value.clone()).unwrap_err()
    }

    fn without(name: &'static str) -> impl Fn(&mut Value) {
        move |claims| {
            claims.as_object_mut().unwrap().remove(name);
        }
    }

    #[test]
    fn a_good_token_says_who_signed_in_and_how() {
        let signed_on = judge(|_| {}).unwrap();
        assert_eq!(signed_on.subject, "u-7");
        assert_eq!(signed_on.session.as_deref(), Some("s-1"));
        assert_eq!(signed_on.proven.as_second(), NOW - 10);
        for absent in ["sid", "at_hash"] {
            assert!(judge(without(absent)).is_ok(), "{absent}");
        }
    }

    #[test]
    fn a_claim_that_is_missing_is_refused() {
        for name in ["sub", "exp", "iat", "auth_time", "nonce"] {
            let missing = OidcFault::Token(TokenFault::ClaimMissing);
            assert_eq!(judge(without(name)).unwrap_err(), missing, "{name}");
        }
    }

    #[test]
    fn a_token_for_somebody_else_is_refused() {
        let audience = OidcFault::Token(TokenFault::Audience);
        assert_eq!(
            fault("iss", json!("https://evil.example.org")),
            OidcFault::Token(TokenFault::Issuer)
        );
        assert_eq!(fault("aud", json!("other")), audience);
        assert_eq!(fault("nonce", json!("n-2")), OidcFault::OtherNonce);
        assert_eq!(
            fault("aud", json!(["wardgate", "other"])),
            OidcFault::OtherAudience
        );
        assert_eq!(fault("azp", json!("other")), OidcFault::OtherAudience);
        assert_eq!(fault("azp", json!(7)), OidcFault::OtherAudience);
        let stated = "88QmUPtjPfzWtF2AnpK9RQ";
        assert_eq!(fault("at_hash", json!(stated)), OidcFault::OtherAccessToken);
        assert_eq!(fault("at_hash", json!("")), OidcFault::OtherAccessToken);
        let shared = judge(|claims| {
            claims["aud"] = json!(["wardgate", "other"]);
            claims["azp"] = json!("wardgate");
        });
        assert!(shared.is_ok());
    }

    #[test]
    fn a_token_outside_its_time_or_that_was_kept_is_refused() {
        let expired = OidcFault::Token(TokenFault::Expired);
        assert_eq!(fault("exp", json!(NOW - 60)), expired);
        assert_eq!(fault("iat", json!(NOW - 601)), OidcFault::NotNow);
        let early = OidcFault::Token(TokenFault::NotYet);
        assert_eq!(fault("iat", json!(NOW + 61)), early);
    }

    #[test]
    fn a_proof_that_is_too_old_is_refused_and_one_from_the_future_is_of_now() {
        assert_eq!(fault("auth_time", json!(NOW - 3_661)), OidcFault::NotFresh);
        let at = |second: i64| judge(move |claims| claims["auth_time"] = second.into());
        assert!(at(NOW - 3_660).is_ok());
        assert_eq!(at(NOW + 50).unwrap().proven.as_second(), NOW);
    }

    #[test]
    fn a_logout_or_access_token_is_no_id_token() {
        let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
        assert_eq!(
            fault("events", events),
            OidcFault::Token(TokenFault::ClaimForbidden)
        );
        for typ in ["logout+jwt", "at+jwt"] {
            let other = OidcFault::Token(TokenFault::Typ);
            assert_eq!(judge_as(typ, |_| {}).unwrap_err(), other);
        }
    }
}
