//! The whole table: each role for each purpose, with and without a patient.

use std::fmt::Write;

use wardgate_authz::{Care, Purpose, ROLES};

use crate::emergencies::open_glass;
use crate::hospital::{Scene, consent, fact, purpose};

#[test]
fn roles_and_purposes() {
    let mut table = String::new();
    for role in ROLES {
        for patient in [true, false] {
            let mut codes: Vec<&str> = Vec::new();
            for purpose in Purpose::all() {
                let mut scene = Scene::permitted();
                scene.system.allowed_purposes = fact(Purpose::all().collect(), "system/chat");
                scene.person.roles = fact(vec![(*role).to_owned()], "person/dr-osei");
                scene.purpose = purpose;
                if !patient {
                    scene.patient = None;
                    scene.data_class = "general-text";
                    scene.system.allowed_data_classes =
                        fact(vec!["general-text".to_owned()], "system/chat");
                }
                scene.consents = vec![consent("c1", r#"{"type":"permit"}"#)];
                match scene.decide() {
                    Ok(_) => codes.push(purpose.code()),
                    Err(denial) => {
                        let codes = [
                            "purpose.not_allowed",
                            "break_glass.not_open",
                            "data_class.not_for_role",
                        ];
                        assert!(
                            codes.contains(&denial.code()),
                            "{role} {purpose} {denial:?}"
                        );
                    }
                }
            }
            let about = if patient { "a patient" } else { "no patient" };
            let codes = if codes.is_empty() {
                "-".to_owned()
            } else {
                codes.join(" ")
            };
            writeln!(table, "{role}, about {about}: {codes}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// For every role: what one lapsed fact at a time answers.
#[test]
fn roles_and_facts() {
    type Lapse = (&'static str, fn(&mut Scene));
    let lapses: &[Lapse] = &[
        ("nothing lapsed", |_| {}),
        ("agreement", |s| {
            s.vendor.agreement = fact(wardgate_authz::Agreement::None, "vendor/acme");
        }),
        ("assessment", |s| {
            s.system.assessed_until = fact(None, "system/chat")
        }),
        ("digest", |s| {
            s.system.digest_match = fact(false, "system/chat")
        }),
        ("findings", |s| {
            s.system.critical_findings_overdue = fact(1, "system/chat")
        }),
        ("flow", |s| s.flow = fact(false, "flows")),
        ("second factor", |s| {
            s.person.mfa_level = fact(1, "person/dr-osei")
        }),
        ("grant", |s| s.app.systems = fact(Vec::new(), "app/notes")),
        ("consent", |s| s.consents.clear()),
        ("care", |s| s.care = fact(Care::Missing, "care_team")),
        ("care not asked", |s| {
            s.care = fact(Care::NotAsked, "care_team")
        }),
        ("break glass", |s| s.purpose = purpose("BTG")),
        ("glass open", open_glass),
        ("glass, no authority", |s| {
            open_glass(s);
            s.person.break_glass = fact(false, "person/dr-osei");
        }),
        ("glass, agreement", |s| {
            open_glass(s);
            s.vendor.agreement = fact(wardgate_authz::Agreement::None, "vendor/acme");
        }),
        ("glass, no consent", |s| {
            open_glass(s);
            s.consents.clear();
        }),
        ("agreement unknown", |s| s.vendor.agreement = None),
    ];
    let mut table = String::new();
    for role in ROLES.iter().copied().chain(["no role"]) {
        for (name, lapse) in lapses {
            let mut scene = Scene::permitted();
            let roles = if role == "no role" {
                Vec::new()
            } else {
                vec![role.to_owned()]
            };
            scene.person.roles = fact(roles, "person/dr-osei");
            lapse(&mut scene);
            let answer = match scene.decide() {
                Ok(_) => "permitted".to_owned(),
                Err(denial) => denial.code().to_owned(),
            };
            writeln!(table, "{role:16} {name:20} {answer}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
