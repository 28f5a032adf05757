//! Opened patient keys, kept in memory within a bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::envelope::SealingKey;
use crate::patient::PatientHandle;

/// Keys by patient, split so that threads seldom meet. A full shard drops its least used key.
#[derive(Debug)]
pub(crate) struct KeyCache {
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug, Default)]
struct Shard {
    clock: u64,
    keys: HashMap<PatientHandle, (u64, Arc<SealingKey>)>,
}

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    pub(crate) fn find(&self, patient: PatientHandle) -> Option<Arc<SealingKey>> {
        let mut shard = self.shard(patient)?;
        shard.clock += 1;
        let now = shard.clock;
        let (used, key) = shard.keys.get_mut(&patient)?;
        *used = now;
        Some(Arc::clone(key))
    }

    pub(crate) fn keep(&self, patient: PatientHandle, key: Arc<SealingKey>) {
        let Some(mut shard) = self.shard(patient) else {
            return;
        };
        if shard.keys.len() >= KEYS_PER_SHARD_MAX {
            let oldest = shard.keys.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(patient, _)| *patient) {
                shard.keys.remove(&oldest);
            }
        }
        shard.clock += 1;
        let now = shard.clock;
        shard.keys.insert(patient, (now, key));
    }

    pub(crate) fn forget(&self, patient: PatientHandle) {
        if let Some(mut shard) = self.shard(patient) {
            shard.keys.remove(&patient);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap().keys.len())
            .sum()
    }

    fn shard(&self, patient: PatientHandle) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(patient.spread() % SHARDS)?;
        // A shard is consistent after every statement, so a panic elsewhere does not spoil it.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const SHARDS: usize = 16;
const KEYS_PER_SHARD_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Secret, random};

    #[test]
    fn cache_stays_within_its_bound_and_keeps_what_is_used() {
        let cache = KeyCache::new();
        let key = Arc::new(SealingKey::new(Secret::new([1; 32])));
        let dear = PatientHandle::from_bytes([0; 16]);
        cache.keep(dear, Arc::clone(&key));
        for _ in 0..3 * SHARDS * KEYS_PER_SHARD_MAX {
            cache.keep(PatientHandle::from_bytes(random()), Arc::clone(&key));
            assert!(cache.find(dear).is_some());
        }
        assert!(cache.len() <= SHARDS * KEYS_PER_SHARD_MAX);
        cache.forget(dear);
        assert!(cache.find(dear).is_none());
    }
}
