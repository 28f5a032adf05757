//! Local recoding: rows that are near each other become classes, each as fine as its rows allow.
//!
//! What is alike enough as it is stays as it is. The rest is cut along the hierarchies into neighbourhoods, and
//! in each of them classes are grown greedily (k-member clustering, Byun et al. 2007, by the loss in the
//! hierarchies). That needs models which a class does not lose by taking
//! more rows: k-anonymity and distinct diversity. For others the neighbourhoods are cut to the end instead.

mod cluster;

use rayon::prelude::*;

use crate::model::Rule;
use crate::multidimensional;
use crate::partition::{Cutter, Group, recoded};
use crate::problem::Problem;
use crate::recoding::Recoding;
use crate::search::Unfound;
use crate::watch::Watch;
use cluster::{Metric, Neighbourhood};

/// Recodes row by row. The answer does not depend on the number of threads.
pub(crate) fn recode(problem: &Problem, watch: &Watch<'_>) -> Result<Recoding, Unfound> {
    if !problem.rules.iter().all(Rule::fails_in_parts) {
        return multidimensional::recode(problem, watch);
    }
    let (alike, rest) = alike(problem);
    let (mut groups, lost) = Cutter::new(problem, NEIGHBOURHOOD_ITEMS).cut(rest, watch)?;
    groups.sort_by(|a, b| a.items.first().cmp(&b.items.first()));
    let groups: Vec<Vec<u32>> = groups
        .into_iter()
        .flat_map(|group| neighbourhoods(problem, group.items))
        .collect();
    let metric = Metric::of(problem);
    watch.expect(groups.iter().map(Vec::len).sum());
    let classes: Vec<Vec<Group>> = groups
        .into_par_iter()
        .map(|items| {
            if watch.is_stopped() {
                return Err(Unfound::Stopped);
            }
            let classes = Neighbourhood::new(problem, &metric, &items).classes();
            watch.pass(items.len());
            Ok(classes)
        })
        .collect::<Result<_, _>>()?;
    let mut groups: Vec<Group> = classes.into_iter().flatten().collect();
    for group in &mut groups {
        group.tighten(problem);
    }
    groups.extend(alike);
    Ok(recoded(problem, &groups, &lost))
}

/// Classes that fulfil the rules as they are, and the items of the others. When those could not make a class
/// of their own, all items are others.
fn alike(problem: &Problem) -> (Vec<Group>, Vec<u32>) {
    let count = problem.items.count();
    let all: Vec<u32> = (0..count)
        .filter_map(|item| u32::try_from(item).ok())
        .collect();
    let recoding = Recoding {
        levels: vec![vec![0; count]; problem.axes.len()],
        suppressed: vec![false; count],
    };
    let (classes, groups) = recoding.classes(problem);
    let mut cutter = Cutter::new(problem, 1);
    let valid = cutter.valid(&all, &classes, groups);
    let is_valid = |class: &u32| valid.get(*class as usize).copied().unwrap_or(false);
    let (mut kept, mut rest) = (vec![Vec::new(); groups], Vec::new());
    for (item, class) in all.iter().zip(&classes) {
        match kept.get_mut(*class as usize) {
            Some(kept) if is_valid(class) => kept.push(*item),
            _ => rest.push(*item),
        }
    }
    if !rest.is_empty() && cutter.valid(&rest, &vec![0; rest.len()], 1) != [true] {
        return (Vec::new(), all);
    }
    let kept = kept
        .into_iter()
        .filter(|items| !items.is_empty())
        .map(|items| Group {
            items,
            levels: vec![0; problem.axes.len()],
        });
    (kept.collect(), rest)
}

/// Parts of a group that could not be cut along the hierarchies, each of them able to make a class.
fn neighbourhoods(problem: &Problem, mut items: Vec<u32>) -> Vec<Vec<u32>> {
    if items.len() <= NEIGHBOURHOOD_ITEMS {
        return vec![items];
    }
    let leaves = |item: &u32| -> Vec<Option<u32>> {
        let axes = problem.items.leaves.iter();
        axes.map(|leaves| leaves.get(*item as usize).copied())
            .collect()
    };
    items.sort_by_cached_key(leaves);
    let mut cutter = Cutter::new(problem, 1);
    let mut parts: Vec<Vec<u32>> = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    for chunk in items.chunks(NEIGHBOURHOOD_ITEMS) {
        open.extend_from_slice(chunk);
        if cutter.valid(&open, &vec![0; open.len()], 1) == [true] {
            parts.push(std::mem::take(&mut open));
        }
    }
    match parts.last_mut() {
        Some(last) => last.append(&mut open),
        None => parts.push(open),
    }
    parts
}

/// Neighbourhoods of at most this many items are not cut: growing classes takes time by the square of it.
const NEIGHBOURHOOD_ITEMS: usize = 4_096;
