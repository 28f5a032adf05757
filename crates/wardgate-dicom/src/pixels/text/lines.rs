//! Lines of strokes that have the sizes and the order of letters.

use std::collections::BTreeMap;

use super::ink::{Drawing, Stroke};
use super::{Care, Plane};
use crate::pixels::region::Region;

/// The lines among the strokes of a drawing.
///
/// When there is one, whatever else of the drawing has letters' shape and its ink counts as text too, such
/// as a number of two digits beside it.
pub(super) fn read(plane: Plane<'_>, drawing: &Drawing, care: Care) -> Vec<Region> {
    let letters: Vec<Stroke> = drawing
        .strokes
        .iter()
        .filter(|stroke| is_letter_like(stroke))
        .copied()
        .collect();
    let groups = chained(&letters, drawing.contrast);
    let mut inks = Vec::new();
    let mut rest = Vec::new();
    for group in groups {
        let group: Vec<&Stroke> = group
            .iter()
            .filter_map(|index| letters.get(*index))
            .collect();
        let Some(measure) = Measure::of(&group, drawing.contrast) else {
            continue;
        };
        let written = measure.points() >= care.points_min();
        match written && is_even(plane, &group, &measure, (drawing.contrast, care)) {
            true => inks.push(measure),
            false => rest.push(measure),
        }
    }
    let near = drawing.contrast / 12;
    let same_ink = |one: &&Measure| inks.iter().take(INKS_MAX).any(|ink| one.is_of(ink, near));
    inks.extend(rest.iter().filter(same_ink).copied().collect::<Vec<_>>());
    let lines = inks.iter().enumerate();
    lines
        .map(|(index, line)| match index < INKS_MAX {
            true => line.completed(&drawing.strokes, near),
            false => line.with_margin(),
        })
        .collect()
}

impl Care {
    /// The least share of even ink, in percent: soft edges of small letters take much of the rest.
    fn even_percent_min(self) -> u32 {
        match self {
            Self::Plain => 22,
            Self::Careful => 18,
        }
    }

    fn points_min(self) -> f32 {
        match self {
            Self::Plain => 3.0,
            Self::Careful => 2.4,
        }
    }
}

/// Whether the ink of a group has one value: most of what is nearer to it than to the ground is very near to it.
fn is_even(plane: Plane<'_>, group: &[&Stroke], measure: &Measure, told: (u32, Care)) -> bool {
    let (contrast, care) = told;
    let (mut core, mut ink) = (0_u32, 0_u32);
    for stroke in group.iter().take(STROKES_MAX) {
        let region = stroke.region;
        for row in region.top..region.bottom {
            let (Ok(row), Ok(left), Ok(right)) = (
                usize::try_from(row),
                usize::try_from(region.left),
                usize::try_from(region.right),
            ) else {
                continue;
            };
            for value in plane.row(row).get(left..right).unwrap_or_default() {
                let off = u32::from(value.abs_diff(measure.peak));
                core += u32::from(off * 10 <= contrast);
                ink += u32::from(off * 2 <= contrast);
            }
        }
    }
    core * 100 >= ink * care.even_percent_min()
}

/// Whether a stroke may be a letter or a few that touch.
fn is_letter_like(stroke: &Stroke) -> bool {
    let (width, height) = (stroke.region.width(), stroke.region.height());
    let sized = (HEIGHT_MIN..=HEIGHT_MAX).contains(&height) && width <= height * WORD_WIDTHS_MAX;
    if !sized {
        return false;
    }
    // A piece of a row of a letter is much shorter than the letter is tall.
    let thin = stroke.area * 20 <= stroke.runs * (height * 13).max(40);
    // A wide one must have the strokes of several letters, or it is a bar.
    let pieces = stroke.runs * height.max(1) * 2 >= height * width;
    thin && pieces && stroke.crisp * 2 >= stroke.runs
}

/// The strokes in groups, each a chain from left to right.
fn chained(letters: &[Stroke], contrast: u32) -> Vec<Vec<usize>> {
    let mut grid: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (index, letter) in letters.iter().enumerate() {
        let cell = (middle(letter) / GRID, letter.region.left / GRID);
        grid.entry(cell).or_default().push(index);
    }
    let mut parents: Vec<usize> = (0..letters.len()).collect();
    for (index, letter) in letters.iter().enumerate() {
        let next = next_of(letter, letters, &grid, contrast);
        if let Some(next) = next {
            let (one, other) = (root(&mut parents, index), root(&mut parents, next));
            if let Some(slot) = parents.get_mut(one.max(other)) {
                *slot = one.min(other);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..letters.len() {
        let root = root(&mut parents, index);
        groups.entry(root).or_default().push(index);
    }
    groups.into_values().collect()
}

/// The nearest stroke to the right that can be the next letter of the line.
fn next_of(
    letter: &Stroke,
    letters: &[Stroke],
    grid: &BTreeMap<(u32, u32), Vec<usize>>,
    contrast: u32,
) -> Option<usize> {
    let region = letter.region;
    let reach = region.height() * GAP_HEIGHTS_MAX + region.height() / 2;
    let rows = (middle(letter).saturating_sub(region.height())) / GRID
        ..=(middle(letter) + region.height()) / GRID;
    let mut best: Option<(u32, usize)> = None;
    for row in rows {
        let columns = (row, region.left / GRID)..=(row, (region.right + reach) / GRID);
        for index in grid
            .range(columns)
            .flat_map(|(_, cell)| cell.iter().take(CELL_LETTERS_MAX))
        {
            let Some(other) = letters
                .get(*index)
                .filter(|other| follows(letter, other, contrast))
            else {
                continue;
            };
            let gap = other.region.left.saturating_sub(region.right);
            if best.is_none_or(|(least, _)| gap < least) {
                best = Some((gap, *index));
            }
        }
    }
    best.map(|(_, index)| index)
}

fn follows(letter: &Stroke, other: &Stroke, contrast: u32) -> bool {
    let (one, two) = (letter.region, other.region);
    let (low, high) = (
        one.height().min(two.height()),
        one.height().max(two.height()),
    );
    let behind = two.left > one.left && two.right > one.right && two.left + low / 2 >= one.right;
    let near = two.left.saturating_sub(one.right) <= high * GAP_HEIGHTS_MAX;
    let alike = high * 10 <= low * 22;
    let bottoms = one.bottom.abs_diff(two.bottom) * 100 <= high * 35;
    let tops = one.top.abs_diff(two.top) * 100 <= high * 35;
    let ink = u32::from(letter.peak.abs_diff(other.peak)) * 4 <= contrast;
    behind && near && alike && (bottoms || tops) && ink
}

fn middle(letter: &Stroke) -> u32 {
    (letter.region.top + letter.region.bottom) / 2
}

fn root(parents: &mut [usize], mut tree: usize) -> usize {
    while let Some(parent) = parents.get(tree).copied().filter(|parent| *parent != tree) {
        let grand = parents.get(parent).copied().unwrap_or(parent);
        if let Some(slot) = parents.get_mut(tree) {
            *slot = grand;
        }
        tree = grand;
    }
    tree
}

/// What tells whether a group of strokes is text.
#[derive(Clone, Copy, Debug)]
struct Measure {
    region: Region,
    height: u32,
    peak: u16,
    /// How many letters it may be.
    letters: f32,
    /// How much that number is worth: few strokes that could be many letters that touch are mostly none.
    certainty: f32,
    /// The share of letters that stand on, or hang from, one line.
    aligned: f32,
    /// The share of letters with the same most extreme value.
    same: f32,
    /// The share of ends of strokes at a hard edge.
    crisp: f32,
    /// Strokes that a row of a square of the letters' height crosses.
    crossed: f32,
}

impl Measure {
    fn of(group: &[&Stroke], contrast: u32) -> Option<Self> {
        let first = group.first()?;
        let region = group
            .iter()
            .fold(first.region, |sum, one| sum.around(&one.region));
        let height = median(group.iter().map(|one| one.region.height()))?;
        let bottom = median(group.iter().map(|one| one.region.bottom))?;
        let top = median(group.iter().map(|one| one.region.top))?;
        let peak = u16::try_from(median(group.iter().map(|one| u32::from(one.peak)))?).ok()?;
        let slack = (height / 8).max(1);
        let share = |counted: usize| counted as f32 / group.len() as f32;
        let on_line = group
            .iter()
            .filter(|one| one.region.bottom.abs_diff(bottom) <= slack)
            .count();
        let from_line = group
            .iter()
            .filter(|one| one.region.top.abs_diff(top) <= slack)
            .count();
        let same = group
            .iter()
            .filter(|one| u32::from(one.peak.abs_diff(peak)) * 12 <= contrast)
            .count();
        let letters = group.iter().map(|one| letters_of(one, height)).sum();
        let (runs, crisp) = group.iter().fold((0, 0), |(runs, crisp), one| {
            (runs + one.runs, crisp + one.crisp)
        });
        let square = region.width().max(height).max(1) as f32;
        Some(Self {
            region,
            height,
            peak,
            letters,
            certainty: match group.len() {
                1 => 0.6,
                2 => 0.8,
                _ => 1.0,
            },
            aligned: share(on_line.max(from_line)),
            same: share(same),
            crisp: crisp as f32 / (2 * runs.max(1)) as f32,
            crossed: runs as f32 / square,
        })
    }

    /// How much speaks for text: letters, counted by how well they fit together.
    fn points(&self) -> f32 {
        let fit = |share: f32| ((share - 0.4) / 0.6).clamp(0.0, 1.0);
        let dense = (0.45..=6.0).contains(&self.crossed);
        let fits = self.aligned >= ALIGNED_MIN && self.same >= SAME_MIN;
        match dense && fits {
            true => {
                self.certainty
                    * self.letters
                    * fit(self.aligned)
                    * fit(self.same)
                    * fit(self.crisp).sqrt()
            }
            false => 0.0,
        }
    }

    /// Whether it may have been written with the ink and in the size of another.
    fn is_of(&self, ink: &Self, near: u32) -> bool {
        let (low, high) = (self.height.min(ink.height), self.height.max(ink.height));
        let alike = high * 10 <= low * 22;
        let same = u32::from(self.peak.abs_diff(ink.peak)) <= near;
        let reach = ink.height * INK_HEIGHTS_MAX;
        alike && same && ink.region.grown(reach, reach).touches(&self.region)
    }

    /// The line with whatever of its ink stands beside it: letters that touch others, commas, slashes.
    fn completed(&self, strokes: &[Stroke], near: u32) -> Region {
        let mut line = self.region;
        for _ in 0..COMPLETIONS_MAX {
            let before = line;
            let reach = before.grown(self.height * GAP_HEIGHTS_MAX, self.height / 3);
            for stroke in strokes {
                let region = stroke.region;
                let same = u32::from(stroke.peak.abs_diff(self.peak)) <= near;
                let small = region.height() <= self.height * 2
                    && region.width() <= self.height * WORD_WIDTHS_MAX;
                if same && small && reach.touches(&region) {
                    line = line.around(&region);
                }
            }
            if line == before {
                break;
            }
        }
        Self {
            region: line,
            ..*self
        }
        .with_margin()
    }

    /// The line with room for dots, tails and soft edges.
    fn with_margin(&self) -> Region {
        let by = (self.height / 3).max(2);
        self.region.grown(by, by)
    }
}

/// How many letters a stroke may be: those that touch are as wide as several.
fn letters_of(stroke: &Stroke, height: u32) -> f32 {
    let (width, crossings) = (
        stroke.region.width() as f32,
        stroke.runs as f32 / stroke.region.height().max(1) as f32,
    );
    let by_width = width / (height.max(1) as f32 * 0.8);
    by_width.min(crossings).max(1.0)
}

fn median(values: impl Iterator<Item = u32>) -> Option<u32> {
    let mut values: Vec<u32> = values.collect();
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable(middle).1)
}

/// Letters of fewer rows cannot be told from grain.
const HEIGHT_MIN: u32 = 4;
/// Letters of more rows are found in the smaller picture.
const HEIGHT_MAX: u32 = 48;
/// How many times its height a word whose letters touch is wide at most.
const WORD_WIDTHS_MAX: u32 = 24;
/// The widest gap between letters of a line, in their heights.
const GAP_HEIGHTS_MAX: u32 = 2;
/// How far from a line its ink is looked for, in heights.
const INK_HEIGHTS_MAX: u32 = 12;
/// The least share of letters on one line: grain of the sizes that chains allow reaches less.
const ALIGNED_MIN: f32 = 0.62;
/// The least share of letters with one most extreme value.
const SAME_MIN: f32 = 0.55;
/// Strokes of a group that tell whether its ink is even.
const STROKES_MAX: usize = 64;
/// How often a line is looked at again for what stands beside it.
const COMPLETIONS_MAX: usize = 4;
/// Lines whose ink is looked for; more are not needed to know it.
const INKS_MAX: usize = 64;
/// The side of the cells by which neighbours are found.
const GRID: u32 = 16;
/// Letters of a cell that are tried; more than fit in it when they are letters.
const CELL_LETTERS_MAX: usize = 64;
