//! Amounts of privacy budget: decimals with twelve places, added and compared exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An epsilon or a rho: a number of trillionths, so that sums are exact.
///
/// ```
/// use wardgate_tables::private::Amount;
///
/// let tenth: Amount = "0.1".parse()?;
/// let sum = tenth.checked_add(tenth).and_then(|two| two.checked_add(tenth));
/// assert_eq!(sum, Some("0.3".parse()?));
/// # Ok::<(), wardgate_tables::private::AmountFault>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(u64);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an amount is a decimal number from 0 to 1000000 with at most {PLACES} places")]
pub struct AmountFault;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many trillionths; none above the limit of one million.
    #[must_use]
    pub fn from_trillionths(trillionths: u64) -> Option<Self> {
        (trillionths <= TRILLIONTHS_MAX).then_some(Self(trillionths))
    }

    /// The number of trillionths.
    #[must_use]
    pub fn trillionths(self) -> u64 {
        self.0
    }

    /// The sum, where it stays below the limit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::from_trillionths)
    }

    /// What is left after taking `other`, where there is as much.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The part `numerator / denominator`, rounded down.
    #[must_use]
    pub fn part(self, numerator: u64, denominator: u64) -> Option<Self> {
        let whole = u128::from(self.0) * u128::from(numerator);
        let part = whole.checked_div(u128::from(denominator))?;
        u64::try_from(part).ok().and_then(Self::from_trillionths)
    }

    /// As a floating-point number, for reports and bounds that are rounded to the safe side afterwards.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / TRILLION as f64
    }

    /// The largest amount that is surely not above `value`.
    pub(crate) fn below(value: f64) -> Option<Self> {
        let scaled = (value * (1.0 - ROUNDING) * TRILLION as f64).floor() - 1.0;
        (scaled >= 0.0 && scaled <= TRILLIONTHS_MAX as f64).then_some(Self(scaled as u64))
    }
}

impl FromStr for Amount {
    type Err = AmountFault;

    fn from_str(text: &str) -> Result<Self, AmountFault> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let ends_well = !text.ends_with('.') && !whole.is_empty();
        if !ends_well
            || !digits(whole)
            || !digits(places)
            || places.len() > PLACES
            || whole.len() > 7
        {
            return Err(AmountFault);
        }
        let padded = format!("{whole}{places:0<PLACES$}");
        let number = padded.parse().map_err(|_| AmountFault)?;
        Self::from_trillionths(number).ok_or(AmountFault)
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountFault;

    fn try_from(text: String) -> Result<Self, AmountFault> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, places) = (self.0 / TRILLION, self.0 % TRILLION);
        if places == 0 {
            return write!(f, "{whole}");
        }
        let places = format!("{places:0>PLACES$}");
        write!(f, "{whole}.{}", places.trim_end_matches('0'))
    }
}

const PLACES: usize = 12;
/// Parts of one that are counted.
pub(super) const TRILLION: u64 = 1_000_000_000_000;
const TRILLIONTHS_MAX: u64 = 1_000_000 * TRILLION;
/// More than the relative error of the floating-point steps before a bound is rounded down.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_and_written_exactly() {
        for text in ["0", "1", "0.1", "0.000000000001", "1000000", "12.5"] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!(amount.to_string(), text);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "1e3",
            "0.0000000000001",
            "1000000.1",
            "0x1",
            "+1",
        ] {
            assert_eq!(text.parse::<Amount>(), Err(AmountFault), "{text}");
        }
    }

    #[test]
    fn a_bound_from_floating_point_is_rounded_down() {
        let bound = Amount::below(0.1).unwrap();
        assert!(bound < "0.1".parse().unwrap());
        assert!(bound.as_f64() > 0.0999999);
        assert_eq!(Amount::below(f64::NAN), None);
        assert_eq!(Amount::below(-1.0), None);
    }
}
