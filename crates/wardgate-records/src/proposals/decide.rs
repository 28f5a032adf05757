//! Decides on a proposal: once, by another person, and on what it starts from.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::make::{check_active, vendor_on_file};
use super::row::read;
use super::versions::{self, Made, VersionOrigin};
use super::{Proposal, ProposalFault, ProposalState, ProposedChange};
use crate::RecordId;
use crate::apply;
use crate::documents::Documents;
use crate::error::RecordsError;
use crate::events::{Event, ProposalDecided, ProposalOutcome, Token};
use crate::store::Store;
use crate::store::rows::{Change, micros};

impl Store {
    /// Approves a proposal: the change holds when this returns.
    ///
    /// # Errors
    /// [`ProposalFault::Own`] for the proposer, [`ProposalFault::Decided`] when it was decided
    /// before, [`ProposalFault::Stale`] when what it starts from has changed; then it is marked
    /// as stale. Or when there is no such proposal or person, or the store fails.
    pub async fn approve_proposal(
        &self,
        id: RecordId,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, RecordsError> {
        let mut transaction = self.inner.write().await?;
        let proposal = open(&mut transaction, self, id).await?;
        check_active(&mut transaction, person).await?;
        if proposal.proposed_by == person {
            return Err(ProposalFault::Own.into());
        }
        if current(&mut transaction, &proposal.change).await? != proposal.base {
            let decided = (person, ProposalOutcome::Stale, None);
            let mut numbered = Change::begin(&mut transaction, now).await?;
            self.decide(&mut transaction, &mut numbered, proposal, decided)
                .await?;
            commit(transaction).await?;
            return Err(ProposalFault::Stale.into());
        }
        let mut numbered = Change::begin(&mut transaction, now).await?;
        let version = self
            .make_true(&mut transaction, &mut numbered, &proposal, person)
            .await?;
        let decided = (person, ProposalOutcome::Approved, Some(version));
        let proposal = self
            .decide(&mut transaction, &mut numbered, proposal, decided)
            .await?;
        commit(transaction).await?;
        self.refresh(now).await?;
        Ok(proposal)
    }

    /// Rejects a proposal of another person.
    ///
    /// # Errors
    /// As [`Store::approve_proposal`]; one's own is withdrawn, not rejected.
    pub async fn reject_proposal(
        &self,
        id: RecordId,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, RecordsError> {
        self.turn_down(id, person, ProposalOutcome::Rejected, now)
            .await
    }

    /// Takes one's own proposal back.
    ///
    /// # Errors
    /// [`ProposalFault::NotOwn`] for anybody else, [`ProposalFault::Decided`] when it was decided
    /// before. Or when there is no such proposal, or the store fails.
    pub async fn withdraw_proposal(
        &self,
        id: RecordId,
        person: &str,
        now: Timestamp,
    ) -> Result<Proposal, RecordsError> {
        self.turn_down(id, person, ProposalOutcome::Withdrawn, now)
            .await
    }

    async fn turn_down(
        &self,
        id: RecordId,
        person: &str,
        outcome: ProposalOutcome,
        now: Timestamp,
    ) -> Result<Proposal, RecordsError> {
        let mut transaction = self.inner.write().await?;
        let proposal = open(&mut transaction, self, id).await?;
        check_active(&mut transaction, person).await?;
        match (outcome, proposal.proposed_by == person) {
            (ProposalOutcome::Withdrawn, false) => return Err(ProposalFault::NotOwn.into()),
            (ProposalOutcome::Withdrawn, true) | (_, false) => {}
            (_, true) => return Err(ProposalFault::Own.into()),
        }
        let mut numbered = Change::begin(&mut transaction, now).await?;
        let decided = (person, outcome, None);
        let proposal = self
            .decide(&mut transaction, &mut numbered, proposal, decided)
            .await?;
        commit(transaction).await?;
        Ok(proposal)
    }

    /// Makes the records be what was proposed. Returns the version that this made.
    async fn make_true(
        &self,
        connection: &mut SqliteConnection,
        change: &mut Change,
        proposal: &Proposal,
        person: &str,
    ) -> Result<u64, RecordsError> {
        match &proposal.change {
            ProposedChange::Policies(files) => {
                let made = Made {
                    proposal: Some(proposal.id),
                    proposed_by: Some(&proposal.proposed_by),
                    approved_by: Some(person),
                    ..Made::by(VersionOrigin::Proposal)
                };
                versions::put(connection, change, &self.inner, files, &made).await
            }
            ProposedChange::Vendor(vendor) => {
                let documents = Documents::of_record("vendor", &vendor.id, vendor);
                apply::put(connection, change, &self.inner, &documents).await?;
                Ok(proposal.base + 1)
            }
        }
    }

    /// Writes how a proposal was decided, and tells it.
    async fn decide(
        &self,
        connection: &mut SqliteConnection,
        change: &mut Change,
        mut proposal: Proposal,
        (person, outcome, version): (&str, ProposalOutcome, Option<u64>),
    ) -> Result<Proposal, RecordsError> {
        sqlx::query(
            "UPDATE proposals SET state = $1, decided_by = $2, decided_at = $3, version = $4, \
             changed = $5 WHERE id = $6",
        )
        .bind(outcome.as_str())
        .bind(person)
        .bind(micros(change.now))
        .bind(version.and_then(|version| i64::try_from(version).ok()))
        .bind(change.sequence)
        .bind(proposal.id.to_string())
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("decide on a proposal"))?;
        let event = Event::ProposalDecided(ProposalDecided {
            proposal: proposal.id,
            record: Token::or_unfit(proposal.change.kind()),
            outcome,
            proposer: Token::or_unfit(&proposal.proposed_by),
            person: Token::or_unfit(person),
            version,
        });
        change.tell(connection, &self.inner.vault, &event).await?;
        proposal.state = match outcome {
            ProposalOutcome::Approved => ProposalState::Approved,
            ProposalOutcome::Rejected => ProposalState::Rejected,
            ProposalOutcome::Withdrawn => ProposalState::Withdrawn,
            ProposalOutcome::Stale => ProposalState::Stale,
        };
        proposal.decided = Some((person.to_owned(), change.now));
        proposal.version = version;
        Ok(proposal)
    }
}

/// A proposal that nobody has decided on. The transaction holds the write lock, so that of two
/// who decide at the same time the second finds it decided.
async fn open(
    connection: &mut SqliteConnection,
    store: &Store,
    id: RecordId,
) -> Result<Proposal, RecordsError> {
    let proposal = read(connection, &store.inner.vault, id).await?;
    match proposal.state {
        ProposalState::Open => Ok(proposal),
        _ => Err(ProposalFault::Decided.into()),
    }
}

/// The version that a change would start from now.
async fn current(
    connection: &mut SqliteConnection,
    change: &ProposedChange,
) -> Result<u64, RecordsError> {
    Ok(match change {
        ProposedChange::Policies(_) => versions::newest(connection).await?.version,
        ProposedChange::Vendor(vendor) => vendor_on_file(connection, &vendor.id)
            .await?
            .map_or(0, |(version, _)| version),
    })
}

async fn commit(transaction: sqlx::Transaction<'_, sqlx::Sqlite>) -> Result<(), RecordsError> {
    transaction
        .commit()
        .await
        .map_err(RecordsError::database("decide on a proposal"))
}
