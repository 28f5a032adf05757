//! The gate that a data set leaves by: what is guaranteed of it is looked at again, and stated in a manifest.
//!
//! Nothing is believed: every file must be one that a run wrote and whose verifier was on, byte for byte, or the
//! table whose figures are reckoned anew from its rows. Whatever does not hold is a reason, and with a reason
//! there is no manifest.

mod canonical;
mod guarantee;
mod manifest;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::digest::{Digest, sha256_of_file};
use crate::fault::DatasetFault;
use crate::report::{OutputFile, RunReport, slashed, totals};

pub use guarantee::{Claim, Guarantee};
pub use manifest::{Manifest, ManifestIdentity, VerifiedManifest, verify_manifest};
pub use table::TableClaim;

/// What is to leave, and what is guaranteed of it.
#[derive(Clone, Debug)]
pub struct ReleaseRequest {
    /// The folder of the data set; all that is in it leaves.
    pub folder: PathBuf,
    /// What is guaranteed.
    pub guarantee: Guarantee,
    /// The reports of the runs that wrote its files.
    pub runs: Vec<PathBuf>,
    /// The table in it whose rows are about people.
    pub table: Option<TableClaim>,
    /// Codes of reasons that somebody takes upon themselves, such as `release.poisoning.duplicate_flood`.
    pub waived: Vec<String>,
}

/// Why a data set does not leave.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// A stable code.
    pub code: String,
    /// What happened, without values.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// A data set that was looked at.
#[derive(Clone, Debug)]
pub struct Examined {
    reasons: Vec<Reason>,
    waived: Vec<String>,
    guarantee: Guarantee,
    files: Vec<OutputFile>,
    statement: Map<String, Value>,
}

impl Examined {
    /// Why it does not leave; nothing when it may.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The codes of the reasons, each once, parted by spaces.
    #[must_use]
    pub fn reason_codes(&self) -> String {
        let mut codes: Vec<&str> = self
            .reasons
            .iter()
            .map(|reason| reason.code.as_str())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes.join(" ")
    }

    /// The codes of the reasons that were there and were waived, parted by spaces.
    #[must_use]
    pub fn waived(&self) -> String {
        self.waived.join(" ")
    }

    /// What is guaranteed.
    #[must_use]
    pub fn guarantee(&self) -> &Guarantee {
        &self.guarantee
    }

    /// How many files it has, and how many bytes they have.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        let bytes = self.files.iter().map(|file| file.bytes).sum();
        (self.files.len() as u64, bytes)
    }

    /// The manifest; nothing when there is a reason against it.
    #[must_use]
    pub fn manifest(&self, identity: &ManifestIdentity<'_>) -> Option<Manifest> {
        self.reasons.is_empty().then(|| {
            manifest::written(
                identity,
                &self.guarantee,
                &self.waived,
                &self.statement,
                &self.files,
            )
        })
    }
}

impl ReleaseRequest {
    /// Looks at everything that is to leave.
    ///
    /// # Errors
    /// When folder, reports or table can not be read. What does not hold is a reason instead.
    pub fn examined(&self) -> Result<Examined, DatasetFault> {
        let mut look = Look::default();
        let files = listed(&self.folder, &mut look)?;
        let by_path = by_path(&files);
        let mut vouched = BTreeSet::new();
        let mut statement = Map::new();
        let mut sources = Vec::new();
        for path in &self.runs {
            let (report, digest) = run(path)?;
            sources.push(look.run(&report, &digest));
            for output in &report.outputs {
                if let Some(file) = by_path.get(output.path.as_str()) {
                    look.same(file, output);
                    vouched.insert(file.path.as_str());
                }
            }
        }
        statement.insert("sources".to_owned(), Value::Array(sources));
        if let Some(claim) = &self.table {
            let file = by_path.get(claim.file.as_str());
            let file = file.ok_or_else(|| no_table(&claim.file))?;
            let table = table::examined(claim, &self.folder, &self.guarantee, &mut look)?;
            statement.insert("table".to_owned(), table);
            // Its figures are those of the file that leaves only when it did not change meanwhile.
            look.unchanged(&self.folder, file)?;
            if !self.guarantee.has(&Claim::Deidentified) {
                vouched.insert(file.path.as_str());
            }
        }
        self.look_at_whole(&files, &vouched, &mut look);
        let (reasons, waived) = look.judged(&self.waived)?;
        Ok(Examined {
            reasons,
            waived,
            guarantee: self.guarantee.clone(),
            files,
            statement,
        })
    }

    /// What no single file shows.
    fn look_at_whole(&self, files: &[OutputFile], vouched: &BTreeSet<&str>, look: &mut Look) {
        if self.runs.is_empty() && self.guarantee.has(&Claim::Deidentified) {
            look.reason(
                "release.no_run",
                "no run says that the files are de-identified",
                "give the report of the run with --run",
            );
        }
        if self.table.is_none() && self.guarantee.is_about_tables() {
            look.reason(
                "release.no_table",
                "the guarantee is about a table, and none is named",
                "name it with --table and its columns with --quasi, --sensitive and --keep",
            );
        }
        for file in files {
            if !vouched.contains(file.path.as_str()) {
                look.reason(
                    "release.uncovered_file",
                    format!("nobody vouches for the file `{}`", file.path),
                    "give the report of the run that wrote it, or take it out of the folder",
                );
            }
        }
        if files.is_empty() {
            look.reason(
                "release.empty",
                "the folder has no files",
                "name another folder",
            );
        }
    }
}

fn no_table(file: &str) -> DatasetFault {
    DatasetFault::refused(
        "release.no_table",
        format!("there is no file `{file}` in the folder"),
        "name the table as it is called below the folder, such as released.csv",
    )
}

/// The reasons found so far.
#[derive(Default)]
struct Look {
    reasons: Vec<Reason>,
}

impl Look {
    fn reason(
        &mut self,
        code: impl Into<String>,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.reasons.push(Reason {
            code: code.into(),
            what: what.into(),
            hint: hint.into(),
        });
    }

    /// What the manifest says of a run.
    fn run(&mut self, report: &RunReport, digest: &str) -> Value {
        if !(report.verifier.on && report.run.verify) {
            self.reason(
                "release.verifier_off",
                "a run wrote files that its verifier did not search",
                "run again without --no-verify",
            );
        }
        if report.verifier.files_failed > 0 {
            self.reason(
                "release.residue",
                "the verifier of a run found identifiers that were left, and files failed",
                "run again until nothing is left, or look at what failed and waive this by name",
            );
        }
        json!({
            "report_sha256": digest,
            "run": report.run,
            "counts": report.counts,
            "verifier": report.verifier,
            "operations": totals(&report.operations),
            "sources_sha256": report.sources_sha256,
        })
    }

    fn same(&mut self, file: &OutputFile, output: &OutputFile) {
        if file != output {
            self.reason(
                "release.changed_file",
                format!("`{}` is not as its run wrote it", file.path),
                "run again; files are not changed between a run and the release",
            );
        }
    }

    /// Whether a file is still as it was when the folder was listed.
    fn unchanged(&mut self, folder: &Path, file: &OutputFile) -> Result<(), DatasetFault> {
        let (sha256, bytes) = sha256_of_file(&folder.join(&file.path))?;
        if sha256 != file.sha256 || bytes != file.bytes {
            self.reason(
                "release.changed_file",
                format!("`{}` changed while it was looked at", file.path),
                "let nobody write to the folder, and ask again",
            );
        }
        Ok(())
    }

    /// The reasons that stand, and the codes of those that were waived.
    fn judged(self, waived: &[String]) -> Result<(Vec<Reason>, Vec<String>), DatasetFault> {
        for code in waived {
            if !WAIVABLE.iter().any(|may| code.starts_with(may)) {
                return Err(DatasetFault::refused(
                    "release.not_waivable",
                    format!("`{code}` can not be waived"),
                    "poisoning findings (release.poisoning.*) and release.residue can",
                ));
            }
        }
        let is_waived = |reason: &Reason| waived.contains(&reason.code);
        let mut used: Vec<String> = Vec::new();
        let mut standing = Vec::new();
        for reason in self.reasons {
            match is_waived(&reason) {
                true => used.push(reason.code),
                false => standing.push(reason),
            }
        }
        used.sort_unstable();
        used.dedup();
        Ok((standing, used))
    }
}

fn by_path(files: &[OutputFile]) -> BTreeMap<&str, &OutputFile> {
    let named = files.iter().map(|file| (file.path.as_str(), file));
    named.collect()
}

/// All files below a folder, in order; whatever else is there is a reason.
fn listed(folder: &Path, look: &mut Look) -> Result<Vec<OutputFile>, DatasetFault> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), PathBuf::new())];
    while let Some((folder, below)) = folders.pop() {
        let failed = DatasetFault::file("read", &folder);
        for entry in fs::read_dir(&folder).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            let kind = entry.file_type().map_err(&failed)?;
            let below = below.join(entry.file_name());
            if kind.is_dir() {
                folders.push((entry.path(), below));
            } else if kind.is_file() {
                let (sha256, bytes) = sha256_of_file(&entry.path())?;
                files.push(OutputFile {
                    path: slashed(&below),
                    bytes,
                    sha256,
                });
            } else {
                look.reason(
                    "release.no_file",
                    format!("`{}` is neither a file nor a folder", slashed(&below)),
                    "take it out of the folder: links do not leave",
                );
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A run's report and its digest.
fn run(path: &Path) -> Result<(RunReport, String), DatasetFault> {
    let failed = DatasetFault::file("read", path);
    let metadata = fs::metadata(path).map_err(&failed)?;
    let unreadable = || {
        DatasetFault::refused(
            "release.no_report",
            format!("`{}` is no report of a run", path.display()),
            "give the file that `wardgate deid ... --report` wrote",
        )
    };
    if metadata.len() > REPORT_BYTES_MAX {
        return Err(unreadable());
    }
    let bytes = fs::read(path).map_err(failed)?;
    let report = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    let mut digest = Digest::new();
    digest.update(&bytes);
    Ok((report, digest.hex()))
}

/// What a person may take upon themselves, by the beginnings of its codes.
const WAIVABLE: [&str; 2] = ["release.poisoning.", "release.residue"];
const REPORT_BYTES_MAX: u64 = 1 << 30;
