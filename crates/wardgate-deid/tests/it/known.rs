//! The identifiers on file are found however they are written.

use proptest::prelude::*;
use wardgate_deid::{
    Deidentifier, Engine, JsonPart, KnownIdentifiers, Layer, PatientIdentifiers, Treat,
};

use crate::sample::{CALL, CLEAN, key, known, name, patient};

fn masked(text: &str, known: &KnownIdentifiers) -> String {
    let (engine, key) = (Engine::new(), key());
    let (body, _) = Deidentifier::new(&engine, &key, Some(known))
        .text(CALL, text)
        .into_parts();
    String::from_utf8(body).unwrap()
}

/// Every text must lose each of the words behind it.
fn check(cases: &[(&str, &[&str])]) {
    let known = known();
    let mut wrong = Vec::new();
    for (text, secrets) in cases {
        let out = masked(text, &known);
        if secrets.iter().any(|secret| out.contains(secret)) {
            wrong.push((*text, out));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_are_found_in_any_order_case_and_spelling() {
    check(&[
        ("seen: Schönfeld, Maria today", &["Schönfeld", "Maria"]),
        (
            "MARIA ELISABETH SCHÖNFELD",
            &["MARIA", "ELISABETH", "SCHÖNFELD"],
        ),
        ("maria schoenfeld called", &["maria", "schoenfeld"]),
        ("mArIa sChOnFeLd called", &["mArIa", "sChOnFeLd"]),
        ("M. Schönfeld and Schönfeld M. came", &["Schönfeld", "M."]),
        ("Ms Schönfeld's chart", &["Schönfeld"]),
        ("Schoenfelds Tochter", &["Schoenfeld"]),
        ("Maria\nSchönfeld", &["Maria", "Schönfeld"]),
        ("Maria \r\n    Schönfeld", &["Maria", "Schönfeld"]),
        (
            "Maria-Elisabeth O'Hallorane",
            &["Maria", "Elisabeth", "Hallorane", "O'"],
        ),
        ("OHallorane", &["OHallorane"]),
        ("Maria O\u{2019}Hallorane", &["Hallorane"]),
        ("file Schoenfeld_Maria_2024.pdf", &["Schoenfeld", "Maria"]),
        ("mariaschoenfeld and mschoenfeld", &["maria", "schoenfeld"]),
        ("Scho\u{308}nfeld", &["nfeld"]),
        ("Schön-\nfeld was seen", &["feld"]),
        (
            "Ｍａｒｉａ Ｓｃｈｏｅｎｆｅｌｄ",
            &["Ｍａｒｉａ", "Ｓｃｈｏｅｎｆｅｌｄ"],
        ),
        ("Ma\u{200b}ria Schön\u{ad}feld", &["Ma\u{200b}ria", "feld"]),
        ("Maria\u{a0}Schönfeld", &["Maria", "Schönfeld"]),
        ("his wife Juergen Schonfeld", &["Juergen", "Schonfeld"]),
        (
            "Schönfeld^Maria^Elisabeth",
            &["Schönfeld", "Maria", "Elisabeth"],
        ),
    ]);
}

#[test]
fn names_with_one_mistake_are_found() {
    check(&[
        ("Ms Schonfelt came", &["Schonfelt"]),
        ("Ms chonfeld came", &["chonfeld"]),
        ("Ms Tchonfeld came", &["Tchonfeld"]),
        ("Ms Shconfeld came", &["Shconfeld"]),
        ("Ms Schonnfeld came", &["Schonnfeld"]),
        ("Mraia was there", &["Mraia"]),
        ("Maira Schönfeld", &["Maira"]),
        ("elisabet called", &["elisabet"]),
    ]);
}

#[test]
fn short_and_common_names_need_a_capital_or_a_neighbour() {
    let known = known();
    for text in [
        "She will be seen on an empty stomach; the young patient will rest.",
        "he will take an aspirin",
    ] {
        assert_eq!(masked(text, &known), text);
    }
    check(&[
        ("then Will came", &["Will"]),
        ("her son will young came", &["will", "young"]),
        ("An Vandermeer", &["An"]),
        ("an vandermeer", &["an v"]),
        ("Mr Young came", &["Young"]),
        ("PATIENT YOUNG SEEN", &["YOUNG"]),
    ]);
}

#[test]
fn birth_dates_are_found_in_any_form() {
    check(&[
        ("1957-03-04", &["1957"]),
        ("04.03.1957", &["1957"]),
        ("3/4/1957", &["3/4"]),
        ("4/3/57", &["4/3"]),
        ("4 March 1957", &["March"]),
        ("March 4th, 1957", &["March"]),
        ("4. März 1957", &["1957"]),
        ("04-MAR-1957", &["MAR"]),
        ("19570304", &["19570304"]),
        ("04031957", &["04031957"]),
        ("040357", &["040357"]),
        ("04 03 1957", &["1957"]),
        ("1957/3/4", &["1957"]),
        ("1957 . 03 . 04", &["1957"]),
        ("０４.０３.１９５７", &["１９５７"]),
        ("4 de marzo de 1957", &["marzo"]),
    ]);
}

#[test]
fn numbers_are_found_with_any_separators() {
    check(&[
        ("WG-0044127", &["0044127"]),
        ("wg0044127", &["0044127"]),
        ("WG 0044 127", &["0044"]),
        ("number 0044127", &["0044127"]),
        ("number 44127", &["44127"]),
        ("00044127 on file", &["44127"]),
        ("88-1234-5567", &["5567"]),
        ("8812345567", &["8812345567"]),
        ("88.1234\n5567", &["5567"]),
        ("MRN8812345567x", &["8812345567"]),
        ("8\u{200b}8 1234 5567", &["5567"]),
    ]);
}

#[test]
fn phones_mail_and_addresses_are_found() {
    check(&[
        ("5035550142", &["5550142"]),
        ("503 555 0142", &["0142"]),
        ("555-0142", &["0142"]),
        ("555 01 42", &["01 42"]),
        ("001 503 555 0142", &["0142"]),
        ("+49 (0)30 9018203", &["9018203", "30"]),
        ("030/901 82 03", &["82 03"]),
        ("0049309018203", &["9018203"]),
        ("M.SCHOENFELD57@EXAMPLE.ORG", &["SCHOENFELD57"]),
        ("m.schoenfeld57 (at) example.org", &["schoenfeld57"]),
        ("12 Alder Grove Road", &["12 ", "Alder", "Grove"]),
        ("12 alder grove rd", &["12 ", "alder", "grove"]),
        ("ALDER GROVE RD. 12", &["ALDER", "RD. 12"]),
        ("Lindenbluetenstr. 7b", &["Linden"]),
        ("Lindenblütenstrasse 7 b", &["Linden"]),
        ("from Tillamook, 97141", &["Tillamook", "97141"]),
        ("tillamok", &["tillamok"]),
        ("ZIP 9-7141", &["7141"]),
    ]);
}

#[test]
fn clean_clinical_text_is_left_alone_with_a_patient_on_file() {
    let known = known();
    for text in CLEAN {
        if !text.contains("Will") {
            assert_eq!(masked(text, &known), *text);
        }
    }
}

#[test]
fn other_scripts_are_found() {
    let mut patient = PatientIdentifiers::default();
    patient.names = vec![
        name(&["太郎"], "山田"),
        name(&["Мария"], "Кузнецова"),
        name(&["Ελένη"], "Παπαδοπούλου"),
    ];
    let known = KnownIdentifiers::compile(&patient);
    for (text, secret) in [
        ("患者山田太郎は", "山田"),
        ("患者山田太郎は", "太郎"),
        ("КУЗНЕЦОВА Мария", "КУЗНЕЦОВА"),
        ("у кузнецовой и Кузнецов", "Кузнецов "),
        ("ΕΛΈΝΗ Παπαδοπουλου", "Παπαδοπουλου"),
    ] {
        assert!(!masked(text, &known).contains(secret), "{text}");
    }
}

#[test]
fn a_known_identifier_in_a_key_or_number_refuses() {
    let (engine, key, known) = (Engine::new(), key(), known());
    let deid = Deidentifier::new(&engine, &key, Some(&known));
    let part = |body: &str, inner: &str, treat| {
        let at = body.find(inner).unwrap();
        JsonPart {
            at: at..at + inner.len(),
            treat,
        }
    };
    let cases = [
        (
            r#"{"Sch\u00f6nfeld": 1}"#,
            r"Sch\u00f6nfeld",
            Treat::CheckKey,
            "deid.identifier_in_key",
        ),
        (
            r#"{"12 Alder Grove Road, Salem": 1}"#,
            "12 Alder Grove Road, Salem",
            Treat::CheckKey,
            "deid.identifier_in_key",
        ),
        (
            r#"{"1957-03-04": 1}"#,
            "1957-03-04",
            Treat::CheckKey,
            "deid.identifier_in_key",
        ),
        (
            r#"{"id": 8812345567}"#,
            "8812345567",
            Treat::CheckNumber,
            "deid.identifier_in_number",
        ),
        (
            r#"{"id": 19570304}"#,
            "19570304",
            Treat::CheckNumber,
            "deid.identifier_in_number",
        ),
        (
            r#"{"a": "{\"Maria\": 1}"}"#,
            r#"{\"Maria\": 1}"#,
            Treat::NestedJson,
            "deid.identifier_in_key",
        ),
        (
            r#"{"a": "{\"x\": [8812345567]}"}"#,
            r#"{\"x\": [8812345567]}"#,
            Treat::NestedJson,
            "deid.identifier_in_number",
        ),
    ];
    for (body, inner, treat, code) in cases {
        let part = part(body, inner, treat);
        let refusal = deid
            .json(CALL, body.as_bytes(), std::slice::from_ref(&part))
            .unwrap_err();
        assert_eq!(
            (refusal.code(), refusal.offset()),
            (code, part.at.start),
            "{body}"
        );
        let told = format!("{refusal} {refusal:?} {}", refusal.hint());
        assert!(!told.contains("Maria") && !told.contains("8812345567"));
    }
}

#[test]
fn other_keys_and_numbers_pass_untouched() {
    let (engine, key, known) = (Engine::new(), key(), known());
    let deid = Deidentifier::new(&engine, &key, Some(&known));
    let part = |body: &str, inner: &str, treat| {
        let at = body.find(inner).unwrap();
        JsonPart {
            at: at..at + inner.len(),
            treat,
        }
    };
    let body = r#"{"max_tokens": 1024, "model": "m"}"#;
    let parts = [
        part(body, "max_tokens", Treat::CheckKey),
        part(body, "1024", Treat::CheckNumber),
    ];
    assert_eq!(
        deid.json(CALL, body.as_bytes(), &parts).unwrap().body(),
        body.as_bytes()
    );
}

/// A known identifier in one of its many spellings, and what must not remain of it.
fn planted() -> impl Strategy<Value = (String, Vec<String>)> {
    let name = (0usize..6, any::<u16>(), 0usize..4).prop_map(|(form, cases, typo)| {
        let given = mangled(
            "Elisabeth",
            cases,
            if typo == 1 { Some(cases) } else { None },
        );
        let family = mangled(
            "Schoenfeld",
            cases >> 3,
            if typo == 2 { Some(cases >> 2) } else { None },
        );
        let text = match form {
            0 => format!("{given} {family}"),
            1 => format!("{family}, {given}"),
            2 => family.clone(),
            3 => format!("{given}\n{family}"),
            4 => format!("{}. {family}", given.chars().next().unwrap()),
            _ => format!("{family}'s"),
        };
        let mut secrets = vec![family];
        if matches!(form, 0 | 1 | 3) {
            secrets.push(given);
        }
        (text, secrets)
    });
    let number = (
        any::<u64>(),
        prop::sample::select(vec![
            "8812345567",
            "WG0044127",
            "5035550142",
            "309018203",
            "19570304",
        ]),
    )
        .prop_map(|(gaps, digits)| {
            let mut text = String::new();
            for (index, character) in digits.chars().enumerate() {
                if index > 0 && (gaps >> (2 * index)) & 3 == 0 {
                    text.push(['-', ' ', '.', '/'][(gaps >> (30 + index)) as usize & 3]);
                }
                text.push(character);
            }
            (text.clone(), vec![text])
        });
    prop_oneof![2 => name, 1 => number]
}

/// The word in mixed case, with one mistake when a place is given.
fn mangled(word: &str, cases: u16, typo: Option<u16>) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if let Some(seed) = typo {
        let at = usize::from(seed >> 2) % letters.len();
        match seed & 3 {
            0 => {
                letters.remove(at);
            }
            1 => letters.insert(at, 'x'),
            2 => letters[at] = 'q',
            _ => {
                let next = (at + 1) % letters.len();
                if next > at {
                    letters.swap(at, next);
                }
            }
        }
    }
    let upper = |(index, c): (usize, char)| {
        if cases >> (index % 16) & 1 == 1 {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    letters.into_iter().enumerate().map(upper).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn no_planted_identifier_survives(
        (secret, remains) in planted(),
        before in prop::sample::select(vec!["", "Note: ", "seen by nursing, ", "\u{a0}", "(", "K 4.1 ", "and ", "12 mg. ", "\n"]),
        after in prop::sample::select(vec!["", ".", ", stable", " was well", ")", "\n", "; BP 120/80", "\u{2014}ok"]),
    ) {
        let known = KnownIdentifiers::compile(&patient());
        let text = format!("{before}{secret}{after}");
        let out = masked(&text, &known);
        for secret in remains {
            prop_assert!(!out.contains(&secret), "{text:?} became {out:?}");
        }
    }

    #[test]
    fn known_findings_win_over_rules(day in 1u32..28) {
        let text = format!("DOB 1957-03-04, seen 2024-03-{day:02}");
        let found = Engine::new().detect(&text, Some(&known()));
        prop_assert_eq!(found.iter().map(|f| f.layer).collect::<Vec<_>>(), vec![Layer::Known, Layer::Exact]);
    }
}
