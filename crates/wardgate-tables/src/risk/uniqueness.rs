//! How many rows are alone in the population, estimated from a sample of it.

use serde::Serialize;

/// An estimate of uniqueness in the population.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PopulationUniqueness {
    /// The share of people who are alone in the population, 0 to 1.
    pub share: f64,
    /// How it was estimated.
    pub method: UniquenessMethod,
}

/// An estimator of uniqueness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UniquenessMethod {
    /// Pitman's sampling formula, its parameters by maximum likelihood (Hoshino 2001).
    Pitman,
    /// The sizes of classes in the sample taken for those of the population (Zayatz 1991).
    Zayatz,
    /// The sample is the population.
    Counted,
}

impl PopulationUniqueness {
    /// Estimates it by the rule of Dankar et al. 2012 (BMC Medical Informatics and Decision Making 12:66):
    /// Pitman up to a sampling fraction of a tenth, Zayatz above it and wherever Pitman has no solution.
    pub(crate) fn estimated(sizes: &[u64], fraction: f64) -> Option<Self> {
        let rows: u64 = sizes.iter().sum();
        if rows == 0 {
            return None;
        }
        let people = (rows as f64 / fraction).round();
        if fraction >= 1.0 {
            let unique = sizes.iter().filter(|size| **size == 1).count() as f64;
            return Some(Self {
                share: unique / rows as f64,
                method: UniquenessMethod::Counted,
            });
        }
        let pitman = (fraction <= PITMAN_FRACTION_MAX)
            .then(|| pitman(sizes, rows, people))
            .flatten();
        let (unique, method) = match pitman {
            Some(unique) => (unique, UniquenessMethod::Pitman),
            None => (zayatz(sizes, rows, people), UniquenessMethod::Zayatz),
        };
        Some(Self {
            share: (unique / people).clamp(0.0, 1.0),
            method,
        })
    }
}

/// Unique people: the share of unique rows that stay unique among all, times the unique rows scaled up.
fn zayatz(sizes: &[u64], rows: u64, people: f64) -> f64 {
    let frequencies = frequencies(sizes);
    let fraction = rows as f64 / people;
    let once = |size: u64| {
        // Hypergeometric: exactly one of `size` people is among the rows.
        let mut chance = size as f64 * fraction;
        for other in 0..size.saturating_sub(1) {
            if chance < CHANCE_MIN {
                break;
            }
            let other = other as f64;
            chance *= ((people - rows as f64 - other) / (people - 1.0 - other)).max(0.0);
        }
        chance
    };
    let classes = sizes.len() as f64;
    let unique = frequencies
        .iter()
        .find(|(size, _)| *size == 1)
        .map_or(0.0, |(_, count)| *count);
    let any: f64 = frequencies
        .iter()
        .map(|(size, count)| count / classes * once(*size))
        .sum();
    if any <= 0.0 {
        return 0.0;
    }
    let stays = unique / classes * once(1) / any;
    stays * unique / fraction
}

/// Hoshino 2001, "Applying Pitman's sampling formula to microdata disclosure risk assessment": the parameters
/// that make the sample most likely, then the expected number of unique people.
fn pitman(sizes: &[u64], rows: u64, people: f64) -> Option<f64> {
    let formula = Pitman {
        rows: rows as f64,
        classes: sizes.len() as f64,
        frequencies: frequencies(sizes),
    };
    let theta_at =
        |alpha: f64| highest(THETA_LOG_RANGE, |log| formula.likelihood(log.exp(), alpha));
    let (alpha, _) = highest((ALPHA_MARGIN, 1.0 - ALPHA_MARGIN), |alpha| {
        theta_at(alpha).1
    });
    let theta = theta_at(alpha).0.exp();
    // At a border the formula does not describe the table.
    if !(2.0 * ALPHA_MARGIN..=1.0 - 2.0 * ALPHA_MARGIN).contains(&alpha) {
        return None;
    }
    let unique = (ln_gamma(theta + 1.0) - ln_gamma(theta + alpha) + alpha * people.ln()).exp();
    unique.is_finite().then_some(unique)
}

/// A sample, as Pitman's formula looks at it.
struct Pitman {
    rows: f64,
    classes: f64,
    frequencies: Vec<(u64, f64)>,
}

impl Pitman {
    /// The logarithm of the likelihood, but for what no parameter changes.
    fn likelihood(&self, theta: f64, alpha: f64) -> f64 {
        let ratio = theta / alpha;
        let classes = (self.classes - 1.0) * alpha.ln() + ln_gamma(ratio + self.classes)
            - ln_gamma(ratio + 1.0);
        let rows = ln_gamma(theta + self.rows) - ln_gamma(theta + 1.0);
        let sizes: f64 = self
            .frequencies
            .iter()
            .map(|(size, count)| count * (ln_gamma(*size as f64 - alpha) - ln_gamma(1.0 - alpha)))
            .sum();
        classes - rows + sizes
    }
}

/// Where a function with one peak is highest, and how high, by golden section.
fn highest((mut low, mut high): (f64, f64), height: impl Fn(f64) -> f64) -> (f64, f64) {
    for _ in 0..SECTIONS {
        let inner = (high - low) * GOLDEN;
        if height(high - inner) < height(low + inner) {
            low = high - inner;
        } else {
            high = low + inner;
        }
    }
    let at = f64::midpoint(low, high);
    (at, height(at))
}

/// How many classes there are of each size, by size.
fn frequencies(sizes: &[u64]) -> Vec<(u64, f64)> {
    let mut counts = std::collections::BTreeMap::new();
    for size in sizes {
        *counts.entry(*size).or_insert(0.0) += 1.0;
    }
    counts.into_iter().collect()
}

/// The logarithm of the gamma function for numbers above 0, by Stirling's series.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series =
        1.0 / (12.0 * x) - 1.0 / (360.0 * x * square) + 1.0 / (1260.0 * x * square * square);
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

const PITMAN_FRACTION_MAX: f64 = 0.1;
/// The logarithms between which the parameter theta is looked for.
const THETA_LOG_RANGE: (f64, f64) = (-12.0, 30.0);
const ALPHA_MARGIN: f64 = 1e-4;
const SECTIONS: usize = 48;
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Below this a class adds nothing to the estimate.
const CHANCE_MIN: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::{PopulationUniqueness, UniquenessMethod, ln_gamma};

    #[test]
    fn the_gamma_function_is_right() {
        assert!((ln_gamma(5.0) - 24.0_f64.ln()).abs() < 1e-10);
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-10);
    }

    #[test]
    fn estimates_come_near_a_known_population() {
        // People drawn one after another as Pitman's formula has it: the first ones are a sample of all.
        let (theta, alpha) = (200.0, 0.4);
        let mut state = 7_u64;
        let mut chance = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (mut people, mut sizes): (Vec<usize>, Vec<u64>) = (Vec::new(), Vec::new());
        let mut samples = Vec::new();
        for at in 0..40_000 {
            if [2_000, 20_000].contains(&at) {
                samples.push(sizes.clone());
            }
            let like = people.get((chance() * at as f64) as usize).copied();
            let class = like
                .filter(|_| chance() >= theta / (theta + at as f64))
                .filter(|class| chance() >= alpha / sizes[*class] as f64)
                .unwrap_or(sizes.len());
            if class == sizes.len() {
                sizes.push(0);
            }
            sizes[class] += 1;
            people.push(class);
        }
        let unique = sizes.iter().filter(|size| **size == 1).count() as f64 / people.len() as f64;
        for (sample, fraction, method) in [
            (&samples[0], 0.05, UniquenessMethod::Pitman),
            (&samples[1], 0.5, UniquenessMethod::Zayatz),
        ] {
            let found = PopulationUniqueness::estimated(sample, fraction).unwrap();
            assert_eq!(found.method, method);
            assert!(
                (found.share / unique - 1.0).abs() < 0.3,
                "{found:?} {unique}"
            );
        }
    }

    #[test]
    fn a_whole_population_is_counted() {
        let found = PopulationUniqueness::estimated(&[1, 1, 2], 1.0).unwrap();
        assert_eq!(
            (found.share, found.method),
            (0.5, UniquenessMethod::Counted)
        );
        assert_eq!(PopulationUniqueness::estimated(&[], 0.5), None);
    }
}
