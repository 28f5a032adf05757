//! A model at the edge: answers as the test says and keeps what it received.

use std::collections::VecDeque;
use std::convert::Infallible;
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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What to answer.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// A chat completion whose content is the last message's content.
    Echo,
    /// The same as a stream, cut into pieces of so many characters, one event each.
    EchoStream { piece_chars: usize },
    /// These bytes as an event stream, in these pieces.
    RawStream { pieces: Vec<Bytes>, end: End },
    /// A stream whose rest comes once it is told to.
    Told {
        first: Bytes,
        rest: Bytes,
        tell: Arc<Notify>,
    },
    /// A whole answer that promises more bytes than it brings.
    CutShort { body: Bytes },
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

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As HTTP ends a body.
    Clean,
    /// The connection breaks.
    Cut,
    /// Never: nothing comes any more.
    Open,
}

/// Looks at the world in the moment in which a request has arrived.
type Hook = Box<dyn Fn() + Send + Sync>;

/// The running fake.
pub(crate) struct FakeModel {
    /// The base of its routes.
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    behaviours: Mutex<VecDeque<Behaviour>>,
    usual: Mutex<Behaviour>,
    received: Mutex<Vec<Received>>,
    hook: Mutex<Option<Hook>>,
}

/// One request as the model saw it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    /// All headers as one text.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl FakeModel {
    pub(crate) async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = match tls {
            None => format!("http://{address}/v1"),
            Some(_) => format!("https://localhost:{}/v1", address.port()),
        };
        let state = Arc::new(State {
            behaviours: Mutex::default(),
            usual: Mutex::new(Behaviour::Echo),
            received: Mutex::default(),
            hook: Mutex::default(),
        });
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(state, stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(state, stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, state }
    }

    /// How the model answers from now on.
    pub(crate) fn behaves(&self, behaviour: Behaviour) {
        *self.state.usual.lock().unwrap() = behaviour;
    }

    /// How the model answers next, once.
    pub(crate) fn next(&self, behaviour: Behaviour) {
        self.state.behaviours.lock().unwrap().push_back(behaviour);
    }

    /// Runs the hook whenever a request has arrived, before it is answered.
    pub(crate) fn on_request(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.state.hook.lock().unwrap() = Some(Box::new(hook));
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn has_received(&self, count: usize) {
        while self.state.received.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
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

async fn serve(state: Arc<State>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let service = service_fn(move |request| answer(state.clone(), request));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("the gate sends UTF-8");
    if let Some(hook) = state.hook.lock().unwrap().as_ref() {
        hook();
    }
    let authorization = head
        .headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    state.received.lock().unwrap().push(Received {
        path: head.uri.path().to_owned(),
        authorization,
        headers: format!("{:?}", head.headers),
        body: body.clone(),
    });
    let behaviour = state
        .behaviours
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or_else(|| state.usual.lock().unwrap().clone());
    respond(behaviour, head.uri.path(), &body).await
}

async fn respond(behaviour: Behaviour, path: &str, body: &str) -> Result<Response<Body>, HungUp> {
    match behaviour {
        Behaviour::Silence => std::future::pending().await,
        Behaviour::HangUp => Err(HungUp),
        Behaviour::Raw {
            status,
            content_type,
            body: answer,
            headers,
        } => {
            let mut response = Response::builder()
                .status(status)
                .header("content-type", content_type);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(full(answer)).unwrap())
        }
        Behaviour::RawStream { pieces, end } => Ok(in_pieces("text/event-stream", pieces, end)),
        Behaviour::Told { first, rest, tell } => {
            let stream = stream::unfold(0, move |step| {
                let (first, rest, tell) = (first.clone(), rest.clone(), tell.clone());
                async move {
                    if step == 1 {
                        tell.notified().await;
                    }
                    let piece = [first, rest].into_iter().nth(step)?;
                    Some((Ok(Frame::data(piece)), step + 1))
                }
            });
            Ok(streamed(
                "text/event-stream",
                BodyExt::boxed_unsync(StreamBody::new(stream)),
            ))
        }
        Behaviour::CutShort { body: half } => {
            Ok(in_pieces("application/json", vec![half], End::Cut))
        }
        Behaviour::Echo if path.ends_with("/embeddings") => Ok(json(&serde_json::json!({
            "object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -1e-7]}],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }))),
        Behaviour::Echo => Ok(json(&completion(&last_content(body)))),
        Behaviour::EchoStream { piece_chars } => Ok(in_pieces(
            "text/event-stream",
            chunks(&last_content(body), piece_chars),
            End::Clean,
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

fn in_pieces(content_type: &'static str, pieces: Vec<Bytes>, end: End) -> Response<Body> {
    // Each piece leaves by itself, so that the gate sees the cuts that the test made.
    let stream = stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        tokio::task::yield_now().await;
        match (pieces.next(), end) {
            (Some(piece), _) => Some((Ok(Frame::data(piece)), pieces)),
            (None, End::Clean) => None,
            (None, End::Cut) => Some((Err(HungUp), pieces)),
            (None, End::Open) => std::future::pending().await,
        }
    });
    streamed(content_type, BodyExt::boxed_unsync(StreamBody::new(stream)))
}

fn streamed(content_type: &'static str, body: Body) -> Response<Body> {
    Response::builder()
        .status(StatusCode::OK)
        .header("content-type", content_type)
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
