//! Checks an export: its manifest, every file in it, and the log that it holds.

use std::collections::BTreeMap;

use super::{AuditFault, Audited, Files, Trust, audit_tree};
use crate::manifest::{MANIFEST_BYTES_MAX, MANIFEST_FILE, Manifest, file_hash};
use crate::tree::Hash;

/// Checks the files of an export: the signature of its manifest, that every file is there as the
/// manifest lists it and no other, and the log as [`audit_log`](super::audit_log) does.
///
/// Where both a file and an entry are not as they were, the fault names the entry.
pub fn audit_export<F: Files>(
    files: &mut F,
    trust: &Trust,
) -> Result<Audited, AuditFault<F::Fault>> {
    let note = super::read(files, MANIFEST_FILE, MANIFEST_BYTES_MAX)?;
    let note = note.ok_or(AuditFault::NoManifest)?;
    let manifest = Manifest::open(&note, trust.log_keys()).map_err(AuditFault::Manifest)?;
    drop(note);
    let mut names = files.list().map_err(AuditFault::Read)?;
    names.retain(|name| name != MANIFEST_FILE);
    let unlisted = names
        .iter()
        .find(|name| !manifest.files.contains_key(*name));
    let unlisted = unlisted.cloned();
    let count = manifest.files.len() as u64;
    let mut listed = Listed {
        files,
        rest: manifest.files,
        changed: None,
    };
    let audited = audit_tree(&mut listed, names, manifest.minimum, trust);
    let audited = match (audited, listed.changed.take()) {
        // What an entry says about the fault is more than what its file says.
        (Err(fault @ AuditFault::Bad { .. }), _) => return Err(fault),
        (_, Some(file)) => return Err(AuditFault::Changed { file }),
        (audited, None) => audited?,
    };
    if let Some(file) = unlisted {
        return Err(AuditFault::Unlisted { file });
    }
    listed.rest()?;
    if audited.origin != manifest.origin {
        return Err(AuditFault::Origins);
    }
    Ok(Audited {
        files: count,
        ..audited
    })
}

/// Compares each file that is read with the manifest.
struct Listed<'a, F> {
    files: &'a mut F,
    /// The files that have not been compared yet.
    rest: BTreeMap<String, Hash>,
    /// The first file that was not as the manifest has it.
    changed: Option<String>,
}

impl<F: Files> Listed<'_, F> {
    /// Compares the files that the log did not need.
    fn rest(self) -> Result<(), AuditFault<F::Fault>> {
        for (file, expected) in self.rest {
            match self.files.hash(&file).map_err(AuditFault::Read)? {
                Some(hash) if hash == expected => {}
                Some(_) => return Err(AuditFault::Changed { file }),
                None => return Err(AuditFault::Missing { file }),
            }
        }
        Ok(())
    }
}

impl<F: Files> Files for Listed<'_, F> {
    type Fault = F::Fault;

    fn read(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, F::Fault> {
        let bytes = self.files.read(path, bytes_max)?;
        if let Some(bytes) = &bytes
            && let Some(expected) = self.rest.remove(path)
            && file_hash(bytes) != expected
        {
            self.changed.get_or_insert_with(|| path.to_owned());
        }
        Ok(bytes)
    }

    fn list(&mut self) -> Result<Vec<String>, F::Fault> {
        self.files.list()
    }
}
