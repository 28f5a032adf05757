//! What single consents say, and that what is not understood never permits.

use proptest::prelude::*;
use serde_json::{Value, json};
use wardgate_authz::consent::{CALL_ACTIONS, Coding, Data, Question, Ruling, judge};
use wardgate_authz::{
    Consent, ConsentDomain, ConsentFault, DefaultPolicy, Labels, Purpose, Subject,
};

use crate::hospital::{now, purpose};

fn resource(provision: Value) -> Value {
    json!({
        "resourceType": "Consent", "id": "c1", "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "patient": {"reference": "Patient/p1"},
        "provision": provision,
    })
}

fn actor(reference: &str) -> Value {
    json!({
        "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
        "reference": {"reference": reference},
    })
}

fn coding(code: &str) -> Value {
    json!({"system": Purpose::HL7_SYSTEM, "code": code})
}

fn read(resource: &Value) -> Consent {
    Consent::from_json(&resource.to_string()).unwrap()
}

fn question(code: &str) -> Question<'static> {
    Question {
        patient: "Patient/p1",
        actors: &["Practitioner/a", "Organization/hosp", "Device/chat"],
        purpose: purpose(code).into(),
        ai: Some(purpose("AI-INFERENCE").into()),
        actions: CALL_ACTIONS,
        break_glass: false,
        data: const { &[Data::text(Labels::NONE)] },
    }
}

fn ask(resources: &[Value], code: &str) -> Ruling {
    let consents: Vec<Consent> = resources.iter().map(read).collect();
    judge(&question(code), &consents, &ConsentDomain::default(), now())
}

fn permits(resource: &Value, code: &str) -> bool {
    ask(std::slice::from_ref(resource), code).permitted
}

#[test]
fn a_plain_permit_permits_and_says_which_consent() {
    let ruling = ask(&[resource(json!({"type": "permit"}))], "TREAT");
    assert!(ruling.permitted);
    let deciding: Vec<&str> = ruling.deciding.iter().map(AsRef::as_ref).collect();
    assert_eq!(deciding, ["Consent/c1"]);
}

#[test]
fn purposes_and_their_parts() {
    let treat = resource(json!({"type": "permit", "purpose": [coding("HPAYMT"), coding("TREAT")]}));
    assert!(permits(&treat, "TREAT"));
    assert!(permits(&treat, "ETREAT"));
    assert!(!permits(&treat, "HRESCH"));
    let narrow = resource(json!({"type": "permit", "purpose": [coding("ETREAT")]}));
    assert!(!permits(&narrow, "TREAT"));
}

#[test]
fn a_denial_of_ai_reaches_every_call_and_a_permit_of_it_permits_no_other_purpose() {
    let ai = json!([{"system": Purpose::AI_SYSTEM, "code": "AI-INFERENCE"}]);
    let yes = resource(json!({"type": "permit"}));
    let no_ai = resource(json!({"type": "deny", "purpose": ai}));
    assert!(!ask(&[yes, no_ai], "TREAT").permitted);
    let only_ai = resource(json!({"type": "permit", "purpose": ai}));
    assert!(!permits(&only_ai, "TREAT"));
    assert!(permits(&only_ai, "AI-INFERENCE"));
}

#[test]
fn actors_and_the_ai_device() {
    let permit_to = |who| resource(json!({"type": "permit", "actor": [actor(who)]}));
    for who in ["Practitioner/a", "Organization/hosp", "Device/chat"] {
        assert!(permits(&permit_to(who), "TREAT"), "{who}");
    }
    assert!(!permits(&permit_to("Practitioner/b"), "TREAT"));
    let yes = resource(json!({"type": "permit"}));
    let no_device = resource(json!({"type": "deny", "actor": [actor("Device/chat")]}));
    assert!(!ask(&[yes, no_device], "TREAT").permitted);
}

#[test]
fn periods_cover_whole_days_months_and_years() {
    let during = |period: Value| {
        permits(
            &resource(json!({"type": "permit", "period": period})),
            "TREAT",
        )
    };
    // Now is 2026-03-01 at noon.
    assert!(during(json!({"start": "2026-03-01", "end": "2026-03-01"})));
    assert!(during(json!({"start": "2026-03", "end": "2026-03"})));
    assert!(during(json!({"start": "2026", "end": "2026"})));
    assert!(during(json!({"end": "2026-03-01T12:00:00Z"})));
    assert!(!during(json!({"end": "2026-03-01T11:59:59Z"})));
    assert!(!during(json!({"end": "2026-02"})));
    assert!(!during(json!({"start": "2026-03-02"})));
    assert!(!during(json!({"end": "soon"})));
}

#[test]
fn a_denial_that_has_ended_or_not_begun_does_not_count_but_an_unreadable_one_does() {
    let yes = resource(json!({"type": "permit"}));
    let with = |period: Value| {
        let deny = resource(json!({"type": "deny", "period": period}));
        ask(&[yes.clone(), deny], "TREAT").permitted
    };
    assert!(with(json!({"end": "2025"})));
    assert!(with(json!({"start": "2027"})));
    assert!(!with(json!({"end": "2026"})));
    assert!(!with(json!({"end": "end of year"})));
}

#[test]
fn other_status_scope_or_patient_does_not_count() {
    let with = |name: &str, value: Value| {
        let mut consent = resource(json!({"type": "permit"}));
        consent[name] = value;
        permits(&consent, "TREAT")
    };
    for status in [
        "draft",
        "proposed",
        "rejected",
        "inactive",
        "entered-in-error",
        "unheard-of",
    ] {
        assert!(!with("status", json!(status)), "{status}");
    }
    let scope = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]});
    assert!(!with("scope", scope));
    assert!(!with("scope", json!({"text": "privacy"})));
    assert!(!with("patient", json!({"reference": "Patient/p2"})));
}

/// Everything that is valid but beyond this part, and everything that is not understood.
fn not_understood() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/provision/provision",
            json!([{"actor": [actor("Device/chat")]}]),
        ),
        ("/provision/provision", json!([])),
        (
            "/provision/securityLabel",
            json!([{"code": "N"}, {"system": "x"}]),
        ),
        ("/provision/dataPeriod", json!({"start": "then"})),
        ("/provision/data", json!([{"meaning": "related"}])),
        ("/provision/class", json!([{"code": "x"}])),
        ("/provision/code", json!([{"text": "x"}])),
        ("/provision/action", json!([{"text": "x"}])),
        ("/provision/modifierExtension", json!([{"url": "urn:x"}])),
        ("/provision/surprise", json!(1)),
        ("/provision/type", json!("maybe")),
        ("/provision/type", Value::Null),
        ("/provision/actor", json!([])),
        (
            "/provision/actor",
            json!([actor("http://x/Practitioner/a")]),
        ),
        (
            "/provision/actor",
            json!([{"reference": {"reference": "Practitioner/a"}}]),
        ),
        ("/provision/purpose", json!([])),
        ("/provision/purpose", json!([{"code": "TREAT"}])),
        ("/provision/purpose", json!([coding("NEWCODE")])),
        (
            "/provision/period",
            json!({"start": "2020", "timezone": "x"}),
        ),
        ("/modifierExtension", json!([{"url": "urn:x"}])),
        ("/implicitRules", json!("urn:x")),
        ("/verification", json!([{"verified": false}])),
        ("/surprise", json!(1)),
        ("/status", json!("approved")),
    ]
}

fn set(resource: &mut Value, path: &str, value: Value) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    resource.pointer_mut(parent).unwrap()[name] = value;
}

#[test]
fn what_is_not_understood_never_permits_and_overrides_a_permit() {
    let everyone = ConsentDomain {
        default: DefaultPolicy::AllNormal,
        ..ConsentDomain::default()
    };
    for (path, value) in not_understood() {
        let mut odd = resource(json!({"type": "permit"}));
        set(&mut odd, path, value.clone());
        let consents = [read(&resource(json!({"type": "permit"}))), read(&odd)];
        let mut asked = question("TREAT");
        asked.data = const { &[Data::text(Labels::complete(&[]))] };
        let ruling = judge(&asked, &consents, &everyone, now());
        assert!(!ruling.permitted, "{path} {value}");
        assert!(consents[1].not_computable().is_some(), "{path} {value}");
        let told = ruling
            .steps
            .iter()
            .any(|step| step.to_string().contains("cannot be computed"));
        assert!(told, "{path} {value}");
    }
}

#[test]
fn a_narrowed_consent_for_others_is_silent() {
    let yes = resource(json!({"type": "permit"}));
    let others = resource(json!({
        "type": "permit", "actor": [actor("Practitioner/b")], "provision": [{"type": "deny"}],
    }));
    assert!(ask(&[yes, others], "TREAT").permitted);
}

#[test]
fn a_foreign_purpose_equals_only_itself_but_ai_keeps_its_meaning_everywhere() {
    let yes = resource(json!({"type": "permit"}));
    let foreign = |code: &str| json!([{"system": "http://example.org/p", "code": code}]);
    let deny = |code| resource(json!({"type": "deny", "purpose": foreign(code)}));
    assert!(ask(&[yes.clone(), deny("X")], "TREAT").permitted);
    assert!(ask(&[yes.clone(), deny("AI-TRAINING")], "TREAT").permitted);
    assert!(!ask(&[yes.clone(), deny("AI-INFERENCE")], "TREAT").permitted);
    let permit = resource(json!({"type": "permit", "purpose": foreign("X")}));
    assert!(!permits(&permit, "TREAT"));
}

#[test]
fn groups_that_nobody_has_on_file_refuse() {
    let yes = resource(json!({"type": "permit"}));
    for group in ["Group/g", "CareTeam/t", "PractitionerRole/r"] {
        let deny = resource(json!({"type": "deny", "actor": [actor(group)]}));
        assert!(!ask(&[yes.clone(), deny], "TREAT").permitted, "{group}");
    }
}

#[test]
fn policy_rules_opt_in_and_out() {
    let rule = |code: &str| json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}]});
    let mut out = resource(json!({"type": "permit"}));
    out.as_object_mut().unwrap().remove("provision");
    out["policyRule"] = rule("OPTOUT");
    let ruling = ask(&[out], "TREAT");
    assert!(!ruling.permitted);
    assert!(!ruling.deciding.is_empty());
    // A provision of the other kind is an exception to the base policy, one of its kind limits it.
    let mut both = resource(json!({"type": "permit", "purpose": [coding("TREAT")]}));
    both["policyRule"] = rule("OPTOUT");
    assert!(permits(&both, "TREAT") && !permits(&both, "HRESCH"));
    both["policyRule"] = rule("OPTIN");
    assert!(permits(&both, "TREAT") && !permits(&both, "HRESCH"));
    both["provision"]["type"] = json!("deny");
    assert!(!permits(&both, "TREAT") && permits(&both, "HRESCH"));
    let torn = json!({"coding": [rule("OPTIN")["coding"][0], rule("OPTOUT")["coding"][0]]});
    both["policyRule"] = torn;
    assert!(!permits(&both, "HRESCH"));
}

#[test]
fn defaults_hold_for_normal_data_only_and_only_where_no_consent_applies() {
    let under = |default, code: &str, labels, break_glass| {
        let mut asked = question(code);
        let data = [Data::text(labels)];
        asked.data = &data;
        asked.break_glass = break_glass;
        let domain = ConsentDomain {
            default,
            ..ConsentDomain::default()
        };
        judge(&asked, &[], &domain, now()).permitted
    };
    let normal = Labels::complete(&[]);
    let restricted = [Coding {
        system: "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        code: "R",
    }];
    let high = Labels::complete(&restricted);
    let none = Labels::NONE;
    for default in DefaultPolicy::ALL {
        assert!(
            !under(*default, "TREAT", none, false),
            "unlabelled data is not normal"
        );
        assert!(!under(*default, "TREAT", high, false));
        assert!(
            !under(*default, "BTG", normal, false),
            "nobody authorised it"
        );
        assert_eq!(DefaultPolicy::from_word(default.word()), Some(*default));
    }
    assert!(!under(DefaultPolicy::Deny, "TREAT", normal, false));
    assert!(under(DefaultPolicy::BasicNormal, "TREAT", normal, false));
    assert!(!under(DefaultPolicy::BasicNormal, "HRESCH", normal, false));
    assert!(under(DefaultPolicy::AllNormal, "HRESCH", normal, false));
    assert!(!under(DefaultPolicy::BreakGlassOnly, "TREAT", normal, true));
    assert!(under(DefaultPolicy::BreakGlassOnly, "BTG", none, true));
}

#[test]
fn texts_that_are_no_consent_say_why() {
    let fault = |text: &str| Consent::from_json(text).unwrap_err();
    assert!(matches!(fault("{"), ConsentFault::NotJson { line: 1, .. }));
    assert_eq!(fault("[]"), ConsentFault::NotAConsent);
    assert_eq!(
        fault(r#"{"resourceType":"Patient"}"#),
        ConsentFault::NotAConsent
    );
    assert_eq!(fault(r#"{"resourceType":"Consent"}"#), ConsentFault::NoId);
    let nobody = r#"{"resourceType":"Consent","id":"x","patient":{"display":"Ada"}}"#;
    assert_eq!(fault(nobody), ConsentFault::NoPatient);
    let twice = resource(json!({"type": "permit"})).to_string();
    let twice = twice.replace(r#""type":"permit""#, r#""type":"deny","type":"permit""#);
    assert!(matches!(fault(&twice), ConsentFault::NotJson { .. }));
    let large = format!("{}{}", " ".repeat(300_000), twice);
    assert!(matches!(fault(&large), ConsentFault::TooLarge { .. }));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(fault(&deep), ConsentFault::NotJson { .. }));
}

#[test]
fn debug_output_names_no_patient() {
    let shown = format!("{:?}", read(&resource(json!({"type": "permit"}))));
    assert_eq!(shown, r#"Consent("Consent/c1")"#);
    let shown = format!("{:?} {:?}", question("TREAT"), Subject::Known("Patient/p1"));
    assert!(!shown.contains("p1"), "{shown}");
}

proptest! {
    /// Adding a consent that denies, or is not understood, never turns a refusal into a permit.
    #[test]
    fn a_denial_wins_wherever_it_stands(permits in 0_usize..5, at in 0_usize..6, odd in any::<prop::sample::Index>()) {
        let mut resources = vec![resource(json!({"type": "permit"})); permits];
        let mut refusing = resource(json!({"type": "deny"}));
        let odd = odd.index(not_understood().len() + 1);
        if let Some((path, value)) = not_understood().into_iter().nth(odd) {
            refusing = resource(json!({"type": "permit"}));
            set(&mut refusing, path, value);
        }
        resources.insert(at.min(permits), refusing);
        prop_assert!(!ask(&resources, "TREAT").permitted);
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,200}") {
        let _ = Consent::from_json(&text);
    }
}
