//! Every slot gives gold of its type, exactly where it stands.

use wardgate_notes::{Corpus, Kind, Note};

use crate::plans::{notes, writers};

/// What stands between `<` and `>`, with the type of the one span that it is.
fn gold(note: &Note) -> (Kind, String) {
    let (_, rest) = note.text.split_once('<').unwrap();
    let (inside, _) = rest.rsplit_once('>').unwrap();
    let spans = note.gold();
    let [(kind, text)] = spans.as_slice() else {
        panic!("not one span: {note:?}");
    };
    assert_eq!(text, inside);
    (*kind, text.clone())
}

#[test]
fn every_slot_is_gold_of_its_type() {
    let slots = [
        (
            "patient doctor.last nurse.first relative.lastfirst other.initials doctor2.nick",
            Kind::Name,
        ),
        (
            "date date+3 date-14 date.us date.us2 date.iso date.long date.dmy date.dots",
            Kind::Date,
        ),
        (
            "date.slash date.short date.monthday date.monthyear date.compact+20 dob dob.long",
            Kind::Date,
        ),
        ("street street.name city zip county", Kind::Location),
        (
            "hospital hospital.short clinic pharmacy nursing_home lab facility",
            Kind::Facility,
        ),
        ("employer school insurer", Kind::Org),
        ("state state.abbr", Kind::State),
        ("license npi", Kind::License),
        ("vin plate", Kind::Vehicle),
        ("id accession", Kind::Id),
        ("health_plan nhs", Kind::HealthPlan),
        ("country", Kind::Country),
        ("phone", Kind::Phone),
        ("fax", Kind::Fax),
        ("email", Kind::Email),
        ("url", Kind::Url),
        ("ip", Kind::Ip),
        ("ssn", Kind::Ssn),
        ("mrn", Kind::Mrn),
        ("account", Kind::Account),
        ("device", Kind::Device),
        ("age", Kind::AgeU90),
        ("age90", Kind::Age),
        ("year", Kind::Other),
    ];
    for lang in ["en", "de", "es"] {
        for (names, kind) in slots {
            for slot in names.split(' ') {
                for note in notes(lang, &format!("é <{{{slot}}}> ü"), 25, 0) {
                    assert_eq!(gold(&note).0, kind, "{lang} {slot}");
                }
            }
        }
    }
}

#[test]
fn an_address_is_several_spans() {
    for lang in ["en", "de", "es"] {
        for note in notes(lang, "{address}", 40, 0) {
            let places = note.gold();
            let count = places
                .iter()
                .filter(|(kind, _)| *kind == Kind::Location)
                .count();
            assert!(count >= 3, "{note:?}");
        }
    }
}

#[test]
fn words_and_times_and_numbers_are_not_gold() {
    let template =
        "{patient.mr} {patient.He} {patient.man} {time} {weekday} {num 3 9} {num 1.0 2.5}";
    for note in notes("en", template, 30, 0) {
        assert!(note.spans.is_empty(), "{note:?}");
    }
}

#[test]
fn typed_patterns_and_lists_are_gold_as_a_whole() {
    let template = "<{ID~[[A|B]]-\\D\\d\\A\\a\\x of {city}}>";
    for note in notes("en", template, 30, 0) {
        let (kind, text) = gold(&note);
        assert_eq!(kind, Kind::Id);
        assert!(text.starts_with("A-") || text.starts_with("B-"), "{text}");
    }
}

#[test]
fn a_person_stays_the_same_until_new_ones_come() {
    let template = "{patient.last}\n{patient.last}\n{new}{patient.last}\n{mrn}";
    let mut changed = 0;
    for note in notes("en", template, 30, 0) {
        let spans = note.gold();
        let names: Vec<&str> = spans.iter().map(|(_, text)| &**text).collect();
        assert_eq!(names.first(), names.get(1), "{note:?}");
        changed += usize::from(names.first() != names.get(2));
    }
    assert!(changed > 25);
}

#[test]
fn titles_and_degrees_stay_outside() {
    for note in notes("en", "Dr. {doctor}, MD", 60, 0) {
        let (_, name) = note.gold().into_iter().next().unwrap();
        assert!(!name.contains("Dr.") && !name.contains("MD"), "{name}");
    }
}

#[test]
fn the_templates_of_the_repository_are_right() {
    let (corpus, faults) = Corpus::load_all(writers());
    assert_eq!(faults, []);
    for note in corpus.of_every_template(3, 2) {
        assert!(!note.text.is_empty());
        let mut end = 0;
        for (span, (_, text)) in note.spans.iter().zip(note.gold()) {
            assert!(span.start >= end && span.end > span.start, "{}", note.id);
            assert_eq!(text.trim(), text, "{}", note.id);
            end = span.end;
        }
        if note.kind == "clean" {
            let marked = note.spans.iter().find(|span| span.kind.is_identifier());
            assert_eq!(marked, None, "{}: {}", note.id, note.text);
        }
    }
}
