//! The receiver of messages: a system by MLLP, or a folder.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::answer::{self, Code};
use super::frame::{Framed, Framer, framed};
use super::header::{Header, Wanted};
use crate::door::Wire;
use crate::fault::{RelayFault, Unpassed};
use crate::folder::Folder;

/// Who receives the messages.
#[derive(Clone, Debug)]
pub enum Downstream {
    /// Another system, by MLLP.
    System(System),
    /// A folder, a file to a message, named by the digest of what is in it.
    Folder(Folder),
}

/// A system that receives messages by MLLP.
#[derive(Clone, Debug)]
pub struct System {
    address: String,
    tls: Option<(Arc<rustls::ClientConfig>, ServerName<'static>)>,
    answer_timeout: Duration,
}

impl System {
    /// A system at `host:port`, in the clear.
    #[must_use]
    pub fn plain(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            tls: None,
            answer_timeout: ANSWER_TIMEOUT,
        }
    }

    /// A system at `host:port`, by TLS.
    ///
    /// # Errors
    /// When the host is no name that a certificate could have.
    pub fn secured(address: &str, config: Arc<rustls::ClientConfig>) -> Result<Self, RelayFault> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| RelayFault::ServerName {
            name: host.to_owned(),
        })?;
        Ok(Self {
            address: address.to_owned(),
            tls: Some((config, name)),
            answer_timeout: ANSWER_TIMEOUT,
        })
    }

    /// The same system, with another time within which it must answer.
    #[must_use]
    pub fn answer_within(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }
}

/// The way downstream of one connection: messages go in the order in which they came.
pub(super) struct Way {
    to: Downstream,
    wire: Option<Connected>,
}

struct Connected {
    wire: Box<dyn Wire>,
    framer: Framer,
    /// What was read behind the last answer.
    behind: Vec<u8>,
}

/// What the receiver said of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) commit: Option<Code>,
    pub(super) application: Option<Code>,
}

impl Way {
    pub(super) fn new(to: Downstream) -> Self {
        Self { to, wire: None }
    }

    /// Passes a message on, and waits until the receiver has it.
    pub(super) async fn pass(&mut self, message: &[u8]) -> Result<Heard, Unpassed> {
        let system = match &self.to {
            Downstream::System(system) => system.clone(),
            Downstream::Folder(folder) => return store(folder.clone(), message.to_vec()).await,
        };
        let header = Header::of(message).ok_or(Unpassed::Refused)?;
        // A connection that lay idle may be dead without our knowing; a fresh one is tried before giving up.
        let attempts = if self.wire.is_some() {
            ATTEMPTS_MAX + 1
        } else {
            ATTEMPTS_MAX
        };
        for attempt in 0..attempts {
            if attempt > 0 {
                self.wire = None;
                tokio::time::sleep(RETRY_PAUSE * attempt).await;
            }
            match self.attempt(&system, &header, message).await {
                Ok(heard) => return Ok(heard),
                Err(error) => {
                    tracing::warn!(kind = %error.kind(), "the receiver did not take a message");
                    // Who is slow, or speaks otherwise, would only get the message twice.
                    if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Other) {
                        break;
                    }
                }
            }
        }
        self.wire = None;
        Err(Unpassed::Unreachable)
    }

    async fn attempt(
        &mut self,
        system: &System,
        header: &Header,
        message: &[u8],
    ) -> io::Result<Heard> {
        let connected = match &mut self.wire {
            Some(connected) => connected,
            none => none.insert(connect(system).await?),
        };
        let frame = framed(message);
        within(system.answer_timeout, async {
            connected.wire.write_all(&frame).await?;
            connected.wire.flush().await
        })
        .await?;
        let mut heard = Heard::default();
        // An answer that is wanted on error only cannot be waited for: that it does not come is the success.
        let comes = |wanted| matches!(wanted, Wanted::Always | Wanted::OnSuccess);
        let (mut commit, mut application) = match header.is_enhanced() {
            true => (
                comes(header.accept_wanted()),
                comes(header.application_wanted()),
            ),
            false => (false, true),
        };
        while commit || application {
            let answer = within(system.answer_timeout, connected.next_message()).await?;
            let (code, about) =
                answer::read(&answer).ok_or_else(|| io::Error::other("no answer"))?;
            if about != header.control_id() {
                return Err(io::Error::other("an answer to another message"));
            }
            match code.is_commit() {
                true => {
                    heard.commit = Some(code);
                    commit = false;
                    application &= code.is_success();
                }
                false => {
                    heard.application = Some(code);
                    (commit, application) = (false, false);
                }
            }
        }
        Ok(heard)
    }
}

impl Connected {
    async fn next_message(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let mut unread = self.behind.as_slice();
            let found = self.framer.next(&mut unread);
            self.behind = unread.to_vec();
            match found {
                Some(Framed::Message(message)) => return Ok(message),
                Some(_) => return Err(io::Error::other("no frame")),
                None => {}
            }
            let length = self.wire.read(&mut buffer).await?;
            if length == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.behind
                .extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
    }
}

async fn connect(system: &System) -> io::Result<Connected> {
    let wire: Box<dyn Wire> = within(CONNECT_TIMEOUT, async {
        let stream = TcpStream::connect(&system.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &system.tls {
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(connector.connect(name.clone(), stream).await?) as Box<dyn Wire>
            }
            None => Box::new(stream),
        })
    })
    .await?;
    Ok(Connected {
        wire,
        framer: Framer::new(ANSWER_BYTES_MAX),
        behind: Vec::new(),
    })
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(ErrorKind::TimedOut.into()),
    }
}

async fn store(folder: Folder, message: Vec<u8>) -> Result<Heard, Unpassed> {
    let stored = tokio::task::spawn_blocking(move || {
        let digest = digest::digest(&digest::SHA256, &message);
        let name: String = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        folder.store(&PathBuf::from(name + ".hl7"), &mut message.as_slice())
    });
    match stored.await {
        Ok(stored) => stored.map(|()| Heard::default()),
        Err(_) => Err(Unpassed::Storage),
    }
}

const ATTEMPTS_MAX: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(200);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 1 << 20;
const READ_BYTES: usize = 8192;
