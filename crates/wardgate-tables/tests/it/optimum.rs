//! The exact search against an enumeration of all choices, on small tables of all kinds.

use std::collections::HashMap;

use proptest::prelude::*;
use wardgate_tables::{
    ColumnBuilder, Distance, Hierarchy, HierarchyRule, Model, Plan, Surroundings, Table, anonymise,
};

/// A column: how many values it has, and how many of a level make one of the next.
type Shape = (usize, usize);

fn hierarchy((values, fan): Shape) -> Hierarchy {
    let mut rows: Vec<Vec<String>> = (0..values).map(|value| vec![format!("v{value}")]).collect();
    let (mut size, mut level) = (fan, 1);
    while size < values {
        for (value, row) in rows.iter_mut().enumerate() {
            row.push(format!("{level}:{}", value / size));
        }
        size *= fan;
        level += 1;
    }
    rows.iter_mut().for_each(|row| row.push("*".to_owned()));
    Hierarchy::new(&rows).unwrap()
}

fn column(name: &str, values: impl Iterator<Item = usize>) -> wardgate_tables::Column {
    let mut column = ColumnBuilder::new(name);
    values.for_each(|value| column.push(&format!("v{value}")));
    column.finish()
}

fn holds(model: &Model, members: &[usize], sensitive: &[usize]) -> bool {
    let count = |rows: &mut dyn Iterator<Item = usize>| {
        let mut counts: HashMap<usize, f64> = HashMap::new();
        rows.for_each(|value| *counts.entry(value).or_default() += 1.0);
        counts
    };
    let class = count(&mut members.iter().map(|row| sensitive[*row]));
    let size = members.len() as f64;
    match model {
        Model::KAnonymity { k } => members.len() as u64 >= *k,
        Model::DistinctDiversity { l, .. } => class.len() as u64 >= *l,
        Model::EntropyDiversity { l, .. } => {
            class
                .values()
                .map(|n| -(n / size) * (n / size).ln())
                .sum::<f64>()
                >= l.ln() - 1e-9
        }
        Model::RecursiveDiversity { c, l, .. } => {
            let mut counts: Vec<f64> = class.values().copied().collect();
            counts.sort_by(|a, b| b.total_cmp(a));
            counts[0]
                < c * counts
                    .iter()
                    .skip(usize::try_from(*l).unwrap() - 1)
                    .sum::<f64>()
        }
        Model::Closeness { t, distance, .. } => {
            let whole = count(&mut sensitive.iter().copied());
            let mut values: Vec<usize> = whole.keys().copied().collect();
            values.sort_unstable();
            let apart = |value: &usize| {
                class.get(value).copied().unwrap_or(0.0) / size
                    - whole[value] / sensitive.len() as f64
            };
            let moved = if *distance == Distance::Equal {
                values.iter().map(|v| apart(v).abs()).sum::<f64>() / 2.0
            } else {
                let mut carried = 0.0;
                values
                    .iter()
                    .map(|v| {
                        carried += apart(v);
                        f64::abs(carried)
                    })
                    .sum::<f64>()
                    / (values.len().max(2) - 1) as f64
            };
            moved <= t + 1e-9
        }
        _ => unreachable!(),
    }
}

/// The least loss of all choices.
fn enumerated(rows: &[Vec<usize>], shapes: &[Shape], models: &[Model], limit: f64) -> Option<f64> {
    let hierarchies: Vec<Hierarchy> = shapes.iter().map(|shape| hierarchy(*shape)).collect();
    let sensitive: Vec<usize> = rows.iter().map(|row| row[shapes.len()]).collect();
    let cover = |axis: usize, value: usize, level: usize| {
        let own = hierarchies[axis]
            .generalised(&format!("v{value}"), level)
            .unwrap();
        (0..shapes[axis].0)
            .filter(|v| hierarchies[axis].generalised(&format!("v{v}"), level) == Some(own))
            .count() as f64
    };
    let mut best: Option<f64> = None;
    let mut levels = vec![0; shapes.len()];
    loop {
        let mut classes: HashMap<Vec<&str>, Vec<usize>> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            let class = (0..shapes.len())
                .map(|axis| {
                    hierarchies[axis]
                        .generalised(&format!("v{}", row[axis]), levels[axis])
                        .unwrap()
                })
                .collect();
            classes.entry(class).or_default().push(at);
        }
        let mut suppressed = vec![false; rows.len()];
        for members in classes.values() {
            let kept = models.iter().all(|model| holds(model, members, &sensitive));
            members.iter().for_each(|row| suppressed[*row] = !kept);
        }
        let lost = suppressed.iter().filter(|lost| **lost).count() as f64;
        if lost <= rows.len() as f64 * limit + 1e-9 {
            let mut product = 1.0;
            for (axis, shape) in shapes.iter().enumerate() {
                let domain = shape.0 as f64;
                let covered: f64 = rows
                    .iter()
                    .zip(&suppressed)
                    .map(|(row, lost)| {
                        if *lost {
                            domain
                        } else {
                            cover(axis, row[axis], levels[axis])
                        }
                    })
                    .sum();
                let n = rows.len() as f64;
                if domain > 1.0 {
                    product *= 1.0 + (covered - n) / (n * domain - n);
                }
            }
            let loss = f64::powf(product, 1.0 / shapes.len() as f64) - 1.0;
            best = Some(best.map_or(loss, |known| known.min(loss)));
        }
        let Some(axis) =
            (0..shapes.len()).find(|axis| levels[*axis] + 1 < hierarchies[*axis].levels())
        else {
            return best;
        };
        levels[axis] += 1;
        levels[..axis].fill(0);
    }
}

fn models() -> impl Strategy<Value = Vec<Model>> {
    let column = || "s".to_owned();
    let second = prop_oneof![
        Just(None),
        (1_u64..4).prop_map(move |l| Some(Model::DistinctDiversity {
            column: column(),
            l
        })),
        (1.0..3.0).prop_map(move |l| Some(Model::EntropyDiversity {
            column: column(),
            l
        })),
        (0.5..4.0, 1_u64..4).prop_map(move |(c, l)| Some(Model::RecursiveDiversity {
            column: column(),
            c,
            l
        })),
        (0.0..0.9, any::<bool>()).prop_map(move |(t, equal)| {
            let distance = if equal {
                Distance::Equal
            } else {
                Distance::Ordered
            };
            Some(Model::Closeness {
                column: column(),
                t,
                distance,
            })
        }),
    ];
    (1_u64..5, second).prop_map(|(k, second)| {
        std::iter::once(Model::KAnonymity { k })
            .chain(second)
            .collect()
    })
}

fn rows() -> impl Strategy<Value = (Vec<Shape>, Vec<Vec<usize>>)> {
    proptest::collection::vec((1_usize..7, 2_usize..4), 1..4).prop_flat_map(|shapes| {
        let cells: Vec<_> = shapes
            .iter()
            .map(|shape| 0..shape.0)
            .chain(std::iter::once(0..4))
            .collect();
        (Just(shapes), proptest::collection::vec(cells, 1..40))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_choice_loses_less((shapes, rows) in rows(), models in models(), limit in prop_oneof![Just(0.0), 0.0..0.5, Just(1.0)]) {
        let names: Vec<String> = (0..shapes.len()).map(|axis| format!("q{axis}")).collect();
        let mut columns: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(axis, name)| column(name, rows.iter().map(|row| row[axis])))
            .collect();
        columns.push(column("s", rows.iter().map(|row| row[shapes.len()])));
        let table = Table::new(columns).unwrap();
        let plan = Plan {
            hierarchies: names
                .iter()
                .cloned()
                .zip(shapes.iter().map(|shape| HierarchyRule::Rows(hierarchy(*shape))))
                .collect(),
            quasi: names,
            sensitive: vec!["s".to_owned()],
            models: models.clone(),
            suppression: limit,
            ..Plan::default()
        };
        let wanted = enumerated(&rows, &shapes, &models, limit);
        match anonymise(&table, &plan, &Surroundings::default()) {
            Ok(release) => {
                let wanted = wanted.expect("what the search finds, the enumeration finds");
                prop_assert!((release.report.utility.loss - wanted).abs() < 1e-9, "{} {wanted}", release.report.utility.loss);
            }
            Err(fault) => {
                prop_assert_eq!(fault.code(), "release.unreached");
                prop_assert_eq!(wanted, None);
            }
        }
    }
}
