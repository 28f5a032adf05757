//! Messages of our own: each place where HL7 v2 hides an identifier.

use std::sync::Arc;

use proptest::prelude::*;
use wardgate_deid::{Operation, Profile};
use wardgate_hl7::v2::{MessageDeidentifier, Messages, Options};

use crate::scene::{self, cleaned};

const HEAD: &str = "MSH|^~\\&|LAB|ST HILDA HOSPITAL|EHR|WEST|20240312101500+0100||ORU^R01|MSG00471|P|2.5.1\r\
    PID|1||48120677^^^HILDA^MR~219099999^^^SSA^SS||Trzebiatowski^Ottilie^Quenby^^Mrs||19710523|F||\
    2106-3^White^HL70005|14 Quillfeather Lane^^Ambleton^MA^02139^USA||(617)555-8842^PRN^PH^ottilie@hilda.example||||\
    |AC7719023|219099999\r";

/// A message with a segment more.
fn with(segments: &str) -> String {
    cleaned(&format!("{HEAD}{segments}\r"))
}

/// The message's own identifiers, none of which may stay.
fn holds_none(output: &str) {
    let lower = output.to_lowercase();
    for value in [
        "trzebiatowski",
        "ottilie",
        "quenby",
        "48120677",
        "219099999",
        "quillfeather",
        "ambleton",
        "5558842",
        "ac7719023",
        "19710523",
        "hilda",
    ] {
        assert!(
            !lower.contains(value),
            "{value} in {}",
            output.replace('\r', "\n")
        );
    }
}

#[test]
fn a_name_that_stands_where_a_phone_should_goes() {
    // A sender that counts a field too many writes the staff of an appointment into fields of phones.
    let output = with(
        "SCH|1|2|||||^Follow up|||30|MIN||||||53520^Vandersloot^Piet^^^Dr|(617)555-0199^PRN^PH",
    );
    holds_none(&output);
    assert!(
        !output.contains("Vandersloot") && !output.contains("Piet"),
        "{output}"
    );
    let output =
        with("NK1|1|Vandersloot^Piet|SPO||(617)555-0199^WPN^Internet|(617)555-0198^home^CELL");
    assert!(output.contains("^WPN^Internet|") && output.contains("^home^CELL"));
}

#[test]
fn a_short_name_in_the_place_of_a_code_goes() {
    let head = HEAD.replace("^Ottilie^", "^Jose^");
    for code in ["Jose", "JOSE"] {
        let output = cleaned(&format!(
            "{head}DG1|1|{code}|I10^Essential hypertension^I10\r"
        ));
        assert!(
            !output.contains("|Jose|") && !output.contains("|JOSE|"),
            "{output}"
        );
        assert!(output.contains("I10^Essential hypertension^I10"));
    }
}

#[test]
fn the_patient_goes_and_the_structure_stays() {
    let output = with(
        "PV1|1|I|ICU^3^A^ST HILDA|E|||4471^Vandersloot^Piet^^^Dr^^^NPI|||CAR|||||||||77120034^^^HILDA^VN",
    );
    holds_none(&output);
    assert!(!output.contains("Vandersloot") && !output.contains("77120034"));
    assert!(
        output.contains("|ORU^R01|")
            && output.contains("|P|2.5.1\r")
            && output.contains("2106-3^White^HL70005")
    );
    assert!(output.contains("^^Dr^^^NPI") && output.contains("|CAR|") && output.contains("|ICU^"));
    assert_eq!(output.matches('\r').count(), 3);
    let birth = output.split('|').nth(18).unwrap();
    assert_eq!(birth.len(), 8);
}

#[test]
fn a_bare_number_of_somebody_else_goes() {
    let output = with("OBX|1|TX|1^Note^LN||318-47-2290||||||F\rNTE|1|L|318-47-2290");
    assert!(!output.contains("2290"), "{output}");
}

#[test]
fn an_employer_goes_from_texts_too() {
    let output = with(
        "NK1|1|Trzebiatowski^Benedikt|SPO|||||||||||Kestrel Quoll Shipyard Inc^D\r\
         NK1|2|Trzebiatowski^Adaeze|CHD|||||||||||Retired\r\
         GT1|1||Trzebiatowski^Benedikt|||||||||||||Oxbow Fennimore Textiles\r\
         IN1|1|PPO|77|Blue Plan|||||||Umlaufwerk GmbH\r\
         NTE|1|L|Retired. Self care. Hurt at Kestrel Quoll Shipyard, now with UMLAUFWERK; wife at Oxbow Fennimore Textiles.",
    );
    let lower = output.to_lowercase();
    for word in ["kestrel", "quoll", "umlaufwerk", "oxbow", "fennimore"] {
        assert!(!lower.contains(word), "{word} in {output}");
    }
    assert!(output.contains("|Retired. Self care. Hurt at "), "{output}");
}

#[test]
fn dates_move_together_and_keep_their_precision() {
    let output = with(
        "OBR|1|||718-7^Hemoglobin^LN|||20240312093000.5-0500|202403121200||||||||||||||20240313",
    );
    let fields: Vec<&str> = output
        .rsplit("OBR|")
        .next()
        .unwrap()
        .trim_end()
        .split('|')
        .collect();
    let day = |value: &str| {
        let part = |from: usize, to: usize| value[from..to].parse().unwrap();
        wardgate_deid::Day::new(value[..4].parse().unwrap(), part(4, 6), part(6, 8))
            .unwrap()
            .number()
    };
    assert!(fields[6].ends_with("093000.5-0500") && fields[7].len() == 12 && fields[21].len() == 8);
    assert_eq!(day(fields[21]) - day(fields[6]), 1);
    assert_ne!(&fields[6][..8], "20240312");
}

#[test]
fn every_place_that_names_somebody_is_cleaned() {
    for (segment, values) in PLACES {
        let output = with(segment);
        holds_none(&output);
        for value in values.split(' ') {
            assert!(
                !output.to_lowercase().contains(&value.to_lowercase()),
                "{value} in {}",
                output.replace('\r', "\n")
            );
        }
    }
}

#[test]
fn codes_numbers_and_units_stay() {
    let segment = "OBX|3|NM|2160-0^Creatinine [Mass/volume]^LN^CREA^Creatinine^L|1.2|13.20|mg/dL^^UCUM|0.6 - 1.3|H^High^HL70078||N|F|||20240312\r\
        OBX|4|SN|1^Ratio^L||>^100^:^1|{ratio}|||||F\rOBX|5|CWE|883-9^ABO group^LN||278147001^Blood group O^SCT||||||F\r\
        NTE|1|L|Sample slightly haemolysed.\rDG1|1||I48.91^Atrial fibrillation^I10C||20240312|A";
    let output = with(segment);
    for kept in [
        "|2160-0^Creatinine [Mass/volume]^LN^CREA^Creatinine^L|1.2|13.20|mg/dL^^UCUM|0.6 - 1.3|H^High^HL70078||N|F|",
        ">^100^:^1|{ratio}",
        "278147001^Blood group O^SCT",
        "|L|Sample slightly haemolysed.",
        "I48.91^Atrial fibrillation^I10C",
    ] {
        assert!(
            output.contains(kept),
            "{kept} gone from {}",
            output.replace('\r', "\n")
        );
    }
}

#[test]
fn an_identifier_on_two_lines_is_found() {
    for segments in [
        "NTE|1|L|Spoke with Ottilie\rNTE|2|L|Trzebiatowski today",
        "NTE|1|L|Spoke with Ottilie Trzebia\rNTE|2|L|towski today",
        "NTE|1|L|MRN 4812\rNTE|2|L|0677 was given",
        "OBX|1|TX|1^x^L||Spoke with Trzebia||||||F\rOBX|2|TX|1^x^L||towski today||||||F",
    ] {
        let output = with(segments);
        let lower = output.to_lowercase();
        for part in ["ottilie", "trzebia", "towski", "|4812\r", "|0677 was"] {
            assert!(
                !lower.contains(part),
                "{part} in {}",
                output.replace('\r', "\n")
            );
        }
        assert_eq!(output.matches('\r').count(), 4);
        assert!(output.contains("today") || output.contains("given"));
    }
}

#[test]
fn embedded_documents_are_cleaned() {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    let letter = BASE64_STANDARD
        .encode("Letter about Ottilie Trzebiatowski, MRN 48120677. Potassium was 4.1 mmol/L.");
    let output = with(&format!(
        "OBX|1|ED|1^Letter^L||HILDA^text^plain^Base64^{letter}||||||F"
    ));
    let data = output
        .rsplit("Base64^")
        .next()
        .unwrap()
        .split('|')
        .next()
        .unwrap();
    let text = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    assert!(
        text.contains("4.1 mmol/L") && !text.contains("Ottilie") && !text.contains("48120677"),
        "{text}"
    );
    let broken = with("OBX|1|ED|1^Letter^L||HILDA^application^pdf^Base64^!!!!||||||F");
    holds_none(&broken);
    assert!(!broken.contains("!!!!"));
}

#[test]
fn the_same_patient_and_ids_are_the_same_in_every_message() {
    let deidentifier = scene::messages();
    let run = |message: String| {
        let mut output = Vec::new();
        deidentifier
            .message(message.as_bytes(), &mut output)
            .unwrap();
        String::from_utf8(output).unwrap()
    };
    let first = run(format!("{HEAD}ORC|NW|ORD772001\r"));
    let other = run(format!(
        "{}OBR|1|ORD772001\rNTE|1||for 48120677\r",
        HEAD.replace("MSG00471", "MSG00472")
    ));
    let again = cleaned(&format!("{HEAD}ORC|NW|ORD772001\r"));
    assert_eq!(first, again);
    let pid = |text: &str| text.split('\r').nth(1).unwrap().to_owned();
    assert_eq!(pid(&first), pid(&other));
    let order = first.trim_end().rsplit('|').next().unwrap();
    assert!(other.contains(order));
    let number = pid(&first)
        .split('|')
        .nth(3)
        .unwrap()
        .split('^')
        .next()
        .unwrap()
        .to_owned();
    assert!(other.contains(&format!("for {number}")));
    // The answer to a message repeats its control id.
    let control = first.split('|').nth(9).unwrap().to_owned();
    let answer = run("MSH|^~\\&|EHR||||20240312||ACK|A1|P|2.5.1\rMSA|AA|MSG00471\r".to_owned());
    assert!(answer.contains(&format!("MSA|AA|{control}\r")));
}

#[test]
fn any_signs_charsets_and_line_ends_are_read() {
    let plain = format!("{HEAD}NTE|1|L|Ottilie was well\r");
    let own = plain
        .replace('|', "#")
        .replace('^', "*")
        .replace('~', "$")
        .replace("\\&", "!%")
        .replace('&', "%");
    let output = cleaned(&own);
    holds_none(&output);
    assert!(output.starts_with("MSH#*$!%#") && output.contains("#ORU*R01#"));
    for ends in ["\n", "\r\n"] {
        let output = cleaned(&plain.replace('\r', ends));
        holds_none(&output);
        assert_eq!(output.matches(ends).count(), 3);
    }
    let latin = "MSH|^~\\&|LAB||||20240312||ORU^R01|1|P|2.5||||||8859/1\rPID|1||9912^^^^MR||M\u{fc}\u{df}igbrodt^J\u{f6}rn\rNTE|1||J\u{f6}rn M\u{fc}\u{df}igbrodt hat Fieber\r";
    let bytes: Vec<u8> = latin.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let deidentifier = scene::messages();
    let mut output = Vec::new();
    deidentifier.message(&bytes, &mut output).unwrap();
    assert!(
        !output.windows(4).any(|part| part == b"J\xf6rn")
            && !output.windows(5).any(|part| part == b"igbro")
    );
    assert!(output.windows(6).any(|part| part == b"Fieber"));
    let undeclared =
        [b"MSH|^~\\&|LAB||||20240312||ORU^R01|1|P|2.5\rNTE|1||J\xf6rn\r".as_slice()].concat();
    assert_eq!(
        deidentifier
            .message(&undeclared, &mut Vec::new())
            .unwrap_err()
            .code(),
        "hl7.charset"
    );
    let options = Options {
        charset_default: Some("8859/1".into()),
        ..Options::default()
    };
    let lenient = MessageDeidentifier::new(scene::rules(Profile::safe_harbor()), options);
    assert!(lenient.message(&undeclared, &mut Vec::new()).is_ok());
}

#[test]
fn what_is_not_understood_is_refused() {
    let deidentifier = scene::messages();
    for (message, code) in [
        ("", "hl7.no_header"),
        ("PID|1||x", "hl7.no_header"),
        ("{\"resourceType\":\"Patient\"}", "hl7.no_header"),
        ("MSH|^~\\&|LAB", "hl7.version"),
        ("MSH|^~\\&|LAB|||||||ORU|1|P|3.0", "hl7.version"),
        ("MSH|||", "hl7.delimiters"),
        (
            "MSH|^~\\&|LAB||||||ORU|1|P|2.5||||||UNICODE UTF-32",
            "hl7.charset",
        ),
    ] {
        let mut output = Vec::new();
        let fault = deidentifier
            .message(message.as_bytes(), &mut output)
            .unwrap_err();
        assert_eq!((fault.code(), output.len()), (code, 0), "{message}");
    }
}

#[test]
fn a_batch_keeps_its_frame() {
    let batch = format!(
        "FHS|^~\\&|LAB|ST HILDA|||20240312||batch of Ottilie\rBHS|^~\\&|LAB\r{HEAD}{HEAD}BTS|2|Greta Umlauf\rFTS|1\r"
    );
    let deidentifier = scene::messages();
    let mut output = Vec::new();
    for item in Messages::new(batch.as_bytes()) {
        deidentifier.message(&item.unwrap(), &mut output).unwrap();
    }
    let output = String::from_utf8(output).unwrap();
    assert!(
        output.contains("BTS|2|")
            && output.ends_with("FTS|1\r")
            && output.starts_with("FHS|^~\\&|")
    );
    assert!(!output.contains("HILDA") && !output.contains("Trzebiatowski"));
    let framed = format!("\u{b}{HEAD}\u{1c}\r");
    let output = cleaned(&framed);
    assert!(output.starts_with("\u{b}MSH") && output.ends_with("\r\u{1c}\r"));
}

#[test]
fn profiles_and_options_do_what_they_say() {
    let run = |profile: Profile, options: Options, message: &str| {
        let deidentifier = MessageDeidentifier::new(scene::rules(profile), options);
        let mut output = Vec::new();
        let tally = deidentifier
            .message(message.as_bytes(), &mut output)
            .unwrap();
        assert!(
            !deidentifier
                .verify(message.as_bytes(), &output)
                .unwrap()
                .any()
        );
        (String::from_utf8(output).unwrap(), tally)
    };
    let (limited, _) = run(Profile::limited_data_set(), Options::default(), HEAD);
    assert!(
        limited.contains("|19710523|")
            && limited.contains("Ambleton^MA^02139")
            && !limited.contains("Quillfeather")
    );
    let redact =
        Profile::parse("profile = none\nbase = safe-harbor\nname = redact\ndate = generalise\n")
            .unwrap();
    let (coarse, _) = run(redact, Options::default(), HEAD);
    assert!(
        coarse.contains("|[NAME]^[NAME]^[NAME]^^Mrs|") && coarse.contains("|1971|"),
        "{coarse}"
    );
    let options = Options {
        keep: vec!["ZPD-2".into()],
        ..Options::default()
    };
    let message = format!("{HEAD}ZPD|1|blood of Ottilie Trzebiatowski|x\r");
    let (kept, tally) = run(Profile::safe_harbor(), options, &message);
    assert!(
        kept.contains("ZPD||blood of ") && !kept.contains("|x\r"),
        "{kept}"
    );
    assert!(tally.total(Operation::Removed) >= 2);
    let counted: Vec<&str> = tally.elements().map(|(element, _, _)| element).collect();
    assert!(counted.contains(&"PID-5") && counted.contains(&"Z segment"));
}

#[test]
fn threads_share_it() {
    let deidentifier = Arc::new(scene::messages());
    let outputs: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let deidentifier = Arc::clone(&deidentifier);
                scope.spawn(move || {
                    let mut output = Vec::new();
                    deidentifier.message(HEAD.as_bytes(), &mut output).unwrap();
                    output
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn what_says_nothing_of_anybody_stays_byte_for_byte(values in prop::collection::vec("[0-9]{1,3}\\.[0-9]", 1..6)) {
        let lines: String = values.iter().map(|value| format!("OBX|1|NM|718-7^Hb^LN||{value}|g/dL|||||F\r")).collect();
        let message = format!("MSH|^~\\&|||||||ORU^R01||P|2.5.1\r{lines}");
        let mut output = Vec::new();
        message_of(&message, &mut output);
        prop_assert_eq!(String::from_utf8(output).unwrap(), message);
    }

    #[test]
    fn messages_of_any_bytes_are_parted_without_loss(bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(0x0b), Just(b'M'), Just(b'S'), Just(b'H'), Just(b'|'), any::<u8>()], 0..300)) {
        let items: Vec<Vec<u8>> = Messages::new(bytes.as_slice()).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(items.concat(), bytes);
    }
}

fn message_of(message: &str, output: &mut Vec<u8>) {
    static SHARED: std::sync::LazyLock<MessageDeidentifier> =
        std::sync::LazyLock::new(scene::messages);
    SHARED.message(message.as_bytes(), output).unwrap();
}

/// Segments with what must not stay of them.
const PLACES: &[(&str, &str)] = &[
    (
        "NK1|1|Osterhagen^Benedikt|SPO|9 Larkspur Way^^Ambleton|6175557721|||||||||||||||||||||||||Osterhagen^Liv",
        "Osterhagen Benedikt Larkspur 6175557721",
    ),
    (
        "GT1|1|G4471882|Osterhagen^Benedikt||9 Larkspur Way|6175557721||19690101||||371880021",
        "Osterhagen G4471882 371880021 19690101 Larkspur",
    ),
    (
        "IN1|1|HMO|771^^^X|Blue Quartz Insurance||Pell^Ada|6175550001|GRP77120||||||||Osterhagen^Benedikt|SPO|19690101|9 Larkspur Way|||||||||||||||||POL-8812077",
        "Blue Quartz Pell GRP77120 Osterhagen POL-8812077 Larkspur",
    ),
    (
        "MRG|48120600^^^HILDA^MR||AC7719000|48120601||V991282|Trzebiatowski^Tilly",
        "48120600 AC7719000 48120601 V991282 Tilly",
    ),
    (
        "OBX|1|XCN|8251-1^Seen by^LN||7120^Vandersloot^Piet||||||F|||||7121^Umlauf^Greta",
        "Vandersloot Piet Umlauf Greta",
    ),
    (
        "OBX|1|NM|718-7^Hb^LN||13.2|g/dL|12-16|N|||F||||||||||||Larkspur Laboratories^^L|9 Larkspur Way^^Ambleton|7122^Umlauf^Greta",
        "Larkspur Umlauf Greta",
    ),
    (
        "OBR|1|ORD772001|FIL992001|718-7^Hb^LN||||||7123^Umlauf^Greta||||||7124^Vandersloot^Piet|6175550002|||||||F||||||||7125&Nachtigall&Ruth^20240312",
        "ORD772001 FIL992001 Umlauf Vandersloot 6175550002 Nachtigall",
    ),
    (
        "ORC|RE|ORD772001|FIL992001|||||||7123^Umlauf^Greta||7124^Vandersloot^Piet||6175550002|||||||St Hilda Hospital|9 Larkspur Way",
        "ORD772001 Umlauf Vandersloot 6175550002 Hilda Larkspur",
    ),
    ("ROL|77|AD|PP|7125^Nachtigall^Ruth", "Nachtigall Ruth"),
    (
        "STF|7125||Nachtigall^Ruth|P|F|19600202|||||6175550003|||ruth@hilda.example",
        "Nachtigall 19600202 6175550003 ruth@",
    ),
    (
        "TXA|1|DS|TX|20240312|7125^Nachtigall^Ruth|||||7126^Umlauf^Greta|||DOC771200||||nachtigall-note.txt",
        "Nachtigall Umlauf DOC771200",
    ),
    (
        "ACC|20240301|MVA|Corner of Larkspur Way|||||Hit by Benedikt Osterhagen|Benedikt Osterhagen",
        "Larkspur Osterhagen",
    ),
    (
        "AL1|1|DA|^Told by Ottilie Trzebiatowski",
        "Ottilie Trzebiatowski",
    ),
    (
        "DG1|1||I10^Hypertension of Ottilie Trzebiatowski^I10C",
        "Ottilie Trzebiatowski",
    ),
    ("AIP|1||7127^Umlauf^Greta", "Umlauf Greta"),
    (
        "FT1|1|TR771288|BT771288|20240312||CG|||||||||||||||||7127^Umlauf^Greta",
        "TR771288 BT771288 Umlauf",
    ),
    (
        "PV2||||||wallet of Ottilie|||||||Visit of Ottilie Trzebiatowski",
        "Ottilie",
    ),
    ("ZPD|1|Trzebiatowski|48120677", "ZPD Trzebiatowski"),
    ("QQQ|1|Trzebiatowski|48120677", "QQQ Trzebiatowski"),
    ("OBX|1|QX|1^x^L||Trzebiatowski||||||F", "Trzebiatowski"),
    (
        "OBX|1|RP|1^x^L||file://hilda/48120677.pdf^HILDA^application^pdf||||||F",
        "48120677 HILDA",
    ),
    (
        "OBX|1|CE|1^x^L||48120677^Ottilie^L||||||F",
        "48120677 Ottilie",
    ),
    ("OBX|1|NM|1^x^L||48120677||||||F", "48120677"),
    ("OBX|1||1^x^L||48120677||||||F", "48120677"),
    (
        "OBX|1|ST|11502-2^Report on Ottilie Trzebiatowski^LN||see chart||||||F",
        "Ottilie",
    ),
    (
        "OBX|1|FT|1^x^L||Pt \\H\\Ottilie\\N\\ Trze\\H\\biatowski\\N\\ \\.br\\ MRN \\X3438313230363737\\||||||F",
        "Ottilie biatowski 48120677",
    ),
    (
        "OBX|1|TX|1^x^L||a~seen by Ottilie~Trzebiatowski~b||||||F",
        "Ottilie Trzebiatowski",
    ),
    ("SPM|1|||BLD||||||||||^drawn from Ottilie", "Ottilie"),
    (
        "QRD|20240312|R|I|Q77120||||48120677^Trzebiatowski^Ottilie",
        "48120677 Trzebiatowski",
    ),
    (
        "PID|2||48120688^^^HILDA^MR||Ueberall^Rufus",
        "48120688 Ueberall Rufus",
    ),
    ("CON|1|||CF7712|consent of Ottilie Trzebiatowski", "Ottilie"),
    ("PRT|1|UC||AUT|7127^Umlauf^Greta", "Umlauf"),
    ("PD1||||7127^Umlauf^Greta", "Umlauf"),
    ("UB2||||||||||||DC771200", "DC771200"),
];
