//! Changes in part (RFC 7644, 3.5.2): add, replace and remove, as directories write them.

use serde_json::{Map, Value};

use super::fault::ScimFault;
use super::filter::{self, Equals};
use super::resource::{Body, fitting};
use super::schema::{Attribute, Schema, find};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// Where a change is made: an attribute, some of its items, one of its parts.
struct Place {
    attribute: &'static Attribute,
    of: Vec<Equals>,
    part: Option<&'static Attribute>,
}

/// Carries out the operations of a request on a resource, in order, all or none.
pub(super) fn apply(
    schema: &Schema,
    body: Body,
    mut resource: Map<String, Value>,
) -> Result<Map<String, Value>, ScimFault> {
    let operations = member(body.0, "Operations");
    let Some(Value::Array(operations)) = operations else {
        return Err(ScimFault::syntax("`Operations` is missing"));
    };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(ScimFault::bad(
            "tooMany",
            "a request has 1 to 1000 operations",
        ));
    }
    for operation in operations {
        let Value::Object(operation) = operation else {
            return Err(ScimFault::syntax("an operation is not an object"));
        };
        one(schema, operation, &mut resource)?;
    }
    Ok(resource)
}

fn one(
    schema: &Schema,
    operation: Map<String, Value>,
    resource: &mut Map<String, Value>,
) -> Result<(), ScimFault> {
    let verb = member(operation.clone(), "op");
    let verb = match verb
        .as_ref()
        .and_then(Value::as_str)
        .map(str::to_ascii_lowercase)
    {
        Some(verb) if verb == "add" => Verb::Add,
        Some(verb) if verb == "replace" => Verb::Replace,
        Some(verb) if verb == "remove" => Verb::Remove,
        _ => return Err(ScimFault::syntax("`op` is `add`, `replace` or `remove`")),
    };
    let value = member(operation.clone(), "value");
    match member(operation, "path") {
        Some(Value::String(path)) => match place(schema, &path)? {
            Some(place) => change(verb, &place, value, resource),
            None => Ok(()),
        },
        None if verb == Verb::Remove => Err(ScimFault::bad("noTarget", "`remove` needs a `path`")),
        None => {
            let Some(Value::Object(members)) = value else {
                return Err(ScimFault::value("without a `path`, `value` is an object"));
            };
            for (name, value) in members {
                // What the schema does not know is passed over, as in a whole resource.
                match place(schema, &name) {
                    Ok(Some(place)) => change(verb, &place, Some(value), resource)?,
                    Ok(None) => {}
                    Err(_) if schema.attribute(&name).is_none() => {}
                    Err(fault) => return Err(fault),
                }
            }
            Ok(())
        }
        Some(_) => Err(path_fault()),
    }
}

/// Reads a path. None when it is about something of the standard that is not kept here.
fn place(schema: &Schema, path: &str) -> Result<Option<Place>, ScimFault> {
    let path = schema.unqualified(path.trim());
    if path
        .get(..EXTENSION.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(EXTENSION))
    {
        return Ok(None);
    }
    let (head, of, part) = match path.split_once('[') {
        Some((head, rest)) => {
            let (of, rest) = rest.rsplit_once(']').ok_or_else(path_fault)?;
            let part = match rest.strip_prefix('.') {
                Some(part) => Some(part),
                None if rest.is_empty() => None,
                None => return Err(path_fault()),
            };
            (head, filter::parse(of).map_err(|_| path_fault())?, part)
        }
        None => match path.split_once('.') {
            Some((head, part)) => (head, Vec::new(), Some(part)),
            None => (path, Vec::new(), None),
        },
    };
    if READ_ONLY.iter().any(|name| head.eq_ignore_ascii_case(name)) {
        return Err(mutability_fault());
    }
    let mut passed_over = schema.passed_over.iter();
    if passed_over.any(|name| head.eq_ignore_ascii_case(name)) {
        return Ok(None);
    }
    let attribute = find(schema.attributes, head).ok_or_else(path_fault)?;
    let part = match part {
        None => None,
        Some(part) => Some(find(attribute.parts, part).ok_or_else(path_fault)?),
    };
    if attribute.read_only || part.is_some_and(|part| part.read_only) {
        return Err(mutability_fault());
    }
    if !of.is_empty() && !attribute.many {
        return Err(path_fault());
    }
    Ok(Some(Place {
        attribute,
        of,
        part,
    }))
}

fn change(
    verb: Verb,
    place: &Place,
    value: Option<Value>,
    resource: &mut Map<String, Value>,
) -> Result<(), ScimFault> {
    let name = place.attribute.name;
    let value = match (verb, value) {
        (Verb::Remove, value) => value,
        (_, Some(value)) => Some(value),
        (_, None) => return Err(ScimFault::value("`value` is missing")),
    };
    if place.attribute.many {
        let held = match resource.remove(name) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let items = change_items(verb, place, value, held)?;
        if let Some(items) = fitting(place.attribute, Value::Array(items))? {
            resource.insert(name.to_owned(), items);
        }
        return Ok(());
    }
    let value = match (place.part, verb) {
        (None, Verb::Remove) => None,
        (None, _) => fitting(place.attribute, merged(verb, resource.get(name), value))?,
        (Some(part), verb) => {
            let held = resource
                .remove(name)
                .unwrap_or_else(|| Value::Object(Map::new()));
            fitting(place.attribute, with_part(verb, part, held, value)?)?
        }
    };
    resource.remove(name);
    if let Some(value) = value {
        resource.insert(name.to_owned(), value);
    }
    Ok(())
}

/// To add to a complex value leaves the parts that the new one does not state.
fn merged(verb: Verb, held: Option<&Value>, value: Option<Value>) -> Value {
    match (verb, held, value) {
        (Verb::Add, Some(Value::Object(held)), Some(Value::Object(more))) => {
            let mut both = held.clone();
            for (name, value) in more {
                both.retain(|held, _| !held.eq_ignore_ascii_case(&name));
                both.insert(name, value);
            }
            Value::Object(both)
        }
        (_, _, value) => value.unwrap_or(Value::Null),
    }
}

fn with_part(
    verb: Verb,
    part: &'static Attribute,
    held: Value,
    value: Option<Value>,
) -> Result<Value, ScimFault> {
    let Value::Object(mut members) = held else {
        return Err(path_fault());
    };
    members.remove(part.name);
    if let (Verb::Add | Verb::Replace, Some(value)) = (verb, value) {
        members.insert(part.name.to_owned(), value);
    }
    Ok(Value::Object(members))
}

fn change_items(
    verb: Verb,
    place: &Place,
    value: Option<Value>,
    mut held: Vec<Value>,
) -> Result<Vec<Value>, ScimFault> {
    let list = |value: Value| match value {
        Value::Array(items) => items,
        item => vec![item],
    };
    if place.of.is_empty() && place.part.is_none() {
        match (verb, value) {
            (Verb::Add, Some(value)) => held.extend(list(value)),
            (Verb::Replace, Some(value)) => held = list(value),
            // One directory names what goes in `value`.
            (Verb::Remove, Some(gone)) if !gone.is_null() => {
                let gone = list(gone);
                held.retain(|item| {
                    let mut gone = gone.iter();
                    !gone.any(|gone| {
                        gone.get("value").is_some() && gone.get("value") == item.get("value")
                    })
                });
            }
            _ => held.clear(),
        }
        return Ok(held);
    }
    let found = held.iter().any(|item| fits(item, &place.of));
    if !found {
        return match (verb, place.part, value) {
            (Verb::Remove, _, _) => Ok(held),
            (Verb::Add, Some(part), Some(value)) => {
                held.push(new_item(&place.of, part, value));
                Ok(held)
            }
            _ => Err(ScimFault::bad("noTarget", "no item fits the path")),
        };
    }
    if verb == Verb::Remove && place.part.is_none() {
        held.retain(|item| !fits(item, &place.of));
        return Ok(held);
    }
    for item in held.iter_mut().filter(|item| fits(item, &place.of)) {
        *item = match place.part {
            Some(part) => with_part(verb, part, item.take(), value.clone())?,
            None => merged(verb, Some(item), value.clone()),
        };
    }
    Ok(held)
}

fn fits(item: &Value, of: &[Equals]) -> bool {
    let Value::Object(members) = item else {
        return false;
    };
    of.iter().all(|equals| {
        let mut members = members.iter();
        members.any(|(name, value)| {
            name.eq_ignore_ascii_case(&equals.attribute) && *value == equals.value
        })
    })
}

/// An item that the comparisons describe, with one more part.
fn new_item(of: &[Equals], part: &'static Attribute, value: Value) -> Value {
    let described = of
        .iter()
        .map(|equals| (equals.attribute.clone(), equals.value.clone()));
    let mut members: Map<String, Value> = described.collect();
    members.insert(part.name.to_owned(), value);
    Value::Object(members)
}

fn member(members: Map<String, Value>, name: &str) -> Option<Value> {
    let mut members = members.into_iter();
    members
        .find(|(held, _)| held.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn path_fault() -> ScimFault {
    ScimFault::bad("invalidPath", "the path names nothing that this schema has")
}

fn mutability_fault() -> ScimFault {
    ScimFault::bad(
        "mutability",
        "this attribute is not the directory's to change",
    )
}

const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:";
const READ_ONLY: &[&str] = &["id", "meta", "schemas"];
const OPERATIONS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{GROUP, USER};
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn patched(schema: &Schema, held: Value, operations: Value) -> Result<Value, String> {
        let body = Body(object(json!({ "Operations": operations })));
        let patched = apply(schema, body, object(held));
        patched
            .map(Value::Object)
            .map_err(|fault| format!("{fault:?}"))
    }

    fn user(operations: Value) -> Result<Value, String> {
        let held = json!({
            "userName": "osei", "active": true, "name": {"familyName": "Osei", "givenName": "Ama"},
            "emails": [{"value": "a@x.example", "type": "work"}, {"value": "b@x.example", "type": "home"}],
        });
        patched(&USER, held, operations)
    }

    #[test]
    fn a_person_is_deactivated_in_every_way_that_directories_write_it() {
        for operation in [
            json!({"op": "replace", "path": "active", "value": false}),
            json!({"op": "Replace", "path": "active", "value": "False"}),
            json!({"op": "Replace", "value": {"active": "False"}}),
            json!({"op": "replace", "value": {"active": false, "title": "x"}}),
            json!({"op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": false}),
        ] {
            let user = user(json!([operation])).unwrap();
            assert_eq!(user["active"], false, "{operation}");
        }
    }

    #[test]
    fn parts_and_items_are_changed_where_the_path_says() {
        let changed = user(json!([
            {"op": "replace", "path": "name.familyName", "value": "Mensah"},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "c@x.example"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
            {"op": "add", "path": "emails[type eq \"other\"].value", "value": "d@x.example"},
            {"op": "replace", "value": {"name.givenName": "Abena"}},
        ]));
        let changed = changed.unwrap();
        assert_eq!(
            changed["name"],
            json!({"familyName": "Mensah", "givenName": "Abena"})
        );
        assert_eq!(
            changed["emails"],
            json!([{"value": "c@x.example", "type": "work"}, {"type": "other", "value": "d@x.example"}])
        );
    }

    #[test]
    fn members_come_and_go() {
        let held = json!({"displayName": "Ward", "members": [{"value": "a"}, {"value": "b"}]});
        for (operation, left) in [
            (
                json!({"op": "add", "path": "members", "value": [{"value": "c"}, {"value": "a"}]}),
                vec!["a", "b", "c"],
            ),
            (
                json!({"op": "remove", "path": "members[value eq \"a\"]"}),
                vec!["b"],
            ),
            (
                json!({"op": "Remove", "path": "members", "value": [{"value": "b"}]}),
                vec!["a"],
            ),
            (
                json!({"op": "remove", "path": "members", "value": {"value": "b"}}),
                vec!["a"],
            ),
            (
                json!({"op": "replace", "path": "members", "value": [{"value": "z"}]}),
                vec!["z"],
            ),
            (json!({"op": "remove", "path": "members"}), vec![]),
        ] {
            let group = patched(&GROUP, held.clone(), json!([operation])).unwrap();
            let members = group
                .get("members")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let ids: Vec<&str> = members
                .iter()
                .map(|member| member["value"].as_str().unwrap())
                .collect();
            assert_eq!(ids, left, "{operation}");
        }
    }

    #[test]
    fn what_the_standard_has_and_nobody_here_needs_is_passed_over() {
        let user = user(json!([
            {"op": "Add", "path": "title", "value": "Nurse"},
            {"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "555-0100"},
            {"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Eastmere"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]));
        let user = user.unwrap();
        assert_eq!(user["active"], false);
        assert_eq!(user.as_object().unwrap().len(), 4);
    }

    #[test]
    fn what_is_not_the_directorys_to_change_is_refused() {
        for (operation, kind) in [
            (
                json!({"op": "replace", "path": "id", "value": "x"}),
                "mutability",
            ),
            (
                json!({"op": "add", "path": "groups", "value": [{"value": "x"}]}),
                "mutability",
            ),
            (
                json!({"op": "add", "path": "roles", "value": ["administrator"]}),
                "invalidPath",
            ),
            (
                json!({"op": "add", "path": "mfa", "value": 3}),
                "invalidPath",
            ),
            (
                json!({"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x"}),
                "noTarget",
            ),
            (json!({"op": "remove"}), "noTarget"),
            (json!({"op": "move", "path": "active"}), "invalidSyntax"),
            (
                json!({"op": "replace", "path": "active", "value": "perhaps"}),
                "invalidValue",
            ),
            (json!({"op": "replace", "path": "active"}), "invalidValue"),
            (
                json!({"op": "replace", "path": "userName[x", "value": "y"}),
                "invalidPath",
            ),
        ] {
            let fault = user(json!([operation])).unwrap_err();
            assert!(fault.contains(kind), "{operation}: {fault}");
        }
        let quiet = user(
            json!([{"op": "add", "value": {"roles": ["administrator"], "mfa": 3, "break_glass": true}}]),
        );
        assert_eq!(quiet.unwrap().as_object().unwrap().len(), 4);
    }
}
