//! Freshness: how old a fact may be, and whose clock counts.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use wardgate_authz::{AsOf, Fact};

use crate::hospital::{Scene, now};

fn ago(ms: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_millis(ms)).unwrap()
}

fn measured<T>(value: T, as_of: Timestamp, max_age_ms: u64) -> Option<Fact<T>> {
    Some(Fact {
        value,
        source: "probe/chat".to_owned(),
        version: 1,
        as_of: AsOf::Measured(as_of),
        max_age_ms,
    })
}

#[test]
fn a_fact_holds_up_to_its_age_and_no_longer() {
    let mut scene = Scene::permitted();
    scene.system.digest_match = measured(true, ago(5_000), 5_000);
    assert!(scene.decide().is_ok());
    scene.system.digest_match = measured(true, ago(5_001), 5_000);
    let denial = scene.denial();
    assert_eq!(denial.code(), "fact.stale");
    assert_eq!(denial.source(), "probe/chat");
    assert_eq!(
        denial.message(),
        "the fact `system.digest_match` from `probe/chat` is too old to rely on"
    );
}

#[test]
fn a_snapshot_that_is_no_longer_confirmed_makes_every_fact_stale() {
    let mut scene = Scene::permitted();
    scene.snapshot_as_of = ago(60_001);
    assert_eq!(scene.denial().code(), "fact.stale");
    scene.snapshot_as_of = ago(60_000);
    assert!(scene.decide().is_ok());
}

#[test]
fn a_confirmed_snapshot_does_not_refresh_what_was_measured() {
    let mut scene = Scene::permitted();
    scene.system.digest_match = measured(true, ago(10_000), 5_000);
    scene.snapshot_as_of = now();
    assert_eq!(scene.denial().code(), "fact.stale");
}

#[test]
fn a_fact_from_the_future_is_not_relied_on() {
    let mut scene = Scene::permitted();
    scene.system.digest_match = measured(true, ago(-61_000), 5_000);
    assert_eq!(scene.denial().code(), "fact.stale");
    scene.system.digest_match = measured(true, ago(-1_000), 5_000);
    assert!(scene.decide().is_ok());
}

#[test]
fn stale_facts_of_a_call_alone_are_found_too() {
    let mut scene = Scene::permitted();
    scene.flow = measured(true, ago(10_000), 5_000);
    let message = "the fact `flow.declared` from `probe/chat` is too old to rely on";
    assert_eq!(scene.denial().message(), message);
}

proptest! {
    #[test]
    fn no_age_beyond_the_limit_passes(age_ms in 0_i64..1 << 50, max_age_ms in any::<u64>()) {
        let mut scene = Scene::permitted();
        let Ok(as_of) = now().checked_sub(SignedDuration::from_millis(age_ms)) else {
            return Ok(());
        };
        scene.person.mfa_level = measured(2, as_of, max_age_ms);
        let fresh = u64::try_from(age_ms).unwrap() <= max_age_ms;
        prop_assert_eq!(scene.decide().is_ok(), fresh);
    }
}
