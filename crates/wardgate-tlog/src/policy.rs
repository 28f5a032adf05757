//! C2SP tlog-policy: which logs and which quorum of witnesses make a checkpoint count.

mod parse;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::note::{Note, NoteFault, Signed, VerifierKey};

/// A trust policy: known logs, known witnesses and the quorum of them that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// `None` when no cosignature is required.
    quorum: Option<Member>,
}

/// A log whose checkpoints count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The key; its name is the origin of the log.
    pub key: VerifierKey,
    /// Where to reach the log, if the policy says.
    pub url: Option<Vec<u8>>,
}

/// A witness that the quorum may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name within the policy.
    pub name: Vec<u8>,
    /// The key of its cosignatures.
    pub key: VerifierKey,
    /// Its submission prefix, if the policy says.
    pub url: Option<Vec<u8>>,
}

/// Names of which at least `threshold` must have witnessed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

/// A witness or a group, by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// A checkpoint that the policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The logs of the policy that signed it, by their place in [`Policy::logs`].
    pub logs: Vec<usize>,
    /// The witnesses that cosigned it, by their place in [`Policy::witnesses`], and when.
    pub witnesses: Vec<(usize, Signed)>,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyFault> {
        parse::parse(file)
    }

    /// The known logs, in the order of the file.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The known witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The policy that names no log and requires no cosignature.
    pub fn without_witnesses() -> Self {
        Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            groups: Vec::new(),
            quorum: None,
        }
    }

    /// Takes logs that are known from elsewhere into a policy that names none itself.
    #[must_use]
    pub fn or_logs(mut self, keys: &[VerifierKey]) -> Self {
        if self.logs.is_empty() {
            let log = |key: &VerifierKey| Log {
                key: key.clone(),
                url: None,
            };
            self.logs = keys.iter().map(log).collect();
        }
        self
    }

    /// Checks a checkpoint note: one known log has signed it and the quorum has cosigned it.
    ///
    /// A bad signature of any known key refuses the note.
    pub fn check(&self, note: &[u8]) -> Result<Accepted, Rejection> {
        let note = Note::parse(note)?;
        let mut logs = Vec::new();
        let mut witnesses = Vec::new();
        for (place, log) in self.logs.iter().enumerate() {
            logs.extend(note.signed_by(&log.key)?.map(|_| place));
        }
        for (place, witness) in self.witnesses.iter().enumerate() {
            witnesses.extend(note.signed_by(&witness.key)?.map(|signed| (place, signed)));
        }
        if logs.is_empty() {
            return Err(Rejection::Log);
        }
        let checkpoint = Checkpoint::parse(note.unchecked_text())?;
        logs.retain(|place| {
            let log = self.logs.get(*place);
            log.is_some_and(|log| log.key.name() == checkpoint.origin)
        });
        if logs.is_empty() {
            return Err(Rejection::Checkpoint(CheckpointFault::Origin));
        }
        if !self.quorum_of(|place| witnesses.iter().any(|(cosigned, _)| *cosigned == place)) {
            return Err(Rejection::Quorum {
                witnesses: witnesses.len(),
            });
        }
        Ok(Accepted {
            checkpoint,
            logs,
            witnesses,
        })
    }

    /// Whether the witnesses for which `cosigned` holds, by their place, make the quorum.
    pub fn quorum_of(&self, cosigned: impl Fn(usize) -> bool) -> bool {
        // A group names only groups before it, so one pass in order knows them all.
        let mut reached: Vec<bool> = Vec::with_capacity(self.groups.len());
        let holds = |member: &Member, reached: &[bool]| match member {
            Member::Witness(place) => cosigned(*place),
            Member::Group(place) => reached.get(*place).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let members = group.members.iter();
            let count = members.filter(|member| holds(member, &reached)).count();
            reached.push(count >= group.threshold);
        }
        self.quorum.is_none_or(|quorum| holds(&quorum, &reached))
    }
}

/// Why a policy does not accept a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No log of the policy has signed it.
    #[error("no log of the policy has signed the checkpoint")]
    Log,
    /// Too few witnesses have cosigned it.
    #[error(
        "{witnesses} witnesses of the policy have cosigned the checkpoint, too few for its quorum"
    )]
    Quorum {
        /// How many have.
        witnesses: usize,
    },
    /// The note or a signature of a known key is wrong.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// The text is no checkpoint, or of another log than its signature.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
}

impl Rejection {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Log => "check that the policy names the key of this log",
            Self::Quorum { .. } => "take a checkpoint that more witnesses have cosigned",
            Self::Note(_) | Self::Checkpoint(_) => "check where the checkpoint came from",
        }
    }
}

/// What is wrong with a policy file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the policy: {what}")]
pub struct PolicyFault {
    line: usize,
    what: PolicyError,
}

impl PolicyFault {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it.
    pub fn what(&self) -> PolicyError {
        self.what
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "write the policy in the form of c2sp.org/tlog-policy"
    }
}

/// What can be wrong with a line of a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Longer than is read.
    #[error(
        "the file has more than {POLICY_BYTES_MAX} bytes or {ITEMS_MAX} logs, witnesses or groups"
    )]
    TooLong,
    /// An octet that may not stand in a policy.
    #[error("a control character other than tab and newline")]
    Character,
    /// The last line has no newline.
    #[error("the last line does not end in a newline")]
    NoNewline,
    /// Not a log, witness, group or quorum line.
    #[error("not a line of the form log, witness, group or quorum")]
    Line,
    /// A key that does not read.
    #[error("{0}")]
    Key(NoteFault),
    /// A witness key that makes no cosignatures.
    #[error("the key of a witness must be of a cosignature type")]
    WitnessKey,
    /// Two logs or two witnesses with one public key.
    #[error("the same public key a second time")]
    DuplicateKey,
    /// A name that is defined already or reserved.
    #[error("a name that is already taken")]
    DuplicateName,
    /// A name that no line before defines.
    #[error("a name that no line before this one defines")]
    UnknownName,
    /// A name that already is a member of a group.
    #[error("a name that is already a member of a group")]
    SecondMembership,
    /// A threshold that is not between 1 and the number of members.
    #[error(
        "a threshold that is neither `any`, `all` nor a number from 1 to the number of members"
    )]
    Threshold,
    /// A second quorum line.
    #[error("a second quorum line")]
    SecondQuorum,
    /// The file has no quorum line.
    #[error("the file ends without a quorum line")]
    NoQuorum,
}

/// The longest policy file that is read.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// How many logs, witnesses and groups, each, a policy may have.
pub const ITEMS_MAX: usize = 256;

#[cfg(test)]
mod tests;
