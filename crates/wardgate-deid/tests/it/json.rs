//! The scanner: valid bodies are reported exactly, all others are refused where they are wrong.

use std::ops::Range;

use proptest::prelude::*;
use wardgate_deid::json::{self, JsonFaultKind, Limits, Path, Segment, Visitor};

/// Writes down what the scanner reports.
#[derive(Default)]
struct Log<'b> {
    body: &'b [u8],
    lines: Vec<String>,
}

impl Log<'_> {
    fn note(&mut self, what: &str, path: &Path<'_>, at: Range<usize>) {
        let path: Vec<String> = path
            .segments()
            .iter()
            .map(|segment| match segment {
                Segment::Key(raw) => String::from_utf8_lossy(raw).into_owned(),
                Segment::Index(index) => index.to_string(),
            })
            .collect();
        let text = String::from_utf8_lossy(&self.body[at]);
        self.lines.push(format!("{what} {} {text}", path.join(".")));
    }
}

impl Visitor for Log<'_> {
    fn string(&mut self, path: &Path<'_>, at: Range<usize>) {
        self.note("string", path, at);
    }
    fn number(&mut self, path: &Path<'_>, at: Range<usize>) {
        self.note("number", path, at);
    }
    fn key(&mut self, path: &Path<'_>, at: Range<usize>) {
        self.note("key", path, at);
    }
    fn literal(&mut self, path: &Path<'_>, at: Range<usize>) {
        self.note("literal", path, at);
    }
}

fn scan(body: &[u8]) -> Result<Vec<String>, json::JsonFault> {
    let mut log = Log {
        body,
        lines: Vec::new(),
    };
    json::scan(body, &Limits::default(), &mut log)?;
    Ok(log.lines)
}

#[test]
fn every_value_is_reported_with_its_path() {
    let body =
        br#" {"model": "m", "n": [1, -2.5e3, {"deep": "a\"b"}], "t": true, "e": {}, "a": [] } "#;
    let expected = [
        "key model model",
        "string model m",
        "key n n",
        "number n.0 1",
        "number n.1 -2.5e3",
        "key n.2.deep deep",
        "string n.2.deep a\\\"b",
        "key t t",
        "literal t true",
        "key e e",
        "key a a",
    ];
    assert_eq!(scan(body).unwrap(), expected);
}

#[test]
fn faults_name_their_kind_and_byte() {
    use JsonFaultKind as K;
    let cases: &[(&[u8], K, usize)] = &[
        (b"", K::UnexpectedEnd, 0),
        (b"{", K::UnexpectedEnd, 1),
        (b"[1,]", K::UnexpectedByte, 3),
        (b"[1 2]", K::UnexpectedByte, 3),
        (b"{\"a\" 1}", K::UnexpectedByte, 5),
        (b"{a:1}", K::UnexpectedByte, 1),
        (b"01", K::InvalidNumber, 1),
        (b"1.", K::InvalidNumber, 2),
        (b"-", K::InvalidNumber, 1),
        (b"1e", K::InvalidNumber, 2),
        (b"nul", K::InvalidLiteral, 0),
        (b"\"a\nb\"", K::ControlCharacter, 2),
        (b"\"\\x\"", K::InvalidEscape, 1),
        (b"\"\\ud800\"", K::InvalidEscape, 1),
        (b"\"\\udc00\"", K::InvalidEscape, 1),
        (b"\"abc", K::UnexpectedEnd, 4),
        (b"1 2", K::TrailingData, 2),
        (b"[\"\xff\"]", K::InvalidUtf8, 2),
        (b"{\"a\":1,\"\\u0061\":2}", K::DuplicateKey, 7),
        (b"\xef\xbb\xbf1", K::UnexpectedByte, 0),
    ];
    for (body, kind, offset) in cases {
        let fault = scan(body).unwrap_err();
        assert_eq!(
            (fault.kind(), fault.offset()),
            (*kind, *offset),
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn depth_and_strings_are_limited() {
    let limits = Limits {
        depth_max: 3,
        strings_max: 2,
    };
    let fault = |body: &[u8]| {
        json::scan(
            body,
            &limits,
            &mut Log {
                body,
                lines: Vec::new(),
            },
        )
        .map_err(|f| f.kind())
    };
    assert_eq!(fault(b"[[[]]]"), Ok(()));
    assert_eq!(fault(b"[[[[]]]]"), Err(JsonFaultKind::TooDeep));
    assert_eq!(fault(br#"["a","b"]"#), Ok(()));
    assert_eq!(
        fault(br#"{"a":"b","c":1}"#),
        Err(JsonFaultKind::TooManyStrings)
    );
}

#[test]
fn many_keys_are_compared_in_linear_time() {
    let keys: Vec<String> = (0..50_000).map(|n| format!("\"k{n}\":{n}")).collect();
    let body = format!("{{{}}}", keys.join(","));
    assert_eq!(scan(body.as_bytes()).unwrap().len(), 100_000);
    let twice = format!("{{{},\"k\\u0031\":0}}", keys.join(","));
    assert_eq!(
        scan(twice.as_bytes()).unwrap_err().kind(),
        JsonFaultKind::DuplicateKey
    );
}

#[test]
fn sibling_objects_may_share_keys() {
    assert!(scan(br#"[{"a":{"a":1}},{"a":2}]"#).is_ok());
}

#[test]
fn escaped_keys_match_their_name() {
    struct Found(bool);
    impl Visitor for Found {
        fn string(&mut self, path: &Path<'_>, _at: Range<usize>) {
            self.0 |= path.is(&["messages", "*", "content"]);
        }
        fn number(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
        fn key(&mut self, _path: &Path<'_>, _at: Range<usize>) {}
    }
    let mut found = Found(false);
    let body = br#"{"mess\u0061ges":[{"c\u006fntent":"x"}]}"#;
    json::scan(body, &Limits::default(), &mut found).unwrap();
    assert!(found.0);
}

/// Bytes that often look like JSON.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "-0", "0.5", "1e9", "true", "false", "null", " ", "\n",
            "\"\\n\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\\", "\"é\"", "01", ".5", "+1", "\"\t\"", "{\"a\":1}", "[[]]",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Valid JSON of any shape.
fn valid() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f32>().prop_map(|f| serde_json::json!(f64::from(f))),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::btree_map(".{0,4}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn the_scanner_agrees_with_another_parser(body in jsonish()) {
        let ours = scan(&body).map_err(|fault| fault.kind());
        let theirs = serde_json::from_slice::<serde_json::Value>(&body);
        // The other parser also refuses numbers that it cannot hold, and keeps the last of two equal keys.
        prop_assume!(!matches!(&theirs, Err(fault) if fault.to_string().contains("out of range")));
        let theirs = theirs.is_ok();
        let agree = ours.is_ok() == theirs || ours == Err(JsonFaultKind::DuplicateKey);
        prop_assert!(agree, "{ours:?} against {theirs}");
    }

    #[test]
    fn valid_documents_pass_and_strings_unescape(value in valid()) {
        for body in [serde_json::to_vec(&value).unwrap(), serde_json::to_vec_pretty(&value).unwrap()] {
            prop_assert!(scan(&body).is_ok());
        }
    }

    #[test]
    fn escaping_and_unescaping_are_inverse(text in any::<String>()) {
        let mut escaped = String::new();
        json::escape_into(&text, &mut escaped);
        prop_assert_eq!(json::unescape(escaped.as_bytes()).unwrap(), text.as_str());
        let quoted = format!("\"{escaped}\"");
        prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }
}
