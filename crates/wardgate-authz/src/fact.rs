//! One governance fact: its value, where it was read, and for how long that may be relied on.

use std::sync::Arc;

use jiff::Timestamp;

/// A value with its provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// The record it was read from, such as `vendor/acme`.
    pub source: String,
    /// The version of that record.
    pub version: u64,
    /// When the value was last known to be true.
    pub as_of: AsOf,
    /// For how long after that it may be relied on.
    pub max_age_ms: u64,
}

/// When a fact was last known to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// As often as the snapshot that carries it is confirmed against the store.
    Snapshot,
    /// When it was measured, such as by a probe of what an upstream serves.
    Measured(Timestamp),
}

/// A fact as the ledger records it, so that the decision can be recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactUsed {
    /// The fact's name, such as `vendor.agreement`.
    pub name: &'static str,
    /// Its value as text.
    pub value: Arc<str>,
    /// The record it was read from.
    pub source: Arc<str>,
    /// The version of that record.
    pub version: u64,
    /// The end of validity, when the fact has one.
    pub(crate) until: Option<Timestamp>,
}

/// What a fact's value looks like in a ledger entry and in a refusal.
pub(crate) trait FactValue {
    fn text(&self) -> String;

    fn until(&self) -> Option<Timestamp> {
        None
    }
}

/// A fact as the ledger records it.
pub(crate) fn used<T: FactValue>(name: &'static str, fact: &Fact<T>) -> FactUsed {
    FactUsed {
        name,
        value: fact.value.text().into(),
        source: fact.source.as_str().into(),
        version: fact.version,
        until: fact.value.until(),
    }
}

/// How long a fact may be relied on; all that the freshness check needs of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freshness {
    pub(crate) as_of: AsOf,
    pub(crate) max_age_ms: u64,
}

impl Freshness {
    pub(crate) fn of<T>(fact: &Fact<T>) -> Self {
        Self {
            as_of: fact.as_of,
            max_age_ms: fact.max_age_ms,
        }
    }

    /// Whether the fact may be relied on now. A fact from the future is as little use as an
    /// old one: some clock was wrong, and its age cannot be known.
    pub(crate) fn holds(self, snapshot_as_of: Timestamp, now: Timestamp) -> bool {
        let as_of = match self.as_of {
            AsOf::Snapshot => snapshot_as_of,
            AsOf::Measured(at) => at,
        };
        let age_ms = now.as_millisecond().saturating_sub(as_of.as_millisecond());
        let age_ms_max = i64::try_from(self.max_age_ms).unwrap_or(i64::MAX);
        (-FUTURE_MS_MAX..=age_ms_max).contains(&age_ms)
    }
}

impl FactValue for bool {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl FactValue for u8 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl FactValue for u32 {
    fn text(&self) -> String {
        self.to_string()
    }
}

impl FactValue for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl<T: std::fmt::Display> FactValue for Vec<T> {
    fn text(&self) -> String {
        let words: Vec<String> = self.iter().map(ToString::to_string).collect();
        words.join(" ")
    }
}

impl FactValue for Option<Timestamp> {
    fn text(&self) -> String {
        self.map_or_else(|| "never".to_owned(), |until| until.to_string())
    }

    fn until(&self) -> Option<Timestamp> {
        *self
    }
}

/// How far ahead of the call's time a fact may lie: the snapshot may be newer than the call.
const FUTURE_MS_MAX: i64 = 60_000;
