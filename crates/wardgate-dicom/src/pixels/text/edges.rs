//! Places of a plane with many hard edges of one ink: the only ones in which letters can stand.
//!
//! A cell is inked when the brighter (or the darker) sides of its edges mostly have one value. Grain and
//! tissue have hard edges too, but between values that differ from edge to edge.

use super::Plane;
use crate::pixels::region::{Region, joined};

/// Which side of its edges ink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    let mut cells = vec![Cell::default(); across];
    for cell_row in 0..down {
        for row in cell_row * CELL_ROWS..((cell_row + 1) * CELL_ROWS).min(plane.rows()) {
            count_edges(plane.row(row), edges, &mut cells);
        }
        for cell in &mut cells {
            bright.push(cell.ink(&cell.bright, edges));
            dark.push(cell.ink(&cell.dark, edges));
            if cell.rising + cell.falling > 0 {
                *cell = Cell::default();
            }
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

#[derive(Clone, Copy, Default)]
struct Cell {
    rising: u16,
    falling: u16,
    bright: [u8; INKS],
    dark: [u8; INKS],
}

#[derive(Clone, Copy)]
struct Ink {
    edges: u16,
    ink: u8,
}

impl Cell {
    /// The ink of two neighbouring sorts that most edges have, when it is enough of them.
    fn ink(&self, sorts: &[u8; INKS], edges: Edges) -> Option<Ink> {
        // A stroke has an edge on each side, the border of an organ has one.
        let edges_all = self.rising + self.falling;
        if edges_all < CELL_EDGES_MIN || self.rising.min(self.falling) < CELL_TURNS_MIN {
            return None;
        }
        let pairs = sorts
            .windows(2)
            .map(|pair| pair.iter().map(|count| u32::from(*count)).sum::<u32>());
        let (ink, count) = pairs.enumerate().max_by_key(|(_, count)| *count)?;
        // Of few edges a larger share agrees by chance.
        let edges_here = u32::from(edges_all);
        let by_chance = edges_here * edges.share_percent + edges_here.isqrt() * CHANCE_PERCENT;
        let enough = count * 100 >= by_chance && count >= 4;
        let ink = u8::try_from(ink).ok()?;
        enough.then_some(Ink {
            edges: edges_all,
            ink,
        })
    }
}

fn count_edges(row: &[u16], edges: Edges, cells: &mut [Cell]) {
    let next = row.get(1..).unwrap_or_default();
    let (left, left_rest) = row
        .get(..next.len())
        .unwrap_or_default()
        .as_chunks::<CELL_COLUMNS>();
    let (right, right_rest) = next.as_chunks::<CELL_COLUMNS>();
    let mut cells = cells.iter_mut();
    for ((left, right), cell) in left.iter().zip(right).zip(&mut cells) {
        let (mut rising, mut falling) = (0_u16, 0_u16);
        for (one, other) in left.iter().zip(right) {
            rising += u16::from(other.saturating_sub(*one) >= edges.step);
            falling += u16::from(one.saturating_sub(*other) >= edges.step);
        }
        if rising + falling > 0 {
            cell.rising += rising;
            cell.falling += falling;
            sort_edges(left, right, edges, cell);
        }
    }
    if let Some(cell) = cells.next() {
        for (one, other) in left_rest.iter().zip(right_rest) {
            cell.rising += u16::from(other.saturating_sub(*one) >= edges.step);
            cell.falling += u16::from(one.saturating_sub(*other) >= edges.step);
        }
        sort_edges(left_rest, right_rest, edges, cell);
    }
}

fn sort_edges(left: &[u16], right: &[u16], edges: Edges, cell: &mut Cell) {
    let by = ((INKS as u32 - 1) << 16) / u32::from(edges.span.max(1));
    for (one, other) in left.iter().zip(right) {
        if one.abs_diff(*other) >= edges.step {
            for (value, sorts) in [
                (one.max(other), &mut cell.bright),
                (one.min(other), &mut cell.dark),
            ] {
                let above = u32::from(value.saturating_sub(edges.least).min(edges.span));
                let sort = (above * by) >> 16;
                let sort = usize::try_from(sort).unwrap_or_default();
                if let Some(count) = sorts.get_mut(sort) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }
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
