//! Reads an AI system: what it is, what it asks of callers, where it is reached.

use std::collections::BTreeMap;

use wardgate_authz::SystemState;
use zeroize::Zeroizing;

use super::super::fields::{Day, Fields};
use super::super::{Declared, Link};
use super::{COUNT_MAX, MFA_LEVEL_MAX, NAME_CHARS_MAX, purposes};
use crate::datasets::DATASET;
use crate::record::{DeidMode, Requirements, Risk, System, Upstream};

pub(super) fn system(fields: &Fields<'_>) -> Option<Declared> {
    let id = fields.id("id");
    let name = fields.text("name", NAME_CHARS_MAX);
    let model = fields.token("model");
    let vendor = fields.id("vendor");
    let states = SystemState::ALL.iter().map(|state| (state.word(), *state));
    let state = fields.word("state", &states.collect::<Vec<_>>(), None);
    let risk = fields.word(
        "risk",
        &[
            ("minimal", Risk::Minimal),
            ("limited", Risk::Limited),
            ("high", Risk::High),
        ],
        None,
    );
    let (digest, training_data) = digests(fields);
    let assessed_until = fields.time_if("assessed_until", Day::Ends);
    let purposes = purposes(fields, "purposes");
    let data_classes = fields.tokens("data_classes");
    let deid = fields.word(
        "deid",
        &[
            ("placeholder", DeidMode::Placeholder),
            ("off", DeidMode::Off),
        ],
        Some(DeidMode::Placeholder),
    );
    let requires_group = fields.group("requires");
    let requires = requires_group
        .as_ref()
        .map_or_else(|| Some(REQUIRES_DEFAULT), requirements);
    let findings_overdue = fields.number("findings_overdue", COUNT_MAX, 0_u32);
    let (upstreams, tokens) = upstreams(fields);
    let whole = fields.end();
    let mut declared = Declared::stub("system", id?, fields.place("id"));
    if whole.is_some() {
        let cited = training_data
            .iter()
            .map(|digest| Link::new(DATASET, digest.clone(), fields.place("training_data")));
        let mut links: Vec<Link> = cited.collect();
        links.push(Link::new("vendor", vendor.clone()?, fields.place("vendor")));
        declared.model = Some((model.clone()?, fields.place("model")));
        let system = System {
            id: declared.id.clone(),
            name: name?,
            model: model?,
            vendor: vendor?,
            state: state?,
            risk: risk?,
            digest,
            training_data,
            assessed_until,
            purposes,
            data_classes,
            deid: deid?,
            requires: requires?,
            findings_overdue: findings_overdue?,
            upstreams: upstreams?,
        };
        declared.set(&system, links);
        declared.secret = sealed_map(tokens);
    }
    Some(declared)
}

/// The digest of a system's model, and those of the data sets that it was trained on.
fn digests(fields: &Fields<'_>) -> (Option<String>, Vec<String>) {
    let digest = fields.token_if("digest");
    if digest.as_deref().is_some_and(|digest| !is_digest(digest)) {
        fields.fault(
            "digest",
            "the digest is not a SHA-256",
            "write `sha256:` and 64 hexadecimal digits in lower case",
        );
    }
    let training_data = fields.tokens("training_data");
    if training_data.iter().any(|digest| !is_digest(digest)) {
        fields.fault(
            "training_data",
            "the manifest's digest is not a SHA-256",
            "write `sha256:` and 64 hexadecimal digits in lower case",
        );
    }
    (digest, training_data)
}

fn requirements(fields: &Fields<'_>) -> Option<Requirements> {
    let patient = fields.flag("patient", REQUIRES_DEFAULT.patient);
    let person = fields.flag("person", REQUIRES_DEFAULT.person);
    let mfa = fields.number("mfa", MFA_LEVEL_MAX, REQUIRES_DEFAULT.mfa);
    let training = fields.token_if("training");
    fields.end()?;
    Some(Requirements {
        patient: patient?,
        person: person?,
        mfa: mfa?,
        training,
    })
}

type Tokens = BTreeMap<String, Zeroizing<String>>;

fn upstreams(fields: &Fields<'_>) -> (Option<Vec<Upstream>>, Tokens) {
    let mut upstreams = Some(Vec::new());
    let mut tokens = Tokens::new();
    let groups = fields.groups("upstreams");
    if groups.is_empty() {
        fields.fault(
            "upstreams",
            "the system has no upstream",
            "add at least one with `name`, `url` and `model`",
        );
    }
    for group in &groups {
        let upstream = upstream(group, &mut tokens);
        match (upstream, &mut upstreams) {
            (Some(upstream), Some(list)) => {
                if list
                    .iter()
                    .any(|other: &Upstream| other.name == upstream.name)
                {
                    group.fault(
                        "name",
                        "two upstreams of this system have the same name",
                        "give each its own name",
                    );
                    upstreams = None;
                } else {
                    list.push(upstream);
                }
            }
            (None, _) => upstreams = None,
            (_, None) => {}
        }
    }
    (upstreams, tokens)
}

fn upstream(fields: &Fields<'_>, tokens: &mut Tokens) -> Option<Upstream> {
    let name = fields.id("name");
    let url = fields.token("url");
    let model = fields.token("model");
    let token = fields.secret("token");
    if let Some(url) = &url {
        let rest = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"));
        // Credentials in an address would end up in the ledger.
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains('@')) {
            fields.fault(
                "url",
                "the address is not one that can be called",
                "write `https://host/path` without user and password; a token belongs into `token`",
            );
        }
    }
    fields.end()?;
    let name = name?;
    if let Some(token) = token {
        tokens.insert(name.clone(), token);
    }
    Some(Upstream {
        name,
        url: url?,
        model: model?,
    })
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| crate::hex::decode::<32>(digits).is_some())
}

/// The tokens as one secret, or none.
fn sealed_map(tokens: Tokens) -> Option<Zeroizing<String>> {
    if tokens.is_empty() {
        return None;
    }
    let plain: BTreeMap<&str, &str> = tokens
        .iter()
        .map(|(upstream, token)| (upstream.as_str(), token.as_str()))
        .collect();
    serde_json::to_string(&plain).ok().map(Zeroizing::new)
}

const REQUIRES_DEFAULT: Requirements = Requirements {
    patient: true,
    person: true,
    mfa: 2,
    training: None,
};
