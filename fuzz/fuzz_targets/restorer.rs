//! Restoring: wherever an answer is cut, the restored text is the same; and what was masked comes
//! back as it was.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{
    Address, Deidentifier, Engine, Escape, KnownIdentifiers, PatientIdentifiers, PersonName,
    PlaceholderKey, RestoreMap,
};

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static KNOWN: LazyLock<KnownIdentifiers> = LazyLock::new(|| {
    let mut patient = PatientIdentifiers::default();
    patient.names.push(PersonName {
        given: vec!["Maren".into()],
        family: "Linholm".into(),
    });
    patient.birth_dates.push("1961-07-23".into());
    patient.record_numbers.push("MRN-00834417".into());
    patient.addresses.push(Address {
        lines: vec!["4417 Quarry Hill Road".into()],
        city: "Eastmere".into(),
        postal_code: "04417".into(),
    });
    KnownIdentifiers::compile(&patient)
});
static KEY: LazyLock<PlaceholderKey> = LazyLock::new(|| PlaceholderKey::new([7; 32]));

/// A note whose placeholders the answers below are made of.
const NOTE: &str = "Maren Linholm, born 1961-07-23, MRN-00834417, 4417 Quarry Hill Road. \
                    Call 555-013-8842 or write to maren.linholm@example.org.";

fn restored(map: &RestoreMap, escape: Escape, pieces: &[&str]) -> String {
    let mut stream = map.stream(escape);
    let mut out = String::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    out
}

/// Cuts a text into pieces of about so many bytes, at character borders.
fn cut(text: &str, step: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut at = step.clamp(1, rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fuzz_target!(|input: &[u8]| {
    let Some((step, text)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text);

    // What was masked comes back as it was.
    let masked = Deidentifier::new(&ENGINE, &KEY, Some(&KNOWN)).text([0; 32], &text);
    let (body, map) = masked.into_parts();
    let body = String::from_utf8(body).expect("masked text is text");
    assert_eq!(map.restore(&body), text);
    assert_eq!(
        restored(&map, Escape::None, &cut(&body, usize::from(*step))),
        text
    );

    // An answer made of placeholders and anything else restores the same wherever it is cut.
    let (masked, map) = Deidentifier::new(&ENGINE, &KEY, Some(&KNOWN))
        .text([0; 32], NOTE)
        .into_parts();
    let masked = String::from_utf8(masked).expect("masked text is text");
    let words: Vec<&str> = masked.split_inclusive([' ', ',']).collect();
    let mut answer = String::new();
    for letter in text.chars() {
        match words.get((letter as usize).wrapping_sub('A' as usize)) {
            Some(word) => answer.push_str(word),
            None => answer.push(letter),
        }
    }
    for escape in [Escape::None, Escape::Json] {
        let whole = restored(&map, escape, &[&answer]);
        assert_eq!(
            restored(&map, escape, &cut(&answer, usize::from(*step))),
            whole
        );
        assert_eq!(restored(&map, escape, &cut(&answer, 1)), whole);
    }
});
