//! A running node: gate, console, and what keeps their facts fresh.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use wardgate_anchor::anchoring::{Anchoring, Settings};
use wardgate_gateway::server::tls::{TlsFiles, client_config, server_config};
use wardgate_gateway::server::{ServeError, Server};
use wardgate_gateway::{Gate, GateOptions, Parts};
use wardgate_ledger::{Ledger, LedgerError};
use wardgate_records::events::Event;
use wardgate_records::{PayloadStore, RecordId, Store};
use wardgate_vault::Vault;

use super::fetch::HttpFetch;
use super::incidents::Incidents;
use super::tokens::Tokens;
use super::{Records, anchors, clock, clock_watch, identity, now, recovery};
use crate::commands::call::{self, Shown};
use crate::failure::Failure;
use crate::neural;

/// A gate and a console that serve.
pub(crate) struct RunningNode {
    records: Records,
    ledger: Ledger,
    payloads: PayloadStore,
    boot: RecordId,
    recovered: u64,
    server: Server,
    console: JoinHandle<()>,
    console_address: SocketAddr,
    keeping: JoinHandle<()>,
    anchoring: Anchoring,
    watching: JoinHandle<()>,
    fetching: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl RunningNode {
    /// Opens everything, closes what an earlier run left open, and only then listens.
    pub(crate) async fn start(records: Records) -> Result<Self, Failure> {
        let (vault, store) = (&records.vault, &records.store);
        let anchored = anchors::settings(&records.dir, &records.config, vault)?;
        refuse_rollback(&records, &anchored).await?;
        let ledger = records.open_ledger().map_err(in_use)?;
        let payloads = records.open_payloads()?;
        let policy_hash = store.snapshot().policies().hash();
        let (boot, recovered) = recovery::begin(&ledger, vault, policy_hash).await?;
        store.drain_outbox(&ledger).await?;

        let anchoring = anchors::start(anchored, &ledger)?;
        let tokens = Tokens::of(&records)?;
        let gate = gate(&records, &ledger, &payloads, &anchoring)?.trusting(tokens.trust());
        let gate = Arc::new(gate);
        let (stop, stopped) = watch::channel(false);
        let fetching =
            tokens.keep_fresh(store.clone(), Arc::new(fetch(&records)?), stopped.clone());
        let keeping = tokio::spawn(keep_fresh(
            (store.clone(), vault.clone()),
            ledger.clone(),
            stopped.clone(),
        ));
        let watching = tokio::spawn(clock_watch::record_steps(
            ledger.clone(),
            vault.clone(),
            boot,
            stopped.clone(),
        ));
        let console_listener = free_listener(records.config.console.address)?;
        let console_address = local_address(&console_listener)?;
        let server = start_gate(&records, gate.clone())?;
        let console = start_console(
            &records,
            (&ledger, &anchoring, &tokens),
            gate,
            console_listener,
            stopped,
        )?;
        Ok(Self {
            records,
            ledger,
            payloads,
            boot,
            recovered,
            server,
            console,
            console_address,
            keeping,
            anchoring,
            watching,
            fetching,
            stop,
        })
    }

    pub(crate) fn gate_address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn console_address(&self) -> SocketAddr {
        self.console_address
    }

    /// Calls of an earlier process that ended without an outcome and were closed.
    pub(crate) fn recovered(&self) -> u64 {
        self.recovered
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Writes an event of the node itself into the ledger.
    pub(super) async fn tell(&self, event: &Event<'_>) -> Result<(), Failure> {
        recovery::append(&self.ledger, &self.records.vault, event).await
    }

    /// What is left of a call's sealed request and answer.
    pub(crate) fn read_call(&self, record: RecordId) -> Result<Shown, Failure> {
        call::of_read(self.payloads.read(record))
    }

    /// Lets the calls under way end, then closes everything in order.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        // Joining the threads of the gate waits for the last call, so it must not hold up the
        // tasks that keep its facts fresh.
        let server = self.server;
        let drained = tokio::task::spawn_blocking(move || server.stop()).await;
        if drained.is_err() {
            tracing::error!("the gate did not stop in order");
        }
        // Nobody listening means that both tasks have ended already.
        let _ = self.stop.send(true);
        if tokio::time::timeout(CONSOLE_DRAIN, self.console)
            .await
            .is_err()
        {
            tracing::warn!("the console was still answering when its time was over");
        }
        let _ = self.keeping.await;
        let _ = self.watching.await;
        let _ = self.fetching.await;
        self.records.store.drain_outbox(&self.ledger).await?;
        recovery::end(&self.ledger, &self.records.vault, self.boot).await?;
        self.ledger.close()?;
        // What was published at last is anchored too.
        let _ = tokio::task::spawn_blocking(move || self.anchoring.finish()).await;
        self.payloads.close();
        self.records.store.close().await;
        Ok(())
    }
}

/// Serves until the process is asked to stop by SIGTERM or SIGINT.
pub(crate) async fn serve_until_asked_to_stop(
    node: RunningNode,
    mut stop: AskedToStop,
) -> Result<(), Failure> {
    stop.recv().await;
    tracing::info!("asked to stop; calls under way may end");
    node.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Compares the ledger with what others know of it, on a thread that may wait for them.
async fn refuse_rollback(records: &Records, settings: &Settings) -> Result<(), Failure> {
    anchors::check_files(records)?;
    let require = records.config.anchor.require_at_start;
    let settings = settings.clone();
    let asked = tokio::task::spawn_blocking(move || anchors::check_parties(&settings, require));
    asked.await.unwrap_or_else(|_| {
        Err(Failure::new(
            "the anchors could not be asked",
            "report this with the version of the build",
        ))
    })
}

/// Waits for SIGTERM or SIGINT.
pub(crate) struct AskedToStop {
    terminate: tokio::signal::unix::Signal,
}

/// Listens for the signals from now on.
pub(crate) fn asked_to_stop() -> Result<AskedToStop, Failure> {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let terminate = terminate.map_err(|error| {
        Failure::new(
            format!("can not wait for signals: {error}"),
            "report this with the version of the build",
        )
    })?;
    Ok(AskedToStop { terminate })
}

impl AskedToStop {
    pub(crate) async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

fn gate(
    records: &Records,
    ledger: &Ledger,
    payloads: &PayloadStore,
    anchoring: &Anchoring,
) -> Result<Gate, Failure> {
    let config = &records.config;
    let parts = Parts {
        store: records.store.clone(),
        ledger: ledger.clone(),
        payloads: payloads.clone(),
        vault: records.vault.clone(),
        clock: clock(),
        upstream_tls: client_config(config.upstream.ca_file.as_deref())?,
        engine: neural::engine(config.deid.neural.as_deref())?,
    };
    let options = GateOptions {
        body: config.gate.body.clone(),
        answer_bytes_max: config.gate.answer_bytes_max,
        upstream: config.upstream.options.clone(),
        screen: config.gate.screen,
        model: config.deid.limits,
        organization: config.node.organization.clone(),
    };
    let refuses = anchors::refuses(&config.anchor, anchoring);
    Ok(Gate::new(parts, options)?.refusing_when(refuses))
}

fn start_gate(records: &Records, gate: Arc<Gate>) -> Result<Server, Failure> {
    let config = &records.config.gate;
    // The gate shares its port between its own threads, and so would two servers by mistake.
    drop(free_listener(config.server.address)?);
    let tls = config.tls.as_ref().map(server_config).transpose()?;
    Ok(Server::start(gate, &config.server, tls)?)
}

fn start_console(
    records: &Records,
    (ledger, anchoring, tokens): (&Ledger, &Anchoring, &Tokens),
    gate: Arc<Gate>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
) -> Result<JoinHandle<()>, Failure> {
    // Probes and browsers reach the console without a client certificate.
    let files = TlsFiles {
        client_ca: None,
        ..records.config.gate.certificate.clone()
    };
    let tls = if records.config.console.tls {
        Some(server_config(&files)?)
    } else {
        None
    };
    let mut settings = records.config.console.settings.clone();
    settings.providers = identity::providers(&records.config.identity)?;
    settings.file_sources = identity::file_sources(&records.config.console)?;
    settings.scim_provider = records.config.identity.scim_provider.clone();
    let parts = wardgate_console::Parts {
        store: records.store.clone(),
        ledger: ledger.clone(),
        metrics: Arc::new(move || gate.metrics()),
        anchors: anchors::shown(anchoring),
        settings: Arc::new(settings.giving(tokens.endpoint())),
        fetch: Arc::new(fetch(records)?),
        fetch_files: Arc::new(fetch(records)?.of_files()),
        clock: clock(),
    };
    Ok(tokio::spawn(async move {
        let stop = async move {
            // An error means that the node is gone, which is a reason to stop too.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        if let Err(error) = wardgate_console::serve(listener, tls, parts, stop).await {
            tracing::error!(%error, "the console stopped");
        }
    }))
}

/// How providers of identity and applications, and servers of files, are reached.
fn fetch(records: &Records) -> Result<HttpFetch, Failure> {
    let tls = client_config(records.config.upstream.ca_file.as_deref())?;
    Ok(HttpFetch::new(tls))
}

/// Looks for changed records, and brings their events into the ledger, and those of its disk.
async fn keep_fresh(
    (store, vault): (Arc<Store>, Arc<Vault>),
    ledger: Ledger,
    mut stopped: watch::Receiver<bool>,
) {
    let mut incidents = Incidents::default();
    let mut look = tokio::time::interval(REFRESH);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = look.tick() => {}
        }
        incidents.record(&ledger, &vault).await;
        let looked = match store.refresh(now()).await {
            Ok(changed) if changed || failing => store.drain_outbox(&ledger).await.map(|_| ()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match &looked {
            Ok(()) if failing => tracing::info!("the records can be read again"),
            Err(error) if !failing => {
                tracing::error!(%error, "the records can not be read or recorded");
            }
            _ => {}
        }
        // Once told is enough until it changes.
        failing = looked.is_err();
    }
}

/// A listener on an address that nobody else has.
pub(super) fn free_listener(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source }.into())
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| {
        Failure::new(
            format!("can not tell the console's address: {error}"),
            "report this with the version of the build",
        )
    })
}

fn in_use(error: LedgerError) -> Failure {
    match error {
        LedgerError::Journal(wardgate_ledger::JournalError::Locked { directory }) => Failure::new(
            format!("another server uses `{}`", directory.display()),
            "stop the other server first; one data directory has one server",
        ),
        error => error.into(),
    }
}

/// How often changed records are looked for.
const REFRESH: Duration = Duration::from_millis(200);
/// How long the console may go on answering.
pub(super) const CONSOLE_DRAIN: Duration = Duration::from_secs(5);
