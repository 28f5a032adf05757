//! What is stated of a destroyed patient key. Its SHA-256 stands in the ledger entry, so the
//! statement and the entry prove each other.

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::canonical::Canonical;
use super::{Patient, Token};
use crate::RecordId;

/// What a shredding destroyed.
#[derive(Clone, Debug)]
pub struct Destruction<'a> {
    /// The random handle of the patient.
    pub patient: Patient,
    /// When the key was destroyed.
    pub at: Timestamp,
    /// The check value of the destroyed key, as it stands in every payload that it sealed.
    pub key_check: Option<Token<'a>>,
    /// How many consents went with it.
    pub consents: u64,
    /// How many sealed payloads the key had, and their bytes; unknown after a crash.
    pub payloads: Option<(u64, u64)>,
    /// The backups of the wrapped key that were known.
    pub key_sets: &'a [KeySetState],
}

/// What became of a wrapped key in a backup's key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySetState {
    /// The key set.
    pub id: RecordId,
    /// Whether its copy of the wrapped key was destroyed with the key.
    pub removed: bool,
    /// The last instant at which a copy of the key set may exist.
    pub until: Timestamp,
}

impl Destruction<'_> {
    /// The statement as RFC 8785 canonical JSON.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        let mut json = Canonical::with_capacity(512);
        json.object(|json| {
            json.member("consents").integer(self.consents);
            if let Some(check) = self.key_check {
                json.member("key_check").token(check);
            }
            json.member("key_sets").array(self.key_sets, |json, set| {
                json.object(|json| {
                    json.member("id").id(&set.id);
                    json.member("removed").boolean(set.removed);
                    json.member("until").time(set.until);
                });
            });
            json.member("patient").hex(self.patient.as_bytes());
            if let Some((payloads, bytes)) = self.payloads {
                json.member("payload_bytes").integer(bytes);
                json.member("payloads").integer(payloads);
            }
            json.member("shredded_at").time(self.at);
            json.member("v").integer(1);
        });
        json.into_bytes()
    }
}

/// SHA-256 of a statement, as the ledger entry has it.
#[must_use]
pub fn statement_digest(statement: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, statement).as_ref());
    hash
}
