//! `wardgate deid` as a process: texts, files, folders and streams, good and bad.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::house::{stderr, text, wardgate};

/// Runs `wardgate deid`, with bytes on standard input.
pub(crate) fn deid(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = wardgate()
        .arg("deid")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The command may end before it has read all.
    let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn note(number: usize) -> String {
    format!(
        "Patient: Maria Schmidt, DOB 03/12/1957, MRN 00{number:05}. Seen on 04/02/2024.\nCall 207-555-0142 or write to maria{number}@example.org. Metformin 500 mg twice daily.\n"
    )
}

#[test]
fn records_keep_their_order_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let key = private(dir.path(), "project.key", &"ab".repeat(32));
    let input: String = (0..600)
        .map(|number| {
            format!(
                "{}\n",
                serde_json::json!({"id": number, "text": note(number), "patient": number % 7})
            )
        })
        .collect();
    let run = |threads: &str| {
        let output = deid(
            &[
                "text",
                "--format",
                "jsonl",
                "--key",
                &key,
                "--transform",
                "surrogate",
                "--threads",
                threads,
            ],
            input.as_bytes(),
        );
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let one = run("1");
    assert_eq!(one, run("5"));
    for (number, line) in one.lines().enumerate() {
        let record = json(line.as_bytes());
        assert_eq!(record["id"], number);
        let text = record["text"].as_str().unwrap();
        assert!(
            text.contains("Metformin 500 mg") && !text.contains("0142"),
            "{text}"
        );
        assert!(
            !text.contains(&format!("maria{number}@")) && !text.contains("03/12/1957"),
            "{text}"
        );
    }
}

#[test]
fn the_same_key_and_patient_give_the_same_stand_ins_and_another_patient_others() {
    let dir = tempfile::tempdir().unwrap();
    let key = private(dir.path(), "project.key", &"cd".repeat(32));
    let run = |patient: &str, more: &[&str]| {
        let mut arguments = vec!["text", "--key", &key, "--patient", patient];
        arguments.extend(more);
        stdout(&deid(&arguments, note(1).as_bytes()))
    };
    for more in [
        &[][..],
        &["--transform", "surrogate"],
        &["--transform", "hash"],
    ] {
        assert_eq!(run("p1", more), run("p1", more));
        assert_ne!(run("p1", more), run("p2", more));
    }
    let other = stdout(&deid(&["text"], note(1).as_bytes()));
    assert_ne!(other, stdout(&deid(&["text"], note(1).as_bytes())));
    let said = deid(&["text", "--transform", "surrogate"], note(1).as_bytes());
    assert!(stderr(&said).contains("random key"), "{}", stderr(&said));
    for (transform, expected) in [("redact", "[PHONE]"), ("mask", "***-***-****")] {
        let output = deid(&["text", "--transform", transform], note(1).as_bytes());
        assert!(stdout(&output).contains(expected), "{}", stdout(&output));
    }
}

#[test]
fn a_folder_is_mirrored_and_nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to, report) = (
        dir.path().join("in"),
        dir.path().join("out"),
        dir.path().join("report.json"),
    );
    fs::create_dir_all(from.join("ward/a")).unwrap();
    fs::write(from.join("one.txt"), note(1)).unwrap();
    fs::write(from.join("ward/a/two.txt"), note(2)).unwrap();
    fs::write(
        from.join("ward/list.jsonl"),
        "{\"id\":\"x\",\"text\":\"Call 207-555-0142.\"}\n",
    )
    .unwrap();
    fs::write(from.join("ward/.hidden"), b"\xff\xfe\0").unwrap();
    fs::write(from.join("ward/bad.txt"), b"Herr M\xfcller, 207-555-0142").unwrap();
    fs::write(from.join("ward/scan.pdf"), b"%PDF-1.7\n\0\0").unwrap();
    fs::write(from.join("empty.txt"), "").unwrap();
    let arguments = ["text", &text(&from), &text(&to), "--report", &text(&report)];
    let output = deid(&arguments, b"");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("bad.txt: is not valid UTF-8 at byte 6")
            && said.contains("--encoding latin-1"),
        "{said}"
    );
    assert!(said.contains("scan.pdf: is no text"), "{said}");
    for name in ["one.txt", "ward/a/two.txt", "ward/list.jsonl"] {
        let written = fs::read_to_string(to.join(name)).unwrap();
        assert!(
            !written.contains("0142") && !written.is_empty(),
            "{name}: {written}"
        );
    }
    assert_eq!(fs::read(to.join("empty.txt")).unwrap(), b"");
    let names: Vec<_> = fs::read_dir(to.join("ward"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let report = json(&fs::read(&report).unwrap());
    assert_eq!(
        (
            &report["texts"],
            &report["refused"].as_array().unwrap().len()
        ),
        (&4.into(), &2)
    );
    assert_eq!(report["types"]["PHONE"], 3);
    assert_eq!(report["profiles"][0]["id"], "safe-harbor");
    assert!(!report.to_string().contains("Schmidt"));

    let again = deid(&["text", &text(&from), &text(&to)], b"");
    assert!(
        stderr(&again).contains("exists already"),
        "{}",
        stderr(&again)
    );
    let forced = deid(
        &["text", &text(&from), &text(&to), "--force", "--lossy"],
        b"",
    );
    assert!(
        stderr(&forced).contains("1 places were no text"),
        "{}",
        stderr(&forced)
    );
    assert!(to.join("ward/bad.txt").exists());
}

#[test]
fn a_folder_needs_a_folder_outside_of_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.txt"), note(1)).unwrap();
    let from = text(dir.path());
    let alone = deid(&["text", &from], b"");
    assert_eq!(alone.status.code(), Some(1));
    assert!(stderr(&alone).contains("is a folder"));
    let inside = deid(&["text", &from, &text(&dir.path().join("out"))], b"");
    assert!(stderr(&inside).contains("lies in"), "{}", stderr(&inside));
    let onto = deid(
        &[
            "text",
            &text(&dir.path().join("a.txt")),
            &text(&dir.path().join("a.txt")),
        ],
        b"",
    );
    assert!(
        stderr(&onto).contains("replace itself"),
        "{}",
        stderr(&onto)
    );
}

#[test]
fn bad_records_are_told_with_line_and_byte_and_the_others_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("notes.jsonl");
    let mut bytes = b"{\"id\":1,\"text\":\"Call 207-555-0142.\"}\n\nno record\n".to_vec();
    let start = bytes.len();
    bytes.extend_from_slice(b"{\"id\":2,\"text\":\"\xe9t\xe9\"}\n{\"id\":3,\"text\":\"fine\"}");
    fs::write(&from, &bytes).unwrap();
    let report = dir.path().join("report.json");
    let output = deid(&["text", &text(&from), "--report", &text(&report)], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 2);
    let said = stderr(&output);
    assert!(said.contains("notes.jsonl:3: is not a record"), "{said}");
    assert!(
        said.contains(&format!(
            "notes.jsonl:4: is not valid UTF-8 at byte {}",
            start + 16
        )),
        "{said}"
    );
    let report = json(&fs::read(&report).unwrap());
    assert_eq!(report["refused"][1]["line"], 4);
    assert_eq!(report["refused"][1]["offset"], start + 16);
    let lossy = deid(&["text", &text(&from), "--lossy"], b"");
    assert_eq!(stdout(&lossy).lines().count(), 3);
    let all_bad = deid(
        &[
            "text",
            &text(&from),
            &text(&dir.path().join("out.jsonl")),
            "--encoding",
            "utf-16le",
        ],
        b"",
    );
    assert_eq!(all_bad.status.code(), Some(1));
    assert!(!dir.path().join("out.jsonl").exists());
}

#[test]
fn encodings_are_read_and_said() {
    let text = "Herr Jörg Müller, Tel. 207-555-0142";
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, name) in [(latin, "latin-1"), (wide, "utf-16le")] {
        let refused = deid(&["text"], &bytes);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            stderr(&refused).contains(&format!("--encoding {name}")),
            "{}",
            stderr(&refused)
        );
        for encoding in [name, "auto"] {
            let output = deid(
                &["text", "--encoding", encoding, "--transform", "redact"],
                &bytes,
            );
            assert!(
                stdout(&output).ends_with("Tel. [PHONE]"),
                "{}",
                stdout(&output)
            );
        }
    }
    let odd = deid(
        &["text", "--transform", "redact"],
        b"a\0b\x07 Call 207-555-0142.\r\n",
    );
    assert_eq!(stdout(&odd), "a\0b\u{7} Call [PHONE].\r\n");
    assert_eq!(stdout(&deid(&["text"], b"")), "");
    assert!(deid(&["text"], b"").status.success());
}

#[test]
fn known_identifiers_of_a_file_or_a_record_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let known = private(
        dir.path(),
        "known.json",
        r#"{"patients":{"7":{"names":["Ida Qvist"],"record_numbers":["Q77Z1"]}}}"#,
    );
    let record = serde_json::json!({"id": 1, "text": "qvist seen, Q77Z1 noted.", "patient": 7});
    let output = deid(
        &["text", "--format", "jsonl", "--detect", "--known", &known],
        format!("{record}\n").as_bytes(),
    );
    let found = json(&output.stdout);
    let layers: Vec<_> = found["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| span["layer"].as_str().unwrap())
        .collect();
    assert_eq!(layers, ["known", "known"], "{found}");
    let record = serde_json::json!({"text": "qvist seen.", "known": {"names": [{"given": ["Ida"], "family": "Qvist"}]}});
    let output = deid(
        &["text", "--format", "jsonl", "--transform", "redact"],
        format!("{record}\n").as_bytes(),
    );
    assert_eq!(
        json(&output.stdout),
        serde_json::json!({"text": "[NAME] seen."})
    );
}

#[test]
fn offsets_count_what_was_asked_for() {
    let input = "Größe 😀. Phone: 207-555-0142.";
    let start = |unit: &str| {
        let output = deid(&["text", "--detect", "--offsets", unit], input.as_bytes());
        json(&output.stdout)["spans"][0]["start"].as_u64().unwrap()
    };
    assert_eq!(
        (start("chars"), start("utf16"), start("bytes")),
        (16, 17, 21)
    );
}

#[test]
fn a_profile_may_be_a_file_with_all_its_faults_told() {
    let dir = tempfile::tempdir().unwrap();
    let profile = private(
        dir.path(),
        "ward.profile",
        "profile = ward\nphone = keep\nemail = redact\n",
    );
    let output = deid(&["text", "--profile", &profile], note(1).as_bytes());
    let masked = stdout(&output);
    assert!(
        masked.contains("207-555-0142") && masked.contains("[EMAIL]"),
        "{masked}"
    );
    let bad = private(
        dir.path(),
        "bad.profile",
        "profile = ward\nphone = shout\nmail = keep\n",
    );
    let said = stderr(&deid(&["text", "--profile", &bad], b""));
    assert!(
        said.contains("bad.profile:2:") && said.contains("bad.profile:3:"),
        "{said}"
    );
    let output = deid(
        &["text", "--profile", "limited-data-set"],
        note(1).as_bytes(),
    );
    assert!(stdout(&output).contains("04/02/2024"));
}

#[test]
fn a_text_that_still_identifies_is_refused_and_the_others_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let report = dir.path().join("report.json");
    // As the number of a code the engine lets it stand; the second look does not.
    let lines =
        "{\"id\":1,\"text\":\"LOINC 219-09-9999\"}\n{\"id\":2,\"text\":\"Call 207-555-0142.\"}\n";
    let arguments = ["text", "--format", "jsonl", "--report", &text(&report)];
    let output = deid(&arguments, lines.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output.stdout)["id"], 2);
    assert!(
        stderr(&output).contains("still identifies"),
        "{}",
        stderr(&output)
    );
    let refused = &json(&fs::read(&report).unwrap())["refused"];
    assert_eq!(refused[0]["line"], 1);
    assert!(!refused.to_string().contains("219-09"));
}

#[test]
fn a_review_page_is_private_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let page = text(&dir.path().join("review.html"));
    let run = || deid(&["text", "--detect", "--review", &page], note(1).as_bytes());
    let output = run();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("holds the original texts"));
    let mode = fs::metadata(&page).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("Patient data.") && html.contains("\"type\":\"PHONE\""));
    assert_eq!(run().status.code(), Some(1));
    assert_eq!(fs::read_to_string(&page).unwrap(), html);
}

fn private(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path.to_string_lossy().into_owned()
}
