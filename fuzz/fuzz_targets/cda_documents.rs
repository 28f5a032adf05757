//! CDA: any bytes are cleaned or refused without a panic, and what is written is a document again.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_hl7::cda::DocumentDeidentifier;

static SHARED: LazyLock<DocumentDeidentifier> = LazyLock::new(|| {
    let as_of = Day::new(2026, 11, 30).expect("a day of the calendar");
    let key = ProjectKey::new([7; 32]);
    let rules = RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), key, as_of);
    DocumentDeidentifier::new(Arc::new(rules))
});

fuzz_target!(|document: &[u8]| {
    let mut output = Vec::new();
    match SHARED.document(document, &mut output) {
        Ok(_) => {
            SHARED
                .verify(document, &output)
                .expect("what was written can be read");
            SHARED
                .document(&output, &mut Vec::new())
                .expect("what was written is a document");
        }
        Err(_) => assert!(output.is_empty()),
    }
});
