//! The service of a witness: HTTP/1.1, plain on loopback or with TLS.

use std::convert::Infallible;
use std::future::Future;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use wardgate_tlog::witness::{ADD_CHECKPOINT, REQUEST_BYTES_MAX};

use super::state::Witness;

/// Tells the time, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Serves until `stop` ends. Connections beyond the limit wait to be accepted.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    (witness, clock): (Witness, Clock),
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let acceptor = tls.map(TlsAcceptor::from);
    let shared = Arc::new(Shared {
        witness: Mutex::new(witness),
        clock,
    });
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(stop);
    loop {
        let accept = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = accept => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // A connection that went away; running out of files passes too.
            tokio::task::yield_now().await;
            continue;
        };
        let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let connection = async {
                match acceptor {
                    None => connection(stream, shared).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            connection(stream, shared).await;
                        }
                    }
                }
            };
            let _ = tokio::time::timeout(CONNECTION_TIME_MAX, connection).await;
        });
    }
}

struct Shared {
    witness: Mutex<Witness>,
    clock: Clock,
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, shared).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Response<Full<Bytes>> {
    // What comes before the last segment is the submission prefix, for a proxy to choose.
    if request.uri().path().rsplit('/').next() != Some(ADD_CHECKPOINT) {
        return plain(StatusCode::NOT_FOUND, "there is only add-checkpoint here\n");
    }
    if request.method() != Method::POST {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "send it with POST\n");
        let allowed = HeaderValue::from_static("POST");
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let body = Limited::new(request.into_body(), REQUEST_BYTES_MAX).collect();
    let body = match tokio::time::timeout(BODY_TIME_MAX, body).await {
        Err(_) => {
            return plain(
                StatusCode::REQUEST_TIMEOUT,
                "the body did not come in time\n",
            );
        }
        Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long\n"),
        Ok(Ok(body)) => body.to_bytes(),
    };
    let judged = tokio::task::spawn_blocking(move || {
        let now = (shared.clock)();
        let mut witness = shared
            .witness
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        witness.add_checkpoint(&body, now)
    });
    match judged.await {
        Ok(Ok(answer)) => {
            let status = StatusCode::from_u16(answer.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            respond(status, answer.media_type, answer.body)
        }
        Ok(Err(error)) => {
            tracing::error!(%error, hint = error.hint(), "the witness can not answer");
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the witness has a fault\n",
            )
        }
        Err(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the witness has a fault\n",
        ),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", text.to_owned())
}

fn respond(status: StatusCode, media_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Logs keep one connection each; a node asks about once a second at most.
const CONNECTIONS_MAX: usize = 256;
const HEADERS_MAX: usize = 32;
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// However often it asks, a client has to connect again after this.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(600);
