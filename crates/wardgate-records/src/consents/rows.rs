//! The rows of consents: the version in force and the ones before it.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_vault::{Binding, PatientHandle};
use zeroize::Zeroizing;

use super::{Author, ConsentError, Origin, StoredConsent, Written, resource};
use crate::error::RecordsError;
use crate::store::Inner;
use crate::store::rows::{CONSENT_OBJECT, count, timestamp};

/// A version as it is stored.
pub(super) struct ConsentRow {
    pub(super) id: String,
    pub(super) patient: String,
    pub(super) version: i64,
    pub(super) changed_at: i64,
    how: String,
    by_kind: String,
    by_id: Option<String>,
    source: Option<Vec<u8>>,
    sealed: Vec<u8>,
}

impl<'r> FromRow<'r, SqliteRow> for ConsentRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            patient: row.try_get("patient")?,
            version: row.try_get("version")?,
            changed_at: row.try_get("changed_at")?,
            how: row.try_get("how")?,
            by_kind: row.try_get("by_kind")?,
            by_id: row.try_get("by_id")?,
            source: row.try_get("source")?,
            sealed: row.try_get("sealed")?,
        })
    }
}

/// Where a row lies, which decides what its text is bound to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    InForce,
    Replaced,
}

impl ConsentRow {
    pub(super) fn handle(&self) -> Result<PatientHandle, RecordsError> {
        self.patient
            .parse()
            .map_err(|_| self.damaged("its patient is not a handle"))
    }

    /// The text as it was written.
    pub(super) fn text(
        &self,
        inner: &Inner,
        kept: Kept,
    ) -> Result<Zeroizing<String>, RecordsError> {
        let versioned = versioned(&self.id, self.version);
        let bound_to = match kept {
            Kept::InForce => Binding::new(CONSENT_OBJECT, self.id.as_bytes()),
            Kept::Replaced => Binding::new(VERSION_OBJECT, versioned.as_bytes()),
        };
        let opened = inner
            .vault
            .open_for_patient(self.handle()?, &bound_to, &self.sealed)?;
        self.utf8(&opened)
    }

    /// The version, opened.
    pub(super) fn open(self, inner: &Inner, kept: Kept) -> Result<StoredConsent, RecordsError> {
        let patient = self.handle()?;
        let text = self.text(inner, kept)?;
        let written = self.written(inner)?;
        let version = count(self.version);
        let (id, json) = resource::with_meta(&text, version, written.at)
            .ok_or_else(|| self.damaged("its text is not a resource"))?;
        Ok(StoredConsent {
            id,
            patient,
            version,
            written,
            json,
            handle: self.id,
        })
    }

    pub(super) fn written(&self, inner: &Inner) -> Result<Written, RecordsError> {
        let source = match &self.source {
            None => None,
            Some(sealed) => {
                let name = versioned(&self.id, self.version);
                let bound_to = Binding::new(SOURCE_OBJECT, name.as_bytes());
                let handle = self.handle()?;
                let opened = inner.vault.open_for_patient(handle, &bound_to, sealed)?;
                Some(self.utf8(&opened)?)
            }
        };
        Ok(Written {
            at: timestamp(self.changed_at)?,
            how: Origin::from_word(&self.how)
                .ok_or_else(|| self.damaged("its origin is not known"))?,
            by: Author::of(&self.by_kind, self.by_id.clone())
                .ok_or_else(|| self.damaged("its author is not known"))?,
            source,
        })
    }

    pub(super) fn damaged(&self, what: &'static str) -> RecordsError {
        RecordsError::damaged(format!("consent/{}", self.id), what)
    }

    fn utf8(&self, opened: &[u8]) -> Result<Zeroizing<String>, RecordsError> {
        std::str::from_utf8(opened)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| self.damaged("its text is not readable"))
    }
}

/// The version in force of the consent with this keyed digest.
pub(super) async fn in_force(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<ConsentRow>, RecordsError> {
    sqlx::query_as(
        "SELECT id, patient, version, changed_at, how, by_kind, by_id, source, sealed \
         FROM consents WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await
    .map_err(RecordsError::database("read consents"))
}

/// Keeps the version in force of a consent that is about to be replaced. There is nothing to
/// keep of a new one.
pub(crate) async fn archive(
    connection: &mut SqliteConnection,
    inner: &Inner,
    id: &str,
) -> Result<(), RecordsError> {
    let Some(row) = in_force(connection, id).await? else {
        return Ok(());
    };
    let text = row.text(inner, Kept::InForce)?;
    let name = versioned(&row.id, row.version);
    let bound_to = Binding::new(VERSION_OBJECT, name.as_bytes());
    let sealed = inner
        .vault
        .seal_for_patient(row.handle()?, &bound_to, text.as_bytes())?;
    sqlx::query(
        "INSERT INTO consent_versions \
         (id, patient, version, changed_at, how, by_kind, by_id, source, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&row.id)
    .bind(&row.patient)
    .bind(row.version)
    .bind(row.changed_at)
    .bind(&row.how)
    .bind(&row.by_kind)
    .bind(&row.by_id)
    .bind(&row.source)
    .bind(sealed)
    .execute(connection)
    .await
    .map_err(RecordsError::database("keep a version of a consent"))?;
    Ok(())
}

/// What a version was taken from, under the patient's key.
pub(crate) fn seal_source(
    inner: &Inner,
    handle: PatientHandle,
    (id, version): (&str, i64),
    source: &str,
) -> Result<Vec<u8>, RecordsError> {
    let name = versioned(id, version);
    let bound_to = Binding::new(SOURCE_OBJECT, name.as_bytes());
    Ok(inner
        .vault
        .seal_for_patient(handle, &bound_to, source.as_bytes())?)
}

/// Removes all consents of a patient with all their versions. Returns how many consents.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    patient: &str,
) -> Result<u64, RecordsError> {
    let failed = || RecordsError::database("forget the consents of a patient");
    for statement in [
        "DELETE FROM consent_versions WHERE patient = $1",
        "DELETE FROM consent_settled WHERE patient = $1",
    ] {
        sqlx::query(statement)
            .bind(patient)
            .execute(&mut *connection)
            .await
            .map_err(failed())?;
    }
    let removed = sqlx::query("DELETE FROM consents WHERE patient = $1")
        .bind(patient)
        .execute(connection)
        .await
        .map_err(failed())?;
    Ok(removed.rows_affected())
}

impl Inner {
    /// The name under which the store knows the consent with this resource id.
    pub(super) fn consent_row_id(&self, id: &str) -> String {
        let reference = format!("Consent/{id}");
        crate::hex::encode(&self.index_key.mac(reference.as_bytes()))
    }
}

/// The one row that there is, or that there is none.
pub(super) fn known(row: Option<ConsentRow>) -> Result<ConsentRow, ConsentError> {
    row.ok_or(ConsentError::Unknown)
}

fn versioned(id: &str, version: i64) -> String {
    format!("{id}/{version}")
}

const VERSION_OBJECT: &str = "consent.version";
const SOURCE_OBJECT: &str = "consent.source";
