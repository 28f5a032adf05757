//! Keys that are fetched: rotated, unreachable, forged.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wardgate_identity::{
    Fetch, FetchFault, JwksAges, JwksFault, KeySources, SourceFault, TokenFault, is_key_address,
    verify,
};

use crate::token_signer::{Signer, claims_with, now, profile};

struct Provider(Mutex<Result<(u16, String), FetchFault>>);

#[async_trait]
impl Fetch for Provider {
    async fn fetch(
        &self,
        _: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, FetchFault> {
        let (status, body) = self.0.lock().unwrap().clone()?;
        Ok(http::Response::builder()
            .status(status)
            .body(body.into_bytes())
            .unwrap())
    }
}

impl Provider {
    fn of(signer: &Signer, id: &str) -> Self {
        let provider = Self(Mutex::new(Err(FetchFault::Unreachable)));
        provider.rotate(signer, id);
        provider
    }

    fn rotate(&self, signer: &Signer, id: &str) {
        *self.0.lock().unwrap() = Ok((200, json!({"keys": [signer.jwk(id)]}).to_string()));
    }

    fn answer(&self, answer: Result<(u16, &str), FetchFault>) {
        *self.0.lock().unwrap() = answer.map(|(status, body)| (status, body.to_owned()));
    }
}

const JWKS: &str = "https://ehr.example.org/jwks";

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// Runs a future that never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("nothing here waits"),
    }
}

#[test]
fn a_rotated_key_is_found_after_one_refused_token() {
    let (old, new) = (Signer::ed(1), Signer::ed(2));
    let provider = Provider::of(&old, "old");
    let sources = KeySources::new(JwksAges::default());
    sources.keep([JWKS]);
    assert_eq!(sources.due(now()), [JWKS]);
    run(sources.refresh(JWKS, &provider, now())).unwrap();
    provider.rotate(&new, "new");
    let at = later(60);
    let token = new.token(
        &json!({"alg": "EdDSA", "kid": "new"}),
        &claims_with(&json!({"iat": at.as_second()})),
    );
    let keys = sources.keys(JWKS, at).unwrap();
    assert_eq!(
        verify(&token, &profile(), &keys, at).unwrap_err(),
        TokenFault::KeyUnknown
    );
    assert!(sources.due(at).is_empty(), "nobody asked for it yet");
    sources.want(JWKS);
    assert_eq!(sources.due(at), [JWKS]);
    run(sources.refresh(JWKS, &provider, at)).unwrap();
    verify(&token, &profile(), &sources.keys(JWKS, at).unwrap(), at).unwrap();
    assert!(
        !sources.keys(JWKS, at).unwrap().knows("old"),
        "a withdrawn key is gone"
    );
}

#[test]
fn an_unreachable_provider_keeps_its_keys_for_a_day_and_then_everything_is_refused() {
    let provider = Provider::of(&Signer::ed(1), "a");
    let sources = KeySources::new(JwksAges::default());
    sources.keep([JWKS]);
    assert!(sources.keys(JWKS, now()).is_err(), "no keys, no token");
    run(sources.refresh(JWKS, &provider, now())).unwrap();
    for (answer, fault) in [
        (
            Err(FetchFault::Unreachable),
            SourceFault::Fetch(FetchFault::Unreachable),
        ),
        (Ok((500, "")), SourceFault::Status(500)),
        (Ok((302, "")), SourceFault::Status(302)),
        (Ok((200, "{}")), SourceFault::Keys(JwksFault::Malformed)),
        (
            Ok((200, r#"{"keys": []}"#)),
            SourceFault::Keys(JwksFault::NoneUsable),
        ),
    ] {
        provider.answer(answer);
        assert_eq!(
            run(sources.refresh(JWKS, &provider, later(3_600))).unwrap_err(),
            fault
        );
        assert!(sources.keys(JWKS, later(86_399)).is_ok());
    }
    assert!(sources.keys(JWKS, later(86_400)).is_err());
}

#[test]
fn keys_come_over_https_or_from_this_machine_and_only_from_known_addresses() {
    for address in [
        "https://a.example/jwks",
        "http://127.0.0.1:9/k",
        "http://[::1]/k",
        "http://localhost/k",
    ] {
        assert!(is_key_address(address), "{address}");
    }
    for address in [
        "http://a.example/jwks",
        "http://127.0.0.1.evil.example/k",
        "http://localhost.evil.example/k",
        "https://user:secret@a.example/k",
        "https://a.example/k#x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "",
    ] {
        assert!(!is_key_address(address), "{address}");
    }
    let sources = KeySources::new(JwksAges::default());
    sources.keep(["http://a.example/jwks"]);
    let provider = Provider::of(&Signer::ed(1), "a");
    let refused = run(sources.refresh("http://a.example/jwks", &provider, now()));
    assert_eq!(refused.unwrap_err(), SourceFault::Address);
    run(sources.refresh(JWKS, &provider, now())).unwrap();
    assert!(
        sources.keys(JWKS, now()).is_err(),
        "an address that is not kept has no keys"
    );
    sources.keep([]);
    assert!(sources.due(now()).is_empty());
}
