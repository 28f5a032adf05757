//! Names of anybody that stand alone in the place of a code, and codes that must stay there.

use wardgate_deid::{Kind, Profile};
use wardgate_hl7::v2::{MessageDeidentifier, Options};

use crate::scene::{self, cleaned};

const HEAD: &str = "MSH|^~\\&|LAB|HILDA|EHR|WEST|20240312101500||ADT^A01|MSG00471|P|2.5.1\r\
    PID|1||48120677^^^HILDA^MR||Trzebiatowski^Ottilie||19710523|F\r";
/// Invented and usual names of several peoples.
const NAMES: &[&str] = &[
    "Vandersloot",
    "Lindqvist",
    "Okonkwo",
    "Nguyen",
    "Garcia",
    "Papadopoulos",
    "Nakamura",
    "Krishnamurthy",
    "Kowalczyk",
    "Al-Rashid",
    "O'Brien",
    "McDonald",
    "Schmidt",
    "Yilmaz",
    "Hernandez",
    "Murphy",
    "Johnson",
    "Patel",
    "Svensson",
    "Petrov",
];
/// Segments whose fields hold codes of every kind: `?` is where one stands.
const PLACES: &[&str] = &[
    "PV1|1|?",
    "PV1|1|I|?^^",
    "PV1|1|I||?",
    "PV1|1|I||||||||?",
    "PV2||?^",
    "DG1|1|?|I10^Essential hypertension^I10",
    "DG1|1||?^Essential hypertension^L",
    "OBR|1|||718-7^Hemoglobin^?",
    "OBR|1|||||||||||||||||||||||?",
    "OBX|1|CE|718-7^Hemoglobin^LN||?^^L",
    "SCH||||||?",
    "AIS|1|?|?^^L",
    "TXA|1|?|?",
    "TQ1|1|||?",
];

fn written(place: &str, value: &str) -> String {
    format!("{HEAD}{}\r", place.replace('?', value))
}

/// The segments behind the head.
fn behind(output: &str) -> String {
    output.split('\r').skip(2).collect::<Vec<_>>().join("\r")
}

#[test]
fn a_strangers_name_does_not_stay_in_the_place_of_a_code() {
    for place in PLACES {
        for name in NAMES {
            for name in [(*name).to_owned(), name.to_uppercase(), name.to_lowercase()] {
                let output = cleaned(&written(place, &name));
                let output = behind(&output).to_lowercase();
                assert!(!output.contains(&name.to_lowercase()), "{name} in {output}");
            }
        }
    }
}

#[test]
fn names_of_no_list_do_not_stay_when_written_as_names() {
    for place in PLACES {
        // Counted a field too far: a person as a coded value.
        for value in [
            "53520^Vrandelsloop^Pieternelle^^^Dr",
            "Vrandelsloop^Pieternelle^Q",
            "Vrandelsloop",
        ] {
            let output = behind(&cleaned(&written(place, value)));
            assert!(
                !output.contains("Vrandelsloop") && !output.contains("Pieternelle"),
                "{output}"
            );
        }
    }
}

/// What was said of a term holds for a term alone: a text with a control character in front is another question.
#[test]
fn a_term_that_came_before_lets_no_name_stand_in_a_text() {
    let deidentifier = scene::messages();
    let name = "Oyelaran Vandersloot";
    let mut outputs = Vec::new();
    let terms = ["", " @"].map(|behind| format!("DG1|1||X99.1^{name}{behind}^L"));
    let notes = (1..=8)
        .flat_map(|sign| ["", " @"].map(|behind| format!("NTE|1||\\X{sign:02X}\\{name}{behind}")));
    for segment in terms.into_iter().chain(notes) {
        let mut output = Vec::new();
        deidentifier
            .message(format!("{HEAD}{segment}\r").as_bytes(), &mut output)
            .unwrap();
        outputs.push(String::from_utf8(output).unwrap());
    }
    for output in outputs.iter().skip(2) {
        let note = behind(output);
        assert!(
            note.starts_with("NTE") && !note.contains("Vandersloot"),
            "{note}"
        );
    }
}

#[test]
fn codes_stay_in_the_places_of_codes() {
    let codes = [
        "718-7",
        "44054006",
        "I10",
        "E11.9",
        "J45.909",
        "mg/dL",
        "10*3/uL",
        "mmol",
        "MICU",
        "ONCOL",
        "PEDS",
        "EMER",
        "RADI",
        "CARDIO",
        "XRAY",
        "Emergency",
        "ROUTINE",
        "Inpatient",
        "Laboratory",
        "Klebsiella",
        "Unfallchirurgie",
        "WALKIN",
        "2106-3",
        "SPO",
        "MTH",
        "Married",
        "CATHOLIC",
        "Urologie",
        "Urgencias",
        "CBC",
        "HEMOGLOBIN",
        "Cerner",
        "ICU-WEST",
        "ED_TRIAGE",
        "Z00.00",
        "99213",
        "A",
        "F",
        "NKDA",
        "Penicillin",
        "Peanuts",
        "mother",
        "final",
    ];
    let deidentifier = scene::messages();
    for place in PLACES {
        for code in codes {
            let input = written(place, code);
            let output = cleaned(&input);
            // A time is no code, and some of them name no time.
            assert_eq!(behind(&output), behind(&input), "{code}");
            assert!(
                !deidentifier
                    .verify(input.as_bytes(), output.as_bytes())
                    .unwrap()
                    .any()
            );
        }
    }
}

#[test]
fn a_name_that_is_a_whole_text_goes_and_the_words_of_medicine_stay() {
    for name in ["Lindqvist", "Jones", "GARCIA", "O'Brien"] {
        let output = behind(&cleaned(&written("OBX|1|ST|8251-1^Comment^LN||?", name)));
        assert!(!output.contains(name), "{output}");
    }
    for text in [
        "Epstein-Barr",
        "Stevens-Johnson",
        "Klebsiella",
        "trace",
        "Hemolyzed",
        "NEGATIVE",
    ] {
        let input = written("OBX|1|ST|8251-1^Comment^LN||?", text);
        assert_eq!(behind(&cleaned(&input)), behind(&input));
    }
}

#[test]
fn every_value_of_the_standards_tables_stays() {
    let values = include_str!("../../data/v2/values.txt");
    let values = values.lines().filter(|line| !line.starts_with('#'));
    let mut all = 0;
    for value in values.flat_map(str::split_whitespace) {
        let segments = ["PV1|1|?||?", "OBR|1|||?", "SPM|1|||?|?^^L", "OBX|1|CE|?||?"].join("\r");
        let input = written(&segments, value);
        assert_eq!(behind(&cleaned(&input)), behind(&input), "{value}");
        all += 1;
    }
    assert!(all > 800, "{all}");
}

#[test]
fn what_a_named_system_has_is_its_own() {
    // A medium of microbiology, and a kneecap: both are what many people are called.
    for code in ["CARY^Cary Blair medium^HL70371", "PATEL^Patella^HL70550"] {
        let output = cleaned(&written("SPM|1|||119297000^Blood^SCT||?", code));
        assert!(output.contains(code), "{output}");
    }
    let output = cleaned(&written(
        "OBR|1|||?",
        "718-7^Hemoglobin^LN^Vandersloot^Hemoglobin^L",
    ));
    assert!(
        output.contains("718-7^Hemoglobin^LN") && !output.contains("Vandersloot"),
        "{output}"
    );
}

#[test]
fn one_name_has_one_code_in_the_whole_project() {
    let ward = |name: &str, number: &str| {
        let input = written("PV1|1|I|?^^", name).replace("48120677", number);
        let output = behind(&cleaned(&input));
        let ward = output.split(['|', '^']).nth(3).unwrap().to_owned();
        assert!(
            ward.len() == 16 && ward.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{output}"
        );
        ward
    };
    assert_eq!(
        ward("Vandersloot", "48120677"),
        ward("Vandersloot", "77120034")
    );
    assert_ne!(
        ward("Vandersloot", "48120677"),
        ward("Lindqvist", "48120677")
    );
}

#[test]
fn a_profile_decides_on_them_too() {
    let through = |profile: Profile| {
        let deidentifier = MessageDeidentifier::new(scene::rules(profile), Options::default());
        let input = written("PV1|1|I||?", "Vandersloot");
        let mut output = Vec::new();
        deidentifier.message(input.as_bytes(), &mut output).unwrap();
        let found = deidentifier.verify(input.as_bytes(), &output).unwrap();
        (behind(&String::from_utf8(output).unwrap()), found.any())
    };
    let (output, found) = through(Profile::limited_data_set());
    assert!(!output.contains("Vandersloot") && !found, "{output}");
    let names = |action: &str| {
        let profile = format!("profile = own\nbase = safe-harbor\nname = {action}\n");
        through(Profile::parse(&profile).unwrap())
    };
    assert_eq!(names("redact"), ("PV1|1|I||\r".to_owned(), false));
    assert_eq!(names("keep"), ("PV1|1|I||Vandersloot\r".to_owned(), false));
}

#[test]
fn the_verifier_finds_them_by_itself() {
    let deidentifier = scene::messages();
    for place in ["PV1|1|I||?", "OBR|1|||?", "DG1|1||?", "SPM|1|||?"] {
        for name in ["Vandersloot", "NGUYEN", "Vrandelsloop", "garcia"] {
            let input = written(place, name);
            let output = cleaned(&input);
            let left = format!(
                "{}{}\r",
                output.split_inclusive('\r').take(2).collect::<String>(),
                place.replace('?', name)
            );
            let found = deidentifier
                .verify(input.as_bytes(), left.as_bytes())
                .unwrap();
            assert_eq!(found.of_kind(Kind::Name), 1, "{left}");
        }
    }
}
