//! Reads a backup again from its first byte to its last.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use wardgate_ledger::note::VerifierKey;
use wardgate_vault::age::Identity;

use super::head::{self, Head};
use super::restore::{self, Restored, Wanted};
use super::{files, key_set, objects};
use crate::failure::Failure;
use crate::progress::Progress;

/// What a backup directory holds.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) heads: Vec<Head>,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    /// Of the newest backup, when an identity opened it.
    pub(crate) restored: Option<Restored>,
    /// Wrapped keys that were decrypted.
    pub(crate) keys: Option<u64>,
}

/// Checks the signature of every backup and each object; with an identity also that the newest
/// one restores: every object decrypts, the ledger verifies, the database is sound.
pub(crate) async fn check(
    dir: &Path,
    keys: Option<&Path>,
    key: &VerifierKey,
    identities: &[Identity],
    now: Timestamp,
) -> Result<Checked, Failure> {
    let _alone = files::lock(dir)?;
    let heads = head::all(dir, key)?;
    if heads.is_empty() {
        return Err(Failure::new(
            format!("`{}` holds no complete backup", dir.display()),
            "a backup that was cut short does not count; run it again",
        ));
    }
    let mut listed = objects::Listed::new();
    for head in &heads {
        head::check_manifest(dir, head)?;
        listed.append(&mut head::objects_of(dir, head)?);
    }
    let bytes = listed.values().map(|stored| stored.bytes).sum();
    let progress = Progress::new(Some(bytes), false);
    for (name, stored) in &listed {
        objects::check(dir, name, stored)?;
        progress.passed(stored.bytes);
    }
    progress.finish();
    let mut checked = Checked {
        objects: listed.len() as u64,
        bytes,
        heads,
        restored: None,
        keys: None,
    };
    if identities.is_empty() {
        return Ok(checked);
    }
    let Some(newest) = checked.heads.last() else {
        return Ok(checked);
    };
    let aside = Aside::below(dir)?;
    let wanted = Wanted {
        from: dir,
        // Nothing that a key opens is looked at, so none is written to the disk.
        keys: None,
        to: &aside.0,
        backup: Some(newest.id),
        key: key.clone(),
        identities,
        shredded: BTreeSet::new(),
    };
    checked.restored = Some(restore::build(&wanted, newest.clone(), &aside.0, now).await?);
    if let Some(keys) = keys {
        let mut count = 0;
        key_set::each(keys, identities, |_, _, _| {
            count += 1;
            Ok(())
        })?;
        checked.keys = Some(count);
    }
    Ok(checked)
}

/// A place to restore into for a look; gone afterwards.
struct Aside(PathBuf);

impl Aside {
    fn below(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(".verifying");
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| Failure::file("remove", &path, &error))?;
        }
        files::make_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What is left behind is sealed: no key was written.
        let _ = fs::remove_dir_all(&self.0);
    }
}
