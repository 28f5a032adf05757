//! Discrete Laplace and Gaussian noise, drawn exactly.
//!
//! Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS 2020), algorithms
//! 1 to 3. Every step compares whole numbers, so that no rounding of a floating-point number tells of the value
//! beneath the noise (Mironov, "On significance of the least significant bits", CCS 2012).

use thiserror::Error;

/// Bytes that nobody can foresee; a closure over the system's source is one.
pub trait Randomness {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// When the source failed; what was filled is then not used.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFault>;
}

impl<F: FnMut(&mut [u8]) -> Result<(), RandomnessFault>> Randomness for F {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomnessFault> {
        self(bytes)
    }
}

/// The source of randomness failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the source of randomness failed")]
pub struct RandomnessFault;

/// A fraction of whole numbers, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: u128,
    denominator: u128,
}

impl Ratio {
    /// `numerator / denominator`; none for a denominator of zero.
    #[must_use]
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        let divisor = common_divisor(numerator, denominator);
        let reduced = |number: u128| number.checked_div(divisor);
        (denominator != 0).then_some(())?;
        Some(Self {
            numerator: reduced(numerator)?,
            denominator: reduced(denominator)?,
        })
    }

    /// As a floating-point number, for reports.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// Draws noise from bytes, which are taken from the source by the block.
pub struct Sampler<'a> {
    source: &'a mut dyn Randomness,
    block: [u8; BLOCK_BYTES],
    used: usize,
}

impl std::fmt::Debug for Sampler<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampler").finish_non_exhaustive()
    }
}

impl<'a> Sampler<'a> {
    /// A sampler over a source.
    pub fn new(source: &'a mut dyn Randomness) -> Self {
        Self {
            source,
            block: [0; BLOCK_BYTES],
            used: BLOCK_BYTES,
        }
    }

    /// A whole number with `P(x)` in proportion to `exp(-|x| / scale)`; none when the scale is out of range
    /// (0, or above 2^90).
    ///
    /// # Errors
    /// When the source of randomness failed.
    pub fn laplace(&mut self, scale: Ratio) -> Result<Option<i128>, RandomnessFault> {
        let (t, s) = (scale.numerator, scale.denominator);
        if t == 0 || t > SCALE_MAX || s > SCALE_MAX {
            return Ok(None);
        }
        loop {
            let u = self.below(t)?;
            if !self.bernoulli_exp_unit(u, t)? {
                continue;
            }
            let mut v: u128 = 0;
            while self.bernoulli_exp_unit(1, 1)? {
                v += 1;
            }
            let Some(size) = t.checked_mul(v).and_then(|x| x.checked_add(u)) else {
                continue;
            };
            let (size, negative) = (size / s, self.below(2)? == 1);
            if negative && size == 0 {
                continue;
            }
            if let Ok(size) = i128::try_from(size) {
                return Ok(Some(if negative { -size } else { size }));
            }
        }
    }

    /// A whole number with `P(x)` in proportion to `exp(-x² / (2 variance))`; none when the variance is out of
    /// range (0, or terms above 2^56).
    ///
    /// A candidate so far out that its square does not fit 128 bits is dropped; its chance is below `exp(-2000)`.
    ///
    /// # Errors
    /// When the source of randomness failed.
    pub fn gaussian(&mut self, variance: Ratio) -> Result<Option<i128>, RandomnessFault> {
        let (num, den) = (variance.numerator, variance.denominator);
        if num == 0 || num > VARIANCE_TERM_MAX || den > VARIANCE_TERM_MAX {
            return Ok(None);
        }
        let t = (num / den).isqrt() + 1;
        let scale = Ratio {
            numerator: t,
            denominator: 1,
        };
        // (|y| - variance / t)² / (2 variance), over one denominator.
        let below = 2 * t * t * den * num;
        loop {
            let Some(y) = self.laplace(scale)? else {
                return Ok(None);
            };
            let above = y.unsigned_abs().checked_mul(t * den).and_then(|y| {
                let distance = y.abs_diff(num);
                distance.checked_mul(distance)
            });
            if let Some(above) = above
                && self.bernoulli_exp(above, below)?
            {
                return Ok(Some(y));
            }
        }
    }

    /// True with chance `exp(-numerator / denominator)`.
    ///
    /// # Errors
    /// When the source of randomness failed.
    pub fn bernoulli_exp(
        &mut self,
        numerator: u128,
        denominator: u128,
    ) -> Result<bool, RandomnessFault> {
        let Some(wholes) = numerator.checked_div(denominator) else {
            return Ok(false);
        };
        for _ in 0..wholes {
            if !self.bernoulli_exp_unit(1, 1)? {
                return Ok(false);
            }
        }
        self.bernoulli_exp_unit(numerator % denominator, denominator)
    }

    /// A whole number below `limit`, each as likely; 0 for a limit of 0.
    ///
    /// # Errors
    /// When the source of randomness failed.
    pub fn below(&mut self, limit: u128) -> Result<u128, RandomnessFault> {
        let Some(most) = limit.checked_sub(1) else {
            return Ok(0);
        };
        let bits = u128::BITS - most.leading_zeros();
        loop {
            let mut number: u128 = 0;
            for _ in 0..bits.div_ceil(8) {
                number = (number << 8) | u128::from(self.byte()?);
            }
            let spare = bits.div_ceil(8) * 8 - bits;
            let number = number >> spare;
            if number <= most {
                return Ok(number);
            }
        }
    }

    /// True with chance `exp(-numerator / denominator)` of a fraction from 0 to 1.
    fn bernoulli_exp_unit(
        &mut self,
        numerator: u128,
        denominator: u128,
    ) -> Result<bool, RandomnessFault> {
        let mut k: u128 = 1;
        loop {
            // Numerators are below 2^120 and the loop runs a handful of times: the product always fits.
            let limit = denominator.saturating_mul(k);
            if self.below(limit)? >= numerator {
                return Ok(k % 2 == 1);
            }
            k += 1;
        }
    }

    fn byte(&mut self) -> Result<u8, RandomnessFault> {
        if self.used >= BLOCK_BYTES {
            self.source.fill(&mut self.block)?;
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        // A byte is used once, and not kept.
        if let Some(used) = self.block.get_mut(self.used) {
            *used = 0;
        }
        self.used += 1;
        Ok(byte)
    }
}

fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

const BLOCK_BYTES: usize = 256;
const SCALE_MAX: u128 = 1 << 90;
pub(super) const VARIANCE_TERM_MAX: u128 = 1 << 56;

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    fn source(seed: u64) -> impl Randomness {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        move |bytes: &mut [u8]| {
            random.fill_bytes(bytes);
            Ok(())
        }
    }

    /// Pearson's statistic of draws against weights over `-reach..=reach`, tails gathered in the outer cells.
    fn chi_square(draws: &[i128], reach: i128, weight: impl Fn(i128) -> f64) -> f64 {
        let far = reach * 40;
        let total: f64 = (-far..=far).map(&weight).sum();
        let cell = |x: i128| x.clamp(-reach, reach);
        (-reach..=reach)
            .map(|at| {
                let chance: f64 = (-far..=far).filter(|x| cell(*x) == at).map(&weight).sum();
                let expected = chance / total * draws.len() as f64;
                let seen = draws.iter().filter(|draw| cell(**draw) == at).count() as f64;
                (seen - expected).powi(2) / expected
            })
            .sum()
    }

    #[test]
    fn laplace_draws_have_their_distribution() {
        for (seed, (t, s)) in [(1, 1), (3, 1), (5, 2), (1, 3)].into_iter().enumerate() {
            let mut source = source(seed as u64);
            let mut sampler = Sampler::new(&mut source);
            let scale = Ratio::new(t, s).unwrap();
            let draws: Vec<i128> = (0..40_000)
                .map(|_| sampler.laplace(scale).unwrap().unwrap())
                .collect();
            let reach = ((scale.as_f64() * 4.0) as i128).max(2);
            let statistic = chi_square(&draws, reach, |x| {
                (-(x.abs() as f64) / scale.as_f64()).exp()
            });
            let freedom = 2.0 * reach as f64;
            // Beyond four deviations of the chi-square distribution a sampler is wrong.
            assert!(
                statistic < freedom + 4.0 * (2.0 * freedom).sqrt(),
                "{t}/{s}: {statistic} of {freedom}"
            );
        }
    }

    #[test]
    fn gaussian_draws_have_their_distribution() {
        for (seed, (num, den)) in [(1, 1), (9, 1), (1, 4), (101, 7), (1 << 40, 1 << 36)]
            .into_iter()
            .enumerate()
        {
            let mut source = source(seed as u64 + 10);
            let mut sampler = Sampler::new(&mut source);
            let variance = Ratio::new(num, den).unwrap();
            let draws: Vec<i128> = (0..40_000)
                .map(|_| sampler.gaussian(variance).unwrap().unwrap())
                .collect();
            let reach = ((variance.as_f64().sqrt() * 2.5) as i128).max(1);
            let statistic = chi_square(&draws, reach, |x| {
                (-(x * x) as f64 / 2.0 / variance.as_f64()).exp()
            });
            let freedom = 2.0 * reach as f64;
            assert!(
                statistic < freedom + 4.0 * (2.0 * freedom).sqrt(),
                "{num}/{den}: {statistic} of {freedom}"
            );
        }
    }

    #[test]
    fn wide_noise_has_its_width() {
        let mut source = source(99);
        let mut sampler = Sampler::new(&mut source);
        let variance = Ratio::new(VARIANCE_TERM_MAX, 3).unwrap();
        let squares: f64 = (0..2_000)
            .map(|_| (sampler.gaussian(variance).unwrap().unwrap() as f64).powi(2))
            .sum();
        let ratio = squares / 2_000.0 / variance.as_f64();
        assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
        let scale = Ratio::new(SCALE_MAX, 1).unwrap();
        let sizes: f64 = (0..2_000)
            .map(|_| (sampler.laplace(scale).unwrap().unwrap() as f64).abs())
            .sum();
        let ratio = sizes / 2_000.0 / scale.as_f64();
        assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
    }

    #[test]
    fn a_source_that_fails_gives_no_noise() {
        let mut source = |_: &mut [u8]| Err(RandomnessFault);
        let mut sampler = Sampler::new(&mut source);
        assert_eq!(
            sampler.laplace(Ratio::new(1, 1).unwrap()),
            Err(RandomnessFault)
        );
        assert_eq!(
            sampler.gaussian(Ratio::new(1, 1).unwrap()),
            Err(RandomnessFault)
        );
        assert_eq!(Ratio::new(1, 0), None);
    }

    #[test]
    fn whole_numbers_below_a_limit_are_as_likely() {
        let mut source = source(7);
        let mut sampler = Sampler::new(&mut source);
        let mut seen = [0_u32; 6];
        for _ in 0..60_000 {
            seen[sampler.below(6).unwrap() as usize] += 1;
        }
        let statistic: f64 = seen
            .iter()
            .map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(statistic < 5.0 + 4.0 * 10_f64.sqrt(), "{statistic}");
        assert_eq!(sampler.below(0).unwrap(), 0);
        assert_eq!(sampler.below(1).unwrap(), 0);
        assert!(sampler.below(u128::MAX).is_ok());
    }
}
