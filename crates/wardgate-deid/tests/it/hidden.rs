//! Identifiers behind marks, other letters and encodings, and the bytes that are found.

use wardgate_deid::{Engine, Kind};

/// The source bytes of the first finding of a kind.
fn found(text: &str, kind: Kind) -> Option<&str> {
    let findings = Engine::exact_only().detect(text, None);
    let finding = findings.iter().find(|f| f.kind == kind)?;
    text.get(finding.range())
}

fn check(cases: &[(&str, Kind, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, kind, expected)| (*text, found(text, *kind), *expected))
        .filter(|(_, found, expected)| *found != Some(*expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn letters_of_other_scripts_are_read_as_what_they_look_like() {
    check(&[
        ("Dr. Sсhmidt called", Kind::Name, "Sсhmidt"),
        ("Frau Μüller kommt", Kind::Name, "Μüller"),
        ("МRN 4412345", Kind::Mrn, "4412345"),
        ("ЅЅN 219-09-9999", Kind::Ssn, "219-09-9999"),
        ("Dr. Ｏｋａｆｏｒ called", Kind::Name, "Ｏｋａｆｏｒ"),
        ("Dr. 𝐎𝐤𝐚𝐟𝐨𝐫 called", Kind::Name, "𝐎𝐤𝐚𝐟𝐨𝐫"),
        ("MRN 𝟒𝟒𝟏𝟐𝟑𝟒𝟓", Kind::Mrn, "𝟒𝟒𝟏𝟐𝟑𝟒𝟓"),
    ]);
}

#[test]
fn entities_are_read() {
    check(&[
        ("Dr.&nbsp;Okafor&nbsp;called", Kind::Name, "Okafor"),
        ("Frau M&uuml;ller kommt", Kind::Name, "M&uuml;ller"),
        ("Dr. Garc&iacute;a called", Kind::Name, "Garc&iacute;a"),
        ("Dr. Oka&#8203;for called", Kind::Name, "Oka&#8203;for"),
        ("Dr. Oka&#x200B;for called", Kind::Name, "Oka&#x200B;for"),
        ("Dr. O&#39;Neill called", Kind::Name, "O&#39;Neill"),
        ("Dr. &#79;kafor called", Kind::Name, "&#79;kafor"),
        (
            "ann.lee&#64;example.org",
            Kind::Email,
            "ann.lee&#64;example.org",
        ),
        (
            "phone 503&ndash;555&ndash;0142",
            Kind::Phone,
            "503&ndash;555&ndash;0142",
        ),
    ]);
}

#[test]
fn what_a_line_break_cuts_is_read_as_one() {
    check(&[
        ("call 503-555-\n0142 today", Kind::Phone, "503-555-\n0142"),
        ("SSN 219-09-\r\n9999", Kind::Ssn, "219-09-\r\n9999"),
        ("Frau Schmi-\ndt kommt", Kind::Name, "Schmi-\ndt"),
        ("Dr. Oka-\n   for called", Kind::Name, "Oka-\n   for"),
        ("MRN:\n4412345", Kind::Mrn, "4412345"),
        (
            "This was discussed at length with the attending, Dr. Maria\nOkafor, who agreed.",
            Kind::Name,
            "Maria\nOkafor",
        ),
    ]);
}

#[test]
fn marks_of_markdown_inside_words_are_left_out() {
    check(&[
        ("Dr. **Ok**afor called", Kind::Name, "Ok**afor"),
        ("Dr. O_k_afor called", Kind::Name, "O_k_afor"),
        ("Dr. Ok__af__or called", Kind::Name, "Ok__af__or"),
        ("**MRN:** 4412345", Kind::Mrn, "4412345"),
        ("**Name:** Ann Okafor", Kind::Name, "Ann Okafor"),
        ("| Name | Ann Okafor |", Kind::Name, "Ann Okafor"),
        ("patient_id: 4412345", Kind::Mrn, "4412345"),
    ]);
}

#[test]
fn addresses_are_found_however_they_are_spelled() {
    check(&[
        (
            "write to ann.lee (at) example (dot) org",
            Kind::Email,
            "ann.lee (at) example (dot) org",
        ),
        (
            "write to ann.lee[at]example.org",
            Kind::Email,
            "ann.lee[at]example.org",
        ),
        (
            "write to ann.lee @ example.org",
            Kind::Email,
            "ann.lee @ example.org",
        ),
        (
            "mailto:ann.lee%40example.org",
            Kind::Email,
            "ann.lee%40example.org",
        ),
        (
            "at https://example.org/?u=ann%40example.org now",
            Kind::Url,
            "https://example.org/?u=ann%40example.org",
        ),
    ]);
}

#[test]
fn base64_goes_whatever_it_hides() {
    let names = "UGF0aWVudDogSm9obiBTbWl0aCwgTVJOIDQ0MTIzNDU=";
    let text = format!(r#"{{"note":"{names}"}}"#);
    let findings = Engine::exact_only().detect(&text, None);
    assert!(
        findings.iter().any(|f| &text[f.range()] == names),
        "{findings:?}"
    );
    // "The patient was seen for follow-up of hypertension." Names on file are not sought in it, so it goes as well.
    let clean = "VGhlIHBhdGllbnQgd2FzIHNlZW4gZm9yIGZvbGxvdy11cCBvZiBoeXBlcnRlbnNpb24u";
    assert_eq!(Engine::exact_only().detect(clean, None).len(), 1);
}
