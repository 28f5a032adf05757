//! Asks the witnesses of a policy for their cosignatures, and tells a witness that is away
//! from one that contradicts us.

use thiserror::Error;
use wardgate_tlog::note::VerifierKey;
use wardgate_tlog::policy::Policy;
use wardgate_tlog::witness::{
    ADD_CHECKPOINT, AddCheckpoint, RESPONSE_BYTES_MAX, add_cosignatures, parse_conflict,
};

use crate::http::{Client, HttpFault};
use crate::own_tree::{OwnFault, OwnTree};

/// One witness by its address; its keys are those of all lines of the policy with the address.
#[derive(Debug)]
pub struct Peer {
    name: String,
    url: String,
    keys: Vec<VerifierKey>,
    /// The size that the witness cosigned last, as far as we know.
    known: Option<u64>,
    /// The latest time that any of its cosignatures carried.
    latest: u64,
}

/// The witnesses of a policy that have an address.
pub fn peers(policy: &Policy) -> Vec<Peer> {
    let mut peers: Vec<Peer> = Vec::new();
    for witness in policy.witnesses() {
        let url = witness.url.as_deref().map(String::from_utf8_lossy);
        let Some(url) = url else {
            continue;
        };
        let url = url.trim_end_matches('/');
        match peers.iter_mut().find(|peer| peer.url == url) {
            Some(peer) => peer.keys.push(witness.key.clone()),
            None => peers.push(Peer {
                name: String::from_utf8_lossy(&witness.name).into_owned(),
                url: url.to_owned(),
                keys: vec![witness.key.clone()],
                known: None,
                latest: 0,
            }),
        }
    }
    peers
}

impl Peer {
    /// Its name in the policy.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gets its cosignatures on our tree: `note` with their lines added.
    pub fn cosign(
        &mut self,
        client: &Client,
        tree: &OwnTree,
        note: &str,
    ) -> Result<String, PeerFault> {
        let mut old = self.known.unwrap_or(0);
        for _ in 0..ATTEMPTS_MAX {
            match self.ask(client, tree, old, tree_note(tree)?)? {
                Said::Lines(lines) => {
                    let (longer, signed) = add_cosignatures(note, &lines, &self.keys)
                        .map_err(|_| PeerFault::BadCosignature)?;
                    if signed.iter().all(Option::is_none) {
                        return Err(PeerFault::NoCosignature);
                    }
                    let times = signed
                        .iter()
                        .flatten()
                        .filter_map(|signed| signed.timestamp);
                    // An ML-DSA-44 cosignature with the time 0 states none.
                    let times: Vec<u64> = times.filter(|time| *time > 0).collect();
                    if times.iter().any(|time| *time < self.latest) {
                        return Err(PeerFault::BackInTime);
                    }
                    self.latest = times.into_iter().max().unwrap_or(self.latest);
                    self.known = Some(tree.size());
                    return Ok(longer);
                }
                Said::Size(size) if size > tree.size() => {
                    let ours = tree.size();
                    return Err(PeerFault::Ahead { size, ours });
                }
                // It has the size that we named, so it has another root there.
                Said::Size(size) if size == old => return Err(PeerFault::Different { size }),
                Said::Size(size) => {
                    old = size;
                    self.known = Some(size);
                }
            }
        }
        Err(PeerFault::Restless)
    }

    fn ask(
        &self,
        client: &Client,
        tree: &OwnTree,
        old: u64,
        checkpoint: String,
    ) -> Result<Said, PeerFault> {
        // A witness that has more than we is asked from our size: it will say so again.
        let old_size = old.min(tree.size());
        let request = AddCheckpoint {
            old_size,
            proof: tree.consistency(old_size)?,
            checkpoint,
        };
        let body = request.body().map_err(|_| PeerFault::Protocol)?;
        let url = format!("{}/{ADD_CHECKPOINT}", self.url);
        let answer = client.post(&url, "text/plain", body.as_bytes(), RESPONSE_BYTES_MAX)?;
        match answer.status {
            200 => Ok(Said::Lines(answer.body)),
            409 => parse_conflict(&answer.body)
                .map(Said::Size)
                .map_err(|_| PeerFault::Protocol),
            422 => Err(PeerFault::Inconsistent { size: old_size }),
            status => Err(PeerFault::Refused { status }),
        }
    }
}

enum Said {
    /// It cosigned: its signature lines.
    Lines(Vec<u8>),
    /// It did not: the size that it has.
    Size(u64),
}

/// Why there is no cosignature.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PeerFault {
    /// It is away.
    #[error(transparent)]
    Away(#[from] HttpFault),
    /// It refuses.
    #[error("the witness answered with status {status}")]
    Refused {
        /// The status.
        status: u16,
    },
    /// It does not speak the protocol.
    #[error("the witness does not speak c2sp.org/tlog-witness")]
    Protocol,
    /// It names other sizes again and again.
    #[error("the witness names another size each time")]
    Restless,
    /// Its answer holds no cosignature of its keys in the policy.
    #[error("the answer holds no cosignature of the witness's keys in the policy")]
    NoCosignature,
    /// Its cosignature is wrong.
    #[error("the cosignature of the witness does not fit")]
    BadCosignature,
    /// Its clock went back.
    #[error("the cosignature of the witness is older than the one before")]
    BackInTime,
    /// It says that it has cosigned more than we have.
    #[error("the witness says that it cosigned {size} entries, our ledger has {ours}")]
    Ahead {
        /// What it says.
        size: u64,
        /// What we have.
        ours: u64,
    },
    /// It has another root at the same size.
    #[error("the witness has another tree than ours at size {size}")]
    Different {
        /// The size.
        size: u64,
    },
    /// It says that our tree does not continue the one that it cosigned.
    #[error("the witness says that our tree does not continue the one of {size} entries")]
    Inconsistent {
        /// The size that the proof was made from.
        size: u64,
    },
    /// Our own tree does not read.
    #[error(transparent)]
    Own(#[from] OwnFault),
}

impl PeerFault {
    /// Whether the witness contradicts us or lies, rather than being away.
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::BadCosignature
                | Self::Ahead { .. }
                | Self::Different { .. }
                | Self::Inconsistent { .. }
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Away(_) => "check the address of the witness in the policy, and the network",
            Self::Refused { status: 403 | 404 } => {
                "have the witness told of this log: `wardgate witness add-log` with the lines of \
                 `ledger.vkey`"
            }
            Self::Refused { .. } | Self::Protocol | Self::Restless | Self::BackInTime => {
                "ask the operator of the witness"
            }
            Self::NoCosignature | Self::BadCosignature => {
                "compare the witness's keys with those in the policy; a witness that lies has to go"
            }
            Self::Ahead { .. } | Self::Different { .. } | Self::Inconsistent { .. } => {
                "either our ledger was rolled back or the witness lies: compare both before going on"
            }
            Self::Own(error) => error.hint(),
        }
    }
}

fn tree_note(tree: &OwnTree) -> Result<String, PeerFault> {
    String::from_utf8(tree.note().to_vec()).map_err(|_| PeerFault::Protocol)
}

/// Once from what we remember, once from what it says, once more if somebody came between.
const ATTEMPTS_MAX: usize = 3;
