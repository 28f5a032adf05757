//! The listeners of the data plane: one current-thread runtime per core, each with its own
//! listening socket on the same address (`SO_REUSEPORT`) and its own pools.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use wardgate_identity::ClientCertificate;

use crate::gate::{Gate, Worker};
use crate::{pipeline, sealed};

pub mod tls;

/// Where and how the gate listens.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The address of the gate.
    pub address: SocketAddr,
    /// One runtime each; 0 takes one per core.
    pub threads: usize,
    /// To read the head of a request.
    pub head_timeout_ms: u64,
    /// To end the calls under way once asked to stop.
    pub drain_timeout_ms: u64,
    /// Connections that one thread holds at a time.
    pub connections_max: usize,
}

/// Why the gate could not start to listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Plain HTTP leaves the machine.
    #[error(
        "plain HTTP on `{0}` would leave this machine; give a certificate, or listen on a loopback address"
    )]
    PlainOutside(SocketAddr),
    /// The address can not be used.
    #[error("can not listen on `{address}`: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running gate.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts to listen. Without TLS only on a loopback address.
    pub fn start(
        gate: Arc<Gate>,
        options: &ServerOptions,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, ServeError> {
        Self::start_answering(&Answering::Gate(gate), options, tls)
    }

    /// Starts to listen, and refuses every call: the node has no keys.
    pub fn start_sealed(
        options: &ServerOptions,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, ServeError> {
        Self::start_answering(&Answering::Sealed, options, tls)
    }

    fn start_answering(
        answering: &Answering,
        options: &ServerOptions,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, ServeError> {
        if tls.is_none() && !options.address.ip().is_loopback() {
            return Err(ServeError::PlainOutside(options.address));
        }
        let listen = |source| ServeError::Listen {
            address: options.address,
            source,
        };
        let count = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        // The first socket decides the port when 0 was asked for; the others share it.
        let first = listening_socket(options.address).map_err(listen)?;
        let address = first.local_addr().map_err(listen)?;
        let mut sockets = vec![first];
        for _ in 1..count {
            sockets.push(listening_socket(address).map_err(listen)?);
        }
        let (stop, stopped) = watch::channel(false);
        let acceptor = tls.map(TlsAcceptor::from);
        let threads = sockets
            .into_iter()
            .enumerate()
            .map(|(number, socket)| {
                let thread = Thread {
                    answering: answering.clone(),
                    options: options.clone(),
                    acceptor: acceptor.clone(),
                    stopped: stopped.clone(),
                };
                std::thread::Builder::new()
                    .name(format!("gate-{number}"))
                    .spawn(move || thread.run(socket))
                    .map_err(listen)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            address,
            stop,
            threads,
        })
    }

    /// The address that the gate listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets the calls under way end (streams too) until the drain deadline.
    pub fn stop(self) {
        // Nobody listening means that every thread has ended already.
        let _ = self.stop.send(true);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the gate ended by a panic");
            }
        }
    }
}

/// Who answers.
#[derive(Clone)]
enum Answering {
    Gate(Arc<Gate>),
    /// Nobody has keys, so every call is refused.
    Sealed,
}

/// One core's share of the gate.
struct Thread {
    answering: Answering,
    options: ServerOptions,
    acceptor: Option<TlsAcceptor>,
    stopped: watch::Receiver<bool>,
}

impl Thread {
    fn run(self, socket: std::net::TcpListener) {
        let runtime = match tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "a thread of the gate could not start");
                return;
            }
        };
        if let Err(error) = runtime.block_on(self.serve(socket)) {
            tracing::error!(%error, "a listener of the gate failed");
        }
    }

    async fn serve(mut self, socket: std::net::TcpListener) -> std::io::Result<()> {
        let listener = TcpListener::from_std(socket)?;
        let worker = match &self.answering {
            Answering::Gate(gate) => Some(Arc::new(Worker::new(gate.clone()))),
            Answering::Sealed => None,
        };
        let graceful = GracefulShutdown::new();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.options.head_timeout_ms))
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        let places = Arc::new(tokio::sync::Semaphore::new(self.options.connections_max));
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.stopped.wait_for(|stop| *stop) => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, or the peer left between connect and accept.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!("too many connections; one was turned away");
                continue;
            };
            let connection = Connection {
                worker: worker.clone(),
                acceptor: self.acceptor.clone(),
                peer,
            };
            let (http, watcher) = (http.clone(), graceful.watcher());
            tokio::spawn(async move {
                connection.serve(stream, http, watcher).await;
                drop(place);
            });
        }
        drop(listener);
        let drained = tokio::time::timeout(
            Duration::from_millis(self.options.drain_timeout_ms),
            graceful.shutdown(),
        )
        .await;
        if drained.is_err() {
            tracing::warn!("calls were still under way when the drain deadline passed");
        }
        Ok(())
    }
}

/// The other side of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The client certificate that it proved to hold.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
}

struct Connection {
    /// None in a sealed node.
    worker: Option<Arc<Worker>>,
    acceptor: Option<TlsAcceptor>,
    peer: SocketAddr,
}

impl Connection {
    async fn serve(
        self,
        stream: TcpStream,
        http: http1::Builder,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        // Small events of a stream must leave at once.
        let _ = stream.set_nodelay(true);
        match &self.acceptor {
            None => {
                self.serve_http(TokioIo::new(stream), None, http, watcher)
                    .await;
            }
            Some(acceptor) => {
                let Ok(Ok(stream)) =
                    tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await
                else {
                    tracing::debug!("a TLS handshake failed");
                    return;
                };
                let shown = stream.get_ref().1.peer_certificates();
                let shown = shown
                    .and_then(<[_]>::first)
                    .map(|certificate| certificate.to_vec());
                self.serve_http(TokioIo::new(stream), shown, http, watcher)
                    .await;
            }
        }
    }

    async fn serve_http<I>(
        &self,
        io: I,
        certificate: Option<Vec<u8>>,
        http: http1::Builder,
        watcher: hyper_util::server::graceful::Watcher,
    ) where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        // TLS has verified it; one that cannot be read is as none.
        let certificate = certificate.and_then(|der| ClientCertificate::read(&der).ok());
        let worker = self.worker.clone();
        let peer = Arc::new(Peer {
            address: self.peer.ip(),
            certificate: certificate.map(Arc::new),
        });
        let service = service_fn(move |request| {
            let (worker, peer) = (worker.clone(), peer.clone());
            async move {
                let response = match &worker {
                    Some(worker) => pipeline::answer(worker, &peer, request).await,
                    None => sealed::answer(),
                };
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        if let Err(error) = watcher.watch(http.serve_connection(io, service)).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

fn listening_socket(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

const HEADERS_MAX: usize = 64;
const HEAD_BYTES_MAX: usize = 64 * 1024;
const BACKLOG: i32 = 1024;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
