//! What a policy file may hold, and what is said about one that may not.

use wardgate_authz::{Policies, PolicyFault};

use crate::hospital::{POLICIES, Scene};

fn faults(text: &str) -> Vec<PolicyFault> {
    Policies::parse(&[("mine.cedar", text)]).unwrap_err()
}

fn one_fault(text: &str) -> PolicyFault {
    let mut faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

const FORBID: &str = r#"
@id("mine.one") @code("mine.one") @message("no") @hint("do") @fact("vendor.state")
forbid (principal, action == Wardgate::Action::"call", resource) when { context.patient };"#;

#[test]
fn the_catalogue_is_complete_and_has_sentences() {
    let catalogue = POLICIES.catalogue();
    for wanted in [
        "access.not_granted",
        "consent.denied",
        "data_class.not_allowed",
        "fact.missing",
        "fact.stale",
        "flow.undeclared",
        "incident.contained",
        "mfa.required",
        "person.required",
        "policy.failed",
        "purpose.not_allowed",
        "system.assessment_expired",
        "system.digest_mismatch",
        "system.findings_overdue",
        "system.not_live",
        "system.suspended",
        "training.lapsed",
        "vendor.agreement_expired",
        "vendor.agreement_missing",
        "vendor.suspended",
    ] {
        let code = catalogue.iter().find(|code| code.code == wanted);
        let code = code.unwrap_or_else(|| panic!("{wanted}"));
        assert!(!code.sentences.is_empty());
        for (message, hint) in &code.sentences {
            assert!(!message.ends_with('.') && !hint.ends_with('.'), "{wanted}");
        }
    }
}

#[test]
fn the_hash_depends_on_names_texts_and_their_borders() {
    let hash = |files: &[(&str, &str)]| Policies::parse(files).unwrap().hash();
    let base = hash(&[("a.cedar", FORBID)]);
    assert_eq!(hash(&[("a.cedar", FORBID)]), base);
    assert_ne!(hash(&[("b.cedar", FORBID)]), base);
    assert_ne!(hash(&[("a.cedar", &format!("{FORBID} "))]), base);
    assert_ne!(hash(&[("a.cedar", FORBID), ("b.cedar", "")]), base);
    assert_eq!(POLICIES.hash(), Policies::built_in().unwrap().hash());
}

#[test]
fn a_syntax_fault_names_file_and_line() {
    let fault = one_fault("// one\n// two\nforbid (principal, action resource);");
    assert_eq!((fault.file.as_str(), fault.line), ("mine.cedar", 3));
}

#[test]
fn a_forbid_without_its_annotations_is_refused() {
    for name in ["id", "code", "message", "hint", "fact"] {
        let without = FORBID.replace(&format!("@{name}("), &format!("@x_{name}("));
        let fault = one_fault(&without);
        assert!(fault.message.contains(&format!("@{name}")), "{fault}");
    }
}

#[test]
fn words_that_the_schema_does_not_have_are_refused() {
    for (good, bad) in [
        ("context.patient", "context.patients"),
        ("context.patient", "resource.owner == \"x\""),
        ("context.patient", "context.now == \"today\""),
        ("context.patient", "resource.assessed_until > 0"),
        ("Action::\"call\"", "Action::\"read\""),
    ] {
        let fault = faults(&FORBID.replace(good, bad)).remove(0);
        assert_eq!(
            (fault.file.as_str(), fault.line),
            ("mine.cedar", 2),
            "{bad}"
        );
    }
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let never = FORBID.replace("context.patient", "context.patient && false");
    assert_eq!(faults(&never).len(), 1);
}

#[test]
fn an_unknown_gap_in_a_sentence_is_refused() {
    let fault = one_fault(&FORBID.replace("@message(\"no\")", "@message(\"no {patient}\")"));
    assert!(fault.message.contains("{patient}"), "{fault}");
}

#[test]
fn an_id_used_twice_and_every_other_fault_are_all_reported() {
    let broken = FORBID.replace("context.patient", "context.patients");
    let twice = format!("{FORBID}\n{FORBID}");
    let faults = Policies::parse(&[("a.cedar", &twice), ("b.cedar", &broken)]).unwrap_err();
    let files: Vec<&str> = faults.iter().map(|fault| fault.file.as_str()).collect();
    assert_eq!(files, ["a.cedar", "b.cedar"], "{faults:?}");
}

#[test]
fn a_permit_names_its_actions() {
    let fault = one_fault(r#"@id("all") permit (principal, action, resource);"#);
    assert!(fault.message.contains("every action"), "{fault}");
}

#[test]
fn a_sentence_names_only_what_its_actions_know() {
    let of_operation = FORBID.replace("@message(\"no\")", "@message(\"no {operation}\")");
    assert!(one_fault(&of_operation).message.contains("{operation}"));
    let of_call = r#"
        @id("mine.two") @code("mine.two") @message("no {system}") @hint("do") @fact("record.kind")
        forbid (principal is Wardgate::Person, action, resource) when { context.mfa_level < 3 };"#;
    assert!(one_fault(of_call).message.contains("{system}"));
    let of_both = r#"
        @id("mine.three") @code("mine.three") @message("no {actor}") @hint("do") @fact("record.kind")
        forbid (principal, action, resource) when { context.mfa_level < 3 };"#;
    assert!(one_fault(of_both).message.contains("{actor}"));
}

#[test]
fn a_template_is_refused() {
    let text = FORBID.replace("principal,", "principal == ?principal,");
    assert!(
        faults(&text)
            .iter()
            .any(|fault| fault.message.contains("template"))
    );
}

#[test]
fn no_policies_permit_nothing() {
    let empty = Policies::parse(&[]).unwrap();
    let denial = Scene::permitted().decide_with(&empty).unwrap_err();
    assert_eq!(denial.code(), "purpose.not_allowed");
}

#[test]
fn a_policy_that_fails_to_evaluate_refuses() {
    let permit = r#"@id("p") permit (principal, action == Wardgate::Action::"call", resource);"#;
    let overflow = FORBID.replace("context.patient", "context.now * 9000000000 > 1");
    let policies = Policies::parse(&[("p.cedar", permit), ("f.cedar", &overflow)]).unwrap();
    let denial = Scene::permitted().decide_with(&policies).unwrap_err();
    assert_eq!(denial.code(), "policy.failed");
}

#[test]
fn every_built_in_file_is_embedded_as_it_stands_in_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let names_in = |below: &str| -> Vec<String> {
        std::fs::read_dir(format!("{folder}/{below}"))
            .unwrap()
            .map(|entry| below.to_owned() + &entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".cedar"))
            .collect()
    };
    let mut names = names_in("");
    names.extend(names_in("operations/"));
    names.sort();
    let mut embedded: Vec<&str> = Policies::built_in_files().iter().map(|f| f.0).collect();
    embedded.sort_unstable();
    assert_eq!(names, embedded);
}
