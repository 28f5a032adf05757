//! The averaged structured perceptron with a margin.
//!
//! For each block the best path is sought with every wrong label made cheaper, a missed identifier
//! more than a false one. Where that path differs from the gold one, the weights of the gold
//! features rise by one and those of the others fall by one. The mean over all steps is kept.

use wardgate_deid::Engine;
use wardgate_deid::training::{self, Block, INSIDE, LANES, ROWS};

use crate::corpus::{Document, Span};
use crate::noise::{self, Curtain, Shares};
use crate::path::{self, NEVER, NOTHING, Sums};
use crate::random::Random;
use crate::rename;

/// How the tagger is trained.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Times that every text is read.
    pub epochs: usize,
    /// Decides the order and the noise.
    pub seed: u64,
    /// How much a missed identifier must lose by.
    pub missed: i32,
    /// How much a false one must lose by.
    pub invented: i32,
    /// How much a wrong kind or border must lose by.
    pub confused: i32,
    /// How much is hidden.
    pub hidden: Shares,
    /// In how many texts of a hundred a person gets a name that is a word, too.
    pub renamed: usize,
}

/// A text and how often it counts in an epoch.
#[derive(Clone, Debug)]
pub struct Lesson<'d> {
    /// The text.
    pub document: &'d Document,
    /// Epochs in which it is read: every one, every second, ...
    pub every: usize,
}

/// Trains and returns the file of weights; `tell` hears the mistakes of each epoch.
#[must_use]
pub fn train(
    engine: &Engine,
    lessons: &[Lesson<'_>],
    settings: &Settings,
    mut tell: impl FnMut(usize, u64, u64),
) -> Vec<u8> {
    let mut random = Random::new(settings.seed);
    let mut learner = Learner::new();
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    for epoch in 0..settings.epochs {
        random.shuffle(&mut order);
        let (mut wrong, mut all) = (0, 0);
        for lesson in order.iter().filter_map(|at| lessons.get(*at)) {
            if epoch % lesson.every != 0 {
                continue;
            }
            let renamed = if random.in_hundred(settings.renamed) {
                rename::rename(lesson.document, &mut random)
            } else {
                None
            };
            let document = renamed.as_ref().unwrap_or(lesson.document);
            for (block, gold) in read(engine, document, settings.hidden, &mut random) {
                wrong += learner.learn(&block, &gold, settings);
                all += gold.len() as u64;
            }
        }
        tell(epoch + 1, wrong, all);
    }
    learner.file()
}

/// What a token is in the gold standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gold {
    Lane(usize),
    Free,
}

fn read(
    engine: &Engine,
    document: &Document,
    hidden: Shares,
    random: &mut Random,
) -> Vec<(Block, Vec<Gold>)> {
    let recased = noise::recase(document, random);
    let text = recased.as_deref().unwrap_or(&document.text);
    let mut curtain = Curtain::new(document, hidden, random);
    let blocks = training::blocks(engine, text, document.language, |at| curtain.hide(&at));
    let golds = blocks
        .iter()
        .map(|block| gold(block, &document.spans))
        .collect::<Vec<_>>();
    blocks.into_iter().zip(golds).collect()
}

fn gold(block: &Block, spans: &[Span]) -> Vec<Gold> {
    let mut gold = vec![Gold::Lane(0); block.tokens.len()];
    for span in spans {
        let at = &span.mark.at;
        let first = block.tokens.partition_point(|token| token.end <= at.start);
        let last = block.tokens.partition_point(|token| token.start < at.end);
        let lane = span.mark.kind.and_then(training::lane);
        let mut inside = false;
        let tokens = gold.iter_mut().zip(&block.certain).take(last).skip(first);
        for (slot, certain) in tokens {
            *slot = match lane {
                _ if *certain => Gold::Lane(0),
                Some(lane) if inside => Gold::Lane(lane + INSIDE),
                Some(lane) => Gold::Lane(lane),
                None if span.free && *slot == Gold::Lane(0) => Gold::Free,
                None => *slot,
            };
            inside = !*certain;
        }
    }
    gold
}

struct Learner {
    weights: Vec<Sums>,
    /// Each change times the step at which it was made.
    changes: Vec<[i64; LANES]>,
    steps: [Sums; LANES],
    step_changes: [[i64; LANES]; LANES],
    time: i64,
}

impl Learner {
    fn new() -> Self {
        let mut steps = [[0; LANES]; LANES];
        for (from, row) in steps.iter_mut().enumerate() {
            for (to, step) in row.iter_mut().enumerate() {
                if !path::may_follow(from, to) {
                    *step = NEVER;
                }
            }
        }
        Self {
            weights: vec![[0; LANES]; ROWS],
            changes: vec![[0; LANES]; ROWS],
            steps,
            step_changes: [[0; LANES]; LANES],
            time: 1,
        }
    }

    /// Returns how many tokens had a wrong label.
    fn learn(&mut self, block: &Block, gold: &[Gold], settings: &Settings) -> u64 {
        let Some(width) = block.rows.len().checked_div(gold.len()) else {
            return 0;
        };
        self.time += 1;
        let rows = block.rows.chunks_exact(width);
        let sums = rows
            .zip(&block.certain)
            .map(|(rows, certain)| match certain {
                true => NOTHING,
                false => self.sum(rows),
            });
        let sums: Vec<Sums> = sums.collect();
        let right = self.gold_path(&sums, gold);
        let tempted = sums
            .iter()
            .zip(gold)
            .map(|(sum, gold)| tempt(sum, *gold, settings));
        let tempted: Vec<Sums> = tempted.collect();
        let taken = path::best(&tempted, &self.steps);
        let rows = block.rows.chunks_exact(width);
        let (mut wrong, mut before) = (0, (0, 0));
        for ((rows, right), taken) in rows.zip(&right).zip(&taken) {
            if right != taken {
                wrong += 1;
                self.change(rows, *right, 1);
                self.change(rows, *taken, -1);
            }
            if (before, *right) != (before, *taken) || before.0 != before.1 {
                self.change_step(before.0, *right, 1);
                self.change_step(before.1, *taken, -1);
            }
            before = (*right, *taken);
        }
        wrong
    }

    fn sum(&self, rows: &[u32]) -> Sums {
        let mut sum = [0; LANES];
        for row in rows
            .iter()
            .filter_map(|row| self.weights.get(*row as usize))
        {
            for (sum, weight) in sum.iter_mut().zip(row) {
                *sum += weight;
            }
        }
        sum
    }

    /// The gold path; where the gold standard leaves it free, the best one that agrees.
    fn gold_path(&self, sums: &[Sums], gold: &[Gold]) -> Vec<usize> {
        let fixed = gold.iter().map(|gold| match gold {
            Gold::Lane(lane) => Some(*lane),
            Gold::Free => None,
        });
        if let Some(path) = fixed.collect::<Option<Vec<_>>>() {
            return path;
        }
        let mut bound = sums.to_vec();
        for (sum, gold) in bound.iter_mut().zip(gold) {
            if let Gold::Lane(only) = gold {
                for (lane, value) in sum.iter_mut().enumerate().filter(|(lane, _)| lane != only) {
                    *value = if lane == 0 { NEVER / 2 } else { NEVER };
                }
            }
        }
        path::best(&bound, &self.steps)
    }

    fn change(&mut self, rows: &[u32], lane: usize, by: i32) {
        for row in rows {
            let at = *row as usize;
            let row = self.weights.get_mut(at).zip(self.changes.get_mut(at));
            let cell =
                row.and_then(|(weights, changes)| weights.get_mut(lane).zip(changes.get_mut(lane)));
            if let Some((weight, change)) = cell
                && (*weight + by).abs() <= WEIGHT_MAX
            {
                *weight += by;
                *change += i64::from(by) * self.time;
            }
        }
    }

    fn change_step(&mut self, from: usize, to: usize, by: i32) {
        if let Some(step) = self.steps.get_mut(from).and_then(|row| row.get_mut(to)) {
            *step += by;
        }
        let change = self
            .step_changes
            .get_mut(from)
            .and_then(|row| row.get_mut(to));
        if let Some(change) = change {
            *change += i64::from(by) * self.time;
        }
    }

    /// The mean weights, scaled so that the largest possible one fills eight bits.
    fn file(&self) -> Vec<u8> {
        let time = self.time;
        let mean = |weight: &i32, change: &i64| i64::from(*weight) * time - change;
        let means: Vec<[i64; LANES]> = self
            .weights
            .iter()
            .zip(&self.changes)
            .map(|(weights, changes)| {
                let mut row = [0; LANES];
                for (slot, (weight, change)) in row.iter_mut().zip(weights.iter().zip(changes)) {
                    *slot = mean(weight, change);
                }
                row
            })
            .collect();
        let full = i64::from(WEIGHT_MAX) * time;
        let scaled = |mean: i64| (2 * mean * 127 + full * mean.signum()) / (2 * full);
        let small = |weight: i64| if weight.abs() < WEIGHT_MIN { 0 } else { weight };
        let cell =
            |mean: i64| i8::try_from(small(scaled(mean)).clamp(-127, 127)).unwrap_or_default();
        let row = |means: &[i64; LANES]| {
            let row = means.map(cell);
            let telling = row.iter().any(|weight| i64::from(weight.abs()) >= ROW_MIN);
            if telling { row } else { [0; LANES] }
        };
        let rows: Vec<[i8; LANES]> = means.iter().map(row).collect();
        let mut steps = [[0; LANES]; LANES];
        for (row, (weights, changes)) in steps
            .iter_mut()
            .zip(self.steps.iter().zip(&self.step_changes))
        {
            for (slot, (weight, change)) in row.iter_mut().zip(weights.iter().zip(changes)) {
                let step = scaled(mean(weight, change)).clamp(-STEP_MAX, STEP_MAX);
                *slot = i16::try_from(step).unwrap_or_default();
            }
        }
        training::file(&rows, &steps)
    }
}

/// The sums with every wrong label made more tempting.
fn tempt(sum: &Sums, gold: Gold, settings: &Settings) -> Sums {
    let Gold::Lane(right) = gold else { return *sum };
    let mut tempted = *sum;
    for (lane, value) in tempted.iter_mut().enumerate() {
        *value += match (right, lane) {
            _ if lane == right => 0,
            (0, _) => settings.invented,
            (_, 0) => settings.missed,
            _ => settings.confused,
        };
    }
    tempted
}

/// No weight grows beyond this, so that eight bits hold them all without losing the small ones.
const WEIGHT_MAX: i32 = 50;
const STEP_MAX: i64 = 8_000;
/// Rows without a weight as large as this are left out: most rows tell next to nothing.
const ROW_MIN: i64 = 10;
/// Weights that are smaller than this when they are written are left out.
const WEIGHT_MIN: i64 = 5;
