//! The process is killed at any moment: nothing that was acknowledged is lost.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use serde_json::Value;

use crate::client::{Asked, ask};
use crate::house::{House, of_type};
use crate::model::Model;

#[test]
fn killed_under_load_it_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("WARDGATE_KILLS").map_or(KILLS, |count| count.parse().unwrap());
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let acknowledged = Mutex::new(HashSet::new());
    let mut random = Random(0x5eed_0000_c0ff_ee11);
    // Of each run of the server, the numbers of the calls that reached the model.
    let mut forwarded: Vec<Vec<usize>> = Vec::new();
    let mut seen = 0;
    for _ in 0..kills {
        let server = house.serve();
        let wanted = acknowledged.lock().unwrap().len() + random.below(40);
        let spins = random.below(2_000_000);
        load(&house, &key, &acknowledged, wanted, spins, server);
        house.verify();
        let bodies = model.bodies();
        forwarded.push(bodies[seen..].iter().map(|body| number_in(body)).collect());
        seen = bodies.len();
    }
    // The last start closes what the last kill left open.
    house.serve().stop();
    house.verify();
    let ledger = house.ledger();
    every_forwarded_call_has_its_intent(&ledger, &forwarded);
    check(&ledger, &acknowledged.into_inner().unwrap(), kills);
}

/// What the text of the numbered call is. The number is the length of its text: that is what the
/// intent in the ledger tells of it, and the model can count it.
fn numbered(number: usize) -> String {
    format!("How is Maren?{}", COUNTED.repeat(number))
}

/// The number of the call whose request reached the model.
fn number_in(body: &str) -> usize {
    body.matches(COUNTED).count()
}

/// No request reached the model without an intent of its own in the ledger: matched call by call
/// within each run of the server, never by their count.
fn every_forwarded_call_has_its_intent(ledger: &[Value], forwarded: &[Vec<usize>]) {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for entry in ledger.iter().map(|line| &line["entry"]) {
        if entry["type"] == "gateway.started" {
            runs.push(Vec::new());
        } else if entry["type"] == "call.intent" {
            let scanned = entry["data"]["deid"]["scanned_bytes"].as_u64().unwrap();
            let scanned = usize::try_from(scanned).unwrap();
            let number = (scanned - numbered(0).len()) / COUNTED.len();
            assert_eq!(
                scanned,
                numbered(number).len(),
                "the length of a call's text"
            );
            runs.last_mut().unwrap().push(number);
        }
    }
    assert_eq!(runs.len(), forwarded.len() + 1, "one more start than kills");
    for (kill, (intents, forwarded)) in runs.iter().zip(forwarded).enumerate() {
        let known: HashSet<&usize> = intents.iter().collect();
        assert_eq!(known.len(), intents.len(), "kill {kill}: an intent twice");
        let received: HashSet<&usize> = forwarded.iter().collect();
        assert_eq!(received.len(), forwarded.len(), "kill {kill}: sent twice");
        for number in received {
            assert!(
                known.contains(number),
                "kill {kill}: {number} has no intent"
            );
        }
    }
    let count: usize = forwarded.iter().map(Vec::len).sum();
    assert!(count > 0, "nothing reached the model");
}

/// Calls from several threads until so many were answered, then a little longer, then the kill.
fn load(
    house: &House,
    key: &str,
    acknowledged: &Mutex<HashSet<String>>,
    wanted: usize,
    spins: usize,
    server: crate::house::Server,
) {
    let answered = AtomicUsize::new(acknowledged.lock().unwrap().len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let ask_on = || {
            scope.spawn(|| {
                while let Some(answer) = ask(
                    house.address,
                    key,
                    &numbered(next.fetch_add(1, Ordering::Relaxed)),
                ) {
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    acknowledged.lock().unwrap().insert(answer.record);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let askers = [ask_on(), ask_on(), ask_on(), ask_on()];
        while answered.load(Ordering::Relaxed) < wanted {
            let ended = askers.iter().all(ScopedJoinHandle::is_finished);
            assert!(!ended, "the server runs, and answers nobody");
            std::thread::yield_now();
        }
        (0..spins).for_each(|_| std::hint::spin_loop());
        server.kill();
    });
}

fn check(ledger: &[Value], acknowledged: &HashSet<String>, kills: usize) {
    let mut outcomes: HashMap<&str, Vec<&str>> = HashMap::new();
    for outcome in of_type(ledger, "call.outcome") {
        let data = &outcome["data"];
        let call = data["call"].as_str().unwrap();
        outcomes
            .entry(call)
            .or_default()
            .push(data["status"].as_str().unwrap());
    }
    let intents = of_type(ledger, "call.intent");
    let ids: HashSet<&str> = intents
        .iter()
        .map(|intent| intent["id"].as_str().unwrap())
        .collect();
    for record in acknowledged {
        assert!(ids.contains(record.as_str()), "{record} has no intent");
        assert_eq!(
            outcomes.get(record.as_str()),
            Some(&vec!["answered"]),
            "{record}"
        );
    }
    for id in &ids {
        assert_eq!(outcomes.get(id).map(Vec::len), Some(1), "{id}");
    }
    let closed = outcomes
        .values()
        .filter(|statuses| statuses.contains(&"unknown_after_restart"));
    let recovered: u64 = of_type(ledger, "gateway.started")
        .iter()
        .map(|started| started["data"]["recovered"].as_u64().unwrap())
        .sum();
    let closed = closed.count();
    assert_eq!(recovered, closed as u64);
    println!(
        "{kills} kills: {} answers acknowledged, {} intents, {closed} closed as unknown after restart, ledger verifies",
        acknowledged.len(),
        intents.len()
    );
}

#[test]
fn a_call_under_way_when_the_process_dies_is_closed_after_the_restart() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let server = house.serve();
    model.hold();
    let address = house.address;
    let asking =
        std::thread::spawn(move || Asked::send(address, &key, "How is Maren?", false).is_some());
    model.wait_for(1);
    server.kill();
    assert!(!asking.join().unwrap());
    model.release();
    house.serve().stop();

    let ledger = house.ledger();
    let intents = of_type(&ledger, "call.intent");
    let outcomes = of_type(&ledger, "call.outcome");
    assert_eq!((intents.len(), outcomes.len()), (1, 1));
    assert_eq!(outcomes[0]["data"]["call"], intents[0]["id"]);
    assert_eq!(outcomes[0]["data"]["status"], "unknown_after_restart");
    let started = of_type(&ledger, "gateway.started");
    assert_eq!(started[1]["data"]["recovered"], 1);
    house.verify();
}

/// Numbers that are the same on every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }
}

const KILLS: usize = 100;
/// No identifier, so that it reaches the model as it is.
const COUNTED: &str = " so";
