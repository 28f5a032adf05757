//! A client that speaks HTTP over a plain socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) record: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Asks about the hospital's patient. None when the server went away before the answer was whole.
pub(crate) fn ask(address: SocketAddr, key: &str, text: &str) -> Option<Answer> {
    Asked::send(address, key, text, false)?.finish()
}

/// Asks about another patient.
pub(crate) fn ask_about(
    address: SocketAddr,
    key: &str,
    patient: &str,
    text: &str,
) -> Option<Answer> {
    Asked::send_about(address, key, patient, (text, false))?.finish()
}

/// A call that has been sent.
pub(crate) struct Asked {
    reader: BufReader<TcpStream>,
    status: u16,
    record: String,
    chunked: bool,
    length: usize,
}

impl Asked {
    /// Sends a call and reads the head of its answer.
    pub(crate) fn send(address: SocketAddr, key: &str, text: &str, stream: bool) -> Option<Self> {
        Self::send_about(address, key, "Patient/linholm", (text, stream))
    }

    fn send_about(
        address: SocketAddr,
        key: &str,
        patient: &str,
        (text, stream): (&str, bool),
    ) -> Option<Self> {
        let mut socket = TcpStream::connect(address).ok()?;
        let message = serde_json::json!({"role": "user", "content": text});
        let body =
            serde_json::json!({"model": "ward-chat", "stream": stream, "messages": [message]});
        let body = body.to_string();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
             wardgate-purpose: TREAT\r\nwardgate-patient: {patient}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).ok()?;
        socket.write_all(body.as_bytes()).ok()?;
        let mut reader = BufReader::new(socket);
        let first = line(&mut reader)?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let mut asked = Self {
            reader,
            status,
            record: String::new(),
            chunked: false,
            length: 0,
        };
        loop {
            let line = line(&mut asked.reader)?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            match name {
                "wardgate-record" => asked.record = value.to_owned(),
                "transfer-encoding" => asked.chunked = value == "chunked",
                "content-length" => asked.length = value.parse().ok()?,
                _ => {}
            }
        }
        Some(asked)
    }

    /// The next piece of an answer that comes in pieces.
    pub(crate) fn chunk(&mut self) -> Option<String> {
        let size = usize::from_str_radix(&line(&mut self.reader)?, 16).ok()?;
        let mut bytes = vec![0; size + 2];
        self.reader.read_exact(&mut bytes).ok()?;
        bytes.truncate(size);
        String::from_utf8(bytes).ok()
    }

    /// The rest of the answer, if it is whole.
    pub(crate) fn finish(mut self) -> Option<Answer> {
        let mut body = String::new();
        if self.chunked {
            loop {
                let chunk = self.chunk()?;
                if chunk.is_empty() {
                    break;
                }
                body.push_str(&chunk);
            }
        } else {
            let mut bytes = vec![0; self.length];
            self.reader.read_exact(&mut bytes).ok()?;
            body = String::from_utf8(bytes).ok()?;
        }
        Some(Answer {
            status: self.status,
            record: self.record,
            body,
        })
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0 && line.ends_with("\r\n")).then(|| line.trim_end().to_owned())
}
