//! A consent is withdrawn by another process while the gate serves: every open connection is
//! refused from its next call on, within a second.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::house::{House, PATIENTS, POLLS_MAX, of_type, pause, text};
use crate::model::Model;

/// A connection that stays open between calls.
struct Line {
    reader: BufReader<TcpStream>,
    key: String,
}

impl Line {
    fn open(address: SocketAddr, key: &str) -> Self {
        Self {
            reader: BufReader::new(TcpStream::connect(address).unwrap()),
            key: key.to_owned(),
        }
    }

    /// One call about the patient whose consent it is; the status of its answer.
    fn call(&mut self) -> u16 {
        let message = serde_json::json!({"role": "user", "content": "How is Maren?"});
        let body = serde_json::json!({"model": "ward-chat", "messages": [message]}).to_string();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             wardgate-purpose: TREAT\r\nwardgate-patient: Patient/linholm\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        self.reader.get_mut().write_all(head.as_bytes()).unwrap();
        let mut status = 0;
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "closed");
            if line == "\r\n" {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(number) = lower.strip_prefix("http/1.1 ") {
                status = number.split(' ').next().unwrap().parse().unwrap();
            } else if let Some(number) = lower.strip_prefix("content-length: ") {
                length = number.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).unwrap();
        status
    }

    fn call_until(&mut self, status: u16) {
        for _ in 0..POLLS_MAX {
            if self.call() == status {
                return;
            }
            pause();
        }
        panic!("the status never was {status}");
    }
}

#[test]
fn a_withdrawal_by_a_command_refuses_the_next_call_on_every_open_connection() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    let mut lines: Vec<Line> = (0..5).map(|_| Line::open(house.address, &key)).collect();
    for line in &mut lines {
        line.call_until(200);
    }
    let withdrawn = PATIENTS.replace("\"active\"", "\"inactive\"");
    let consent = withdrawn.lines().nth(1).unwrap();
    let file = house.write("withdrawn.ndjson", consent);
    let said = house.run(&["consent", "import", &text(&file)]);
    assert!(said.contains("0 new, 1 changed"), "{said}");
    let since = Instant::now();
    for line in &mut lines {
        line.call_until(403);
    }
    println!("refused on every connection after {:?}", since.elapsed());
    let before = model.received();
    for line in &mut lines {
        assert_eq!(line.call(), 403);
    }
    assert_eq!(model.received(), before);
    server.stop();

    let ledger = house.ledger();
    let changed = of_type(&ledger, "record.changed");
    assert!(changed.iter().any(|entry| {
        entry["data"]["record"] == "consent"
            && entry["data"]["version"] == 2
            && entry["data"]["fields"][0] == "status"
    }));
    let history = house.run(&["consent", "history", "Consent/linholm-treatment", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    assert_eq!(history[0]["how"], "import");
    assert_eq!(history[1]["how"], "apply");
    let again = house.run(&["consent", "import", &text(&file), "--json"]);
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["files"][0]["unchanged"], 1);
}

#[test]
fn a_faulty_file_of_consents_is_told_with_its_lines_and_changes_nothing() {
    let model = Model::start();
    let house = House::new(&model);
    let consent = PATIENTS.lines().nth(1).unwrap();
    let good = consent.replace("linholm-treatment", "linholm-2");
    let turned = good.replace(
        "\"status\"",
        "\"modifierExtension\":[{\"url\":\"http://x.example\"}],\"status\"",
    );
    let bad = format!(
        "{good}\n{}\n",
        good.replace("Patient/linholm", "Patient/nobody")
    );
    let (bad, turned) = (
        house.write("bad.ndjson", &bad),
        house.write("turned.ndjson", &turned),
    );
    let output = house.try_run(&["consent", "import", &text(&bad), &text(&turned)]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bad.ndjson:2"), "{said}");
    assert!(!said.contains("nobody"), "{said}");
    let queue = house.run(&["consent", "queue", "--json"]);
    let queue: serde_json::Value = serde_json::from_str(&queue).unwrap();
    assert_eq!(queue.as_array().unwrap().len(), 1);
    assert_eq!(queue[0]["id"], "linholm-2");
    assert_eq!(queue[0]["version"], 1);
    assert!(!queue[0]["reasons"][0].as_str().unwrap().is_empty());
}
