//! What the features of a row say about its label, all of them or without some.

use crate::table::Table;

use super::features::Features;
use super::model::{CrossFit, softmax};

/// The classes of a label column.
#[derive(Debug)]
pub(super) struct Classes {
    /// The class of each row; none for a missing label or a class of too few rows.
    pub(super) of_row: Vec<Option<u32>>,
    pub(super) count: usize,
}

/// Labels, features and cross-fitted weights.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) classes: Classes,
    pub(super) features: &'a Features,
    fit: &'a CrossFit,
    /// The mean weight of each column's features by class, over all rows.
    mean_of_column: Vec<(usize, Vec<f64>)>,
}

impl<'a> Evidence<'a> {
    /// The classes of a label column, or why labels can not be judged.
    pub(super) fn prepare(table: &Table, label: usize) -> Result<Classes, &'static str> {
        let column = table
            .columns()
            .get(label)
            .ok_or("the label column is missing")?;
        let counts = column.counts();
        let mut next = 0;
        let mut class_of_code = Vec::with_capacity(counts.len());
        for (value, count) in column.values().zip(&counts) {
            let is_class = !value.is_empty() && *count >= ROWS_OF_CLASS_MIN;
            class_of_code.push(is_class.then_some(next));
            next += u32::from(is_class);
        }
        let of_row = column
            .codes()
            .map(|code| class_of_code.get(code as usize).copied().flatten());
        let of_row: Vec<Option<u32>> = of_row.collect();
        match next as usize {
            0 | 1 => Err("the label column has fewer than two classes of 20 rows"),
            count if count > CLASSES_MAX => Err("the label column has more than 100 classes"),
            _ if of_row.iter().flatten().count() < ROWS_MIN => {
                Err("fewer than 200 rows have a label")
            }
            count => Ok(Classes { of_row, count }),
        }
    }

    pub(super) fn new(classes: Classes, features: &'a Features, fit: &'a CrossFit) -> Self {
        let mut sums: Vec<(usize, Vec<f64>)> = Vec::new();
        for row in 0..features.rows() {
            for feature in features.of_row(row) {
                let column = features.column(*feature);
                let place = sums
                    .iter()
                    .position(|(of, _)| *of == column)
                    .unwrap_or_else(|| {
                        sums.push((column, vec![0.0; fit.classes()]));
                        sums.len() - 1
                    });
                if let Some((_, sum)) = sums.get_mut(place) {
                    add(
                        sum,
                        fit.weights(row, *feature),
                        1.0 / features.rows() as f64,
                    );
                }
            }
        }
        Self {
            classes,
            features,
            fit,
            mean_of_column: sums,
        }
    }

    /// The chance of each class by all features of a row.
    pub(super) fn chances(&self, row: usize) -> Vec<f64> {
        self.chances_without(row, &[], &[])
    }

    /// The chance of each class when nothing is known of `columns`, and single `features` are overlooked.
    pub(super) fn chances_without(
        &self,
        row: usize,
        columns: &[usize],
        features: &[u32],
    ) -> Vec<f64> {
        let mut chances = vec![0.0; self.classes.count];
        add(&mut chances, self.fit.bias(row), 1.0);
        for feature in self.features.of_row(row) {
            let unknown = columns.contains(&self.features.column(*feature));
            if !unknown && !features.contains(feature) {
                add(&mut chances, self.fit.weights(row, *feature), 1.0);
            }
        }
        for (column, mean) in &self.mean_of_column {
            if columns.contains(column) {
                chances
                    .iter_mut()
                    .zip(mean)
                    .for_each(|(to, mean)| *to += mean);
            }
        }
        softmax(&mut chances);
        chances
    }
}

fn add(to: &mut [f64], weights: &[f32], times: f64) {
    to.iter_mut()
        .zip(weights)
        .for_each(|(to, weight)| *to += f64::from(*weight) * times);
}

/// Rows of a class from which it is one.
const ROWS_OF_CLASS_MIN: u64 = 20;
const CLASSES_MAX: usize = 100;
const ROWS_MIN: usize = 200;
