//! Both do their work only when `cargo xtask faults` starts them: one appends and says what was
//! acknowledged, the other checks what is left.

use std::io::{BufRead, Write};

use super::*;
use crate::disk::FileSystem;
use crate::disk::fake::Op;

const DIRECTORY: &str = "WARDGATE_FAULTS_DIRECTORY";
/// `op:part of the path:nth:before|after`: where to stop and wait for a line.
const STOP: &str = "WARDGATE_FAULTS_STOP";
/// What the first child said, to be checked by the second.
const ACKNOWLEDGED: &str = "WARDGATE_FAULTS_ACKNOWLEDGED";
/// How many entries to append.
const ENTRIES: &str = "WARDGATE_FAULTS_ENTRIES";

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody may be listening any more, which is no reason to stop.
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A disk that stops once at the place that the parent chose.
fn stopping(place: &str) -> FakeDisk {
    let parts: Vec<&str> = place.split(':').collect();
    let [op, part, nth, when] = parts.as_slice() else {
        panic!("`{place}` is no place to stop");
    };
    let (op, part, nth) = ((*op).to_owned(), (*part).to_owned(), nth.parse().unwrap());
    let stop_when = match *when {
        "before" => When::Before,
        _ => When::After,
    };
    let count = Count::default();
    FakeDisk::new(move |when, did: Op, path| {
        let here =
            when == stop_when && format!("{did:?}") == op && path.to_string_lossy().contains(&part);
        if here && count.strikes(nth, 1) {
            say("stop");
            let mut line = String::new();
            let _ = io::stdin().lock().read_line(&mut line);
        }
        Ok(())
    })
    .with_syncs()
}

#[test]
fn child_appends() {
    let Some(directory) = from_parent(DIRECTORY) else {
        return;
    };
    say("");
    let disk: Arc<dyn Disk> = match std::env::var(STOP) {
        Ok(place) => Arc::new(stopping(&place)),
        Err(_) => Arc::new(FileSystem),
    };
    let exists = directory.join(CHECKPOINT_FILE).exists();
    let opened = if exists {
        Ledger::open_on(disk, &directory, signer(), &options()).map(|(ledger, _)| ledger)
    } else {
        Ledger::create_on(disk, &directory, signer(), &options())
    };
    let ledger = match opened {
        Ok(ledger) => ledger,
        Err(error) => return say(&format!("refused {}", error.code())),
    };
    let entries: u64 = std::env::var(ENTRIES).unwrap().parse().unwrap();
    for number in 0..entries {
        let entry = entry(number, std::process::id());
        match run(ledger.append([0; 32], entry.clone())) {
            Ok(receipt) => say(&format!(
                "acknowledged {} {}",
                receipt.index(),
                String::from_utf8(entry).unwrap()
            )),
            Err(error) => {
                say(&format!("refused {}", error.code()));
                // A full volume shows in the journal or in the tiles, whichever comes first.
                if matches!(
                    error,
                    LedgerError::Full { .. } | LedgerError::Unpublished { .. }
                ) {
                    close_something(&ledger, &entry);
                }
                // A fault that passes is overcome; one that stays is looked at some times only.
                let mut looks = 0;
                while ledger.health() != Health::Good && looks < 50_000 {
                    looks += 1;
                    std::thread::yield_now();
                }
            }
        }
        if number % 100 == 99 {
            let _ = ledger.prune(ledger.published() / 2);
        }
    }
    let health = ledger.health() == Health::Good;
    let closed = ledger.close().is_ok();
    say(&format!("closed {health} {closed}"));
}

/// What ends something is taken from the reserve while the volume is full.
fn close_something(ledger: &Ledger, entry: &[u8]) {
    if let Ok(receipt) = run(ledger.append_closing([0; 32], entry.to_vec())) {
        let text = String::from_utf8(entry.to_vec()).unwrap();
        say(&format!("acknowledged {} {text}", receipt.index()));
        say("closing");
    }
}

#[test]
fn child_checks() {
    let Some((directory, acknowledged)) = from_parent(DIRECTORY).zip(from_parent(ACKNOWLEDGED))
    else {
        return;
    };
    let mut seen = Seen::default();
    for line in std::fs::read_to_string(acknowledged).unwrap().lines() {
        if let Some((index, entry)) = line
            .strip_prefix("acknowledged ")
            .and_then(|rest| rest.split_once(' '))
        {
            let entry = entry.as_bytes().to_vec();
            seen.acknowledged.insert(index.parse().unwrap(), entry);
        }
    }
    if !directory.join(CHECKPOINT_FILE).exists() && seen.acknowledged.is_empty() {
        return say("\nchecked 0");
    }
    seen.check(&directory, "after the fault");
    say(&format!("\nchecked {}", seen.acknowledged.len()));
}
