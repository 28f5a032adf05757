//! The hash under which a word stands in the table; the build script computes the same.

/// The hash of no bytes.
pub(crate) const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of a word with one more byte; ASCII letters count the same in both cases.
#[inline]
pub(crate) const fn hash_step(hash: u64, byte: u8) -> u64 {
    (hash ^ (byte | 0x20) as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The hash of a folded word.
#[inline]
pub(crate) fn word_hash(word: &str) -> u64 {
    word.bytes().fold(HASH_START, hash_step)
}

/// The hash of a name of several words: of what stands before the last one, and of that one.
#[inline]
pub(crate) const fn join_hash(before: u64, word: u64) -> u64 {
    (before.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where a hash is looked for, and what stands there to tell it from others.
#[inline]
pub(crate) const fn place_of(hash: u64) -> (usize, u32) {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mixed = mixed ^ (mixed >> 32);
    ((mixed >> (64 - SLOTS_LOG2)) as usize, mixed as u32)
}

/// Slots of eight bytes: four of fingerprint, four of classes; a free slot is zero.
pub(crate) const SLOTS: usize = 1 << SLOTS_LOG2;
const SLOTS_LOG2: u32 = 19;
