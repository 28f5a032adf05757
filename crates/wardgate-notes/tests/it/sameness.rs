//! The same plan gives the same notes, on every machine.

use wardgate_notes::{Corpus, Lang, Plan};

use crate::plans::{corpus, writers};

/// FNV-1a over lines.
fn digest(lines: impl Iterator<Item = String>) -> u64 {
    lines.fold(0xcbf2_9ce4_8422_2325, |hash, line| {
        line.bytes().chain([b'\n']).fold(hash, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let one = Corpus::load(writers()).unwrap();
    let two = Corpus::load(writers()).unwrap();
    let plan = |seed| Plan {
        seed,
        count: 300,
        noise: 60,
        ..Plan::default()
    };
    let lines = |corpus: &Corpus, seed| {
        let notes: Vec<String> = corpus
            .generate(&plan(seed))
            .map(|note| note.to_json())
            .collect();
        digest(notes.into_iter())
    };
    assert_eq!(lines(&one, 5), lines(&two, 5));
    assert_ne!(lines(&one, 5), lines(&two, 6));
}

#[test]
fn the_bytes_are_those_of_every_machine() {
    let corpus = corpus(
        "@lang de\n@kind test\n@region de\n%%\n{date} {dob} {mrn} {phone} {plate} {health_plan} {ip}\n",
    );
    let plan = Plan {
        seed: 1,
        writers: &["anna"],
        count: 50,
        noise: 50,
        ..Plan::default()
    };
    let digest = digest(corpus.generate(&plan).map(|note| note.text));
    assert_eq!(digest, 0xece0_be00_b6a7_e383, "{digest:#x}");
}

#[test]
fn plans_choose_writers_kinds_and_languages() {
    let corpus = Corpus::load(writers()).unwrap();
    let plan = Plan {
        seed: 2,
        writers: &["grammar"],
        kinds: &["census", "lab"],
        langs: &[Lang::De],
        count: 40,
        ..Plan::default()
    };
    let notes: Vec<_> = corpus.generate(&plan).collect();
    assert_eq!(notes.len(), 40);
    for note in notes {
        assert_eq!((&*note.writer, note.lang), ("grammar", Lang::De));
        assert!(["census", "lab"].contains(&&*note.kind));
    }
}

#[test]
fn a_line_of_json_has_the_agreed_fields() {
    let corpus = corpus("@lang en\n@kind test\n%%\nä {MRN~\\d\\d\\d} b\n");
    let note = corpus.of_every_template(1, 1).next().unwrap();
    let value: serde_json::Value = serde_json::from_str(&note.to_json()).unwrap();
    assert_eq!(value["lang"], "en");
    assert_eq!(value["spans"][0]["type"], "MRN");
    assert_eq!(
        (&value["spans"][0]["start"], &value["spans"][0]["end"]),
        (&2.into(), &5.into())
    );
    assert_eq!(value["text"], note.text);
}
