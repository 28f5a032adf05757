//! The binary: commands, configuration and wiring.

mod backup;
mod certificates;
mod commands;
mod config;
mod data_dir;
mod demo;
mod destruction;
mod export;
mod failure;
mod neural;
mod output;
mod progress;
mod remote;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::prepare_process();
    commands::run()
}
