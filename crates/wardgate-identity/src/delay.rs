//! Escalating delay after failures, so that guessing takes for ever and nobody is locked out.
//!
//! Failures are counted per credential and per network. Whoever comes from a device that the
//! person signed in from before has counters of their own: what strangers fail at does not delay
//! them. Passkeys are not delayed at all: there is nothing to guess.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

/// Whose failures are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A name that was stated, known or not, by a keyed digest of it.
    Name([u8; 32]),
    /// A name that was stated from a device known for it, by a keyed digest of both.
    Device([u8; 32]),
    /// A network.
    Network(Network),
}

/// An IPv4 /24 or an IPv6 /64: what one attacker easily commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network([u8; 8]);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let mut prefix = [0; 8];
        let copy = |prefix: &mut [u8; 8], octets: &[u8]| {
            prefix
                .iter_mut()
                .zip(octets)
                .for_each(|(to, from)| *to = *from);
        };
        match address.to_canonical() {
            // The first byte of a global IPv6 address is never 0, so the two kinds do not meet.
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                copy(&mut prefix, &[0, a, b, c]);
            }
            IpAddr::V6(address) => copy(&mut prefix, &address.octets()),
        }
        Self(prefix)
    }
}

/// The failures of late.
#[derive(Debug, Default)]
pub struct Delays {
    failed: HashMap<Counted, Failed>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    count: u32,
    last_ms: i64,
}

/// How many counters are held. The one with the fewest and oldest failures gives way.
pub const COUNTED_MAX: usize = 10_000;
/// After how long without a failure a counter is forgotten.
pub const FORGET_MS: i64 = 60 * 60 * 1_000;

impl Delays {
    /// How long the next attempt must still wait, in milliseconds: the longest that any counter
    /// asks for.
    #[must_use]
    pub fn wait_ms(&self, counted: &[Counted], now: Timestamp) -> u64 {
        let now_ms = now.as_millisecond();
        let left = counted.iter().filter_map(|key| {
            let failed = self.failed.get(key)?;
            // A clock that was set back makes nobody wait longer.
            let since = now_ms.saturating_sub(failed.last_ms).max(0);
            let left = delay_ms(*key, failed.count).saturating_sub(since);
            u64::try_from(left).ok()
        });
        left.max().unwrap_or(0)
    }

    /// Counts a failure.
    pub fn failed(&mut self, counted: &[Counted], now: Timestamp) {
        let now_ms = now.as_millisecond();
        for key in counted {
            if !self.failed.contains_key(key) {
                self.make_room(now_ms);
            }
            let failed = self.failed.entry(*key).or_insert(Failed {
                count: 0,
                last_ms: now_ms,
            });
            if now_ms.saturating_sub(failed.last_ms) >= FORGET_MS {
                failed.count = 0;
            }
            failed.count = failed.count.saturating_add(1);
            failed.last_ms = now_ms;
        }
    }

    /// Forgets the failures of a name or device whose owner proved who they are. Those of a
    /// network stay: an attacker with one account must not wipe out what they did to others.
    pub fn succeeded(&mut self, counted: &[Counted]) {
        for key in counted {
            if !matches!(key, Counted::Network(_)) {
                self.failed.remove(key);
            }
        }
    }

    fn make_room(&mut self, now_ms: i64) {
        if self.failed.len() < COUNTED_MAX {
            return;
        }
        self.failed
            .retain(|_, failed| now_ms.saturating_sub(failed.last_ms) < FORGET_MS);
        while self.failed.len() >= COUNTED_MAX {
            let least = self
                .failed
                .iter()
                .min_by_key(|(_, failed)| (failed.count, failed.last_ms));
            let Some(least) = least.map(|(key, _)| *key) else {
                return;
            };
            self.failed.remove(&least);
        }
    }
}

/// The wait after so many failures. Many people share a network, and mistype now and then.
const fn delay_ms(key: Counted, count: u32) -> i64 {
    let count = match key {
        Counted::Network(_) => count / NETWORK_SHARE,
        Counted::Name(_) | Counted::Device(_) => count,
    };
    match count {
        0..3 => 0,
        3..6 => 2_000,
        6..10 => 10_000,
        10..25 => 30_000,
        25..100 => 2 * 60_000,
        _ => 10 * 60_000,
    }
}

const NETWORK_SHARE: u32 = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn network(text: &str) -> Counted {
        Counted::Network(Network::of(text.parse().unwrap()))
    }

    #[test]
    fn failures_of_a_name_make_it_wait_ever_longer() {
        let mut delays = Delays::default();
        let key = [Counted::Name([1; 32])];
        let mut waits = Vec::new();
        for _ in 0..120 {
            delays.failed(&key, at(0));
            waits.push(delays.wait_ms(&key, at(0)));
        }
        assert_eq!(
            [waits[0], waits[2], waits[5], waits[9], waits[24], waits[99]],
            [0, 2_000, 10_000, 30_000, 120_000, 600_000]
        );
        assert!(waits.is_sorted());
        assert_eq!(delays.wait_ms(&key, at(599_999)), 1);
        assert_eq!(
            delays.wait_ms(&key, at(600_000)),
            0,
            "never locked for good"
        );
        delays.succeeded(&key);
        assert_eq!(delays.wait_ms(&key, at(0)), 0);
    }

    #[test]
    fn a_stranger_does_not_delay_whoever_comes_from_a_known_device() {
        let mut delays = Delays::default();
        let stranger = [Counted::Name([1; 32]), network("192.0.2.7")];
        for _ in 0..1_000 {
            delays.failed(&stranger, at(0));
        }
        assert!(delays.wait_ms(&stranger, at(0)) > 0);
        assert_eq!(delays.wait_ms(&[Counted::Device([1; 32])], at(0)), 0);
    }

    #[test]
    fn a_network_waits_whatever_names_it_tries_and_success_does_not_clear_it() {
        let mut delays = Delays::default();
        for name in 0..40 {
            delays.failed(&[Counted::Name([name; 32]), network("192.0.2.7")], at(0));
        }
        let fresh = [Counted::Name([99; 32]), network("192.0.2.200")];
        assert_eq!(delays.wait_ms(&fresh, at(0)), 2_000, "the same network");
        delays.succeeded(&fresh);
        assert_eq!(delays.wait_ms(&fresh, at(0)), 2_000);
        assert_eq!(delays.wait_ms(&[network("192.0.3.7")], at(0)), 0);
        assert_eq!(delays.wait_ms(&[network("::ffff:192.0.2.1")], at(0)), 2_000);
    }

    #[test]
    fn a_flood_of_names_does_not_wash_out_a_counter_under_attack() {
        let mut delays = Delays::default();
        let attacked = [Counted::Name([0xff; 32])];
        for _ in 0..50 {
            delays.failed(&attacked, at(0));
        }
        for name in 0..COUNTED_MAX + 50 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&name.to_be_bytes());
            delays.failed(&[Counted::Name(key)], at(1));
        }
        assert_eq!(delays.failed.len(), COUNTED_MAX);
        assert!(delays.wait_ms(&attacked, at(1)) > 0);
    }

    proptest! {
        #[test]
        fn any_order_of_events_keeps_its_bounds(
            events in proptest::collection::vec((any::<[u8; 2]>(), any::<bool>(), 0_i64..10_000_000), 0..200)
        ) {
            let mut delays = Delays::default();
            for ([kind, name], success, ms) in events {
                let key = match kind % 3 {
                    0 => Counted::Name([name; 32]),
                    1 => Counted::Device([name; 32]),
                    _ => Counted::Network(Network([name; 8])),
                };
                if success { delays.succeeded(&[key]) } else { delays.failed(&[key], at(ms)) }
                prop_assert!(delays.wait_ms(&[key], at(ms)) <= 600_000);
            }
        }
    }
}
