//! Counts, sums, means and histograms under a grant.

use std::hash::Hash;

use hashbrown::HashMap;
use serde::Serialize;

use super::budget::{Cost, Grant, Noise};
use super::contribution::Bounded;
use super::noise::{Randomness, Sampler};
use super::{BINS_MAX, PrivateFault};

/// Bounds to which values are clipped, and the decimals that are kept.
///
/// They are part of the question: stated from knowledge of the field, since bounds looked up in the table would
/// tell of its extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    low_units: i64,
    high_units: i64,
    decimals: u32,
}

impl Bounds {
    /// Bounds from `low` to `high` with values rounded to `decimals` decimals.
    ///
    /// # Errors
    /// When they are not two numbers in order or have too many digits for a grid of whole numbers.
    pub fn new(low: f64, high: f64, decimals: u32) -> Result<Self, PrivateFault> {
        let bounds = Self {
            low_units: units(low, decimals).ok_or(PrivateFault::Bounds)?,
            high_units: units(high, decimals).ok_or(PrivateFault::Bounds)?,
            decimals,
        };
        (bounds.low_units < bounds.high_units)
            .then_some(bounds)
            .ok_or(PrivateFault::Bounds)
    }

    /// A value in units of the grid, clipped; none for a value that is not a number.
    fn clip(self, value: f64) -> Option<i64> {
        if value.is_nan() {
            return None;
        }
        let scaled = value * self.unit_count();
        // The cast saturates, which the clipping then brings back.
        Some((scaled.round() as i64).clamp(self.low_units, self.high_units))
    }

    fn unit_count(self) -> f64 {
        10_f64.powi(self.decimals.cast_signed())
    }
}

/// A noisy number with what is publicly known of its noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The answer.
    pub value: f64,
    /// By how much one person can change the answer without noise.
    pub sensitivity: f64,
    /// The standard deviation of the noise.
    pub deviation: f64,
    /// The noise is within this of zero with a chance of at least 95 %.
    pub margin: f64,
}

/// A noisy mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeanAnswer {
    /// The mean, within the bounds.
    pub value: f64,
    /// The sum of distances from the middle of the bounds, which half of the spending went to.
    pub sum_from_middle: Answer,
    /// The number of values, which the other half went to.
    pub count: Answer,
}

/// Noisy counts of bins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistogramAnswer {
    /// The count of each bin in the order of [`Bins`]; below zero where noise took it there.
    pub counts: Vec<i64>,
    /// The count of values in no bin.
    pub elsewhere: i64,
    /// By how much one person can change the counts together.
    pub sensitivity: f64,
    /// The standard deviation of the noise of each count.
    pub deviation: f64,
    /// The noise of one count is within this of zero with a chance of at least 95 %.
    pub margin: f64,
}

/// The bins of a histogram, listed from knowledge of the field.
#[derive(Clone, Debug)]
pub struct Bins<K> {
    of_value: HashMap<K, usize>,
}

impl<K: Eq + Hash> Bins<K> {
    /// The bins in order.
    ///
    /// # Errors
    /// When there is none, more than [`BINS_MAX`] or one twice.
    pub fn new(bins: impl IntoIterator<Item = K>) -> Result<Self, PrivateFault> {
        let mut of_value = HashMap::new();
        for (number, bin) in bins.into_iter().enumerate() {
            if number >= BINS_MAX || of_value.insert(bin, number).is_some() {
                return Err(PrivateFault::Bins);
            }
        }
        (!of_value.is_empty())
            .then_some(Self { of_value })
            .ok_or(PrivateFault::Bins)
    }
}

/// How many counting rows meet a condition.
///
/// # Errors
/// When randomness failed, or the spending is so small that its noise does not fit.
pub fn count(
    rows: &Bounded,
    mut meets: impl FnMut(usize) -> bool,
    grant: Grant,
    random: &mut dyn Randomness,
) -> Result<Answer, PrivateFault> {
    let counted = rows.counted().filter(|row| meets(*row)).count();
    let sensitivity = u64::from(rows.rows_of_person_max());
    Measure::new(grant.cost(), sensitivity, 1.0)?.answer(counted as i128, random)
}

/// The sum of the values of counting rows, each clipped; rows without a value add nothing.
///
/// # Errors
/// When the column has another length, randomness failed, or the noise does not fit.
pub fn sum(
    rows: &Bounded,
    values: &[Option<f64>],
    bounds: Bounds,
    grant: Grant,
    random: &mut dyn Randomness,
) -> Result<Answer, PrivateFault> {
    let (sum, _) = sum_from(rows, values, bounds, 0)?;
    let most = bounds
        .low_units
        .unsigned_abs()
        .max(bounds.high_units.unsigned_abs());
    let sensitivity = most.checked_mul(rows.rows_of_person_max().into());
    Measure::new(
        grant.cost(),
        sensitivity.ok_or(PrivateFault::Grid)?,
        bounds.unit_count(),
    )?
    .answer(sum, random)
}

/// The mean of the clipped values of counting rows that have one.
///
/// # Errors
/// When the column has another length, randomness failed, or the noise does not fit.
pub fn mean(
    rows: &Bounded,
    values: &[Option<f64>],
    bounds: Bounds,
    grant: Grant,
    random: &mut dyn Randomness,
) -> Result<MeanAnswer, PrivateFault> {
    let half = grant.cost().split(2).ok_or(PrivateFault::Spending)?;
    let middle = bounds.low_units.midpoint(bounds.high_units);
    let (sum, count) = sum_from(rows, values, bounds, middle)?;
    let of_person = u64::from(rows.rows_of_person_max());
    let reach = bounds
        .high_units
        .abs_diff(middle)
        .max(bounds.low_units.abs_diff(middle));
    let sensitivity = reach.checked_mul(of_person).ok_or(PrivateFault::Grid)?;
    let sum_from_middle =
        Measure::new(half, sensitivity, bounds.unit_count())?.answer(sum, random)?;
    let count = Measure::new(half, of_person, 1.0)?.answer(count, random)?;
    let unit = bounds.unit_count();
    let mean = middle as f64 / unit + sum_from_middle.value / count.value.max(1.0);
    let value = mean.clamp(
        bounds.low_units as f64 / unit,
        bounds.high_units as f64 / unit,
    );
    Ok(MeanAnswer {
        value,
        sum_from_middle,
        count,
    })
}

/// How many counting rows fall into each bin; `value` gives that of a row, and none for a missing one, which
/// counts as being in no bin.
///
/// # Errors
/// When randomness failed or the noise does not fit.
pub fn histogram<K: Eq + Hash>(
    rows: &Bounded,
    bins: &Bins<K>,
    mut value: impl FnMut(usize) -> Option<K>,
    grant: Grant,
    random: &mut dyn Randomness,
) -> Result<HistogramAnswer, PrivateFault> {
    let mut counts = vec![0_i128; bins.of_value.len() + 1];
    for row in rows.counted() {
        let bin = value(row).and_then(|value| bins.of_value.get(&value).copied());
        if let Some(count) = counts.get_mut(bin.unwrap_or(bins.of_value.len())) {
            *count += 1;
        }
    }
    let measure = Measure::new(grant.cost(), rows.rows_of_person_max().into(), 1.0)?;
    let mut noisy = measure.noisy(&counts, random)?;
    let elsewhere = noisy.pop().unwrap_or_default();
    Ok(HistogramAnswer {
        counts: noisy,
        elsewhere,
        sensitivity: measure.sensitivity as f64,
        deviation: measure.deviation(),
        margin: measure.margin(),
    })
}

/// A mechanism: whole numbers to which noise of one width is added.
pub(crate) struct Measure {
    noise: Noise,
    sensitivity: u64,
    unit_count: f64,
}

impl Measure {
    pub(crate) fn new(cost: Cost, sensitivity: u64, unit_count: f64) -> Result<Self, PrivateFault> {
        Ok(Self {
            noise: cost.noise(sensitivity).ok_or(PrivateFault::Grid)?,
            sensitivity,
            unit_count,
        })
    }

    /// The numbers with noise of their own each. Their sensitivity together, in the L1 norm (and so in the L2 norm),
    /// must be the one of the measure.
    pub(crate) fn noisy(
        &self,
        exact: &[i128],
        random: &mut dyn Randomness,
    ) -> Result<Vec<i64>, PrivateFault> {
        let mut sampler = Sampler::new(random);
        let mut noisy = Vec::with_capacity(exact.len());
        for exact in exact {
            let noise = match self.noise {
                Noise::Laplace(scale) => sampler.laplace(scale)?,
                Noise::Gaussian(variance) => sampler.gaussian(variance)?,
            };
            let value = exact.saturating_add(noise.ok_or(PrivateFault::Grid)?);
            // Cutting off what does not fit looks at the noisy number alone.
            noisy.push(i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX }));
        }
        Ok(noisy)
    }

    fn answer(&self, exact: i128, random: &mut dyn Randomness) -> Result<Answer, PrivateFault> {
        let noisy = self.noisy(&[exact], random)?;
        let value = noisy.first().copied().unwrap_or_default();
        Ok(Answer {
            value: value as f64 / self.unit_count,
            sensitivity: self.sensitivity as f64 / self.unit_count,
            deviation: self.deviation(),
            margin: self.margin(),
        })
    }

    pub(crate) fn deviation(&self) -> f64 {
        let units = match self.noise {
            Noise::Laplace(scale) => scale.as_f64() * std::f64::consts::SQRT_2,
            Noise::Gaussian(variance) => variance.as_f64().sqrt(),
        };
        units / self.unit_count
    }

    fn margin(&self) -> f64 {
        let units = match self.noise {
            Noise::Laplace(scale) => scale.as_f64() * f64::ln(20.0),
            Noise::Gaussian(variance) => variance.as_f64().sqrt() * NORMAL_95,
        };
        (units + 1.0).ceil() / self.unit_count
    }
}

/// The sum of clipped values, each less `middle`, and their number.
fn sum_from(
    rows: &Bounded,
    values: &[Option<f64>],
    bounds: Bounds,
    middle: i64,
) -> Result<(i128, i128), PrivateFault> {
    if values.len() != rows.rows() {
        return Err(PrivateFault::Rows);
    }
    let (mut sum, mut count) = (0_i128, 0_i128);
    for row in rows.counted() {
        let value = values.get(row).copied().flatten();
        if let Some(value) = value.and_then(|value| bounds.clip(value)) {
            sum += i128::from(value) - i128::from(middle);
            count += 1;
        }
    }
    Ok((sum, count))
}

/// A number in units of a grid, where a whole number of 53 bits holds it.
fn units(value: f64, decimals: u32) -> Option<i64> {
    if decimals > DECIMALS_MAX {
        return None;
    }
    let scaled = (value * 10_f64.powi(decimals.cast_signed())).round();
    (scaled.abs() <= UNITS_MAX).then_some(scaled as i64)
}

const DECIMALS_MAX: u32 = 12;
/// 2^53: up to here every whole number is a floating-point number.
const UNITS_MAX: f64 = 9_007_199_254_740_992.0;
const NORMAL_95: f64 = 1.96;
