//! The OpenAI protocol: chat completions, embeddings, models.
//!
//! Bodies are scanned once, without a document model: known fields decide whose words a string
//! holds, and every string that is not known is treated as text. What the gate does not
//! understand stays byte-exact.

pub(crate) mod answer;
mod error;
pub(crate) mod request;
pub(crate) mod stream;

pub(crate) use error::error_body;
