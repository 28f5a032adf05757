//! One provider of identity.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::fields::Section;

/// A provider of identity through which people sign in.
#[derive(Debug, Clone)]
pub(crate) struct SignOnProvider {
    /// Its name in addresses of the console.
    pub(crate) name: String,
    /// What people read on the sign-in page.
    pub(crate) label: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// What its tokens for the gate have as audience.
    pub(crate) audience: String,
    pub(crate) proof: ClientProof,
    pub(crate) scopes: Vec<String>,
    /// The claim that lists a person's groups; without one, roles come from the record alone.
    pub(crate) groups_claim: Option<String>,
    /// Roles by groups.
    pub(crate) roles: Vec<(String, String)>,
    /// Levels by `acr`.
    pub(crate) acr_levels: BTreeMap<String, u8>,
    /// What is asked for when a person must prove themselves again.
    pub(crate) step_up_acr: Vec<String>,
    /// The claim that names the person's id; without one, only recorded identities count.
    pub(crate) person_claim: Option<String>,
    /// The least level with which a session begins.
    pub(crate) require_mfa: u8,
}

/// How this node proves to a provider which client it is.
#[derive(Debug, Clone)]
pub(crate) enum ClientProof {
    /// A secret, in a file.
    Secret(PathBuf),
    /// A private key (PKCS #8 PEM), in a file: `private_key_jwt`.
    Key(PathBuf),
}

pub(super) fn read(section: &Section<'_>) -> Option<SignOnProvider> {
    let name = name(section);
    let label = label(section);
    let issuer = section.needed("issuer", ISSUER, is_issuer, "Its issuer, to the character.");
    let client_id = section.needed(
        "client_id",
        "the identifier that the provider gave",
        is_visible,
        "What the provider calls this node.",
    );
    let audience = audience(section);
    let proof = proof(section);
    let scopes = section.words(
        "scopes",
        "[openid, profile]",
        "Scopes that are asked for; `openid` must be among them.",
    );
    let groups_claim = optional(
        section,
        "groups_claim",
        "Claim of the ID token that lists the person's groups. When set, a session has the roles of `roles` and no others.",
    );
    let roles = section.pairs(
        "roles",
        "`{group: role, ...}` with known roles",
        |group, role| is_claim_text(group) && is_visible(role),
        "Roles by groups. A group that does not stand here gives nothing.",
    );
    let levels = levels(section);
    let person_claim = optional(
        section,
        "person_claim",
        "Claim that holds the id of the person's record, for people without a recorded identity.",
    );
    let require_mfa = section.number(
        "require_mfa",
        1,
        0..=3,
        "Least level of proof with which a session begins: 1 one factor, 2 two, 3 phishing-resistant.",
    );
    section.end();
    let ((acr_levels, step_up_acr), scopes, name) = (levels?, scopes?, name?);
    if !scopes.iter().any(|scope| scope == "openid") {
        section.fault(
            "scopes",
            "the scope `openid` is not asked for".to_owned(),
            "add `openid` to the list",
        );
        return None;
    }
    let client_id = client_id?;
    Some(SignOnProvider {
        label: label
            .filter(|label| !label.is_empty())
            .unwrap_or_else(|| name.clone()),
        name,
        issuer: issuer?,
        audience: audience?.unwrap_or_else(|| client_id.clone()),
        client_id,
        proof: proof?,
        scopes,
        groups_claim: groups_claim?,
        roles: roles?,
        acr_levels,
        step_up_acr,
        person_claim: person_claim?,
        require_mfa: require_mfa?,
    })
}

fn name(section: &Section<'_>) -> Option<String> {
    section.needed(
        "name",
        "1 to 40 of `a-z`, `0-9` and `-`",
        is_name,
        "Name of the provider in addresses: `/sso/NAME/callback` is what to register with it.",
    )
}

fn label(section: &Section<'_>) -> Option<String> {
    section.text(
        "label",
        "",
        "up to 60 characters",
        |text| text.chars().count() <= 60,
        "What people read on the button of the sign-in page; otherwise the name.",
    )
}

fn audience(section: &Section<'_>) -> Option<Option<String>> {
    let text = section.text(
        "audience",
        "",
        "what the provider calls this gate",
        is_visible,
        "What its tokens in `wardgate-on-behalf-of` have as audience; otherwise the client id.",
    )?;
    Some(Some(text).filter(|text| !text.is_empty()))
}

fn proof(section: &Section<'_>) -> Option<ClientProof> {
    let secret = section.path_if("client_secret_file", "File with the client secret.");
    let key = section.path_if(
        "client_key_file",
        "File with a private key (PKCS #8 PEM, P-256 or P-384) instead of a secret: `private_key_jwt`.",
    );
    match (secret?, key?) {
        (Some(secret), None) => Some(ClientProof::Secret(secret)),
        (None, Some(key)) => Some(ClientProof::Key(key)),
        _ => {
            section.fault(
                "client_secret_file",
                "a provider needs a client secret or a client key, and not both".to_owned(),
                "set `client_secret_file` or `client_key_file`",
            );
            None
        }
    }
}

type Levels = (BTreeMap<String, u8>, Vec<String>);

fn levels(section: &Section<'_>) -> Option<Levels> {
    let acr_levels = section.pairs(
        "acr_levels",
        "`{value: level, ...}` with levels 0 to 3",
        is_level,
        "Level of proof by `acr`; `phr` and `phrh` are 3 unless they stand here. Otherwise `amr` counts (RFC 8176).",
    );
    let step_up_acr = section.words(
        "step_up_acr",
        "",
        "`acr_values` asked for when a person must prove themselves again.",
    );
    let mut levels: BTreeMap<String, u8> =
        RESISTANT.iter().map(|&acr| (acr.to_owned(), 3)).collect();
    for (acr, level) in acr_levels? {
        levels.insert(acr, level.parse().ok()?);
    }
    Some((levels, step_up_acr?))
}

fn optional(
    section: &Section<'_>,
    name: &'static str,
    what: &'static str,
) -> Option<Option<String>> {
    let text = section.text(name, "", "the name of a claim", is_visible, what)?;
    Some(Some(text).filter(|text| !text.is_empty()))
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

pub(super) fn is_visible(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_claim_text(text: &str) -> bool {
    (1..=200).contains(&text.len()) && !text.chars().any(char::is_control)
}

pub(super) fn is_level(name: &str, level: &str) -> bool {
    is_claim_text(name) && matches!(level, "0" | "1" | "2" | "3")
}

pub(super) fn is_issuer(text: &str) -> bool {
    wardgate_identity::oidc::is_issuer(text)
}

/// Phishing-resistant proof, as OpenID EAP ACR Values name it.
const RESISTANT: &[&str] = &["phr", "phrh"];
pub(super) const ISSUER: &str =
    "an `https://` address without query and fragment; `http://` is for this machine only";
