//! What one decision costs with the default policies: facts, Cedar and consents, cached groups.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::error::Error;
use std::hint::black_box;

use criterion::Criterion;
use jiff::Timestamp;
use wardgate_authz::{
    Agreement, AppFacts, AsOf, BreakGlass, Care, Consent, ConsentDomain, Containment, Fact, Facts,
    Labels, PersonFacts, Policies, Prepared, Purpose, Request, Subject, SystemFacts, SystemState,
    Training, VendorFacts, VendorState, decide,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
    let policies = Policies::built_in().map_err(|faults| format!("{faults:?}"))?;
    let facts = facts(now)?;
    let domain = ConsentDomain::default();
    let request = Request {
        call: [7; 32],
        app: "notes",
        person: Some("dr-osei"),
        sign_in: None,
        system: "chat",
        vendor: "acme",
        purpose: "TREAT".parse()?,
        patient: Some(Subject::Known("Patient/p1")),
        data_class: "clinical-text",
        labels: Labels::NONE,
        recipient: "Acme AI",
        region: "us-east",
        actors: &["Practitioner/dr-osei", "Organization/hosp", "Device/chat"],
        facts: &facts,
    };
    for count in [1, 20] {
        let consents = consents(count)?;
        let permitted = decide(&request, &consents, &domain, &policies, now).is_ok();
        if !permitted {
            return Err("the benchmark's call is refused".into());
        }
        criterion.bench_function(
            &format!("decide, remembered, {count} consents"),
            |bencher| {
                bencher.iter(|| {
                    let request = black_box(&request);
                    decide(request, &consents, &domain, &policies, now).is_ok()
                });
            },
        );
    }
    // One policy that never applies, but reads the time so that no answer can be kept.
    let never = r#"@id("never") @code("never") @message("no") @hint("do") @fact("vendor.state")
        forbid (principal, action, resource) when { context.now < -1 };"#;
    let mut files = Policies::built_in_files().to_vec();
    files.push(("never.cedar", never));
    let forgetful = Policies::parse(&files).map_err(|faults| format!("{faults:?}"))?;
    let one = consents(1)?;
    criterion.bench_function("decide, nothing remembered", |bencher| {
        bencher.iter(|| decide(black_box(&request), &one, &domain, &forgetful, now).is_ok());
    });
    full(&mut criterion, &request, &domain, now)?;
    let refused = Request {
        purpose: "HRESCH".parse()?,
        ..request.clone()
    };
    criterion.bench_function("decide, remembered, refused by purpose", |bencher| {
        bencher.iter(|| decide(black_box(&refused), &[], &domain, &policies, now).is_ok());
    });
    criterion.bench_function("prepare a system's facts", |bencher| {
        let system = facts.system.as_deref().map(|system| (**system).clone());
        bencher.iter(|| system.clone().map(Prepared::new));
    });
    criterion.bench_function("parse the policies", |bencher| {
        bencher.iter(|| Policies::built_in().is_ok());
    });
    criterion.final_summary();
    Ok(())
}

/// The whole decision as the bar has it: 60 policies of which each call asks Cedar anew, and
/// twenty consents that narrow by purpose, actor, label and nested exceptions.
fn full(
    criterion: &mut Criterion,
    request: &Request<'_>,
    domain: &ConsentDomain,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let mut files = Policies::built_in_files().to_vec();
    let mut more = String::new();
    let own: usize = files
        .iter()
        .map(|(_, text)| text.matches("@id(").count())
        .sum();
    for number in own..POLICIES {
        more.push_str(&format!(
            "@id(\"never-{number}\") @code(\"never\") @message(\"no\") @hint(\"do\") @fact(\"vendor.state\")\n\
             forbid (principal, action == Wardgate::Action::\"call\", resource) \
             when {{ context.now < -{number} }};\n"
        ));
    }
    files.push(("never.cedar", &more));
    let policies = Policies::parse(&files).map_err(|faults| format!("{faults:?}"))?;
    let consents = rich_consents(20)?;
    let decided = || decide(black_box(request), &consents, domain, &policies, now).is_ok();
    if !decided() {
        return Err("the call of the full bench is refused".into());
    }
    let name = format!("decide, {POLICIES} policies asked anew, 20 consents");
    criterion.bench_function(&name, |bencher| bencher.iter(decided));
    percentiles(&name, decided);
    let nothing = Policies::built_in().map_err(|faults| format!("{faults:?}"))?;
    percentiles("decide, policies remembered, 20 consents", || {
        decide(black_box(request), &consents, domain, &nothing, now).is_ok()
    });
    Ok(())
}

/// Criterion tells means; the bars are percentiles.
fn percentiles(name: &str, decided: impl Fn() -> bool) {
    let mut times: Vec<_> = (0..SAMPLES)
        .map(|_| {
            let start = std::time::Instant::now();
            black_box(decided());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |part: usize| times.get(SAMPLES * part / 100).copied().unwrap_or_default();
    println!("{name}: p50 {:?}, p99 {:?} of {SAMPLES}", at(50), at(99));
}

/// Consents as hospitals write them: a permit with an exception for research, and every fourth
/// about another recipient.
fn rich_consents(count: usize) -> Result<Vec<Consent>, Box<dyn Error>> {
    let one = |number: usize| {
        let recipient = if number % 4 == 3 {
            "Device/other"
        } else {
            "Device/chat"
        };
        Consent::from_json(&format!(
            r#"{{"resourceType":"Consent","id":"r{number}","status":"active",
            "scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},
            "patient":{{"reference":"Patient/p1"}},"dateTime":"2026-01-{:02}",
            "provision":{{"type":"permit","period":{{"start":"2025","end":"2027"}},
              "actor":[{{"role":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}}]}},
                "reference":{{"reference":"{recipient}"}}}}],
              "purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}}],
              "provision":[{{"type":"deny",
                "purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HRESCH"}}]}}]}}}}"#,
            number + 1
        ))
    };
    Ok((0..count).map(one).collect::<Result<_, _>>()?)
}

fn facts(now: Timestamp) -> Result<Facts, Box<dyn Error>> {
    let purposes: Vec<Purpose> = vec!["TREAT".parse()?, "HPAYMT".parse()?];
    let later: Timestamp = "2027-01-01T00:00:00Z".parse()?;
    let system = SystemFacts {
        id: "chat".to_owned(),
        vendor: "acme".to_owned(),
        state: fact(SystemState::Live, "system/chat"),
        digest_match: fact(true, "system/chat"),
        assessed_until: fact(Some(later), "assessment/a1"),
        critical_findings_overdue: fact(0, "system/chat"),
        allowed_purposes: fact(purposes, "system/chat"),
        allowed_data_classes: fact(vec!["clinical-text".to_owned()], "system/chat"),
        person_required: fact(true, "system/chat"),
        mfa_min: fact(2, "system/chat"),
    };
    let vendor = VendorFacts {
        id: "acme".to_owned(),
        state: fact(VendorState::Active, "vendor/acme"),
        agreement: fact(
            Agreement::Signed {
                from: "2025-01-01T00:00:00Z".parse()?,
                until: later,
            },
            "agreement/baa-7",
        ),
        region: fact("us-east".to_owned(), "vendor/acme"),
    };
    let training = Training {
        course: "phi-basics".to_owned(),
        until: Some(later),
    };
    let person = PersonFacts {
        id: "dr-osei".to_owned(),
        roles: fact(vec!["clinician".to_owned()], "person/dr-osei"),
        training: fact(training, "person/dr-osei"),
        mfa_level: fact(2, "person/dr-osei"),
        break_glass: fact(false, "person/dr-osei"),
    };
    let app = AppFacts {
        id: "notes".to_owned(),
        systems: fact(vec!["chat".to_owned()], "app/notes"),
    };
    Ok(Facts {
        snapshot_as_of: now,
        app: Some(Prepared::new(app)),
        system: Some(Prepared::new(system)),
        vendor: Some(Prepared::new(vendor)),
        person: Some(Prepared::new(person)),
        flow_declared: fact(true, "flow/f1"),
        containment: fact(Containment::Open, "incidents"),
        care: fact(Care::Current, "care_team"),
        break_glass: fact(BreakGlass::NotOpen, "break_glass"),
    })
}

fn fact<T>(value: T, source: &str) -> Option<Fact<T>> {
    Some(Fact {
        value,
        source: source.to_owned(),
        version: 3,
        as_of: AsOf::Snapshot,
        max_age_ms: 60_000,
    })
}

fn consents(count: usize) -> Result<Vec<Consent>, Box<dyn Error>> {
    let one = |number: usize| {
        Consent::from_json(&format!(
            r#"{{"resourceType":"Consent","id":"c{number}","status":"active",
            "scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},
            "patient":{{"reference":"Patient/p1"}},
            "provision":{{"type":"permit","period":{{"start":"2025","end":"2027"}},
              "purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}}]}}}}"#
        ))
    };
    Ok((0..count).map(one).collect::<Result<_, _>>()?)
}

const POLICIES: usize = 60;
const SAMPLES: usize = 20_000;
