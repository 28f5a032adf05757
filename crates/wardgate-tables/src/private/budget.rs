//! The budget of a table: what may be spent, what is spent, and the grant that an answer needs.
//!
//! Spending comes first: [`Budget::spend`] counts the cost, has it recorded, and only then gives the [`Grant`]
//! without which no noise is drawn. A spending that could not be recorded gives no grant and stays counted.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::amount::{Amount, TRILLION};
use super::noise::{Ratio, VARIANCE_TERM_MAX};

/// How spendings add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Accounting {
    /// Pure differential privacy: epsilons add up (basic composition).
    Pure {
        /// The most that all answers together may cost.
        epsilon: Amount,
    },
    /// Zero-concentrated differential privacy: rhos add up, and the sum is held to an (epsilon, delta).
    /// Source: Bun, Steinke, "Concentrated Differential Privacy" (TCC 2016).
    Zcdp {
        /// The epsilon that all answers together keep to.
        epsilon: Amount,
        /// The delta at which they do; below one.
        delta: Amount,
    },
}

impl Accounting {
    /// The most that may be spent: in epsilon for pure accounting, in rho for zCDP; none for a guarantee
    /// that is not one (an epsilon of zero, a delta of zero or of one and more).
    #[must_use]
    pub fn limit(self) -> Option<Amount> {
        match self {
            Self::Pure { epsilon } => (epsilon > Amount::ZERO).then_some(epsilon),
            Self::Zcdp { epsilon, delta } => {
                let delta = delta.as_f64();
                let stated = epsilon > Amount::ZERO && delta > 0.0 && delta < 1.0;
                stated.then(|| Amount::below(rho_of(epsilon.as_f64(), delta)))?
            }
        }
    }
}

/// What an answer costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Pure epsilon: discrete Laplace noise. Under zCDP it costs `epsilon² / 2` of rho.
    Epsilon(Amount),
    /// Rho of zCDP: discrete Gaussian noise.
    Rho(Amount),
}

impl Cost {
    /// One part in `parts` of the cost, rounded down; none when nothing is left.
    pub(crate) fn split(self, parts: u64) -> Option<Self> {
        let part = |amount: Amount| amount.part(1, parts).filter(|part| *part > Amount::ZERO);
        match self {
            Self::Epsilon(epsilon) => part(epsilon).map(Self::Epsilon),
            Self::Rho(rho) => part(rho).map(Self::Rho),
        }
    }

    /// The scale of the Laplace noise, or the variance of the Gaussian noise, at a sensitivity.
    ///
    /// A variance is rounded up to terms that the sampler takes.
    pub(crate) fn noise(self, sensitivity: u64) -> Option<Noise> {
        match self {
            Self::Epsilon(epsilon) => {
                let scale = u128::from(sensitivity) * u128::from(TRILLION);
                Ratio::new(scale, epsilon.trillionths().into()).map(Noise::Laplace)
            }
            Self::Rho(rho) => {
                let above = u128::from(sensitivity)
                    .checked_pow(2)?
                    .checked_mul(u128::from(TRILLION))?;
                let below = u128::from(rho.trillionths()) * 2;
                if below == 0 {
                    return None;
                }
                // The finest of a few denominators whose numerator still fits.
                let fits = |denominator: u128| {
                    let numerator = above.checked_mul(denominator)?.div_ceil(below);
                    (numerator <= VARIANCE_TERM_MAX).then(|| Ratio::new(numerator, denominator))?
                };
                let denominators = [1 << 24, 1 << 16, 1 << 8, 1];
                denominators.into_iter().find_map(fits).map(Noise::Gaussian)
            }
        }
    }
}

/// Noise of a kind and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noise {
    Laplace(Ratio),
    Gaussian(Ratio),
}

/// What is left of a table's privacy.
///
/// It is stored and read back as it stands; a stored one that says that more is spent than may be is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Budget {
    accounting: Accounting,
    limit: Amount,
    spent: Amount,
    spendings: u64,
}

impl Budget {
    /// An unspent budget; none for a guarantee that is not one.
    #[must_use]
    pub fn new(accounting: Accounting) -> Option<Self> {
        Some(Self {
            accounting,
            limit: accounting.limit()?,
            spent: Amount::ZERO,
            spendings: 0,
        })
    }

    /// How spendings add up, and to what guarantee.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        self.accounting
    }

    /// What may be spent: epsilon for pure accounting, rho for zCDP.
    #[must_use]
    pub fn limit(&self) -> Amount {
        self.limit
    }

    /// What is spent.
    #[must_use]
    pub fn spent(&self) -> Amount {
        self.spent
    }

    /// What is left.
    #[must_use]
    pub fn left(&self) -> Amount {
        self.limit.checked_sub(self.spent).unwrap_or_default()
    }

    /// How many times it was spent from.
    #[must_use]
    pub fn spendings(&self) -> u64 {
        self.spendings
    }

    /// The epsilon that holds for everything answered so far, rounded up in the sixth place; with
    /// zCDP at the delta of the accounting.
    #[must_use]
    pub fn epsilon_spent(&self) -> f64 {
        match self.accounting {
            Accounting::Pure { .. } => self.spent.as_f64(),
            Accounting::Zcdp { delta, .. } if self.spent > Amount::ZERO => {
                let epsilon = epsilon_of(self.spent.as_f64(), delta.as_f64());
                (epsilon * 1e6).ceil() / 1e6
            }
            Accounting::Zcdp { .. } => 0.0,
        }
    }

    /// Counts a cost, has it recorded, and gives the grant for the answer.
    ///
    /// `record` makes the entry durable (in the ledger) and is called once, before any noise is drawn.
    ///
    /// # Errors
    /// When the cost is nothing, of another kind, or more than is left: nothing is counted then. When `record`
    /// failed: the cost stays counted, since nobody knows whether the entry was kept.
    pub fn spend<E>(
        &mut self,
        cost: Cost,
        record: impl FnOnce(&Entry) -> Result<(), E>,
    ) -> Result<Grant, SpendFault<E>> {
        let price = self.price(cost)?;
        let spent = self
            .spent
            .checked_add(price)
            .filter(|sum| *sum <= self.limit);
        let spent = spent.ok_or(BudgetFault::Exhausted)?;
        self.spent = spent;
        self.spendings = self.spendings.saturating_add(1);
        let entry = Entry {
            number: self.spendings,
            cost,
            price,
            spent,
            left: self.left(),
        };
        record(&entry).map_err(SpendFault::Record)?;
        Ok(Grant { cost })
    }

    /// What a cost takes from this budget.
    fn price(&self, cost: Cost) -> Result<Amount, BudgetFault> {
        let price = match (self.accounting, cost) {
            (Accounting::Pure { .. }, Cost::Epsilon(epsilon)) => epsilon,
            (Accounting::Pure { .. }, Cost::Rho(_)) => return Err(BudgetFault::Kind),
            (Accounting::Zcdp { .. }, Cost::Rho(rho)) => rho,
            (Accounting::Zcdp { .. }, Cost::Epsilon(epsilon)) => {
                let square = u128::from(epsilon.trillionths()).pow(2);
                let half = square.div_ceil(u128::from(TRILLION) * 2);
                let half = u64::try_from(half).ok().and_then(Amount::from_trillionths);
                half.ok_or(BudgetFault::Exhausted)?
            }
        };
        (price > Amount::ZERO)
            .then_some(price)
            .ok_or(BudgetFault::Nothing)
    }
}

/// A spending as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number of the spending, from 1.
    pub number: u64,
    /// What the answer costs.
    pub cost: Cost,
    /// What that takes from the budget, in its own accounting.
    pub price: Amount,
    /// What is spent with it.
    pub spent: Amount,
    /// What is left after it.
    pub left: Amount,
}

/// Leave to draw noise once, for one answer; made only by [`Budget::spend`], and used up by the answer.
#[derive(Debug)]
pub struct Grant {
    cost: Cost,
}

impl Grant {
    /// What was spent for it.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }
}

/// Why nothing was spent.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetFault {
    /// More than is left.
    #[error("the privacy budget does not have as much left")]
    Exhausted,
    /// A cost in rho from a budget of pure epsilon.
    #[error("a budget of pure epsilon can not be spent in rho")]
    Kind,
    /// A cost of zero: no noise would be enough.
    #[error("an answer can not cost nothing")]
    Nothing,
    /// A stored budget that contradicts itself.
    #[error("the stored budget is not one")]
    Stored,
}

/// Why no grant was given.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SpendFault<E> {
    /// Nothing was spent.
    #[error(transparent)]
    Budget(#[from] BudgetFault),
    /// The spending could not be recorded; it stays counted.
    #[error("the spending could not be recorded")]
    Record(E),
}

/// A budget as it is stored; the limit follows from the accounting.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    accounting: Accounting,
    spent: Amount,
    spendings: u64,
}

impl From<Budget> for Stored {
    fn from(budget: Budget) -> Self {
        Self {
            accounting: budget.accounting,
            spent: budget.spent,
            spendings: budget.spendings,
        }
    }
}

impl TryFrom<Stored> for Budget {
    type Error = BudgetFault;

    fn try_from(stored: Stored) -> Result<Self, BudgetFault> {
        let mut budget = Self::new(stored.accounting).ok_or(BudgetFault::Stored)?;
        let possible =
            stored.spent <= budget.limit && (stored.spendings > 0 || stored.spent == Amount::ZERO);
        budget.spent = stored.spent;
        budget.spendings = stored.spendings;
        possible.then_some(budget).ok_or(BudgetFault::Stored)
    }
}

/// The smallest epsilon that a rho keeps to at a delta.
///
/// Every order above one gives a valid bound (Canonne, Kamath, Steinke 2020, corollary 13); the best of a search
/// is taken.
fn epsilon_of(rho: f64, delta: f64) -> f64 {
    let bound = |excess: f64| {
        let order = 1.0 + excess;
        rho * order + (-(order * delta).ln()) / excess + (1.0 - 1.0 / order).ln()
    };
    // The bound has one valley; the search runs over the logarithm of the excess.
    let (mut low, mut high) = (-20.0_f64, 40.0_f64);
    for _ in 0..SEARCH_STEPS {
        let third = (high - low) / 3.0;
        if bound((low + third).exp()) < bound((high - third).exp()) {
            high -= third;
        } else {
            low += third;
        }
    }
    bound(low.midpoint(high).exp()).max(0.0)
}

/// A rho whose epsilon at a delta is not above the given one.
fn rho_of(epsilon: f64, delta: f64) -> f64 {
    let (mut low, mut high) = (0.0, epsilon.max(1.0) * 2.0);
    for _ in 0..SEARCH_STEPS {
        let middle = f64::midpoint(low, high);
        if epsilon_of(middle, delta) <= epsilon * (1.0 - CAUTION) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

const SEARCH_STEPS: u32 = 200;
/// More than the relative error of [`epsilon_of`] in floating point.
const CAUTION: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn zcdp_is_at_least_as_good_as_the_textbook_bound() {
        for (rho, delta) in [(0.1, 1e-6), (0.5, 1e-9), (0.001, 1e-5), (3.0, 1e-6)] {
            let textbook = rho + 2.0 * f64::sqrt(rho * f64::ln(1.0 / delta));
            let epsilon = epsilon_of(rho, delta);
            assert!(
                epsilon < textbook && epsilon > textbook * 0.6,
                "{epsilon} {textbook}"
            );
            let back = rho_of(epsilon, delta);
            assert!((back / rho - 1.0).abs() < 1e-3, "{back} {rho}");
            assert!(epsilon_of(back, delta) <= epsilon);
        }
    }

    #[test]
    fn guarantees_that_are_none_are_refused() {
        let none = |accounting| assert_eq!(Budget::new(accounting), None);
        none(Accounting::Pure {
            epsilon: Amount::ZERO,
        });
        none(Accounting::Zcdp {
            epsilon: amount("1"),
            delta: Amount::ZERO,
        });
        none(Accounting::Zcdp {
            epsilon: amount("1"),
            delta: amount("1"),
        });
    }

    #[test]
    fn tenths_of_epsilon_add_up_exactly() {
        let mut budget = Budget::new(Accounting::Pure {
            epsilon: amount("1"),
        })
        .unwrap();
        for _ in 0..10 {
            budget
                .spend(Cost::Epsilon(amount("0.1")), |_| Ok::<_, ()>(()))
                .unwrap();
        }
        assert_eq!(budget.left(), Amount::ZERO);
        let more = budget.spend(Cost::Epsilon(amount("0.000000000001")), |_| Ok::<_, ()>(()));
        assert_eq!(
            more.unwrap_err(),
            SpendFault::Budget(BudgetFault::Exhausted)
        );
    }

    #[test]
    fn a_spending_that_was_not_recorded_is_counted_and_gives_no_grant() {
        let mut budget = Budget::new(Accounting::Pure {
            epsilon: amount("1"),
        })
        .unwrap();
        let lost = budget.spend(Cost::Epsilon(amount("0.4")), |_| Err("disk"));
        assert_eq!(lost.unwrap_err(), SpendFault::Record("disk"));
        assert_eq!(budget.spent(), amount("0.4"));
    }

    #[test]
    fn a_stored_budget_comes_back_and_a_forged_one_does_not() {
        let accounting = Accounting::Zcdp {
            epsilon: amount("1"),
            delta: amount("0.000001"),
        };
        let mut budget = Budget::new(accounting).unwrap();
        budget
            .spend(Cost::Rho(amount("0.001")), |_| Ok::<_, ()>(()))
            .unwrap();
        budget
            .spend(Cost::Epsilon(amount("0.01")), |_| Ok::<_, ()>(()))
            .unwrap();
        assert_eq!(budget.spent(), amount("0.00105"));
        let text = serde_json::to_string(&budget).unwrap();
        assert_eq!(serde_json::from_str::<Budget>(&text).unwrap(), budget);
        let forged = text.replace("0.00105", "10");
        assert!(serde_json::from_str::<Budget>(&forged).is_err());
    }
}
