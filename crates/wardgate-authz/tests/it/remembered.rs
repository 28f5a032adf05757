//! Answers that the policies gave before are the answers they would give now.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use wardgate_authz::{
    Agreement, Containment, Denial, Facts, Permit, Policies, Purpose, Request, SystemState,
    Training, decide,
};

use crate::hospital::{POLICIES, Scene, fact, now, purpose};

/// The same policies, and one that never applies but reads the time so that nothing is kept.
static FORGETFUL: LazyLock<Policies> = LazyLock::new(|| {
    let never = r#"
        @id("never") @code("never") @message("no") @hint("do") @fact("vendor.state")
        forbid (principal, action == Wardgate::Action::"call", resource) when { context.now < -1 };"#;
    let mut files = Policies::built_in_files().to_vec();
    files.push(("never.cedar", never));
    Policies::parse(&files).unwrap()
});

type Change = fn(&mut Scene, &dyn Fn(i64) -> Timestamp);

/// Scenes that differ in what lapses and when; the parties of one are shared by its calls.
static SCENES: LazyLock<Vec<(Scene, Facts)>> = LazyLock::new(|| {
    let after = |ms: i64| now().checked_add(SignedDuration::from_millis(ms)).unwrap();
    let changes: Vec<Change> = vec![
        |_, _| {},
        |scene, after| {
            let (from, until) = (after(2), after(7));
            scene.vendor.agreement = fact(Agreement::Signed { from, until }, "agreement/b");
        },
        |scene, after| scene.system.assessed_until = fact(Some(after(4)), "assessment/a"),
        |scene, after| {
            let (course, until) = ("phi-basics".to_owned(), Some(after(5)));
            scene.person.training = fact(Training { course, until }, "person/dr-osei");
            let (from, until) = (after(-5), after(6));
            scene.vendor.agreement = fact(Agreement::Signed { from, until }, "agreement/b");
        },
        |scene, _| scene.system.state = fact(SystemState::Suspended, "system/chat"),
        |scene, _| scene.person.roles = fact(vec!["auditor".to_owned()], "person/dr-osei"),
        |scene, _| scene.system.person_required = fact(false, "system/chat"),
        |scene, _| {
            scene.person.roles = fact(vec!["data_scientist".to_owned()], "person/dr-osei");
            scene.system.allowed_purposes = fact(vec![purpose("HRESCH")], "system/chat");
        },
    ];
    changes
        .into_iter()
        .map(|change| {
            let mut scene = Scene::permitted();
            change(&mut scene, &after);
            let facts = scene.facts();
            (scene, facts)
        })
        .collect()
});

#[derive(Clone, Debug)]
struct Ask {
    scene: usize,
    at_ms: i64,
    person: bool,
    purpose: &'static str,
    data_class: &'static str,
    flow: bool,
    contained: bool,
    patient: bool,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let one = (
        (0_usize..8, -3_i64..10, any::<bool>()),
        prop::sample::select(vec!["TREAT", "HPAYMT", "HRESCH"]),
        prop::sample::select(vec!["clinical-text", "imaging"]),
        (any::<bool>(), any::<bool>(), any::<bool>()),
    );
    let one = one.prop_map(|(who, purpose, data_class, flags)| Ask {
        scene: who.0,
        at_ms: who.1,
        person: who.2,
        purpose,
        data_class,
        flow: flags.0,
        contained: flags.1,
        patient: flags.2,
    });
    prop::collection::vec(one, 1..40)
}

fn answer(ask: &Ask, policies: &Policies) -> (Vec<String>, String) {
    let (scene, facts) = &SCENES[ask.scene];
    let at = now()
        .checked_add(SignedDuration::from_millis(ask.at_ms))
        .unwrap();
    let mut facts = facts.clone();
    facts.snapshot_as_of = at;
    facts.flow_declared = fact(ask.flow, "flow/f");
    if ask.contained {
        let incident = "inc-4".to_owned();
        facts.containment = fact(Containment::Contained { incident }, "incident/inc-4");
    }
    let asked: Purpose = purpose(ask.purpose);
    let base = scene.request(&facts);
    let request = Request {
        person: base.person.filter(|_| ask.person),
        purpose: asked,
        data_class: ask.data_class,
        patient: base.patient.filter(|_| ask.patient),
        ..base
    };
    let decided: Result<Permit, Denial> =
        decide(&request, &scene.consents, &scene.domain, policies, at);
    match decided {
        Ok(permit) => (
            permit.policies().map(str::to_owned).collect(),
            "permitted".to_owned(),
        ),
        Err(denial) => {
            let policies = denial.policies().map(str::to_owned).collect();
            (
                policies,
                format!("{} {} {}", denial.code(), denial.message(), denial.source()),
            )
        }
    }
}

proptest! {
    #[test]
    fn a_remembered_answer_is_the_answer(asks in asks()) {
        for ask in &asks {
            let expected = answer(ask, &FORGETFUL);
            // The second time it may be remembered.
            prop_assert_eq!(&answer(ask, &POLICIES), &expected, "{:?}", ask);
            prop_assert_eq!(&answer(ask, &POLICIES), &expected, "{:?}", ask);
        }
    }
}

#[test]
fn an_agreement_that_expires_between_two_calls_refuses_the_second() {
    let ask = |at_ms| Ask {
        scene: 1,
        at_ms,
        person: true,
        purpose: "TREAT",
        data_class: "clinical-text",
        flow: true,
        contained: false,
        patient: true,
    };
    let policies = Policies::built_in().unwrap();
    let codes: Vec<String> = [1, 2, 3, 4, 6, 7, 8]
        .map(|at_ms| answer(&ask(at_ms), &policies).1)
        .iter()
        .map(|answer| answer.split(' ').next().unwrap().to_owned())
        .collect();
    let (missing, expired) = ("vendor.agreement_missing", "vendor.agreement_expired");
    let permitted = "permitted";
    assert_eq!(
        codes,
        [
            missing, permitted, permitted, permitted, permitted, expired, expired
        ]
    );
}
