//! `wardgate ledger tail`: the last entries, and those that follow.

use std::time::Duration;

use clap::Args;
use wardgate_ledger::Published;
use wardgate_records::events::{EventKind, StoredEvent};

use super::{Ended, entries, published};
use crate::commands::Dir;
use crate::failure::Failure;
use crate::output::Output;
use crate::wiring;

/// Show the last entries of the ledger, and follow it
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    dir: Dir,

    /// How many entries
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    entries: usize,

    /// Go on showing entries as they are published, until interrupted
    #[arg(short, long)]
    follow: bool,

    /// Only entries of this kind, such as `call.refused`; may be given more than once
    #[arg(long, value_name = "KIND")]
    kind: Vec<EventKind>,
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Result<Ended, Failure> {
    let now = published(&arguments.dir.dir)?;
    let mut last = Vec::new();
    for entry in now.entries(..).rev() {
        if last.len() >= arguments.entries {
            break;
        }
        let (index, leaf) = entry?;
        if wanted(&leaf, &arguments.kind) {
            last.push(entries::line(index, &leaf, output));
        }
    }
    for line in last.iter().rev() {
        output.line(line);
    }
    if arguments.follow {
        wiring::control_runtime()?.block_on(follow(arguments, now, output))?;
    }
    Ok(Ended::Well)
}

async fn follow(
    arguments: &Arguments,
    mut shown: Published,
    output: Output,
) -> Result<(), Failure> {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
        let now = published(&arguments.dir.dir)?;
        for entry in now.entries(shown.size()..) {
            let (index, leaf) = entry?;
            if wanted(&leaf, &arguments.kind) {
                output.line(&entries::line(index, &leaf, output));
            }
        }
        shown = now;
    }
}

fn wanted(leaf: &[u8], kinds: &[EventKind]) -> bool {
    kinds.is_empty() || StoredEvent::parse(leaf).is_ok_and(|event| kinds.contains(&event.kind))
}

/// Entries are published within a second.
const LOOK: Duration = Duration::from_millis(250);

const AFTER_HELP: &str =
    "Reads what is published and works beside a running server; entries follow within a second.
What a killed server left unpublished follows when it starts again. The directory may be a data
directory, a ledger or an export.

Exit codes: 0 shown, 1 failed, 2 wrong use.

Example:
  wardgate ledger tail --dir /var/lib/wardgate -n 5 --follow";
