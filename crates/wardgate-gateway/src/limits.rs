//! Limits per application: a rate as a token bucket, and a number of calls under way.
//!
//! The bucket is kept as one time (the generic cell rate algorithm, ITU-T I.371): a call is
//! admitted when it does not come earlier than the rate and the burst allow.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::identity::Identified;
use crate::refusal::{self, Refusal};

/// What each application has used.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    usage: Mutex<HashMap<String, Usage>>,
}

#[derive(Debug, Default)]
struct Usage {
    /// When the next call would come exactly in time.
    due_us: i64,
    under_way: Arc<AtomicU64>,
}

/// Proof that the caller is within its limits; holds its place until the answer has ended.
#[derive(Debug)]
pub(crate) struct Admitted {
    identified: Identified,
    place: Place,
}

impl Admitted {
    /// Who was admitted.
    pub(crate) fn caller(&self) -> &Identified {
        &self.identified
    }

    /// The same place, for the caller as the newest records know it.
    pub(crate) fn still(self, identified: Identified) -> Self {
        Self { identified, ..self }
    }

    /// Keeps the place for as long as the answer lasts.
    pub(crate) fn into_place(self) -> Place {
        self.place
    }
}

/// One of the calls that an application may have under way.
#[derive(Debug)]
pub(crate) struct Place {
    under_way: Arc<AtomicU64>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limits {
    /// Admits a caller, or says how long to wait.
    pub(crate) fn admit(
        &self,
        identified: Identified,
        now: Timestamp,
    ) -> Result<Admitted, Refusal> {
        let limits = &identified.app().limits;
        let interval_us =
            MINUTE_US / i64::try_from(limits.calls_per_minute.max(1)).unwrap_or(MINUTE_US);
        let burst_us =
            interval_us.saturating_mul(i64::try_from(limits.burst.max(1)).unwrap_or(i64::MAX));
        let concurrent_max = limits.concurrent.max(1);
        let now_us = now.as_microsecond();

        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = match usage.get_mut(identified.app().id.as_str()) {
            Some(usage) => usage,
            None => usage.entry(identified.app().id.clone()).or_default(),
        };
        // No admission reaches further ahead than the burst: what does was written before the
        // clock was set back, and would refuse until it has caught up.
        if usage.due_us.saturating_sub(now_us) > burst_us {
            usage.due_us = now_us;
        }
        let due_us = usage.due_us.max(now_us);
        if due_us - now_us > burst_us - interval_us {
            let wait_us = due_us - now_us - (burst_us - interval_us);
            let seconds = u32::try_from(wait_us.div_euclid(1_000_000) + 1).unwrap_or(u32::MAX);
            return Err(Refusal::new(&refusal::RATE_LIMITED).retry_after_s(seconds));
        }
        if usage.under_way.load(Ordering::Relaxed) >= concurrent_max {
            return Err(Refusal::new(&refusal::CONCURRENCY).retry_after_s(1));
        }
        usage.due_us = due_us + interval_us;
        usage.under_way.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            under_way: usage.under_way.clone(),
        };
        Ok(Admitted { identified, place })
    }
}

const MINUTE_US: i64 = 60_000_000;
