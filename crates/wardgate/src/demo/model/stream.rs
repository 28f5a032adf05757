//! An answer as server-sent events, in pieces that pay no respect to words or placeholders.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep};

use super::answer::{FINGERPRINT, MODEL, Said};

/// The events of an answer, each with its empty line, `[DONE]` last.
pub(super) fn events(said: &Said) -> Vec<Bytes> {
    let mut events = vec![event(&json!({"role": "assistant", "content": ""}), None)];
    let reason = match said {
        Said::Text(text) => {
            events.extend(
                pieces(text)
                    .iter()
                    .map(|piece| event(&json!({"content": piece}), None)),
            );
            "stop"
        }
        Said::Tool { name, arguments } => {
            let function = json!({"name": name, "arguments": ""});
            let call =
                json!({"index": 0, "id": "call_1", "type": "function", "function": function});
            events.push(event(&json!({"tool_calls": [call]}), None));
            events.extend(pieces(arguments).iter().map(|piece| {
                let call = json!({"index": 0, "function": {"arguments": piece}});
                event(&json!({"tool_calls": [call]}), None)
            }));
            "tool_calls"
        }
    };
    events.push(event(&json!({}), Some(reason)));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

pub(super) fn response(events: Vec<Bytes>) -> Response<super::Body> {
    let body = Events {
        events: events.into(),
        pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
    };
    let mut response = Response::new(body.boxed_unsync());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Events with a short pause before each, as a model makes them.
struct Events {
    events: VecDeque<Bytes>,
    pause: Pin<Box<Sleep>>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        ready!(self.pause.as_mut().poll(cx));
        self.pause.as_mut().reset(Instant::now() + PAUSE);
        Poll::Ready(self.events.pop_front().map(|event| Ok(Frame::data(event))))
    }
}

fn event(delta: &Value, finish_reason: Option<&str>) -> Bytes {
    let chunk = json!({
        "id": "chatcmpl-stand-in",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": MODEL,
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    });
    Bytes::from(format!("data: {chunk}\n\n"))
}

/// Pieces of a few characters each.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut rest = characters.as_slice();
    let mut pieces = Vec::new();
    for size in PIECE_CHARS.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at_checked(*size).unwrap_or((rest, &[]));
        pieces.push(piece.iter().collect());
        rest = behind;
    }
    pieces
}

const PIECE_CHARS: [usize; 5] = [7, 11, 4, 13, 9];
const PAUSE: Duration = Duration::from_millis(2);
