//! Events of keeping: the vault's keys, retention, holds and backups.

use jiff::Timestamp;

use super::canonical::Canonical;
use super::{Patient, Token};
use crate::RecordId;

/// How long a class of data is kept. It only ever becomes longer.
#[derive(Clone, Copy, Debug)]
pub struct RetentionSet<'a> {
    /// The class of data.
    pub class: Token<'a>,
    /// Days from now on.
    pub days: u64,
    /// Days up to now.
    pub before_days: Option<u64>,
    /// Who stated it.
    pub person: Option<Token<'a>>,
}

/// A legal hold was placed: what it covers is neither shredded nor pruned.
#[derive(Clone, Copy, Debug)]
pub struct HoldPlaced<'a> {
    /// The hold.
    pub hold: RecordId,
    /// The patient whose data it keeps; none for everything, or everything in a range.
    pub patient: Option<Patient>,
    /// From when on it keeps everything.
    pub from: Option<Timestamp>,
    /// Until when it keeps everything.
    pub to: Option<Timestamp>,
    /// Why, as a code.
    pub reason: Token<'a>,
    /// Who ordered it.
    pub person: Option<Token<'a>>,
}

/// A legal hold was released.
#[derive(Clone, Copy, Debug)]
pub struct HoldReleased<'a> {
    /// The hold.
    pub hold: RecordId,
    /// The patient whose data it keeps; none for everything.
    pub patient: Option<Patient>,
    /// Why, as a code.
    pub reason: Token<'a>,
    /// Who ordered it.
    pub person: Option<Token<'a>>,
}

/// A key of the vault has a new version, and what the old one wrapped was wrapped anew.
#[derive(Clone, Copy, Debug)]
pub struct KeyRotated<'a> {
    /// The key, by its name in the hierarchy.
    pub key: Token<'a>,
    /// The version up to now.
    pub from_version: u64,
    /// The version from now on.
    pub to_version: u64,
    /// The kind of key provider.
    pub provider: Token<'a>,
}

/// The vault can not open keys, and calls are refused.
#[derive(Clone, Copy, Debug)]
pub struct VaultSealed<'a> {
    /// Why, as a stable code.
    pub reason: Token<'a>,
    /// The kind of key provider.
    pub provider: Token<'a>,
}

/// The vault opens keys again.
#[derive(Clone, Copy, Debug)]
pub struct VaultUnsealed<'a> {
    /// Why, as a stable code.
    pub reason: Token<'a>,
    /// The kind of key provider.
    pub provider: Token<'a>,
}

/// A backup was made and verified.
#[derive(Clone, Copy, Debug)]
pub struct BackupMade {
    /// The backup.
    pub backup: RecordId,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many ledger entries it holds.
    pub entries: u64,
    /// SHA-256 of the backup.
    pub digest: [u8; 32],
}

/// A backup was restored into this data directory.
#[derive(Clone, Copy, Debug)]
pub struct BackupRestored {
    /// The backup.
    pub backup: RecordId,
    /// How many ledger entries it held.
    pub entries: u64,
    /// How many shreddings younger than the backup were done again.
    pub shreddings: u64,
}

/// The offline recovery was tried and worked.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryDrilled {
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How many keys were recovered and checked.
    pub keys: u64,
}

impl RetentionSet<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        if let Some(before_days) = self.before_days {
            json.member("before_days").integer(before_days);
        }
        json.member("class").token(self.class);
        json.member("days").integer(self.days);
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
    }
}

impl HoldPlaced<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        if let Some(from) = self.from {
            json.member("from").time(from);
        }
        json.member("hold").id(&self.hold);
        if let Some(patient) = self.patient {
            json.member("patient").hex(patient.as_bytes());
        }
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
        json.member("reason").token(self.reason);
        if let Some(to) = self.to {
            json.member("to").time(to);
        }
    }
}

impl HoldReleased<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("hold").id(&self.hold);
        if let Some(patient) = self.patient {
            json.member("patient").hex(patient.as_bytes());
        }
        if let Some(person) = self.person {
            json.member("person").token(person);
        }
        json.member("reason").token(self.reason);
    }
}

impl KeyRotated<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("from_version").integer(self.from_version);
        json.member("key").token(self.key);
        json.member("provider").token(self.provider);
        json.member("to_version").integer(self.to_version);
    }
}

impl VaultSealed<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("provider").token(self.provider);
        json.member("reason").token(self.reason);
    }
}

impl VaultUnsealed<'_> {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("provider").token(self.provider);
        json.member("reason").token(self.reason);
    }
}

impl BackupMade {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("backup").id(&self.backup);
        json.member("bytes").integer(self.bytes);
        json.member("digest").hex(&self.digest);
        json.member("entries").integer(self.entries);
    }
}

impl BackupRestored {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("backup").id(&self.backup);
        json.member("entries").integer(self.entries);
        json.member("shreddings").integer(self.shreddings);
    }
}

impl RecoveryDrilled {
    pub(super) fn write(&self, json: &mut Canonical) {
        json.member("keys").integer(self.keys);
        json.member("took_ms").integer(self.took_ms);
    }
}
