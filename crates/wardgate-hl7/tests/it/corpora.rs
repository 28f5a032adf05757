//! Public corpora: nothing that was planted stays, and what is to stay does.

use serde_json::Value;
use wardgate_hl7::v2::Messages;

use crate::scene;

#[test]
fn the_traps_leak_nothing_and_keep_their_facts() {
    let Some(place) = scene::corpus("hl7v2/traps") else {
        return;
    };
    let planted: Value =
        serde_json::from_slice(&std::fs::read(place.join("planted.json")).unwrap()).unwrap();
    let deidentifier = scene::messages();
    let texts = |record: &Value, list: &str| -> Vec<String> {
        let list = record[list].as_array().unwrap();
        list.iter()
            .map(|value| value.as_str().unwrap().to_owned())
            .collect()
    };
    for record in planted.as_array().unwrap() {
        let number = record["msg"].as_u64().unwrap();
        let input = std::fs::read(place.join(format!("trap_{number:02}.hl7"))).unwrap();
        let mut output = Vec::new();
        deidentifier.message(&input, &mut output).unwrap();
        let shown = String::from_utf8(output.clone())
            .unwrap()
            .to_lowercase()
            .replace('\r', "\n");
        for value in texts(record, "direct")
            .iter()
            .chain(&texts(record, "dates"))
        {
            assert!(!shown.contains(&value.to_lowercase()), "{value} in {shown}");
        }
        // Some of the messages part their fields by other signs.
        let source = String::from_utf8_lossy(&input).to_lowercase();
        let kept = texts(record, "keep").into_iter();
        for value in kept.filter(|value| source.contains(&value.to_lowercase())) {
            assert!(
                shown.contains(&value.to_lowercase()),
                "{value} gone from {shown}"
            );
        }
        assert!(
            !deidentifier.verify(&input, &output).unwrap().any(),
            "{shown}"
        );
        assert!(deidentifier.verify(&input, &input).unwrap().any());
    }
    let input = std::fs::read(place.join("batch.hl7")).unwrap();
    let mut output = Vec::new();
    for item in Messages::new(input.as_slice()) {
        deidentifier.message(&item.unwrap(), &mut output).unwrap();
    }
    let shown = String::from_utf8(output).unwrap();
    for record in planted.as_array().unwrap() {
        for value in texts(record, "direct") {
            // A value of one message may be a stand-in in another, but no batch has the whole of it.
            if value.chars().any(|c| c.is_ascii_digit()) {
                assert!(!shown.contains(&value), "{value}");
            }
        }
    }
}

#[test]
fn every_message_of_the_corpora_goes_through_and_is_verified() {
    let Some(place) = scene::corpus("hl7v2") else {
        return;
    };
    let deidentifier = scene::messages();
    for name in [
        "simhospital_a.hl7",
        "lfh_adt_a01_unix.hl7",
        "lfh_oru_r01_multiline.hl7",
    ] {
        let input = std::fs::read(place.join(name)).unwrap();
        let mut count = 0;
        for item in Messages::new(input.as_slice()) {
            let item = item.unwrap();
            let mut output = Vec::new();
            deidentifier.message(&item, &mut output).unwrap();
            let found = deidentifier.verify(&item, &output).unwrap();
            let shown = String::from_utf8_lossy(&output).replace('\r', "\n");
            if std::env::var_os("SHOW").is_some() {
                println!("{shown}");
            }
            assert!(!found.any(), "{name}: {found:?}\n{shown}");
            let segments = |bytes: &[u8]| {
                bytes
                    .split(|b| *b == b'\r' || *b == b'\n')
                    .filter(|line| !line.is_empty())
                    .count()
            };
            assert_eq!(segments(&item), segments(&output), "{shown}");
            count += 1;
        }
        assert_eq!(
            count,
            if name.starts_with("sim") { 35 } else { 1 },
            "{name}"
        );
    }
}

#[test]
fn the_clinical_documents_lose_their_people_and_keep_their_codes() {
    let Some(place) = scene::corpus("ccda") else {
        return;
    };
    let count = |text: &str, what: &str| text.matches(what).count();
    for name in [
        "care_plan.xml",
        "discharge_summary.xml",
        "embedded_pdf.xml",
        "progress_note.xml",
    ] {
        let input = std::fs::read(place.join(name)).unwrap();
        let output = scene::cleaned_document(&input);
        if std::env::var_os("SHOW").is_some() {
            std::fs::write(std::env::temp_dir().join(name), &output).unwrap();
        }
        let source = String::from_utf8(input).unwrap();
        // Comments go, and with them the examples that are commented out.
        let mut plain = String::new();
        for (at, part) in source.split("<!--").enumerate() {
            plain.push_str(if at == 0 {
                part
            } else {
                part.split_once("-->").unwrap().1
            });
        }
        for kept in [
            "<templateId ",
            "<entry",
            "<section",
            " codeSystem=\"",
            "<observation ",
            "<td",
            " unit=\"",
        ] {
            assert_eq!(count(&output, kept), count(&plain, kept), "{name}: {kept}");
        }
        let codes = |text: &str| -> Vec<String> {
            text.split(" code=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect()
        };
        assert_eq!(codes(&output), codes(&plain), "{name}");
        assert!(
            !output.contains("<!--") && !output.contains("Everyman"),
            "{name}"
        );
    }
}
