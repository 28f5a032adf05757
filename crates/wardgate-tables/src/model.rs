//! Privacy models: what every class of rows that look alike must fulfil.

mod distribution;
mod rule;

use serde::{Deserialize, Serialize};

use crate::fault::TableFault;

pub(crate) use distribution::Distribution;
pub(crate) use rule::{ClassView, Rule, entropy};

/// A privacy model. Several may be asked for at once; each class must fulfil all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Model {
    /// k-anonymity (Sweeney 2002): at least `k` rows in each class.
    KAnonymity {
        /// Rows, 1 or more.
        k: u64,
    },
    /// Distinct l-diversity (Machanavajjhala et al. 2007): at least `l` different sensitive values in each class.
    DistinctDiversity {
        /// The sensitive column.
        column: String,
        /// Values, 1 or more.
        l: u64,
    },
    /// Entropy l-diversity (Machanavajjhala et al. 2007): the entropy of the sensitive values is at least log `l`.
    EntropyDiversity {
        /// The sensitive column.
        column: String,
        /// 1 or more.
        l: f64,
    },
    /// Recursive (c, l)-diversity (Machanavajjhala et al. 2007): the most frequent sensitive value stands less
    /// often than `c` times the values from the `l`-th most frequent on.
    RecursiveDiversity {
        /// The sensitive column.
        column: String,
        /// More than 0.
        c: f64,
        /// Values, 1 or more.
        l: u64,
    },
    /// t-closeness (Li et al. 2007): the distribution of the sensitive values of each class is at most `t` away
    /// from that of the whole input table, by earth mover's distance.
    Closeness {
        /// The sensitive column.
        column: String,
        /// 0 to 1.
        t: f64,
        /// How far two sensitive values are apart.
        #[serde(default)]
        distance: Distance,
    },
    /// Delta-presence (Nergiz et al. 2007): of the people of the population table that look like a class, the
    /// share that is in the table lies between two bounds.
    Presence {
        /// The least share, 0 to 1.
        min: f64,
        /// The greatest share, 0 to 1.
        max: f64,
    },
}

/// How far two sensitive values are apart in t-closeness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// Any two different values are 1 apart.
    #[default]
    Equal,
    /// By their places among all values, numbers by size and text by the alphabet.
    Ordered,
    /// By the level of the sensitive column's hierarchy at which they meet.
    Hierarchical,
}

impl Model {
    /// The sensitive column that it looks at.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::KAnonymity { .. } | Self::Presence { .. } => None,
            Self::DistinctDiversity { column, .. }
            | Self::EntropyDiversity { column, .. }
            | Self::RecursiveDiversity { column, .. }
            | Self::Closeness { column, .. } => Some(column),
        }
    }

    /// The model as one line of a report.
    #[must_use]
    pub fn described(&self) -> String {
        match self {
            Self::KAnonymity { k } => format!("{k}-anonymity"),
            Self::DistinctDiversity { column, l } => {
                format!("distinct {l}-diversity of `{column}`")
            }
            Self::EntropyDiversity { column, l } => format!("entropy {l}-diversity of `{column}`"),
            Self::RecursiveDiversity { column, c, l } => {
                format!("recursive ({c}, {l})-diversity of `{column}`")
            }
            Self::Closeness {
                column,
                t,
                distance,
            } => {
                let distance = match distance {
                    Distance::Equal => "equal",
                    Distance::Ordered => "ordered",
                    Distance::Hierarchical => "hierarchical",
                };
                format!("{t}-closeness of `{column}` by {distance} distance")
            }
            Self::Presence { min, max } => format!("({min}, {max})-presence"),
        }
    }

    /// Checks its numbers.
    pub(crate) fn check(&self) -> Result<(), TableFault> {
        let sound = match self {
            Self::KAnonymity { k } => *k >= 1,
            Self::DistinctDiversity { l, .. } => *l >= 1,
            Self::EntropyDiversity { l, .. } => *l >= 1.0 && l.is_finite(),
            Self::RecursiveDiversity { c, l, .. } => *c > 0.0 && c.is_finite() && *l >= 1,
            Self::Closeness { t, .. } => (0.0..=1.0).contains(t),
            Self::Presence { min, max } => 0.0 <= *min && min <= max && *max <= 1.0,
        };
        if sound {
            return Ok(());
        }
        Err(TableFault::new(
            "plan.unsound_model",
            format!("{} asks for numbers without sense", self.described()),
            "k and l are 1 or more, t and the bounds of presence lie between 0 and 1",
        ))
    }
}
