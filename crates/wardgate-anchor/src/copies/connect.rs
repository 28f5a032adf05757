//! The HTTP client of object stores: hyper and rustls, as everywhere else in the house.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};

/// Makes the client of a store.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) tls: rustls::ClientConfig,
    pub(super) timeout: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        Ok(HttpClient::new(Service {
            client,
            timeout: self.timeout,
        }))
    }
}

#[derive(Debug)]
struct Service {
    client: Client<HttpsConnector<TcpConnector>, HttpRequestBody>,
    timeout: Duration,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(self.timeout, self.answer(request)).await;
        answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?
    }
}

impl Service {
    /// The whole answer, since none that is asked for is larger than a bundle.
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.client.request(request).await.map_err(|error| {
            let kind = if error.is_connect() {
                HttpErrorKind::Connect
            } else {
                HttpErrorKind::Request
            };
            HttpError::new(kind, error)
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| HttpError::new_boxed(HttpErrorKind::Decode, error))?;
        Ok(HttpResponse::from_parts(
            head,
            HttpResponseBody::from(body.to_bytes()),
        ))
    }
}

/// A bundle of 256 entries of 64 KiB, and some more.
const ANSWER_BYTES_MAX: usize = 17 << 20;
