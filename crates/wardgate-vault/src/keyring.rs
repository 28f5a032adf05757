//! The keys of a vault: a root key that a provider wraps, and the keys that the root key wraps.
//!
//! ```text
//! provider --wraps--> root key --wraps--> tenant keys, one per version: wrap patient keys and data keys
//!                              --wraps--> derivation key: everything that must stay the same
//! recovery recipients --wrap--> root key
//! ```
//!
//! A rotation of the root replaces the one file `keys.json`. A rotation of the tenant key adds
//! a version; older versions stay, because payloads are never written again. The derivation
//! key is apart from both: were it to change, API keys, blind indexes and the ledger's signer
//! would change with it. In a vault of format version 1 the first tenant key is the derivation
//! key too, and stays it.

mod file;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::age::{Identity, Recipient};
use crate::derive::{KEY_ID_BYTES, Label, derive, key_id};
use crate::error::VaultError;
use crate::files;
use crate::provider::KeyProvider;
use crate::recovery::{self, Recovery};
use crate::secret::{Secret, random, scrub_stack};
use file::{KeyEntry, KeyFile, Read, RecoveryEntry, RootEntry};

/// The opened keys of a vault.
#[derive(Debug)]
pub(crate) struct Keyring {
    pub(crate) tenant: [u8; TENANT_BYTES],
    /// Counts the times that the file was written.
    pub(crate) generation: u64,
    pub(crate) derivation: Secret,
    /// Oldest first; the last one is current. Never empty.
    pub(crate) tenant_keys: Vec<TenantKey>,
    /// Whether things may still be wrapped under an older tenant key than they should.
    pub(crate) rewrapping: bool,
}

/// One version of the tenant key.
#[derive(Debug)]
pub(crate) struct TenantKey {
    pub(crate) version: u32,
    pub(crate) id: [u8; KEY_ID_BYTES],
    pub(crate) key: Secret,
}

/// What the key file tells without any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultStatus {
    /// Format version of the key file.
    pub format: u32,
    /// Version of the root key.
    pub root: u32,
    /// Who wraps the root key, as the provider described itself.
    pub provider: String,
    /// Versions of the tenant key, oldest first; the last one is current.
    pub tenant_keys: Vec<TenantKeyStatus>,
    /// Whether a rotation of the tenant key has begun and not ended.
    pub rewrapping: bool,
    /// Who can recover the root key without the provider.
    pub recovery: Vec<String>,
}

/// What one version of the tenant key is still needed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKeyStatus {
    /// The version.
    pub version: u32,
    /// How many patient keys it wraps. Payloads that it sealed are not among them.
    pub patient_keys: u64,
    pub(crate) id: [u8; KEY_ID_BYTES],
}

/// The file `keys.json` of one vault.
#[derive(Clone, Debug)]
pub(crate) struct KeyringFile {
    path: PathBuf,
}

impl KeyringFile {
    pub(crate) fn of(dir: &Path) -> Self {
        Self {
            path: dir.join("keys.json"),
        }
    }

    /// Makes new keys and writes them to a file that must not exist.
    pub(crate) fn create(
        &self,
        provider: &dyn KeyProvider,
        recovery: &Recovery,
    ) -> Result<Keyring, VaultError> {
        let keyring = Keyring {
            tenant: random(),
            generation: 1,
            derivation: Secret::random(),
            tenant_keys: vec![TenantKey::new(1)],
            rewrapping: false,
        };
        let file = keyring.under_new_root(1, provider, &recovery.or_keep(&[])?)?;
        if !files::create(&self.path, &file)? {
            return Err(VaultError::AlreadyExists {
                path: self.path.clone(),
            });
        }
        Ok(keyring)
    }

    /// Opens the keys through their provider.
    pub(crate) fn open(&self, provider: &dyn KeyProvider) -> Result<Keyring, VaultError> {
        let read = self.read()?;
        let root = self.root(&read, provider)?;
        self.open_with(&read, &root)
    }

    /// Opens the keys without their provider.
    pub(crate) fn recover(&self, identity: &Identity) -> Result<Keyring, VaultError> {
        let read = self.read()?;
        let root = self.recovered_root(&read, identity)?;
        self.open_with(&read, &root)
    }

    /// Proves that the provider still gives the root key, and forgets it again.
    pub(crate) fn check(&self, provider: &dyn KeyProvider) -> Result<(), VaultError> {
        self.root(&self.read()?, provider).map(|_| ())
    }

    pub(crate) fn status(&self) -> Result<VaultStatus, VaultError> {
        let read = self.read()?;
        Ok(VaultStatus {
            format: read.format,
            root: read.file.root.version,
            provider: read.file.root.provider,
            tenant_keys: read
                .file
                .tenant_keys
                .iter()
                .map(TenantKeyStatus::of)
                .collect(),
            rewrapping: read.file.rewrapping,
            recovery: read
                .file
                .recovery
                .into_iter()
                .map(|wrap| wrap.recipient)
                .collect(),
        })
    }

    /// How often the file was written, without any key.
    pub(crate) fn generation(&self) -> Result<u64, VaultError> {
        Ok(self.read()?.file.generation)
    }

    /// Makes a new root key under `to` and wraps everything anew, in one step. Without new
    /// recipients the recovery wraps are made for those the file names.
    pub(crate) fn rotate_root(
        &self,
        from: &dyn RootSource,
        to: &dyn KeyProvider,
        recovery: &Recovery,
    ) -> Result<(Keyring, u32), VaultError> {
        let read = self.read()?;
        let root = from.root(self, &read)?;
        let mut keyring = self.open_with(&read, &root)?;
        keyring.generation += 1;
        let version = read.file.root.version + 1;
        let known = read.file.recovery.into_iter().map(|wrap| wrap.recipient);
        let recovery = recovery.or_keep(&known.collect::<Vec<_>>())?;
        let file = keyring.under_new_root(version, to, &recovery)?;
        // A provider that can not give back what it just wrapped must not become the only way in.
        KeyFile::decode(&self.path, &file).and_then(|read| self.root(&read, to))?;
        files::replace(&self.path, &file)?;
        Ok((keyring, version))
    }

    /// Adds a version of the tenant key, or says which one an unfinished rotation added.
    pub(crate) fn add_tenant_key(&self, provider: &dyn KeyProvider) -> Result<Keyring, VaultError> {
        self.change(provider, |keyring| {
            if keyring.rewrapping {
                return Ok(false);
            }
            if keyring.tenant_keys.len() >= TENANT_KEYS_MAX {
                return Err(VaultError::TooManyKeys {
                    max: TENANT_KEYS_MAX,
                });
            }
            let newest = keyring.tenant_keys.last().map_or(0, |key| key.version);
            keyring.tenant_keys.push(TenantKey::new(newest + 1));
            keyring.rewrapping = true;
            Ok(true)
        })
    }

    /// Notes that nothing waits to be rewrapped any more.
    pub(crate) fn end_rewrapping(&self, provider: &dyn KeyProvider) -> Result<Keyring, VaultError> {
        self.change(provider, |keyring| {
            Ok(std::mem::replace(&mut keyring.rewrapping, false))
        })
    }

    fn change(
        &self,
        provider: &dyn KeyProvider,
        change: impl FnOnce(&mut Keyring) -> Result<bool, VaultError>,
    ) -> Result<Keyring, VaultError> {
        let read = self.read()?;
        let root = self.root(&read, provider)?;
        let mut keyring = self.open_with(&read, &root)?;
        if change(&mut keyring)? {
            keyring.generation += 1;
            let file = keyring.under(&root, read.file.root, read.file.recovery)?;
            files::replace(&self.path, &file)?;
        }
        Ok(keyring)
    }

    #[cfg(test)]
    pub(crate) fn root_for_test(&self, provider: &dyn KeyProvider) -> Secret {
        self.root(&self.read().unwrap(), provider).unwrap()
    }

    fn read(&self) -> Result<Read, VaultError> {
        let missing = || VaultError::Missing {
            path: self.path.parent().unwrap_or(&self.path).to_owned(),
        };
        let bytes = files::read(&self.path, FILE_BYTES_MAX)?.ok_or_else(missing)?;
        KeyFile::decode(&self.path, &bytes)
    }

    fn root(&self, read: &Read, provider: &dyn KeyProvider) -> Result<Secret, VaultError> {
        let entry = &read.file.root;
        let context = root_context(&read.file.tenant, entry.check);
        let root = provider.unwrap(&entry.wrapped, &context);
        scrub_stack();
        let root = root?;
        named(&root, entry.check).ok_or_else(|| VaultError::OtherRoot {
            provider: provider.describe(),
        })
    }

    fn recovered_root(&self, read: &Read, identity: &Identity) -> Result<Secret, VaultError> {
        if read.file.recovery.is_empty() {
            return Err(VaultError::NoRecovery);
        }
        read.file
            .recovery
            .iter()
            .filter_map(|entry| recovery::unwrap(identity, &entry.wrapped))
            .find_map(|root| named(&root, read.file.root.check))
            .ok_or(VaultError::WrongIdentity)
    }

    fn open_with(&self, read: &Read, root: &Secret) -> Result<Keyring, VaultError> {
        let damaged = |what| VaultError::damaged(&self.path, what);
        let file = &read.file;
        if !read.is_from_holder_of(root) {
            return Err(damaged("it was altered by someone without its root key"));
        }
        let open = |entry: &KeyEntry, role| entry.open(root, &file.tenant, role);
        let mut tenant_keys = Vec::with_capacity(file.tenant_keys.len());
        for entry in &file.tenant_keys {
            let key = open(entry, TENANT).ok_or_else(|| damaged("a tenant key does not open"))?;
            tenant_keys.push(TenantKey {
                version: entry.version,
                id: entry.check,
                key,
            });
        }
        let first = tenant_keys
            .first()
            .ok_or_else(|| damaged("it has no tenant key"))?;
        let derivation = match &file.derivation {
            Some(entry) => open(entry, DERIVATION)
                .ok_or_else(|| damaged("the derivation key does not open"))?,
            None => first.key.copy(),
        };
        Ok(Keyring {
            tenant: file.tenant,
            generation: file.generation,
            derivation,
            tenant_keys,
            rewrapping: file.rewrapping,
        })
    }
}

/// Where the root key comes from when it is replaced.
pub(crate) trait RootSource {
    fn root(&self, file: &KeyringFile, read: &Read) -> Result<Secret, VaultError>;
}

impl RootSource for &dyn KeyProvider {
    fn root(&self, file: &KeyringFile, read: &Read) -> Result<Secret, VaultError> {
        file.root(read, *self)
    }
}

impl RootSource for &Identity {
    fn root(&self, file: &KeyringFile, read: &Read) -> Result<Secret, VaultError> {
        file.recovered_root(read, self)
    }
}

impl Keyring {
    /// The bytes of a file with these keys under a new root key.
    fn under_new_root(
        &self,
        version: u32,
        provider: &dyn KeyProvider,
        recovery: &[Recipient],
    ) -> Result<Vec<u8>, VaultError> {
        let root = Secret::random();
        let check = key_id(&root);
        let entry = RootEntry {
            version,
            provider: provider.describe(),
            check,
            wrapped: provider.wrap(root.bytes(), &root_context(&self.tenant, check))?,
        };
        let mut wraps = Vec::new();
        for recipient in recovery {
            wraps.push(RecoveryEntry {
                recipient: recipient.to_string(),
                wrapped: recovery::wrap(recipient, root.bytes())?,
            });
        }
        self.under(&root, entry, wraps)
    }

    fn under(
        &self,
        root: &Secret,
        entry: RootEntry,
        recovery: Vec<RecoveryEntry>,
    ) -> Result<Vec<u8>, VaultError> {
        let seal = |version, key, role| KeyEntry::seal(version, key, root, &self.tenant, role);
        let mut tenant_keys = Vec::with_capacity(self.tenant_keys.len());
        for key in &self.tenant_keys {
            tenant_keys.push(seal(key.version, &key.key, TENANT)?);
        }
        let file = KeyFile {
            generation: self.generation,
            tenant: self.tenant,
            root: entry,
            tenant_keys,
            derivation: Some(seal(1, &self.derivation, DERIVATION)?),
            rewrapping: self.rewrapping,
            recovery,
        };
        file.encode(root)
    }
}

impl TenantKeyStatus {
    fn of(entry: &KeyEntry) -> Self {
        Self {
            version: entry.version,
            patient_keys: 0,
            id: entry.check,
        }
    }
}

impl TenantKey {
    fn new(version: u32) -> Self {
        let key = Secret::random();
        Self {
            version,
            id: key_id(&key),
            key,
        }
    }
}

/// The bytes as a key, if they are the key with this check value.
fn named(bytes: &Zeroizing<[u8; 32]>, check: [u8; KEY_ID_BYTES]) -> Option<Secret> {
    let key = Secret::of(bytes);
    (key_id(&key) == check).then_some(key)
}

/// What the wrapping of a root key is bound to.
fn root_context(tenant: &[u8; TENANT_BYTES], check: [u8; KEY_ID_BYTES]) -> Vec<u8> {
    file::aad(tenant, b"root", check)
}

/// The key that proves that the file was written by a holder of the root key.
fn file_key(root: &Secret, tenant: &[u8; TENANT_BYTES]) -> crate::derive::DerivedKey {
    derive(root, tenant, Label::KeyFile)
}

pub(crate) const TENANT_BYTES: usize = 16;
const TENANT: &[u8] = b"tenant";
const DERIVATION: &[u8] = b"derivation";
const TENANT_KEYS_MAX: usize = 256;
const FILE_BYTES_MAX: u64 = 256 * 1024;
