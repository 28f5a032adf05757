//! The machine that a bench ran on, for its report.

use std::process::Command;

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gb: u64,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    /// Load average over one minute when the bench ended, the bench's own load included.
    pub(crate) load: String,
}

impl Machine {
    pub(crate) fn read() -> Self {
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
