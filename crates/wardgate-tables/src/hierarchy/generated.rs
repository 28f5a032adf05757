//! Hierarchies made by a rule from the values of a column.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Hierarchy;
use crate::fault::TableFault;
use crate::table::{CivilDate, Column, DateOrder, Kind};

/// How the hierarchy of a column comes about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum HierarchyRule {
    /// Given, row by row: `[value, level 1, level 2, ...]`.
    Rows(Hierarchy),
    /// Numbers in intervals of a width, then of `factor` times that width, and so on up to all numbers.
    Intervals {
        /// The width of the first level, in the unit of the column; more than 0.
        width: f64,
        /// How many intervals of a level make one of the next; 2 or more.
        factor: u32,
    },
    /// Text with its last characters replaced by `*`, one more at each level: for postal codes and codes.
    Mask,
    /// Days as month, year, decade, all.
    Dates,
    /// Sorted values in groups of `size`, then of `size` groups, and so on.
    Order {
        /// How many values or groups make a group of the next level; 2 or more.
        size: usize,
    },
    /// The value or nothing.
    Flat,
}

impl HierarchyRule {
    /// The rule that suits a column's kind when none was given.
    #[must_use]
    pub fn suggested(column: &Column) -> Self {
        match column.kind() {
            Kind::Integer | Kind::Decimal => {
                let numbers: Vec<f64> = column
                    .numbers()
                    .unwrap_or_default()
                    .into_iter()
                    .flatten()
                    .collect();
                let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let width = round_width((high - low) / FIRST_INTERVALS);
                // An interval of one whole number, or of less, would be no step up.
                let width = match column.kind() {
                    Kind::Integer => width.max(2.0),
                    _ => width,
                };
                Self::Intervals { width, factor: 2 }
            }
            Kind::Date => Self::Dates,
            Kind::Text if looks_like_codes(column) => Self::Mask,
            _ if column.distinct() > FLAT_VALUES_MAX => Self::Order { size: 4 },
            _ => Self::Flat,
        }
    }

    /// The hierarchy of a column's values by this rule.
    ///
    /// # Errors
    /// When the rule does not fit: intervals or dates over values that are none, a width or size without sense,
    /// or a column with more than a million different values.
    pub fn hierarchy(&self, column: &Column) -> Result<Hierarchy, TableFault> {
        if column.distinct() > VALUES_MAX {
            return Err(TableFault::new(
                "hierarchy.values_max",
                format!("a hierarchy is asked for more than {VALUES_MAX} different values"),
                "remove the column, or round its values before",
            )
            .column(column.name()));
        }
        let values: BTreeSet<&str> = column.values().collect();
        let rows = match self {
            Self::Rows(hierarchy) => return Ok(hierarchy.clone()),
            Self::Intervals { width, factor } => intervals(&values, *width, *factor),
            Self::Mask => Ok(masked(&values)),
            Self::Dates => dates(&values),
            Self::Order { size } => ordered(&values, *size),
            Self::Flat => Ok(values.iter().map(|value| row(value, [])).collect()),
        };
        rows.and_then(|rows| Hierarchy::new(&rows))
            .map_err(|fault| fault.column(column.name()))
    }
}

fn intervals(
    values: &BTreeSet<&str>,
    width: f64,
    factor: u32,
) -> Result<Vec<Vec<String>>, TableFault> {
    if !(width > 0.0 && width.is_finite() && factor >= 2) {
        return Err(unfit(
            "intervals need a width above 0 and a factor of 2 or more",
        ));
    }
    let numbers: Vec<(&str, Option<f64>)> = values
        .iter()
        .map(|value| (*value, value.parse::<f64>().ok().filter(|n| n.is_finite())))
        .collect();
    if numbers
        .iter()
        .any(|(value, number)| number.is_none() && !value.is_empty())
    {
        return Err(unfit("intervals are asked for values that are no numbers"));
    }
    let whole = width.fract() == 0.0
        && numbers
            .iter()
            .all(|(_, number)| number.is_none_or(|n| n.fract() == 0.0));
    // Bins of the first level are numbered, so that rounding never puts a value under two parents.
    let bin = |number: f64| (number / width).floor();
    let low = numbers
        .iter()
        .filter_map(|(_, n)| n.map(bin))
        .fold(f64::INFINITY, f64::min);
    let high = numbers
        .iter()
        .filter_map(|(_, n)| n.map(bin))
        .fold(f64::NEG_INFINITY, f64::max);
    let mut spans = Vec::new();
    let mut span = 1.0;
    while spans.is_empty()
        || (span <= high - low
            && (low / span).floor() < (high / span).floor()
            && spans.len() < GENERATED_LEVELS_MAX)
    {
        spans.push(span);
        span *= f64::from(factor);
    }
    Ok(numbers
        .into_iter()
        .map(|(value, number)| {
            let names = spans.iter().map(|span| {
                number.map_or_else(String::new, |number| {
                    let start = (bin(number) / span).floor() * span * width;
                    let end = start + span * width;
                    if whole {
                        format!("{start}-{}", end - 1.0)
                    } else {
                        format!("[{start}, {end})")
                    }
                })
            });
            row(value, names)
        })
        .collect())
}

fn masked(values: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let longest = values
        .iter()
        .map(|value| value.chars().count())
        .max()
        .unwrap_or(0);
    let levels = longest.saturating_sub(1).min(MASKED_LEVELS_MAX);
    values
        .iter()
        .map(|value| {
            let characters: Vec<char> = value.chars().collect();
            let names = (1..=levels).map(|hidden| {
                // Padded to one length, so that the length of a value does not stay behind.
                let kept = longest - (hidden * longest).div_ceil(levels + 1);
                let shown: String = characters.iter().take(kept).collect();
                if value.is_empty() {
                    String::new()
                } else {
                    format!(
                        "{shown}{}",
                        "*".repeat(longest - kept.min(characters.len()))
                    )
                }
            });
            row(value, names)
        })
        .collect()
}

fn dates(values: &BTreeSet<&str>) -> Result<Vec<Vec<String>>, TableFault> {
    let order = DateOrder::of(values.iter().copied());
    values
        .iter()
        .map(|value| {
            if value.is_empty() {
                return Ok(row(value, [String::new(), String::new(), String::new()]));
            }
            let Some(date) = CivilDate::parse(value, order) else {
                return Err(unfit("dates are asked for values that are no days"));
            };
            let names = [
                format!("{:04}-{:02}", date.year, date.month),
                format!("{:04}", date.year),
                format!("{:04}s", date.year / 10 * 10),
            ];
            Ok(row(value, names))
        })
        .collect()
}

fn ordered(values: &BTreeSet<&str>, size: usize) -> Result<Vec<Vec<String>>, TableFault> {
    if size < 2 {
        return Err(unfit("groups of sorted values need a size of 2 or more"));
    }
    let mut sorted: Vec<&str> = values
        .iter()
        .copied()
        .filter(|value| !value.is_empty())
        .collect();
    if sorted
        .iter()
        .all(|value| value.parse::<f64>().is_ok_and(f64::is_finite))
    {
        sorted.sort_by(|a, b| {
            let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
            number(a).total_cmp(&number(b))
        });
    }
    let mut sizes = Vec::new();
    let mut group = size;
    while group < sorted.len() && sizes.len() < GENERATED_LEVELS_MAX {
        sizes.push(group);
        group = group.saturating_mul(size);
    }
    let mut rows: Vec<Vec<String>> = sorted
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let names = sizes.iter().map(|size| {
                let start = at / size * size;
                let end = (start + size - 1).min(sorted.len() - 1);
                let name = |at: usize| sorted.get(at).copied().unwrap_or("");
                format!("{} \u{2013} {}", name(start), name(end))
            });
            row(value, names)
        })
        .collect();
    if values.contains("") {
        rows.push(row("", sizes.iter().map(|_| String::new())));
    }
    Ok(rows)
}

/// A value, what stands for it level by level, and the level that says nothing.
fn row(value: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut row = vec![value.to_owned()];
    row.extend(names);
    row.push("*".to_owned());
    row
}

/// A width of one, two or five times a power of ten, not below the wanted one.
fn round_width(wanted: f64) -> f64 {
    if !(wanted > 0.0 && wanted.is_finite()) {
        return 1.0;
    }
    let power = 10_f64.powf(wanted.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|width| *width >= wanted)
        .unwrap_or(10.0 * power)
}

/// Codes: nearly all values of one length, with a digit in each.
fn looks_like_codes(column: &Column) -> bool {
    let length = column.values().map(str::len).max().unwrap_or(0);
    (3..=12).contains(&length)
        && column
            .values()
            .filter(|value| !value.is_empty())
            .all(|value| {
                value.len() == length
                    && value.bytes().any(|b| b.is_ascii_digit())
                    && value.is_ascii()
            })
}

fn unfit(what: &'static str) -> TableFault {
    TableFault::new(
        "hierarchy.unfit_rule",
        what,
        "give the column another rule, or a hierarchy of its own",
    )
}

const FIRST_INTERVALS: f64 = 20.0;
const FLAT_VALUES_MAX: usize = 16;
const VALUES_MAX: usize = 1_000_000;
const GENERATED_LEVELS_MAX: usize = 24;
const MASKED_LEVELS_MAX: usize = 24;

#[cfg(test)]
mod tests {
    use super::HierarchyRule;
    use crate::table::{Column, ColumnBuilder};

    fn column(values: &[&str]) -> Column {
        let mut column = ColumnBuilder::new("c");
        values.iter().for_each(|value| column.push(value));
        column.finish()
    }

    fn levels(rule: &HierarchyRule, values: &[&str], value: &str) -> Vec<String> {
        let hierarchy = rule.hierarchy(&column(values)).unwrap();
        (0..hierarchy.levels())
            .map(|level| hierarchy.generalised(value, level).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn rules_generalise_step_by_step() {
        let intervals = HierarchyRule::Intervals {
            width: 5.0,
            factor: 2,
        };
        assert_eq!(
            levels(&intervals, &["17", "37", "90", ""], "37")[..3],
            ["37", "35-39", "30-39"]
        );
        assert_eq!(
            levels(&intervals, &["17", "37", "90", ""], "")
                .last()
                .unwrap(),
            "*"
        );
        let decimals = HierarchyRule::Intervals {
            width: 0.5,
            factor: 4,
        };
        assert_eq!(levels(&decimals, &["1.2", "7.9"], "1.2")[1], "[1, 1.5)");
        assert_eq!(
            levels(&HierarchyRule::Mask, &["97141", "01234"], "97141"),
            ["97141", "9714*", "971**", "97***", "9****", "*"]
        );
        assert_eq!(
            levels(
                &HierarchyRule::Dates,
                &["1957-03-04", "2001-01-01"],
                "1957-03-04"
            ),
            ["1957-03-04", "1957-03", "1957", "1950s", "*"]
        );
        assert_eq!(
            levels(
                &HierarchyRule::Order { size: 2 },
                &["b", "a", "d", "c", "e"],
                "c"
            ),
            ["c", "c \u{2013} d", "a \u{2013} d", "*"]
        );
        assert_eq!(levels(&HierarchyRule::Flat, &["x"], "x"), ["x", "*"]);
    }

    #[test]
    fn rules_that_do_not_fit_are_refused() {
        let refused = |rule: HierarchyRule, values: &[&str]| {
            rule.hierarchy(&column(values)).unwrap_err().code()
        };
        let intervals = |width| HierarchyRule::Intervals { width, factor: 2 };
        assert_eq!(refused(intervals(0.0), &["1"]), "hierarchy.unfit_rule");
        assert_eq!(refused(intervals(1.0), &["x"]), "hierarchy.unfit_rule");
        assert_eq!(
            refused(HierarchyRule::Dates, &["x"]),
            "hierarchy.unfit_rule"
        );
        assert_eq!(
            refused(HierarchyRule::Order { size: 1 }, &["x"]),
            "hierarchy.unfit_rule"
        );
    }

    #[test]
    fn every_kind_has_a_rule_that_fits() {
        for values in [
            &["1", "2", "30"][..],
            &["0.5", "99.25", ""],
            &["2020-02-29", "03/04/1999"],
            &["97141", "01234"],
            &["true", "false"],
            &["", ""],
            &["-5", "5"],
        ] {
            let column = column(values);
            HierarchyRule::suggested(&column)
                .hierarchy(&column)
                .unwrap();
        }
    }
}
