//! What the rules find without knowing the patient, and what they leave alone.

use wardgate_deid::{Engine, Finding, Kind, Profile};

use crate::sample::CLEAN;

/// Each text marks what must be found with `{Kind:...}`; nothing else may be.
fn check(marked: &[&str]) {
    let wrong: Vec<_> = marked.iter().filter_map(|text| fault(text)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is found of what Safe Harbor takes out.
fn safe_harbor(text: &str) -> Vec<Finding> {
    let profile = Profile::safe_harbor();
    let mut found = Engine::exact_only().detect(text, None);
    found.retain(|finding| profile.applies(finding, text));
    found
}

fn fault(marked: &str) -> Option<String> {
    let (mut text, mut expected) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some(open) = rest.find('{') {
        let close = rest.find('}').unwrap();
        let (kind, value) = rest[open + 1..close].split_once(':').unwrap();
        text.push_str(&rest[..open]);
        expected.push((kind.to_owned(), value.to_owned()));
        text.push_str(value);
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    let found: Vec<_> = safe_harbor(&text)
        .iter()
        .filter(|f| f.part.in_safe_harbor())
        .map(|f| (format!("{:?}", f.kind), text[f.range()].to_owned()))
        .collect();
    (found != expected).then(|| format!("{text:?}: {found:?} instead of {expected:?}"))
}

#[test]
fn phones_and_faxes_are_found() {
    check(&[
        "Call {Phone:(503) 555-0142} today.",
        "call {Phone:503-555-0142} or {Phone:503.555.0143}",
        "Tel: {Phone:+49 30 9018203}, fax: {Fax:+49 30 9018299}",
        "Phone {Phone:1-800-555-0199 ext. 12}",
        "Her number is {Phone:+1 503 555 0142}.",
        "Fax {Fax:(503) 555-0143}",
        "Mobil {Phone:0171/1234567}",
        "reach him at {Phone:555-0142}",
        "{Phone:020 7946 0958}",
        "{Phone:5035550142}",
    ]);
}

#[test]
fn network_addresses_are_found() {
    check(&[
        "Write to {Email:ann.lee+notes@mail.example.org}.",
        "({Email:ANN@EXAMPLE.COM})",
        "see {Url:https://portal.example.org/p?id=7#a}, please",
        "see {Url:www.example.org}.",
        "visit {Url:example.com/login}",
        "from {Ip:192.168.10.24} and {Ip:2001:db8::8a2e:370:7334}",
        "adapter {Device:00:1b:44:11:3a:b7}",
        "at 12:30:45 the version 10.2.3.4 ran",
    ]);
}

#[test]
fn numbers_are_found_by_form_or_cue() {
    check(&[
        "SSN {Ssn:123-45-6789}",
        "{Ssn:219-09-9999}",
        "SSN: {Ssn:123456789}",
        "MRN {Mrn:4412345}, MRN: {Mrn:A-99812}, MRN#{Mrn:00123}",
        "Medical record number: {Mrn:55-12-98}",
        "Acct #: {Account:7781234}",
        "Account number {Account:99-1234}",
        "Member ID: {HealthPlan:XGH123456789}",
        "Policy number {HealthPlan:P-2291-77}",
        "NPI {License:1234567893}",
        "DEA {License:AB1234563}",
        "NHS number {HealthPlan:943 476 5919}",
        "card {Account:4111 1111 1111 1111}",
        "IBAN {Account:DE89 3704 0044 0532 0130 00}",
        "VIN {Vehicle:1HGCM82633A004352}",
        "pacemaker serial number {Device:PJN229441}",
        "Driver's license number {License:D1234567}",
    ]);
}

#[test]
fn dates_are_found_in_all_usual_forms() {
    check(&[
        "Seen {Date:2024-03-12}.",
        "Seen {Date:3/12/2024} and {Date:03/12/24}.",
        "am {Date:12.03.2024} und {Date:4.3.80}",
        "on {Date:12 March 2024}, {Date:March 12, 2024} and {Date:March 12th}",
        "the {Date:12th of March 2024}",
        "{Date:12-Mar-2024} {Date:12Mar2024}",
        "in {Date:March 2024}",
        "DOB: {Date:03/80}",
        "DOB {Date:19570304}",
        "el {Date:12 de marzo de 2024}",
        "am {Date:12. März 2024}",
        "at {Date:2024-03-12}T14:30:00Z",
        "admitted {Date:3/12} with pain",
        "born 1957",
        "in 1998 she moved",
        "she may 2 times",
    ]);
}

#[test]
fn addresses_are_found() {
    check(&[
        "at {Location:123 N. Main St., Apt 4B, Springfield, IL 62704}",
        "to {Location:12 Alder Grove Road}.",
        "{Location:P.O. Box 123}",
        "{Location:Springfield, IL 62704-1234}",
        "wohnt {Location:Hauptstr. 5, 10115 Berlin}",
        "{Location:Calle de Alcalá 12}",
        "She lives in {Location:Tillamook}.",
        "London {Location:SW1A 1AA}",
        "ZIP {Location:62704}",
    ]);
}

#[test]
fn names_are_found_by_cue() {
    check(&[
        "Dr. {Name:Jane Smith} and Mr. {Name:Young}",
        "Patient: {Name:Smith, Jane A}",
        "Patient Name: {Name:Jane Smith}\nMRN: {Mrn:4412345}",
        "Attending: Dr. {Name:Okafor}",
        "Signed by {Name:Peter van der Berg}",
        "Electronically signed by: {Name:Anna-Lena Vogt}, MD",
        "Mother: {Name:Teresa Quinones}",
        "Dear Mrs. {Name:O'Neill},",
        "Mrs. {Name:Elaine Porter} called",
        "Seen by Dr. {Name:Amy Cook}, RN",
        "Patient: {Name:Hope Temple}",
        "Dear {Name:Teresa},",
        "his wife {Name:Anna} was present",
        "{Name:Jane Q. Okafor}, MD",
        "my name is {Name:Teresa Quinones}",
        "Frau {Name:Vogt}",
        "MR. {Name:OKAFOR} DENIES PAIN",
        "at {Facility:Mercy General Hospital}",
    ]);
}

#[test]
fn ages_over_89_are_found() {
    check(&[
        "a {Age:92}-year-old woman, aged {Age:101}",
        "{Age:94} y/o, {Age:95}yo, {Age:96} years old",
        "an 89-year-old man with BP 95 mmHg",
        "quit 95 years ago",
    ]);
}

#[test]
fn clean_clinical_text_is_left_alone() {
    let found: Vec<_> = CLEAN
        .iter()
        .flat_map(|text| {
            safe_harbor(text)
                .into_iter()
                .filter(|f| f.part.in_safe_harbor())
                .map(|f| (f.reason, &text[f.range()], *text))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn detection_is_the_same_behind_invisible_and_wide_characters() {
    let engine = Engine::new();
    for (text, kind) in [
        ("SSN 219\u{2011}09\u{2011}9999", Kind::Ssn),
        ("SSN ２１９-０９-９９９９", Kind::Ssn),
        ("call 503\u{a0}555\u{a0}0142", Kind::Phone),
        ("Dr.\u{a0}O\u{ad}ka\u{200b}for", Kind::Name),
        ("ann\u{200b}@exam\u{2060}ple.org", Kind::Email),
    ] {
        let found = engine.detect(text, None);
        assert!(found.iter().any(|f| f.kind == kind), "{text:?}: {found:?}");
    }
}

#[test]
fn long_hostile_texts_stay_linear() {
    // Work is bounded per token; these texts would take hours were any rule quadratic.
    let engine = Engine::new();
    for unit in [
        "1",
        "@",
        "1 ",
        "a@",
        "Dr. ",
        "://",
        "a.com/",
        "1-",
        "Aa ",
        "AB12 ",
        "a:",
        "12 March ",
        "MRN # : ",
        "[",
        "é",
    ] {
        let text = unit.repeat(1_000_000 / unit.len());
        let found = engine.detect(&text, Some(&crate::sample::known()));
        assert!(found.len() <= text.len());
    }
}
