//! What sign-in keeps in memory: the failures of late, the room for hashing, the denials not told yet.

use std::fs::File;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac;
use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use wardgate_authz::Operation;
use wardgate_identity::{
    Checked, Cost, Counted, Delays, HashFault, Network, check_new_password, check_password,
    hash_password, is_breached,
};
use wardgate_records::Store;

use crate::denials::{Denial, Denials};
use crate::refusal::Refusal;

/// One for all pages of sign-in.
pub(super) struct Porter {
    delays: Mutex<Delays>,
    /// Digests names, so that no list of who tried what is kept.
    key: hmac::Key,
    hashing: Arc<Semaphore>,
    /// Who hashes and who waits for it.
    queue: Arc<Semaphore>,
    denials: Denials,
}

/// Whoever tries to sign in, as far as it matters for delays.
pub(super) struct Trying<'a> {
    pub(super) name: &'a str,
    /// The cookie of a device that is known for this name.
    pub(super) known_device: Option<&'a str>,
    pub(super) peer: Option<IpAddr>,
}

impl Porter {
    pub(super) fn new() -> Self {
        let key: [u8; 32] = wardgate_vault::random();
        Self {
            delays: Mutex::default(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            hashing: Arc::new(Semaphore::new(HASHING_MAX)),
            queue: Arc::new(Semaphore::new(HASHING_MAX + WAITING_MAX)),
            denials: Denials::default(),
        }
    }

    /// Refuses an attempt that comes too soon after failures, before anything is looked at: the
    /// answer is the same whether or not there is such a person.
    pub(super) fn admit(&self, trying: &Trying<'_>, now: Timestamp) -> Result<(), Refusal> {
        let delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        match delays.wait_ms(&self.counted(trying), now) {
            0 => Ok(()),
            wait_ms => Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "sign_in.too_soon",
                format!("too many attempts failed; wait {}", in_words(wait_ms)),
                "a passkey works at once, and so does a device that you signed in from before",
            )),
        }
    }

    pub(super) fn failed(&self, trying: &Trying<'_>, now: Timestamp) {
        let counted = self.counted(trying);
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.failed(&counted, now);
    }

    pub(super) fn succeeded(&self, trying: &Trying<'_>) {
        let counted = self.counted(trying);
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.succeeded(&counted);
    }

    /// A known device stands apart from the name and from its network: a whole ward shares one.
    fn counted(&self, trying: &Trying<'_>) -> Vec<Counted> {
        if let Some(device) = trying.known_device {
            return vec![Counted::Device(self.digest(&[trying.name, device]))];
        }
        let mut counted = vec![Counted::Name(self.digest(&[trying.name]))];
        counted.extend(trying.peer.map(|peer| Counted::Network(Network::of(peer))));
        counted
    }

    fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        context.sign().as_ref().try_into().unwrap_or_default()
    }

    /// Checks a password in the bounded pool, with the same work when there is none to check it
    /// against.
    pub(super) async fn check(
        &self,
        password: SecretString,
        stored: Option<Vec<u8>>,
    ) -> Result<Checked, Refusal> {
        self.hash(move || check_password(&password, stored.as_deref()))
            .await?
            .map_err(|HashFault| Refusal::internal())
    }

    /// Hashes a new password in the bounded pool; the fault of one that may not be.
    pub(super) async fn keep(
        &self,
        password: SecretString,
        person: String,
        breached: Option<&Path>,
    ) -> Result<Result<Vec<u8>, String>, Refusal> {
        let breached = breached.map(Path::to_path_buf);
        self.hash(move || {
            if let Err(fault) = check_new_password(&password, &person) {
                return Ok(Err(fault.to_string()));
            }
            if let Some(path) = breached {
                let listed =
                    File::open(&path).and_then(|mut list| is_breached(&password, &mut list));
                match listed {
                    Ok(false) => {}
                    Ok(true) => {
                        return Ok(Err(wardgate_identity::PasswordFault::Breached.to_string()));
                    }
                    Err(error) => {
                        // Without the list nobody can say that a password is not on it.
                        tracing::error!(%error, "the list of breached passwords can not be read");
                        return Err(HashFault);
                    }
                }
            }
            hash_password(&password, wardgate_vault::random(), Cost::CURRENT).map(Ok)
        })
        .await?
        .map_err(|HashFault| Refusal::internal())
    }

    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(_place) = self.queue.clone().try_acquire_owned() else {
            return Err(Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "sign_in.busy",
                "too many passwords are being checked right now",
                "try again in a moment, or use a passkey",
            ));
        };
        let turn = self.hashing.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Refusal::internal())?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| Refusal::internal())
    }

    /// Tells the ledger of a sign-in that was denied.
    pub(super) async fn denied(
        &self,
        code: &'static str,
        person: Option<&str>,
        store: &Store,
        now: Timestamp,
    ) {
        let denial = Denial {
            code: code.into(),
            operation: Operation::AccountOwn,
            who: person.map(str::to_owned),
        };
        self.denials.tell(denial, store, now).await;
    }
}

fn in_words(wait_ms: u64) -> String {
    match wait_ms.div_ceil(1_000) {
        1 => "one second".to_owned(),
        seconds @ ..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// How many passwords are hashed at a time: each takes 32 MiB and a core.
const HASHING_MAX: usize = 2;
/// How many more wait for it.
const WAITING_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_stranger_can_not_lock_a_clinician_out() {
        let porter = Porter::new();
        let of = |known_device, peer: &str| Trying {
            name: "dr.osei",
            known_device,
            peer: Some(peer.parse().unwrap()),
        };
        for _ in 0..500 {
            porter.failed(&of(None, "198.51.100.9"), at(0));
        }
        assert!(porter.admit(&of(None, "198.51.100.9"), at(0)).is_err());
        assert!(porter.admit(&of(None, "192.0.2.1"), at(0)).is_err());
        assert!(
            porter
                .admit(&of(Some("cookie"), "198.51.100.9"), at(0))
                .is_ok()
        );
    }

    #[tokio::test]
    async fn hashing_beyond_its_queue_is_refused() {
        let porter = Porter::new();
        let _all = porter
            .queue
            .clone()
            .try_acquire_many_owned(u32::try_from(HASHING_MAX + WAITING_MAX).unwrap())
            .unwrap();
        let refused = porter
            .check(SecretString::from("x"), None)
            .await
            .unwrap_err();
        assert_eq!(&*refused.code, "sign_in.busy");
    }

    #[test]
    fn a_wait_is_said_in_words() {
        assert_eq!(in_words(1), "one second");
        assert_eq!(in_words(10_000), "10 seconds");
        assert_eq!(in_words(600_000), "10 minutes");
    }
}
