//! Profiles, pseudonyms and the second look: any text is read to an end, a profile that is read is written
//! and read back alike, and a date moved there and back is the same date.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_deid::{
    DateReading, Kind, Language, NameHints, Part, Profile, PseudonymKey, Pseudonyms, Residue,
};

static KEY: LazyLock<PseudonymKey> = LazyLock::new(|| PseudonymKey::new([7; 32]));

fuzz_target!(|text: &str| {
    if let Ok(profile) = Profile::parse(text) {
        let again = Profile::parse(&profile.to_string()).expect("a written profile is read");
        assert_eq!(again, profile);
        assert_eq!(again.digest(), profile.digest());
    }
    let mut pseudonyms = Pseudonyms::new(&KEY);
    let hints = NameHints::default();
    pseudonyms.avoid(text, &hints);
    let name = pseudonyms.name(text, &hints);
    assert_eq!(pseudonyms.name(text, &hints), name);
    for language in [Language::English, Language::Spanish, Language::German] {
        let _ = pseudonyms.place(text, Part::Whole, language);
        let _ = pseudonyms.facility(text, language);
        let _ = pseudonyms.date(text, &DateReading::of(language));
    }
    for kind in Kind::ALL {
        let new = pseudonyms.identifier(kind, text);
        assert_eq!(pseudonyms.identifier(kind, text), new);
    }
    let _ = Residue::of(text, &Profile::gdpr_pseudonymise(), None);
});
