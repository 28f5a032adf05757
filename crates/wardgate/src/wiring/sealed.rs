//! What a node without keys runs: a gate that refuses, and a console that says so.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use wardgate_gateway::server::Server;
use wardgate_gateway::server::tls::{TlsFiles, server_config};

use super::node::{CONSOLE_DRAIN, free_listener};
use crate::config::Config;
use crate::failure::Failure;

/// Listens where the node would.
pub(super) struct SealedNode {
    server: Server,
    console: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl SealedNode {
    pub(super) fn start(config: &Config) -> Result<Self, Failure> {
        let listener = free_listener(config.console.address)?;
        drop(free_listener(config.gate.server.address)?);
        let tls = config.gate.tls.as_ref().map(server_config).transpose()?;
        let server = Server::start_sealed(&config.gate.server, tls)?;
        let files = TlsFiles {
            client_ca: None,
            ..config.gate.certificate.clone()
        };
        let console_tls = config.console.tls.then(|| server_config(&files));
        let console_tls = console_tls.transpose()?;
        let (stop, mut stopped) = watch::channel(false);
        let console = tokio::spawn(async move {
            let stop = async move {
                // An error means that the node is gone, which is a reason to stop too.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) = wardgate_console::serve_sealed(listener, console_tls, stop).await {
                tracing::error!(%error, "the console stopped");
            }
        });
        Ok(Self {
            server,
            console,
            stop,
        })
    }

    /// Lets go of both addresses.
    pub(super) async fn stop(self) {
        let server = self.server;
        if tokio::task::spawn_blocking(move || server.stop())
            .await
            .is_err()
        {
            tracing::error!("the sealed gate did not stop in order");
        }
        // Nobody listening means that the console has ended already.
        let _ = self.stop.send(true);
        if tokio::time::timeout(CONSOLE_DRAIN, self.console)
            .await
            .is_err()
        {
            tracing::warn!("the console was still answering when its time was over");
        }
    }
}
