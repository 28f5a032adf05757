//! Typed values for Cedar: no JSON, no parsing of text on the way to a decision.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, EvalResult, RestrictedExpression};
use jiff::Timestamp;

/// An entity with attributes and no parents.
pub(crate) fn entity(
    kind: &str,
    id: &str,
    attributes: HashMap<&'static str, RestrictedExpression>,
) -> Option<Entity> {
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Entity::new(uid(kind, id)?, attributes, HashSet::new()).ok()
}

/// Every number among an entity's attributes.
pub(crate) fn numbers(entity: &Entity) -> Vec<i64> {
    let mut found = Vec::new();
    for (_, value) in entity.attrs() {
        if let Ok(value) = value {
            collect_numbers(&value, &mut found);
        }
    }
    found
}

fn collect_numbers(value: &EvalResult, found: &mut Vec<i64>) {
    match value {
        EvalResult::Long(number) => found.push(*number),
        EvalResult::Record(record) => {
            for (_, value) in record.iter() {
                collect_numbers(value, found);
            }
        }
        _ => {}
    }
}

/// The name of an entity.
pub(crate) fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(&format!("Wardgate::{kind}")).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

pub(crate) fn reference(kind: &str, id: &str) -> Option<RestrictedExpression> {
    uid(kind, id).map(RestrictedExpression::new_entity_uid)
}

pub(crate) fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

pub(crate) fn texts<'a>(values: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.map(text))
}

pub(crate) fn long(value: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(value)
}

/// A count of seconds; one too large for Cedar is as good as for ever.
pub(crate) fn seconds(value: u64) -> RestrictedExpression {
    long(i64::try_from(value).unwrap_or(i64::MAX))
}

pub(crate) fn boolean(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

pub(crate) fn millis(at: Timestamp) -> RestrictedExpression {
    long(at.as_millisecond())
}
