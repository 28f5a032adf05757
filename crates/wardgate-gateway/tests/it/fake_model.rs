//! A model at the edge: answers as the test says and keeps what it received.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What to answer.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// A chat completion whose content is the last message's content.
    Echo,
    /// The same as a stream, cut into pieces of so many characters, one event each.
    EchoStream { piece_chars: usize },
    /// These bytes as an event stream, in these pieces, with or without a clean end.
    RawStream { pieces: Vec<Bytes>, clean_end: bool },
    /// This status, content type and body.
    Raw {
        status: u16,
        content_type: &'static str,
        body: Bytes,
        headers: Vec<(&'static str, String)>,
    },
    /// Accepts the request and says nothing.
    Silence,
    /// Closes the connection without an answer.
    HangUp,
}

/// The running fake.
pub(crate) struct FakeModel {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    behaviours: Mutex<VecDeque<Behaviour>>,
    usual: Mutex<Behaviour>,
    received: Mutex<Vec<Received>>,
}

/// One request as the model saw it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

impl FakeModel {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            behaviours: Mutex::default(),
            usual: Mutex::new(Behaviour::Echo),
            received: Mutex::default(),
        });
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(state.clone(), request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, state }
    }

    /// How the model answers from now on.
    pub(crate) fn behaves(&self, behaviour: Behaviour) {
        *self.state.usual.lock().unwrap() = behaviour;
    }

    /// How the model answers next, once.
    pub(crate) fn next(&self, behaviour: Behaviour) {
        self.state.behaviours.lock().unwrap().push_back(behaviour);
    }

    /// All it received.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// The body of the last request.
    pub(crate) fn last_body(&self) -> String {
        self.received()
            .last()
            .expect("the model received nothing")
            .body
            .clone()
    }
}

#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}

type Body = UnsyncBoxBody<Bytes, HungUp>;

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("the gate sends UTF-8");
    let authorization = head
        .headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    state.received.lock().unwrap().push(Received {
        path: head.uri.path().to_owned(),
        authorization,
        body: body.clone(),
    });
    let behaviour = state
        .behaviours
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or_else(|| state.usual.lock().unwrap().clone());
    match behaviour {
        Behaviour::Silence => std::future::pending().await,
        Behaviour::HangUp => Err(HungUp),
        Behaviour::Raw {
            status,
            content_type,
            body,
            headers,
        } => {
            let mut response = Response::builder()
                .status(status)
                .header("content-type", content_type);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(full(body)).unwrap())
        }
        Behaviour::RawStream { pieces, clean_end } => Ok(event_stream(pieces, clean_end)),
        Behaviour::Echo if head.uri.path().ends_with("/embeddings") => {
            Ok(json(&serde_json::json!({
                "object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -1e-7]}],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            })))
        }
        Behaviour::Echo => Ok(json(&completion(&last_content(&body)))),
        Behaviour::EchoStream { piece_chars } => Ok(event_stream(
            chunks(&last_content(&body), piece_chars),
            true,
        )),
    }
}

fn full(body: Bytes) -> Body {
    Full::new(body)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

fn json(value: &serde_json::Value) -> Response<Body> {
    let body = full(Bytes::from(value.to_string()));
    Response::builder()
        .status(StatusCode::OK)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

fn event_stream(pieces: Vec<Bytes>, clean_end: bool) -> Response<Body> {
    let frames = pieces
        .into_iter()
        .map(|piece| Ok(Frame::data(piece)))
        .chain((!clean_end).then_some(Err(HungUp)));
    // Each piece leaves by itself, so that the gate sees the cuts that the test made.
    let stream = stream::unfold(frames, |mut frames| async move {
        tokio::task::yield_now().await;
        frames.next().map(|frame| (frame, frames))
    });
    let body = BodyExt::boxed_unsync(StreamBody::new(stream));
    Response::builder()
        .status(StatusCode::OK)
        .header("content-type", "text/event-stream")
        .body(body)
        .unwrap()
}

/// The text of the last message, whatever its form.
fn last_content(body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).expect("the gate sends JSON");
    match body["messages"]
        .as_array()
        .and_then(|messages| messages.last())
        .map(|message| &message["content"])
    {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// A chat completion with this content.
pub(crate) fn completion(content: &str) -> serde_json::Value {
    serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop", "logprobs": null}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    })
}

/// The events of a streamed content.
pub(crate) fn chunks(content: &str, piece_chars: usize) -> Vec<Bytes> {
    let characters: Vec<char> = content.chars().collect();
    let mut events = vec![chunk(
        &serde_json::json!({"role": "assistant", "content": ""}),
        None,
    )];
    for piece in characters.chunks(piece_chars.max(1)) {
        events.push(chunk(
            &serde_json::json!({"content": piece.iter().collect::<String>()}),
            None,
        ));
    }
    events.push(chunk(&serde_json::json!({}), Some("stop")));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

/// One event of a stream.
pub(crate) fn chunk(delta: &serde_json::Value, finish: Option<&str>) -> Bytes {
    let body = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m-2026",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    Bytes::from(format!("data: {body}\n\n"))
}
