//! What the layers do together: the tagger beside the rules, and the memory of a text.

use wardgate_deid::{Engine, Hints, Language, Layer, Profile};

/// What Safe Harbor takes out of an English text, all layers together.
fn found(text: &str) -> Vec<&str> {
    let hints = Hints {
        language: Some(Language::English),
        ..Hints::default()
    };
    let profile = Profile::safe_harbor();
    let findings = Engine::new().detect_with(text, &hints);
    let applied = findings.iter().filter(|f| profile.applies(f, text));
    applied.map(|f| &text[f.range()]).collect()
}

#[test]
fn a_name_said_once_is_found_wherever_it_is_said_again() {
    let text = "Patient: Maria Okafor. Later okafor was walking; OKAFOR and Okafpr slept.";
    let names = ["Maria Okafor", "okafor", "OKAFOR", "Okafpr"];
    assert_eq!(found(text), names);
}

#[test]
fn a_name_that_is_a_word_needs_a_capital_in_its_second_place() {
    let text = "Seen by Dr. Anna Young. The young man slept. I told Young.";
    assert_eq!(found(text), ["Anna Young", "Young"]);
}

#[test]
fn initials_that_sign_are_those_of_somebody_named() {
    let text = "Nurse: Maria Okafor\n0800 Slept well. MO\n0900 Given MO by mouth.\n";
    let findings = Engine::exact_only().detect(text, None);
    let names: Vec<_> = findings.iter().map(|f| &text[f.range()]).collect();
    assert_eq!(names, ["Maria Okafor", "MO"]);
}

#[test]
fn a_number_said_once_is_found_without_its_label() {
    let text = "MRN: 4471902. The label on the tube says 4471902.";
    assert_eq!(found(text), ["4471902", "4471902"]);
}

#[test]
fn the_tagger_finds_what_no_rule_has_a_cue_for() {
    let text = "Please summarize Rebecca Lindholm's stay at Alder Grove Medical Center.";
    let findings = Engine::new().detect(text, None);
    assert!(findings.iter().any(|f| f.layer == Layer::Learned));
    assert_eq!(
        found(text),
        ["Rebecca Lindholm", "Alder Grove Medical Center"]
    );
    assert!(
        Engine::exact_only()
            .detect(text, None)
            .iter()
            .all(|f| f.layer == Layer::Exact)
    );
}

#[test]
fn clinical_prompts_without_identifiers_stay_as_they_are() {
    for text in [
        "What is the starting dose of metformin in a patient with an eGFR of 50?",
        "Explain the difference between Crohn disease and ulcerative colitis.",
        "Is 5 mg of apixaban right after a DVT, and for how long?",
        "Write a short note on hypertension for a 64-year-old man. BP 150/92, HR 78.",
        "Which tendon does the Finkelstein test stress?",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn text_without_case_is_read_by_its_words() {
    let text = "summarize the chart of rebecca lindholm, seen by dr okafor on march 3";
    let found = found(text);
    for name in ["rebecca lindholm", "okafor"] {
        assert!(found.contains(&name), "{found:?}");
    }
}

#[test]
fn other_languages_have_their_own_weights() {
    let engine = Engine::new();
    for (language, text, name) in [
        (
            Language::German,
            "Wir berichten über unsere Patientin Ulrike Sandmeier, die sich am 3.4.2031 vorstellte.",
            "Ulrike Sandmeier",
        ),
        (
            Language::Spanish,
            "Remitido por: Lucía Peñalver Ortuño. Hospital General de Almansa.",
            "Lucía Peñalver Ortuño",
        ),
    ] {
        let hints = Hints {
            language: Some(language),
            ..Hints::default()
        };
        let findings = engine.detect_with(text, &hints);
        let names: Vec<_> = findings.iter().map(|f| &text[f.range()]).collect();
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn the_same_text_gives_the_same_findings_from_any_engine() {
    let text = "Dr. Okafor saw Anna Lee on 3/14/2024 at Oak Hill Clinic; Lee was well. ".repeat(60);
    let first = Engine::new().detect(&text, None);
    assert_eq!(first, Engine::new().detect(&text, None));
    assert!(first.windows(2).all(|pair| pair[0].end <= pair[1].start));
}
