//! Events of people who sign in.

use jiff::Timestamp;

use super::Token;
use super::canonical::Canonical;
use crate::RecordId;

/// A person signed in, or proved anew who they are.
#[derive(Clone, Copy, Debug)]
pub struct SessionStarted<'a> {
    /// The session.
    pub session: RecordId,
    /// Whose it is.
    pub person: Token<'a>,
    /// Browser or command line.
    pub kind: Token<'a>,
    /// What it was proven by.
    pub means: Token<'a>,
    /// The level of the proof, 0 to 3.
    pub level: u64,
    /// The session that it takes the place of.
    pub rotated_from: Option<RecordId>,
}

/// A session ended.
#[derive(Clone, Copy, Debug)]
pub struct SessionEnded<'a> {
    /// The session.
    pub session: RecordId,
    /// Whose it was.
    pub person: Token<'a>,
    /// Why, as a stable code.
    pub reason: Token<'a>,
}

/// A person has one more way to sign in.
#[derive(Clone, Copy, Debug)]
pub struct CredentialAdded<'a> {
    /// The credential.
    pub credential: RecordId,
    /// What it is.
    pub kind: Token<'a>,
    /// Whose it is.
    pub person: Token<'a>,
}

/// A person has one way less to sign in.
#[derive(Clone, Copy, Debug)]
pub struct CredentialRemoved<'a> {
    /// The credential.
    pub credential: RecordId,
    /// What it was.
    pub kind: Token<'a>,
    /// Whose it was.
    pub person: Token<'a>,
    /// Why, as a stable code.
    pub reason: Token<'a>,
}

/// A one-time link was made by which a person gets ways to sign in.
#[derive(Clone, Copy, Debug)]
pub struct EnrolmentIssued<'a> {
    /// The link.
    pub link: RecordId,
    /// For whom.
    pub person: Token<'a>,
    /// Enrolment or recovery.
    pub purpose: Token<'a>,
    /// When it ends.
    pub expires: Timestamp,
    /// Who made it; none when it was made on the host.
    pub by: Option<Token<'a>>,
}

/// People or applications were denied what they asked of the console, counted together.
#[derive(Clone, Copy, Debug)]
pub struct AccessDenied<'a> {
    /// Why, as a stable code.
    pub code: Token<'a>,
    /// What was asked for.
    pub operation: Option<Token<'a>>,
    /// By whom, as far as it was proven.
    pub person: Option<Token<'a>>,
    /// How many denials this event stands for.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

impl SessionStarted<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("kind").token(self.kind);
        json.member("level").integer(self.level);
        json.member("means").token(self.means);
        json.member("person").token(self.person);
        if let Some(from) = &self.rotated_from {
            json.member("rotated_from").id(from);
        }
        json.member("session").id(&self.session);
    }
}

impl SessionEnded<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("person").token(self.person);
        json.member("reason").token(self.reason);
        json.member("session").id(&self.session);
    }
}

impl CredentialAdded<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("credential").id(&self.credential);
        json.member("kind").token(self.kind);
        json.member("person").token(self.person);
    }
}

impl CredentialRemoved<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("credential").id(&self.credential);
        json.member("kind").token(self.kind);
        json.member("person").token(self.person);
        json.member("reason").token(self.reason);
    }
}

impl EnrolmentIssued<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        if let Some(by) = self.by {
            json.member("by").token(by);
        }
        json.member("expires").time(self.expires);
        json.member("link").id(&self.link);
        json.member("person").token(self.person);
        json.member("purpose").token(self.purpose);
    }
}

impl AccessDenied<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("code").token(self.code);
        json.member("count").integer(self.count);
        json.member("first").time(self.first);
        json.member("last").time(self.last);
        if let Some(operation) = self.operation {
            json.member("operation").token(operation);
        }
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
    }
}
