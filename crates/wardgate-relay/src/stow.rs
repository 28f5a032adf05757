//! DICOM over HTTP: STOW-RS (PS3.18, 10.5), which passes objects on de-identified.
//!
//! A body is never held in memory: it flows into a nameless file, object by object, and the next object is
//! read when the last one was passed on.

mod answer;
mod client;
pub(crate) mod multipart;
mod request;

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::counts::Counts;
use crate::door::{Door, secured, told_to_stop};
use crate::object::Objects;
use request::{Piece, Refused};

pub use client::Server;

/// What a relay of objects over HTTP does.
#[derive(Clone)]
pub struct Options {
    /// What is done with the objects.
    pub objects: Objects,
    /// The token that callers must show; none, where it is not set.
    pub bearer: Option<String>,
    /// The longest request that is taken.
    pub request_bytes_max: u64,
}

/// The longest request that is taken, unless it is set.
pub const REQUEST_BYTES_MAX: u64 = 64 << 30;

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("objects", &self.objects)
            .field("bearer", &self.bearer.is_some())
            .field("request_bytes_max", &self.request_bytes_max)
            .finish_non_exhaustive()
    }
}

pub(crate) async fn serve(
    door: Door,
    options: Options,
    counts: Arc<Counts>,
    stopped: watch::Receiver<bool>,
) {
    let acceptor = door.listen.tls.clone().map(TlsAcceptor::from);
    let idle_timeout = door.listen.idle_timeout;
    let web = Arc::new(Web {
        options,
        counts,
        idle_timeout,
    });
    door.serve(stopped.clone(), |stream| {
        let (web, acceptor, mut stopped) = (Arc::clone(&web), acceptor.clone(), stopped.clone());
        async move {
            let Some(wire) = secured(stream, acceptor, idle_timeout).await else {
                return;
            };
            let service = service_fn(move |request| {
                let web = Arc::clone(&web);
                async move { Ok::<_, Infallible>(web.answer(request).await) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT.min(idle_timeout))
                .max_headers(HEADERS_MAX)
                .serve_connection(TokioIo::new(wire), service);
            tokio::pin!(served);
            let ended = tokio::select! {
                ended = served.as_mut() => ended,
                () = told_to_stop(&mut stopped) => {
                    served.as_mut().graceful_shutdown();
                    served.await
                }
            };
            if ended.is_err() {
                tracing::debug!("a connection ended early");
            }
        }
    })
    .await;
}

struct Web {
    options: Options,
    counts: Arc<Counts>,
    idle_timeout: Duration,
}

impl Web {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let Some(study) = study_of(request.uri().path()) else {
            return plain(
                StatusCode::NOT_FOUND,
                "there is only /dicomweb/studies here\n",
            );
        };
        let study = study.map(str::to_owned);
        if request.method() != Method::POST {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "send objects with POST\n");
            refused
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("POST"));
            return refused;
        }
        if !self.is_allowed(&request) {
            let mut refused = plain(StatusCode::UNAUTHORIZED, "a bearer token is needed\n");
            let scheme = HeaderValue::from_static("Bearer");
            refused
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
            return refused;
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let boundary = content_type.and_then(|value| boundary_of(value.to_str().ok()?));
        let Some(boundary) = boundary else {
            return plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "send multipart/related with parts of application/dicom\n",
            );
        };
        let told = request.headers().get(header::CONTENT_LENGTH);
        let told = told.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|length| length > self.options.request_bytes_max) {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long\n");
        }
        self.store(request.into_body(), boundary, study).await
    }

    async fn store(
        self: Arc<Self>,
        body: Incoming,
        boundary: String,
        study: Option<String>,
    ) -> Response<Full<Bytes>> {
        let (pieces, received) = mpsc::channel(PIECES_WAITING);
        let stored = {
            let web = Arc::clone(&self);
            tokio::task::spawn_blocking(move || {
                request::store(
                    received,
                    &boundary,
                    study.as_deref(),
                    &web.options,
                    &web.counts,
                )
            })
        };
        let is_too_long = self.forward(body, pieces).await;
        let Ok(stored) = stored.await else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the relay has a fault\n");
        };
        if is_too_long {
            return closing(plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the request is too long\n",
            ));
        }
        match stored {
            Ok(answer) => {
                let status = StatusCode::from_u16(answer.status());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                respond(status, "application/dicom+json", answer.body().into())
            }
            Err(refused) => closing(refusal(&refused)),
        }
    }

    /// Gives the pieces of a body to the thread that reads them; true when there were too many.
    async fn forward(&self, mut body: Incoming, pieces: mpsc::Sender<Piece>) -> bool {
        let mut left = self.options.request_bytes_max;
        loop {
            let piece = match tokio::time::timeout(self.idle_timeout, body.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Some(data),
                    Err(_) => continue,
                },
                Ok(None) => return false,
                Ok(Some(Err(_))) | Err(_) => None,
            };
            let length = piece.as_ref().map_or(0, Bytes::len) as u64;
            let Some(rest) = left.checked_sub(length) else {
                let _ = pieces.send(None).await;
                return true;
            };
            left = rest;
            let ended = piece.is_none();
            // Nobody reads on when the request was refused already.
            if pieces.send(piece).await.is_err() || ended {
                return false;
            }
        }
    }

    fn is_allowed(&self, request: &Request<Incoming>) -> bool {
        let Some(token) = &self.options.bearer else {
            return true;
        };
        let shown = request.headers().get(header::AUTHORIZATION);
        let shown = shown.map(HeaderValue::as_bytes).unwrap_or_default();
        let expected = format!("Bearer {token}");
        // In the same time whatever is shown.
        aws_lc_rs::constant_time::verify_slices_are_equal(shown, expected.as_bytes()).is_ok()
    }
}

/// The study that an address names; nothing where it is another address.
fn study_of(path: &str) -> Option<Option<&str>> {
    let rest = path.strip_prefix("/dicomweb/studies")?;
    if matches!(rest, "" | "/") {
        return Some(None);
    }
    let uid = rest.strip_prefix('/')?.trim_end_matches('/');
    let is_uid = !uid.is_empty()
        && uid.len() <= 64
        && uid
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_uid.then_some(Some(uid))
}

/// The boundary of a body of DICOM files.
fn boundary_of(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';');
    let essence = parts.next()?.trim();
    if !essence.eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    let mut boundary = None;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "type" if !value.eq_ignore_ascii_case("application/dicom") => return None,
            "boundary" => boundary = Some(value.to_owned()),
            _ => {}
        }
    }
    boundary.filter(|boundary| (1..=70).contains(&boundary.len()))
}

fn refusal(refused: &Refused) -> Response<Full<Bytes>> {
    match refused {
        Refused::Malformed(why) => respond(
            StatusCode::BAD_REQUEST,
            "text/plain",
            format!("{why}\n").into(),
        ),
        Refused::OtherType => plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "each part must be of application/dicom\n",
        ),
        Refused::TooLong => plain(StatusCode::PAYLOAD_TOO_LARGE, "an object is too long\n"),
        Refused::Ended => plain(StatusCode::BAD_REQUEST, "the body did not come whole\n"),
    }
}

/// The rest of the body is not read, so no other request can follow.
fn closing(mut answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain", Bytes::from_static(text.as_bytes()))
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const HEADERS_MAX: usize = 64;
/// Pieces of a body that wait to be read; the sender waits with the next one.
const PIECES_WAITING: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_types_are_told_apart() {
        assert_eq!(study_of("/dicomweb/studies"), Some(None));
        assert_eq!(study_of("/dicomweb/studies/"), Some(None));
        assert_eq!(study_of("/dicomweb/studies/1.2.3"), Some(Some("1.2.3")));
        for other in [
            "/",
            "/dicomweb/studiesx",
            "/dicomweb/studies/a",
            "/dicomweb/studies/1/series",
        ] {
            assert_eq!(study_of(other), None, "{other}");
        }
        let related = "multipart/related; type=\"application/dicom\"; boundary=\"b\"";
        assert_eq!(boundary_of(related).as_deref(), Some("b"));
        assert_eq!(
            boundary_of("Multipart/Related;boundary=x").as_deref(),
            Some("x")
        );
        for other in [
            "multipart/form-data; boundary=b",
            "multipart/related",
            "multipart/related; type=application/dicom+json; boundary=b",
        ] {
            assert_eq!(boundary_of(other), None, "{other}");
        }
    }
}
