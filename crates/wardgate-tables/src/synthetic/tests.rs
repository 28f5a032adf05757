//! The sample against tables with known dependence.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::private::{Accounting, Bounded, Budget, Cost, Randomness};

/// A table of `rows` rows: the second column follows the first, the third the second, the fourth is alone.
fn table(rows: u64, seed: u64) -> Coded {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut cells: [Vec<String>; 4] = Default::default();
    for _ in 0..rows {
        let one = random.next_u32() % 5;
        let two = if random.next_u32() % 10 < 8 {
            one
        } else {
            random.next_u32() % 5
        };
        let three = if random.next_u32() % 10 < 8 {
            4 - two
        } else {
            random.next_u32() % 5
        };
        let four = random.next_u32() % 3;
        for (column, value) in cells.iter_mut().zip([one, two, three, four]) {
            column.push(value.to_string());
        }
    }
    let bins = ColumnBins::Values((0..5).map(|n| n.to_string()).collect());
    let ranges = ColumnBins::Borders(vec![0.5, 1.5]);
    let columns = cells.iter().enumerate().map(|(number, column)| {
        let bins = if number == 3 { &ranges } else { &bins };
        (column.iter().map(|cell| Some(cell.as_str())), bins)
    });
    Coded::of(columns).unwrap()
}

fn source(seed: u64) -> impl Randomness {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    move |bytes: &mut [u8]| {
        random.fill_bytes(bytes);
        Ok(())
    }
}

fn synthesis(table: &Coded, epsilon: &str, seed: u64) -> Synthesis {
    let accounting = Accounting::Zcdp {
        epsilon: epsilon.parse().unwrap(),
        delta: "0.000001".parse().unwrap(),
    };
    let mut budget = Budget::new(accounting).unwrap();
    let all = Cost::Rho(budget.left());
    let grant = budget.spend(all, |_| Ok::<_, ()>(())).unwrap();
    let rows = Bounded::row_per_person(table.rows()).unwrap();
    Synthesis::measure(table, &rows, grant, &mut source(seed)).unwrap()
}

#[test]
fn a_sample_keeps_columns_and_their_dependence() {
    let table = table(20_000, 1);
    let synthesis = synthesis(&table, "1", 2);
    assert!(synthesis.rows_measured().abs_diff(20_000) < 500);
    let mut pairs = synthesis.pairs();
    pairs
        .iter_mut()
        .for_each(|pair| *pair = (pair.0.min(pair.1), pair.0.max(pair.1)));
    assert!(
        pairs.contains(&(0, 1)) && pairs.contains(&(1, 2)),
        "{pairs:?}"
    );
    let sample = synthesis.draw(20_000, &mut source(3)).unwrap();
    let utility = Utility::of(&sample, &table).unwrap();
    assert!(utility.columns_mean < 0.02, "{utility:?}");
    assert!(utility.pairs_mean < 0.05, "{utility:?}");
}

#[test]
fn less_budget_means_more_error() {
    let table = table(2_000, 4);
    let error = |epsilon| {
        let sample = synthesis(&table, epsilon, 5)
            .draw(2_000, &mut source(6))
            .unwrap();
        Utility::of(&sample, &table).unwrap().pairs_mean
    };
    let (tight, loose) = (error("0.05"), error("10"));
    assert!(tight > loose * 2.0, "{tight} {loose}");
}

#[test]
fn a_copy_is_told_from_a_sample() {
    let (used, held_out) = (table(1_000, 7), table(1_000, 8));
    let copy = Memorisation::of(&used, &used, &held_out).unwrap();
    assert!(copy.equal_to_used > 0.99);
    assert!(!copy.is_unsuspicious() || copy.equal_to_held_out > 0.9);
    let sample = synthesis(&used, "1", 9)
        .draw(1_000, &mut source(10))
        .unwrap();
    assert!(
        Memorisation::of(&sample, &used, &held_out)
            .unwrap()
            .is_unsuspicious()
    );
}

#[test]
fn the_same_bytes_give_the_same_sample() {
    let table = table(500, 11);
    let draw = || {
        synthesis(&table, "1", 12)
            .draw(700, &mut source(13))
            .unwrap()
    };
    assert_eq!(draw(), draw());
    assert_eq!(draw().rows(), 700);
}

#[test]
fn bins_that_are_none_are_refused() {
    let twice = ColumnBins::Values(vec!["a".into(), "a".into()]);
    let back = ColumnBins::Borders(vec![2.0, 1.0]);
    for bins in [&twice, &back] {
        assert_eq!(Coded::of([([Some("a")], bins)]), Err(CodedFault::Bins));
    }
    assert_eq!(
        Coded::of(Vec::<(Vec<Option<&str>>, &ColumnBins)>::new()),
        Err(CodedFault::Shape)
    );
}
