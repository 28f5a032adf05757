//! Releases hold what they promise, or are none.

use std::collections::BTreeMap;
use std::sync::Mutex;

use wardgate_tables::{
    Distance, Format, HierarchyRule, Method, Model, Plan, PopulationKnowledge, ReadOptions,
    Release, Risks, Step, Surroundings, Table, TableFault, UniquenessMethod, WriteOptions,
    anonymise,
};

/// An invented ward: 240 people with an age, a postal code, a sex and a diagnosis.
fn ward() -> Table {
    let mut text = String::from("mrn,age,zip,sex,stay,diagnosis\n");
    let diagnoses = ["flu", "asthma", "gout", "migraine", "ulcer"];
    let mut state = 11_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for row in 0..240 {
        let sex = if next(2) == 0 { "female" } else { "male" };
        let diagnosis = diagnoses[usize::try_from(next(5)).unwrap()];
        let (age, zip, stay) = (18 + next(70), 97_100 + next(40), next(9));
        text.push_str(&format!(
            "WG-{row:05},{age},{zip},{sex},{stay},{diagnosis}\n"
        ));
    }
    Table::read(Format::Csv, text.as_bytes(), &ReadOptions::default()).unwrap()
}

fn plan() -> Plan {
    Plan {
        quasi: ["age", "zip", "sex"].map(str::to_owned).to_vec(),
        sensitive: vec!["diagnosis".to_owned()],
        models: vec![Model::KAnonymity { k: 5 }],
        hierarchies: BTreeMap::from([("zip".to_owned(), HierarchyRule::Mask)]),
        suppression: 0.05,
        ..Plan::default()
    }
}

fn csv(release: &Release) -> String {
    let mut bytes = Vec::new();
    release
        .table
        .write(Format::Csv, &mut bytes, &WriteOptions::default())
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

fn refused(plan: &Plan) -> TableFault {
    anonymise(&ward(), plan, &Surroundings::default()).unwrap_err()
}

#[test]
fn every_method_and_model_gives_what_it_promises() {
    let column = || "diagnosis".to_owned();
    let models = [
        Model::DistinctDiversity {
            column: column(),
            l: 3,
        },
        Model::EntropyDiversity {
            column: column(),
            l: 2.5,
        },
        Model::RecursiveDiversity {
            column: column(),
            c: 2.0,
            l: 2,
        },
        Model::Closeness {
            column: column(),
            t: 0.3,
            distance: Distance::Equal,
        },
        Model::Closeness {
            column: column(),
            t: 0.25,
            distance: Distance::Ordered,
        },
        Model::Closeness {
            column: column(),
            t: 0.25,
            distance: Distance::Hierarchical,
        },
    ];
    let tree: Vec<Vec<String>> = [
        ("flu", "lung"),
        ("asthma", "lung"),
        ("gout", "other"),
        ("migraine", "other"),
        ("ulcer", "other"),
    ]
    .iter()
    .map(|(value, group)| [*value, *group, "*"].map(str::to_owned).to_vec())
    .collect();
    for model in models {
        let mut granularities = Vec::new();
        for method in [Method::Exact, Method::Multidimensional, Method::Local] {
            let mut plan = plan();
            plan.method = method;
            plan.models.push(model.clone());
            let rows = wardgate_tables::Hierarchy::new(&tree).unwrap();
            plan.hierarchies.insert(column(), HierarchyRule::Rows(rows));
            let release = anonymise(&ward(), &plan, &Surroundings::default()).unwrap();
            assert!(release.report.after.k >= 5);
            assert!(release.report.suppressed <= 12);
            assert_eq!(release.table.rows() as u64 + release.report.suppressed, 240);
            granularities.push(release.report.utility.granularity);
        }
        assert!(
            granularities[1] >= granularities[0],
            "{model:?} {granularities:?}"
        );
    }
}

#[test]
fn columns_without_a_role_and_direct_identifiers_leave() {
    let mut plan = plan();
    plan.identifying = vec!["mrn".to_owned()];
    let release = anonymise(&ward(), &plan, &Surroundings::default()).unwrap();
    assert_eq!(release.report.removed, ["mrn", "stay"]);
    assert!(csv(&release).starts_with("age,zip,sex,diagnosis\n"));
    plan.identifying.clear();
    plan.pseudonymised = vec!["mrn".to_owned()];
    plan.insensitive = vec!["stay".to_owned()];
    assert_eq!(refused(&plan).code(), "plan.missing_key");
    let pseudonym = |column: &str, value: &str| format!("{column}-{}", value.len());
    let around = Surroundings {
        pseudonym: Some(&pseudonym),
        ..Surroundings::default()
    };
    let text = csv(&anonymise(&ward(), &plan, &around).unwrap());
    assert!(text.starts_with("mrn,age,zip,sex,stay,diagnosis\nmrn-8,"));
    assert!(!text.contains("WG-"));
}

#[test]
fn a_table_without_rows_is_named_so() {
    let csv = "mrn,age,zip,sex,stay,diagnosis\n".as_bytes();
    let table = Table::read(Format::Csv, csv, &ReadOptions::default()).unwrap();
    let fault = anonymise(&table, &plan(), &Surroundings::default()).unwrap_err();
    assert_eq!(fault.code(), "table.no_rows");
}

#[test]
fn a_guarantee_that_is_out_of_reach_gives_no_table() {
    let mut plan = plan();
    plan.models = vec![Model::KAnonymity { k: 241 }];
    for method in [Method::Exact, Method::Local, Method::Multidimensional] {
        plan.method = method;
        assert_eq!(refused(&plan).code(), "release.unreached");
    }
    plan.models = vec![Model::Closeness {
        column: "diagnosis".to_owned(),
        t: 0.0,
        distance: Distance::Equal,
    }];
    plan.method = Method::Exact;
    assert!(
        anonymise(&ward(), &plan, &Surroundings::default()).is_ok(),
        "all rows as one class"
    );
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let with = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        refused(&plan).code()
    };
    assert_eq!(with(|p| p.quasi.clear()), "plan.empty");
    assert_eq!(with(|p| p.models.clear()), "plan.empty");
    assert_eq!(with(|p| p.quasi.push("age".to_owned())), "plan.two_roles");
    assert_eq!(
        with(|p| p.quasi.push("weight".to_owned())),
        "table.unknown_column"
    );
    assert_eq!(
        with(|p| p.suppression = f64::NAN),
        "plan.unsound_suppression"
    );
    assert_eq!(
        with(|p| p.models = vec![Model::KAnonymity { k: 0 }]),
        "plan.unsound_model"
    );
    assert_eq!(
        with(|p| p.models = vec![Model::Presence { min: 0.0, max: 0.5 }]),
        "plan.missing_population"
    );
    let close = |p: &mut Plan, column: &str, distance| {
        p.models = vec![Model::Closeness {
            column: column.to_owned(),
            t: 0.2,
            distance,
        }];
    };
    let mut plan = plan();
    close(&mut plan, "stay", Distance::Equal);
    assert_eq!(refused(&plan).code(), "plan.not_sensitive");
    close(&mut plan, "diagnosis", Distance::Hierarchical);
    assert_eq!(refused(&plan).code(), "plan.missing_hierarchy");
}

#[test]
fn faults_hold_no_value() {
    let mut plan = plan();
    let rows = [vec!["female".to_owned(), "*".to_owned()]];
    let given = wardgate_tables::Hierarchy::new(&rows).unwrap();
    plan.hierarchies
        .insert("sex".to_owned(), HierarchyRule::Rows(given));
    let fault = refused(&plan);
    assert_eq!(
        (fault.code(), fault.column_name()),
        ("hierarchy.incomplete", Some("sex"))
    );
    assert!(fault.row_number().is_some());
    assert!(!fault.to_string().contains("male"));
}

#[test]
fn presence_is_kept_within_its_bounds() {
    let people = ward();
    let sample = people.taken(&(0..240).step_by(3).collect::<Vec<_>>());
    let mut plan = plan();
    plan.models = vec![Model::Presence { min: 0.0, max: 0.5 }];
    let around = Surroundings {
        population: Some(&people),
        ..Surroundings::default()
    };
    let release = anonymise(&sample, &plan, &around).unwrap();
    assert!(release.report.suppressed <= 4);
    plan.models = vec![Model::Presence { min: 0.0, max: 0.2 }];
    assert_eq!(
        anonymise(&sample, &plan, &around).unwrap_err().code(),
        "release.unreached"
    );
}

#[test]
fn a_plan_is_read_and_written() {
    let mut plan = plan();
    plan.models.push(Model::Closeness {
        column: "diagnosis".to_owned(),
        t: 0.3,
        distance: Distance::Ordered,
    });
    plan.hierarchies.insert(
        "age".to_owned(),
        HierarchyRule::Intervals {
            width: 5.0,
            factor: 2,
        },
    );
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let short = r#"{"quasi": ["age"], "models": [{"model": "k-anonymity", "k": 5}], "hierarchies": {"age": {"rows": [["1", "*"], ["2", "*"]]}, "zip": "mask"}}"#;
    let read: Plan = serde_json::from_str(short).unwrap();
    assert_eq!(read.hierarchies["zip"], HierarchyRule::Mask);
    assert!(
        serde_json::from_str::<Plan>(r#"{"quasi": ["age"], "models": [], "surpression": 1}"#)
            .is_err()
    );
}

#[test]
fn steps_are_told_and_a_stop_is_obeyed() {
    let steps = Mutex::new(Vec::new());
    let tell = |step| steps.lock().unwrap().push(step);
    let around = Surroundings {
        progress: Some(&tell),
        ..Surroundings::default()
    };
    for method in [Method::Exact, Method::Local, Method::Multidimensional] {
        steps.lock().unwrap().clear();
        let plan = Plan { method, ..plan() };
        anonymise(&ward(), &plan, &around).unwrap();
        let told = std::mem::take(&mut *steps.lock().unwrap());
        let (first, rest) = told.split_first().unwrap();
        let (searched, last) = rest.split_at(rest.len() - 2);
        assert_eq!(*first, Step::Reading);
        assert!(matches!(last, [Step::Writing(_), Step::Checking(_)]));
        let Some(Step::Searching { done, total }) = searched.last() else {
            panic!("{method:?}: {searched:?}");
        };
        assert!(done == total && *total > 0, "{method:?}: {done} of {total}");
    }
    let around = Surroundings {
        stop: Some(&|| true),
        ..Surroundings::default()
    };
    let fault = anonymise(&ward(), &plan(), &around).unwrap_err();
    assert_eq!(fault.code(), "release.stopped");
}

#[test]
fn risks_fall_with_what_is_known_of_the_population() {
    let people = ward();
    let sample = people.taken(&(0..240).step_by(2).collect::<Vec<_>>());
    let quasi = ["sex", "age"];
    let alone = Risks::with_population(&sample, &quasi, PopulationKnowledge::SamplingFraction(0.5))
        .unwrap();
    assert_eq!(
        alone.population_uniqueness.as_ref().unwrap().method,
        UniquenessMethod::Zayatz
    );
    let known =
        Risks::with_population(&sample, &quasi, PopulationKnowledge::Table(&people)).unwrap();
    let journalist = known.journalist.unwrap();
    assert!(journalist.average < known.prosecutor.average);
    assert!(Risks::with_population(&people, &quasi, PopulationKnowledge::Table(&sample)).is_err());
    assert!(
        Risks::with_population(&people, &quasi, PopulationKnowledge::SamplingFraction(0.0))
            .is_err()
    );
}
