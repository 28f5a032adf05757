//! How providers of identity are reached: over TLS with the roots of the machine, without redirects.

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
}

impl HttpFetch {
    /// A client that trusts what the configuration says.
    pub(crate) fn new(tls: rustls::ClientConfig) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
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
        let answered = tokio::time::timeout(TIMEOUT, async {
            let answer = self.client.request(request).await;
            let (head, body) = answer.map_err(|_| FetchFault::Unreachable)?.into_parts();
            let body = Limited::new(body, BYTES_MAX).collect().await;
            let body = body.map_err(|_| FetchFault::TooLarge)?.to_bytes();
            Ok(http::Response::from_parts(head, body.to_vec()))
        });
        answered.await.unwrap_or(Err(FetchFault::TooLate))
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);
const BYTES_MAX: usize = 1 << 20;
