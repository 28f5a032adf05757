//! Which files are read, and where each is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::job::Format;

/// One file to read, and the path below the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputFile {
    pub(crate) from: PathBuf,
    pub(crate) below: PathBuf,
}

/// A file, or the files of a format below a folder in order of their names. Links are not followed.
pub(crate) fn input_files(input: &Path, format: Format) -> Result<Vec<InputFile>, Failure> {
    let unreadable = |error: io::Error| {
        Failure::new(
            format!("can not read `{}`: {}", input.display(), error.kind()),
            "check the path and its permissions",
        )
    };
    // The parts of a cluster may have other working folders.
    let input = fs::canonicalize(input).map_err(unreadable)?;
    if input.is_file() {
        let below = input.file_name().map(PathBuf::from).unwrap_or_default();
        return Ok(vec![InputFile { from: input, below }]);
    }
    let files = walk(&input, format.extensions()).map_err(unreadable)?;
    if files.is_empty() {
        return Err(Failure::new(
            format!("no file of the job's format is in `{}`", input.display()),
            "name a folder with files that end in .parquet, .ndjson, .jsonl or .json",
        ));
    }
    Ok(files)
}

fn walk(folder: &Path, extensions: &[&str]) -> io::Result<Vec<InputFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), PathBuf::new(), 0)];
    while let Some((folder, below, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let below = below.join(entry.file_name());
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), below, depth + 1));
            } else if kind.is_file() && ends_with(&below, extensions) {
                files.push(InputFile {
                    from: entry.path(),
                    below,
                });
            }
        }
    }
    files.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(files)
}

fn ends_with(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.contains(&extension))
}

const DEPTH_MAX: usize = 32;
