//! Writes patients and consents that differ: sealed under each patient's own key.

use std::collections::HashMap;

use sqlx::SqliteConnection;
use wardgate_vault::{Binding, PatientHandle};

use super::Applied;
use super::difference::{ChangeKind, FieldChange, RecordDifference};
use crate::consents::{Author, NewVersion, Origin, archive};
use crate::documents::{DeclaredConsent, DeclaredPatient, Documents};
use crate::error::RecordsError;
use crate::events::{Event, RecordChange, RecordChanged, Token};
use crate::fault::Fault;
use crate::fhir::Resource;
use crate::store::Inner;
use crate::store::rows::{CONSENT_OBJECT, Change, PATIENT_OBJECT, count, micros};

/// The stored patients that the documents name, by the blind look-up of their reference.
pub(super) type Known = HashMap<[u8; 32], PatientHandle>;

/// What is to be written.
#[derive(Default)]
pub(super) struct Planned<'d> {
    patients: Vec<(&'d DeclaredPatient, Target)>,
    consents: Vec<(&'d DeclaredConsent, PatientHandle, Target)>,
}

/// Where it is to be written.
pub(super) struct Target {
    /// Of a patient, the handle; of others, the keyed digest of their reference.
    pub(super) id: String,
    handle: PatientHandle,
    pub(super) version: i64,
    fields: Vec<String>,
    change: RecordChange,
}

/// Finds the stored patients that the documents declare or refer to.
pub(super) async fn known_patients(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &Documents,
) -> Result<Known, RecordsError> {
    let references = documents
        .patients
        .iter()
        .map(|patient| &patient.reference)
        .chain(documents.consents.iter().map(|consent| &consent.patient))
        .chain(documents.care_teams.iter().map(|team| &team.patient));
    let mut known = Known::new();
    for reference in references {
        let blind = inner.index_key.mac(reference.as_bytes());
        if known.contains_key(&blind) {
            continue;
        }
        let found: Option<String> =
            sqlx::query_scalar("SELECT patient FROM patient_index WHERE blind = $1")
                .bind(blind.as_slice())
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("look up a patient"))?;
        if let Some(handle) = found {
            known.insert(blind, handle_of(&handle)?);
        }
    }
    Ok(known)
}

/// The faults between resources: double ids, consents of nobody, consents that change hands.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &Documents,
    known: &Known,
) -> Result<Vec<Fault>, RecordsError> {
    let mut faults = Vec::new();
    let mut patients: HashMap<&str, &DeclaredPatient> = HashMap::new();
    for patient in &documents.patients {
        if let Some(earlier) = patients.get(patient.reference.as_str()) {
            faults.push(patient.place.error(
                format!(
                    "this Patient is declared twice, first in {} on line {}",
                    earlier.place.file.display(),
                    earlier.place.line
                ),
                "keep one of them",
            ));
        } else {
            patients.insert(&patient.reference, patient);
        }
    }
    let mut consents: HashMap<&str, &DeclaredConsent> = HashMap::new();
    for consent in &documents.consents {
        if let Some(earlier) = consents.insert(&consent.reference, consent) {
            faults.push(consent.place.error(
                format!(
                    "this Consent is declared twice, first in {} on line {}",
                    earlier.place.file.display(),
                    earlier.place.line
                ),
                "keep one of them",
            ));
        }
        let blind = inner.index_key.mac(consent.patient.as_bytes());
        if !known.contains_key(&blind) && !patients.contains_key(consent.patient.as_str()) {
            faults.push(consent.place.error(
                "this Consent names a patient who is not on file",
                "apply the Patient resource too, or correct `patient.reference`",
            ));
        }
        let owner: Option<String> =
            sqlx::query_scalar("SELECT patient FROM consents WHERE id = $1")
                .bind(consent_id(inner, consent))
                .fetch_optional(&mut *connection)
                .await
                .map_err(RecordsError::database("read consents"))?;
        if let Some(owner) = owner
            && known.get(&blind).map(ToString::to_string) != Some(owner)
        {
            faults.push(consent.place.error(
                "this Consent belongs to another patient on file",
                "give it a new id; withdraw the old one by `status: inactive`",
            ));
        }
    }
    Ok(faults)
}

/// Compares every declared patient and consent with the stored one. Returns the known patients with
/// the new ones too.
pub(super) async fn plan<'d>(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &'d Documents,
    mut known: Known,
    applied: &mut Applied,
) -> Result<(Planned<'d>, Known), RecordsError> {
    let mut planned = Planned::default();
    for patient in &documents.patients {
        let blind = inner.index_key.mac(patient.reference.as_bytes());
        let target = match known.get(&blind) {
            None => {
                let handle = PatientHandle::from_bytes(inner.vault.random());
                known.insert(blind, handle);
                Some(Target::new_record(handle.to_string(), handle))
            }
            Some(handle) => {
                let stored: Option<(i64, Option<Vec<u8>>)> =
                    sqlx::query_as("SELECT version, sealed FROM patients WHERE handle = $1")
                        .bind(handle.to_string())
                        .fetch_optional(&mut *connection)
                        .await
                        .map_err(RecordsError::database("read patients"))?;
                let sealed = stored.as_ref().and_then(|(_, sealed)| sealed.as_deref());
                let bound_to = Binding::new(PATIENT_OBJECT, handle.as_bytes());
                let fields = differing(inner, *handle, &bound_to, sealed, &patient.json)?;
                let version = stored.as_ref().map_or(0, |(version, _)| *version);
                Target::changed(handle.to_string(), *handle, version, fields)
            }
        };
        match target {
            None => applied.unchanged += 1,
            Some(target) => {
                applied.differences.push(target.difference("patient"));
                planned.patients.push((patient, target));
            }
        }
    }
    for consent in &documents.consents {
        plan_consent(connection, inner, consent, &known, (&mut planned, applied)).await?;
    }
    Ok((planned, known))
}

async fn plan_consent<'d>(
    connection: &mut SqliteConnection,
    inner: &Inner,
    consent: &'d DeclaredConsent,
    known: &Known,
    (planned, applied): (&mut Planned<'d>, &mut Applied),
) -> Result<(), RecordsError> {
    let blind = inner.index_key.mac(consent.patient.as_bytes());
    // `check` has made sure that every consent has its patient.
    let Some(handle) = known.get(&blind).copied() else {
        return Err(RecordsError::UnknownPatient);
    };
    let id = consent_id(inner, consent);
    let stored: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, sealed FROM consents WHERE id = $1")
            .bind(&id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read consents"))?;
    let target = match stored {
        None => Some(Target::new_record(id, handle)),
        Some((version, sealed)) => {
            let bound_to = Binding::new(CONSENT_OBJECT, id.as_bytes());
            let fields = differing(inner, handle, &bound_to, Some(&sealed), &consent.json)?;
            Target::changed(id, handle, version, fields)
        }
    };
    match target {
        None => applied.unchanged += 1,
        Some(target) => {
            applied.differences.push(target.difference("consent"));
            planned.consents.push((consent, handle, target));
        }
    }
    Ok(())
}

/// The names of the elements in which a stored and a declared resource differ.
pub(super) fn differing(
    inner: &Inner,
    handle: PatientHandle,
    bound_to: &Binding<'_>,
    sealed: Option<&[u8]>,
    declared: &str,
) -> Result<Vec<String>, RecordsError> {
    let damaged =
        || RecordsError::damaged(format!("patient/{handle}"), "a resource is not readable");
    let opened = inner
        .vault
        .open_for_patient(handle, bound_to, sealed.ok_or_else(damaged)?)?;
    let stored = std::str::from_utf8(&opened).map_err(|_| damaged())?;
    if stored == declared {
        return Ok(Vec::new());
    }
    let stored = Resource::parse(stored).map_err(|_| damaged())?;
    let declared = Resource::parse(declared).map_err(|_| damaged())?;
    Ok(stored.differing(&declared))
}

impl Target {
    pub(super) const fn new_record(id: String, handle: PatientHandle) -> Self {
        Self {
            id,
            handle,
            version: 1,
            fields: Vec::new(),
            change: RecordChange::Created,
        }
    }

    /// `None` when nothing differs.
    pub(super) fn changed(
        id: String,
        handle: PatientHandle,
        version: i64,
        fields: Vec<String>,
    ) -> Option<Self> {
        (!fields.is_empty()).then_some(Self {
            id,
            handle,
            version: version + 1,
            fields,
            change: RecordChange::Changed,
        })
    }

    pub(super) fn difference(&self, kind: &'static str) -> RecordDifference {
        RecordDifference {
            kind,
            id: self.id.clone(),
            change: match self.change {
                RecordChange::Created => ChangeKind::Created,
                RecordChange::Changed => ChangeKind::Changed,
            },
            fields: self
                .fields
                .iter()
                .map(|field| FieldChange {
                    field: field.clone(),
                    values: None,
                })
                .collect(),
        }
    }

    pub(super) async fn tell(
        &self,
        kind: &'static str,
        connection: &mut SqliteConnection,
        change: &mut Change,
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let fields: Vec<Token<'_>> = self
            .fields
            .iter()
            .map(|field| Token::or_unfit(field))
            .collect();
        let event = Event::RecordChanged(RecordChanged {
            record: Token::or_unfit(kind),
            record_id: Token::or_unfit(&self.id),
            version: count(self.version),
            change: self.change,
            fields: &fields,
            digest: None,
        });
        change.tell(connection, &inner.vault, &event).await?;
        Ok(())
    }
}

/// Writes the planned resources and their events. A patient's key is made first: a key without
/// a patient harms nobody, a patient without a key could not be read.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    (planned, how): (&Planned<'_>, Origin),
) -> Result<(), RecordsError> {
    for (patient, target) in &planned.patients {
        inner.vault.create_patient_key(target.handle)?;
        write_patient(connection, change, inner, (patient, target)).await?;
        target.tell("patient", connection, change, inner).await?;
    }
    for (consent, handle, target) in &planned.consents {
        write_consent(connection, (change, how), inner, (consent, *handle, target)).await?;
        target.tell("consent", connection, change, inner).await?;
    }
    Ok(())
}

async fn write_patient(
    connection: &mut SqliteConnection,
    change: &Change,
    inner: &Inner,
    (patient, target): (&DeclaredPatient, &Target),
) -> Result<(), RecordsError> {
    let failed = || RecordsError::database("write patients");
    let bound_to = Binding::new(PATIENT_OBJECT, target.handle.as_bytes());
    let sealed = inner
        .vault
        .seal_for_patient(target.handle, &bound_to, patient.json.as_bytes())?;
    sqlx::query(
        "INSERT INTO patients (handle, version, changed, changed_at, shredded_at, sealed) \
         VALUES ($1, $2, $3, $4, NULL, $5) \
         ON CONFLICT (handle) DO UPDATE SET version = excluded.version, \
         changed = excluded.changed, changed_at = excluded.changed_at, sealed = excluded.sealed",
    )
    .bind(&target.id)
    .bind(target.version)
    .bind(change.sequence)
    .bind(micros(change.now))
    .bind(sealed)
    .execute(&mut *connection)
    .await
    .map_err(failed())?;
    sqlx::query("DELETE FROM patient_index WHERE patient = $1")
        .bind(&target.id)
        .execute(&mut *connection)
        .await
        .map_err(failed())?;
    for lookup in &patient.lookups {
        sqlx::query(
            "INSERT INTO patient_index (blind, patient) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(inner.index_key.mac(lookup.as_bytes()).to_vec())
        .bind(&target.id)
        .execute(&mut *connection)
        .await
        .map_err(failed())?;
    }
    Ok(())
}

async fn write_consent(
    connection: &mut SqliteConnection,
    (change, how): (&Change, Origin),
    inner: &Inner,
    (consent, handle, target): (&DeclaredConsent, PatientHandle, &Target),
) -> Result<(), RecordsError> {
    let bound_to = Binding::new(CONSENT_OBJECT, target.id.as_bytes());
    let sealed = inner
        .vault
        .seal_for_patient(handle, &bound_to, consent.json.as_bytes())?;
    archive(connection, inner, &target.id).await?;
    let source = format!("{}:{}", consent.place.file.display(), consent.place.line);
    let version = NewVersion {
        row: &target.id,
        handle,
        version: target.version,
        sealed,
        how,
        author: &Author::Host,
        source: Some(&source),
    };
    version.put(connection, inner, change).await
}

fn consent_id(inner: &Inner, consent: &DeclaredConsent) -> String {
    crate::hex::encode(&inner.index_key.mac(consent.reference.as_bytes()))
}

fn handle_of(text: &str) -> Result<PatientHandle, RecordsError> {
    text.parse()
        .map_err(|_| RecordsError::damaged("patient", "its handle is not one"))
}
