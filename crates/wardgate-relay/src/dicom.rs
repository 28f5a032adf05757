//! DICOM over DIMSE: a storage SCP that passes objects on de-identified, and the SCU that does so.
//!
//! An association has a thread of its own, and its objects go one after another: the next one is read when
//! the last one was answered. Pixels pass as they are coded, so an object leaves in the transfer syntax in
//! which it came.

pub(crate) mod command;
mod receiver;
mod sender;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::counts::Counts;
use crate::door::{Door, Listen, told_to_stop};

pub use crate::object::{OBJECT_BYTES_MAX, Objects, Receiver};
pub use sender::Entity;
pub(crate) use sender::Sender;

/// What a relay of objects does.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is done with the objects.
    pub objects: Objects,
    /// The title that callers must call; any, where it is not set.
    pub title: Option<String>,
    /// The titles of those who may call; anybody, where there are none.
    pub callers: Vec<String>,
}

pub(crate) async fn serve(
    door: Door,
    options: Options,
    counts: Arc<Counts>,
    stopped: watch::Receiver<bool>,
) {
    let options = Arc::new(options);
    let listen = Arc::new(door.listen.clone());
    door.serve(stopped.clone(), |stream| {
        let caller = Caller {
            options: Arc::clone(&options),
            listen: Arc::clone(&listen),
            counts: Arc::clone(&counts),
            stopped: stopped.clone(),
        };
        async move {
            if caller.serve(stream).await.is_err() {
                tracing::warn!("a connection was lost before it was served");
            }
        }
    })
    .await;
}

/// The connection of a caller.
struct Caller {
    options: Arc<Options>,
    listen: Arc<Listen>,
    counts: Arc<Counts>,
    stopped: watch::Receiver<bool>,
}

impl Caller {
    async fn serve(mut self, stream: TcpStream) -> io::Result<()> {
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        let other = stream.try_clone()?;
        let is_busy = Arc::new(AtomicBool::new(false));
        let mut served = {
            let (listen, options, counts) = (self.listen.clone(), self.options, self.counts);
            let is_busy = Arc::clone(&is_busy);
            tokio::task::spawn_blocking(move || {
                receiver::serve(stream, &listen, &options, &counts, &is_busy);
            })
        };
        let done = tokio::select! {
            done = &mut served => done,
            () = ended(&mut self.stopped, &is_busy, self.listen.drain_timeout) => {
                // The thread reads the end of the stream, and so ends the association.
                let _ = other.shutdown(std::net::Shutdown::Read);
                served.await
            }
        };
        if done.is_err() {
            tracing::error!("an association ended by a panic");
        }
        Ok(())
    }
}

/// Waits until the relay is to stop and no object is under way, but not longer than it may take.
async fn ended(stopped: &mut watch::Receiver<bool>, is_busy: &AtomicBool, most: Duration) {
    told_to_stop(stopped).await;
    let idle = async {
        while is_busy.load(Ordering::Acquire) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let _ = tokio::time::timeout(most, idle).await;
}

const LOOK_AGAIN: Duration = Duration::from_millis(20);
