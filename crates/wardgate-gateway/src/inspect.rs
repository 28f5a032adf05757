//! The answer on its way back: it must be valid, placeholders become the caller's own values,
//! and its last byte waits for the outcome to be durable.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use wardgate_deid::RestoreMap;
use wardgate_records::RecordId;

use crate::adapters::openai::{self, stream::StreamRestoring};
use crate::body::{self, AnswerBody, CollectFault, Cut};
use crate::counters::Counters;
use crate::gate::Gate;
use crate::limits::Place;
use crate::pipeline::{RECORD_HEADER, set_id};
use crate::recorder::{Outcome, Recorder};
use crate::refusal::{self, Refusal};
use crate::sse::{Event, Framer, data_event};

/// What a system answered, not yet looked at.
pub(crate) struct Reply {
    pub(crate) response: Response<Incoming>,
    pub(crate) restore: RestoreMap,
    pub(crate) recorder: Recorder,
    pub(crate) place: Place,
    pub(crate) attempts: u32,
    pub(crate) idle_timeout: Duration,
    pub(crate) system_digest: Option<String>,
}

/// Proof that an answer was looked at. Nobody gets it before its outcome is recorded.
pub(crate) struct Inspected {
    head: Head,
    kind: Kind,
}

/// What the head of the answer says.
struct Head {
    status: StatusCode,
    record: RecordId,
    system_digest: Option<String>,
}

enum Kind {
    Whole {
        body: Bytes,
        outcome: Outcome,
        recorder: Box<Recorder>,
        _place: Place,
    },
    Stream(Box<Pieces>),
}

/// An answer whose outcome is recorded, or will be before its last byte.
pub(crate) struct Answer {
    head: Head,
    content: Content,
}

enum Content {
    Whole(Bytes),
    Stream(AnswerBody),
}

/// Looks at an answer: a whole one at once, a stream as it comes.
pub(crate) async fn inspect(gate: &Gate, reply: Reply) -> Result<Inspected, Refusal> {
    let status = reply.response.status();
    let head = Head {
        status,
        record: reply.recorder.call(),
        system_digest: reply.system_digest.clone(),
    };
    let outcome = Outcome {
        http_status: Some(status.as_u16()),
        attempts: reply.attempts,
        ..Outcome::default()
    };
    if !passes_on(status) {
        tracing::warn!(status = status.as_u16(), "a system answered with an error");
        return Err(reply
            .recorder
            .failed(outcome, Refusal::new(&refusal::UPSTREAM_REFUSED))
            .await);
    }
    let Some(gzipped) = body::gzip_encoded(reply.response.headers()) else {
        return Err(reply
            .recorder
            .failed(outcome, Refusal::new(&refusal::ANSWER_INVALID))
            .await);
    };
    if status.is_success() && is_event_stream(&reply.response) && !gzipped {
        return Ok(Inspected {
            head,
            kind: Kind::Stream(Box::new(Pieces::new(gate, reply, outcome))),
        });
    }
    let Reply {
        response,
        restore,
        recorder,
        place,
        idle_timeout,
        ..
    } = reply;
    match whole(
        response.into_body(),
        gzipped,
        &restore,
        gate.options.answer_bytes_max,
        idle_timeout,
    )
    .await
    {
        Ok(restored) => {
            let body = restored.body;
            let outcome = Outcome {
                restored: restored.restored,
                answer_bytes: body.len() as u64,
                ..outcome
            };
            Ok(Inspected {
                head,
                kind: Kind::Whole {
                    body,
                    outcome,
                    recorder: Box::new(recorder),
                    _place: place,
                },
            })
        }
        Err(code) => Err(recorder.failed(outcome, Refusal::new(code)).await),
    }
}

/// Records the outcome of a whole answer, or ties a stream's last event to it.
pub(crate) async fn outcome(gate: &Gate, inspected: Inspected) -> Result<Answer, Refusal> {
    let Inspected { head, kind } = inspected;
    match kind {
        Kind::Whole {
            body,
            outcome,
            mut recorder,
            _place,
        } => {
            let _receipt = recorder
                .answered(outcome, &body)
                .await
                .map_err(|refusal| refusal.recorded_as(head.record))?;
            Counters::add(&gate.counters.answered, 1);
            Counters::add(&gate.counters.restored, outcome.restored);
            Ok(Answer {
                head,
                content: Content::Whole(body),
            })
        }
        Kind::Stream(pieces) => {
            let stream = stream::unfold(pieces, |mut pieces| async move {
                let piece = pieces.next().await?;
                Some((piece.map(Frame::data), pieces))
            });
            Ok(Answer {
                head,
                content: Content::Stream(body::streamed(Box::pin(stream))),
            })
        }
    }
}

impl Answer {
    /// The response as the caller gets it.
    pub(crate) fn into_response(self, asked: &HeaderMap) -> Response<AnswerBody> {
        let (content_type, packed, content) = match self.content {
            Content::Stream(body) => (EVENT_STREAM, false, body),
            Content::Whole(body) => match body::gzip_if_worth_it(asked, &body) {
                Some(packed) => (JSON, true, body::full(packed)),
                None => (JSON, false, body::full(body)),
            },
        };
        let mut response = Response::new(content);
        *response.status_mut() = self.head.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        set_id(headers, RECORD_HEADER, self.head.record);
        if let Some(digest) = self
            .head
            .system_digest
            .and_then(|digest| HeaderValue::from_str(&digest).ok())
        {
            headers.insert("wardgate-system-digest", digest);
        }
        response
    }
}

/// Reads a whole answer, unpacks and restores it.
async fn whole(
    body: Incoming,
    gzipped: bool,
    restore: &RestoreMap,
    bytes_max: usize,
    idle_timeout: Duration,
) -> Result<openai::answer::Restored, &'static refusal::Code> {
    let told = |fault| match fault {
        CollectFault::TooLarge => &refusal::ANSWER_TOO_LARGE,
        CollectFault::Broken => &refusal::ANSWER_BROKEN,
    };
    let collected = tokio::time::timeout(idle_timeout, body::collect(body, bytes_max)).await;
    let mut bytes = collected
        .map_err(|_elapsed| &refusal::UPSTREAM_TIMEOUT)?
        .map_err(told)?;
    if gzipped {
        bytes = body::gunzip(&bytes, bytes_max).map_err(told)?;
    }
    openai::answer::restore(&bytes, restore).map_err(|fault| {
        tracing::warn!(offset = fault.offset(), "a system's answer is not JSON");
        &refusal::ANSWER_INVALID
    })
}

/// A stream on its way to the caller.
struct Pieces {
    body: Incoming,
    framer: Framer,
    restoring: StreamRestoring,
    recorder: Recorder,
    outcome: Outcome,
    /// What the caller got so far, for the sealed payload.
    sent: BytesMut,
    sent_bytes_max: usize,
    idle_timeout: Duration,
    ended: bool,
    _place: Place,
}

/// What the next bytes of a stream brought.
enum Step {
    Send(Bytes),
    More,
    End(Bytes),
    Fail(&'static refusal::Code, Bytes),
}

impl Pieces {
    fn new(gate: &Gate, reply: Reply, outcome: Outcome) -> Self {
        Self {
            body: reply.response.into_body(),
            framer: Framer::new(gate.options.answer_bytes_max),
            restoring: StreamRestoring::new(reply.restore),
            recorder: reply.recorder,
            outcome,
            sent: BytesMut::new(),
            sent_bytes_max: gate.options.answer_bytes_max,
            idle_timeout: reply.idle_timeout,
            ended: false,
            _place: reply.place,
        }
    }

    /// The next bytes for the caller; none once the stream has ended.
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        while !self.ended {
            match self.step().await {
                Step::More => {}
                Step::Send(bytes) => {
                    self.keep(&bytes);
                    self.recorder.reached(self.totals());
                    return Some(Ok(bytes));
                }
                Step::End(last) => return Some(self.end(last).await),
                Step::Fail(code, sent) => return Some(self.fail(code, sent).await),
            }
        }
        None
    }

    /// Sends on every event that is complete, waits for more when none is.
    async fn step(&mut self) -> Step {
        let mut ready = BytesMut::new();
        loop {
            match self.framer.next_event() {
                Err(_too_large) => return Step::Fail(&refusal::ANSWER_TOO_LARGE, ready.freeze()),
                Ok(None) => break,
                Ok(Some(event)) => {
                    if let Some(step) = self.event(&event, &mut ready) {
                        return step;
                    }
                }
            }
        }
        if !ready.is_empty() {
            return Step::Send(ready.freeze());
        }
        match tokio::time::timeout(self.idle_timeout, self.body.frame()).await {
            Err(_elapsed) => Step::Fail(&refusal::UPSTREAM_TIMEOUT, Bytes::new()),
            Ok(Some(Err(_broken))) => Step::Fail(&refusal::ANSWER_BROKEN, Bytes::new()),
            Ok(Some(Ok(frame))) => {
                if let Ok(piece) = frame.into_data() {
                    self.framer.push(&piece);
                }
                Step::More
            }
            Ok(None) => self.upstream_ended(),
        }
    }

    /// Restores one event; says so when it is the last.
    fn event(&mut self, event: &Event, ready: &mut BytesMut) -> Option<Step> {
        match self.restoring.event(event) {
            Ok(openai::stream::Restored::Event(bytes)) => {
                self.outcome.events += 1;
                ready.extend_from_slice(&bytes);
                None
            }
            Ok(openai::stream::Restored::Done(bytes)) => {
                self.outcome.events += 1;
                ready.extend_from_slice(&self.restoring.leftovers());
                ready.extend_from_slice(&bytes);
                Some(Step::End(ready.split().freeze()))
            }
            Ok(openai::stream::Restored::Failed) => Some(Step::Fail(
                &refusal::UPSTREAM_REFUSED,
                ready.split().freeze(),
            )),
            Err(_not_json) => Some(Step::Fail(&refusal::ANSWER_INVALID, ready.split().freeze())),
        }
    }

    /// Most systems end a stream with `[DONE]`. Without it, an answer is whole when its choices
    /// said that they are finished; anything else broke off.
    fn upstream_ended(&mut self) -> Step {
        let mut ready = BytesMut::new();
        if let Some(event) = self.framer.finish()
            && let Some(step) = self.event(&event, &mut ready)
        {
            return step;
        }
        if self.restoring.is_finished() {
            ready.extend_from_slice(&self.restoring.leftovers());
            return Step::End(ready.freeze());
        }
        Step::Fail(&refusal::ANSWER_BROKEN, ready.freeze())
    }

    /// The last bytes of a whole stream leave once its outcome is durable.
    async fn end(&mut self, last: Bytes) -> Result<Bytes, Cut> {
        self.ended = true;
        self.keep(&last);
        let outcome = self.totals();
        match self.recorder.answered(outcome, &self.sent).await {
            Ok(_receipt) => {
                self.recorder.count_stream(outcome);
                Ok(last)
            }
            Err(refusal) => Ok(error_event(&refusal.recorded_as(self.recorder.call()))),
        }
    }

    /// What came so far is passed on, then the protocol's own error event tells that it is not all.
    async fn fail(&mut self, code: &'static refusal::Code, sent: Bytes) -> Result<Bytes, Cut> {
        self.ended = true;
        let mut last = BytesMut::from(sent);
        last.extend_from_slice(&self.restoring.leftovers());
        self.keep(&last);
        let outcome = self.totals();
        let refusal = self
            .recorder
            .broke_off(outcome, &self.sent, Refusal::new(code))
            .await;
        last.extend_from_slice(&error_event(&refusal));
        Ok(last.freeze())
    }

    fn totals(&self) -> Outcome {
        Outcome {
            restored: self.restoring.restored(),
            ..self.outcome
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.outcome.answer_bytes += bytes.len() as u64;
        let room = self.sent_bytes_max.saturating_sub(self.sent.len());
        self.sent
            .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }
}

fn error_event(refusal: &Refusal) -> Bytes {
    data_event(&openai::error_body(refusal))
}

/// Answers that concern the caller's own request; all others are the operator's to see.
fn passes_on(status: StatusCode) -> bool {
    status.is_success()
        || matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::NOT_FOUND
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNPROCESSABLE_ENTITY
        )
}

fn is_event_stream(response: &Response<Incoming>) -> bool {
    let value = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with(EVENT_STREAM)
    })
}

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";
