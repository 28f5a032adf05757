//! Witnesses over HTTP: real ones, absent ones, lying ones.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use wardgate_anchor::http::Client;
use wardgate_anchor::witness::client::{Peer, PeerFault, peers};
use wardgate_anchor::witness::state::{Witness, create};
use wardgate_tlog::note::VerifierKey;
use wardgate_tlog::policy::Policy;

use crate::log::Log;
use crate::server;

/// A witness that serves until the test process ends.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) keys: Vec<VerifierKey>,
    _dir: TempDir,
}

pub(crate) fn serve(name: &str, seed: u8, log: &Log) -> Serving {
    let dir = tempfile::tempdir().unwrap();
    let made = create(dir.path(), name, (&[seed; 32], &[seed; 32])).unwrap();
    made.add_logs(&[log.key()]).unwrap();
    drop(made);
    let witness = Witness::open_to_serve(dir.path()).unwrap();
    let keys = witness.verifier_keys().cloned().collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let time = AtomicU64::new(1_000);
    let clock = Arc::new(move || time.fetch_add(1, Ordering::Relaxed));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let never = std::future::pending();
        runtime
            .block_on(wardgate_anchor::witness::server::serve(
                listener,
                None,
                (witness, clock),
                never,
            ))
            .unwrap();
    });
    Serving {
        address,
        keys,
        _dir: dir,
    }
}

fn peer(serving: &Serving) -> Peer {
    peer_at(serving.address, &serving.keys)
}

fn peer_at(address: SocketAddr, keys: &[VerifierKey]) -> Peer {
    let lines: String = keys
        .iter()
        .zip(1..)
        .map(|(key, number)| format!("witness w{number} {key} http://{address}/\n"))
        .collect();
    let policy = Policy::parse(format!("{lines}quorum none\n").as_bytes()).unwrap();
    let mut peers = peers(&policy);
    assert_eq!(peers.len(), 1, "two keys of one witness are one peer");
    peers.remove(0)
}

fn client() -> Client {
    Client::new(None, 5_000).unwrap()
}

fn note(log: &Log) -> String {
    String::from_utf8(log.tree().note().to_vec()).unwrap()
}

#[test]
fn a_log_gets_both_cosignatures_as_it_grows_and_after_a_restart() {
    let log = Log::new(1, 0);
    let serving = serve("witness.example/w", 1, &log);
    let mut peer = peer(&serving);
    for size in [1, 2, 300, 300, 1_000] {
        log.grow_to(size);
        let cosigned = peer.cosign(&client(), &log.tree(), &note(&log)).unwrap();
        let quorum: String = serving
            .keys
            .iter()
            .zip(["a", "b"])
            .map(|(key, name)| format!("witness {name} {key}\n"))
            .collect();
        let policy = format!(
            "log {}\n{quorum}group both all a b\nquorum both\n",
            log.key()
        );
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        assert_eq!(
            policy.check(cosigned.as_bytes()).unwrap().checkpoint.size,
            size
        );
    }
    // One that remembers nothing asks with size 0, is told, and goes on from there.
    let mut forgetful = peer_at(serving.address, &serving.keys);
    log.grow_to(1_001);
    forgetful
        .cosign(&client(), &log.tree(), &note(&log))
        .unwrap();
}

#[test]
fn a_rolled_back_and_an_equivocating_log_are_not_cosigned() {
    let log = Log::new(1, 0);
    let serving = serve("witness.example/w", 1, &log);
    log.grow_to(20);
    let aside = tempfile::tempdir().unwrap();
    Log::copy(&log.directory(), aside.path());
    log.grow_to(40);
    let mut before = peer(&serving);
    before.cosign(&client(), &log.tree(), &note(&log)).unwrap();

    Log::copy(aside.path(), &log.directory());
    let fault = peer(&serving)
        .cosign(&client(), &log.tree(), &note(&log))
        .unwrap_err();
    assert!(
        matches!(fault, PeerFault::Ahead { size: 40, ours: 20 }),
        "{fault}"
    );
    let fault = before
        .cosign(&client(), &log.tree(), &note(&log))
        .unwrap_err();
    assert!(
        matches!(fault, PeerFault::Ahead { size: 40, ours: 20 }),
        "{fault}"
    );

    let other = Log::new(1, 9);
    other.grow_to(40);
    let fault = peer(&serving)
        .cosign(&client(), &other.tree(), &note(&other))
        .unwrap_err();
    assert!(
        matches!(fault, PeerFault::Different { size: 40 }),
        "{fault}"
    );
    other.grow_to(50);
    let fault = peer(&serving)
        .cosign(&client(), &other.tree(), &note(&other))
        .unwrap_err();
    assert!(
        matches!(fault, PeerFault::Inconsistent { size: 40 }),
        "{fault}"
    );
    assert!(fault.is_contradiction());
}

#[test]
fn an_absent_witness_is_told_from_a_lying_one() {
    let log = Log::new(1, 0);
    log.grow_to(9);
    let honest = serve("witness.example/w", 1, &log);
    let ask = |address: SocketAddr| {
        let mut peer = peer_at(address, &honest.keys);
        peer.cosign(&client(), &log.tree(), &note(&log))
            .unwrap_err()
    };
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fault = ask(gone);
    assert!(
        matches!(fault, PeerFault::Away(_)) && !fault.is_contradiction(),
        "{fault}"
    );
    // One who was not told of the log, and one in trouble.
    let stranger = serve("witness.example/w", 1, &Log::new(5, 0));
    let fault = ask(stranger.address);
    assert!(
        matches!(fault, PeerFault::Refused { status: 403 }),
        "{fault}"
    );
    let fault = ask(server::serve(|_| (503, "text/plain", Vec::new())));
    assert!(
        matches!(fault, PeerFault::Refused { status: 503 }),
        "{fault}"
    );
    // Cosignatures of another key only.
    let other = serve("witness.example/other", 2, &log);
    let fault = ask(other.address);
    assert!(matches!(fault, PeerFault::NoCosignature), "{fault}");
    // A cosignature over something else.
    let mut elsewhere = Vec::new();
    let small = Log::new(1, 0);
    small.grow_to(3);
    let source = serve("witness.example/w", 1, &small);
    let cosigned = peer(&source)
        .cosign(&client(), &small.tree(), &note(&small))
        .unwrap();
    elsewhere.extend(cosigned.strip_prefix(&note(&small)).unwrap().bytes());
    let fault = ask(server::serve(move |_| {
        (200, "text/plain", elsewhere.clone())
    }));
    assert!(
        matches!(fault, PeerFault::BadCosignature) && fault.is_contradiction(),
        "{fault}"
    );
    // Sizes out of the air.
    let fault = ask(server::serve(|_| {
        (409, "text/x.tlog.size", b"77\n".to_vec())
    }));
    assert!(
        matches!(fault, PeerFault::Ahead { size: 77, ours: 9 }),
        "{fault}"
    );
    let turn = AtomicU64::new(0);
    let fault = ask(server::serve(move |_| {
        let size = 1 + turn.fetch_add(1, Ordering::Relaxed) % 7;
        (409, "text/x.tlog.size", format!("{size}\n").into_bytes())
    }));
    assert!(matches!(fault, PeerFault::Restless), "{fault}");
    let fault = ask(server::serve(|_| {
        (409, "text/x.tlog.size", b"+7\n".to_vec())
    }));
    assert!(matches!(fault, PeerFault::Protocol), "{fault}");
    let fault = ask(server::serve(|_| (200, "text/plain", vec![b'x'; 1 << 20])));
    assert!(!fault.is_contradiction(), "{fault}");
}

#[test]
fn the_server_keeps_to_its_limits() {
    let log = Log::new(1, 0);
    let serving = serve("witness.example/w", 1, &log);
    let post = |path: &str, body: &[u8]| {
        let url = format!("http://{}{path}", serving.address);
        client()
            .post(&url, "text/plain", body, 1_000)
            .unwrap()
            .status
    };
    assert_eq!(post("/elsewhere", b""), 404);
    assert_eq!(post("/add-checkpoint", b"garbage"), 400);
    assert_eq!(post("/prefix/add-checkpoint", b"garbage"), 400);
    assert_eq!(post("/add-checkpoint", &vec![b'a'; 300_000]), 413);
}
