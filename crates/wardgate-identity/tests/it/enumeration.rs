//! Nobody learns by the time of an answer whether somebody exists.

use std::time::Instant;

use secrecy::SecretString;
use wardgate_identity::{Checked, Cost, check_password, hash_password};

/// The two kinds of attempt, in turns, so that what else the machine does falls on both alike.
fn samples(count: usize) -> (Vec<u128>, Vec<u128>) {
    let password = SecretString::from("not the one that is stored");
    let stored = SecretString::from("lantern otter gravel");
    let stored = hash_password(&stored, [7; 16], Cost::CURRENT).unwrap();
    let timed = |stored: Option<&[u8]>| {
        let begun = Instant::now();
        let checked = check_password(&password, stored).unwrap();
        assert_eq!(checked, Checked::Wrong);
        begun.elapsed().as_nanos()
    };
    (0..count)
        .map(|at| {
            if at % 2 == 0 {
                let known = timed(Some(&stored));
                (known, timed(None))
            } else {
                let unknown = timed(None);
                (timed(Some(&stored)), unknown)
            }
        })
        .unzip()
}

/// How far the ranks of two samples lie from what chance alone makes, in standard deviations
/// (Mann-Whitney). Ranks do not mind the few attempts that another process held up.
fn rank_distance(left: &[u128], right: &[u128]) -> f64 {
    let wins: f64 = left
        .iter()
        .flat_map(|a| right.iter().map(move |b| a.cmp(b)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    let (n, m) = (left.len() as f64, right.len() as f64);
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    ((wins - n * m / 2.0) / deviation).abs()
}

/// Rounds of which the best counts. A machine that is busy may part the two kinds of attempt once,
/// work that is left out parts them in every round.
const ROUNDS: usize = 5;

#[test]
fn the_password_of_a_known_and_of_an_unknown_name_take_the_same_time() {
    let alike = (0..ROUNDS).any(|_| {
        let (known, unknown) = samples(24);
        // Chance alone passes five deviations once in a million rounds; work left out for unknown
        // names gives nearly six with so many samples, whatever the machine.
        rank_distance(&known, &unknown) < 5.0
    });
    assert!(alike, "the two kinds of attempt lay apart in all rounds");
}

#[test]
fn the_measure_would_tell_work_that_was_left_out() {
    let slow: Vec<u128> = (0..24).map(|at| 1_000 + at).collect();
    let fast: Vec<u128> = (0..24).map(|at| 10 + at).collect();
    assert!(rank_distance(&slow, &fast) > 5.0);
}
