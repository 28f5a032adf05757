//! How this crate reaches others: one request, one bounded answer.

use async_trait::async_trait;

/// Sends requests to providers of identity.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Sends one request and reads the whole answer. It follows no redirect, waits no longer than
    /// its own limit and reads no more than its own limit.
    ///
    /// # Errors
    /// When there is no answer within the limits.
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault>;
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFault {
    /// Nobody answers there.
    #[error("it cannot be reached")]
    Unreachable,
    /// The answer takes too long.
    #[error("it did not answer in time")]
    TooLate,
    /// The answer is larger than is read.
    #[error("its answer is too large")]
    TooLarge,
}
