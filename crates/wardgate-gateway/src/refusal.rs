//! A gate's "no": a stable code, a public sentence, a hint and the record that proves it.
//!
//! A refusal is not an error. It carries no patient data and says the same thing whether or
//! not a patient exists.

use std::borrow::Cow;

use http::StatusCode;
use wardgate_records::RecordId;

mod codes;

pub use codes::ALL as CODES;
pub(crate) use codes::*;

/// Where on the path of a call a refusal was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The connection, the head and the body of the request.
    Accept,
    /// Who calls.
    Identify,
    /// How often, and how much.
    Limits,
    /// The governance facts this call depends on.
    Facts,
    /// Policies and consents.
    Authorise,
    /// Removal of identifiers.
    Deidentify,
    /// Signs of prompt injection.
    Screen,
    /// The durable record before and after the call.
    Ledger,
    /// The system that answers.
    Send,
    /// The answer.
    Inspect,
}

impl Gate {
    /// The gate's name in answers, in the ledger and in the reference.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Identify => "identify",
            Self::Limits => "limits",
            Self::Facts => "facts",
            Self::Authorise => "authorise",
            Self::Deidentify => "deidentify",
            Self::Screen => "screen",
            Self::Ledger => "ledger",
            Self::Send => "send",
            Self::Inspect => "inspect",
        }
    }
}

/// What a refusal code stands for; the generated reference is made of these.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable code, `area.reason`.
    pub text: &'static str,
    /// The gate that says it.
    pub gate: Gate,
    /// The HTTP status it travels with.
    pub status: u16,
    /// The public sentence, used when the gate has nothing more exact to say.
    pub sentence: &'static str,
    /// What the caller can do.
    pub hint: &'static str,
}

/// One refused call.
#[derive(Debug)]
pub struct Refusal(Box<Told>);

/// Boxed, because nearly every function of the path may return one.
#[derive(Debug)]
struct Told {
    code: Cow<'static, str>,
    gate: Gate,
    status: u16,
    message: Cow<'static, str>,
    hint: Cow<'static, str>,
    source: Option<String>,
    reason: Option<&'static str>,
    record: Option<RecordId>,
    retry_after_s: Option<u32>,
}

impl Refusal {
    /// Refuses with the code's own sentence and hint.
    pub fn new(code: &'static Code) -> Self {
        Self(Box::new(Told {
            code: Cow::Borrowed(code.text),
            gate: code.gate,
            status: code.status,
            message: Cow::Borrowed(code.sentence),
            hint: Cow::Borrowed(code.hint),
            source: None,
            reason: None,
            record: None,
            retry_after_s: None,
        }))
    }

    /// Refuses with a sentence that names what is at fault. Never patient data.
    pub fn because(code: &'static Code, message: String) -> Self {
        let mut refusal = Self::new(code);
        refusal.0.message = Cow::Owned(message);
        refusal
    }

    /// Carries a policy's or a consent's "no" to the caller.
    pub(crate) fn from_denial(denial: &wardgate_authz::Denial) -> Self {
        let gate = match denial.gate() {
            wardgate_authz::Gate::Facts => Gate::Facts,
            _ => Gate::Authorise,
        };
        Self(Box::new(Told {
            code: Cow::Owned(denial.code().to_owned()),
            gate,
            status: denial_status(denial.code()),
            message: Cow::Owned(denial.message().to_owned()),
            hint: Cow::Owned(denial.hint().to_owned()),
            source: Some(denial.source().to_owned()).filter(|source| !source.is_empty()),
            reason: None,
            record: None,
            retry_after_s: None,
        }))
    }

    /// Adds what the ledger is told beside the code, and the caller is not.
    #[must_use]
    pub(crate) fn with_reason(mut self, reason: &'static str) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// What the ledger is told beside the code.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.0.reason
    }

    /// The code under which refusals of strangers are counted: with the reason, if there is one.
    pub(crate) fn told_code(&self) -> Cow<'_, str> {
        match self.0.reason {
            None => Cow::Borrowed(self.code()),
            Some(reason) => Cow::Owned(format!("{}:{reason}", self.code())),
        }
    }

    /// Says when to try again, in whole seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Points to the ledger entry that proves this refusal.
    #[must_use]
    pub fn recorded_as(mut self, record: RecordId) -> Self {
        self.0.record = Some(record);
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The gate that refused.
    pub fn gate(&self) -> Gate {
        self.0.gate
    }

    /// The public sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the caller can do.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The governance record that decided, such as `vendor/acme`.
    pub fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// The ledger entry that proves this refusal.
    pub fn record(&self) -> Option<RecordId> {
        self.0.record
    }

    /// When to try again, in whole seconds.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// The HTTP status of the protocol's error.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::FORBIDDEN)
    }
}

/// A stale fact heals by itself, so clients may retry; every other policy "no" is final for this call.
fn denial_status(code: &str) -> u16 {
    if code == "fact.stale" { 503 } else { 403 }
}
