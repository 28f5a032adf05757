//! Who this node is.

use super::fields::Reader;

/// Who this node is.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// The origin of its ledger. It never changes once the ledger has begun.
    pub(crate) name: String,
    /// The environment that new API keys name.
    pub(crate) environment: String,
    /// The hospital as consents name it.
    pub(crate) organization: String,
}

pub(super) fn read(reader: &Reader) -> Option<Node> {
    let section = reader.section("node");
    let name = section.text(
        "name",
        NAME_DEFAULT,
        "1 to 100 characters without spaces and `+`, such as `hospital.example/wardgate/node-1`",
        |text| {
            let fits = |c: char| c.is_ascii_graphic() && c != '+' && c != '"' && c != '\\';
            (1..=100).contains(&text.len()) && text.chars().all(fits)
        },
        "Name of the node and origin of its ledger. It never changes once the ledger has begun.",
    );
    let environment = section.text(
        "environment",
        "live",
        "1 to 16 of `a-z` and `0-9`",
        |text| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            (1..=16).contains(&text.len()) && text.chars().all(fits)
        },
        "Environment that new API keys name in their text, such as `live` or `test`.",
    );
    let organization = section.text(
        "organization",
        "Organization/hospital",
        "`Organization/` and an id, such as `Organization/larkmoor`",
        |text| {
            let id = text.strip_prefix("Organization/").unwrap_or_default();
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            (1..=64).contains(&id.len()) && id.chars().all(fits)
        },
        "FHIR reference of the hospital: consents that name it as an actor mean calls of this node.",
    );
    section.end();
    Some(Node {
        name: name?,
        environment: environment?,
        organization: organization?,
    })
}

/// Good enough for one machine.
pub(crate) const NAME_DEFAULT: &str = "localhost/wardgate";
