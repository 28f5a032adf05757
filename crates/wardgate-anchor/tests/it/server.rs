//! A small HTTP server for tests: one answer for each request, by a function.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// What was asked.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) media_type: String,
    pub(crate) body: Vec<u8>,
}

/// Status, media type and body.
pub(crate) type Reply = (u16, &'static str, Vec<u8>);

/// Serves until the test process ends.
pub(crate) fn serve(answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || one(stream.unwrap(), &*answer));
        }
    });
    address
}

fn one(stream: TcpStream, answer: &dyn Fn(Request) -> Reply) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut media_type) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "content-type" => media_type = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, kind, body) = answer(Request {
        path,
        media_type,
        body,
    });
    let head = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = reader.into_inner();
    // A client that had enough does not matter to the server.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
}
