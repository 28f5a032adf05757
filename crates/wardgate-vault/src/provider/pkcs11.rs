//! PKCS#11: the root key is wrapped by a key that does not leave a hardware token.
//!
//! The key is an AES-256 key that the token made and does not give out; it wraps with
//! AES-GCM under a fresh nonce, with the context of the wrap as associated data. Each
//! operation opens a session, logs in and closes it again, so a token that was pulled and
//! put back is used again without a restart.
//!
//! What it does not do: a module that hangs is waited for, as PKCS#11 has no deadlines.

mod session;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::{KeyProvider, ProviderError, secret_file};
use crate::secret::random;

/// Which key of which token wraps, and how to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11Settings {
    /// The module of the token's maker: a shared library.
    pub module: PathBuf,
    /// The token.
    pub token: TokenName,
    /// The label of the key on it.
    pub key: String,
    /// A file of mode 0600 whose first line is the user's PIN.
    pub pin_file: PathBuf,
}

/// How a token is told from the others in the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenName {
    /// By the label it was given.
    Label(String),
    /// By the serial number of its maker.
    Serial(String),
}

/// Wraps the root key with a key on a PKCS#11 token.
#[derive(Debug)]
pub struct Pkcs11Provider {
    settings: Pkcs11Settings,
}

/// Digests of PINs that a token refused, the latest last. They are not tried again in this
/// process: tokens lock themselves after a few wrong ones, and a server that waits for its key
/// tries often, each time with a provider made anew.
static REFUSED_PINS: Mutex<Vec<[u8; 32]>> = Mutex::new(Vec::new());

impl Pkcs11Provider {
    /// A provider with these settings. Nothing is opened until it is used.
    #[must_use]
    pub fn new(settings: Pkcs11Settings) -> Self {
        Self { settings }
    }

    /// Makes the key on the token. Returns false when a key with this label is there already.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn create_key(&self) -> Result<bool, ProviderError> {
        self.with_session(|session| {
            if !self.keys(session)?.is_empty() {
                return Ok(false);
            }
            let template = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(32.into()),
                Attribute::Label(self.settings.key.as_bytes().to_vec()),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
            ];
            session.generate_key(&Mechanism::AesKeyGen, &template)?;
            Ok(true)
        })
    }

    fn with_session<T>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, Fault>,
    ) -> Result<T, ProviderError> {
        let pin = secret_file::read_line(&self.settings.pin_file).map_err(Fault::Unusable);
        let outcome = pin.and_then(|pin| {
            let digest = self.pin_digest(pin.expose_secret());
            let mut refused = REFUSED_PINS.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.contains(&digest) {
                return Err(Fault::Refused(
                    "the PIN was refused before and is not tried again until its file changes"
                        .to_owned(),
                ));
            }
            let outcome = session::run(&self.settings, &pin, work);
            if matches!(outcome, Err(Fault::Login(_))) {
                if refused.len() == REFUSED_PINS_MAX {
                    refused.remove(0);
                }
                refused.push(digest);
            }
            outcome
        });
        outcome.map_err(|fault| fault.named(self.describe()))
    }

    /// Names a PIN of this token without telling it.
    fn pin_digest(&self, pin: &str) -> [u8; 32] {
        let token = format!("{:?} {:?} ", self.settings.module, self.settings.token);
        let text = Zeroizing::new(token + pin);
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        bytes
    }

    /// All secret keys with the label.
    fn keys(&self, session: &Session) -> Result<Vec<ObjectHandle>, Fault> {
        let label = self.settings.key.as_bytes().to_vec();
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Label(label),
        ];
        Ok(session.find_objects(&template)?)
    }

    /// The one key with the label, if it is worth the name of a wrapping key.
    fn key(&self, session: &Session) -> Result<ObjectHandle, Fault> {
        let keys = self.keys(session)?;
        let [key] = keys.as_slice() else {
            return Err(Fault::Refused(if keys.is_empty() {
                "the token has no such key".to_owned()
            } else {
                "the token has several keys with this label".to_owned()
            }));
        };
        let wanted = [
            Attribute::KeyType(KeyType::AES),
            Attribute::ValueLen(32.into()),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
        ];
        let kinds = [
            AttributeType::KeyType,
            AttributeType::ValueLen,
            AttributeType::Sensitive,
            AttributeType::Extractable,
        ];
        let found = session.get_attributes(*key, &kinds)?;
        if wanted.iter().any(|attribute| !found.contains(attribute)) {
            return Err(Fault::unusable(
                "the key is not an AES-256 key that stays in the token",
            ));
        }
        Ok(*key)
    }
}

impl KeyProvider for Pkcs11Provider {
    fn describe(&self) -> String {
        let token = match &self.settings.token {
            TokenName::Label(label) => format!("token `{label}`"),
            TokenName::Serial(serial) => format!("token with serial `{serial}`"),
        };
        format!("pkcs11 {token} key `{}`", self.settings.key)
    }

    fn wrap(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.with_session(|session| {
            let key = self.key(session)?;
            let wrapped = seal(session, key, root, context)?;
            if *open(session, key, &wrapped, context)? != *root {
                return Err(Fault::unusable("it does not return what it was given"));
            }
            Ok(wrapped)
        })
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProviderError> {
        self.with_session(|session| {
            let key = self.key(session)?;
            let fault = match open(session, key, wrapped, context) {
                Ok(root) => return Ok(root),
                Err(fault) => fault,
            };
            // Modules do not agree on what they say about altered bytes, and some say what
            // they also say when the token fails. If the key still works, it was the bytes.
            let probe = seal(session, key, &[0; 32], context)?;
            open(session, key, &probe, context).map_err(|_| fault)?;
            Err(Fault::Rejected)
        })
    }
}

/// Version, nonce, ciphertext and tag.
fn seal(
    session: &Session,
    key: ObjectHandle,
    root: &[u8; 32],
    context: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut nonce = random::<NONCE_BYTES>();
    let params = GcmParams::new(&mut nonce, context, TAG_BITS.into())?;
    let sealed = session.encrypt(&Mechanism::AesGcm(params), key, root)?;
    // Some tokens put a nonce of their own in the place of the one they are given.
    let wrapped = [&[VERSION], nonce.as_slice(), &sealed].concat();
    if wrapped.len() != WRAPPED_BYTES {
        return Err(Fault::unusable(
            "the token returned a wrapped key of another length",
        ));
    }
    Ok(wrapped)
}

fn open(
    session: &Session,
    key: ObjectHandle,
    wrapped: &[u8],
    context: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let Some((&[VERSION], rest)) = wrapped.split_first_chunk() else {
        return Err(Fault::Rejected);
    };
    let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE_BYTES>() else {
        return Err(Fault::Rejected);
    };
    if wrapped.len() != WRAPPED_BYTES {
        return Err(Fault::Rejected);
    }
    let mut nonce = *nonce;
    let params = GcmParams::new(&mut nonce, context, TAG_BITS.into())?;
    let root = Zeroizing::new(session.decrypt(&Mechanism::AesGcm(params), key, sealed)?);
    let root = root.as_slice().try_into().map_err(|_| Fault::Rejected)?;
    Ok(Zeroizing::new(root))
}

/// More tokens and PINs than a process ever meets.
const REFUSED_PINS_MAX: usize = 64;
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;
const WRAPPED_BYTES: usize = 1 + NONCE_BYTES + 32 + 16;
