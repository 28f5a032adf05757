//! `wardgate deid eval` as a process: the same invented gold standard in three forms.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::deid::{deid, json as parsed, stdout};
use crate::house::{stderr, text};

const TEXT: &str = "Größe 1,80 m.\nPhone: 207-555-0142, e-mail ida@klinik.example, seen 2019.";
/// Phone, e-mail, a bare year, in characters.
const SPANS: [(usize, usize, &str, &str); 3] = [
    (21, 33, "PHONE", "207-555-0142"),
    (42, 60, "EMAIL", "ida@klinik.example"),
    (67, 71, "DATE", "2019"),
];

fn records(path: &Path) {
    let spans: Vec<Value> = SPANS
        .iter()
        .map(|(start, end, kind, _)| json!({"start": start, "end": end, "type": kind}))
        .collect();
    let clean = json!({"id": 2, "text": "Aspirin 100 mg daily.", "spans": []});
    let open = json!({"id": 3, "text": "not looked at", "spans": [], "complete": false});
    let first = json!({"id": "n1", "text": TEXT, "spans": spans});
    fs::write(path, format!("{first}\n{clean}\n\n{open}\n")).unwrap();
}

fn brat(folder: &Path) {
    fs::create_dir_all(folder.join("a")).unwrap();
    fs::write(folder.join("a/n1.txt"), TEXT).unwrap();
    let mut lines = String::from("#1\tAnnotatorNotes T1\tx\n");
    for (number, (start, end, kind, surface)) in SPANS.iter().enumerate() {
        let theirs = match *kind {
            "PHONE" => "NUMERO_TELEFONO",
            "EMAIL" => "CORREO_ELECTRONICO",
            _ => "FECHAS",
        };
        lines.push_str(&format!("T{number}\t{theirs} {start} {end}\t{surface}\n"));
    }
    fs::write(folder.join("a/n1.ann"), lines).unwrap();
}

fn i2b2(path: &Path, kind: &str) {
    let tags: String = SPANS
        .iter()
        .map(|(start, end, own, surface)| {
            let shown = if *own == "PHONE" { kind } else { own };
            format!("<CONTACT id=\"P{start}\" start=\"{start}\" end=\"{end}\" text=\"{surface}\" TYPE=\"{shown}\" comment=\"\" />\n")
        })
        .collect();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<deIdi2b2>\r\n<TEXT><![CDATA[{}]]></TEXT>\r\n<TAGS>\r\n{tags}</TAGS>\r\n</deIdi2b2>\r\n",
        TEXT.replace('\n', "\r\n")
    );
    fs::write(path, xml).unwrap();
}

#[test]
fn each_form_of_a_gold_standard_gives_the_same_figures() {
    let dir = tempfile::tempdir().unwrap();
    let (jsonl, folder, xml) = (
        dir.path().join("gold.jsonl"),
        dir.path().join("brat"),
        dir.path().join("n1.xml"),
    );
    records(&jsonl);
    brat(&folder);
    i2b2(&xml, "PHONE");
    for (gold, clean) in [(&jsonl, 1), (&folder, 0), (&xml, 0)] {
        let output = deid(&["eval", &text(gold), "--json", "--lang", "en"], b"");
        assert!(output.status.success(), "{}", stderr(&output));
        let figures = parsed(&output.stdout);
        assert_eq!(figures["leak_rate"]["of"], 1, "{figures}");
        assert_eq!(figures["leak_rate"]["percent"], 0.0, "{figures}");
        // The bare year stays under Safe Harbor and is not counted.
        assert_eq!(figures["whole_spans"]["of"], 2);
        assert_eq!(
            figures["types"]["PHONE"]["character_recall"]["percent"],
            100.0
        );
        assert_eq!(figures["clean_texts_altered"]["of"], clean);
    }
    let shown = stdout(&deid(&["eval", &text(&jsonl)], b""));
    assert!(shown.starts_with("Leak rate"), "{shown}");
}

#[test]
fn predictions_are_measured_and_errors_told_by_offset() {
    let dir = tempfile::tempdir().unwrap();
    let gold = dir.path().join("gold.jsonl");
    records(&gold);
    let (predictions, errors) = (
        dir.path().join("found.jsonl"),
        dir.path().join("errors.jsonl"),
    );
    let write = |spans: Value| {
        let lines = format!(
            "{}\n{}\n",
            json!({"id": "n1", "spans": spans}),
            json!({"id": "2", "spans": []})
        );
        fs::write(&predictions, lines).unwrap();
    };
    write(
        json!([{"start": 21, "end": 30, "type": "PHONE"}, {"start": 0, "end": 5, "type": "NAME"}]),
    );
    let arguments = [
        "eval",
        &text(&gold),
        "--predictions",
        &text(&predictions),
        "--errors",
        &text(&errors),
        "--json",
        "--profile",
        "safe-harbor",
    ];
    let figures = parsed(&deid(&arguments, b"").stdout);
    assert_eq!(figures["leak_rate"]["percent"], 100.0);
    assert_eq!(figures["whole_spans"]["part"], 0);
    assert_eq!(
        (
            &figures["false_alarms"],
            &figures["clean_texts_altered"]["part"]
        ),
        (&1.into(), &0.into())
    );
    let told: Vec<Value> = fs::read_to_string(&errors)
        .unwrap()
        .lines()
        .map(|line| parsed(line.as_bytes()))
        .collect();
    let short: Vec<_> = told
        .iter()
        .map(|error| {
            (
                error["error"].as_str().unwrap(),
                error["start"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(short, [("false_alarm", 0), ("partial", 21), ("missed", 42)]);
    assert!(told[0].get("text").is_none());
}

#[test]
fn predictions_that_do_not_fit_or_are_missing_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (gold, predictions) = (
        dir.path().join("gold.jsonl"),
        dir.path().join("found.jsonl"),
    );
    records(&gold);
    let said = |lines: &str| {
        fs::write(&predictions, lines).unwrap();
        stderr(&deid(
            &["eval", &text(&gold), "--predictions", &text(&predictions)],
            b"",
        ))
    };
    let long = said("{\"id\":\"n1\",\"spans\":[{\"start\":21,\"end\":300,\"type\":\"PHONE\"}]}");
    assert!(
        long.contains("found.jsonl:1: a span does not fit"),
        "{long}"
    );
    let none = said("");
    assert!(none.contains("no predictions for 2 texts"), "{none}");
}

#[test]
fn faults_of_a_gold_standard_are_told_with_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |path: &Path, expected: &str| {
        let output = deid(&["eval", &text(path)], b"");
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(!stderr(&output).contains("207-555"), "{}", stderr(&output));
    };
    let jsonl = dir.path().join("gold.jsonl");
    fs::write(&jsonl, "{\"id\":1,\"text\":\"abc\",\"spans\":[{\"start\":1,\"end\":9,\"type\":\"NAME\"}]}\n{\"id\"").unwrap();
    fails(
        &jsonl,
        "gold.jsonl:1: a span from 1 to 9 does not fit a text of 3 characters",
    );
    fails(&jsonl, "gold.jsonl:2: this is not a record");
    let folder = dir.path().join("brat");
    brat(&folder);
    fs::write(folder.join("a/n1.ann"), "T1\tNAME 20 32\t207-555-0142\n").unwrap();
    fails(&folder, "n1.ann:1: the offsets do not lead");
    let xml = dir.path().join("one.xml");
    i2b2(&xml, "PLANET");
    fails(&xml, "one.xml:6: the type `PLANET` is not known");
    let map = dir.path().join("map.txt");
    fs::write(&map, "# ours\nplanet = PHONE\n").unwrap();
    let output = deid(&["eval", &text(&xml), "--map", &text(&map)], b"");
    assert!(output.status.success(), "{}", stderr(&output));
    fails(&dir.path().join("brat/a/n1.txt"), "holds no gold standard");
}
