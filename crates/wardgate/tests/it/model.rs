//! A fake model on a plain socket. It can hold its answers back until it is told to go on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Clone)]
pub(crate) struct Model {
    url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<String>>,
    held: Mutex<bool>,
    changed: Condvar,
}

impl Model {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::<State>::default();
        let model = Self {
            url,
            state: state.clone(),
        };
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || serve(&socket, &state));
            }
        });
        model
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn received(&self) -> usize {
        self.state.received.lock().unwrap().len()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.state.received.lock().unwrap().clone()
    }

    /// From now on, answers stop after their first event, or before they begin.
    pub(crate) fn hold(&self) {
        *self.state.held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.state.held.lock().unwrap() = false;
        self.state.changed.notify_all();
    }

    /// Waits until so many requests were received in all.
    pub(crate) fn wait_for(&self, count: usize) {
        let mut received = self.state.received.lock().unwrap();
        while received.len() < count {
            received = self.state.changed.wait(received).unwrap();
        }
    }
}

impl State {
    fn wait_while_held(&self) {
        let mut held = self.held.lock().unwrap();
        while *held {
            held = self.changed.wait(held).unwrap();
        }
    }
}

fn serve(socket: &TcpStream, state: &State) -> Option<()> {
    let mut reader = BufReader::new(socket);
    let mut writer = socket;
    loop {
        let mut length = 0;
        let mut line = String::new();
        while reader
            .read_line(&mut line)
            .ok()
            .filter(|read| *read > 0)
            .is_some()
            && line != "\r\n"
        {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        if length == 0 {
            return None;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?;
        let streamed = body.contains("\"stream\":true");
        {
            let mut received = state.received.lock().unwrap();
            received.push(body);
            state.changed.notify_all();
        }
        if streamed {
            answer_in_events(&mut writer, state)?;
        } else {
            state.wait_while_held();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                ANSWER.len()
            );
            writer
                .write_all(format!("{head}{ANSWER}").as_bytes())
                .ok()?;
        }
    }
}

fn answer_in_events(writer: &mut impl Write, state: &State) -> Option<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    writer.write_all(head.as_bytes()).ok()?;
    for (at, word) in ["one", "two", "three"].iter().enumerate() {
        if at > 0 {
            state.wait_while_held();
        }
        let event = format!(
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"fake\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word} \"}},\"finish_reason\":null}}]}}\n\n"
        );
        chunk(writer, &event)?;
    }
    chunk(writer, "data: [DONE]\n\n")?;
    writer.write_all(b"0\r\n\r\n").ok()
}

fn chunk(writer: &mut impl Write, text: &str) -> Option<()> {
    writer
        .write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
        .ok()
}

const ANSWER: &str = r#"{"id":"c","object":"chat.completion","created":0,"model":"fake","choices":[{"index":0,"message":{"role":"assistant","content":"Noted."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
