//! A running service.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::counts::{Counts, Tallied};
use crate::door::{Door, Listen};
use crate::fault::RelayFault;
use crate::{dicom, mllp, stow};

/// What a relay speaks, and what it does with what it receives.
#[derive(Debug)]
pub enum Service {
    /// HL7 v2 over MLLP.
    Mllp(mllp::Options),
    /// DICOM over DIMSE: C-STORE and C-ECHO.
    Dicom(dicom::Options),
    /// DICOM over HTTP: STOW-RS.
    Stow(stow::Options),
}

/// A service that listens. It ends when [`Relay::stop`] is called, or when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts to listen. Must be called within a runtime of tokio.
    ///
    /// # Errors
    /// When the address cannot be used, or would carry records over a network in the clear.
    pub async fn start(listen: Listen, service: Service) -> Result<Self, RelayFault> {
        if listen.tls.is_none() && !listen.address.ip().is_loopback() {
            let http = matches!(service, Service::Stow(_));
            if http || !listen.plain_outside {
                return Err(RelayFault::PlainOutside {
                    address: listen.address,
                });
            }
        }
        let door = Door::open(listen).await?;
        let address = door.address();
        let counts = Arc::new(Counts::default());
        let (stop, stopped) = watch::channel(false);
        let task = {
            let counts = Arc::clone(&counts);
            match service {
                Service::Mllp(options) => tokio::spawn(mllp::serve(door, options, counts, stopped)),
                Service::Dicom(options) => {
                    tokio::spawn(dicom::serve(door, options, counts, stopped))
                }
                Service::Stow(options) => tokio::spawn(stow::serve(door, options, counts, stopped)),
            }
        };
        Ok(Self {
            address,
            counts,
            stop,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What went through so far.
    #[must_use]
    pub fn counts(&self) -> Tallied {
        self.counts.now()
    }

    /// Takes no more connections, lets the records under way end, and tells what went through.
    pub async fn stop(self) -> Tallied {
        // Nobody listening means that the service has ended already.
        let _ = self.stop.send(true);
        if self.task.await.is_err() {
            tracing::error!("a relay ended by a panic");
        }
        self.counts.now()
    }
}
