//! Just enough HTTP/1.1 for the bench's own two ends: one message at a time on a kept connection.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection with what was read ahead of the current message.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    buffer: Vec<u8>,
    from: usize,
}

/// First line and headers of a message, names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) first: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.first
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    fn chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.contains("chunked"))
    }
}

/// How long a peer may stay silent.
const SILENCE: Duration = Duration::from_secs(60);

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Result<Self> {
        Self::on(TcpStream::connect(to)?)
    }

    pub(crate) fn on(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        Ok(Self {
            peer: stream.peer_addr()?,
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            from: 0,
        })
    }

    /// A new connection to the same peer.
    pub(crate) fn again(&self) -> Result<Self> {
        Self::open(self.peer)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// Reads the head of the next message.
    pub(crate) fn head(&mut self) -> Result<Head> {
        let mut head = Head {
            first: self.line()?,
            headers: Vec::new(),
        };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(head);
            }
            let (name, value) = line.split_once(':').ok_or(ErrorKind::InvalidData)?;
            head.headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads the whole body that a head announces.
    pub(crate) fn body(&mut self, head: &Head) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        self.body_pieces(head, |piece| body.extend_from_slice(piece))?;
        Ok(body)
    }

    /// Reads the body piece by piece, as it arrives.
    pub(crate) fn body_pieces(&mut self, head: &Head, mut piece: impl FnMut(&[u8])) -> Result<()> {
        if head.chunked() {
            loop {
                let line = self.line()?;
                let size = line.split(';').next().unwrap_or("").trim();
                let size = usize::from_str_radix(size, 16).map_err(Error::other)?;
                self.exactly(size, &mut piece)?;
                self.line()?;
                if size == 0 {
                    return Ok(());
                }
            }
        }
        let length = head
            .header("content-length")
            .and_then(|length| length.parse().ok());
        self.exactly(length.unwrap_or(0), &mut piece)
    }

    /// Hands on exactly so many bytes.
    fn exactly(&mut self, mut wanted: usize, piece: &mut impl FnMut(&[u8])) -> Result<()> {
        while wanted > 0 {
            if self.unread().is_empty() {
                self.fill()?;
            }
            let unread = self.unread();
            let (now, _) = unread.split_at_checked(wanted).unwrap_or((unread, &[]));
            let taken = now.len();
            piece(now);
            self.from += taken;
            wanted -= taken;
        }
        Ok(())
    }

    /// Reads one line without its end.
    fn line(&mut self) -> Result<String> {
        loop {
            if let Some(at) = self.unread().iter().position(|byte| *byte == b'\n') {
                let line = self.unread().get(..at).unwrap_or(&[]);
                let line = String::from_utf8_lossy(line)
                    .trim_end_matches('\r')
                    .to_owned();
                self.from += at + 1;
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.from..).unwrap_or(&[])
    }

    /// Reads what has arrived; an end here is an error, because a message is still open.
    fn fill(&mut self) -> Result<()> {
        if self.from == self.buffer.len() {
            self.buffer.clear();
            self.from = 0;
        }
        let mut piece = [0u8; 16 * 1024];
        let read = self.stream.read(&mut piece)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.buffer
            .extend_from_slice(piece.get(..read).unwrap_or(&[]));
        Ok(())
    }
}

/// One message of text, ready to be written: `first` line, headers, body.
pub(crate) fn message(first: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut message = format!("{first}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        message.push_str(&format!("{name}: {value}\r\n"));
    }
    message.push_str("\r\n");
    let mut message = message.into_bytes();
    message.extend_from_slice(body);
    message
}

/// Waits until something listens; used once per server, at start.
pub(crate) fn wait_for(
    address: SocketAddr,
    most: Duration,
    mut ended: impl FnMut() -> bool,
) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < most && !ended() {
        if TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        crate::pace::pause(Duration::from_millis(50));
    }
    Err(Error::new(
        ErrorKind::TimedOut,
        format!("nothing listens on {address}"),
    ))
}
