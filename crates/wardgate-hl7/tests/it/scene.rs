//! Rules, a message of our own, and the folder of public corpora.

use std::path::PathBuf;
use std::sync::Arc;

use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_hl7::cda::DocumentDeidentifier;
use wardgate_hl7::v2::{MessageDeidentifier, Options};

/// The rules of a run under a profile.
pub(crate) fn rules(profile: Profile) -> Arc<RecordRules> {
    let as_of = Day::new(2026, 11, 30).unwrap();
    Arc::new(RecordRules::new(
        Engine::new(),
        profile,
        ProjectKey::new([7; 32]),
        as_of,
    ))
}

pub(crate) fn messages() -> MessageDeidentifier {
    MessageDeidentifier::new(rules(Profile::safe_harbor()), Options::default())
}

/// A message after it went through, with the check that nothing of it is left.
pub(crate) fn cleaned(message: &str) -> String {
    let deidentifier = messages();
    let mut output = Vec::new();
    deidentifier
        .message(message.as_bytes(), &mut output)
        .unwrap();
    let found = deidentifier.verify(message.as_bytes(), &output).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(!found.any(), "{found:?} in {}", output.replace('\r', "\n"));
    output
}

/// A document after it went through, with the check that nothing of it is left.
pub(crate) fn cleaned_document(document: &[u8]) -> String {
    let deidentifier = DocumentDeidentifier::new(rules(Profile::safe_harbor()));
    let mut output = Vec::new();
    deidentifier.document(document, &mut output).unwrap();
    let found = deidentifier.verify(document, &output).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(!found.any(), "{found:?} in {output}");
    output
}

/// The folder of public corpora, for whoever has it.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("WARDGATE_SHARED").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let place = named.unwrap_or(beside).join("corpora").join(name);
    if !place.is_dir() {
        println!("skipped: no corpus `{name}` here");
        return None;
    }
    Some(place)
}
