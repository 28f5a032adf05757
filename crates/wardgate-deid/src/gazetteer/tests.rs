//! The table against the lists that it was made of.

use std::fs;
use std::path::{Path, PathBuf};

use super::hash::word_hash;
use super::*;
use crate::fold;

#[test]
fn every_entry_of_every_list_is_found_with_its_classes() {
    let mut entries = 0;
    for list in lists() {
        let mut classes = Bits::default();
        for line in fs::read_to_string(&list).unwrap().lines() {
            if let Some(names) = line.strip_prefix('[') {
                let names = names.trim_end_matches(']').split(' ');
                classes = names.map(named).fold(Bits::default(), Bits::with);
            } else if !line.starts_with('#') {
                for entry in written_out(line) {
                    let found = lookup_words(&entry);
                    assert_eq!(
                        found.0 & classes.0,
                        classes.0,
                        "{entry} of {}",
                        list.display()
                    );
                    entries += 1;
                }
            }
        }
    }
    assert!(entries > 300_000, "{entries}");
}

#[test]
fn other_words_are_not_found() {
    let mut seed = 7u64;
    let mut found = 0;
    for _ in 0..1_000_000 {
        let mut word = String::from("qx");
        for _ in 0..9 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.push(char::from(b'a' + u8::try_from((seed >> 33) % 26).unwrap()));
        }
        found += usize::from(lookup(word_hash(&word)) != Bits::default());
    }
    assert!(found < 10, "{found} of a million words that are none");
}

#[test]
fn known_words_have_the_classes_of_their_lists() {
    let samples = [
        (
            "hope",
            Bits::GIVEN.with(Bits::FEMALE).with(Bits::WORD_VERY_COMMON),
        ),
        (
            "Smith",
            Bits::SURNAME.with(Bits::SURNAME_COMMON).with(Bits::WORD),
        ),
        (
            "maria",
            Bits::GIVEN.with(Bits::GIVEN_COMMON).with(Bits::FEMALE),
        ),
        ("Müller", Bits::SURNAME.with(Bits::SURNAME_COMMON)),
        ("Chicago", Bits::CITY.with(Bits::CITY_BIG)),
        ("köln", Bits::CITY.with(Bits::CITY_BIG)),
        ("Los_Angeles", Bits::CITY.with(Bits::CITY_BIG)),
        ("bad_homburg", Bits::CITY),
        ("the", Bits::WORD.with(Bits::WORD_VERY_COMMON)),
    ];
    for (word, classes) in samples {
        let found = lookup_words(word);
        assert_eq!(found.0 & classes.0, classes.0, "{word}: {found:?}");
    }
    assert!(!lookup(word_hash("hepatomegaly")).any(Bits::GIVEN.with(Bits::SURNAME)));
}

#[test]
fn places_of_several_words_are_counted() {
    let samples = [
        ("san francisco and", 2),
        ("san and", 0),
        ("fort worth", 2),
        ("las palmas de gran canaria hoy", 5),
        ("chicago in", 1),
        ("seen today", 0),
        ("", 0),
    ];
    for (text, words) in samples {
        let hashes = text.split_whitespace().map(word_hash);
        assert_eq!(place_words(hashes), words, "{text}");
    }
}

#[test]
fn every_list_has_its_licence_on_record() {
    let record = fs::read_to_string(data().join("README.md")).unwrap();
    for list in lists().into_iter().chain(files("surrogates")) {
        let name = list.strip_prefix(data()).unwrap();
        let name = name.to_str().unwrap().replace('\\', "/");
        assert!(
            record.contains(&format!("`{name}`")),
            "README.md does not list {name}"
        );
    }
}

/// The entries of a line, stems with endings put together.
fn written_out(line: &str) -> Vec<String> {
    let (stems, endings) = line.split_once('|').unwrap_or((line, "-"));
    let endings: Vec<&str> = endings
        .split_whitespace()
        .map(|ending| &ending[1..])
        .collect();
    let with_endings = |stem: &str| {
        endings
            .iter()
            .map(|ending| format!("{stem}{ending}"))
            .collect::<Vec<_>>()
    };
    stems.split_whitespace().flat_map(with_endings).collect()
}

fn lookup_words(entry: &str) -> Bits {
    let mut words = entry.split('_').map(|word| word_hash(&fold::words(word)));
    let first = words.next().unwrap();
    lookup(words.fold(first, join_hash))
}

fn named(name: &str) -> Bits {
    Bits::NAMES
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap()
        .1
}

fn lists() -> Vec<PathBuf> {
    ["people", "places", "words", "clinical"]
        .into_iter()
        .flat_map(files)
        .collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(data().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}
