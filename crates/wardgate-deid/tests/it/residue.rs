//! The second look: what it is sure of refuses, what it may take for an identifier does not.

use wardgate_deid::{Deidentifier, Engine, JsonPart, Kind, Profile, Residue, Treat};

use crate::sample::{CALL, CLEAN, key, known};

fn strong(text: &str) -> Vec<Kind> {
    let residue = Residue::of(text, &Profile::safe_harbor(), None);
    Kind::ALL
        .into_iter()
        .filter(|kind| residue.strong(*kind) > 0)
        .collect()
}

#[test]
fn sure_shapes_are_seen() {
    for (text, kind) in [
        ("219-09-9999", Kind::Ssn),
        ("her number 219\u{2011}09\u{2011}9999 was", Kind::Ssn),
        ("ann@exam\u{200b}ple.org", Kind::Email),
        ("call 503-867-5309", Kind::Phone),
        ("(503) 867-5309", Kind::Phone),
        ("1-503-867-5309.", Kind::Phone),
        ("paid with 4111 1111 1111 1111", Kind::Account),
        ("MRN 4412345", Kind::Mrn),
        ("Medical record number: 4412345", Kind::Mrn),
        ("mrn is 4412345", Kind::Mrn),
    ] {
        assert_eq!(strong(text), [kind], "{text}");
    }
}

#[test]
fn clinical_text_holds_no_sure_residue() {
    for text in CLEAN {
        assert_eq!(strong(text), [], "{text}");
    }
    for text in [
        "BP 120/80, HR 72, SpO2 98%, Hb 13.2, platelets 250000",
        "000-12-3456 and 666-12-3456 and 900-12-3456 are never issued",
        "NDC 0002-8215-01, LOINC 2160-0, ICD-10 E11.9, CAS 50-78-2",
        "pO2 100-110-1200 mmHg",
        "4111 1111 1111 1112",
        "Dr. Okafor",
        "3.5 - 5.0 mmol/L, 1.025, 10-12-14",
        "user@host and 5@8.3",
        "protocol 12345678, grant R01-123456",
    ] {
        assert_eq!(strong(text), [], "{text}");
    }
}

#[test]
fn what_is_on_file_is_looked_for_again() {
    let (profile, known) = (Profile::safe_harbor(), known());
    for text in [
        "for xSchönfeld-case: SCHOENFELD Schonfeld",
        "file 8812345567 closed",
    ] {
        assert!(
            Residue::of(text, &profile, Some(&known)).is_strong(),
            "{text}"
        );
    }
    assert!(!Residue::of("nothing of hers", &profile, Some(&known)).is_strong());
}

#[test]
fn residue_refuses_a_call_and_is_told_of_a_text() {
    let (engine, key) = (Engine::new(), key());
    // Behind a code system's name the rules take no number for a person's.
    let text = "Coded as ICD 219-09-9999.";
    let deid = Deidentifier::new(&engine, &key, None);
    let done = deid.text(CALL, text);
    assert!(done.residue().is_strong());
    assert_eq!(done.residue().strong(Kind::Ssn), 1);
    assert!(!format!("{:?}", done.residue()).contains("219"));
    let body = format!("{{\"a\": \"fine\", \"b\": \"{text}\"}}");
    let part = |value: &str| {
        let start = body.find(value).unwrap();
        JsonPart {
            at: start..start + value.len(),
            treat: Treat::Text,
        }
    };
    let refusal = deid
        .json(CALL, body.as_bytes(), &[part("fine"), part(text)])
        .unwrap_err();
    assert_eq!(refusal.code(), "deid.residue");
    assert_eq!(refusal.offset(), body.find(text).unwrap());
    assert!(deid.json(CALL, body.as_bytes(), &[part("fine")]).is_ok());
}

#[test]
fn what_a_profile_keeps_is_no_residue() {
    let keeps = Profile::parse("profile = a\nphone = keep\nemail = keep").unwrap();
    let text = "call 503-867-5309 or ann@example.org";
    assert!(!Residue::of(text, &keeps, None).is_strong());
    assert!(Residue::of(text, &Profile::safe_harbor(), None).is_strong());
}

#[test]
fn a_replaced_number_that_stands_elsewhere_is_seen() {
    let (engine, key) = (Engine::new(), key());
    let text = "MRN: 77123456. Later: x77123456x and 77123456";
    let done = Deidentifier::new(&engine, &key, None).text(CALL, text);
    let left = String::from_utf8_lossy(done.body()).contains(" 77123456");
    assert_eq!(done.residue().is_strong(), left);
    for fine in [
        "MRN 0700-1900. Shift x 0700-1900",
        "SSN 98.4-88-18. VS 98.4-88-18-132/76",
    ] {
        let done = Deidentifier::new(&engine, &key, None).text(CALL, fine);
        assert!(!done.residue().is_strong(), "{fine}");
    }
}
