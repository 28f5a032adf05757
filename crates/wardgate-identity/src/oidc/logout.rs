//! A provider says that a session is over (OpenID Connect Back-Channel Logout 1.0).

use jiff::{SignedDuration, Timestamp};

use super::OidcFault;
use crate::{Algorithm, JwkSet, PresentedToken, Profile, Typ};

/// What is expected of a logout token.
#[derive(Clone, Copy, Debug)]
pub struct LogoutRules<'a> {
    /// The issuer that was configured.
    pub issuer: &'a str,
    /// This client.
    pub client_id: &'a str,
    /// What time it is.
    pub now: Timestamp,
}

/// Which sessions are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    /// One session at the provider.
    pub session: Option<String>,
    /// Everything of one person.
    pub subject: Option<String>,
    /// Names the token: each is taken once.
    pub id: String,
    /// Until when the token could be shown again.
    pub expires: Timestamp,
}

impl LogoutRules<'_> {
    /// Verifies a token and judges its claims.
    ///
    /// # Errors
    /// When it is no logout token for this client, or not of now.
    pub fn check(&self, token: &str, keys: &JwkSet) -> Result<LoggedOut, OidcFault> {
        let profile = Profile {
            issuer: self.issuer.to_owned(),
            audiences: vec![self.client_id.to_owned()],
            algorithms: Algorithm::ALL.to_vec(),
            // Without it an ID token of the same provider could be shown here.
            typ: Typ::Only("logout+jwt"),
            lifetime_max: LIFETIME_MAX,
            required: vec!["iat", "jti", "events"],
            forbidden: vec!["nonce"],
        };
        let verified = PresentedToken::parse(token)?.verify(&profile, keys, self.now)?;
        let claims = &verified.claims;
        if !claims.tells_of(EVENT) {
            return Err(OidcFault::OtherKind);
        }
        let named = |name: &str| match claims.text(name) {
            Some(text) if (1..=NAME_BYTES_MAX).contains(&text.len()) => Ok(Some(text.to_owned())),
            None if !claims.has(name) => Ok(None),
            _ => Err(OidcFault::Claims),
        };
        let (session, subject) = (named("sid")?, named("sub")?);
        if session.is_none() && subject.is_none() {
            return Err(OidcFault::Claims);
        }
        Ok(LoggedOut {
            session,
            subject,
            id: named("jti")?.ok_or(OidcFault::Claims)?,
            expires: verified.expires,
        })
    }
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A logout token is used at once; its id is kept as long as it is valid.
const LIFETIME_MAX: SignedDuration = SignedDuration::from_hours(1);
const NAME_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::TokenFault;
    use crate::oidc::signed::Signer;

    const NOW: i64 = 1_795_000_000;

    fn judge(typ: &str, change: impl Fn(&mut Value)) -> Result<LoggedOut, OidcFault> {
        let mut claims = json!({
            "iss": "https://id.example.org", "aud": "wardgate", "iat": NOW, "exp": NOW + 120,
            "jti": "j-1", "sid": "s-1", "sub": "u-7", "events": {EVENT: {}},
        });
        change(&mut claims);
        let rules = LogoutRules {
            issuer: "https://id.example.org",
            client_id: "wardgate",
            now: Timestamp::from_second(NOW).unwrap(),
        };
        let signer = Signer::new();
        rules.check(&signer.sign(typ, &claims), &signer.keys())
    }

    fn fault(name: &'static str, value: Value) -> OidcFault {
        judge(TYP, move |claims| claims[name] = value.clone()).unwrap_err()
    }

    const TYP: &str = "logout+jwt";

    #[test]
    fn a_logout_token_says_what_is_over() {
        let over = judge(TYP, |_| {}).unwrap();
        assert_eq!(over.session.as_deref(), Some("s-1"));
        assert_eq!(over.subject.as_deref(), Some("u-7"));
        assert_eq!(over.id, "j-1");
    }

    #[test]
    fn an_id_token_is_no_logout_token() {
        for typ in ["JWT", "at+jwt"] {
            let refused = judge(typ, |_| {}).unwrap_err();
            assert_eq!(refused, OidcFault::Token(TokenFault::Typ));
        }
        let forbidden = OidcFault::Token(TokenFault::ClaimForbidden);
        assert_eq!(fault("nonce", json!("n")), forbidden);
        assert_eq!(fault("events", json!({})), OidcFault::OtherKind);
        assert_eq!(fault("events", json!({EVENT: true})), OidcFault::OtherKind);
    }

    #[test]
    fn a_token_for_others_out_of_time_or_about_nobody_is_refused() {
        for (name, value, expected) in [
            ("iss", json!("https://x.example.org"), TokenFault::Issuer),
            ("aud", json!("other"), TokenFault::Audience),
            ("exp", json!(NOW - 60), TokenFault::Expired),
            ("iat", json!(NOW + 61), TokenFault::NotYet),
            ("exp", json!(NOW + 3_661), TokenFault::Lifetime),
        ] {
            assert_eq!(fault(name, value), OidcFault::Token(expected), "{name}");
        }
        assert_eq!(fault("jti", json!("")), OidcFault::Claims);
        assert_eq!(fault("sid", json!(7)), OidcFault::Claims);
        let nobody = judge(TYP, |claims| {
            let claims = claims.as_object_mut().unwrap();
            claims.remove("sid");
            claims.remove("sub");
        });
        assert_eq!(nobody.unwrap_err(), OidcFault::Claims);
    }
}
