//! A table as sparse features: one for each value, range of numbers, or word that several rows share.

use hashbrown::HashMap;

use crate::table::{Column, Kind, Table};

/// The features of each row.
#[derive(Debug)]
pub(super) struct Features {
    /// Where the features of a row begin in `of_rows`.
    starts: Vec<usize>,
    of_rows: Vec<u32>,
    /// The column of each feature.
    columns: Vec<usize>,
    /// Whether each feature is a range of numbers.
    ranges: Vec<bool>,
}

impl Features {
    pub(super) fn of(table: &Table, columns: &[usize]) -> Self {
        let mut coded: Vec<CodedColumn> = Vec::with_capacity(columns.len());
        let mut of_feature = Vec::new();
        let mut ranges = Vec::new();
        for number in columns {
            if let Some(column) = table.columns().get(*number) {
                let next = u32::try_from(of_feature.len()).unwrap_or(u32::MAX);
                let features = CodedColumn::of(column, next);
                of_feature.resize(of_feature.len() + features.count, *number);
                ranges.resize(ranges.len() + features.ranges, true);
                ranges.resize(of_feature.len(), false);
                coded.push(features);
            }
        }
        let mut starts = Vec::with_capacity(table.rows() + 1);
        let mut of_rows = Vec::new();
        for row in 0..table.rows() {
            starts.push(of_rows.len());
            for column in &coded {
                of_rows.extend_from_slice(column.at(row));
            }
        }
        starts.push(of_rows.len());
        Self {
            starts,
            of_rows,
            columns: of_feature,
            ranges,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(super) fn count(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn of_row(&self, row: usize) -> &[u32] {
        let start = self.starts.get(row).copied().unwrap_or_default();
        let end = self.starts.get(row + 1).copied().unwrap_or_default();
        self.of_rows.get(start..end).unwrap_or_default()
    }

    /// Whether a feature is a range of numbers, which its values only share.
    pub(super) fn is_range(&self, feature: u32) -> bool {
        self.ranges
            .get(feature as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The column that a feature is of.
    pub(super) fn column(&self, feature: u32) -> usize {
        self.columns
            .get(feature as usize)
            .copied()
            .unwrap_or(usize::MAX)
    }
}

/// Whether a column of numbers is learned from by ranges, besides single values.
pub(super) fn has_ranges(column: &Column) -> bool {
    column.distinct() > RANGES && matches!(column.kind(), Kind::Integer | Kind::Decimal)
}

/// Whether a column holds sentences rather than values.
pub(super) fn is_free_text(column: &Column) -> bool {
    if column.kind() != Kind::Text || column.distinct() < DISTINCT_TEXTS_MIN {
        return false;
    }
    let words: usize = column
        .values()
        .map(|value| value.split_whitespace().count())
        .sum();
    words >= column.distinct() * WORDS_OF_TEXT_MIN
}

/// Words of a text, small, each once, in order of their spelling: at most [`WORDS_OF_ROW_MAX`].
pub(super) fn words(text: &str) -> Vec<String> {
    let parts = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut words: Vec<String> = parts
        .take(WORDS_OF_ROW_MAX)
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The features of one column: of each code, or of each distinct text.
struct CodedColumn {
    code_of_row: Vec<u32>,
    of_code: Vec<Vec<u32>>,
    count: usize,
    /// How many of the first ones are ranges.
    ranges: usize,
}

impl CodedColumn {
    fn of(column: &Column, first: u32) -> Self {
        let numbers = if has_ranges(column) {
            column.numbers()
        } else {
            None
        };
        let mut ranges = 0;
        let (of_code, count) = if is_free_text(column) {
            word_features(column, first)
        } else if let Some(numbers) = numbers {
            ranges = RANGES + 1;
            range_features(column, &numbers, first)
        } else {
            value_features(column, first)
        };
        Self {
            code_of_row: column.codes().collect(),
            of_code,
            count,
            ranges,
        }
    }

    fn at(&self, row: usize) -> &[u32] {
        let code = self.code_of_row.get(row).map(|code| *code as usize);
        code.and_then(|code| self.of_code.get(code))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// One feature for each value, and one for all that are too rare to learn from.
fn value_features(column: &Column, first: u32) -> (Vec<Vec<u32>>, usize) {
    let mut next = first + 1;
    let mut feature = |count: u64| {
        if count < ROWS_OF_FEATURE_MIN {
            return vec![first];
        }
        next += 1;
        vec![next - 1]
    };
    let of_code = column.counts().into_iter().map(&mut feature).collect();
    (of_code, (next - first) as usize)
}

/// One feature for each range, which hold about as many rows each, and behind them one for each value of enough
/// rows: what a value tells beyond its neighbours. Missing numbers have a range of their own.
fn range_features(column: &Column, numbers: &[Option<f64>], first: u32) -> (Vec<Vec<u32>>, usize) {
    let counts = column.counts();
    let mut order: Vec<(f64, u64, usize)> = numbers
        .iter()
        .zip(&counts)
        .enumerate()
        .filter_map(|(code, (number, count))| Some(((*number)?, *count, code)))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = order.iter().map(|(_, count, _)| count).sum();
    let missing = first + u32::try_from(RANGES).unwrap_or_default();
    let mut of_code = vec![vec![missing]; numbers.len()];
    let mut next = missing + 1;
    let mut before: u64 = 0;
    for (_, count, code) in order {
        let range = (before * RANGES as u64 / total.max(1)).min(RANGES as u64 - 1);
        if let Some(features) = of_code.get_mut(code) {
            *features = vec![first + u32::try_from(range).unwrap_or_default()];
            if count >= ROWS_OF_FEATURE_MIN {
                features.push(next);
                next += 1;
            }
        }
        before += count;
    }
    (of_code, (next - first) as usize)
}

/// One feature for each word that enough rows have and not nearly all.
fn word_features(column: &Column, first: u32) -> (Vec<Vec<u32>>, usize) {
    let counts = column.counts();
    let rows: u64 = counts.iter().sum();
    let of_text: Vec<Vec<String>> = column.values().map(words).collect();
    let mut frequency: HashMap<&str, u64> = HashMap::new();
    for (words, count) in of_text.iter().zip(&counts) {
        for word in words {
            *frequency.entry(word).or_default() += count;
        }
    }
    let telling = |count: u64| count >= ROWS_OF_FEATURE_MIN && count < rows;
    let mut kept: Vec<(&str, u64)> = frequency
        .into_iter()
        .filter(|(_, count)| telling(*count))
        .collect();
    kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    kept.truncate(WORDS_OF_COLUMN_MAX);
    let number: HashMap<&str, u32> = kept.iter().map(|(word, _)| *word).zip(first..).collect();
    let features = |words: &Vec<String>| {
        words
            .iter()
            .filter_map(|word| number.get(word.as_str()).copied())
            .collect()
    };
    (of_text.iter().map(features).collect(), kept.len())
}

/// Ranges of a column of numbers.
const RANGES: usize = 24;
/// Rows that a value or word must have to be a feature of its own.
const ROWS_OF_FEATURE_MIN: u64 = 5;
const WORDS_OF_COLUMN_MAX: usize = 50_000;
const WORDS_OF_ROW_MAX: usize = 2_000;
/// Distinct values and words for each from which a column counts as free text.
const DISTINCT_TEXTS_MIN: usize = 50;
const WORDS_OF_TEXT_MIN: usize = 4;
