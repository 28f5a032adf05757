//! A call that is permitted, and everything it rests on.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use wardgate_authz::{
    Agreement, AppFacts, AsOf, BreakGlass, Care, Consent, ConsentDomain, Containment, Denial, Fact,
    Facts, Labels, Permit, PersonFacts, Policies, Prepared, Purpose, Request, SignIn, Subject,
    SystemFacts, SystemState, Training, VendorFacts, VendorState, decide,
};

pub(crate) static POLICIES: LazyLock<Policies> = LazyLock::new(|| Policies::built_in().unwrap());

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-03-01T12:00:00Z")
}

pub(crate) fn fact<T>(value: T, source: &str) -> Option<Fact<T>> {
    Some(Fact {
        value,
        source: source.to_owned(),
        version: 3,
        as_of: AsOf::Snapshot,
        max_age_ms: 60_000,
    })
}

pub(crate) fn purpose(code: &str) -> Purpose {
    code.parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) app: AppFacts,
    pub(crate) system: SystemFacts,
    pub(crate) vendor: VendorFacts,
    pub(crate) person: PersonFacts,
    pub(crate) flow: Option<Fact<bool>>,
    pub(crate) containment: Option<Fact<Containment>>,
    pub(crate) care: Option<Fact<Care>>,
    pub(crate) break_glass: Option<Fact<BreakGlass>>,
    pub(crate) snapshot_as_of: Timestamp,
    pub(crate) person_named: bool,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) purpose: Purpose,
    pub(crate) patient: Option<Subject<'static>>,
    pub(crate) data_class: &'static str,
    pub(crate) labels: Labels<'static>,
    pub(crate) consents: Vec<Consent>,
    pub(crate) domain: ConsentDomain,
}

pub(crate) fn consent(id: &str, provision: &str) -> Consent {
    let text = format!(
        r#"{{"resourceType":"Consent","id":"{id}","status":"active",
            "scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},
            "patient":{{"reference":"Patient/p1"}},
            "provision":{provision}}}"#
    );
    Consent::from_json(&text).unwrap()
}

impl Scene {
    pub(crate) fn permitted() -> Self {
        Self {
            app: AppFacts {
                id: "notes".to_owned(),
                systems: fact(vec!["chat".to_owned()], "app/notes"),
            },
            system: SystemFacts {
                id: "chat".to_owned(),
                vendor: "acme".to_owned(),
                state: fact(SystemState::Live, "system/chat"),
                digest_match: fact(true, "system/chat"),
                assessed_until: fact(Some(at("2026-09-01T00:00:00Z")), "assessment/a1"),
                critical_findings_overdue: fact(0, "system/chat"),
                allowed_purposes: fact(vec![purpose("TREAT"), purpose("HPAYMT")], "system/chat"),
                allowed_data_classes: fact(vec!["clinical-text".to_owned()], "system/chat"),
                person_required: fact(true, "system/chat"),
                mfa_min: fact(2, "system/chat"),
            },
            vendor: VendorFacts {
                id: "acme".to_owned(),
                state: fact(VendorState::Active, "vendor/acme"),
                agreement: fact(
                    Agreement::Signed {
                        from: at("2025-01-01T00:00:00Z"),
                        until: at("2027-01-01T00:00:00Z"),
                    },
                    "agreement/baa-7",
                ),
                region: fact("us-east".to_owned(), "vendor/acme"),
            },
            person: PersonFacts {
                id: "dr-osei".to_owned(),
                roles: fact(vec!["clinician".to_owned()], "person/dr-osei"),
                training: fact(
                    Training {
                        course: "phi-basics".to_owned(),
                        until: Some(at("2026-12-01T00:00:00Z")),
                    },
                    "person/dr-osei",
                ),
                mfa_level: fact(2, "person/dr-osei"),
                break_glass: fact(false, "person/dr-osei"),
            },
            flow: fact(true, "flow/f1"),
            containment: fact(Containment::Open, "incidents"),
            care: fact(Care::Current, "care_team"),
            break_glass: fact(BreakGlass::NotOpen, "break_glass"),
            snapshot_as_of: now(),
            person_named: true,
            sign_in: None,
            purpose: purpose("TREAT"),
            patient: Some(Subject::Known("Patient/p1")),
            data_class: "clinical-text",
            labels: Labels::NONE,
            consents: vec![consent("c1", r#"{"type":"permit"}"#)],
            domain: ConsentDomain::default(),
        }
    }

    pub(crate) fn decide(&self) -> Result<Permit, Denial> {
        self.decide_with(&POLICIES)
    }

    pub(crate) fn decide_with(&self, policies: &Policies) -> Result<Permit, Denial> {
        let facts = self.facts();
        let request = self.request(&facts);
        decide(&request, &self.consents, &self.domain, policies, now())
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            snapshot_as_of: self.snapshot_as_of,
            app: Some(Prepared::new(self.app.clone())),
            system: Some(Prepared::new(self.system.clone())),
            vendor: Some(Prepared::new(self.vendor.clone())),
            person: self
                .person_named
                .then(|| Prepared::new(self.person.clone())),
            flow_declared: self.flow.clone(),
            containment: self.containment.clone(),
            care: self.care.clone(),
            break_glass: self.break_glass.clone(),
        }
    }

    pub(crate) fn request<'a>(&self, facts: &'a Facts) -> Request<'a> {
        Request {
            call: [7; 32],
            app: "notes",
            person: self.person_named.then_some("dr-osei"),
            sign_in: self.sign_in,
            system: "chat",
            vendor: "acme",
            purpose: self.purpose,
            patient: self.patient,
            data_class: self.data_class,
            labels: self.labels,
            recipient: "Acme AI",
            region: "us-east",
            actors: &["Practitioner/dr-osei", "Organization/hosp", "Device/chat"],
            facts,
        }
    }

    /// The denial, which must come.
    pub(crate) fn denial(&self) -> Denial {
        match self.decide() {
            Ok(permit) => panic!("permitted: {permit:?}"),
            Err(denial) => denial,
        }
    }
}

#[test]
fn the_scene_is_permitted_and_the_permit_says_why() {
    let permit = Scene::permitted().decide().unwrap();
    assert_eq!(permit.call(), &[7; 32]);
    assert_eq!(permit.policies().collect::<Vec<_>>(), ["access.clinician"]);
    assert_eq!(permit.policy_hash(), &POLICIES.hash());
    let basis = wardgate_authz::ConsentBasis::Consents(vec![Arc::from("Consent/c1")]);
    assert_eq!(permit.consent(), &basis);
    let agreement = permit.facts().find(|fact| fact.name == "vendor.agreement");
    let agreement = agreement.unwrap();
    assert_eq!(&*agreement.source, "agreement/baa-7");
    assert_eq!(
        &*agreement.value,
        "2025-01-01T00:00:00Z/2027-01-01T00:00:00Z"
    );
    assert_eq!(agreement.version, 3);
    assert_eq!(permit.facts().count(), 20);
    assert_eq!(
        permit.explanation(),
        [
            "20 facts are there and fresh",
            "permitted by access.clinician",
            "Consent/c1 counts: active, about privacy, in force at any time",
            "for the text of the call: Consent/c1 permits; its rule permits every purpose, to everybody",
            "result for the text of the call: permit",
        ]
    );
}
