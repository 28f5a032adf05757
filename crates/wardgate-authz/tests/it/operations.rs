//! Who may do what on the console and its interfaces: the whole table, and what must never be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wardgate_authz::{Actor, Forbidden, Operation, Policies, ROLES, Target, Who, operate};

use crate::hospital::{POLICIES, now};

/// A person who is as strong as can be, so that only the roles decide.
struct Person<'a> {
    roles: &'a [String],
    authority: bool,
    mfa_level: u8,
    mfa_age_s: u64,
    /// Who made what it is done to.
    made_by: Option<&'a str>,
}

const ME: &str = "dr-osei";
const ANOTHER: &str = "dr-lund";

impl<'a> Person<'a> {
    fn with(roles: &'a [String]) -> Self {
        Self {
            roles,
            authority: false,
            mfa_level: 3,
            mfa_age_s: 10,
            made_by: Some(ANOTHER),
        }
    }

    /// The same with everything that this operation can ask for.
    fn ready_for(roles: &'a [String], operation: Operation) -> Self {
        let own = matches!(operation, Operation::AccountOwn | Operation::CareTeamRead);
        Self {
            authority: true,
            made_by: Some(if own { ME } else { ANOTHER }),
            ..Self::with(roles)
        }
    }

    fn ask(&self, operation: Operation) -> Result<(), Forbidden> {
        let who = Who::Person {
            id: ME,
            roles: self.roles,
            break_glass: self.authority,
        };
        ask(who, operation, self.mfa_level, self.mfa_age_s, self.made_by)
    }
}

fn ask(
    who: Who<'_>,
    operation: Operation,
    mfa_level: u8,
    mfa_age_s: u64,
    made_by: Option<&str>,
) -> Result<(), Forbidden> {
    let actor = Actor {
        who,
        mfa_level,
        mfa_age_s,
    };
    let (kind, _) = operation.word().split_once('.').unwrap();
    let target = Target {
        kind,
        id: "r1",
        made_by,
    };
    operate(&actor, operation, &target, &POLICIES, now()).map(|allowed| {
        assert_eq!(allowed.operation(), operation);
        assert!(
            allowed.policies().count() > 0,
            "nothing permits {operation:?}"
        );
    })
}

fn app(operations: &[String], operation: Operation) -> Result<(), Forbidden> {
    let id = "directory";
    ask(
        Who::App { id, operations },
        operation,
        0,
        u64::MAX,
        Some(ANOTHER),
    )
}

fn code(answer: Result<(), Forbidden>) -> String {
    match answer {
        Ok(()) => "yes".to_owned(),
        Err(forbidden) => forbidden.code.to_string(),
    }
}

fn one(role: &str) -> Vec<String> {
    vec![role.to_owned()]
}

/// What a role may do with everything in its favour.
fn may(role: &str) -> BTreeSet<Operation> {
    let roles = one(role);
    let all = Operation::ALL.iter().copied();
    all.filter(|operation| {
        Person::ready_for(&roles, *operation)
            .ask(*operation)
            .is_ok()
    })
    .collect()
}

/// The operations that an application can be granted at all.
const FOR_APPS: [Operation; 7] = [
    Operation::ScimProvision,
    Operation::RecordsRead,
    Operation::ConsentRead,
    Operation::ConsentWrite,
    Operation::CareTeamRead,
    Operation::CareTeamWrite,
    Operation::DataDeidentify,
];

#[test]
fn every_role_and_operation_with_every_fact() {
    type Change = (&'static str, fn(&mut Person<'_>));
    let changes: [Change; 8] = [
        ("all in favour", |_| {}),
        ("no authority", |p| p.authority = false),
        ("their own", |p| p.made_by = Some(ME)),
        ("of another", |p| p.made_by = Some(ANOTHER)),
        ("of nobody", |p| p.made_by = None),
        ("one factor", |p| p.mfa_level = 1),
        ("no factor", |p| p.mfa_level = 0),
        ("300 s ago", |p| p.mfa_age_s = 300),
    ];
    let mut table = String::new();
    for role in ROLES.iter().copied().chain(["app", "no role"]) {
        let roles = if role == "no role" {
            Vec::new()
        } else {
            one(role)
        };
        for operation in Operation::ALL {
            let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
            for (name, change) in changes {
                let mut person = Person::ready_for(&roles, *operation);
                change(&mut person);
                let answer = code(person.ask(*operation));
                match answers.iter_mut().find(|(known, _)| *known == answer) {
                    Some((_, names)) => names.push(name),
                    None => answers.push((answer, vec![name])),
                }
            }
            if answers.len() == 1 && answers[0].0 == "operation.not_permitted" {
                continue;
            }
            for (answer, names) in answers {
                let names = names.join(", ");
                writeln!(
                    table,
                    "{role:16} {:18} {answer:24} {names}",
                    operation.word()
                )
                .unwrap();
            }
        }
    }
    writeln!(
        table,
        "Every other role and operation: operation.not_permitted whatever the facts."
    )
    .unwrap();
    for operation in Operation::ALL {
        let granted = [operation.word().to_owned()];
        let answers = [app(&granted, *operation), app(&[], *operation)].map(code);
        let [granted, not_granted] = answers;
        writeln!(
            table,
            "application      {:18} granted: {granted}, not granted: {not_granted}",
            operation.word()
        )
        .unwrap();
    }
    insta::assert_snapshot!(table);
}

/// One denial for every operation, each of somebody who lacks exactly one thing.
#[test]
fn every_operation_has_a_denial() {
    let mut gaps: Vec<&str> = Vec::new();
    let mut denials: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in Operation::ALL.iter().copied() {
        let word = operation.word();
        let held_by: Vec<&str> = ROLES
            .iter()
            .copied()
            .filter(|role| may(role).contains(&operation))
            .collect();
        let granted = [word.to_owned()];
        let permitted_to_apps = app(&granted, operation).is_ok();
        assert!(
            !held_by.is_empty() || permitted_to_apps,
            "nobody may do {word}"
        );
        let denied = denials.entry(word).or_default();
        let mut denies = |answer: Result<(), Forbidden>| match answer {
            Ok(()) => false,
            Err(forbidden) => {
                assert!(!forbidden.message.is_empty() && !forbidden.hint.is_empty());
                denied.insert(forbidden.code.to_string());
                true
            }
        };
        // Nobody without a role, no application without a grant.
        let stranger = Person {
            made_by: Some(ANOTHER),
            ..Person::ready_for(&[], operation)
        };
        if !denies(stranger.ask(operation)) || !denies(app(&[], operation)) {
            gaps.push(word);
        }
        for role in held_by {
            let roles = one(role);
            let weak = Person {
                mfa_level: 1,
                ..Person::ready_for(&roles, operation)
            };
            let refused = denies(weak.ask(operation));
            if refused == (operation == Operation::AccountOwn) {
                gaps.push(word);
            }
        }
    }
    let listed: Vec<&str> = denials.keys().copied().collect();
    let mut all: Vec<&str> = Operation::ALL
        .iter()
        .map(|operation| operation.word())
        .collect();
    all.sort_unstable();
    assert_eq!(listed, all);
    let gaps = if gaps.is_empty() {
        "none".to_owned()
    } else {
        gaps.join(" ")
    };
    let mut text = format!("gaps: {gaps}\n");
    for (word, codes) in &denials {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        writeln!(text, "{word:18} {}", codes.join(" ")).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// What one role may and another may not, the other is refused whatever it says of itself.
#[test]
fn no_role_does_what_only_another_may() {
    let mut pairs = 0;
    for a in ROLES {
        let of_a = may(a);
        for b in ROLES.iter().filter(|b| b != &a) {
            for operation in may(b).difference(&of_a) {
                pairs += 1;
                for claimed in claims(a, b) {
                    let answer = Person::ready_for(&claimed, *operation).ask(*operation);
                    let refused = answer.unwrap_err();
                    assert_eq!(
                        &*refused.code, "operation.not_permitted",
                        "{claimed:?} {operation:?}"
                    );
                }
                // Nor does an application that carries the name of the role.
                let granted = [(*b).to_owned(), format!("role:{b}")];
                assert!(app(&granted, *operation).is_err(), "{b} {operation:?}");
            }
        }
    }
    assert!(pairs > 100, "{pairs}");
}

/// Role `a`, and everything that looks as if it were `b` and is not.
fn claims(a: &str, b: &str) -> Vec<Vec<String>> {
    let look_alikes = [
        b.to_uppercase(),
        format!(" {b}"),
        format!("{b}\0"),
        format!("{a},{b}"),
        format!("{a} {b}"),
        format!("Wardgate::Role::\"{b}\""),
        format!("roles:{b}"),
        format!("{b}s"),
        b.replace('_', "-") + "x",
    ];
    let mut claims = vec![one(a)];
    claims.extend(look_alikes.map(|claim| vec![a.to_owned(), claim]));
    claims
}

#[test]
fn nobody_decides_on_their_own() {
    let everything: Vec<String> = ROLES.iter().map(|role| (*role).to_owned()).collect();
    for operation in [
        Operation::VendorApprove,
        Operation::PolicyApprove,
        Operation::BreakGlassReview,
        Operation::ConsentResolve,
        Operation::PeopleRoles,
        Operation::PeopleSuspend,
        Operation::PeopleEnrol,
    ] {
        let own = Person {
            made_by: Some(ME),
            ..Person::ready_for(&everything, operation)
        };
        let refused = own.ask(operation).unwrap_err();
        assert_eq!(&*refused.code, "duty.self_approval", "{operation:?}");
        assert!(refused.message.contains(ME), "{}", refused.message);
        let of_another = Person {
            made_by: Some(ANOTHER),
            ..own
        };
        assert!(of_another.ask(operation).is_ok(), "{operation:?}");
    }
    for operation in [
        Operation::VendorApprove,
        Operation::PolicyApprove,
        Operation::BreakGlassReview,
    ] {
        let of_nobody = Person {
            made_by: None,
            ..Person::ready_for(&everything, operation)
        };
        assert_eq!(
            code(of_nobody.ask(operation)),
            "duty.maker_unknown",
            "{operation:?}"
        );
    }
}

#[test]
fn nobody_touches_the_account_of_another_as_their_own() {
    let everything: Vec<String> = ROLES.iter().map(|role| (*role).to_owned()).collect();
    for made_by in [Some(ANOTHER), None, Some("DR-OSEI"), Some("")] {
        let person = Person {
            made_by,
            ..Person::with(&everything)
        };
        assert_eq!(
            code(person.ask(Operation::AccountOwn)),
            "operation.not_permitted"
        );
    }
}

#[test]
fn a_proof_holds_up_to_five_minutes_and_no_longer() {
    let stepped_up = [
        ("administrator", Operation::PeopleEnrol),
        ("administrator", Operation::PeopleRoles),
        ("administrator", Operation::KeyCreate),
        ("administrator", Operation::KeyRevoke),
        ("administrator", Operation::ClientRegister),
        ("security_lead", Operation::PolicyPropose),
        ("security_lead", Operation::PolicyApprove),
        ("security_lead", Operation::PolicyRollback),
        ("security_lead", Operation::LedgerExport),
        ("clinician", Operation::BreakGlassOpen),
        ("privacy_officer", Operation::BreakGlassReview),
    ];
    for (role, operation) in stepped_up {
        let roles = one(role);
        let person = |mfa_age_s| Person {
            mfa_age_s,
            ..Person::ready_for(&roles, operation)
        };
        assert!(person(299).ask(operation).is_ok(), "{operation:?}");
        for age in [300, 86_400, u64::MAX] {
            assert_eq!(
                code(person(age).ask(operation)),
                "mfa.step_up_required",
                "{operation:?} {age}"
            );
        }
    }
    // Looking does not need it.
    let roles = one("administrator");
    let late = Person {
        mfa_age_s: 40_000,
        ..Person::with(&roles)
    };
    assert!(late.ask(Operation::PeopleRead).is_ok());
}

#[test]
fn nobody_is_sent_to_prove_themselves_for_what_they_may_not_do() {
    let roles = one("nurse");
    let late = Person {
        mfa_age_s: 40_000,
        mfa_level: 1,
        ..Person::with(&roles)
    };
    let refused = late.ask(Operation::KeyCreate).unwrap_err();
    assert_eq!(&*refused.code, "operation.not_permitted");
    assert_eq!(
        refused.message,
        "no policy permits `dr-osei` to do key.create"
    );
}

#[test]
fn an_application_does_what_it_was_granted_of_what_can_be_granted() {
    let everything: Vec<String> = Operation::ALL
        .iter()
        .map(|one| one.word().to_owned())
        .collect();
    for operation in Operation::ALL.iter().copied() {
        let permitted = app(&everything, operation).is_ok();
        assert_eq!(permitted, FOR_APPS.contains(&operation), "{operation:?}");
    }
    let only = [Operation::ConsentRead.word().to_owned()];
    for operation in Operation::ALL.iter().copied() {
        let permitted = app(&only, operation).is_ok();
        assert_eq!(
            permitted,
            operation == Operation::ConsentRead,
            "{operation:?}"
        );
    }
}

#[test]
fn every_code_of_an_operation_has_sentences() {
    let catalogue = POLICIES.operation_catalogue();
    let codes: Vec<&str> = catalogue.iter().map(|code| code.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "duty.maker_unknown",
            "duty.self_approval",
            "mfa.required",
            "mfa.step_up_required",
            "operation.not_permitted",
            "policy.failed",
        ]
    );
    for (message, hint) in catalogue.iter().flat_map(|code| &code.sentences) {
        assert!(!message.ends_with('.') && !hint.ends_with('.'), "{message}");
    }
}

#[test]
fn a_proof_of_a_token_counts_more_than_the_record() {
    let mut scene = crate::hospital::Scene::permitted();
    let sign_in = |level, age_s| Some(wardgate_authz::SignIn { level, age_s });
    scene.sign_in = sign_in(1, 0);
    assert_eq!(scene.denial().code(), "mfa.required");
    scene.person.mfa_level = crate::hospital::fact(0, "person/dr-osei");
    scene.sign_in = sign_in(3, 40_000);
    let permit = scene.decide().unwrap();
    let proof: Vec<(&str, &str)> = permit
        .facts()
        .filter(|fact| fact.name.starts_with("sign_in."))
        .map(|fact| (fact.name, &*fact.value))
        .collect();
    assert_eq!(
        proof,
        [("sign_in.mfa_level", "3"), ("sign_in.mfa_age_s", "40000")]
    );
    scene.sign_in = None;
    assert_eq!(scene.denial().code(), "mfa.required");
}

#[test]
fn a_set_without_rules_for_operations_refuses_them_all() {
    let calls_only = r#"
        @id("p") permit (principal, action == Wardgate::Action::"call", resource);"#;
    let policies = Policies::parse(&[("mine.cedar", calls_only)]).unwrap();
    assert_eq!(policies.operations_never_permitted(), Operation::ALL);
    let roles = one("administrator");
    for operation in Operation::ALL.iter().copied() {
        let who = Who::Person {
            id: ME,
            roles: &roles,
            break_glass: true,
        };
        let actor = Actor {
            who,
            mfa_level: 3,
            mfa_age_s: 0,
        };
        let target = Target {
            kind: "any",
            id: "r1",
            made_by: Some(ME),
        };
        let refused = operate(&actor, operation, &target, &policies, now()).unwrap_err();
        assert_eq!(&*refused.code, "operation.not_permitted");
    }
    assert_eq!(POLICIES.operations_never_permitted(), []);
}

#[test]
fn a_policy_that_fails_refuses_the_operation() {
    let permit =
        r#"@id("p") permit (principal, action == Wardgate::Action::"people.read", resource);"#;
    let overflow = r#"
        @id("f") @code("f") @message("no {operation}") @hint("do") @fact("record.kind")
        forbid (principal is Wardgate::Person, action, resource) when { context.now * 9000000000 > 1 };"#;
    let policies = Policies::parse(&[("p.cedar", permit), ("f.cedar", overflow)]).unwrap();
    let roles = one("administrator");
    let who = Who::Person {
        id: ME,
        roles: &roles,
        break_glass: false,
    };
    let actor = Actor {
        who,
        mfa_level: 3,
        mfa_age_s: 0,
    };
    let target = Target {
        kind: "people",
        id: "r1",
        made_by: None,
    };
    let refused = operate(&actor, Operation::PeopleRead, &target, &policies, now()).unwrap_err();
    assert_eq!(&*refused.code, "policy.failed");
}
