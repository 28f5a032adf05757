//! Reads how apps and people are known without an API key: keys, certificates, names at issuers.

use wardgate_authz::Operation;
use wardgate_identity::{JwkSet, SET_BYTES_MAX, is_key_address};

use super::fields::Fields;
use crate::record::{Clients, IssuedTo, PersonIdentity};

/// The operations that an app was granted.
pub(super) fn operations(fields: &Fields<'_>) -> Vec<String> {
    let mut words = fields.tokens("operations");
    for word in &words {
        if Operation::from_word(word).is_none() {
            let known: Vec<&str> = Operation::ALL
                .iter()
                .map(|operation| operation.word())
                .collect();
            let hint = super::nearest(word, &known).map_or_else(
                || "operations are words such as `consent.read`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            fields.fault(
                "operations",
                format!("there is no operation `{word}`"),
                hint,
            );
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// How an app proves who it is.
pub(super) fn read(fields: &Fields<'_>) -> Option<Clients> {
    let Some(group) = fields.group("clients") else {
        return Some(Clients::default());
    };
    let keys = group.text_if("keys", SET_BYTES_MAX);
    if let Some(keys) = &keys {
        match JwkSet::parse(keys.as_bytes()) {
            Ok(set) if set.skipped() == 0 => {}
            Ok(set) => group.fault(
                "keys",
                format!("{} of the keys can check no signature", set.skipped()),
                "leave them out: only RSA of 2048 bits or more, P-256, P-384 and Ed25519 are used",
            ),
            Err(fault) => group.fault(
                "keys",
                fault.to_string(),
                "write the public JWK Set as JSON: `keys: '{\"keys\": [...]}'`",
            ),
        }
    }
    let keys_url = group.token_if("keys_url");
    if keys_url.as_deref().is_some_and(|url| !is_key_address(url)) {
        group.fault(
            "keys_url",
            "keys cannot be fetched from this address",
            "use https, or http on this machine, without user, password and fragment",
        );
    }
    if keys.is_some() && keys_url.is_some() {
        group.fault(
            "keys_url",
            "`keys` and `keys_url` stand together",
            "keep one of them",
        );
    }
    let certificates = group.tokens("certificates");
    for name in &certificates {
        if !is_certificate_name(name) {
            group.fault(
                "certificates",
                format!("`{name}` names no certificate"),
                "write `sha256:` and 64 hexadecimal digits in lower case, `URI:...` or `DNS:...`",
            );
        }
    }
    let mut issued = Vec::new();
    for entry in group.groups("issued") {
        let (issuer, client) = (entry.token("issuer"), entry.token("client"));
        entry.end();
        if let (Some(issuer), Some(client)) = (issuer, client) {
            issued.push(IssuedTo { issuer, client });
        }
    }
    group.end()?;
    Some(Clients {
        keys,
        keys_url,
        certificates,
        issued,
    })
}

/// How providers of identity name a person.
pub(super) fn identities(fields: &Fields<'_>) -> Vec<PersonIdentity> {
    let mut identities = Vec::new();
    for entry in fields.groups("identities") {
        let (issuer, subject) = (entry.token("issuer"), entry.token("subject"));
        entry.end();
        if let (Some(issuer), Some(subject)) = (issuer, subject) {
            identities.push(PersonIdentity { issuer, subject });
        }
    }
    identities.sort_unstable();
    identities.dedup();
    identities
}

fn is_certificate_name(name: &str) -> bool {
    match name.split_once(':') {
        Some(("sha256", digits)) => {
            digits.len() == 64
                && digits
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        Some(("URI", uri)) => uri.contains(':'),
        Some(("DNS", name)) => !name.is_empty() && *name == name.to_ascii_lowercase(),
        _ => false,
    }
}
