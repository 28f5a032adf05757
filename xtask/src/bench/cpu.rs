//! CPU time of a server: all threads of a process and of the processes that it started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

/// On-CPU nanoseconds of every thread, at one moment.
#[derive(Debug)]
pub(crate) struct Reading(BTreeMap<(u32, u32), u64>);

/// Reads the clocks of some processes and their descendants.
pub(crate) fn read(processes: &[u32]) -> Result<Reading> {
    let mut clocks = BTreeMap::new();
    for process in with_descendants(processes) {
        for thread in numbers(&format!("/proc/{process}/task")) {
            let path = format!("/proc/{process}/task/{thread}/schedstat");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if let Some(time) = text.split(' ').next().and_then(|time| time.parse().ok()) {
                clocks.insert((process, thread), time);
            }
        }
    }
    ensure!(!clocks.is_empty(), "the server is gone");
    Ok(Reading(clocks))
}

impl Reading {
    /// CPU time used since an earlier reading. Threads that ended in between count to nobody; the
    /// servers measured here keep theirs.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let used = self
            .0
            .iter()
            .map(|(thread, time)| time.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0)));
        Duration::from_nanos(used.sum())
    }
}

/// The processes and everything that they started, directly or not.
fn with_descendants(processes: &[u32]) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = numbers("/proc")
        .into_iter()
        .filter_map(|process| parent(process).map(|parent| (process, parent)))
        .collect();
    let mut all = processes.to_vec();
    let mut at = 0;
    while let Some(current) = all.get(at).copied() {
        let children = parents.iter().filter(|(_, parent)| *parent == current);
        let new: Vec<u32> = children
            .map(|(child, _)| *child)
            .filter(|child| !all.contains(child))
            .collect();
        all.extend(new);
        at += 1;
    }
    all
}

/// The process that started another.
fn parent(process: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything; the fields follow its last bracket.
    text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// Most memory that a process ever had in use, in MB.
pub(crate) fn memory_mb(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kb| kb / 1024)
}

/// Entries of a directory whose names are numbers.
fn numbers(directory: &str) -> Vec<u32> {
    let entries = std::fs::read_dir(PathBuf::from(directory))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}
