//! What a token allows less than its app was granted, and how headers narrow it further.

use wardgate_identity::Claims;
use wardgate_records::{PatientMatch, Snapshot};

use super::Identified;
use crate::call::Stated;
use crate::refusal::{self, Refusal};

/// The systems, purposes and patient that a token is limited to; empty means not limited.
#[derive(Debug, Default)]
pub(crate) struct Narrowing {
    systems: Vec<String>,
    purposes: Vec<String>,
    patient: Option<String>,
}

impl Narrowing {
    /// Reads the limits from scopes such as `wardgate/system:note-helper` and
    /// `wardgate/purpose:TREAT`, and from the patient in context.
    pub(super) fn of(claims: &Claims) -> Self {
        let with = |prefix: &str| -> Vec<String> {
            claims
                .scopes()
                .filter_map(|scope| scope.strip_prefix(prefix))
                .map(str::to_owned)
                .collect()
        };
        Self {
            systems: with("wardgate/system:"),
            purposes: with("wardgate/purpose:"),
            patient: claims.patient().map(reference),
        }
    }

    pub(super) fn allows_system(&self, id: &str) -> bool {
        self.systems.is_empty() || self.systems.iter().any(|system| system == id)
    }

    pub(super) fn allows_purpose(&self, code: &str) -> bool {
        self.purposes.is_empty() || self.purposes.iter().any(|purpose| purpose == code)
    }

    pub(super) fn purposes(&self) -> &[String] {
        &self.purposes
    }

    /// Takes the patient of another token, too; two patients cannot both be meant.
    pub(super) fn also_of(&mut self, claims: &Claims) -> Result<(), Refusal> {
        match (&self.patient, claims.patient().map(reference)) {
            (Some(one), Some(other)) if *one != other => Err(Refusal::new(&refusal::SCOPE_PATIENT)),
            (None, other) => {
                self.patient = other;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Identified {
    /// Holds what the headers say against what the token says. A call that names no patient is
    /// about the patient in context; one that names another patient is refused, whether or not
    /// there is such a patient.
    pub(crate) fn narrow(
        &self,
        mut stated: Stated,
        snapshot: &Snapshot,
    ) -> Result<Stated, Refusal> {
        let Some(context) = &self.narrowing.patient else {
            return Ok(stated);
        };
        let same = match &stated.patient {
            None => true,
            Some(named) if named == context => true,
            Some(named) => match (snapshot.patient(named), snapshot.patient(context)) {
                (PatientMatch::One(named), PatientMatch::One(context)) => {
                    named.handle == context.handle
                }
                _ => false,
            },
        };
        if !same {
            return Err(Refusal::new(&refusal::SCOPE_PATIENT));
        }
        stated.patient = Some(context.clone());
        Ok(stated)
    }
}

/// A launch names its patient by the id alone.
fn reference(patient: &str) -> String {
    if patient.contains('/') {
        patient.to_owned()
    } else {
        format!("Patient/{patient}")
    }
}
