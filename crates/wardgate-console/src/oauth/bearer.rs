//! Which application a bearer credential of the console's API belongs to.

use jiff::Timestamp;
use wardgate_identity::PresentedToken;
use wardgate_records::{App, AppState, PresentedKey, Snapshot};

use super::scopes;
use crate::Parts;
use crate::caller::Named;

/// The application behind an access token or an API key, with what it may do: of a token, what
/// its scopes and the record both say. None when nobody is behind it.
pub(crate) fn app_of_bearer(parts: &Parts, text: &str) -> Option<Named> {
    let now = (parts.clock)();
    let snapshot = parts.store.snapshot();
    let (app, operations) = match PresentedKey::parse(text) {
        Ok(key) => by_key(&key, &snapshot, now)?,
        Err(_) => by_token(text, parts, &snapshot, now)?,
    };
    (app.state == AppState::Active).then(|| Named::App {
        id: app.id.clone(),
        operations,
    })
}

fn by_key<'s>(
    key: &PresentedKey<'_>,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> Option<(&'s App, Vec<String>)> {
    let key = snapshot.identify(key, now).ok()?;
    let app = &snapshot.app(&key.app)?.record;
    // A key that acts for a person was made for calls to systems, not for what they do here.
    if key.person.is_some() {
        return None;
    }
    // So was one for some systems or purposes: it may do nothing here.
    let operations = if key.systems.is_empty() && key.purposes.is_empty() {
        app.operations.clone()
    } else {
        Vec::new()
    };
    Some((app, operations))
}

fn by_token<'s>(
    text: &str,
    parts: &Parts,
    snapshot: &'s Snapshot,
    now: Timestamp,
) -> Option<(&'s App, Vec<String>)> {
    let token = PresentedToken::parse(text).ok()?;
    let tokens = parts.settings.tokens.as_ref()?;
    let verified = tokens.access.verify(token, now).ok()?;
    // The console asks for no client certificate, so it cannot see what a token is bound to.
    if verified.claims.has("cnf") {
        return None;
    }
    let app = &snapshot.app(verified.claims.authorised_party()?)?.record;
    let operations = scopes::operations(verified.claims.scopes(), app);
    Some((app, operations))
}
