//! What was asked and answered: sealed under the patient's key, outside the ledger.
//!
//! A frame of the journal is `version (1) | record id (16) | part (1) | owner (1) | patient (16)
//! | sealed (blind (32) | body)`. The ledger holds a commitment to the body under the random
//! blind and the SHA-256 of the frame: with the key both can be checked, without it neither
//! tells anything.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest;
use jiff::Timestamp;
use wardgate_ledger::{Journal, JournalOptions, JournalRecovery};
use wardgate_vault::{Binding, PatientHandle, Vault, commit};
use zeroize::Zeroizing;

use crate::RecordId;
use crate::error::RecordsError;
use crate::prune::PruneRules;

/// The sealed requests and answers. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct PayloadStore {
    journal: Journal,
    vault: Arc<Vault>,
}

/// What is to be stored.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    /// The record of the call.
    pub record: RecordId,
    /// Which part of the call.
    pub part: PayloadPart,
    /// The patient the call is about, if any.
    pub patient: Option<PatientHandle>,
    /// The bytes.
    pub body: &'a [u8],
}

/// A part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadPart {
    /// The request as it was received.
    Request,
    /// The answer as the caller got it.
    Answer,
}

/// A payload that is sealed and not yet stored.
pub struct SealedPayload {
    frame: Vec<u8>,
    commitment: [u8; 32],
    hash: [u8; 32],
}

/// The sealed payloads of one patient, as they lie on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many there are.
    pub payloads: u64,
    /// Their bytes, sealed.
    pub bytes: u64,
    /// When the first and the last of their calls began.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// A payload that was read back.
pub struct StoredPayload {
    /// The record of the call.
    pub record: RecordId,
    /// Which part of the call.
    pub part: PayloadPart,
    /// The patient the call is about, if any.
    pub patient: Option<PatientHandle>,
    /// The bytes.
    pub body: Zeroizing<Vec<u8>>,
    /// The commitment that the ledger holds.
    pub commitment: [u8; 32],
    /// The hash that the ledger holds.
    pub hash: [u8; 32],
}

impl PayloadStore {
    /// Makes a new payload store in a folder.
    ///
    /// # Errors
    /// When the journal cannot be made.
    pub fn create(dir: &Path, vault: Arc<Vault>) -> Result<Self, RecordsError> {
        let journal = Journal::create(dir, &options())?;
        Ok(Self { journal, vault })
    }

    /// Opens the payload store in a folder.
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub fn open(dir: &Path, vault: Arc<Vault>) -> Result<(Self, JournalRecovery), RecordsError> {
        let (journal, recovery) = Journal::open(dir, &options())?;
        Ok((Self { journal, vault }, recovery))
    }

    /// Seals a payload. Its commitment can go into the ledger before it is stored.
    ///
    /// # Errors
    /// When the vault refuses: the patient was shredded, the payload is too large.
    pub fn seal(&self, payload: Payload<'_>) -> Result<SealedPayload, RecordsError> {
        let blind = Zeroizing::new(self.vault.random::<32>());
        let mut plain = Zeroizing::new(Vec::with_capacity(32 + payload.body.len()));
        plain.extend_from_slice(blind.as_slice());
        plain.extend_from_slice(payload.body);
        let bound_to = Binding::new(payload.part.object(), payload.record.as_bytes());
        let sealed = match payload.patient {
            Some(patient) => self.vault.seal_for_patient(patient, &bound_to, &plain)?,
            None => self.vault.seal(&bound_to, &plain)?,
        };
        let mut frame = Vec::with_capacity(HEADER_BYTES + sealed.len());
        frame.push(VERSION);
        frame.extend_from_slice(payload.record.as_bytes());
        frame.push(payload.part.code());
        frame.push(u8::from(payload.patient.is_some()));
        frame.extend_from_slice(
            payload
                .patient
                .map_or([0; 16], |patient| *patient.as_bytes())
                .as_slice(),
        );
        frame.extend_from_slice(&sealed);
        Ok(SealedPayload {
            commitment: commit(&blind, payload.body),
            hash: sha256(&frame),
            frame,
        })
    }

    /// Stores a sealed payload; durable on return.
    ///
    /// # Errors
    /// When the journal fails or is busy.
    pub async fn append(&self, payload: SealedPayload) -> Result<(), RecordsError> {
        self.journal.append(payload.frame).await?;
        Ok(())
    }

    /// Stores a sealed payload soon, without telling when. For `Drop`.
    ///
    /// # Errors
    /// When the journal is stopped or full.
    pub fn append_detached(&self, payload: SealedPayload) -> Result<(), RecordsError> {
        Ok(self.journal.append_detached(payload.frame)?)
    }

    /// Reads and opens the payloads of a call, in the order in which they were stored. Reads
    /// the journal from its start: it is for people who look at one call, not for the path.
    ///
    /// # Errors
    /// [`RecordsError::NoPayload`] when there is none; the vault's `Shredded` when the patient's
    /// key was destroyed.
    pub fn read(&self, record: RecordId) -> Result<Vec<StoredPayload>, RecordsError> {
        let mut found = Vec::new();
        for stored in self.journal.records(None) {
            let stored = stored?;
            let frame = Frame::parse(&stored.payload)?;
            if frame.record == record {
                found.push(self.open_frame(&frame, &stored.payload)?);
            }
        }
        if found.is_empty() {
            return Err(RecordsError::NoPayload);
        }
        Ok(found)
    }

    /// Looks through all payloads for those of a patient. Opens none, so it works after the
    /// patient was shredded too.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn coverage(&self, patient: PatientHandle) -> Result<Coverage, RecordsError> {
        let mut coverage = Coverage::default();
        for stored in self.journal.records(None) {
            let stored = stored?;
            let frame = Frame::parse(&stored.payload)?;
            if frame.patient != Some(patient) {
                continue;
            }
            let at = frame.record.made_at();
            let (first, last) = coverage.span.unwrap_or((at, at));
            coverage.span = Some((first.min(at), last.max(at)));
            coverage.payloads += 1;
            coverage.bytes += stored.payload.len() as u64;
        }
        Ok(coverage)
    }

    /// The calls of a patient whose payloads are there, sealed.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn calls_of(&self, patient: PatientHandle) -> Result<BTreeSet<RecordId>, RecordsError> {
        let mut calls = BTreeSet::new();
        for stored in self.journal.records(None) {
            let stored = stored?;
            let frame = Frame::parse(&stored.payload)?;
            if frame.patient == Some(patient) {
                calls.insert(frame.record);
            }
        }
        Ok(calls)
    }

    /// The patient whose key seals the payloads of a call, if any has.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn patient_of(&self, record: RecordId) -> Result<Option<PatientHandle>, RecordsError> {
        for stored in self.journal.records(None) {
            let stored = stored?;
            let frame = Frame::parse(&stored.payload)?;
            if frame.record == record {
                return Ok(frame.patient);
            }
        }
        Ok(None)
    }

    /// Removes the oldest segments whose payloads may all go. Returns how many, or how many it
    /// would remove.
    ///
    /// # Errors
    /// When the journal cannot be read or changed.
    pub fn prune(&self, rules: &PruneRules<'_>, dry_run: bool) -> Result<u64, RecordsError> {
        let (mut first, mut until) = (None, 0);
        for stored in self.journal.records(None) {
            let stored = stored?;
            let frame = Frame::parse(&stored.payload)?;
            until = stored.position.segment;
            first.get_or_insert(until);
            if rules
                .keeps_payload(frame.record.made_at(), frame.patient)
                .is_some()
            {
                break;
            }
        }
        let segments = first.map_or(0, |first| until - first);
        if segments > 0 && !dry_run {
            self.journal.drop_segments_before(until)?;
        }
        Ok(segments)
    }

    /// Whether payloads can be stored, and if not, why.
    ///
    /// # Errors
    /// When the journal does not take records.
    pub fn health(&self) -> Result<(), RecordsError> {
        Ok(self.journal.health()?)
    }

    /// Writes what waits, then lets go of the folder. All clones are closed.
    pub fn close(&self) {
        self.journal.close();
    }

    fn open_frame(&self, frame: &Frame<'_>, whole: &[u8]) -> Result<StoredPayload, RecordsError> {
        let bound_to = Binding::new(frame.part.object(), frame.record.as_bytes());
        let mut plain = match frame.patient {
            Some(patient) => self
                .vault
                .open_for_patient(patient, &bound_to, frame.sealed)?,
            None => self.vault.open_sealed(&bound_to, frame.sealed)?,
        };
        let blind: [u8; 32] = plain.first_chunk::<32>().copied().ok_or_else(damaged)?;
        let blind = Zeroizing::new(blind);
        plain.drain(..32);
        Ok(StoredPayload {
            record: frame.record,
            part: frame.part,
            patient: frame.patient,
            commitment: commit(&blind, &plain),
            hash: sha256(whole),
            body: plain,
        })
    }
}

impl SealedPayload {
    /// The commitment to the body, for the ledger.
    #[must_use]
    pub const fn commitment(&self) -> [u8; 32] {
        self.commitment
    }

    /// SHA-256 of what will be stored, for the ledger.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

impl PayloadPart {
    const fn object(self) -> &'static str {
        match self {
            Self::Request => "call.request",
            Self::Answer => "call.answer",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Answer => 2,
        }
    }

    const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Request),
            2 => Some(Self::Answer),
            _ => None,
        }
    }
}

struct Frame<'a> {
    record: RecordId,
    part: PayloadPart,
    patient: Option<PatientHandle>,
    sealed: &'a [u8],
}

impl<'a> Frame<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, RecordsError> {
        let (header, sealed) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or_else(damaged)?;
        let (fixed, handle) = header.split_last_chunk::<16>().ok_or_else(damaged)?;
        let ([VERSION, record @ .., part, owner], handle) = (fixed, handle) else {
            return Err(damaged());
        };
        let patient = match owner {
            0 => None,
            1 => Some(PatientHandle::from_bytes(*handle)),
            _ => return Err(damaged()),
        };
        Ok(Self {
            record: RecordId::from_bytes(record.try_into().map_err(|_| damaged())?),
            part: PayloadPart::of_code(*part).ok_or_else(damaged)?,
            patient,
            sealed,
        })
    }
}

impl std::fmt::Debug for PayloadStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PayloadStore")
    }
}

impl std::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload")
            .field("record", &self.record)
            .field("part", &self.part)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SealedPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedPayload({} bytes)", self.frame.len())
    }
}

impl std::fmt::Debug for StoredPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPayload")
            .field("record", &self.record)
            .field("part", &self.part)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn options() -> JournalOptions {
    JournalOptions {
        record_bytes_max: PAYLOAD_BYTES_MAX,
        ..JournalOptions::default()
    }
}

/// Whether a stored frame has the form that this program writes.
pub(crate) fn check(frame: &[u8]) -> Result<(), RecordsError> {
    Frame::parse(frame).map(drop)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

fn damaged() -> RecordsError {
    RecordsError::damaged("payload", "its frame is not one of this program")
}

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 16 + 1 + 1 + 16;
/// The largest sealed payload.
const PAYLOAD_BYTES_MAX: usize = 32 << 20;
