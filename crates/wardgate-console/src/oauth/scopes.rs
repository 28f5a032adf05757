//! Which scopes an application gets, and what they let it do: never more than its record says.

use wardgate_authz::Operation;
use wardgate_records::{App, FlowState, Snapshot};

/// The scopes among those asked for that an application was granted.
pub(super) fn granted(asked: &str, app: &App, snapshot: &Snapshot) -> Vec<String> {
    let mut granted: Vec<String> = asked
        .split_ascii_whitespace()
        .take(SCOPES_MAX)
        .filter_map(|scope| one(scope, app, snapshot))
        .collect();
    // What narrows a call is nothing without the call.
    if !granted.iter().any(|scope| scope == CALL) {
        granted.retain(|scope| !scope.starts_with(SYSTEM) && !scope.starts_with(PURPOSE));
    }
    granted.sort_unstable();
    granted.dedup();
    granted
}

/// What the scopes of a token let its application do on the console's API.
pub(super) fn operations<'a>(scopes: impl Iterator<Item = &'a str>, app: &App) -> Vec<String> {
    let mut words: Vec<String> = scopes.flat_map(words_of).collect();
    words.retain(|word| app.operations.contains(word));
    words.sort_unstable();
    words.dedup();
    words
}

fn one(scope: &str, app: &App, snapshot: &Snapshot) -> Option<String> {
    let allowed = if scope == CALL {
        !app.systems.is_empty()
    } else if let Some(system) = scope.strip_prefix(SYSTEM) {
        app.systems.iter().any(|granted| granted == system)
    } else if let Some(purpose) = scope.strip_prefix(PURPOSE) {
        snapshot.flows().any(|flow| {
            flow.app == app.id && flow.purpose == purpose && flow.state == FlowState::Declared
        })
    } else if let Some((resource, actions)) = smart(scope) {
        return smart_granted(resource, actions, app);
    } else {
        let words = words_of(scope);
        !words.is_empty() && words.iter().all(|word| app.operations.contains(word))
    };
    allowed.then(|| scope.to_owned())
}

/// The part of a scope such as `system/Consent.cruds` or `system/*.rs` that was granted.
fn smart_granted(resource: &str, actions: &str, app: &App) -> Option<String> {
    if resource != "Consent" && resource != "*" {
        return None;
    }
    let granted: String = actions
        .chars()
        .filter(|action| {
            action_word(*action)
                .is_some_and(|word| app.operations.iter().any(|granted| granted == word))
        })
        .collect();
    (!granted.is_empty()).then(|| format!("system/Consent.{granted}"))
}

/// The operations that a scope stands for.
fn words_of(scope: &str) -> Vec<String> {
    if let Some(("Consent", actions)) = smart(scope) {
        return actions
            .chars()
            .filter_map(action_word)
            .map(str::to_owned)
            .collect();
    }
    scope
        .strip_prefix("wardgate/")
        .and_then(Operation::from_word)
        .map(|operation| operation.word().to_owned())
        .into_iter()
        .collect()
}

/// The resource and the actions of a scope for a system, in either notation of SMART.
fn smart(scope: &str) -> Option<(&str, &str)> {
    let (resource, actions) = scope.strip_prefix("system/")?.split_once('.')?;
    let actions = match actions {
        "read" => "rs",
        "write" => "cud",
        "*" => "cruds",
        letters => letters,
    };
    let mut rest = "cruds".chars();
    // The letters stand in their order, each once.
    let ordered = actions
        .chars()
        .all(|letter| rest.any(|next| next == letter));
    (ordered && !actions.is_empty()).then_some((resource, actions))
}

/// Nothing is ever deleted by an application.
fn action_word(action: char) -> Option<&'static str> {
    match action {
        'r' | 's' => Some(Operation::ConsentRead.word()),
        'c' | 'u' => Some(Operation::ConsentWrite.word()),
        _ => None,
    }
}

pub(super) const SUPPORTED: &[&str] = &[
    "wardgate/call",
    "wardgate/data.deidentify",
    "system/Consent.rs",
    "system/Consent.cruds",
    "system/*.rs",
];
const CALL: &str = "wardgate/call";
const SYSTEM: &str = "wardgate/system:";
const PURPOSE: &str = "wardgate/purpose:";
/// Scopes of one request that are looked at.
const SCOPES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn app(operations: &[&str]) -> App {
        serde_json::from_value(serde_json::json!({
            "id": "a", "name": "A", "state": "active", "acts": "autonomously", "systems": [],
            "limits": {"calls_per_minute": 1, "burst": 1, "concurrent": 1},
            "operations": operations,
        }))
        .unwrap()
    }

    #[test]
    fn scopes_of_smart_become_operations_and_never_more_than_the_record_grants() {
        let reader = app(&["consent.read"]);
        let both = app(&["consent.read", "consent.write"]);
        for (scope, app, granted) in [
            ("system/Consent.rs", &reader, Some("system/Consent.rs")),
            ("system/Consent.cruds", &reader, Some("system/Consent.rs")),
            ("system/Consent.cruds", &both, Some("system/Consent.crus")),
            ("system/*.rs", &reader, Some("system/Consent.rs")),
            ("system/Consent.read", &reader, Some("system/Consent.rs")),
            ("system/Consent.write", &both, Some("system/Consent.cu")),
            ("system/Consent.write", &reader, None),
            ("system/Consent.sr", &both, None),
            ("system/Consent.rr", &both, None),
            ("system/Consent.", &both, None),
            ("system/Patient.rs", &both, None),
            ("user/Consent.rs", &both, None),
        ] {
            let found = smart(scope)
                .filter(|_| scope.starts_with("system/"))
                .and_then(|(resource, actions)| smart_granted(resource, actions, app));
            assert_eq!(found.as_deref(), granted, "{scope}");
        }
        let scopes = [
            "system/Consent.crus",
            "wardgate/ledger.read",
            "wardgate/call",
        ];
        assert_eq!(
            operations(scopes.into_iter(), &both),
            ["consent.read", "consent.write"]
        );
        assert_eq!(
            operations(["wardgate/consent.read"].into_iter(), &reader),
            ["consent.read"]
        );
        assert!(operations(["wardgate/call"].into_iter(), &both).is_empty());
    }
}
