//! Reading a request's body, and the body of an answer.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream::BoxStream;
use http::{HeaderMap, header};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;

use crate::refusal::{self, Refusal};

/// The body of whatever the gate answers.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Cut>;

/// The gate cuts the connection, so that nobody takes a part of an answer for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut off")]
pub(crate) struct Cut;

/// A body that is there at once.
pub(crate) fn full(bytes: Bytes) -> AnswerBody {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// A body that comes in pieces.
pub(crate) fn streamed(pieces: BoxStream<'static, Result<Frame<Bytes>, Cut>>) -> AnswerBody {
    BodyExt::boxed_unsync(StreamBody::new(pieces))
}

/// Reads the whole body of a request within its limits, and unpacks it.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limits: &BodyLimits,
) -> Result<Bytes, Refusal> {
    let gzipped = gzip_encoded(headers).ok_or_else(|| Refusal::new(&refusal::CONTENT_ENCODING))?;
    let deadline = Duration::from_millis(limits.body_timeout_ms);
    let packed = tokio::time::timeout(deadline, collect(body, limits.body_bytes_max))
        .await
        .map_err(|_elapsed| Refusal::new(&refusal::BODY_TIMEOUT))?
        .map_err(|fault| match fault {
            CollectFault::TooLarge => Refusal::new(&refusal::BODY_TOO_LARGE),
            CollectFault::Broken => Refusal::new(&refusal::BODY_BROKEN),
        })?;
    if !gzipped {
        return Ok(packed);
    }
    gunzip(&packed, limits.body_bytes_max).map_err(|fault| match fault {
        CollectFault::TooLarge => Refusal::new(&refusal::BODY_TOO_LARGE),
        CollectFault::Broken => Refusal::because(
            &refusal::CONTENT_ENCODING,
            "the body is not valid gzip".to_owned(),
        ),
    })
}

/// Limits of one request's body.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// Bytes of the body, before and after unpacking.
    pub body_bytes_max: usize,
    /// To read the whole body.
    pub body_timeout_ms: u64,
}

/// Collects a body of at most `bytes_max` bytes.
pub(crate) async fn collect(mut body: Incoming, bytes_max: usize) -> Result<Bytes, CollectFault> {
    // A length that the head announces needs no waiting for the body.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(CollectFault::TooLarge);
    }
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| CollectFault::Broken)?.into_data() else {
            continue;
        };
        if all.len() + first.as_ref().map_or(0, Bytes::len) + piece.len() > bytes_max {
            return Err(CollectFault::TooLarge);
        }
        // Most bodies come in one piece, which then needs no copy.
        match (first.take(), all.is_empty()) {
            (None, true) => first = Some(piece),
            (Some(head), _) => {
                all.extend_from_slice(&head);
                all.extend_from_slice(&piece);
            }
            (None, false) => all.extend_from_slice(&piece),
        }
    }
    Ok(first.unwrap_or_else(|| all.freeze()))
}

/// Why a body could not be had.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CollectFault {
    TooLarge,
    Broken,
}

/// Unpacks gzip, at most to `bytes_max` bytes: a small body must not become a huge one.
pub(crate) fn gunzip(packed: &[u8], bytes_max: usize) -> Result<Bytes, CollectFault> {
    let mut out = Vec::with_capacity(packed.len().saturating_mul(4).min(bytes_max));
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    GzDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut out)
        .map_err(|_| CollectFault::Broken)?;
    if out.len() > bytes_max {
        Err(CollectFault::TooLarge)
    } else {
        Ok(Bytes::from(out))
    }
}

/// Packs a long body for a client that takes gzip; short ones cost more to pack than to send.
pub(crate) fn gzip_if_worth_it(asked: &HeaderMap, body: &[u8]) -> Option<Bytes> {
    let accepted = asked.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes_gzip = accepted.split(',').any(|coding| {
        let mut words = coding.split(';').map(str::trim);
        let gzip = words
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        gzip && !words.any(|quality| quality.eq_ignore_ascii_case("q=0"))
    });
    if !takes_gzip || body.len() < GZIP_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Whether the body is gzip; none for any other encoding.
pub(crate) fn gzip_encoded(headers: &HeaderMap) -> Option<bool> {
    match headers.get(header::CONTENT_ENCODING) {
        None => Some(false),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"identity") => Some(false),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"gzip") => Some(true),
        Some(_) => None,
    }
}

const GZIP_BYTES_MIN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn unpacks_up_to_the_limit_and_not_beyond() {
        let packed = gzip(&[b' '; 1000]);
        assert!(packed.len() < 100);
        assert_eq!(gunzip(&packed, 1000).unwrap().len(), 1000);
        assert_eq!(gunzip(&packed, 999), Err(CollectFault::TooLarge));
        assert_eq!(gunzip(&packed[..20], 1000), Err(CollectFault::Broken));
    }
}
