//! What a method makes of a problem: a level for each quasi-identifier of each row, or suppression.

use crate::problem::Problem;

/// A level for each cell. What stands in a cell is the generalisation of its own value at that level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recoding {
    /// By axis, then by item.
    pub(crate) levels: Vec<Vec<u8>>,
    /// By item.
    pub(crate) suppressed: Vec<bool>,
}

impl Recoding {
    /// Every cell of an axis at one level; classes that fail a rule are suppressed.
    pub(crate) fn uniform(problem: &Problem, levels: &[usize]) -> Self {
        let items = &problem.items;
        let levels = levels
            .iter()
            .map(|level| vec![u8::try_from(*level).unwrap_or(u8::MAX); items.count()])
            .collect();
        let mut recoding = Self {
            levels,
            suppressed: vec![false; items.count()],
        };
        recoding.suppress_failing(problem);
        recoding
    }

    /// Suppresses the items of every class that fails a rule.
    pub(crate) fn suppress_failing(&mut self, problem: &Problem) {
        let (classes, groups) = self.classes(problem);
        let mut failing = Vec::new();
        let rows = classes
            .iter()
            .zip(&problem.items.weights)
            .enumerate()
            .filter(|(item, _)| !self.suppressed.get(*item).copied().unwrap_or(true))
            .map(|(item, (class, weight))| {
                (*class, u32::try_from(item).unwrap_or(u32::MAX), *weight)
            });
        crate::classes::Classes::default().each(&problem.items, rows, groups, |view, members| {
            if !problem.rules.iter().all(|rule| rule.holds(view)) {
                failing.extend(members.iter().map(|(item, _)| *item));
            }
        });
        for item in failing {
            if let Some(suppressed) = self.suppressed.get_mut(item as usize) {
                *suppressed = true;
            }
        }
    }

    /// The class of each item by what stands in its cells, and how many classes there are.
    pub(crate) fn classes(&self, problem: &Problem) -> (Vec<u32>, usize) {
        let items = &problem.items;
        let mut grouper = crate::grouping::Grouper::default();
        let mut classes = vec![0; items.count()];
        let mut refined = Vec::new();
        let mut groups = usize::from(items.count() > 0);
        for ((axis, leaves), levels) in problem.axes.iter().zip(&items.leaves).zip(&self.levels) {
            let starts = axis.node_starts();
            let nodes = axis.nodes();
            let cells = leaves
                .iter()
                .zip(levels)
                .map(|(leaf, level)| axis.node(&starts, *leaf, *level));
            groups = grouper.refine(
                classes.iter().copied().zip(cells),
                groups,
                nodes,
                &mut refined,
            );
            std::mem::swap(&mut classes, &mut refined);
        }
        (classes, groups)
    }

    /// How many rows are suppressed.
    pub(crate) fn suppressed_rows(&self, problem: &Problem) -> u64 {
        self.suppressed
            .iter()
            .zip(&problem.items.weights)
            .filter(|(suppressed, _)| **suppressed)
            .map(|(_, weight)| u64::from(*weight))
            .sum()
    }
}
