//! Finds the faults between records: double ids, references to nothing, shared model names,
//! policies that do not hold together.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;
use wardgate_authz::{Operation, Policies};

use super::stored_policies;
use crate::datasets::{DATASET, released};
use crate::documents::{Documents, place_in_cedar};
use crate::error::RecordsError;
use crate::fault::{Fault, Place};

/// The faults of the governance records among themselves and towards the store.
pub(super) async fn declared(
    connection: &mut SqliteConnection,
    documents: &Documents,
) -> Result<Vec<Fault>, RecordsError> {
    let mut faults = Vec::new();
    let mut first: HashMap<(&str, &str), &Place> = HashMap::new();
    for declared in &documents.declared {
        let name = (declared.kind, declared.id.as_str());
        if let Some(earlier) = first.get(&name) {
            faults.push(declared.place.error(
                format!(
                    "{} `{}` is declared twice, first in {} on line {}",
                    declared.kind,
                    declared.id,
                    earlier.file.display(),
                    earlier.line
                ),
                "keep one of them",
            ));
        } else {
            first.insert(name, &declared.place);
        }
    }
    let left = released(connection).await?.into_iter();
    let left = left.map(|digest| (DATASET.to_owned(), digest));
    let stored: HashSet<(String, String)> = sqlx::query_as("SELECT kind, id FROM records")
        .fetch_all(&mut *connection)
        .await
        .map_err(RecordsError::database("read records"))?
        .into_iter()
        .chain(left)
        .collect();
    for link in documents.declared.iter().flat_map(|record| &record.links) {
        let known = first.contains_key(&(link.kind, link.id.as_str()))
            || stored.contains(&(link.kind.to_owned(), link.id.clone()));
        if !known {
            faults.push(link.place.error(
                format!("there is no {} `{}`", link.kind, link.id),
                match link.kind {
                    DATASET => RELEASE_FIRST.to_owned(),
                    kind => format!(
                        "declare it in one of the files, or correct the reference{}",
                        alike(kind, &link.id, &first, &stored)
                    ),
                },
            ));
        }
    }
    faults.extend(models(connection, documents).await?);
    Ok(faults)
}

/// A known id that differs little from the one referred to.
fn alike(
    kind: &str,
    id: &str,
    declared: &HashMap<(&str, &str), &Place>,
    stored: &HashSet<(String, String)>,
) -> String {
    let mut ids: Vec<&str> = declared
        .keys()
        .filter(|(other, _)| *other == kind)
        .map(|(_, id)| *id)
        .chain(
            stored
                .iter()
                .filter(|(other, _)| other == kind)
                .map(|(_, id)| id.as_str()),
        )
        .collect();
    ids.sort_unstable();
    crate::documents::nearest(id, &ids)
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// Model names that more than one system would have.
async fn models(
    connection: &mut SqliteConnection,
    documents: &Documents,
) -> Result<Vec<Fault>, RecordsError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, body FROM records WHERE kind = 'system' ORDER BY id")
            .fetch_all(connection)
            .await
            .map_err(RecordsError::database("read systems"))?;
    let mut owners: HashMap<String, String> = HashMap::new();
    for (id, body) in rows {
        let declared_anew = documents
            .declared
            .iter()
            .any(|declared| declared.kind == "system" && declared.id == id);
        let system: Result<crate::record::System, _> = serde_json::from_str(&body);
        if let (Ok(system), false) = (system, declared_anew) {
            owners.insert(system.model, id);
        }
    }
    let mut faults = Vec::new();
    for declared in &documents.declared {
        let Some((model, place)) = &declared.model else {
            continue;
        };
        match owners.get(model) {
            Some(owner) if *owner != declared.id => faults.push(place.error(
                format!("the model name `{model}` already belongs to system `{owner}`"),
                "give each system its own model name: callers choose the system by it",
            )),
            _ => {
                owners.insert(model.clone(), declared.id.clone());
            }
        }
    }
    Ok(faults)
}

/// The faults of the policies as they will be, all files together.
pub(super) async fn policies(
    connection: &mut SqliteConnection,
    documents: &Documents,
) -> Result<Vec<Fault>, RecordsError> {
    let declared: HashMap<&str, (&str, &Place)> = documents
        .declared
        .iter()
        .filter_map(|record| {
            let (cedar, place) = record.cedar.as_ref()?;
            Some((record.id.as_str(), (cedar.as_str(), place)))
        })
        .collect();
    if declared.is_empty() {
        return Ok(Vec::new());
    }
    let mut files = stored_policies(connection).await?;
    for (id, (cedar, _)) in &declared {
        files.insert((*id).to_owned(), (*cedar).to_owned());
    }
    let anywhere = declared.values().map(|(_, place)| *place).next();
    let found = match policies_of(&files) {
        Ok(policies) => {
            let warning = anywhere.and_then(|place| shut_out(&policies, place));
            return Ok(warning.into_iter().collect());
        }
        Err(found) => found,
    };
    Ok(found
        .into_iter()
        .filter_map(|fault| {
            let line = u32::try_from(fault.line).unwrap_or(0);
            let message = one_line(&fault.message);
            match declared.get(fault.file.as_str()) {
                Some((_, place)) => {
                    Some(place_in_cedar(place, line).error(message, one_line(&fault.hint)))
                }
                // A stored file that does not go together with a declared one.
                None => anywhere.map(|place| {
                    place.error(
                        format!(
                            "together with the stored policy `{}`: {message}",
                            fault.file
                        ),
                        one_line(&fault.hint),
                    )
                }),
            }
        })
        .collect())
}

/// The hash of the policies that are stored, or of the built-in ones.
pub(super) async fn policy_hash(
    connection: &mut SqliteConnection,
) -> Result<[u8; 32], RecordsError> {
    let files = stored_policies(connection).await?;
    policies_of(&files)
        .map(|policies| policies.hash())
        .map_err(|_| RecordsError::damaged("policy", "the stored policies are not valid"))
}

/// The policies that the files make, or the built-in set when there are none.
pub(crate) fn policies_of(
    files: &HashMap<String, String>,
) -> Result<Policies, Vec<wardgate_authz::PolicyFault>> {
    let texts = in_order(files);
    if texts.is_empty() {
        return Policies::built_in();
    }
    Policies::parse(&texts)
}

/// The files that hold policies, in the order in which they are asked: those that are named like
/// one that ships with Wardgate stand where that one does, so that the same reason is named first.
pub(crate) fn in_order(files: &HashMap<String, String>) -> Vec<(&str, &str)> {
    let place = |name: &str| {
        let mut built_in = Policies::built_in_files().iter();
        built_in
            .position(|(built_in, _)| *built_in == name)
            .unwrap_or(usize::MAX)
    };
    let mut texts: Vec<(&str, &str)> = files
        .iter()
        .filter(|(_, cedar)| !cedar.trim().is_empty())
        .map(|(name, cedar)| (name.as_str(), cedar.as_str()))
        .collect();
    texts.sort_unstable_by_key(|(name, _)| (place(name), *name));
    texts
}

/// Warns of operations that the policies permit to nobody: an own set that leaves them out
/// shuts the console.
fn shut_out(policies: &Policies, place: &Place) -> Option<Fault> {
    let never = policies.operations_never_permitted();
    let first = never.first()?;
    Some(place.warning(
        format!(
            "these policies permit nobody to do {} of {} operations, such as {}",
            never.len(),
            Operation::ALL.len(),
            first.word()
        ),
        "declare the files of `policies/operations` too, or the console stays shut for them",
    ))
}

const RELEASE_FIRST: &str =
    "release it first by `wardgate release make`, which prints the digest of its manifest";

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
