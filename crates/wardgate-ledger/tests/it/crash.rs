//! Other processes: one that is killed while it appends, one that comes second.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use wardgate_ledger::checkpoint::Checkpoint;
use wardgate_ledger::tree::{Frontier, leaf_hash};
use wardgate_ledger::{Ledger, LedgerError, Options, verify};

use crate::log::{run, signer};

const DIRECTORY: &str = "WARDGATE_TEST_DIRECTORY";

/// Each round kills the child at another moment, in the middle of its appends; everything that
/// it was told is durable must be there, unchanged, in every later round.
#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let options = options();
    Ledger::create(directory.path(), signer(), &options)
        .unwrap()
        .close()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..12 {
        let mut child = start("crash::child_appends", directory.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Rounds differ in length, so that kills meet fresh and old segments and publications.
        for line in lines.by_ref().take(40 + round * 157) {
            note(&line.unwrap(), &mut acknowledged);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts too; the last line may be cut.
        for line in lines
            .map_while(Result::ok)
            .filter(|line| line.ends_with('.'))
        {
            note(&line, &mut acknowledged);
        }
        let verified = verify(directory.path(), &signer().vkey()).unwrap();
        assert!(verified.size + verified.unpublished > *acknowledged.keys().last().unwrap());
        let (ledger, recovery) = Ledger::open(directory.path(), signer(), &options).unwrap();
        assert_eq!(recovery.size, verified.size + verified.unpublished);
        for (index, entry) in &acknowledged {
            assert_eq!(
                &ledger.read(*index).unwrap(),
                entry,
                "entry {index} in round {round}"
            );
        }
        ledger.close().unwrap();
        let verified = verify(directory.path(), &signer().vkey()).unwrap();
        assert_eq!(
            (verified.size, verified.unfinished_bytes),
            (recovery.size, 0)
        );
    }
    assert!(acknowledged.len() > 5000, "{}", acknowledged.len());
}

/// Two hundred kills at random instants, some before the first append, each on what the last one
/// left: all that was acknowledged is there, and the log verifies and extends what was published.
#[test]
fn two_hundred_kills_at_random_instants_lose_nothing() {
    let seed = std::env::var("WARDGATE_TEST_SEED").map_or_else(
        |_| std::hash::RandomState::new().build_hasher().finish(),
        |seed| seed.parse().unwrap(),
    );
    println!("WARDGATE_TEST_SEED={seed}");
    let mut random = seed;
    let mut below = |limit: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % limit
    };
    let options = Options {
        reserve_bytes: 0,
        ..options()
    };
    let mut directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut kills = 0;
    let mut total = 0;
    while kills < 200 {
        if kills % 25 == 0 {
            directory = tempfile::tempdir().unwrap();
            acknowledged.clear();
            let ledger = Ledger::create(directory.path(), signer(), &options).unwrap();
            ledger.close().unwrap();
        }
        let published = std::fs::read(directory.path().join("checkpoint")).unwrap();
        let mut child = start("crash::child_appends", directory.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.by_ref().take(usize::try_from(below(120)).unwrap()) {
            note(&line.unwrap(), &mut acknowledged);
        }
        for _ in 0..below(3000) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines
            .map_while(Result::ok)
            .filter(|line| line.ends_with('.'))
        {
            note(&line, &mut acknowledged);
        }
        kills += 1;
        let (ledger, _) = Ledger::open(directory.path(), signer(), &options).unwrap();
        for (index, entry) in &acknowledged {
            assert_eq!(
                &ledger.read(*index).unwrap(),
                entry,
                "{index} at kill {kills}"
            );
        }
        let older = Checkpoint::open(&published, signer().verifier_key()).unwrap();
        let mut frontier = Frontier::new();
        for entry in ledger.entries(..older.size) {
            frontier.push(leaf_hash(&entry.unwrap().1), &mut |_| {});
        }
        assert_eq!(frontier.root(), older.root, "at kill {kills}");
        ledger.close().unwrap();
        verify(directory.path(), &signer().vkey()).unwrap();
        total += acknowledged.len();
    }
    assert!(total > 1000, "{total}");
}

#[test]
fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(directory.path(), signer(), &options()).unwrap();
    let refused = || {
        let output = start("crash::child_comes_second", directory.path())
            .wait_with_output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(refused().contains("another process uses"));
    ledger.close().unwrap();
    assert!(refused().contains("it opened"));
}

/// Does its work only when another test starts it.
#[test]
fn child_appends() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let (ledger, _) = Ledger::open(directory.as_ref(), signer(), &options()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let ledger = ledger.clone();
            scope.spawn(move || run(append_for_ever(&ledger, thread)));
        }
    });
}

async fn append_for_ever(ledger: &Ledger, thread: u32) {
    let mut flights = tokio::task::JoinSet::new();
    for number in 0.. {
        if flights.len() >= 8 {
            flights.join_next().await;
        }
        let ledger = ledger.clone();
        flights.spawn(async move {
            let text = format!(
                "{} {thread} {number} {}",
                std::process::id(),
                "z".repeat(number % 300)
            );
            let receipt = ledger
                .append([0; 32], text.clone().into_bytes())
                .await
                .unwrap();
            let line = format!("{};{text}.\n", receipt.index());
            std::io::stdout().write_all(line.as_bytes()).unwrap();
        });
    }
}

/// Does its work only when another test starts it.
#[test]
fn child_comes_second() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    match Ledger::open(directory.as_ref(), signer(), &options()) {
        Ok(_) => println!("it opened"),
        Err(error @ LedgerError::Journal(_)) => println!("{error}; hint: {}", error.hint()),
        Err(other) => panic!("{other}"),
    }
}

fn note(line: &str, acknowledged: &mut BTreeMap<u64, Vec<u8>>) {
    // The first lines are those of the test harness.
    if let Some((index, text)) = line.split_once(';') {
        let entry = text.strip_suffix('.').unwrap().as_bytes().to_vec();
        assert!(acknowledged.insert(index.parse().unwrap(), entry).is_none());
    }
}

fn start(test: &str, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn options() -> Options {
    Options {
        publish_after_ms: 3,
        segment_bytes: 100_000,
        ..Options::default()
    }
}
