//! The machine that a bench ran on, for its report.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::figures::percentile_ms;

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gb: u64,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    /// Milliseconds of one small synchronous write to the disk that the ledger lies on.
    pub(crate) sync_ms: f64,
    /// Load average over one minute when the bench ended, the bench's own load included.
    pub(crate) load: String,
}

impl Machine {
    pub(crate) fn read(home: &Path) -> Self {
        let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = information
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']));
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory_kb: u64 = memory
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap_or(0);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            processor: processor.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gb: memory_kb / (1024 * 1024),
            kernel: said(&mut Command::new("uname"), "-r"),
            compiler: said(&mut Command::new("rustc"), "--version"),
            sync_ms: sync_ms(home),
            load: load.split(' ').next().unwrap_or("?").to_owned(),
        }
    }
}

fn said(command: &mut Command, argument: &str) -> String {
    let output = command.arg(argument).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The middle time of a small write that is on disk when it returns: every call waits for some.
fn sync_ms(home: &Path) -> f64 {
    let path = home.join("sync");
    let times = || -> std::io::Result<Vec<Duration>> {
        let mut file = File::create(&path)?;
        let mut times = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            file.write_all(&[7; 512])?;
            file.sync_data()?;
            times.push(start.elapsed());
        }
        std::fs::remove_file(&path)?;
        Ok(times)
    };
    percentile_ms(&times().unwrap_or_default(), 50)
}
