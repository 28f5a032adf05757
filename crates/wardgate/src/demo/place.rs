//! Where the demo lives: its directory and its ports.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use super::Options;
use crate::failure::Failure;

/// The directory and ports of one demo. A temporary directory goes away with it.
pub(super) struct Place {
    root: PathBuf,
    temporary: bool,
    gate: SocketAddr,
    console: SocketAddr,
}

impl Place {
    pub(super) fn choose(options: &Options) -> Result<Self, Failure> {
        let (root, temporary) = match &options.dir {
            Some(dir) => (dir.clone(), false),
            None => {
                let random: [u8; 6] = wardgate_vault::random();
                let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
                (
                    std::env::temp_dir().join(format!("wardgate-demo-{suffix}")),
                    true,
                )
            }
        };
        let root =
            std::path::absolute(&root).map_err(|error| Failure::file("find", &root, &error))?;
        Ok(Self {
            root,
            temporary,
            gate: free(options.listen)?,
            console: free(options.console)?,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the directory goes away at the end.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    pub(super) fn gate(&self) -> SocketAddr {
        self.gate
    }

    pub(super) fn console(&self) -> SocketAddr {
        self.console
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            // It was only ours, and nobody waits for it.
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

/// The address asked for, or one beside it when somebody has that.
fn free(wanted: SocketAddr) -> Result<SocketAddr, Failure> {
    let listener =
        TcpListener::bind(wanted).or_else(|_| TcpListener::bind(SocketAddr::new(wanted.ip(), 0)));
    listener
        .and_then(|listener| listener.local_addr())
        .map_err(|error| {
            Failure::new(
                format!("can not listen on `{wanted}`: {error}"),
                "choose another address with `--listen` and `--console`",
            )
        })
}
