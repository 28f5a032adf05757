//! Emergency access: what it passes, and every way to take it further than it goes.

use jiff::SignedDuration;
use wardgate_authz::{
    Agreement, BreakGlass, Care, Containment, SignIn, Subject, SystemState, Training, decide,
};

use crate::hospital::{POLICIES, Scene, at, consent, fact, now, purpose};

/// An open access of a person with the authority for it, who is in no care team.
pub(crate) fn open_glass(scene: &mut Scene) {
    let until = now() + SignedDuration::from_hours(1);
    scene.purpose = purpose("BTG");
    scene.care = fact(Care::Missing, "care_team");
    scene.break_glass = fact(BreakGlass::Open { until }, "break_glass/b1");
    scene.person.break_glass = fact(true, "person/dr-osei");
}

fn emergency() -> Scene {
    let mut scene = Scene::permitted();
    open_glass(&mut scene);
    scene
}

#[test]
fn it_passes_training_care_relationship_and_consent() {
    let mut scene = emergency();
    assert!(scene.decide().is_ok());
    let course = "phi-basics".to_owned();
    let lapsed = Training {
        course,
        until: None,
    };
    scene.person.training = fact(lapsed, "person/dr-osei");
    scene.consents = vec![consent("c1", r#"{"type":"deny"}"#)];
    let permit = scene.decide().unwrap();
    let basis = wardgate_authz::ConsentBasis::Default("break-glass");
    assert_eq!(permit.consent(), &basis);
    let active = permit
        .facts()
        .find(|fact| fact.name == "break_glass.active");
    assert_eq!(&*active.unwrap().source, "break_glass/b1");
}

#[test]
fn it_passes_nothing_else() {
    type Lapse = (&'static str, fn(&mut Scene));
    let lapses: [Lapse; 14] = [
        ("vendor.agreement_missing", |s| {
            s.vendor.agreement = fact(Agreement::None, "vendor/acme");
        }),
        ("vendor.agreement_expired", |s| {
            let agreement = Agreement::Signed {
                from: at("2025-01-01T00:00:00Z"),
                until: now(),
            };
            s.vendor.agreement = fact(agreement, "agreement/b");
        }),
        ("incident.contained", |s| {
            let incident = "inc-4".to_owned();
            s.containment = fact(Containment::Contained { incident }, "incident/inc-4");
        }),
        ("system.assessment_expired", |s| {
            s.system.assessed_until = fact(None, "system/chat")
        }),
        ("system.digest_mismatch", |s| {
            s.system.digest_match = fact(false, "system/chat")
        }),
        ("system.findings_overdue", |s| {
            s.system.critical_findings_overdue = fact(1, "system/chat");
        }),
        ("system.suspended", |s| {
            s.system.state = fact(SystemState::Suspended, "system/chat");
        }),
        ("purpose.not_allowed", |s| {
            s.system.allowed_purposes = fact(vec![purpose("HPAYMT")], "system/chat");
        }),
        ("data_class.not_allowed", |s| s.data_class = "imaging"),
        ("flow.undeclared", |s| s.flow = fact(false, "flows")),
        ("mfa.required", |s| {
            s.person.mfa_level = fact(1, "person/dr-osei")
        }),
        ("mfa.required", |s| {
            s.sign_in = Some(SignIn { level: 1, age_s: 0 })
        }),
        ("access.not_granted", |s| {
            s.app.systems = fact(Vec::new(), "app/notes")
        }),
        ("fact.missing", |s| s.break_glass = None),
    ];
    for (code, lapse) in lapses {
        let mut scene = emergency();
        lapse(&mut scene);
        assert_eq!(scene.denial().code(), code);
    }
}

#[test]
fn without_the_authority_an_open_access_opens_nothing() {
    let mut scene = emergency();
    scene.person.break_glass = fact(false, "person/dr-osei");
    assert_eq!(scene.denial().code(), "break_glass.not_open");
}

#[test]
fn a_call_that_says_so_without_an_open_access_is_refused() {
    let mut scene = emergency();
    scene.break_glass = fact(BreakGlass::NotOpen, "break_glass");
    let known = scene.denial();
    assert_eq!(known.code(), "break_glass.not_open");
    // Nor does it tell whether the patient is known.
    scene.patient = Some(Subject::Unknown);
    let unknown = scene.denial();
    assert_eq!(unknown.code(), known.code());
    assert_eq!(unknown.message(), known.message());
    assert_eq!(unknown.source(), known.source());
}

#[test]
fn it_ends_at_its_time() {
    let scene = emergency();
    let mut facts = scene.facts();
    let ask = |facts: &wardgate_authz::Facts, after: SignedDuration| {
        let mut facts = facts.clone();
        facts.snapshot_as_of = now() + after;
        let request = scene.request(&facts);
        let decided = decide(
            &request,
            &scene.consents,
            &scene.domain,
            &POLICIES,
            now() + after,
        );
        decided.map(drop).map_err(|denial| denial.code().to_owned())
    };
    let hour = SignedDuration::from_hours(1);
    assert_eq!(ask(&facts, hour - SignedDuration::from_millis(1)), Ok(()));
    assert_eq!(ask(&facts, hour), Err("break_glass.not_open".to_owned()));
    facts.break_glass = fact(BreakGlass::Open { until: now() }, "break_glass/b1");
    assert_eq!(
        ask(&facts, SignedDuration::ZERO),
        Err("break_glass.not_open".to_owned())
    );
}

#[test]
fn an_open_access_helps_no_other_purpose_and_no_other_role() {
    for code in ["TREAT", "ETREAT"] {
        let mut scene = emergency();
        scene.purpose = purpose(code);
        assert_eq!(scene.denial().code(), "care.no_relationship", "{code}");
    }
    for role in [
        "clerk",
        "data_scientist",
        "privacy_officer",
        "administrator",
        "auditor",
    ] {
        let mut scene = emergency();
        scene.person.roles = fact(vec![role.to_owned()], "person/dr-osei");
        assert_eq!(scene.denial().code(), "purpose.not_allowed", "{role}");
    }
}

#[test]
fn nobody_in_particular_breaks_no_glass() {
    let mut scene = emergency();
    scene.person_named = false;
    scene.system.person_required = fact(false, "system/chat");
    assert_eq!(scene.denial().code(), "break_glass.not_open");
    let mut scene = emergency();
    scene.patient = None;
    assert_eq!(scene.denial().code(), "break_glass.not_open");
}
