//! A browser comes back from a provider.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use wardgate_identity::oidc::{
    Discovery, IdTokenRules, OidcFault, SignedOn, TokenAnswer, check_callback, token_request,
};
use wardgate_identity::{SESSION_COOKIE, TokenFault, mfa_level, set_cookie};
use wardgate_records::people::{
    Means, NewSession, ProviderSession, Rotation, SessionKind, SessionRequest,
};
use wardgate_records::{Person, PersonState, Snapshot};

use super::pending::{Begun, Pending, cookie_of, forget, with_cookies};
use super::provider::{Provider, ProviderFault};
use super::refused::NoSignOn;
use super::start::{PROOF_AGE_MAX_S, redirect_uri};
use crate::Parts;

/// What a browser comes back with.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    #[serde(default)]
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /sso/NAME/callback`.
pub(super) async fn callback(
    State(parts): State<Parts>,
    Path(name): Path<String>,
    Query(answer): Query<Answer>,
    headers: HeaderMap,
) -> Response {
    match sign_on(&parts, &name, &answer, &headers).await {
        Ok((session, return_to)) => {
            let session = set_cookie(SESSION_COOKIE, session.token.expose_secret(), None);
            with_cookies([session, forget()], Redirect::to(&return_to))
        }
        Err(refused) => refused.page(&parts, &name, "/sso"),
    }
}

async fn sign_on(
    parts: &Parts,
    name: &str,
    answer: &Answer,
    headers: &HeaderMap,
) -> Result<(NewSession, String), NoSignOn> {
    let provider = parts.settings.provider(name);
    let provider = provider.ok_or(NoSignOn::UnknownProvider)?;
    let now = (parts.clock)();
    let begun = Begun::of(headers).ok_or(NoSignOn::NotBegun)?;
    // From here on the sign-in is used up, whatever comes of it.
    let pending = begun.take(parts, now).await?.ok_or(NoSignOn::NotBegun)?;
    if pending.provider != name {
        return Err(NoSignOn::NotBegun);
    }
    let discovery = provider.discovery(&*parts.fetch, now).await?;
    check_callback(
        &discovery,
        &begun.state(),
        &answer.state,
        answer.iss.as_deref(),
    )?;
    let code = match (&answer.error, &answer.code) {
        (None, Some(code)) => code,
        _ => return Err(NoSignOn::Declined),
    };
    let tokens = exchange(parts, provider, &discovery, (&begun, code), now).await?;
    let signed_on = verify(parts, provider, (&begun, &pending), &tokens, now).await?;
    let snapshot = parts.store.snapshot();
    let person = person_of(&snapshot, provider, &signed_on).ok_or(NoSignOn::NoAccess)?;
    let level = mfa_level(&signed_on.claims, &provider.settings().acr_levels).max(ONE_FACTOR);
    if level < provider.settings().require_mfa {
        return Err(NoSignOn::TooWeak);
    }
    let session = match &pending.again {
        Some(expected) if expected != &person.id => return Err(NoSignOn::SomebodyElse),
        Some(expected) => prove_again(parts, headers, (expected, level), now).await?,
        None => begin(parts, provider, person, (&signed_on, level), now).await?,
    };
    Ok((session, pending.return_to))
}

async fn exchange(
    parts: &Parts,
    provider: &Provider,
    discovery: &Discovery,
    (begun, code): (&Begun, &str),
    now: Timestamp,
) -> Result<TokenAnswer, NoSignOn> {
    let settings = provider.settings();
    let request = token_request(
        discovery,
        (&settings.client_id, &settings.proof),
        (
            code,
            &begun.verifier(),
            &redirect_uri(parts, &settings.name),
        ),
        &begun.assertion(),
        now,
    )?;
    let answer = parts.fetch.fetch(request).await;
    let answer = answer.map_err(|fault| NoSignOn::Provider(ProviderFault::Unreachable(fault)))?;
    Ok(TokenAnswer::parse(&answer)?)
}

/// Verifies the ID token; with fresh keys when it names one that is not known yet.
async fn verify(
    parts: &Parts,
    provider: &Provider,
    (begun, pending): (&Begun, &Pending),
    tokens: &TokenAnswer,
    now: Timestamp,
) -> Result<SignedOn, NoSignOn> {
    let settings = provider.settings();
    let proven_since = if pending.again.is_some() {
        Timestamp::from_second(pending.begun_s).unwrap_or(now)
    } else {
        let age_max_s = i64::try_from(PROOF_AGE_MAX_S).unwrap_or(0);
        now - SignedDuration::from_secs(age_max_s)
    };
    let nonce = begun.nonce();
    let access_token = tokens.access_token.as_ref();
    let rules = IdTokenRules {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        nonce: &nonce,
        access_token: access_token.map(|token| token.expose_secret()),
        proven_since,
        now,
    };
    let id_token = tokens.id_token.expose_secret();
    let keys = provider.keys(&*parts.fetch, now, false).await?;
    match rules.check(id_token, &keys) {
        Err(OidcFault::Token(TokenFault::KeyUnknown)) => {
            let keys = provider.keys(&*parts.fetch, now, true).await?;
            Ok(rules.check(id_token, &keys)?)
        }
        checked => Ok(checked?),
    }
}

/// Whom the provider means: the one with this identity on file, or with the id that the chosen
/// claim holds. Somebody whom the records tie to another subject of this provider is not found by
/// the claim. None also when the person may not act.
fn person_of<'s>(
    snapshot: &'s Snapshot,
    provider: &Provider,
    signed_on: &SignedOn,
) -> Option<&'s Person> {
    let settings = provider.settings();
    let known = snapshot.person_of_identity(&settings.issuer, &signed_on.subject);
    let named = || {
        let id = signed_on.claims.text(settings.person_claim.as_deref()?)?;
        let person = snapshot.person(id)?;
        let tied = person
            .identities
            .iter()
            .any(|identity| identity.issuer == settings.issuer);
        (!tied).then_some(person)
    };
    let person = &known.or_else(named)?.record;
    (person.state == PersonState::Active).then_some(person)
}

async fn begin(
    parts: &Parts,
    provider: &Provider,
    person: &Person,
    (signed_on, level): (&SignedOn, u8),
    now: Timestamp,
) -> Result<NewSession, NoSignOn> {
    let settings = provider.settings();
    let granted_roles = settings
        .groups_claim
        .as_deref()
        .map(|claim| provider.roles_of(signed_on.claims.groups(claim)));
    let request = SessionRequest {
        person: &person.id,
        kind: SessionKind::Browser,
        means: Means::Provider,
        mfa_level: level,
        proven_at: signed_on.proven,
        granted_roles: granted_roles.as_deref(),
        about: &settings.label,
        provider: Some(ProviderSession {
            issuer: &settings.issuer,
            subject: &signed_on.subject,
            session: signed_on.session.as_deref(),
        }),
    };
    Ok(parts.store.start_session(&request, now).await?)
}

/// Renews the session that this browser holds, if it is still that of the person who had to prove
/// themselves again.
async fn prove_again(
    parts: &Parts,
    headers: &HeaderMap,
    (person, level): (&str, u8),
    now: Timestamp,
) -> Result<NewSession, NoSignOn> {
    let token = cookie_of(headers, SESSION_COOKIE).ok_or(NoSignOn::NotBegun)?;
    let held = parts.store.find_session(token, now).await?;
    if held.ok_or(NoSignOn::NotBegun)?.person != person {
        return Err(NoSignOn::SomebodyElse);
    }
    let proof = Rotation {
        means: Means::Provider,
        mfa_level: level,
    };
    let renewed = parts.store.rotate_session(token, proof, now).await?;
    renewed.ok_or(NoSignOn::NotBegun)
}

const ONE_FACTOR: u8 = 1;
