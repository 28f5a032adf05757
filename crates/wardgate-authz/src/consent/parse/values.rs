//! Small readers of FHIR JSON.

use serde_json::{Map, Value};

/// `Type/id` with one of the types, and nothing else.
pub(super) fn is_reference(reference: &str, types: &[&str]) -> bool {
    reference.split_once('/').is_some_and(|(kind, id)| {
        types.contains(&kind)
            && (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    })
}

/// The reference without the version of the resource that it may name.
pub(super) fn unversioned(reference: &str) -> &str {
    reference
        .split_once("/_history/")
        .map_or(reference, |(whole, _)| whole)
}

/// The first element that is not known. `modifierExtension` and `implicitRules` can turn the
/// meaning of everything around; the rest is a newer FHIR or a mistake.
pub(super) fn unknown(object: &Map<String, Value>, known: &[&str]) -> Option<&'static str> {
    object
        .keys()
        // What is beside a primitive element under its name with `_` is only extensions.
        .map(|key| key.strip_prefix('_').unwrap_or(key))
        .find(|key| !known.contains(key))
        .map(|key| match key {
            "modifierExtension" => "it has a modifier extension",
            "implicitRules" => "it has implicit rules",
            "verification" => "its verification is not understood",
            _ => "it has an element that is not understood",
        })
}

/// A list that is there has at least one entry, as FHIR demands.
pub(super) fn list(value: &Value) -> Option<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .filter(|list| !list.is_empty())
}

pub(super) fn text_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

pub(super) fn object_of<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Map<String, Value>> {
    object.get(name).and_then(Value::as_object)
}
