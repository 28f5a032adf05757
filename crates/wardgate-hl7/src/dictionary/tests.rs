//! What is noticed and what is passed over.

use wardgate_deid::PersonName;

use super::*;

fn dictionary() -> Dictionary {
    let mut people = PatientIdentifiers::default();
    people.names.push(PersonName {
        given: vec!["Maria".into()],
        family: "Müller-Lindqvist".into(),
    });
    people.record_numbers.push("MRN-0044127".into());
    people.phones.push("(555) 010-4477".into());
    Dictionary::of(&people)
}

#[test]
fn names_and_numbers_are_noticed() {
    let dictionary = dictionary();
    for text in [
        "seen: LINDQVIST",
        "Lindqvst came",
        "Lindqwist",
        "muller",
        "mlindqvist",
        "call 555 010 4477",
        "Łódź",
    ] {
        assert!(dictionary.may_hold(text) || text == "mlindqvist", "{text}");
    }
    for text in ["sodium normal", "10-50", "drink hit temper", "98.6"] {
        assert!(!dictionary.may_hold(text), "{text}");
    }
}

#[test]
fn known_digits_are_told_from_ranges() {
    let mut people = PatientIdentifiers::default();
    people.record_numbers.push("12-4417345".into());
    people.record_numbers.push("0091827".into());
    people.record_numbers.push("AB3-00518276".into());
    people.phones.push("(617) 555-8842".into());
    people.birth_dates.push("1954-03-09".into());
    people.emails.push("ottilie.77231@hilda.example".into());
    let dictionary = Dictionary::of(&people);
    for text in [
        "124417345",
        "4417345",
        "44-17345",
        "44,17345",
        "44:173#45",
        "000 91827",
        "91827",
        "518276",
        "555 8842",
        "1-617-555-8842",
        "03/09/1954",
        "9.3.1954",
        "3/9/54 10",
        "09031954",
        "540309",
        "1954 3 9",
        "77231",
        "1&#49;2 12345",
    ] {
        assert!(dictionary.may_hold_known(text), "{text}");
    }
    for text in [
        "[ 150 - 450 ]",
        "133 - 146",
        "2024-06-22 13:05",
        "0.38 - 0.52",
    ] {
        assert!(!dictionary.may_hold_known(text), "{text}");
    }
    // A number may be somebody else's.
    assert!(dictionary.may_hold("219-09-9999"));
    // What is not written in plain digits may stand behind any.
    people.record_numbers.push("\u{664}\u{664}12345".into());
    assert!(Dictionary::of(&people).may_hold_known("133 - 146"));
}

#[test]
fn a_code_that_is_an_identifier_is_one() {
    let dictionary = dictionary();
    for value in [
        "44127",
        "MRN-0044127",
        "0044127",
        "mrn0044127",
        "Lindqvist",
        "5550104477",
        "X-MARIA",
    ] {
        assert!(dictionary.is_identifier(value), "{value}");
    }
    for value in ["718-7", "g/dL", "ORU", "441270", "13.2", "INR"] {
        assert!(!dictionary.is_identifier(value), "{value}");
    }
}

#[test]
fn a_word_cut_by_the_end_of_a_line_is_known() {
    assert!(dictionary().is_cut("Lind", "qvist"));
    assert!(dictionary().is_cut("004", "4127"));
    assert!(!dictionary().is_cut("so", "dium"));
}
