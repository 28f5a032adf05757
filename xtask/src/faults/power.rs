//! Power loss: an ext4 image is shut down, without its log being flushed, while the child stands
//! at a stop point; what reached the disk is all that is left.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::child::{APPENDS, Child};
use crate::process;
use crate::tool;

/// Why this can not run here, if so.
pub(super) fn missing(home: &Path) -> Option<String> {
    let root = process::quiet(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root {
        return Some("it takes a root user to mount an image".to_owned());
    }
    if !process::exists("mkfs.ext4", "-V")
        && let Err(error) = tool::apt_install(&["e2fsprogs", "mount"])
    {
        return Some(error.to_string());
    }
    let tried = Image::make(&home.join("power")).and_then(Image::unmount);
    tried.err().map(|error| format!("no loop device: {error}"))
}

pub(super) fn run(child: &Child, home: &Path) -> Result<()> {
    let mut checked = 0;
    for stop in STOPS {
        let said = one(child, &home.join("power"), stop);
        checked += said.with_context(|| format!("power loss at `{stop}`"))?;
    }
    println!(
        "    {} stop points, {checked} entries were there",
        STOPS.len()
    );
    Ok(())
}

/// Loses power at one stop point; how many acknowledged entries were checked.
fn one(child: &Child, home: &Path, stop: &str) -> Result<u64> {
    let image = Image::make(home)?;
    let directory = image.mounted.join("ledger");
    let mut command = Command::new(child.program());
    command
        .args(APPENDS)
        .envs(child.appends(&directory, 1000))
        .env("WARDGATE_FAULTS_STOP", stop)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut running = command.spawn().context("cannot start the child")?;
    let lines = BufReader::new(running.stdout.take().context("no output")?).lines();
    let mut said = String::new();
    let mut stopped = false;
    for line in lines.map_while(Result::ok) {
        if line == "stop" {
            stopped = true;
            break;
        }
        said.push_str(&line);
        said.push('\n');
    }
    let shut = image.lose_power();
    // What stood still goes on into a dead file system, and dies with the process.
    if let Some(mut input) = running.stdin.take() {
        let _ = input.write_all(b"\n");
    }
    let _ = running.kill();
    running.wait()?;
    let image = image.mount_again()?;
    shut?;
    ensure!(stopped, "the child never came there:\n{said}");
    let list = home.join("said");
    std::fs::write(&list, &said)?;
    let checked = child.check(&directory, &list);
    image.unmount()?;
    Ok(checked?.parse()?)
}

/// Fills the volume under a child that appends, and makes room again: it refuses what is new,
/// takes what ends something, and goes on by itself.
pub(super) fn full(child: &Child, home: &Path) -> Result<()> {
    let home = home.join("full");
    let image = Image::make(&home)?;
    let directory = image.mounted.join("ledger");
    let filler = image.mounted.join("filler");
    let mut command = Command::new(child.program());
    command
        .args(APPENDS)
        .envs(child.appends(&directory, 300))
        .env("WARDGATE_FAULTS_STOP", "SyncData:.seg:20:before")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut running = command.spawn().context("cannot start the child")?;
    let mut input = running.stdin.take().context("no input")?;
    let lines = BufReader::new(running.stdout.take().context("no output")?).lines();
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        if line == "stop" {
            fill(&filler)?;
            input.write_all(b"\n")?;
        } else if line == "closing" && filler.exists() {
            std::fs::remove_file(&filler)?;
        }
        said.push_str(&line);
        said.push('\n');
    }
    running.wait()?;
    let list = home.join("said");
    std::fs::write(&list, &said)?;
    let checked = child.check(&directory, &list);
    image.unmount()?;
    for line in ["refused ledger_", "closing", "closed true true"] {
        ensure!(
            said.contains(line),
            "the child never said `{line}`:\n{said}"
        );
    }
    println!("    full volume: {} entries were there", checked?);
    Ok(())
}

/// Writes until nothing more fits.
fn fill(path: &Path) -> Result<()> {
    let mut file = std::fs::File::create(path)?;
    for bytes in [1 << 16, 1 << 12] {
        while file.write_all(&vec![1; bytes]).is_ok() {}
    }
    // Delayed allocation finds out only now.
    let _ = file.sync_all();
    Ok(())
}

/// A small ext4 file system in a file.
struct Image {
    file: PathBuf,
    mounted: PathBuf,
}

impl Image {
    fn make(home: &Path) -> Result<Self> {
        let image = Self {
            file: home.join("image"),
            mounted: home.join("mounted"),
        };
        std::fs::create_dir_all(&image.mounted)?;
        let file = std::fs::File::create(&image.file)?;
        file.set_len(IMAGE_BYTES)?;
        process::quiet(
            Command::new("mkfs.ext4")
                .args(["-q", "-F"])
                .arg(&image.file),
        )?;
        image.mount()
    }

    fn mount(self) -> Result<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]);
        process::quiet(mount.arg(&self.file).arg(&self.mounted))?;
        Ok(self)
    }

    /// Shuts the file system down as it is: nothing that was not synced is on disk.
    fn lose_power(&self) -> Result<()> {
        let mut python = Command::new("python3");
        python.args(["-c", SHUTDOWN]);
        process::quiet(python.arg(&self.mounted)).map(|_| ())
    }

    fn mount_again(self) -> Result<Self> {
        self.let_go()?;
        self.mount()
    }

    fn unmount(self) -> Result<()> {
        self.let_go()
    }

    fn let_go(&self) -> Result<()> {
        process::quiet(Command::new("umount").arg(&self.mounted)).map(|_| ())
    }
}

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`.
const SHUTDOWN: &str = "\
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))
";

const IMAGE_BYTES: u64 = 32 << 20;

/// Operation, part of its path, how many times before, and on which side of it.
const STOPS: [&str; 20] = [
    // A batch: written and not synced; synced and not acknowledged.
    "Write:.seg:9:before",
    "SyncData:.seg:1:before",
    "SyncData:.seg:7:before",
    "SyncData:.seg:7:after",
    "SyncData:.seg:40:after",
    // Tiles and their names.
    "Rename:tile/:3:before",
    "Rename:tile/:3:after",
    "SyncDirectory:tile:9:before",
    "Rename:tile/0/000:1:after",
    // The checkpoint.
    "Rename:checkpoint:5:before",
    "Rename:checkpoint:5:after",
    // The next segment.
    "SetLength:.seg:2:before",
    "SetLength:.seg:2:after",
    "Link:.seg:3:before",
    "Link:.seg:3:after",
    // Dropping segments, and pruning.
    "Rename:journal/first:2:before",
    "Rename:journal/first:2:after",
    "Rename:minimum:2:after",
    "Remove:tile/entries:1:before",
    "Remove:tile/entries:1:after",
];
