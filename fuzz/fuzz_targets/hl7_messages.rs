//! HL7 v2: any bytes are parted without loss, and cleaned or refused without a panic.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordRules};
use wardgate_hl7::v2::{MessageDeidentifier, Messages, Options};

static SHARED: LazyLock<MessageDeidentifier> = LazyLock::new(|| {
    let as_of = Day::new(2026, 11, 30).expect("a day of the calendar");
    let key = ProjectKey::new([7; 32]);
    let rules = RecordRules::new(Engine::exact_only(), Profile::safe_harbor(), key, as_of);
    MessageDeidentifier::new(Arc::new(rules), Options::default())
});

fuzz_target!(|stream: &[u8]| {
    let items: Vec<Vec<u8>> = Messages::new(stream)
        .collect::<Result<_, _>>()
        .expect("a stream in memory can be read");
    assert_eq!(items.concat(), stream);
    for item in items {
        let mut output = Vec::new();
        match SHARED.message(&item, &mut output) {
            Ok(_) => {
                SHARED
                    .verify(&item, &output)
                    .expect("what was written can be read");
            }
            Err(_) => assert!(output.is_empty()),
        }
    }
});
