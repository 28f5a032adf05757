//! Copies in a bucket: a store that checks signatures and conditions as S3 does, and fails.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::{digest, hmac};
use wardgate_anchor::copies::{Brought, Bucket, CopyFault, Credentials, Target};
use wardgate_ledger::verify;

use crate::log::Log;
use crate::server::{self, RawReply, Request};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What the store holds, and what it was asked to write, in order.
#[derive(Default)]
struct Store {
    objects: BTreeMap<String, Vec<u8>>,
    written: Vec<String>,
    /// How many more writes succeed before the store is out of reach.
    writes_left: Option<usize>,
}

type Shared = Arc<Mutex<Store>>;

fn store() -> (Shared, SocketAddr) {
    let shared = Shared::default();
    let store = Arc::clone(&shared);
    let address = server::serve_raw(move |request| answer(&mut store.lock().unwrap(), &request));
    (shared, address)
}

fn answer(store: &mut Store, request: &Request) -> RawReply {
    if !is_signed(request, SECRET) {
        return error(403, "SignatureDoesNotMatch");
    }
    let key = request.path.strip_prefix("/bucket/").unwrap().to_owned();
    let held = store.objects.get(&key);
    match (request.method.as_str(), held) {
        ("GET" | "HEAD", None) => error(404, "NoSuchKey"),
        ("GET" | "HEAD", Some(bytes)) => (200, described(bytes), bytes.clone()),
        ("PUT", held) => {
            let tag = held.map(|bytes| tag(bytes));
            let absent = request.header("if-none-match") == Some("*");
            let same = request.header("if-match");
            assert!(absent || same.is_some(), "an unconditional write of {key}");
            if (absent && tag.is_some()) || (same.is_some() && same != tag.as_deref()) {
                return error(412, "PreconditionFailed");
            }
            match &mut store.writes_left {
                Some(0) => return error(400, "OutOfReach"),
                Some(left) => *left -= 1,
                None => {}
            }
            store.written.push(key.clone());
            store.objects.insert(key, request.body.clone());
            (200, described(&request.body), Vec::new())
        }
        (method, _) => panic!("{method}"),
    }
}

fn error(status: u16, code: &str) -> RawReply {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    let header = "content-type: application/xml\r\n".to_owned();
    (status, header, body.into_bytes())
}

fn described(bytes: &[u8]) -> String {
    format!(
        "etag: {}\r\nlast-modified: Mon, 30 Nov 2026 00:00:00 GMT\r\n",
        tag(bytes)
    )
}

fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", sha256(bytes))
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks AWS Signature Version 4, written from the published description.
fn is_signed(request: &Request, secret: &str) -> bool {
    let payload = request.header("x-amz-content-sha256").unwrap_or_default();
    let authorization = request.header("authorization").unwrap_or_default();
    let field = |name: &str| {
        let start = authorization.find(name)? + name.len();
        authorization.get(start..)?.split(',').next()
    };
    let (Some(credential), Some(names), Some(signature)) = (
        field("Credential="),
        field("SignedHeaders="),
        field("Signature="),
    ) else {
        return false;
    };
    let mut headers = String::new();
    for name in names.split(';') {
        let value = request.header(name).unwrap_or_default().trim();
        headers.push_str(&format!("{name}:{value}\n"));
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let Request { method, .. } = request;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
    let (_, scope) = credential.split_once('/').unwrap();
    let time = request.header("x-amz-date").unwrap_or_default();
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        sha256(canonical.as_bytes())
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = sign(&key, part.as_bytes());
    }
    hex(&sign(&key, text.as_bytes())) == signature && payload == sha256(&request.body)
}

fn sign(key: &[u8], text: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text).as_ref().to_vec()
}

#[test]
fn the_store_checks_signatures_as_the_published_example_has_them() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = Request {
        method: "GET".to_owned(),
        path: "/test.txt".to_owned(),
        headers: vec![
            header("host", "examplebucket.s3.amazonaws.com"),
            header("range", "bytes=0-9"),
            header("x-amz-content-sha256", &sha256(b"")),
            header("x-amz-date", "20130524T000000Z"),
            header(
                "authorization",
                "AWS4-HMAC-SHA256 \
                 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ],
        body: Vec::new(),
    };
    assert!(is_signed(
        &request,
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    ));
    assert!(!is_signed(&request, "another"));
}

fn target(address: SocketAddr, secret: &str) -> Target {
    in_bucket(&format!("http://{address}"), "bucket", (ID, secret))
}

fn in_bucket(endpoint: &str, bucket: &str, (id, secret): (&str, &str)) -> Target {
    let text = format!("aws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Target::Bucket(Box::new(Bucket {
        endpoint: Some(endpoint.to_owned()),
        region: "us-east-1".to_owned(),
        bucket: bucket.to_owned(),
        prefix: "node-1".to_owned(),
        credentials: Credentials::parse(&text).unwrap(),
        tls,
    }))
}

fn bring(log: &Log, target: &Target) -> Result<Brought, CopyFault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { target.open()?.bring(&log.tree(), &log.key()).await })
}

/// Writes what the store holds to a directory.
fn download(shared: &Shared) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (key, bytes) in &shared.lock().unwrap().objects {
        let path = place.path().join(key.strip_prefix("node-1/").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    place
}

#[test]
fn a_copy_in_a_bucket_verifies_and_grows() {
    let (shared, address) = store();
    let target = target(address, SECRET);
    let log = Log::new(1, 0);
    for size in [0, 5, 300] {
        log.grow_to(size);
        assert_eq!(bring(&log, &target).unwrap().size, size);
        let again = bring(&log, &target).unwrap();
        assert_eq!(again, Brought { size, created: 0 });
        let place = download(&shared);
        let key = log.key().to_string();
        assert_eq!(verify(place.path(), &key).unwrap().size, size);
    }
}

#[test]
fn after_a_partition_what_is_missing_follows_in_order_and_nothing_twice() {
    let (shared, address) = store();
    let target = target(address, SECRET);
    let log = Log::new(1, 0);
    log.grow_to(10);
    bring(&log, &target).unwrap();
    let before = shared.lock().unwrap().written.len();
    // Days of entries gather while the store takes a few writes now and then.
    log.grow_to(1_600);
    let mut rounds = 0;
    loop {
        shared.lock().unwrap().writes_left = Some(3);
        rounds += 1;
        match bring(&log, &target) {
            Ok(brought) => {
                assert_eq!(brought.size, 1_600);
                break;
            }
            Err(fault) => assert!(!fault.is_contradiction(), "{fault}"),
        }
    }
    assert!(rounds > 4);
    let store = shared.lock().unwrap();
    let written = &store.written[before..];
    let mut bundles = written.iter().filter(|key| key.contains("/entries/"));
    assert!(bundles.clone().is_sorted());
    assert_eq!(bundles.next_back().unwrap(), "node-1/tile/entries/006.p/64");
    assert_eq!(written.last().unwrap(), "node-1/checkpoint");
    let mut once = written.to_vec();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), written.len());
    drop(store);
    let key = log.key().to_string();
    assert_eq!(verify(download(&shared).path(), &key).unwrap().size, 1_600);
}

/// Runs where `WARDGATE_S3` says, in JSON, where a foreign S3 server is; `cargo xtask test` starts one.
#[test]
fn a_foreign_store_takes_copies_and_refuses_a_wrong_secret() {
    let Ok(place) = std::env::var("WARDGATE_S3") else {
        return;
    };
    let place: serde_json::Value = serde_json::from_str(&place).unwrap();
    let field = |name: &str| place[name].as_str().unwrap().to_owned();
    let (endpoint, bucket) = (field("endpoint"), field("bucket"));
    let (id, secret) = (field("id"), field("secret"));
    let log = Log::new(1, 0);
    log.grow_to(20);
    let stranger = in_bucket(&endpoint, &bucket, (&id, "another+secret"));
    assert!(bring(&log, &stranger).is_err());

    let ours = in_bucket(&endpoint, &bucket, (&id, &secret));
    let aside = tempfile::tempdir().unwrap();
    Log::copy(&log.directory(), aside.path());
    for size in [20, 300, 1_000] {
        log.grow_to(size);
        let brought = bring(&log, &ours).unwrap();
        assert_eq!(brought.size, size);
        assert!(brought.created > 0);
        assert_eq!(bring(&log, &ours).unwrap(), Brought { size, created: 0 });
    }
    // An old backup put back: the copy knows more.
    Log::copy(aside.path(), &log.directory());
    let fault = bring(&log, &ours).unwrap_err();
    assert!(
        matches!(
            fault,
            CopyFault::Ahead {
                size: 1_000,
                ours: 20
            }
        ),
        "{fault}"
    );
}

#[test]
fn a_wrong_secret_writes_nothing_and_is_not_told() {
    let (shared, address) = store();
    let log = Log::new(1, 0);
    let fault = bring(&log, &target(address, "another+secret")).unwrap_err();
    assert!(!fault.is_contradiction());
    assert!(!fault.to_string().contains("another"), "{fault}");
    assert!(shared.lock().unwrap().objects.is_empty());
}

#[test]
fn a_rolled_back_ledger_and_another_writer_are_noticed() {
    let (shared, address) = store();
    let target = target(address, SECRET);
    let log = Log::new(1, 0);
    log.grow_to(40);
    bring(&log, &target).unwrap();
    let shorter = Log::new(1, 0);
    shorter.grow_to(20);
    let fault = bring(&shorter, &target).unwrap_err();
    assert!(
        matches!(fault, CopyFault::Ahead { size: 40, ours: 20 }),
        "{fault}"
    );
    let bundle = "node-1/tile/entries/000.p/40".to_owned();
    let mut store = shared.lock().unwrap();
    store.objects.remove("node-1/checkpoint");
    store.objects.insert(bundle, b"other".to_vec());
    drop(store);
    let fault = bring(&log, &target).unwrap_err();
    assert!(matches!(fault, CopyFault::Altered { .. }), "{fault}");
}
