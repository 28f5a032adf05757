//! The distribution of a sensitive column, and how far that of a class lies from it.

use super::Distance;
use crate::fault::TableFault;
use crate::hierarchy::Hierarchy;
use crate::table::{Column, Kind};

/// What t-closeness compares a class with.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    shares: Vec<f64>,
    ground: Ground,
}

/// The ground distance.
#[derive(Clone, Debug)]
enum Ground {
    Equal,
    /// Codes in their order.
    Ordered(Vec<u32>),
    /// From the leaves up: the group of each code or group below, and how many groups there are.
    Tree(Vec<(Vec<u32>, usize)>),
}

impl Distribution {
    pub(crate) fn of(
        column: &Column,
        distance: Distance,
        hierarchy: Option<&Hierarchy>,
    ) -> Result<Self, TableFault> {
        let counts = column.counts();
        let rows = (column.rows() as f64).max(1.0);
        let shares = counts.iter().map(|count| *count as f64 / rows).collect();
        let ground = match distance {
            Distance::Equal => Ground::Equal,
            Distance::Ordered => Ground::Ordered(in_order(column)),
            Distance::Hierarchical => Ground::Tree(tree(column, hierarchy)?),
        };
        Ok(Self { shares, ground })
    }

    /// The earth mover's distance between the whole table and a class, given as counts by code.
    pub(crate) fn distance(&self, size: u64, histogram: &[(u32, u64)]) -> f64 {
        let size = size as f64;
        if matches!(self.ground, Ground::Equal) {
            // Where the class has more than its share; as much is missing elsewhere.
            return histogram
                .iter()
                .map(|(code, count)| (*count as f64 / size - self.share(*code)).max(0.0))
                .sum();
        }
        let mut extra: Vec<f64> = self.shares.iter().map(|share| -share).collect();
        for (code, count) in histogram {
            if let Some(extra) = extra.get_mut(*code as usize) {
                *extra += *count as f64 / size;
            }
        }
        match &self.ground {
            Ground::Equal => 0.0,
            Ground::Ordered(order) => ordered(order, &extra),
            Ground::Tree(levels) => hierarchical(levels, extra),
        }
    }

    /// How many rows of a class must go, so that what is left can be split into classes at most `t` away.
    ///
    /// What is left is itself at most `t` away, because the distance is convex. By equal distance it is so
    /// only when for every set A of values q(A) - c(A) / rows left is at most `t`; a few sets are tried.
    pub(crate) fn lost_at_least(&self, size: u64, histogram: &[(u32, u64)], t: f64) -> u64 {
        if !matches!(self.ground, Ground::Equal) {
            return u64::from(self.distance(size, histogram) > t);
        }
        let present: f64 = histogram.iter().map(|(code, _)| self.share(*code)).sum();
        let mut left = size as f64;
        for _ in 0..BOUND_STEPS {
            // The values that stand less often than in the whole table, those that do not stand at all among them.
            let (mut share, mut count) = (1.0 - present, 0);
            for (code, rows) in histogram {
                let wanted = self.share(*code);
                if wanted * left > *rows as f64 {
                    share += wanted;
                    count += rows;
                }
            }
            if share <= t {
                break;
            }
            let next = count as f64 / (share - t);
            if next >= left {
                break;
            }
            left = next;
        }
        // Upwards, so that a rounding never loses a row too many.
        let left = (left * (1.0 + 1e-9)).ceil() as u64;
        size.saturating_sub(left)
    }

    fn share(&self, code: u32) -> f64 {
        self.shares.get(code as usize).copied().unwrap_or(0.0)
    }
}

/// Codes by the numbers or the letters of their values.
fn in_order(column: &Column) -> Vec<u32> {
    let mut codes: Vec<u32> = (0..column.distinct())
        .filter_map(|code| u32::try_from(code).ok())
        .collect();
    if matches!(column.kind(), Kind::Integer | Kind::Decimal) {
        let number = |code: &u32| column.decoded(*code).parse().unwrap_or(f64::NEG_INFINITY);
        codes.sort_by(|a, b| number(a).total_cmp(&number(b)));
    } else {
        codes.sort_by(|a, b| column.decoded(*a).cmp(column.decoded(*b)));
    }
    codes
}

fn tree(
    column: &Column,
    hierarchy: Option<&Hierarchy>,
) -> Result<Vec<(Vec<u32>, usize)>, TableFault> {
    let hierarchy = hierarchy.ok_or_else(|| {
        TableFault::new(
            "plan.missing_hierarchy",
            "hierarchical distance needs a hierarchy of the sensitive column",
            "give one, or ask for equal or ordered distance",
        )
        .column(column.name())
    })?;
    let leaves = column
        .values()
        .map(|value| hierarchy.leaf(value))
        .collect::<Option<Vec<u32>>>()
        .ok_or_else(|| {
            TableFault::new(
                "hierarchy.incomplete",
                "a value of the table is missing from the hierarchy",
                "add a line for every value of the column",
            )
            .column(column.name())
        })?;
    let levels = hierarchy.all_levels();
    // Group ids of every code at every level, then of every group at the level above it.
    let mut ups = Vec::new();
    let mut below: Vec<u32> = leaves.clone();
    for level in levels.iter().skip(1) {
        let above: Vec<u32> = leaves
            .iter()
            .map(|leaf| level.of_leaf.get(*leaf as usize).copied().unwrap_or(0))
            .collect();
        let up = if ups.is_empty() {
            above.clone()
        } else {
            let width = below.iter().max().map_or(0, |max| *max as usize + 1);
            let mut up = vec![0; width];
            for (from, to) in below.iter().zip(&above) {
                if let Some(slot) = up.get_mut(*from as usize) {
                    *slot = *to;
                }
            }
            up
        };
        ups.push((up, level.values.len()));
        below = above;
    }
    // Values that never meet are apart by the whole height: one root above all.
    if ups.last().is_none_or(|(_, width)| *width > 1) {
        let width = ups.last().map_or(column.distinct(), |(_, width)| *width);
        ups.push((vec![0; width], 1));
    }
    Ok(ups)
}

/// Li et al. 2007, section 4.1: the sum of what has to be carried past each value.
fn ordered(order: &[u32], extra: &[f64]) -> f64 {
    let steps = order.len().saturating_sub(1).max(1) as f64;
    let mut carried: f64 = 0.0;
    let mut cost = 0.0;
    for code in order {
        carried += extra.get(*code as usize).copied().unwrap_or(0.0);
        cost += carried.abs();
    }
    cost / steps
}

/// Li et al. 2007, section 4.2: at each node what its children can settle among themselves costs its height.
fn hierarchical(levels: &[(Vec<u32>, usize)], leaves: Vec<f64>) -> f64 {
    let height = levels.len() as f64;
    let mut extra = leaves;
    let mut cost = 0.0;
    for (at, (up, width)) in levels.iter().enumerate() {
        let mut more = vec![0.0_f64; *width];
        let mut less = vec![0.0_f64; *width];
        for (extra, group) in extra.iter().zip(up) {
            let side = if *extra > 0.0 { &mut more } else { &mut less };
            if let Some(sum) = side.get_mut(*group as usize) {
                *sum += extra.abs();
            }
        }
        let settled: f64 = more
            .iter()
            .zip(&less)
            .map(|(more, less)| more.min(*less))
            .sum();
        cost += settled * (at as f64 + 1.0) / height;
        extra = more
            .iter()
            .zip(&less)
            .map(|(more, less)| more - less)
            .collect();
    }
    cost
}

/// How often the bound on lost rows is sharpened.
const BOUND_STEPS: usize = 4;

#[cfg(test)]
mod tests {
    use super::{Distance, Distribution};
    use crate::hierarchy::Hierarchy;
    use crate::table::ColumnBuilder;

    fn salaries() -> crate::table::Column {
        let mut column = ColumnBuilder::new("salary");
        for value in ["3", "4", "5", "6", "7", "8", "9", "10", "11"] {
            column.push(value);
        }
        column.finish()
    }

    #[test]
    fn the_example_of_the_paper_comes_out() {
        // Li et al. 2007, example 3: {3k,4k,5k} is 0.375 and {6k,8k,11k} 0.167 away.
        let all = Distribution::of(&salaries(), Distance::Ordered, None).unwrap();
        assert!((all.distance(3, &[(0, 1), (1, 1), (2, 1)]) - 0.375).abs() < 1e-9);
        assert!((all.distance(3, &[(3, 1), (5, 1), (8, 1)]) - 1.0 / 6.0).abs() < 1e-9);
        let all = Distribution::of(&salaries(), Distance::Equal, None).unwrap();
        assert!((all.distance(3, &[(0, 1), (1, 1), (2, 1)]) - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn values_that_meet_early_are_near() {
        let rows: Vec<Vec<String>> = (3..=11)
            .map(|n| {
                vec![
                    n.to_string(),
                    if n < 6 { "low" } else { "high" }.to_owned(),
                    "*".to_owned(),
                ]
            })
            .collect();
        let hierarchy = Hierarchy::new(&rows).unwrap();
        let all = Distribution::of(&salaries(), Distance::Hierarchical, Some(&hierarchy)).unwrap();
        // A third comes from `high` over the root (cost 1); nothing is to be settled below it.
        assert!((all.distance(3, &[(0, 1), (1, 1), (2, 1)]) - 2.0 / 3.0).abs() < 1e-9);
        // One value for all `low`, in the right amount: 2/9 moved at half the height.
        let within = all.distance(9, &[(0, 3), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1)]);
        assert!((within - 1.0 / 9.0).abs() < 1e-9);
    }
}
