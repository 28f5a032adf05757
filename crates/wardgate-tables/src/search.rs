//! The exact search: of all full-domain generalisations with suppression, the one that loses least.
//!
//! Levels are chosen axis by axis, depth first. With the axes that are left taken away, rows that are alike can
//! only become fewer by choosing on: a class that is too small, or holds too few sensitive values, stays so,
//! and its rows are lost to every choice below. So a branch ends when more rows are lost than may be
//! suppressed, or when what is lost for certain is more than the best choice so far loses in all. Rows that
//! are lost are not looked at again below. A greedy walk from the top gives the first best choice.
//!
//! The idea of pruning by lost rows is that of Incognito (LeFevre et al. 2005), the bound by loss that of ARX.

mod frame;
mod greedy;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::problem::Problem;
use crate::utility::loss_of_product;
use crate::watch::Watch;
use frame::{Evaluator, Frame};

/// A choice of levels and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Optimum {
    /// A level for each axis.
    pub(crate) levels: Vec<usize>,
    pub(crate) suppressed: u64,
    /// The loss as [`crate::utility`] defines it, 0 to 1.
    pub(crate) loss: f64,
    /// How many partial choices were looked at.
    pub(crate) looked_at: u64,
}

/// Why a search has no choice to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfound {
    /// No choice fulfils the models.
    None,
    /// The caller stopped it.
    Stopped,
}

/// Searches all choices of levels. The answer does not depend on the number of threads.
pub(crate) fn optimum(problem: &Problem, watch: &Watch<'_>) -> Result<Optimum, Unfound> {
    let order = order_of_axes(problem);
    let search = Search {
        problem,
        order: &order,
        best: Best::default(),
        stopped: AtomicBool::new(false),
        watch,
        looked_at: AtomicU64::new(0),
    };
    let mut evaluator = Evaluator::new(problem, &order);
    let root = evaluator.root();
    if let Some((product, suppressed, levels)) = greedy::walk(&mut evaluator, &root) {
        search.best.offer(product, suppressed, &levels);
    }
    let (parents, tasks) = search.tasks(&mut evaluator, root);
    watch.expect(tasks.len());
    // One for each thread at most, with what it holds of memory, however many tasks there are.
    let hands = Mutex::new(vec![(evaluator, Shelves::default())]);
    let idle = || hands.lock().unwrap_or_else(PoisonError::into_inner);
    let work = |task: Task| {
        if let Some(parent) = parents.get(task.parent)
            && task.bound <= search.best.product()
        {
            let taken = idle().pop();
            let (mut evaluator, mut shelves) =
                taken.unwrap_or_else(|| (Evaluator::new(problem, &order), Shelves::default()));
            search.work(&mut evaluator, parent, &task, &mut shelves);
            idle().push((evaluator, shelves));
        }
        watch.pass(1);
    };
    if problem.items.count() < PARALLEL_ITEMS_MIN {
        tasks.into_iter().for_each(work);
    } else {
        tasks.into_par_iter().with_max_len(1).for_each(work);
    }
    if search.stopped.load(Ordering::Relaxed) {
        return Err(Unfound::Stopped);
    }
    let looked_at = search.looked_at.load(Ordering::Relaxed);
    let (product, suppressed, levels) = search.best.into_inner().ok_or(Unfound::None)?;
    Ok(Optimum {
        levels,
        suppressed,
        loss: loss_of_product(product, problem.axes.len()),
        looked_at,
    })
}

/// Axes with more values first: they tell rows apart, so branches end early.
fn order_of_axes(problem: &Problem) -> Vec<usize> {
    let mut order: Vec<usize> = (0..problem.axes.len()).collect();
    let spread = |axis: &usize| {
        let axis = problem.axes.get(*axis);
        std::cmp::Reverse(axis.map_or((0, 0), |axis| (axis.levels.len(), axis.domain)))
    };
    order.sort_by_key(spread);
    order
}

struct Search<'p> {
    problem: &'p Problem,
    order: &'p [usize],
    best: Best,
    stopped: AtomicBool,
    watch: &'p Watch<'p>,
    looked_at: AtomicU64,
}

/// A branch: the frame above it and the level that it takes there. Its own frame is made when its turn comes:
/// those of all branches at once are many times the table.
struct Task {
    parent: usize,
    level: Option<usize>,
    bound: f64,
    levels: Vec<usize>,
}

/// Frames of the levels of one axis, by depth, so that their memory is used again.
#[derive(Default)]
struct Shelves(Vec<Vec<Frame>>);

impl Search<'_> {
    /// The branches of the first axes, most promising first, and the frames above them.
    fn tasks(&self, evaluator: &mut Evaluator<'_>, root: Frame) -> (Vec<Frame>, Vec<Task>) {
        let axes = self.order.len().saturating_sub(1);
        let mut parents = vec![root];
        if axes > 1 {
            let root = parents.pop().unwrap_or_default();
            let mut shelf = Vec::new();
            for (_, level) in self.children(evaluator, &root, &mut shelf, Keeping::All) {
                let mut frame = shelf.get_mut(level).map(std::mem::take).unwrap_or_default();
                evaluator.fold_alike(&mut frame);
                parents.push(frame);
            }
        }
        let mut tasks = Vec::new();
        let mut shelf = Vec::new();
        for (at, parent) in parents.iter().enumerate() {
            let task = |level, bound, levels| Task {
                parent: at,
                level,
                bound,
                levels,
            };
            if axes == 0 {
                tasks.push(task(None, 0.0, Vec::new()));
                continue;
            }
            for (bound, level) in self.children(evaluator, parent, &mut shelf, Keeping::One) {
                let levels = parent.levels().iter().copied().chain([level]).collect();
                tasks.push(task(Some(level), bound, levels));
            }
        }
        tasks.sort_by(|a, b| {
            a.bound
                .total_cmp(&b.bound)
                .then_with(|| a.levels.cmp(&b.levels))
        });
        (parents, tasks)
    }

    fn work(
        &self,
        evaluator: &mut Evaluator<'_>,
        parent: &Frame,
        task: &Task,
        shelves: &mut Shelves,
    ) {
        let Some(level) = task.level else {
            return self.descend(evaluator, parent, shelves);
        };
        let mut frame = Frame::default();
        if evaluator.step(parent, level, &mut frame) {
            evaluator.fold_alike(&mut frame);
            self.descend(evaluator, &frame, shelves);
        }
    }

    fn descend(&self, evaluator: &mut Evaluator<'_>, frame: &Frame, shelves: &mut Shelves) {
        let depth = frame.levels().len();
        if depth == self.order.len() {
            self.leaf(evaluator, frame);
            return;
        }
        if self.stopped.load(Ordering::Relaxed) || self.watch.is_stopped() {
            self.stopped.store(true, Ordering::Relaxed);
            return;
        }
        if shelves.0.len() <= depth {
            shelves.0.resize_with(depth + 1, Vec::new);
        }
        let mut shelf = shelves
            .0
            .get_mut(depth)
            .map(std::mem::take)
            .unwrap_or_default();
        let keeping = match frame.count() > KEPT_ITEMS_MAX {
            true => Keeping::One,
            false => Keeping::All,
        };
        for (bound, level) in self.children(evaluator, frame, &mut shelf, keeping) {
            if bound > self.best.product() {
                break;
            }
            let Some(child) = shelf.get_mut(keeping.place(level)) else {
                continue;
            };
            if keeping == Keeping::All || evaluator.step(frame, level, child) {
                self.descend(evaluator, child, shelves);
            }
        }
        if let Some(place) = shelves.0.get_mut(depth) {
            *place = shelf;
        }
    }

    /// The levels of the next axis that may still hold the optimum, by what they lose at least.
    fn children(
        &self,
        evaluator: &mut Evaluator<'_>,
        frame: &Frame,
        shelf: &mut Vec<Frame>,
        keeping: Keeping,
    ) -> Vec<(f64, usize)> {
        let levels = self
            .order
            .get(frame.levels().len())
            .and_then(|axis| self.problem.axes.get(*axis))
            .map_or(0, |axis| axis.levels.len());
        let frames = keeping.place(levels).max(1);
        shelf.resize_with(frames.max(shelf.len()), Frame::default);
        let mut children = Vec::new();
        for level in (0..levels).rev() {
            if evaluator.bound_with(frame, level) > self.best.product() {
                continue;
            }
            let Some(child) = shelf.get_mut(keeping.place(level)) else {
                continue;
            };
            self.looked_at.fetch_add(1, Ordering::Relaxed);
            if !evaluator.step(frame, level, child) {
                // More rows are lost with every finer level.
                break;
            }
            let bound = evaluator.bound(child);
            if bound <= self.best.product() {
                children.push((bound, level));
            }
        }
        children.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        children
    }

    fn leaf(&self, evaluator: &mut Evaluator<'_>, frame: &Frame) {
        if let Some((product, suppressed)) = evaluator.finish(frame) {
            let levels = evaluator.by_axis(frame.levels());
            self.best.offer(product, suppressed, &levels);
        }
    }
}

/// Which frames of the levels of an axis are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// All of them.
    All,
    /// The last one: a long frame is made anew when its turn comes.
    One,
}

impl Keeping {
    /// Where on its shelf the frame of a level stands.
    fn place(self, level: usize) -> usize {
        match self {
            Self::All => level,
            Self::One => 0,
        }
    }
}

/// The best choice so far, shared by the threads.
#[derive(Default)]
struct Best {
    /// The bits of its product, which is 1 or more; 0 before there is one.
    product: AtomicU64,
    choice: Mutex<Option<(f64, u64, Vec<usize>)>>,
}

impl Best {
    fn product(&self) -> f64 {
        match self.product.load(Ordering::Relaxed) {
            0 => f64::INFINITY,
            bits => f64::from_bits(bits),
        }
    }

    /// Takes a choice that is better: less loss, then fewer rows suppressed, then lower levels.
    fn offer(&self, product: f64, suppressed: u64, levels: &[usize]) {
        let mut choice = self.choice.lock().unwrap_or_else(PoisonError::into_inner);
        let better = choice.as_ref().is_none_or(|known| {
            let order = product
                .total_cmp(&known.0)
                .then(suppressed.cmp(&known.1))
                .then_with(|| levels.cmp(&known.2));
            order.is_lt()
        });
        if better {
            self.product.store(product.to_bits(), Ordering::Relaxed);
            *choice = Some((product, suppressed, levels.to_vec()));
        }
    }

    fn into_inner(self) -> Option<(f64, u64, Vec<usize>)> {
        self.choice
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Below this many items threads cost more than they give.
const PARALLEL_ITEMS_MIN: usize = 4_000;
/// Above this many items the frames of a whole axis would take more memory than making them anew takes time.
const KEPT_ITEMS_MAX: usize = 1 << 18;
