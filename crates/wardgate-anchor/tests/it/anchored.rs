//! A ledger anchored to several parties at once, of which some are away and some lie.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use wardgate_anchor::anchoring::{
    Anchoring, Authority, Change, Kind, Settings, Standings, State, Surroundings,
};
use wardgate_anchor::copies::Target;
use wardgate_anchor::http::Client;
use wardgate_anchor::rollback::{self, Said, Witnessed};
use wardgate_anchor::timestamp::{self, Roots};
use wardgate_anchor::witness::client::peers;
use wardgate_ledger::verify;
use wardgate_tlog::policy::Policy;

use crate::authority;
use crate::log::Log;
use crate::server;
use crate::witnesses::{Serving, serve};

type Told = Arc<Mutex<Vec<Change>>>;

fn settings(log: &Log, policy: &str) -> Settings {
    Settings {
        directory: log.directory(),
        keys: vec![log.key()],
        policy: Arc::new(Policy::parse(policy.as_bytes()).unwrap()),
        witness_interval_ms: 60_000,
        authority: None,
        copies: Vec::new(),
        copy_interval_ms: 60_000,
        late_after_ms: 0,
        failing_after_ms: 0,
        client: Client::new(None, 5_000).unwrap(),
    }
}

/// One turn of everything, and the last one.
fn anchor(settings: Settings) -> (Standings, Told) {
    let told = Told::default();
    let heard = Arc::clone(&told);
    let surroundings = Surroundings {
        clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        nonce: || [3; 16],
        on_change: Arc::new(move |change: &Change| heard.lock().unwrap().push(change.clone())),
    };
    let anchoring = Anchoring::start(settings, surroundings).unwrap();
    let standings = anchoring.standings();
    anchoring.finish();
    (standings, told)
}

fn state(standings: &Standings, name: &str) -> State {
    let all = standings.all();
    all.iter().find(|status| status.name == name).unwrap().state
}

fn line(name: &str, serving: &Serving, address: SocketAddr) -> String {
    format!("witness {name} {} http://{address}\n", serving.keys[0])
}

/// Three witnesses: one honest, one away, one that answers with cosignatures over another tree.
fn three(log: &Log, threshold: u8) -> (String, Serving) {
    let honest = serve("witness.example/honest", 1, log);
    let away = serve("witness.example/away", 2, log);
    let lying = serve("witness.example/lying", 3, log);
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let other = Log::new(1, 0);
    other.grow_to(3);
    let note = String::from_utf8(other.tree().note().to_vec()).unwrap();
    let policy = format!("{}quorum none\n", line("lying", &lying, lying.address));
    let mut peer = peers(&Policy::parse(policy.as_bytes()).unwrap()).remove(0);
    let client = Client::new(None, 5_000).unwrap();
    let cosigned = peer.cosign(&client, &other.tree(), &note).unwrap();
    let lines = cosigned.strip_prefix(&note).unwrap().as_bytes().to_vec();
    let liar = server::serve(move |_| (200, "text/plain", lines.clone()));
    let text = format!(
        "log {}\n{}{}{}group g {threshold} honest away lying\nquorum g\n",
        log.key(),
        line("honest", &honest, honest.address),
        line("away", &away, gone),
        line("lying", &lying, liar),
    );
    (text, honest)
}

#[test]
fn one_of_three_is_enough_when_the_policy_says_so_though_one_is_away_and_one_lies() {
    let log = Log::new(1, 0);
    log.grow_to(9);
    let (policy, _honest) = three(&log, 1);
    let (standings, told) = anchor(settings(&log, &policy));
    let cosigned = fs::read(log.directory().join("cosigned/9")).unwrap();
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    assert_eq!(policy.check(&cosigned).unwrap().checkpoint.size, 9);
    assert_eq!(standings.without_quorum_ms(), 0);
    assert_eq!(state(&standings, "honest"), State::Good);
    assert_eq!(state(&standings, "away"), State::Failing);
    assert_eq!(state(&standings, "lying"), State::Contradicting);
    let told = told.lock().unwrap();
    let mut lost: Vec<_> = told
        .iter()
        .map(|change| change.status.name.as_str())
        .collect();
    lost.sort_unstable();
    assert_eq!(lost, ["away", "lying"]);
    assert!(told.iter().all(|change| change.lost));
}

#[test]
fn two_of_three_are_not_reached_by_one_honest_witness() {
    let log = Log::new(1, 0);
    log.grow_to(9);
    let (policy, _honest) = three(&log, 2);
    anchor(settings(&log, &policy));
    assert!(!log.directory().join("cosigned/9").exists());
}

#[test]
fn cosigned_checkpoints_of_a_log_whose_clock_jumps_never_go_back_in_time() {
    let log = Log::new(1, 0);
    let witness = serve("witness.example/w", 1, &log);
    let lines = format!(
        "log {}\n{}quorum w\n",
        log.key(),
        line("w", &witness, witness.address)
    );
    let policy = Policy::parse(lines.as_bytes()).unwrap();
    let mut last = 0;
    for size in 1..5 {
        log.grow_to(size);
        anchor(settings(&log, &lines));
        let cosigned = fs::read(log.directory().join(format!("cosigned/{size}"))).unwrap();
        let accepted = policy.check(&cosigned).unwrap();
        let time = accepted.witnesses[0].1.timestamp.unwrap();
        assert!(time >= last);
        last = time;
    }
}

#[test]
fn timestamps_and_copies_are_made_at_the_end_and_stand_beside_each_other() {
    let log = Log::new(1, 0);
    log.grow_to(300);
    let authority = Arc::new(authority::Authority::new(authority::Kind::Ecdsa));
    let roots = Arc::new(Roots::from_pem(&authority.roots()).unwrap());
    let tsa = Arc::clone(&authority);
    let address = server::serve(move |request| {
        (200, "application/timestamp-reply", tsa.reply(&request.body))
    });
    let place = tempfile::tempdir().unwrap();
    let mut settings = settings(&log, "quorum none\n");
    settings.authority = Some(Authority {
        url: format!("http://{address}/"),
        roots: Arc::clone(&roots),
        interval_ms: 60_000,
    });
    settings.copies = vec![
        (
            "near".to_owned(),
            Target::Directory(place.path().to_owned()),
        ),
        (
            "gone".to_owned(),
            Target::Directory(place.path().join("none")),
        ),
    ];
    let (standings, _) = anchor(settings);
    let stamped = fs::read(log.directory().join("tsa/300.checkpoint")).unwrap();
    let response = fs::read(log.directory().join("tsa/300.tsr")).unwrap();
    assert_eq!(
        stamped,
        fs::read(log.directory().join("checkpoint")).unwrap()
    );
    timestamp::verify(&stamped, &response, &roots, None).unwrap();
    assert!(authority.openssl_verifies(&stamped, &response));
    assert_eq!(
        verify(place.path(), &log.key().to_string()).unwrap().size,
        300
    );
    assert_eq!(state(&standings, "near"), State::Good);
    assert_eq!(state(&standings, "gone"), State::Failing);
    assert_eq!(state(&standings, "authority"), State::Good);
}

#[test]
fn a_rollback_is_seen_by_files_witnesses_and_copies() {
    let log = Log::new(1, 0);
    log.grow_to(20);
    let aside = tempfile::tempdir().unwrap();
    Log::copy(&log.directory(), aside.path());
    log.grow_to(40);
    let witness = serve("witness.example/w", 1, &log);
    let lines = format!("{}quorum w\n", line("w", &witness, witness.address));
    let place = tempfile::tempdir().unwrap();
    let mut with = settings(&log, &lines);
    with.copies = vec![(
        "near".to_owned(),
        Target::Directory(place.path().to_owned()),
    )];
    anchor(with.clone());
    assert_eq!(
        rollback::check_files(&log.directory(), &[log.key()]).unwrap(),
        None
    );

    // Only the tree is put back; what was cosigned lies beside it.
    let cosigned = fs::read(log.directory().join("cosigned/40")).unwrap();
    Log::copy(aside.path(), &log.directory());
    fs::create_dir_all(log.directory().join("cosigned")).unwrap();
    fs::write(log.directory().join("cosigned/40"), cosigned).unwrap();
    let found = rollback::check_files(&log.directory(), &[log.key()])
        .unwrap()
        .unwrap();
    assert_eq!((found.what, found.ours), (Witnessed::More(40), 20));
    assert!(found.party.contains("cosigned/40"));

    // The whole directory is put back.
    Log::copy(aside.path(), &log.directory());
    assert_eq!(
        rollback::check_files(&log.directory(), &[log.key()]).unwrap(),
        None
    );
    let said = |log: &Log| {
        let (policy, client) = (
            Policy::parse(lines.as_bytes()).unwrap(),
            with.client.clone(),
        );
        let reports = rollback::ask(
            &log.tree(),
            &log.key(),
            (peers(&policy), &client),
            &with.copies,
        );
        let of = |kind| {
            let report = reports.iter().find(|report| report.kind == kind).unwrap();
            match &report.said {
                Said::Knows(rollback) => rollback.what,
                said => panic!("{said:?}"),
            }
        };
        (of(Kind::Witness), of(Kind::Copy))
    };
    assert_eq!(said(&log), (Witnessed::More(40), Witnessed::More(40)));
    // It went on from there: longer than before, and still not the same.
    log.grow_to(20);
    let other = Log::new(1, 9);
    other.grow_to(50);
    assert_eq!(said(&other), (Witnessed::Other(40), Witnessed::Other(40)));
}
