//! The load: calls at a fixed rate, calls in a closed loop, paced streams. Each phase gives the
//! times, the server's CPU and what was wrong with the answers.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::http::{Connection, message};
use crate::{cpu, mock, note, pace};

/// Where calls go, and what each one carries.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    /// Headers that this server wants.
    pub(crate) headers: Vec<(String, String)>,
    /// Processes whose CPU counts; empty for the model itself.
    pub(crate) processes: Vec<u32>,
    /// Measured with streams only.
    pub(crate) streams_only: bool,
}

/// What one phase gave.
#[derive(Debug, Default, Clone)]
pub(crate) struct Phase {
    pub(crate) times: Vec<Duration>,
    pub(crate) elapsed: Duration,
    pub(crate) cpu: Duration,
    /// Answers with another status or a broken connection.
    pub(crate) failed: u64,
    /// Answers whose text differs from the model's answer to the unmasked text.
    pub(crate) different: u64,
}

/// What the streams of one round gave.
#[derive(Debug, Default, Clone)]
pub(crate) struct Streams {
    pub(crate) first_event: Vec<Duration>,
    pub(crate) first_text: Vec<Duration>,
    pub(crate) events: Vec<usize>,
    pub(crate) cpu: Duration,
    pub(crate) failed: u64,
    pub(crate) different: u64,
}

/// Calls at a fixed rate on one kept connection. A late answer delays the next call, and the time of
/// each call counts from when it was due.
pub(crate) fn fixed(target: &Target, per_second: f64, length: Duration) -> Result<Phase> {
    let call = Call::new(target, false);
    let mut connection = Connection::open(target.address)?;
    warm(&call, &mut connection);
    let mut phase = Phase::default();
    let before = clock(target)?;
    let start = Instant::now();
    let count = (per_second * length.as_secs_f64()) as u32;
    for number in 0..count.max(1) {
        let due = start + Duration::from_secs_f64(f64::from(number) / per_second);
        pace::until(due);
        call.make(&mut connection, &mut phase, due);
    }
    phase.elapsed = start.elapsed();
    phase.cpu = used(target, before)?;
    Ok(phase)
}

/// As many calls as possible, one after the other on each of some connections.
pub(crate) fn closed(target: &Target, connections: usize, length: Duration) -> Result<Phase> {
    let call = Call::new(target, false);
    let mut open = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(target.address)?;
        warm(&call, &mut connection);
        open.push(connection);
    }
    let before = clock(target)?;
    let start = Instant::now();
    let phases = Mutex::new(Vec::new());
    // The connections outlive the second reading of the clock, and with them the server's threads.
    std::thread::scope(|scope| {
        for connection in &mut open {
            scope.spawn(|| {
                let mut phase = Phase::default();
                while start.elapsed() < length {
                    call.make(connection, &mut phase, Instant::now());
                }
                phases.lock().map(|mut phases| phases.push(phase)).ok();
            });
        }
    });
    let mut whole = Phase {
        elapsed: start.elapsed(),
        cpu: used(target, before)?,
        ..Phase::default()
    };
    for phase in phases.into_inner().unwrap_or_default() {
        whole.times.extend(phase.times);
        whole.failed += phase.failed;
        whole.different += phase.different;
    }
    Ok(whole)
}

/// Paced streams, some at the same time, each on a connection of its own.
pub(crate) fn streams(target: &Target, count: usize) -> Result<Streams> {
    let call = Call::new(target, true);
    let before = clock(target)?;
    let results = Mutex::new(Streams::default());
    std::thread::scope(|scope| {
        for number in 0..count {
            let (call, results) = (&call, &results);
            scope.spawn(move || {
                // Apart by an uneven time, so that the events of two streams do not coincide.
                pace::pause(Duration::from_millis(7) * u32::try_from(number).unwrap_or(0));
                let outcome = Connection::open(target.address).map_err(anyhow::Error::from);
                let outcome = outcome.and_then(|connection| call.stream(connection));
                let Ok(mut results) = results.lock() else {
                    return;
                };
                match outcome {
                    Ok(stream) => results.add(stream),
                    Err(_) => results.failed += 1,
                }
            });
        }
    });
    let mut streams = results.into_inner().unwrap_or_default();
    streams.cpu = used(target, before)?;
    Ok(streams)
}

/// One stream as the client saw it.
#[derive(Debug)]
struct Stream {
    first_event: Duration,
    first_text: Duration,
    events: usize,
    same: bool,
}

impl Streams {
    fn add(&mut self, stream: Stream) {
        self.first_event.push(stream.first_event);
        self.first_text.push(stream.first_text);
        self.events.push(stream.events);
        self.different += u64::from(!stream.same);
    }
}

/// A call ready to be written, with the text that its answer must have.
#[derive(Debug)]
struct Call {
    bytes: Vec<u8>,
    expected: String,
}

impl Call {
    fn new(target: &Target, stream: bool) -> Self {
        let host = target.address.to_string();
        let mut headers = vec![
            ("host", host.as_str()),
            ("content-type", "application/json"),
        ];
        headers.extend(
            target
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let body = note::request("ward-chat", stream);
        let bytes = message("POST /v1/chat/completions HTTP/1.1", &headers, &body);
        Self {
            bytes,
            expected: note::answer(&note::text()),
        }
    }

    /// Makes one call and files its outcome. A kept connection may have been closed by the server
    /// in between: then the call is made once more on a new one.
    fn make(&self, connection: &mut Connection, phase: &mut Phase, due: Instant) {
        let outcome = self.exchange(connection).or_else(|_| {
            *connection = connection.again()?;
            self.exchange(connection)
        });
        match outcome {
            Ok((200, body)) => {
                phase.times.push(due.elapsed());
                phase.different += u64::from(!self.is_expected(&body));
            }
            Ok(_) => phase.failed += 1,
            Err(_) => {
                phase.failed += 1;
                // A server that is gone must not turn the loop into a race.
                pace::pause(Duration::from_millis(50));
            }
        }
    }

    fn exchange(&self, connection: &mut Connection) -> std::io::Result<(u16, Vec<u8>)> {
        connection.write(&self.bytes)?;
        let head = connection.head()?;
        let body = connection.body(&head)?;
        Ok((head.status(), body))
    }

    /// Whether an answer's text is the model's answer to the unmasked text, byte for byte.
    fn is_expected(&self, body: &[u8]) -> bool {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let content = value.pointer("/choices/0/message/content");
        content.and_then(serde_json::Value::as_str) == Some(self.expected.as_str())
    }

    fn stream(&self, mut connection: Connection) -> Result<Stream> {
        let start = Instant::now();
        connection.write(&self.bytes)?;
        let head = connection.head()?;
        anyhow::ensure!(head.status() == 200, "status {}", head.status());
        let mut reader = Events::default();
        connection.body_pieces(&head, |piece| reader.read(piece, start.elapsed()))?;
        Ok(Stream {
            first_event: reader.first_event.context("no event")?,
            first_text: reader.first_text.context("no text")?,
            events: reader.events,
            same: reader.text == self.expected,
        })
    }
}

/// Reads events from a stream as they arrive.
#[derive(Debug, Default)]
struct Events {
    open: Vec<u8>,
    events: usize,
    text: String,
    first_event: Option<Duration>,
    first_text: Option<Duration>,
}

impl Events {
    fn read(&mut self, piece: &[u8], now: Duration) {
        self.open.extend_from_slice(piece);
        while let Some(at) = self.open.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.open.drain(..at + 2).collect();
            let Some(data) = String::from_utf8_lossy(&event)
                .trim()
                .strip_prefix("data: ")
                .map(str::to_owned)
            else {
                continue;
            };
            self.events += 1;
            self.first_event.get_or_insert(now);
            let value: serde_json::Value = serde_json::from_str(&data).unwrap_or_default();
            let text = value
                .pointer("/choices/0/delta/content")
                .and_then(serde_json::Value::as_str);
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                self.first_text.get_or_insert(now);
                self.text.push_str(text);
            }
        }
    }
}

/// A few calls that do not count.
fn warm(call: &Call, connection: &mut Connection) {
    for _ in 0..5 {
        call.make(connection, &mut Phase::default(), Instant::now());
    }
}

/// The server's clock; nothing for the model itself.
fn clock(target: &Target) -> Result<Option<cpu::Reading>> {
    if target.processes.is_empty() {
        return Ok(None);
    }
    cpu::read(&target.processes).map(Some)
}

fn used(target: &Target, before: Option<cpu::Reading>) -> Result<Duration> {
    match (before, clock(target)?) {
        (Some(before), Some(now)) => Ok(now.since(&before)),
        _ => Ok(Duration::ZERO),
    }
}

/// How many of the planted identifiers the model saw since it was last asked.
pub(crate) fn seen(model: SocketAddr) -> Result<u32> {
    let mut connection = Connection::open(model)?;
    connection.write(&message("GET /seen HTTP/1.1", &[("host", "model")], b""))?;
    let head = connection.head()?;
    let body = connection.body(&head)?;
    Ok(String::from_utf8_lossy(&body).trim().parse()?)
}

/// How many events a whole stream has.
pub(crate) const EVENTS: usize = mock::STREAM_EVENTS;
