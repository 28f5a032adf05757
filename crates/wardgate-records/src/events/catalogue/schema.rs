//! The catalogue as a JSON Schema.

use serde_json::{Map, Value, json};

use super::{Form, KindEntry, Member, catalogue};
use crate::events::canonical::INTEGER_MAX;
use crate::events::{SCHEMA_VERSION, Token};

/// A JSON Schema (draft 2020-12) that holds exactly for the leaves of this program.
///
/// What a schema cannot say is left to the text: a leaf is RFC 8785 canonical JSON and at most
/// [`LEAF_BYTES_MAX`](super::super::LEAF_BYTES_MAX) bytes long.
#[must_use]
pub fn json_schema() -> Value {
    let kinds = catalogue();
    let one_of: Vec<Value> = kinds
        .iter()
        .map(|entry| json!({"$ref": format!("#/$defs/{}", entry.kind)}))
        .collect();
    let mut definitions = forms();
    for entry in &kinds {
        definitions.insert(entry.kind.to_string(), leaf(entry));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:wardgate:events:{SCHEMA_VERSION}"),
        "title": "Leaf of a Wardgate ledger",
        "type": "object",
        "oneOf": one_of,
        "$defs": definitions,
    })
}

fn leaf(entry: &KindEntry) -> Value {
    json!({
        "description": entry.meaning,
        "type": "object",
        "properties": {
            "at": {"$ref": "#/$defs/time"},
            "data": object(entry.members),
            "id": {"$ref": "#/$defs/id"},
            "type": {"const": entry.kind.as_str()},
            "v": {
                "type": "integer",
                "minimum": entry.kind.since(),
                "maximum": entry.newest(),
            },
        },
        "required": ["at", "data", "id", "type", "v"],
        "additionalProperties": false,
    })
}

fn object(members: &[Member]) -> Value {
    let required: Vec<_> = members.iter().filter(|member| !member.optional).collect();
    let required: Vec<_> = required.iter().map(|member| member.name).collect();
    let mut properties = Map::new();
    for member in members {
        let mut schema = form(member.form);
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".to_owned(), member.meaning.into());
        }
        properties.insert(member.name.to_owned(), schema);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn form(form: Form) -> Value {
    let named = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    match form {
        Form::Token => named("token"),
        Form::Words => named("words"),
        Form::Time => named("time"),
        Form::Id => named("id"),
        Form::Digest => named("digest"),
        Form::Patient => named("patient"),
        Form::Integer(unit) => json!({"$ref": "#/$defs/integer", "x-unit": unit}),
        Form::Boolean => json!({"type": "boolean"}),
        Form::OneOf(words) => json!({"enum": words}),
        Form::List(item) => json!({"type": "array", "items": self::form(*item)}),
        Form::Object(members) => object(members),
    }
}

/// The forms that members share.
fn forms() -> Map<String, Value> {
    let graphic = r"[!#-\[\]-~]";
    let text = |pattern: String| json!({"type": "string", "pattern": pattern});
    let mut token = text(format!("^{graphic}+$"));
    if let Value::Object(token) = &mut token {
        token.insert("maxLength".to_owned(), Token::BYTES_MAX.into());
    }
    let integer = json!({"type": "integer", "minimum": 0, "maximum": INTEGER_MAX});
    let time = r"^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$";
    let id = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
    [
        ("token", token),
        ("words", text(format!("^({graphic}+( {graphic}+)*)?$"))),
        ("time", text(time.to_owned())),
        ("id", text(id.to_owned())),
        ("digest", text("^[0-9a-f]{64}$".to_owned())),
        ("patient", text("^[0-9a-f]{32}$".to_owned())),
        ("integer", integer),
    ]
    .map(|(name, form)| (name.to_owned(), form))
    .into_iter()
    .collect()
}
