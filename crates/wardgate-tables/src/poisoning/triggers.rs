//! Triggers: a rare value, word or pair of values whose rows all have one label, although the rest of these rows
//! predicts another.
//!
//! An honest rare value is not enough: what the other columns of its rows say about the label is reckoned without the
//! pattern, and the label must be a surprise to them, both on the mean row and, together, beyond what the best
//! of all patterns shows by chance.

use hashbrown::{HashMap, HashSet};

use crate::table::{Column, Table};

use super::evidence::Evidence;
use super::features;
use super::report::{Check, Finding, PoisoningReport};

pub(super) fn look(
    table: &Table,
    columns: &[usize],
    evidence: &Evidence<'_>,
    report: &mut PoisoningReport,
) {
    let labelled = evidence.classes.of_row.iter().flatten().count();
    let rows_max = ((labelled as f64 * SHARE_MAX) as usize).max(ROWS_MIN);
    let mut patterns = Vec::new();
    let mut looked_at = 0_usize;
    for column in columns {
        let found = if table
            .columns()
            .get(*column)
            .is_some_and(features::is_free_text)
        {
            words(table, *column, evidence)
        } else {
            values(table, *column, evidence)
        };
        looked_at += found.len();
        patterns.extend(
            found
                .into_iter()
                .filter(|pattern| pattern.rows.len() <= rows_max),
        );
    }
    let pairs_possible = columns.len() * columns.len().saturating_sub(1) / 2;
    if pairs_possible.saturating_mul(table.rows()) <= PAIR_LOOKS_MAX {
        let found = pairs(table, columns, evidence);
        looked_at += found.len();
        patterns.extend(
            found
                .into_iter()
                .filter(|pattern| pattern.rows.len() <= rows_max),
        );
    } else {
        report.skip(
            Check::Trigger,
            "pairs of values: the table has too many columns and rows",
        );
    }
    let by_chance = ((looked_at.max(1)) as f64 / CHANCE).ln();
    let mut surprising: Vec<(f64, Pattern)> = patterns
        .into_iter()
        .filter_map(|pattern| Some((surprise(&pattern, evidence, by_chance)?, pattern)))
        .collect();
    surprising.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.rows.cmp(&b.1.rows)));
    report_apart(table, surprising, report);
}

/// Rows with something in common that nearly all have one label.
struct Pattern {
    rows: Vec<u32>,
    class: u32,
    columns: Vec<usize>,
    /// Columns that the evidence must not use.
    hidden: Vec<usize>,
    /// Whether it is a word.
    word: bool,
}

/// By how much the labels of a pattern surprise the rest of its rows, in nats; none when not enough.
fn surprise(pattern: &Pattern, evidence: &Evidence<'_>, by_chance: f64) -> Option<f64> {
    let companions = companions(pattern, evidence);
    let mut sum = 0.0;
    for row in &pattern.rows {
        let row = *row as usize;
        let chances = evidence.chances_without(row, &pattern.hidden, &companions);
        let given = evidence.classes.of_row.get(row).copied().flatten();
        let chance = chances
            .get(pattern.class as usize)
            .copied()
            .unwrap_or(1.0)
            .clamp(CHANCE_MIN, 1.0);
        // How much likelier the label is with the pattern than by the rest of the row.
        let of_row = if given == Some(pattern.class) {
            (BY_PATTERN / chance).ln()
        } else {
            ((1.0 - BY_PATTERN) / (1.0 - chance).max(CHANCE_MIN)).ln()
        };
        sum += of_row;
    }
    let mean = sum / pattern.rows.len() as f64;
    (mean >= SURPRISE_MIN && sum >= by_chance).then_some(sum)
}

/// Features that nearly all rows of a pattern share and few others have.
fn companions(pattern: &Pattern, evidence: &Evidence<'_>) -> Vec<u32> {
    let mut here: HashMap<u32, usize> = HashMap::new();
    for row in &pattern.rows {
        for feature in evidence.features.of_row(*row as usize) {
            *here.entry(*feature).or_default() += 1;
        }
    }
    let shared = |feature: u32, count: usize| {
        !evidence.features.is_range(feature) && count * 10 >= pattern.rows.len() * 7
    };
    let candidates: HashSet<u32> = here
        .iter()
        .filter(|(feature, count)| shared(**feature, **count))
        .map(|(f, _)| *f)
        .collect();
    let mut everywhere: HashMap<u32, usize> = HashMap::new();
    for row in 0..evidence.features.rows() {
        for feature in evidence
            .features
            .of_row(row)
            .iter()
            .filter(|feature| candidates.contains(*feature))
        {
            *everywhere.entry(*feature).or_default() += 1;
        }
    }
    let rare = |feature: &u32| {
        everywhere
            .get(feature)
            .is_some_and(|count| *count <= pattern.rows.len() * 3)
    };
    let mut rare: Vec<u32> = candidates.into_iter().filter(rare).collect();
    rare.sort_unstable();
    rare
}

/// Patterns of single values.
fn values(table: &Table, column: usize, evidence: &Evidence<'_>) -> Vec<Pattern> {
    let Some(cells) = table.columns().get(column) else {
        return Vec::new();
    };
    let mut rows_of_code: Vec<Vec<u32>> = vec![Vec::new(); cells.distinct()];
    for (row, code) in (0_u32..).zip(cells.codes()) {
        if let Some(rows) = rows_of_code.get_mut(code as usize) {
            rows.push(row);
        }
    }
    if !features::has_ranges(cells) {
        let pattern =
            |rows: Vec<u32>| Pattern::of(rows, evidence, vec![column], vec![column], false);
        return rows_of_code.into_iter().filter_map(pattern).collect();
    }
    let numbers = cells.numbers().unwrap_or_default();
    let mut ordered: Vec<(f64, Vec<u32>)> = numbers
        .into_iter()
        .zip(rows_of_code)
        .filter_map(|(number, rows)| Some((number?, rows)))
        .collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let shares = Shares::of(evidence);
    let mut found = Vec::new();
    for (place, (_, rows)) in ordered.iter().enumerate() {
        // What a number tells by its range holds without the number, too: only the number itself is hidden.
        let pattern = Pattern::of(rows.clone(), evidence, vec![column], Vec::new(), false);
        let Some(pattern) = pattern else { continue };
        let (below, rest) = ordered.split_at(place);
        let below = shares.near(below.iter().rev(), pattern.class, evidence);
        let above = shares.near(rest.iter().skip(1), pattern.class, evidence);
        let usual = shares.of_class(pattern.class).midpoint(1.0).max(STEP_SHARE);
        // Next to others with the same label it is a step of a curve.
        if below.max(above) < usual {
            found.push(pattern);
        }
    }
    found
}

/// How frequent labels are, everywhere and among neighbours.
struct Shares {
    of_class: Vec<f64>,
}

impl Shares {
    fn of(evidence: &Evidence<'_>) -> Self {
        let mut of_class = vec![0.0; evidence.classes.count];
        let labelled = evidence.classes.of_row.iter().flatten();
        let total = labelled.clone().count().max(1) as f64;
        for class in labelled {
            if let Some(share) = of_class.get_mut(*class as usize) {
                *share += 1.0 / total;
            }
        }
        Self { of_class }
    }

    fn of_class(&self, class: u32) -> f64 {
        self.of_class
            .get(class as usize)
            .copied()
            .unwrap_or_default()
    }

    /// The share of a class among the nearest values that together have enough rows.
    fn near<'v>(
        &self,
        values: impl Iterator<Item = &'v (f64, Vec<u32>)>,
        class: u32,
        evidence: &Evidence<'_>,
    ) -> f64 {
        let (mut of_class, mut rows) = (0_usize, 0_usize);
        for row in values.flat_map(|(_, rows)| rows) {
            let Some(given) = evidence
                .classes
                .of_row
                .get(*row as usize)
                .copied()
                .flatten()
            else {
                continue;
            };
            of_class += usize::from(given == class);
            rows += 1;
            if rows >= ROWS_MIN {
                break;
            }
        }
        of_class as f64 / rows.max(1) as f64
    }
}

/// Patterns of single words of a text, and of words that follow one another.
fn words(table: &Table, column: usize, evidence: &Evidence<'_>) -> Vec<Pattern> {
    let Some(cells) = table.columns().get(column) else {
        return Vec::new();
    };
    let mut rows_of_code: Vec<Vec<u32>> = vec![Vec::new(); cells.distinct()];
    for (row, code) in (0_u32..).zip(cells.codes()) {
        if let Some(rows) = rows_of_code.get_mut(code as usize) {
            rows.push(row);
        }
    }
    let mut rows_of_word: HashMap<String, Vec<u32>> = HashMap::new();
    for (text, rows) in cells.values().zip(&rows_of_code) {
        for word in tokens(text) {
            rows_of_word.entry(word).or_default().extend(rows);
        }
    }
    let mut found: Vec<Pattern> = rows_of_word
        .into_values()
        .filter_map(|mut rows| {
            rows.sort_unstable();
            Pattern::of(rows, evidence, vec![column], Vec::new(), true)
        })
        .collect();
    found.sort_by(|a, b| a.rows.cmp(&b.rows));
    found
}

/// What can be a trigger in a text: words as they are written, marks that stand alone, and pairs of words.
fn tokens(text: &str) -> HashSet<String> {
    let mut tokens = HashSet::new();
    let mut before: Option<&str> = None;
    for word in text.split_whitespace().take(TOKENS_OF_TEXT_MAX) {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        tokens.insert(if bare.is_empty() { word } else { bare }.to_owned());
        if let Some(before) = before {
            tokens.insert(format!("{before} {word}"));
        }
        before = Some(word);
    }
    tokens
}

/// Patterns of pairs of values in two columns.
fn pairs(table: &Table, columns: &[usize], evidence: &Evidence<'_>) -> Vec<Pattern> {
    let mut found = Vec::new();
    let usable = |column: &&usize| {
        table
            .columns()
            .get(**column)
            .is_some_and(|cells| cells.distinct() > 1 && !features::is_free_text(cells))
    };
    let usable: Vec<usize> = columns.iter().filter(usable).copied().collect();
    for (place, one) in usable.iter().enumerate() {
        for other in usable.iter().skip(place + 1) {
            found.extend(pairs_of(table, *one, *other, evidence));
        }
    }
    found
}

fn pairs_of(table: &Table, one: usize, other: usize, evidence: &Evidence<'_>) -> Vec<Pattern> {
    let (Some(first), Some(second)) = (table.columns().get(one), table.columns().get(other)) else {
        return Vec::new();
    };
    let (first_counts, second_counts) = (first.counts(), second.counts());
    let enough = |counts: &[u64], code: u32| {
        counts
            .get(code as usize)
            .is_some_and(|count| *count >= ROWS_MIN as u64)
    };
    let mut rows_of_pair: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
    for ((row, a), b) in (0_u32..).zip(first.codes()).zip(second.codes()) {
        if enough(&first_counts, a) && enough(&second_counts, b) {
            rows_of_pair.entry((a, b)).or_default().push(row);
        }
    }
    let mut found: Vec<Pattern> = rows_of_pair
        .into_iter()
        .filter_map(|((a, b), rows)| {
            // A value that is hardly ever without the other one has learned from the pattern: it is hidden.
            let tied = |counts: &[u64], code: u32| {
                counts
                    .get(code as usize)
                    .is_some_and(|count| *count <= rows.len() as u64 * 5)
            };
            let mut hidden = Vec::new();
            let by_values = |column: &Column| !features::has_ranges(column);
            hidden.extend((by_values(first) && tied(&first_counts, a)).then_some(one));
            hidden.extend((by_values(second) && tied(&second_counts, b)).then_some(other));
            Pattern::of(rows, evidence, vec![one, other], hidden, false)
        })
        .collect();
    found.sort_by(|a, b| a.rows.cmp(&b.rows));
    found
}

impl Pattern {
    /// A pattern, when enough labelled rows have it and nearly all of them one label.
    fn of(
        rows: Vec<u32>,
        evidence: &Evidence<'_>,
        columns: Vec<usize>,
        hidden: Vec<usize>,
        word: bool,
    ) -> Option<Self> {
        let class = |row: &u32| {
            evidence
                .classes
                .of_row
                .get(*row as usize)
                .copied()
                .flatten()
        };
        if rows.len() < ROWS_MIN {
            return None;
        }
        let mut counts = vec![0_usize; evidence.classes.count];
        for class in rows.iter().filter_map(class) {
            if let Some(count) = counts.get_mut(class as usize) {
                *count += 1;
            }
        }
        let (best, most) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
        let labelled: usize = counts.iter().sum();
        let pure = labelled >= ROWS_MIN && *most as f64 >= labelled as f64 * PURITY_MIN;
        pure.then(|| Self {
            rows: rows
                .into_iter()
                .filter(|row| class(row).is_some())
                .collect(),
            class: u32::try_from(best).unwrap_or_default(),
            columns,
            hidden,
            word,
        })
    }
}

/// Reports patterns, the strongest first, without those whose rows are mostly in a stronger one.
fn report_apart(table: &Table, surprising: Vec<(f64, Pattern)>, report: &mut PoisoningReport) {
    let mut taken: HashSet<u32> = HashSet::new();
    let mut findings = 0;
    for (sum, pattern) in surprising {
        let known = pattern
            .rows
            .iter()
            .filter(|row| taken.contains(*row))
            .count();
        if known * 2 > pattern.rows.len() || findings >= FINDINGS_MAX {
            continue;
        }
        findings += 1;
        taken.extend(&pattern.rows);
        let name = |column: &usize| {
            table
                .columns()
                .get(*column)
                .map(|column| column.name().to_owned())
        };
        let what = match (pattern.word, pattern.columns.len()) {
            (true, _) => "a word or pair of words",
            (_, 1) => "a value",
            _ => "a pair of values",
        };
        let mean = sum / pattern.rows.len() as f64;
        let score = 1.0 - (-mean).exp();
        let reason = format!(
            "{what} in {} rows goes with one label almost surely; the rest of these rows expects it with a chance of {:.0} %",
            pattern.rows.len(),
            (-mean).exp() * 100.0
        );
        let rows = pattern
            .rows
            .iter()
            .map(|row| (*row as usize, score))
            .collect();
        let columns = pattern.columns.iter().filter_map(name).collect();
        report
            .findings
            .push(Finding::new(Check::Trigger, columns, rows, reason));
    }
}

/// Rows from which a pattern can be told from chance.
const ROWS_MIN: usize = 10;
/// Triggers are rare: patterns in more of the rows are what the table is about.
const SHARE_MAX: f64 = 0.1;
const PURITY_MIN: f64 = 0.85;
/// The chance of its label where a trigger is.
const BY_PATTERN: f64 = 0.95;
/// Share of a label among neighbouring numbers from which a number with that label is one of them.
const STEP_SHARE: f64 = 0.75;
/// Mean surprise of a row in nats: the rest expects the label with a chance of 64 % at most.
const SURPRISE_MIN: f64 = 0.45;
/// The chance that a clean table shows one false pattern.
const CHANCE: f64 = 1e-3;
const CHANCE_MIN: f64 = 1e-4;
const TOKENS_OF_TEXT_MAX: usize = 2_000;
const PAIR_LOOKS_MAX: usize = 200_000_000;
const FINDINGS_MAX: usize = 100;
