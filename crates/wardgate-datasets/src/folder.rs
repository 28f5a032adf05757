//! Folders: which files are read, and that what is written stands apart from them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::DatasetFault;

/// One file to read, and its path below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub from: PathBuf,
    /// Its path below the folder.
    pub below: PathBuf,
    /// Its length.
    pub bytes: u64,
}

/// The files below a folder, in order of their paths.
///
/// Links are not followed; names that begin with a dot are passed over.
///
/// # Errors
/// When a folder can not be read, or lies more than 64 folders deep.
pub fn files(folder: &Path) -> Result<Vec<Found>, DatasetFault> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), PathBuf::new(), 0)];
    while let Some((folder, below, depth)) = folders.pop() {
        let failed = DatasetFault::file("read", &folder);
        if depth > DEPTH_MAX {
            return Err(DatasetFault::refused(
                "dataset.too_deep",
                format!(
                    "`{}` lies more than {DEPTH_MAX} folders deep",
                    folder.display()
                ),
                "read a folder further inside",
            ));
        }
        for entry in fs::read_dir(&folder).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let metadata = entry.metadata().map_err(&failed)?;
            let below = below.join(entry.file_name());
            if metadata.is_dir() {
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

/// Refuses an output folder that stands in the input folder, or is it, and the other way round.
///
/// # Errors
/// When they are not apart.
pub fn check_apart(input: &Path, out: &Path) -> Result<(), DatasetFault> {
    match (real(input), real(out)) {
        (Some(from), Some(to)) if to.starts_with(&from) || from.starts_with(&to) => {
            let (inner, outer) = match to.starts_with(&from) {
                true => (out, input),
                false => (input, out),
            };
            Err(DatasetFault::refused(
                "dataset.not_apart",
                format!("`{}` lies in `{}`", inner.display(), outer.display()),
                "name a folder outside of the one that is read",
            ))
        }
        _ => Ok(()),
    }
}

/// Where a path leads, also when its last parts are not there yet.
pub(crate) fn real(path: &Path) -> Option<PathBuf> {
    let known = path.ancestors().find_map(|above| {
        let real = fs::canonicalize(match above.as_os_str().is_empty() {
            true => Path::new("."),
            false => above,
        });
        real.ok().map(|real| (above, real))
    });
    known.map(|(above, real)| match path.strip_prefix(above) {
        Ok(rest) => real.join(rest),
        Err(_) => real,
    })
}

const DEPTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_dotted_names_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("outside"));
        fs::create_dir_all(inside.join("b")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        for file in ["in/b/2", "in/a", "in/.hidden", "outside/x"] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let found = files(&inside).unwrap();
        let below: Vec<_> = found
            .iter()
            .map(|found| found.below.to_str().unwrap())
            .collect();
        assert_eq!(below, ["a", "b/2"]);
    }

    #[test]
    fn input_and_output_are_apart() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("in");
        fs::create_dir_all(&input).unwrap();
        assert!(check_apart(&input, &dir.path().join("out")).is_ok());
        assert!(check_apart(&input, &input.join("out")).is_err());
        assert!(check_apart(&input, dir.path()).is_err());
        std::os::unix::fs::symlink(&input, dir.path().join("alias")).unwrap();
        assert!(check_apart(&input, &dir.path().join("alias/new")).is_err());
    }
}
