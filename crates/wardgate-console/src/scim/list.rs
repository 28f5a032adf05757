//! Lists of resources, and which of their attributes are told.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::ScimFault;
use super::filter::{self, Equals};
use super::resource::scim;

/// What a directory asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

impl Query {
    pub(super) fn conditions(&self) -> Result<Vec<Equals>, ScimFault> {
        self.filter.as_deref().map_or(Ok(Vec::new()), filter::parse)
    }

    /// How many are skipped, and how many are told.
    pub(super) fn page(&self) -> (u64, u64) {
        let skipped = self.start_index.unwrap_or(1).saturating_sub(1).max(0);
        let count = self.count.unwrap_or(PAGE).clamp(0, PAGE);
        (skipped.unsigned_abs(), count.unsigned_abs())
    }

    /// A resource with the attributes that were asked for.
    pub(super) fn told(&self, mut resource: Value) -> Value {
        let named = |list: &str, name: &str| {
            let mut words = list.split(',').map(str::trim);
            words.any(|word| {
                let word = word.rsplit(':').next().unwrap_or(word);
                word.split('.')
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case(name))
            })
        };
        if let Value::Object(members) = &mut resource {
            let always = |name: &str| matches!(name, "id" | "schemas");
            if let Some(list) = &self.attributes {
                members.retain(|name, _| always(name) || named(list, name));
            }
            if let Some(list) = &self.excluded_attributes {
                members.retain(|name, _| always(name) || !named(list, name));
            }
        }
        resource
    }

    pub(super) fn answer(&self, total: u64, resources: Vec<Value>) -> Response {
        let (skipped, _) = self.page();
        let told: Vec<Value> = resources.into_iter().map(|one| self.told(one)).collect();
        list(total, skipped + 1, told)
    }
}

pub(super) fn list(total: u64, start: u64, resources: Vec<Value>) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    scim(StatusCode::OK, &body)
}

/// The text of a comparison, where an attribute has texts.
pub(super) fn text_of(equals: Equals) -> Result<String, ScimFault> {
    match equals.value {
        Value::String(text) => Ok(text),
        _ => Err(filter::unfit()),
    }
}

/// A text of a resource.
pub(super) fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

/// How many resources are told at once.
pub(super) const PAGE: i64 = 100;
