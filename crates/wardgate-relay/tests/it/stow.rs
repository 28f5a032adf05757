//! STOW-RS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wardgate_dicom::{FileDeidentifier, Options as FileOptions};
use wardgate_relay::dicom::{OBJECT_BYTES_MAX, Objects, Receiver};
use wardgate_relay::stow::{Options, REQUEST_BYTES_MAX, Server};
use wardgate_relay::{Folder, Listen, Relay, RelayFault, Service};

use super::object::{EXPLICIT, file, files, holds};
use super::{rules, start};

fn options(downstream: Receiver, work: &Path) -> Options {
    let rules = rules();
    let of_profile = FileOptions::of(rules.profile());
    Options {
        objects: Objects {
            deidentifier: Arc::new(FileDeidentifier::new(rules, of_profile)),
            downstream,
            work: work.to_owned(),
            object_bytes_max: OBJECT_BYTES_MAX,
        },
        bearer: None,
        request_bytes_max: REQUEST_BYTES_MAX,
    }
}

fn body(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(b"\r\n--frontier\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend(part);
    }
    body.extend(b"\r\n--frontier--\r\n");
    body
}

const RELATED: &str = "multipart/related; type=\"application/dicom\"; boundary=frontier";

/// Posts a body and gives the status and the answer.
async fn post(address: SocketAddr, path: &str, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n{head}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // The relay may answer, and close, before it has read a body that it refuses.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn content_type() -> String {
    format!("Content-Type: {RELATED}")
}

fn instances(answer: &str, sequence: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let items = answer[sequence]["Value"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let uid = |item: &Value| {
        item["00081155"]["Value"][0]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    items.iter().map(uid).collect()
}

#[tokio::test]
async fn objects_are_stored_under_new_uids() {
    let place = tempfile::tempdir().unwrap();
    let work = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let relay = start(Service::Stow(options(folder, work.path()))).await;
    let parts = [
        file(EXPLICIT, "1.2.840.99999.3"),
        file(EXPLICIT, "1.2.840.99999.4"),
    ];
    let (status, answer) = post(
        relay.address(),
        "/dicomweb/studies",
        &content_type(),
        &body(&parts),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let stored = instances(&answer, "00081199");
    assert_eq!(stored.len(), 2);
    assert!(stored.iter().all(|uid| uid.starts_with("2.25.")));
    let names = files(place.path());
    assert_eq!(names.len(), 2);
    for name in names {
        assert!(stored.contains(&name.file_stem().unwrap().to_str().unwrap().to_owned()));
        assert!(!holds(&std::fs::read(name).unwrap(), "Lindqvist"));
    }
    let counts = relay.stop().await;
    assert_eq!((counts.received, counts.passed), (2, 2));
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_status_tells_what_failed() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let relay = start(Service::Stow(options(folder, place.path()))).await;
    let good = file(EXPLICIT, "1.2.840.99999.3");
    let bad = good[..good.len() - 9].to_vec();
    let address = relay.address();
    let (status, answer) = post(
        address,
        "/dicomweb/studies",
        &content_type(),
        &body(&[good.clone(), bad.clone()]),
    )
    .await;
    assert_eq!(status, 202);
    assert_eq!(instances(&answer, "00081198"), ["1.2.840.99999.3"]);
    let (status, answer) = post(
        address,
        "/dicomweb/studies",
        &content_type(),
        &body(&[bad, b"Lindqvist".to_vec()]),
    )
    .await;
    assert_eq!(status, 409);
    assert!(!answer.contains("Lindqvist"));
    let other = "/dicomweb/studies/1.2.3";
    let (status, _) = post(
        address,
        other,
        &content_type(),
        &body(std::slice::from_ref(&good)),
    )
    .await;
    assert_eq!(status, 409);
    let own = "/dicomweb/studies/1.2.840.99999.1";
    let (status, _) = post(address, own, &content_type(), &body(&[good])).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_is_no_store_request_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let mut guarded = options(folder, place.path());
    guarded.bearer = Some("secret".to_owned());
    guarded.objects.object_bytes_max = 1000;
    let relay = start(Service::Stow(guarded)).await;
    let address = relay.address();
    let allowed = format!("Authorization: Bearer secret\r\n{}", content_type());
    let whole = body(&[file(EXPLICIT, "1.2.3")]);
    let long = body(&[vec![0; 5000]]);
    let json = "Authorization: Bearer secret\r\nContent-Type: application/json";
    let other =
        b"\r\n--frontier\r\nContent-Type: application/json\r\n\r\n{}\r\n--frontier--".to_vec();
    for (path, head, body, expected) in [
        ("/", allowed.as_str(), &whole, 404),
        ("/dicomweb/studies", &content_type(), &whole, 401),
        ("/dicomweb/studies", json, &whole, 415),
        ("/dicomweb/studies", &allowed, &b"nothing".to_vec(), 400),
        ("/dicomweb/studies", &allowed, &long, 413),
        ("/dicomweb/studies", &allowed, &other, 415),
        ("/dicomweb/studies", &allowed, &whole, 200),
    ] {
        let (status, answer) = post(address, path, head, body).await;
        assert_eq!(status, expected, "{answer}");
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /dicomweb/studies HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"));
}

#[tokio::test]
async fn a_relay_passes_on_to_another_server() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let behind = Options {
        bearer: Some("secret".to_owned()),
        ..options(folder, place.path())
    };
    let behind = start(Service::Stow(behind)).await;
    let studies: Uri = format!("http://{}/dicomweb/studies", behind.address())
        .parse()
        .unwrap();
    // The server behind is a relay too, so it gives the object other UIDs than those it was sent by: that is no success.
    let server = Server::new(&studies, None, Some("secret".to_owned())).unwrap();
    let front = start(Service::Stow(options(
        Receiver::Server(server),
        place.path(),
    )))
    .await;
    let whole = body(&[file(EXPLICIT, "1.2.3")]);
    let (status, answer) = post(
        front.address(),
        "/dicomweb/studies",
        &content_type(),
        &whole,
    )
    .await;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(behind.stop().await.passed, 1);
    let server = Server::new(&studies, None, None).unwrap();
    let front = start(Service::Stow(options(
        Receiver::Server(server),
        place.path(),
    )))
    .await;
    let (status, _) = post(
        front.address(),
        "/dicomweb/studies",
        &content_type(),
        &whole,
    )
    .await;
    assert_eq!(status, 503);
}

#[tokio::test]
async fn http_is_never_plain_beyond_the_machine() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let listen = Listen {
        plain_outside: true,
        ..Listen::on(SocketAddr::from(([0, 0, 0, 0], 0)))
    };
    let service = Service::Stow(options(folder, place.path()));
    let fault = Relay::start(listen, service).await.unwrap_err();
    assert!(matches!(fault, RelayFault::PlainOutside { .. }));
    let other: Uri = "http://192.0.2.1/dicomweb/studies".parse().unwrap();
    assert!(Server::new(&other, None, None).is_err());
}
