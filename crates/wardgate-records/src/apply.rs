//! Makes the store be what the files declare: all of it in one transaction, or nothing.

mod care;
mod check;
mod difference;
mod resources;
mod write;

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::consents::Origin;
use crate::documents::Documents;
use crate::error::RecordsError;
use crate::fault::{Fault, Severity};
use crate::people;
use crate::proposals;
use crate::store::rows::Change;
use crate::store::{Inner, Store};

pub(crate) use check::{in_order, policies_of};
pub use difference::{ChangeKind, FieldChange, RecordDifference};

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only tell what would change.
    DryRun,
    /// Change it.
    Commit,
}

/// What an apply changed, or would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The records that differ from the files, in the order of the files.
    pub differences: Vec<RecordDifference>,
    /// How many records were as the files say.
    pub unchanged: usize,
    /// What the author should know all the same.
    pub warnings: Vec<Fault>,
}

/// Why nothing was applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The files are faulty. Warnings stand among the faults.
    #[error("{} of the declared files must be corrected first", faults_of(.0))]
    Faults(Vec<Fault>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RecordsError),
}

fn faults_of(faults: &[Fault]) -> String {
    let errors = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Error)
        .count();
    match errors {
        1 => "one fault".to_owned(),
        errors => format!("{errors} faults"),
    }
}

impl Store {
    /// Makes the store be what the documents declare. Records that no document names stay.
    ///
    /// # Errors
    /// [`ApplyError::Faults`] with every fault of every file, or the failure of the store. In
    /// both cases nothing has changed.
    pub async fn apply(
        &self,
        documents: &Documents,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        self.apply_as(Origin::Apply, documents, mode, now).await
    }

    /// Makes the consents on file be what one file of consents says, all of them or none. Those
    /// that it does not name stay.
    ///
    /// # Errors
    /// As [`Store::apply`]; and when the file declares anything but consents.
    pub async fn import_consents(
        &self,
        documents: &Documents,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let patients = documents.patients.iter().map(|patient| &patient.place);
        let declared = documents.declared.iter().map(|declared| &declared.place);
        let teams = documents.care_teams.iter().map(|team| &team.place);
        let others: Vec<Fault> = patients
            .chain(declared)
            .chain(teams)
            .map(|place| {
                place.error(
                    "only consents are imported, and this is none",
                    "declare it by `wardgate apply`",
                )
            })
            .collect();
        if !others.is_empty() {
            let mut faults = documents.faults.clone();
            faults.extend(others);
            sort(&mut faults);
            return Err(ApplyError::Faults(faults));
        }
        self.apply_as(Origin::Import, documents, mode, now).await
    }

    async fn apply_as(
        &self,
        how: Origin,
        documents: &Documents,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let mut change = self.inner.write().await?;
        let mut faults = documents.faults.clone();
        faults.extend(check::declared(&mut change, documents).await?);
        faults.extend(check::policies(&mut change, documents).await?);
        let patients = resources::known_patients(&mut change, &self.inner, documents).await?;
        faults.extend(resources::check(&mut change, &self.inner, documents, &patients).await?);
        faults.extend(care::check(&mut change, &self.inner, documents, &patients).await?);
        sort(&mut faults);
        if faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Err(ApplyError::Faults(faults));
        }
        let mut applied = Applied {
            warnings: faults,
            ..Applied::default()
        };
        let declared = write::plan(&mut change, &self.inner, documents, &mut applied).await?;
        let (resources, patients) =
            resources::plan(&mut change, &self.inner, documents, patients, &mut applied).await?;
        let care_teams =
            care::plan(&mut change, &self.inner, documents, &patients, &mut applied).await?;
        if mode == Mode::DryRun || applied.differences.is_empty() {
            return Ok(applied);
        }
        let administrators = people::enrolled_administrators(&mut change).await?.len();
        if administrators >= people::ADMINISTRATORS_MIN {
            let faults = write::only_by_proposal(&declared);
            if !faults.is_empty() {
                return Err(ApplyError::Faults(faults));
            }
        }
        let mut numbered = Change::begin(&mut change, now).await?;
        let policy_hash_before = check::policy_hash(&mut change).await?;
        write::execute(&mut change, &mut numbered, &self.inner, &declared).await?;
        let resources = (&resources, how);
        resources::execute(&mut change, &mut numbered, &self.inner, resources).await?;
        care::execute(&mut change, &mut numbered, &self.inner, &care_teams).await?;
        write::tell_policy_change(&mut change, &mut numbered, &self.inner, policy_hash_before)
            .await?;
        people::guard_administrators(&mut change, administrators).await?;
        let made = proposals::Made::by(proposals::VersionOrigin::Files);
        proposals::note_version(&mut change, now, &made).await?;
        change
            .commit()
            .await
            .map_err(RecordsError::database("commit the change"))?;
        self.refresh(now).await?;
        Ok(applied)
    }
}

/// Makes the records be what documents declare that were checked before, in a transaction of the
/// caller's. The ledger is told of each record, and of other policies.
pub(crate) async fn put(
    connection: &mut SqliteConnection,
    numbered: &mut Change,
    inner: &Inner,
    documents: &Documents,
) -> Result<Applied, RecordsError> {
    let mut applied = Applied::default();
    let declared = write::plan(connection, inner, documents, &mut applied).await?;
    let policy_hash_before = check::policy_hash(connection).await?;
    write::execute(connection, numbered, inner, &declared).await?;
    write::tell_policy_change(connection, numbered, inner, policy_hash_before).await?;
    Ok(applied)
}

/// The policy texts as they will be: what is stored, overlaid by what is declared.
pub(crate) async fn stored_policies(
    connection: &mut SqliteConnection,
) -> Result<HashMap<String, String>, RecordsError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, body FROM records WHERE kind = 'policy'")
            .fetch_all(connection)
            .await
            .map_err(RecordsError::database("read policies"))?;
    rows.into_iter()
        .map(|(id, body)| {
            let file: crate::record::PolicyFile = serde_json::from_str(&body).map_err(|_| {
                RecordsError::damaged(format!("policy/{id}"), "its body is not readable")
            })?;
            Ok((id, file.cedar))
        })
        .collect()
}

fn sort(faults: &mut [Fault]) {
    faults.sort_by(|left, right| {
        (&left.file, left.line, left.column).cmp(&(&right.file, right.line, right.column))
    });
}
