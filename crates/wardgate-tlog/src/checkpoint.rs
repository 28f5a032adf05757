//! C2SP tlog-checkpoint: origin, size and root of a log, signed as a note.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::note::{Note, NoteFault, Signer, VerifierKey};
use crate::tree::Hash;

/// The head of a log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The identity of the log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint note; extension lines are skipped.
    pub fn parse(text: &str) -> Result<Self, CheckpointFault> {
        let body = text.strip_suffix('\n').ok_or(CheckpointFault::Malformed)?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointFault::Malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointFault::Malformed);
        }
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: parse_size(size).ok_or(CheckpointFault::Malformed)?,
            root: root.ok_or(CheckpointFault::Malformed)?,
        })
    }

    /// Checks the signature of `key` on a checkpoint note and reads it.
    pub fn open(note: &[u8], key: &VerifierKey) -> Result<Self, CheckpointFault> {
        Self::open_all(note, std::slice::from_ref(key))
    }

    /// Checks the signatures of all `keys` of a log on a checkpoint note and reads it.
    ///
    /// Each must be there; with no key at all, nothing is signed.
    pub fn open_all(note: &[u8], keys: &[VerifierKey]) -> Result<Self, CheckpointFault> {
        let note = Note::parse(note)?;
        if keys.is_empty() {
            return Err(NoteFault::NotSigned.into());
        }
        for key in keys {
            note.open(key)?;
        }
        let checkpoint = Self::parse(note.unchecked_text())?;
        if keys.iter().all(|key| checkpoint.origin == key.name()) {
            Ok(checkpoint)
        } else {
            Err(CheckpointFault::Origin)
        }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )
    }

    /// The note, signed with every key of the log at a time in seconds since 1970.
    pub fn sign(&self, signer: &Signer, timestamp: u64) -> Result<String, NoteFault> {
        signer.sign_checkpoint(&self.text(), timestamp)
    }
}

/// What is wrong with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// The text is not origin, size and root.
    #[error("the text is not a checkpoint")]
    Malformed,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of another log")]
    Origin,
    /// The note around it is wrong.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

/// Reads a number without sign or leading zeroes.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_reads() {
        let text = "example.com/behind-the-sofa\n20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.text(), text);
    }

    #[test]
    fn faults_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for text in [
            String::new(),
            format!("\n1\n{root}\n"),
            format!("o\n01\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n\n{root}\n"),
            format!("o\n1\n{root}"),
            format!("o\n1\n{root}\n\n"),
            format!("o\n99999999999999999999\n{root}\n"),
            "o\n1\nAAAA\n".to_owned(),
            format!("o\n1\n{}\n", root.replace("2I=", "2J=")),
        ] {
            assert_eq!(
                Checkpoint::parse(&text),
                Err(CheckpointFault::Malformed),
                "{text:?}"
            );
        }
        assert!(Checkpoint::parse(&format!("o\n1\n{root}\nextension\n")).is_ok());
    }
}
