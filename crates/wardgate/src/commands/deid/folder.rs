//! Folders: which files are read, and where each is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// One file to read, and its path below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) from: PathBuf,
    pub(super) below: PathBuf,
    pub(super) bytes: u64,
}

/// The files below a folder, in order of their paths. Links are not followed; names that begin with a dot are passed over.
pub(super) fn files(folder: &Path) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), PathBuf::new(), 0)];
    while let Some((folder, below, depth)) = folders.pop() {
        let failed = |error: io::Error| Failure::file("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let metadata = entry.metadata().map_err(failed)?;
            let below = below.join(entry.file_name());
            if metadata.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), below, depth + 1));
            } else if metadata.is_file() {
                found.push(Found {
                    from: entry.path(),
                    below,
                    bytes: metadata.len(),
                });
            }
        }
    }
    found.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(found)
}

/// Refuses an output folder that stands in the input folder, or is it.
pub(super) fn check_apart(input: &Path, out: &Path) -> Result<(), Failure> {
    let real = |path: &Path| {
        let known = path.ancestors().find_map(|above| {
            let real = fs::canonicalize(if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            });
            real.ok().map(|real| (above, real))
        });
        known.map(|(above, real)| match path.strip_prefix(above) {
            Ok(rest) => real.join(rest),
            Err(_) => real,
        })
    };
    match (real(input), real(out)) {
        (Some(from), Some(to)) if to.starts_with(&from) => Err(Failure::new(
            format!("`{}` lies in `{}`", out.display(), input.display()),
            "name a folder outside of the one that is read",
        )),
        _ => Ok(()),
    }
}

const DEPTH_MAX: usize = 64;
