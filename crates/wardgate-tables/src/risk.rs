//! Risks of re-identification, after El Emam, Guide to the De-Identification of Personal Health Information
//! (2013), chapters 16 and 17: the prosecutor knows that a person is in the table, the journalist only that
//! the person is in the population, the marketer wants as many as possible.

mod uniqueness;

use serde::Serialize;

use crate::assessment::Grouped;
use crate::fault::TableFault;
use crate::table::Table;

pub use uniqueness::{PopulationUniqueness, UniquenessMethod};

/// Risks of re-identification, each 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Risks {
    /// Of somebody who knows that the person is in the table.
    pub prosecutor: Risk,
    /// Of somebody who knows only that the person is in the population; without knowledge of the population
    /// nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journalist: Option<Risk>,
    /// The share of rows that somebody who tries all of them names rightly.
    pub marketer: f64,
    /// The share of rows that are alone in their class.
    pub sample_uniqueness: f64,
    /// The share of rows that are estimated to be alone in the population.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population_uniqueness: Option<PopulationUniqueness>,
}

/// The risk that a row is named rightly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Risk {
    /// Of the row most at risk.
    pub highest: f64,
    /// Of all rows on average.
    pub average: f64,
    /// The share of rows above each threshold in use.
    pub above: Vec<AboveThreshold>,
}

/// How many rows are above a threshold of risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AboveThreshold {
    /// The risk.
    pub threshold: f64,
    /// Who uses it.
    pub used_for: &'static str,
    /// The share of rows above it.
    pub rows: f64,
}

/// What is known of the population.
#[derive(Clone, Copy, Debug)]
pub enum PopulationKnowledge<'t> {
    /// A table of everybody, generalised as the sample is.
    Table(&'t Table),
    /// The share of everybody that is in the sample, above 0 and up to 1.
    SamplingFraction(f64),
}

impl Risks {
    /// The risks that the table alone tells.
    pub(crate) fn of_sizes(sizes: &[u64]) -> Self {
        let rows: u64 = sizes.iter().sum();
        let prosecutor = Risk::of(
            sizes
                .iter()
                .map(|size| (*size, 1.0 / (*size).max(1) as f64)),
        );
        let unique = sizes.iter().filter(|size| **size == 1).count() as f64;
        Self {
            marketer: prosecutor.average,
            prosecutor,
            journalist: None,
            sample_uniqueness: unique / (rows as f64).max(1.0),
            population_uniqueness: None,
        }
    }

    /// The risks with what is known of the population.
    ///
    /// # Errors
    /// When a table lacks a column, when the sampling fraction makes no sense, or when a class of the sample is
    /// larger than in the population.
    pub fn with_population<N: AsRef<str>>(
        table: &Table,
        quasi: &[N],
        known: PopulationKnowledge<'_>,
    ) -> Result<Self, TableFault> {
        let sizes = Grouped::of(table, quasi)?.sizes;
        let mut risks = Self::of_sizes(&sizes);
        let risk = match known {
            PopulationKnowledge::Table(everybody) => {
                Risk::of(in_population(table, everybody, quasi)?.into_iter())
            }
            PopulationKnowledge::SamplingFraction(fraction) => {
                if !(fraction > 0.0 && fraction <= 1.0) {
                    return Err(TableFault::new(
                        "risk.unsound_fraction",
                        "the sampling fraction lies not between 0 and 1",
                        "give 0.01 for one person in a hundred",
                    ));
                }
                risks.population_uniqueness = PopulationUniqueness::estimated(&sizes, fraction);
                Risk::of(sizes.iter().map(|size| {
                    // The expected size in the population of a class with this size in the sample.
                    (*size, (fraction / (*size).max(1) as f64).min(1.0))
                }))
            }
        };
        risks.marketer = risk.average;
        risks.journalist = Some(risk);
        Ok(risks)
    }
}

impl Risk {
    /// The risk of classes, given as their rows and the risk of each row.
    fn of(classes: impl Iterator<Item = (u64, f64)> + Clone) -> Self {
        let rows = (classes.clone().map(|(rows, _)| rows).sum::<u64>() as f64).max(1.0);
        let above = THRESHOLDS
            .into_iter()
            .map(|(threshold, used_for)| AboveThreshold {
                threshold,
                used_for,
                rows: classes
                    .clone()
                    .filter(|(_, risk)| *risk > threshold)
                    .map(|(rows, _)| rows as f64)
                    .sum::<f64>()
                    / rows,
            })
            .collect();
        Self {
            highest: classes.clone().map(|(_, risk)| risk).fold(0.0, f64::max),
            average: classes.map(|(size, risk)| size as f64 * risk).sum::<f64>() / rows,
            above,
        }
    }
}

/// The classes of the table with the risk of their rows: one in all people of the population who look alike.
fn in_population<N: AsRef<str>>(
    table: &Table,
    everybody: &Table,
    quasi: &[N],
) -> Result<Vec<(u64, f64)>, TableFault> {
    let mut counts: std::collections::BTreeMap<Vec<&str>, (u64, u64)> =
        std::collections::BTreeMap::new();
    for (at, source) in [table, everybody].into_iter().enumerate() {
        let columns = quasi
            .iter()
            .map(|name| source.column(name.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..source.rows() {
            let key = columns.iter().map(|column| column.value(row)).collect();
            let count = counts.entry(key).or_default();
            if at == 0 {
                count.0 += 1;
            } else {
                count.1 += 1;
            }
        }
    }
    counts
        .into_values()
        .filter(|(sample, _)| *sample > 0)
        .map(|(sample, people)| {
            if sample > people {
                return Err(TableFault::new(
                    "risk.no_population",
                    "a class of the table has more rows than the population has people like them",
                    "give the population that the table was drawn from, generalised as the table is",
                ));
            }
            Ok((sample, 1.0 / people as f64))
        })
        .collect()
}

/// Thresholds in use: El Emam 2013, chapter 18; the cell size of 11 is that of the CMS for its public files.
const THRESHOLDS: [(f64, &str); 5] = [
    (0.5, "highest tolerated, trusted recipients"),
    (1.0 / 3.0, "k = 3"),
    (0.2, "k = 5, usual for non-public release"),
    (1.0 / 11.0, "cell size 11, CMS"),
    (0.05, "k = 20, public release"),
];
