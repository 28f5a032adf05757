//! Connected strokes that are brighter or darker than what is around them.

use super::edges::Side;
use super::runs::{Bits, Run};
use super::{Care, Plane, extremes, nth_of_small};
use crate::pixels::region::Region;

/// A part of a plane with the difference of each value from the mean around it.
pub(super) struct Paper {
    place: Region,
    columns: usize,
    values: Vec<u16>,
    above: Vec<i32>,
    least: u16,
    most: u16,
    /// By how much neighbours commonly differ.
    grain: u16,
}

/// What a mask shows.
pub(super) struct Drawing {
    pub(super) strokes: Vec<Stroke>,
    /// How much ink mostly differs from what is around it.
    pub(super) contrast: u32,
}

/// A connected stroke: a letter, a part of one, several that touch, or none at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) region: Region,
    pub(super) area: u32,
    /// Rows times the pieces that each has.
    pub(super) runs: u32,
    /// Ends of these pieces at a hard edge.
    pub(super) crisp: u32,
    /// The most extreme value.
    pub(super) peak: u16,
}

impl Stroke {
    fn with(&self, other: &Self, bright: bool) -> Self {
        Self {
            region: self.region.around(&other.region),
            area: self.area.saturating_add(other.area),
            runs: self.runs.saturating_add(other.runs),
            crisp: self.crisp.saturating_add(other.crisp),
            peak: match bright {
                true => self.peak.max(other.peak),
                false => self.peak.min(other.peak),
            },
        }
    }
}

impl Paper {
    pub(super) fn of(plane: Plane<'_>, place: Region) -> Option<Self> {
        let (left, right) = (
            usize::try_from(place.left).ok()?,
            usize::try_from(place.right).ok()?,
        );
        let (top, bottom) = (
            usize::try_from(place.top).ok()?,
            usize::try_from(place.bottom).ok()?,
        );
        let columns = right.checked_sub(left).filter(|columns| *columns > 0)?;
        let mut values = Vec::with_capacity(columns * (bottom - top));
        for row in top..bottom {
            values.extend_from_slice(plane.row(row).get(left..right)?);
        }
        let (least, most) = extremes(&values);
        let above = above_mean(&values, columns);
        let grain = grain(&values);
        Some(Self {
            place,
            columns,
            values,
            above,
            least,
            most,
            grain,
        })
    }

    /// How much what clearly differs from what is around it does so on average, on each side.
    pub(super) fn clear(&self, step: u16) -> Clear {
        let wide = i32::from(step) / 2;
        let (mut bright, mut dark) = (Sum::default(), Sum::default());
        // So many differences of 16 bits have a sum of 32 bits.
        for part in self.above.chunks(SUMMED) {
            let (mut sums, mut counts) = ([0_i32; 2], [0_i32; 2]);
            for above in part {
                // All ones for what counts, which keeps the difference, and all zeros for the rest.
                let (over, under) = (-i32::from(*above > wide), -i32::from(*above < -wide));
                sums = [
                    sums[0].wrapping_add(*above & over),
                    sums[1].wrapping_sub(*above & under),
                ];
                counts = [counts[0].wrapping_sub(over), counts[1].wrapping_sub(under)];
            }
            bright.add(sums[0], counts[0]);
            dark.add(sums[1], counts[1]);
        }
        Clear {
            step,
            bright: bright.mean(),
            dark: dark.mean(),
        }
    }

    /// The strokes of ink on one side of its edges, for each way of telling ink that shows any: by what clearly
    /// differs from what is around it, by what differs as much as ink here mostly does, and by what is near the
    /// most extreme value of the place.
    pub(super) fn drawings(&self, side: Side, clear: &Clear, care: Care) -> Vec<Drawing> {
        let bright = side == Side::Bright;
        let (wide, grain) = (i32::from(clear.step) / 2, u64::from(self.grain));
        let tenths_min =
            (grain * GRAIN_TENTHS_MIN).max(u64::from(clear.step) * care.contrast_tenths_min());
        let told = move |contrast: u32| u64::from(contrast) * 10 >= tenths_min;
        let beyond = |level: i32| match bright {
            true => self.drawing(bright, told, |above, _| above > level),
            false => self.drawing(bright, told, |above, _| above < -level),
        };
        let mut drawings = Vec::with_capacity(3);
        if let Some(clear) = if bright { clear.bright } else { clear.dark } {
            if told(clear) {
                drawings.extend(beyond(wide));
            }
            let clear = i32::try_from(clear).unwrap_or(i32::MAX / 6);
            let far = (clear * 6 / 10).max(i32::from(self.grain) * 3);
            if far >= wide * 3 / 2 {
                drawings.extend(beyond(far));
            }
        }
        let edge = (self.most - self.least) / EXTREME_SHARE;
        let (low, high) = (self.least + edge, self.most - edge);
        drawings.extend(match bright {
            true => self.drawing(bright, told, |_, value| value >= high),
            false => self.drawing(bright, told, |_, value| value <= low),
        });
        drawings
    }

    /// The strokes of values that are ink, by themselves and what is around them, when their contrast tells them.
    fn drawing(
        &self,
        bright: bool,
        told: impl Fn(u32) -> bool,
        is_ink: impl Fn(i32, u16) -> bool,
    ) -> Option<Drawing> {
        let contrast = self.contrast(bright, &is_ink);
        let contrast = contrast.filter(|contrast| told(*contrast))?;
        let ink = Bits::of((&self.above, &self.values), self.columns, is_ink);
        Some(Drawing {
            strokes: self.connected(&ink, bright, contrast),
            contrast,
        })
    }

    /// How much ink differs from what is around it, on average.
    fn contrast(&self, bright: bool, is_ink: impl Fn(i32, u16) -> bool) -> Option<u32> {
        let mut sum = Sum::default();
        let parts = self.above.chunks(SUMMED).zip(self.values.chunks(SUMMED));
        for (above, values) in parts {
            let (mut here, mut count) = (0_i32, 0_i32);
            for (above, value) in above.iter().zip(values) {
                // All ones for ink, which keeps the difference, and all zeros for the rest.
                let kept = -i32::from(is_ink(*above, *value));
                here = here.wrapping_add(*above & kept);
                count = count.wrapping_sub(kept);
            }
            sum.add(if bright { here } else { -here }, count);
        }
        sum.mean()
    }

    /// Joins the runs of ink of each row with those of the row above that they touch.
    #[inline(never)]
    fn connected(&self, ink: &Bits, bright: bool, contrast: u32) -> Vec<Stroke> {
        let mut forest = Forest {
            bright,
            ..Forest::default()
        };
        let mut above: Vec<(Run, usize)> = Vec::new();
        let mut here: Vec<(Run, usize)> = Vec::new();
        let half = u16::try_from(contrast / 2).unwrap_or(u16::MAX).max(1);
        let rows = ink.rows().zip(self.values.chunks_exact(self.columns));
        for (row, (runs, values)) in rows.enumerate() {
            here.clear();
            let mut seen = 0;
            for run in runs {
                while above
                    .get(seen)
                    .is_some_and(|(other, _)| other.next < run.first)
                {
                    seen += 1;
                }
                let touched = above.get(seen..).unwrap_or_default().iter();
                let mut touched = touched.take_while(|(other, _)| other.first <= run.next);
                let stroke = self.stroke_of(row, run, values, (bright, half));
                let tree = match touched.next() {
                    Some((_, tree)) => forest.extend(*tree, &stroke),
                    None => forest.add(stroke),
                };
                touched.for_each(|(_, other)| forest.join(*other, tree));
                here.push((run, tree));
            }
            std::mem::swap(&mut above, &mut here);
        }
        forest.into_strokes()
    }

    fn stroke_of(&self, row: usize, run: Run, values: &[u16], edge: (bool, u16)) -> Stroke {
        let (bright, half) = edge;
        let Run { first, next } = run;
        let run = values.get(first..next).unwrap_or_default();
        let peak = match bright {
            true => run.iter().max(),
            false => run.iter().min(),
        };
        let peak = peak.copied().unwrap_or_default();
        // An edge may take two pixels, and the next letter may be two pixels away.
        let hard = |at: Option<usize>| {
            let value = at.and_then(|at| values.get(at));
            value.is_some_and(|value| value.abs_diff(peak) >= half)
        };
        let before = hard(first.checked_sub(1)) || hard(first.checked_sub(2));
        let behind = hard(Some(next)) || hard(Some(next + 1));
        let crisp = u32::from(before) + u32::from(behind);
        let at = |offset: u32, by: usize| offset + u32::try_from(by).unwrap_or(u32::MAX);
        Stroke {
            region: Region {
                top: at(self.place.top, row),
                left: at(self.place.left, first),
                bottom: at(self.place.top, row + 1),
                right: at(self.place.left, next),
            },
            area: u32::try_from(next - first).unwrap_or(u32::MAX),
            runs: 1,
            crisp,
            peak,
        }
    }
}

/// What clearly differs from what is around it, at a step of edges.
pub(super) struct Clear {
    pub(super) step: u16,
    bright: Option<u32>,
    dark: Option<u32>,
}

#[derive(Default)]
struct Sum {
    sum: i64,
    count: i64,
}

impl Sum {
    fn add(&mut self, sum: i32, count: i32) {
        self.sum += i64::from(sum);
        self.count += i64::from(count);
    }

    fn mean(&self) -> Option<u32> {
        let mean = self.sum.checked_div(self.count)?;
        u32::try_from(mean).ok().filter(|mean| *mean > 0)
    }
}

/// Strokes that become one when their runs touch.
#[derive(Default)]
struct Forest {
    bright: bool,
    parents: Vec<usize>,
    strokes: Vec<Stroke>,
}

impl Forest {
    fn add(&mut self, stroke: Stroke) -> usize {
        let tree = self.parents.len();
        self.parents.push(tree);
        self.strokes.push(stroke);
        tree
    }

    /// Makes a run a part of a tree, and returns its root.
    fn extend(&mut self, tree: usize, stroke: &Stroke) -> usize {
        let root = self.root(tree);
        let bright = self.bright;
        if let Some(sum) = self.strokes.get_mut(root) {
            *sum = sum.with(stroke, bright);
        }
        root
    }

    fn root(&mut self, mut tree: usize) -> usize {
        while let Some(parent) = self.parents.get(tree).copied() {
            if parent == tree {
                break;
            }
            let grand = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(tree) {
                *slot = grand;
            }
            tree = grand;
        }
        tree
    }

    /// The smaller number becomes the root, so that the result does not depend on the order of runs.
    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return;
        }
        let (root, child) = (one.min(other), one.max(other));
        if let Some(slot) = self.parents.get_mut(child) {
            *slot = root;
        }
    }

    fn into_strokes(mut self) -> Vec<Stroke> {
        let mut sums: Vec<Option<Stroke>> = vec![None; self.parents.len()];
        for tree in 0..self.parents.len() {
            let root = self.root(tree);
            let (Some(stroke), Some(sum)) = (self.strokes.get(tree), sums.get_mut(root)) else {
                continue;
            };
            *sum = Some(match sum.take() {
                None => *stroke,
                Some(sum) => sum.with(stroke, self.bright),
            });
        }
        sums.into_iter().flatten().collect()
    }
}

/// The median difference between neighbours of a row.
fn grain(values: &[u16]) -> u16 {
    let stride = (values.len() / GRAIN_SAMPLES).max(1) | 1;
    let next = values.get(1..).unwrap_or_default();
    let steps: Vec<u16> = match stride {
        1 => (values
            .iter()
            .zip(next)
            .map(|(one, other)| one.abs_diff(*other)))
        .collect(),
        _ => {
            let pairs = values.chunks(stride).zip(next.chunks(stride));
            let step = |(one, other): (&[u16], &[u16])| match (one, other) {
                ([one, ..], [other, ..]) => one.abs_diff(*other),
                _ => 0,
            };
            pairs.map(step).collect()
        }
    };
    match steps.is_empty() {
        true => 0,
        false => nth_of_small(&steps, steps.len() / 2),
    }
}

/// Each value less the mean of the values up to [`AROUND`] columns and rows away.
///
/// Sums of columns are kept from row to row; the sum of a window is the difference of two of their running
/// sums, which may pass through the end of 32 bits while the difference does not.
fn above_mean(values: &[u16], columns: usize) -> Vec<i32> {
    let rows = values.len() / columns.max(1);
    let mut above = vec![0; values.len()];
    let mut sums = vec![0_u32; columns];
    let mut running = vec![0_u32; columns + 2 * AROUND + 1];
    let widths = widths(columns);
    let mut shares: Vec<f32> = Vec::with_capacity(columns);
    let mut height_before = 0;
    let row_at = |row: usize| {
        values
            .get(row * columns..(row + 1) * columns)
            .unwrap_or_default()
    };
    for row in 0..AROUND.min(rows) {
        add(&mut sums, row_at(row));
    }
    for (row, above) in above.chunks_exact_mut(columns.max(1)).enumerate() {
        if row + AROUND < rows {
            add(&mut sums, row_at(row + AROUND));
        }
        if let Some(gone) = row.checked_sub(AROUND + 1) {
            subtract(&mut sums, row_at(gone));
        }
        let height = (row + AROUND).min(rows - 1) + 1 - row.saturating_sub(AROUND);
        if height != height_before {
            shares.clear();
            let rows = u16::try_from(height).unwrap_or(u16::MAX);
            // A window has at most 25 by 25 values.
            let share = |width: &u16| 1.0 / f32::from(width.wrapping_mul(rows));
            shares.extend(widths.iter().map(share));
            height_before = height;
        }
        let mut sum = 0_u32;
        let (_, behind) = running.split_at_mut(AROUND + 1);
        for (running, column) in behind.iter_mut().zip(&sums) {
            sum = sum.wrapping_add(*column);
            *running = sum;
        }
        behind.get_mut(columns..).unwrap_or_default().fill(sum);
        let ends = running.get(2 * AROUND + 1..).unwrap_or_default();
        let windows = ends.iter().zip(&running).zip(&shares);
        for ((above, value), ((end, start), share)) in
            above.iter_mut().zip(row_at(row)).zip(windows)
        {
            let sum = end.wrapping_sub(*start).cast_signed();
            *above = i32::from(*value) - whole_part(sum as f32 * share);
        }
    }
    above
}

/// How many columns the window around each column has.
fn widths(columns: usize) -> Vec<u16> {
    let width = |column: usize| {
        let width = (column + AROUND).min(columns - 1) + 1 - column.saturating_sub(AROUND);
        u16::try_from(width).unwrap_or(u16::MAX)
    };
    (0..columns).map(width).collect()
}

/// The whole part of a number that is not negative and below 2^22, as `as` gives it, but without a branch, so that
/// several numbers are one step of the processor.
fn whole_part(number: f32) -> i32 {
    // With 2^23 added, the digits behind the point are rounded away, and the rest stands in the low bits.
    let moved = number + MOVED;
    let rounded = (moved.to_bits() & 0x007f_ffff).cast_signed();
    rounded - i32::from(moved - MOVED > number)
}

fn add(sums: &mut [u32], row: &[u16]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(u32::from(*value));
    }
}

fn subtract(sums: &mut [u32], row: &[u16]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_sub(u32::from(*value));
    }
}

/// How far around a value its mean is taken: more than a letter of the smallest sizes.
const AROUND: usize = 12;
/// 2^23: from here on, neighbouring numbers of 32 bits are whole.
const MOVED: f32 = 8_388_608.0;
/// How many differences are summed in 32 bits.
const SUMMED: usize = 4096;
/// How many neighbours tell the grain of a place.
const GRAIN_SAMPLES: usize = 4096;
/// How many tenths of the grain ink must differ from what is around it.
const GRAIN_TENTHS_MIN: u64 = 32;
/// The part of the span of values at either end that counts as extreme.
const EXTREME_SHARE: u16 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_are_those_of_a_cast() {
        for whole in (0..70_000).step_by(7) {
            for part in [0.0, 0.001, 0.25, 0.499_9, 0.5, 0.500_1, 0.75, 0.99, 0.996] {
                let number = whole as f32 + part;
                assert_eq!(whole_part(number), number as i32, "{number}");
            }
        }
    }
}
