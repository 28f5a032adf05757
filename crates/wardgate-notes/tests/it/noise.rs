//! Disturbed notes keep their gold.

use wardgate_notes::{Corpus, Kind, Note, Plan};

use crate::plans::{notes, writers};

/// The letters and digits of a text, without case.
fn stripped(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[test]
fn gold_follows_its_characters() {
    let template = "Lorem ipsum: [Q{MRN~\\d\\d\\d\\d\\d\\d}Q] dolor, sit; <J{PHONE~\\d\\d\\d-\\d\\d\\d\\d}J>.\n\
                    Amet (X{ID~ZK \\d\\d\\d\\d ZK}X).\n\nEnd: \"{NAME~Zyx-Wvu}\".";
    let mut noticed = 0;
    for note in notes("en", template, 600, 100) {
        let spans = note.gold();
        let digits = |kind: Kind| {
            let own = spans.iter().find(|(found, _)| *found == kind);
            own.map(|(_, text)| stripped(text))
        };
        // Scans and typing change letters; they must not move the borders far.
        let name = spans.iter().filter(|(kind, _)| *kind == Kind::Name);
        let longest = name
            .map(|(_, text)| text.chars().count())
            .max()
            .unwrap_or(0);
        assert!(longest < 60, "{note:?}");
        let number = digits(Kind::Mrn).unwrap_or_default();
        noticed += usize::from(number.len() == 6 && number.chars().all(|c| c.is_ascii_digit()));
        for span in &note.spans {
            assert!(span.end > span.start);
        }
    }
    assert!(noticed > 400, "{noticed}");
}

#[test]
fn clean_texts_stay_clean() {
    let corpus = Corpus::load(writers()).unwrap();
    let plan = Plan {
        seed: 4,
        kinds: &["clean"],
        count: 400,
        noise: 100,
        ..Plan::default()
    };
    for note in corpus.generate(&plan) {
        let marked = note.spans.iter().find(|span| span.kind.is_identifier());
        assert_eq!(marked, None, "{note:?}");
    }
}

#[test]
fn spans_stay_sorted_and_apart_under_all_noise() {
    let corpus = Corpus::load(writers()).unwrap();
    let plan = Plan {
        seed: 8,
        count: 1500,
        noise: 100,
        ..Plan::default()
    };
    let check = |note: &Note| {
        let length = note.text.chars().count();
        let mut end = 0;
        for (span, (kind, text)) in note.spans.iter().zip(note.gold()) {
            assert!(span.start >= end && span.end <= length, "{}", note.id);
            assert_eq!(text.trim(), text, "{kind} of {}", note.id);
            end = span.end;
        }
    };
    corpus.generate(&plan).for_each(|note| check(&note));
}
