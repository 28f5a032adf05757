//! Finds what looks like written text in a picture, whatever the letters are.
//!
//! Text that a device burns in has strokes of one value with hard edges, in groups of like height on a
//! common line. Each of these is looked for in turn, cheapest first: cells of the picture with many hard
//! edges ([`edges`]), connected strokes in them that are brighter or darker than what is around them
//! ([`ink`]), and lines of strokes that have the sizes and the order of letters ([`lines`]). Large letters
//! are found in the picture at half its size, and so on. The method is our own; its parts are the common
//! ones of scene text detection (edge density, connected components, alignment).

mod edges;
mod ink;
mod lines;
mod runs;

use super::region::{Region, condensed};
use edges::Edges;
use ink::Paper;

/// How readily strokes are taken for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Care {
    /// For pictures that come straight from a scanner: a word is text, a letter is not.
    Plain,
    /// For pictures of kinds that often carry text: three letters are.
    Careful,
}

impl Care {
    /// The share of edges in a cell that must be of one ink, in percent.
    fn ink_percent_min(self) -> u32 {
        match self {
            Self::Plain => 22,
            Self::Careful => 18,
        }
    }

    /// How many tenths of an edge ink must differ from what is around it.
    fn contrast_tenths_min(self) -> u64 {
        match self {
            Self::Plain => 16,
            Self::Careful => 12,
        }
    }
}

/// One channel of a picture: values row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane<'p> {
    values: &'p [u16],
    columns: usize,
}

impl<'p> Plane<'p> {
    /// The plane of so many columns, when the values fill its rows.
    pub(crate) fn new(values: &'p [u16], columns: usize) -> Option<Self> {
        let fits = columns > 0 && values.len().is_multiple_of(columns);
        fits.then_some(Self { values, columns })
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn row(&self, row: usize) -> &'p [u16] {
        let from = row.saturating_mul(self.columns);
        self.values
            .get(from..from + self.columns)
            .unwrap_or_default()
    }
}

/// The rectangles of a plane that hold text.
pub(crate) fn find(plane: Plane<'_>, care: Care) -> Vec<Region> {
    let mut found = Vec::new();
    find_from_scale(plane, care, 1, &mut found);
    condensed(&mut found);
    found
}

/// Looks at a plane, and at the same plane made smaller for what is too large to be a letter in it.
fn find_from_scale(plane: Plane<'_>, care: Care, scale: u32, found: &mut Vec<Region>) {
    found.extend(find_at_scale(plane, care).iter().map(|region| Region {
        top: region.top * scale,
        left: region.left * scale,
        bottom: region.bottom * scale,
        right: region.right * scale,
    }));
    let side = plane.columns.min(plane.rows());
    if side >= SIDE_HALVED_MIN && scale < SCALE_MAX {
        let values = halved(plane);
        if let Some(half) = Plane::new(&values, plane.columns / 2) {
            find_from_scale(half, care, scale * 2, found);
        }
    }
}

fn find_at_scale(plane: Plane<'_>, care: Care) -> Vec<Region> {
    let mut places = Vec::new();
    for edges in edges_of(plane, care) {
        let inked = edges::inked_places(plane, edges).into_iter();
        places.extend(inked.map(|(side, place)| (place, edges.step, side)));
    }
    places.sort_unstable();
    let mut found = Vec::new();
    for alike in places.chunk_by(|one, other| one.0 == other.0) {
        let paper = alike.first().and_then(|place| Paper::of(plane, place.0));
        let Some(paper) = paper else { continue };
        for alike in alike.chunk_by(|one, other| one.1 == other.1) {
            let step = alike.first().map_or(1, |place| place.1);
            let clear = paper.clear(step);
            for (_, _, side) in alike {
                for drawing in paper.drawings(*side, &clear, care) {
                    found.extend(lines::read(plane, &drawing, care));
                }
            }
        }
    }
    found
}

/// What counts as an edge: once by what most values span, and once by all values, because text may be far
/// brighter than the picture under it.
fn edges_of(plane: Plane<'_>, care: Care) -> Vec<Edges> {
    let stride = (plane.values.len() / SAMPLES).max(1) | 1;
    let samples: Vec<u16> = plane.values.iter().step_by(stride).copied().collect();
    if samples.is_empty() {
        return Vec::new();
    }
    let cut = samples.len() / 100;
    let last = samples.len() - 1;
    let (low, high) = two_nths(&samples, (cut, last - cut));
    let (least, most) = extremes(plane.values);
    let by_span = |least: u16, span: u16| Edges {
        step: u16::try_from(u32::from(span) * STEP_PERCENT / 100)
            .unwrap_or(u16::MAX)
            .max(1),
        least,
        span,
        share_percent: care.ink_percent_min(),
    };
    let common = by_span(low, high - low);
    let whole = by_span(least, most - least);
    match (high > low, whole.step > common.step.saturating_mul(2)) {
        (true, true) => vec![common, whole],
        (true, false) => vec![common],
        (false, _) if most > least => vec![whole],
        (false, _) => Vec::new(),
    }
}

/// The least and the greatest value, each in a pass of its own, which the processor does many values at a time.
fn extremes(values: &[u16]) -> (u16, u16) {
    let least = values.iter().fold(u16::MAX, |low, value| low.min(*value));
    let most = values.iter().fold(0, |high, value| high.max(*value));
    (least, most)
}

/// The values that stand at two places when all are in order: by counting, high bytes first, because sorting takes
/// longer.
fn two_nths(values: &[u16], places: (usize, usize)) -> (u16, u16) {
    let highs = counts(values, |[_, high]| (high, 1));
    (
        counted_below(values, &highs, places.0),
        counted_below(values, &highs, places.1),
    )
}

/// The value that stands at a place when all are in order, most of which are small.
fn nth_of_small(values: &[u16], place: usize) -> u16 {
    // What is not small counts as the greatest small value.
    let (small, most) = (counts(values, |[low, high]| (least_of(low, high), 1)), 255);
    match counted_to(&small, place) {
        (value, _) if value < most => value,
        _ => two_nths(values, (place, place)).0,
    }
}

/// The low byte of a value below 256; of others 255.
fn least_of(low: u8, high: u8) -> u8 {
    // All ones where the high byte is not zero, and no branch.
    low | u8::from(high != 0).wrapping_neg()
}

/// The value at a place, when it is known how often each high byte stands among the values.
fn counted_below(values: &[u16], highs: &[u32; 256], place: usize) -> u16 {
    let (high, place) = counted_to(highs, place);
    let lows = counts(values, |[low, own]| {
        (low, u32::from(u16::from(own) == high))
    });
    high << 8 | counted_to(&lows, place).0
}

/// How often each of 256 slots is named, by as much as is said with it, for the bytes of each value, low and high.
///
/// Neighbours are counted in tables of their own, because values that are alike would wait for each other in one.
fn counts(values: &[u16], slot: impl Fn([u8; 2]) -> (u8, u32)) -> [u32; 256] {
    let mut tables = [[0_u32; 256]; 4];
    let add = |table: &mut [u32; 256], value: u16| {
        let (slot, by) = slot(value.to_le_bytes());
        if let Some(count) = table.get_mut(usize::from(slot)) {
            *count = count.wrapping_add(by);
        }
    };
    let (fours, rest) = values.as_chunks::<4>();
    for four in fours {
        for (table, value) in tables.iter_mut().zip(four) {
            add(table, *value);
        }
    }
    for (table, value) in tables.iter_mut().zip(rest) {
        add(table, *value);
    }
    let [mut sums, others @ ..] = tables;
    for other in &others {
        for (sum, count) in sums.iter_mut().zip(other) {
            *sum = sum.wrapping_add(*count);
        }
    }
    sums
}

/// The first number up to which there are more than `place`, and how many of the places are its own.
fn counted_to(counts: &[u32; 256], mut place: usize) -> (u16, usize) {
    for (number, count) in (0..).zip(counts) {
        let count = usize::try_from(*count).unwrap_or(usize::MAX);
        if place < count {
            return (number, place);
        }
        place -= count;
    }
    (255, place)
}

/// The plane with two by two values made one.
fn halved(plane: Plane<'_>) -> Vec<u16> {
    let (columns, rows) = (plane.columns / 2, plane.rows() / 2);
    let mut values = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let upper = plane.row(row * 2).as_chunks::<2>().0;
        let lower = plane.row(row * 2 + 1).as_chunks::<2>().0;
        values.extend(upper.iter().zip(lower).map(|([a, b], [c, d])| {
            let sum = u32::from(*a) + u32::from(*b) + u32::from(*c) + u32::from(*d);
            // A quarter of four values has 16 bits.
            (sum / 4) as u16
        }));
    }
    values
}

/// A side below which no letters are too large for the plane as it is.
const SIDE_HALVED_MIN: usize = 160;
/// The last size at which a plane is looked at: an eighth.
const SCALE_MAX: u32 = 8;
/// How many values tell what most values span.
const SAMPLES: usize = 1024;
/// The share of the span of values that a hard edge has at least, in percent.
const STEP_PERCENT: u32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_finds_what_sorting_finds() {
        let mut state = 11_u64;
        for len in [1, 2, 7, 100, 1024] {
            let values: Vec<u16> = (0..len)
                .map(|at| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    // Spread ones, and many alike.
                    match at % 3 {
                        0 => 700,
                        1 => (state >> 56) as u16,
                        _ => (state >> 48) as u16,
                    }
                })
                .collect();
            let mut sorted = values.clone();
            sorted.sort_unstable();
            for place in [0, len / 100, len / 2, len - 1] {
                let (one, other) = two_nths(&values, (place, len / 3));
                assert_eq!(
                    (one, other),
                    (sorted[place], sorted[len / 3]),
                    "{len} {place}"
                );
                assert_eq!(nth_of_small(&values, place), sorted[place], "{len} {place}");
            }
        }
    }
}
