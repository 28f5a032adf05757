//! A walk from the top of the lattice to a good choice, which bounds the search from its start.

use super::frame::{Evaluator, Frame};

/// Goes down from the top, each time by the one level of the one axis that loses least, while that loses less.
pub(super) fn walk(evaluator: &mut Evaluator<'_>, root: &Frame) -> Option<(f64, u64, Vec<usize>)> {
    let problem = evaluator.problem();
    let mut levels: Vec<usize> = evaluator
        .order()
        .iter()
        .filter_map(|axis| problem.axes.get(*axis))
        .map(|axis| axis.levels.len().saturating_sub(1))
        .collect();
    let mut path = Path {
        frames: vec![Frame::default(); levels.len()],
        known: Vec::new(),
    };
    let mut best = path.evaluate(evaluator, root, &levels)?;
    loop {
        let mut next: Option<(f64, u64, usize)> = None;
        for (least, at) in candidates(evaluator, &mut levels) {
            if next.is_some_and(|(known, ..)| known <= least) {
                break;
            }
            lower(&mut levels, at);
            if let Some((product, suppressed)) = path.evaluate(evaluator, root, &levels)
                && next.is_none_or(|(known, ..)| product < known)
            {
                next = Some((product, suppressed, at));
            }
            raise(&mut levels, at);
        }
        match next {
            Some((product, suppressed, at)) if product < best.0 => {
                best = (product, suppressed);
                lower(&mut levels, at);
            }
            _ => return Some((best.0, best.1, evaluator.by_axis(&levels))),
        }
    }
}

/// The axes that can go down a level, by what that loses at least.
fn candidates(evaluator: &Evaluator<'_>, levels: &mut [usize]) -> Vec<(f64, usize)> {
    let mut candidates = Vec::new();
    for at in 0..levels.len() {
        if lower(levels, at) {
            candidates.push((evaluator.least(levels), at));
            raise(levels, at);
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    candidates
}

fn lower(levels: &mut [usize], at: usize) -> bool {
    let Some(level) = levels.get_mut(at).filter(|level| **level > 0) else {
        return false;
    };
    *level -= 1;
    true
}

fn raise(levels: &mut [usize], at: usize) {
    if let Some(level) = levels.get_mut(at) {
        *level += 1;
    }
}

/// The frames on the way to one choice.
struct Path {
    frames: Vec<Frame>,
    /// The levels whose frames stand.
    known: Vec<usize>,
}

impl Path {
    fn evaluate(
        &mut self,
        evaluator: &mut Evaluator<'_>,
        root: &Frame,
        levels: &[usize],
    ) -> Option<(f64, u64)> {
        let same = self
            .known
            .iter()
            .zip(levels)
            .take_while(|(a, b)| a == b)
            .count();
        self.known.truncate(same);
        for (at, level) in levels.iter().enumerate().skip(same) {
            let (before, from) = self.frames.split_at_mut(at);
            let parent = before.last().unwrap_or(root);
            let child = from.first_mut()?;
            if !evaluator.step(parent, *level, child) {
                return None;
            }
            if at < FOLDED_AXES && child.count() > FOLDED_ITEMS_MIN {
                evaluator.fold_alike(child);
            }
            self.known.push(*level);
        }
        evaluator.finish(self.frames.last().unwrap_or(root))
    }
}

/// Rows of a long frame that are alike in all that is to come are counted once after the first axes, which tell
/// them apart most: all that follows is shorter then.
const FOLDED_AXES: usize = 2;
const FOLDED_ITEMS_MIN: usize = 1 << 18;
