//! How other servers are asked: over TLS with the roots of the machine, without redirects, within limits.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use wardgate_identity::{Fetch, FetchFault};

/// An HTTP client with limits.
pub(crate) struct HttpFetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
    bytes_max: usize,
}

impl HttpFetch {
    /// A client that trusts what the configuration says, for short answers.
    pub(crate) fn new(tls: rustls::ClientConfig) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            timeout: TIMEOUT,
            bytes_max: BYTES_MAX,
        }
    }

    /// The same for files, which are larger and take longer.
    pub(crate) fn of_files(self) -> Self {
        Self {
            timeout: FILE_TIMEOUT,
            bytes_max: wardgate_console::FILE_BYTES_MAX,
            ..self
        }
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let answered = tokio::time::timeout(self.timeout, async {
            let answer = self.client.request(request).await;
            let (head, body) = answer.map_err(|_| FetchFault::Unreachable)?.into_parts();
            let body = Limited::new(body, self.bytes_max).collect().await;
            let body = body.map_err(|_| FetchFault::TooLarge)?.to_bytes();
            Ok(http::Response::from_parts(head, body.to_vec()))
        });
        answered.await.unwrap_or(Err(FetchFault::TooLate))
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);
const BYTES_MAX: usize = 1 << 20;
const FILE_TIMEOUT: Duration = Duration::from_secs(300);
