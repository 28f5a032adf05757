//! A small seeded generator: the same seed draws the same values on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014): tiny, fast, good enough for sampling words.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator of its own for a part of the work, so that parts do not move each other.
    pub(crate) fn fork(&mut self, label: u64) -> Self {
        Self::new(self.draw() ^ label.wrapping_mul(GOLDEN))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, without, `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.draw()) * end as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low)).unwrap_or(0);
        low + i64::try_from(self.below(span + 1)).unwrap_or(0)
    }

    /// True in `percent` of 100 draws.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// One of some words; the empty word when there are none.
    pub(crate) fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.pick(words).copied().unwrap_or_default()
    }

    /// One of some words parted by `|`, which keeps tables of words short.
    pub(crate) fn of<'a>(&mut self, words: &'a str) -> &'a str {
        let index = self.below(words.matches('|').count() + 1);
        words.split('|').nth(index).unwrap_or_default()
    }

    /// One of some values that have weights.
    pub(crate) fn weighted<T: Copy>(&mut self, items: &[(u32, T)], otherwise: T) -> T {
        let total: u32 = items.iter().map(|(weight, _)| weight).sum();
        let mut at = self.below(total as usize);
        for (weight, item) in items {
            if at < *weight as usize {
                return *item;
            }
            at -= *weight as usize;
        }
        otherwise
    }

    /// Text with `#` as a digit, `%` as a digit from 1, `?` as a letter; the rest stands.
    pub(crate) fn fill(&mut self, shape: &str) -> String {
        let mut out = String::with_capacity(shape.len());
        for c in shape.chars() {
            match c {
                '#' => out.push(self.digit(0)),
                '%' => out.push(self.digit(1)),
                '?' => out.push(self.letter()),
                other => out.push(other),
            }
        }
        out
    }

    pub(crate) fn digit(&mut self, low: i64) -> char {
        let value = u8::try_from(self.between(low, 9)).unwrap_or(0);
        char::from(b'0' + value)
    }

    /// An upper-case letter that is not read as a digit.
    pub(crate) fn letter(&mut self) -> char {
        let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
        char::from(
            letters
                .get(self.below(letters.len()))
                .copied()
                .unwrap_or(b'A'),
        )
    }
}

/// The golden ratio as 64 bits, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_values_are_those_of_the_paper() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn ranges_hold_their_ends() {
        let mut random = Random::new(7);
        let drawn: Vec<i64> = (0..500).map(|_| random.between(3, 5)).collect();
        assert!(drawn.iter().all(|value| (3..=5).contains(value)));
        assert!([3, 4, 5].iter().all(|value| drawn.contains(value)));
        assert_eq!(random.below(0), 0);
    }
}
