//! The Adult table of the research note, where it is at hand: the optima that ARX finds.

use std::path::{Path, PathBuf};

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

/// The folder of tables, when there is one.
fn tables() -> Option<PathBuf> {
    let shared = std::env::var_os("WARDGATE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let tables = shared.join("corpora/tables");
    if tables.join("adult.csv").is_file() {
        return Some(tables);
    }
    println!("skipped: no table Adult is at hand");
    None
}

fn adult(folder: &Path) -> Table {
    Table::open(
        &folder.join("adult.csv"),
        Format::Csv,
        &ReadOptions::default(),
    )
    .unwrap()
}

fn plan(folder: &Path, quasi: &[&str], models: Vec<Model>, suppression: f64) -> Plan {
    let sensitive = models
        .iter()
        .filter_map(|model| model.column().map(str::to_owned))
        .collect();
    let mut plan = Plan {
        quasi: quasi.iter().map(|name| (*name).to_owned()).collect(),
        sensitive,
        models,
        suppression,
        ..Plan::default()
    };
    plan.add_hierarchies(&folder.join("hierarchies")).unwrap();
    plan
}

#[test]
fn the_optima_of_arx_are_found() {
    let Some(folder) = tables() else {
        return;
    };
    let table = adult(&folder);
    let eight: Vec<&str> = NINE
        .into_iter()
        .filter(|name| *name != "occupation")
        .collect();
    let k = Model::KAnonymity { k: 5 };
    let diverse = Model::DistinctDiversity {
        column: "occupation".to_owned(),
        l: 3,
    };
    let close = Model::Closeness {
        column: "occupation".to_owned(),
        t: 0.2,
        distance: Distance::Equal,
    };
    let four = ["sex", "age", "race", "native-country"];
    for (quasi, models, limit, suppressed, loss, granularity) in [
        (&NINE[..], vec![k.clone()], 0.0, 0, 0.57315, None),
        (&NINE, vec![k.clone()], 0.02, 506, 0.31371, None),
        (&NINE, vec![k.clone()], 0.05, 1_346, 0.24193, Some(0.7304)),
        (&NINE, vec![k.clone()], 1.0, 2_553, 0.22041, Some(0.7723)),
        (&four, vec![k.clone()], 0.05, 704, 0.04485, None),
        (&eight, vec![k.clone(), diverse], 0.05, 1_400, 0.17170, None),
        (&eight, vec![k, close], 0.05, 235, 0.81500, None),
    ] {
        let plan = plan(&folder, quasi, models, limit);
        let report = anonymise(&table, &plan, &Surroundings::default())
            .unwrap()
            .report;
        assert_eq!(report.suppressed, suppressed);
        assert!((report.utility.loss - loss).abs() < 6e-6, "{report:?}");
        if let Some(granularity) = granularity {
            assert!(
                (report.utility.granularity - granularity).abs() < 6e-5,
                "{report:?}"
            );
        }
    }
}

#[test]
fn rows_that_are_recoded_one_by_one_keep_more() {
    let Some(folder) = tables() else {
        return;
    };
    let table = adult(&folder);
    for (method, granularity) in [(Method::Local, 0.92), (Method::Multidimensional, 0.91)] {
        let mut plan = plan(&folder, &NINE, vec![Model::KAnonymity { k: 5 }], 0.0);
        plan.method = method;
        let release = anonymise(&table, &plan, &Surroundings::default()).unwrap();
        assert_eq!(release.table.rows(), 30_162);
        assert!(
            release.report.utility.granularity >= granularity,
            "{:?}",
            release.report
        );
        let found = Assessment::of(&release.table, &plan.quasi, &[]).unwrap();
        assert!(found.k >= 5);
    }
}

#[test]
fn the_table_itself_guarantees_nothing() {
    let Some(folder) = tables() else {
        return;
    };
    let found = Assessment::of(&adult(&folder), &NINE[..7], &NINE[7..]).unwrap();
    assert_eq!((found.rows, found.k), (30_162, 1));
    assert_eq!(found.sensitive[0].distinct_l, 1);
    assert!(found.risks.prosecutor.highest >= 1.0);
}

#[test]
fn threads_change_nothing() {
    let Some(folder) = tables() else {
        return;
    };
    let table = adult(&folder);
    for method in [Method::Exact, Method::Local] {
        let mut plan = plan(&folder, &NINE, vec![Model::KAnonymity { k: 5 }], 0.02);
        plan.method = method;
        let outputs = [1, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let release = pool.install(|| anonymise(&table, &plan, &Surroundings::default()));
            let mut bytes = Vec::new();
            let options = wardgate_tables::WriteOptions::default();
            release
                .unwrap()
                .table
                .write(Format::Csv, &mut bytes, &options)
                .unwrap();
            bytes
        });
        assert_eq!(outputs[0], outputs[1]);
    }
}
