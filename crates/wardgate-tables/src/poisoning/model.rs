//! A logistic model over sparse features, fitted crosswise: no row is judged by a model that learned from it.

use rayon::prelude::*;

use super::features::Features;

/// One model for each fold, trained on the other folds.
#[derive(Debug)]
pub(super) struct CrossFit {
    models: Vec<Logistic>,
    classes: usize,
}

impl CrossFit {
    /// Trains on rows that have a class.
    pub(super) fn train(features: &Features, class_of_row: &[Option<u32>], classes: usize) -> Self {
        let models = (0..FOLDS)
            .into_par_iter()
            .map(|fold| Logistic::train(features, class_of_row, classes, fold))
            .collect();
        Self { models, classes }
    }

    /// The weight of a feature for each class in the model that did not learn from `row`.
    pub(super) fn weights(&self, row: usize, feature: u32) -> &[f32] {
        let model = self.models.get(fold_of(row));
        model
            .map(|model| model.row(feature as usize))
            .unwrap_or_default()
    }

    /// The bias of each class in the model that did not learn from `row`.
    pub(super) fn bias(&self, row: usize) -> &[f32] {
        let model = self.models.get(fold_of(row));
        model
            .map(|model| model.row(model.features))
            .unwrap_or_default()
    }

    pub(super) fn classes(&self) -> usize {
        self.classes
    }
}

/// Which fold a row belongs to: by its number, mixed, so that sorted tables have even folds.
pub(super) fn fold_of(row: usize) -> usize {
    (mixed(row as u64) % FOLDS as u64) as usize
}

/// SplitMix64 (Steele, Lea, Flood 2014), as a fixed shuffle.
pub(super) fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Chances from logits, in place.
pub(super) fn softmax(logits: &mut [f64]) {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = (*logit - most).exp();
        sum += *logit;
    }
    logits.iter_mut().for_each(|chance| *chance /= sum);
}

/// Weights by feature and class; the biases stand behind the last feature.
#[derive(Debug)]
struct Logistic {
    weights: Vec<f32>,
    features: usize,
    classes: usize,
}

impl Logistic {
    /// AdaGrad (Duchi, Hazan, Singer 2011) over the rows of all folds but one, in a fixed shuffled order.
    fn train(
        features: &Features,
        class_of_row: &[Option<u32>],
        classes: usize,
        left_out: usize,
    ) -> Self {
        let size = (features.count() + 1) * classes;
        let mut model = Self {
            weights: vec![0.0; size],
            features: features.count(),
            classes,
        };
        let mut squares = vec![1e-2_f32; size];
        let mut order: Vec<usize> = (0..features.rows())
            .filter(|row| {
                fold_of(*row) != left_out && class_of_row.get(*row).copied().flatten().is_some()
            })
            .collect();
        let mut chances = vec![0.0; classes];
        for epoch in 0..EPOCHS {
            order.sort_by_key(|row| mixed((*row as u64) ^ (epoch << 40)));
            let rate = RATE / (1.0 + epoch as f32);
            for row in &order {
                let class = class_of_row
                    .get(*row)
                    .copied()
                    .flatten()
                    .unwrap_or_default();
                model.step(
                    features.of_row(*row),
                    class as usize,
                    rate,
                    &mut squares,
                    &mut chances,
                );
            }
        }
        model
    }

    fn step(
        &mut self,
        row: &[u32],
        class: usize,
        rate: f32,
        squares: &mut [f32],
        chances: &mut [f64],
    ) {
        chances.fill(0.0);
        let bias = self.features;
        let active = || row.iter().map(|feature| *feature as usize).chain([bias]);
        for feature in active() {
            for (chance, weight) in chances.iter_mut().zip(self.row(feature)) {
                *chance += f64::from(*weight);
            }
        }
        softmax(chances);
        for feature in active() {
            let range = feature * self.classes..(feature + 1) * self.classes;
            let (Some(weights), Some(squares)) =
                (self.weights.get_mut(range.clone()), squares.get_mut(range))
            else {
                continue;
            };
            for (number, ((weight, square), chance)) in weights
                .iter_mut()
                .zip(squares)
                .zip(chances.iter())
                .enumerate()
            {
                let wanted = if number == class { 1.0 } else { 0.0 };
                let slope = (*chance - wanted) as f32 + DECAY * *weight;
                *square += slope * slope;
                *weight -= rate * slope / square.sqrt();
            }
        }
    }

    fn row(&self, feature: usize) -> &[f32] {
        let start = feature * self.classes;
        self.weights
            .get(start..start + self.classes)
            .unwrap_or_default()
    }
}

/// Folds of the cross-fitting.
const FOLDS: usize = 5;
const EPOCHS: u64 = 6;
const RATE: f32 = 0.2;
/// Pull of weights towards zero.
const DECAY: f32 = 1e-4;
