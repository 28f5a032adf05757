//! Timestamps by a real authority, and what must not pass for one.

use std::sync::Arc;

use wardgate_anchor::http::{Client, HttpFault};
use wardgate_anchor::timestamp::{self, RESPONSE_BYTES_MAX, Roots, TimestampFault};

use crate::authority::{Authority, Kind};
use crate::server;

const CHECKPOINT: &[u8] = b"hospital.example/wardgate\n7\nroot\n\n\xe2\x80\x94 signature\n";
const NONCE: timestamp::Nonce = [0xa5; 16];

fn stamp(kind: Kind) -> (Authority, Vec<u8>, Roots) {
    let authority = Authority::new(kind);
    let response = authority.reply(&timestamp::request(CHECKPOINT, &NONCE));
    let roots = Roots::from_pem(&authority.roots()).unwrap();
    (authority, response, roots)
}

#[test]
fn stamps_by_rsa_and_ecdsa_count_here_and_for_openssl() {
    for kind in [Kind::Rsa, Kind::Ecdsa] {
        let (authority, response, roots) = stamp(kind);
        let time = timestamp::verify(CHECKPOINT, &response, &roots, Some(&NONCE)).unwrap();
        assert_eq!(
            timestamp::verify(CHECKPOINT, &response, &roots, None),
            Ok(time)
        );
        assert!(authority.openssl_verifies(CHECKPOINT, &response));
    }
}

#[test]
fn stamps_over_something_else_or_of_someone_else_are_refused() {
    let (authority, response, roots) = stamp(Kind::Rsa);
    let verify = |checkpoint: &[u8], nonce: timestamp::Nonce| {
        timestamp::verify(checkpoint, &response, &roots, Some(&nonce))
    };
    assert_eq!(verify(b"other", NONCE), Err(TimestampFault::Imprint));
    assert_eq!(verify(CHECKPOINT, [1; 16]), Err(TimestampFault::Nonce));
    let others = Roots::from_pem(&Authority::new(Kind::Ecdsa).roots()).unwrap();
    let verified = timestamp::verify(CHECKPOINT, &response, &others, None);
    assert_eq!(verified, Err(TimestampFault::Untrusted));
    assert!(!authority.openssl_verifies(b"other", &response));
}

#[test]
fn certificates_that_are_over_or_for_something_else_are_refused() {
    for (kind, fault) in [
        (Kind::Expired, TimestampFault::Expired),
        (Kind::TwoPurposes, TimestampFault::Purpose),
        (Kind::NotCritical, TimestampFault::Purpose),
    ] {
        let (authority, response, roots) = stamp(kind);
        let verified = timestamp::verify(CHECKPOINT, &response, &roots, Some(&NONCE));
        assert_eq!(verified, Err(fault), "{kind:?}");
        assert!(!authority.openssl_verifies(CHECKPOINT, &response));
    }
}

#[test]
fn no_bit_of_a_response_can_be_changed_without_notice() {
    let (_authority, response, roots) = stamp(Kind::Ecdsa);
    let time = timestamp::verify(CHECKPOINT, &response, &roots, Some(&NONCE)).unwrap();
    let mut harmless = 0;
    for at in 0..response.len() {
        let mut changed = response.clone();
        changed[at] ^= 1 << (at % 8);
        match timestamp::verify(CHECKPOINT, &changed, &roots, Some(&NONCE)) {
            Err(_) => {}
            // Bytes that no signature covers, such as the version of the message: the time that
            // is told is the signed one all the same.
            Ok(told) => {
                assert_eq!(told, time);
                harmless += 1;
            }
        }
        assert!(timestamp::verify(CHECKPOINT, &response[..at], &roots, None).is_err());
    }
    assert!(
        harmless * 3 < response.len(),
        "{harmless} of {}",
        response.len()
    );
}

#[test]
fn an_authority_is_asked_over_http_with_a_bounded_answer() {
    let authority = Arc::new(Authority::new(Kind::Rsa));
    let roots = Roots::from_pem(&authority.roots()).unwrap();
    let address = server::serve(move |request| match request.path.as_str() {
        "/tsa" => {
            let media_type = request.header("content-type");
            assert_eq!(media_type, Some("application/timestamp-query"));
            (
                200,
                "application/timestamp-reply",
                authority.reply(&request.body),
            )
        }
        _ => (200, "text/plain", vec![b'x'; RESPONSE_BYTES_MAX + 1]),
    });
    let client = Client::new(None, 10_000).unwrap();
    let ask = |path: &str| {
        let url = format!("http://{address}{path}");
        let request = timestamp::request(CHECKPOINT, &NONCE);
        client.post(
            &url,
            "application/timestamp-query",
            &request,
            RESPONSE_BYTES_MAX,
        )
    };
    let answer = ask("/tsa").unwrap();
    assert_eq!(answer.status, 200);
    timestamp::verify(CHECKPOINT, &answer.body, &roots, Some(&NONCE)).unwrap();
    assert_eq!(ask("/long"), Err(HttpFault::TooLong));
}
