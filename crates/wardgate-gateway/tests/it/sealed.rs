//! A node without keys.

use std::io::{Read, Write};
use std::net::TcpStream;

use wardgate_gateway::refusal::CODES;
use wardgate_gateway::server::{Server, ServerOptions};

/// The whole answer to one request.
fn ask(server: &Server, head: &str) -> String {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    let request = format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_sealed_gate_refuses_everybody_alike_in_the_shape_of_the_protocol() {
    let options = ServerOptions {
        address: ([127, 0, 0, 1], 0).into(),
        threads: 1,
        head_timeout_ms: 5_000,
        drain_timeout_ms: 1_000,
        connections_max: 10,
    };
    let server = Server::start_sealed(&options, None).unwrap();
    let sealed = CODES
        .iter()
        .find(|code| code.text == "vault.sealed")
        .unwrap();
    for head in ["POST /v1/chat/completions", "GET /v1/models", "GET /else"] {
        let answer = ask(&server, head);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.contains("retry-after: 10"), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], "vault.sealed");
        assert_eq!(body["error"]["gate"], "accept");
        assert_eq!(body["error"]["hint"], sealed.hint);
    }
    server.stop();
}
