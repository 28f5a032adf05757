//! Who vouches for people and applications beside this node itself.

mod issuers;
mod providers;

use wardgate_gateway::TrustedIssuer;

use super::fields::Reader;

pub(crate) use providers::{ClientProof, SignOnProvider};

/// Who vouches for people and applications.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Providers of identity through which people sign in.
    pub(crate) providers: Vec<SignOnProvider>,
    /// The provider whose issuer and roles count for people whom a directory provisions.
    pub(crate) scim_provider: Option<String>,
    /// Issuers whose tokens the gate accepts beside the providers, such as the record system.
    pub(crate) ehr: Vec<TrustedIssuer>,
}

pub(super) fn read(reader: &Reader) -> Option<Identity> {
    let section = reader.section("identity");
    let providers = section.groups(
        "providers",
        "identity.providers",
        "Providers of identity (OpenID Connect) through which people sign in to the console.",
        providers::read,
    );
    let scim_provider = section.text(
        "scim_provider",
        "",
        "the name of one of `identity.providers`",
        providers::is_name,
        "Provider whose people the directory provisions by SCIM: its issuer and its `roles` count for them.",
    );
    let ehr = section.groups(
        "ehr",
        "identity.ehr",
        "Issuers whose tokens the gate accepts, such as the hospital's record system. Providers of `identity.providers` prove people in `wardgate-on-behalf-of` without standing here.",
        issuers::read,
    );
    section.end();
    let (providers, scim_provider, ehr) = (providers?, scim_provider?, ehr?);
    let mut issuers: Vec<&str> = ehr.iter().map(|one| one.issuer.as_str()).collect();
    issuers.sort_unstable();
    if issuers
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        section.fault(
            "ehr",
            "an issuer stands twice".to_owned(),
            "keep one of them; it can be trusted for both uses",
        );
        return None;
    }
    let mut names: Vec<&str> = providers.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    if names
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        section.fault(
            "providers",
            "two providers of identity have the same name".to_owned(),
            "give each a name of its own",
        );
        return None;
    }
    let scim_provider = Some(scim_provider).filter(|name| !name.is_empty());
    if let Some(name) = &scim_provider
        && !names.contains(&name.as_str())
    {
        section.fault(
            "scim_provider",
            format!("there is no provider `{name}`"),
            "name one of `identity.providers`",
        );
        return None;
    }
    Some(Identity {
        providers,
        scim_provider,
        ehr,
    })
}
