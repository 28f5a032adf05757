//! The consents that cannot be computed: they never permit, and a privacy officer settles each,
//! by a version that can be computed or by saying that it stays so.

use std::collections::HashMap;

use jiff::Timestamp;
use wardgate_vault::PatientHandle;

use super::rows::{Kept, in_force, known};
use super::{Author, ChangedConsent, ConsentError, ConsentRefused, ConsentWrite, Origin, Written};
use crate::error::RecordsError;
use crate::events::{Event, RecordChange, RecordChanged, Token};
use crate::fhir::Resource;
use crate::store::Store;
use crate::store::rows::{Change, count as version_of, micros};

/// A consent that cannot be computed and that nobody has settled.
#[derive(Debug)]
pub struct QueuedConsent {
    /// The id of the resource.
    pub id: String,
    /// Whose consent it is.
    pub patient: PatientHandle,
    /// The version in force.
    pub version: u64,
    /// Why it cannot be computed, in fixed words that hold nothing of the resource.
    pub reasons: Vec<String>,
    /// Where it came from.
    pub written: Written,
}

/// One page of the queue.
#[derive(Debug)]
pub struct QueuePage {
    /// The consents, in an order that does not change.
    pub consents: Vec<QueuedConsent>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// Whether a consent may decide: one whose status cannot be read may.
fn may_be_active(text: &str) -> bool {
    let status = Resource::parse(text)
        .ok()
        .and_then(|resource| resource.text("status").map(|status| status.into_owned()));
    !status.is_some_and(|status| INACTIVE.contains(&status.as_str()))
}

/// The statuses with which a consent says nothing.
const INACTIVE: &[&str] = &[
    "draft",
    "proposed",
    "rejected",
    "inactive",
    "entered-in-error",
];

impl Store {
    /// The consents that wait for somebody to settle them: at most `count`, behind `after`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn consent_queue(
        &self,
        after: Option<&str>,
        count: usize,
    ) -> Result<QueuePage, ConsentError> {
        let count = count.clamp(1, super::SEARCH_PAGE_MAX);
        let settled = self.settled().await?;
        let mut page = QueuePage {
            consents: Vec::new(),
            next: None,
        };
        let mut last = None;
        let mut read = self.read().await?;
        for (row_id, id, reason) in self.not_computable(after) {
            if page.consents.len() == count {
                page.next = last;
                break;
            }
            // It can have been changed or removed since the snapshot.
            let Some(row) = in_force(&mut read, &row_id).await? else {
                continue;
            };
            if settled.get(&row_id) == Some(&row.version) {
                continue;
            }
            let text = row.text(&self.inner, Kept::InForce)?;
            if !may_be_active(&text) {
                continue;
            }
            page.consents.push(QueuedConsent {
                id,
                patient: row.handle()?,
                version: version_of(row.version),
                reasons: vec![reason],
                written: row.written(&self.inner)?,
            });
            last = Some(row_id);
        }
        Ok(page)
    }

    /// Settles a consent by a version that can be computed.
    ///
    /// # Errors
    /// When the version cannot be computed either, or cannot be written.
    pub async fn resolve_consent(
        &self,
        (id, if_version): (&str, u64),
        json: &str,
        author: &Author,
        now: Timestamp,
    ) -> Result<ChangedConsent, ConsentError> {
        let write = ConsentWrite::Update {
            id,
            json,
            if_version: Some(if_version),
        };
        let changed = self
            .write_consents(&[write], (author, Origin::Queue), now)
            .await
            .map_err(|ConsentRefused { why, .. }| why)?;
        changed.into_iter().next().ok_or(ConsentError::Unknown)
    }

    /// Settles a consent by saying that it never permits. A later version is judged anew.
    ///
    /// # Errors
    /// When there is no such consent, it has another version by now, it can be computed or was
    /// settled already, or the store fails.
    pub async fn confirm_consent(
        &self,
        (id, if_version): (&str, u64),
        author: &Author,
        now: Timestamp,
    ) -> Result<(), ConsentError> {
        let row_id = self.inner.consent_row_id(id);
        let mut transaction = self.inner.write().await?;
        let row = known(in_force(&mut transaction, &row_id).await?)?;
        let current = version_of(row.version);
        if current != if_version {
            return Err(ConsentError::Conflict { current });
        }
        let text = row.text(&self.inner, Kept::InForce)?;
        let consent = wardgate_authz::Consent::from_json(&text)
            .map_err(|_| row.damaged("its text is not a consent"))?;
        if consent.not_computable().is_none() {
            return Err(ConsentError::NothingToSettle);
        }
        let failed = || RecordsError::database("settle a consent");
        let mut change = Change::begin(&mut transaction, now).await?;
        let settled = sqlx::query(
            "INSERT INTO consent_settled (id, patient, version, by_kind, by_id, settled_at, changed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET \
             version = excluded.version, by_kind = excluded.by_kind, by_id = excluded.by_id, \
             settled_at = excluded.settled_at, changed = excluded.changed \
             WHERE consent_settled.version <> excluded.version",
        )
        .bind(&row.id)
        .bind(&row.patient)
        .bind(row.version)
        .bind(author.kind())
        .bind(author.id())
        .bind(micros(now))
        .bind(change.sequence)
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
        if settled.rows_affected() == 0 {
            return Err(ConsentError::NothingToSettle);
        }
        let event = Event::RecordChanged(RecordChanged {
            record: Token::or_unfit("consent"),
            record_id: Token::or_unfit(&row.id),
            version: current,
            change: RecordChange::Changed,
            fields: &[Token::or_unfit("never_permits")],
            digest: None,
        });
        change
            .tell(&mut transaction, &self.inner.vault, &event)
            .await?;
        transaction.commit().await.map_err(failed())?;
        Ok(())
    }

    /// The consents of the snapshot that cannot be computed, by their row ids, in order.
    fn not_computable(&self, after: Option<&str>) -> Vec<(String, String, String)> {
        let snapshot = self.snapshot();
        let consents = snapshot.records.consents.values();
        let mut found: Vec<(String, String, String)> = consents
            .flat_map(|consents| consents.iter())
            .filter_map(|consent| {
                let reason = consent.not_computable()?;
                let id = consent.reference().strip_prefix("Consent/")?;
                let row_id = self.inner.consent_row_id(id);
                let behind = after.is_none_or(|after| row_id.as_str() > after);
                behind.then(|| (row_id, id.to_owned(), reason.to_owned()))
            })
            .collect();
        found.sort_unstable();
        found
    }

    async fn settled(&self) -> Result<HashMap<String, i64>, RecordsError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT id, version FROM consent_settled")
            .fetch_all(&self.inner.reader)
            .await
            .map_err(RecordsError::database("read settled consents"))?;
        Ok(rows.into_iter().collect())
    }
}
