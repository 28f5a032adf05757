//! The files of a directory on disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wardgate_tlog::audit::Files;
use wardgate_tlog::tree::{Digest, Hash};

/// A directory whose files are read, never written.
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    fn open(&self, path: &str) -> Result<Option<File>, String> {
        let path = self.root.join(path);
        // A link could lead anywhere, also to what is no file at all.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Err(format!("`{}` is not a regular file", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        }
        let file = File::open(&path).map_err(|error| failed(&path, &error))?;
        Ok(Some(file))
    }

    fn walk(&self, below: &str, depth: usize, into: &mut Vec<String>) -> Result<(), String> {
        let directory = self.root.join(below);
        if depth == DEPTH_MAX {
            return Err(format!("`{}` is too deep", directory.display()));
        }
        let list = fs::read_dir(&directory).map_err(|error| failed(&directory, &error))?;
        for entry in list {
            let entry = entry.map_err(|error| failed(&directory, &error))?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| {
                let path = directory.join(name);
                format!("the name `{}` is not UTF-8", path.display())
            })?;
            let path = match below {
                "" => name,
                below => format!("{below}/{name}"),
            };
            let kind = entry.file_type();
            if kind.map_err(|error| failed(&directory, &error))?.is_dir() {
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
        let Some(file) = self.open(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&self.root.join(path), &error))?;
        Ok(Some(bytes))
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        self.walk("", 0, &mut paths)?;
        paths.sort_unstable();
        Ok(paths)
    }

    fn hash(&mut self, path: &str) -> Result<Option<Hash>, String> {
        let Some(mut file) = self.open(path)? else {
            return Ok(None);
        };
        let mut digest = Digest::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(Some(digest.finish())),
                Ok(count) => digest.update(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&self.root.join(path), &error)),
            }
        }
    }
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> String {
    format!("reading `{}` failed: {error}", path.display())
}

/// Tiles lie at most nine directories deep.
const DEPTH_MAX: usize = 32;
