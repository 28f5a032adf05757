//! `cargo xtask foreign`: the verifier in `tests/foreign`, written in Go from the public
//! specifications alone, over ledgers, exports and proofs of the real binary, and over the same
//! with single bits changed.

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::workspace::Workspace;
use crate::{process, tool};

/// What a run may be told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seed of the bit changes [default: another one on every run]
    #[arg(long)]
    seed: Option<u64>,

    /// Entries of the largest log
    #[arg(long, default_value_t = LARGE)]
    large: u64,
}

/// What CI takes: the same changes each time, so that a failure is the doing of a change.
impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Some(1),
            large: LARGE,
        }
    }
}

/// Builds the verifier and the logs, verifies, changes bits, verifies again.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(any_seed);
    println!("  seed {seed}: `cargo xtask foreign --seed {seed}` makes the same changes");
    process::quiet(
        workspace
            .cargo()
            .args(["build", "--quiet", "--profile", "demo", "--locked"]),
    )?;
    let verifier = Verifier::build(workspace)?;
    let home = workspace.target.join("foreign").join("logs");
    for (entries, changes) in SIZES {
        let log = Log::create(workspace, &home.join(entries.to_string()), entries)?;
        log.judge(&verifier, seed, changes)?;
    }
    let large = Log::create(workspace, &roomy(&home), options.large)?;
    large.judge(&verifier, seed, CHANGES_OF_LARGE)?;
    std::fs::remove_dir_all(&large.directory)?;
    Ok(())
}

/// A seed that nobody chose.
fn any_seed() -> u64 {
    let hasher = std::hash::RandomState::new().build_hasher();
    hasher.finish() % 1_000_000
}

/// Where a large log is made: in memory where that is possible, for its many syncs.
fn roomy(home: &Path) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let name = format!("wardgate-foreign-{}", std::process::id());
    if memory.is_dir() {
        memory.join(name)
    } else {
        home.join(name)
    }
}

/// The verifier, built.
struct Verifier {
    program: PathBuf,
}

impl Verifier {
    fn build(workspace: &Workspace) -> Result<Self> {
        let source = workspace.root.join("tests").join("foreign");
        let python = tool::python(
            workspace,
            "foreign-python",
            &source.join("requirements.txt"),
        )?;
        let tools = python
            .parent()
            .context("the interpreter has no directory")?;
        let home = workspace.target.join("foreign");
        let program = home.join("verify");
        let go = || {
            let mut go = Command::new(tools.join("go"));
            go.current_dir(&source)
                .env("GOFLAGS", "-mod=mod")
                .env("GOPROXY", "off")
                .env("GOTOOLCHAIN", "local")
                .env("GOCACHE", home.join("cache"))
                .env("GOPATH", home.join("path"));
            go
        };
        process::quiet(go().args(["vet", "."]))?;
        let tests = process::quiet(go().args(["test", "-v", "."]))?;
        let passed = tests.matches("--- PASS").count();
        ensure!(passed > 0, "no test of the foreign verifier ran");
        println!("  its own tests, with the examples of the specifications: {passed} passed");
        process::quiet(go().args(["build", "-o"]).arg(&program).arg("."))?;
        Ok(Self { program })
    }

    /// What it says of something that it must accept.
    fn accepts(&self, arguments: &[&str]) -> Result<String> {
        process::quiet(Command::new(&self.program).args(arguments))
    }

    /// What it says of something that it must reject.
    fn rejects(&self, arguments: &[&str]) -> Result<String> {
        let output = process::output(Command::new(&self.program).args(arguments))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.code() != Some(1) || !said.starts_with("rejected: ") {
            bail!("the verifier did not reject `{arguments:?}`\n{said}");
        }
        Ok(said)
    }
}

/// A data directory of the real binary whose ledger has a number of entries.
struct Log {
    program: PathBuf,
    directory: PathBuf,
    entries: u64,
}

impl Log {
    /// Each declared person is one entry; nothing else has made any before.
    fn create(workspace: &Workspace, directory: &Path, entries: u64) -> Result<Self> {
        if directory.exists() {
            std::fs::remove_dir_all(directory)?;
        }
        std::fs::create_dir_all(directory)?;
        let log = Self {
            program: workspace.wardgate(),
            directory: directory.to_path_buf(),
            entries,
        };
        log.wardgate(&[
            "init",
            "--plain-http",
            "--listen",
            "127.0.0.1:0",
            "--console",
            "127.0.0.1:0",
        ])?;
        let people = log.path("people.yaml");
        // The first change brings what `init` did along.
        let mut done = OF_INIT.min(entries);
        while done < entries {
            let next = entries.min(done + PEOPLE_PER_FILE);
            let mut text = String::new();
            for person in done..next {
                write!(
                    text,
                    "---\nkind: Person\nid: p{person:06}\nroles: [clinician]\nmfa: 1\n"
                )?;
            }
            std::fs::write(&people, text)?;
            log.wardgate(&["apply", "-f", &people])?;
            done = next;
        }
        Ok(log)
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }

    /// Runs a command of the real binary on the data directory.
    fn wardgate(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--dir", &self.path("data")]);
        process::quiet(&mut command)
    }

    /// Accepted as it is, rejected with a stranger's key, and with any bit changed: the ledger
    /// itself, then an export of it, then proofs of single entries.
    fn judge(&self, verifier: &Verifier, seed: u64, changes: u64) -> Result<()> {
        let keys = self.path("data/ledger.vkey");
        let ledger = self.path("data/ledger");
        let tree = ["ledger", &ledger, "-keys", &keys];
        self.judge_tree(verifier, tree)?;
        judge_changes(verifier, tree, seed, changes.min(CHANGES))?;
        let export = self.path("export");
        let bare = self.entries > READABLE_MOST;
        let plain = ["ledger", "export", &export, "--bare"];
        self.wardgate(if bare {
            &plain
        } else {
            plain.get(..3).unwrap_or(&[])
        })?;
        let tree = ["export", &export, "-keys", &keys];
        self.judge_tree(verifier, tree)?;
        judge_changes(verifier, tree, seed, changes)?;
        let policy = format!("{export}/policy");
        verifier.accepts(&["export", &export, "-policy", &policy])?;
        self.judge_proofs(verifier, &policy)
    }

    fn judge_tree(&self, verifier: &Verifier, tree: [&str; 4]) -> Result<()> {
        let said = verifier.accepts(&tree)?;
        let counted = match self.entries {
            0 => "no entries of 0,".to_owned(),
            entries => format!("entries 0 to {} of {entries},", entries - 1),
        };
        ensure!(
            said.contains(&counted) && said.contains("signed with Ed25519 and ML-DSA-44"),
            "{} entries with two signatures, but {said}",
            self.entries
        );
        let [kind, at, ..] = tree;
        print!("  {kind}: {said}");
        verifier.rejects(&[kind, at, "-key", STRANGER]).map(|_| ())
    }

    /// Each proof shows its own entry and no other.
    fn judge_proofs(&self, verifier: &Verifier, policy: &str) -> Result<()> {
        let mut before: Option<String> = None;
        for entry in [0, self.entries / 2, self.entries.saturating_sub(1)] {
            if entry >= self.entries {
                continue;
            }
            let out = self.path(&format!("entry-{entry}"));
            self.wardgate(&["ledger", "prove", &entry.to_string(), &out])?;
            let (proof, leaf) = (format!("{out}.tlog-proof"), format!("{out}.json"));
            verifier.accepts(&["proof", &proof, "-entry", &leaf, "-policy", policy])?;
            if let Some(other) = before.replace(leaf.clone()).filter(|other| *other != leaf) {
                verifier.rejects(&["proof", &proof, "-entry", &other, "-policy", policy])?;
            }
        }
        Ok(())
    }
}

/// Each change of one bit of a tree is rejected, and each removal of a file.
fn judge_changes(verifier: &Verifier, tree: [&str; 4], seed: u64, changes: u64) -> Result<()> {
    let (seed, changes) = (seed.to_string(), changes.to_string());
    let [kind, at, flag, keys] = tree;
    let said = verifier.accepts(&[
        "mutate", kind, at, flag, keys, "-n", &changes, "-seed", &seed,
    ])?;
    print!("    {said}");
    Ok(())
}

/// Entries that `init` leaves to be written: the first administrator, and the link to enrol with.
const OF_INIT: u64 = 2;
/// Sizes around the borders of a tile, and how many bits are changed in each.
const SIZES: [(u64, u64); 6] = [
    (0, 100),
    (3, 100),
    (255, 100),
    (256, 100),
    (257, 100),
    (700, 1_000),
];
/// Large enough for a third level of tiles.
const LARGE: u64 = 70_000;
const CHANGES_OF_LARGE: u64 = 100;
/// Bits changed in a ledger itself, which has no list of files that tells at once.
const CHANGES: u64 = 200;
/// Above this an export is made without pages for people.
const READABLE_MOST: u64 = 10_000;
const PEOPLE_PER_FILE: u64 = 10_000;
/// The key of a log of the same name that somebody else made.
const STRANGER: &str = "localhost/wardgate+4a35c403+AYrKTzZ3T4KmfFB8uclmeUguLMdn8tOFAiaVV6VmsJL7";
