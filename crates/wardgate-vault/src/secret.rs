//! Key bytes in memory that is never swapped and wipes itself, and the one place that asks for
//! randomness.
//!
//! Keys stand in an arena of slots that is allocated once, locked into memory and never given
//! back. What a key costs the library to set up (a key schedule) is made for each use and
//! cleansed by the library after it, so that nothing but the arena holds a key for long.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroize;

/// Random bytes from the operating system by way of the cryptographic library.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_randomly(&mut bytes);
    bytes
}

/// Whether every key so far stands in memory that is never swapped.
#[must_use]
pub fn keys_are_locked() -> bool {
    !UNLOCKED.load(Ordering::Relaxed)
}

/// 32 bytes of key in the arena, wiped when dropped, never printed.
pub(crate) struct Secret(Option<Slot>);

impl Secret {
    pub(crate) fn zero() -> Self {
        Self(Some(ARENA.take()))
    }

    #[cfg(test)]
    pub(crate) fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self::of(&bytes)
    }

    pub(crate) fn of(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut secret = Self::zero();
        secret.bytes_mut().copy_from_slice(bytes);
        secret
    }

    pub(crate) fn random() -> Self {
        let mut secret = Self::zero();
        fill_randomly(secret.bytes_mut());
        secret
    }

    /// The same key once more.
    pub(crate) fn copy(&self) -> Self {
        Self::of(self.bytes())
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::of)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        match &self.0 {
            Some(slot) => slot,
            None => no_slot(),
        }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; KEY_BYTES] {
        match &mut self.0 {
            Some(slot) => slot,
            None => no_slot(),
        }
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.zeroize();
            ARENA.give_back(slot);
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(32 bytes)")
    }
}

/// Overwrites what the calls that have just returned left on the stack. The library hands some
/// values over by value, and the compiler may copy what it moves.
#[inline(never)]
pub(crate) fn scrub_stack() {
    let mut area = [0_u8; STACK_BYTES];
    area.zeroize();
    std::hint::black_box(&area);
}

/// Slots that are free. Slots are handed out and come back; their pages stay.
struct Arena {
    free: Mutex<Vec<Slot>>,
}

type Slot = &'static mut [u8; KEY_BYTES];

/// Pages of their own, so that locking them locks keys and nothing else.
#[repr(align(4096))]
struct Page([[u8; KEY_BYTES]; SLOTS_PER_PAGE]);

impl Arena {
    fn take(&self) -> Slot {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(slot) = free.pop() {
                return slot;
            }
            let pages: Vec<Page> = (0..PAGES_AT_ONCE)
                .map(|_| Page([[0; KEY_BYTES]; SLOTS_PER_PAGE]))
                .collect();
            let pages = pages.leak();
            match region::lock(pages.as_ptr(), size_of_val::<[Page]>(pages)) {
                // These pages are never given back, so they are never unlocked.
                Ok(guard) => std::mem::forget(guard),
                Err(_) => UNLOCKED.store(true, Ordering::Relaxed),
            }
            free.extend(pages.iter_mut().flat_map(|page| page.0.iter_mut()));
        }
    }

    fn give_back(&self, slot: Slot) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(slot);
    }
}

fn fill_randomly(bytes: &mut [u8]) {
    if aws_lc_rs::rand::fill(bytes).is_err() {
        // A process that cannot get randomness must not go on to make keys, and no
        // caller could do anything but stop.
        std::process::abort();
    }
}

/// A secret has its slot until it is dropped.
fn no_slot() -> ! {
    std::process::abort()
}

static ARENA: Arena = Arena {
    free: Mutex::new(Vec::new()),
};
/// Set when a page could not be locked.
static UNLOCKED: AtomicBool = AtomicBool::new(false);

pub(crate) const KEY_BYTES: usize = 32;
const SLOTS_PER_PAGE: usize = 4096 / KEY_BYTES;
/// Few enough that the least usual limit of locked memory, 64 KiB, takes the first of them.
const PAGES_AT_ONCE: usize = 8;
/// More than the deepest frame of sealing and opening.
const STACK_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_key_is_wiped_before_its_slot_is_used_again() {
        // More than were ever free, so that every slot has been in use.
        let secrets: Vec<_> = (0..5_000).map(|_| Secret::of(&[0xa5; 32])).collect();
        assert!(secrets.iter().all(|secret| secret.bytes() == &[0xa5; 32]));
        drop(secrets);
        let fresh: Vec<_> = (0..5_000).map(|_| Secret::zero()).collect();
        assert!(fresh.iter().all(|secret| secret.bytes() == &[0; 32]));
    }

    #[test]
    fn copies_are_equal_and_apart() {
        let one = Secret::random();
        let mut two = one.copy();
        assert_eq!(one.bytes(), two.bytes());
        two.bytes_mut()[0] ^= 1;
        assert_ne!(one.bytes(), two.bytes());
        assert_ne!(one.bytes(), &[0; 32]);
    }
}
