//! The folder of an export while it grows: every file is hashed as it is written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use wardgate_ledger::Signer;
use wardgate_ledger::note::VerifierKey;
use wardgate_tlog::audit::{Trust, audit_export};
use wardgate_tlog::manifest::{MANIFEST_FILE, Manifest, file_hash};

use super::directory::Directory;
use crate::failure::Failure;

/// A folder that is not an export yet.
pub(super) struct Folder {
    out: PathBuf,
    stage: PathBuf,
    files: BTreeMap<String, [u8; 32]>,
    /// Held until the folder has its name, so that two exports never build the same one.
    lock: File,
}

/// A file that is being written.
pub(super) struct Growing {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
    context: Context,
}

impl Folder {
    /// Starts beside `out`; what an interrupted export left there is removed.
    pub(super) fn begin(out: &Path) -> Result<Self, Failure> {
        if out.exists() {
            return Err(Failure::new(
                format!("`{}` exists", out.display()),
                "name a new directory; an export is never changed",
            ));
        }
        let mut name = out.as_os_str().to_owned();
        name.push(UNFINISHED);
        let stage = PathBuf::from(name);
        let lock_path = stage.with_extension("unfinished.lock");
        let lock =
            File::create(&lock_path).map_err(|error| Failure::file("make", &lock_path, &error))?;
        if lock.try_lock().is_err() {
            return Err(Failure::new(
                format!("another export writes `{}`", out.display()),
                "wait for it, or name another directory",
            ));
        }
        if stage.exists() {
            fs::remove_dir_all(&stage).map_err(|error| Failure::file("remove", &stage, &error))?;
        }
        fs::create_dir_all(&stage).map_err(|error| Failure::file("make", &stage, &error))?;
        Ok(Self {
            out: out.to_owned(),
            stage,
            files: BTreeMap::new(),
            lock,
        })
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Writes a whole file.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let mut growing = self.create(name)?;
        growing.push(bytes)?;
        self.keep(growing)
    }

    /// Starts a file that is written bit by bit.
    pub(super) fn create(&self, name: &str) -> Result<Growing, Failure> {
        let path = self.stage.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Failure::file("make", parent, &error))?;
        }
        let file =
            File::create_new(&path).map_err(|error| Failure::file("write", &path, &error))?;
        Ok(Growing {
            name: name.to_owned(),
            path,
            file: BufWriter::new(file),
            context: Context::new(&SHA256),
        })
    }

    /// Ends a file.
    pub(super) fn keep(&mut self, growing: Growing) -> Result<(), Failure> {
        let Growing {
            name,
            path,
            mut file,
            context,
        } = growing;
        file.flush()
            .map_err(|error| Failure::file("write", &path, &error))?;
        self.files.insert(name, digest(context));
        Ok(())
    }

    /// Writes the signed manifest; returns its SHA-256.
    pub(super) fn seal(
        &mut self,
        origin: &str,
        minimum: u64,
        signer: &Signer,
    ) -> Result<[u8; 32], Failure> {
        let manifest = Manifest {
            origin: origin.to_owned(),
            minimum,
            files: std::mem::take(&mut self.files),
        };
        let note = manifest.sign(signer).map_err(|fault| {
            Failure::new(
                fault.to_string(),
                "report this with the version of the build",
            )
        })?;
        self.write(MANIFEST_FILE, note.as_bytes())?;
        Ok(file_hash(note.as_bytes()))
    }

    /// Verifies what is about to get the name of an export.
    pub(super) fn audit(&self, keys: Vec<VerifierKey>) -> Result<(), Failure> {
        let Some(trust) = Trust::new(keys, None) else {
            return Ok(());
        };
        let audited = audit_export(&mut Directory::at(&self.stage), &trust);
        let hint = "the ledger itself may be damaged: run `wardgate ledger verify`";
        audited
            .map(|_| ())
            .map_err(|fault| Failure::new(format!("the export does not verify: {fault}"), hint))
    }

    /// Gives the folder its name when all of it is on disk.
    pub(super) fn publish(self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file("write", &self.stage, &error);
        let stage = File::open(&self.stage).map_err(failed)?;
        rustix::fs::syncfs(&stage).map_err(|error| failed(error.into()))?;
        fs::rename(&self.stage, &self.out).map_err(failed)?;
        let parent = match self.out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(parent)
            .and_then(|parent| parent.sync_all())
            .map_err(failed)?;
        // Whoever waits for the lock finds the export, so the file is of no more use.
        let _ = fs::remove_file(self.stage.with_extension("unfinished.lock"));
        drop(self.lock);
        Ok(())
    }
}

impl Growing {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.context.update(bytes);
        self.file
            .write_all(bytes)
            .map_err(|error| Failure::file("write", &self.path, &error))
    }
}

fn digest(context: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    let digest = context.finish();
    bytes
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const UNFINISHED: &str = ".unfinished";
