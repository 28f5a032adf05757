//! Which files of a folder are read, and where each is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One file to read, and the path below the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextFile {
    pub(crate) from: PathBuf,
    pub(crate) below: PathBuf,
}

/// The text files below a folder, in order of their names. Links are not followed.
pub(crate) fn text_files(folder: &Path) -> io::Result<Vec<TextFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), PathBuf::new(), 0)];
    while let Some((folder, below, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let below = below.join(entry.file_name());
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), below, depth + 1));
            } else if kind.is_file() && is_text(&below) {
                files.push(TextFile {
                    from: entry.path(),
                    below,
                });
            }
        }
    }
    files.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(files)
}

fn is_text(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()))
}

const EXTENSIONS: [&str; 3] = ["txt", "text", "md"];
const DEPTH_MAX: usize = 32;
