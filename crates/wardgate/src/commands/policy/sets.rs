//! Sets of policies as a person names them: files, a version, a proposal, or the built-in set.

use std::fs;
use std::path::{Path, PathBuf};

use wardgate_authz::{Policies, PolicyFault};
use wardgate_records::{
    POLICIES_BYTES_MAX, POLICY_FILES_MAX, PolicyFile, ProposedChange, RecordId,
};

use crate::commands::Dir;
use crate::failure::{Failure, FileFault};
use crate::wiring::{self, Records};

/// A set of policies as a person names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The set that ships with this build.
    BuiltIn,
    /// The set in force in a data directory.
    Current,
    /// A version of the policies.
    Version(u64),
    /// What a proposal would put into force.
    Proposal(RecordId),
    /// Files, or folders with files.
    Files(Vec<PathBuf>),
}

/// A set of policies that passed its checks.
pub(super) struct Set {
    /// How it is called in what is shown.
    pub(super) name: String,
    pub(super) files: Vec<PolicyFile>,
    pub(super) policies: Policies,
}

impl Named {
    /// Reads `built-in`, `current`, the number of a version, the id of a proposal, or paths.
    pub(super) fn of(words: &[String]) -> Self {
        if let [word] = words {
            match word.as_str() {
                "built-in" => return Self::BuiltIn,
                "current" => return Self::Current,
                _ => {}
            }
            if let Ok(version) = word.parse() {
                return Self::Version(version);
            }
            if let Ok(proposal) = word.parse() {
                return Self::Proposal(proposal);
            }
        }
        Self::Files(words.iter().map(PathBuf::from).collect())
    }

    /// Loads the set; versions and proposals from the data directory.
    pub(super) fn load(&self, dir: &Dir) -> Result<Set, Failure> {
        let (name, files) = match self {
            Self::BuiltIn => ("the built-in set".to_owned(), Vec::new()),
            Self::Files(paths) => (shown(paths), read_files(paths)?),
            Self::Current | Self::Version(_) | Self::Proposal(_) => self.stored(dir)?,
        };
        let policies = parse(&files)?;
        let files = if files.is_empty() { built_in() } else { files };
        Ok(Set {
            name,
            files,
            policies,
        })
    }

    fn stored(&self, dir: &Dir) -> Result<(String, Vec<PolicyFile>), Failure> {
        let dir = dir.existing()?;
        wiring::control_runtime()?.block_on(async {
            let records = Records::open(dir).await?;
            let store = &records.store;
            let found = match self {
                Self::Version(version) => {
                    let found = store.policy_version(*version).await?;
                    (format!("version {version}"), found.files)
                }
                Self::Proposal(id) => match store.proposal(*id).await?.change {
                    ProposedChange::Policies(files) => (format!("proposal {id}"), files),
                    ProposedChange::Vendor(_) => {
                        return Err(Failure::new(
                            format!("proposal `{id}` changes a vendor, not the policies"),
                            "see `wardgate policy history` for proposals of policies",
                        ));
                    }
                },
                _ => {
                    let newest = store.policy_versions().await?.into_iter().next();
                    let newest = newest.ok_or_else(|| {
                        Failure::new(
                            "no version of the policies is noted",
                            "run `wardgate doctor`",
                        )
                    })?;
                    let name = format!("version {}, in force", newest.version);
                    (name, newest.files)
                }
            };
            store.close().await;
            Ok(found)
        })
    }
}

impl Set {
    /// The set with other files added, each instead of the one with its name.
    pub(super) fn with(mut self, other: Self) -> Result<Self, Failure> {
        for file in other.files {
            match self.files.iter_mut().find(|known| known.id == file.id) {
                Some(known) => *known = file,
                None => self.files.push(file),
            }
        }
        self.policies = parse(&self.files)?;
        self.name = format!("{} with {}", self.name, other.name);
        Ok(self)
    }
}

fn parse(files: &[PolicyFile]) -> Result<Policies, Failure> {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.id.as_str(), file.cedar.as_str()))
        .collect();
    let parsed = if texts.is_empty() {
        Policies::built_in()
    } else {
        Policies::parse(&texts)
    };
    parsed.map_err(invalid)
}

/// Every fault with its file and line.
fn invalid(faults: Vec<PolicyFault>) -> Failure {
    let plural = if faults.len() == 1 { "fault" } else { "faults" };
    let message = format!("the policies have {} {plural}", faults.len());
    let faults = faults.into_iter().map(|fault| FileFault {
        file: PathBuf::from(fault.file),
        line: u32::try_from(fault.line).unwrap_or(0),
        column: 0,
        message: fault.message,
        hint: fault.hint,
    });
    Failure::with_faults(message, "correct every place named above", faults.collect())
}

fn built_in() -> Vec<PolicyFile> {
    let files = Policies::built_in_files().iter();
    files
        .map(|(id, cedar)| PolicyFile {
            id: (*id).to_owned(),
            cedar: (*cedar).to_owned(),
        })
        .collect()
}

/// Reads files as they are named, and of folders every `.cedar` file, known by its path inside.
pub(super) fn read_files(paths: &[PathBuf]) -> Result<Vec<PolicyFile>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
        if metadata.is_dir() {
            read_folder(path, "", 0, &mut found)?;
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            found.push(read_file(path, name.into_owned())?);
        }
    }
    if found.is_empty() {
        let message = format!("there is no policy file in {}", shown(paths));
        return Err(Failure::new(message, "name files that end in `.cedar`"));
    }
    Ok(found)
}

fn read_folder(
    folder: &Path,
    inside: &str,
    depth: usize,
    found: &mut Vec<PolicyFile>,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| Failure::file("read", folder, &error))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort_unstable();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && depth < FOLDERS_DEEP_MAX {
            read_folder(&path, &format!("{inside}{name}/"), depth + 1, found)?;
        } else if path.extension().is_some_and(|end| end == "cedar") {
            if found.len() >= POLICY_FILES_MAX {
                let message = format!("there are more than {POLICY_FILES_MAX} files");
                return Err(Failure::new(message, "put several policies into one file"));
            }
            found.push(read_file(&path, format!("{inside}{name}"))?);
        }
    }
    Ok(())
}

fn read_file(path: &Path, name: String) -> Result<PolicyFile, Failure> {
    let failed = |error| Failure::file("read", path, &error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > POLICIES_BYTES_MAX as u64 {
        let message = format!(
            "`{}` is larger than a set of policies may be",
            path.display()
        );
        return Err(Failure::new(message, "check that it is a policy file"));
    }
    let cedar = fs::read_to_string(path).map_err(failed)?;
    Ok(PolicyFile { id: name, cedar })
}

fn shown(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    shown.join(" ")
}

/// How deep the folders of a set may lie.
const FOLDERS_DEEP_MAX: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_by_word_number_id_or_path() {
        let of = |words: &[&str]| {
            Named::of(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(of(&["built-in"]), Named::BuiltIn);
        assert_eq!(of(&["current"]), Named::Current);
        assert_eq!(of(&["12"]), Named::Version(12));
        let id = "0192e4b6-3f00-7a5c-9d43-0b8f6c1e2a77";
        assert_eq!(of(&[id]), Named::Proposal(id.parse().unwrap()));
        assert_eq!(
            of(&["12", "x"]),
            Named::Files(vec!["12".into(), "x".into()])
        );
        assert_eq!(of(&["./12"]), Named::Files(vec!["./12".into()]));
    }

    #[test]
    fn a_folder_gives_its_cedar_files_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inner")).unwrap();
        for name in ["b.cedar", "a.cedar", "inner/c.cedar", "notes.txt"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let files = read_files(&[dir.path().to_owned()]).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.id.as_str()).collect();
        assert_eq!(names, ["a.cedar", "b.cedar", "inner/c.cedar"]);
        let empty = tempfile::tempdir().unwrap();
        let fault = read_files(&[empty.path().to_owned()]).unwrap_err();
        assert!(
            fault.message().contains("no policy file"),
            "{}",
            fault.message()
        );
    }
}
