//! The best path of labels, while the weights are still whole numbers of any size.

use wardgate_deid::training::{INSIDE, LANES};

/// A sum, or the steps out of a label.
pub(crate) type Sums = [i32; LANES];

/// Lanes that are no label, and steps that no path may take, cost this much.
pub(crate) const NEVER: i32 = -100_000_000;

/// The sums of a token that is certainly nothing.
pub(crate) const NOTHING: Sums = {
    let mut sums = [NEVER / 4; LANES];
    let [nothing, ..] = &mut sums;
    *nothing = 0;
    sums
};

/// The best path through sums, `steps[from][to]` being what each step adds.
pub(crate) fn best(sums: &[Sums], steps: &[Sums; LANES]) -> Vec<usize> {
    let mut back: Vec<[u8; LANES]> = Vec::with_capacity(sums.len());
    let mut before = [NEVER; LANES];
    let [nothing, ..] = &mut before;
    *nothing = 0;
    for sum in sums {
        let mut best = [i32::MIN; LANES];
        let mut from = [0u8; LANES];
        for (lane, (score, row)) in (0u8..).zip(before.iter().zip(steps)) {
            for ((best, from), step) in best.iter_mut().zip(&mut from).zip(row) {
                let score = score + step;
                if score > *best {
                    (*best, *from) = (score, lane);
                }
            }
        }
        for (best, sum) in best.iter_mut().zip(sum) {
            *best = (*best + sum).max(2 * NEVER);
        }
        back.push(from);
        before = best;
    }
    let best = before
        .iter()
        .enumerate()
        .max_by_key(|(lane, score)| (**score, LANES - lane));
    let mut lane = best.map_or(0, |(lane, _)| lane);
    let mut path = vec![0; sums.len()];
    for (slot, from) in path.iter_mut().zip(&back).rev() {
        *slot = lane;
        lane = from.get(lane).copied().map_or(0, usize::from);
    }
    path
}

/// Whether a path may go from one lane to the next.
pub(crate) fn may_follow(from: usize, to: usize) -> bool {
    is_label(from) && is_label(to) && (to < INSIDE || from == to || from + INSIDE == to)
}

pub(crate) fn is_label(lane: usize) -> bool {
    lane < INSIDE - 1 || (INSIDE + 1..LANES - 1).contains(&lane)
}
