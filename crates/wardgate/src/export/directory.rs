//! A directory as verifiers read it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wardgate_tlog::audit::Files;

/// A directory whose files are read, never written.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    fn walk(&self, below: &str, depth: usize, into: &mut Vec<String>) -> Result<(), String> {
        let directory = self.0.join(below);
        if depth == DEPTH_MAX {
            return Err(format!("`{}` is too deep", directory.display()));
        }
        let entries = fs::read_dir(&directory).map_err(|error| failed(&directory, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(&directory, &error))?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| format!("the name {name:?} is not UTF-8"))?;
            let path = match below {
                "" => name,
                below => format!("{below}/{name}"),
            };
            let kind = entry
                .file_type()
                .map_err(|error| failed(&directory, &error))?;
            if kind.is_dir() {
                self.walk(&path, depth + 1, into)?;
            } else {
                into.push(path);
            }
        }
        Ok(())
    }
}

impl Files for Directory {
    type Fault = String;

    fn read(&mut self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, String> {
        let path = self.0.join(path);
        // A link could lead anywhere, also to what is no file at all.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(format!("`{}` is not a regular file", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|error| failed(&path, &error))?;
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&path, &error))?;
        Ok(Some(bytes))
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        self.walk("", 0, &mut paths)?;
        paths.sort_unstable();
        Ok(paths)
    }

    fn hash(&mut self, path: &str) -> Result<Option<wardgate_tlog::tree::Hash>, String> {
        let path = self.0.join(path);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let mut digest = wardgate_tlog::tree::Digest::new();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match file
                .read(&mut buffer)
                .map_err(|error| failed(&path, &error))?
            {
                0 => return Ok(Some(digest.finish())),
                count => digest.update(buffer.get(..count).unwrap_or_default()),
            }
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("reading `{}` failed: {error}", path.display())
}

/// Tiles lie at most nine directories deep.
const DEPTH_MAX: usize = 32;
const READ_BYTES: usize = 1 << 16;
