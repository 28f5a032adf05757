//! Places of a plane with many hard edges of one ink: the only ones in which letters can stand.
//!
//! A cell is inked when the brighter (or the darker) sides of its edges mostly have one value. Grain and
//! tissue have hard edges too, but between values that differ from edge to edge.

use super::Plane;
use crate::pixels::region::{Region, joined};

/// Which side of its edges ink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Bright,
    Dark,
}

/// What counts as an edge, and how values are sorted into inks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edges {
    /// The least difference between neighbours.
    pub(super) step: u16,
    /// The least value that is told from others.
    pub(super) least: u16,
    /// The span of values that are told from each other.
    pub(super) span: u16,
    /// The least share of a cell's edges that must be of one ink, in percent.
    pub(super) share_percent: u32,
}

/// Rectangles with a margin around inked cells, for each side.
pub(super) fn inked_places(plane: Plane<'_>, edges: Edges) -> Vec<(Side, Region)> {
    let across = plane.columns.div_ceil(CELL_COLUMNS);
    let down = plane.rows().div_ceil(CELL_ROWS);
    let mut bright = Vec::with_capacity(across * down);
    let mut dark = Vec::with_capacity(across * down);
    let mut turns = vec![[0_u16; CELL_COLUMNS]; across];
    for cell_row in 0..down {
        let rows = cell_row * CELL_ROWS..((cell_row + 1) * CELL_ROWS).min(plane.rows());
        turns.fill([0; CELL_COLUMNS]);
        for row in rows.clone() {
            count_turns(plane.row(row), edges.step, turns.as_flattened_mut());
        }
        for (column, turns) in turns.iter().enumerate() {
            let cell = Cell::of(turns).map(|cell| {
                let rows = rows.clone().map(|row| plane.row(row));
                cell.sorted(rows, column * CELL_COLUMNS, edges)
            });
            let ink = |sorts: fn(&Cell) -> &Sorts| {
                let cell = cell.as_ref()?;
                cell.ink(sorts(cell), edges)
            };
            bright.push(ink(|cell| &cell.bright));
            dark.push(ink(|cell| &cell.dark));
        }
    }
    let whole = Region::whole(pixels(plane.columns), pixels(plane.rows()));
    let mut all = Vec::new();
    for (side, mut inks) in [(Side::Bright, bright), (Side::Dark, dark)] {
        let mut places = grouped(&mut inks, across);
        for place in &mut places {
            *place = place.grown(MARGIN_COLUMNS, MARGIN_ROWS).within(&whole);
        }
        joined(&mut places);
        all.extend(places.into_iter().map(|place| (side, place)));
    }
    all
}

/// Counts of edges by the sort of their ink; more room than sorts, so that an index needs no check.
type Sorts = [u8; SORTS];

/// A cell that has as many edges as a part of a letter.
struct Cell {
    edges: u16,
    bright: Sorts,
    dark: Sorts,
}

#[derive(Clone, Copy)]
struct Ink {
    edges: u16,
    ink: u8,
}

impl Cell {
    /// The cell of so many turns in its columns; nothing when they are too few.
    fn of(turns: &[u16; CELL_COLUMNS]) -> Option<Self> {
        let sum = turns
            .iter()
            .fold(0_u16, |sum, column| sum.wrapping_add(*column));
        let (rising, falling) = (sum % FALLING, sum / FALLING);
        // A stroke has an edge on each side, the border of an organ has one.
        let enough = rising + falling >= CELL_EDGES_MIN && rising.min(falling) >= CELL_TURNS_MIN;
        enough.then_some(Self {
            edges: rising + falling,
            bright: [0; SORTS],
            dark: [0; SORTS],
        })
    }

    /// The cell with its edges sorted by ink.
    fn sorted<'p>(
        mut self,
        rows: impl Iterator<Item = &'p [u16]>,
        first: usize,
        edges: Edges,
    ) -> Self {
        let by = ((INKS as u32 - 1) << 16) / u32::from(edges.span.max(1));
        let sort = |value: u16| {
            let above = u32::from(value.saturating_sub(edges.least).min(edges.span));
            ((above * by) >> 16) as usize % SORTS
        };
        for row in rows {
            let next = (first + CELL_COLUMNS + 1).min(row.len());
            let values = row.get(first..next).unwrap_or_default();
            let mut places = edges_in(values, edges.step);
            while places != 0 {
                let at = places.trailing_zeros() as usize;
                places &= places - 1;
                let Some([one, other]) = values.get(at..).and_then(<[u16]>::first_chunk) else {
                    break;
                };
                for (value, sorts) in [
                    (one.max(other), &mut self.bright),
                    (one.min(other), &mut self.dark),
                ] {
                    if let Some(count) = sorts.get_mut(sort(*value)) {
                        *count = count.wrapping_add(1);
                    }
                }
            }
        }
        self
    }

    /// The ink of two neighbouring sorts that most edges have, when it is enough of them.
    fn ink(&self, sorts: &Sorts, edges: Edges) -> Option<Ink> {
        let sorts = sorts.get(..INKS)?;
        let pairs = sorts
            .windows(2)
            .map(|pair| pair.iter().map(|count| u32::from(*count)).sum::<u32>());
        let (ink, count) = pairs.enumerate().max_by_key(|(_, count)| *count)?;
        // Of few edges a larger share agrees by chance.
        let edges_here = u32::from(self.edges);
        let by_chance = edges_here * edges.share_percent + edges_here.isqrt() * CHANCE_PERCENT;
        let enough = count * 100 >= by_chance && count >= 4;
        let ink = u8::try_from(ink).ok()?;
        enough.then_some(Ink {
            edges: self.edges,
            ink,
        })
    }
}

/// Adds the edges of a row to the turns of each column: rising ones count 1, falling ones [`FALLING`].
///
/// Without a branch and with what fits in 16 bits, so that eight columns are one step of the processor.
fn count_turns(row: &[u16], step: u16, turns: &mut [u16]) {
    let next = row.get(1..).unwrap_or_default();
    for ((one, other), turns) in row.iter().zip(next).zip(turns) {
        let rising = u16::from(other.saturating_sub(*one) >= step);
        let falling = u16::from(one.saturating_sub(*other) >= step);
        *turns = turns.wrapping_add(rising).wrapping_add(falling * FALLING);
    }
}

/// A bit for each value that has an edge to the next one.
fn edges_in(values: &[u16], step: u16) -> u16 {
    let is_edge = |one: u16, other: u16| u16::from(one.abs_diff(other) >= step);
    let next = values.get(1..).unwrap_or_default();
    let (Some(left), Some(right)) = (
        values.first_chunk::<CELL_COLUMNS>(),
        next.first_chunk::<CELL_COLUMNS>(),
    ) else {
        let pairs = values.iter().zip(next).enumerate();
        return pairs.fold(0, |bits, (at, (one, other))| {
            bits | is_edge(*one, *other) << at
        });
    };
    let pairs = left.iter().zip(right).enumerate();
    pairs.fold(0, |bits, (at, (one, other))| {
        bits | is_edge(*one, *other) << at
    })
}

/// The rectangles around groups of cells of like ink; the cells are used up.
fn grouped(cells: &mut [Option<Ink>], across: usize) -> Vec<Region> {
    let mut places = Vec::new();
    let mut open = Vec::new();
    for start in 0..cells.len() {
        let Some(first) = cells.get(start).copied().flatten() else {
            continue;
        };
        let (mut edges, mut count) = (0_u32, 0_u32);
        let mut place: Option<Region> = None;
        open.push((start, first.ink));
        while let Some((cell, ink)) = open.pop() {
            let alike = |one: &Ink| one.ink.abs_diff(ink) <= 1;
            let Some(here) = cells
                .get_mut(cell)
                .and_then(|slot| slot.take_if(|one| alike(one)))
            else {
                continue;
            };
            edges += u32::from(here.edges);
            count += 1;
            let (row, column) = (cell / across, cell % across);
            let region = cell_region(column, row);
            place = Some(place.map_or(region, |place| place.around(&region)));
            for near_row in row.saturating_sub(1)..=row + 1 {
                for near in column.saturating_sub(REACH)..=(column + REACH).min(across - 1) {
                    open.push((near_row * across + near, here.ink));
                }
            }
        }
        if edges >= PLACE_EDGES_MIN && count >= PLACE_CELLS_MIN {
            places.extend(place);
        }
    }
    places
}

fn cell_region(column: usize, row: usize) -> Region {
    Region {
        top: pixels(row * CELL_ROWS),
        left: pixels(column * CELL_COLUMNS),
        bottom: pixels((row + 1) * CELL_ROWS),
        right: pixels((column + 1) * CELL_COLUMNS),
    }
}

fn pixels(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const CELL_COLUMNS: usize = 16;
const CELL_ROWS: usize = 8;
/// How much more than the share must agree, for each root of a cell's edges, in percent.
const CHANCE_PERCENT: u32 = 60;
/// Sorts of ink that are told from each other.
const INKS: usize = 24;
/// The room for them.
const SORTS: usize = 32;
/// What a falling edge counts beside rising ones in one number: more than a cell has pairs of values.
const FALLING: u16 = 256;
/// Edges that a cell with a part of a letter has: two strokes with two edges in at least two rows.
const CELL_EDGES_MIN: u16 = 6;
/// Edges of either direction that such a cell has.
const CELL_TURNS_MIN: u16 = 2;
/// Edges that three small letters have at least.
const PLACE_EDGES_MIN: u32 = 20;
const PLACE_CELLS_MIN: u32 = 2;
/// Over how many cells a group reaches, because words are parted.
const REACH: usize = 2;
const MARGIN_COLUMNS: u32 = 16;
const MARGIN_ROWS: u32 = 8;
