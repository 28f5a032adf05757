//! `cargo xtask bench dicom`: files per CPU second of `wardgate deid dicom` and of others, in turns of one run.

mod files;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::tool;
use crate::workspace::Workspace;
use files::Mix;

/// The others as they are installed, pinned.
const KITWARE: &str = "dicom-anonymizer==2.1.0\n";
const DCMANON_VERSION: &str = "0.3.1";

const VERIFIED_NAME: &str = "wardgate, verifier on";
const UNVERIFIED_NAME: &str = "wardgate, verifier off";
const KITWARE_NAME: &str = "Kitware dicom-anonymizer 2.1.0";
const DCMANON_NAME: &str = "dicom-anonymization 0.3.1";
/// How many times as fast as Kitware's the command is to be, per CPU second, with the verifier on.
const KITWARE_TIMES_MIN: f64 = 15.0;

/// Builds the command, and says where it is.
pub(super) fn build(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    let profile = if release { "release" } else { "demo" };
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--profile", profile, "--locked"]);
    process::quiet(build.args(["--package", "wardgate"]))?;
    Ok(workspace.target.join(profile).join("wardgate"))
}

/// Makes files, runs each program over them in turns, and prints CPU time.
pub(super) fn run(
    workspace: &Workspace,
    count: usize,
    rounds: usize,
    wardgate: PathBuf,
) -> Result<()> {
    let place = workspace.target.join("bench-dicom");
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    let mut mixes = Vec::new();
    for mix in [Mix::Small, Mix::Large, Mix::Both] {
        let folder = place.join(mix.label());
        let count = mix.share_of(count);
        let bytes = files::write(&folder, mix, count)?;
        mixes.push((mix.told(), count, bytes, folder));
    }
    let public = place.join("public");
    match files::copy(&public_folder(workspace), &public, count)? {
        Some(bytes) => mixes.push((
            "pictures of pydicom: CT_small, MR_small, examples_overlay",
            count,
            bytes,
            public,
        )),
        None => println!("  the public pictures are not there; only made ones are measured"),
    }
    let key = place.join("project.key");
    std::fs::write(&key, [7; 32])?;
    restrict(&key)?;
    let programs = programs(workspace, &key, wardgate)?;
    for (name, count, bytes, input) in mixes {
        let megabytes = bytes as f64 / 1e6;
        println!(
            "{name}: {count} files, {megabytes:.0} MB; {rounds} rounds; CPU time of the process and its threads, user and system"
        );
        let mut times = vec![Vec::new(); programs.len()];
        for round in 0..rounds {
            for (program, times) in programs.iter().zip(&mut times) {
                if program.slow && round % 2 > 0 {
                    continue;
                }
                times.push(program.measure(&place, &input, count)?);
            }
        }
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        tell(&programs, &medians, count, megabytes);
    }
    // Now, and not before the next run: file systems are slower where files were just deleted.
    std::fs::remove_dir_all(&place)?;
    Ok(())
}

fn tell(programs: &[Program], medians: &[f64], count: usize, megabytes: f64) {
    let of = |name| {
        let mut known = programs.iter().zip(medians);
        known.find_map(|(program, seconds)| (program.name == name).then_some(*seconds))
    };
    let kitware = of(KITWARE_NAME).unwrap_or(f64::NAN);
    println!("| program | CPU s, median | files per CPU s | MB per CPU s | times Kitware |");
    println!("|---|---|---|---|---|");
    for (program, seconds) in programs.iter().zip(medians) {
        println!(
            "| {} | {seconds:.2} | {:.0} | {:.0} | {:.1} |",
            program.name,
            count as f64 / seconds,
            megabytes / seconds,
            kitware / seconds,
        );
    }
    if let (Some(on), Some(off)) = (of(VERIFIED_NAME), of(UNVERIFIED_NAME)) {
        let bar = match kitware / on >= KITWARE_TIMES_MIN {
            true => "reached",
            false => "missed",
        };
        println!(
            "verifier on: {:.1} times Kitware's (bar: {KITWARE_TIMES_MIN}, {bar})",
            kitware / on
        );
        if let Some(rust) = of(DCMANON_NAME) {
            println!(
                "verifier off: {:.2} times dicom-anonymization (goal: 1)",
                rust / off
            );
        }
    }
    println!();
}

/// Where the public pictures are, when they lie beside the repository.
fn public_folder(workspace: &Workspace) -> PathBuf {
    let shared = match std::env::var_os("WARDGATE_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => workspace.root.join("../shared"),
    };
    shared.join("corpora").join("dicom").join("pydicom")
}

/// A program that cleans a folder.
struct Program {
    name: &'static str,
    /// Whether every second round is enough, because it takes long.
    slow: bool,
    path: PathBuf,
    /// Arguments, in which `IN` and `OUT` stand for the folders.
    arguments: Vec<String>,
}

impl Program {
    /// CPU seconds of one run over all files.
    fn measure(&self, place: &Path, input: &Path, count: usize) -> Result<f64> {
        // A folder that was never used, for the same reason as that nothing is deleted in between.
        let outs = place.join("out");
        std::fs::create_dir_all(&outs)?;
        let out = outs.join(std::fs::read_dir(&outs)?.count().to_string());
        std::fs::create_dir_all(&out)?;
        let mut command = Command::new(&self.path);
        for argument in &self.arguments {
            match argument.as_str() {
                "IN" => command.arg(input),
                "OUT" => command.arg(&out),
                other => command.arg(other),
            };
        }
        let before = children_ticks()?;
        process::quiet(&mut command)?;
        let ticks = children_ticks()? - before;
        let written = files_below(&out)?;
        ensure!(
            written >= count,
            "{} wrote {written} of {count} files",
            self.name
        );
        Ok((ticks as f64 / TICKS_PER_SECOND).max(1.0 / TICKS_PER_SECOND))
    }
}

fn programs(workspace: &Workspace, key: &Path, wardgate: PathBuf) -> Result<Vec<Program>> {
    let ours = |more: &[&str]| -> Vec<String> {
        let key = key.to_string_lossy();
        let fixed = ["deid", "dicom", "IN", "OUT", "--force", "--key", &key];
        fixed
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let rivals = workspace.target.join("rivals");
    std::fs::create_dir_all(&rivals)?;
    let requirements = rivals.join("kitware.txt");
    std::fs::write(&requirements, KITWARE)?;
    let python = tool::python(workspace, "rivals/kitware", &requirements)?;
    let kitware = python.with_file_name("dicom-anonymizer");
    let mut all = vec![
        program(VERIFIED_NAME, wardgate.clone(), ours(&[])),
        program(UNVERIFIED_NAME, wardgate, ours(&["--no-verify"])),
        Program {
            slow: true,
            ..program(KITWARE_NAME, kitware, words(&["IN", "OUT"]))
        },
    ];
    match dcmanon(workspace, &rivals) {
        Ok(path) => all.push(program(
            DCMANON_NAME,
            path,
            words(&["anonymize", "-i", "IN", "-o", "OUT"]),
        )),
        Err(error) => println!(
            "  dicom-anonymization {DCMANON_VERSION} does not build here and is left out: {error}"
        ),
    }
    Ok(all)
}

fn program(name: &'static str, path: PathBuf, arguments: Vec<String>) -> Program {
    Program {
        name,
        slow: false,
        path,
        arguments,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The Rust rival, as cargo installs it: a release build.
fn dcmanon(workspace: &Workspace, rivals: &Path) -> Result<PathBuf> {
    let path = rivals.join("bin").join("dcmanon");
    if !path.exists() {
        println!("  building dicom-anonymization {DCMANON_VERSION}, a release build");
        let mut cargo = workspace.cargo();
        cargo.args([
            "install",
            "--quiet",
            "dicom-anonymization",
            "--version",
            DCMANON_VERSION,
        ]);
        let build = rivals.join("build");
        process::quiet(
            cargo
                .arg("--root")
                .arg(rivals)
                .env("CARGO_TARGET_DIR", &build),
        )?;
        std::fs::remove_dir_all(build)?;
    }
    Ok(path)
}

/// CPU time of all children that have ended, user and system, in ticks of the kernel.
fn children_ticks() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold anything; the fields follow its last bracket.
    let (_, fields) = text
        .rsplit_once(") ")
        .context("no fields in `/proc/self/stat`")?;
    let mut times = fields.split(' ').skip(CHILD_USER_FIELD).take(2);
    let mut next = || -> Result<u64> { Ok(times.next().context("too few fields")?.parse()?) };
    Ok(next()? + next()?)
}

fn files_below(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        count += if path.is_dir() {
            files_below(&path)?
        } else {
            1
        };
    }
    Ok(count)
}

/// Nobody else may read the key.
fn restrict(key: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// `cutime`, counted from the state, which follows the name.
const CHILD_USER_FIELD: usize = 13;
/// What Linux counts in, on every machine that this runs on.
const TICKS_PER_SECOND: f64 = 100.0;
