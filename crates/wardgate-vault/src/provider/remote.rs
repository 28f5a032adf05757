//! What the providers over HTTPS have in common: a wrap is read back before it is relied on,
//! and ciphertext is called altered only when the key is seen to work.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::fault::Fault;

/// A service that encrypts under a key of its own.
pub(super) trait Remote {
    fn encrypt(&self, root: &[u8; 32], context: &[u8]) -> Result<Vec<u8>, Fault>;

    /// Answers [`Fault::Doubted`] when it can not tell altered ciphertext from other faults.
    fn decrypt(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault>;
}

pub(super) fn wrap(
    remote: &impl Remote,
    root: &[u8; 32],
    context: &[u8],
) -> Result<Vec<u8>, Fault> {
    let wrapped = remote.encrypt(root, context)?;
    if wrapped.is_empty() || wrapped.len() > WRAPPED_BYTES_MAX {
        return Err(Fault::unusable("it returned ciphertext of no likely size"));
    }
    let read = remote.decrypt(&wrapped, context)?;
    verify_slices_are_equal(read.as_slice(), root)
        .map_err(|_| Fault::unusable("it does not return what it was given"))?;
    Ok(wrapped)
}

pub(super) fn unwrap(
    remote: &impl Remote,
    wrapped: &[u8],
    context: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Fault> {
    if wrapped.is_empty() || wrapped.len() > WRAPPED_BYTES_MAX {
        return Err(Fault::Rejected);
    }
    match remote.decrypt(wrapped, context) {
        Err(Fault::Doubted(what)) => {
            let probe = remote.encrypt(&[0; 32], context)?;
            match remote.decrypt(&probe, context) {
                Ok(_) => Err(Fault::Rejected),
                Err(_) => Err(Fault::Refused(what)),
            }
        }
        outcome => outcome,
    }
}

/// The root key in the base64 of an answer.
pub(super) fn root_key(plaintext: String) -> Result<Zeroizing<[u8; 32]>, Fault> {
    let text = Zeroizing::new(plaintext);
    let root = STANDARD.decode(text.as_bytes()).map(Zeroizing::new);
    let root = root.ok().and_then(|root| root.as_slice().try_into().ok());
    root.map(Zeroizing::new)
        .ok_or_else(|| Fault::unusable("what it decrypted is not a root key"))
}

/// Longer than what any of the services makes of a root key.
const WRAPPED_BYTES_MAX: usize = 4096;
