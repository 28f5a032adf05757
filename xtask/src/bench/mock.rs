//! The mock model: answers with a part of the text that it was sent, as JSON or as a paced stream,
//! and keeps count of the planted identifiers that it saw.

use std::io::Result;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Connection, Head, message};
use crate::{note, pace};

/// Events of a stream: the role, the pieces, the finish, the end mark.
pub(crate) const STREAM_EVENTS: usize = 47;
/// Events of a stream that hold text.
const STREAM_PIECES: usize = STREAM_EVENTS - 3;
/// Time from one event to the next.
pub(crate) const STREAM_PACE: Duration = Duration::from_millis(20);
/// One call in so many is searched for identifiers, and every stream is.
const SEARCH_EVERY: u64 = 16;

static CALLS: AtomicU64 = AtomicU64::new(0);
/// One bit for each identifier that was seen since the last question.
static SEEN: AtomicU64 = AtomicU64::new(0);

/// Serves until the process is ended. Prints its address first.
pub(crate) fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen)?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer_all(stream));
    }
    Ok(())
}

/// Answers call after call on one connection, until the peer closes it.
fn answer_all(stream: TcpStream) {
    let Ok(mut connection) = Connection::on(stream) else {
        return;
    };
    while let Ok(head) = connection.head() {
        if answer(&mut connection, &head).is_err() {
            return;
        }
    }
}

fn answer(connection: &mut Connection, head: &Head) -> Result<()> {
    if head.header("expect").is_some() {
        connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = connection.body(head)?;
    if head.first.starts_with("GET /seen ") {
        let seen = SEEN.swap(0, Ordering::Relaxed).count_ones().to_string();
        return connection.write(&message("HTTP/1.1 200 OK", &[], seen.as_bytes()));
    }
    let Ok(call) = serde_json::from_slice::<Value>(&body) else {
        return connection.write(&message("HTTP/1.1 400 Bad Request", &[], b"{}"));
    };
    let stream = call.get("stream").and_then(Value::as_bool).unwrap_or(false);
    if stream
        || CALLS
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SEARCH_EVERY)
    {
        search(&body);
    }
    let text = note::answer(user_text(&call));
    if stream {
        return answer_stream(connection, &text);
    }
    let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
    let usage = json!({"prompt_tokens": 1024, "completion_tokens": 160, "total_tokens": 1184});
    let value = json!({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_700_000_000,
        "model": "ward-chat", "choices": [choice], "usage": usage,
    });
    let head = [("content-type", "application/json")];
    connection.write(&message(
        "HTTP/1.1 200 OK",
        &head,
        value.to_string().as_bytes(),
    ))
}

/// Writes the answer as events, one every pace, each as one chunk in one write.
fn answer_stream(connection: &mut Connection, text: &str) -> Result<()> {
    let letters: Vec<char> = text.chars().collect();
    let size = letters.len().div_ceil(STREAM_PIECES).max(1);
    let mut pieces: Vec<String> = letters
        .chunks(size)
        .map(|piece| piece.iter().collect())
        .collect();
    pieces.resize(STREAM_PIECES, String::new());
    let mut first = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
        cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec();
    first.extend(event(&json!({"role": "assistant", "content": ""}), None));
    connection.write(&first)?;
    let mut next = Instant::now();
    for piece in pieces {
        next += STREAM_PACE;
        pace::until(next);
        connection.write(&event(&json!({"content": piece}), None))?;
    }
    let mut last = event(&json!({}), Some("stop"));
    last.extend(chunk("data: [DONE]\n\n"));
    last.extend(b"0\r\n\r\n");
    connection.write(&last)
}

/// One event of a stream as a chunk.
fn event(delta: &Value, finish: Option<&str>) -> Vec<u8> {
    let value = json!({
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": "ward-chat",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    chunk(&format!("data: {value}\n\n"))
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

/// The text of the last message.
fn user_text(call: &Value) -> &str {
    let messages = call.get("messages").and_then(Value::as_array);
    let content = messages
        .and_then(|list| list.last())
        .and_then(|last| last.get("content"));
    match content {
        Some(Value::Array(parts)) => parts
            .iter()
            .find_map(|part| part.get("text"))
            .and_then(Value::as_str)
            .unwrap_or(""),
        Some(value) => value.as_str().unwrap_or(""),
        None => "",
    }
}

/// Notes which planted identifiers a body holds.
fn search(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    for (bit, identifier) in note::IDENTIFIERS.iter().enumerate() {
        if text.contains(identifier) {
            SEEN.fetch_or(1 << bit, Ordering::Relaxed);
        }
    }
}
