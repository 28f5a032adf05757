//! Writes care teams that differ, sealed under their patients' keys.

use std::collections::HashMap;

use sqlx::SqliteConnection;
use wardgate_vault::{Binding, PatientHandle};

use super::Applied;
use super::resources::{Known, Target, differing};
use crate::documents::{DeclaredCareTeam, Documents};
use crate::error::RecordsError;
use crate::fault::Fault;
use crate::store::Inner;
use crate::store::rows::{CARE_TEAM_OBJECT, Change, micros};

/// What is to be written.
pub(super) type Planned<'d> = Vec<(&'d DeclaredCareTeam, PatientHandle, Target)>;

/// The faults between resources: double ids, teams of nobody, teams that change hands.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &Documents,
    known: &Known,
) -> Result<Vec<Fault>, RecordsError> {
    let mut faults = Vec::new();
    let mut earlier: HashMap<&str, &DeclaredCareTeam> = HashMap::new();
    for team in &documents.care_teams {
        if let Some(first) = earlier.insert(&team.reference, team) {
            faults.push(team.place.error(
                format!(
                    "this CareTeam is declared twice, first in {} on line {}",
                    first.place.file.display(),
                    first.place.line
                ),
                "keep one of them",
            ));
        }
        let blind = inner.index_key.mac(team.patient.as_bytes());
        let declared = documents
            .patients
            .iter()
            .any(|patient| patient.reference == team.patient);
        if !known.contains_key(&blind) && !declared {
            faults.push(team.place.error(
                "this CareTeam names a patient who is not on file",
                "apply the Patient resource too, or correct `subject.reference`",
            ));
        }
        let owner = stored(connection, &id_of(inner, team)).await?;
        if let Some((_, _, owner)) = owner
            && known.get(&blind).map(ToString::to_string) != Some(owner)
        {
            faults.push(team.place.error(
                "this CareTeam belongs to another patient on file",
                "give it a new id; end the old one by `status: inactive`",
            ));
        }
    }
    Ok(faults)
}

/// Compares every declared care team with the stored one.
pub(super) async fn plan<'d>(
    connection: &mut SqliteConnection,
    inner: &Inner,
    documents: &'d Documents,
    known: &Known,
    applied: &mut Applied,
) -> Result<Planned<'d>, RecordsError> {
    let mut planned = Vec::new();
    for team in &documents.care_teams {
        let blind = inner.index_key.mac(team.patient.as_bytes());
        // `check` has made sure that every team has its patient.
        let Some(handle) = known.get(&blind).copied() else {
            return Err(RecordsError::UnknownPatient);
        };
        let id = id_of(inner, team);
        let target = match stored(connection, &id).await? {
            None => Some(Target::new_record(id, handle)),
            Some((version, sealed, _)) => {
                let bound_to = Binding::new(CARE_TEAM_OBJECT, id.as_bytes());
                let fields = differing(inner, handle, &bound_to, Some(&sealed), &team.json)?;
                Target::changed(id, handle, version, fields)
            }
        };
        match target {
            None => applied.unchanged += 1,
            Some(target) => {
                applied.differences.push(target.difference("care_team"));
                planned.push((team, handle, target));
            }
        }
    }
    Ok(planned)
}

/// Writes the planned care teams and their events.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    change: &mut Change,
    inner: &Inner,
    planned: &Planned<'_>,
) -> Result<(), RecordsError> {
    for (team, handle, target) in planned {
        let bound_to = Binding::new(CARE_TEAM_OBJECT, target.id.as_bytes());
        let sealed = inner
            .vault
            .seal_for_patient(*handle, &bound_to, team.json.as_bytes())?;
        sqlx::query(
            "INSERT INTO care_teams (id, patient, version, changed, changed_at, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (id) DO UPDATE SET version = excluded.version, \
             changed = excluded.changed, changed_at = excluded.changed_at, sealed = excluded.sealed",
        )
        .bind(&target.id)
        .bind(handle.to_string())
        .bind(target.version)
        .bind(change.sequence)
        .bind(micros(change.now))
        .bind(sealed)
        .execute(&mut *connection)
        .await
        .map_err(RecordsError::database("write care teams"))?;
        target.tell("care_team", connection, change, inner).await?;
    }
    Ok(())
}

/// Version, sealed resource and patient of a stored care team.
async fn stored(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<(i64, Vec<u8>, String)>, RecordsError> {
    sqlx::query_as("SELECT version, sealed, patient FROM care_teams WHERE id = $1")
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(RecordsError::database("read care teams"))
}

fn id_of(inner: &Inner, team: &DeclaredCareTeam) -> String {
    crate::hex::encode(&inner.index_key.mac(team.reference.as_bytes()))
}
