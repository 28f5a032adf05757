//! A model from the user's disk as a layer, with small models that are written here.

mod harm;
mod model;
mod onnx;

use wardgate_deid::{
    Deidentifier, Engine, Finding, Kind, Layer, NeuralTagger, Part, PlaceholderKey,
};

use model::{byte_level, config, graph, model, tokenizer};

fn tagger() -> NeuralTagger {
    NeuralTagger::load(&model(), &tokenizer(), &config(64)).unwrap()
}

fn found(tagger: &NeuralTagger, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    tagger.find(text, &mut findings).unwrap();
    findings
}

fn surfaces<'t>(tagger: &NeuralTagger, text: &'t str) -> Vec<(&'t str, Kind)> {
    let findings = found(tagger, text).into_iter();
    findings
        .map(|finding| (&text[finding.range()], finding.kind))
        .collect()
}

#[test]
fn spans_are_in_bytes_of_the_text_as_written() {
    let tagger = tagger();
    assert_eq!(
        surfaces(
            &tagger,
            "Patient: Müller Łukasz, seen by doctor Grün in Riverbend."
        ),
        [
            ("Müller Łukasz", Kind::Name),
            ("Grün", Kind::Name),
            ("Riverbend", Kind::Facility)
        ]
    );
    assert_eq!(surfaces(&tagger, "毛泽 seen"), [("毛泽", Kind::Name)]);
    assert_eq!(
        surfaces(&tagger, "ａ\u{200b} müller\u{301}\tseen"),
        [("müller\u{301}", Kind::Name)]
    );
    assert_eq!(surfaces(&tagger, ""), []);
    assert_eq!(surfaces(&tagger, " \n\u{feff} "), []);
}

#[test]
fn a_word_is_what_its_first_piece_is() {
    let tagger = tagger();
    assert_eq!(surfaces(&tagger, "by Okafor."), [("Okafor", Kind::Name)]);
    assert_eq!(
        surfaces(&tagger, "Q77x, q77"),
        [("Q77x", Kind::Id), ("q77", Kind::Id)]
    );
    assert_eq!(
        surfaces(&tagger, "Okafor Okafor"),
        [("Okafor", Kind::Name), ("Okafor", Kind::Name)]
    );
}

#[test]
fn years_and_ages_under_90_are_told_apart() {
    let tagger = tagger();
    let parts: Vec<Part> = found(&tagger, "2019, March 14, age 61, age 94.")
        .iter()
        .map(|f| f.part)
        .collect();
    assert_eq!(parts, [Part::Year, Part::Whole, Part::Under90, Part::Whole]);
}

#[test]
fn long_texts_are_read_in_windows_that_know_what_stands_around() {
    for positions in [16, 23, 64, 512] {
        let tagger = NeuralTagger::load(&model(), &tokenizer(), &config(positions)).unwrap();
        assert_eq!(tagger.window_tokens(), positions);
        for gap in (0..40).step_by(3) {
            let line = format!("{}doctor Grün, Okafor. ", "a ".repeat(gap));
            let text = line.repeat(6_000 / line.len() + 2);
            let count = text.matches("Okafor").count();
            let expected: Vec<_> = [("Grün", Kind::Name), ("Okafor", Kind::Name)].repeat(count);
            assert_eq!(
                surfaces(&tagger, &text),
                expected,
                "window {positions}, gap {gap}"
            );
        }
    }
}

#[test]
fn texts_beyond_one_part_keep_their_places() {
    let tagger = tagger();
    let text = "seen by doctor Grün.\n".repeat(7_000);
    let found = found(&tagger, &text);
    assert_eq!(found.len(), 7_000);
    assert!(found.iter().all(|finding| &text[finding.range()] == "Grün"));
    // No white space to part it at.
    assert_eq!(surfaces(&tagger, &"ü".repeat(100_000)), []);
}

#[test]
fn a_model_of_one_length_gets_windows_filled_up() {
    let model = graph(Some(32), model::LABELS.len(), model::PIECES.len()).model();
    let tagger = NeuralTagger::load(&model, &tokenizer(), &config(64)).unwrap();
    assert_eq!(tagger.window_tokens(), 32);
    assert_eq!(surfaces(&tagger, "by Okafor."), [("Okafor", Kind::Name)]);
    let text = "a a doctor Grün. ".repeat(50);
    assert_eq!(found(&tagger, &text).len(), 50);
}

#[test]
fn byte_level_pairs_keep_their_places() {
    let (model, tokenizer, config) = byte_level();
    let tagger = NeuralTagger::load(&model, &tokenizer, &config).unwrap();
    assert_eq!(tagger.window_tokens(), 64);
    let text = "Seen by Maria, then Özil. 😀 Mr Ünal went. ".repeat(9);
    let expected = [
        ("Maria", Kind::Name),
        ("Özil.", Kind::Name),
        ("Mr", Kind::Name),
        ("Ünal", Kind::Name),
    ];
    let found: Vec<_> = surfaces(&tagger, &text);
    let found: Vec<_> = found
        .iter()
        .map(|(text, kind)| (text.trim_end_matches('.'), *kind))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(text, kind)| (text.trim_end_matches('.'), *kind))
        .collect();
    assert_eq!(found, expected.repeat(9));
}

#[test]
fn labels_that_mean_nothing_here_are_told() {
    assert_eq!(tagger().unknown_labels(), ["B-MISC"]);
}

#[test]
fn a_text_that_spells_special_tokens_is_still_a_text() {
    let tagger = tagger();
    assert_eq!(
        surfaces(&tagger, "[SEP] Okafor [PAD] [CLS]"),
        [("Okafor", Kind::Name)]
    );
}

#[test]
fn every_thread_finds_the_same() {
    let tagger = tagger();
    let text = "Patient: Müller Łukasz, age 94, seen by doctor Grün on March 14. ".repeat(30);
    let first = found(&tagger, &text);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| found(&tagger.clone(), &text)))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), first);
        }
    });
}

#[test]
fn the_engine_takes_out_what_only_the_model_knows() {
    let plain = Engine::exact_only();
    assert!(!plain.is_neural());
    let text = "was in riverbend, said grün. Call 617-555-0134.";
    assert_eq!(plain.detect(text, None).len(), 1);
    let engine = plain.with_neural(tagger());
    assert!(engine.is_neural());
    let layers: Vec<_> = engine
        .detect(text, None)
        .iter()
        .map(|f| (f.kind, f.layer))
        .collect();
    assert_eq!(
        layers,
        [(Kind::Facility, Layer::Neural), (Kind::Phone, Layer::Exact)]
    );
}

#[test]
fn what_the_model_finds_is_restored() {
    let engine = Engine::exact_only().with_neural(tagger());
    let key = PlaceholderKey::new([7; 32]);
    let text = "riverbend with Müller Łukasz";
    let deidentifier = Deidentifier::new(&engine, &key, None);
    let (masked, map) = deidentifier.text([0; 32], text).into_parts();
    let masked = String::from_utf8(masked).unwrap();
    assert!(
        !masked.contains("Müller") && !masked.contains("riverbend"),
        "{masked}"
    );
    assert_eq!(map.restore(&masked), text);
    // A placeholder that comes back is no word, whatever the model takes its letters for.
    let again = format!("by doctor {masked}");
    let (twice, _) = deidentifier.text([0; 32], &again).into_parts();
    assert_eq!(String::from_utf8(twice).unwrap(), again);
}

#[test]
fn a_text_that_the_model_fails_on_does_not_leave() {
    let mut table = vec![0.0_f32; model::PIECES.len() * model::LABELS.len()];
    table[11 * model::LABELS.len()] = f32::NAN;
    let broken = onnx::Graph::default()
        .input("input_ids", None)
        .floats(
            "table",
            &[model::PIECES.len() as i64, model::LABELS.len() as i64],
            &table,
        )
        .node("Gather", &["table", "input_ids"], "logits", &[("axis", 0)])
        .output("logits")
        .model();
    let tagger = NeuralTagger::load(&broken, &tokenizer(), &config(64)).unwrap();
    let engine = Engine::new().with_neural(tagger);
    let key = PlaceholderKey::new([7; 32]);
    let deidentifier = Deidentifier::new(&engine, &key, None);
    let (kept, _) = deidentifier.text([0; 32], "a patient in a").into_parts();
    assert_eq!(kept, b"a patient in a");
    let (masked, _) = deidentifier
        .text([0; 32], "a patient seen in a")
        .into_parts();
    let masked = String::from_utf8(masked).unwrap();
    assert!(
        masked.starts_with("[ID_") && masked.ends_with(']') && !masked.contains(' '),
        "{masked}"
    );
    let body = br#"{"text":"a patient seen in a"}"#;
    let parts = [wardgate_deid::JsonPart {
        at: 9..28,
        treat: wardgate_deid::Treat::Text,
    }];
    let refusal = deidentifier.json([0; 32], body, &parts).unwrap_err();
    assert_eq!(refusal.code(), "deid.unread");
}

#[test]
fn a_body_is_refused_once_its_time_is_over() {
    let engine = Engine::new();
    let key = PlaceholderKey::new([7; 32]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let deidentifier = Deidentifier::new(&engine, &key, None).stop_when(&stop);
    let body = br#"{"text":"a patient"}"#;
    let parts = [wardgate_deid::JsonPart {
        at: 9..18,
        treat: wardgate_deid::Treat::Text,
    }];
    assert!(deidentifier.json([0; 32], body, &parts).is_ok());
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let refusal = deidentifier.json([0; 32], body, &parts).unwrap_err();
    assert_eq!(refusal.code(), "deid.unread");
    let (masked, _) = deidentifier.text([0; 32], "a patient").into_parts();
    assert!(!String::from_utf8(masked).unwrap().contains("patient"));
}
