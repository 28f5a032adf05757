//! How long fetched keys may be used, and when they are fetched again. Pure: time is passed in.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::JwkSet;

/// The ages that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwksAges {
    /// Keys of this age are fetched again.
    pub refresh: SignedDuration,
    /// Keys of this age are no longer used: whoever signs with one that was withdrawn
    /// is refused at the latest now.
    pub max: SignedDuration,
    /// The least time between two attempts, however many unknown keys are presented.
    pub pause: SignedDuration,
}

impl Default for JwksAges {
    fn default() -> Self {
        Self {
            refresh: SignedDuration::from_mins(10),
            max: SignedDuration::from_hours(24),
            pause: SignedDuration::from_secs(30),
        }
    }
}

/// The keys of one address, as they were fetched last.
#[derive(Clone, Debug)]
pub struct JwksCache {
    ages: JwksAges,
    keys: Option<(Arc<JwkSet>, Timestamp)>,
    tried: Option<Timestamp>,
    wanted: bool,
}

/// There are no keys that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the issuer's keys have not been fetched, or too long ago")]
pub struct KeysExpired;

impl JwksCache {
    /// A cache that was never filled.
    #[must_use]
    pub fn empty(ages: JwksAges) -> Self {
        Self {
            ages,
            keys: None,
            tried: None,
            wanted: false,
        }
    }

    /// The keys, unless they are too old to be trusted.
    ///
    /// # Errors
    /// [`KeysExpired`].
    pub fn keys(&self, now: Timestamp) -> Result<Arc<JwkSet>, KeysExpired> {
        match &self.keys {
            Some((keys, at)) if now.duration_since(*at) < self.ages.max => Ok(keys.clone()),
            _ => Err(KeysExpired),
        }
    }

    /// A token names a key that is not among them: the issuer may have a new one.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether they shall be fetched now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let rested = self
            .tried
            .is_none_or(|tried| now.duration_since(tried) >= self.ages.pause);
        let old = self
            .keys
            .as_ref()
            .is_none_or(|(_, at)| now.duration_since(*at) >= self.ages.refresh);
        rested && (self.wanted || old)
    }

    /// They were fetched.
    pub fn fetched(&mut self, keys: JwkSet, now: Timestamp) {
        self.keys = Some((Arc::new(keys), now));
        self.tried = Some(now);
        self.wanted = false;
    }

    /// They could not be fetched. The old ones stay in use until they are too old.
    pub fn failed(&mut self, now: Timestamp) {
        self.tried = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn keys() -> JwkSet {
        JwkSet::of_ed25519("one", &[9; 32])
    }

    #[test]
    fn keys_are_used_until_they_are_too_old_and_then_refused() {
        let mut cache = JwksCache::empty(JwksAges::default());
        assert_eq!(cache.keys(at(0)).unwrap_err(), KeysExpired);
        assert!(cache.is_due(at(0)));
        cache.fetched(keys(), at(0));
        assert!(!cache.is_due(at(599)));
        assert!(
            cache.is_due(at(600)),
            "fetched again long before they expire"
        );
        cache.failed(at(600));
        assert!(!cache.is_due(at(629)), "not at once");
        assert!(cache.is_due(at(630)));
        assert!(
            cache.keys(at(86_399)).is_ok(),
            "the provider may be away for a day"
        );
        assert_eq!(cache.keys(at(86_400)).unwrap_err(), KeysExpired);
    }

    #[test]
    fn unknown_keys_cause_one_fetch_in_a_pause_however_many_there_are() {
        let mut cache = JwksCache::empty(JwksAges::default());
        cache.fetched(keys(), at(0));
        let fetches = (1..=300)
            .filter(|second| {
                cache.want();
                let due = cache.is_due(at(*second));
                if due {
                    cache.fetched(keys(), at(*second));
                }
                due
            })
            .count();
        assert_eq!(fetches, 10);
    }
}
