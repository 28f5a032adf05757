//! The manifest: what a data set is and what is guaranteed of it, in canonical JSON.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::canonical::canonical;
use super::{Guarantee, Look, Reason, by_path, listed};
use crate::digest::{Digest, hex};
use crate::fault::DatasetFault;
use crate::report::OutputFile;

/// What names a data set and who let it go.
#[derive(Clone, Copy, Debug)]
pub struct ManifestIdentity<'a> {
    /// Its id.
    pub dataset: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it leaves, as RFC 3339 writes it.
    pub at: &'a str,
    /// Who lets it go.
    pub person: &'a str,
    /// The origin of the ledger that has the entry `dataset.released` of this data set.
    pub ledger: &'a str,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its bytes, in canonical form.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

/// A manifest that was held against its files.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VerifiedManifest {
    /// Its SHA-256, as a system's record cites it.
    pub digest: String,
    /// The data set's id.
    pub dataset: String,
    /// Its name.
    pub name: String,
    /// What is guaranteed.
    pub guarantee: String,
    /// How many files it has.
    pub files: u64,
    /// What does not hold.
    pub reasons: Vec<Reason>,
}

pub(super) fn written(
    identity: &ManifestIdentity<'_>,
    guarantee: &Guarantee,
    waived: &[String],
    statement: &Map<String, Value>,
    files: &[OutputFile],
) -> Manifest {
    let mut manifest = statement.clone();
    for (name, value) in [
        ("manifest", json!(FORM)),
        ("dataset", json!(identity.dataset)),
        ("name", json!(identity.name)),
        ("at", json!(identity.at)),
        ("person", json!(identity.person)),
        ("guarantee", json!(guarantee.to_string())),
        ("waived", json!(waived)),
        ("files", json!(files)),
        (
            "ledger",
            json!({"origin": identity.ledger, "event": "dataset.released", "dataset": identity.dataset}),
        ),
    ] {
        manifest.insert(name.to_owned(), value);
    }
    let bytes = canonical(&Value::Object(manifest)).into_bytes();
    let digest = Digest::of(&bytes);
    Manifest { bytes, digest }
}

/// Holds a manifest against a folder, offline.
///
/// # Errors
/// When the folder can not be read or the bytes are no manifest.
pub fn verify_manifest(bytes: &[u8], folder: &Path) -> Result<VerifiedManifest, DatasetFault> {
    let none = || {
        DatasetFault::refused(
            "release.no_manifest",
            "the file is no manifest of a data set",
            "give the file that `wardgate release make` wrote",
        )
    };
    let value: Value = serde_json::from_slice(bytes).map_err(|_| none())?;
    let head = Head::deserialize(&value).map_err(|_| none())?;
    let mut look = Look::default();
    if head.manifest != FORM {
        return Err(none());
    }
    if canonical(&value).as_bytes() != bytes {
        look.reason(
            "release.not_canonical",
            "the manifest is not written as this program writes it",
            "get the file as it was released: its digest is over its bytes",
        );
    }
    let found = listed(folder, &mut look)?;
    let (there, told) = (by_path(&found), by_path(&head.files));
    for file in &head.files {
        match there.get(file.path.as_str()) {
            None => look.reason(
                "release.missing_file",
                format!("`{}` is missing", file.path),
                "get the data set again",
            ),
            Some(found) if *found != file => look.reason(
                "release.changed_file",
                format!("`{}` is not the file that left", file.path),
                "get the data set again",
            ),
            Some(_) => {}
        }
    }
    for file in &found {
        if !told.contains_key(file.path.as_str()) {
            look.reason(
                "release.foreign_file",
                format!("`{}` does not belong to the data set", file.path),
                "take it out of the folder",
            );
        }
    }
    Ok(VerifiedManifest {
        digest: format!("sha256:{}", hex(&Digest::of(bytes))),
        dataset: head.dataset,
        name: head.name,
        guarantee: head.guarantee,
        files: head.files.len() as u64,
        reasons: look.reasons,
    })
}

#[derive(Deserialize)]
struct Head {
    manifest: u64,
    dataset: String,
    name: String,
    guarantee: String,
    files: Vec<OutputFile>,
}

/// The version of the manifest's form.
const FORM: u64 = 1;
