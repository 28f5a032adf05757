//! Backups that keep shredding true.
//!
//! A backup has two parts that lie apart. The data set holds everything that is sealed or public:
//! encrypted objects that never change, named by a keyed digest of what they hold, and for each
//! backup a signed head that says which objects make it. The key set holds the wrapped keys, one
//! object for each patient: it is a mirror and not a history, so a shredded patient's wrapped key
//! leaves it at once when it is in reach, with the next backup otherwise, and the whole of it
//! ends after a stated time.
//!
//! ```text
//! DIR/lock                     one backup at a time
//! DIR/ledger.vkey              verifier key, for a look at the heads
//! DIR/unfinished               objects that are durable though no head names them yet
//! DIR/objects/<2 hex>/<name>   one encrypted piece of a file
//! DIR/heads/<id>               signed: this backup is complete
//! DIR/heads/<id>.manifest      encrypted: the files and the objects they are made of
//! DIR/heads/<id>.objects       every object with its length and digest as it lies here
//!
//! KEYS/set                     signed: whose keys, made when, kept until when
//! KEYS/vault/<name>            encrypted: the wrapped root and tenant keys
//! KEYS/patients/<2 hex>/<handle>.<digest>
//! ```

pub(crate) mod collect;
pub(crate) mod expire;
pub(crate) mod files;
pub(crate) mod head;
pub(crate) mod key_set;
pub(crate) mod make;
pub(crate) mod objects;
pub(crate) mod restore;
pub(crate) mod verify;

/// The longest piece of a file that becomes one object.
pub(crate) const PIECE_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use wardgate_vault::{KdfCost, PassphraseProvider, Recovery, Vault};

    /// A new vault in a directory.
    pub(super) fn vault(dir: &Path) -> Vault {
        let passphrase = "correct horse battery staple".into();
        let provider = PassphraseProvider::new(passphrase, KdfCost::FLOOR);
        Vault::init(dir, Arc::new(provider), &Recovery::none()).unwrap()
    }
}
