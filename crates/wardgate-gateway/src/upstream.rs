//! The systems behind the gate: pooled connections per thread, deadlines, retry and fallback
//! before the first answer byte, a circuit breaker per endpoint.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use secrecy::{ExposeSecret, SecretString};
use wardgate_records::{InventorySystem, Upstream};

use crate::adapters::openai::request::with_model;
use crate::clock::Clock;
use crate::refusal::{self, Refusal};

mod breaker;

pub(crate) use breaker::Breakers;
use breaker::Verdict;

/// Deadlines and pool limits of the connections to systems.
#[derive(Debug, Clone)]
pub struct UpstreamOptions {
    /// To open a connection, its TLS handshake included.
    pub connect_timeout_ms: u64,
    /// From the last request byte to the head of the answer.
    pub first_byte_timeout_ms: u64,
    /// Between two pieces of an answer.
    pub idle_timeout_ms: u64,
    /// How long an idle pooled connection is kept.
    pub pool_idle_ms: u64,
    /// Attempts for one call over all endpoints of the system.
    pub attempts_max: u32,
}

impl Default for UpstreamOptions {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 3_000,
            first_byte_timeout_ms: 120_000,
            idle_timeout_ms: 120_000,
            pool_idle_ms: 60_000,
            attempts_max: 3,
        }
    }
}

/// The connections of one thread.
pub(crate) struct Upstreams {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    breakers: Arc<Breakers>,
    options: UpstreamOptions,
    clock: Clock,
}

/// One request to a system, the same for each of its endpoints.
pub(crate) struct Outgoing<'a> {
    /// Follows the endpoint's base URL, such as `/chat/completions`.
    pub path: &'a str,
    pub body: Bytes,
    /// The public name of the system, as the body has it.
    pub model: &'a str,
    pub streaming: bool,
}

/// The head of an answer, and how it was reached.
pub(crate) struct Reached {
    pub response: Response<Incoming>,
    pub attempts: u32,
    /// The endpoint that answered, when it is not the first.
    pub elsewhere: Option<String>,
}

/// No endpoint gave an answer.
pub(crate) struct Unreached {
    pub refusal: Refusal,
    pub attempts: u32,
}

impl Upstreams {
    /// The connections of one thread; breakers are shared with the other threads.
    pub(crate) fn new(
        tls: rustls::ClientConfig,
        breakers: Arc<Breakers>,
        options: &UpstreamOptions,
        clock: Clock,
    ) -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_connect_timeout(Some(Duration::from_millis(options.connect_timeout_ms)));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_millis(options.pool_idle_ms))
            .pool_max_idle_per_host(POOL_IDLE_MAX_PER_HOST)
            .build(connector);
        Self {
            client,
            breakers,
            options: options.clone(),
            clock,
        }
    }

    /// Tries the endpoints in order until one answers. Nothing is tried again once an answer
    /// has begun, and a request that may have been acted on is not repeated.
    pub(crate) async fn exchange(
        &self,
        system: &InventorySystem,
        outgoing: &Outgoing<'_>,
    ) -> Result<Reached, Unreached> {
        let endpoints = system.upstreams.len();
        let attempts_max = self
            .options
            .attempts_max
            .min(u32::try_from(endpoints * ROUNDS_MAX).unwrap_or(u32::MAX));
        let mut last = Refusal::new(&refusal::UPSTREAM_UNREACHABLE);
        let mut attempts = 0;
        for endpoint in system.upstreams.iter().cycle().take(attempts_max as usize) {
            attempts += 1;
            match self.attempt(system, endpoint, outgoing).await {
                Ok(response) => {
                    let first = system.upstreams.first();
                    let elsewhere = first
                        .is_none_or(|first| first.name != endpoint.name)
                        .then(|| endpoint.name.clone());
                    return Ok(Reached {
                        response,
                        attempts,
                        elsewhere,
                    });
                }
                Err(Attempt {
                    refusal,
                    retry: true,
                }) => last = refusal,
                Err(Attempt {
                    refusal,
                    retry: false,
                }) => return Err(Unreached { refusal, attempts }),
            }
        }
        Err(Unreached {
            refusal: last,
            attempts,
        })
    }

    /// Between two pieces of an answer.
    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.options.idle_timeout_ms)
    }

    async fn attempt(
        &self,
        system: &InventorySystem,
        endpoint: &Upstream,
        outgoing: &Outgoing<'_>,
    ) -> Result<Response<Incoming>, Attempt> {
        let base = endpoint.url.as_str();
        if let Verdict::Open { retry_after_ms } = self
            .breakers
            .ask(base, (self.clock)().as_millisecond().unsigned_abs())
        {
            let seconds = u32::try_from(retry_after_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            return Err(Attempt::again(
                Refusal::new(&refusal::UPSTREAM_CIRCUIT).retry_after_s(seconds),
            ));
        }
        let probe = Probe {
            breakers: &self.breakers,
            endpoint: base,
            reported: false,
        };
        let Some(request) = outgoing.request(endpoint, system.upstream_token(&endpoint.name))
        else {
            return Err(Attempt::last(Refusal::new(&refusal::UPSTREAM_UNREACHABLE)));
        };
        let deadline = Duration::from_millis(self.options.first_byte_timeout_ms);
        let outcome = within(deadline, self.client.request(request)).await;
        let now_ms = (self.clock)().as_millisecond().unsigned_abs();
        match outcome {
            None => {
                probe.failed(now_ms);
                Err(Attempt::last(Refusal::new(&refusal::UPSTREAM_TIMEOUT)))
            }
            Some(Err(error)) => {
                probe.failed(now_ms);
                tracing::warn!(
                    connect = error.is_connect(),
                    "a system could not be reached"
                );
                // A connection that was never made can not have been acted on.
                let retry = error.is_connect();
                Err(Attempt {
                    refusal: Refusal::new(&refusal::UPSTREAM_UNREACHABLE),
                    retry,
                })
            }
            Some(Ok(response)) => match response.status() {
                StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => {
                    probe.failed(now_ms);
                    Err(Attempt::again(Refusal::new(&refusal::UPSTREAM_REFUSED)))
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    probe.succeeded();
                    let seconds = retry_after_s(&response);
                    Err(Attempt::again(
                        Refusal::new(&refusal::UPSTREAM_BUSY).retry_after_s(seconds),
                    ))
                }
                _ => {
                    probe.succeeded();
                    Ok(response)
                }
            },
        }
    }
}

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreams")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Runs a future under a deadline; none when the deadline passed first.
pub(crate) async fn within<F: Future>(deadline: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(deadline, future).await.ok()
}

impl Outgoing<'_> {
    fn request(
        &self,
        endpoint: &Upstream,
        token: Option<&SecretString>,
    ) -> Option<Request<Full<Bytes>>> {
        let uri: Uri = format!("{}{}", endpoint.url.trim_end_matches('/'), self.path)
            .parse()
            .ok()?;
        let accept = if self.streaming {
            "text/event-stream"
        } else {
            "application/json"
        };
        let mut request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept)
            .header(
                header::USER_AGENT,
                concat!("wardgate/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(token) = token {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let body = match endpoint.model == self.model {
            true => self.body.clone(),
            false => with_model(&self.body, &endpoint.model),
        };
        request.body(Full::new(body)).ok()
    }
}

struct Attempt {
    refusal: Refusal,
    retry: bool,
}

impl Attempt {
    fn again(refusal: Refusal) -> Self {
        Self {
            refusal,
            retry: true,
        }
    }

    fn last(refusal: Refusal) -> Self {
        Self {
            refusal,
            retry: false,
        }
    }
}

/// Reports to the breaker once, also when the call is dropped half-way.
struct Probe<'a> {
    breakers: &'a Breakers,
    endpoint: &'a str,
    reported: bool,
}

impl Probe<'_> {
    fn succeeded(mut self) {
        self.reported = true;
        self.breakers.succeeded(self.endpoint);
    }

    fn failed(mut self, now_ms: u64) {
        self.reported = true;
        self.breakers.failed(self.endpoint, now_ms);
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.breakers.abandoned(self.endpoint);
        }
    }
}

fn retry_after_s(response: &Response<Incoming>) -> u32 {
    response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(RETRY_AFTER_S_DEFAULT)
}

const POOL_IDLE_MAX_PER_HOST: usize = 64;
const ROUNDS_MAX: usize = 2;
const RETRY_AFTER_S_DEFAULT: u32 = 1;
