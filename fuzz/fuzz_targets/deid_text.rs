//! Detection in any text: findings lie apart, in order and on whole characters, the same text gives the same
//! findings, and what is masked is restored.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{Deidentifier, Engine, Hints, Language, PlaceholderKey};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static KEY: LazyLock<PlaceholderKey> = LazyLock::new(|| PlaceholderKey::new([7; 32]));

fuzz_target!(|text: &str| {
    for language in [Language::English, Language::Spanish, Language::German] {
        let hints = Hints {
            language: Some(language),
            ..Hints::default()
        };
        let findings = ENGINE.detect_with(text, &hints);
        let mut behind = 0;
        for finding in &findings {
            assert!(behind <= finding.start && finding.start < finding.end);
            assert!(text.get(finding.range()).is_some());
            behind = finding.end;
        }
        assert_eq!(ENGINE.detect_with(text, &hints), findings);
    }
    let masked = Deidentifier::new(&ENGINE, &KEY, None).text([0; 32], text);
    let (body, map) = masked.into_parts();
    let body = String::from_utf8(body).expect("masked text is text");
    assert_eq!(map.restore(&body), text);
});
