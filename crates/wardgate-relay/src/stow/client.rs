//! The client side: stores objects at another DICOMweb server, a request to an object.

use std::fs::File;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::door::Wire;
use crate::fault::{RelayFault, Unpassed};
use crate::object::Cleaned;

/// A DICOMweb server that receives objects.
#[derive(Clone)]
pub struct Server {
    /// The address of its studies.
    studies: Uri,
    host: String,
    address: String,
    tls: Option<(Arc<rustls::ClientConfig>, ServerName<'static>)>,
    bearer: Option<String>,
    answer_timeout: Duration,
}

impl Server {
    /// A server by the address of its studies: `https://pacs.example/dicomweb/studies`.
    ///
    /// # Errors
    /// When the address has no host, or is plain HTTP to another machine.
    pub fn new(
        studies: &Uri,
        tls: Option<Arc<rustls::ClientConfig>>,
        bearer: Option<String>,
    ) -> Result<Self, RelayFault> {
        let host = studies
            .host()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        let unknown = || RelayFault::ServerName { name: host.clone() };
        let is_secured = studies.scheme_str() == Some("https");
        let port = studies
            .port_u16()
            .unwrap_or(if is_secured { 443 } else { 80 });
        let tls = match (is_secured, tls) {
            (true, Some(config)) => {
                let name = ServerName::try_from(host.clone()).map_err(|_| unknown())?;
                Some((config, name))
            }
            (false, None) if is_loopback(&host) => None,
            _ => return Err(unknown()),
        };
        let address = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        Ok(Self {
            studies: studies.clone(),
            address,
            host,
            tls,
            bearer,
            answer_timeout: ANSWER_TIMEOUT,
        })
    }

    /// Stores an object. Blocks the thread, which must be one of a runtime's.
    pub(crate) fn send(&self, object: &mut Cleaned) -> Result<(), Unpassed> {
        let instance = object.identity.instance.clone();
        let file = object.whole()?.try_clone();
        let file = file.map_err(|error| crate::object::storage(&error))?;
        let length = file
            .metadata()
            .map_err(|error| crate::object::storage(&error))?
            .len();
        let asked = tokio::time::timeout(self.answer_timeout, self.ask(file, length));
        let answered = tokio::runtime::Handle::current().block_on(asked);
        let (status, body) = match answered {
            Ok(Ok(answered)) => answered,
            Ok(Err(())) | Err(_) => {
                tracing::warn!("the receiver does not answer");
                return Err(Unpassed::Unreachable);
            }
        };
        match status {
            StatusCode::OK if is_stored(&body, &instance) => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Err(Unpassed::Unreachable)
            }
            status if status.is_server_error() => Err(Unpassed::Unreachable),
            status => {
                tracing::warn!(status = status.as_u16(), "the receiver refuses an object");
                Err(Unpassed::Refused)
            }
        }
    }

    async fn ask(&self, file: File, length: u64) -> Result<(StatusCode, Vec<u8>), ()> {
        let stream = TcpStream::connect(&self.address).await.map_err(|_| ())?;
        let wire: Box<dyn Wire> = match &self.tls {
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(
                    connector
                        .connect(name.clone(), stream)
                        .await
                        .map_err(|_| ())?,
                )
            }
            None => Box::new(stream),
        };
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(wire)).await.map_err(|_| ())?;
        let path = self
            .studies
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let mut request = Request::post(path)
            .header(header::HOST, &self.address)
            .header(header::ACCEPT, "application/dicom+json")
            .header(header::CONTENT_TYPE, CONTENT_TYPE);
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let request = request.body(Related::new(file, length)).map_err(|_| ())?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(|_| ())?;
            let status = answer.status();
            let body = http_body_util::Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
            let body = http_body_util::BodyExt::collect(body)
                .await
                .map_err(|_| ())?;
            Ok((status, body.to_bytes().to_vec()))
        };
        tokio::pin!(answered);
        tokio::pin!(connection);
        // The connection moves only while it is polled, and it is over with the answer.
        tokio::select! {
            answered = &mut answered => answered,
            _ = &mut connection => answered.await,
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("host", &self.host)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

/// A body of one part, read from a file as it is sent.
struct Related {
    head: Option<Bytes>,
    file: File,
    file_left: u64,
    tail: Option<Bytes>,
}

impl Related {
    fn new(file: File, length: u64) -> Self {
        Self {
            head: Some(Bytes::from_static(HEAD)),
            file,
            file_left: length,
            tail: Some(Bytes::from_static(TAIL)),
        }
    }
}

impl Body for Related {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if self.file_left > 0 {
            // The thread is one that may block: see `Server::send`.
            let mut buffer = vec![0; READ_BYTES];
            let read = self.file.read(&mut buffer);
            return Poll::Ready(Some(read.and_then(|length| {
                if length == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                buffer.truncate(length);
                self.file_left = self.file_left.saturating_sub(length as u64);
                Ok(Frame::data(Bytes::from(buffer)))
            })));
        }
        Poll::Ready(self.tail.take().map(|tail| Ok(Frame::data(tail))))
    }

    fn size_hint(&self) -> SizeHint {
        let rest = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        SizeHint::with_exact(rest(&self.head) + self.file_left + rest(&self.tail))
    }
}

/// Whether an answer says that an object was stored.
fn is_stored(body: &[u8], instance: &str) -> bool {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else {
        // Some servers answer in XML whatever is asked for, or say nothing: 200 is for all of them (PS3.18, 10.5.3).
        return memchr::memmem::find(body, b"00081198").is_none();
    };
    let items = answer
        .pointer("/00081199/Value")
        .and_then(serde_json::Value::as_array);
    let mut items = items.into_iter().flatten();
    items.any(|item| {
        item.pointer("/00081155/Value/0")
            .and_then(serde_json::Value::as_str)
            == Some(instance)
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

const CONTENT_TYPE: &str =
    "multipart/related; type=\"application/dicom\"; boundary=\"wardgate-5c0f8d2b9a7e4361\"";
const HEAD: &[u8] = b"--wardgate-5c0f8d2b9a7e4361\r\nContent-Type: application/dicom\r\n\r\n";
const TAIL: &[u8] = b"\r\n--wardgate-5c0f8d2b9a7e4361--\r\n";
const READ_BYTES: usize = 64 << 10;
const ANSWER_BYTES_MAX: usize = 1 << 20;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);
