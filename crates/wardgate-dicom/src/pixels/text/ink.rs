//! Connected strokes that are brighter or darker than what is around them.

use super::Plane;
use super::edges::Side;
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

/// Which values count as ink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// Clearly above what is around.
    Bright,
    /// Far above what is around, as much as ink here mostly is.
    Brighter,
    /// Near the greatest value of the place.
    Brightest,
    /// Clearly below what is around.
    Dark,
    /// Far below what is around.
    Darker,
    /// Near the least value of the place.
    Darkest,
}

/// What a mask shows.
pub(super) struct Drawing {
    pub(super) strokes: Vec<Stroke>,
    /// How much ink mostly differs from what is around it.
    pub(super) contrast: u32,
    /// The least difference that counts as an edge.
    pub(super) step: u16,
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
        let (least, most) = values.iter().fold((u16::MAX, 0), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
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

    /// The strokes that a mask shows, when what it shows stands out from the grain of the place.
    pub(super) fn strokes(&self, mask: Mask, step: u16) -> Option<Drawing> {
        let bright = mask.is_bright();
        let toward = |above: i32| if bright { above } else { -above };
        let wide = i32::from(step) / 2;
        let edge = (self.most - self.least) / EXTREME_SHARE;
        let above = self.above.iter();
        let ink: Vec<bool> = match mask {
            Mask::Bright | Mask::Dark => above.map(|above| toward(*above) > wide).collect(),
            Mask::Brighter | Mask::Darker => {
                let most = i32::try_from(self.contrast(toward, |above| above > wide)?).ok()?;
                let far = (most * 6 / 10).max(i32::from(self.grain) * 3);
                if far < wide * 3 / 2 {
                    return None;
                }
                above.map(|above| toward(*above) > far).collect()
            }
            Mask::Brightest => self
                .values
                .iter()
                .map(|value| *value >= self.most - edge)
                .collect(),
            Mask::Darkest => self
                .values
                .iter()
                .map(|value| *value <= self.least + edge)
                .collect(),
        };
        let mut drawn = ink.iter();
        let contrast = self.contrast(toward, |_| drawn.next().is_some_and(|drawn| *drawn))?;
        if u64::from(contrast) * 10 < u64::from(self.grain) * GRAIN_TENTHS_MIN {
            return None;
        }
        let strokes = self.connected(&ink, bright, contrast);
        Some(Drawing {
            strokes,
            contrast,
            step,
        })
    }

    /// How much the values that count differ from what is around them, on average.
    fn contrast(
        &self,
        toward: impl Fn(i32) -> i32,
        mut counts: impl FnMut(i32) -> bool,
    ) -> Option<u32> {
        let (mut sum, mut count) = (0_i64, 0_i64);
        for above in &self.above {
            let by = toward(*above);
            if counts(by) {
                sum += i64::from(by);
                count += 1;
            }
        }
        let mean = sum.checked_div(count)?;
        u32::try_from(mean).ok().filter(|mean| *mean > 0)
    }

    /// Joins the runs of ink of each row with those of the row above that they touch.
    fn connected(&self, ink: &[bool], bright: bool, contrast: u32) -> Vec<Stroke> {
        let mut forest = Forest {
            bright,
            ..Forest::default()
        };
        let mut above: Vec<Run> = Vec::new();
        let mut here: Vec<Run> = Vec::new();
        let half = u16::try_from(contrast / 2).unwrap_or(u16::MAX).max(1);
        let rows = ink
            .chunks_exact(self.columns)
            .zip(self.values.chunks_exact(self.columns));
        for (row, (ink, values)) in rows.enumerate() {
            here.clear();
            let mut first = 0;
            for piece in ink.chunk_by(|one, other| one == other) {
                let next = first + piece.len();
                if piece.first().is_some_and(|drawn| *drawn) {
                    let stroke = self.stroke_of(row, first, next, values, (bright, half));
                    here.push(Run {
                        first,
                        next,
                        tree: forest.add(stroke),
                    });
                }
                first = next;
            }
            let mut seen = 0;
            for run in &here {
                while above.get(seen).is_some_and(|other| other.next < run.first) {
                    seen += 1;
                }
                for other in above.get(seen..).unwrap_or_default() {
                    if other.first > run.next {
                        break;
                    }
                    forest.join(other.tree, run.tree);
                }
            }
            std::mem::swap(&mut above, &mut here);
        }
        forest.into_strokes()
    }

    fn stroke_of(
        &self,
        row: usize,
        first: usize,
        next: usize,
        values: &[u16],
        edge: (bool, u16),
    ) -> Stroke {
        let (bright, half) = edge;
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

impl Mask {
    /// The masks that show ink which is on a side of its edges.
    pub(super) fn of(side: Side) -> [Self; 3] {
        match side {
            Side::Bright => [Self::Bright, Self::Brighter, Self::Brightest],
            Side::Dark => [Self::Dark, Self::Darker, Self::Darkest],
        }
    }

    fn is_bright(self) -> bool {
        matches!(self, Self::Bright | Self::Brighter | Self::Brightest)
    }
}

struct Run {
    first: usize,
    next: usize,
    tree: usize,
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
                Some(sum) => Stroke {
                    region: sum.region.around(&stroke.region),
                    area: sum.area.saturating_add(stroke.area),
                    runs: sum.runs.saturating_add(1),
                    crisp: sum.crisp.saturating_add(stroke.crisp),
                    peak: match self.bright {
                        true => sum.peak.max(stroke.peak),
                        false => sum.peak.min(stroke.peak),
                    },
                },
            });
        }
        sums.into_iter().flatten().collect()
    }
}

/// The median difference between neighbours of a row.
fn grain(values: &[u16]) -> u16 {
    let stride = (values.len() / GRAIN_SAMPLES).max(1) | 1;
    let pairs = values.windows(2).step_by(stride);
    let mut steps: Vec<u16> = pairs
        .filter_map(|pair| Some(pair.first()?.abs_diff(*pair.last()?)))
        .collect();
    let middle = steps.len() / 2;
    match steps.is_empty() {
        true => 0,
        false => *steps.select_nth_unstable(middle).1,
    }
}

/// Each value less the mean of the values up to [`AROUND`] columns and rows away.
fn above_mean(values: &[u16], columns: usize) -> Vec<i32> {
    let rows = values.len() / columns.max(1);
    let mut above = Vec::with_capacity(values.len());
    let mut sums = vec![0_u32; columns];
    let row_at = |row: usize| {
        values
            .get(row * columns..(row + 1) * columns)
            .unwrap_or_default()
    };
    for row in 0..AROUND.min(rows) {
        add(&mut sums, row_at(row));
    }
    for row in 0..rows {
        if row + AROUND < rows {
            add(&mut sums, row_at(row + AROUND));
        }
        if let Some(gone) = row.checked_sub(AROUND + 1) {
            subtract(&mut sums, row_at(gone));
        }
        let height = (row + AROUND).min(rows - 1) + 1 - row.saturating_sub(AROUND);
        let mut sum: u32 = sums.iter().take(AROUND).sum();
        let mut width = AROUND.min(columns);
        let mut share = share_of(width * height);
        let ahead = sums
            .iter()
            .skip(AROUND)
            .map(Some)
            .chain(std::iter::repeat(None));
        let gone = std::iter::repeat_n(None, AROUND + 1).chain(sums.iter().map(Some));
        for ((value, ahead), gone) in row_at(row).iter().zip(ahead).zip(gone) {
            let before = width;
            if let Some(ahead) = ahead {
                sum += ahead;
                width += 1;
            }
            if let Some(gone) = gone {
                sum -= gone;
                width -= 1;
            }
            if width != before {
                share = share_of(width * height);
            }
            above.push(i32::from(*value) - (sum as f32 * share) as i32);
        }
    }
    above
}

fn share_of(count: usize) -> f32 {
    1.0 / count.max(1) as f32
}

fn add(sums: &mut [u32], row: &[u16]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += u32::from(*value);
    }
}

fn subtract(sums: &mut [u32], row: &[u16]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum -= u32::from(*value);
    }
}

/// How far around a value its mean is taken: more than a letter of the smallest sizes.
const AROUND: usize = 12;
/// How many neighbours tell the grain of a place.
const GRAIN_SAMPLES: usize = 4096;
/// How many tenths of the grain ink must differ from what is around it.
const GRAIN_TENTHS_MIN: u64 = 32;
/// The part of the span of values at either end that counts as extreme.
const EXTREME_SHARE: u16 = 12;
