//! What a token says, by name and type.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The claims of a token. Their Debug form names nobody.
#[derive(Clone, PartialEq)]
pub struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    /// A claim that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim that is a text or a list of texts.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim that is a time in seconds.
    #[must_use]
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        let value = self.0.get(name)?;
        let seconds = match value.as_i64() {
            Some(seconds) => seconds,
            // Some providers write fractions; what is beyond the range of a time is none.
            None => whole_seconds(value.as_f64()?)?,
        };
        Timestamp::from_second(seconds).ok()
    }

    /// A claim as it stands.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Whether the claim is there, whatever it says.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Who issued the token (`iss`).
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Whom the token is about (`sub`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// For whom the token is (`aud`).
    #[must_use]
    pub fn audiences(&self) -> Vec<&str> {
        self.texts("aud")
    }

    /// The first instant at which the token holds no longer (`exp`).
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.time("exp")
    }

    /// When the token was issued (`iat`).
    #[must_use]
    pub fn issued(&self) -> Option<Timestamp> {
        self.time("iat")
    }

    /// When the person last proved who they are (`auth_time`).
    #[must_use]
    pub fn authenticated(&self) -> Option<Timestamp> {
        self.time("auth_time")
    }

    /// The class of the proof (`acr`).
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.text("acr")
    }

    /// The methods of the proof (`amr`).
    #[must_use]
    pub fn amr(&self) -> Vec<&str> {
        self.texts("amr")
    }

    /// The application that the token was issued to: `azp`, else `client_id`. None when they differ.
    #[must_use]
    pub fn authorised_party(&self) -> Option<&str> {
        match (self.text("azp"), self.text("client_id")) {
            (Some(azp), Some(client)) if azp != client => None,
            (azp, client) => azp.or(client),
        }
    }

    /// The scopes granted (`scope`, words in a text or a list).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.texts("scope")
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
    }

    /// The patient in context of a SMART launch (`patient`).
    #[must_use]
    pub fn patient(&self) -> Option<&str> {
        self.text("patient")
    }

    /// The user of a SMART launch as a FHIR resource (`fhirUser`).
    #[must_use]
    pub fn fhir_user(&self) -> Option<&str> {
        self.text("fhirUser")
    }

    /// The groups of a person, under the name that the provider uses.
    #[must_use]
    pub fn groups(&self, name: &str) -> Vec<&str> {
        self.texts(name)
    }

    /// The session at the provider (`sid`).
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.text("sid")
    }

    /// Whether the token tells of this event (`events`).
    #[must_use]
    pub fn tells_of(&self, event: &str) -> bool {
        self.0
            .get("events")
            .and_then(Value::as_object)
            .and_then(|events| events.get(event))
            .is_some_and(Value::is_object)
    }

    /// What ties the token to a request for it (`nonce`).
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.text("nonce")
    }

    /// The id of the token (`jti`).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// The thumbprint of the certificate that the token is bound to (`cnf` with `x5t#S256`).
    #[must_use]
    pub fn bound_certificate(&self) -> Option<&str> {
        self.0
            .get("cnf")
            .and_then(Value::as_object)
            .and_then(|confirmation| confirmation.get("x5t#S256"))
            .and_then(Value::as_str)
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The whole seconds of a time with a fraction.
fn whole_seconds(seconds: f64) -> Option<i64> {
    if !(0.0..SECONDS_MAX).contains(&seconds) {
        return None;
    }
    format!("{:.0}", seconds.floor()).parse().ok()
}

/// The year 9999.
const SECONDS_MAX: f64 = 253_402_207_200.0;
