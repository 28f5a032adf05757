//! Models made ready for a table: sensitive columns as numbers, distributions reckoned.

use super::{Distribution, Model};
use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::table::Table;

/// A model with what it needs of the table.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Size(u64),
    Distinct {
        sensitive: usize,
        l: u64,
    },
    Entropy {
        sensitive: usize,
        l: f64,
    },
    Recursive {
        sensitive: usize,
        c: f64,
        l: u64,
    },
    Close {
        sensitive: usize,
        t: f64,
        whole: Box<Distribution>,
    },
    Present {
        min: f64,
        max: f64,
    },
}

/// What a rule sees of a class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassView<'c> {
    /// Rows of the table.
    pub(crate) size: u64,
    /// People of the population table.
    pub(crate) population: u64,
    /// Counts by code, for each sensitive column.
    pub(crate) histograms: &'c [Vec<(u32, u64)>],
}

impl Rule {
    /// The rule of a model; `sensitive` are the names of the sensitive columns in their order.
    pub(crate) fn of<'h>(
        model: &Model,
        table: &Table,
        sensitive: &[String],
        hierarchy: impl Fn(&str) -> Option<&'h Hierarchy>,
    ) -> Result<Self, TableFault> {
        model.check()?;
        let place = |name: &str| {
            sensitive
                .iter()
                .position(|known| known == name)
                .ok_or_else(|| {
                    TableFault::new(
                        "plan.not_sensitive",
                        "a model looks at a column that is not among the sensitive ones",
                        "name the column as sensitive",
                    )
                    .column(name)
                })
        };
        Ok(match model {
            Model::KAnonymity { k } => Self::Size(*k),
            Model::DistinctDiversity { column, l } => Self::Distinct {
                sensitive: place(column)?,
                l: *l,
            },
            Model::EntropyDiversity { column, l } => Self::Entropy {
                sensitive: place(column)?,
                l: *l,
            },
            Model::RecursiveDiversity { column, c, l } => Self::Recursive {
                sensitive: place(column)?,
                c: *c,
                l: *l,
            },
            Model::Closeness {
                column,
                t,
                distance,
            } => Self::Close {
                sensitive: place(column)?,
                t: *t,
                whole: Box::new(Distribution::of(
                    table.column(column)?,
                    *distance,
                    hierarchy(column),
                )?),
            },
            Model::Presence { min, max } => Self::Present {
                min: *min,
                max: *max,
            },
        })
    }

    /// Whether a class fulfils it.
    pub(crate) fn holds(&self, class: ClassView<'_>) -> bool {
        let histogram = |sensitive: &usize| {
            class
                .histograms
                .get(*sensitive)
                .map_or(&[][..], Vec::as_slice)
        };
        match self {
            Self::Size(k) => class.size >= *k,
            Self::Distinct { sensitive, l } => histogram(sensitive).len() as u64 >= *l,
            Self::Entropy { sensitive, l } => {
                entropy(class.size, histogram(sensitive)) >= l.ln() - ROUNDING
            }
            Self::Recursive { sensitive, c, l } => recursive(histogram(sensitive), *c, *l),
            Self::Close {
                sensitive,
                t,
                whole,
            } => whole.distance(class.size, histogram(sensitive)) <= *t + ROUNDING,
            Self::Present { min, max } => {
                class.population > 0 && {
                    let share = class.size as f64 / class.population as f64;
                    *min <= share && share <= *max
                }
            }
        }
    }

    /// Whether a class that fails it still fails when it is split.
    ///
    /// Size and distinct values only shrink. Entropy and distances do not: a part may pass where the whole fails.
    pub(crate) fn fails_in_parts(&self) -> bool {
        matches!(self, Self::Size(_) | Self::Distinct { .. })
    }

    /// How many rows of a class are lost at least, however it is split and whatever of it is suppressed.
    ///
    /// By the concavity of entropy and the convexity of distances a class that fails has a part that fails;
    /// for recursive diversity that is theorem 6 of Machanavajjhala et al. 2007.
    pub(crate) fn lost_in_parts(&self, class: ClassView<'_>) -> u64 {
        match self {
            Self::Close {
                sensitive,
                t,
                whole,
            } => {
                let histogram = class
                    .histograms
                    .get(*sensitive)
                    .map_or(&[][..], Vec::as_slice);
                whole.lost_at_least(class.size, histogram, *t + ROUNDING)
            }
            Self::Entropy { .. } | Self::Recursive { .. } => u64::from(!self.holds(class)),
            Self::Size(_) | Self::Distinct { .. } | Self::Present { .. } => 0,
        }
    }
}

/// The entropy of a histogram, in nats.
pub(crate) fn entropy(size: u64, histogram: &[(u32, u64)]) -> f64 {
    let size = size as f64;
    -histogram
        .iter()
        .map(|(_, count)| {
            let share = *count as f64 / size;
            share * share.ln()
        })
        .sum::<f64>()
}

fn recursive(histogram: &[(u32, u64)], c: f64, l: u64) -> bool {
    let mut counts: Vec<u64> = histogram.iter().map(|(_, count)| *count).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let first = counts.first().copied().unwrap_or(0);
    let skipped = usize::try_from(l).unwrap_or(usize::MAX).saturating_sub(1);
    let rest: u64 = counts.iter().skip(skipped).sum();
    (first as f64) < c * rest as f64
}

/// What sums of shares may be off by.
const ROUNDING: f64 = 1e-12;
