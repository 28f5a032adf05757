//! HL7 v2 over MLLP: receives messages, and passes them on de-identified.
//!
//! Messages of one connection go downstream in their order over one connection, the next one only when the
//! last one was answered, so a slow receiver slows its senders and nothing piles up here. The answer to the
//! sender has the receiver's code, and the sender's own control id.

pub(crate) mod answer;
mod downstream;
pub(crate) mod frame;
mod header;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use wardgate_deid::RecordFault;
use wardgate_hl7::v2::MessageDeidentifier;

use crate::counts::Counts;
use crate::door::{Door, Wire, secured, told_to_stop};
use crate::fault::Unpassed;
use answer::Code;
use downstream::{Heard, Way};
use frame::{Framed, Framer};
use header::Header;

pub use downstream::{Downstream, System};

/// What a relay of messages does.
#[derive(Clone)]
pub struct Options {
    /// The de-identification of a message.
    pub deidentifier: Arc<MessageDeidentifier>,
    /// Who receives the messages.
    pub downstream: Downstream,
    /// The longest message that is taken.
    pub message_bytes_max: usize,
    /// The clock, for the time that stands in answers.
    pub now: fn() -> Timestamp,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("downstream", &self.downstream)
            .field("message_bytes_max", &self.message_bytes_max)
            .finish_non_exhaustive()
    }
}

/// The longest message that is taken, unless it is set.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

pub(crate) async fn serve(
    door: Door,
    options: Options,
    counts: Arc<Counts>,
    stopped: watch::Receiver<bool>,
) {
    let acceptor = door.listen.tls.clone().map(TlsAcceptor::from);
    let idle_timeout = door.listen.idle_timeout;
    let numbers = Arc::new(AtomicU64::new(1));
    door.serve(stopped.clone(), |stream| {
        let acceptor = acceptor.clone();
        let sender = Sender {
            options: options.clone(),
            counts: Arc::clone(&counts),
            numbers: Arc::clone(&numbers),
            way: Way::new(options.downstream.clone()),
            idle_timeout,
        };
        let stopped = stopped.clone();
        async move {
            if let Some(wire) = secured(stream, acceptor, idle_timeout).await {
                sender.serve(wire, stopped).await;
            }
        }
    })
    .await;
}

/// The connection of a sender.
struct Sender {
    options: Options,
    counts: Arc<Counts>,
    numbers: Arc<AtomicU64>,
    way: Way,
    idle_timeout: Duration,
}

impl Sender {
    async fn serve(mut self, mut wire: Box<dyn Wire>, mut stopped: watch::Receiver<bool>) {
        let mut framer = Framer::new(self.options.message_bytes_max);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let read = tokio::time::timeout(self.idle_timeout, wire.read(&mut buffer));
            let read = tokio::select! {
                () = told_to_stop(&mut stopped), if !framer.is_inside() => break,
                read = read => read,
            };
            let length = match read {
                Ok(Ok(length)) if length > 0 => length,
                _ => break,
            };
            let mut bytes = buffer.get(..length).unwrap_or_default();
            while let Some(framed) = framer.next(&mut bytes) {
                let ends = matches!(framed, Framed::TooLong | Framed::Noise);
                let answers = self.receive(framed).await;
                for answer in answers {
                    let frame = frame::framed(&answer);
                    let sent = tokio::time::timeout(self.idle_timeout, async {
                        wire.write_all(&frame).await?;
                        wire.flush().await
                    });
                    if !matches!(sent.await, Ok(Ok(()))) {
                        return;
                    }
                }
                if ends {
                    let _ = wire.shutdown().await;
                    return;
                }
            }
        }
        if framer.is_inside() {
            self.counts.received();
            self.counts.refused("relay.frame_unfinished");
        }
        let _ = wire.shutdown().await;
    }

    /// Passes a message on, and gives the answers for its sender.
    async fn receive(&mut self, framed: Framed) -> Vec<Vec<u8>> {
        self.counts.received();
        let code = match framed {
            Framed::Message(message) => return self.message(message).await,
            Framed::Broken => "relay.frame_broken",
            Framed::TooLong => "relay.message_too_long",
            Framed::Noise => "relay.no_frame",
        };
        self.counts.refused(code);
        vec![self.answer(None, Code::ApplicationReject, Some(code))]
    }

    async fn message(&mut self, message: Vec<u8>) -> Vec<Vec<u8>> {
        let header = Header::of(&message);
        let passed = match self.cleaned(message).await {
            Ok(cleaned) => self.way.pass(&cleaned).await,
            Err(fault) => Err(fault),
        };
        match passed {
            Ok(heard) => self.heard(header.as_ref(), &heard),
            Err(fault) => {
                self.counts.refused(fault.code());
                self.refusal(header.as_ref(), &fault)
            }
        }
    }

    /// The message without identifiers, searched for what identified its patient.
    async fn cleaned(&self, message: Vec<u8>) -> Result<Vec<u8>, Unpassed> {
        let deidentifier = Arc::clone(&self.options.deidentifier);
        let worked = tokio::task::spawn_blocking(move || {
            if is_batch(&message) {
                return Err(Unpassed::Record(RecordFault::new(
                    "relay.batch",
                    "batches are not passed on by MLLP",
                    "send each message in a frame of its own, or de-identify the file of the batch",
                )));
            }
            let mut output = Vec::with_capacity(message.len());
            deidentifier.message(&message, &mut output)?;
            match deidentifier.verify(&message, &output)?.any() {
                true => Err(Unpassed::Residue),
                false => Ok(output),
            }
        });
        // The work ended by a panic: it is not known that the message is clean.
        worked.await.unwrap_or(Err(Unpassed::Residue))
    }

    fn heard(&self, header: Option<&Header>, heard: &Heard) -> Vec<Vec<u8>> {
        let codes = [heard.commit, heard.application];
        let refused = codes.iter().flatten().any(|code| !code.is_success());
        match refused {
            true => self.counts.refused(Unpassed::Refused.code()),
            false => self.counts.passed(),
        }
        let reason = refused.then_some(Unpassed::Refused.code());
        let Some(header) = header.filter(|header| header.is_enhanced()) else {
            let code = heard
                .application
                .or(heard.commit)
                .map_or(Code::ApplicationAccept, original);
            return vec![self.answer(header, code, reason)];
        };
        let mut answers = Vec::new();
        let commit = heard.commit.unwrap_or(match refused {
            true => Code::CommitError,
            false => Code::CommitAccept,
        });
        if header.accept_wanted().on(commit.is_success()) {
            answers.push(self.answer(Some(header), commit, reason));
        }
        // A folder is no application; that the message lies in it is all that can be told.
        let application = heard
            .application
            .or(heard.commit.is_none().then_some(Code::ApplicationAccept));
        if let Some(code) = application
            && header.application_wanted().on(code.is_success())
        {
            answers.push(self.answer(Some(header), code, reason));
        }
        answers
    }

    fn refusal(&self, header: Option<&Header>, fault: &Unpassed) -> Vec<Vec<u8>> {
        let Some(header) = header.filter(|header| header.is_enhanced()) else {
            let code = Code::of_fault(fault, false);
            return vec![self.answer(header, code, Some(fault.code()))];
        };
        let mut answers = Vec::new();
        if header.accept_wanted().on(false) {
            let code = Code::of_fault(fault, true);
            answers.push(self.answer(Some(header), code, Some(fault.code())));
        } else if header.application_wanted().on(false) {
            let code = Code::of_fault(fault, false);
            answers.push(self.answer(Some(header), code, Some(fault.code())));
        }
        answers
    }

    fn answer(&self, to: Option<&Header>, code: Code, reason: Option<&'static str>) -> Vec<u8> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        answer::answer(to, code, reason, number, (self.options.now)())
    }
}

/// A sender that uses the original mode knows only the codes of applications.
fn original(code: Code) -> Code {
    match code {
        Code::CommitAccept => Code::ApplicationAccept,
        Code::CommitError => Code::ApplicationError,
        Code::CommitReject => Code::ApplicationReject,
        code => code,
    }
}

/// Whether a frame holds a batch, or more than one message.
fn is_batch(message: &[u8]) -> bool {
    let lines = message.split(|byte| matches!(byte, b'\r' | b'\n'));
    let heads = lines.filter(|line| {
        [b"MSH".as_slice(), b"FHS", b"BHS"]
            .iter()
            .any(|head| line.starts_with(head))
    });
    let all: Vec<&[u8]> = heads.take(2).collect();
    all.len() > 1 || all.first().is_some_and(|head| !head.starts_with(b"MSH"))
}

const READ_BYTES: usize = 64 << 10;
