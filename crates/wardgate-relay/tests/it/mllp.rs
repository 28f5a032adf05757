//! HL7 v2 over MLLP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use wardgate_hl7::v2::{MessageDeidentifier, Options as MessageOptions};
use wardgate_relay::mllp::{Downstream, MESSAGE_BYTES_MAX, Options, System};
use wardgate_relay::{Folder, Listen, Relay, RelayFault, Service};

use super::{loopback, rules, start, tls};

fn message(id: &str, modes: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|LAB|H1|EHR|H2|20240312||ORU^R01^ORU_R01|{id}|P|2.5|||{modes}\r\
         PID|1||4471902^^^H1^MR||Lindqvist^Maria||19700101|F\rOBX|1|NM|2823-3^K^LN||4.1|mmol/L\r"
    )
    .into_bytes()
}

fn options(downstream: Downstream) -> Options {
    Options {
        deidentifier: Arc::new(MessageDeidentifier::new(rules(), MessageOptions::default())),
        downstream,
        message_bytes_max: MESSAGE_BYTES_MAX,
        now: || Timestamp::UNIX_EPOCH,
    }
}

async fn relay_to(address: SocketAddr) -> Relay {
    let system = System::plain(&address.to_string()).answer_within(Duration::from_secs(5));
    start(Service::Mllp(options(Downstream::System(system)))).await
}

/// Sends bytes and reads one framed answer.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    read_frame(stream).await.unwrap()
}

async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut frame = Vec::new();
    loop {
        frame.push(stream.read_u8().await.ok()?);
        if frame.ends_with(b"\x1c\r") {
            let message = frame.strip_prefix(b"\x0b")?.strip_suffix(b"\x1c\r")?;
            return Some(String::from_utf8(message.to_vec()).unwrap());
        }
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

/// A field of the answer's `MSA`.
fn msa(answer: &str, field: usize) -> &str {
    let line = answer
        .split('\r')
        .find(|line| line.starts_with("MSA"))
        .unwrap();
    line.split('|').nth(field).unwrap_or_default()
}

fn control_id(message: &str) -> String {
    message.split('|').nth(9).unwrap().to_owned()
}

/// A receiver that answers each message with the codes in turn, and shows what it received.
async fn receiver(codes: &'static [&'static str]) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            tokio::spawn(async move {
                while let Some(message) = read_frame(&mut stream).await {
                    let id = control_id(&message);
                    let _ = sender.send(message);
                    for code in codes {
                        let answer =
                            format!("MSH|^~\\&|EHR|H2|LAB|H1|2024||ACK|9|P|2.5\rMSA|{code}|{id}\r");
                        stream.write_all(&framed(answer.as_bytes())).await.unwrap();
                    }
                }
            });
        }
    });
    (address, received)
}

#[tokio::test]
async fn a_message_passes_and_its_answer_comes_back() {
    let (address, mut received) = receiver(&["AA"]).await;
    let relay = relay_to(address).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    for id in ["77", "78"] {
        let answer = ask(&mut sender, &framed(&message(id, ""))).await;
        assert_eq!((msa(&answer, 1), msa(&answer, 2)), ("AA", id));
        assert!(answer.starts_with("MSH|^~\\&|EHR|H2|LAB|H1|19700101000000+0000||ACK^R01^ACK|WG"));
        let passed = received.recv().await.unwrap();
        assert!(passed.contains("|4.1|mmol/L"));
        for left in ["Lindqvist", "4471902", "19700101|F"] {
            assert!(!passed.contains(left), "{left}");
        }
    }
    drop(sender);
    let counts = relay.stop().await;
    assert_eq!(
        (counts.received, counts.passed, counts.refused.len()),
        (2, 2, 0)
    );
}

#[tokio::test]
async fn a_refusal_of_the_receiver_is_the_answer() {
    let (address, _received) = receiver(&["AR"]).await;
    let relay = relay_to(address).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    let answer = ask(&mut sender, &framed(&message("5", ""))).await;
    assert_eq!((msa(&answer, 1), msa(&answer, 2)), ("AR", "5"));
    drop(sender);
    assert_eq!(relay.stop().await.refused["relay.downstream_refused"], 1);
}

#[tokio::test]
async fn the_enhanced_mode_has_two_answers() {
    let (address, _received) = receiver(&["CA", "AA"]).await;
    let relay = relay_to(address).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    let commit = ask(&mut sender, &framed(&message("6", "AL|AL"))).await;
    assert_eq!((msa(&commit, 1), msa(&commit, 2)), ("CA", "6"));
    let application = read_frame(&mut sender).await.unwrap();
    assert_eq!((msa(&application, 1), msa(&application, 2)), ("AA", "6"));
}

#[tokio::test]
async fn what_is_no_message_gets_a_rejection_without_content() {
    let (address, mut received) = receiver(&["AA"]).await;
    let relay = relay_to(address).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    for (bytes, reason) in [
        (framed(b"PID|1||Lindqvist\r"), ""),
        (
            b"\x0bMSH|^~\\&|Lindqvist\x1cx".to_vec(),
            "relay.frame_broken",
        ),
        (
            framed(&[message("1", ""), message("2", "")].concat()),
            "relay.batch",
        ),
        (framed(&message("3", "").as_slice()[..20]), ""),
    ] {
        let answer = ask(&mut sender, &bytes).await;
        assert!(["AR", "AE"].contains(&msa(&answer, 1)), "{answer}");
        assert!(!answer.contains("Lindqvist"));
        if !reason.is_empty() {
            assert_eq!(msa(&answer, 3), reason);
        }
    }
    // The connection is as good as before.
    let answer = ask(&mut sender, &framed(&message("4", ""))).await;
    assert_eq!(msa(&answer, 1), "AA");
    assert!(received.recv().await.unwrap().contains("4.1"));
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let (address, _received) = receiver(&["AA"]).await;
    let system = Downstream::System(System::plain(&address.to_string()));
    let short = Options {
        message_bytes_max: 100,
        ..options(system)
    };
    let relay = start(Service::Mllp(short)).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    let answer = ask(&mut sender, &framed(&message("1", ""))).await;
    assert_eq!(
        (msa(&answer, 1), msa(&answer, 3)),
        ("AR", "relay.message_too_long")
    );
    assert_eq!(read_frame(&mut sender).await, None);
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_receiver_is_away() {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = relay_to(address).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    // It takes the message, and dies before it answers, whenever it is tried.
    let dying = tokio::spawn(async move {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_frame(&mut stream).await.unwrap();
        }
        listener
    });
    let answer = ask(&mut sender, &framed(&message("8", ""))).await;
    assert_eq!(
        (msa(&answer, 1), msa(&answer, 3)),
        ("AE", "relay.downstream_unreachable")
    );
    let listener = dying.await.unwrap();
    // It is back, and the same message passes when it is sent again.
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while let Some(message) = read_frame(&mut stream).await {
            let answer = format!("MSH|^~\\&\rMSA|AA|{}\r", control_id(&message));
            stream.write_all(&framed(answer.as_bytes())).await.unwrap();
        }
    });
    let answer = ask(&mut sender, &framed(&message("8", ""))).await;
    assert_eq!((msa(&answer, 1), msa(&answer, 2)), ("AA", "8"));
}

#[tokio::test]
async fn a_folder_receives_messages_durably() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path()).unwrap();
    let relay = start(Service::Mllp(options(Downstream::Folder(folder)))).await;
    let mut sender = TcpStream::connect(relay.address()).await.unwrap();
    for _ in 0..2 {
        let answer = ask(&mut sender, &framed(&message("9", ""))).await;
        assert_eq!((msa(&answer, 1), msa(&answer, 2)), ("AA", "9"));
    }
    let files: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let stored = std::fs::read_to_string(&files[0]).unwrap();
    assert!(stored.contains("4.1") && !stored.contains("Lindqvist"));
}

#[tokio::test]
async fn both_sides_speak_tls_with_client_certificates() {
    let (server, client) = tls();
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(server.clone());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let message = read_frame(&mut stream).await.unwrap();
        assert!(!message.contains("Lindqvist"));
        let answer = format!("MSH|^~\\&\rMSA|AA|{}\r", control_id(&message));
        stream.write_all(&framed(answer.as_bytes())).await.unwrap();
    });
    let system = System::secured(&format!("localhost:{port}"), client.clone()).unwrap();
    let listen = Listen {
        tls: Some(server),
        ..Listen::on(loopback())
    };
    let relay = Relay::start(listen, Service::Mllp(options(Downstream::System(system))))
        .await
        .unwrap();
    let stream = TcpStream::connect(relay.address()).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(client);
    let mut stream = connector.connect(name, stream).await.unwrap();
    let answer = ask(&mut stream, &framed(&message("10", ""))).await;
    assert_eq!((msa(&answer, 1), msa(&answer, 2)), ("AA", "10"));
}

#[tokio::test]
async fn nothing_listens_in_the_clear_beyond_the_machine() {
    let (address, _received) = receiver(&["AA"]).await;
    let listen = Listen::on(SocketAddr::from(([0, 0, 0, 0], 0)));
    let service = Service::Mllp(options(Downstream::System(System::plain(
        &address.to_string(),
    ))));
    let fault = Relay::start(listen, service).await.unwrap_err();
    assert!(matches!(fault, RelayFault::PlainOutside { .. }));
}
