//! A table that leaves: k, l, t and risk from its rows, and what looks like poison in them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use wardgate_tables::poisoning::{PoisoningOptions, examine};
use wardgate_tables::{Assessment, Format, ReadOptions, Table};

use super::{Guarantee, Look};
use crate::fault::DatasetFault;

/// What is said of a table in the data set.
#[derive(Clone, Debug, Default)]
pub struct TableClaim {
    /// The file, below the folder.
    pub file: String,
    /// Columns that together could tell who somebody is.
    pub quasi: Vec<String>,
    /// Columns that nobody should learn of a person.
    pub sensitive: Vec<String>,
    /// Columns that tell nobody who somebody is, as whoever releases it answers for.
    pub kept: Vec<String>,
    /// The column that a model is to learn.
    pub label: Option<String>,
}

/// Reckons the figures anew; gives what the manifest says of the table.
pub(super) fn examined(
    claim: &TableClaim,
    folder: &Path,
    guarantee: &Guarantee,
    look: &mut Look,
) -> Result<Value, DatasetFault> {
    let path = folder.join(&claim.file);
    let failed = |fault: wardgate_tables::TableFault| {
        DatasetFault::refused(
            fault.code(),
            format!("the table `{}` can not be looked at: {fault}", claim.file),
            fault.hint(),
        )
    };
    let format = Format::of(&path).ok_or_else(|| {
        DatasetFault::refused(
            "release.no_table",
            format!("`{}` is no table by its name", claim.file),
            "name a file that ends in .csv, .parquet or .arrow",
        )
    })?;
    let table = Table::open(&path, format, &ReadOptions::default()).map_err(failed)?;
    let found = Assessment::of(&table, &claim.quasi, &claim.sensitive).map_err(failed)?;
    guarantee.judge(&found, look);
    all_named(claim, &table, look);
    let poisoning = looked_for_poison(claim, &table, look)?;
    let sensitive: Vec<Value> = found
        .sensitive
        .iter()
        .map(|column| {
            json!({
                "column": column.column,
                "distinct_l": column.distinct_l,
                "entropy_l_ppm": ppm(column.entropy_l),
                "equal_t_ppm": ppm(column.equal_t),
                "ordered_t_ppm": ppm(column.ordered_t),
            })
        })
        .collect();
    Ok(json!({
        "file": claim.file,
        "quasi": claim.quasi,
        "kept": claim.kept,
        "sensitive": sensitive,
        "rows": found.rows,
        "classes": found.classes,
        "k": found.k,
        "unique_rows": found.unique_rows,
        "risk": {
            "prosecutor_highest_ppm": ppm(found.risks.prosecutor.highest),
            "prosecutor_average_ppm": ppm(found.risks.prosecutor.average),
            "marketer_ppm": ppm(found.risks.marketer),
            "sample_uniqueness_ppm": ppm(found.risks.sample_uniqueness),
        },
        "poisoning": poisoning,
    }))
}

/// Figures say nothing of a column that nobody thought of: each has a role, or the table stays.
fn all_named(claim: &TableClaim, table: &Table, look: &mut Look) {
    let named: BTreeSet<&str> = [&claim.quasi, &claim.sensitive, &claim.kept]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    for column in table.columns() {
        if !named.contains(column.name()) {
            look.reason(
                "release.unnamed_column",
                format!("nobody says what the column `{}` is", column.name()),
                "name it with --quasi, --sensitive or --keep, or take it out of the table",
            );
        }
    }
}

/// Looks for poison; gives what the manifest says of it.
fn looked_for_poison(
    claim: &TableClaim,
    table: &Table,
    look: &mut Look,
) -> Result<Value, DatasetFault> {
    let options = PoisoningOptions {
        label: claim.label.clone(),
        ..PoisoningOptions::default()
    };
    let poison = examine(table, &options).map_err(|fault| {
        DatasetFault::refused(
            "release.no_label",
            format!(
                "the table `{}` can not be looked at for poison: {fault}",
                claim.file
            ),
            "name the label as the table does",
        )
    })?;
    let mut counts = serde_json::Map::new();
    for finding in &poison.findings {
        let name = json!(finding.check);
        let name = name.as_str().unwrap_or_default().to_owned();
        if finding.alarm {
            look.reason(
                format!("release.poisoning.{name}"),
                format!(
                    "{} rows look like poison: {}",
                    finding.row_count, finding.reason
                ),
                "look at them (`wardgate table poison`), and take them out or waive this by name",
            );
        }
        let before = counts
            .get(&name)
            .and_then(Value::as_u64)
            .unwrap_or_default();
        counts.insert(name, json!(before + finding.row_count));
    }
    let skipped = poison.skipped.iter().map(|skipped| json!(skipped.check));
    Ok(json!({
        "label": claim.label,
        "rows": counts,
        "not_looked_at": skipped.collect::<Vec<_>>(),
    }))
}

/// A figure in millionths; the whole is a number, which has one form in canonical JSON.
fn ppm(figure: f64) -> u64 {
    match figure.is_finite() {
        true => (figure * 1e6).round().clamp(0.0, 9e15) as u64,
        false => 9_000_000_000_000_000,
    }
}
