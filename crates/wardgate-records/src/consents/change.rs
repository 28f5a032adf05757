//! Writes consents: new ones, and new versions of those on file.

use std::fmt;

use jiff::Timestamp;
use sqlx::SqliteConnection;
use wardgate_authz::Consent;
use wardgate_vault::{Binding, PatientHandle};

use super::resource::{Checked, check};
use super::rows::{Kept, archive, in_force, known, seal_source};
use super::{Author, CONSENTS_PER_PATIENT_MAX, ConsentError, Origin, StoredConsent};
use crate::RecordId;
use crate::error::RecordsError;
use crate::events::{Event, RecordChange, RecordChanged, Token};
use crate::fhir::Resource;
use crate::patient::lookup;
use crate::store::rows::{CONSENT_OBJECT, Change, count, micros};
use crate::store::{Inner, Store};

/// One consent to write.
#[derive(Clone, Copy)]
pub enum ConsentWrite<'a> {
    /// A new consent; the store gives it an id.
    Create {
        /// The resource in JSON.
        json: &'a str,
    },
    /// A new version of a consent on file.
    Update {
        /// The id of the resource.
        id: &'a str,
        /// The resource in JSON.
        json: &'a str,
        /// The version that the author knows; the update is refused when there is a newer one.
        if_version: Option<u64>,
    },
}

impl fmt::Debug for ConsentWrite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create { .. } => "Create",
            Self::Update { .. } => "Update",
        })
    }
}

/// A consent that was written.
#[derive(Debug)]
pub struct ChangedConsent {
    /// The version that is in force now.
    pub consent: StoredConsent,
    /// Whether it is new.
    pub created: bool,
}

/// One of several consents could not be written, so none was.
#[derive(Debug)]
pub struct ConsentRefused {
    /// Which one, from 0.
    pub at: usize,
    /// Why not.
    pub why: ConsentError,
}

impl ConsentRefused {
    fn first(why: RecordsError) -> Self {
        Self {
            at: 0,
            why: why.into(),
        }
    }
}

impl Store {
    /// Writes consents: all of them in one transaction, or none. A write that changes nothing
    /// leaves the version that is in force.
    ///
    /// # Errors
    /// Which of them could not be written, and why.
    pub async fn write_consents(
        &self,
        writes: &[ConsentWrite<'_>],
        (author, how): (&Author, Origin),
        now: Timestamp,
    ) -> Result<Vec<ChangedConsent>, ConsentRefused> {
        let refused = ConsentRefused::first;
        let mut transaction = self.inner.write().await.map_err(refused)?;
        let change = Change::begin(&mut transaction, now)
            .await
            .map_err(refused)?;
        let mut writer = Writer {
            connection: &mut transaction,
            change,
            inner: &self.inner,
            author,
            how,
        };
        let mut changed = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            let written = writer.write(*write).await;
            changed.push(written.map_err(|why| ConsentRefused { at, why })?);
        }
        transaction
            .commit()
            .await
            .map_err(RecordsError::database("commit consents"))
            .map_err(refused)?;
        self.refresh(now).await.map_err(refused)?;
        Ok(changed)
    }
}

struct Writer<'w> {
    connection: &'w mut SqliteConnection,
    change: Change,
    inner: &'w Inner,
    author: &'w Author,
    how: Origin,
}

impl Writer<'_> {
    async fn write(&mut self, write: ConsentWrite<'_>) -> Result<ChangedConsent, ConsentError> {
        match write {
            ConsentWrite::Create { json } => self.create(json).await,
            ConsentWrite::Update {
                id,
                json,
                if_version,
            } => self.update(id, json, if_version).await,
        }
    }

    async fn create(&mut self, json: &str) -> Result<ChangedConsent, ConsentError> {
        let id = RecordId::new(self.change.now, self.inner.vault.random()).to_string();
        let checked = check(json, &id).map_err(ConsentError::Invalid)?;
        let handle = self.patient_of(&checked.consent).await?;
        self.refuse_too_many(handle).await?;
        let row = self.inner.consent_row_id(&id);
        self.put(&row, handle, 1, &checked).await?;
        self.tell(&row, 1, RecordChange::Created, &[]).await?;
        self.changed(&row, true).await
    }

    async fn update(
        &mut self,
        id: &str,
        json: &str,
        if_version: Option<u64>,
    ) -> Result<ChangedConsent, ConsentError> {
        let row = self.inner.consent_row_id(id);
        let current = known(in_force(self.connection, &row).await?)?;
        let version = count(current.version);
        if if_version.is_some_and(|wanted| wanted != version) {
            return Err(ConsentError::Conflict { current: version });
        }
        let checked = check(json, id).map_err(ConsentError::Invalid)?;
        if self.how == Origin::Queue
            && let Some(why) = checked.consent.not_computable()
        {
            return Err(ConsentError::NotComputable {
                why: why.to_owned(),
            });
        }
        let handle = self.patient_of(&checked.consent).await?;
        if handle != current.handle()? {
            return Err(ConsentError::OtherPatient);
        }
        let stored = current.text(self.inner, Kept::InForce)?;
        let damaged = || current.damaged("its text is not a resource");
        let stored = Resource::parse(&stored).map_err(|_| damaged())?;
        let declared = Resource::parse(&checked.json).map_err(|_| damaged())?;
        let fields = stored.differing(&declared);
        if !fields.is_empty() {
            archive(self.connection, self.inner, &row).await?;
            let version = current.version.saturating_add(1);
            self.put(&row, handle, version, &checked).await?;
            self.tell(&row, version, RecordChange::Changed, &fields)
                .await?;
        }
        self.changed(&row, false).await
    }

    /// The patient on file whom a consent names.
    async fn patient_of(&mut self, consent: &Consent) -> Result<PatientHandle, ConsentError> {
        let blind = self
            .inner
            .index_key
            .mac(lookup(consent.patient()).as_bytes());
        let found: Option<String> =
            sqlx::query_scalar("SELECT patient FROM patient_index WHERE blind = $1")
                .bind(blind.to_vec())
                .fetch_optional(&mut *self.connection)
                .await
                .map_err(RecordsError::database("look up a patient"))?;
        let found = found.ok_or(ConsentError::UnknownPatient)?;
        let handle = found
            .parse()
            .map_err(|_| RecordsError::damaged("patient", "its handle is not one"))?;
        Ok(handle)
    }

    async fn refuse_too_many(&mut self, handle: PatientHandle) -> Result<(), ConsentError> {
        let consents: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM consents WHERE patient = $1")
            .bind(handle.to_string())
            .fetch_one(&mut *self.connection)
            .await
            .map_err(RecordsError::database("count consents"))?;
        if usize::try_from(consents).is_ok_and(|consents| consents < CONSENTS_PER_PATIENT_MAX) {
            Ok(())
        } else {
            Err(ConsentError::TooMany)
        }
    }

    async fn put(
        &mut self,
        row: &str,
        handle: PatientHandle,
        version: i64,
        checked: &Checked,
    ) -> Result<(), ConsentError> {
        let bound_to = Binding::new(CONSENT_OBJECT, row.as_bytes());
        let sealed =
            self.inner
                .vault
                .seal_for_patient(handle, &bound_to, checked.json.as_bytes())?;
        let written = NewVersion {
            row,
            handle,
            version,
            sealed,
            how: self.how,
            author: self.author,
            source: None,
        };
        Ok(written
            .put(self.connection, self.inner, &self.change)
            .await?)
    }

    async fn tell(
        &mut self,
        row: &str,
        version: i64,
        change: RecordChange,
        fields: &[String],
    ) -> Result<(), ConsentError> {
        let fields: Vec<Token<'_>> = fields.iter().map(|field| Token::or_unfit(field)).collect();
        let event = Event::RecordChanged(RecordChanged {
            record: Token::or_unfit("consent"),
            record_id: Token::or_unfit(row),
            version: count(version),
            change,
            fields: &fields,
            digest: None,
        });
        self.change
            .tell(self.connection, &self.inner.vault, &event)
            .await?;
        Ok(())
    }

    async fn changed(&mut self, row: &str, created: bool) -> Result<ChangedConsent, ConsentError> {
        let row = known(in_force(self.connection, row).await?)?;
        Ok(ChangedConsent {
            consent: row.open(self.inner, Kept::InForce)?,
            created,
        })
    }
}

/// A version that is about to be in force.
pub(crate) struct NewVersion<'v> {
    pub(crate) row: &'v str,
    pub(crate) handle: PatientHandle,
    pub(crate) version: i64,
    pub(crate) sealed: Vec<u8>,
    pub(crate) how: Origin,
    pub(crate) author: &'v Author,
    pub(crate) source: Option<&'v str>,
}

impl NewVersion<'_> {
    pub(crate) async fn put(
        &self,
        connection: &mut SqliteConnection,
        inner: &Inner,
        change: &Change,
    ) -> Result<(), RecordsError> {
        let source = self
            .source
            .map(|source| seal_source(inner, self.handle, (self.row, self.version), source))
            .transpose()?;
        sqlx::query(
            "INSERT INTO consents (id, patient, version, changed, changed_at, sealed, \
             how, by_kind, by_id, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, \
             changed = excluded.changed, changed_at = excluded.changed_at, \
             sealed = excluded.sealed, how = excluded.how, by_kind = excluded.by_kind, \
             by_id = excluded.by_id, source = excluded.source",
        )
        .bind(self.row)
        .bind(self.handle.to_string())
        .bind(self.version)
        .bind(change.sequence)
        .bind(micros(change.now))
        .bind(&self.sealed)
        .bind(self.how.word())
        .bind(self.author.kind())
        .bind(self.author.id())
        .bind(source)
        .execute(connection)
        .await
        .map_err(RecordsError::database("write consents"))?;
        Ok(())
    }
}
