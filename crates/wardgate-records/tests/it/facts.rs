//! The facts that records turn into, as the real decision takes them.

use jiff::Timestamp;
use wardgate_authz::{Denial, Labels, Permit, Request, Subject, decide};
use wardgate_records::{Ask, PatientMatch, Snapshot, Store};

use crate::hospital::{Hospital, at, example, now};

pub(crate) const ASK: Ask<'_> = Ask {
    app: "ward-notes",
    person: Some("dr.osei"),
    system: "note-helper",
    purpose: "TREAT",
    data_class: "clinical-note",
    patient: None,
    break_glass: None,
    now: Timestamp::UNIX_EPOCH,
};

pub(crate) fn ask(snapshot: &Snapshot, ask: &Ask<'_>, now: Timestamp) -> Result<Permit, Denial> {
    let facts = snapshot.facts(ask);
    let PatientMatch::One(patient) = snapshot.patient("Patient/pat-001") else {
        panic!("no patient");
    };
    let request = Request {
        call: [9; 32],
        app: ask.app,
        person: ask.person,
        sign_in: None,
        system: ask.system,
        vendor: "acme",
        purpose: ask.purpose.parse().unwrap(),
        patient: Some(Subject::Known(&patient.reference)),
        data_class: ask.data_class,
        // As the labelling step leaves a text in which it found nothing.
        labels: Labels::found(&[]),
        recipient: "acme",
        region: "us",
        actors: &[],
        facts: &facts,
    };
    decide(
        &request,
        snapshot.consents(patient.handle),
        snapshot.consent_domain(),
        snapshot.policies(),
        now,
    )
}

/// The code of the refusal, or `permit`.
fn code(store: &Store, asked: &Ask<'_>, now: Timestamp) -> String {
    match ask(&store.snapshot(), asked, now) {
        Ok(_) => "permit".to_owned(),
        Err(denial) => denial.code().to_owned(),
    }
}

/// The refusal after one edit of the example.
async fn after(from: &str, to: &str) -> String {
    let hospital = Hospital::furnished().await;
    let edited = example().replace(from, to);
    assert_ne!(edited, example());
    hospital.yaml(&edited).await.unwrap();
    code(&hospital.store, &ASK, now())
}

#[tokio::test]
async fn the_example_permits_and_names_its_facts() {
    let hospital = Hospital::furnished().await;
    let permit = ask(&hospital.store.snapshot(), &ASK, now()).unwrap();
    let facts: Vec<String> = permit
        .facts()
        .map(|fact| format!("{} {} v{}", fact.name, fact.source, fact.version))
        .collect();
    for expected in [
        "app.systems app/ward-notes v1",
        "vendor.agreement vendor/acme v1",
        "system.assessed_until system/note-helper v1",
        "person.training person/dr.osei v1",
        "flow.declared flow/ward-notes+note-helper+TREAT+clinical-note+acme+us v1",
    ] {
        assert!(facts.iter().any(|fact| fact == expected), "{facts:#?}");
    }
}

#[tokio::test]
async fn the_facts_of_a_decision_stand_in_the_leaf_as_they_were() {
    use wardgate_records::events::{CallRefused, Event, FactUsed, StoredEvent, Token};
    let hospital = Hospital::furnished().await;
    let snapshot = hospital.store.snapshot();
    let permit = ask(&snapshot, &ASK, now()).unwrap();
    let facts: Vec<FactUsed<'_>> = permit.facts().map(FactUsed::from).collect();
    let event = Event::CallRefused(CallRefused {
        app: None,
        key: None,
        person: None,
        system: None,
        purpose: None,
        patient: None,
        data_class: None,
        gate: Token::or_unfit("limits"),
        code: Token::or_unfit("limit.calls"),
        record: None,
        policy_hash: Some(*permit.policy_hash()),
        policies: &[],
        facts: &facts,
        consents: &[snapshot.consent_handle("Consent/consent-pat-001-a")],
        consent_default: None,
        facts_as_of: Some(snapshot.as_of()),
        decision: None,
        gates: &[],
    });
    let id = wardgate_records::RecordId::from_bytes([1; 16]);
    let leaf = event.leaf(id, now()).unwrap();
    assert!(!String::from_utf8_lossy(&leaf).contains("pat-001"));
    let stored = StoredEvent::parse(&leaf).unwrap();
    let stored = stored.data()["facts"].as_array().unwrap();
    assert_eq!(stored.len(), permit.facts().count());
    for (stored, fact) in stored.iter().zip(permit.facts()) {
        assert_eq!(stored["name"], fact.name);
        assert_eq!(stored["value"], *fact.value);
        assert_eq!(stored["source"], *fact.source);
        assert_eq!(stored["version"], fact.version);
    }
}

#[tokio::test]
async fn an_app_that_acts_for_people_needs_a_person_on_each_call() {
    let alone = Ask {
        person: None,
        ..ASK
    };
    let hospital = Hospital::furnished().await;
    let by_itself = example().replace("person: true ", "person: false ");
    hospital.yaml(&by_itself).await.unwrap();
    assert_eq!(code(&hospital.store, &alone, now()), "person.required");
    let autonomous = by_itself.replace("acts: for_people ", "acts: autonomously ");
    hospital.yaml(&autonomous).await.unwrap();
    assert_eq!(code(&hospital.store, &alone, now()), "permit");
}

#[tokio::test]
async fn a_system_may_ask_for_a_stronger_sign_in_than_the_policies() {
    assert_eq!(
        after("mfa: 2                 # default:", "mfa: 3 #").await,
        "mfa.required"
    );
    let hospital = Hospital::furnished().await;
    let strong = example().replace("mfa: 2 ", "mfa: 3 ");
    hospital.yaml(&strong).await.unwrap();
    assert_eq!(code(&hospital.store, &ASK, now()), "permit");
}

#[tokio::test]
async fn each_lapsed_record_refuses_with_its_code() {
    for (from, to, expected) in [
        (
            "expires: 2027-06-30",
            "expires: 2026-11-22",
            "vendor.agreement_expired",
        ),
        (
            "assessed_until: 2027-03-31",
            "assessed_until: 2026-11-22",
            "system.assessment_expired",
        ),
        (
            "expires: 2027-02-28",
            "expires: 2026-11-22",
            "training.lapsed",
        ),
        ("course: phi-basics", "course: other", "training.lapsed"),
        (
            "mfa: 2                   # default 0",
            "mfa: 1 #",
            "mfa.required",
        ),
        ("state: declared", "state: withdrawn", "flow.undeclared"),
        (
            "purposes: [TREAT, AI-INFERENCE]",
            "purposes: [HRESCH]",
            "purpose.not_allowed",
        ),
        (
            "data_classes: [clinical-note]",
            "data_classes: [lab]",
            "data_class.not_allowed",
        ),
        ("state: live ", "state: suspended ", "system.suspended"),
    ] {
        assert_eq!(after(from, to).await, expected, "{to}");
    }
}

#[tokio::test]
async fn what_ends_refuses_by_the_clock_and_not_before() {
    let hospital = Hospital::furnished().await;
    for (last, first, expected) in [
        (
            "2027-02-28T23:59:59.999Z",
            "2027-03-01T00:00:00Z",
            "training.lapsed",
        ),
        (
            "2027-02-28T23:59:59.999Z",
            "2027-07-01T00:00:00Z",
            "vendor.agreement_expired",
        ),
    ] {
        hospital.store.refresh(at(last)).await.unwrap();
        assert_eq!(code(&hospital.store, &ASK, at(last)), "permit");
        let other = Hospital::furnished().await;
        let trained = example().replace("expires: 2027-02-28", "expires: 2029-01-01");
        if expected != "training.lapsed" {
            let assessed =
                trained.replace("assessed_until: 2027-03-31", "assessed_until: 2029-01-01");
            other.yaml(&assessed).await.unwrap();
        }
        other.store.refresh(at(first)).await.unwrap();
        assert_eq!(code(&other.store, &ASK, at(first)), expected);
    }
}

#[tokio::test]
async fn an_expired_agreement_refuses_after_one_refresh_and_renewal_restores_it() {
    let hospital = Hospital::furnished().await;
    let gate = hospital.again().await;
    assert_eq!(code(&gate, &ASK, now()), "permit");
    let lapsed = example().replace("expires: 2027-06-30", "expires: 2026-11-22");
    hospital.yaml(&lapsed).await.unwrap();
    gate.refresh(now()).await.unwrap();
    assert_eq!(code(&gate, &ASK, now()), "vendor.agreement_expired");
    hospital.yaml(&example()).await.unwrap();
    gate.refresh(now()).await.unwrap();
    assert_eq!(code(&gate, &ASK, now()), "permit");
    let permit = ask(&gate.snapshot(), &ASK, now()).unwrap();
    let agreement = permit.facts().find(|fact| fact.name == "vendor.agreement");
    assert_eq!(agreement.unwrap().version, 3);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_makes_facts_stale() {
    let hospital = Hospital::furnished().await;
    hospital.store.close().await;
    let later = at("2026-11-23T10:00:09Z");
    hospital.store.refresh(later).await.unwrap_err();
    assert_eq!(code(&hospital.store, &ASK, later), "permit");
    let too_late = at("2026-11-23T10:00:11Z");
    hospital.store.refresh(too_late).await.unwrap_err();
    assert_eq!(code(&hospital.store, &ASK, too_late), "fact.stale");
}

#[tokio::test]
async fn a_suspended_person_or_app_loses_access() {
    let person = after(
        "state: active            # default; or suspended\nroles",
        "state: suspended\nroles",
    )
    .await;
    let app = after(
        "state: active            # default; or suspended\nacts",
        "state: suspended\nacts",
    )
    .await;
    assert_ne!(person, "permit");
    assert_eq!(person, app);
}

#[tokio::test]
async fn a_party_that_is_not_on_file_is_a_missing_fact() {
    let hospital = Hospital::furnished().await;
    for asked in [
        Ask {
            app: "nobody",
            ..ASK
        },
        Ask {
            person: Some("nobody"),
            ..ASK
        },
        Ask {
            system: "nothing",
            ..ASK
        },
    ] {
        assert_eq!(code(&hospital.store, &asked, now()), "fact.missing");
    }
}

#[tokio::test]
async fn a_consent_that_is_withdrawn_denies() {
    let hospital = Hospital::furnished().await;
    let inactive =
        crate::hospital::PATIENTS.replace("\"status\":\"active\"", "\"status\":\"inactive\"");
    let documents = wardgate_records::Documents::of_text("p.ndjson".as_ref(), &inactive);
    hospital.apply(&documents).await.unwrap();
    assert_eq!(code(&hospital.store, &ASK, now()), "consent.denied");
}

#[tokio::test]
async fn own_policies_replace_the_built_in_set_and_give_it_back() {
    let hospital = Hospital::furnished().await;
    let built_in = hospital.store.snapshot().policies().hash();
    let mine = concat!(
        "kind: Policy\nid: mine\ncedar: |\n",
        "  @id(\"mine.nothing\")\n  @code(\"mine.nothing\")\n  @message(\"nothing goes\")\n",
        "  @hint(\"wait\")\n  @fact(\"system.state\")\n",
        "  forbid (principal, action == Wardgate::Action::\"call\", resource);\n",
    );
    hospital.yaml(mine).await.unwrap();
    assert_ne!(hospital.store.snapshot().policies().hash(), built_in);
    assert_eq!(code(&hospital.store, &ASK, now()), "mine.nothing");
    hospital
        .yaml("kind: Policy\nid: mine\ncedar: \"\"\n")
        .await
        .unwrap();
    assert_eq!(hospital.store.snapshot().policies().hash(), built_in);
    assert_eq!(code(&hospital.store, &ASK, now()), "permit");
}

#[tokio::test]
async fn a_patient_file_holds_every_identifying_value() {
    let hospital = Hospital::furnished().await;
    let snapshot = hospital.store.snapshot();
    let PatientMatch::One(file) = snapshot.patient("Patient/pat-001") else {
        panic!("no patient");
    };
    assert_eq!(file.names[0].family.as_deref(), Some("Castellanos"));
    assert_eq!(file.names[0].given, ["Wilhelmina"]);
    assert_eq!(file.dates, ["1961-04-17"]);
    assert_eq!(file.record_numbers, ["MRN-4471902"]);
    assert_eq!(file.phones, ["555-0148"]);
    assert_eq!(file.emails, ["w.castellanos@post.example"]);
    assert_eq!(file.addresses[0].city.as_deref(), Some("Netherwick"));
    assert_eq!(file.contacts[0].given, ["Bartholomew"]);
    assert_eq!(file.contacts[1].family.as_deref(), Some("Quillfeather"));
    let shown = format!("{file:?} {:?} {:?}", file.names, snapshot);
    assert!(!shown.contains("Castellanos") && !shown.contains("pat-001"));
}

#[tokio::test]
async fn an_upstream_token_is_opened_and_never_printed() {
    use secrecy::ExposeSecret as _;
    let hospital = Hospital::furnished().await;
    let snapshot = hospital.store.snapshot();
    let system = snapshot.system_by_model("note-helper-1").unwrap();
    let token = system.upstream_token("main").unwrap();
    assert_eq!(token.expose_secret(), "not-a-real-token");
    assert!(system.upstream_token("other").is_none());
    assert!(!format!("{system:?}").contains("not-a-real-token"));
}
