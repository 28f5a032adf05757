//! Who calls: an app by its key, token or certificate, and the person it acts for.
//!
//! Whatever a caller presents can only narrow what its app was granted: a token's patient, systems
//! and purposes hold beside those of the records, and a header holds beside those of the token.
//!
//! A wrong credential is answered late, and the later the more often it happens from one network.
//! A right one is never delayed, whoever shares its network, so nobody can lock a clinician out.

mod behalf;
mod failures;
mod narrowing;
mod trust;

use std::sync::Arc;

use http::{HeaderMap, header};
use jiff::Timestamp;
use wardgate_authz::SignIn;
use wardgate_identity::ClientCertificate;
use wardgate_records::events::{Credential, CredentialKind};
use wardgate_records::{
    App, AppState, Key, KeyRefusal, Person, PersonState, PresentedKey, RecordId, Snapshot,
    Versioned,
};

use crate::refusal::{self, Refusal};
use crate::trail::Trail;
pub(crate) use failures::Failures;
use narrowing::Narrowing;
pub use trust::{Trust, TrustedIssuer};

/// Proof that the caller is an active app, acting for an active person or for nobody.
#[derive(Debug)]
pub(crate) struct Identified {
    app: Arc<Versioned<App>>,
    person: Option<Arc<Versioned<Person>>>,
    by: By,
    narrowing: Narrowing,
    proof: Option<SignIn>,
    on_behalf_of: Option<[u8; 32]>,
}

/// What the app presented.
#[derive(Debug)]
pub(crate) enum By {
    Key(Arc<Key>),
    Other(Credential),
}

/// What a request brings to identify its sender by.
#[derive(Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The certificate that the sender proved to hold, on this connection.
    pub(crate) certificate: Option<&'a ClientCertificate>,
}

impl Identified {
    /// The app that calls.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The person it acts for.
    pub(crate) fn person(&self) -> Option<&Person> {
        self.person.as_ref().map(|person| &person.record)
    }

    /// The key used, when it was a key.
    pub(crate) fn key(&self) -> Option<RecordId> {
        match &self.by {
            By::Key(key) => Some(key.id),
            By::Other(_) => None,
        }
    }

    /// What else identified the app, when it was no key.
    pub(crate) fn credential(&self) -> Option<Credential> {
        match &self.by {
            By::Key(_) => None,
            By::Other(credential) => Some(*credential),
        }
    }

    /// SHA-256 of the person's own token, when one was presented beside the app's credential.
    pub(crate) fn on_behalf_of(&self) -> Option<[u8; 32]> {
        self.on_behalf_of
    }

    /// How the person proved who they are, when their token tells.
    pub(crate) fn proof(&self) -> Option<SignIn> {
        self.proof
    }

    /// Whether key and token cover this system.
    pub(crate) fn allows_system(&self, id: &str) -> bool {
        let by_key = match &self.by {
            By::Key(key) => key.allows_system(id),
            By::Other(_) => true,
        };
        by_key && self.narrowing.allows_system(id)
    }

    /// Whether key and token cover this purpose.
    pub(crate) fn allows_purpose(&self, code: &str) -> bool {
        let by_key = match &self.by {
            By::Key(key) => key.allows_purpose(code),
            By::Other(_) => true,
        };
        by_key && self.narrowing.allows_purpose(code)
    }

    /// The purposes that key or token name; none means all that policy allows.
    pub(crate) fn purposes(&self) -> &[String] {
        match &self.by {
            By::Key(key) => &key.purposes,
            By::Other(_) => self.narrowing.purposes(),
        }
    }
}

/// Identifies the sender of a request.
pub(crate) fn identify(
    presented: Presented<'_>,
    trust: &Trust,
    snapshot: &Snapshot,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identified, Refusal> {
    let identified = match credential(presented.headers)? {
        Some(text) if is_token(text) => by_token(text, presented, trust, snapshot, now, trail)?,
        Some(text) => by_key(text, snapshot, now, trail)?,
        None => by_certificate(presented, snapshot, now, trail)?,
    };
    if identified.app.state != AppState::Active {
        return Err(Refusal::new(&refusal::APP_SUSPENDED));
    }
    if let Some(certificate) = presented.certificate {
        let owner = snapshot.app_of_certificate(certificate.thumbprint(), certificate.names());
        if owner.is_some_and(|owner| owner.id != identified.app.id) {
            return Err(Refusal::new(&refusal::CERTIFICATE_OTHER));
        }
    }
    let identified = behalf::of(identified, presented.headers, trust, snapshot, now)?;
    if let Some(person) = &identified.person {
        trail.acts_for(&person.id);
        if person.state != PersonState::Active {
            return Err(Refusal::new(&refusal::PERSON_SUSPENDED));
        }
    }
    Ok(identified)
}

fn by_key(
    text: &str,
    snapshot: &Snapshot,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identified, Refusal> {
    let presented = PresentedKey::parse(text)
        .map_err(|fault| Refusal::because(&refusal::KEY_INVALID, fault.to_string()))?;
    let key = snapshot.identify(&presented, now).map_err(|refused| {
        Refusal::new(match refused {
            KeyRefusal::Expired(_) | KeyRefusal::Revoked(_) => &refusal::KEY_EXPIRED,
            _ => &refusal::KEY_INVALID,
        })
    })?;
    trail.presented(key);
    let missing = || Refusal::new(&refusal::KEY_INVALID);
    let app = snapshot.app(&key.app).ok_or_else(missing)?;
    let person = match &key.person {
        None => None,
        Some(id) => Some(snapshot.person(id).ok_or_else(missing)?.clone()),
    };
    Ok(Identified {
        app: app.clone(),
        person,
        by: By::Key(key.clone()),
        narrowing: Narrowing::default(),
        proof: None,
        on_behalf_of: None,
    })
}

fn by_token(
    text: &str,
    presented: Presented<'_>,
    trust: &Trust,
    snapshot: &Snapshot,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identified, Refusal> {
    let token = trust.check_bearer(text, now)?;
    let claims = &token.verified.claims;
    let invalid = |reason| Refusal::new(&refusal::TOKEN_INVALID).with_reason(reason);
    if claims.has("cnf") {
        // Bound to a certificate, or to something that is not understood: then to nothing here.
        let shown = presented.certificate.filter(|shown| shown.holds(now));
        let bound = claims.bound_certificate();
        if bound.is_none() || shown.map(ClientCertificate::confirmation).as_deref() != bound {
            return Err(invalid("binding"));
        }
    }
    let party = claims.authorised_party();
    let (app, kind) = match token.issuer() {
        None => (
            party.and_then(|client| snapshot.app(client)),
            CredentialKind::AccessToken,
        ),
        Some(issuer) => (
            party.and_then(|client| snapshot.app_of_client(&issuer.issuer, client)),
            CredentialKind::EhrToken,
        ),
    };
    let app = app.ok_or_else(|| invalid("client"))?;
    let digest = token.verified.digest;
    trail.identified(&app.id);
    let scope = token
        .issuer()
        .map_or(CALL_SCOPE, |issuer| issuer.scope.as_str());
    if !claims.scopes().any(|granted| granted == scope) {
        return Err(Refusal::new(&refusal::SCOPE_CALL));
    }
    let person = match token.issuer() {
        None => None,
        Some(issuer) => behalf::user(claims, &issuer.issuer, snapshot)
            .map_err(|behalf::UnknownUser| invalid("person"))?,
    };
    let proof = token
        .issuer()
        .filter(|_| person.is_some())
        .map(|issuer| behalf::proof(claims, issuer, now));
    Ok(Identified {
        app: app.clone(),
        person,
        by: By::Other(Credential { kind, digest }),
        narrowing: Narrowing::of(claims),
        proof,
        on_behalf_of: None,
    })
}

fn by_certificate(
    presented: Presented<'_>,
    snapshot: &Snapshot,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Identified, Refusal> {
    let certificate = presented.certificate.filter(|shown| shown.holds(now));
    let found = certificate.and_then(|shown| {
        let app = snapshot.app_of_certificate(shown.thumbprint(), shown.names())?;
        Some((app, *shown.thumbprint()))
    });
    let (app, digest) = found.ok_or_else(|| Refusal::new(&refusal::KEY_MISSING))?;
    trail.identified(&app.id);
    let kind = CredentialKind::Certificate;
    Ok(Identified {
        app: app.clone(),
        person: None,
        by: By::Other(Credential { kind, digest }),
        narrowing: Narrowing::default(),
        proof: None,
        on_behalf_of: None,
    })
}

/// The bearer credential or API key in the head; none when there is neither header.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let missing = || Refusal::new(&refusal::KEY_MISSING);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(value) = values.next() {
        let (scheme, text) = value
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .ok_or_else(missing)?;
        // Two credentials leave open which one counts.
        if !scheme.eq_ignore_ascii_case("bearer") || values.next().is_some() {
            return Err(missing());
        }
        return Ok(Some(text.trim()));
    }
    match headers.get("x-api-key") {
        None => Ok(None),
        Some(value) => value.to_str().map(Some).map_err(|_| missing()),
    }
}

/// API keys have no dots, signed tokens two.
fn is_token(text: &str) -> bool {
    !text.starts_with("wg_") && text.contains('.')
}

/// What a token of ours must grant for a call.
const CALL_SCOPE: &str = "wardgate/call";
