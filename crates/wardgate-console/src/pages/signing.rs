//! What the pages of sign-in share: who comes from where, which device is known, and the cookies
//! of somebody who signed in.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts as Head;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use wardgate_identity::{
    DEVICE_COOKIE, PasskeyFault, Passkeys, Proof, SESSION_COOKIE, clear_cookie, read_cookie,
    set_cookie,
};
use wardgate_records::people::{
    Credential, CredentialKind, DEVICE_DAYS, Means, NewSession, Rotation, SessionKind,
    SessionRequest,
};

use super::porter::{Porter, Trying};
use crate::Parts;
use crate::refusal::Refusal;
use crate::return_to;

/// All that a handler of sign-in needs of a request beside its form.
pub(super) struct Door {
    pub(super) parts: Parts,
    pub(super) porter: Arc<Porter>,
    pub(super) headers: HeaderMap,
    pub(super) peer: Option<IpAddr>,
}

impl axum::extract::FromRequestParts<Parts> for Door {
    type Rejection = Refusal;

    async fn from_request_parts(head: &mut Head, parts: &Parts) -> Result<Self, Refusal> {
        let porter = Extension::<Arc<Porter>>::from_request_parts(head, parts).await;
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            parts: parts.clone(),
            porter: porter.map_err(|_| Refusal::internal())?.0,
            peer: peer.map(|peer| peer.0.ip()),
            headers: head.headers.clone(),
        })
    }
}

impl Door {
    /// The token of a cookie of this request.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(header::COOKIE).iter();
        read_cookie(cookies.filter_map(|value| value.to_str().ok()), name)
    }

    /// Who tries to sign in under this name, for delays.
    pub(super) async fn trying<'a>(&'a self, name: &'a str) -> Result<Trying<'a>, Refusal> {
        let known_device = match self.cookie(DEVICE_COOKIE) {
            Some(device) => {
                let known = self.parts.store.knows_device(device, name, self.now());
                known.await?.then_some(device)
            }
            None => None,
        };
        Ok(Trying {
            name,
            known_device,
            peer: self.peer,
        })
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        (self.parts.clock)()
    }

    pub(super) fn passkeys(&self) -> Result<Passkeys, Refusal> {
        Passkeys::new(&self.parts.settings.origin).map_err(|fault| {
            Refusal::new(
                StatusCode::CONFLICT,
                "passkey.origin",
                fault.to_string(),
                "set `console.origin` to the name by which browsers reach the console",
            )
        })
    }

    /// Starts a session and says which cookies carry it. Whatever cookie the request had before
    /// is worth nothing for it.
    pub(super) async fn sign_in(
        &self,
        person: &str,
        means: Means,
        proof: Proof,
    ) -> Result<Vec<String>, Refusal> {
        if !proof.signs_in() {
            return Err(Refusal::internal());
        }
        let now = self.now();
        let about = about(&self.headers);
        let request = SessionRequest {
            person,
            kind: SessionKind::Browser,
            means,
            mfa_level: proof.level(),
            proven_at: now,
            granted_roles: None,
            about: &about,
            provider: None,
        };
        let store = &self.parts.store;
        if let Some(old) = self.cookie(SESSION_COOKIE) {
            store.end_session(old, now).await?;
        }
        let session = store.start_session(&request, now).await?;
        let mut cookies = vec![session_cookie(&session)];
        if self.trying(person).await?.known_device.is_none() {
            let device = store.remember_device(person, now).await?;
            let age_s = u64::try_from(DEVICE_DAYS).unwrap_or(0) * 24 * 60 * 60;
            let token = device.expose_secret();
            cookies.push(set_cookie(DEVICE_COOKIE, token, Some(age_s)));
        }
        Ok(cookies)
    }

    /// Puts a fresh session in the place of the one of this request.
    pub(super) async fn step_up(&self, means: Means, proof: Proof) -> Result<Vec<String>, Refusal> {
        let token = self.cookie(SESSION_COOKIE).ok_or_else(Refusal::stranger)?;
        let rotation = Rotation {
            means,
            mfa_level: proof.level(),
        };
        let rotated = self.parts.store.rotate_session(token, rotation, self.now());
        let session = rotated.await?.ok_or_else(Refusal::stranger)?;
        Ok(vec![session_cookie(&session)])
    }

    /// The credentials of a person of one kind.
    pub(super) async fn ways(
        &self,
        person: &str,
        kind: CredentialKind,
    ) -> Result<Vec<Credential>, Refusal> {
        let mut ways = self.parts.store.credentials(person).await?;
        ways.retain(|way| way.kind == kind);
        Ok(ways)
    }

    /// Checks a one-time code of a person and uses it up.
    pub(super) async fn takes_code(&self, person: &str, code: &str) -> Result<bool, Refusal> {
        let now = self.now();
        for way in self.ways(person, CredentialKind::Totp).await? {
            let step = wardgate_identity::TotpSecret::read(&way.secret)
                .and_then(|secret| secret.check(code, now));
            if let Some(step) = step
                && self.parts.store.spend_totp_step(way.id, step).await?
            {
                self.parts.store.note_use(way.id, now).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn session_cookie(session: &NewSession) -> String {
    set_cookie(SESSION_COOKIE, session.token.expose_secret(), None)
}

/// Takes the cookie of a session away.
pub(super) fn forget() -> Vec<String> {
    vec![clear_cookie(SESSION_COOKIE)]
}

/// A response with cookies.
pub(super) fn with_cookies(cookies: Vec<String>, response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    for cookie in cookies {
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// On to another page of this console.
pub(super) fn on_to(next: &str) -> Redirect {
    Redirect::to(return_to::local(next).unwrap_or("/"))
}

/// What the script is told to ask the authenticator.
#[derive(Serialize)]
pub(super) struct Ask {
    challenge: String,
    options: serde_json::Value,
}

impl Ask {
    pub(super) fn new(challenge: &SecretString, options: &str) -> Result<Json<Self>, Refusal> {
        Ok(Json(Self {
            challenge: challenge.expose_secret().to_owned(),
            options: serde_json::from_str(options).map_err(|_| Refusal::internal())?,
        }))
    }
}

/// What the script hands back.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) challenge: String,
    pub(super) answer: serde_json::Value,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) next: String,
}

impl Answer {
    /// The name that the owner gave the new passkey, or one in its place.
    pub(super) fn label(&self) -> &str {
        match self.label.trim() {
            "" => "Passkey",
            label => label,
        }
    }

    /// Where the script goes next.
    pub(super) fn next(&self) -> Json<serde_json::Value> {
        let next = return_to::local(&self.next).unwrap_or("/");
        Json(serde_json::json!({ "next": next }))
    }
}

/// The one answer to every sign-in that is not right.
pub(super) fn not_right() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "sign_in.refused",
        "this did not prove who you are",
        "try again, or use another way to sign in",
    )
}

pub(super) fn passkey_refused(_: PasskeyFault) -> Refusal {
    not_right()
}

/// The browser and the system that a request says it comes from, in a few fixed words.
fn about(headers: &HeaderMap) -> String {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // Browsers name others that they resemble, so the order matters.
    let browsers = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named = |list: &[(&str, &'static str)]| {
        let found = list.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_in_few_words() {
        let of = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            about(&headers)
        };
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(of(chrome), "Chrome on Linux");
        assert_eq!(of(&format!("{chrome} Edg/140.0")), "Edge on Linux");
        assert_eq!(of("curl/8"), "A browser");
        assert_eq!(about(&HeaderMap::new()), "A browser");
    }
}
