//! What anonymising the Adult table costs in processor time, all threads counted: the rows of the comparison with ARX, and the assessment.
//!
//! The table is that of the UCI repository with the hierarchies that ARX brings; without it there is nothing to measure.

#![expect(
    clippy::expect_used,
    reason = "a bench that can not begin has nothing to measure"
)]

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use wardgate_tables::{
    Assessment, Distance, Format, Method, Model, Plan, ReadOptions, Surroundings, Table, anonymise,
};

const NINE: [&str; 9] = [
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "occupation",
    "salary-class",
];

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    Some(shared.join("corpora/tables")).filter(|folder| folder.join("adult.csv").is_file())
}

fn plan(folder: &Path, quasi: &[&str], models: &[Model], suppression: f64, method: Method) -> Plan {
    let mut plan = Plan {
        quasi: quasi.iter().map(|name| (*name).to_owned()).collect(),
        sensitive: models
            .iter()
            .filter_map(|model| model.column().map(str::to_owned))
            .collect(),
        models: models.to_vec(),
        suppression,
        method,
        ..Plan::default()
    };
    plan.add_hierarchies(&folder.join("hierarchies"))
        .expect("the folder holds hierarchies");
    plan
}

fn tables(criterion: &mut Criterion<ProcessorTime>) {
    let Some(folder) = folder() else {
        return;
    };
    let file = folder.join("adult.csv");
    let table =
        Table::open(&file, Format::Csv, &ReadOptions::default()).expect("the table is read");
    let eight: Vec<&str> = NINE
        .into_iter()
        .filter(|name| *name != "occupation")
        .collect();
    let four = ["sex", "age", "race", "native-country"];
    let k = Model::KAnonymity { k: 5 };
    let column = || "occupation".to_owned();
    let diverse = [
        k.clone(),
        Model::DistinctDiversity {
            column: column(),
            l: 3,
        },
    ];
    let close = [
        k.clone(),
        Model::Closeness {
            column: column(),
            t: 0.2,
            distance: Distance::Equal,
        },
    ];
    let k = [k];
    let mut group = criterion.benchmark_group("adult");
    group.sample_size(10);
    for (name, quasi, models, suppression, method) in [
        ("9 QIs 0 % exact", &NINE[..], &k[..], 0.0, Method::Exact),
        ("9 QIs 2 % exact", &NINE, &k, 0.02, Method::Exact),
        ("9 QIs 5 % exact", &NINE, &k, 0.05, Method::Exact),
        ("9 QIs 100 % exact", &NINE, &k, 1.0, Method::Exact),
        ("9 QIs local", &NINE, &k, 0.0, Method::Local),
        (
            "9 QIs multidimensional",
            &NINE,
            &k,
            0.0,
            Method::Multidimensional,
        ),
        ("4 QIs 5 % exact", &four, &k, 0.05, Method::Exact),
        ("8 QIs l=3 5 % exact", &eight, &diverse, 0.05, Method::Exact),
        ("8 QIs t=0.2 5 % exact", &eight, &close, 0.05, Method::Exact),
    ] {
        let plan = plan(&folder, quasi, models, suppression, method);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                anonymise(black_box(&table), &plan, &Surroundings::default()).expect("it is found")
            });
        });
    }
    group.bench_function("assessment of k, l, t", |bencher| {
        bencher.iter(|| {
            Assessment::of(black_box(&table), &NINE[..8], &NINE[8..])
                .expect("the columns are there")
        });
    });
    group.bench_function("reading", |bencher| {
        bencher.iter(|| {
            Table::open(&file, Format::Csv, &ReadOptions::default()).expect("the table is read")
        });
    });
    group.finish();
}

/// Nanoseconds that the threads of the process ran, by the kernel's account of each.
struct ProcessorTime;

impl ProcessorTime {
    fn spent() -> u64 {
        let tasks = std::fs::read_dir("/proc/self/task").expect("the kernel is Linux");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|account| account.split(' ').next()?.parse::<u64>().ok())
            .sum()
    }
}

impl Measurement for ProcessorTime {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        Self::spent()
    }

    fn end(&self, start: u64) -> u64 {
        Self::spent() - start
    }

    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = tables
}
criterion_main!(benches);
