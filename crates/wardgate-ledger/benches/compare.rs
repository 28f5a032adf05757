//! Durable appends beside what batching alone allows and beside SQLite, in one run; and the time
//! that opening a long log takes.
//!
//! `cargo xtask bench ledger`; set `TMPDIR` to choose the volume.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot set up has nothing to measure"
)]
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::JoinSet;
use wardgate_ledger::journal::frame::write_batch;
use wardgate_ledger::{Ledger, Options, Signer};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    match arguments.next().as_deref() {
        Some("recovery") => {
            let records = arguments.next().and_then(|count| count.parse().ok());
            recovery(records.unwrap_or(1_000_000));
        }
        _ => appends(),
    }
}

/// What one round of one way of writing gave.
struct Round {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn appends() {
    let (mut ledger, mut bare, mut sqlite) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bare_round());
        ledger.push(ledger_round());
        sqlite.extend(sqlite_round());
    }
    println!("1 KiB entries, 256 in flight, {ROUNDS} interleaved rounds of {SECONDS} s, medians:");
    let ours = tell("ledger, durable", ledger);
    let alone = tell("batches of 256 and fdatasync", bare);
    println!(
        "  of what batching alone allows: {:.0} %",
        100.0 * ours / alone
    );
    if sqlite.is_empty() {
        println!("  SQLite: not measured, since python3 has no sqlite3 here");
    } else {
        let theirs = tell("SQLite, WAL, full sync, 256 a commit", sqlite);
        println!("  times SQLite: {:.1}", ours / theirs);
    }
}

/// Prints the medians and returns that of the rates.
fn tell(name: &str, rounds: Vec<Round>) -> f64 {
    let middle = |value: fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let per_second = middle(|round| round.per_second);
    println!(
        "  {name:<38} {per_second:>9.0}/s  p50 {:>7.2} ms  p99 {:>7.2} ms",
        middle(|round| round.p50_ms),
        middle(|round| round.p99_ms),
    );
    per_second
}

fn round(mut latencies: Vec<Duration>, entries: usize, took: Duration) -> Round {
    latencies.sort_unstable();
    let at = |part: usize| {
        let place = latencies.len() * part / 100;
        latencies
            .get(place)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    Round {
        per_second: entries as f64 / took.as_secs_f64(),
        p50_ms: at(50),
        p99_ms: at(99),
    }
}

/// The same bytes as the journal writes, in batches of all that is in flight, and nothing else.
fn bare_round() -> Round {
    let directory = tempfile::tempdir().expect("a directory");
    let file = File::create(directory.path().join("bare")).expect("a file");
    let entry = vec![b'x'; ENTRY_BYTES];
    let mut buffer = Vec::new();
    let (mut offset, mut filled) = (0u64, 0u64);
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(SECONDS) {
        let before = Instant::now();
        buffer.clear();
        let payloads = std::iter::repeat_n(entry.as_slice(), IN_FLIGHT);
        write_batch(payloads, 0, (0, offset), &mut buffer).expect("it fits");
        file.write_all_at(&buffer, offset).expect("written");
        offset += buffer.len() as u64;
        if offset > filled {
            file.write_all_at(&vec![0; 1 << 20], offset)
                .expect("filled");
            filled = offset + (1 << 20);
        }
        file.sync_data().expect("synced");
        latencies.push(before.elapsed());
    }
    let entries = latencies.len() * IN_FLIGHT;
    round(latencies, entries, start.elapsed())
}

fn ledger_round() -> Round {
    let directory = tempfile::tempdir().expect("a directory");
    let ledger = Ledger::create(
        &directory.path().join("ledger"),
        signer(),
        &Options::default(),
    );
    let ledger = ledger.expect("a ledger");
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let start = Instant::now();
    let latencies = runtime.block_on(async {
        let mut flights = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let ledger = ledger.clone();
            flights.spawn(async move {
                let mut latencies = Vec::new();
                while start.elapsed() < Duration::from_secs(SECONDS) {
                    let before = Instant::now();
                    let entry = vec![b'x'; ENTRY_BYTES];
                    ledger.append([0; 32], entry).await.expect("durable");
                    latencies.push(before.elapsed());
                }
                latencies
            });
        }
        flights.join_all().await.concat()
    });
    let took = start.elapsed();
    ledger.close().expect("closing");
    let entries = latencies.len();
    round(latencies, entries, took)
}

/// SQLite in a process of its own; `None` where Python has none.
fn sqlite_round() -> Option<Round> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut python = Command::new("python3");
    python
        .args(["-c", SQLITE])
        .arg(directory.path().join("peer.db"));
    let output = python.arg(SECONDS.to_string()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
    Some(Round {
        per_second: numbers.next()?,
        p50_ms: numbers.next()?,
        p99_ms: numbers.next()?,
    })
}

const SQLITE: &str = "\
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA synchronous=FULL')
db.execute('CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB)')
rows = [(b'x' * 1024,)] * 256
took, start = [], time.perf_counter()
while time.perf_counter() - start < float(sys.argv[2]):
    before = time.perf_counter()
    db.execute('BEGIN'); db.executemany('INSERT INTO entry (body) VALUES (?)', rows)
    db.execute('COMMIT'); took.append(time.perf_counter() - before)
all = time.perf_counter() - start
took.sort(); n = len(took)
print(256 * n / all, took[n // 2] * 1e3, took[n * 99 // 100] * 1e3)
";

/// Makes a log of so many records, leaves it as a killed process would, and opens it.
fn recovery(records: u64) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ledger");
    // The last entries wait, so that there is something to replay.
    let late = Options {
        publish_after_ms: 3_600_000,
        ..Options::default()
    };
    let ledger = Ledger::create(&path, signer(), &late).expect("a ledger");
    let start = Instant::now();
    append_all(&ledger, 0..records - WAITING_MAX);
    while ledger.published() + WAITING_MAX < records {
        std::thread::yield_now();
    }
    append_all(&ledger, records - WAITING_MAX..records);
    println!(
        "{records} records made in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let copy = directory.path().join("left");
    leave(&path, &copy);
    ledger.close().expect("closing");
    for (name, path) in [
        ("as closed", &path),
        ("as a killed process leaves it", &copy),
    ] {
        let start = Instant::now();
        let (ledger, recovery) = Ledger::open(path, signer(), &Options::default()).expect("open");
        let took = start.elapsed();
        assert_eq!(recovery.size, records);
        println!(
            "  opened {name}: {:.3} s, {} records replayed",
            took.as_secs_f64(),
            recovery.replayed
        );
        ledger.close().expect("closing");
    }
    std::io::stdout().flush().expect("told");
}

fn append_all(ledger: &Ledger, range: std::ops::Range<u64>) {
    let end = range.end;
    for index in range {
        let entry = format!("{{\"index\":{index},\"pad\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}");
        while ledger.append_detached(entry.clone().into_bytes()).is_err() {
            std::thread::yield_now();
        }
    }
    while ledger.size() < end {
        std::thread::yield_now();
    }
}

/// A copy of the directory as it is.
fn leave(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a listing") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        let target = to.join(&name);
        if path.is_dir() {
            leave(&path, &target);
        } else if path.extension().is_none_or(|end| end == "seg") {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

fn signer() -> Signer {
    Signer::from_seed("bench.example/ledger", &[1; 32]).expect("a signer")
}

/// So many entries at the end of a long log are durable and not published when it is left.
const WAITING_MAX: u64 = 50_000;
const IN_FLIGHT: usize = 256;
const ENTRY_BYTES: usize = 1024;
const ROUNDS: usize = 3;
const SECONDS: u64 = 3;
