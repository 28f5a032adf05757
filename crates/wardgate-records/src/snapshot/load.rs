//! Reads the store into the content of a snapshot: what changed since the last time, and no more.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_authz::{Consent, Policies};
use wardgate_vault::{Binding, DerivedKey, PatientHandle, VaultError};

use super::{InventorySystem, Key, Records, Versioned, facts};
use crate::apply::policies_of;
use crate::break_glass;
use crate::error::RecordsError;
use crate::fhir::Resource;
use crate::patient::PatientFile;
use crate::record::{PolicyFile, Settings};
use crate::store::Inner;
use crate::store::rows::{CONSENT_OBJECT, PATIENT_OBJECT, RECORD_OBJECT, count, timestamp};

/// The content of the store, or `None` when it is that of `current`.
pub(crate) async fn newer(
    inner: &Inner,
    current: &Records,
) -> Result<Option<Records>, RecordsError> {
    let mut read = inner
        .reader
        .begin()
        .await
        .map_err(RecordsError::database("look for changes"))?;
    let sequence: i64 = sqlx::query_scalar("SELECT value FROM change_sequence WHERE id = 1")
        .fetch_one(&mut *read)
        .await
        .map_err(RecordsError::database("look for changes"))?;
    if sequence == current.sequence {
        return Ok(None);
    }
    // A store that went back was restored from a backup: everything is read anew.
    let mut records = if sequence > current.sequence {
        current.clone()
    } else {
        Records::empty(Arc::clone(&current.pepper), Arc::clone(&current.index_key))?
    };
    records.read_declared(&mut read, inner).await?;
    records.read_keys(&mut read).await?;
    records.read_patients(&mut read, inner).await?;
    records.read_care(&mut read, inner).await?;
    break_glass::newer(&mut read, records.sequence, &mut records.break_glass).await?;
    records.sequence = sequence;
    Ok(Some(records))
}

impl Records {
    /// Nothing on file: built-in policies and default settings.
    pub(crate) fn empty(
        pepper: Arc<DerivedKey>,
        index_key: Arc<DerivedKey>,
    ) -> Result<Self, RecordsError> {
        let settings = Versioned {
            record: Settings::default(),
            version: 0,
        };
        Ok(Self {
            sequence: 0,
            pepper,
            index_key,
            keys: HashMap::new(),
            apps: HashMap::new(),
            people: HashMap::new(),
            vendors: HashMap::new(),
            systems: HashMap::new(),
            models: HashMap::new(),
            flows: HashMap::new(),
            patient_index: HashMap::new(),
            patients: HashMap::new(),
            consents: HashMap::new(),
            carers: HashMap::new(),
            break_glass: HashMap::new(),
            policy_files: HashMap::new(),
            policies: stored_policies(&HashMap::new())?,
            consent_domain: facts::consent_domain(&settings.record),
            prepared: Arc::default(),
            settings,
        })
    }

    async fn read_declared(
        &mut self,
        read: &mut SqliteConnection,
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let rows: Vec<DeclaredRow> = sqlx::query_as(
            "SELECT kind, id, version, body, sealed FROM records WHERE changed > $1",
        )
        .bind(self.sequence)
        .fetch_all(read)
        .await
        .map_err(RecordsError::database("read records"))?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut other_policies = false;
        for row in &rows {
            match row.kind.as_str() {
                "vendor" => put(&mut self.vendors, row)?,
                "app" => put(&mut self.apps, row)?,
                "person" => put(&mut self.people, row)?,
                "flow" => put(&mut self.flows, row)?,
                "system" => self.put_system(row, inner)?,
                "policy" => {
                    let file: PolicyFile = row.parse()?;
                    self.policy_files.insert(file.id, file.cedar);
                    other_policies = true;
                }
                "settings" => self.settings = row.versioned()?,
                _ => return Err(row.damaged("its kind is not known")),
            }
        }
        if other_policies {
            self.policies = stored_policies(&self.policy_files)?;
        }
        self.consent_domain = facts::consent_domain(&self.settings.record);
        self.prepared = Arc::new(facts::prepare(self));
        Ok(())
    }

    fn put_system(&mut self, row: &DeclaredRow, inner: &Inner) -> Result<(), RecordsError> {
        let mut tokens = HashMap::new();
        if let Some(sealed) = &row.sealed {
            let id = row.name();
            let opened = inner
                .vault
                .open_sealed(&Binding::new(RECORD_OBJECT, id.as_bytes()), sealed)?;
            let read: HashMap<String, String> = serde_json::from_slice(&opened)
                .map_err(|_| row.damaged("its sealed part is not readable"))?;
            tokens.extend(
                read.into_iter()
                    .map(|(upstream, token)| (upstream, SecretString::from(token))),
            );
        }
        let system = InventorySystem {
            system: row.versioned()?,
            tokens,
        };
        self.models.retain(|_, id| *id != row.id);
        self.models
            .insert(system.system.record.model.clone(), row.id.clone());
        self.systems.insert(row.id.clone(), Arc::new(system));
        Ok(())
    }

    async fn read_keys(&mut self, read: &mut SqliteConnection) -> Result<(), RecordsError> {
        let rows: Vec<KeyRow> = sqlx::query_as(
            "SELECT id, mac, app, person, environment, created_at, expires_at, revoked_at, \
             systems, purposes FROM api_keys WHERE changed > $1",
        )
        .bind(self.sequence)
        .fetch_all(read)
        .await
        .map_err(RecordsError::database("read API keys"))?;
        for row in rows {
            let (mac, key) = row.key()?;
            self.keys.insert(mac, Arc::new(key));
        }
        Ok(())
    }

    async fn read_patients(
        &mut self,
        read: &mut SqliteConnection,
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let rows: Vec<(String, i64, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT handle, version, sealed FROM patients WHERE changed > $1")
                .bind(self.sequence)
                .fetch_all(&mut *read)
                .await
                .map_err(RecordsError::database("read patients"))?;
        let everything = self.sequence == 0;
        let mut again = BTreeSet::new();
        if !everything {
            let changed: Result<BTreeSet<_>, _> =
                rows.iter().map(|(text, _, _)| handle_of(text)).collect();
            self.forget_patients(&changed?);
        }
        for (text, version, sealed) in rows {
            let handle = handle_of(&text)?;
            match sealed {
                Some(sealed) => {
                    self.put_patient(handle, version, &sealed, inner)?;
                    again.insert(handle);
                }
                // Another process destroyed the key: this one must not keep it in memory.
                None if everything => {}
                None => inner.vault.shred_patient(handle)?,
            }
        }
        if everything {
            return self.read_all_links(read, inner).await;
        }
        let changed: Vec<(String,)> =
            sqlx::query_as("SELECT DISTINCT patient FROM consents WHERE changed > $1")
                .bind(self.sequence)
                .fetch_all(&mut *read)
                .await
                .map_err(RecordsError::database("read consents"))?;
        for (text,) in changed {
            again.insert(handle_of(&text)?);
        }
        for handle in again {
            self.read_links(read, inner, handle).await?;
        }
        Ok(())
    }

    fn forget_patients(&mut self, changed: &BTreeSet<PatientHandle>) {
        if changed.is_empty() {
            return;
        }
        for handle in changed {
            self.patients.remove(handle);
            self.consents.remove(handle);
            self.carers.remove(handle);
        }
        self.patient_index.retain(|_, handles| {
            handles.retain(|handle| !changed.contains(handle));
            !handles.is_empty()
        });
    }

    /// A patient whose file cannot be opened is left out: calls about that patient are refused,
    /// calls about others are not.
    fn put_patient(
        &mut self,
        handle: PatientHandle,
        version: i64,
        sealed: &[u8],
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let bound_to = Binding::new(PATIENT_OBJECT, handle.as_bytes());
        let opened = match inner.vault.open_for_patient(handle, &bound_to, sealed) {
            Ok(opened) => opened,
            Err(error @ VaultError::Io { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(patient = %handle, %error, "the file of a patient cannot be opened");
                return Ok(());
            }
        };
        let file = std::str::from_utf8(&opened)
            .ok()
            .and_then(|text| Resource::parse(text).ok())
            .and_then(|resource| PatientFile::read(&resource, handle, count(version)).ok());
        match file {
            Some(file) => {
                self.patients.insert(handle, Arc::new(file));
            }
            None => tracing::warn!(patient = %handle, "the file of a patient cannot be read"),
        }
        Ok(())
    }

    /// The look-up index and the consents of one patient.
    async fn read_links(
        &mut self,
        read: &mut SqliteConnection,
        inner: &Inner,
        handle: PatientHandle,
    ) -> Result<(), RecordsError> {
        let blinds: Vec<(Vec<u8>,)> =
            sqlx::query_as("SELECT blind FROM patient_index WHERE patient = $1")
                .bind(handle.to_string())
                .fetch_all(&mut *read)
                .await
                .map_err(RecordsError::database("read patients"))?;
        for (blind,) in blinds {
            self.put_blind(&blind, handle)?;
        }
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT id, sealed FROM consents WHERE patient = $1 ORDER BY id")
                .bind(handle.to_string())
                .fetch_all(read)
                .await
                .map_err(RecordsError::database("read consents"))?;
        let consents = rows
            .iter()
            .map(|(id, sealed)| (id.as_str(), sealed.as_slice()));
        self.put_consents(handle, consents, inner);
        Ok(())
    }

    /// The look-up index and the consents of all patients.
    async fn read_all_links(
        &mut self,
        read: &mut SqliteConnection,
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let blinds: Vec<(Vec<u8>, String)> =
            sqlx::query_as("SELECT blind, patient FROM patient_index")
                .fetch_all(&mut *read)
                .await
                .map_err(RecordsError::database("read patients"))?;
        for (blind, patient) in blinds {
            self.put_blind(&blind, handle_of(&patient)?)?;
        }
        let rows: Vec<(String, String, Vec<u8>)> =
            sqlx::query_as("SELECT patient, id, sealed FROM consents ORDER BY patient, id")
                .fetch_all(read)
                .await
                .map_err(RecordsError::database("read consents"))?;
        for of_one in rows.chunk_by(|left, right| left.0 == right.0) {
            if let Some((patient, _, _)) = of_one.first() {
                let consents = of_one
                    .iter()
                    .map(|(_, id, sealed)| (id.as_str(), sealed.as_slice()));
                self.put_consents(handle_of(patient)?, consents, inner);
            }
        }
        Ok(())
    }

    fn put_blind(&mut self, blind: &[u8], handle: PatientHandle) -> Result<(), RecordsError> {
        let blind: [u8; 32] = blind
            .try_into()
            .map_err(|_| RecordsError::damaged("patient", "its look-up has a wrong length"))?;
        let handles = self.patient_index.entry(blind).or_default();
        if !handles.contains(&handle) {
            handles.push(handle);
        }
        Ok(())
    }

    /// All consents of one patient. One that cannot be opened could be a denial: then the
    /// patient is left out, and calls about that patient are refused.
    fn put_consents<'r>(
        &mut self,
        handle: PatientHandle,
        rows: impl Iterator<Item = (&'r str, &'r [u8])>,
        inner: &Inner,
    ) {
        let mut consents = Vec::new();
        for (id, sealed) in rows {
            let bound_to = Binding::new(CONSENT_OBJECT, id.as_bytes());
            let opened = inner.vault.open_for_patient(handle, &bound_to, sealed).ok();
            let consent = opened.and_then(|opened| {
                let text = std::str::from_utf8(&opened).ok()?;
                Consent::from_json(text).ok()
            });
            let Some(consent) = consent else {
                tracing::warn!(patient = %handle, consent = id, "a consent cannot be read");
                self.patients.remove(&handle);
                continue;
            };
            consents.push(consent);
        }
        self.consents.insert(handle, Arc::new(consents));
    }
}

fn stored_policies(files: &HashMap<String, String>) -> Result<Arc<Policies>, RecordsError> {
    policies_of(files)
        .map(Arc::new)
        .map_err(|_| RecordsError::damaged("policy", "the stored policies are not valid"))
}

fn put<T: DeserializeOwned>(
    into: &mut HashMap<String, Arc<Versioned<T>>>,
    row: &DeclaredRow,
) -> Result<(), RecordsError> {
    into.insert(row.id.clone(), Arc::new(row.versioned()?));
    Ok(())
}

pub(super) fn handle_of(text: &str) -> Result<PatientHandle, RecordsError> {
    text.parse()
        .map_err(|_| RecordsError::damaged("patient", "its handle is not one"))
}

struct DeclaredRow {
    kind: String,
    id: String,
    version: i64,
    body: String,
    sealed: Option<Vec<u8>>,
}

impl<'r> FromRow<'r, SqliteRow> for DeclaredRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.try_get("kind")?,
            id: row.try_get("id")?,
            version: row.try_get("version")?,
            body: row.try_get("body")?,
            sealed: row.try_get("sealed")?,
        })
    }
}

impl DeclaredRow {
    fn name(&self) -> String {
        format!("{}/{}", self.kind, self.id)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, RecordsError> {
        serde_json::from_str(&self.body).map_err(|_| self.damaged("its body is not readable"))
    }

    fn versioned<T: DeserializeOwned>(&self) -> Result<Versioned<T>, RecordsError> {
        Ok(Versioned {
            record: self.parse()?,
            version: count(self.version),
        })
    }

    fn damaged(&self, what: &'static str) -> RecordsError {
        RecordsError::damaged(self.name(), what)
    }
}

struct KeyRow {
    id: String,
    mac: Vec<u8>,
    app: String,
    person: Option<String>,
    environment: String,
    created_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
    systems: String,
    purposes: String,
}

impl<'r> FromRow<'r, SqliteRow> for KeyRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            mac: row.try_get("mac")?,
            app: row.try_get("app")?,
            person: row.try_get("person")?,
            environment: row.try_get("environment")?,
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            revoked_at: row.try_get("revoked_at")?,
            systems: row.try_get("systems")?,
            purposes: row.try_get("purposes")?,
        })
    }
}

impl KeyRow {
    fn key(self) -> Result<([u8; 32], Key), RecordsError> {
        let damaged = |what| RecordsError::damaged(format!("key/{}", self.id), what);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mac = self
            .mac
            .as_slice()
            .try_into()
            .map_err(|_| damaged("its digest has a wrong length"))?;
        let key = Key {
            id: self.id.parse().map_err(|_| damaged("its id is not one"))?,
            systems: words(&self.systems),
            purposes: words(&self.purposes),
            created: timestamp(self.created_at)?,
            expires: timestamp(self.expires_at)?,
            revoked: self.revoked_at.map(timestamp).transpose()?,
            app: self.app,
            person: self.person,
            environment: self.environment,
        };
        Ok((mac, key))
    }
}
