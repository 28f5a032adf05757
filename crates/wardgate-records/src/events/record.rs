//! Events of the records and of the process.

use jiff::Timestamp;

use super::canonical::Canonical;
use super::{Patient, Token};
use crate::RecordId;

/// Callers that could not be identified, coalesced over a short window.
#[derive(Clone, Copy, Debug)]
pub struct IdentityRefused<'a> {
    /// Why, as a stable code.
    pub code: Token<'a>,
    /// The known key that was presented (expired, revoked), if any.
    pub key: Option<RecordId>,
    /// How many refusals this event stands for.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// A record was created or changed.
#[derive(Clone, Copy, Debug)]
pub struct RecordChanged<'a> {
    /// The kind of record, such as `vendor`.
    pub record: Token<'a>,
    /// Its id. A patient's and a consent's id is its random handle.
    pub record_id: Token<'a>,
    /// Its version after the change.
    pub version: u64,
    /// Whether it is new.
    pub change: RecordChange,
    /// The fields that changed: names, never values.
    pub fields: &'a [Token<'a>],
    /// SHA-256 of the record's public part. Absent for records that hold patient data.
    pub digest: Option<[u8; 32]>,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordChange {
    /// The record is new.
    Created,
    /// The record existed before.
    Changed,
}

/// An API key was made.
#[derive(Clone, Copy, Debug)]
pub struct KeyCreated<'a> {
    /// The key.
    pub key: RecordId,
    /// The app it belongs to.
    pub app: Token<'a>,
    /// The person it acts for.
    pub person: Option<Token<'a>>,
    /// When it ends.
    pub expires: Timestamp,
    /// The systems it may call; none means all that policy allows.
    pub systems: &'a [Token<'a>],
    /// The purposes it may state; none means all that policy allows.
    pub purposes: &'a [Token<'a>],
}

/// An API key was revoked.
#[derive(Clone, Copy, Debug)]
pub struct KeyRevoked<'a> {
    /// The key.
    pub key: RecordId,
    /// The app it belonged to.
    pub app: Token<'a>,
}

/// A patient's key was destroyed, and with it the readability of all that it sealed.
#[derive(Clone, Copy, Debug)]
pub struct PatientShredded {
    /// The patient's handle.
    pub patient: Patient,
    /// How many consents went with it.
    pub consents: u64,
    /// SHA-256 of the certificate of the shredding.
    pub certificate: Option<[u8; 32]>,
    /// How many sealed payloads became unreadable.
    pub payloads: Option<u64>,
}

/// A gateway process began to serve.
#[derive(Clone, Copy, Debug)]
pub struct GatewayStarted<'a> {
    /// The id of this start.
    pub boot: RecordId,
    /// The version of the program.
    pub version: Token<'a>,
    /// The policy set in force.
    pub policy_hash: [u8; 32],
    /// Calls of an earlier process that were closed with an unknown outcome.
    pub recovered: u64,
}

/// A gateway process ended in order.
#[derive(Clone, Copy, Debug)]
pub struct GatewayStopped {
    /// The id of its start.
    pub boot: RecordId,
}

/// Other policies decide from now on.
#[derive(Clone, Copy, Debug)]
pub struct PolicyChanged {
    /// The hash of the set that decided before.
    pub before: [u8; 32],
    /// The hash of the set that decides from now on.
    pub after: [u8; 32],
}

impl IdentityRefused<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("code").token(self.code);
        json.member("count").integer(self.count);
        json.member("first").time(self.first);
        if let Some(key) = &self.key {
            json.member("key").id(key);
        }
        json.member("last").time(self.last);
    }
}

impl RecordChanged<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("change").fixed(match self.change {
            RecordChange::Created => "created",
            RecordChange::Changed => "changed",
        });
        if let Some(digest) = &self.digest {
            json.member("digest").hex(digest);
        }
        json.member("fields")
            .array(self.fields, |json, field| json.token(*field));
        json.member("record").token(self.record);
        json.member("record_id").token(self.record_id);
        json.member("version").integer(self.version);
    }
}

impl KeyCreated<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("app").token(self.app);
        json.member("expires").time(self.expires);
        json.member("key").id(&self.key);
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
        json.member("purposes")
            .array(self.purposes, |json, purpose| json.token(*purpose));
        json.member("systems")
            .array(self.systems, |json, system| json.token(*system));
    }
}

impl KeyRevoked<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("app").token(self.app);
        json.member("key").id(&self.key);
    }
}

impl PatientShredded {
    pub(super) const fn version(&self) -> u64 {
        if self.certificate.is_some() || self.payloads.is_some() {
            2
        } else {
            1
        }
    }

    pub(super) fn write(&self, json: &mut Canonical) {
        if let Some(certificate) = &self.certificate {
            json.member("certificate").hex(certificate);
        }
        json.member("consents").integer(self.consents);
        json.member("patient").hex(self.patient.as_bytes());
        if let Some(payloads) = self.payloads {
            json.member("payloads").integer(payloads);
        }
    }
}

impl GatewayStarted<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("boot").id(&self.boot);
        json.member("policy_hash").hex(&self.policy_hash);
        json.member("recovered").integer(self.recovered);
        json.member("version").token(self.version);
    }
}

impl GatewayStopped {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("boot").id(&self.boot);
    }
}

impl PolicyChanged {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("after").hex(&self.after);
        json.member("before").hex(&self.before);
    }
}
