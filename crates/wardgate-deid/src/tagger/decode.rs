//! The best path of labels through a block.
//!
//! Lane 0 is "nothing", lanes 1 to 6 begin a span of a class, lanes 9 to 14 go on with one, so
//! that a span can only be gone on with in its own class. The other lanes are never taken.

/// Lanes of a sum.
pub(crate) const LANES: usize = 16;
/// Lanes that any label may lead to: nothing, and the beginnings.
pub(crate) const HEADS: usize = 8;
/// The sums of one token, a lane for each label.
pub(crate) type Lanes = [i16; LANES];

/// What it costs to go from one label to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transitions {
    /// From each lane to each head.
    pub(crate) heads: [[i16; HEADS]; LANES],
    /// From the beginning of a class to its middle.
    pub(crate) enter: [i16; HEADS],
    /// From the middle of a class on.
    pub(crate) stay: [i16; HEADS],
}

/// The class that a label is of, and whether it begins a span.
pub(crate) fn class_of(label: u8) -> (Option<usize>, bool) {
    let lane = usize::from(label);
    match lane % HEADS {
        0 | 7 => (None, false),
        class => (Some(class - 1), lane < HEADS),
    }
}

/// By how much the best label that is something is ahead of nothing.
pub(crate) fn margin(sum: &Lanes) -> i16 {
    let [nothing, rest @ ..] = sum;
    let open = rest
        .iter()
        .zip(OPEN.iter().skip(1))
        .filter(|(_, open)| **open);
    let best = open.fold(i16::MIN, |best, (sum, _)| best.max(*sum));
    best.saturating_sub(*nothing)
}

/// Turns the sums into the scores of the best paths up to each token, and reads the best one back.
pub(crate) fn best_path(sums: &mut [Lanes], transitions: &Transitions, path: &mut Vec<u8>) {
    let mut before = NOTHING;
    for sum in sums.iter_mut() {
        // From what is certain every path goes on from nothing.
        if *sum != NOTHING {
            *sum = forward(&before, sum, transitions);
        }
        before = *sum;
    }
    path.clear();
    path.resize(sums.len(), 0);
    let mut label = argmax(&before);
    for at in (0..sums.len()).rev() {
        if let Some(slot) = path.get_mut(at) {
            *slot = u8::try_from(label).unwrap_or_default();
        }
        let Some(previous) = at.checked_sub(1).and_then(|at| sums.get(at)) else {
            break;
        };
        label = argmax(&arrivals(previous, label, transitions));
    }
}

fn forward(before: &Lanes, sum: &Lanes, transitions: &Transitions) -> Lanes {
    let mut heads = [i16::MIN; HEADS];
    for (score, row) in before.iter().zip(&transitions.heads) {
        for (head, step) in heads.iter_mut().zip(row) {
            *head = (*head).max(score.saturating_add(*step));
        }
    }
    let (begun, going) = before.split_at(HEADS);
    let mut next = [NEVER; LANES];
    for (slot, head) in next.iter_mut().zip(&heads) {
        *slot = *head;
    }
    let steps = transitions.enter.iter().zip(&transitions.stay);
    for ((slot, (b, i)), (enter, stay)) in next
        .iter_mut()
        .skip(HEADS)
        .zip(begun.iter().zip(going))
        .zip(steps)
    {
        *slot = b.saturating_add(*enter).max(i.saturating_add(*stay));
    }
    for (slot, sum) in next.iter_mut().zip(sum) {
        *slot = slot.saturating_add(*sum);
    }
    let best = next.iter().copied().fold(i16::MIN, i16::max);
    for (slot, lane) in next.iter_mut().zip(&OPEN) {
        *slot = if *lane {
            slot.saturating_sub(best)
        } else {
            NEVER
        };
    }
    next
}

/// The scores of having come to `label` from each lane.
fn arrivals(before: &Lanes, label: usize, transitions: &Transitions) -> Lanes {
    let mut scores = [i16::MIN; LANES];
    for (lane, (slot, score)) in scores.iter_mut().zip(before).enumerate() {
        let step = if label < HEADS {
            transitions.heads.get(lane).and_then(|row| row.get(label))
        } else if lane + HEADS == label {
            transitions.enter.get(lane)
        } else if lane == label {
            transitions.stay.get(lane - HEADS)
        } else {
            None
        };
        if let Some(step) = step {
            *slot = score.saturating_add(*step);
        }
    }
    scores
}

fn argmax(scores: &Lanes) -> usize {
    let mut best = (0, i16::MIN);
    for (lane, score) in scores.iter().enumerate() {
        if *score > best.1 {
            best = (lane, *score);
        }
    }
    best.0
}

/// Far below any sum, and far enough from the end of the range to add to.
const NEVER: i16 = -20_000;
/// The sums of a token that is certainly nothing.
pub(crate) const NOTHING: Lanes = {
    let mut start = [NEVER; LANES];
    let [nothing, ..] = &mut start;
    *nothing = 0;
    start
};
const OPEN: [bool; LANES] = [
    true, true, true, true, true, true, true, false, false, true, true, true, true, true, true,
    false,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_goes_on_only_in_its_own_class() {
        let mut sums = vec![[0i16; LANES]; 3];
        sums[0][1] = 50;
        sums[1][10] = 20;
        sums[1][9] = 10;
        let mut path = Vec::new();
        best_path(&mut sums, &Transitions::default(), &mut path);
        assert_eq!(path, [1, 9, 0]);
    }

    #[test]
    fn long_blocks_do_not_overflow() {
        let mut sums = vec![[3_000i16; LANES]; 5_000];
        let mut path = Vec::new();
        best_path(&mut sums, &Transitions::default(), &mut path);
        assert_eq!(path.len(), 5_000);
    }
}
