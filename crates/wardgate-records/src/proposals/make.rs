//! Makes a proposal: checked as strictly as an apply, and changes nothing but itself.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::SqliteConnection;
use wardgate_vault::Binding;

use super::row::PROPOSAL_OBJECT;
use super::versions;
use super::{
    OPEN_PROPOSALS_MAX, POLICIES_BYTES_MAX, POLICY_FILES_MAX, Proposal, ProposalFault,
    ProposalState, ProposedChange, REASON_BYTES_MAX,
};
use crate::RecordId;
use crate::apply::{ApplyError, policies_of};
use crate::documents::Documents;
use crate::error::RecordsError;
use crate::events::{Event, ProposalMade, Token};
use crate::fault::{Fault, Place};
use crate::record::{Person, PersonState, PolicyFile, Vendor};
use crate::store::Store;
use crate::store::rows::{Change, count, micros};
use crate::told;

impl Store {
    /// Proposes a whole set of policies; no file at all means the set that ships with Wardgate.
    ///
    /// # Errors
    /// [`ApplyError::Faults`] with every fault of the files, or why it can not be proposed.
    pub async fn propose_policies(
        &self,
        files: &[PolicyFile],
        reason: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, ApplyError> {
        let bytes: usize = files
            .iter()
            .map(|file| file.id.len() + file.cedar.len())
            .sum();
        if bytes > POLICIES_BYTES_MAX || files.len() > POLICY_FILES_MAX {
            return Err(RecordsError::from(ProposalFault::TooLarge).into());
        }
        let faults = faults_of(files);
        if !faults.is_empty() {
            return Err(ApplyError::Faults(faults));
        }
        let change = ProposedChange::Policies(files.to_vec());
        Ok(self.propose(change, reason, person, now).await?)
    }

    /// Proposes the record of a vendor, with its agreement: new, or instead of the one on file.
    /// `vendor` is what a file would declare, as JSON.
    ///
    /// # Errors
    /// [`ApplyError::Faults`] with every fault of the record, or why it can not be proposed.
    pub async fn propose_vendor(
        &self,
        vendor: &Value,
        reason: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, ApplyError> {
        let vendor = declared_vendor(vendor)?;
        let change = ProposedChange::Vendor(vendor);
        Ok(self.propose(change, reason, person, now).await?)
    }

    async fn propose(
        &self,
        change: ProposedChange,
        reason: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, RecordsError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
            return Err(ProposalFault::Reason.into());
        }
        let mut transaction = self.inner.write().await?;
        check_active(&mut transaction, person).await?;
        if waiting(&mut transaction).await? >= OPEN_PROPOSALS_MAX {
            return Err(ProposalFault::TooMany.into());
        }
        let base = base_of(&mut transaction, &change).await?;
        let proposal = Proposal {
            id: RecordId::new(now, self.inner.vault.random()),
            change,
            base,
            reason: reason.to_owned(),
            proposed_by: person.to_owned(),
            proposed_at: now,
            state: ProposalState::Open,
            decided: None,
            version: None,
        };
        let mut numbered = Change::begin(&mut transaction, now).await?;
        let body = body_of(&proposal.change)?;
        self.insert(&mut transaction, &proposal, &body, numbered.sequence)
            .await?;
        let event = Event::ProposalMade(ProposalMade {
            proposal: proposal.id,
            record: Token::or_unfit(proposal.change.kind()),
            record_id: proposal.change.target().map(Token::or_unfit),
            base,
            digest: told::sha256(body.as_bytes()),
            person: Token::or_unfit(person),
        });
        numbered
            .tell(&mut transaction, &self.inner.vault, &event)
            .await?;
        transaction
            .commit()
            .await
            .map_err(RecordsError::database("propose a change"))?;
        Ok(proposal)
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        proposal: &Proposal,
        body: &str,
        sequence: i64,
    ) -> Result<(), RecordsError> {
        let id = proposal.id.to_string();
        let bound_to = Binding::new(PROPOSAL_OBJECT, id.as_bytes());
        let sealed = self
            .inner
            .vault
            .seal(&bound_to, proposal.reason.as_bytes())?;
        sqlx::query(
            "INSERT INTO proposals (id, kind, target, base, body, proposed_by, proposed_at, state, \
             decided_by, decided_at, version, sealed, changed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', NULL, NULL, NULL, $8, $9)",
        )
        .bind(&id)
        .bind(proposal.change.kind())
        .bind(proposal.change.target())
        .bind(i64::try_from(proposal.base).unwrap_or(i64::MAX))
        .bind(body)
        .bind(&proposal.proposed_by)
        .bind(micros(proposal.proposed_at))
        .bind(sealed)
        .bind(sequence)
        .execute(connection)
        .await
        .map_err(RecordsError::database("propose a change"))?;
        Ok(())
    }
}

/// The version that a change would start from now. A change that changes nothing is refused.
async fn base_of(
    connection: &mut SqliteConnection,
    change: &ProposedChange,
) -> Result<u64, RecordsError> {
    match change {
        ProposedChange::Policies(files) => {
            let files = files
                .iter()
                .map(|file| (file.id.clone(), file.cedar.clone()))
                .collect();
            let proposed = policies_of(&files).map_err(|_| ProposalFault::Invalid)?;
            let newest = versions::newest(connection).await?;
            if newest.hash == proposed.hash() {
                return Err(ProposalFault::Unchanged.into());
            }
            Ok(newest.version)
        }
        ProposedChange::Vendor(vendor) => {
            let stored = vendor_on_file(connection, &vendor.id).await?;
            match stored {
                Some((_, body)) if body == body_of(change)? => Err(ProposalFault::Unchanged.into()),
                Some((version, _)) => Ok(version),
                None => Ok(0),
            }
        }
    }
}

/// Version and text of a vendor's record.
pub(super) async fn vendor_on_file(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<(u64, String)>, RecordsError> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT version, body FROM records WHERE kind = 'vendor' AND id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    Ok(row.map(|(version, body)| (count(version), body)))
}

/// A change as it is stored and told.
pub(super) fn body_of(change: &ProposedChange) -> Result<String, RecordsError> {
    let body = match change {
        ProposedChange::Policies(files) => serde_json::to_string(files),
        ProposedChange::Vendor(vendor) => serde_json::to_string(vendor),
    };
    body.map_err(|_| RecordsError::damaged("proposal", "its body can not be written"))
}

/// Refuses a person who is not on file or may not act.
pub(super) async fn check_active(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<(), RecordsError> {
    let body: Option<String> =
        sqlx::query_scalar("SELECT body FROM records WHERE kind = 'person' AND id = $1")
            .bind(id)
            .fetch_optional(connection)
            .await
            .map_err(RecordsError::database("read records"))?;
    let body = body.ok_or_else(|| RecordsError::Unknown {
        kind: "person",
        id: id.to_owned(),
    })?;
    let person: Person = serde_json::from_str(&body)
        .map_err(|_| RecordsError::damaged(format!("person/{id}"), "its body is not readable"))?;
    match person.state {
        PersonState::Active => Ok(()),
        PersonState::Suspended => Err(ProposalFault::PersonNotActive.into()),
    }
}

async fn waiting(connection: &mut SqliteConnection) -> Result<usize, RecordsError> {
    let open: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM proposals WHERE state = 'open'")
        .fetch_one(connection)
        .await
        .map_err(RecordsError::database("read proposals"))?;
    Ok(usize::try_from(open).unwrap_or(usize::MAX))
}

/// Reads a vendor's record by the rules of declared files: JSON is YAML too.
fn declared_vendor(vendor: &Value) -> Result<Vendor, ApplyError> {
    let name = Path::new("vendor.yaml");
    let whole = |message: &str, hint: &str| {
        ApplyError::Faults(vec![Place::whole(&Arc::from(name)).error(message, hint)])
    };
    let not_one = || whole("this is not the record of one vendor", VENDOR_HINT);
    let mut fields = vendor.as_object().cloned().ok_or_else(not_one)?;
    match fields.insert("kind".to_owned(), "Vendor".into()) {
        None => {}
        Some(kind) if kind == "Vendor" => {}
        Some(_) => return Err(not_one()),
    }
    let documents = Documents::of_text(name, &Value::from(fields).to_string());
    if documents.is_faulty() {
        return Err(ApplyError::Faults(documents.faults().to_vec()));
    }
    let body = match documents.declared.as_slice() {
        [declared] => declared.body.as_deref(),
        _ => None,
    };
    let body = body.ok_or_else(not_one)?;
    serde_json::from_str(body).map_err(|_| not_one())
}

/// Every fault of a set of policy files.
fn faults_of(files: &[PolicyFile]) -> Vec<Fault> {
    let place = |name: &str, line: usize| Place {
        line: u32::try_from(line).unwrap_or(0),
        ..Place::whole(&Arc::from(Path::new(name)))
    };
    let mut faults = Vec::new();
    let mut texts = std::collections::HashMap::new();
    for file in files {
        if !is_file_name(&file.id) {
            let message = "this name can not be that of a policy file";
            faults.push(place("policies", 0).error(message, NAME_HINT));
        } else if file.cedar.trim().is_empty() {
            let fault = place(&file.id, 0).error("the file holds no policy", "leave it out");
            faults.push(fault);
        } else if texts.insert(file.id.clone(), file.cedar.clone()).is_some() {
            let fault = place(&file.id, 0).error("two files have this name", "rename one of them");
            faults.push(fault);
        }
    }
    if let Err(found) = policies_of(&texts) {
        faults.extend(
            found
                .into_iter()
                .map(|fault| place(&fault.file, fault.line).error(fault.message, fault.hint)),
        );
    }
    faults
}

fn is_file_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().any(|byte| byte != b'.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.len() <= FILE_NAME_BYTES_MAX && name.split('/').all(part)
}

const FILE_NAME_BYTES_MAX: usize = 64;
const NAME_HINT: &str =
    "use letters, digits, `.`, `_` and `-`, at most 64, such as `operations/policies.cedar`";
const VENDOR_HINT: &str = "give the fields of a vendor: id, name, state, region, agreement";
