//! What is guaranteed of a data set, in codes.

use std::fmt;
use std::str::FromStr;

use wardgate_tables::Assessment;

use super::Look;

/// What is guaranteed, in the order stated.
///
/// ```
/// use wardgate_datasets::release::{Claim, Guarantee};
///
/// let guarantee: Guarantee = "deidentified,k=5,t=0.2".parse().unwrap();
/// assert!(guarantee.has(&Claim::Deidentified) && guarantee.is_about_tables());
/// assert_eq!(guarantee.to_string(), "deidentified k=5 t=0.2");
/// assert!("k=0".parse::<Guarantee>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarantee(Vec<Claim>);

/// One thing that is guaranteed. Figures with a fraction are in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// `deidentified`: every file was written by a run whose verifier was on and found nothing.
    Deidentified,
    /// `k=5`: at least so many rows are alike in all quasi-identifiers.
    K(u64),
    /// `l=3`: so many different values of each sensitive column in each class.
    DistinctL(u64),
    /// `entropy-l=2.5`: the entropy of each sensitive column in each class is at least its logarithm.
    EntropyL(u64),
    /// `t=0.2`: no class is further from the whole table, any two values one apart.
    T(u64),
    /// `t-ordered=0.2`: the same with values apart by their order.
    OrderedT(u64),
    /// `unique=0`: at most so many rows are alone in their class.
    Unique(u64),
}

impl Guarantee {
    /// Whether something is guaranteed.
    #[must_use]
    pub fn has(&self, claim: &Claim) -> bool {
        self.0.contains(claim)
    }

    /// Whether anything is guaranteed of the rows of a table.
    #[must_use]
    pub fn is_about_tables(&self) -> bool {
        self.0.iter().any(|claim| *claim != Claim::Deidentified)
    }

    /// Holds it against a table.
    pub(super) fn judge(&self, found: &Assessment, look: &mut Look) {
        for claim in &self.0 {
            let short = match claim {
                Claim::Deidentified => None,
                Claim::K(k) => (found.k < *k).then(|| format!("its k is {}", found.k)),
                Claim::Unique(most) => (found.unique_rows > *most)
                    .then(|| format!("{} of its rows are alone in their class", found.unique_rows)),
                Claim::DistinctL(_) | Claim::EntropyL(_) | Claim::T(_) | Claim::OrderedT(_) => {
                    sensitive(claim, found)
                }
            };
            if let Some(short) = short {
                look.reason(
                    claim.code(),
                    format!("the table does not hold `{claim}`: {short}"),
                    "anonymise it again with this model, or guarantee less",
                );
            }
        }
    }
}

impl Claim {
    fn code(&self) -> &'static str {
        match self {
            Self::Deidentified => "release.deidentified",
            Self::K(_) => "release.k",
            Self::DistinctL(_) => "release.l",
            Self::EntropyL(_) => "release.entropy_l",
            Self::T(_) => "release.t",
            Self::OrderedT(_) => "release.t_ordered",
            Self::Unique(_) => "release.unique",
        }
    }
}

fn sensitive(claim: &Claim, found: &Assessment) -> Option<String> {
    if found.sensitive.is_empty() {
        return Some("no sensitive column is named".to_owned());
    }
    found.sensitive.iter().find_map(|column| {
        let (name, holds, is) = match claim {
            Claim::DistinctL(l) => ("l", column.distinct_l >= *l, column.distinct_l as f64),
            Claim::EntropyL(l) => (
                "entropy l",
                column.entropy_l + ROUNDING >= of_ppm(*l),
                column.entropy_l,
            ),
            Claim::T(t) => ("t", column.equal_t <= of_ppm(*t) + ROUNDING, column.equal_t),
            Claim::OrderedT(t) => (
                "ordered t",
                column.ordered_t <= of_ppm(*t) + ROUNDING,
                column.ordered_t,
            ),
            _ => return None,
        };
        (!holds).then(|| format!("the {name} of `{}` is {is:.6}", column.column))
    })
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, claim) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{claim}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deidentified => f.write_str("deidentified"),
            Self::K(k) => write!(f, "k={k}"),
            Self::DistinctL(l) => write!(f, "l={l}"),
            Self::EntropyL(l) => write!(f, "entropy-l={}", of_ppm(*l)),
            Self::T(t) => write!(f, "t={}", of_ppm(*t)),
            Self::OrderedT(t) => write!(f, "t-ordered={}", of_ppm(*t)),
            Self::Unique(rows) => write!(f, "unique={rows}"),
        }
    }
}

impl FromStr for Guarantee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let claims: Vec<Claim> = text
            .split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(claim)
            .collect::<Result<_, _>>()?;
        match claims.is_empty() {
            true => Err("nothing is guaranteed".to_owned()),
            false => Ok(Self(claims)),
        }
    }
}

fn claim(word: &str) -> Result<Claim, String> {
    let unknown = || format!("`{word}` is none of {KNOWN}");
    if word == "deidentified" {
        return Ok(Claim::Deidentified);
    }
    let (name, figure) = word.split_once('=').ok_or_else(unknown)?;
    let whole = || figure.parse::<u64>().ok().filter(|figure| *figure > 0);
    let ppm = |least: f64, most: f64| {
        let figure = figure.parse::<f64>().ok()?;
        let fits = figure >= least && figure <= most;
        fits.then(|| (figure * PPM).round() as u64)
    };
    let claim = match name {
        "k" => whole().map(Claim::K),
        "l" => whole().map(Claim::DistinctL),
        "entropy-l" => ppm(1.0, ENTROPY_MAX).map(Claim::EntropyL),
        "t" => ppm(0.0, 1.0).map(Claim::T),
        "t-ordered" => ppm(0.0, 1.0).map(Claim::OrderedT),
        "unique" => figure.parse().ok().map(Claim::Unique),
        _ => None,
    };
    claim.ok_or_else(unknown)
}

fn of_ppm(figure: u64) -> f64 {
    figure as f64 / PPM
}

const KNOWN: &str = "deidentified, k=5, l=3, entropy-l=2.5, t=0.2, t-ordered=0.2, unique=0";
const PPM: f64 = 1e6;
const ENTROPY_MAX: f64 = 1e6;
/// Sums of many fractions differ in their last bits.
const ROUNDING: f64 = 1e-9;
