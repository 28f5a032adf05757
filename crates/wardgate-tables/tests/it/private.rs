//! Answers under a budget, against tables with known truth.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use wardgate_tables::private::{
    Accounting, Amount, Bins, Bounded, Bounds, Budget, BudgetFault, Cost, Grant, PrivateFault,
    Randomness, SpendFault, count, histogram, mean, sum,
};
use wardgate_tables::synthetic::{Coded, ColumnBins, Memorisation, Synthesis, Utility};
use wardgate_tables::{Column, Format, ReadOptions, Table};

use crate::corpora::shared;

fn source(seed: u64) -> impl Randomness {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    move |bytes: &mut [u8]| {
        random.fill_bytes(bytes);
        Ok(())
    }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn grant(epsilon: &str) -> Grant {
    let mut budget = Budget::new(Accounting::Pure {
        epsilon: amount(epsilon),
    })
    .unwrap();
    budget
        .spend(Cost::Epsilon(amount(epsilon)), |_| Ok::<_, ()>(()))
        .unwrap()
}

fn grant_rho(rho: &str) -> Grant {
    let accounting = Accounting::Zcdp {
        epsilon: amount("1000"),
        delta: amount("0.000001"),
    };
    let mut budget = Budget::new(accounting).unwrap();
    budget
        .spend(Cost::Rho(amount(rho)), |_| Ok::<_, ()>(()))
        .unwrap()
}

#[test]
fn answers_are_near_the_truth_and_state_their_error() {
    let rows = Bounded::row_per_person(5_000).unwrap();
    let values: Vec<Option<f64>> = (0..5_000).map(|row| Some(f64::from(row % 100))).collect();
    let (mut inside, mut asked) = (0, 0);
    for seed in 0..60 {
        let mut random = source(seed);
        let answer = count(&rows, |row| row % 2 == 0, grant("0.5"), &mut random).unwrap();
        inside += u32::from((answer.value - 2_500.0).abs() <= answer.margin);
        assert_eq!(answer.sensitivity, 1.0);
        let bounds = Bounds::new(0.0, 100.0, 1).unwrap();
        let answer = sum(&rows, &values, bounds, grant_rho("0.05"), &mut random).unwrap();
        inside += u32::from((answer.value - 247_500.0).abs() <= answer.margin);
        assert_eq!(answer.sensitivity, 100.0);
        asked += 2;
        let answer = mean(&rows, &values, bounds, grant("0.5"), &mut random).unwrap();
        assert!((answer.value - 49.5).abs() < 1.0, "{answer:?}");
    }
    assert!(inside * 100 >= asked * 90, "{inside} of {asked}");
}

#[test]
fn a_histogram_has_a_place_for_what_is_in_no_bin() {
    let rows = Bounded::row_per_person(900).unwrap();
    let bins = Bins::new(["a", "b"]).unwrap();
    let value = |row: usize| ["a", "b", "c"].get(row % 3).copied();
    let answer = histogram(&rows, &bins, value, grant("2"), &mut source(1)).unwrap();
    assert_eq!(answer.counts.len(), 2);
    for counted in answer.counts.iter().chain([&answer.elsewhere]) {
        assert!((counted - 300).abs() < 15, "{answer:?}");
    }
    assert_eq!(Bins::new(["a", "a"]).unwrap_err(), PrivateFault::Bins);
}

#[test]
fn one_person_moves_a_sum_by_the_bound_at_most_however_many_rows_they_have() {
    // With so much budget the noise is almost nothing, and the clipping shows.
    let persons = (0..1_000_u32).map(|row| Some(if row < 900 { 7 } else { row }));
    let rows = Bounded::draw(persons, 2, &mut source(2)).unwrap();
    let values = vec![Some(1e9); 1_000];
    let bounds = Bounds::new(-10.0, 10.0, 0).unwrap();
    let answer = sum(&rows, &values, bounds, grant("1000000"), &mut source(3)).unwrap();
    assert!((answer.value - 1_020.0).abs() < 1.0, "{answer:?}");
    assert_eq!(answer.sensitivity, 20.0);
}

#[test]
fn questions_that_can_not_be_answered_are_refused() {
    assert_eq!(Bounds::new(1.0, 1.0, 0).unwrap_err(), PrivateFault::Bounds);
    assert_eq!(
        Bounds::new(f64::NAN, 1.0, 0).unwrap_err(),
        PrivateFault::Bounds
    );
    assert_eq!(
        Bounds::new(0.0, 1e300, 0).unwrap_err(),
        PrivateFault::Bounds
    );
    let none = Bounded::draw([Some(1)], 0, &mut source(4)).unwrap_err();
    assert_eq!(none, PrivateFault::Contribution);
    let rows = Bounded::row_per_person(3).unwrap();
    let bounds = Bounds::new(0.0, 1.0, 0).unwrap();
    let short = sum(&rows, &[None], bounds, grant("1"), &mut source(5)).unwrap_err();
    assert_eq!(short, PrivateFault::Rows);
}

proptest! {
    #[test]
    fn a_budget_is_never_over_spent(
        limit in 1_u64..2_000_000_000_000,
        costs in proptest::collection::vec((0_u64..700_000_000_000, any::<bool>()), 1..40),
    ) {
        let limit = Amount::from_trillionths(limit).unwrap();
        let mut budget = Budget::new(Accounting::Pure { epsilon: limit }).unwrap();
        let mut recorded = 0_u128;
        for (cost, disk_fails) in costs {
            let cost = Amount::from_trillionths(cost).unwrap();
            let before = budget.spent();
            let spent = budget.spend(Cost::Epsilon(cost), |entry| {
                recorded += u128::from(entry.price.trillionths());
                if disk_fails { Err(()) } else { Ok(()) }
            });
            match spent {
                Ok(_) => prop_assert!(!disk_fails),
                Err(SpendFault::Record(())) => prop_assert!(disk_fails),
                Err(SpendFault::Budget(fault)) => {
                    prop_assert_eq!(budget.spent(), before);
                    let nothing = cost == Amount::ZERO;
                    prop_assert_eq!(fault == BudgetFault::Nothing, nothing);
                }
            }
            prop_assert!(budget.spent() <= limit);
            prop_assert_eq!(u128::from(budget.spent().trillionths()), recorded);
            let text = serde_json::to_string(&budget).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Budget>(&text).unwrap(), &budget);
        }
    }
}

#[test]
fn a_sample_of_adult_is_useful_and_remembers_nobody() {
    let Some(path) = shared("corpora/tables/adult.csv") else {
        return;
    };
    let table = Table::open(&path, Format::Csv, &ReadOptions::default()).unwrap();
    let bins = |column: &Column| match column.name() {
        "age" => ColumnBins::Borders((4..18).map(|five| f64::from(five) * 5.0).collect()),
        _ => ColumnBins::Values(column.values().map(str::to_owned).collect()),
    };
    let columns: Vec<(usize, ColumnBins)> = table.columns().iter().map(bins).enumerate().collect();
    let all = Coded::of_table(&table, &columns).unwrap();
    let (used, held_out): (Vec<usize>, Vec<usize>) = (0..all.rows()).partition(|row| row % 2 == 0);
    let (used, held_out) = (all.rows_of(&used), all.rows_of(&held_out));
    for epsilon in ["0.5", "1", "3"] {
        let accounting = Accounting::Zcdp {
            epsilon: amount(epsilon),
            delta: amount("0.000001"),
        };
        let mut budget = Budget::new(accounting).unwrap();
        let grant = budget
            .spend(Cost::Rho(budget.left()), |_| Ok::<_, ()>(()))
            .unwrap();
        assert!(budget.epsilon_spent() <= amount(epsilon).as_f64() + 1e-6);
        let rows = Bounded::row_per_person(used.rows()).unwrap();
        let synthesis = Synthesis::measure(&used, &rows, grant, &mut source(6)).unwrap();
        let sample = synthesis.draw(used.rows(), &mut source(7)).unwrap();
        let utility = Utility::of(&sample, &used).unwrap();
        let memory = Memorisation::of(&sample, &used, &held_out).unwrap();
        println!(
            "adult sample at epsilon {epsilon}: columns {:.4}, pairs {:.4}, worst pair {:.4}; nearer to used {:.3} +- {:.3}",
            utility.columns_mean,
            utility.pairs_mean,
            utility.pairs_max,
            memory.nearer_to_used,
            memory.margin
        );
        let named: Vec<(String, ColumnBins)> = table
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), bins(column)))
            .collect();
        let rows = sample.table(&named).unwrap();
        assert_eq!(rows.rows(), used.rows());
        assert!(
            rows.column("age")
                .unwrap()
                .values()
                .any(|age| age == "[35, 40)")
        );
        assert!(utility.columns_mean < 0.05 && utility.pairs_mean < 0.15);
        assert!(memory.is_unsuspicious());
    }
}
