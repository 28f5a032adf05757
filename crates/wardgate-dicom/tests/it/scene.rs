//! A run over files in memory.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use wardgate_deid::{Day, Engine, Profile, ProjectKey, RecordFault, RecordRules};
use wardgate_dicom::{CleanedFile, FileDeidentifier, Options};

pub(crate) fn files(profile: Profile) -> FileDeidentifier {
    let options = Options::of(&profile);
    files_with(profile, options)
}

pub(crate) fn files_with(profile: Profile, options: Options) -> FileDeidentifier {
    let as_of = Day::new(2026, 11, 30).unwrap();
    let rules = RecordRules::new(Engine::new(), profile, ProjectKey::new([7; 32]), as_of);
    FileDeidentifier::new(Arc::new(rules), options)
}

/// Cleans a file and looks at the output; nothing of the input may be found in it.
pub(crate) fn clean(
    files: &FileDeidentifier,
    input: &[u8],
) -> Result<(Vec<u8>, CleanedFile), RecordFault> {
    let mut output = Vec::new();
    let cleaned = files.file(Cursor::new(input), &mut output)?;
    let found = files.verify(Cursor::new(input), Cursor::new(&output))?;
    assert!(!found.any(), "{found:?}");
    Ok((output, cleaned))
}

pub(crate) fn contains(bytes: &[u8], sought: &str) -> bool {
    memchr::memmem::find(bytes, sought.as_bytes()).is_some()
}

/// The folder of public files, when it lies beside the repository.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("WARDGATE_SHARED") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = root.join("corpora/dicom").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// The code with which a file is refused.
pub(crate) fn refused(input: &[u8]) -> &'static str {
    let files = files(Profile::safe_harbor());
    match files.file(Cursor::new(input), &mut Vec::new()) {
        Err(fault) => fault.code(),
        Ok(_) => "cleaned",
    }
}
