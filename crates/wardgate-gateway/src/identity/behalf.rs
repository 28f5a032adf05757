//! The person that an app acts for, proved by the person's own token: of the hospital's provider of
//! identity or record system, for this gate, and issued to this very app.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use wardgate_authz::SignIn;
use wardgate_identity::{Claims, mfa_level};
use wardgate_records::{Person, Snapshot, Versioned};

use super::{Identified, Trust, TrustedIssuer};
use crate::refusal::{self, Refusal};

/// How a person proved who they are to their provider. An age that is not told is the greatest.
pub(super) fn proof(claims: &Claims, issuer: &TrustedIssuer, now: Timestamp) -> SignIn {
    let age_s = claims.authenticated().map_or(u64::MAX, |at| {
        // A provider whose clock is ahead proves nothing newer than now.
        u64::try_from(now.duration_since(at).as_secs()).unwrap_or(0)
    });
    SignIn {
        level: mfa_level(claims, &issuer.acr_levels),
        age_s,
    }
}

/// The token names a user whom the records do not know.
pub(super) struct UnknownUser;

/// The person that a token is about: `fhirUser`, else `sub`. None when it names no user, as tokens
/// of an app for itself.
pub(super) fn user(
    claims: &Claims,
    issuer: &str,
    snapshot: &Snapshot,
) -> Result<Option<Arc<Versioned<Person>>>, UnknownUser> {
    let find = |subject: &str| snapshot.person_of_identity(issuer, subject).cloned();
    match claims.fhir_user() {
        Some(user) => find(user)
            .or_else(|| find(relative(user)))
            .map(Some)
            .ok_or(UnknownUser),
        None => Ok(claims.subject().and_then(find)),
    }
}

/// Adds the person of `wardgate-on-behalf-of` to an identified app.
pub(super) fn of(
    mut identified: Identified,
    headers: &HeaderMap,
    trust: &Trust,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Identified, Refusal> {
    let mut values = headers.get_all(&ON_BEHALF_OF).iter();
    let Some(value) = values.next() else {
        return Ok(identified);
    };
    let invalid = |reason| Refusal::new(&refusal::ON_BEHALF_OF_INVALID).with_reason(reason);
    let text = value.to_str().map_err(|_| invalid("malformed"))?.trim();
    if values.next().is_some() {
        return Err(invalid("twice"));
    }
    let token = trust.check_person(text, now)?;
    let claims = &token.verified.claims;
    let issuer = token.issuer().ok_or_else(|| invalid("issuer"))?;
    let party = claims
        .authorised_party()
        .and_then(|client| snapshot.app_of_client(&issuer.issuer, client));
    if party.is_none_or(|party| party.id != identified.app.id) {
        return Err(invalid("client"));
    }
    let person = user(claims, &issuer.issuer, snapshot)
        .ok()
        .flatten()
        .ok_or_else(|| invalid("person"))?;
    if let Some(bound) = &identified.person
        && bound.id != person.id
    {
        return Err(invalid("other_person"));
    }
    identified.narrowing.also_of(claims)?;
    identified.proof = Some(proof(claims, issuer, now));
    identified.on_behalf_of = Some(token.verified.digest);
    identified.person = Some(person);
    Ok(identified)
}

/// `Practitioner/77` of `https://ehr.example.org/fhir/Practitioner/77`.
fn relative(user: &str) -> &str {
    let from = user.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    user.get(from..).unwrap_or(user)
}

const ON_BEHALF_OF: HeaderName = HeaderName::from_static("wardgate-on-behalf-of");

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn a_user_is_known_by_the_end_of_its_address() {
        for (user, end) in [
            (
                "https://ehr.example.org/fhir/Practitioner/77",
                "Practitioner/77",
            ),
            ("Practitioner/77", "Practitioner/77"),
            ("77", "77"),
            ("", ""),
        ] {
            assert_eq!(relative(user), end);
        }
    }
}
