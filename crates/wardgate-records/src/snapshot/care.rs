//! Reads care teams into a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::SqliteConnection;
use wardgate_vault::{Binding, PatientHandle};

use super::Records;
use super::load::handle_of;
use crate::care::{CareTeam, Carer};
use crate::error::RecordsError;
use crate::fhir::Resource;
use crate::store::Inner;
use crate::store::rows::CARE_TEAM_OBJECT;

impl Records {
    /// The carers of every patient who changed or whose care teams did.
    pub(super) async fn read_care(
        &mut self,
        read: &mut SqliteConnection,
        inner: &Inner,
    ) -> Result<(), RecordsError> {
        let changed: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT patient FROM care_teams WHERE changed > $1 \
             UNION SELECT handle FROM patients WHERE changed > $1 AND shredded_at IS NULL",
        )
        .bind(self.sequence)
        .fetch_all(&mut *read)
        .await
        .map_err(RecordsError::database("read care teams"))?;
        let changed: BTreeSet<String> = changed.into_iter().map(|(patient,)| patient).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut of_patients: BTreeMap<PatientHandle, Vec<Carer>> = BTreeMap::new();
        for (patient, id, sealed) in teams(read, &changed, self.sequence == 0).await? {
            let handle = handle_of(&patient)?;
            let carers = of_patients.entry(handle).or_default();
            match open(inner, handle, &id, &sealed) {
                Some(team) => carers.extend(team.carers),
                // Nobody is let in by a team that cannot be read.
                None => tracing::warn!(patient = %handle, team = id, "a care team cannot be read"),
            }
        }
        for patient in &changed {
            self.carers.remove(&handle_of(patient)?);
        }
        for (handle, carers) in of_patients {
            self.carers.insert(handle, Arc::new(carers));
        }
        Ok(())
    }
}

/// Patient, id and sealed resource of every team of these patients.
async fn teams(
    read: &mut SqliteConnection,
    patients: &BTreeSet<String>,
    everything: bool,
) -> Result<Vec<(String, String, Vec<u8>)>, RecordsError> {
    let failed = || RecordsError::database("read care teams");
    if everything {
        return sqlx::query_as("SELECT patient, id, sealed FROM care_teams ORDER BY id")
            .fetch_all(read)
            .await
            .map_err(failed());
    }
    let mut found = Vec::new();
    for patient in patients {
        let of_one: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
            "SELECT patient, id, sealed FROM care_teams WHERE patient = $1 ORDER BY id",
        )
        .bind(patient)
        .fetch_all(&mut *read)
        .await
        .map_err(failed())?;
        found.extend(of_one);
    }
    Ok(found)
}

fn open(inner: &Inner, handle: PatientHandle, id: &str, sealed: &[u8]) -> Option<CareTeam> {
    let bound_to = Binding::new(CARE_TEAM_OBJECT, id.as_bytes());
    let opened = inner
        .vault
        .open_for_patient(handle, &bound_to, sealed)
        .ok()?;
    let text = std::str::from_utf8(&opened).ok()?;
    let resource = Resource::parse(text).ok()?;
    CareTeam::read(&resource).ok()
}
