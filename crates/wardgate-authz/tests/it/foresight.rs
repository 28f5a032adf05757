//! Recorded decisions computed again, and two sets of policies compared.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use wardgate_authz::consent::Coding;
use wardgate_authz::foresight::{
    Answer, Difference, PastOutcome, PolicyChange, Replayed, Situation, Unreplayable, replay,
};
use wardgate_authz::{
    Agreement, Containment, Denial, FactUsed, Labels, Permit, Policies, Purpose, ROLES, SignIn,
    Subject, SystemState, Training, VendorState,
};

use crate::hospital::{POLICIES, Scene, at, consent, fact, now, purpose};

/// The built-in policies but for one file.
fn without(file: &str) -> Policies {
    let files: Vec<_> = Policies::built_in_files()
        .iter()
        .copied()
        .filter(|(name, _)| *name != file)
        .collect();
    Policies::parse(&files).unwrap()
}

/// The built-in policies with one file more.
fn with(text: &str) -> Policies {
    let mut files = Policies::built_in_files().to_vec();
    files.push(("mine.cedar", text));
    Policies::parse(&files).unwrap()
}

static OTHERS: LazyLock<[Policies; 4]> = LazyLock::new(|| {
    [
        without("mfa.cedar"),
        without("vendor.cedar"),
        without("purpose.cedar"),
        with(
            r#"
            @id("mine.no_payment") @code("mine.no_payment") @message("no") @hint("do") @fact("person.roles")
            forbid (principal, action == Wardgate::Action::"call", resource)
            when { context.purpose == "HPAYMT" || context.region == "us-west" };"#,
        ),
    ]
});

/// As the gate would have recorded it.
fn recorded(scene: &Scene, decided: &Result<Permit, Denial>) -> (Situation, PastOutcome) {
    let facts = |facts: &mut dyn Iterator<Item = &FactUsed>| -> BTreeMap<String, String> {
        facts
            .map(|fact| (fact.name.to_owned(), fact.value.to_string()))
            .collect()
    };
    let (facts, outcome) = match decided {
        Ok(permit) => (facts(&mut permit.facts()), PastOutcome::Permitted),
        Err(denial) => (
            facts(&mut denial.facts()),
            PastOutcome::Refused {
                gate: denial.gate(),
                code: denial.code().to_owned(),
            },
        ),
    };
    let situation = Situation {
        at: now(),
        app: "notes".to_owned(),
        person: scene.person_named.then(|| "dr-osei".to_owned()),
        system: "chat".to_owned(),
        vendor: "acme".to_owned(),
        purpose: scene.purpose,
        about_patient: scene.patient.is_some(),
        data_class: scene.data_class.to_owned(),
        recipient: "Acme AI".to_owned(),
        region: "us-east".to_owned(),
        facts,
    };
    (situation, outcome)
}

/// A hospital in which anything may be out of order: each change is made or not.
fn scenes() -> impl Strategy<Value = Scene> {
    let change = prop_oneof![of_systems(), of_vendors(), of_people(), of_calls()];
    prop::collection::vec(change, 0..6).prop_map(|changes| {
        let mut scene = Scene::permitted();
        for change in changes {
            (change.0)(&mut scene);
        }
        scene
    })
}

const fn label(code: &'static str) -> Coding<'static> {
    Coding {
        system: "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        code,
    }
}

const NORMAL: &[Coding<'static>] = &[label("N")];
const SENSITIVE: &[Coding<'static>] = &[label("R"), label("PSY"), label("HIV")];

/// One thing that is otherwise.
struct Change(Box<dyn FnOnce(&mut Scene)>);

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

fn made<T: std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T> + 'static,
    change: fn(&mut Scene, T),
) -> BoxedStrategy<Change> {
    values
        .prop_map(move |value| Change(Box::new(move |scene: &mut Scene| change(scene, value))))
        .boxed()
}

fn of_systems() -> impl Strategy<Value = Change> {
    let assessed = prop::sample::select(vec!["2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z"]);
    let purposes = prop::sample::subsequence(Purpose::all().collect::<Vec<_>>(), 1..8);
    prop_oneof![
        made(prop::sample::select(SystemState::ALL), |scene, state| {
            scene.system.state = fact(state, "system/chat");
        }),
        made(prop::option::of(assessed), |scene, until| {
            scene.system.assessed_until = fact(until.map(at), "assessment/a1");
        }),
        made(0_u32..3, |scene, count| {
            scene.system.critical_findings_overdue = fact(count, "system/chat");
        }),
        made(purposes, |scene, purposes| {
            scene.system.allowed_purposes = fact(purposes, "system/chat");
        }),
        made(any::<bool>(), |scene, same| {
            scene.system.digest_match = fact(same, "system/chat");
        }),
        made(any::<bool>(), |scene, required| {
            scene.system.person_required = fact(required, "system/chat");
        }),
    ]
}

fn of_vendors() -> impl Strategy<Value = Change> {
    let until = prop::sample::select(vec!["2026-02-01T00:00:00Z", "2026-04-01T00:00:00Z"]);
    prop_oneof![
        made(prop::sample::select(VendorState::ALL), |scene, state| {
            scene.vendor.state = fact(state, "vendor/acme");
        }),
        made(prop::option::of(until), |scene, until| {
            let signed = until.map(|until| Agreement::Signed {
                from: at("2025-01-01T00:00:00Z"),
                until: at(until),
            });
            scene.vendor.agreement = fact(signed.unwrap_or(Agreement::None), "agreement/baa-7");
        }),
    ]
}

fn of_people() -> impl Strategy<Value = Change> {
    let until = prop::sample::select(vec!["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]);
    prop_oneof![
        made(
            prop::sample::subsequence(ROLES.to_vec(), 0..3),
            |scene, roles| {
                let roles = roles.into_iter().map(str::to_owned).collect();
                scene.person.roles = fact(roles, "person/dr-osei");
            }
        ),
        made(prop::option::of(until), |scene, until| {
            let (course, until) = ("phi-basics".to_owned(), until.map(at));
            scene.person.training = fact(Training { course, until }, "person/dr-osei");
        }),
        made(0_u8..4, |scene, level| {
            scene.person.mfa_level = fact(level, "person/dr-osei");
        }),
        made(any::<bool>(), |scene, named| scene.person_named = named),
        made(any::<bool>(), |scene, may| {
            scene.person.break_glass = fact(may, "person/dr-osei");
        }),
        made((0_u8..4, 0_u64..900), |scene, (level, age_s)| {
            scene.sign_in = Some(SignIn { level, age_s });
        }),
    ]
}

fn of_calls() -> impl Strategy<Value = Change> {
    let purposes = Purpose::all().collect::<Vec<_>>();
    prop_oneof![
        made(prop::sample::select(purposes), |scene, purpose| {
            scene.purpose = purpose;
            let purposes = vec![purpose, Scene::permitted().purpose];
            scene.system.allowed_purposes = fact(purposes, "system/chat");
        }),
        made(prop::option::of(any::<bool>()), |scene, known| {
            scene.patient = known.map(|known| match known {
                true => Subject::Known("Patient/p1"),
                false => Subject::Unknown,
            });
        }),
        made(
            prop::sample::select(vec!["clinical-text", "imaging"]),
            |scene, class| {
                scene.data_class = class;
            }
        ),
        made(
            prop::sample::select(vec![NORMAL, SENSITIVE]),
            |scene, labels| {
                scene.labels = Labels::found(labels);
            }
        ),
        made(any::<bool>(), |scene, declared| scene.flow =
            fact(declared, "flow/f1")),
        made(any::<bool>(), |scene, contained| {
            let incident = "inc-4".to_owned();
            let state = match contained {
                true => Containment::Contained { incident },
                false => Containment::Open,
            };
            scene.containment = fact(state, "incident/inc-4");
        }),
        made(any::<bool>(), |scene, asked| {
            if asked {
                scene.consents.clear();
            }
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_recorded_decision_is_the_same_under_the_same_policies(scene in scenes()) {
        let decided = scene.decide();
        let (situation, outcome) = recorded(&scene, &decided);
        prop_assert_eq!(replay(&situation, &outcome, &POLICIES), Ok(Replayed::Same));
        // And the policies' answer is theirs, policy by policy.
        let answer = situation.ask(&POLICIES).unwrap();
        let said: Vec<&str> = answer.policies().collect();
        let recorded: Vec<&str> = match &decided {
            Ok(permit) => permit.policies().collect(),
            Err(denial) => denial.policies().collect(),
        };
        prop_assert_eq!(said, recorded);
    }

    #[test]
    fn what_replay_foretells_is_what_other_policies_decide(scene in scenes(), other in 0_usize..4) {
        let other = &OTHERS[other];
        let decided = scene.decide();
        let (situation, outcome) = recorded(&scene, &decided);
        let foretold = replay(&situation, &outcome, other).unwrap();
        let before = decided.err().map(|denial| denial.code().to_owned());
        let after = scene.decide_with(other).err().map(|denial| denial.code().to_owned());
        match foretold {
            Replayed::Same => prop_assert_eq!(before, after),
            Replayed::Refused { code, .. } => {
                prop_assert_eq!(before, None);
                prop_assert_eq!(after.as_deref(), Some(&*code));
            }
            Replayed::OtherCode { code, .. } => {
                prop_assert!(before.is_some());
                prop_assert_eq!(after.as_deref(), Some(&*code));
            }
            Replayed::Permitted { consent_open, .. } => {
                prop_assert!(before.is_some());
                // Only the patient, who was never asked, can still say no.
                prop_assert!(after.is_none() || (consent_open && after.as_deref() == Some("consent.denied")));
            }
            Replayed::NotByPolicies => prop_assert!(false, "every fact was there"),
        }
    }
}

#[test]
fn a_refusal_for_a_missing_fact_does_not_depend_on_policies() {
    let mut scene = Scene::permitted();
    scene.vendor.agreement = None;
    let (situation, outcome) = recorded(&scene, &scene.decide());
    for policies in OTHERS.iter() {
        let replayed = replay(&situation, &outcome, policies);
        assert_eq!(replayed, Ok(Replayed::NotByPolicies));
    }
}

#[test]
fn a_patients_no_stays_a_no_under_policies_that_permit() {
    let mut scene = Scene::permitted();
    scene.consents = vec![consent("c1", r#"{"type":"deny"}"#)];
    let (situation, outcome) = recorded(&scene, &scene.decide());
    for policies in [&*POLICIES, &OTHERS[0]] {
        assert_eq!(replay(&situation, &outcome, policies), Ok(Replayed::Same));
    }
}

#[test]
fn labels_are_what_they_were_found_to_be() {
    let mut scene = Scene::permitted();
    scene.purpose = purpose("HPAYMT");
    scene.person.roles = fact(vec!["clerk".to_owned()], "person/dr-osei");
    scene.labels = Labels::found(SENSITIVE);
    let decided = scene.decide();
    assert_eq!(decided.as_ref().unwrap_err().code(), "data_class.sensitive");
    let (mut situation, outcome) = recorded(&scene, &decided);
    let under = |situation: &Situation, policies| replay(situation, &outcome, policies);
    assert_eq!(under(&situation, &POLICIES), Ok(Replayed::Same));
    let others = without("minimum.cedar");
    let lax = under(&situation, &others);
    assert!(matches!(lax, Ok(Replayed::Permitted { .. })), "{lax:?}");
    // Without what was found the same call would have passed: the labels decided.
    situation.facts.remove("data.labels");
    let unlabelled = under(&situation, &POLICIES);
    assert!(
        matches!(unlabelled, Ok(Replayed::Permitted { .. })),
        "{unlabelled:?}"
    );
}

#[test]
fn nothing_is_guessed_when_a_fact_was_not_recorded() {
    let situation = Situation::ordinary("nurse", purpose("TREAT"), true);
    for name in situation.facts.keys() {
        let mut lacking = situation.clone();
        lacking.facts.remove(name);
        let missing = lacking.ask(&POLICIES).unwrap_err();
        assert!(matches!(missing, Unreplayable::Missing(of) if of == name));
        let mut unfit = situation.clone();
        unfit.facts.insert(name.clone(), "un/fit".to_owned());
        let free = [
            "app.systems",
            "incident.containment",
            "person.roles",
            "vendor.region",
        ];
        let free = free.contains(&name.as_str()) || name == "system.allowed_data_classes";
        assert_eq!(unfit.ask(&POLICIES).is_ok(), free, "{name}");
    }
    let mut newer = situation;
    newer
        .facts
        .insert("person.mood".to_owned(), "good".to_owned());
    let unknown = newer.ask(&POLICIES).unwrap_err();
    assert_eq!(unknown, Unreplayable::Unknown("person.mood".to_owned()));
}

#[test]
fn every_fact_of_a_decision_is_one_that_a_situation_knows() {
    let mut scene = Scene::permitted();
    scene.labels = Labels::found(NORMAL);
    let permit = scene.decide().unwrap();
    let mut names: Vec<&str> = permit.facts().map(|fact| fact.name).collect();
    names.sort_unstable();
    let known = wardgate_authz::foresight::FACT_NAMES.iter().copied();
    // What a token proves is there only with one.
    let known: Vec<&str> = known.filter(|name| !name.starts_with("sign_in.")).collect();
    assert_eq!(names, known);
}

#[test]
fn the_ordinary_situation_is_permitted_by_the_role_alone() {
    let ordinary = Situation::ordinary("clinician", purpose("TREAT"), true);
    assert!(ordinary.ask(&POLICIES).unwrap().permits());
    let auditor = Situation::ordinary("auditor", purpose("TREAT"), true);
    assert_eq!(
        auditor.ask(&POLICIES).unwrap().code(),
        Some("purpose.not_allowed")
    );
}

#[test]
fn a_set_does_not_differ_from_itself() {
    let difference = Difference::between(&POLICIES, &Policies::built_in().unwrap());
    assert!(difference.is_empty());
    assert!(difference.compared > 1_000);
}

#[test]
fn the_difference_names_policies_and_the_cells_that_flip() {
    let without = without("mfa.cedar");
    let difference = Difference::between(&POLICIES, &without);
    let ids: Vec<_> = difference
        .policies
        .iter()
        .map(|change| (change.word(), change.id()))
        .collect();
    assert_eq!(
        ids,
        [
            ("removed", "mfa.required"),
            ("removed", "mfa.required_by_system")
        ]
    );
    // What another circumstance refuses anyway does not flip.
    for flip in &difference.calls {
        assert!(
            [
                "signed in with one factor",
                "two factors where the system asks for a passkey"
            ]
            .contains(&flip.circumstance),
            "{flip}"
        );
        assert_eq!(flip.before.code(), Some("mfa.required"));
    }
    let nurse = difference
        .calls
        .iter()
        .find(|flip| flip.role == "nurse" && flip.about_patient && flip.after.permits());
    let line = nurse.unwrap().to_string();
    assert!(
        line.starts_with("nurse, about a patient, signed in with one factor, for TREAT"),
        "{line}"
    );
    assert!(
        line.ends_with("refused with `mfa.required` -> permitted"),
        "{line}"
    );
    // The other way round it is added, and the answers change places.
    let back = Difference::between(&without, &POLICIES);
    assert!(
        matches!(&back.policies[0], PolicyChange::Added(policy) if &*policy.id == "mfa.required")
    );
    assert_eq!(back.calls.len(), difference.calls.len());
    assert!(
        back.calls
            .iter()
            .all(|flip| matches!(&flip.after, Answer::Refused { .. }))
    );
}

/// Purposes are tried together where policies can not tell them apart, and only there.
#[test]
fn a_purpose_that_only_one_policy_names_flips_alone() {
    for condition in [
        r#"context.purpose == "CLINTRL""#,
        r#"context.purposes.contains("CLINTRL")"#,
        r#"context.purpose like "CLINTRL*""#,
    ] {
        let other = with(&format!(
            r#"@id("mine.no") @code("mine.no") @message("no") @hint("do") @fact("person.roles")
            forbid (principal, action == Wardgate::Action::"call", resource) when {{ {condition} }};"#
        ));
        let difference = Difference::between(&POLICIES, &other);
        assert!(!difference.calls.is_empty());
        for flip in &difference.calls {
            let purposes: Vec<&str> = flip.purposes.iter().map(|purpose| purpose.code()).collect();
            assert_eq!(purposes, ["CLINTRL"], "{condition}: {flip}");
        }
    }
}

#[test]
fn a_policy_in_other_words_is_told_as_changed() {
    let files: Vec<(&str, String)> = Policies::built_in_files()
        .iter()
        .map(|(name, text)| {
            (
                *name,
                text.replace(
                    "person && context.mfa_level < 2",
                    "person && context.mfa_level < 3",
                ),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let stricter = Policies::parse(&files).unwrap();
    let difference = Difference::between(&POLICIES, &stricter);
    let [PolicyChange::Changed { before, after }] = &difference.policies[..] else {
        panic!("{:?}", difference.policies);
    };
    assert!(before.text.contains("mfa_level < 2") && after.text.contains("mfa_level < 3"));
    assert!(before.forbids);
}
