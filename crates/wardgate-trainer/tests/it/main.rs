//! The training program from outside: the same lessons give the same weights, and weights that work.

mod floors;

use wardgate_deid::score::Mark;
use wardgate_deid::{Engine, Hints, Kind, Language, training};
use wardgate_trainer::corpus::{Document, Span};
use wardgate_trainer::measure;
use wardgate_trainer::noise::Shares;
use wardgate_trainer::perceptron::{self, Lesson, Settings};

/// Texts with one name each, between `<` and `>`.
const LESSONS: [&str; 6] = [
    "Discussed with <Ann Bexley> on the ward.",
    "Discussed with <Tom Okafor> by phone.",
    "Discussed with the family on the ward.",
    "The team spoke to <Mia Lund> today.",
    "The team spoke to the nurse today.",
    "Discussed with the team by phone.",
];

const SETTINGS: Settings = Settings {
    epochs: 6,
    seed: 3,
    missed: 60,
    invented: 40,
    confused: 10,
    hidden: Shares {
        names: 40,
        words: 10,
        lists: 10,
    },
    renamed: 20,
};

fn document(marked: &str) -> Document {
    let text = marked.replace(['<', '>'], "");
    let spans = marked
        .find('<')
        .zip(marked.find('>'))
        .map(|(open, close)| Span {
            mark: Mark {
                at: open..close - 1,
                kind: Some(Kind::Name),
            },
            free: false,
        });
    Document {
        id: marked.to_owned(),
        language: Language::English,
        spans: spans.into_iter().collect(),
        text,
    }
}

fn weights(seed: u64) -> Vec<u8> {
    let documents = LESSONS.map(document);
    let lessons: Vec<_> = documents
        .iter()
        .map(|document| Lesson { document, every: 1 })
        .collect();
    let settings = Settings { seed, ..SETTINGS };
    perceptron::train(&Engine::exact_only(), &lessons, &settings, |_, _, _| {})
}

#[test]
fn the_same_lessons_give_the_same_weights() {
    let first = weights(3);
    assert_eq!(first, weights(3));
    assert_ne!(first, weights(4));
}

#[test]
fn what_was_learnt_is_found_in_other_words() {
    let engine = training::engine(Language::English, &weights(3)).unwrap();
    let hints = Hints {
        language: Some(Language::English),
        ..Hints::default()
    };
    let text = "Discussed with Eve Marlow on the ward.";
    let found = engine.detect_with(text, &hints);
    assert_eq!(
        found.iter().map(|f| &text[f.range()]).collect::<Vec<_>>(),
        ["Eve Marlow"]
    );
    assert!(
        engine
            .detect_with("Discussed with the nurse on the ward.", &hints)
            .is_empty()
    );
}

#[test]
fn a_miss_and_an_invention_are_told_apart() {
    let documents = [
        document("Seen by Dr. <Osei> today."),
        document("Nothing new."),
    ];
    let mut lines = Vec::new();
    let score = measure::score(&Engine::exact_only(), &documents, |line| {
        lines.push(line.to_owned())
    });
    assert_eq!(score.whole().percent(), 100.0, "{lines:?}");
    assert_eq!((score.altered.part, score.altered.of), (0, 1));
    assert!(lines.is_empty());
}
