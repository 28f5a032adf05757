//! Every refusal code, by changing exactly one thing of a call that is permitted.

use std::collections::BTreeSet;

use wardgate_authz::consent::Coding;
use wardgate_authz::{
    Agreement, Care, Containment, Gate, Labels, Subject, SystemState, Training, VendorState,
};

use crate::hospital::{POLICIES, Scene, at, consent, fact, now, purpose};

/// What a refusal must look like.
struct Expected {
    code: &'static str,
    source: &'static str,
    message: &'static str,
    policies: &'static [&'static str],
}

type Case = (fn(&mut Scene), Expected);

fn signed(from: &str, until: &str) -> Agreement {
    Agreement::Signed {
        from: at(from),
        until: at(until),
    }
}

static GOVERNANCE: &[Case] = &[
    (
        |scene| {
            let incident = "inc-4".to_owned();
            scene.containment = fact(Containment::Contained { incident }, "incident/inc-4");
        },
        Expected {
            code: "incident.contained",
            source: "incident/inc-4",
            message: "incident `inc-4` has stopped calls to `chat` from `notes`",
            policies: &["incident.contained"],
        },
    ),
    (
        |scene| scene.vendor.agreement = fact(Agreement::None, "vendor/acme"),
        Expected {
            code: "vendor.agreement_missing",
            source: "vendor/acme",
            message: "vendor `acme` has no agreement in force",
            policies: &["vendor.agreement_missing"],
        },
    ),
    (
        |scene| {
            let agreement = signed("2026-03-01T12:00:00.001Z", "2027-01-01T00:00:00Z");
            scene.vendor.agreement = fact(agreement, "agreement/baa-8");
        },
        Expected {
            code: "vendor.agreement_missing",
            source: "agreement/baa-8",
            message: "vendor `acme` has no agreement in force",
            policies: &["vendor.agreement_missing"],
        },
    ),
    (
        |scene| {
            let agreement = signed("2025-01-01T00:00:00Z", "2026-03-01T12:00:00Z");
            scene.vendor.agreement = fact(agreement, "agreement/baa-7");
        },
        Expected {
            code: "vendor.agreement_expired",
            source: "agreement/baa-7",
            message: "the agreement with vendor `acme` expired on 2026-03-01",
            policies: &["vendor.agreement_expired"],
        },
    ),
    (
        |scene| scene.vendor.state = fact(VendorState::Suspended, "vendor/acme"),
        Expected {
            code: "vendor.suspended",
            source: "vendor/acme",
            message: "vendor `acme` may not be used: its state is suspended",
            policies: &["vendor.suspended"],
        },
    ),
    (
        |scene| scene.system.state = fact(SystemState::Suspended, "system/chat"),
        Expected {
            code: "system.suspended",
            source: "system/chat",
            message: "system `chat` is suspended",
            policies: &["system.suspended"],
        },
    ),
    (
        |scene| scene.system.state = fact(SystemState::InReview, "system/chat"),
        Expected {
            code: "system.not_live",
            source: "system/chat",
            message: "system `chat` is not live: its state is in_review",
            policies: &["system.not_live"],
        },
    ),
    (
        |scene| scene.system.assessed_until = fact(None, "system/chat"),
        Expected {
            code: "system.assessment_expired",
            source: "system/chat",
            message: "system `chat` was never assessed",
            policies: &["system.assessment_missing"],
        },
    ),
    (
        |scene| scene.system.assessed_until = fact(Some(now()), "assessment/a1"),
        Expected {
            code: "system.assessment_expired",
            source: "assessment/a1",
            message: "the assessment of system `chat` expired on 2026-03-01",
            policies: &["system.assessment_expired"],
        },
    ),
    (
        |scene| scene.system.critical_findings_overdue = fact(2, "system/chat"),
        Expected {
            code: "system.findings_overdue",
            source: "system/chat",
            message: "system `chat` has critical findings past their due date: 2",
            policies: &["system.findings_overdue"],
        },
    ),
    (
        |scene| scene.system.digest_match = fact(false, "probe/chat"),
        Expected {
            code: "system.digest_mismatch",
            source: "probe/chat",
            message: "what serves system `chat` is not what was assessed",
            policies: &["system.digest_mismatch"],
        },
    ),
];

static USE: &[Case] = &[
    (
        |scene| {
            scene.system.allowed_purposes = fact(vec![purpose("HPAYMT")], "system/chat");
        },
        Expected {
            code: "purpose.not_allowed",
            source: "system/chat",
            message: "system `chat` is not approved for purpose TREAT",
            policies: &["purpose.not_allowed"],
        },
    ),
    (
        |scene| {
            scene.purpose = purpose("BTG");
            scene.patient = None;
        },
        Expected {
            code: "break_glass.not_open",
            source: "policies",
            message: "no emergency access is open for this call",
            policies: &["break_glass.not_open"],
        },
    ),
    (
        |scene| scene.care = fact(Care::Missing, "care_team"),
        Expected {
            code: "care.no_relationship",
            source: "care_team",
            message: "`dr-osei` is in no care team of this patient now",
            policies: &["care.no_relationship"],
        },
    ),
    (
        |scene| {
            scene.purpose = purpose("HOPERAT");
            scene.system.allowed_purposes = fact(vec![purpose("HOPERAT")], "system/chat");
            scene.labels = Labels::found(&PSYCHIATRY);
        },
        Expected {
            code: "data_class.sensitive",
            source: "system/chat",
            message: "purpose HOPERAT does not need data that is labelled sensitive",
            policies: &["minimum.sensitive"],
        },
    ),
    (
        |scene| {
            scene.purpose = purpose("HRESCH");
            scene.patient = None;
            scene.system.allowed_purposes = fact(vec![purpose("HRESCH")], "system/chat");
            scene.person.roles = fact(vec!["data_scientist".to_owned()], "person/dr-osei");
        },
        Expected {
            code: "data_class.not_for_role",
            source: "person/dr-osei",
            message: "the role of `dr-osei` does not need data of class `clinical-text` for purpose HRESCH",
            policies: &["minimum.data_scientist"],
        },
    ),
    (
        |scene| scene.data_class = "imaging",
        Expected {
            code: "data_class.not_allowed",
            source: "system/chat",
            message: "system `chat` is not approved for data of class `imaging`",
            policies: &["data_class.not_allowed"],
        },
    ),
    (
        |scene| scene.flow = fact(false, "flows"),
        Expected {
            code: "flow.undeclared",
            source: "flows",
            message: "no declared flow from `notes` to `chat` (`Acme AI`, us-east) for purpose TREAT and data of class `clinical-text`",
            policies: &["flow.undeclared"],
        },
    ),
    (
        |scene| scene.person_named = false,
        Expected {
            code: "person.required",
            source: "system/chat",
            message: "system `chat` needs a person who acts, and the call names none",
            policies: &["person.required"],
        },
    ),
    (
        |scene| {
            let course = "phi-basics".to_owned();
            scene.person.training = fact(
                Training {
                    course,
                    until: None,
                },
                "person/dr-osei",
            );
        },
        Expected {
            code: "training.lapsed",
            source: "person/dr-osei",
            message: "`dr-osei` has not passed the course `phi-basics`",
            policies: &["training.missing"],
        },
    ),
    (
        |scene| {
            let course = "phi-basics".to_owned();
            let until = Some(at("2026-02-28T00:00:00Z"));
            scene.person.training = fact(Training { course, until }, "completion/c9");
        },
        Expected {
            code: "training.lapsed",
            source: "completion/c9",
            message: "training of `dr-osei` in `phi-basics` expired on 2026-02-28",
            policies: &["training.lapsed"],
        },
    ),
    (
        |scene| scene.person.mfa_level = fact(1, "session/s1"),
        Expected {
            code: "mfa.required",
            source: "session/s1",
            message: "`dr-osei` has not signed in with two factors",
            policies: &["mfa.required"],
        },
    ),
    (
        |scene| scene.system.mfa_min = fact(3, "system/chat"),
        Expected {
            code: "mfa.required",
            source: "person/dr-osei",
            message: "`dr-osei` has not signed in as strongly as system `chat` asks for",
            policies: &["mfa.required_by_system"],
        },
    ),
    (
        |scene| scene.app.systems = fact(vec!["triage".to_owned()], "app/notes"),
        Expected {
            code: "access.not_granted",
            source: "app/notes",
            message: "`notes` was not granted system `chat`",
            policies: &[],
        },
    ),
    (
        |scene| scene.person.roles = fact(Vec::new(), "person/dr-osei"),
        Expected {
            code: "access.not_granted",
            source: "person/dr-osei",
            message: "`dr-osei` has no role",
            policies: &[],
        },
    ),
    (
        |scene| scene.person.roles = fact(vec!["auditor".to_owned()], "person/dr-osei"),
        Expected {
            code: "purpose.not_allowed",
            source: "person/dr-osei",
            message: "no role of `dr-osei` permits system `chat` for purpose TREAT",
            policies: &[],
        },
    ),
];

const DENIED: Expected = Expected {
    code: "consent.denied",
    source: "consent",
    message: "no consent on file permits this use of the patient's data",
    policies: &["access.clinician"],
};
static CONSENT: &[Case] = &[
    (|scene| scene.consents.clear(), DENIED),
    (|scene| scene.patient = Some(Subject::Unknown), DENIED),
    (
        |scene| scene.consents.push(consent("c2", r#"{"type":"deny"}"#)),
        DENIED,
    ),
    (
        |scene| {
            let nested = r#"{"type":"permit","provision":[{"type":"deny"}]}"#;
            scene.consents = vec![consent("c2", nested)];
        },
        DENIED,
    ),
];

const fn missing(message: &'static str) -> Expected {
    Expected {
        code: "fact.missing",
        source: "",
        message,
        policies: &[],
    }
}

static PSYCHIATRY: [Coding<'static>; 1] = [Coding {
    system: "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    code: "PSY",
}];

static MISSING: &[Case] = &[
    (
        |s| s.care = None,
        missing("the fact `care.relationship` about `person/dr-osei` is missing"),
    ),
    (
        |s| s.break_glass = None,
        missing("the fact `break_glass.active` about `person/dr-osei` is missing"),
    ),
    (
        |s| s.app.systems = None,
        missing("the fact `app.systems` about `app/notes` is missing"),
    ),
    (
        |s| s.vendor.state = None,
        missing("the fact `vendor.state` about `vendor/acme` is missing"),
    ),
    (
        |s| s.vendor.agreement = None,
        missing("the fact `vendor.agreement` about `vendor/acme` is missing"),
    ),
    (
        |s| s.vendor.region = None,
        missing("the fact `vendor.region` about `vendor/acme` is missing"),
    ),
    (
        |s| s.system.state = None,
        missing("the fact `system.state` about `system/chat` is missing"),
    ),
    (
        |s| s.system.digest_match = None,
        missing("the fact `system.digest_match` about `system/chat` is missing"),
    ),
    (
        |s| s.system.assessed_until = None,
        missing("the fact `system.assessed_until` about `system/chat` is missing"),
    ),
    (
        |s| s.system.critical_findings_overdue = None,
        missing("the fact `system.critical_findings_overdue` about `system/chat` is missing"),
    ),
    (
        |s| s.system.allowed_purposes = None,
        missing("the fact `system.allowed_purposes` about `system/chat` is missing"),
    ),
    (
        |s| s.system.allowed_data_classes = None,
        missing("the fact `system.allowed_data_classes` about `system/chat` is missing"),
    ),
    (
        |s| s.system.person_required = None,
        missing("the fact `system.person_required` about `system/chat` is missing"),
    ),
    (
        |s| s.system.mfa_min = None,
        missing("the fact `system.mfa_min` about `system/chat` is missing"),
    ),
    (
        |s| s.person.roles = None,
        missing("the fact `person.roles` about `person/dr-osei` is missing"),
    ),
    (
        |s| s.person.training = None,
        missing("the fact `person.training` about `person/dr-osei` is missing"),
    ),
    (
        |s| s.person.mfa_level = None,
        missing("the fact `person.mfa_level` about `person/dr-osei` is missing"),
    ),
    (
        |s| s.flow = None,
        missing("the fact `flow.declared` about `system/chat` is missing"),
    ),
    (
        |s| s.containment = None,
        missing("the fact `incident.containment` about `system/chat` is missing"),
    ),
    (
        |s| s.vendor.id = "other".to_owned(),
        missing("the fact `vendor` about `vendor/acme` is missing"),
    ),
    (
        |s| s.system.id = "other".to_owned(),
        missing("the fact `system` about `system/chat` is missing"),
    ),
    (
        |s| s.system.vendor = "other".to_owned(),
        missing("the fact `system.vendor` about `system/chat` is missing"),
    ),
    (
        |s| s.app.id = "other".to_owned(),
        missing("the fact `app` about `app/notes` is missing"),
    ),
    (
        |s| s.person.id = "other".to_owned(),
        missing("the fact `person` about `person/dr-osei` is missing"),
    ),
];

fn check(cases: &[Case]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (change, expected) in cases {
        let mut scene = Scene::permitted();
        change(&mut scene);
        let denial = scene.denial();
        assert_eq!(denial.code(), expected.code);
        assert_eq!(denial.message(), expected.message);
        if !expected.source.is_empty() {
            assert_eq!(denial.source(), expected.source, "{}", expected.message);
        }
        let policies: Vec<&str> = denial.policies().collect();
        assert_eq!(policies, expected.policies, "{}", expected.message);
        assert!(!denial.hint().is_empty());
        assert_eq!(denial.call(), &[7; 32]);
        assert_eq!(denial.policy_hash(), &POLICIES.hash());
        codes.insert(denial.code().to_owned());
    }
    codes
}

#[test]
fn each_governance_fact_refuses_alone() {
    check(GOVERNANCE);
}

#[test]
fn each_fact_of_use_refuses_alone() {
    check(USE);
}

#[test]
fn each_missing_fact_is_named() {
    check(MISSING);
}

#[test]
fn each_way_of_lacking_consent_gives_one_answer() {
    check(CONSENT);
}

#[test]
fn every_code_of_the_catalogue_is_tested_here_or_named() {
    let mut tested = check(GOVERNANCE);
    tested.extend(check(USE));
    tested.extend(check(MISSING));
    tested.extend(check(CONSENT));
    // In `facts` and `policy_files`.
    tested.extend(["fact.stale", "policy.failed"].map(str::to_owned));
    let listed: BTreeSet<String> = POLICIES.catalogue().into_iter().map(|c| c.code).collect();
    assert_eq!(tested, listed);
}

#[test]
fn an_unknown_patient_is_refused_like_a_known_one_without_consent() {
    let mut unknown = Scene::permitted();
    unknown.patient = Some(Subject::Unknown);
    let mut known = Scene::permitted();
    known.consents.clear();
    let [unknown, known] = [unknown.denial(), known.denial()];
    assert_eq!(unknown.gate(), Gate::Consent);
    assert_eq!(unknown.gate(), known.gate());
    assert_eq!(unknown.code(), known.code());
    assert_eq!(unknown.message(), known.message());
    assert_eq!(unknown.hint(), known.hint());
    assert_eq!(unknown.source(), known.source());
}

#[test]
fn an_unknown_patient_is_refused_like_a_known_one_whom_the_person_does_not_treat() {
    let mut unknown = Scene::permitted();
    unknown.patient = Some(Subject::Unknown);
    unknown.care = fact(Care::Missing, "care_team");
    let mut known = Scene::permitted();
    known.care = fact(Care::Missing, "care_team");
    let [unknown, known] = [unknown.denial(), known.denial()];
    assert_eq!(unknown.code(), "care.no_relationship");
    assert_eq!(unknown.gate(), known.gate());
    assert_eq!(unknown.code(), known.code());
    assert_eq!(unknown.message(), known.message());
    assert_eq!(unknown.hint(), known.hint());
    assert_eq!(unknown.source(), known.source());
}

#[test]
fn policies_are_asked_before_the_patient() {
    let mut scene = Scene::permitted();
    scene.consents.clear();
    scene.vendor.state = fact(VendorState::Offboarded, "vendor/acme");
    assert_eq!(scene.denial().code(), "vendor.suspended");
}

#[test]
fn the_first_concern_makes_the_refusal_and_all_are_recorded() {
    let mut scene = Scene::permitted();
    scene.person.mfa_level = fact(0, "session/s1");
    scene.vendor.agreement = fact(Agreement::None, "vendor/acme");
    let denial = scene.denial();
    assert_eq!(denial.code(), "vendor.agreement_missing");
    let policies: Vec<&str> = denial.policies().collect();
    assert_eq!(policies, ["vendor.agreement_missing", "mfa.required"]);
    assert_eq!(denial.facts().count(), 20);
}

#[test]
fn a_call_about_no_patient_asks_no_consent() {
    let mut scene = Scene::permitted();
    scene.patient = None;
    scene.consents.clear();
    let permit = scene.decide().unwrap();
    assert_eq!(permit.consent(), &wardgate_authz::ConsentBasis::NoPatient);
}

#[test]
fn an_application_alone_may_call_where_no_person_is_required() {
    let mut scene = Scene::permitted();
    scene.person_named = false;
    scene.system.person_required = fact(false, "system/chat");
    let permit = scene.decide().unwrap();
    assert_eq!(permit.policies().collect::<Vec<_>>(), ["access.app_alone"]);
    assert_eq!(permit.facts().count(), 14);
}

#[test]
fn a_denial_explains_itself() {
    let mut scene = Scene::permitted();
    scene.consents.push(consent("c2", r#"{"type":"deny"}"#));
    assert_eq!(
        scene.denial().explanation(),
        [
            "20 facts are there and fresh",
            "permitted by access.clinician",
            "Consent/c1 counts: active, about privacy, in force at any time",
            "Consent/c2 counts: active, about privacy, in force at any time",
            "for the text of the call: Consent/c1 permits; its rule permits every purpose, to everybody",
            "for the text of the call: Consent/c2 denies; its rule denies every purpose, to everybody",
            "result for the text of the call: deny",
            "refused: no consent on file permits this use of the patient's data",
        ]
    );
}
