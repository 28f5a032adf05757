//! What a template file must not hold, and what is said about it.

use wardgate_notes::Corpus;

use crate::plans::{corpus, write};

/// The fault of a file: its line and its words.
fn fault(text: &str) -> (usize, String) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "anna", "letters", text);
    let fault = Corpus::load(folder.path()).unwrap_err();
    let message = fault.to_string();
    let (_, rest) = message.split_once("letters.txt:").unwrap();
    (fault.line(), rest.to_string())
}

/// The fault of a template below a head of three lines.
fn in_template(template: &str) -> (usize, String) {
    fault(&format!("@lang en\n@kind test\n%%\n{template}\n"))
}

#[test]
fn an_unknown_slot_is_refused_with_file_and_line() {
    let (line, message) = in_template("one\ntwo {patient} and\nthree {pacient}");
    assert_eq!(line, 6);
    assert!(
        message.starts_with("6: unknown slot `{pacient}`; "),
        "{message}"
    );
}

#[test]
fn unknown_forms_styles_lists_types_and_escapes_are_refused() {
    for (template, said) in [
        ("{patient.middle}", "unknown slot"),
        ("{date.roman}", "unknown slot"),
        ("{city+3}", "unknown slot"),
        ("{date+999999999}", "unknown slot"),
        ("{=drug}", "unknown list `drug`"),
        ("{PERSON~abc}", "unknown type `PERSON`"),
        ("{MRN~}", "an empty pattern"),
        ("{MRN~\\q}", "unknown escape `\\q`"),
        ("{num 9 3}", "is no range"),
        ("{num 3}", "is no range"),
        ("{num a b}", "is no range"),
        ("back \\", "`\\` at the end"),
    ] {
        let (line, message) = in_template(template);
        assert_eq!(line, 4);
        assert!(message.contains(said), "{template}: {message}");
    }
}

#[test]
fn what_is_opened_must_be_closed() {
    for (template, said) in [
        ("[[a|b", "is not closed"),
        ("{patient", "is not closed"),
        ("{MRN~\\d\\d", "is not closed"),
        ("a ]] b", "without `[[`"),
        ("a } b", "without `{`"),
    ] {
        let (_, message) = in_template(template);
        assert!(message.contains(said), "{template}: {message}");
    }
}

#[test]
fn heads_are_checked() {
    for (text, said) in [
        ("@kind x\n%%\na", "no `@lang`"),
        ("@lang en\n%%\na", "no `@kind`"),
        ("@lang fr\n@kind x\n%%\na", "unknown language `fr`"),
        ("@lang en\n@kind\n%%\na", "`@kind` is empty"),
        (
            "@lang en\n@kind x\n@region mars\n%%\na",
            "unknown region `mars`",
        ),
        (
            "@lang en\n@kind x\n@color red\n%%\na",
            "unknown head line `@color`",
        ),
        ("@lang en\n@kind x\n@list a b\n%%\na", "no `:`"),
        ("@lang en\n@kind x\n@list a:\n%%\na", "is empty"),
        (
            "@lang en\n@kind x\n@list a: b\n@list a: c\n%%\na",
            "a second time",
        ),
        ("@lang en\n@kind x\n", "no template"),
    ] {
        let (_, message) = fault(text);
        assert!(message.contains(said), "{text}: {message}");
    }
}

#[test]
fn lists_in_a_circle_and_choices_too_deep_are_refused() {
    let circle = "@lang en\n@kind x\n@list a: one {=b}\n@list b: two [[{=a}|three]]\n%%\n{=a}";
    let (line, message) = fault(circle);
    assert_eq!(line, 3);
    assert!(message.contains("holds itself"), "{message}");
    let deep = format!("{}x{}", "[[".repeat(40), "]]".repeat(40));
    let (_, message) = in_template(&deep);
    assert!(message.contains("nest deeper"), "{message}");
}

#[test]
fn all_faults_of_all_files_are_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let two = "@lang en\n@kind x\n%%\n{nobody}\n%%\nfine\n%%\n{nowhere}\n";
    write(folder.path(), "anna", "a", two);
    write(folder.path(), "bert", "b", "@lang en\n@kind x\n%%\n[[\n");
    let (_, faults) = Corpus::load_all(folder.path());
    let lines: Vec<usize> = faults
        .iter()
        .map(wardgate_notes::TemplateFault::line)
        .collect();
    assert_eq!(lines, [4, 8, 4]);
}

#[test]
fn a_missing_folder_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let message = Corpus::load(&gone).unwrap_err().to_string();
    assert!(message.contains("cannot be read"), "{message}");
}

#[test]
fn literal_brackets_bars_and_boxes_stand() {
    let corpus = corpus("@lang en\n@kind x\n%%\n| a [b] \\{c\\} [[[ ]|[ ]]] \\]\\]\n");
    let note = corpus.of_every_template(1, 1).next().unwrap();
    assert_eq!(note.text, "| a [b] {c} [ ] ]]");
}
