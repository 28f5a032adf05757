//! Rectangles of a picture.

use std::fmt;

/// A rectangle of a picture in pixels, from the upper left; `right` and `bottom` are the first column and
/// row that do not belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Region {
    /// The first row.
    pub(crate) top: u32,
    /// The first column.
    pub(crate) left: u32,
    /// The row behind the last.
    pub(crate) bottom: u32,
    /// The column behind the last.
    pub(crate) right: u32,
}

impl Region {
    /// The whole of a picture.
    pub(crate) fn whole(columns: u32, rows: u32) -> Self {
        Self {
            top: 0,
            left: 0,
            bottom: rows,
            right: columns,
        }
    }

    /// How many columns it spans.
    pub(crate) fn width(&self) -> u32 {
        self.right.saturating_sub(self.left)
    }

    /// How many rows it spans.
    pub(crate) fn height(&self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }

    /// How many pixels it has.
    pub(crate) fn area(&self) -> u64 {
        u64::from(self.width()) * u64::from(self.height())
    }

    /// Whether it has no pixel.
    pub(crate) fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    /// Whether the two share a pixel or touch.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.left <= other.right
            && other.left <= self.right
            && self.top <= other.bottom
            && other.top <= self.bottom
    }

    /// The smallest rectangle around both.
    pub(crate) fn around(&self, other: &Self) -> Self {
        Self {
            top: self.top.min(other.top),
            left: self.left.min(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }

    /// What it has in common with another; empty when nothing.
    pub(crate) fn within(&self, other: &Self) -> Self {
        let (top, left) = (self.top.max(other.top), self.left.max(other.left));
        Self {
            top,
            left,
            bottom: self.bottom.min(other.bottom).max(top),
            right: self.right.min(other.right).max(left),
        }
    }

    /// The rectangle with so many columns and rows more on each side.
    pub(crate) fn grown(&self, columns: u32, rows: u32) -> Self {
        Self {
            top: self.top.saturating_sub(rows),
            left: self.left.saturating_sub(columns),
            bottom: self.bottom.saturating_add(rows),
            right: self.right.saturating_add(columns),
        }
    }

    /// The parts of `self` that no rectangle of `kept` covers.
    pub(crate) fn without(&self, kept: &[Self]) -> Vec<Self> {
        let mut parts = vec![*self];
        for hole in kept {
            parts = parts.iter().flat_map(|part| part.minus(hole)).collect();
        }
        parts
    }

    fn minus(&self, hole: &Self) -> Vec<Self> {
        let cut = hole.within(self);
        if cut.is_empty() {
            return vec![*self];
        }
        let sides = [
            Self {
                bottom: cut.top,
                ..*self
            },
            Self {
                top: cut.bottom,
                ..*self
            },
            Self {
                top: cut.top,
                bottom: cut.bottom,
                right: cut.left,
                ..*self
            },
            Self {
                top: cut.top,
                bottom: cut.bottom,
                left: cut.right,
                ..*self
            },
        ];
        sides.into_iter().filter(|side| !side.is_empty()).collect()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            top,
            left,
            bottom,
            right,
        } = self;
        write!(f, "columns {left} to {right}, rows {top} to {bottom}")
    }
}

/// Joins rectangles that touch, until none do.
pub(crate) fn joined(regions: &mut Vec<Region>) {
    join(regions, |_, _| true);
}

/// Joins rectangles that touch where the rectangle around both holds little besides them.
pub(crate) fn condensed(regions: &mut Vec<Region>) {
    join(regions, |one, other| {
        let sum = one.area() + other.area() - one.within(other).area();
        one.around(other).area() * 4 <= sum * 5
    });
}

fn join(regions: &mut Vec<Region>, fits: impl Fn(&Region, &Region) -> bool) {
    loop {
        regions.sort_unstable();
        regions.dedup();
        let before = regions.len();
        let mut kept: Vec<Region> = Vec::with_capacity(before);
        for region in regions.drain(..) {
            let near = kept.iter_mut().rev().take(NEIGHBOURS_MAX);
            let mut alike = near.filter(|one| one.touches(&region) && fits(one, &region));
            match alike.next() {
                Some(one) => *one = one.around(&region),
                None => kept.push(region),
            }
        }
        *regions = kept;
        if regions.len() == before {
            return;
        }
    }
}

/// How far back a rectangle is compared, so that very many do not take quadratic time.
const NEIGHBOURS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn region(left: u32, top: u32, right: u32, bottom: u32) -> Region {
        Region {
            top,
            left,
            bottom,
            right,
        }
    }

    #[test]
    fn what_lies_outside_of_the_kept_is_cut_into_rectangles() {
        let whole = Region::whole(10, 10);
        let parts = whole.without(&[region(2, 3, 8, 9)]);
        let pixels: u32 = parts.iter().map(|part| part.width() * part.height()).sum();
        assert_eq!(pixels, 100 - 36);
        assert!(whole.without(&[whole]).is_empty());
        assert_eq!(whole.without(&[region(20, 20, 30, 30)]), [whole]);
    }

    #[test]
    fn a_rectangle_around_much_else_is_not_made() {
        let mut cross = vec![region(0, 4, 10, 6), region(4, 0, 6, 10)];
        condensed(&mut cross);
        assert_eq!(cross.len(), 2);
        let mut line = vec![region(0, 0, 9, 4), region(8, 0, 20, 5), region(1, 1, 3, 3)];
        condensed(&mut line);
        assert_eq!(line, [region(0, 0, 20, 5)]);
    }

    #[test]
    fn rectangles_that_touch_become_one() {
        let mut regions = vec![
            region(0, 0, 4, 4),
            region(4, 0, 9, 4),
            region(20, 20, 22, 22),
        ];
        joined(&mut regions);
        assert_eq!(regions, [region(0, 0, 9, 4), region(20, 20, 22, 22)]);
    }
}
