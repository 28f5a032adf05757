use serde_json::{Map, Value};

use super::*;
use crate::events::{StoredEvent, Token, examples};

/// Holds a leaf against the catalogue.
pub(in crate::events) fn conforms(leaf: &Value) -> Result<(), String> {
    let kind: EventKind = leaf["type"].as_str().unwrap().parse().unwrap();
    let entry = catalogue().into_iter().find(|entry| entry.kind == kind);
    let entry = entry.ok_or(format!("no entry for {kind}"))?;
    let version = leaf["v"].as_u64().unwrap();
    if !(kind.since()..=entry.newest()).contains(&version) {
        return Err(format!("{kind} states version {version}"));
    }
    members(leaf["data"].as_object().unwrap(), entry.members, version)
        .map_err(|what| format!("{kind}: {what}"))
}

fn members(object: &Map<String, Value>, expected: &[Member], version: u64) -> Result<(), String> {
    for member in expected {
        let name = member.name;
        match object.get(name) {
            Some(_) if member.since.is_some_and(|since| since > version) => {
                return Err(format!("`{name}` is younger than version {version}"));
            }
            Some(value) if !holds(value, member.form, version) => {
                return Err(format!("`{name}` is {value}, not {:?}", member.form));
            }
            None if !member.optional => return Err(format!("`{name}` is missing")),
            _ => {}
        }
    }
    match object
        .keys()
        .find(|name| expected.iter().all(|member| member.name != *name))
    {
        Some(name) => Err(format!("`{name}` is not in the catalogue")),
        None => Ok(()),
    }
}

fn holds(value: &Value, form: Form, version: u64) -> bool {
    let hex = |bytes: usize| {
        let text = value.as_str().unwrap_or_default();
        text.len() == bytes * 2 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    };
    match form {
        Form::Token => value.as_str().is_some_and(|text| Token::new(text).is_ok()),
        Form::Words => value.as_str().is_some_and(|text| {
            text.is_empty() || text.split(' ').all(|word| Token::new(word).is_ok())
        }),
        Form::Time => value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        Form::Id => value
            .as_str()
            .is_some_and(|text| text.parse::<crate::RecordId>().is_ok()),
        Form::Digest => hex(32),
        Form::Patient => hex(16),
        Form::Integer(_) => value.as_u64().is_some_and(|number| number < 1 << 53),
        Form::Boolean => value.is_boolean(),
        Form::OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        Form::List(item) => {
            let items = value.as_array();
            items.is_some_and(|items| items.iter().all(|value| holds(value, *item, version)))
        }
        Form::Object(expected) => {
            let object = value.as_object();
            object.is_some_and(|object| members(object, expected, version).is_ok())
        }
    }
}

fn leaves(whole: bool) -> Vec<Value> {
    let leaves = examples(whole).unwrap();
    leaves
        .iter()
        .map(|leaf| serde_json::from_slice(leaf).unwrap())
        .collect()
}

#[test]
fn every_kind_has_one_entry_and_examples_in_the_documented_order() {
    let kinds: Vec<_> = catalogue().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, EventKind::ALL);
    for whole in [true, false] {
        let told = examples(whole).unwrap();
        let told: Vec<_> = told
            .iter()
            .map(|leaf| StoredEvent::parse(leaf).unwrap().kind)
            .collect();
        assert_eq!(told, EventKind::ALL);
    }
}

#[test]
fn an_example_holds_every_member_or_only_the_required_ones() {
    for (whole, leaf) in leaves(true).into_iter().zip(leaves(false)) {
        conforms(&whole).unwrap();
        conforms(&leaf).unwrap();
        let entry = catalogue();
        let entry = entry
            .iter()
            .find(|entry| leaf["type"] == entry.kind.as_str())
            .unwrap();
        let names: Vec<_> = entry.members.iter().map(|member| member.name).collect();
        let required = entry.members.iter().filter(|member| !member.optional);
        let required: Vec<_> = required.map(|member| member.name).collect();
        let of = |leaf: &Value| {
            leaf["data"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&whole), names, "{}", entry.kind);
        assert_eq!(of(&leaf), required, "{}", entry.kind);
        assert_eq!(whole["v"], entry.newest(), "{}", entry.kind);
    }
}

#[test]
fn what_is_not_in_the_catalogue_does_not_conform() {
    for leaf in leaves(true) {
        for name in leaf["data"].as_object().unwrap().keys() {
            let mut damaged = leaf.clone();
            damaged["data"][name] = Value::from("two words, as \"text\"");
            assert!(conforms(&damaged).is_err(), "{name} of {leaf}");
            let mut damaged = leaf.clone();
            let value = damaged["data"]
                .as_object_mut()
                .unwrap()
                .remove(name)
                .unwrap();
            damaged["data"]["more"] = value;
            assert!(conforms(&damaged).is_err(), "{name} of {leaf}");
        }
    }
}

/// Every text that can stand in a leaf has a form that no sentence fits.
#[test]
fn no_member_takes_free_text() {
    fn check(members: &[Member]) {
        for member in members {
            let sentence = Value::from("Anna Smith, born 1961, has \u{201c}diabetes\u{201d}");
            assert!(
                !holds(&sentence, member.form, SCHEMA_VERSION),
                "{}",
                member.name
            );
            match member.form {
                Form::Object(members) => check(members),
                Form::List(Form::Object(members)) => check(members),
                _ => {}
            }
        }
    }
    for entry in catalogue() {
        check(entry.members);
    }
}

#[test]
fn members_of_the_schema_are_defined_where_they_are_named() {
    fn check(value: &Value, definitions: &Map<String, Value>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(name)) = members.get("$ref") {
                    let name = name.strip_prefix("#/$defs/").unwrap();
                    assert!(definitions.contains_key(name), "{name}");
                }
                members.values().for_each(|value| check(value, definitions));
            }
            Value::Array(items) => items.iter().for_each(|value| check(value, definitions)),
            _ => {}
        }
    }
    let schema = json_schema();
    check(&schema, schema["$defs"].as_object().unwrap());
    assert_eq!(
        schema["oneOf"].as_array().unwrap().len(),
        EventKind::ALL.len()
    );
}
