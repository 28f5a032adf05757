//! The identifiers of the patient on file, planted at every position: none reaches the model, and
//! every byte around them does.

use std::io::Write;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::hospital::{Hospital, head, says};

/// How people write the identifiers of Maria.
const PLANTED: [&str; 25] = [
    "Maria Elena Schmidt-Rojas",
    "Schmidt-Rojas, Maria E.",
    "SCHMIDT-ROJAS MARIA",
    "maria schmidt-rojas",
    "Elena Maria Schmidt-Rojas",
    "Frau Schmidt-Rojas",
    "Ms. Schmidt Rojas",
    "Marai Schmidt-Rojas",
    "Maria Schmitd-Rojas",
    "Maria Schmidt-Rojs",
    "1961-04-09",
    "04/09/1961",
    "9 April 1961",
    "April 9, 1961",
    "9.4.1961",
    "19610409",
    "MRN-4471882",
    "4471882",
    "mrn 4471882",
    "18 Alder Court, Brookfield 02139",
    "(617) 555-0142",
    "617.555.0142",
    "+16175550142",
    "maria.rojas@example.org",
    "Tomas Rojas",
];

/// What none of the planted texts may leave of itself, in any case.
const TRACES: [&str; 16] = [
    "maria",
    "marai",
    "schmidt",
    "schmitd",
    "rojas",
    "rojs",
    "1961",
    "april",
    "4471882",
    "alder",
    "brookfield",
    "02139",
    "555-0142",
    "555.0142",
    "5550142",
    "tomas",
];

/// Bodies of chat calls, by position; `@` is where the text is planted.
fn positions() -> Vec<(&'static str, Value)> {
    [of_messages(), of_tool_calls(), of_fields()]
        .into_iter()
        .flatten()
        .collect()
}

fn user() -> Value {
    json!({"role": "user", "content": "Summarise."})
}

fn chat(messages: &Value) -> Value {
    json!({"model": "note-helper-1", "messages": messages})
}

fn of_messages() -> Vec<(&'static str, Value)> {
    let user = user();
    vec![
        (
            "system",
            chat(&json!([{"role": "system", "content": "For @ only."}, user])),
        ),
        (
            "developer",
            chat(&json!([{"role": "developer", "content": "For @ only."}, user])),
        ),
        (
            "user",
            chat(&json!([{"role": "user", "content": "Seen today: @, stable."}])),
        ),
        (
            "unknown role",
            chat(&json!([{"role": "narrator", "content": "About @."}])),
        ),
        (
            "role behind content",
            chat(&json!([{"content": "About @.", "role": "user"}])),
        ),
        (
            "several lines",
            chat(&json!([{"role": "user", "content": "Patient:\n@\nSeen \"today\"."}])),
        ),
        (
            "parts",
            chat(
                &json!([{"role": "user", "content": [{"type": "text", "text": "Seen"}, {"type": "text", "text": "@ today"}]}]),
            ),
        ),
        (
            "unknown part",
            chat(
                &json!([{"role": "user", "content": [{"type": "note", "note": {"deep": ["@"]}}]}]),
            ),
        ),
        (
            "history",
            chat(&json!([{"role": "assistant", "content": "It is @."}, user])),
        ),
        (
            "refusal in history",
            chat(&json!([{"role": "assistant", "content": null, "refusal": "Not about @."}, user])),
        ),
        (
            "name",
            chat(&json!([{"role": "user", "name": "@", "content": "Hello"}])),
        ),
        (
            "tool result",
            chat(
                &json!([user, {"role": "tool", "tool_call_id": "call_1", "content": "{\"patient\": \"@\"}"}]),
            ),
        ),
        (
            "function result",
            chat(&json!([user, {"role": "function", "name": "find", "content": "Found @."}])),
        ),
    ]
}

fn of_tool_calls() -> Vec<(&'static str, Value)> {
    let user = user();
    let arguments = |arguments: Value| {
        json!([user, {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": arguments}}]}])
    };
    vec![
        (
            "tool arguments",
            chat(&arguments(json!("{\"name\": \"@\", \"limit\": 5}"))),
        ),
        (
            "nested tool arguments",
            chat(&arguments(json!(
                "{\"query\": {\"any\": [\"x\", \"about @ here\"]}}"
            ))),
        ),
        (
            "tool arguments in tool arguments",
            chat(&arguments(json!(
                "{\"inner\": \"{\\\"who\\\": \\\"@\\\"}\"}"
            ))),
        ),
        (
            "tool arguments that are no JSON",
            chat(&arguments(json!("{find @"))),
        ),
        (
            "tool call name",
            chat(
                &json!([user, {"role": "assistant", "tool_calls": [{"id": "@", "type": "function", "function": {"name": "@", "arguments": "{}"}}]}]),
            ),
        ),
        (
            "legacy function call",
            chat(
                &json!([user, {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{\"a\":\"@\"}"}}]),
            ),
        ),
    ]
}

fn of_fields() -> Vec<(&'static str, Value)> {
    let user = user();
    let more = |name: &str, value: Value| {
        let mut body = json!({"model": "note-helper-1", "messages": [user]});
        body[name] = value;
        body
    };
    let tool = |function: Value| more("tools", json!([{"type": "function", "function": function}]));
    vec![
        (
            "tool description",
            tool(json!({"name": "find", "description": "Finds @ and others."})),
        ),
        (
            "tool parameters",
            tool(
                json!({"name": "find", "parameters": {"type": "object", "properties": {"who": {"type": "string", "description": "such as @", "enum": ["@"], "default": "@"}}}}),
            ),
        ),
        (
            "functions",
            more(
                "functions",
                json!([{"name": "find", "description": "Finds @."}]),
            ),
        ),
        (
            "tool choice",
            more(
                "tool_choice",
                json!({"type": "function", "function": {"name": "@"}}),
            ),
        ),
        (
            "response format",
            more(
                "response_format",
                json!({"type": "json_schema", "json_schema": {"name": "x", "description": "@", "schema": {"title": "@"}}}),
            ),
        ),
        ("user field", more("user", json!("@"))),
        ("metadata", more("metadata", json!({"chart": "@"}))),
        ("stop", more("stop", json!(["END", "@"]))),
        ("stop as text", more("stop", json!("@"))),
        (
            "prediction",
            more("prediction", json!({"type": "content", "content": "@"})),
        ),
        (
            "unknown field",
            more("x_hospital", json!({"deep": [{"er": ["@", {"est": "@"}]}]})),
        ),
        ("unknown type", more("x_format", json!({"type": "@"}))),
    ]
}

fn planted(body: &Value, text: &str) -> String {
    let escaped = json!(text).to_string();
    body.to_string().replace('@', escaped.trim_matches('"'))
}

/// A text without placeholders, whose tokens and days are as good as random.
fn without_placeholders(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let inside = after.split(']').next().unwrap_or_default();
        let placeholder = inside.starts_with(|first: char| first.is_ascii_uppercase())
            && inside.contains("_X")
            && inside
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        rest = if placeholder {
            &after[inside.len() + 1..]
        } else {
            after
        };
    }
    out + rest
}

#[track_caller]
fn assert_untold(hospital: &Hospital, from: usize, what: &str) {
    let received = hospital.model.received();
    assert!(received.len() > from, "{what}: nothing was sent");
    for request in received.iter().skip(from) {
        let seen = format!("{} {} {}", request.path, request.headers, request.body);
        let seen = without_placeholders(&seen).to_lowercase();
        for trace in TRACES {
            assert!(!seen.contains(trace), "{what}: `{trace}` in {seen}");
        }
    }
}

#[tokio::test]
async fn nothing_planted_reaches_the_model_from_any_position() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("x-forwarded-user", "Maria Schmidt-Rojas"),
    ];
    for (position, body) in positions() {
        for text in PLANTED {
            let from = hospital.model.received().len();
            let body = Bytes::from(planted(&body, text));
            let answer = hospital
                .post("/v1/chat/completions", &key, &headers, body)
                .await;
            assert_eq!(
                answer.status,
                200,
                "{text} as {position}: {}",
                answer.text()
            );
            assert_untold(&hospital, from, &format!("{text} as {position}"));
        }
    }
}

#[tokio::test]
async fn nothing_planted_reaches_the_model_from_embeddings() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    for body in [
        json!({"model": "note-helper-1", "input": "About @."}),
        json!({"model": "note-helper-1", "input": ["x", "@ today"], "user": "@", "encoding_format": "@", "dimensions": 256}),
    ] {
        for text in PLANTED {
            let from = hospital.model.received().len();
            let answer = hospital
                .post(
                    "/v1/embeddings",
                    &key,
                    &headers,
                    Bytes::from(planted(&body, text)),
                )
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["data"][0]["embedding"][1], json!(-1e-7));
            assert_untold(&hospital, from, text);
        }
    }
}

#[tokio::test]
async fn a_name_in_several_strings_is_still_a_name() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let parts =
        json!([{"type": "text", "text": "Maria"}, {"type": "text", "text": "Schmidt-Rojas"}]);
    for body in [
        chat(&json!([{"role": "user", "content": parts}])),
        chat(
            &json!([{"role": "user", "content": "Patient: Maria"}, {"role": "user", "content": "Schmidt-Rojas"}]),
        ),
        chat(
            &json!([{"role": "assistant", "tool_calls": [{"function": {"arguments": "{\"given\":\"Maria\",\"family\":\"Schmidt-Rojas\"}"}}]}]),
        ),
    ] {
        let from = hospital.model.received().len();
        let answer = hospital.chat(&key, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_untold(&hospital, from, &body.to_string());
    }
}

#[tokio::test]
async fn escapes_hide_nothing() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    for content in [
        r"M\u0061ria Schmidt-Rojas",
        r"\u004d\u0041\u0052\u0049\u0041 Schmidt\u002dRojas",
        r"Maria\nSchmidt-Rojas",
        r"Maria\tElena\r\n  Schmidt-Rojas",
        r"\ud83d\ude00Maria Schmidt-Rojas\ud83d\ude00",
        r"Schmidt\u2011Rojas, Maria",
        r"Maria\u00a0Schmidt-Rojas",
        r"MRN\u003a 4471882 \/ 617\u002d555-0142",
        r"m\u0430 = gut, Maria Schm\u0069dt-Rojas; gr\u00fc\u00dfe",
    ] {
        let from = hospital.model.received().len();
        let body = format!(
            "{{\"model\":\"note-helper-1\",\"messages\":[{{\"role\":\"user\",\"content\":\"{content}\"}}]}}"
        );
        let answer = hospital
            .post("/v1/chat/completions", &key, &headers, Bytes::from(body))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_untold(&hospital, from, content);
        let sent: Value = serde_json::from_str(&format!("\"{content}\"")).unwrap();
        assert_eq!(answer.content(), sent.as_str().unwrap(), "restored");
    }
}

#[tokio::test]
async fn packed_and_chunked_bodies_are_read_like_any_other() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let body = says("Maria Schmidt-Rojas, MRN-4471882").to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body.as_bytes()).unwrap();
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
        ("content-encoding", "gzip"),
    ];
    let answer = hospital
        .post(
            "/v1/chat/completions",
            &key,
            &headers,
            Bytes::from(packed.finish().unwrap()),
        )
        .await;
    assert_eq!(answer.content(), "Maria Schmidt-Rojas, MRN-4471882");
    for size in [1, 7, 64] {
        let mut wire = hospital.wire().await;
        wire.say(format!(
            "{}connection: close\r\ntransfer-encoding: chunked\r\n\r\n",
            head(&key)
        ))
        .await;
        for piece in body.as_bytes().chunks(size) {
            wire.say(format!("{:x}\r\n", piece.len()).as_bytes()).await;
            wire.say(piece).await;
            wire.say("\r\n").await;
        }
        wire.say("0\r\n\r\n").await;
        let heard = wire.hear_all().await;
        assert!(
            heard.contains("Maria Schmidt-Rojas, MRN-4471882"),
            "{heard}"
        );
    }
    assert_untold(&hospital, 0, "packed or chunked");
    assert_eq!(hospital.model.received().len(), 4);
}

#[tokio::test]
async fn identifiers_in_keys_and_numbers_are_refused() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    let arguments = |arguments: &str| {
        let arguments = json!(arguments);
        format!(
            r#"{{"model":"note-helper-1","messages":[{{"role":"assistant","tool_calls":[{{"function":{{"arguments":{arguments}}}}}]}}]}}"#
        )
    };
    let cases = [
        (arguments(r#"{"Maria Schmidt-Rojas":1}"#), "deid.identifier_in_key"),
        (arguments(r#"{"a":{"b":[{"maria.rojas@example.org":1}]}}"#), "deid.identifier_in_key"),
        (arguments(r#"{"mrn":4471882.0}"#), "deid.identifier_in_number"),
        (arguments(r#"{"mrn":4471882}"#), "deid.identifier_in_number"),
        (arguments(r#"{"a":[{"phone":6175550142}]}"#), "deid.identifier_in_number"),
        (r#"{"model":"note-helper-1","messages":[{"role":"user","content":"x","Schm\u0069dt-Rojas":1}]}"#.to_owned(), "deid.identifier_in_key"),
        (r#"{"model":"note-helper-1","messages":[{"role":"user","content":"x"}],"born":19610409}"#.to_owned(), "deid.identifier_in_number"),
    ];
    for (body, code) in cases {
        let answer = hospital
            .post(
                "/v1/chat/completions",
                &key,
                &headers,
                Bytes::from(body.clone()),
            )
            .await;
        assert_eq!(answer.code(), code, "{body}");
    }
    assert!(hospital.model.received().is_empty());
}

#[tokio::test]
async fn what_is_not_replaced_stays_byte_for_byte() {
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    let headers = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "Patient/maria"),
    ];
    let body = concat!(
        " {\t\"max_tokens\" : 1961 ,\r\n \"model\":\"note-helper-1\" , \"temperature\":1.0, \"top_p\":1e-7,\"seed\":1844674407370955161512345,\n",
        "\"n\":1,\"x\":-0.0,\"y\":1E+2,\"logit_bias\":{\"50256\":-100},\"messages\":[ {\"content\":\"HbA1c 7.2 %, \\u00fc \\/ \\\"5 mg\\\" @\",\"role\":\"user\"} ],",
        "\"z\":null,\"stream\":false,\"unknown\":{\"b\":[],\"a\":{},\"c\":[true,false,null,\"\"]},\"metadata\":{\"run\":\"nightly\"} } \n",
    );
    let sent = body.replace('@', "Maria Schmidt-Rojas");
    let answer = hospital
        .post(
            "/v1/chat/completions",
            &key,
            &headers,
            Bytes::from(sent.clone()),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = hospital.model.last_body();
    let (before, after) = body.split_once('@').unwrap();
    let before = before.replace("note-helper-1", "acme-chat-9");
    assert!(seen.starts_with(&before), "{seen}\n{before}");
    assert!(seen.ends_with(after), "{seen}");
    let between = &seen[before.len()..seen.len() - after.len()];
    assert!(
        between.starts_with("[NAME_") && !between.contains('"'),
        "{between}"
    );

    let plain = body.replace('@', "nothing");
    let answer = hospital
        .post(
            "/v1/chat/completions",
            &key,
            &headers,
            Bytes::from(plain.clone()),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        hospital.model.last_body(),
        plain.replace("note-helper-1", "acme-chat-9")
    );
}
