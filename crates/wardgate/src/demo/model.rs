//! The stand-in model: it answers from the text it is given, over real HTTP, and remembers what
//! it received so that the demo can show what a model sees.

mod answer;
mod stream;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::failure::Failure;

pub(super) use answer::{Said, say};

/// A stand-in model that listens on a loopback address.
pub(super) struct Model {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// The model stops when this is dropped.
    _stop: oneshot::Sender<()>,
}

/// One request as it reached the model.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) body: Value,
    /// Events of the answer, when it was asked for as a stream.
    pub(super) events: usize,
}

impl Seen {
    /// The whole request as text.
    pub(super) fn text(&self) -> String {
        let mut texts = Vec::new();
        strings(&self.body, &mut texts);
        texts.join("\n")
    }

    /// The text of the last message.
    pub(super) fn last_message(&self) -> &str {
        let messages = self.body.get("messages").and_then(Value::as_array);
        let last = messages.and_then(|messages| messages.last());
        last.and_then(|message| message.get("content"))
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}

impl Model {
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(
                format!("can not start the stand-in model: {error}"),
                "check that loopback addresses can be used",
            )
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let served = seen.clone();
        std::thread::Builder::new()
            .name("stand-in-model".to_owned())
            .spawn(move || runtime.block_on(serve(listener, served, stopped)))
            .map_err(failed)?;
        Ok(Self {
            address,
            seen,
            _stop: stop,
        })
    }

    /// The base address that systems of the hospital name.
    pub(super) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What was received since the last time.
    pub(super) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(
    listener: TcpListener,
    seen: Arc<Mutex<Vec<Seen>>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        // Events of a stream leave one by one.
        let _ = stream.set_nodelay(true);
        let seen = seen.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer_request(request, seen.clone()));
            // A connection that breaks is the gate's to notice.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

async fn answer_request(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await;
    let body = body
        .ok()
        .and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    let Some(body): Option<Value> = body else {
        return Ok(whole(
            StatusCode::BAD_REQUEST,
            &json!({"error": {"message": "not JSON"}}),
        ));
    };
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    let (response, events) = match path.as_str() {
        "/v1/chat/completions" if streamed => {
            let events = stream::events(&say(&body));
            let count = events.len();
            (stream::response(events), count)
        }
        "/v1/chat/completions" => (whole(StatusCode::OK, &answer::completion(&body)), 0),
        "/v1/embeddings" => (whole(StatusCode::OK, &answer::embeddings(&body)), 0),
        _ => (
            whole(
                StatusCode::NOT_FOUND,
                &json!({"error": {"message": "no such route"}}),
            ),
            0,
        ),
    };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() < SEEN_MAX {
        seen.push(Seen { body, events });
    }
    Ok(response)
}

fn whole(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())).boxed_unsync());
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn strings<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

const BODY_BYTES_MAX: usize = 64 << 20;
/// While the demo serves on, nobody looks at what the model saw.
const SEEN_MAX: usize = 1_000;
