//! Mask, echo, restore: the answer is byte for byte what it would have been.

use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::{TestRng, TestRunner};
use wardgate_deid::json::{self, Limits, Path, Visitor};
use wardgate_deid::{
    Deidentifier, Engine, Escape, JsonPart, Kind, Layer, PlaceholderKey, RestoreMap, Treat,
};

use crate::sample::{CALL, key, known};

/// The masked text and the map that restores it.
fn mask(text: &str) -> (String, RestoreMap) {
    let (engine, key, known) = (Engine::new(), key(), known());
    let (body, map) = Deidentifier::new(&engine, &key, Some(&known))
        .text(CALL, text)
        .into_parts();
    (String::from_utf8(body).unwrap(), map)
}

/// Restores an answer that comes in these pieces.
fn stream<'p>(
    map: &RestoreMap,
    pieces: impl IntoIterator<Item = &'p str>,
    escape: Escape,
) -> String {
    let mut restorer = map.stream(escape);
    let mut out = String::new();
    for piece in pieces {
        restorer.push(piece, &mut out);
    }
    restorer.finish(&mut out);
    assert_eq!(restorer.held_bytes(), 0);
    out
}

/// Every way to cut a text in two between characters.
fn cuts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .map(|at| text.split_at(at))
}

/// Pieces of notes that overlap, touch and look like placeholders.
fn note() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Maria Schönfeld",
        "SCHÖNFELD, MARIA",
        "schonfeld",
        "M. Schönfeld",
        "Juergen",
        "maria.schoenfeld@example.org",
        "https://x.example.org/maria",
        "1957-03-04",
        "4.3.1957",
        "March 4, 1957",
        "2024-03-12",
        "3/14/24",
        "+1 (503) 555-0142",
        "5035550142",
        "WG-0044127",
        "8812345567",
        "MRN: ",
        "SSN 219-09-9999",
        "12 Alder Grove Road",
        "Tillamook, OR 97141",
        "Dr. Okafor",
        "Signed by Ann Lee",
        "Mr. ",
        "DOB ",
        "92-year-old",
        "BP 120/80",
        "[",
        "]",
        "\\[",
        "\\",
        "**",
        "_",
        "`",
        "NAME_",
        "[NAME_",
        "NAME ",
        "X",
        "[DATE_X",
        "_V3K7]",
        "_D81043",
        "]]",
        " ",
        " ",
        " ",
        "\n",
        ", ",
        ". ",
        "-",
        "\"",
        "\u{200b}",
        "\u{a0}",
        "é",
        "漢字",
        "🙂",
        "(",
        ")",
        "<b>",
        "{\"a\": 1}",
        "\t",
        "x7k",
        ": ",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn text_returns_exactly_at_every_split(note in note()) {
        let (masked, map) = mask(&note);
        prop_assert_eq!(map.restore(&masked), note.as_str());
        for (left, right) in cuts(&masked) {
            prop_assert_eq!(stream(&map, [left, right], Escape::None), note.as_str(), "cut at {}", left.len());
        }
        let letters: Vec<String> = masked.chars().map(String::from).collect();
        prop_assert_eq!(stream(&map, letters.iter().map(String::as_str), Escape::None), note);
    }

    #[test]
    fn any_text_at_all_returns_exactly(text in any::<String>(), dense in "[0-9A-Za-z@.:/,#+()\\[\\]_\u{a0}\u{200b}ü漢 \n-]{0,60}") {
        for note in [&text, &dense, &format!("MRN {dense} Dr. {text}"), &format!("{text}@{dense}.org")] {
            let (masked, map) = mask(note);
            prop_assert_eq!(&map.restore(&masked), note);
        }
    }

    #[test]
    fn findings_are_sorted_apart_and_between_characters(text in any::<String>(), dense in "[0-9A-Za-z@.:/,#+()_\u{a0}\u{301}é -]{0,80}") {
        let text = format!("{text} Patient: {dense}");
        let mut behind = 0;
        for finding in Engine::new().detect(&text, Some(&known())) {
            prop_assert!(finding.start >= behind && finding.end > finding.start);
            prop_assert!(text.get(finding.range()).is_some());
            behind = finding.end;
        }
    }

    #[test]
    fn text_returns_exactly_at_random_splits(note in note(), marks in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let (masked, map) = mask(&note);
        let mut at: Vec<usize> = marks.iter().map(|mark| mark.index(masked.len() + 1)).filter(|at| masked.is_char_boundary(*at)).collect();
        at.sort_unstable();
        at.push(masked.len());
        let mut from = 0;
        let pieces: Vec<&str> = at.iter().map(|to| { let piece = &masked[from..*to]; from = *to; piece }).collect();
        prop_assert_eq!(stream(&map, pieces, Escape::None), note);
    }

    #[test]
    fn json_text_returns_exactly_at_every_split(note in note()) {
        let (masked, map) = mask(&note);
        let arguments = serde_json::json!({ "note": masked, "n": 1 }).to_string();
        let expected = serde_json::json!({ "note": note, "n": 1 });
        for (left, right) in cuts(&arguments) {
            let out = stream(&map, [left, right], Escape::Json);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), expected.clone());
        }
    }

    #[test]
    fn splits_never_change_what_a_mangled_answer_becomes(note in note(), mangle in 0usize..7, at in any::<prop::sample::Index>()) {
        let (masked, map) = mask(&note);
        let mangled = match mangle {
            0 => masked.to_lowercase(),
            1 => masked.replace(['[', ']'], ""),
            2 => masked.replace('_', "\\_").replace('[', "\\[").replace(']', "\\]"),
            3 => masked.replace('_', "-"),
            4 => masked.replace('[', "").replace('_', " "),
            5 => masked.replace(']', ""),
            _ => masked.chars().enumerate().filter(|(i, _)| i % 29 != at.index(29)).map(|(_, c)| c).collect(),
        };
        let whole = map.restore(&mangled).into_owned();
        for (left, right) in cuts(&mangled) {
            prop_assert_eq!(stream(&map, [left, right], Escape::None), whole.as_str());
        }
        let letters: Vec<String> = mangled.chars().map(String::from).collect();
        prop_assert_eq!(stream(&map, letters.iter().map(String::as_str), Escape::None), whole);
    }

    #[test]
    fn a_body_changes_only_where_identifiers_stood(system in note(), user in note(), inner in note()) {
        let arguments = serde_json::json!({ "q": inner, "deep": [{ "s": serde_json::json!([user]).to_string() }], "n": 3 }).to_string();
        let value = serde_json::json!({
            "model": "m", "max_tokens": 1957, "system": system, "user": user, "arguments": arguments, "unknown": [1.50, null, { "x": "y" }],
        });
        let body = serde_json::to_string_pretty(&value).unwrap();
        let (engine, key, known) = (Engine::new(), key(), known());
        let done = Deidentifier::new(&engine, &key, Some(&known)).json(CALL, body.as_bytes(), &parts(body.as_bytes()));
        // Pieces that touch can make what the second look refuses: `ElisabethSSN 219-09-9999-3/14/24`.
        let refused = done.as_ref().err().map(|refusal| refusal.code());
        prop_assume!(refused != Some("deid.residue"));
        // A note can be JSON of its own with a number on file, which nothing may stand for: `[5035550142]`.
        if refused == Some("deid.identifier_in_number") {
            prop_assert!(is_json(&inner) || is_json(&user));
            return Ok(());
        }
        let done = done.unwrap();
        prop_assert_eq!(done.call(), CALL);
        let report = done.report().clone();
        let (masked, map) = done.into_parts();
        let masked = String::from_utf8(masked).unwrap();
        prop_assert!(json::scan(masked.as_bytes(), &Limits::default(), &mut Parts::default()).is_ok());
        prop_assert_eq!(report.total() == 0, masked == body);
        let restored: serde_json::Value = serde_json::from_str(&masked).unwrap();
        let text = |v: &serde_json::Value| map.restore(v.as_str().unwrap()).into_owned();
        prop_assert_eq!(text(&restored["system"]), system);
        prop_assert_eq!(text(&restored["user"]), user.as_str());
        prop_assert_eq!(&restored["unknown"], &value["unknown"]);
        let arguments: serde_json::Value = serde_json::from_str(restored["arguments"].as_str().unwrap()).unwrap();
        prop_assert_eq!(text(&arguments["q"]), inner);
        let deep: serde_json::Value = serde_json::from_str(arguments["deep"][0]["s"].as_str().unwrap()).unwrap();
        prop_assert_eq!(text(&deep[0]), user);
    }
}

#[test]
fn ten_thousand_texts_return_byte_for_byte() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(10_000)
    };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let (engine, key, known) = (Engine::new(), key(), known());
    let german = wardgate_deid::Language::German;
    runner
        .run(&(note(), any::<bool>()), |(note, gdpr)| {
            let mut call = Deidentifier::new(&engine, &key, Some(&known));
            if gdpr {
                call = call.language(german);
            }
            let (body, map) = call.text(CALL, &note).into_parts();
            let masked = String::from_utf8(body).unwrap();
            prop_assert_eq!(map.restore(&masked), note);
            Ok(())
        })
        .unwrap();
}

/// Whether a note that is nested in JSON would be read as JSON itself.
fn is_json(note: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(note).is_ok()
}

/// The parts that an adapter would name.
#[derive(Default)]
struct Parts(Vec<JsonPart>);

impl Visitor for Parts {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        let treat = if path.is(&["arguments"]) {
            Treat::NestedJson
        } else {
            Treat::Text
        };
        self.0.push(JsonPart { at, treat });
    }
    fn number(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.0.push(JsonPart {
            at,
            treat: Treat::CheckNumber,
        });
    }
    fn key(&mut self, _path: &Path<'_>, at: Range<usize>) {
        self.0.push(JsonPart {
            at,
            treat: Treat::CheckKey,
        });
    }
}

fn parts(body: &[u8]) -> Vec<JsonPart> {
    let mut parts = Parts::default();
    json::scan(body, &Limits::default(), &mut parts).unwrap();
    parts.0
}

fn placeholder(text: &str) -> String {
    let (masked, _) = mask(text);
    masked[masked.find('[').unwrap()..=masked.rfind(']').unwrap()].to_owned()
}

#[test]
fn equal_values_share_a_token_and_surfaces_differ() {
    let token = |text: &str| {
        placeholder(text)
            .split('_')
            .nth(1)
            .unwrap()
            .trim_end_matches(']')
            .to_owned()
    };
    assert_eq!(token("Maria Schönfeld"), token("SCHOENFELD, MARIA"));
    assert_eq!(token("Elisabeth"), token("M. E. Schönfeld"));
    assert_eq!(token("seen 2024-03-12"), token("seen March 12, 2024"));
    assert_eq!(token("(503) 555-0142"), token("503.555.0142"));
    assert_ne!(token("Maria Elisabeth Schönfeld"), token("Jürgen"));
    assert_ne!(
        placeholder("Maria Elisabeth Schönfeld"),
        placeholder("MARIA SCHOENFELD")
    );
    assert_eq!(
        placeholder("Ann@example.org"),
        placeholder("Ann@example.org")
    );
}

#[test]
fn other_keys_give_other_placeholders() {
    let (engine, a, b) = (
        Engine::new(),
        PlaceholderKey::new([1; 32]),
        PlaceholderKey::new([2; 32]),
    );
    let text = "ann@example.org, seen 2024-03-12";
    let body = |key| {
        Deidentifier::new(&engine, key, None)
            .text(CALL, text)
            .into_parts()
    };
    let ((first, map_a), (second, map_b)) = (body(&a), body(&b));
    assert_ne!(first, second);
    let second = String::from_utf8(second).unwrap();
    assert_eq!(
        map_a.restore(&second),
        second,
        "a placeholder of another caller is only text"
    );
    assert_eq!(map_b.restore(&second), text);
}

#[test]
fn dates_keep_their_intervals() {
    let day = |text: &str| -> i64 {
        let masked = placeholder(text);
        let from = masked.find("_D").unwrap() + 2;
        masked[from..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .unwrap()
    };
    assert_eq!(day("2024-03-12") - day("2024-02-28"), 13);
    assert_eq!(day("March 1, 2024") - day("12/31/2023"), 61);
    assert_eq!(day("am 04.03.1957"), day("on 1957-03-04"));
    // On file as the fourth of March: the ambiguous form means that day.
    assert_eq!(day("04/03/1957"), day("1957-03-04"));
    assert!(day("1901-01-01") > 0);
}

#[test]
fn a_placeholder_in_the_request_is_not_taken_for_ours() {
    let first = placeholder("write to ann@example.org");
    // The same caller sends it back as text, beside the value it stood for.
    let text = format!("You wrote {first}. Write to ann@example.org.");
    let (masked, map) = mask(&text);
    assert!(masked.contains(&first));
    assert_eq!(masked.matches("[EMAIL_").count(), 2);
    assert_eq!(map.restore(&masked), text);
    assert_eq!(map.restore(&first), first);
    // Hidden in an escape, too.
    let escaped = first.replace('X', "\\u0058");
    let body = format!(r#"{{"a": "{escaped}", "b": "ann@example.org"}}"#);
    let (engine, key) = (Engine::new(), key());
    let done = Deidentifier::new(&engine, &key, None)
        .json(CALL, body.as_bytes(), &parts(body.as_bytes()))
        .unwrap();
    let (_, map) = done.into_parts();
    assert_eq!(map.restore(&first), first);
}

#[test]
fn what_one_message_says_all_remember() {
    let body = r#"{"a": "what does okafor need next?", "b": "Patient: Thandiwe Okafor, seen by Dr. Lindqvist.", "c": ["Lindqvist wrote it"]}"#;
    let (engine, key) = (Engine::new(), key());
    let done = Deidentifier::new(&engine, &key, None)
        .json(CALL, body.as_bytes(), &parts(body.as_bytes()))
        .unwrap();
    let (masked, map) = done.into_parts();
    let masked = String::from_utf8(masked).unwrap();
    for name in ["okafor", "Okafor", "Thandiwe", "Lindqvist"] {
        assert!(!masked.contains(name), "{name}: {masked}");
    }
    assert_eq!(map.restore(&masked), body);
}

#[test]
fn a_map_of_another_call_restores_nothing() {
    let (masked, _) = mask("Maria Schönfeld, 1957-03-04, ann@example.org");
    let (_, other) = mask("bob@example.org");
    assert_eq!(other.restore(&masked), masked);
    assert!(RestoreMap::default().is_empty());
    assert_eq!(RestoreMap::default().restore(&masked), masked);
}

#[test]
fn the_report_counts_and_never_tells() {
    let (engine, key, known) = (Engine::new(), key(), known());
    let done = Deidentifier::new(&engine, &key, Some(&known))
        .text(CALL, "Maria Schönfeld, ann@example.org, bob@example.org");
    let report = done.report();
    assert_eq!(
        (
            report.of_kind(Kind::Name),
            report.of_kind(Kind::Email),
            report.total()
        ),
        (1, 2, 3)
    );
    assert_eq!(
        (report.of_layer(Layer::Known), report.of_layer(Layer::Exact)),
        (1, 2)
    );
    assert_eq!(report.off_reason(), None);
    assert_eq!(report.kinds().count(), 2);
    let told = format!("{done:?} {report:?} {known:?} {key:?}");
    assert!(!told.contains("Maria") && !told.contains("ann@"));
}

#[test]
fn switched_off_is_a_proof_that_says_so() {
    let done = Deidentifier::off("route `local`")
        .json(CALL, b"{\"a\":\"Maria\"}", &[])
        .unwrap();
    assert_eq!(done.body(), b"{\"a\":\"Maria\"}");
    assert_eq!(done.report().off_reason(), Some("route `local`"));
    assert_eq!(done.call(), CALL);
}

#[test]
fn parts_that_are_no_strings_of_the_body_refuse() {
    let (engine, key) = (Engine::new(), key());
    let deid = Deidentifier::new(&engine, &key, None);
    let text = |at| JsonPart {
        at,
        treat: Treat::Text,
    };
    for parts in [
        vec![text(3..99)],
        vec![text(0..4), text(2..6)],
        vec![text(Range { start: 4, end: 2 })],
        vec![text(0..1)],
    ] {
        let refusal = deid.json(CALL, b"\\ \xff body", &parts).unwrap_err();
        assert_eq!(refusal.code(), "deid.part_invalid");
    }
}

#[test]
fn values_over_line_ends_and_quotes_come_back_in_json_inside_of_strings() {
    let bodies = [
        r#"{"arguments": "{\"to\": \"Dr. Maria\\nSchoenfeld, 12 Oak Street\\nSpringfield, IL 62704\"}"}"#,
        r#"{"arguments": "{\"deep\": \"{\\\"mail\\\": \\\"ann.lee@example.org\\\"}lee@example.org\\\"}\"}"}"#,
    ];
    let (engine, key) = (Engine::new(), PlaceholderKey::new([3; 32]));
    for body in bodies {
        let masked = Deidentifier::new(&engine, &key, None)
            .json([0; 32], body.as_bytes(), &parts(body.as_bytes()))
            .unwrap();
        assert!(masked.report().total() > 0, "{body}");
        let (out, map) = masked.into_parts();
        let out: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let was: serde_json::Value = serde_json::from_str(body).unwrap();
        let restored = map.restore(out["arguments"].as_str().unwrap());
        assert_eq!(restored, was["arguments"].as_str().unwrap());
    }
}
