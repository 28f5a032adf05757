//! The binary: commands, configuration and wiring.

mod certificates;
mod commands;
mod config;
mod data_dir;
mod demo;
mod failure;
mod neural;
mod output;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::prepare_process();
    commands::run()
}
