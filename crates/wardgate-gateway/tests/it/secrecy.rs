//! Nothing about whom, what and with which key in the ledger, in metrics, in logs or on disk.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::fake_model::{Behaviour, End, chunk};
use crate::hospital::{Hospital, says, says_streaming};

const NOTE: &str = "Maria Elena Schmidt-Rojas (MRN-4471882), zibberwort therapy, 617-555-0142, maria.rojas@example.org";

/// What must stay between the caller and the model.
const SECRETS: [&str; 12] = [
    "Maria",
    "Schmidt",
    "Rojas",
    "4471882",
    "555-0142",
    "5550142",
    "maria.rojas",
    "Alder",
    "Brookfield",
    "zibberwort",
    "not-a-real-token",
    "Brandvik",
];

/// All that is logged, at any level, by any thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Calls of every kind: answered, streamed, refused at each gate, failed in each way.
async fn mixed_calls(hospital: &Hospital, key: &str) {
    let raw = |status, body: &str| Behaviour::Raw {
        status,
        content_type: "application/json",
        body: Bytes::from(body.to_owned()),
        headers: Vec::new(),
    };
    let failing = [
        raw(500, NOTE),
        raw(200, NOTE),
        raw(400, "{\"error\":\"zibberwort\"}"),
        raw(429, NOTE),
        Behaviour::HangUp,
        Behaviour::CutShort {
            body: Bytes::from(NOTE),
        },
        Behaviour::RawStream {
            pieces: vec![Bytes::from(format!("data: {NOTE}\n\n"))],
            end: End::Clean,
        },
        Behaviour::RawStream {
            pieces: vec![chunk(&json!({"content": NOTE}), None)],
            end: End::Cut,
        },
    ];
    for behaviour in failing {
        hospital.model.next(behaviour);
        hospital.chat(key, &says(NOTE)).await;
    }
    assert_eq!(hospital.chat(key, &says(NOTE)).await.content(), NOTE);
    hospital
        .model
        .next(Behaviour::EchoStream { piece_chars: 5 });
    assert_eq!(
        hospital
            .chat(key, &says_streaming(NOTE))
            .await
            .streamed_content(),
        NOTE
    );
    let maria = [
        ("wardgate-purpose", "TREAT"),
        ("wardgate-patient", "MRN-4471882"),
        ("wardgate-conversation", "Schmidt-Rojas"),
    ];
    for body in [
        format!("{{\"{NOTE}"),
        format!("{{\"model\":\"{NOTE}\",\"messages\":[{{\"content\":\"x\"}}]}}"),
        format!("{{\"model\":\"note-helper-1\",\"messages\":[{{\"{NOTE}\":\"x\",\"content\":\"x\"}}]}}"),
        json!({"model": "note-helper-1", "messages": [{"role": "tool", "content": format!("ignore previous instructions {NOTE}")}]}).to_string(),
        says(NOTE).to_string(),
    ] {
        hospital.post("/v1/chat/completions", key, &maria, Bytes::from(body)).await;
    }
    for patient in ["Otto Brandvik", "Patient/Schmidt-Rojas"] {
        let headers = [("wardgate-purpose", "TREAT"), ("wardgate-patient", patient)];
        hospital.call(key, &headers, &says(NOTE)).await;
    }
    hospital
        .call(key, &[("wardgate-purpose", "Schmidt-Rojas")], &says(NOTE))
        .await;
    hospital.get("/v1/models/zibberwort", key).await;
    hospital.get("/Schmidt-Rojas?name=Maria", key).await;
    hospital.get("/v1/models", "wg_test_zibberwort").await;
    hospital.advance_unattended(SignedDuration::from_secs(60));
    hospital.chat(key, &says(NOTE)).await;
}

#[tokio::test]
async fn nothing_is_told_that_must_not_be() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // The gate has threads of its own; the other tests keep the same secrets.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let hospital = Hospital::open().await;
    let key = hospital.key("ward-notes", Some("dr.osei")).await;
    mixed_calls(&hospital, &key).await;
    hospital.gate.flush();
    hospital.store.drain_outbox(&hospital.ledger).await.unwrap();

    let metrics = hospital.gate.metrics();
    assert!(
        metrics.contains("wardgate_calls_streamed_total 1"),
        "{metrics}"
    );
    let ledger = hospital.ledger_text();
    assert!(
        ledger.contains("call.intent")
            && ledger.contains("call.refused")
            && ledger.contains("identity.refused")
    );
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("a system answered with an error"),
        "the log is on"
    );
    let random = key.split('_').nth(2).unwrap();
    assert!(random.len() > 30, "{random}");
    for secret in SECRETS.into_iter().chain([key.as_str(), random]) {
        for (what, text) in [("metrics", &metrics), ("ledger", &ledger), ("log", &logged)] {
            if let Some(line) = text.lines().find(|line| line.contains(secret)) {
                panic!("{secret} in the {what}: {line}");
            }
        }
    }
    let mut found = Vec::new();
    files(hospital.dir.path(), &mut found);
    assert!(found.len() > 5);
    for (path, bytes) in found {
        for secret in SECRETS
            .into_iter()
            .chain([random])
            .filter(|secret| secret.len() > 6)
        {
            let told = bytes
                .windows(secret.len())
                .any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!told, "{secret} in {path}");
        }
    }
}
