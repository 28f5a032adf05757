//! What all threads of the gate share, and what each has for itself.

use std::sync::Arc;

use wardgate_deid::Engine;
use wardgate_ledger::Ledger;
use wardgate_records::{PayloadStore, RecordId, Snapshot, Store};
use wardgate_vault::{DerivedKey, Label, Vault};

use crate::body::BodyLimits;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::deidentify::{KnownPatients, ModelLimits, ModelRuns};
use crate::identity::{Failures, Trust};
use crate::limits::Limits;
use crate::screen::ScreenMode;
use crate::server::tls::TlsError;
use crate::strangers::Strangers;
use crate::upstream::{Breakers, UpstreamOptions, Upstreams};

/// Everything a gate is made of.
pub struct Parts {
    /// The governance records.
    pub store: Arc<Store>,
    /// The log of this node.
    pub ledger: Ledger,
    /// Where sealed payloads go.
    pub payloads: PayloadStore,
    /// The keys.
    pub vault: Arc<Vault>,
    /// What time it is.
    pub clock: Clock,
    /// TLS towards systems.
    pub upstream_tls: rustls::ClientConfig,
    /// What looks for identifiers.
    pub engine: Engine,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// What can be configured.
#[derive(Debug, Clone)]
pub struct GateOptions {
    /// The hospital as consents name it, such as `Organization/larkmoor`.
    pub organization: String,
    /// Limits of a request's body.
    pub body: BodyLimits,
    /// Bytes of an answer that comes whole, and of one event of a stream.
    pub answer_bytes_max: usize,
    /// Deadlines and attempts towards systems.
    pub upstream: UpstreamOptions,
    /// What to do with tool results that try to instruct the model.
    pub screen: ScreenMode,
    /// What calls may ask of a model in the engine.
    pub model: ModelLimits,
}

/// What all threads share.
pub struct Gate {
    pub(crate) store: Arc<Store>,
    pub(crate) ledger: Ledger,
    pub(crate) payloads: PayloadStore,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) options: GateOptions,
    pub(crate) engine: Engine,
    pub(crate) model_runs: ModelRuns,
    pub(crate) known: KnownPatients,
    pub(crate) limits: Limits,
    pub(crate) failures: Failures,
    pub(crate) trust: Trust,
    pub(crate) placeholder_root: DerivedKey,
    pub(crate) counters: Counters,
    pub(crate) strangers: Strangers,
    /// Whether no call may begin, because nobody outside knows what the ledger holds.
    pub(crate) unanchored: Arc<dyn Fn() -> bool + Send + Sync>,
    breakers: Arc<Breakers>,
    upstream_tls: rustls::ClientConfig,
}

impl Gate {
    /// Puts a gate together.
    pub fn new(parts: Parts, options: GateOptions) -> Result<Self, TlsError> {
        let placeholder_root = parts.vault.derive(Label::Placeholder);
        Ok(Self {
            store: parts.store,
            ledger: parts.ledger,
            payloads: parts.payloads,
            vault: parts.vault,
            clock: parts.clock,
            model_runs: ModelRuns::new(options.model),
            options,
            engine: parts.engine,
            known: KnownPatients::default(),
            limits: Limits::default(),
            failures: Failures::default(),
            trust: Trust::default(),
            placeholder_root,
            counters: Counters::default(),
            strangers: Strangers::default(),
            unanchored: Arc::new(|| false),
            breakers: Arc::default(),
            upstream_tls: parts.upstream_tls,
        })
    }

    /// Has calls refused, as without a ledger, while `unanchored` says so.
    #[must_use]
    pub fn refusing_when(mut self, unanchored: Arc<dyn Fn() -> bool + Send + Sync>) -> Self {
        self.unanchored = unanchored;
        self
    }

    /// Accepts the tokens of these issuers, beside API keys and certificates.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// What happened so far, in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        self.counters.render(&self.ledger)
    }

    /// Writes what is only counted so far. Called before the ledger is closed.
    pub fn flush(&self) {
        let now = self.now();
        self.strangers.flush(&self.ledger, || self.new_record(now));
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    pub(crate) fn new_record(&self, now: jiff::Timestamp) -> RecordId {
        RecordId::new(now, self.vault.random())
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What one thread has for itself.
#[derive(Debug)]
pub(crate) struct Worker {
    pub gate: Arc<Gate>,
    pub upstreams: Upstreams,
}

impl Worker {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        let upstreams = Upstreams::new(
            gate.upstream_tls.clone(),
            gate.breakers.clone(),
            &gate.options.upstream,
            gate.clock.clone(),
        );
        Self { gate, upstreams }
    }
}
