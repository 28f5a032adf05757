//! Whether policies read the time only by comparing it with a date in a record.
//!
//! Then what they say about the same parties stays the same until the next such date, and
//! need not be worked out again for every call in between.

use cedar_policy::PolicySet;
use serde_json::{Map, Value};

/// Whether every policy of the set reads `context.now` only in `<`, `<=`, `>` or `>=`, with
/// an attribute of a party on the other side.
pub(super) fn is_steady(set: &PolicySet) -> bool {
    set.policies()
        .all(|policy| policy.to_json().is_ok_and(|policy| compares_only(&policy)))
}

/// Whether any policy of the set reads this attribute of anything.
pub(super) fn mentions(set: &PolicySet, attribute: &str) -> bool {
    set.policies().any(|policy| {
        policy
            .to_json()
            .is_ok_and(|policy| reads(&policy, attribute))
    })
}

fn reads(part: &Value, attribute: &str) -> bool {
    match part {
        Value::Array(parts) => parts.iter().any(|part| reads(part, attribute)),
        Value::Object(object) => {
            object.get("attr").and_then(Value::as_str) == Some(attribute)
                || object.values().any(|part| reads(part, attribute))
        }
        _ => false,
    }
}

fn compares_only(part: &Value) -> bool {
    match part {
        Value::Array(parts) => parts.iter().all(compares_only),
        Value::Object(object) => match single(object) {
            Some(("Var", Value::String(name))) => name != "context",
            Some((".", access)) => of_context(access)
                .map_or_else(|| compares_only(access), |attribute| attribute != "now"),
            Some(("has", access)) => of_context(access).is_some() || compares_only(access),
            Some(("<" | "<=" | ">" | ">=", sides)) => comparison(sides),
            _ => object.values().all(compares_only),
        },
        _ => true,
    }
}

fn comparison(sides: &Value) -> bool {
    match (sides.get("left"), sides.get("right")) {
        (Some(left), Some(right)) if is_now(left) => is_attribute(right),
        (Some(left), Some(right)) if is_now(right) => is_attribute(left),
        (Some(left), Some(right)) => compares_only(left) && compares_only(right),
        _ => false,
    }
}

fn is_now(part: &Value) -> bool {
    part.get(".").and_then(of_context) == Some("now")
}

/// `resource.vendor.agreement_until`, `context.person.training_until` and the like.
fn is_attribute(part: &Value) -> bool {
    let Some(access) = part.get(".") else {
        return false;
    };
    match (of_context(access), access.get("left")) {
        // An attribute of the context itself is not a date in a record.
        (Some(_), _) | (None, None) => false,
        (None, Some(left)) => is_party(left),
    }
}

fn is_party(part: &Value) -> bool {
    match part.as_object().and_then(single) {
        Some(("Var", Value::String(name))) => name == "principal" || name == "resource",
        Some((".", access)) => {
            of_context(access).is_some_and(|attribute| attribute == "person")
                || access.get("left").is_some_and(is_party)
        }
        _ => false,
    }
}

/// The attribute, when it is one of the context.
fn of_context(access: &Value) -> Option<&str> {
    let from = access.get("left")?.get("Var")?.as_str()?;
    (from == "context").then(|| access.get("attr")?.as_str())?
}

fn single(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn check(condition: &str, expected: bool) {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let set = PolicySet::from_str(&text).unwrap();
        assert_eq!(is_steady(&set), expected, "{condition}");
    }

    #[test]
    fn comparisons_with_dates_of_the_parties_are_steady() {
        check("true", true);
        check("context.purpose == \"TREAT\" && context has person", true);
        check("resource.vendor.agreement_until <= context.now", true);
        check("context.now > resource.assessed_until", true);
        check("context.person.training_until <= context.now", true);
        check("!(principal.until < context.now) || resource.x > 3", true);
    }

    #[test]
    fn every_other_use_of_the_time_is_not() {
        check("context.now == resource.until", false);
        check("context.now > 1000", false);
        check("context.now > resource.until + 5", false);
        check("context.now - resource.until < 5", false);
        check("context.now > context.other", false);
        check("context.now > context.now", false);
        check("context.now > context.other.field", false);
        check("context == principal.last", false);
        check("[context.now].contains(3)", false);
        check("resource.f == {now: context.now}", false);
        check(
            "(if context.patient then context.now else 0) < resource.until",
            false,
        );
        check(
            "(if context.patient then context else principal.c).now < resource.until",
            false,
        );
    }
}
