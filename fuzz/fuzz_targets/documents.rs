//! Documents of every form: reading and cleaning end without panic, and what was written can be read again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, PatientIdentifiers, Profile, ProjectKey, RecordRules};
use wardgate_documents::{clean, decoded_text};

static RULES: LazyLock<RecordRules> = LazyLock::new(|| {
    let as_of = Day::new(2026, 11, 30).expect("a day");
    let key = ProjectKey::new([7; 32]);
    RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), key, as_of)
});

const LABELS: [&str; 8] = [
    "",
    "text/plain",
    "text/plain; charset=utf-16le",
    "text/html",
    "text/xml",
    "application/rtf",
    "application/pdf",
    "image/png",
];

fuzz_target!(|input: (u8, &[u8])| {
    let (label, bytes) = input;
    let label = LABELS[usize::from(label) % LABELS.len()];
    let _ = decoded_text(label, bytes);
    let patient = RULES.patient("1", &PatientIdentifiers::default());
    let cleaned =
        clean(&RULES.scope(&patient), label, bytes).expect("what cannot be cleaned is withheld");
    decoded_text(&cleaned.media_type, &cleaned.bytes).expect("what was written is read");
});
