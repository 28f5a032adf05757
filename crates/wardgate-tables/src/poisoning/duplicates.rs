//! Floods of duplicates: a row that stands in the table far more often than rows that are almost like it.
//!
//! In a table of few coarse columns equal rows are natural, and so are rows that differ in one column, which there
//! are then more of. A flood has the first without the second. The same measure over all columns but one of
//! numbers finds copies whose number was changed a little each time.

use hashbrown::{HashMap, HashSet};

use crate::table::{Kind, Table};

use super::model::mixed;
use super::report::{Check, Finding, PoisoningReport};

pub(super) fn look(table: &Table, columns: &[usize], report: &mut PoisoningReport) {
    let cells: Vec<Vec<u64>> = columns
        .iter()
        .filter_map(|number| table.columns().get(*number))
        .zip(1_u64..)
        .map(|(column, salt)| {
            column
                .codes()
                .map(|code| mixed(u64::from(code) ^ (salt << 40)))
                .collect()
        })
        .collect();
    let mut hashes = vec![0_u64; table.rows()];
    for column in &cells {
        hashes
            .iter_mut()
            .zip(column)
            .for_each(|(hash, cell)| *hash ^= cell);
    }
    let floods = floods(&hashes, &cells, &HashSet::new());
    let mut taken: HashSet<u32> = HashSet::new();
    for (rows, score) in floods {
        taken.extend(&rows);
        let reason = format!(
            "one row stands {} times, while hardly any row is almost like it",
            rows.len()
        );
        let rows = rows.iter().map(|row| (*row as usize, score)).collect();
        let finding = Finding::new(Check::DuplicateFlood, Vec::new(), rows, reason);
        report.findings.push(finding);
    }
    if columns.len() < 3 {
        report.skip(
            Check::NearDuplicateFlood,
            "the table has fewer than three columns",
        );
        return;
    }
    for (place, number) in columns.iter().enumerate() {
        let (Some(column), Some(own)) = (table.columns().get(*number), cells.get(place)) else {
            continue;
        };
        let changes = matches!(column.kind(), Kind::Integer | Kind::Decimal | Kind::Date);
        if !changes || column.distinct() < DISTINCT_MIN {
            continue;
        }
        let without: Vec<u64> = hashes
            .iter()
            .zip(own)
            .map(|(hash, cell)| hash ^ cell)
            .collect();
        let others: Vec<Vec<u64>> = cells
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, cells)| cells.clone())
            .collect();
        for (rows, score) in self::floods(&without, &others, &taken) {
            taken.extend(&rows);
            let reason = format!("{} rows are equal in all columns but this one", rows.len());
            let rows = rows.iter().map(|row| (*row as usize, score)).collect();
            let columns = vec![column.name().to_owned()];
            report.findings.push(Finding::new(
                Check::NearDuplicateFlood,
                columns,
                rows,
                reason,
            ));
        }
    }
}

/// Groups of equal hashes that have few neighbours for their size, the largest first, with a score each.
fn floods(hashes: &[u64], cells: &[Vec<u64>], taken: &HashSet<u32>) -> Vec<(Vec<u32>, f64)> {
    let mut groups: HashMap<u64, Vec<u32>> = HashMap::new();
    for (row, hash) in (0_u32..).zip(hashes) {
        groups.entry(*hash).or_default().push(row);
    }
    let large = |rows: &Vec<u32>| {
        rows.len() >= GROUP_ROWS_MIN && !rows.first().is_some_and(|row| taken.contains(row))
    };
    let mut groups: Vec<(u64, Vec<u32>)> =
        groups.into_iter().filter(|(_, rows)| large(rows)).collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let mut neighbours: HashMap<u64, usize> = groups.iter().map(|(hash, _)| (*hash, 0)).collect();
    for column in cells {
        let mut without: HashMap<u64, usize> = HashMap::new();
        for (hash, cell) in hashes.iter().zip(column) {
            *without.entry(hash ^ cell).or_default() += 1;
        }
        for (hash, rows) in &groups {
            let cell = rows
                .first()
                .and_then(|row| column.get(*row as usize))
                .copied()
                .unwrap_or_default();
            let alike = without.get(&(hash ^ cell)).copied().unwrap_or_default();
            *neighbours.entry(*hash).or_default() += alike.saturating_sub(rows.len());
        }
    }
    let beyond = |hash: &u64, rows: usize| {
        rows > FLOOD_RATIO * (1 + neighbours.get(hash).copied().unwrap_or(0))
    };
    groups.retain(|(hash, rows)| beyond(hash, rows.len()));
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.1.cmp(&b.1)));
    groups.truncate(FINDINGS_MAX);
    groups
        .into_iter()
        .map(|(hash, rows)| {
            let alike = neighbours.get(&hash).copied().unwrap_or_default();
            let score = rows.len() as f64 / (rows.len() + alike + 1) as f64;
            (rows, score)
        })
        .collect()
}

/// Equal rows from which a group is looked at.
const GROUP_ROWS_MIN: usize = 5;
/// How many times more equal rows than neighbours a flood has.
const FLOOD_RATIO: usize = 3;
/// Values from which a column of numbers can hide a copy.
const DISTINCT_MIN: usize = 20;
const FINDINGS_MAX: usize = 200;
