//! What this service can do, for directories that look (RFC 7644, 4).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::fault::ScimFault;
use super::list::{PAGE, list};
use super::resource::scim;
use super::schema::{Attribute, GROUP, Kind, Schema, USER};
use crate::Parts;

pub(super) async fn service_provider_config(State(parts): State<Parts>) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": PAGE},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "An access token or an API key of an application that may provision people.",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/scim/v2/ServiceProviderConfig", parts.settings.origin),
        },
    });
    scim(StatusCode::OK, &body)
}

pub(super) async fn resource_types(State(parts): State<Parts>) -> Response {
    let all = SCHEMAS
        .iter()
        .map(|schema| resource_type_of(&parts, schema));
    list(SCHEMAS_COUNT, 1, all.collect())
}

pub(super) async fn resource_type(
    State(parts): State<Parts>,
    Path(id): Path<String>,
) -> Result<Response, ScimFault> {
    let schema = SCHEMAS.iter().find(|schema| schema.name == id);
    let schema = schema.ok_or_else(ScimFault::not_found)?;
    Ok(scim(StatusCode::OK, &resource_type_of(&parts, schema)))
}

pub(super) async fn schemas(State(parts): State<Parts>) -> Response {
    let all = SCHEMAS.iter().map(|schema| schema_of(&parts, schema));
    list(SCHEMAS_COUNT, 1, all.collect())
}

pub(super) async fn schema(
    State(parts): State<Parts>,
    Path(id): Path<String>,
) -> Result<Response, ScimFault> {
    let schema = SCHEMAS.iter().find(|schema| schema.urn == id);
    let schema = schema.ok_or_else(ScimFault::not_found)?;
    Ok(scim(StatusCode::OK, &schema_of(&parts, schema)))
}

fn resource_type_of(parts: &Parts, schema: &Schema) -> Value {
    let Schema {
        name,
        path,
        urn,
        description,
        ..
    } = schema;
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": path,
        "description": description,
        "schema": urn,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{}/scim/v2/ResourceTypes/{name}", parts.settings.origin),
        },
    })
}

fn schema_of(parts: &Parts, schema: &Schema) -> Value {
    let Schema {
        name,
        urn,
        description,
        attributes,
        ..
    } = schema;
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": attributes.iter().map(attribute_of).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "Schema",
            "location": format!("{}/scim/v2/Schemas/{urn}", parts.settings.origin),
        },
    })
}

fn attribute_of(attribute: &Attribute) -> Value {
    let mut told = json!({
        "name": attribute.name,
        "type": match attribute.kind {
            Kind::Text => "string",
            Kind::Flag => "boolean",
            Kind::Complex => "complex",
            Kind::Reference => "reference",
        },
        "multiValued": attribute.many,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": matches!(attribute.name, "externalId" | "value" | "$ref"),
        "mutability": if attribute.read_only { "readOnly" } else { "readWrite" },
        "returned": "default",
        "uniqueness": if attribute.unique { "server" } else { "none" },
    });
    let more = match attribute.kind {
        Kind::Complex => {
            let parts: Vec<Value> = attribute.parts.iter().map(attribute_of).collect();
            Some(("subAttributes", json!(parts)))
        }
        Kind::Reference => Some(("referenceTypes", json!(["User", "Group"]))),
        Kind::Text | Kind::Flag => None,
    };
    if let (Some((name, value)), Some(members)) = (more, told.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
    told
}

static SCHEMAS: [&Schema; 2] = [&USER, &GROUP];
const SCHEMAS_COUNT: u64 = 2;
