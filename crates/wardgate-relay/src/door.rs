//! The listener that all services share: limits of connections and of time, TLS, and an orderly end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::fault::RelayFault;

/// Where and how a relay listens.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The server's side of TLS, which may demand client certificates.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whether MLLP and DICOM may cross the network in the clear. HTTP never may.
    pub plain_outside: bool,
    /// Connections at a time; the next ones wait.
    pub connections_max: usize,
    /// For how long a connection may be silent.
    pub idle_timeout: Duration,
    /// For how long records under way may take once the relay is to stop.
    pub drain_timeout: Duration,
}

impl Listen {
    /// An address, without TLS, and with limits for a hospital's interface.
    #[must_use]
    pub fn on(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            plain_outside: false,
            connections_max: 64,
            idle_timeout: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// A listening socket.
pub(crate) struct Door {
    listener: TcpListener,
    address: SocketAddr,
    pub(crate) listen: Listen,
}

/// A connection, with or without TLS.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for T {}

impl Door {
    pub(crate) async fn open(listen: Listen) -> Result<Self, RelayFault> {
        let refused = |source| RelayFault::Listen {
            address: listen.address,
            source,
        };
        let listener = TcpListener::bind(listen.address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            address,
            listen,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves each connection by a task of its own, until the relay is to stop.
    pub(crate) async fn serve<F>(
        self,
        mut stopped: watch::Receiver<bool>,
        connection: impl Fn(TcpStream) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(self.listen.connections_max));
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            // Who comes when all places are taken waits in the system's queue.
            let place = tokio::select! {
                () = told_to_stop(&mut stopped) => break,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = told_to_stop(&mut stopped) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Answers are short, and each one is waited for.
                    let _ = stream.set_nodelay(true);
                    let served = connection(stream);
                    tasks.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        let drained = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.listen.drain_timeout, drained)
            .await
            .is_err()
        {
            tracing::warn!("records were still under way when the drain deadline passed");
        }
    }
}

/// Ends when the relay is to stop.
pub(crate) async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // The relay was dropped, which stops it too.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The connection after its TLS handshake, where there is TLS.
pub(crate) async fn secured(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    timeout: Duration,
) -> Option<Box<dyn Wire>> {
    let Some(acceptor) = acceptor else {
        return Some(Box::new(stream));
    };
    match tokio::time::timeout(timeout.min(HANDSHAKE_TIMEOUT), acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::warn!("a TLS handshake took too long");
            None
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
