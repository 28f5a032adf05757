//! One issuer whose tokens the gate accepts.

use wardgate_gateway::TrustedIssuer;
use wardgate_identity::is_key_address;

use super::providers::{ISSUER, is_issuer, is_level, is_visible};
use crate::config::fields::Section;

pub(super) fn read(section: &Section<'_>) -> Option<TrustedIssuer> {
    let issuer = section.needed("issuer", ISSUER, is_issuer, "Its issuer, to the character.");
    let audience = section.needed(
        "audience",
        "what the issuer calls this gate",
        is_visible,
        "What its tokens for this gate have as audience.",
    );
    let keys_url = section.needed(
        "keys_url",
        "an address over https, or http on this machine",
        is_key_address,
        "Where its public keys (a JWK Set) are fetched in the background.",
    );
    let bearer = section.flag(
        "bearer",
        true,
        "Whether its tokens identify an application by themselves, as those of a SMART app launch do.",
    );
    let on_behalf_of = section.flag(
        "on_behalf_of",
        true,
        "Whether its tokens prove a person in `wardgate-on-behalf-of`.",
    );
    let scope = section.text(
        "scope",
        "wardgate/call",
        "one scope",
        is_visible,
        "Scope that a token must have to identify an application.",
    );
    let acr_levels = section.pairs(
        "acr_levels",
        "`{value: level, ...}` with levels 0 to 3",
        is_level,
        "Level of proof by `acr`. Otherwise `amr` counts (RFC 8176).",
    );
    section.end();
    let (bearer, on_behalf_of) = (bearer?, on_behalf_of?);
    if !bearer && !on_behalf_of {
        section.fault(
            "bearer",
            "the issuer is trusted for nothing".to_owned(),
            "set `bearer` or `on_behalf_of`, or remove it",
        );
        return None;
    }
    let levels = acr_levels?.into_iter();
    Some(TrustedIssuer {
        issuer: issuer?,
        audience: audience?,
        keys_url: keys_url?,
        bearer,
        on_behalf_of,
        scope: scope?,
        acr_levels: levels
            .filter_map(|(acr, level)| Some((acr, level.parse().ok()?)))
            .collect(),
    })
}
