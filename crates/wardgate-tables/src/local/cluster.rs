//! Classes grown in a neighbourhood.

use crate::model::{ClassView, Rule};
use crate::partition::Group;
use crate::problem::Problem;

/// What it costs to let two leaves of an axis stand as one value.
#[derive(Debug)]
pub(super) struct Metric {
    axes: Vec<AxisMetric>,
}

#[derive(Debug)]
struct AxisMetric {
    /// By leaf and level: how much of the axis is lost, 0 to 1.
    costs: Vec<f32>,
    /// By level, what stands for each leaf.
    of_leaf: Vec<Vec<u32>>,
    levels: usize,
}

impl Metric {
    pub(super) fn of(problem: &Problem) -> Self {
        let axes = problem.axes.iter().map(|axis| {
            let scale = (axis.domain.max(2) - 1) as f32;
            AxisMetric {
                costs: axis
                    .covers
                    .iter()
                    .map(|cover| (cover.saturating_sub(1)) as f32 / scale)
                    .collect(),
                of_leaf: axis
                    .levels
                    .iter()
                    .map(|level| level.of_leaf.clone())
                    .collect(),
                levels: axis.levels.len(),
            }
        });
        Self {
            axes: axes.collect(),
        }
    }
}

impl AxisMetric {
    fn cost(&self, leaf: u32, level: usize) -> f32 {
        self.costs
            .get(leaf as usize * self.levels + level)
            .copied()
            .unwrap_or(1.0)
    }

    /// The lowest level, from a given one on, at which two leaves stand as one value.
    fn meet(&self, a: u32, b: u32, from: usize) -> usize {
        self.of_leaf
            .iter()
            .enumerate()
            .skip(from)
            .find(|(_, level)| level.get(a as usize) == level.get(b as usize))
            .map_or(self.levels, |(level, _)| level)
    }
}

/// A class that grows: a leaf and a level for each axis, and what taking each leaf would cost.
#[derive(Clone, Debug, Default)]
struct Class {
    members: Vec<usize>,
    weight: u64,
    leaves: Vec<u32>,
    levels: Vec<usize>,
    cost: f32,
}

/// Items near each other, renumbered.
pub(super) struct Neighbourhood<'p> {
    problem: &'p Problem,
    metric: &'p Metric,
    items: &'p [u32],
    /// By axis, the leaves that stand here, and by item which of them.
    here: Vec<(Vec<u32>, Vec<u32>)>,
}

impl<'p> Neighbourhood<'p> {
    pub(super) fn new(problem: &'p Problem, metric: &'p Metric, items: &'p [u32]) -> Self {
        let here = problem.items.leaves.iter().map(|leaves| {
            let mut standing: Vec<u32> = items
                .iter()
                .filter_map(|item| leaves.get(*item as usize).copied())
                .collect();
            let own = standing.clone();
            standing.sort_unstable();
            standing.dedup();
            let places = own
                .iter()
                .map(|leaf| {
                    standing
                        .binary_search(leaf)
                        .ok()
                        .and_then(|at| u32::try_from(at).ok())
                        .unwrap_or(0)
                })
                .collect();
            (standing, places)
        });
        Self {
            problem,
            metric,
            items,
            here: here.collect(),
        }
    }

    /// Classes that fulfil the rules and hold all items.
    pub(super) fn classes(&self) -> Vec<Group> {
        let mut free: Vec<usize> = (0..self.items.len()).collect();
        let mut classes: Vec<Class> = Vec::new();
        let mut seed = 0;
        while !free.is_empty() {
            let mut class = self.seeded(free.swap_remove(seed.min(free.len() - 1)));
            while !self.fulfils(&class.members) && !free.is_empty() {
                let (nearest, _) = self.nearest(&class, &free);
                let member = free.swap_remove(nearest);
                self.take(&mut class, member);
            }
            if !self.fulfils(&class.members) {
                self.give_away(&class.members, &mut classes);
                break;
            }
            seed = self.farthest(&class, &free);
            classes.push(class);
        }
        classes
            .into_iter()
            .filter(|class| !class.members.is_empty())
            .map(|class| Group {
                items: class
                    .members
                    .iter()
                    .filter_map(|member| self.items.get(*member).copied())
                    .collect(),
                levels: class
                    .levels
                    .iter()
                    .filter_map(|level| u8::try_from(*level).ok())
                    .collect(),
            })
            .collect()
    }

    fn seeded(&self, member: usize) -> Class {
        Class {
            members: vec![member],
            weight: self.weight(member),
            leaves: (0..self.here.len())
                .map(|axis| self.leaf(axis, member))
                .collect(),
            levels: vec![0; self.here.len()],
            cost: 0.0,
        }
    }

    fn weight(&self, member: usize) -> u64 {
        self.items
            .get(member)
            .and_then(|item| self.problem.items.weights.get(*item as usize))
            .copied()
            .map_or(0, u64::from)
    }

    fn leaf(&self, axis: usize, member: usize) -> u32 {
        self.here
            .get(axis)
            .and_then(|(leaves, places)| leaves.get(*places.get(member)? as usize))
            .copied()
            .unwrap_or(0)
    }

    /// What the class costs a row when it takes each of the free items, in their order.
    fn costs(&self, class: &Class, free: &[usize]) -> Vec<f32> {
        let mut costs = vec![0.0; free.len()];
        let mut table = Vec::new();
        for (((leaves, places), metric), (leaf, level)) in self
            .here
            .iter()
            .zip(&self.metric.axes)
            .zip(class.leaves.iter().zip(&class.levels))
        {
            table.clear();
            table.extend(
                leaves
                    .iter()
                    .map(|other| metric.cost(*leaf, metric.meet(*leaf, *other, *level))),
            );
            for (cost, member) in costs.iter_mut().zip(free) {
                let place = places.get(*member).copied().unwrap_or(0);
                *cost += table.get(place as usize).copied().unwrap_or(1.0);
            }
        }
        costs
    }

    /// What the class costs a row when it takes an item.
    fn cost_with(&self, class: &Class, member: usize) -> f32 {
        let axes = self
            .metric
            .axes
            .iter()
            .zip(&class.leaves)
            .zip(&class.levels);
        axes.enumerate()
            .map(|(axis, ((metric, leaf), level))| {
                metric.cost(*leaf, metric.meet(*leaf, self.leaf(axis, member), *level))
            })
            .sum()
    }

    fn nearest(&self, class: &Class, free: &[usize]) -> (usize, f32) {
        let mut best = (0, f32::INFINITY);
        for (at, cost) in self.costs(class, free).into_iter().enumerate() {
            if cost < best.1 {
                best = (at, cost);
            }
        }
        best
    }

    fn farthest(&self, class: &Class, free: &[usize]) -> usize {
        let mut best = (0, f32::NEG_INFINITY);
        for (at, cost) in self.costs(class, free).into_iter().enumerate() {
            if cost > best.1 {
                best = (at, cost);
            }
        }
        best.0
    }

    fn take(&self, class: &mut Class, member: usize) {
        class.members.push(member);
        class.weight += self.weight(member);
        class.cost = 0.0;
        let axes = self
            .metric
            .axes
            .iter()
            .zip(&class.leaves)
            .zip(&mut class.levels);
        for (axis, ((metric, leaf), level)) in axes.enumerate() {
            *level = metric.meet(*leaf, self.leaf(axis, member), *level);
            class.cost += metric.cost(*leaf, *level);
        }
    }

    /// Gives items to the classes that lose least by them.
    fn give_away(&self, members: &[usize], classes: &mut Vec<Class>) {
        for member in members {
            let weight = self.weight(*member);
            let mut best = (usize::MAX, f32::INFINITY);
            for (at, class) in classes.iter().enumerate() {
                let after = self.cost_with(class, *member);
                let more =
                    after * (class.weight + weight) as f32 - class.cost * class.weight as f32;
                if more < best.1 {
                    best = (at, more);
                }
            }
            match classes.get_mut(best.0) {
                Some(class) => self.take(class, *member),
                None => classes.push(self.seeded(*member)),
            }
        }
    }

    /// Whether members fulfil the rules, which are such that more members never break them.
    fn fulfils(&self, members: &[usize]) -> bool {
        let items = || {
            members
                .iter()
                .filter_map(|member| self.items.get(*member))
                .map(|item| *item as usize)
        };
        let size = items()
            .filter_map(|item| self.problem.items.weights.get(item))
            .map(|w| u64::from(*w))
            .sum();
        self.problem.rules.iter().all(|rule| match rule {
            Rule::Size(k) => size >= *k,
            Rule::Distinct { sensitive, l } => {
                let codes = self.problem.items.sensitive.get(*sensitive);
                let mut values: Vec<u32> = items()
                    .filter_map(|item| codes?.get(item).copied())
                    .collect();
                values.sort_unstable();
                values.dedup();
                values.len() as u64 >= *l
            }
            _ => rule.holds(ClassView {
                size,
                population: 0,
                histograms: &[],
            }),
        })
    }
}
