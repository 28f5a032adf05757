//! What a table guarantees as it stands: k, l, t and the risks of re-identification.

use serde::Serialize;

use crate::fault::TableFault;
use crate::grouping::Grouper;
use crate::model::{Distance, Distribution, entropy};
use crate::risk::Risks;
use crate::table::{Column, Table};

/// What a table guarantees as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// Rows.
    pub rows: u64,
    /// Classes of rows that are alike in all quasi-identifiers.
    pub classes: u64,
    /// Rows of the smallest class: the k of k-anonymity; 0 for a table without rows.
    pub k: u64,
    /// Rows that are alone in their class.
    pub unique_rows: u64,
    /// What holds for each sensitive column.
    pub sensitive: Vec<SensitiveAssessment>,
    /// The risks of re-identification.
    pub risks: Risks,
}

/// What holds for a sensitive column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SensitiveAssessment {
    /// The column.
    pub column: String,
    /// The fewest different values in a class: the l of distinct l-diversity.
    pub distinct_l: u64,
    /// The l of entropy l-diversity: e to the least entropy of a class.
    pub entropy_l: f64,
    /// The greatest distance of a class from the whole table, any two values 1 apart: the t of t-closeness.
    pub equal_t: f64,
    /// The same with values apart by their order.
    pub ordered_t: f64,
}

impl Assessment {
    /// Assesses a table. Values are compared as they stand; a missing value is a value.
    ///
    /// # Errors
    /// When the table lacks a column.
    pub fn of<N: AsRef<str>>(
        table: &Table,
        quasi: &[N],
        sensitive: &[N],
    ) -> Result<Self, TableFault> {
        let grouped = Grouped::of(table, quasi)?;
        let sensitive = sensitive
            .iter()
            .map(|name| grouped.sensitive(table.column(name.as_ref())?))
            .collect::<Result<_, TableFault>>()?;
        Ok(Self {
            rows: table.rows() as u64,
            classes: grouped.sizes.len() as u64,
            k: grouped.sizes.iter().min().copied().unwrap_or(0),
            unique_rows: grouped.sizes.iter().filter(|size| **size == 1).count() as u64,
            sensitive,
            risks: Risks::of_sizes(&grouped.sizes),
        })
    }
}

/// The class of each row and the size of each class.
pub(crate) struct Grouped {
    pub(crate) classes: Vec<u32>,
    pub(crate) sizes: Vec<u64>,
}

impl Grouped {
    pub(crate) fn of<N: AsRef<str>>(table: &Table, quasi: &[N]) -> Result<Self, TableFault> {
        let mut grouper = Grouper::default();
        let mut classes = vec![0; table.rows()];
        let mut refined = Vec::new();
        let mut groups = usize::from(table.rows() > 0);
        for name in quasi {
            let column = table.column(name.as_ref())?;
            let pairs = classes.iter().copied().zip(column.codes());
            groups = grouper.refine(pairs, groups, column.distinct(), &mut refined);
            std::mem::swap(&mut classes, &mut refined);
        }
        let mut sizes = vec![0; groups];
        for class in &classes {
            if let Some(size) = sizes.get_mut(*class as usize) {
                *size += 1;
            }
        }
        Ok(Self { classes, sizes })
    }

    fn sensitive(&self, column: &Column) -> Result<SensitiveAssessment, TableFault> {
        let equal = Distribution::of(column, Distance::Equal, None)?;
        let ordered = Distribution::of(column, Distance::Ordered, None)?;
        let mut found = SensitiveAssessment {
            column: column.name().to_owned(),
            distinct_l: u64::MAX,
            entropy_l: f64::INFINITY,
            equal_t: 0.0,
            ordered_t: 0.0,
        };
        self.each_histogram(column, |size, histogram| {
            found.distinct_l = found.distinct_l.min(histogram.len() as u64);
            found.entropy_l = found.entropy_l.min(entropy(size, histogram).exp());
            found.equal_t = found.equal_t.max(equal.distance(size, histogram));
            found.ordered_t = found.ordered_t.max(ordered.distance(size, histogram));
        });
        if self.sizes.is_empty() {
            found.distinct_l = 0;
            found.entropy_l = 0.0;
        }
        Ok(found)
    }

    /// Shows the size of each class and how often each code of a column stands in it.
    fn each_histogram(&self, column: &Column, mut look: impl FnMut(u64, &[(u32, u64)])) {
        let mut grouper = Grouper::default();
        let mut pairs = Vec::new();
        let rows = self.classes.iter().copied().zip(column.codes());
        let count = grouper.refine(rows, self.sizes.len(), column.distinct(), &mut pairs);
        drop(grouper);
        let mut counted: Vec<(u32, u32, u32)> = Vec::with_capacity(count);
        for ((pair, class), code) in pairs.iter().zip(&self.classes).zip(column.codes()) {
            match counted.get_mut(*pair as usize) {
                Some((.., rows)) => *rows += 1,
                // Pairs are numbered by their first row.
                None => counted.push((*class, code, 1)),
            }
        }
        drop(pairs);
        counted.sort_unstable();
        let mut histogram = Vec::new();
        for run in counted.chunk_by(|(a, ..), (b, ..)| a == b) {
            histogram.clear();
            histogram.extend(run.iter().map(|(_, code, rows)| (*code, u64::from(*rows))));
            let class = run.first().map_or(0, |(class, ..)| *class as usize);
            look(self.sizes.get(class).copied().unwrap_or(0), &histogram);
        }
    }
}
