//! Documents of every form through the public face.
#![cfg(test)]

mod corpora;
mod html;
mod pdf;
mod text;

use wardgate_deid::{
    Day, Engine, PatientIdentifiers, PersonName, Profile, ProjectKey, RecordRules,
};
use wardgate_documents::{CleanedDocument, Options, Unreadable, clean, clean_with, decoded_text};

/// Cleans a document of the patient that all tests are about.
fn cleaned(media_type: &str, bytes: &[u8]) -> CleanedDocument {
    let rules = rules();
    let patient = rules.patient("0044127", &perpetua());
    clean(&rules.scope(&patient), media_type, bytes).unwrap()
}

/// The code of the fault with which a document is refused.
fn refused(media_type: &str, bytes: &[u8]) -> Option<&'static str> {
    let rules = rules();
    let patient = rules.patient("0044127", &perpetua());
    let options = Options {
        unreadable: Unreadable::Refuse,
    };
    let done = clean_with(&rules.scope(&patient), media_type, bytes, options);
    done.err().map(|fault| fault.code())
}

/// What can be read in a cleaned document.
fn text_of(cleaned: &CleanedDocument) -> String {
    assert_eq!(cleaned.withheld, None);
    decoded_text(&cleaned.media_type, &cleaned.bytes).unwrap()
}

/// Checks that nothing of the patient is left, in the text or in the bytes.
fn assert_clean(cleaned: &CleanedDocument) -> String {
    let text = text_of(cleaned);
    let bytes = String::from_utf8_lossy(&cleaned.bytes).into_owned();
    for left in ["Perpetua", "Szymborska", "MRN4286669", "4286669"] {
        assert!(!text.contains(left), "{left} in the text");
        assert!(!bytes.contains(left), "{left} in the bytes");
    }
    text
}

fn rules() -> RecordRules {
    let as_of = Day::new(2026, 11, 30).unwrap();
    let key = ProjectKey::new([7; 32]);
    RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), key, as_of)
}

fn perpetua() -> PatientIdentifiers {
    let mut on_file = PatientIdentifiers::default();
    on_file.names.push(PersonName {
        given: vec!["Perpetua".into()],
        family: "Szymborska".into(),
    });
    on_file.record_numbers.push("MRN4286669".into());
    on_file
}
