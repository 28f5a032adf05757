//! Events of emergency access.

use jiff::Timestamp;

use super::canonical::Canonical;
use super::{Patient, Token};
use crate::RecordId;

/// A person opened a patient's data in an emergency.
#[derive(Clone, Copy, Debug)]
pub struct BreakGlassOpened<'a> {
    /// The access.
    pub access: RecordId,
    /// The patient; none when nobody on file was meant.
    pub patient: Option<Patient>,
    /// Who opened it.
    pub person: Token<'a>,
    /// Why, as a code.
    pub reason: Token<'a>,
    /// The first instant at which it is over.
    pub until: Timestamp,
}

/// Another person reviewed an emergency access, and by that ended it.
#[derive(Clone, Copy, Debug)]
pub struct BreakGlassReviewed<'a> {
    /// The access.
    pub access: RecordId,
    /// Who had opened it.
    pub opened_by: Token<'a>,
    /// The patient; none when nobody on file was meant.
    pub patient: Option<Patient>,
    /// Who reviewed it.
    pub person: Token<'a>,
    /// What they found, as a code.
    pub verdict: Token<'a>,
}

impl BreakGlassOpened<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("access").id(&self.access);
        if let Some(patient) = self.patient {
            json.member("patient").hex(patient.as_bytes());
        }
        json.member("person").token(self.person);
        json.member("reason").token(self.reason);
        json.member("until").time(self.until);
    }
}

impl BreakGlassReviewed<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("access").id(&self.access);
        json.member("opened_by").token(self.opened_by);
        if let Some(patient) = self.patient {
            json.member("patient").hex(patient.as_bytes());
        }
        json.member("person").token(self.person);
        json.member("verdict").token(self.verdict);
    }
}
