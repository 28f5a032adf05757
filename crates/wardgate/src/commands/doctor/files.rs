//! Permissions, free space, and whether a sync works.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Finding;
use crate::config::{Config, Provider};
use crate::data_dir::DataDir;

pub(super) fn check_dir(dir: &DataDir) -> Vec<Finding> {
    let mut findings = vec![private("directory", dir.root())];
    findings.push(space(dir.root()));
    findings.push(sync(dir.root()));
    findings
}

/// Files that only their owner may read.
pub(super) fn check_secrets(dir: &DataDir, config: &Config) -> Vec<Finding> {
    let provider = &config.vault.provider;
    let secret = match provider {
        Provider::Passphrase(_) => "passphrase",
        _ => "vault login",
    };
    let mut findings = Vec::new();
    for path in provider.secret_files() {
        findings.push(private(secret, path));
        if path.starts_with(dir.root()) {
            findings.push(Finding::warn(
                secret,
                "lies in the data directory, so whoever copies the directory can read everything in it",
                "move it elsewhere and name it in the configuration",
            ));
        }
    }
    findings.push(private("private key", &config.gate.certificate.private_key));
    findings
}

fn private(check: &'static str, path: &Path) -> Finding {
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) => Finding::fail(
            check,
            format!("`{shown}` can not be read: {error}"),
            "restore it, or correct its path in the configuration",
        ),
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Finding::fail(
            check,
            format!("`{shown}` is open to others than its owner"),
            format!("run `chmod go= {shown}`"),
        ),
        Ok(_) => Finding::ok(check, format!("`{shown}` is for its owner only")),
    }
}

fn space(root: &Path) -> Finding {
    let free = match rustix::fs::statvfs(root) {
        Ok(volume) => volume.f_bavail.saturating_mul(volume.f_frsize),
        Err(error) => {
            return Finding::warn(
                "disk",
                format!("the free space can not be told: {error}"),
                "check the volume by hand",
            );
        }
    };
    let megabytes = free >> 20;
    match free {
        0..SPACE_BYTES_MIN => Finding::fail(
            "disk",
            format!("{megabytes} MiB are free"),
            "make room: calls are refused when they can not be recorded",
        ),
        SPACE_BYTES_MIN..SPACE_BYTES_GOOD => Finding::warn(
            "disk",
            format!("{megabytes} MiB are free"),
            "make room before calls must be refused",
        ),
        _ => Finding::ok("disk", format!("{megabytes} MiB are free")),
    }
}

/// Writes a file, syncs it and removes it.
fn sync(root: &Path) -> Finding {
    let path = root.join(".doctor");
    let synced = File::create(&path).and_then(|mut file| {
        file.write_all(b"sync")?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    match synced.and(removed) {
        Ok(()) => Finding::ok("sync", "a write reaches the disk"),
        Err(error) => Finding::fail(
            "sync",
            format!("a write does not reach the disk: {error}"),
            "check the volume, its mount options and the owner of the directory",
        ),
    }
}

const SPACE_BYTES_MIN: u64 = 64 << 20;
const SPACE_BYTES_GOOD: u64 = 1 << 30;
