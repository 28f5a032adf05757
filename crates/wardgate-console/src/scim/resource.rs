//! Bodies that come and go: only what the schema names, each value of its kind.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fault::ScimFault;
use super::schema::{Attribute, Kind, Schema, find};
use crate::Parts;

/// A JSON object that a directory sent.
#[derive(Debug)]
pub(crate) struct Body(pub(super) Map<String, Value>);

impl FromRequest<Parts> for Body {
    type Rejection = ScimFault;

    async fn from_request(request: Request, parts: &Parts) -> Result<Self, ScimFault> {
        let bytes = Bytes::from_request(request, parts).await;
        let bytes = bytes.map_err(|_| ScimFault::syntax("the body is too large or broke off"))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| ScimFault::syntax("the body is not a JSON object"))
    }
}

impl Body {
    /// What of the body the schema knows and lets a directory state.
    pub(super) fn of(self, schema: &Schema) -> Result<Map<String, Value>, ScimFault> {
        let schemas = self
            .0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("schemas"));
        let named = schemas
            .and_then(|(_, list)| list.as_array())
            .is_some_and(|list| {
                let mut urns = list.iter().filter_map(Value::as_str);
                urns.any(|urn| urn.eq_ignore_ascii_case(schema.urn))
            });
        if !named {
            return Err(ScimFault::syntax(
                "`schemas` does not name the schema of this resource",
            ));
        }
        known(schema.attributes, self.0)
    }
}

/// The members that these attributes know, under their own names. What is not known, or is not
/// the directory's to state, is left out; a value of the wrong kind is a fault.
pub(super) fn known(
    attributes: &'static [Attribute],
    members: Map<String, Value>,
) -> Result<Map<String, Value>, ScimFault> {
    let mut kept = Map::new();
    for (name, value) in members {
        let Some(attribute) = find(attributes, &name).filter(|attribute| !attribute.read_only)
        else {
            continue;
        };
        if kept.contains_key(attribute.name) {
            return Err(ScimFault::syntax("an attribute stands there twice"));
        }
        if let Some(value) = fitting(attribute, value)? {
            kept.insert(attribute.name.to_owned(), value);
        }
    }
    Ok(kept)
}

/// A value as its attribute takes it. None when it is null or empty, which is the same as absent.
pub(super) fn fitting(
    attribute: &'static Attribute,
    value: Value,
) -> Result<Option<Value>, ScimFault> {
    if !attribute.many {
        return one(attribute, value);
    }
    let items = match value {
        Value::Null => return Ok(None),
        Value::Array(items) if items.len() <= ITEMS_MAX => items,
        Value::Array(_) => return Err(ScimFault::bad("tooMany", "a list has too many items")),
        item => vec![item],
    };
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        match one(attribute, item)? {
            Some(item) if !kept.contains(&item) => kept.push(item),
            _ => {}
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

fn one(attribute: &'static Attribute, value: Value) -> Result<Option<Value>, ScimFault> {
    let wrong = || ScimFault::value(&format!("`{}` has a value of another kind", attribute.name));
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Text | Kind::Reference, Value::String(text)) => {
            let fits = text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
            if fits {
                Ok(Some(Value::String(text)))
            } else {
                Err(wrong())
            }
        }
        (Kind::Flag, Value::Bool(flag)) => Ok(Some(Value::Bool(flag))),
        // A large directory writes flags as texts.
        (Kind::Flag, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(Value::Bool(true))),
            "false" => Ok(Some(Value::Bool(false))),
            _ => Err(wrong()),
        },
        (Kind::Complex, Value::Object(members)) => {
            let members = known(attribute.parts, members)?;
            Ok((!members.is_empty()).then_some(Value::Object(members)))
        }
        _ => Err(wrong()),
    }
}

/// What every resource tells of itself.
pub(super) fn meta(
    schema: &Schema,
    location: &str,
    (created, changed): (Timestamp, Timestamp),
    version: u64,
) -> Value {
    json!({
        "resourceType": schema.name,
        "location": location,
        "created": created.to_string(),
        "lastModified": changed.to_string(),
        "version": etag(version),
    })
}

fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The version that a request insists on.
pub(super) fn insisted(headers: &HeaderMap) -> Result<Option<u64>, ScimFault> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_start_matches("W/").trim_matches('"').parse();
    number
        .map(Some)
        .map_err(|_| ScimFault::value("`If-Match` holds no version of a resource"))
}

/// An answer.
pub(super) fn scim(status: StatusCode, body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/scim+json");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}

/// An answer that is one resource, with its version and, when it is new, its address.
pub(super) fn answer(status: StatusCode, resource: &Value) -> Response {
    let mut response = scim(status, resource);
    let of_meta = |name: &str| {
        let text = resource.get("meta")?.get(name)?.as_str()?;
        HeaderValue::try_from(text).ok()
    };
    let headers = response.headers_mut();
    if let Some(version) = of_meta("version") {
        headers.insert(header::ETAG, version);
    }
    if let Some(location) = of_meta("location").filter(|_| status == StatusCode::CREATED) {
        headers.insert(header::LOCATION, location);
    }
    response
}

const TEXT_BYTES_MAX: usize = 1_024;
const ITEMS_MAX: usize = 10_000;
