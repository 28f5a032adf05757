//! How late wrong credentials are answered: the later the more often one network fails.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// How often callers from each network failed lately.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    networks: Mutex<HashMap<Network, Failed>>,
    waiting: AtomicU32,
}

/// An IPv4 /24 or an IPv6 /64: what one attacker easily commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network([u8; 8]);

#[derive(Debug, Clone, Copy)]
struct Failed {
    count: u32,
    last_ms: i64,
}

impl Failures {
    /// Counts a failure and says how late to answer it; none when too many answers wait already.
    pub(crate) fn delay(&self, peer: IpAddr, now: Timestamp) -> Option<Duration> {
        let now_ms = now.as_millisecond();
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.len() >= NETWORKS_MAX {
            networks.retain(|_, failed| now_ms - failed.last_ms < FORGET_MS);
        }
        let forgotten = Failed {
            count: 0,
            last_ms: now_ms,
        };
        let failed = match networks.len() >= NETWORKS_MAX {
            true => forgotten,
            false => *networks.entry(Network::of(peer)).or_insert(forgotten),
        };
        let count = if now_ms - failed.last_ms >= FORGET_MS {
            1
        } else {
            failed.count.saturating_add(1)
        };
        if let Some(slot) = networks.get_mut(&Network::of(peer)) {
            *slot = Failed {
                count,
                last_ms: now_ms,
            };
        }
        drop(networks);
        let delay = Duration::from_millis(match count {
            0..3 => 0,
            3..9 => 250,
            9..25 => 1_000,
            25..100 => 2_000,
            _ => 4_000,
        });
        (delay.is_zero() || self.waiting.load(Ordering::Relaxed) < WAITING_MAX).then_some(delay)
    }

    /// Waits before a failure is answered.
    pub(crate) async fn wait(&self, delay: Duration) {
        if !delay.is_zero() {
            let _waiting = Waiting::new(&self.waiting);
            tokio::time::sleep(delay).await;
        }
    }
}

struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Network {
    fn of(peer: IpAddr) -> Self {
        let mut prefix = [0; 8];
        match peer.to_canonical() {
            IpAddr::V4(address) => prefix
                .iter_mut()
                .zip(address.octets().into_iter().take(3))
                .for_each(|(to, from)| *to = from),
            // The first byte of a global IPv6 address is never 0, so the two kinds do not meet.
            IpAddr::V6(address) => prefix
                .iter_mut()
                .zip(address.octets())
                .for_each(|(to, from)| *to = from),
        }
        Self(prefix)
    }
}

const NETWORKS_MAX: usize = 10_000;
const WAITING_MAX: u32 = 256;
const FORGET_MS: i64 = 15 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn failures_of_one_network_are_answered_ever_later() {
        let failures = Failures::default();
        let peer: IpAddr = "192.0.2.7".parse().unwrap();
        let delays: Vec<u128> = (0..120)
            .map(|_| failures.delay(peer, at(0)).unwrap().as_millis())
            .collect();
        assert_eq!(
            (delays[0], delays[2], delays[8], delays[24], delays[110]),
            (0, 250, 1_000, 2_000, 4_000)
        );
        assert_eq!(
            failures
                .delay("192.0.2.99".parse().unwrap(), at(0))
                .unwrap()
                .as_millis(),
            4_000,
            "the same network"
        );
        assert_eq!(
            failures
                .delay("192.0.3.7".parse().unwrap(), at(0))
                .unwrap()
                .as_millis(),
            0,
            "another network"
        );
        assert_eq!(
            failures.delay(peer, at(FORGET_MS)).unwrap().as_millis(),
            0,
            "forgotten after a quiet time"
        );
    }

    #[test]
    fn many_networks_do_not_grow_without_bound() {
        let failures = Failures::default();
        for index in 0..u32::try_from(NETWORKS_MAX).unwrap() + 500 {
            failures.delay(IpAddr::from((index << 8).to_be_bytes()), at(0));
        }
        assert!(failures.networks.lock().unwrap().len() <= NETWORKS_MAX);
    }
}
