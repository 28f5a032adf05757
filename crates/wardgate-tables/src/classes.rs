//! Classes of rows that look alike, with the histograms of their sensitive values.

use crate::model::ClassView;
use crate::problem::Items;

/// Rows sorted by class. It keeps its memory between calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    ends: Vec<usize>,
    members: Vec<(u32, u32)>,
    counts: Vec<u64>,
    histograms: Vec<Vec<(u32, u64)>>,
}

impl Classes {
    /// Shows every class that holds rows of the table; `rows` are class, item and weight.
    pub(crate) fn each(
        &mut self,
        items: &Items,
        rows: impl Iterator<Item = (u32, u32, u32)> + Clone,
        groups: usize,
        mut look: impl FnMut(ClassView<'_>, &[(u32, u32)]),
    ) {
        self.each_numbered(items, rows, groups, |_, view, members| look(view, members));
    }

    /// The same with the number of the class.
    pub(crate) fn each_numbered(
        &mut self,
        items: &Items,
        rows: impl Iterator<Item = (u32, u32, u32)> + Clone,
        groups: usize,
        mut look: impl FnMut(usize, ClassView<'_>, &[(u32, u32)]),
    ) {
        self.sort(rows, groups);
        let mut start = 0;
        for (class, end) in self.ends.iter().enumerate() {
            let members = self.members.get(start..*end).unwrap_or(&[]);
            start = *end;
            let size: u64 = members.iter().map(|(_, weight)| u64::from(*weight)).sum();
            if size == 0 {
                continue;
            }
            let people = |item: u32| {
                items
                    .population
                    .get(item as usize)
                    .copied()
                    .map_or(0, u64::from)
            };
            let population = members.iter().map(|(item, _)| people(*item)).sum();
            self.histograms.resize_with(items.sensitive.len(), Vec::new);
            for ((histogram, codes), width) in self
                .histograms
                .iter_mut()
                .zip(&items.sensitive)
                .zip(&items.sensitive_widths)
            {
                fill(histogram, &mut self.counts, members, (codes, *width));
            }
            let view = ClassView {
                size,
                population,
                histograms: &self.histograms,
            };
            look(class, view, members);
        }
    }

    fn sort(&mut self, rows: impl Iterator<Item = (u32, u32, u32)> + Clone, groups: usize) {
        self.ends.clear();
        self.ends.resize(groups, 0);
        for (class, ..) in rows.clone() {
            if let Some(count) = self.ends.get_mut(class as usize) {
                *count += 1;
            }
        }
        let mut start = 0;
        for end in &mut self.ends {
            let count = *end;
            *end = start;
            start += count;
        }
        self.members.clear();
        self.members.resize(start, (0, 0));
        for (class, item, weight) in rows {
            if let Some(at) = self.ends.get_mut(class as usize) {
                if let Some(member) = self.members.get_mut(*at) {
                    *member = (item, weight);
                }
                *at += 1;
            }
        }
    }
}

/// Counts the codes of a class, in the order of the codes.
fn fill(
    histogram: &mut Vec<(u32, u64)>,
    counts: &mut Vec<u64>,
    members: &[(u32, u32)],
    (codes, width): (&[u32], usize),
) {
    histogram.clear();
    if counts.len() < width {
        counts.resize(width, 0);
    }
    for (item, weight) in members.iter().filter(|(_, weight)| *weight > 0) {
        let code = codes.get(*item as usize).copied().unwrap_or(0);
        if let Some(count) = counts.get_mut(code as usize) {
            if *count == 0 {
                histogram.push((code, 0));
            }
            *count += u64::from(*weight);
        }
    }
    // Sums of shares depend on their order by a rounding, so the order is fixed.
    histogram.sort_unstable();
    for (code, total) in histogram.iter_mut() {
        if let Some(count) = counts.get_mut(*code as usize) {
            *total = std::mem::take(count);
        }
    }
}
