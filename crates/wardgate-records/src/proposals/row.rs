//! Proposals as the database has them.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use wardgate_vault::{Binding, Vault};

use super::{LISTED_MAX, Proposal, ProposalState, ProposedChange};
use crate::RecordId;
use crate::error::RecordsError;
use crate::store::Store;
use crate::store::rows::{count, timestamp};

/// What the reason of a proposal is bound to, beside the proposal's id.
pub(crate) const PROPOSAL_OBJECT: &str = "proposal.reason";

impl Store {
    /// The newest proposals, those that wait for a decision first; at most [`LISTED_MAX`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn proposals(&self) -> Result<Vec<Proposal>, RecordsError> {
        let rows: Vec<ProposalRow> = sqlx::query_as(
            "SELECT * FROM proposals ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, \
             id DESC LIMIT $1",
        )
        .bind(i64::from(LISTED_MAX))
        .fetch_all(&self.inner.reader)
        .await
        .map_err(RecordsError::database("read proposals"))?;
        rows.into_iter()
            .map(|row| row.proposal(&self.inner.vault))
            .collect()
    }

    /// One proposal.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn proposal(&self, id: RecordId) -> Result<Proposal, RecordsError> {
        let mut connection = self
            .inner
            .reader
            .acquire()
            .await
            .map_err(RecordsError::database("read proposals"))?;
        read(&mut connection, &self.inner.vault, id).await
    }
}

/// One proposal, as the transaction that decides on it sees it.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    vault: &Vault,
    id: RecordId,
) -> Result<Proposal, RecordsError> {
    let row: Option<ProposalRow> = sqlx::query_as("SELECT * FROM proposals WHERE id = $1")
        .bind(id.to_string())
        .fetch_optional(connection)
        .await
        .map_err(RecordsError::database("read proposals"))?;
    let row = row.ok_or_else(|| RecordsError::Unknown {
        kind: "proposal",
        id: id.to_string(),
    })?;
    row.proposal(vault)
}

struct ProposalRow {
    id: String,
    kind: String,
    base: i64,
    body: String,
    proposed: (String, i64),
    state: String,
    decided: (Option<String>, Option<i64>),
    version: Option<i64>,
    sealed: Vec<u8>,
}

impl<'r> FromRow<'r, SqliteRow> for ProposalRow {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            base: row.try_get("base")?,
            body: row.try_get("body")?,
            proposed: (row.try_get("proposed_by")?, row.try_get("proposed_at")?),
            state: row.try_get("state")?,
            decided: (row.try_get("decided_by")?, row.try_get("decided_at")?),
            version: row.try_get("version")?,
            sealed: row.try_get("sealed")?,
        })
    }
}

impl ProposalRow {
    /// A proposal that can not be read is a fault, never none.
    fn proposal(self, vault: &Vault) -> Result<Proposal, RecordsError> {
        let damaged = |what| RecordsError::damaged(format!("proposal/{}", self.id), what);
        let unreadable = |_| damaged("its body is not readable");
        let change = match self.kind.as_str() {
            "policy" => {
                ProposedChange::Policies(serde_json::from_str(&self.body).map_err(unreadable)?)
            }
            "vendor" => {
                ProposedChange::Vendor(serde_json::from_str(&self.body).map_err(unreadable)?)
            }
            _ => return Err(damaged("its kind is not known")),
        };
        let states = [
            ProposalState::Open,
            ProposalState::Approved,
            ProposalState::Rejected,
            ProposalState::Withdrawn,
            ProposalState::Stale,
        ];
        let state = states.into_iter().find(|state| state.word() == self.state);
        let decided = match (self.decided.0.clone(), self.decided.1) {
            (Some(person), Some(at)) => Some((person, timestamp(at)?)),
            (None, None) => None,
            _ => return Err(damaged("its decision does not read")),
        };
        let reason = vault.open_sealed(
            &Binding::new(PROPOSAL_OBJECT, self.id.as_bytes()),
            &self.sealed,
        )?;
        Ok(Proposal {
            id: self.id.parse().map_err(|_| damaged("its id is not one"))?,
            change,
            base: count(self.base),
            reason: String::from_utf8_lossy(&reason).into_owned(),
            proposed_at: timestamp(self.proposed.1)?,
            state: state.ok_or_else(|| damaged("its state is not known"))?,
            decided,
            version: self.version.map(count),
            proposed_by: self.proposed.0,
        })
    }
}
