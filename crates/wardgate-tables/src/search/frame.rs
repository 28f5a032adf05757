//! The rows that are left when some axes have their level, and the bound on what that loses.

use crate::classes::Classes;
use crate::grouping::Grouper;
use crate::model::Rule;
use crate::problem::Problem;
use crate::utility::loss_of_axis;

/// The classes of the rows that are left, and what the lost ones cost.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    items: Vec<u32>,
    weights: Vec<u32>,
    classes: Vec<u32>,
    groups: usize,
    /// The levels of the axes so far, in the order of the search.
    levels: Vec<usize>,
    /// Leaves that the lost rows would cover, for each axis and level.
    lost: Vec<u64>,
    suppressed: u64,
}

impl Frame {
    /// The level of each axis so far.
    pub(super) fn levels(&self) -> &[usize] {
        &self.levels
    }

    /// How many items are left.
    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    fn rows(&self) -> impl Iterator<Item = (u32, u32, u32)> + Clone + '_ {
        let rows = self.classes.iter().zip(&self.items).zip(&self.weights);
        rows.map(|((class, item), weight)| (*class, *item, *weight))
    }
}

/// Makes frames of frames. Each thread has one, with memory that is used again.
pub(super) struct Evaluator<'p> {
    problem: &'p Problem,
    order: &'p [usize],
    /// Where the levels of each axis begin in `lost` and `totals`.
    starts: Vec<usize>,
    /// Leaves that all rows cover, for each axis and level.
    totals: Vec<u64>,
    grouper: Grouper,
    refined: Vec<u32>,
    pairs: Vec<u32>,
    distinct: Vec<u64>,
    sizes: Vec<u64>,
    fails: Vec<bool>,
    renumbered: Vec<u32>,
    classes: Classes,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(problem: &'p Problem, order: &'p [usize]) -> Self {
        let mut starts = Vec::new();
        let mut levels = 0;
        for axis in &problem.axes {
            starts.push(levels);
            levels += axis.levels.len();
        }
        let mut evaluator = Self {
            problem,
            order,
            starts,
            totals: vec![0; levels],
            grouper: Grouper::default(),
            refined: Vec::new(),
            pairs: Vec::new(),
            distinct: Vec::new(),
            sizes: Vec::new(),
            fails: Vec::new(),
            renumbered: Vec::new(),
            classes: Classes::default(),
        };
        let mut totals = std::mem::take(&mut evaluator.totals);
        for (item, weight) in problem.items.weights.iter().enumerate() {
            evaluator.add_covers(&mut totals, item, u64::from(*weight));
        }
        evaluator.totals = totals;
        evaluator
    }

    /// All rows in one class.
    pub(super) fn root(&mut self) -> Frame {
        let items = &self.problem.items;
        Frame {
            items: (0..items.count())
                .filter_map(|item| u32::try_from(item).ok())
                .collect(),
            weights: items.weights.clone(),
            classes: vec![0; items.count()],
            groups: 1,
            levels: Vec::new(),
            lost: vec![0; self.totals.len()],
            suppressed: 0,
        }
    }

    /// Gives the next axis a level. False when more rows are lost than may be suppressed.
    pub(super) fn step(&mut self, frame: &Frame, level: usize, child: &mut Frame) -> bool {
        let Some((leaves, to)) = self.order.get(frame.levels.len()).and_then(|axis| {
            let leaves = self.problem.items.leaves.get(*axis)?;
            Some((leaves, self.problem.axes.get(*axis)?.levels.get(level)?))
        }) else {
            return false;
        };
        let generalised = frame.items.iter().map(|item| {
            let leaf = leaves.get(*item as usize).copied().unwrap_or(0);
            to.of_leaf.get(leaf as usize).copied().unwrap_or(0)
        });
        let rows = frame.classes.iter().copied().zip(generalised);
        let groups = self
            .grouper
            .refine(rows, frame.groups, to.width, &mut self.refined);
        let lost = self.fail_for_good(frame, groups);
        if frame.suppressed + lost > self.problem.suppressed_max {
            return false;
        }
        self.keep(frame, groups, child);
        child.levels.clone_from(&frame.levels);
        child.levels.push(level);
        child.levels.len() == self.order.len() || self.may_hold(child)
    }

    /// Marks the groups that fail and whose parts would fail too, and counts their rows.
    fn fail_for_good(&mut self, frame: &Frame, groups: usize) -> u64 {
        self.sizes.clear();
        self.sizes.resize(groups, 0);
        for (group, weight) in self.refined.iter().zip(&frame.weights) {
            if let Some(size) = self.sizes.get_mut(*group as usize) {
                *size += u64::from(*weight);
            }
        }
        self.fails.clear();
        self.fails.resize(groups, false);
        let problem = self.problem;
        for rule in &problem.rules {
            match rule {
                Rule::Size(k) => {
                    for (fails, size) in self.fails.iter_mut().zip(&self.sizes) {
                        *fails |= size < k;
                    }
                }
                Rule::Distinct { sensitive, l } => {
                    self.count_distinct(frame, groups, *sensitive);
                    for (fails, count) in self.fails.iter_mut().zip(&self.distinct) {
                        *fails |= count < l;
                    }
                }
                _ => {}
            }
        }
        self.fails
            .iter()
            .zip(&self.sizes)
            .filter_map(|(fails, size)| fails.then_some(*size))
            .sum()
    }

    /// Counts the different sensitive values of each group.
    fn count_distinct(&mut self, frame: &Frame, groups: usize, sensitive: usize) {
        self.distinct.clear();
        self.distinct.resize(groups, 0);
        let items = &self.problem.items;
        let (Some(codes), Some(width)) = (
            items.sensitive.get(sensitive),
            items.sensitive_widths.get(sensitive),
        ) else {
            return;
        };
        let code = |item: &u32| codes.get(*item as usize).copied().unwrap_or(0);
        let rows = self
            .refined
            .iter()
            .copied()
            .zip(frame.items.iter().map(code));
        self.grouper.refine(rows, groups, *width, &mut self.pairs);
        // Pairs are numbered by their first row, so a new one has the next number.
        let mut seen = 0;
        for ((pair, group), weight) in self.pairs.iter().zip(&self.refined).zip(&frame.weights) {
            if *pair == seen {
                seen += 1;
                if let Some(count) = self
                    .distinct
                    .get_mut(*group as usize)
                    .filter(|_| *weight > 0)
                {
                    *count += 1;
                }
            }
        }
    }

    /// Copies the rows that are left to the child.
    fn keep(&mut self, frame: &Frame, groups: usize, child: &mut Frame) {
        child.lost.clone_from(&frame.lost);
        child.suppressed = frame.suppressed;
        child.items.clear();
        child.weights.clear();
        child.classes.clear();
        self.renumbered.clear();
        let mut kept = 0;
        self.renumbered.extend(self.fails.iter().map(|fails| {
            if *fails {
                return u32::MAX;
            }
            kept += 1;
            kept - 1
        }));
        child.groups = kept as usize;
        if child.groups == groups {
            child.items.extend_from_slice(&frame.items);
            child.weights.extend_from_slice(&frame.weights);
            child.classes.extend_from_slice(&self.refined);
            return;
        }
        let mut lost = std::mem::take(&mut child.lost);
        for ((item, weight), group) in frame.items.iter().zip(&frame.weights).zip(&self.refined) {
            match self.renumbered.get(*group as usize) {
                Some(class) if *class != u32::MAX => {
                    child.items.push(*item);
                    child.weights.push(*weight);
                    child.classes.push(*class);
                }
                _ => {
                    child.suppressed += u64::from(*weight);
                    self.add_covers(&mut lost, *item as usize, u64::from(*weight));
                }
            }
        }
        child.lost = lost;
    }

    /// Whether the rows that the other rules will cost, however the classes are split, may be suppressed.
    fn may_hold(&mut self, child: &Frame) -> bool {
        let problem = self.problem;
        if problem.rules.iter().all(Rule::fails_in_parts) {
            return true;
        }
        let mut lost = child.suppressed;
        self.classes
            .each(&problem.items, child.rows(), child.groups, |view, _| {
                let most = problem
                    .rules
                    .iter()
                    .map(|rule| rule.lost_in_parts(view))
                    .max();
                lost += most.unwrap_or(0);
            });
        lost <= problem.suppressed_max
    }

    /// What a finished choice loses and how many rows it suppresses; nothing when those are too many.
    pub(super) fn finish(&mut self, frame: &Frame) -> Option<(f64, u64)> {
        let problem = self.problem;
        if problem.rules.iter().all(Rule::fails_in_parts) {
            return Some((self.bound(frame), frame.suppressed));
        }
        let mut ended = Frame {
            levels: frame.levels.clone(),
            lost: frame.lost.clone(),
            suppressed: frame.suppressed,
            ..Frame::default()
        };
        let mut classes = std::mem::take(&mut self.classes);
        classes.each(
            &problem.items,
            frame.rows(),
            frame.groups,
            |view, members| {
                if !problem.rules.iter().all(|rule| rule.holds(view)) {
                    for (item, weight) in members {
                        ended.suppressed += u64::from(*weight);
                        self.add_covers(&mut ended.lost, *item as usize, u64::from(*weight));
                    }
                }
            },
        );
        self.classes = classes;
        (ended.suppressed <= problem.suppressed_max).then(|| (self.bound(&ended), ended.suppressed))
    }

    /// What every choice below this one loses at least: exact for a finished one.
    pub(super) fn bound(&self, frame: &Frame) -> f64 {
        self.product(frame, None)
    }

    /// The same with a level of the next axis.
    pub(super) fn bound_with(&self, frame: &Frame, level: usize) -> f64 {
        self.product(frame, Some(level))
    }

    /// What levels lose, in the order of the search, when no row is suppressed.
    pub(super) fn least(&self, levels: &[usize]) -> f64 {
        let losses = self.order.iter().zip(levels).map(|(axis, level)| {
            let domain = self.problem.axes.get(*axis).map_or(1, |axis| axis.domain);
            let at = self.starts.get(*axis).map_or(0, |start| start + level);
            let covered = self.totals.get(at).copied().unwrap_or(0);
            loss_of_axis(covered, self.problem.rows, domain)
        });
        losses.map(|loss| 1.0 + loss).product()
    }

    fn product(&self, frame: &Frame, next: Option<usize>) -> f64 {
        let chosen = frame
            .levels
            .iter()
            .copied()
            .chain(next)
            .chain(std::iter::repeat(0));
        let rows = self.problem.rows;
        let losses = self.order.iter().zip(chosen).map(|(axis, level)| {
            let domain = self.problem.axes.get(*axis).map_or(1, |axis| axis.domain);
            let at = self.starts.get(*axis).map_or(0, |start| start + level);
            let total = self.totals.get(at).copied().unwrap_or(0);
            let lost = frame.lost.get(at).copied().unwrap_or(0);
            let covered = total - lost + frame.suppressed * domain;
            loss_of_axis(covered, rows, domain)
        });
        losses.map(|loss| 1.0 + loss).product()
    }

    /// Counts rows once that are in one class and alike in all that is still to come.
    pub(super) fn fold_alike(&mut self, frame: &mut Frame) {
        let problem = self.problem;
        if !problem.items.population.is_empty() {
            return;
        }
        let mut groups = frame.groups;
        let mut classes = frame.classes.clone();
        let rest = self
            .order
            .iter()
            .skip(frame.levels.len())
            .filter_map(|axis| {
                let leaves = problem.items.leaves.get(*axis)?;
                let domain = problem.axes.get(*axis)?.domain;
                Some((leaves, usize::try_from(domain).unwrap_or(usize::MAX)))
            });
        let sensitive = problem
            .items
            .sensitive
            .iter()
            .zip(problem.items.sensitive_widths.iter().copied());
        for (codes, width) in rest.chain(sensitive) {
            let code = |item: &u32| codes.get(*item as usize).copied().unwrap_or(0);
            let rows = classes.iter().copied().zip(frame.items.iter().map(code));
            groups = self.grouper.refine(rows, groups, width, &mut self.refined);
            std::mem::swap(&mut classes, &mut self.refined);
        }
        let mut folded = Frame {
            items: Vec::with_capacity(groups),
            weights: Vec::with_capacity(groups),
            classes: Vec::with_capacity(groups),
            ..Frame::default()
        };
        let rows = frame.items.iter().zip(&frame.weights).zip(&frame.classes);
        for (alike, ((item, weight), class)) in classes.iter().zip(rows) {
            if let Some(sum) = folded.weights.get_mut(*alike as usize) {
                *sum += weight;
            } else {
                folded.items.push(*item);
                folded.weights.push(*weight);
                folded.classes.push(*class);
            }
        }
        frame.items = folded.items;
        frame.weights = folded.weights;
        frame.classes = folded.classes;
    }

    /// Levels in the order of the search, put in the order of the axes.
    pub(super) fn by_axis(&self, levels: &[usize]) -> Vec<usize> {
        let mut by_axis = vec![0; levels.len()];
        for (axis, level) in self.order.iter().zip(levels) {
            if let Some(slot) = by_axis.get_mut(*axis) {
                *slot = *level;
            }
        }
        by_axis
    }

    pub(super) fn order(&self) -> &'p [usize] {
        self.order
    }

    pub(super) fn problem(&self) -> &'p Problem {
        self.problem
    }

    fn add_covers(&self, sums: &mut [u64], item: usize, weight: u64) {
        let mut sums = sums.iter_mut();
        for (axis, leaves) in self.problem.axes.iter().zip(&self.problem.items.leaves) {
            let leaf = leaves.get(item).copied().unwrap_or(0);
            for cover in axis.covers_of(leaf) {
                if let Some(sum) = sums.next() {
                    *sum += u64::from(*cover) * weight;
                }
            }
        }
    }
}
