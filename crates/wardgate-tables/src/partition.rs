//! Groups of items with a level for each axis, cut along the hierarchies from the top.

use crate::classes::Classes;
use crate::problem::Problem;
use crate::recoding::Recoding;
use crate::search::Unfound;
use crate::watch::Watch;

/// Items that share what stands at a level of each axis.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) items: Vec<u32>,
    /// By axis.
    pub(crate) levels: Vec<u8>,
}

impl Group {
    /// Goes down to the lowest levels that all items share.
    pub(crate) fn tighten(&mut self, problem: &Problem) {
        let axes = problem.axes.iter().zip(&problem.items.leaves);
        for ((axis, leaves), group_level) in axes.zip(&mut self.levels) {
            let leaf = |item: &u32| leaves.get(*item as usize).copied().unwrap_or(0);
            let shared = axis.levels.iter().position(|level| {
                let mut values = self
                    .items
                    .iter()
                    .map(|item| level.of_leaf.get(leaf(item) as usize));
                let first = values.next();
                values.all(|value| Some(value) == first)
            });
            if let Some(shared) = shared.and_then(|shared| u8::try_from(shared).ok()) {
                *group_level = (*group_level).min(shared);
            }
        }
    }
}

/// Cuts groups for as long as every part fulfils the rules.
pub(crate) struct Cutter<'p> {
    problem: &'p Problem,
    classes: Classes,
    /// Groups of at most this many items are not cut further.
    items_min: usize,
}

/// One way to cut a group.
struct Cut {
    gain: f64,
    axis: usize,
    /// For each child: whether it becomes a group of its own.
    apart: Vec<bool>,
    /// The child of each item.
    children: Vec<u32>,
}

impl<'p> Cutter<'p> {
    pub(crate) fn new(problem: &'p Problem, items_min: usize) -> Self {
        Self {
            problem,
            classes: Classes::default(),
            items_min,
        }
    }

    /// Cuts all items. Those whose values meet nowhere with enough others come back in the second place.
    pub(crate) fn cut(
        &mut self,
        items: Vec<u32>,
        watch: &Watch<'_>,
    ) -> Result<(Vec<Group>, Vec<u32>), Unfound> {
        watch.expect(items.len());
        let (mut waiting, lost) = self.tops(items);
        watch.pass(lost.len());
        let mut done = Vec::new();
        while let Some(group) = waiting.pop() {
            if watch.is_stopped() {
                return Err(Unfound::Stopped);
            }
            let best = if group.items.len() <= self.items_min {
                None
            } else {
                self.best_cut(&group)
            };
            match best {
                Some(cut) => waiting.extend(parts(&group, &cut)),
                None => {
                    watch.pass(group.items.len());
                    done.push(group);
                }
            }
        }
        Ok((done, lost))
    }

    /// Groups by the highest levels, which are one value in most hierarchies.
    fn tops(&mut self, items: Vec<u32>) -> (Vec<Group>, Vec<u32>) {
        let mut grouper = crate::grouping::Grouper::default();
        let mut groups = usize::from(!items.is_empty());
        let (mut classes, mut refined) = (vec![0; items.len()], Vec::new());
        let mut levels = Vec::new();
        for (axis, leaves) in self.problem.axes.iter().zip(&self.problem.items.leaves) {
            let Some(top) = axis.levels.last() else {
                continue;
            };
            levels.push(u8::try_from(axis.levels.len() - 1).unwrap_or(u8::MAX));
            let value = |item: &u32| {
                let leaf = leaves.get(*item as usize).copied().unwrap_or(0);
                top.of_leaf.get(leaf as usize).copied().unwrap_or(0)
            };
            let pairs = classes.iter().copied().zip(items.iter().map(value));
            groups = grouper.refine(pairs, groups, top.width, &mut refined);
            std::mem::swap(&mut classes, &mut refined);
        }
        let valid = self.valid(&items, &classes, groups);
        let mut found = vec![
            Group {
                items: Vec::new(),
                levels
            };
            groups
        ];
        let mut lost = Vec::new();
        for (item, class) in items.into_iter().zip(classes) {
            match found.get_mut(class as usize) {
                Some(group) if valid.get(class as usize).copied().unwrap_or(false) => {
                    group.items.push(item)
                }
                _ => lost.push(item),
            }
        }
        found.retain(|group| !group.items.is_empty());
        (found, lost)
    }

    /// The cut that makes the most cells finer.
    fn best_cut(&mut self, group: &Group) -> Option<Cut> {
        let mut best: Option<Cut> = None;
        for axis in 0..self.problem.axes.len() {
            if let Some(cut) = self.cut_along(group, axis)
                && best.as_ref().is_none_or(|known| cut.gain > known.gain)
            {
                best = Some(cut);
            }
        }
        best
    }

    /// Cuts one level down an axis. Children that fulfil the rules become groups; the others stay together at
    /// the level of the whole, with as many of the smallest children as they need.
    fn cut_along(&mut self, group: &Group, at: usize) -> Option<Cut> {
        let axis = self.problem.axes.get(at)?;
        let leaves = self.problem.items.leaves.get(at)?;
        let now = usize::from(*group.levels.get(at)?);
        let next = axis.levels.get(now.checked_sub(1)?)?;
        let mut numbers = vec![u32::MAX; next.width];
        let mut covers = Vec::new();
        let mut cover_now = 0;
        let mut children = Vec::with_capacity(group.items.len());
        for item in &group.items {
            let leaf = leaves.get(*item as usize).copied()?;
            let number = numbers.get_mut(next.of_leaf.get(leaf as usize).copied()? as usize)?;
            if *number == u32::MAX {
                *number = u32::try_from(covers.len()).ok()?;
                covers.push(axis.covers_of(leaf).get(now - 1).copied()?);
                cover_now = axis.covers_of(leaf).get(now).copied()?;
            }
            children.push(*number);
        }
        let (sizes, apart) = self.apart(group, &children, covers.len())?;
        let scale = (axis.domain.max(2) - 1) as f64;
        let gain = sizes
            .iter()
            .zip(&covers)
            .zip(&apart)
            .filter(|(_, apart)| **apart)
            .map(|((size, cover), _)| *size as f64 * f64::from(cover_now - cover) / scale)
            .sum();
        Some(Cut {
            gain,
            axis: at,
            apart,
            children,
        })
    }

    /// Which children become groups; nothing when that leaves too few behind, or none apart.
    fn apart(
        &mut self,
        group: &Group,
        children: &[u32],
        count: usize,
    ) -> Option<(Vec<u64>, Vec<bool>)> {
        let mut apart = self.valid(&group.items, children, count);
        let mut sizes = vec![0_u64; count];
        for (item, child) in group.items.iter().zip(children) {
            let weight = self
                .problem
                .items
                .weights
                .get(*item as usize)
                .copied()
                .unwrap_or(0);
            *sizes.get_mut(*child as usize)? += u64::from(weight);
        }
        let mut smallest: Vec<usize> = (0..count)
            .filter(|child| apart.get(*child) == Some(&true))
            .collect();
        smallest.sort_by_key(|child| (sizes.get(*child).copied(), *child));
        let mut smallest = smallest.into_iter();
        loop {
            if !apart.contains(&true) {
                return None;
            }
            let left: Vec<u32> = group
                .items
                .iter()
                .zip(children)
                .filter(|(_, child)| apart.get(**child as usize) == Some(&false))
                .map(|(item, _)| *item)
                .collect();
            if left.is_empty() || self.valid(&left, &vec![0; left.len()], 1) == [true] {
                return Some((sizes, apart));
            }
            *apart.get_mut(smallest.next()?)? = false;
        }
    }

    /// Whether each class of items fulfils the rules.
    pub(crate) fn valid(&mut self, items: &[u32], classes: &[u32], groups: usize) -> Vec<bool> {
        let problem = self.problem;
        let mut valid = vec![false; groups];
        let rows = items.iter().zip(classes).map(|(item, class)| {
            let weight = problem
                .items
                .weights
                .get(*item as usize)
                .copied()
                .unwrap_or(0);
            (*class, *item, weight)
        });
        self.classes
            .each_numbered(&problem.items, rows, groups, |class, view, _| {
                if let Some(valid) = valid.get_mut(class) {
                    *valid = problem.rules.iter().all(|rule| rule.holds(view));
                }
            });
        valid
    }
}

fn parts(group: &Group, cut: &Cut) -> Vec<Group> {
    let mut parts: Vec<Group> = vec![Group::default(); cut.apart.len()];
    let mut left = Group {
        items: Vec::new(),
        levels: group.levels.clone(),
    };
    for (item, child) in group.items.iter().zip(&cut.children) {
        let child = *child as usize;
        match parts.get_mut(child) {
            Some(part) if cut.apart.get(child) == Some(&true) => part.items.push(*item),
            _ => left.items.push(*item),
        }
    }
    parts.retain(|part| !part.items.is_empty());
    for part in &mut parts {
        part.levels.clone_from(&group.levels);
        if let Some(level) = part.levels.get_mut(cut.axis) {
            *level = level.saturating_sub(1);
        }
    }
    if !left.items.is_empty() {
        parts.push(left);
    }
    parts
}

/// The recoding that groups make; `lost` items are suppressed.
pub(crate) fn recoded(problem: &Problem, groups: &[Group], lost: &[u32]) -> Recoding {
    let count = problem.items.count();
    let mut recoding = Recoding {
        levels: vec![vec![0; count]; problem.axes.len()],
        suppressed: vec![false; count],
    };
    for group in groups {
        for (levels, level) in recoding.levels.iter_mut().zip(&group.levels) {
            for item in &group.items {
                if let Some(slot) = levels.get_mut(*item as usize) {
                    *slot = *level;
                }
            }
        }
    }
    for item in lost {
        if let Some(suppressed) = recoding.suppressed.get_mut(*item as usize) {
            *suppressed = true;
        }
    }
    recoding
}
