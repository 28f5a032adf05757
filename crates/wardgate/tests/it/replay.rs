//! Decisions of a real gate, as its ledger holds them, computed again.

use std::path::Path;

use serde_json::Value;

use crate::house::{stderr, text, wardgate};

/// The demo's data directory after all of its scenes: permitted and refused calls of many kinds.
fn demo(parent: &Path) -> std::path::PathBuf {
    let dir = parent.join("demo");
    let output = wardgate()
        .args(["demo", "--exit", "--json", "--listen", "127.0.0.1:0"])
        .args(["--console", "127.0.0.1:0", "--dir"])
        .arg(&dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    dir
}

fn replay(dir: &Path, arguments: &[&str]) -> Value {
    let output = wardgate()
        .args(["policy", "replay", "--json", "--dir"])
        .arg(dir)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_decision_of_the_demo_comes_out_as_it_was_and_flips_where_a_rule_says_so() {
    let parent = tempfile::tempdir().unwrap();
    let dir = demo(parent.path());
    let same = replay(&dir, &["built-in"]);
    assert_eq!(same["unreplayable"], serde_json::json!({}), "{same}");
    assert_eq!(same["flips"], serde_json::json!([]), "{same}");
    let count = |said: &Value, name: &str| said[name].as_u64().unwrap();
    assert!(count(&same, "same") >= 40, "{same}");
    let counted = count(&same, "same") + count(&same, "not_by_policies");
    assert_eq!(counted, count(&same, "decisions"));

    let stricter = parent.path().join("mine.cedar");
    std::fs::write(&stricter, NO_TREATMENT).unwrap();
    let flipped = replay(&dir, &[&text(&stricter), "--onto", "built-in"]);
    assert_eq!(flipped["unreplayable"], serde_json::json!({}), "{flipped}");
    let groups = flipped["flips"].as_array().unwrap();
    let refuses = groups.iter().find(|group| group["flip"] == "refuses");
    let refuses = refuses.unwrap_or_else(|| panic!("{flipped}"));
    assert_eq!(refuses["before"], Value::Null);
    assert_eq!(refuses["after"], "mine.no_treatment");
    assert_eq!(
        refuses["policies"],
        serde_json::json!(["mine.no_treatment"])
    );
    assert!(!refuses["records"].as_array().unwrap().is_empty());
    // Whatever had passed was treatment, or stays as it was.
    let total = count(&flipped, "same")
        + count(&flipped, "not_by_policies")
        + groups
            .iter()
            .map(|group| count(group, "count"))
            .sum::<u64>();
    assert_eq!(total, count(&flipped, "decisions"));
    assert_eq!(count(&flipped, "decisions"), count(&same, "decisions"));
}

const NO_TREATMENT: &str = r#"
@id("mine.no_treatment") @code("mine.no_treatment") @message("no") @hint("wait") @fact("system.state")
forbid (principal, action == Wardgate::Action::"call", resource)
when { context.purposes.contains("TREAT") };
"#;
