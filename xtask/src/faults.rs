//! `cargo xtask faults`: the faults of the ledger that take other programs or a root user.
//!
//! strace fails system calls of a child that appends, the n-th of each kind for every n; and a
//! child that appends to an ext4 image loses power at each stop point, and finds the image full.
//! After each, a second child checks that all that was acknowledged is there and that the log verifies.

mod child;
mod power;
mod strace;

use anyhow::Result;

use self::child::Child;
use crate::step::{say_skipped, step};
use crate::workspace::Workspace;

/// Runs both suites; says clearly when the machine can not.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let child = Child::build(workspace)?;
    let home = workspace.target.join("faults");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    if let Some(why) = strace::missing() {
        say_skipped("failed system calls", &why);
    } else {
        step("  failed system calls", || strace::run(&child, &home))?;
    }
    if let Some(why) = power::missing(&home) {
        say_skipped("power loss and a full volume on an ext4 image", &why);
    } else {
        step("  power loss", || power::run(&child, &home))?;
        step("  full volume", || power::full(&child, &home))?;
    }
    Ok(())
}
