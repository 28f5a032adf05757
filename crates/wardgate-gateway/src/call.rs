//! One call: what was asked, of which system, for what purpose, about whom.

use std::ops::Range;

use aws_lc_rs::digest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use wardgate_authz::Purpose;
use wardgate_deid::{JsonPart, Treat};
use wardgate_records::RecordId;

use crate::limits::{Admitted, Place};
use crate::refusal::{self, Refusal};

/// Binds every proof to one call: SHA-256 over the call's record id, its route and its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallDigest([u8; 32]);

impl CallDigest {
    fn of(record: RecordId, route: Route, body: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(record.as_bytes());
        context.update(route.path().as_bytes());
        context.update(body);
        let mut bytes = [0; 32];
        bytes
            .iter_mut()
            .zip(context.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// The digest as proofs of other crates carry it.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A chat completion.
    Chat,
    /// Embeddings of texts.
    Embeddings,
}

impl Route {
    /// The path below an endpoint's base URL.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Embeddings => "/embeddings",
        }
    }
}

/// Whose words a part of the body are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// The operator's or developer's instructions.
    System,
    /// The user's words.
    User,
    /// What the model said before.
    History,
    /// What the model asked a tool for.
    ToolArgument,
    /// What a tool answered.
    ToolResult,
    /// Text to embed.
    Input,
    /// Everything else: names, descriptions, metadata, unknown fields, keys and numbers.
    Metadata,
}

/// One part of the body that gates look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its bytes in the body, without the quotes of a string.
    pub at: Range<usize>,
    /// Whose words.
    pub position: Position,
    /// What de-identification does with it.
    pub treat: Treat,
}

/// What an adapter read from the body of a protocol.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The system asked for, by its public name.
    pub model: String,
    /// Whether the answer shall come as a stream.
    pub stream: bool,
    /// Everything else that carries text.
    pub parts: Vec<Part>,
}

/// What the head of a request says about the call, already checked for form.
#[derive(Debug)]
pub(crate) struct Stated {
    /// `wardgate-purpose`.
    pub purpose: Option<Purpose>,
    /// `wardgate-patient`, as sent.
    pub patient: Option<String>,
    /// `wardgate-conversation`, as sent.
    pub conversation: Option<String>,
    /// `wardgate-break-glass`: the emergency access that the call rests on.
    pub break_glass: Option<RecordId>,
}

impl Stated {
    /// Reads Wardgate's own headers.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let break_glass = match text(headers, &BREAK_GLASS)? {
            None => None,
            Some(text) => Some(text.parse::<RecordId>().map_err(|_| {
                let message =
                    "`wardgate-break-glass` is not the id of an emergency access".to_owned();
                Refusal::because(&refusal::HEADER_INVALID, message)
            })?),
        };
        let purpose = match text(headers, &PURPOSE)? {
            None => None,
            Some(text) => Some(text.parse::<Purpose>().map_err(|_| {
                let message = "`wardgate-purpose` is not a purpose of use, such as TREAT or HRESCH"
                    .to_owned();
                Refusal::because(&refusal::HEADER_INVALID, message)
            })?),
        };
        Ok(Self {
            purpose,
            patient: text(headers, &PATIENT)?.map(str::to_owned),
            conversation: text(headers, &CONVERSATION)?.map(str::to_owned),
            break_glass,
        })
    }
}

/// A whole call. Its caller was identified and admitted, or there would be none.
#[derive(Debug)]
pub(crate) struct Call {
    record: RecordId,
    digest: CallDigest,
    route: Route,
    admitted: Admitted,
    body: Bytes,
    shape: Shape,
}

impl Call {
    pub(crate) fn new(
        record: RecordId,
        route: Route,
        admitted: Admitted,
        body: Bytes,
        shape: Shape,
    ) -> Self {
        Self {
            record,
            digest: CallDigest::of(record, route, &body),
            route,
            admitted,
            body,
            shape,
        }
    }

    /// The id under which the ledger knows this call.
    pub(crate) fn record(&self) -> RecordId {
        self.record
    }

    /// What every proof for this call carries.
    pub(crate) fn digest(&self) -> &CallDigest {
        &self.digest
    }

    /// What kind of call it is.
    pub(crate) fn route(&self) -> Route {
        self.route
    }

    /// Who calls.
    pub(crate) fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    /// The body as it was received.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The system asked for, by its public name.
    pub(crate) fn model(&self) -> &str {
        &self.shape.model
    }

    /// Whether the answer shall come as a stream.
    pub(crate) fn stream(&self) -> bool {
        self.shape.stream
    }

    /// The parts of the body that gates look at.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.shape.parts
    }

    /// Ends the call and keeps its place among the caller's calls.
    pub(crate) fn into_place(self) -> Place {
        self.admitted.into_place()
    }

    /// The parts as de-identification takes them.
    pub(crate) fn json_parts(&self) -> Vec<JsonPart> {
        self.shape
            .parts
            .iter()
            .map(|part| JsonPart {
                at: part.at.clone(),
                treat: part.treat,
            })
            .collect()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::because(
            &refusal::HEADER_INVALID,
            format!("`{name}` stands twice"),
        ));
    }
    let readable = value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty() && text.len() <= HEADER_BYTES_MAX);
    match readable {
        Some(text) => Ok(Some(text)),
        None => {
            let message =
                format!("`{name}` must be 1 to {HEADER_BYTES_MAX} characters of printable ASCII");
            Err(Refusal::because(&refusal::HEADER_INVALID, message))
        }
    }
}

const PURPOSE: HeaderName = HeaderName::from_static("wardgate-purpose");
const PATIENT: HeaderName = HeaderName::from_static("wardgate-patient");
const CONVERSATION: HeaderName = HeaderName::from_static("wardgate-conversation");
const BREAK_GLASS: HeaderName = HeaderName::from_static("wardgate-break-glass");
const HEADER_BYTES_MAX: usize = 256;
