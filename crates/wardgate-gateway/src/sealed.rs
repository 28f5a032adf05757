//! What a node without keys says to every call.

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::adapters::openai;
use crate::body::{self, AnswerBody};
use crate::refusal::{Refusal, VAULT_SEALED};

/// A refusal that is the same for everybody: without keys nobody can be identified, and nothing
/// can be recorded.
pub(crate) fn answer() -> Response<AnswerBody> {
    let refusal = Refusal::new(&VAULT_SEALED).retry_after_s(RETRY_S);
    let mut response = Response::new(body::full(Bytes::from(openai::error_body(&refusal))));
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_S));
    response
}

const RETRY_S: u32 = 10;
