//! Hashes of words, and a table of those that are known.

/// Hashes with what each is known as: [`WORD`], [`NEAR`] and [`NUMBER`].
///
/// A record has some hundred of them, and most records come once: they lie in one block of memory.
pub(super) struct Hashes {
    /// A hash with its kinds in the place of its last bits, or 0; the length is a power of two, and half of the
    /// slots are free.
    slots: Vec<u64>,
    len: usize,
}

impl Hashes {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            slots: vec![0; SLOTS_USUAL],
            len: 0,
        }
    }

    /// Where a hash stands, or is to stand.
    fn place(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(hash >> 32).unwrap_or_default() & mask;
        while let Some(slot) = self.slots.get(at)
            && *slot != 0
            && (*slot ^ hash) & !KINDS != 0
        {
            at = (at + 1) & mask;
        }
        at
    }

    /// What a hash is known as.
    pub(super) fn kinds(&self, hash: u64) -> u8 {
        let slot = self.slots.get(self.place(hash)).copied();
        u8::try_from(slot.unwrap_or_default() & KINDS).unwrap_or_default()
    }

    /// Notes a hash as a kind; says whether it was known as that before.
    pub(super) fn add(&mut self, hash: u64, kind: u8) -> bool {
        let at = self.place(hash);
        let Some(slot) = self.slots.get_mut(at) else {
            return false;
        };
        let (new, kind) = (*slot == 0, u64::from(kind));
        let before = *slot & kind != 0;
        *slot = (hash & !KINDS) | (*slot & KINDS) | kind;
        self.len += usize::from(new);
        if self.len * 2 > self.slots.len() {
            self.grow();
        }
        before
    }

    fn grow(&mut self) {
        let wider = vec![0; self.slots.len() * 2];
        let slots = std::mem::replace(&mut self.slots, wider);
        for known in slots.into_iter().filter(|slot| *slot != 0) {
            let at = self.place(known);
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = known;
            }
        }
    }
}

/// The hashes of a word of at most [`FUZZY_LEN_MAX`] bytes with each of its letters left out.
pub(super) fn each_left_out(word: &[u8], mut each: impl FnMut(u64)) {
    let mut heads = [0; FUZZY_LEN_MAX];
    let mut head = 0;
    for (slot, byte) in heads.iter_mut().zip(word) {
        *slot = head;
        head = with(head, *byte);
    }
    let (mut tail, mut power) = (0_u64, 1_u64);
    for (head, byte) in heads.iter().zip(word).rev() {
        each(mixed(head.wrapping_mul(power).wrapping_add(tail)));
        tail = tail.wrapping_add(letter(*byte).wrapping_mul(power));
        power = power.wrapping_mul(BASE);
    }
}

/// The hash of a word.
pub(super) fn hash(word: &[u8]) -> u64 {
    mixed(word.iter().fold(0, |hash, byte| with(hash, *byte)))
}

/// The polynomial with one letter more.
pub(super) fn with(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(letter(byte))
}

fn letter(byte: u8) -> u64 {
    u64::from(byte.to_ascii_lowercase()) + 1
}

/// Each of its bits follows from all bits of the polynomial.
pub(super) fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 32)
}

/// The word and the bit of a hash.
pub(super) fn place(hash: u64) -> (usize, u64) {
    let at = usize::try_from(hash >> 48).unwrap_or_default() % BITS_WORDS;
    (at, 1 << (hash & 63))
}

/// A word.
pub(super) const WORD: u8 = 1;
/// A word with one letter left out.
pub(super) const NEAR: u8 = 2;
/// A number.
pub(super) const NUMBER: u8 = 4;
/// Odd, with its bits well spread.
const BASE: u64 = 0xd134_2543_de82_ef95;
/// The bits of a slot that hold kinds.
const KINDS: u64 = 7;
/// A power of two.
const SLOTS_USUAL: usize = 512;
/// The words of the bits that a hash has one of.
pub(super) const BITS_WORDS: usize = 128;
/// The bytes of the longest words that may have a letter wrong.
pub(super) const FUZZY_LEN_MAX: usize = 32;
